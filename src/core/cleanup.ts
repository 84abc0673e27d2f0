import type { LiveOrder } from './daemon/memory.ts';
import type { Fact } from './facts.ts';
import { ACCOUNTS, type AccountName, type ExchangeOrder, type ListedOrder } from './model.ts';
import { isOwnOrder } from './order-id.ts';
import { FENCE_MARGIN_MS, FENCE_TTL_MS } from './submission/waits.ts';

/** What is left to cancel at stop, and what the exchange's answers say about it (strategy 13.1). */

export interface CleanupBeginning {
  /** `CANCEL_ON_STOP`: false cancels nothing and only counts. */
  readonly cancelOnStop: boolean;
  /** `STOP_KEEP_STRATEGY_ORDERS`: how many of the newest per account and instrument stay. */
  readonly keep: number;
  /** Orders of unknown outcome when the gateway became idle: cancelled with a fence. */
  readonly unknown: readonly { readonly account: AccountName; readonly clientOrderId: string }[];
  /**
   * The symbols' live orders: one that no answer shows is cancelled by its id all the same, with a fence, and never
   * assumed to be gone (strategy 9.6, 10.2). Absent: none.
   */
  readonly live?: readonly LiveOrder[];
}

/** An order that has to be over before the clean-up is. */
export interface Target {
  readonly account: AccountName;
  readonly clientOrderId: string;
  /** null: never seen open. */
  readonly instrument: string | null;
  /** Our clock; absent: unknown. */
  readonly sentAtMs?: number | undefined;
  /** Its cancel is a fence: it is sent although nobody sees the order, and once it has passed, absence is proof. */
  readonly fenced: boolean;
  /** When its fence was acknowledged; null: not yet, or it needs none. */
  readonly fencedAtMs: number | null;
  readonly isOpen: boolean;
  /** How the exchange says it ended; null: not yet. */
  readonly end: 'cancelled' | 'over' | 'absent' | null;
}

/** The answers of one round. */
export interface CleanupAnswers {
  /** When they were asked for, our clock. */
  readonly askedAtMs: number;
  /** Open orders, or why they could not be read. */
  readonly open: Readonly<Record<AccountName, readonly ListedOrder[] | string>>;
  /** Of the targets and the held orders that are not open, by client id; undefined: could not be read. */
  readonly states: Readonly<Record<string, ExchangeOrder | null>>;
}

export interface CleanupMemory {
  readonly cancelOnStop: boolean;
  readonly keep: number;
  readonly targets: Readonly<Record<string, Target>>;
  /** Where some are to be kept: live orders of symbols that no list shows and whose end is not known. */
  readonly held: readonly LiveOrder[];
  /** Those of them whose state the last round could not read: which ones are surplus is not known yet. */
  readonly heldUnread: readonly string[];
  /** The last row read of each order. */
  readonly rows: Readonly<Record<string, ExchangeOrder>>;
  /** Client ids of strategy orders found open. */
  readonly candidates: readonly string[];
  readonly kept: number;
  readonly rounds: number;
  /** Accounts whose open orders could not be read in the last round, with the reason. */
  readonly unread: Readonly<Partial<Record<AccountName, string>>>;
}

export interface CleanupResult {
  /** Confirmed as cancelled. */
  readonly cancelled: number;
  /** Strategy orders found open. */
  readonly candidates: number;
  /** Left resting on purpose. */
  readonly kept: number;
  /** What should be gone and is not known to be, as text. Empty: the clean-up is complete. */
  readonly left: readonly string[];
}

/** The result of an event, applied as memory, reporter. */
export interface CleanupStep {
  readonly change?: Partial<CleanupMemory>;
  readonly facts?: readonly Fact[];
}

export function initialCleanup({ cancelOnStop, keep, unknown, live = [] }: CleanupBeginning): CleanupMemory {
  const unseen = { fenced: true, fencedAtMs: null, isOpen: false, end: null } as const;
  // Where some are to be kept, live orders have their place among them, seen or not: each round tells which are surplus.
  const byId: Record<string, Target> = {};
  if (cancelOnStop) {
    for (const order of unknown) byId[order.clientOrderId] = { ...order, instrument: null, ...unseen };
    for (const order of keep === 0 ? live : []) byId[order.clientOrderId] ??= { ...order, ...unseen };
  }
  const some = cancelOnStop && keep > 0 ? live : [];
  return {
    cancelOnStop,
    keep,
    targets: byId,
    held: some.filter(({ clientOrderId }) => byId[clientOrderId] === undefined),
    heldUnread: [],
    rows: {},
    candidates: [],
    kept: 0,
    rounds: 0,
    unread: { A: 'not asked yet', B: 'not asked yet' },
  };
}

/** Whether nothing is left to cancel or to find out. */
export function isAgreed({ unread, heldUnread, targets }: CleanupMemory): boolean {
  return (
    Object.keys(unread).length === 0 &&
    heldUnread.length === 0 &&
    Object.values(targets).every(({ end }) => end !== null)
  );
}

/** Orders to cancel in this round: those still open, and those whose fence is not up. */
export function toCancel({ targets }: CleanupMemory): Target[] {
  return Object.values(targets).filter(
    ({ end, isOpen, fenced, fencedAtMs }) => end === null && (isOpen || (fenced && fencedAtMs === null)),
  );
}

/** A stream reports the end of an order before the next round asks. */
export function endSeen(memory: CleanupMemory, { clientOrderId, status }: ExchangeOrder): CleanupMemory {
  const held = memory.held.filter((one) => one.clientOrderId !== clientOrderId);
  const target = memory.targets[clientOrderId];
  if (target === undefined || target.end !== null) return { ...memory, held };
  const end = status === 'CANCELLED' ? 'cancelled' : 'over';
  const candidates = new Set(memory.candidates);
  if (end === 'cancelled') candidates.add(clientOrderId);
  const targets = { ...memory.targets, [clientOrderId]: { ...target, isOpen: false, end } as const };
  return { ...memory, held, targets, candidates: [...candidates] };
}

/** These fences were acknowledged. */
export function fencesUp(memory: CleanupMemory, nowMs: number, ids: readonly string[]): CleanupMemory {
  const targets: Record<string, Target> = { ...memory.targets };
  for (const id of ids) {
    const target = targets[id];
    if (target !== undefined) targets[id] = { ...target, fencedAtMs: target.fencedAtMs ?? nowMs };
  }
  return { ...memory, targets };
}

/**
 * Takes the answers of a round.
 *
 * @param skewMs the exchange's clock minus ours; 0 if unknown
 * @param isFenceVoid whether the exchange dropped the fence of that order (strategy 9.12)
 */
export function roundAnswered(
  memory: CleanupMemory,
  answers: CleanupAnswers,
  skewMs: number,
  isFenceVoid: (clientOrderId: string) => boolean,
): CleanupMemory {
  const { askedAtMs, open, states } = answers;
  const targets: Record<string, Target> = { ...memory.targets };
  const candidates = new Set(memory.candidates);
  const unread: Partial<Record<AccountName, string>> = {};
  const openIds = new Set<string>();
  const heldUnread: string[] = [];
  const rows = { ...memory.rows };
  for (const state of Object.values(states)) if (state !== null) rows[state.clientOrderId] = state;
  let kept = 0;
  for (const account of ACCOUNTS) {
    const orders = open[account];
    if (typeof orders === 'string') {
      unread[account] = orders;
      continue;
    }
    const { strategy, unseen, notRead } = sortedOrders(memory, account, orders, states);
    heldUnread.push(...notRead.map(({ clientOrderId }) => clientOrderId));
    for (const { clientOrderId, instrument } of strategy) {
      openIds.add(clientOrderId);
      candidates.add(clientOrderId);
      const known = targets[clientOrderId];
      if (known !== undefined) targets[clientOrderId] = { ...known, instrument };
    }
    if (memory.cancelOnStop) {
      const all = [...strategy, ...unseen.map((one) => placed(one, skewMs))];
      for (const one of surplus(memory, all)) targets[one.clientOrderId] = newTarget(account, one, unseen);
    }
    kept += strategy.filter(({ clientOrderId }) => targets[clientOrderId] === undefined).length;
  }
  for (const target of Object.values(targets)) {
    const { clientOrderId } = target;
    if (unread[target.account] !== undefined) continue;
    // A reading may lag behind the stream that reported its end: an order that is over stays over (10.6).
    const isOpen = target.end === null && (openIds.has(clientOrderId) || rests(states[clientOrderId]));
    const fencedAtMs = target.fencedAtMs !== null && isFenceVoid(clientOrderId) ? null : target.fencedAtMs;
    const end = isOpen ? null : endOf({ ...target, fencedAtMs }, states[clientOrderId], askedAtMs);
    // It was there to be cancelled, seen or not.
    if (end === 'cancelled') candidates.add(clientOrderId);
    targets[clientOrderId] = { ...target, fencedAtMs, isOpen, end };
  }
  const held = memory.held.filter(({ clientOrderId }) => {
    const state = states[clientOrderId] ?? null;
    return targets[clientOrderId] === undefined && (state === null || rests(state));
  });
  return { ...memory, targets, held, heldUnread, rows, candidates: [...candidates], unread, kept };
}

/** An account's orders by what this round's answers show of them. */
function sortedOrders(
  { held }: CleanupMemory,
  account: AccountName,
  orders: Exclude<CleanupAnswers['open'][AccountName], string>,
  states: CleanupAnswers['states'],
) {
  const listed = orders.filter((order) => isOwnOrder(order));
  const listedIds = new Set(listed.map(({ clientOrderId }) => clientOrderId));
  const unlisted = held.filter((one) => one.account === account && !listedIds.has(one.clientOrderId));
  const inState = (state: null | undefined) => unlisted.filter((one) => states[one.clientOrderId] === state);
  return {
    /** Ours that rest. */
    strategy: [...listed, ...unlisted.map((one) => states[one.clientOrderId]).filter(rests)],
    /** Unknown to the exchange, which is not gone (10.2): each counts as one that may rest. */
    unseen: inState(null),
    notRead: inState(undefined),
  };
}

/** The end of an order that nobody sees is proven as of any unknown outcome (9.6): by a fence. */
function newTarget(
  account: AccountName,
  { clientOrderId, instrument, createTimeNs }: Placed,
  unseen: readonly LiveOrder[],
): Target {
  const fenced = unseen.some((one) => one.clientOrderId === clientOrderId);
  const sentAtMs = Number(createTimeNs / 1_000_000n);
  return { account, clientOrderId, instrument, sentAtMs, fenced, fencedAtMs: null, isOpen: !fenced, end: null };
}

export function cleanupResult(memory: CleanupMemory): CleanupResult {
  const targets = Object.values(memory.targets);
  const left = targets
    .filter(({ end }) => end === null)
    .map(
      ({ account, instrument, clientOrderId }) => `${account} ${instrument ?? 'unknown instrument'} ${clientOrderId}`,
    );
  const heldUnread = memory.held
    .filter(({ clientOrderId }) => memory.heldUnread.includes(clientOrderId))
    .map(
      ({ account, instrument, clientOrderId }) => `${account} ${instrument} ${clientOrderId}: its state was not read`,
    );
  const unread = Object.entries(memory.unread).map(([account, why]) => `${account}: open orders not read: ${why}`);
  return {
    cancelled: targets.filter(({ end }) => end === 'cancelled').length,
    candidates: memory.candidates.length,
    kept: memory.kept,
    left: memory.cancelOnStop ? [...left, ...heldUnread, ...unread] : [],
  };
}

/** How an order ended that is not open: by its state; fenced ones also by their absence once the fence has passed. */
function endOf(target: Target, state: ExchangeOrder | null | undefined, askedAtMs: number): Target['end'] {
  const { end, fencedAtMs } = target;
  if (end !== null || state === undefined) return end;
  const hasPassed = fencedAtMs !== null && askedAtMs >= fencedAtMs + FENCE_TTL_MS + FENCE_MARGIN_MS;
  if (state === null) return hasPassed ? 'absent' : null;
  if (state.status === 'CANCELLED') return 'cancelled';
  return rests(state) ? null : 'over';
}

/** An order with its rank among the newest. */
type Placed = Pick<ExchangeOrder, 'clientOrderId' | 'instrument' | 'createTimeNs'>;

/** A live order that no answer shows, at the place it would have by the exchange's clock. */
function placed({ clientOrderId, instrument, sentAtMs = 0 }: LiveOrder, skewMs: number): Placed {
  return { clientOrderId, instrument, createTimeNs: BigInt(Math.round(sentAtMs + skewMs)) * 1_000_000n };
}

/** Which of an account's strategy orders have to go: all but the newest `keep` of each instrument (strategy 13.1). */
function surplus({ targets, keep }: CleanupMemory, orders: readonly Placed[]): Placed[] {
  const others = orders.filter(({ clientOrderId }) => targets[clientOrderId] === undefined);
  const byInstrument = Map.groupBy(others, ({ instrument }) => instrument);
  return [...byInstrument.values()].flatMap((group) => group.toSorted(newestFirst).slice(keep));
}

function newestFirst(one: Placed, other: Placed): number {
  if (one.createTimeNs !== other.createTimeNs) return one.createTimeNs > other.createTimeNs ? -1 : 1;
  return one.clientOrderId > other.clientOrderId ? -1 : 1;
}

function rests(state: ExchangeOrder | null | undefined): state is ExchangeOrder {
  return state?.status === 'OPEN' || state?.status === 'PENDING';
}

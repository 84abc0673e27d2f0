import { assign, fromPromise, setup } from 'xstate';
import { errorText } from '../src/core/error-text.ts';
import type { OrderSeen } from '../src/core/messages.ts';
import { ACCOUNTS, type AccountName, type ExchangeOrder, type ListedOrder } from '../src/core/model.ts';
import { isOwnOrder } from '../src/core/order-id.ts';
import { FENCE_MARGIN_MS, FENCE_TTL_MS, HISTORY_MARGIN_MS } from '../src/core/submission/waits.ts';
import { isOver } from '../src/core/view-rows.ts';
import type { Clock, Exchange, Reporter } from '../src/ports.ts';

/**
 * What is left to do when no create leaves any more (strategy 13.1): cancels the strategy orders of both accounts on every
 * instrument but the newest few, and asks the exchange until it agrees or the time is up. Foreign orders are not touched.
 *
 * It ends by what the exchange says of each order, be it in a stream or an answer, not by acknowledgements; what it could not confirm
 * it lists.
 */

/** The exchange is asked until it agrees, or so long (strategy 13.1). */
export const CLEANUP_MAX_MS = 30_000;
/**
 * A look that takes longer, since its account is in a back-off or an answer is lost, does not keep cancels waiting any longer: those have
 * a budget of their own (strategy 9.1). Its answers count all the same, when they come.
 */
export const LOOK_PATIENCE_MS = 2_000;
/** Pause between two rounds: doubles from here … */
export const ROUND_PAUSE_MS = 100;
/** … up to here, so that the last answer is never much older than this. */
export const ROUND_PAUSE_MAX_MS = 1_000;

export interface StopCleanupInput {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** `CANCEL_ON_STOP`: false cancels nothing and only counts. */
  readonly cancelOnStop: boolean;
  /** `STOP_KEEP_STRATEGY_ORDERS`: the newest so many per account and instrument stay. */
  readonly keep: number;
  /** Orders whose outcome was unknown when the gateway went idle: cancelled with a fence. */
  readonly unknown: readonly { readonly account: AccountName; readonly clientOrderId: string }[];
  /**
   * Orders the symbols hold live: one that no answer shows is cancelled by its id all the same, with a fence, and never
   * assumed gone (strategy 9.6, 10.2). Absent: none.
   */
  readonly live?: readonly {
    readonly account: AccountName;
    readonly instrument: string;
    readonly clientOrderId: string;
    /** Our clock: its place among the newest while the exchange does not tell it; absent: the last. */
    readonly sentAtMs?: number;
  }[];
}

type Held = NonNullable<StopCleanupInput['live']>[number];

export interface StopCleanupOutput {
  /** Confirmed as cancelled. */
  readonly cancelled: number;
  /** Strategy orders found open. */
  readonly candidates: number;
  /** Left resting on purpose. */
  readonly kept: number;
  /** What should be gone and is not known to be, in words. Empty: the cleanup is complete. */
  readonly left: readonly string[];
  /** The last row read of each order: what it traded may be news to its symbol (strategy 13.4). */
  readonly rows: readonly ExchangeOrder[];
}

/** An order that is to go. */
interface Doomed {
  readonly account: AccountName;
  readonly clientOrderId: string;
  /** null: never seen open. */
  readonly instrument: string | null;
  /** Our clock; absent: nobody knows. */
  readonly sentAtMs?: number | undefined;
  /** Its cancel is a fence: it goes out though nobody sees the order, and once it has passed, absence is proof. */
  readonly fenced: boolean;
  /** When its fence was acknowledged; null: it was not, or it needs none. */
  readonly fencedAtMs: number | null;
  readonly isOpen: boolean;
  /** What the exchange said became of it; null: not yet. */
  readonly end: 'cancelled' | 'over' | 'absent' | null;
}

/** So many states of an account are asked for one by one; more are found in its history (strategy 13.1). */
const STATES_ONE_BY_ONE = 2;
/** How far the history is read back for an order whose sending time nobody knows: a day, well above any order's life. */
const HISTORY_DEFAULT_MS = 86_400_000;

/** One round of questions. */
interface Answers {
  /** When they were asked, our clock. */
  readonly askedAtMs: number;
  readonly open: Readonly<Record<AccountName, readonly ListedOrder[] | string>>;
  /** Of the doomed and the held orders that are not open: by client id; undefined: could not be asked. */
  readonly states: Readonly<Record<string, ExchangeOrder | null>>;
}

interface CleanupContext {
  readonly deps: StopCleanupInput;
  readonly doomed: Readonly<Record<string, Doomed>>;
  /** Where some are to be kept: orders held live that no list shows and no state has told the end of. */
  readonly held: readonly Held[];
  /** Those of them that could not be asked for in the last round: which ones are surplus is not known yet. */
  readonly untold: readonly string[];
  readonly rows: Readonly<Record<string, ExchangeOrder>>;
  readonly candidates: readonly string[];
  readonly kept: number;
  /** The questions that are out, until they are answered: a round that goes on to cancel waits for them again. */
  readonly out: { answers: Promise<Answers> | null };
  readonly rounds: number;
  /** Accounts whose open orders the last round could not read, with the reason. */
  readonly unread: Readonly<Partial<Record<AccountName, string>>>;
}

type Args = { context: CleanupContext };

// ---- what the chart's names stand for -------------------------------------------------------------------------------

function begin({ input }: { input: StopCleanupInput }): CleanupContext {
  const doomed: Record<string, Doomed> = {};
  if (input.cancelOnStop) {
    for (const { account, clientOrderId } of input.unknown) {
      const unknown = { instrument: null, fenced: true, fencedAtMs: null, isOpen: false, end: null } as const;
      doomed[clientOrderId] = { account, clientOrderId, ...unknown };
    }
    // Where some are to be kept, those held have their place among them, seen or not: `judge` tells which are surplus.
    for (const { account, instrument, clientOrderId, sentAtMs } of input.keep === 0 ? (input.live ?? []) : []) {
      const live = { fenced: true, fencedAtMs: null, isOpen: false, end: null } as const;
      doomed[clientOrderId] ??= { account, clientOrderId, instrument, sentAtMs, ...live };
    }
  }
  const unread = { A: 'not asked yet', B: 'not asked yet' };
  const some = input.cancelOnStop && input.keep > 0 ? (input.live ?? []) : [];
  const held = some.filter(({ clientOrderId }) => doomed[clientOrderId] === undefined);
  return {
    deps: input,
    doomed,
    held,
    untold: [],
    rows: {},
    candidates: [],
    kept: 0,
    out: { answers: null },
    rounds: 0,
    unread,
  };
}

type CancelInput = Pick<QuestionInput, 'exchange' | 'doomed'>;

interface QuestionInput {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly out: CleanupContext['out'];
  readonly doomed: readonly Doomed[];
  readonly held: readonly Held[];
}

/** Asks, unless questions are out already: what they bring is not thrown away for having taken long (strategy 13.1). */
function answersOf(input: QuestionInput): Promise<Answers> {
  const { out } = input;
  out.answers ??= askExchange(input).finally(() => {
    out.answers = null;
  });
  return out.answers;
}

/** The states of an account's orders: a few one by one, many from one reading of its history, and what that lacks one by one. */
async function readStates(
  exchange: Exchange,
  account: AccountName,
  gone: readonly (Doomed | Held)[],
  nowMs: number,
): Promise<Record<string, ExchangeOrder | null>> {
  const states: Record<string, ExchangeOrder | null> = {};
  const wanted = new Set(gone.map(({ clientOrderId }) => clientOrderId));
  if (gone.length > STATES_ONE_BY_ONE) {
    const sent = gone.map(({ sentAtMs }) => sentAtMs ?? nowMs - HISTORY_DEFAULT_MS);
    const sinceMs = Math.min(...sent) + Math.min(0, exchange.clockSkewMs() ?? 0) - HISTORY_MARGIN_MS;
    const [history] = await Promise.allSettled([exchange.orderHistory(account, sinceMs, wanted)]);
    for (const order of history.status === 'fulfilled' ? history.value : []) {
      if (wanted.delete(order.clientOrderId)) states[order.clientOrderId] = order;
    }
  }
  await Promise.allSettled(
    [...wanted].map(async (clientOrderId) => {
      states[clientOrderId] = await exchange.order(account, clientOrderId);
    }),
  );
  return states;
}

/** The open orders of both accounts, then the state of each order that is to go and is not among them. */
async function askExchange({ exchange, clock, doomed, held }: QuestionInput): Promise<Answers> {
  const askedAtMs = clock.nowMs();
  const read = async (account: AccountName): Promise<readonly ListedOrder[] | string> => {
    try {
      return await exchange.openOrders(account, 'look-up');
    } catch (thrown) {
      return errorText(thrown);
    }
  };
  const [A, B] = await Promise.all([read('A'), read('B')]);
  const open = { A, B };
  const ids = new Set(
    [A, B].flatMap((orders) => (typeof orders === 'string' ? [] : orders.map((o) => o.clientOrderId))),
  );
  const wanted = [...doomed.filter((order) => order.end === null), ...held];
  const gone = wanted.filter((order) => !ids.has(order.clientOrderId));
  const found = await Promise.all(
    ACCOUNTS.map((account) => {
      const own = gone.filter((order) => order.account === account);
      return own.length === 0 ? {} : readStates(exchange, account, own, askedAtMs);
    }),
  );
  return { askedAtMs, open, states: Object.assign({}, ...found) };
}

/** An order with its place among the newest. */
type Placed = Pick<ExchangeOrder, 'clientOrderId' | 'instrument' | 'createTimeNs'>;

/** Which of an account's strategy orders are to go: all but the newest `keep` of each instrument (strategy 13.1). */
function surplus(context: CleanupContext, orders: readonly Placed[]): Placed[] {
  const byInstrument = Map.groupBy(
    orders.filter((order) => context.doomed[order.clientOrderId] === undefined),
    (order) => order.instrument,
  );
  return [...byInstrument.values()].flatMap((orders) => orders.toSorted(newestFirst).slice(context.deps.keep));
}

/** A held order that no answer shows, where it would stand by the exchange's clock. */
function placed({ exchange }: StopCleanupInput, { clientOrderId, instrument, sentAtMs = 0 }: Held): Placed {
  const createTimeNs = BigInt(Math.round(sentAtMs + (exchange.clockSkewMs() ?? 0))) * 1_000_000n;
  return { clientOrderId, instrument, createTimeNs };
}

function rests(state: ExchangeOrder | null | undefined): state is ExchangeOrder {
  return state?.status === 'OPEN' || state?.status === 'PENDING';
}

function newestFirst(one: Placed, other: Placed): number {
  if (one.createTimeNs !== other.createTimeNs) return one.createTimeNs > other.createTimeNs ? -1 : 1;
  return one.clientOrderId > other.clientOrderId ? -1 : 1;
}

/** Whether an order's fence had passed when this round was asked. */
function fencePassed(order: Doomed, askedAtMs: number): boolean {
  return order.fencedAtMs !== null && askedAtMs >= order.fencedAtMs + FENCE_TTL_MS + FENCE_MARGIN_MS;
}

/** What became of an order that is not open: by its state; fenced ones also by their absence once the fence has passed. */
function endOf(order: Doomed, state: ExchangeOrder | null | undefined, askedAtMs: number): Doomed['end'] {
  if (order.end !== null || state === undefined) return order.end;
  if (state === null) return fencePassed(order, askedAtMs) ? 'absent' : null;
  if (state.status === 'CANCELLED') return 'cancelled';
  return rests(state) ? null : 'over';
}

/** An order that is to go, or has its place among those kept, is over: a stream tells it before the next round asks (strategy 13.1). */
function noteEnd(context: CleanupContext, { clientOrderId, status }: ExchangeOrder): Partial<CleanupContext> {
  const held = context.held.filter((one) => one.clientOrderId !== clientOrderId);
  const order = context.doomed[clientOrderId];
  if (order === undefined || order.end !== null) return { held };
  const end = status === 'CANCELLED' ? 'cancelled' : 'over';
  const candidates = new Set(context.candidates);
  if (end === 'cancelled') candidates.add(clientOrderId);
  return {
    held,
    doomed: { ...context.doomed, [clientOrderId]: { ...order, isOpen: false, end } },
    candidates: [...candidates],
  };
}

/** Takes a round's answers in. */
function judge(context: CleanupContext, { askedAtMs, open, states }: Answers): Partial<CleanupContext> {
  const doomed: Record<string, Doomed> = { ...context.doomed };
  const candidates = new Set(context.candidates);
  const unread: Partial<Record<AccountName, string>> = {};
  const openIds = new Set<string>();
  const untold: string[] = [];
  const rows = { ...context.rows };
  for (const state of Object.values(states)) if (state !== null) rows[state.clientOrderId] = state;
  let kept = 0;
  for (const account of ACCOUNTS) {
    const orders = open[account];
    if (typeof orders === 'string') {
      unread[account] = orders;
      continue;
    }
    const listed = orders.filter((order) => isOwnOrder(order));
    const listedIds = new Set(listed.map((order) => order.clientOrderId));
    const unlisted = context.held.filter((one) => one.account === account && !listedIds.has(one.clientOrderId));
    const inState = (state: null | undefined) => unlisted.filter((one) => states[one.clientOrderId] === state);
    const strategy = [...listed, ...unlisted.map((one) => states[one.clientOrderId]).filter(rests)];
    // Not known to the exchange is not gone (10.2): it counts as one that may rest.
    const unseen = inState(null);
    untold.push(...inState(undefined).map((one) => one.clientOrderId));
    for (const { clientOrderId, instrument } of strategy) {
      openIds.add(clientOrderId);
      candidates.add(clientOrderId);
      const known = doomed[clientOrderId];
      if (known !== undefined) doomed[clientOrderId] = { ...known, instrument };
    }
    if (context.deps.cancelOnStop) {
      const all = [...strategy, ...unseen.map((one) => placed(context.deps, one))];
      for (const { clientOrderId, instrument, createTimeNs } of surplus(context, all)) {
        // Of one that nobody sees the end is proven as of any unknown outcome (9.6): by a fence.
        const fenced = unseen.some((one) => one.clientOrderId === clientOrderId);
        const fresh = { fenced, fencedAtMs: null, isOpen: !fenced, end: null } as const;
        const sentAtMs = Number(createTimeNs / 1_000_000n);
        doomed[clientOrderId] = { account, clientOrderId, instrument, sentAtMs, ...fresh };
      }
    }
    kept += strategy.filter((order) => doomed[order.clientOrderId] === undefined).length;
  }
  for (const order of Object.values(doomed)) {
    const { clientOrderId } = order;
    // A reading may lag behind the stream that told its end: an order that is over stays over (10.6).
    const isOpen = order.end === null && (openIds.has(clientOrderId) || rests(states[clientOrderId]));
    if (unread[order.account] !== undefined) continue;
    // One that was dropped proves nothing (9.12): another one is asked for.
    const isVoid = order.fencedAtMs !== null && context.deps.exchange.isFenceVoid(clientOrderId);
    const fencedAtMs = isVoid ? null : order.fencedAtMs;
    const end = isOpen ? null : endOf({ ...order, fencedAtMs }, states[clientOrderId], askedAtMs);
    // It was there to be cancelled, seen or not.
    if (end === 'cancelled') candidates.add(clientOrderId);
    doomed[clientOrderId] = { ...order, fencedAtMs, isOpen, end };
  }
  const held = context.held.filter(({ clientOrderId }) => {
    const state = states[clientOrderId] ?? null;
    return doomed[clientOrderId] === undefined && (state === null || rests(state));
  });
  return { doomed, held, untold, rows, candidates: [...candidates], unread, kept };
}

/** Orders to ask a cancel for in this round: those still open, and those whose fence is not up. */
function toCancel(context: CleanupContext): Doomed[] {
  return Object.values(context.doomed).filter(
    (order) => order.end === null && (order.isOpen || (order.fenced && order.fencedAtMs === null)),
  );
}

/** Asks for the cancels; gives the ids of the fences acknowledged. An order seen open needs none, and one may be refused (API 3: 2300). */
async function requestCancels({ exchange, doomed }: CancelInput): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  await Promise.allSettled(
    doomed.map(async ({ account, instrument, clientOrderId, fenced, isOpen }) => {
      const isFence = fenced && !isOpen;
      await exchange.cancelOrder(account, clientOrderId, isFence ? FENCE_TTL_MS : undefined, instrument ?? undefined);
      if (isFence) acknowledged.push(clientOrderId);
    }),
  );
  return acknowledged;
}

function noteAcknowledged(context: CleanupContext, ids: readonly string[]): Partial<CleanupContext> {
  const doomed: Record<string, Doomed> = { ...context.doomed };
  for (const id of ids) {
    const order = doomed[id];
    if (order !== undefined) doomed[id] = { ...order, fencedAtMs: order.fencedAtMs ?? context.deps.clock.nowMs() };
  }
  return { doomed };
}

function outcome(context: CleanupContext): Omit<StopCleanupOutput, 'rows'> {
  const orders = Object.values(context.doomed);
  const left = orders
    .filter((order) => order.end === null)
    .map((order) => `${order.account} ${order.instrument ?? 'unknown instrument'} ${order.clientOrderId}`);
  const untold = context.held
    .filter((order) => context.untold.includes(order.clientOrderId))
    .map((order) => `${order.account} ${order.instrument} ${order.clientOrderId}: its state was not read`);
  const unread = Object.entries(context.unread).map(([account, why]) => `${account}: open orders not read: ${why}`);
  return {
    cancelled: orders.filter((order) => order.end === 'cancelled').length,
    candidates: context.candidates.length,
    kept: context.kept,
    left: context.deps.cancelOnStop ? [...left, ...untold, ...unread] : [],
  };
}

const questions = ({ context }: Args): QuestionInput => ({
  exchange: context.deps.exchange,
  clock: context.deps.clock,
  out: context.out,
  doomed: Object.values(context.doomed),
  held: context.held,
});
const cancels = ({ context }: Args): CancelInput => ({ exchange: context.deps.exchange, doomed: toCancel(context) });
const outputOf = <T>({ event }: { event: { output: T } }) => ({ output: event.output });
const thrownOf = ({ event }: { event: { error: unknown } }) => ({ thrown: event.error });
const orderOf = ({ event }: { event: OrderSeen }) => ({ order: event.order });
const isAgreed = (context: CleanupContext): boolean =>
  Object.keys(context.unread).length === 0 &&
  context.untold.length === 0 &&
  Object.values(context.doomed).every((order) => order.end !== null);
const finalOutput = ({ context }: Args): StopCleanupOutput => ({
  ...outcome(context),
  rows: Object.values(context.rows),
});

// ---- the chart ------------------------------------------------------------------------------------------------------

export const stopCleanupMachine = setup({
  types: {
    context: {} as CleanupContext,
    events: {} as OrderSeen,
    input: {} as StopCleanupInput,
    output: {} as StopCleanupOutput,
  },
  actors: {
    askExchange: fromPromise(({ input }: { input: QuestionInput }) => answersOf(input)),
    requestCancels: fromPromise(({ input }: { input: CancelInput }) => requestCancels(input)),
  },
  guards: {
    isAgreed: ({ context }) => isAgreed(context),
    isLastEnd: ({ context }, { order }: { order: ExchangeOrder }) =>
      isOver(order) && isAgreed({ ...context, ...noteEnd(context, order) }),
    isEnd: (_, { order }: { order: ExchangeOrder }) => isOver(order),
    hasToCancel: ({ context }) => toCancel(context).length > 0,
  },
  delays: {
    timeIsUp: CLEANUP_MAX_MS,
    lookPatience: LOOK_PATIENCE_MS,
    roundPause: ({ context }) => Math.min(ROUND_PAUSE_MAX_MS, ROUND_PAUSE_MS * 2 ** Math.min(20, context.rounds - 1)),
  },
  actions: {
    beginRound: assign({ rounds: ({ context }) => context.rounds + 1 }),
    noteEnd: assign(({ context }, { order }: { order: ExchangeOrder }) => noteEnd(context, order)),
    judge: assign(({ context }, params: { output: Answers }) => judge(context, params.output)),
    noteAcknowledged: assign(({ context }, params: { output: readonly string[] }) =>
      noteAcknowledged(context, params.output),
    ),
    reportDefect: ({ context }, params: { thrown: unknown }) => {
      const { reporter, clock } = context.deps;
      const message = errorText(params.thrown);
      reporter.report({ type: 'cleanup.failed', atMs: clock.nowMs(), message });
    },
    reportFinished: ({ context }) => {
      const { reporter, clock } = context.deps;
      reporter.report({ type: 'cleanup.finished', atMs: clock.nowMs(), ...outcome(context) });
    },
  },
}).createMachine({
  id: 'stop-cleanup',
  context: begin,
  initial: 'working',
  output: finalOutput,
  states: {
    working: {
      description:
        'Cancels, and learns from the streams and by asking what is over, until the exchange agrees or the time is up (13.1).',
      initial: 'asking',
      after: { timeIsUp: 'finished' },
      on: {
        'order.seen': [
          {
            guard: { type: 'isLastEnd', params: orderOf },
            target: 'finished',
            actions: { type: 'noteEnd', params: orderOf },
          },
          { guard: { type: 'isEnd', params: orderOf }, actions: { type: 'noteEnd', params: orderOf } },
        ],
      },
      states: {
        asking: {
          description:
            'Reads the open orders of both accounts, and the state of each order that is to go; cancels wait for it a moment only.',
          entry: 'beginRound',
          invoke: {
            src: 'askExchange',
            input: questions,
            onDone: { target: 'judging', actions: { type: 'judge', params: outputOf } },
            onError: { target: 'pausing', actions: { type: 'reportDefect', params: thrownOf } },
          },
          after: { lookPatience: { guard: 'hasToCancel', target: 'cancelling' } },
        },
        judging: {
          description: 'Compares what is open with what was to be kept.',
          always: [
            { guard: 'isAgreed', target: '#stop-cleanup.finished' },
            { guard: 'hasToCancel', target: 'cancelling' },
            { target: 'pausing' },
          ],
        },
        cancelling: {
          description: 'Asks for the cancels that are due; those of orders nobody sees also stop a create under way.',
          invoke: {
            src: 'requestCancels',
            input: cancels,
            onDone: { target: 'pausing', actions: { type: 'noteAcknowledged', params: outputOf } },
          },
        },
        pausing: {
          description: 'A short, growing pause before the exchange is asked again.',
          after: { roundPause: 'asking' },
        },
      },
    },
    finished: {
      description: 'The exchange agrees, or the time is up: what is left is listed.',
      type: 'final',
      entry: 'reportFinished',
    },
  },
});

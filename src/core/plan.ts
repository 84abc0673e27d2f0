import { accountsThatCannotOpen, awaitsJournal, isParked, openingsWithheld } from './ability.ts';
import { classify, type Situation } from './classify.ts';
import { type Decimal, max, min } from './decimal.ts';
import { whyDoubted } from './mark.ts';
import {
  ACCOUNTS,
  type AccountName,
  type Intent,
  type ManagedOrder,
  otherAccount,
  type Side,
  type TradingState,
} from './model.ts';
import { conductOf } from './modes.ts';
import { MOST_SHARE_OF_ORDER, type OpeningSides, type OpeningSize, openingSides, openingSize } from './openings.ts';
import type { PlanInput } from './plan-input.ts';
import { type QuotedOrder, type Reason, reason } from './reasons.ts';
import { mayOnlyReduce, reducible } from './reduce-only.ts';
import { mayTakeWay, planRepair, repairHasRoom, waysWithRoom } from './repairs.ts';
import { longestRest } from './rests.ts';
import { type Rest, waitingSize } from './symbol-state.ts';
import { orderCap, planTrims, type Trim } from './trims.ts';

export interface Plan {
  readonly situation: Situation;
  readonly tradingState: TradingState;
  /** Why this state. */
  readonly why: Reason;
  readonly creates: readonly Intent[];
  readonly trims: readonly Trim[];
  /** Why nothing is submitted; null: something is. */
  readonly idle: Reason | null;
}

type UnnumberedIntent = Omit<Intent, 'intentId'>;

/** New orders, or why there are none. */
interface Wanted {
  readonly creates: readonly UnnumberedIntent[];
  readonly idle: Reason | null;
}

const nothing = (idle: Reason): Wanted => ({ creates: [], idle });

/** The size of an opening needs the best ask (strategy 6.2), and no book is fresh. */
export const AWAITS_BOOK: Reason = reason('awaits-book', '6.2');
/** The symbol decreases, and the pair is flat (strategy 6.2). */
const NOTHING_TO_CLOSE = reason('nothing-to-close', '6.2');
/** The rule by which a state submits nothing. */
const RULES_OF_WAITING = { 'partial-wait': '4.3', capped: '5', cooldown: '9.5' } as const;

/** The plan for a usable pair of snapshots: state, new orders, cancels, or why nothing (strategy 5, 6, 8). */
export function makePlan(input: PlanInput): Plan {
  const room = roomWhileHedged(input);
  const situation = situationOf(input, room);
  const tradingState = classify(situation);
  const why = reasonFor(input, tradingState, room);
  const trims = planTrims(input, tradingState);
  const barred = whyBarred(input);
  const wanted = barred === null ? wantedIn(input, tradingState, why, trims) : nothing(barred);
  const ready = wanted.creates.filter((intent) => !mustWait(input, intent));
  const allowed = ready.filter((intent) => !input.denied.includes(intentKey(intent)));
  const { config, state } = input;
  // Numbered last: `countIntents` counts what is left, and no number is used twice.
  const creates = allowed.map((intent, index) => {
    return { intentId: `${config.instrument}#${state.nextIntent + index}`, ...intent };
  });
  return { situation, tradingState, why, creates, trims, idle: whyIdle(wanted, ready, allowed) };
}

/** Why nothing is submitted; null: something is. */
function whyIdle(wanted: Wanted, ready: readonly UnnumberedIntent[], allowed: readonly UnnumberedIntent[]) {
  const [first] = ready;
  if (wanted.creates.length === 0 || allowed.length > 0) return wanted.idle;
  if (first === undefined) return reason('awaits-ends', '9.10');
  // Our pricing rules denied it just now.
  return reason('awaits-price', first.nearerThanPrice === null ? '7.3' : '6.4');
}

/** Why the symbol submits nothing in any state; null: it may. */
function whyBarred(input: PlanInput): Reason | null {
  if (input.halted) return reason('halted', '15');
  if (input.unlisted) return reason('unlisted', '11.6');
  if (conductOf(input) !== 'nothing') return null;
  return reason(input.mode === 'pause' ? 'paused' : 'held', '16.1');
}

/** Whether intents of the account must wait (strategy 9.10). */
function mustWait(
  { busy = [], unproven = [] }: PlanInput,
  { account, purpose, nearerThanPrice }: Omit<Intent, 'intentId'>,
): boolean {
  if (busy.includes(account)) return true;
  return (purpose === 'opening' || nearerThanPrice !== null) && unproven.includes(account);
}

// ---- the state ------------------------------------------------------------------------------------------------------

/** The facts that determine the state (strategy 5). */
export function situationOf(input: PlanInput, room = roomWhileHedged(input)): Situation {
  const { state, valuation } = input;
  return {
    resting: restsIn(input) !== null,
    hedged: valuation.hedged,
    partialFillWaits: state.orders.some((order) => waitingSize(order).gt(0)),
    // A symbol that opens nothing is not stopped by a limit.
    openingHasRoom: room !== null && (room.kind !== 'limited' || conductOf(input) !== 'trade'),
    repairHasRoom: !valuation.hedged && repairHasRoom(input),
  };
}

/** The suspension that blocks what would be submitted (strategy 5.1): an opening, or every repair; null: none. */
function restsIn(input: PlanInput): Rest | null {
  const { state, valuation, nowMs } = input;
  const longest = (accounts: readonly AccountName[], purpose: 'opening' | 'repair') =>
    longestRest(
      { rests: (state.rests ?? []).filter((rest) => accounts.includes(rest.account) && rest.purpose === purpose) },
      nowMs,
    );
  if (valuation.hedged) return longest(ACCOUNTS, 'opening');
  const ways = waysWithRoom(input);
  if (ways.some((way) => mayTakeWay(input, way))) return null;
  return longest(
    ways.map((way) => valuation[way]),
    'repair',
  );
}

/** Room for a new pair, not counting own live openings (strategy 5, rule 3); null: not hedged, so not needed. */
function roomWhileHedged(input: PlanInput): OpeningSize | null {
  if (!input.valuation.hedged) return null;
  const opening = openingSides(input);
  if (opening === null) return { kind: 'limited', why: NOTHING_TO_CLOSE };
  const counted = input.state.orders.filter((order) => opening.sides[order.account] !== order.side);
  // A doubtful mark allows no opening; the limits are judged by the price that values the pair meanwhile (3.1).
  const { marks, ...atValued } = input;
  return openingSize(marks?.trust === 'accepted' ? input : atValued, opening, ACCOUNTS, counted, null);
}

/** The reason for the state, with its figures. */
function reasonFor(input: PlanInput, tradingState: TradingState, room: OpeningSize | null): Reason {
  const { state, valuation, nowMs } = input;
  const { net, actual } = valuation;
  switch (tradingState) {
    case 'cooldown': {
      const rest = restsIn(input)!;
      const seconds = Math.ceil((rest.untilMs - nowMs) / 1000);
      return reason('resting', '5', { by: rest.reason, seconds });
    }
    case 'partial-wait': {
      const { account, side, tradedSize, size } = state.orders.find((order) => waitingSize(order).gt(0))!;
      return reason('partly-filled', '5', { account, side, traded: tradedSize.toFixed(), size: size.toFixed() });
    }
    case 'capped':
      if (room === null) return reason('limits-block-repairs', '5', { net: net.toFixed() });
      return room.kind === 'size' ? reason('limits-block-openings', '5') : { ...room.why, rule: '5' };
    case 'equal':
      if (valuation.flat) return reason('flat', '5');
      return reason('hedged', '5', { A: actual.A.toFixed(), B: actual.B.toFixed() });
    case 'imbalanced':
      return reason('imbalanced', '5', { net: net.toFixed(), usdt: valuation.diffUsdt.toFixed(2) });
  }
}

// ---- new orders -----------------------------------------------------------------------------------------------------

/** The new orders that a state calls for. */
function wantedIn(input: PlanInput, tradingState: TradingState, why: Reason, trims: readonly Trim[]): Wanted {
  switch (tradingState) {
    case 'equal':
      return openings(input, trims);
    case 'imbalanced': {
      const planned = planRepair(input, orderCap(input));
      if (planned.kind === 'none') return nothing(planned.why);
      return { creates: [intentFor(input, { ...planned.repair, purpose: 'repair' })], idle: null };
    }
    default:
      return nothing({ ...why, rule: RULES_OF_WAITING[tradingState] });
  }
}

/** One opening on each account that has none, of one size (strategy 6.1, 6.2, 6.5). */
function openings(input: PlanInput, trims: readonly Trim[]): Wanted {
  const opening = openingSides(input);
  const withheld = whyNotOpening(input, opening);
  if (withheld !== null || opening === null) return nothing(withheld ?? NOTHING_TO_CLOSE);
  const { orders } = input.state;
  const cap = orderCap(input);
  const free = ACCOUNTS.filter((account) => orders.filter((order) => order.account === account).length < cap);
  const [one, other] = free;
  if (one === undefined) return nothing(reason('quoting', '8.2', { orders: quotes(orders) }));
  const partner = other === undefined ? openingOf(input, trims, opening, otherAccount(one)) : null;
  if (other === undefined && partner === null) {
    return nothing(reason('awaits-order-gone', '8.2', { account: otherAccount(one) }));
  }
  const sized = openingSize(input, opening, free, orders, partner);
  if (sized.kind !== 'size') return nothing(sized.why);
  if (input.marks?.touch === null) return nothing(AWAITS_BOOK);
  // The leg of an account that could not open is sent alone; the other one waits until it rests (5.7).
  const barred = accountsThatCannotOpen(input);
  const first = barred.find((account) => free.includes(account));
  const legs = barred.length === 0 ? free : free.filter((account) => account === first);
  if (legs.length === 0) return nothing(reason('awaits-opening', '5.7', { accounts: barred }));
  const rules = [input.config.positionMode === 'increase' ? '6.1' : '6.2', '6.5'];
  const shared = { size: sized.size, purpose: 'opening', guardPrice: null, nearerThanPrice: null, rules } as const;
  const creates = legs.map((account) => intentFor(input, { account, side: opening.sides[account], ...shared }));
  return { creates, idle: null };
}

/** Why the symbol opens nothing now: its mode, a stop (strategy 8.6), the mark, its positions, or an account; null: it may. */
function whyNotOpening(input: PlanInput, opening: OpeningSides | null): Reason | null {
  const { mode = 'trade', leaving, openingsStop, marks, state } = input;
  if (conductOf(input) !== 'trade') {
    const isByMode = mode !== 'trade' || leaving !== undefined || openingsStop === undefined;
    return isByMode ? reason('hedge-only', '16.1') : reason('openings-stopped', '8.6', { by: openingsStop });
  }
  if (marks !== undefined && marks.trust !== 'accepted') return whyDoubted(marks, state.acceptedMark);
  if (opening === null) return NOTHING_TO_CLOSE;
  const parked = ACCOUNTS.find((account) => isParked(input, account));
  if (parked !== undefined) return reason('account-parked', '9.8', { account: parked });
  if (ACCOUNTS.some((account) => awaitsJournal(input, account))) return reason('awaits-journal', '18.1');
  const withheld = ACCOUNTS.find((account) => openingsWithheld(input, account));
  return withheld === undefined ? null : reason('openings-only-reduce', '9.13', { account: withheld });
}

/** The account's live order on its opening side that stays, if any. */
function openingOf(
  input: PlanInput,
  trims: readonly Trim[],
  opening: OpeningSides,
  account: AccountName,
): ManagedOrder | null {
  const side = opening.sides[account];
  const stays = (one: ManagedOrder) => one.cancelRequestedAtMs === null && trims.every(({ order }) => order !== one);
  return input.state.orders.find((one) => one.account === account && one.side === side && stays(one)) ?? null;
}

function intentFor(
  input: PlanInput,
  order: Pick<Intent, 'account' | 'side' | 'size' | 'purpose' | 'guardPrice' | 'nearerThanPrice' | 'rules'>,
): UnnumberedIntent {
  const { orderNotionalUsdt } = input.config;
  const { account, side, size } = order;
  const reduces = mayOnlyReduce(input.state, account) && size.lte(reducible(input, account, side));
  return {
    instrument: input.config.instrument,
    beyondPrice: beyondPrice(input.state.orders, order.account, order.side),
    ...(reduces ? { reduceOnly: true } : {}),
    ...(orderNotionalUsdt.isZero() ? {} : { mostUsdt: orderNotionalUsdt.mul(MOST_SHARE_OF_ORDER) }),
    ...order,
  };
}

/** The other account's live price to stay one tick away from (strategy 6.6): its highest bid or lowest ask. */
function beyondPrice(orders: readonly ManagedOrder[], account: AccountName, side: Side): Decimal | null {
  // The gateway knows the price of an intent as soon as it has one.
  const priced = orders.filter((order) => order.account !== account && order.side !== side && !order.isIntent);
  const prices = priced.map((order) => order.price);
  const [first, ...rest] = prices;
  if (first === undefined) return null;
  return side === 'sell' ? max(first, ...rest) : min(first, ...rest);
}

/** Two intents with the same key would be denied for the same reason. */
export function intentKey(intent: UnnumberedIntent): string {
  const price = (value: Decimal | null) => value?.toFixed() ?? '-';
  return [
    intent.account,
    intent.side,
    intent.size.toFixed(),
    price(intent.guardPrice),
    price(intent.nearerThanPrice),
  ].join(' ');
}

function quotes(orders: readonly ManagedOrder[]): readonly QuotedOrder[] {
  return orders.map(({ account, side, size, price, isIntent }) => ({
    account,
    side,
    size: size.toFixed(),
    price: isIntent ? null : price.toFixed(),
  }));
}

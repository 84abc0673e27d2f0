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

/** The plan for a usable pair of snapshots: state, new orders, cancels, or why nothing (strategy 5, 6, 8). */
export function makePlan(input: PlanInput): Plan {
  const room = roomWhileHedged(input);
  const situation = situationOf(input, room);
  const tradingState = classify(situation);
  const why = reasonFor(input, tradingState, room);
  const trims = planTrims(input, tradingState);
  const held = conductOf(input) === 'nothing' ? (input.mode === 'pause' ? PAUSED : HELD) : null;
  const barred = input.halted ? HALTED : input.unlisted ? UNLISTED : held;
  const answer = barred === null ? createsFor(input, tradingState, why, trims) : { creates: [], idle: barred };
  const ready = answer.creates.filter((intent) => !mustWait(input, intent));
  // Numbered after filtering: `countIntents` counts what is left, and no number is used twice.
  const creates = ready
    .filter((intent) => !input.denied.includes(intentKey(intent)))
    .map((intent, index) => ({ intentId: `${input.config.instrument}#${input.state.nextIntent + index}`, ...intent }));
  const idle =
    answer.creates.length > 0 && creates.length === 0
      ? ready.length === 0
        ? WAITING
        : reason('awaits-price', ready[0]?.nearerThanPrice ? '6.4' : '7.3')
      : answer.idle;
  return { situation, tradingState, why, creates, trims, idle };
}

/** The size of an opening needs the best ask (strategy 6.2), and no book is fresh. */
export const AWAITS_BOOK: Reason = reason('awaits-book', '6.2');

const WAITING = reason('awaits-ends', '9.10');

/** Whether intents of the account must wait (strategy 9.10). */
function mustWait(
  { busy = [], unproven = [] }: PlanInput,
  { account, purpose, nearerThanPrice }: Omit<Intent, 'intentId'>,
): boolean {
  if (busy.includes(account)) return true;
  return (purpose === 'opening' || nearerThanPrice !== null) && unproven.includes(account);
}

const HALTED = reason('halted', '15');

const UNLISTED = reason('unlisted', '11.6');

/** The mode of the symbol allows nothing (strategy 16.1). */
const HELD = reason('held', '16.1');
const PAUSED = reason('paused', '16.1');

/** In `hedge-only` a hedged symbol submits nothing (strategy 16.1). */
const HEDGE_ONLY = reason('hedge-only', '16.1');

/** Why the symbol may not open: its mode, or a stop of openings (strategy 8.6). */
function whyNotOpening({ mode = 'trade', leaving, openingsStop }: PlanInput): Reason {
  const isByMode = mode !== 'trade' || leaving !== undefined || openingsStop === undefined;
  return isByMode ? HEDGE_ONLY : reason('openings-stopped', '8.6', { by: openingsStop });
}

function createsFor(
  input: PlanInput,
  tradingState: TradingState,
  why: Reason,
  trims: readonly Trim[],
): { creates: UnnumberedIntent[]; idle: Reason | null } {
  switch (tradingState) {
    case 'equal':
      return conductOf(input) === 'trade' ? openings(input, trims) : { creates: [], idle: whyNotOpening(input) };
    case 'imbalanced': {
      const answer = planRepair(input, orderCap(input));
      if (answer.kind === 'none') return { creates: [], idle: answer.why };
      const { repair } = answer;
      return { creates: [intentFor(input, { ...repair, purpose: 'repair' })], idle: null };
    }
    default:
      return { creates: [], idle: { ...why, rule: ruleOf(tradingState) } };
  }
}

function openings(input: PlanInput, trims: readonly Trim[]): { creates: UnnumberedIntent[]; idle: Reason | null } {
  const { marks } = input;
  if (marks !== undefined && marks.trust !== 'accepted') {
    return { creates: [], idle: whyDoubted(marks, input.state.acceptedMark) };
  }
  const opening = openingSides(input);
  if (opening === null) return { creates: [], idle: reason('nothing-to-close', '6.2') };
  const parked = ACCOUNTS.find((account) => isParked(input, account));
  if (parked !== undefined) {
    return { creates: [], idle: reason('account-parked', '9.8', { account: parked }) };
  }
  if (ACCOUNTS.some((account) => awaitsJournal(input, account)))
    return { creates: [], idle: reason('awaits-journal', '18.1') };
  const withheld = ACCOUNTS.find((account) => openingsWithheld(input, account));
  if (withheld !== undefined) {
    return { creates: [], idle: reason('openings-only-reduce', '9.13', { account: withheld }) };
  }
  const cap = orderCap(input);
  const liveOf = (account: AccountName) => input.state.orders.filter((order) => order.account === account);
  const free = ACCOUNTS.filter((account) => liveOf(account).length < cap);
  if (free.length === 0) return { creates: [], idle: reason('quoting', '8.2', { orders: quotes(input.state.orders) }) };

  const partner = free.length === 1 && free[0] ? openingOf(input, trims, opening, otherAccount(free[0])) : null;
  if (free.length === 1 && partner === null) {
    return { creates: [], idle: reason('awaits-order-gone', '8.2', { account: otherAccount(free[0] ?? 'A') }) };
  }
  const answer = openingSize(input, opening, free, input.state.orders, partner);
  if (answer.kind !== 'size') return { creates: [], idle: answer.why };
  if (marks?.touch === null) return { creates: [], idle: AWAITS_BOOK };
  // The leg of an account that could not open is sent alone; the other one waits until it rests (5.7).
  const barred = accountsThatCannotOpen(input);
  const first = barred.find((account) => free.includes(account));
  const legs = barred.length === 0 ? free : free.filter((account) => account === first);
  if (legs.length === 0) {
    return { creates: [], idle: reason('awaits-opening', '5.7', { accounts: barred }) };
  }
  const rules = [input.config.positionMode === 'increase' ? '6.1' : '6.2', '6.5'];
  return {
    creates: legs.map((account) =>
      intentFor(input, {
        account,
        side: opening.sides[account],
        size: answer.size,
        purpose: 'opening',
        guardPrice: null,
        nearerThanPrice: null,
        rules,
      }),
    ),
    idle: null,
  };
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

/** Room for a new pair, not counting own live openings (strategy 5, rule 3); null: not hedged, so not needed. */
function roomWhileHedged(input: PlanInput): OpeningSize | null {
  if (!input.valuation.hedged) return null;
  const opening = openingSides(input);
  if (opening === null) return { kind: 'limited', why: reason('nothing-to-close', '6.2') };
  const counted = input.state.orders.filter((order) => opening.sides[order.account] !== order.side);
  // A doubtful mark allows no opening; the limits are judged by the price that values the pair meanwhile (3.1).
  const { marks, ...atValued } = input;
  return openingSize(marks?.trust === 'accepted' ? input : atValued, opening, ACCOUNTS, counted, null);
}

type UnnumberedIntent = Omit<Intent, 'intentId'>;

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

function ruleOf(tradingState: TradingState): string {
  return { equal: '6.1', imbalanced: '6.3', 'partial-wait': '4.3', capped: '5', cooldown: '9.5' }[tradingState];
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

function quotes(orders: readonly ManagedOrder[]): readonly QuotedOrder[] {
  return orders.map(({ account, side, size, price, isIntent }) => ({
    account,
    side,
    size: size.toFixed(),
    price: isIntent ? null : price.toFixed(),
  }));
}

import { type Alert, type AlertDetails, type AlertKind, alertKey, isStuck, type NetLeft } from './alerts.ts';
import { type Decimal, sum, usdtText } from './decimal.ts';
import { guardPrice, lotsNet, lotsValue } from './ledger.ts';
import type { MarkJudgement } from './mark.ts';
import { ACCOUNTS, type AccountName, type Instrument, type LeavingWhy, type SymbolMode } from './model.ts';
import { conductOf } from './modes.ts';
import { type FillRow, type Interval, rowTimeMs } from './money.ts';
import { openingSides } from './openings.ts';
import type { Plan } from './plan.ts';
import type { PlanInput } from './plan-input.ts';
import { GROWTH_TRY_MS } from './reduce-only.ts';
import { repairWays } from './repairs.ts';
import { splitDetails } from './split.ts';
import type { Contradiction, ReduceOnly, SymbolState } from './symbol-state.ts';
import { ORDERS_PER_ACCOUNT } from './trims.ts';
import { sideAgainst, smallestTradableSize, waitingOf } from './valuing.ts';
import type { Contradiction as StreamContradiction } from './view.ts';

/** The alerts of strategy 12 that a decision raises or clears for a symbol. */
export const SYMBOL_CONDITIONS: readonly AlertKind[] = [
  'same-direction',
  'side-contradicts-config',
  'limit-reached',
  'mark-doubtful',
  'repair-blocked',
  'order-count',
  'unhedged',
  'instrument-unlisted',
  'reduce-only',
  'split',
  'symbol-leaving',
  'held-with-net',
  // Raised at the start only (strategy 11.2); the first decision clears it.
  'start-difference',
];

/** The exchange no longer lists a symbol this engine has traded, which still has this position (strategy 11.6). */
export function unlistedAlert(
  instrument: string,
  sizes: Readonly<Record<AccountName, Decimal>>,
  { lots }: Pick<SymbolState, 'lots'>,
  atMs: number,
): Alert {
  return {
    kind: 'instrument-unlisted',
    key: alertKey('instrument-unlisted', instrument),
    account: null,
    instrument,
    atMs,
    sinceMs: null,
    details: { a: sizes.A.toFixed(), b: sizes.B.toFixed(), lots: String(lots.length) },
  };
}

/** A symbol without an enabled row still has positions or live orders (strategy 16.3). */
export function leavingAlert(
  instrument: string,
  leaving: LeavingWhy,
  sizes: Readonly<Record<AccountName, Decimal>>,
  { lots, orders }: Pick<SymbolState, 'lots' | 'orders'>,
  atMs: number,
): Alert {
  return {
    kind: 'symbol-leaving',
    key: alertKey('symbol-leaving', instrument),
    account: null,
    instrument,
    atMs,
    sinceMs: null,
    details: {
      leaving,
      a: sizes.A.toFixed(),
      b: sizes.B.toFixed(),
      net: lotsNet(lots).toFixed(),
      orders: String(orders.length),
    },
  };
}

/** The unhedged net by the ledger (strategy 12.3, 13.4); null: hedged, or not started. */
export function openNet(
  state: SymbolState,
  instrument: Instrument | null,
  mark: Decimal | null,
  touch: { readonly bid: Decimal; readonly ask: Decimal } | null,
): NetLeft | null {
  if (!state.begun) return null;
  const waiting = sum(ACCOUNTS.map((account) => waitingOf(state.orders, account)));
  const net = lotsNet(state.lots).plus(waiting);
  const least = mark === null || instrument === null ? null : smallestTradableSize(instrument, mark, state.lots);
  const size = net.abs();
  if (least === null ? size.isZero() : size.lt(least)) return null;
  const hedgeSide = sideAgainst(net);
  const price = hedgeSide === 'sell' ? touch?.bid : touch?.ask;
  // Fills that are not booked yet have no lot, hence no price to compare with.
  const costUsdt = price === undefined || !waiting.isZero() ? null : lotsValue(state.lots).minus(net.mul(price));
  const usdt = mark === null ? null : size.mul(mark);
  return { instrument: state.instrument, hedgeSide, size, usdt, sinceMs: state.unhedgedSinceMs, costUsdt };
}

/**
 * A symbol is paused, or reached its maximum loss, and has a net that nothing repairs (strategy 16.1).
 * @param diffUsdt null: there is no mark
 */
export function heldAlert(
  instrument: string,
  mode: SymbolMode,
  net: Decimal,
  diffUsdt: string | null,
  atMs: number,
): Alert {
  const details = { mode, net: net.toFixed(), ...(diffUsdt === null ? {} : { diff: diffUsdt }) };
  const key = alertKey('held-with-net', instrument);
  return { kind: 'held-with-net', key, account: null, instrument, atMs, sinceMs: null, details };
}

/** A net remains when the engine stops (strategy 13.4). */
export function netLeftAlert({ instrument, hedgeSide, size, usdt, sinceMs, costUsdt }: NetLeft, atMs: number): Alert {
  const details = {
    side: hedgeSide,
    size: size.toFixed(),
    ...(usdt === null ? {} : { diff: usdt.toFixed(2) }),
    ...(costUsdt === null ? {} : { cost: usdtText(costUsdt) }),
  };
  return { kind: 'net-left', key: alertKey('net-left', instrument), account: null, instrument, atMs, sinceMs, details };
}

export function deadManKey(account: AccountName): string {
  return alertKey('dead-man-off', account);
}

/** The dead-man timer is off because a foreign order rests, or it could not be set (strategy 2.1). */
export function deadManAlert(
  account: AccountName,
  foreign: { readonly instrument: string; readonly orderId: string } | null,
  reason: string | null,
  atMs: number,
): Alert {
  const details = {
    ...(foreign === null ? {} : { orderId: foreign.orderId }),
    ...(reason === null ? {} : { reason }),
  };
  const instrument = foreign?.instrument ?? null;
  return { kind: 'dead-man-off', key: deadManKey(account), account, instrument, atMs, sinceMs: null, details };
}

/** The exchange accepts only reducing orders for an account or an instrument (strategy 9.13). */
export function reduceOnlyAlert({ account, sinceMs }: ReduceOnly, instrument: string, atMs: number): Alert {
  const of = account === null ? instrument : account;
  return {
    kind: 'reduce-only',
    key: alertKey('reduce-only', of),
    account,
    instrument: account === null ? instrument : null,
    atMs,
    sinceMs: Math.min(sinceMs, atMs),
    details: { minutes: String(GROWTH_TRY_MS / 60_000) },
  };
}

/** A symbol was removed (strategy 16.3): the positions that remain, by account, and their net. */
export function leftAlert(
  instrument: string,
  sizes: Readonly<Record<AccountName, Decimal>>,
  { lots }: Pick<SymbolState, 'lots'>,
  atMs: number,
): Alert {
  const key = alertKey('symbol-left', instrument);
  const details = { a: sizes.A.toFixed(), b: sizes.B.toFixed(), net: lotsNet(lots).toFixed() };
  return { kind: 'symbol-left', key, account: null, instrument, atMs, sinceMs: atMs, details };
}

/** One of our orders rests on an instrument that neither the exchange nor the journal knows (strategy 16.3). */
export function strayOrderAlert(
  account: AccountName,
  order: { readonly instrument: string; readonly clientOrderId: string },
  atMs: number,
): Alert {
  const { instrument, clientOrderId } = order;
  const key = alertKey('stray-order', account, clientOrderId);
  return { kind: 'stray-order', key, account, instrument, atMs, sinceMs: null, details: { clientOrderId } };
}

/** An order with our prefix was placed while this engine ran, but not by it (strategy 11.1). */
export function otherEngineAlert(
  account: AccountName,
  { instrument, clientOrderId }: { readonly instrument: string; readonly clientOrderId: string },
  atMs: number,
): Alert {
  const key = alertKey('other-engine', account);
  return { kind: 'other-engine', key, account, instrument, atMs, sinceMs: null, details: { clientOrderId } };
}

/** A symbol is paused since both positions changed by the same ratio (strategy 10.5); null: it is not. */
export function splitAlert(instrument: string, state: SymbolState, atMs: number): Alert | null {
  const { split } = state;
  if (split === undefined) return null;
  const key = alertKey('split', instrument);
  const details = splitDetails(state, split.ratio);
  return { kind: 'split', key, account: null, instrument, atMs, sinceMs: split.sinceMs, details };
}

/** How long a difference must last before the alert: most are adopted after 10 s; the search of 9.6 takes seconds. */
export const HELD_DRIFT_MS = 60_000;

export function heldDriftKey(instrument: string, account: AccountName): string {
  return alertKey('drift-held', instrument, account);
}

/** Positions have differed from the ledger for long without being adopted (strategy 10.5, 12); null: they have not. */
export function heldDriftAlert(
  instrument: string,
  account: AccountName,
  contradiction: Contradiction | null,
  atMs: number,
): Alert | null {
  if (contradiction === null || atMs - contradiction.sinceMs < HELD_DRIFT_MS) return null;
  return {
    kind: 'drift-held',
    key: heldDriftKey(instrument, account),
    account,
    instrument,
    atMs,
    sinceMs: contradiction.sinceMs,
    details: { difference: contradiction.difference.toFixed() },
  };
}

/**
 * Unhedged for too long (strategy 12), whether or not a decision is possible now; null: it is not.
 * @param net to be hedged, base units, signed @param repairs the account that would hedge it @param valued figures that
 * need a mark, USDT as text; null: no mark
 */
export function unhedgedAlert(
  { config, state, strategy, nowMs }: Pick<PlanInput, 'config' | 'state' | 'strategy' | 'nowMs'>,
  net: Decimal,
  repairs: AccountName,
  valued: { readonly diff: string; readonly mark: string } | null,
): Alert | null {
  const { unhedgedSinceMs } = state;
  if (unhedgedSinceMs === null || !isStuck(unhedgedSinceMs, nowMs, strategy.stuckMs)) return null;
  const side = sideAgainst(net);
  const guard = guardPrice(state.lots, { account: repairs, side, size: net.abs() }, net.mul(0));
  return {
    kind: 'unhedged',
    key: alertKey('unhedged', config.instrument),
    account: null,
    instrument: config.instrument,
    atMs: nowMs,
    sinceMs: unhedgedSinceMs,
    details: {
      net: net.toFixed(),
      ...(valued === null ? {} : { diff: valued.diff }),
      side,
      guard: guard?.toFixed() ?? '-',
      ...(valued === null ? {} : { mark: valued.mark }),
      hours: String(strategy.stuckMs / 3_600_000),
    },
  };
}

/** How long a mark must be in doubt before the alert (strategy 3.1): a single wrong answer is over sooner. */
export const MARK_DOUBT_ALERT_MS = 10_000;

/** A stream contradicts REST (strategy 10.6); instrument null: the account's streams are not trusted. */
export function streamAlert(account: AccountName, { instrument, why }: StreamContradiction, atMs: number): Alert {
  const kind = 'stream-disagreement';
  return {
    kind,
    key: alertKey(kind, account, instrument ?? '-'),
    account,
    instrument,
    atMs,
    sinceMs: null,
    details: { why },
  };
}

/** Which of `SYMBOL_CONDITIONS` hold now. */
export function conditionsOf(input: PlanInput, plan: Plan): Alert[] {
  const { valuation, config, state, nowMs } = input;
  const alerts: Alert[] = [];
  const raise = (kind: AlertKind, details: AlertDetails) =>
    alerts.push({
      kind,
      key: alertKey(kind, config.instrument),
      account: null,
      instrument: config.instrument,
      atMs: nowMs,
      sinceMs: null,
      details,
    });
  if (input.unlisted) alerts.push(unlistedAlert(config.instrument, valuation.actual, state, nowMs));
  if (input.leaving !== undefined) {
    alerts.push(leavingAlert(config.instrument, input.leaving, valuation.actual, state, nowMs));
  }

  if (conductOf(input) === 'nothing' && !valuation.hedged) {
    const { net, diffUsdt } = valuation;
    alerts.push(heldAlert(config.instrument, input.mode ?? 'hold', net, diffUsdt.toFixed(2), nowMs));
  }

  for (const demand of state.reduceOnly ?? []) alerts.push(reduceOnlyAlert(demand, config.instrument, nowMs));

  const sizes = () => ({ a: valuation.actual.A.toFixed(), b: valuation.actual.B.toFixed() });

  if (valuation.sameDirection && !valuation.hedged) raise('same-direction', sizes());

  const opening = openingSides(input);
  if (plan.tradingState === 'equal' && opening?.contradictsConfig && conductOf(input) === 'trade') {
    raise('side-contradicts-config', { ...sizes(), configured: config.aSideWhenEqual, held: opening.sides.A });
  }
  // In `decrease` flat is the goal, not a limit.
  const done = config.positionMode === 'decrease' && valuation.flat;
  if (plan.tradingState === 'capped' && !done) {
    // Hedged: the limit did its work. Unhedged: the limit keeps the net open and somebody must act.
    raise(valuation.hedged ? 'limit-reached' : 'repair-blocked', limitDetails(input, plan));
  }
  const { marks } = input;
  if (marks !== undefined && state.markDoubt !== null && nowMs - state.markDoubt.sinceMs >= MARK_DOUBT_ALERT_MS) {
    raise('mark-doubtful', doubtDetails(marks, state.acceptedMark));
  }
  for (const account of ACCOUNTS) {
    const count = state.orders.filter((order) => order.account === account).length;
    if (count > ORDERS_PER_ACCOUNT) {
      raise('order-count', { account, count: String(count), cap: String(ORDERS_PER_ACCOUNT) });
    }
  }
  const unhedged = unhedgedAlert(input, valuation.net, valuation[repairWays(input)[0]], {
    diff: valuation.diffUsdt.toFixed(2),
    mark: valuation.mark.toFixed(),
  });
  if (unhedged !== null) alerts.push(unhedged);
  return alerts;
}

function limitDetails({ config, valuation }: PlanInput, { why }: Plan): AlertDetails {
  const { positionMode: mode, maxTotalPositionUsdt, minTotalPositionUsdt } = config;
  const limit = mode === 'increase' ? maxTotalPositionUsdt : minTotalPositionUsdt;
  return { mode, total: valuation.totalUsdt.toFixed(2), limit: limit.toFixed(), why };
}

function doubtDetails({ read, touch }: MarkJudgement, acceptedMark: Decimal | null): AlertDetails {
  return {
    mark: read.toFixed(),
    ...(acceptedMark === null ? {} : { accepted: acceptedMark.toFixed() }),
    ...(touch === null ? {} : { bid: touch.bid.toFixed(), ask: touch.ask.toFixed() }),
  };
}

/** One of our orders filled as taker although it was post-only (strategy 17.1). */
export function takerFillAlert(fill: FillRow, atMs: number): Alert {
  const { account, instrument, side, size, price, clientOrderId, fee, feeCurrency } = fill;
  return {
    kind: 'taker-fill',
    key: alertKey('taker-fill', account, instrument),
    ...{ account, instrument, atMs, sinceMs: null },
    details: {
      ...{ side, clientOrderId, size: size.toFixed(), price: price.toFixed(), fee: `${fee.toFixed()} ${feeCurrency}` },
    },
  };
}

/** Between two balances an account's cash changed by more than its rows explain (strategy 17.3). */
export function unexplainedAlert({ account, unexplained, fromNs, toNs, rows }: Interval, atMs: number): Alert {
  const hourOf = (timeNs: bigint) => `${new Date(rowTimeMs({ timeNs })).toISOString().slice(0, 16)}Z`;
  return {
    kind: 'money-unexplained',
    key: alertKey('money-unexplained', account),
    ...{ account, instrument: null, atMs, sinceMs: rowTimeMs({ timeNs: fromNs }) },
    details: { usdt: unexplained.toFixed(6), from: hourOf(fromNs), to: hourOf(toNs), rows: String(rows) },
  };
}

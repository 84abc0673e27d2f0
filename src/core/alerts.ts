import { Decimal } from './decimal.ts';
import type { ExchangeFailure } from './failure.ts';
import { levellingAdvice } from './levelling.ts';
import type { AccountName, AccountSummary, ForeignOrder, Side } from './model.ts';
import type { Reason } from './reasons.ts';

/** Every kind of alert there is (strategy 12): a row of {@link ALERT_POLICIES}. */
export type AlertKind = keyof typeof POLICIES;

/** Numbers and words for the text, already formatted with units, e.g. `{ ratio: '0.74', threshold: '0.70' }`; and reasons. */
export type AlertDetails = Readonly<Record<string, string | Reason>>;

/**
 * A condition that holds now. Raised again for as long as it holds; the alert desk decides what is sent and when
 * (`repeat` of strategy 12), and `clear` ends it.
 */
export interface Alert {
  readonly kind: AlertKind;
  /** What is the same alert: kind plus account, symbol, call or order, e.g. `mmr:A`, `drift:BNB_USDT_Perp`. */
  readonly key: string;
  readonly account: AccountName | null;
  readonly instrument: string | null;
  readonly atMs: number;
  /** Since when it holds, where that is known and earlier than `atMs`. */
  readonly sinceMs: number | null;
  readonly details: AlertDetails;
}

const SECOND = 1000;

/**
 * How often an alert that goes on is told again: every so many milliseconds, once an episode, or once ever
 * (an order that was named once needs no second naming).
 */
export type Repeat = number | 'episode' | 'once';

/** What the desk does with a kind of alert (strategy 12). */
export interface AlertPolicy {
  readonly repeat: Repeat;
  /**
   * Critical: money or safety is at stake and the engine cannot mend it by itself, so every such alert is told in full;
   * it is never folded into a count, never silenced by a wider alert and never dropped from a full outbox.
   */
  readonly critical: boolean;
  /**
   * Raised by what happened, once, not for as long as it holds: nobody raises it again when the period is over, so the desk
   * owes what comes within one and differs. No wider alert silences these.
   */
  readonly event?: boolean;
  /**
   * Information: it requires no action (strategy 12.3). Told once, listed last; its end is not told, and one that comes back
   * within a day of its telling is not told again.
   */
  readonly information?: boolean;
}

/**
 * The table of strategy 12. Kinds it does not name take the period of the row they are nearest to: a parked account,
 * a broken invariant and a failed actor stay broken until somebody acts (900 s); what is said of the configuration or
 * of the start does not change by being repeated (once an episode).
 */
const POLICIES = {
  'api-failure': { repeat: 120 * SECOND, critical: false },
  'account-parked': { repeat: 900 * SECOND, critical: true },
  'journal-unreachable': { repeat: 900 * SECOND, critical: true },
  mmr: { repeat: 1800 * SECOND, critical: true },
  'post-only-exhausted': { repeat: 120 * SECOND, critical: false },
  unhedged: { repeat: 'episode', critical: true },
  'foreign-order': { repeat: 'once', critical: false },
  'order-refused': { repeat: 900 * SECOND, critical: false },
  'order-ended': { repeat: 900 * SECOND, critical: false },
  'orders-ended': { repeat: 900 * SECOND, critical: false },
  'reduce-only': { repeat: 'episode', critical: false },
  drift: { repeat: 900 * SECOND, critical: false, event: true },
  'drift-held': { repeat: 900 * SECOND, critical: false },
  split: { repeat: 900 * SECOND, critical: true },
  'same-direction': { repeat: 900 * SECOND, critical: false },
  'side-contradicts-config': { repeat: 'episode', critical: false, information: true },
  'order-count': { repeat: 900 * SECOND, critical: false },
  'clock-skew': { repeat: 900 * SECOND, critical: false },
  'stream-disagreement': { repeat: 900 * SECOND, critical: false, event: true },
  'mark-doubtful': { repeat: 900 * SECOND, critical: false },
  'limit-reached': { repeat: 'episode', critical: false, information: true },
  'repair-blocked': { repeat: 900 * SECOND, critical: false },
  'invariant-broken': { repeat: 900 * SECOND, critical: true, event: true },
  'actor-failed': { repeat: 900 * SECOND, critical: true, event: true },
  'task-failed': { repeat: 900 * SECOND, critical: true, event: true },
  'journal-failed': { repeat: 900 * SECOND, critical: true, event: true },
  'lock-lost': { repeat: 900 * SECOND, critical: true, event: true },
  'start-difference': { repeat: 'episode', critical: false },
  'instrument-unlisted': { repeat: 'episode', critical: true },
  'held-with-net': { repeat: 900 * SECOND, critical: true },
  'symbol-leaving': { repeat: 'episode', critical: false, information: true },
  'symbol-left': { repeat: 'episode', critical: false, information: true },
  defect: { repeat: 900 * SECOND, critical: true, event: true },
  // Every stop says it: nobody hedges it any more.
  'net-left': { repeat: 0, critical: true, event: true },
  'stray-order': { repeat: 900 * SECOND, critical: true },
  'other-engine': { repeat: 900 * SECOND, critical: true, event: true },
  'taker-fill': { repeat: 900 * SECOND, critical: false, event: true },
  'money-unexplained': { repeat: 'episode', critical: false },
  'isolated-margin': { repeat: 'episode', critical: false },
  'openings-stopped': { repeat: 'episode', critical: true },
  'dead-man-off': { repeat: 'episode', critical: false },
  // Every stop says it: there is nobody left to switch it off.
  'dead-man-armed': { repeat: 0, critical: false, event: true },
  'rollout-held': { repeat: 3600 * SECOND, critical: false },
  'rate-limited': { repeat: 'episode', critical: false },
  'requests-waiting': { repeat: 'episode', critical: false },
} as const satisfies Readonly<Record<string, AlertPolicy>>;

export const ALERT_POLICIES: Readonly<Record<AlertKind, AlertPolicy>> = POLICIES;

/** Every kind, in the order of the table. */
export const ALERT_KINDS = Object.keys(ALERT_POLICIES) as readonly AlertKind[];

// ---------------------------------------------------------------------------------------------------- keys and alerts

/** The key of an alert: its kind and what it is about, `-` standing for "no account". */
export function alertKey(kind: AlertKind, ...subject: readonly string[]): string {
  return [kind, ...subject].join(':');
}

/** Key of an API failure: account and call (strategy 12). */
export function apiFailureKey(account: AccountName | null, call: string): string {
  return alertKey('api-failure', account ?? '-', call);
}

/** A call to the exchange fails (strategy 10.3, 12); `inARow` counts the failures without a success between them. */
export function apiFailureAlert(failure: ExchangeFailure, inARow: number, atMs: number, sinceMs: number | null): Alert {
  return {
    kind: 'api-failure',
    key: apiFailureKey(failure.account, failure.call),
    account: failure.account,
    instrument: null,
    atMs,
    sinceMs,
    details: {
      call: failure.call,
      reason: failure.why,
      inARow: String(inARow),
      ...(failure.code === null ? {} : { code: String(failure.code) }),
    },
  };
}

/** Key of {@link isolatedMarginAlert}. */
export function isolatedMarginKey(account: AccountName, instrument: string): string {
  return alertKey('isolated-margin', account, instrument);
}

/** A traded instrument has a margin of its own, of which the account's margin ratio says nothing (strategy 11.7). */
export function isolatedMarginAlert(account: AccountName, instrument: string, leverage: string, atMs: number): Alert {
  return {
    kind: 'isolated-margin',
    key: isolatedMarginKey(account, instrument),
    account,
    instrument,
    atMs,
    sinceMs: null,
    details: { leverage },
  };
}

/** Key of {@link openingsStoppedAlert}. */
export function openingsStoppedKey(of: AccountName | 'loss'): string {
  return alertKey('openings-stopped', of);
}

/** Openings are stopped for an account's margin ratio or the loss of the day (strategy 8.6). */
export function openingsStoppedAlert(of: AccountName | 'loss', why: Reason, atMs: number): Alert {
  const account = of === 'loss' ? null : of;
  const key = openingsStoppedKey(of);
  return { kind: 'openings-stopped', key, account, instrument: null, atMs, sinceMs: null, details: { reason: why } };
}

/** The journal's database does not answer: nothing is created (strategy 18.1). */
export function journalUnreachableAlert(message: string, sinceMs: number, atMs: number): Alert {
  return {
    kind: 'journal-unreachable',
    key: alertKey('journal-unreachable'),
    account: null,
    instrument: null,
    atMs,
    sinceMs,
    details: { reason: message },
  };
}

/** Something of the engine itself failed (strategy 12), and where: a part, a task; null: there is only one of its kind. */
export function engineAlert(
  kind: 'actor-failed' | 'task-failed' | 'journal-failed' | 'lock-lost' | 'dead-man-armed' | 'defect',
  where: string | null,
  why: string | Reason,
  atMs: number,
): Alert {
  return {
    kind,
    key: where === null ? alertKey(kind) : alertKey(kind, where),
    account: null,
    instrument: null,
    atMs,
    sinceMs: null,
    details: { ...(where === null ? {} : { actor: where }), reason: why },
  };
}

/** The exchange refuses this account altogether (strategy 9.8). */
export function accountParkedAlert(failure: ExchangeFailure, account: AccountName, atMs: number): Alert {
  return {
    kind: 'account-parked',
    key: alertKey('account-parked', account),
    account,
    instrument: null,
    atMs,
    sinceMs: null,
    details: { reason: failure.why, code: failure.code === null ? '-' : String(failure.code) },
  };
}

/** The order id of an order that the matching engine has yet to name, or that it never did (API 5.1). */
const UNNAMED_ORDER = '0x00';

/** A foreign order on its way to the matching engine: told once it has the name it is told under (strategy 11.4). */
export function awaitsName(order: Pick<ForeignOrder, 'orderId' | 'status'>): boolean {
  return order.orderId === UNNAMED_ORDER && order.status === 'PENDING';
}

/** What a foreign order is told under: its order id, for client ids come again; the client id of one that rests without. */
export function foreignOrderName(order: Pick<ForeignOrder, 'orderId' | 'clientOrderId'>): string {
  return order.orderId === UNNAMED_ORDER ? order.clientOrderId : order.orderId;
}

/** An order on our accounts that is not ours (strategy 11.4); named once each. */
export function foreignOrderAlert(
  account: AccountName,
  instrument: string,
  order: { readonly orderId: string; readonly clientOrderId: string },
  atMs: number,
): Alert {
  return {
    kind: 'foreign-order',
    key: alertKey('foreign-order', account, foreignOrderName(order)),
    account,
    instrument,
    atMs,
    sinceMs: null,
    details: { orderId: order.orderId, clientOrderId: order.clientOrderId },
  };
}

// ---------------------------------------------------------------------------------------------------------- judgements

/** Margin ratios of the accounts further apart than this are told, once the higher one is above half the threshold (strategy 17.5). */
const RATIOS_APART = new Decimal('0.20');

/**
 * Whether maintenance margin / equity has reached the threshold (strategy 12), or lies far above the other account's (17.5);
 * margin against no equity at all counts. Returns null while it has not: the caller then clears `mmr:<account>`.
 *
 * @param other the other account's summary; null: not known yet
 */
export function judgeMmr(
  account: AccountName,
  summary: AccountSummary,
  threshold: Decimal,
  atMs: number,
  other: AccountSummary | null = null,
): Alert | null {
  const { totalEquity, maintenanceMargin } = summary;
  const reached = totalEquity.gt(0) ? maintenanceMargin.gte(threshold.mul(totalEquity)) : maintenanceMargin.gt(0);
  if (!reached && !isFarAbove(summary, other, threshold)) return null;
  const accounts = other === null ? null : account === 'A' ? { A: summary, B: other } : { A: other, B: summary };
  return {
    kind: 'mmr',
    key: alertKey('mmr', account),
    account,
    instrument: null,
    atMs,
    sinceMs: null,
    details: {
      ratio: totalEquity.gt(0) ? ratioText(maintenanceMargin.div(totalEquity)) : '∞',
      threshold: threshold.toFixed(Math.max(2, threshold.decimalPlaces())),
      ...(other?.totalEquity.gt(0) ? { other: ratioText(other.maintenanceMargin.div(other.totalEquity)) } : {}),
      marginUsdt: maintenanceMargin.toFixed(2),
      equityUsdt: totalEquity.toFixed(2),
      ...(accounts === null ? {} : { levelling: levellingAdvice(accounts) }),
    },
  };
}

/** Above half the threshold, and by more than 0.20 above the other account's. */
function isFarAbove(one: AccountSummary, other: AccountSummary | null, threshold: Decimal): boolean {
  if (other === null || !one.totalEquity.gt(0) || !other.totalEquity.gt(0)) return false;
  const ratio = one.maintenanceMargin.div(one.totalEquity);
  const apart = ratio.minus(other.maintenanceMargin.div(other.totalEquity));
  return apart.gt(RATIOS_APART) && ratio.gt(threshold.div(2));
}

/** Rounded down, so that the text never claims more than there is; 0.6999 does not read as the threshold 0.70. */
function ratioText(ratio: Decimal): string {
  return ratio.toDecimalPlaces(4, Decimal.ROUND_DOWN).toFixed(Math.max(2, Math.min(4, ratio.decimalPlaces())));
}

/** A symbol that is not hedged, as the unhedged alert and the daily report tell it (strategy 12, 12.2). */
export interface StuckSymbol {
  readonly instrument: string;
  /** The side that would hedge it: against the net (strategy 6.3). */
  readonly hedgeSide: Side;
  /** |net|, base units. */
  readonly size: Decimal;
  /** When it left hedged, across restarts. */
  readonly unhedgedSinceMs: number;
  /** What the hedge must not be worse than (strategy 7.2); null: not known yet. */
  readonly guardPrice: Decimal | null;
  /** Where the hedge would rest without a guard: the best ask for a sell, the best bid for a buy; null: no book. */
  readonly touch: Decimal | null;
  /** It leaves, and waits for this (strategy 16.3): reported however short it has. Absent: it stays. */
  readonly leaves?: true;
}

/** A net that stays open when the engine stops (strategy 13.4). */
export interface NetLeft {
  readonly instrument: string;
  /** The side that would hedge it. */
  readonly hedgeSide: Side;
  /** |net|, base units; with what traded and is not booked yet. */
  readonly size: Decimal;
  /** Its worth at the mark, USDT; null: no mark. */
  readonly usdt: Decimal | null;
  /** When the symbol left hedged; null: only what is not booked yet made it so. */
  readonly sinceMs: number | null;
  /** What hedging it at the touch as taker loses against its lots, USDT; below zero: gains. null: touch or lots not known. */
  readonly costUsdt: Decimal | null;
}

/** Longer unhedged than `stuckMs` (strategy 12): a wall-clock judgement, so a restart changes nothing. */
export function isStuck(unhedgedSinceMs: number, nowMs: number, stuckMs: number): boolean {
  return nowMs - unhedgedSinceMs > stuckMs;
}

/** The symbols that are not hedged, as far as is known now (strategy 12.2). */
export interface StuckNow {
  /** Stuck or not; one whose touch is still on its way is here without it. */
  readonly stuck: readonly StuckSymbol[];
  /** Symbols of which more is to be heard: they have not found out where they stand, or their touch is on its way. */
  readonly awaited: readonly string[];
}

/** What it would take to hedge a stuck symbol: how far the market is from the guard. */
export interface HedgeDistance {
  /** USDT the price has to go towards the guard before a hedge at the touch is allowed; 0: it is there. */
  readonly missing: Decimal;
  /** The same in per cent of the touch. */
  readonly missingPercent: Decimal;
  /** What hedging at the touch right now, by hand, would lose: USDT. */
  readonly lossNowUsdt: Decimal;
}

/** Distance of the guard from the present touch (strategy 12.2, 7.1); null where either is unknown. */
export function hedgeDistance(symbol: StuckSymbol): HedgeDistance | null {
  const { guardPrice, touch } = symbol;
  if (guardPrice === null || touch === null || !touch.gt(0)) return null;
  const signed = symbol.hedgeSide === 'sell' ? guardPrice.minus(touch) : touch.minus(guardPrice);
  const missing = signed.gt(0) ? signed : new Decimal(0);
  return { missing, missingPercent: missing.div(touch).mul(100), lossNowUsdt: missing.mul(symbol.size) };
}

/** Our clock against the exchange's may differ by this much before it is said: signatures expire by their clock. */
export const CLOCK_SKEW_LIMIT_MS = 2000;

/** Clock skew beyond 2 s (strategy 12), or null. `skewMs` is theirs minus ours; null: not known, which is no alert. */
export function judgeClockSkew(skewMs: number | null, atMs: number): Alert | null {
  if (skewMs === null || Math.abs(skewMs) <= CLOCK_SKEW_LIMIT_MS) return null;
  return {
    kind: 'clock-skew',
    key: alertKey('clock-skew'),
    account: null,
    instrument: null,
    atMs,
    sinceMs: null,
    details: { skew: `${(skewMs / SECOND).toFixed(1)} s`, limit: `${CLOCK_SKEW_LIMIT_MS / SECOND} s` },
  };
}

/** A part of the request budget was cut by a 429 (strategy 9.9), or requests wait long for it (9.1); null: no longer. */
export function judgeBudget(
  event: { readonly account: AccountName | null; readonly bucket: string; readonly atMs: number } & (
    | { readonly type: 'budget.share'; readonly share: number }
    | { readonly type: 'budget.late'; readonly waiting: number }
  ),
): {
  readonly key: string;
  readonly alert: Alert | null;
} {
  const { account, bucket, atMs } = event;
  const kind = event.type === 'budget.share' ? 'rate-limited' : 'requests-waiting';
  const key = alertKey(kind, account ?? '-', bucket);
  const holds = event.type === 'budget.share' ? event.share < 1 : event.waiting > 0;
  const details: Record<string, string> = { bucket };
  if (event.type === 'budget.share') details.share = `${Math.floor(event.share * 100)} %`;
  const alert = { kind, key, account, instrument: null, atMs, sinceMs: null, details } as const;
  return { key, alert: holds ? alert : null };
}

// ----------------------------------------------------------------------------------------------------------- silencing

/** Calls that every poll of an account makes: while one of them fails, the account is out of reach (strategy 10.1). */
const ACCOUNT_READS: readonly string[] = ['poll', 'positions', 'openOrders', 'accountSummary'];

/**
 * The wider alert that causes this one and makes telling it needless, or null (strategy 12).
 *
 * A parked account silences the failures and refusals of that account; a failing login silences its other calls; an
 * account that cannot be read silences its orders' calls; both accounts out of reach silence the public calls;
 * positions in one direction silence the remark on the configured side. Critical alerts are never silenced.
 */
export function widerAlert(
  alert: Pick<Alert, 'kind' | 'key' | 'account' | 'instrument'>,
  holds: (key: string) => boolean,
): string | null {
  const { account } = alert;
  const first = (keys: readonly string[]): string | null => keys.find((key) => key !== alert.key && holds(key)) ?? null;
  const unreachable = (name: AccountName): string | null =>
    first([alertKey('account-parked', name), ...['login', ...ACCOUNT_READS].map((call) => apiFailureKey(name, call))]);
  switch (alert.kind) {
    case 'api-failure': {
      if (account === null) return unreachable('A') !== null ? unreachable('B') : null;
      const call = alert.key.split(':')[2] ?? '';
      const parkedOrLogin = first([alertKey('account-parked', account), apiFailureKey(account, 'login')]);
      return parkedOrLogin ?? (ACCOUNT_READS.includes(call) || call === 'login' ? null : unreachable(account));
    }
    case 'order-refused':
      return account === null ? null : first([alertKey('account-parked', account)]);
    case 'order-ended':
      // The same reason on many symbols is one alert (strategy 9.5).
      return first([alertKey('orders-ended', alert.key.split(':').at(-1) ?? '')]);
    case 'side-contradicts-config':
      return alert.instrument === null ? null : first([alertKey('same-direction', alert.instrument)]);
    default:
      return null;
  }
}

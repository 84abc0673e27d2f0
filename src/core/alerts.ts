import { Decimal } from './decimal.ts';
import type { ExchangeFailure } from './failure.ts';
import { levellingAdvice } from './levelling.ts';
import type { AccountName, AccountSummary, ForeignOrder, Side } from './model.ts';
import type { Reason } from './reasons.ts';

/** Every kind of alert there is (strategy 12): a row of {@link ALERT_POLICIES}. */
export type AlertKind = keyof typeof POLICIES;

/** Details for the text: formatted numbers with units, e.g. `{ ratio: '0.74', threshold: '0.70' }`, and reasons. */
export type AlertDetails = Readonly<Record<string, string | Reason>>;

/** A condition, raised for as long as it holds and ended by `clear`; the alert manager decides what is sent (12). */
export interface Alert {
  readonly kind: AlertKind;
  /** Identity of the alert: kind plus account, symbol, call or order, e.g. `mmr:A`, `drift:BNB_USDT_Perp`. */
  readonly key: string;
  readonly account: AccountName | null;
  readonly instrument: string | null;
  readonly atMs: number;
  /** Since when the condition holds, if known and earlier than `atMs`. */
  readonly sinceMs: number | null;
  readonly details: AlertDetails;
}

const SECOND = 1000;

/** How often a continuing alert is sent: every so many milliseconds, once an episode, or once ever (e.g. per order). */
export type Repeat = number | 'episode' | 'once';

/** How the alert manager treats a kind of alert (strategy 12). */
export interface AlertPolicy {
  readonly repeat: Repeat;
  /**
   * Money or safety is at stake and the engine cannot fix it. Always sent in full: never folded into a count,
   * suppressed by a wider alert, or dropped from a full outbox.
   */
  readonly critical: boolean;
  /**
   * Raised once by an event, not for as long as a condition holds: the alert manager itself sends, at the end of the
   * period, what differed within it. Never suppressed by a wider alert.
   */
  readonly event?: boolean;
  /** Requires no action (strategy 12.3): sent once, listed last, no `resolved`, and not sent again within a day. */
  readonly information?: boolean;
}

/**
 * The table of strategy 12. Kinds it does not name take the period of the nearest row: what stays broken until somebody
 * acts (parked account, violated invariant, failed actor) repeats every 900 s; remarks on configuration or start-up are
 * sent once an episode.
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
  // Sent at every stop: nothing hedges the net any more.
  'net-left': { repeat: 0, critical: true, event: true },
  'stray-order': { repeat: 900 * SECOND, critical: true },
  'other-engine': { repeat: 900 * SECOND, critical: true, event: true },
  'taker-fill': { repeat: 900 * SECOND, critical: false, event: true },
  'money-unexplained': { repeat: 'episode', critical: false },
  'isolated-margin': { repeat: 'episode', critical: false },
  'openings-stopped': { repeat: 'episode', critical: true },
  'dead-man-off': { repeat: 'episode', critical: false },
  // Sent at every stop: the engine can no longer switch it off.
  'dead-man-armed': { repeat: 0, critical: false, event: true },
  'rollout-held': { repeat: 3600 * SECOND, critical: false },
  'rate-limited': { repeat: 'episode', critical: false },
  'requests-waiting': { repeat: 'episode', critical: false },
} as const satisfies Readonly<Record<string, AlertPolicy>>;

export const ALERT_POLICIES: Readonly<Record<AlertKind, AlertPolicy>> = POLICIES;

export const ALERT_KINDS = Object.keys(ALERT_POLICIES) as readonly AlertKind[];

/** The key of an alert: its kind and its subject; `-` stands for "no account". */
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
export function journalUnreachableAlert(why: Reason, sinceMs: number, atMs: number): Alert {
  return {
    kind: 'journal-unreachable',
    key: alertKey('journal-unreachable'),
    account: null,
    instrument: null,
    atMs,
    sinceMs,
    details: { reason: why },
  };
}

/** A failure of the engine itself (strategy 12). `where` names the part or task; null: the kind has only one. */
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

/** The exchange's order id of an order that the matching engine has not named yet, or never did (API 5.1). */
const UNNAMED_ORDER = '0x00';

/** Whether a foreign order still waits for the order id under which it is reported (strategy 11.4). */
export function awaitsName(order: Pick<ForeignOrder, 'orderId' | 'status'>): boolean {
  return order.orderId === UNNAMED_ORDER && order.status === 'PENDING';
}

/** Alert key of a foreign order: its order id, since client ids are reused; the client id if it has no order id. */
export function foreignOrderName(order: Pick<ForeignOrder, 'orderId' | 'clientOrderId'>): string {
  return order.orderId === UNNAMED_ORDER ? order.clientOrderId : order.orderId;
}

/** An order on our accounts that is not ours (strategy 11.4); reported once. */
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

/** Margin ratios further apart than this raise an alert if the higher one exceeds half the threshold (17.5). */
const RATIOS_APART = new Decimal('0.20');

/**
 * The alert if maintenance margin / equity has reached the threshold (strategy 12), or is far above the other account's
 * (17.5). No equity at all counts as reached. null: the caller clears `mmr:<account>`.
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

function isFarAbove(one: AccountSummary, other: AccountSummary | null, threshold: Decimal): boolean {
  if (other === null || !one.totalEquity.gt(0) || !other.totalEquity.gt(0)) return false;
  // Judged first, since it needs no division and fails in nearly every poll.
  if (!one.maintenanceMargin.mul(2).gt(threshold.mul(one.totalEquity))) return false;
  const ratio = one.maintenanceMargin.div(one.totalEquity);
  return ratio.minus(other.maintenanceMargin.div(other.totalEquity)).gt(RATIOS_APART);
}

/** Rounded down: 0.6999 must not read as the threshold 0.70. */
function ratioText(ratio: Decimal): string {
  return ratio.toDecimalPlaces(4, Decimal.ROUND_DOWN).toFixed(Math.max(2, Math.min(4, ratio.decimalPlaces())));
}

/** An unhedged symbol, for the unhedged alert and the daily report (strategy 12, 12.2). */
export interface StuckSymbol {
  readonly instrument: string;
  /** The side of the hedge: opposite to the net (strategy 6.3). */
  readonly hedgeSide: Side;
  /** |net|, base units. */
  readonly size: Decimal;
  /** When it became unhedged; survives restarts. */
  readonly unhedgedSinceMs: number;
  /** The guard price of the hedge (strategy 7.2); null: not known yet. */
  readonly guardPrice: Decimal | null;
  /** Best ask for a sell, best bid for a buy; null: no book. */
  readonly touch: Decimal | null;
  /** The symbol is being removed and waits for this hedge (strategy 16.3): reported at once. Absent: it stays. */
  readonly leaves?: true;
}

/** A net that stays open when the engine stops (strategy 13.4). */
export interface NetLeft {
  readonly instrument: string;
  /** The side that would hedge it. */
  readonly hedgeSide: Side;
  /** |net|, base units, including fills that are not booked yet. */
  readonly size: Decimal;
  /** Its worth at the mark, USDT; null: no mark. */
  readonly usdt: Decimal | null;
  /** When the symbol became unhedged; null: only fills that are not booked yet make it so. */
  readonly sinceMs: number | null;
  /** Loss of hedging it as taker at the best price against its lots, USDT; negative: a gain. null: not known. */
  readonly costUsdt: Decimal | null;
}

/** Unhedged for longer than `stuckMs` (strategy 12), by the wall clock: a restart does not reset it. */
export function isStuck(unhedgedSinceMs: number, nowMs: number, stuckMs: number): boolean {
  return nowMs - unhedgedSinceMs > stuckMs;
}

/** The unhedged symbols, as far as known (strategy 12.2). */
export interface StuckNow {
  /** Also those that are not stuck, and those whose best price is still being read (then without it). */
  readonly stuck: readonly StuckSymbol[];
  /** Symbols whose data are still incomplete: starting up, or their best price is still being read. */
  readonly awaited: readonly string[];
}

/** What hedging a stuck symbol would take: the distance between market and guard price. */
export interface HedgeDistance {
  /** USDT by which the price must move before a hedge at the best price is allowed; 0: allowed now. */
  readonly missing: Decimal;
  /** The same in per cent of the best price. */
  readonly missingPercent: Decimal;
  /** Loss of hedging now by hand at the best price, USDT. */
  readonly lossNowUsdt: Decimal;
}

/** Distance of the guard price from the best price (strategy 12.2, 7.1); null if either is unknown. */
export function hedgeDistance(symbol: StuckSymbol): HedgeDistance | null {
  const { guardPrice, touch } = symbol;
  if (guardPrice === null || touch === null || !touch.gt(0)) return null;
  const signed = symbol.hedgeSide === 'sell' ? guardPrice.minus(touch) : touch.minus(guardPrice);
  const missing = signed.gt(0) ? signed : new Decimal(0);
  return { missing, missingPercent: missing.div(touch).mul(100), lossNowUsdt: missing.mul(symbol.size) };
}

/** Clock difference to the exchange above which an alert is raised: signatures expire by the exchange's clock. */
export const CLOCK_SKEW_LIMIT_MS = 2000;

/** Clock skew beyond 2 s (strategy 12), or null. `skewMs`: the exchange's clock minus ours; null: unknown, no alert. */
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

/** A request budget was cut after a 429 (strategy 9.9), or requests wait long for it (9.1); null: neither. */
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

/** Calls made by every poll of an account: while one of them fails, the account cannot be read (strategy 10.1). */
const ACCOUNT_READS: readonly string[] = ['poll', 'positions', 'openOrders', 'accountSummary'];

/**
 * The wider alert that causes this one and suppresses it, or null (strategy 12). Parked account → its failures and
 * refusals; failing login → its other calls; unreadable account → its order calls; both accounts unreadable → public
 * calls; positions in one direction → the remark on the configured side. Critical alerts are never suppressed.
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

/**
 * What the exchange's codes and reasons for a refusal mean to the strategy (strategy 6.3, 9.5): whether the rules we trade by
 * are in doubt, whether the other way of 6.3 is to be taken, whether an order that ended was ended by us.
 */

import { type Reason, reason } from './reasons.ts';

/** A create that the exchange refused, or an order that it ended: its code, or its reason. */
export interface Refusal {
  readonly code: number | null;
  readonly reason: Reason;
}

/** The exchange's reject reason, as a reason of ours. */
export function rejection(word: string): Reason {
  return reason('rejected', '9.5', { word });
}

/** The exchange's reject reason; empty: the create was answered with a code. */
function wordOf({ reason }: Refusal): string {
  return reason.code === 'rejected' ? reason.params.word : '';
}

/** Not active, size below the minimum, off tick, off step, below the minimum notional: our rules of the instrument may be old. */
const DOUBTFUL_RULES: ReadonlySet<number> = new Set([2060, 2062, 2064, 2065, 2066, 2067]);

/** Whether the instruments are to be read again before the next attempt (strategy 9.5, 11.8). */
export function doubtsRules(refusal: Refusal): boolean {
  const { code } = refusal;
  return (code !== null && DOUBTFUL_RULES.has(code)) || wordOf(refusal) === 'INSTRUMENT_DEACTIVATED';
}

/** Margin, position limit, order checks, number of orders, permission, reduce-only: it concerns this account on this side. */
const WAY_CODES: ReadonlySet<number> = new Set([
  1400, 2080, 2081, 2082, 2083, 2084, 2090, 2091, 2400, 2401, 2402, 2450, 2451, 2452, 2453, 7304,
]);
const WAY_REASONS: ReadonlySet<string> = new Set([
  'BELOW_MARGIN',
  'BELOW_MARGIN_WITH_PENALTY_DEVIATION',
  'EXCEED_MAX_POSITION_SIZE',
  'FAIL_REDUCE_ONLY',
  'REDUCE_ONLY_LIMIT',
  'LIQUIDATION',
  'DERISK_IN_PROGRESS',
  'DERISK_MM_RATIO_EXCEEDED',
  'DERISK_LIQUIDATION',
  'TRADE_PRICE_WORSE_THAN_BANKRUPTCY_PRICE',
  'NO_TRADE_PERMISSION',
  'UNAUTHORISED',
  'NOT_QUALIFIED_MAKER',
]);

/** Whether the refusal is for margin, position limit, permission or reduce-only: the other way of 6.3 is taken. */
export function blocksWay(refusal: Refusal): boolean {
  const { code } = refusal;
  const word = wordOf(refusal);
  return (code !== null && WAY_CODES.has(code)) || WAY_REASONS.has(word) || word.startsWith('DERISK_');
}

/** The price crossed the opposite best or the index: where the book does not tell why, the index does (strategy 9.5). */
export const WOULD_CROSS = 'RESTING_ORDER_WOULD_CROSS';

/** Reasons of a post-only refusal (strategy 9.5): the price would have taken from the book. */
const POST_ONLY_REASONS: ReadonlySet<string> = new Set(['FAIL_POST_ONLY', WOULD_CROSS]);

/** Whether an order that is over with this reason was refused as post-only: priced again, tried again. */
export function isPostOnlyRefusal(reason: string): boolean {
  return POST_ONLY_REASONS.has(reason);
}

/** Reasons of a cancel that somebody asked for: by request, or with the session it was asked in. */
const DEAD_MAN = 'CLIENT_CANCEL_ON_DISCONNECT_TRIGGERED';
const CANCEL_REASONS: ReadonlySet<string> = new Set([
  'CLIENT_CANCEL',
  'CLIENT_BULK_CANCEL',
  'CLIENT_SESSION_END',
  'CLIENT_REPLACE',
  DEAD_MAN,
]);

/**
 * Who ended an order that had rested (strategy 9.5): it was filled, expired, or a cancel of ours met it (`ours`); somebody
 * cancelled it by hand; or the exchange did by itself, for a reason we may not know.
 *
 * @param cancelled whether a cancel of ours may have been under way
 * @param deadMan whether the dead-man timer is ours
 */
export function whoEnded(
  { status, rejectReason }: { readonly status: string; readonly rejectReason: string },
  cancelled: boolean,
  deadMan = false,
): 'ours' | 'by-hand' | 'exchange' {
  if (status === 'FILLED' || rejectReason === 'EXPIRED') return 'ours';
  if (deadMan && rejectReason === DEAD_MAN) return 'ours';
  // Without a reason the exchange does not say that it was anything but our cancel.
  if (cancelled && (CANCEL_REASONS.has(rejectReason) || rejectReason === 'UNSPECIFIED')) return 'ours';
  return CANCEL_REASONS.has(rejectReason) ? 'by-hand' : 'exchange';
}

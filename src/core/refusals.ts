/**
 * Meaning of the exchange's refusal codes and reasons (strategy 6.3, 9.5): doubt about our rules of the instrument, the
 * other way of 6.3, an order that we ended ourselves.
 */

import { type Reason, reason } from './reasons.ts';

/** A create that the exchange refused, or an order that it ended: its code, or its reason. */
export interface Refusal {
  readonly code: number | null;
  readonly reason: Reason;
}

export function rejection(word: string): Reason {
  return reason('rejected', '9.5', { word });
}

/** Empty: the create was answered with a code. */
function wordOf({ reason }: Refusal): string {
  return reason.code === 'rejected' ? reason.params.word : '';
}

/** Not active, size below the minimum, off tick, off step, below the minimum notional: our rules may be outdated. */
const DOUBTFUL_RULES: ReadonlySet<number> = new Set([2060, 2062, 2064, 2065, 2066, 2067]);

/** Whether to read the instruments again before the next attempt (strategy 9.5, 11.8). */
export function doubtsRules(refusal: Refusal): boolean {
  const { code } = refusal;
  return (code !== null && DOUBTFUL_RULES.has(code)) || wordOf(refusal) === 'INSTRUMENT_DEACTIVATED';
}

/** Margin, position limit, order checks, number of orders, permission, reduce-only: of this account and side. */
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

/** The price crossed the opposite best price or the index: the index, if the book does not explain it (9.5). */
export const WOULD_CROSS = 'RESTING_ORDER_WOULD_CROSS';

/** Reasons of a post-only refusal (strategy 9.5): the order would have been a taker. */
const POST_ONLY_REASONS: ReadonlySet<string> = new Set(['FAIL_POST_ONLY', WOULD_CROSS]);

/** Whether an order ended with this reason was refused as post-only: it is priced and sent again. */
export function isPostOnlyRefusal(reason: string): boolean {
  return POST_ONLY_REASONS.has(reason);
}

/** Reasons of a requested cancel, or of one by the end of the session. */
const DEAD_MAN = 'CLIENT_CANCEL_ON_DISCONNECT_TRIGGERED';
const CANCEL_REASONS: ReadonlySet<string> = new Set([
  'CLIENT_CANCEL',
  'CLIENT_BULK_CANCEL',
  'CLIENT_SESSION_END',
  'CLIENT_REPLACE',
  DEAD_MAN,
]);

/**
 * Who ended a resting order (strategy 9.5): `ours` if it was filled, expired, or a cancel of ours reached it; a person;
 * or the exchange, perhaps for an unknown reason.
 * @param cancelled whether a cancel of ours may have been in flight @param deadMan whether the dead-man timer is ours
 */
export function whoEnded(
  { status, rejectReason }: { readonly status: string; readonly rejectReason: string },
  cancelled: boolean,
  deadMan = false,
): 'ours' | 'by-hand' | 'exchange' {
  if (status === 'FILLED' || rejectReason === 'EXPIRED') return 'ours';
  if (deadMan && rejectReason === DEAD_MAN) return 'ours';
  // Without a reason it is taken for our cancel.
  if (cancelled && (CANCEL_REASONS.has(rejectReason) || rejectReason === 'UNSPECIFIED')) return 'ours';
  return CANCEL_REASONS.has(rejectReason) ? 'by-hand' : 'exchange';
}

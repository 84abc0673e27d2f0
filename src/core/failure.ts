import { errorText } from './error-text.ts';
import type { AccountName } from './model.ts';
import { type Reason, reason } from './reasons.ts';

/**
 * Why a call to the exchange gave no usable answer. Distinct from each other (docs/decisions): *denied* by us,
 * *refused* by the venue, *unknown* outcome, *unavailable* (a read failed).
 */
export type FailureKind =
  /** The exchange refused: it did not happen and will not. */
  | 'refused'
  /** 1004: the exchange does not know it at that moment. */
  | 'not-found'
  /** 401/1000 even after a new login. It did not happen. */
  | 'unauthenticated'
  /** 1001, 1008 and the like: the account must stop (strategy 9.8). It did not happen. */
  | 'parked'
  /** 429/1006: it did not happen; back off (strategy 9.9). */
  | 'rate-limited'
  /** A create or cancel was sent and its outcome is unknown (strategy 9.6). */
  | 'unknown'
  /** A read failed, or a request was never sent. Nothing happened. */
  | 'unavailable'
  /** The answer to a read is impossible; the message names the field (strategy 10.4). */
  | 'malformed';

/** What the adapter throws. `message` contains no secret. */
export interface ExchangeFailure {
  readonly kind: FailureKind;
  /** The method of the port: `createOrder`, `positions`, … */
  readonly call: string;
  /** null: a public call. */
  readonly account: AccountName | null;
  /** GRVT's error code, if any. */
  readonly code: number | null;
  readonly why: Reason;
  /** Call, account and `why` in English. */
  readonly message: string;
}

/** Turns anything thrown into a failure; a defect of ours (no `kind`) becomes `unavailable` of that call. */
export function toFailure(thrown: unknown, call: string, account: AccountName | null): ExchangeFailure {
  if (thrown instanceof Error && 'kind' in thrown && 'call' in thrown) return thrown as unknown as ExchangeFailure;
  const message = errorText(thrown);
  return { kind: 'unavailable', call, account, code: null, why: reason('part-failed', '10.3', { message }), message };
}

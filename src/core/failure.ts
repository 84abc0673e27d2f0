import { errorText } from './error-text.ts';
import type { AccountName } from './model.ts';
import { type Reason, reason } from './reasons.ts';

/**
 * Why a call to the exchange gave no usable answer. Four words that are not each other (docs/decisions): *denied* is ours,
 * *refused* is the venue's, *unknown* is nobody's yet, *unavailable* says only that a read failed.
 */
export type FailureKind =
  /** The exchange answered no: it did not happen and will not. */
  | 'refused'
  /** 1004: no such thing known to the exchange at that moment. */
  | 'not-found'
  /** 401/1000 even after one new login. It did not happen. */
  | 'unauthenticated'
  /** 1001, 1008 and their like: this account must not go on (strategy 9.8). It did not happen. */
  | 'parked'
  /** 429/1006: it did not happen; wait (strategy 9.9). */
  | 'rate-limited'
  /** A create or cancel left, and what became of it is not known (strategy 9.6). */
  | 'unknown'
  /** A read failed, or a request never left. Nothing happened, nothing was learned. */
  | 'unavailable'
  /** A read was answered with something impossible; the field is named in the message (strategy 10.4). */
  | 'malformed';

/** What the adapter throws, as seen by everyone else. `message` names no secret. */
export interface ExchangeFailure {
  readonly kind: FailureKind;
  /** Which call, in the port's words: `createOrder`, `positions`, … */
  readonly call: string;
  /** null: a public call. */
  readonly account: AccountName | null;
  /** GRVT's error code, when it gave one. */
  readonly code: number | null;
  readonly why: Reason;
  /** Call, account and `why` in English. */
  readonly message: string;
}

/** Reads whatever was thrown as a failure; a defect of ours (no `kind`) is reported as `unavailable` of the call named. */
export function toFailure(thrown: unknown, call: string, account: AccountName | null): ExchangeFailure {
  if (thrown instanceof Error && 'kind' in thrown && 'call' in thrown) return thrown as unknown as ExchangeFailure;
  const message = errorText(thrown);
  return { kind: 'unavailable', call, account, code: null, why: reason('part-failed', '10.3', { message }), message };
}

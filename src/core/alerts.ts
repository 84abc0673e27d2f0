import type { AccountName } from './model.ts';

/** Every kind of alert there is (strategy 12). */
export type AlertKind =
  | 'api-failure'
  | 'account-parked'
  | 'mmr'
  | 'post-only-exhausted'
  | 'unhedged'
  | 'foreign-order'
  | 'order-refused'
  | 'drift'
  | 'same-direction'
  | 'side-contradicts-config'
  | 'order-count'
  | 'clock-skew'
  | 'limit-reached'
  | 'invariant-broken'
  | 'actor-failed'
  | 'start-difference';

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
  /** Numbers and words for the text, already formatted with units, e.g. `{ ratio: '0.74', threshold: '0.70' }`. */
  readonly details: Readonly<Record<string, string>>;
}

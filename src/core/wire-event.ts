import type { AccountName } from './model.ts';

/**
 * Traffic with the exchange as observed at the adapter: the auditor's only source (strategy 15). Bodies are GRVT's JSON
 * under its full field names. A body may be shared between events and is never changed.
 */
export type WireEvent =
  | {
      readonly kind: 'sent';
      readonly id: number;
      readonly atMs: number;
      readonly account: AccountName | null;
      readonly route: string;
      readonly request: unknown;
    }
  | {
      readonly kind: 'answered';
      readonly id: number;
      readonly atMs: number;
      readonly account: AccountName | null;
      readonly route: string;
      readonly status: number;
      readonly body: unknown;
    }
  /** No readable answer: time-out, reset, garbage. */
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly atMs: number;
      readonly account: AccountName | null;
      readonly route: string;
      readonly reason: string;
      /** Withheld just before its bytes would have been sent (strategy 18.2): nothing can have arrived. */
      readonly neverLeft?: true;
    }
  /** A stream frame as received; `account` null: market data. Its id shares the counter of requests. */
  | {
      readonly kind: 'frame';
      readonly id: number;
      readonly atMs: number;
      readonly account: AccountName | null;
      readonly stream: string;
      readonly selector: string;
      /** As the exchange wrote them: decimal text. */
      readonly sequence: string;
      readonly previous: string | null;
      readonly feed: unknown;
    };

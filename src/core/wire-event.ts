import type { AccountName } from './model.ts';

/**
 * What crosses the wire, as a tap on the adapter hears it: the auditor (strategy 15) knows nothing else.
 * Bodies are GRVT's JSON under its full field names, untouched. The same body may be the same value: nobody changes it.
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
      /** It was withheld when its bytes were about to leave (strategy 18.2): nothing of it can have arrived. */
      readonly neverLeft?: true;
    }
  /** A feed of a stream, as received; `account` null: market data. Its id is of the same counter as the requests'. */
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

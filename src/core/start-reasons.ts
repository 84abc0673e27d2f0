import type { AccountName } from './model.ts';

/** Why a start is refused or warned of, which journal is meant, why a command got no answer: parameters by code. */

export interface StartReasonParams {
  'setting-unknown': { readonly name: ShownValue; readonly near: string };
  'old-rate-ignored': { readonly name: string; readonly instead: string };
  'old-rate-taken': { readonly name: string; readonly instead: string; readonly scale: string };
  'paper-keys-unused': None;
  'paper-hosts-unused': { readonly names: readonly string[] };
  'host-stands-in': { readonly name: string; readonly url: string; readonly own: string; readonly mode: string };
  'not-encrypted': {
    readonly name: string;
    readonly url: string;
    readonly what: 'keys-and-orders' | 'alerts-and-key' | 'address';
  };
  'any-certificate': None;
  'all-proxy-unused': None;
  'telegram-half-given': None;
  'orders-end-early': { readonly ttlSeconds: number; readonly partialSeconds: number };
  'database-open': { readonly database: string };
  'file-exposed': { readonly path: string; readonly what: 'read' | 'write'; readonly mode: string };
  'runs-as-root': None;
  'node-options': { readonly options: readonly string[] };
  'no-symbol-enabled': { readonly file: string };
  /** `at`: the row; `near`: what may be meant. */
  'row-unlisted': { readonly at: string; readonly near: string | null };
  'row-unlisted-any-more': { readonly at: string };

  'stopped-while-starting': None;
  'another-engine': { readonly account: AccountName; readonly instrument: string; readonly clientOrderId: string };
  /** `more`: orders beyond those that are named. */
  'dead-man-against-others': {
    readonly seconds: number;
    readonly orders: readonly {
      readonly orderId: string;
      readonly account: AccountName;
      readonly instrument: string;
    }[];
    readonly more: number;
  };

  'no-such-journal': { readonly file: string; readonly others: readonly string[] };
  'pair-unknown': None;
  'no-paper-journal': { readonly dataDir: string };
  'many-journals': { readonly mode: string; readonly names: readonly string[] };
  'no-journal': { readonly mode: string; readonly dataDir: string };
  'copy-without-database': None;
  /** `word`: names the database. */
  'copy-between-files': { readonly word: string };
  'restore-into-database': { readonly copy: string; readonly word: string };
  'restore-without-accounts': None;

  'no-engine': { readonly dataDir: string };
  'control-late': { readonly seconds: number };
  'control-closed': None;
  /** The words of the system, of a library or of a newer engine. */
  'others-words': { readonly words: string };
  'control-too-long': { readonly bytes: number };
  'control-no-engine': None;
  'control-version': { readonly theirs: number; readonly ours: number };
  'control-secret': None;
  'control-unreadable': None;
  // What an engine says to a client that it does not serve.
  'control-full': { readonly clients: number };
  'control-no-command': { readonly seconds: number };
  'control-line-too-long': { readonly bytes: number };
  'control-no-proof': None;
  'control-client-version': { readonly theirs: number; readonly ours: number };
  'control-client-secret': None;
  'control-command-unknown': None;
  'disk-late': None;
}

/** A value of the settings: quoted or as it was written; else described, since it may be a secret or is long. */
export type ShownValue =
  | string
  | ({ readonly hidden: 'key' | 'url' | 'value' } & TextShape)
  | ({ readonly hidden: 'rest'; readonly origin: string } & TextShape)
  | { readonly json: 'list' | 'object' };

/** The shape of a secret. */
export interface TextShape {
  readonly characters: number;
  readonly kind: 'digits' | 'hex-0x' | 'hex' | 'white-space' | 'printable' | 'not-ascii';
}

/** What JSON needed at the place where a text is not JSON; `]` and `}`: a comma or that. */
export type JsonExpected = 'value' | 'key' | 'colon' | ']' | '}' | 'end';

type None = Readonly<Record<never, never>>;

import type { Asked, BucketName } from './budget.ts';
import type { CallEffect } from './errors.ts';
import type { OrderCall } from './orders.ts';

/**
 * What a call is: its names in the port and on the wire, its budget, its body under full names. The row of each call, the schema of
 * its answer and its reader stand together, by subject: parse-market, parse-account, parse-orders, payments.
 */

export interface CallNames {
  readonly call: string;
  readonly bucket: BucketName;
  readonly asked: Asked;
}

/** A read: its body under full names, and the client method. */
export interface ReadSpec<Client> extends CallNames {
  readonly route: string;
  readonly effect: CallEffect;
  readonly request: Readonly<Record<string, unknown>>;
  readonly invoke: (client: Client, request: never, config: never) => Promise<unknown>;
  /** Optional: an older server or the key's permissions may not have it. Its failure is ignored. */
  readonly isOptional?: boolean;
  /** For repeated calls: the last answer. */
  readonly repeats?: LastAnswer;
}

export type CallSpec<Client> =
  | ReadSpec<Client>
  | (OrderCall & CallNames & { readonly isOptional?: never; readonly repeats?: never });

/**
 * The last answer of a call of one account, and its decoded form, so that the same text is not decoded again: most
 * polls bring the same open orders. One answer per call is kept.
 */
export interface LastAnswer {
  /** The request as it was sent; it never changes. null: not sent yet. */
  sent: SentRead | null;
  decoded: Decoded | null;
  /** An answer for observers, without fields that the client's tables do not know. */
  readonly tellable: (value: unknown) => unknown;
}

/** A read as the client makes it. */
export interface SentRead {
  readonly path: string;
  readonly body: string;
}

export interface Decoded {
  readonly text: string;
  /** Under lite names, and under full names. */
  readonly body: unknown;
  readonly mapped: unknown;
}

export interface Owner {
  readonly subAccountId: string;
}

/** Weights of API 7. */
export const READ_UNITS = 20;
export const SUMMARY_UNITS = 40;
export const MARKET_UNITS = 12;

export const OF_ACCOUNT = { effect: 'read', bucket: 'reads' } as const;
export const OF_MARKET = { effect: 'read', bucket: 'market data' } as const;

export function asks(need: Asked['need'], units: number): { readonly asked: Asked } {
  return { asked: { need, units } };
}

/** The account, as requests name it. */
export function of({ subAccountId }: Owner): { readonly sub_account_id: string } {
  return { sub_account_id: subAccountId };
}

/** Nanoseconds since the epoch, as text. */
export function nanos(ms: number): string {
  return `${BigInt(Math.max(0, Math.floor(ms))) * 1_000_000n}`;
}

/** The request of a page of a list. */
export function pageOf(owner: Owner, sinceMs: number, limit: number, cursor: string | null) {
  return { ...of(owner), start_time: nanos(sinceMs), limit, ...(cursor === null ? {} : { cursor }) };
}

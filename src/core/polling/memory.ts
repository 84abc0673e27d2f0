import type { ExchangeFailure } from '../failure.ts';
import type { FailedLookup, OrdersWatched } from '../messages.ts';
import type { AccountFill, AccountName, AccountSummary, ListedOrder, OrderLookup, Position, Rows } from '../model.ts';
import { type AccountView, emptyView } from '../view.ts';

/** The summary is read this often: margin moves with the mark, and its weight is that of two other reads (strategy 10.1). */
export const SUMMARY_EVERY_MS = 10_000;
/** Look-ups of one poll, whole instruments at a time: about half the orders of a hundred symbols, 10 s of the request budget. */
export const LOOKUPS_MAX = 100;

/** What the reads gave; the summary may be that of an earlier poll. */
export interface Reading {
  readonly positions: Rows<Position>;
  readonly openOrders: Rows<ListedOrder>;
  readonly summary: AccountSummary;
}

/** An order to be looked up. */
export interface WatchedOrder {
  readonly instrument: string;
  readonly clientOrderId: string;
  readonly sentAtMs: number | null;
}

export interface LookupResults {
  readonly lookups: readonly OrderLookup[];
  /** Instruments with an order that could not be looked up. */
  readonly failed: Readonly<Record<string, ExchangeFailure>>;
  /** Absent: not asked for. */
  readonly fills?: readonly AccountFill[] | ExchangeFailure;
}

/** One reading of the account, from its requests to what it is made of. */
export interface Poll {
  readonly requestedAtMs: number;
  /** Of our clock then. */
  readonly era: number;
  /** What symbols watched when it began. */
  readonly watched: Readonly<Record<string, OrdersWatched>>;
  readonly reading: Reading | null;
  readonly toLookUp: readonly WatchedOrder[];
  /** Instruments whose missing orders found no room. */
  readonly postponed: readonly string[];
  readonly results: LookupResults;
}

export interface PollerBeginning {
  readonly account: AccountName;
  /** Whose symbols get slices. */
  readonly instruments: readonly string[];
  /** Pause after each poll (`LOOP_INTERVAL_SEC`), milliseconds. */
  readonly loopIntervalMs: number;
}

/** What a poller knows. */
export interface PollerMemory extends PollerBeginning {
  readonly view: AccountView;
  readonly summary: { readonly requestedAtMs: number; readonly value: AccountSummary } | null;
  /** The orders that each symbol wants to be found, or looked up. */
  readonly watched: Readonly<Record<string, OrdersWatched>>;
  readonly poll: Poll;
  /** The instrument the next poll's look-ups begin after. */
  readonly lookedUpLast: string;
  /** Look-ups that fail, by call: until a poll in which all of them succeed. At most one key per call that looks up. */
  readonly failedLookups: Readonly<Record<string, FailedLookup>>;
  readonly failure: ExchangeFailure | null;
  readonly failuresInARow: number;
  /** null: not known before the first poll ends; the poller before this one may have parked it. */
  readonly isParked: boolean | null;
  /** Told to park while a poll was under way: that poll's success proves nothing. */
  readonly parkAfterPoll: boolean;
}

export const NO_RESULTS: LookupResults = { lookups: [], failed: {} };
export const NONE_FAILED: PollerMemory['failedLookups'] = {};

/** What a poller knows before its first poll. */
export function initialPoller(beginning: PollerBeginning): PollerMemory {
  return {
    ...beginning,
    view: emptyView(beginning.account, beginning.instruments),
    summary: null,
    watched: {},
    poll: {
      ...{ requestedAtMs: 0, era: 0, watched: {}, reading: null },
      ...{ toLookUp: [], postponed: [], results: NO_RESULTS },
    },
    lookedUpLast: '',
    failedLookups: NONE_FAILED,
    failure: null,
    failuresInARow: 0,
    isParked: null,
    parkAfterPoll: false,
  };
}

/** The exchange refuses the account altogether (strategy 9.8). */
export function isParking(failure: ExchangeFailure | null): boolean {
  return failure?.kind === 'parked' || failure?.kind === 'unauthenticated';
}

import type { ExchangeFailure } from '../failure.ts';
import type { FailedLookup, OrdersWatched } from '../messages.ts';
import type { AccountFill, AccountName, AccountSummary, ListedOrder, OrderLookup, Position, Rows } from '../model.ts';
import { type AccountView, emptyView } from '../view.ts';

/** Interval of reading the summary: margin moves with the mark, and it costs as much as two other reads (10.1). */
export const SUMMARY_EVERY_MS = 10_000;
/** Look-ups of one poll, by whole instruments: half the orders of a hundred symbols, 10 s of the request budget. */
export const LOOKUPS_MAX = 100;

/** Results of the reads; the summary may be an earlier poll's. */
export interface Reading {
  readonly positions: Rows<Position>;
  readonly openOrders: Rows<ListedOrder>;
  readonly summary: AccountSummary;
}

export interface WatchedOrder {
  readonly instrument: string;
  readonly clientOrderId: string;
  readonly sentAtMs: number | null;
}

export interface LookupResults {
  readonly lookups: readonly OrderLookup[];
  /** Instruments with an order whose look-up failed. */
  readonly failed: Readonly<Record<string, ExchangeFailure>>;
  /** Absent: not requested. */
  readonly fills?: readonly AccountFill[] | ExchangeFailure;
}

/** One poll of the account, from its requests to its snapshots. */
export interface Poll {
  readonly requestedAtMs: number;
  /** Era of our clock at that time. */
  readonly era: number;
  /** What the symbols watched at its beginning. */
  readonly watched: Readonly<Record<string, OrdersWatched>>;
  readonly reading: Reading | null;
  readonly toLookUp: readonly WatchedOrder[];
  /** Instruments whose missing orders did not fit. */
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

export interface PollerMemory extends PollerBeginning {
  readonly view: AccountView;
  readonly summary: { readonly requestedAtMs: number; readonly value: AccountSummary } | null;
  /** The summary that was sent to the daemon last; the same one is not sent again. */
  readonly sentSummary: AccountSummary | null;
  /** The orders each symbol needs to see or have looked up. */
  readonly watched: Readonly<Record<string, OrdersWatched>>;
  readonly poll: Poll;
  /** The last instrument looked up: the next poll continues after it. */
  readonly lookedUpLast: string;
  /** Failing look-ups by call, until a poll in which all of them succeed. At most one key per call. */
  readonly failedLookups: Readonly<Record<string, FailedLookup>>;
  readonly failure: ExchangeFailure | null;
  readonly failuresInARow: number;
  /** null: unknown until the first poll ends; a previous poller may have parked it. */
  readonly isParked: boolean | null;
  /** Parked during a poll: the success of that poll proves nothing. */
  readonly parkAfterPoll: boolean;
}

export const NO_RESULTS: LookupResults = { lookups: [], failed: {} };
export const NONE_FAILED: PollerMemory['failedLookups'] = {};

export function initialPoller(beginning: PollerBeginning): PollerMemory {
  return {
    ...beginning,
    view: emptyView(beginning.account, beginning.instruments),
    summary: null,
    sentSummary: null,
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

/** The exchange has locked the account out (strategy 9.8). */
export function isParking(failure: ExchangeFailure | null): boolean {
  return failure?.kind === 'parked' || failure?.kind === 'unauthenticated';
}

import type { Fact } from '../core/facts.ts';
import type { AccountName } from '../core/model.ts';
import type { Reason } from '../core/reasons.ts';
import type { WireEvent } from '../core/wire-event.ts';
import type { Redact } from '../ports.ts';
import type { BookClock } from './books.ts';
import type { Post } from './http.ts';
import type { FetchLike } from './session.ts';

/** Origins of the three services (API 1), e.g. `https://trades.grvt.io`. */
export interface GrvtHosts {
  readonly edge: string;
  readonly trades: string;
  readonly marketData: string;
}

export interface GrvtKeys {
  readonly apiKey: string;
  readonly privateKey: string;
  readonly subAccountId: string;
}

/** Log levels of REST calls: ERROR no usable answer, WARNING refusals, INFO logins, DEBUG every call. */
export type SdkLogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';
export const LOG_RANK: Readonly<Record<string, number>> = {
  DEBUG: 0,
  INFO: 1,
  WARN: 2,
  WARNING: 2,
  ERROR: 3,
  CRITICAL: 4,
  OFF: 5,
};

export interface GrvtOptions {
  readonly hosts: GrvtHosts;
  readonly chainId: number;
  readonly accounts: Readonly<Record<AccountName, GrvtKeys>>;
  /** Levels of the books: 10, 50, 100 or 500. */
  readonly bookDepth: number;
  /** `RATE_SCALE`: multiplies the budget, for other tiers (strategy 9.1). */
  readonly rateScale: number;
  readonly clock: BookClock;
  /** Level of `log`; default ERROR, also for unknown values. */
  readonly sdkLogLevel?: string;
  readonly log?: (level: SdkLogLevel, message: string) => void;
  /** Observes every trading and market data request and answer (strategy 15). */
  readonly onWire?: (event: WireEvent) => void;
  readonly report?: (fact: Fact) => void;
  /** Applied to foreign text before it is shown; learns each session. */
  readonly redact?: Redact;
  /** Names of traded instruments, in any case: other unreadable rows are skipped. Absent: all are (10.4). */
  readonly instruments?: readonly string[];
  /** Replaces sockets for REST calls: virtual time. */
  readonly post?: Post;
  /** Sends the logins; default node-fetch. */
  readonly fetch?: FetchLike;
  /** The proxy an address is reached through; absent or null: directly (strategy 2.1). */
  readonly proxyFor?: (url: string) => string | null;
  /** Why an order may not be cancelled from here (strategy 18.2); absent: any may be. */
  readonly whyNotCancel?: (clientOrderId: string) => Reason | null;
}

/** Observes the traffic of all adapters. */
export interface WireObserver {
  nextId(): number;
  /** Never throws: an error of the observer must not affect a call. */
  tell(event: WireEvent): void;
}

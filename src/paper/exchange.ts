import { Api, type PaperAnswer, type PaperRequest } from './api.ts';
import { Control } from './control.ts';
import { DEFAULT_FOR_MS, type FaultRule, Faults } from './faults.ts';
import { E9, e9 } from './fixed.ts';
import { defaultInstruments, type InstrumentSpec } from './instruments.ts';
import { type MarketProfile, PROFILES, type ProfileName } from './market.ts';
import type { VenueOptions } from './model.ts';
import { RateLimits } from './rate-limits.ts';
import type { ReplayOptions } from './replay.ts';
import { credentialsFromSeed, type PaperCredentials, Sessions } from './sessions.ts';
import type { Connection, Sink } from './stream-client.ts';
import { StreamHub } from './streams.ts';
import { AccountTerms } from './terms.ts';
import { Venue } from './venue.ts';

/** Options of the embedded exchange. Everything but the start time has a default. */
export interface PaperOptions {
  /** For market, credentials and faults. Default 1. */
  readonly seed?: number;
  /** When its time begins, ms since the epoch. */
  readonly startMs: number;
  readonly instruments?: readonly InstrumentSpec[];
  /** Default `lively`. */
  readonly profile?: ProfileName | MarketProfile;
  /** Default 326. */
  readonly chainId?: number;
  /** Further chains a signature may be made for. Default none. */
  readonly alsoChainIds?: readonly number[];
  /** Default: A and B made from the seed. */
  readonly accounts?: readonly PaperCredentials[];
  /** Whether A and B have the same funding account. Default true. */
  readonly sameOwner?: boolean;
  /** Starting equity of each account, USDT. Default 50,000. */
  readonly equityUsdt?: string;
  /** Life of a session cookie. Default an hour. */
  readonly sessionMs?: number;
  /** Answer 429 by the weights of API 7. Default true. */
  readonly rateLimits?: boolean | undefined;
  readonly faults?: readonly FaultRule[];
  readonly selfTrade?: VenueOptions['selfTrade'];
  readonly overlap?: VenueOptions['overlap'];
  readonly createLatencyMs?: number;
  readonly takerDelayMs?: number;
  readonly cancelLatencyMs?: number;
  /** Percent of the notional; negative: rebate. Defaults -0.0001 and 0.045 (API 4). */
  readonly makerFeePercent?: string;
  readonly takerFeePercent?: string;
  /** Largest distance of a limit price from the mark, percent; absent: any. */
  readonly priceBandPercent?: string;
  /** Most open orders of an account (code 2090). Default 1,000. */
  readonly maxOpenOrders?: number;
  /** Recorded markets instead of seeded ones. */
  readonly replay?: ReplayOptions;
}

/**
 * The embedded exchange without transport: answers requests at given times. The same seed and requests at the same
 * times give the same bytes.
 */
export class PaperExchange {
  readonly venue: Venue;
  readonly sessions: Sessions;
  readonly faults: Faults;
  readonly api: Api;
  readonly streams: StreamHub;
  readonly terms = new AccountTerms();
  readonly control: Control;
  readonly accounts: readonly PaperCredentials[];
  readonly chainId: number;
  readonly seed: number;
  /** How far its time is ahead of the given time. */
  #aheadMs = 0;

  constructor(options: PaperOptions) {
    this.seed = options.seed ?? 1;
    this.chainId = options.chainId ?? 326;
    const chainIds = [this.chainId, ...(options.alsoChainIds ?? [])];
    this.accounts =
      options.accounts ?? ['A', 'B'].map((name) => credentialsFromSeed(this.seed, name, options.sameOwner ?? true));
    const profile = options.profile ?? 'lively';
    this.venue = new Venue(
      {
        instruments: options.instruments ?? defaultInstruments(),
        seed: this.seed,
        profile: typeof profile === 'string' ? PROFILES[profile] : profile,
        startMs: options.startMs,
        createLatencyMs: options.createLatencyMs ?? 2,
        takerDelayMs: options.takerDelayMs ?? 25,
        cancelLatencyMs: options.cancelLatencyMs ?? 2,
        makerFee: e9(options.makerFeePercent ?? '-0.0001') / 100n,
        takerFee: e9(options.takerFeePercent ?? '0.045') / 100n,
        selfTrade: options.selfTrade ?? 'allow',
        overlap: options.overlap ?? 'code',
        priceBand: options.priceBandPercent === undefined ? null : e9(options.priceBandPercent) / 100n,
        maxOpenOrders: options.maxOpenOrders ?? 1_000,
        replay: options.replay ?? null,
      },
      this.accounts.map((account) => ({ ...account, equity: e9(options.equityUsdt ?? '50000') * E9 })),
    );
    this.sessions = new Sessions(this.accounts, {
      chainIds,
      lifetimeMs: options.sessionMs ?? 3_600_000,
      seed: this.seed,
    });
    this.faults = new Faults(this.seed);
    this.faults.add(options.faults ?? []);
    this.venue.orders.beforeFill = (order) => {
      const { account } = order;
      const rule = this.faults.strikes('late-position', 'positions', [account.name, account.subAccountId]);
      if (rule !== null) this.venue.freezePositions(account, this.venue.nowMs + (rule.forMs ?? DEFAULT_FOR_MS));
    };
    this.api = new Api({
      venue: this.venue,
      sessions: this.sessions,
      faults: this.faults,
      terms: this.terms,
      rateLimits: options.rateLimits === false ? null : new RateLimits(),
      chainIds,
    });
    this.streams = new StreamHub({ venue: this.venue, sessions: this.sessions, faults: this.faults, api: this.api });
    this.control = new Control(this);
  }

  /** Answers a request that arrives at `nowMs`. */
  handle(request: PaperRequest, nowMs: number): PaperAnswer {
    return this.api.handle(request, nowMs + this.#aheadMs);
  }

  /** Lets market and pending actions advance to `nowMs`. */
  advance(nowMs: number): void {
    this.venue.advance(nowMs + this.#aheadMs);
  }

  /** When something happens next, in the given time. */
  nextEventMs(): number {
    return this.venue.nextEventMs() - this.#aheadMs;
  }

  /** Lets that much time pass at once; later times are counted on top of it. */
  skip(ms: number): void {
    this.#aheadMs += ms;
    this.venue.advance(this.venue.nowMs + ms);
  }

  /** Opens a stream connection (API 8); a number is the HTTP status of a refused handshake. */
  connect(path: string, headers: Readonly<Record<string, string | undefined>>, sink: Sink): Connection | number {
    const connection = this.streams.connect(path, headers, sink);
    if (typeof connection === 'number') return connection;
    return {
      receive: (text, nowMs) => connection.receive(text, nowMs + this.#aheadMs),
      end: connection.end,
    };
  }
}

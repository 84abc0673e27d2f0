import type { Decimal } from '../decimal.ts';
import { ZERO } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import { ACCOUNTS } from '../model.ts';
import { asInteger, asObject } from './bodies.ts';
import type { Declared, DeclaredLot } from './declared.ts';
import { type Ledger, ledgerOf } from './ledger.ts';
import { signed } from './lots.ts';
import {
  type AuditorOptions,
  type AuditSettings,
  type AuditSymbol,
  type AuditTime,
  type Breach,
  type Fault,
  fault,
  type Invariant,
  type StandingCommand,
  type StartSymbol,
  type Where,
} from './model.ts';
import { type Applies, applies } from './modes.ts';
import { newOrder, type WireOrder, WireOrders } from './orders.ts';
import { Received, type SeenAt } from './received.ts';

/** A journalled decision. */
export interface Decided {
  readonly declared: Declared;
  /** Monotonic time. */
  readonly atMs: number;
}

/** A request without an answer yet. */
export interface InFlight {
  readonly account: AccountName | null;
  readonly route: string;
  readonly request: unknown;
  readonly askedAtMs: number;
  readonly era: number;
  /** The order that a create asks for. */
  readonly order: WireOrder | null;
}

/** A create as it was journalled before it was sent (strategy 9.3). */
export interface Prepared {
  /** Its place in the journal. */
  readonly place: number;
  readonly intentId: string;
  readonly payload: string;
  /** The best prices it was priced from. */
  readonly bid: Decimal;
  readonly ask: Decimal;
}

/** Breaches kept in full; all are counted. */
const MAX_BREACHES = 1_000;
/** Prepared creates and intents whose order may still be sent: hours of a busy pair. */
const MAX_PREPARED = 4_096;
/** The preferred way is tried again 15 minutes after a refusal (strategy 6.3), plus the time of a late decision. */
const OTHER_WAY_MS = 960_000;
/** Differences kept per position. */
const MAX_CONTRADICTIONS = 64;
/** A difference that recurs after this time is a new one; an engine whose reads fail adopts it minutes later. */
const CONTRADICTS_WITHIN_MS = 600_000;

/** A difference between reads and ledger: in how many reads, and when the first and the last were received. */
export interface Contradiction {
  readonly off: Decimal;
  readonly readings: number;
  readonly sinceMs: number;
  readonly atMs: number;
  /** Of the last one. */
  readonly id: number;
}

export class Audit {
  readonly symbols: Map<string, AuditSymbol>;
  readonly commands: Map<string, readonly StandingCommand[]>;
  /** What applied to a symbol before its row or commands changed, and when that was. */
  readonly previouslyApplied = new Map<string, { readonly applied: Applies; readonly atMs: number }>();
  readonly subAccounts: Readonly<Record<AccountName, string>>;
  settings: AuditSettings;
  readonly requests = new Map<number, InFlight>();
  readonly orders = new WireOrders();
  readonly received = new Received();
  readonly usedIds = new Set<string>();
  readonly prepared = new Map<string, Prepared>();
  /** The journal is known to be durable up to here. */
  durablePlace = 0;
  /** By intent id. */
  readonly decisions = new Map<string, Decided>();
  readonly ledgers = new Map<string, Ledger>();
  /** Lots opened by bookings and not numbered by a state yet. */
  opened: { readonly instrument: string; readonly lot: DeclaredLot }[] = [];
  /** Fills booked since the last state, which a drift beside them may complete. */
  filled: { readonly instrument: string; readonly account: AccountName; readonly size: Decimal }[] = [];
  /** When a drift was last adopted, our wall clock, by account and instrument. */
  readonly adoptedAtMs = new Map<string, number>();
  /** Monotonic time, ms. */
  nowMs = 0;
  wallMs = 0;
  era = 0;
  exchangeMs = 0;
  draining: { readonly sinceMs: number; readonly live: ReadonlySet<WireOrder> } | null = null;
  hasStreams = false;
  events = 0;
  found: Breach[] = [];
  readonly #givingWay = new Map<string, number>();
  readonly #demandedAtMs = new Map<string, number>();
  readonly #readings: Record<AccountName, SeenAt | null> = { A: null, B: null };
  readonly #contradictions = new Map<string, Contradiction[]>();
  readonly #unbooked = new WeakMap<WireOrder, { traded: Decimal; booked: Decimal; size: Decimal }>();
  readonly #breaches: Breach[] = [];
  readonly #breachCounts: Partial<Record<Invariant, number>> = {};
  readonly #checks: Partial<Record<Invariant, number>> = {};

  constructor({ symbols, accounts, settings, time, knownAtStart = [], commands }: AuditorOptions) {
    this.symbols = new Map(symbols.map((symbol) => [symbol.instrument, symbol]));
    if (this.symbols.size < symbols.length) throw new RangeError('a symbol is named twice');
    this.commands = new Map(commands);
    this.subAccounts = accounts;
    this.settings = settings;
    this.advance(time());
    for (const known of knownAtStart) this.#takeJournal(known);
  }

  #takeJournal(known: StartSymbol): void {
    if (known.begun !== false) this.ledgers.set(known.instrument, ledgerOf(known));
    for (const account of known.givingWay ?? []) this.givesWay(account, known.instrument);
    for (const account of known.mayOnlyReduce ?? []) this.mayOnlyReduce(account, known.instrument);
    for (const one of known.orders) {
      if (this.orders.get(one.account, one.clientOrderId) !== undefined) continue;
      const { account, clientOrderId, side, size, price, expirationMs, tradedSize, avgFillPrice } = one;
      const order = newOrder({
        account,
        clientOrderId,
        side,
        size,
        price,
        expirationMs,
        instrument: known.instrument,
        sentAtMs: null,
      });
      order.traded = tradedSize;
      order.firstPartialAtMs = one.firstPartialAtMs;
      order.stated.push({ traded: tradedSize, value: tradedSize.mul(avgFillPrice) });
      this.orders.add(order);
      this.usedIds.add(clientOrderId);
    }
  }

  /** What applies to a symbol now; null: it does not run. */
  applies(instrument: string): Applies | null {
    const row = this.symbols.get(instrument);
    return row === undefined ? null : applies(row, this.commands.get(instrument) ?? [], this.wallMs);
  }

  /** A symbol's row or commands change: what was decided before may still be sent. */
  steers(instrument: string, change: () => void): void {
    const applied = this.applies(instrument);
    if (applied !== null) this.previouslyApplied.set(instrument, { applied, atMs: this.nowMs });
    change();
  }

  get now(): { readonly atMs: number; readonly wallMs: number } {
    return { atMs: this.nowMs, wallMs: this.wallMs };
  }

  advance({ wallMs, steadyMs, era }: AuditTime): void {
    this.nowMs = steadyMs;
    this.wallMs = wallMs;
    this.era = era;
  }

  /** A past monotonic time by today's wall clock. */
  wallOf(steadyMs: number): number {
    return this.wallMs - (this.nowMs - steadyMs);
  }

  sawExchangeTime(ns: bigint | null): void {
    if (ns !== null) this.exchangeMs = Math.max(this.exchangeMs, Number(ns / 1_000_000n));
  }

  /** The exchange refused or ended an order of that account and instrument (null: locked the account out). */
  givesWay(account: AccountName, instrument: string | null): void {
    const key = `${account} ${instrument ?? ''}`;
    this.#givingWay.set(key, Math.max(this.#givingWay.get(key) ?? 0, this.nowMs + OTHER_WAY_MS));
  }

  /**
   * The exchange demanded `reduce_only` of that account (null: everywhere): the other way is allowed until growth is
   * (9.13).
   */
  mayOnlyReduce(account: AccountName, instrument: string | null): void {
    const key = `${account} ${instrument ?? ''}`;
    this.#givingWay.set(key, Number.POSITIVE_INFINITY);
    this.#demandedAtMs.set(key, this.nowMs);
  }

  /** It accepted a later order without `reduce_only`; earlier decisions may still be sent. */
  takesGrowth({ account, instrument, sentAtMs }: WireOrder): void {
    for (const key of [`${account} `, `${account} ${instrument}`]) {
      const demandedAtMs = this.#demandedAtMs.get(key);
      if (demandedAtMs === undefined || sentAtMs === null || sentAtMs < demandedAtMs) continue;
      this.#demandedAtMs.delete(key);
      this.#givingWay.set(key, this.nowMs + OTHER_WAY_MS);
    }
  }

  /** Accounts whose repairs of that instrument may be suspended, so that the other way goes first (strategy 6.3). */
  givingWay(instrument: string): readonly AccountName[] {
    const until = (key: string): number => this.#givingWay.get(key) ?? Number.NEGATIVE_INFINITY;
    return ACCOUNTS.filter((account) => this.nowMs < Math.max(until(`${account} ${instrument}`), until(`${account} `)));
  }

  isInFlight(order: WireOrder): boolean {
    for (const request of this.requests.values()) if (request.order === order) return true;
    return false;
  }

  sawPositions(account: AccountName, result: unknown, when: SeenAt): void {
    this.settleReading(account);
    this.received.sawReading(account, result, this.symbols, when);
    this.#noteContradictions(account, when);
    this.#readings[account] = when;
    for (const row of Array.isArray(result) ? (result as unknown[]) : [])
      this.sawExchangeTime(asInteger(asObject(row)?.event_time));
  }

  /** The account's last read is in the ledger by now: records the differences of its positions (10.5). */
  settleReading(account: AccountName): void {
    const reading = this.#readings[account];
    this.#readings[account] = null;
    if (reading !== null) this.#noteContradictions(account, reading);
  }

  /** Recorded at receipt and when settled, since the order of look-ups beside it is up to the engine. */
  #noteContradictions(account: AccountName, reading: SeenAt): void {
    /** By instrument, what orders have traded and the ledger has not booked. */
    const unbooked = new Map<string, Decimal>();
    for (const order of this.orders.of(account)) {
      const { instrument } = order;
      const size = this.#unbookedOf(order);
      if (!size.isZero()) unbooked.set(instrument, (unbooked.get(instrument) ?? ZERO).plus(size));
    }
    for (const [instrument, ledger] of this.ledgers) {
      const seen = this.received.positions(account, instrument).findLast(({ id }) => id === reading.id);
      if (seen === undefined) continue;
      const held = ledger.booked[account].plus(unbooked.get(instrument) ?? ZERO);
      const key = `${account} ${instrument}`;
      const list = this.#contradictions.get(key) ?? [];
      const off = seen.size.minus(held);
      const known = list.find((one) => one.off.eq(off) && reading.atMs - one.atMs <= CONTRADICTS_WITHIN_MS);
      if (known?.id === reading.id) continue;
      const { sinceMs, readings } = known ?? { sinceMs: reading.atMs, readings: 0 };
      const next = { off, readings: readings + 1, sinceMs, atMs: reading.atMs, id: reading.id };
      const others = list.filter((one) => !one.off.eq(off));
      this.#contradictions.set(key, [...others, next].slice(-MAX_CONTRADICTIONS));
    }
  }

  /** Signed. Each read asks it of hundreds of orders, nearly all of them over: recomputed only where something changed. */
  #unbookedOf(order: WireOrder): Decimal {
    const { instrument, clientOrderId, end, side, traded } = order;
    const inLedger = this.ledgers.get(instrument)?.orders.get(clientOrderId)?.size;
    if (inLedger === undefined && end !== null) return ZERO;
    const booked = inLedger ?? ZERO;
    const known = this.#unbooked.get(order);
    if (known?.traded === traded && known.booked === booked) return known.size;
    const size = signed(side, traded.minus(booked));
    this.#unbooked.set(order, { traded, booked, size });
    return size;
  }

  /** Recent reads that differ by that much from the ledger; null: none. */
  contradiction(account: AccountName, instrument: string, off: Decimal): Contradiction | null {
    const all = this.#contradictions.get(`${account} ${instrument}`) ?? [];
    return all.find((one) => one.off.eq(off) && this.nowMs - one.atMs <= CONTRADICTS_WITHIN_MS) ?? null;
  }

  wasPrepared(clientOrderId: string, prepared: Prepared): void {
    bounded(this.prepared, clientOrderId, prepared);
  }

  wasDecided(intentId: string, decided: Decided): void {
    bounded(this.decisions, intentId, decided);
  }

  /** After a start, requests in flight have no outcome, and earlier messages no longer count. */
  startAgain(knownAtStart: readonly StartSymbol[], lost: boolean): void {
    this.requests.clear();
    this.durablePlace = 0;
    this.received.forget();
    this.decisions.clear();
    this.opened = [];
    this.filled = [];
    this.draining = null;
    for (const account of ACCOUNTS) this.#readings[account] = null;
    this.#contradictions.clear();
    this.ledgers.clear();
    if (lost) {
      this.orders.clear();
      this.prepared.clear();
      this.commands.clear();
    }
    for (const known of knownAtStart) this.#takeJournal(known);
  }

  /** Counts checks of these invariants. */
  checked(...invariants: Invariant[]): void {
    for (const invariant of invariants) this.#checks[invariant] = (this.#checks[invariant] ?? 0) + 1;
  }

  /** A rule is broken there. */
  breach(where: Where, ...[invariant, rule, what, detail]: Parameters<typeof fault>): void {
    this.record(fault(invariant, rule, what, detail), where);
  }

  record(one: Fault, { instrument = null, account = null, clientOrderId = null }: Where): void {
    const breach: Breach = { ...one, instrument, account, clientOrderId, atMs: this.wallMs };
    this.found.push(breach);
    this.#breachCounts[one.invariant] = (this.#breachCounts[one.invariant] ?? 0) + 1;
    if (this.#breaches.length < MAX_BREACHES) this.#breaches.push(breach);
  }

  report(): AuditReport {
    const [breachCounts, checks] = [{ ...this.#breachCounts }, { ...this.#checks }];
    return { events: this.events, breachCounts, breaches: [...this.#breaches], checks };
  }
}

export interface AuditReport {
  readonly events: number;
  /** Per invariant; the first ones are kept in full. */
  readonly breachCounts: Readonly<Record<string, number>>;
  readonly breaches: readonly Breach[];
  readonly checks: Readonly<Record<string, number>>;
}

function bounded<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  if (map.size > MAX_PREPARED) map.delete(map.keys().next().value as string);
}

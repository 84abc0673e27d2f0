import type { Decimal } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';
import type { OrderBody } from './bodies.ts';
import type { AuditReport, FigureBook } from './figures.ts';
import { createFigureBook } from './figures.ts';
import type { Fault } from './judge.ts';
import type { LotBooks, WholePolls } from './lots.ts';
import { createLotBooks } from './lots.ts';
import type {
  AuditOrder,
  AuditorOptions,
  AuditSettings,
  AuditSymbol,
  Breach,
  InstrumentRules,
  Invariant,
  StartLot,
  StartSymbol,
} from './model.ts';
import type { Windows } from './windows.ts';
import { windowsOf } from './windows.ts';

/**
 * What the auditor knows: the types its rules share, and the one object that holds it all. What happens to it stands in
 * the files named after each rule.
 */

/** Kept in full; all are counted. */
const MAX_BREACHES = 1_000;

/** A request that has no answer yet. */
export interface RequestInFlight {
  readonly account: AccountName | null;
  readonly route: string;
  readonly request: unknown;
  readonly sentAtMs: number;
  /** The same by our wall clock, as it stood then. */
  readonly sentRawMs: number;
  readonly sentSeq: number;
  readonly order: AuditOrder | null;
  /** Open orders or history asked for to prove an order absent (9.6): a poll's they are not. */
  readonly forProof: boolean;
}

/** What one positions answer said of one account and instrument. */
export interface PositionSeen {
  readonly seq: number;
  readonly atMs: number;
  readonly sentAtMs: number;
  readonly size: Decimal;
  readonly entryPrice: Decimal;
  /** Null: flat, and so without a mark. */
  readonly markPrice: Decimal | null;
}

/** The touch of one order book. */
export interface BookSeen {
  readonly seq: number;
  readonly atMs: number;
  readonly sentAtMs: number;
  readonly bid: Decimal;
  readonly ask: Decimal;
}

/** A difference that positions showed against `expected`, alike in every poll counted here (strategy 10.5). */
export interface Difference {
  /** Position less what it has to be, base units; not zero. */
  readonly difference: Decimal;
  count: number;
  /** When the first poll that showed it was asked for, and the last. */
  readonly sinceMs: number;
  requestedAtMs: number;
}

/** One account of one instrument. */
export interface Holding {
  readonly positions: PositionSeen[];
  /** What the position has to be by start, fills and adopted drift. */
  readonly expected: { seq: number; size: Decimal }[];
  last: AuditOrder | null;
  /** What positions differed by from `expected` since they last agreed, that of the newest poll last. */
  readonly contradicting: Difference[];
  drift: { seq: number; atMs: number; size: Decimal } | null;
  /** Until then the other way of 6.3 may be taken: the exchange refused, or ended, an order of it a while ago (strategy 6.3, 9.5). */
  refusedUntilMs: number;
  /** After a restart the exchange wins at once (strategy 11.2): until then a create may rest on a difference taken over. */
  winsUntilMs: number;
}

/** One instrument, on both accounts. */
export interface AuditInstrument {
  readonly symbol: AuditSymbol;
  /** The total at which `increase` has got to its cap, `decrease` to its minimum: within 2 % and an order. */
  readonly goalUsdt: Decimal;
  rules: InstrumentRules | null;
  formerRules: { rules: InstrumentRules; untilMs: number } | null;
  readonly holding: Record<AccountName, Holding>;
  orders: AuditOrder[];
  readonly lots: LotBooks;
  started: boolean;
  /** No create or cancel has left yet: a start without a journal waits until nothing moves (strategy 11.3), and may yet begin. */
  beginning: boolean;
  /** When an order of a former engine traded or vanished meanwhile: an engine that begins later finds that in the positions. */
  readonly movedAtMs: Record<AccountName, number | null>;
  /** Those that vanished: one that is asked about is known to an engine that has begun. */
  vanished: AuditOrder[];
  /** What was last read while it begins, and since when it is that. */
  readonly steady: Record<AccountName, { readonly reading: string; readonly sinceMs: number; polls: number } | null>;
  guardsJudged: boolean;
  readonly books: BookSeen[];
  readonly bookings: Record<Side, number>;
  drifts: number;
  readonly figures: FigureBook;
}

/** One of the three answers of a poll. */
export interface Read {
  sentAtMs: number;
  sentRawMs: number;
  sentSeq: number;
  atMs: number;
}

/** An account as an engine may have known it. */
export interface Moment {
  readonly seq: number;
  readonly atMs: number;
  /** When its positions were asked for, in the auditor's time and by our wall clock. */
  readonly requestedAtMs: number;
  readonly requestedRawMs: number;
  /** Instruments for which the former moment may stand still. */
  readonly lacking: readonly string[];
}

/** One account's polling (strategy 10.1). */
export interface AuditAccount {
  positions: Read | null;
  openOrders: Read | null;
  /** When they were last asked for. */
  openOrdersAskedMs: number;
  /** Positions were asked for, and the open orders of that poll not yet: the next ones asked for are those. */
  openOrdersDue: boolean;
  /** When open orders were last asked for to prove an order absent (9.6). */
  proofAskedMs: number;
  summary: Read | null;
  /** When each of the three was last asked for, by number. */
  readonly askedSeq: { positions: number; openOrders: number; summary: number };
  /** The last complete poll: when its first read was sent, and when the last was answered. */
  complete: { requestedAtMs: number; receivedAtMs: number } | null;
  /**
   * The last whole poll until both accounts have had one that is not too old beside the other's: what an engine without a
   * journal begins from (10.3, 11.3); null: none.
   */
  begins: { readonly seq: number; readonly requestedAtMs: number } | null;
  /** The last complete poll, while none of its look-ups failed: when the next one begins, it was whole; null: it was not. */
  mayBeWhole: number | null;
  /** The last whole polls: when they were complete, oldest first. */
  readonly wholePolls: number[];
  /** Moments at which the engine's knowledge of this account may have been a snapshot. */
  moments: Moment[];
  readonly orders: Map<string, AuditOrder>;
  /** The open orders that a poll last heard and what was read of them: most polls bring the very same value again. */
  openRead: { readonly result: unknown; readonly orders: readonly OrderBody[] } | null;
  /** The last creates of two instruments, and the last request that failed: whether a submission may have had to wait. */
  lastCreate: { instrument: string; atMs: number } | null;
  lastOtherCreate: { instrument: string; atMs: number } | null;
  lastTroubleMs: number;
  /** Until then the exchange may not let it go on at all (strategy 9.8): the other account repairs. */
  shutOutUntilMs: number;
}

function emptyAccount(): AuditAccount {
  return {
    positions: null,
    openOrders: null,
    openOrdersAskedMs: 0,
    openOrdersDue: false,
    proofAskedMs: Number.NEGATIVE_INFINITY,
    summary: null,
    askedSeq: { positions: 0, openOrders: 0, summary: 0 },
    complete: null,
    begins: null,
    mayBeWhole: null,
    wholePolls: [],
    moments: [],
    orders: new Map(),
    openRead: null,
    lastCreate: null,
    lastOtherCreate: null,
    lastTroubleMs: Number.NEGATIVE_INFINITY,
    shutOutUntilMs: Number.NEGATIVE_INFINITY,
  };
}

function emptyHolding(): Holding {
  return { positions: [], expected: [], last: null, contradicting: [], drift: null, winsUntilMs: 0, refusedUntilMs: 0 };
}

/** One instrument's state when listening begins. */
export function emptyInstrument(
  symbol: AuditSymbol,
  staleMs: number,
  beginning: boolean,
  guardsJudged: boolean,
): AuditInstrument {
  return {
    symbol,
    goalUsdt:
      symbol.positionMode === 'increase'
        ? symbol.maxTotalPositionUsdt.mul('0.98').minus(symbol.orderNotionalUsdt)
        : symbol.minTotalPositionUsdt.mul('1.02').plus(symbol.orderNotionalUsdt),
    rules: null,
    formerRules: null,
    holding: { A: emptyHolding(), B: emptyHolding() },
    orders: [],
    lots: createLotBooks(staleMs),
    started: false,
    beginning,
    movedAtMs: { A: null, B: null },
    vanished: [],
    steady: { A: null, B: null },
    guardsJudged,
    books: [],
    bookings: { buy: 0, sell: 0 },
    drifts: 0,
    figures: createFigureBook(),
  };
}

/** All that an auditor knows, and what it found. The rules stand beside it, in functions that are handed it first. */
export class Audit {
  readonly settings: AuditSettings;
  readonly windows: Windows;
  /** Trading (sub) account ids, decimal. */
  readonly subAccounts: Readonly<Record<AccountName, string>>;
  readonly asksAhead: boolean;
  /** What the engine begins from, as the options said; a lost journal ends both. */
  existingAtStart: 'synthetic' | 'unjudged' | readonly StartLot[];
  readonly knownAtStart: Map<string, StartSymbol>;

  readonly instruments = new Map<string, AuditInstrument>();
  /** The last list of instruments: rules of one that is taken up later (`take-up.ts`). */
  listed: unknown = [];
  readonly accounts: Readonly<Record<AccountName, AuditAccount>> = { A: emptyAccount(), B: emptyAccount() };
  readonly requests = new Map<number, RequestInFlight>();
  /** Strategy ids that left, with a digest of the request they left in. */
  readonly usedIds = new Map<string, string>();
  draining: { readonly sinceMs: number; readonly live: ReadonlySet<AuditOrder> } | null = null;

  /** Numbers what becomes known, in its order. */
  seq = 0;
  /** Our wall clock at the last event, and the auditor's own time: it stands still for a step back of that clock. */
  rawMs = 0;
  nowMs = 0;
  /** How often that clock was set back. */
  #era = 0;
  /** The latest time the exchange gave. */
  exchangeMs = 0;
  /** When the engine last said or heard anything, by its wall clock. */
  lastHeardMs = 0;
  events = 0;

  /** What the call under way found. */
  found: Breach[] = [];
  readonly #breaches: Breach[] = [];
  readonly #breachCounts: Record<string, number> = {};
  readonly #checks: Record<string, number> = {};

  /** Throws RangeError when a symbol is named twice. */
  constructor(options: AuditorOptions) {
    this.settings = options.settings;
    this.windows = windowsOf(options.settings);
    this.subAccounts = options.accounts;
    this.asksAhead = options.asksAhead === true;
    this.existingAtStart = options.existingAtStart ?? 'synthetic';
    this.knownAtStart = new Map((options.knownAtStart ?? []).map((one) => [one.instrument, one]));
    for (const symbol of options.symbols) {
      const { instrument: name } = symbol;
      if (this.instruments.has(name)) throw new RangeError(`symbol named twice: ${name}`);
      const known = this.knownAtStart.has(name);
      const beginning = this.existingAtStart === 'synthetic' && !known;
      const guardsJudged = this.existingAtStart !== 'unjudged' || known;
      this.instruments.set(name, emptyInstrument(symbol, options.settings.staleMs, beginning, guardsJudged));
    }
  }

  /** The wall clock says `atMs`, and has been set back `era` times. */
  advance(atMs: number, era = this.#era): void {
    const isSetBack = atMs < this.rawMs || era > this.#era;
    this.#era = era;
    // How long it was since the last event, nobody can tell from these times: every fence may have passed meanwhile.
    if (isSetBack) {
      this.#passFences();
      this.#forgetBeginnings();
    }
    // What a journal told may have been written before it was set back.
    if (isSetBack || this.rawMs === 0) this.#beginWaitsAnew(atMs);
    if (this.rawMs !== 0) this.nowMs += Math.max(0, atMs - this.rawMs);
    else this.nowMs = atMs;
    this.rawMs = atMs;
  }

  #passFences(): void {
    for (const account of Object.values(this.accounts)) {
      for (const order of account.orders.values()) {
        if (order.fenceEndMs !== null) order.fenceEndMs = Math.min(order.fenceEndMs, this.nowMs);
      }
    }
  }

  /** A partial fill that by this clock is still to come counts from the engine's next reading of it (4.3): when that is, polls tell. */
  #beginWaitsAnew(atMs: number): void {
    for (const account of Object.values(this.accounts)) {
      for (const { wait } of account.orders.values()) {
        if (wait === null || Math.max(wait.firstMs, wait.certainMs ?? 0) <= atMs) continue;
        wait.firstMs = Math.min(wait.firstMs, atMs);
        wait.certainMs = null;
        wait.polls = 0;
        wait.overduePolls = 0;
      }
    }
  }

  /** What was read before is too old to begin from (10.3). */
  #forgetBeginnings(): void {
    const accounts = Object.values(this.accounts);
    if (accounts.some((account) => account.begins === null)) for (const account of accounts) account.begins = null;
  }

  /** Counts these as put to the test. */
  checked(...invariants: Invariant[]): void {
    for (const invariant of invariants) this.#checks[invariant] = (this.#checks[invariant] ?? 0) + 1;
  }

  /** Notes an invariant as broken. */
  breach(
    fault: Fault,
    where: {
      readonly instrument: string | null;
      readonly account: AccountName | null;
      readonly clientOrderId: string | null;
    },
  ): void {
    const { instrument, account, clientOrderId } = where;
    const one: Breach = { ...fault, instrument, account, clientOrderId, atMs: this.rawMs };
    this.found.push(one);
    this.#breachCounts[fault.invariant] = (this.#breachCounts[fault.invariant] ?? 0) + 1;
    if (this.#breaches.length < MAX_BREACHES) this.#breaches.push(one);
  }

  report(): AuditReport {
    return {
      events: this.events,
      symbols: [...this.instruments].map(([name, instrument]) => instrument.figures.figures(name)),
      breachCounts: { ...this.#breachCounts },
      breaches: [...this.#breaches],
      checks: { ...this.#checks },
    };
  }
}

/** How often each account was read whole since an event. */
export function wholePollsOf(audit: Audit): WholePolls {
  return (account, sinceSeq) => audit.accounts[account].wholePolls.filter((at) => at >= sinceSeq).length;
}

/** A fault with its numbers as text. */
export function fault(invariant: Invariant, rule: string, what: string, detail: Record<string, unknown> = {}): Fault {
  return {
    invariant,
    rule,
    what,
    detail: Object.fromEntries(Object.entries(detail).map(([name, value]) => [name, String(value)])),
  };
}

import { Decimal, min, sum, ZERO } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';
import { ACCOUNTS, otherAccount } from '../model.ts';
import type { WireEvent } from '../wire-event.ts';
import type { CreateBody, OrderBody, PositionBody } from './bodies.ts';
import {
  asDecimal,
  asInteger,
  asObject,
  asText,
  isSummary,
  readCreate,
  readOrder,
  readPositions,
  readTouch,
  strategyId,
} from './bodies.ts';
import type { AuditReport, FigureBook } from './figures.ts';
import { createFigureBook } from './figures.ts';
import type { Fault, Judgement, View, ViewOrder } from './judge.ts';
import { isHedged, judge, smallestTradable } from './judge.ts';
import type { AuditFill, AuditLot, LotBooks } from './lots.ts';
import { bookFill, createLotBooks, readingsOf } from './lots.ts';
import type {
  AuditOrder,
  AuditSettings,
  AuditSymbol,
  Breach,
  InstrumentRules,
  Invariant,
  OrderPhase,
  PartialWait,
  StartLot,
  StartOrder,
  StartSymbol,
} from './model.ts';
import { isLive, isUnproven, knownAt, mayRest } from './model.ts';

export type { AuditReport, DurationFigures, SymbolFigures } from './figures.ts';
export { createDurations } from './figures.ts';
export type {
  AuditSettings,
  AuditSymbol,
  Breach,
  Invariant,
  StartLot,
  StartOrder,
  StartSymbol,
} from './model.ts';
export { INVARIANTS } from './model.ts';

/**
 * The auditor: judges what crosses the wire by the invariants of strategy 15, and knows nothing else.
 *
 * It shares no code with ledger, plan, pricing, limits, classification or parsing: it keeps its own orders, fills, lots,
 * positions, marks and books, from requests and answers alone.
 *
 * What a create is judged by. A create is judged when it leaves, by what the engine can have known then: answers that had
 * arrived, never later ones. But an engine decides a little earlier than it sends, reads two accounts at two moments, and
 * may retry a submission under the guard it began with. So the auditor looks at every *view* a correct engine could have
 * decided on: for each account, the knowledge at the end of each of its recent polls (and look-ups), both accounts
 * combined freely, under each of their marks, and under each order in which fills that arrived together can have been
 * booked. A view counts when
 *   - it was the newest there was at some moment when the decision can have been made: up to 3 s before the first attempt
 *     of that submission asked for its book, and as long before it left as data may be decided on (strategy 10.3) when the
 *     account was busy with another symbol's order or in trouble (time-outs, 401, 429, 5xx),
 *   - its positions were asked for no longer ago, by our wall clock, than data may be decided on: a create has to have left by
 *     then, however long it waited,
 *   - the positions of each account were asked for after its former submission had ended (strategy 9.10),
 *   - its positions agree with the fills known at that moment (strategy 4.5, 10.5).
 * The create is legal if it breaks no rule under at least one view, all rules taken together. Otherwise what it breaks
 * under the kindest view (the newest of equals) is reported. When no view counts, the data was stale or contradictory,
 * and that is the breach.
 * What does not depend on views is judged strictly: what an order says of itself (I1, I3), ids (I7), which orders are live
 * (an order of ours is live from the moment its create left until an answer, or proof by 9.6, said otherwise), prices of
 * the other account's live orders (I10), foreign orders (I8), drain and stop (I11, I12).
 *
 * An engine that listens to streams asks ahead (10.6): it looks an order up because a stream says that it is over, and takes
 * that answer only where a poll lacks the order (10.2). Until then it knows nothing of it, so the answer is kept until such a
 * poll is whole; of that poll, with and without the answer are both views until the one after it. What is judged strictly
 * takes the order for over at once.
 *
 * Waiting partial fills (4.3): their clock is the engine's wall clock, and which reading started it is not on the wire. From
 * when it may be over until it is over for certain each is booked in one reading of a view and waits in another.
 *
 * Not an invariant of strategy 15 but judged because nothing else would see it: a new order while a partial fill waits
 * (reported as I6, rule 5), a repair larger than 6.4 (I6), an opening on a wrong side (I6, rules 6.1 and 6.2).
 *
 * Times: `atMs` of events, our wall clock. When that clock steps back, the auditor's own time stands still for the step. What
 * an engine's polling decides is reckoned in `staleMs`, which follows its loop: `windowsOf`.
 * Memory is bounded by the constants below, whatever it hears.
 */
export interface AuditorOptions {
  readonly symbols: readonly AuditSymbol[];
  /** Trading (sub) account ids, decimal. */
  readonly accounts: Readonly<Record<AccountName, string>>;
  readonly settings: AuditSettings;
  /**
   * What the engine knows of lots when the auditor begins to listen. `synthetic` (default): nothing, it builds them from
   * the positions (strategy 11.3). A list: its journal's lots. `unjudged`: it has a journal the auditor cannot know; guards
   * of an instrument are judged once its lots have been used up.
   */
  readonly existingAtStart?: 'synthetic' | 'unjudged' | readonly StartLot[];
  /**
   * What the engine's journal knows of each instrument it has traded: lots, orders with what is booked of them, and the
   * positions these come to. For those instruments it takes the place of `existingAtStart`.
   */
  readonly knownAtStart?: readonly StartSymbol[];
  /** The engine listens to streams, and asks for orders ahead (strategy 10.6); default: it does not. */
  readonly asksAhead?: boolean;
}

export interface Auditor {
  /** Takes one wire event; returns the invariants it broke, mostly none. */
  hear(event: WireEvent): readonly Breach[];
  /** The stop began: no create may leave any more (strategy 13.1). */
  drainBegan(atMs: number): void;
  /** The engine ended by itself; judges what it left (I11). Not to be called when it was killed. */
  stopped(atMs: number): readonly Breach[];
  /**
   * The engine was killed or stopped and starts again: requests in flight have no outcome, its data starts empty.
   * `journal: 'lost'`: it also forgot its orders and lots, and builds them anew from the exchange (strategy 11.3).
   */
  restarted(atMs: number, options?: { readonly journal?: 'kept' | 'lost' }): void;
  report(): AuditReport;
}

/** Time-outs are 5 s (strategy 9.1): a book asked for longer ago than two of them is not what a create waited for. */
const ASKED_LATELY_MS = 10_000;
/** Behind nothing, a decision waits for its own book and for its turn in the request budget. */
const CALM_DECISION_TO_SEND_MS = 3_000;
/** An engine looks at its clock when a create leaves, and the wire tells of it a little later. */
const LEAVING_MS = 1_000;
/** Enough for the history at a 2 s loop; at a faster one the older half is not needed. */
const MAX_HISTORY = 96;
const MAX_MOMENTS = 24;
/** Views tried before a create is called wrong, those that tell more of its instrument than the one before. */
const MAX_VIEWS_PER_ACCOUNT = 24;
/** All pairs of them, each under two marks, and some more for partial fills and for lots that change what is tradable. */
const MAX_JUDGEMENTS = 1_500;
const MAX_ORDERS = 1_024;
/** Ids remembered so that none is used twice: a month of one symbol. */
const MAX_IDS = 200_000;
const MAX_REQUESTS = 4_096;
const MAX_BREACHES = 1_000;
const MAX_BOOKS = 32;
/** The two clocks may differ by this much before an expiry is disputed. */
const CLOCK_SKEW_MS = 60_000;
/** Strategy 10.5. */
const DRIFT_SNAPSHOTS = 3;
const DRIFT_MS = 10_000;
/** A difference adopted here may turn out to be the fill of an order whose outcome was unknown until it expired. */
const DRIFT_WITHDRAWN_WITHIN_MS = 7_200_000;
/** A reading is an engine's own after so many whole polls: one or two may have been spoilt for it in ways the wire does not show. */
const CERTAIN_POLLS = 3;
/** From reading an answer to the journal: a look-up of another order, and a slow disk. A kill may undo what was read within. */
const UNWRITTEN_MS = 10_000;
/** Orders whose partial fill may be booked or not: each doubles the readings of a view. */
const MAX_PERHAPS = 3;
/** Strategy 13.1: the clean-up may give up after this. */
const CLEANUP_MS = 30_000;

/** The waits that follow an engine's loop, ms. */
interface Windows {
  /** From a decision to its create, behind another submission: until its data are too old to leave on (strategy 10.3). */
  readonly decisionToSendMs: number;
  /** Views further back than this are never needed: a submission of all its attempts. */
  readonly historyMs: number;
  /** An attempt that follows a refusal later than this is a new submission: the data of its first were too old. */
  readonly retryWithinMs: number;
  /** Where nothing moved for so long, any engine has begun (11.3): two readings alike, some polls failing. */
  readonly begunAfterMs: number;
  /** An engine has had a usable snapshot by then, however many polls of a restart fail. */
  readonly restartMs: number;
  /** Orders that are over are kept this long, for late answers and for views. */
  readonly keepOverMs: number;
}

/** Time-outs (5 s) set the least of them, whatever the loop. */
function windowsOf({ staleMs }: AuditSettings): Windows {
  const historyMs = Math.max(120_000, 2 * staleMs);
  return {
    decisionToSendMs: staleMs,
    historyMs,
    retryWithinMs: Math.max(60_000, staleMs),
    begunAfterMs: 2 * staleMs,
    restartMs: 12 * staleMs,
    keepOverMs: Math.max(300_000, 2 * historyMs),
  };
}

interface RequestInFlight {
  readonly account: AccountName | null;
  readonly route: string;
  readonly request: unknown;
  readonly sentAtMs: number;
  /** The same by our wall clock, as it stood then. */
  readonly sentRawMs: number;
  readonly sentSeq: number;
  readonly order: AuditOrder | null;
}

interface PositionSeen {
  readonly seq: number;
  readonly atMs: number;
  readonly sentAtMs: number;
  readonly size: Decimal;
  readonly entryPrice: Decimal;
  /** Null: flat, and so without a mark. */
  readonly markPrice: Decimal | null;
}

/** One account of one instrument. */
interface Holding {
  readonly positions: PositionSeen[];
  /** What the position has to be by start, fills and adopted drift. */
  readonly expected: { seq: number; size: Decimal }[];
  last: AuditOrder | null;
  /** Polls in a row whose position contradicted `expected`. */
  contradicting: { count: number; sinceMs: number } | null;
  drift: { seq: number; atMs: number; size: Decimal } | null;
  /** After a restart the exchange wins at once (strategy 11.2): until then a create may rest on a difference taken over. */
  winsUntilMs: number;
}

interface Instrument {
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
  readonly steady: Record<AccountName, { readonly reading: string; readonly sinceMs: number } | null>;
  guardsJudged: boolean;
  readonly books: { seq: number; atMs: number; sentAtMs: number; bid: Decimal; ask: Decimal }[];
  readonly bookings: Record<Side, number>;
  drifts: number;
  readonly figures: FigureBook;
}

interface Read {
  sentAtMs: number;
  sentRawMs: number;
  atMs: number;
}

/** An account as an engine may have known it. */
interface Moment {
  readonly seq: number;
  readonly atMs: number;
  /** When its positions were asked for, in the auditor's time and by our wall clock. */
  readonly requestedAtMs: number;
  readonly requestedRawMs: number;
  /** Instruments for which the former moment may stand still. */
  readonly lacking: readonly string[];
}

/** One account's polling (strategy 10.1). */
interface Account {
  positions: Read | null;
  openOrders: Read | null;
  /** When they were last asked for. */
  openOrdersAskedMs: number;
  summary: Read | null;
  /** The last complete poll: when its first read was sent, and when the last was answered. */
  complete: { requestedAtMs: number; receivedAtMs: number } | null;
  /** Moments at which the engine's knowledge of this account may have been a snapshot. */
  moments: Moment[];
  readonly orders: Map<string, AuditOrder>;
  /** The open orders last heard and what was read of them: most polls bring the very same value again. */
  openRead: { readonly result: unknown; readonly orders: readonly (OrderBody | null)[] } | null;
  /** The last creates of two instruments, and the last request that failed: whether a submission may have had to wait. */
  lastCreate: { instrument: string; atMs: number } | null;
  lastOtherCreate: { instrument: string; atMs: number } | null;
  lastTroubleMs: number;
}

const PHASES: Readonly<Record<string, OrderPhase>> = {
  PENDING: 'acknowledged',
  OPEN: 'open',
  FILLED: 'filled',
  CANCELLED: 'cancelled',
  REJECTED: 'rejected',
};

const ONE = new Decimal(1);

const NEVER_WAS: ReadonlySet<OrderPhase> = new Set(['refused', 'rejected', 'absent']);

/** The connection was never made, or a gate before the exchange turned it away: nothing of it arrived. */
const NEVER_ARRIVED =
  /^HTTP (401|429):|\bconnect E[A-Z]+|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_FAIL|CERT_|_CERT|UNABLE_TO_(VERIFY|GET)|ERR_INVALID_URL/;

/** 53 bits that tell one request from another: whole requests of a month would not fit in memory. */
function digest(text: string): string {
  let one = 0xdeadbeef;
  let two = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    one = Math.imul(one ^ code, 2654435761);
    two = Math.imul(two ^ code, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return `${text.length}:${(two >>> 0).toString(36)}${(one >>> 0).toString(36)}`;
}

/** Did `one` leave after `other`; orders never heard leaving are older, and among them the exchange's time tells. */
function isNewer(one: AuditOrder, other: AuditOrder): boolean {
  return one.sentSeq === other.sentSeq ? one.sentAtMs >= other.sentAtMs : one.sentSeq > other.sentSeq;
}

function signed(side: Side, size: Decimal): Decimal {
  return side === 'buy' ? size : size.neg();
}

function trim<T extends { readonly atMs: number }>(entries: T[], nowMs: number, historyMs: number): void {
  while (entries.length > 2 && (entries.length > MAX_HISTORY || nowMs - entries[1]!.atMs > historyMs)) entries.shift();
}

function waitFrom(firstMs: number, certainMs: number | null): PartialWait {
  return { firstMs, certainMs, polls: 0, perhapsSeq: null, perhapsAtMs: 0, overduePolls: 0, isOver: false };
}

function emptyAccount(): Account {
  return {
    positions: null,
    openOrders: null,
    openOrdersAskedMs: 0,
    summary: null,
    complete: null,
    moments: [],
    orders: new Map(),
    openRead: null,
    lastCreate: null,
    lastOtherCreate: null,
    lastTroubleMs: Number.NEGATIVE_INFINITY,
  };
}

function emptyHolding(): Holding {
  return { positions: [], expected: [], last: null, contradicting: null, drift: null, winsUntilMs: 0 };
}

/** Builds an auditor. Throws when a symbol is named twice. */
export function createAuditor(options: AuditorOptions): Auditor {
  const { settings } = options;
  const windows = windowsOf(settings);
  let existing = options.existingAtStart ?? 'synthetic';
  const known = new Map((options.knownAtStart ?? []).map((one) => [one.instrument, one]));
  const instruments = new Map<string, Instrument>();
  for (const symbol of options.symbols) {
    if (instruments.has(symbol.instrument)) throw new RangeError(`symbol named twice: ${symbol.instrument}`);
    instruments.set(symbol.instrument, {
      symbol,
      goalUsdt:
        symbol.positionMode === 'increase'
          ? symbol.maxTotalPositionUsdt.mul('0.98').minus(symbol.orderNotionalUsdt)
          : symbol.minTotalPositionUsdt.mul('1.02').plus(symbol.orderNotionalUsdt),
      rules: null,
      formerRules: null,
      holding: { A: emptyHolding(), B: emptyHolding() },
      orders: [],
      lots: createLotBooks(settings.staleMs),
      started: false,
      beginning: existing === 'synthetic' && !known.has(symbol.instrument),
      movedAtMs: { A: null, B: null },
      vanished: [],
      steady: { A: null, B: null },
      guardsJudged: existing !== 'unjudged' || known.has(symbol.instrument),
      books: [],
      bookings: { buy: 0, sell: 0 },
      drifts: 0,
      figures: createFigureBook(),
    });
  }
  const accounts: Record<AccountName, Account> = { A: emptyAccount(), B: emptyAccount() };
  const requests = new Map<number, RequestInFlight>();
  /** Strategy ids that left, with a digest of the request they left in. */
  const usedIds = new Map<string, string>();
  const breaches: Breach[] = [];
  const breachCounts: Record<string, number> = {};
  const checks: Record<string, number> = {};
  let events = 0;
  let seq = 0;
  let rawMs = 0;
  let nowMs = 0;
  let exchangeMs = 0;
  /** When the engine last said or heard anything, by its wall clock. */
  let lastHeardMs = 0;
  let draining: { sinceMs: number; live: ReadonlySet<AuditOrder> } | null = null;
  let found: Breach[] = [];

  // ── time, breaches ────────────────────────────────────────────────────────────────────────────────────────────────

  function advance(atMs: number): void {
    if (rawMs !== 0) nowMs += Math.max(0, atMs - rawMs);
    else nowMs = atMs;
    rawMs = atMs;
  }

  function checked(...invariants: Invariant[]): void {
    for (const invariant of invariants) checks[invariant] = (checks[invariant] ?? 0) + 1;
  }

  function breach(
    fault: Fault,
    where: { instrument: string | null; account: AccountName | null; clientOrderId: string | null },
  ): void {
    const { instrument, account, clientOrderId } = where;
    const one: Breach = { ...fault, instrument, account, clientOrderId, atMs: rawMs };
    found.push(one);
    breachCounts[fault.invariant] = (breachCounts[fault.invariant] ?? 0) + 1;
    if (breaches.length < MAX_BREACHES) breaches.push(one);
  }

  function fault(invariant: Invariant, rule: string, what: string, detail: Record<string, unknown> = {}): Fault {
    return {
      invariant,
      rule,
      what,
      detail: Object.fromEntries(Object.entries(detail).map(([name, value]) => [name, String(value)])),
    };
  }

  // ── orders and fills ──────────────────────────────────────────────────────────────────────────────────────────────

  function remember(order: AuditOrder): void {
    order.moments.push({ seq, traded: order.traded, booked: order.booked, over: !isLive(order) });
    if (order.moments.length > MAX_MOMENTS) order.moments.splice(1, 1);
  }

  function keep(order: AuditOrder): void {
    accounts[order.account].orders.set(order.clientOrderId, order);
    const instrument = instruments.get(order.instrument);
    if (!instrument) return;
    instrument.orders.push(order);
    const dropped = instrument.orders.filter(
      (one) =>
        one.overAtMs !== null &&
        (nowMs - one.overAtMs > windows.keepOverMs ||
          (instrument.orders.length > MAX_ORDERS && one.phase !== 'absent')),
    );
    if (dropped.length === 0) return;
    const gone = new Set(dropped);
    instrument.orders = instrument.orders.filter((one) => !gone.has(one));
    for (const one of dropped) accounts[one.account].orders.delete(one.clientOrderId);
  }

  function setOver(order: AuditOrder, phase: OrderPhase): void {
    order.phase = phase;
    order.endedAtMs ??= nowMs;
    order.overAtMs ??= nowMs;
    order.ahead = null;
  }

  /** Books what waits of an order (strategy 4.2, 4.3). */
  function bookOrder(instrument: Instrument, order: AuditOrder): void {
    const size = order.traded.minus(order.booked);
    if (size.isZero()) return;
    const value = order.traded.mul(order.avgPrice);
    const fill: AuditFill = {
      account: order.account,
      side: order.side,
      size,
      price: value.minus(order.bookedValue).div(size),
      seq,
      atMs: nowMs,
      loose: false,
      clientOrderId: order.clientOrderId,
      ...(order.wait?.perhapsSeq == null ? {} : { sinceMs: order.wait.perhapsAtMs }),
    };
    order.booked = order.traded;
    order.bookedValue = value;
    const readings = instrument.lots.book(fill);
    instrument.bookings[order.side] += 1;
    order.ownBookings += 1;
    instrument.figures.filled(readings[0]!.matches);
    judgeFill(instrument, order, fill, readings);
    if (instrument.lots.current.some((lots) => lots.length === 0)) instrument.guardsJudged = true;
  }

  /** I2: a repair's fill closed nothing though lots stand that were there when it left: they could only go at a loss. */
  function judgeFill(
    instrument: Instrument,
    order: AuditOrder,
    fill: AuditFill,
    readings: readonly { readonly lots: readonly AuditLot[]; readonly left: Decimal }[],
  ): void {
    if (order.repairSeq === null || !instrument.guardsJudged || instrument.lots.crowded) return;
    if (instrument.bookings[order.side] - order.sideBookingsAtSend !== order.ownBookings) return;
    if (instrument.drifts !== order.driftsAtSend) return;
    // Whether that is booked is not on the wire, and what it may have consumed stands here still.
    if (instrument.orders.some((one) => isLive(one) && isPerhapsBooked(one, seq))) return;
    checked('I2');
    const { repairSeq } = order;
    const passed = readings.map((reading) =>
      reading.left.isZero()
        ? []
        : reading.lots.filter((lot) => lot.side !== fill.side && !lot.loose && lot.seq <= repairSeq[lot.account]),
    );
    if (passed.some((lots) => lots.length === 0)) return;
    const lots = passed[0]!;
    breach(
      fault('I2', '4.4', 'a repair filled past lots it could only have closed at a loss', {
        side: fill.side,
        fillPrice: fill.price,
        unmatched: readings[0]!.left,
        standing: lots.map((lot) => `${lot.account} ${lot.side} ${lot.size} at ${lot.price}`).join(', '),
      }),
      { instrument: order.instrument, account: order.account, clientOrderId: order.clientOrderId },
    );
  }

  /** May an engine have booked what is read of its partial fill at `atSeq`, though it is not certain that it has (4.3). */
  function isPerhapsBooked(order: AuditOrder, atSeq: number): boolean {
    const { wait } = order;
    return wait !== null && !wait.isOver && wait.perhapsSeq !== null && wait.perhapsSeq <= atSeq;
  }

  function learn(order: AuditOrder, body: OrderBody): void {
    const instrument = instruments.get(order.instrument);
    const wasOver = !isLive(order);
    const phase = PHASES[body.status];
    if (!phase) return;
    order.lookedUpAbsent = false;
    order.unseen = false;
    order.openOrdersLack = false;
    order.historyLacks = false;
    const over = phase === 'filled' || phase === 'cancelled' || phase === 'rejected';
    const grew = body.traded.gt(order.traded);
    if (grew && instrument?.beginning && !order.heard) instrument.movedAtMs[order.account] = nowMs;
    // What was refused or proven absent and shows all the same is alive (9.6); what the exchange ended stays ended.
    const returned = wasOver && (order.phase === 'refused' || order.phase === 'absent') && phase !== 'rejected';
    // The state of an order can be told before its reason is: an answer that lacked a field, and a whole one after it.
    if (phase === 'rejected' && body.rejectReason === 'FAIL_POST_ONLY' && !order.postOnlyRefused) {
      order.postOnlyRefused = true;
      instrument?.figures.postOnlyRefused();
    }
    if (wasOver && !returned && !grew) return;
    if (returned) {
      order.overAtMs = null;
      order.turnedAway = false;
    }
    if (grew) {
      order.traded = body.traded;
      order.avgPrice = body.avgPrice;
      if (instrument) {
        const filled = signed(order.side, order.traded.minus(tradedBefore(order)));
        move(instrument, order.account, filled);
        takeBack(instrument, order, filled);
      }
    }
    if (!order.traded.isZero()) order.wait ??= waitFrom(rawMs, null);
    const before = order.phase;
    if (over) {
      setOver(order, phase);
    } else if (phase === 'open' && isLive(order)) {
      order.phase = 'open';
      order.endedAtMs ??= nowMs;
    } else if (isUnproven(order)) order.phase = 'acknowledged';
    const booked = order.booked;
    if (instrument && (!isLive(order) || order.wait?.isOver)) bookOrder(instrument, order);
    const news = grew || order.phase !== before || wasOver === isLive(order) || !order.booked.eq(booked);
    if (news) remember(order);
  }

  /** What the auditor knew to have traded at its last moment; the flow moves by the rest. */
  function tradedBefore(order: AuditOrder): Decimal {
    return order.moments.at(-1)?.traded ?? ZERO;
  }

  /** One more whole poll of a partial fill that waits (4.3): moves its clock on. */
  function waited(wait: PartialWait): void {
    wait.polls += 1;
    if (wait.polls >= CERTAIN_POLLS) wait.certainMs ??= rawMs;
    const { firstMs, certainMs } = wait;
    const waitedMs = rawMs - Math.min(firstMs, certainMs ?? firstMs);
    if (wait.perhapsSeq === null && waitedMs >= settings.partialFillTimeoutMs) {
      wait.perhapsSeq = seq;
      wait.perhapsAtMs = nowMs;
    }
    if (certainMs === null || rawMs - Math.max(firstMs, certainMs) < settings.partialFillTimeoutMs) return;
    wait.overduePolls += 1;
    if (wait.overduePolls >= CERTAIN_POLLS) wait.isOver = true;
  }

  /** The position `account` has to show changed by `size`. */
  function move(instrument: Instrument, account: AccountName, size: Decimal): void {
    const { expected } = instrument.holding[account];
    const last = expected.at(-1);
    if (!last) return;
    expected.push({ seq, size: last.size.plus(size) });
    if (expected.length > MAX_HISTORY) expected.shift();
  }

  /** A difference adopted as drift was the fill of an order that could not be looked up: now that it is known, it counts once. */
  function takeBack(instrument: Instrument, order: AuditOrder, filled: Decimal): void {
    const holding = instrument.holding[order.account];
    const { drift } = holding;
    if (!drift || !filled.eq(drift.size) || order.sentSeq > drift.seq) return;
    if (nowMs - drift.atMs > DRIFT_WITHDRAWN_WITHIN_MS) return;
    const position = holding.positions.at(-1);
    instrument.lots.withdraw(drift.seq, {
      account: order.account,
      side: drift.size.gt(0) ? 'sell' : 'buy',
      size: drift.size.abs(),
      price: position?.entryPrice.gt(0) ? position.entryPrice : order.price,
      seq,
      atMs: nowMs,
      loose: true,
      clientOrderId: null,
    });
    holding.drift = null;
    instrument.drifts += 1;
    holding.contradicting = null;
    move(instrument, order.account, filled.neg());
  }

  /** An order the engine knows from its journal. */
  function recall(instrument: string, from: StartOrder): void {
    const { account, clientOrderId, side, size, price, sentAtMs, expirationMs, firstPartialAtMs, confirmedAtMs } = from;
    const wait = firstPartialAtMs === null ? null : waitFrom(firstPartialAtMs, firstPartialAtMs);
    const order: AuditOrder = {
      ...{ clientOrderId, account, instrument, side, size, price, heard: true, sentSeq: 0, sentAtMs, expirationMs },
      phase: confirmedAtMs === null || from.unknown ? 'unknown' : 'open',
      endedAtMs: confirmedAtMs ?? sentAtMs,
      postOnlyRefused: false,
      turnedAway: false,
      overAtMs: null,
      traded: from.tradedSize,
      avgPrice: from.avgFillPrice,
      booked: from.bookedSize,
      bookedValue: from.bookedValueUsdt,
      wait,
      fenceEndMs: null,
      lookedUpAbsent: false,
      unseen: false,
      lacked: false,
      ahead: null,
      openOrdersLack: false,
      historyLacks: false,
      cancelAskedAtMs: null,
      moments: [],
      attempt: 1,
      chainStartMs: sentAtMs,
      minRequestedMs: 0,
      repairSeq: null,
      sideBookingsAtSend: 0,
      driftsAtSend: 0,
      ownBookings: 0,
    };
    remember(order);
    keep(order);
  }

  function adopt(account: AccountName, body: OrderBody): AuditOrder {
    const instrument = instruments.get(body.instrument);
    // Before the first complete poll what it had traded is part of the position (strategy 11.3).
    // A journal knows its positions, and not this order: what it traded, it traded since.
    const atStart = !known.has(body.instrument) && (accounts[account].complete === null || !instrument?.started);
    const base = atStart ? body.traded : ZERO;
    const createdMs = body.createTimeNs === null ? nowMs : Number(body.createTimeNs / 1_000_000n);
    const order: AuditOrder = {
      clientOrderId: body.clientOrderId,
      account,
      instrument: body.instrument,
      side: body.side,
      size: body.size,
      price: body.price,
      heard: false,
      sentSeq: 0,
      sentAtMs: createdMs,
      expirationMs: body.expirationNs === null ? null : Number(body.expirationNs / 1_000_000n),
      phase: 'open',
      endedAtMs: nowMs,
      postOnlyRefused: false,
      turnedAway: false,
      overAtMs: null,
      traded: base,
      avgPrice: body.avgPrice,
      booked: base,
      bookedValue: base.mul(body.avgPrice),
      wait: null,
      fenceEndMs: null,
      lookedUpAbsent: false,
      unseen: false,
      lacked: false,
      ahead: null,
      openOrdersLack: false,
      historyLacks: false,
      cancelAskedAtMs: null,
      moments: [],
      attempt: 1,
      chainStartMs: nowMs,
      minRequestedMs: 0,
      repairSeq: null,
      sideBookingsAtSend: 0,
      driftsAtSend: 0,
      ownBookings: 0,
    };
    remember(order);
    keep(order);
    return order;
  }

  /** Takes an order the exchange spoke of; foreign ones are not ours to know. */
  function sawOrder(account: AccountName, body: OrderBody): void {
    if (body.updateTimeNs !== null) exchangeMs = Math.max(exchangeMs, Number(body.updateTimeNs / 1_000_000n));
    const known = accounts[account].orders.get(body.clientOrderId);
    if (known) {
      learn(known, body);
      return;
    }
    if (body.status !== 'OPEN' && body.status !== 'PENDING') return;
    if (!strategyId(body.clientOrderId)) return;
    learn(vanishedAndBack(account, body) ?? adopt(account, body), body);
  }

  /** An order of a former engine that one answer lacked and another shows again is the same order, and never was gone. */
  function vanishedAndBack(account: AccountName, body: OrderBody): AuditOrder | null {
    const instrument = instruments.get(body.instrument);
    const back = instrument?.vanished.find(
      (one) => one.account === account && one.clientOrderId === body.clientOrderId,
    );
    if (!instrument || !back) return null;
    instrument.vanished = instrument.vanished.filter((one) => one !== back);
    keep(back);
    // Nothing moved the positions then, unless another did: the next poll is nothing to begin from anew.
    const another = (one: AuditOrder) => one.account === account && !one.heard;
    const moved =
      instrument.vanished.some(another) || instrument.orders.some((one) => another(one) && one.traded.gt(0));
    if (!moved) instrument.movedAtMs[account] = null;
    return back;
  }

  // ── what the exchange said ────────────────────────────────────────────────────────────────────────────────────────

  function sawPositions(account: AccountName, rows: Map<string, PositionBody>, sentAtMs: number): void {
    for (const [name, instrument] of instruments) {
      const row = rows.get(name);
      if (row) exchangeMs = Math.max(exchangeMs, Number(row.eventTimeNs / 1_000_000n));
      const holding = instrument.holding[account];
      const flat = !row || row.size.isZero();
      holding.positions.push({
        seq,
        atMs: nowMs,
        sentAtMs,
        size: row?.size ?? ZERO,
        entryPrice: row?.entryPrice ?? ZERO,
        markPrice: flat ? null : row.markPrice,
      });
      trim(holding.positions, nowMs, windows.historyMs);
      if (holding.expected.length === 0) holding.expected.push({ seq, size: row?.size ?? ZERO });
      if (!instrument.started) start(instrument);
      else if (instrument.beginning) {
        // Not by the poll that showed it: an engine that has begun asks about that order first (10.2).
        const movedAtMs = instrument.movedAtMs[account];
        if (movedAtMs !== null && sentAtMs > movedAtMs) startAnew(instrument);
      }
    }
  }

  /** Positions moved by orders nobody can ask about any more: an engine that begins now begins from these. */
  function startAnew(instrument: Instrument): void {
    for (const account of ACCOUNTS) {
      const holding = instrument.holding[account];
      const newest = holding.positions.at(-1);
      if (!newest) return;
      holding.expected.push({ seq, size: newest.size });
      holding.contradicting = null;
    }
    for (const order of instrument.orders) {
      order.booked = order.traded;
      order.bookedValue = order.traded.mul(order.avgPrice);
      if (order.wait) order.wait = waitFrom(rawMs, null);
      remember(order);
    }
    start(instrument, -1);
    // An engine that began earlier has the difference as drift, at another entry price: sizes are judged, prices are not.
    for (const lots of instrument.lots.current) instrument.lots.reset(lots.map((lot) => ({ ...lot, loose: true })));
  }

  /** An order of a former engine that vanishes before this one began: it never knew it, and nobody asks about it. */
  function forgetVanished(account: AccountName, open: ReadonlySet<string>): void {
    for (const instrument of instruments.values()) {
      if (!instrument.beginning) continue;
      const stays = (one: AuditOrder) => one.account !== account || one.heard || open.has(one.clientOrderId);
      const gone = instrument.orders.filter((one) => !stays(one));
      if (gone.length === 0) continue;
      for (const one of gone) accounts[account].orders.delete(one.clientOrderId);
      instrument.orders = instrument.orders.filter(stays);
      instrument.vanished = [...instrument.vanished, ...gone].slice(-MAX_ORDERS);
      instrument.movedAtMs[account] = nowMs;
    }
  }

  /** An order is asked about by its id: one that had vanished before this engine began was known to it, so it had begun. */
  function askedAbout(account: AccountName, clientOrderId: string): void {
    for (const instrument of instruments.values()) {
      const known = instrument.vanished.find((one) => one.account === account && one.clientOrderId === clientOrderId);
      if (known) hasBegun(instrument);
    }
  }

  /** Orders of a former engine that vanished since are live for this one, until it is told what became of them (10.2). */
  function hasBegun(instrument: Instrument): void {
    instrument.beginning = false;
    for (const order of instrument.vanished) {
      order.unseen = true;
      instrument.orders.push(order);
      accounts[order.account].orders.set(order.clientOrderId, order);
    }
    instrument.vanished = [];
  }

  /** While it begins: where both accounts read alike for long, any engine has begun (11.3). */
  function watchSteady(instrument: Instrument, account: AccountName): void {
    const orders = instrument.orders.filter((one) => one.account === account && isLive(one));
    const words = orders.map((one) => `${one.clientOrderId} ${one.traded.toString()}`).sort();
    const reading = `${instrument.holding[account].positions.at(-1)?.size.toString()} ${words.join(',')}`;
    const former = instrument.steady[account];
    if (former?.reading !== reading) instrument.steady[account] = { reading, sinceMs: nowMs };
    const { A, B } = instrument.steady;
    if (!A || !B || nowMs - Math.max(A.sinceMs, B.sinceMs) < windows.begunAfterMs) return;
    instrument.beginning = false;
    instrument.vanished = [];
  }

  function resetLots(instrument: Instrument, from: readonly StartLot[]): void {
    const own = from.filter((lot) => lot.instrument === instrument.symbol.instrument);
    const lots = own.map(({ account, side, size, price, bookedAtMs }) => {
      return { account, side, size, price, seq: 0, atMs: bookedAtMs ?? nowMs, loose: false };
    });
    instrument.lots.reset(lots);
  }

  /** Both positions are known for the first time, or (`from` -1) anew: the lots of strategy 11.3. */
  function start(instrument: Instrument, from: 0 | -1 = 0): void {
    const [a, b] = ACCOUNTS.map((account) => instrument.holding[account].positions.at(from));
    if (!a || !b) return;
    instrument.started = true;
    if (Array.isArray(existing)) {
      resetLots(instrument, existing as readonly StartLot[]);
      return;
    }
    const loose = existing === 'unjudged';
    const netted = a.size.mul(b.size).lt(0) ? min(a.size.abs(), b.size.abs()) : ZERO;
    const lots: AuditLot[] = [];
    for (const [account, seen] of [['A', a] as const, ['B', b] as const]) {
      const size = seen.size.abs().minus(netted);
      if (size.isZero()) continue;
      const side: Side = seen.size.gt(0) ? 'buy' : 'sell';
      lots.push({ account, side, size, price: seen.entryPrice, seq: 0, atMs: nowMs, loose });
    }
    instrument.lots.reset(lots);
    if (lots.length === 0) instrument.guardsJudged = true;
  }

  function polled(
    account: AccountName,
    route: 'positions' | 'openOrders' | 'summary',
    { sentAtMs, sentRawMs }: RequestInFlight,
  ): void {
    const state = accounts[account];
    if (!state[route] || state[route].sentAtMs <= sentAtMs) state[route] = { sentAtMs, sentRawMs, atMs: nowMs };
    const { positions, openOrders, summary } = state;
    if (!positions || !openOrders || !summary) return;
    const requestedAtMs = Math.min(positions.sentAtMs, openOrders.sentAtMs, summary.sentAtMs);
    if (state.complete && requestedAtMs <= state.complete.requestedAtMs) return;
    state.complete = { requestedAtMs, receivedAtMs: nowMs };
    knewMore(account);
    takeAhead(account);
    // The wait of a partial fill is judged by the engine's clock at its own snapshots: the moment before the booking stays a
    // view of its own, and the booking is a later one.
    // An engine that begins later counts from there (11.3).
    const begun = [...instruments.values()].filter((instrument) => !instrument.beginning);
    const waiting = begun.flatMap((instrument) =>
      instrument.orders
        .filter((order) => order.account === account && isLive(order) && !order.unseen)
        .flatMap((order) => (order.wait && !order.wait.isOver ? [{ instrument, order, wait: order.wait }] : [])),
    );
    if (waiting.length > 0) seq += 1;
    let news = false;
    for (const { instrument, order, wait } of waiting) {
      waited(wait);
      news ||= wait.perhapsSeq === seq || wait.isOver;
      if (!wait.isOver) continue;
      bookOrder(instrument, order);
      remember(order);
    }
    if (news) knewMore(account);
    for (const instrument of instruments.values()) {
      judgeDrift(instrument, account, requestedAtMs);
      if (instrument.beginning) watchSteady(instrument, account);
      observe(instrument);
    }
  }

  /**
   * A whole poll lacks orders that a look-up asked ahead said to be over: an engine that used those answers knows it from here
   * on. One that found them too old looks the orders up itself first, and until the next poll its former snapshot stands.
   */
  function takeAhead(account: AccountName): void {
    const taken = [...accounts[account].orders.values()].filter((one) => one.ahead !== null && one.lacked);
    if (taken.length === 0) return;
    seq += 1;
    for (const order of taken) if (order.ahead) learn(order, order.ahead);
    knewMore(
      account,
      taken.map((one) => one.instrument),
    );
  }

  /**
   * A moment at which the engine's knowledge of that account may be a snapshot; of the instruments in `perhaps` the former
   * one may be its newest still.
   */
  function knewMore(account: AccountName, perhaps: readonly string[] = []): void {
    const state = accounts[account];
    if (!state.complete || !state.positions) return;
    // Instruments with an order still to be looked up: for these the former snapshot stands until that is done (10.2).
    const unseen = [...state.orders.values()].filter((one) => isLive(one) && one.unseen).map((one) => one.instrument);
    const lacking = [...unseen, ...perhaps];
    const { sentAtMs: requestedAtMs, sentRawMs: requestedRawMs } = state.positions;
    state.moments.push({ seq, atMs: nowMs, requestedAtMs, requestedRawMs, lacking });
    trim(state.moments, nowMs, windows.historyMs);
    for (const instrument of instruments.values()) {
      const holding = instrument.holding[account];
      if (!agrees(instrument, account, seq)) continue;
      holding.contradicting = null;
      holding.winsUntilMs = 0;
    }
  }

  function contradiction(instrument: Instrument, account: AccountName, atSeq: number): Decimal | null {
    const holding = instrument.holding[account];
    const position = knownAt(holding.positions, atSeq);
    const expected = knownAt(holding.expected, atSeq);
    return position && expected ? position.size.minus(expected.size) : null;
  }

  /** Dust aside, do positions and fills known at `atSeq` agree (strategy 4.5). */
  function agrees(instrument: Instrument, account: AccountName, atSeq: number): boolean {
    const difference = contradiction(instrument, account, atSeq);
    if (!difference) return false;
    // How many snapshots an engine got of a difference is not on the wire: it may not have adopted what is adopted here.
    const { drift } = instrument.holding[account];
    if (drift && nowMs - drift.atMs <= DRIFT_WITHDRAWN_WITHIN_MS && difference.eq(drift.size.neg())) return true;
    return difference.isZero() || (instrument.rules !== null && difference.abs().lt(instrument.rules.minSize));
  }

  /** Strategy 10.5, at the earliest moment an engine may adopt. */
  function judgeDrift(instrument: Instrument, account: AccountName, requestedAtMs: number): void {
    const holding = instrument.holding[account];
    const difference = contradiction(instrument, account, seq);
    if (!difference || agrees(instrument, account, seq)) {
      holding.contradicting = null;
      return;
    }
    holding.contradicting ??= { count: 0, sinceMs: requestedAtMs };
    holding.contradicting.count += 1;
    takeOver(instrument, account, difference, false);
    // A wait judged on the same snapshot made a later moment of the booking: what is adopted there is known from then on.
    const isNewer = (accounts[account].moments.at(-1)?.seq ?? seq) < seq;
    if (isNewer && agrees(instrument, account, seq)) knewMore(account);
  }

  /** An order missing from the last poll was found: that poll is a snapshot only now (10.2), and drift is judged on it. */
  function lookedUp(name: string, account: AccountName): void {
    const instrument = instruments.get(name);
    const difference = instrument && contradiction(instrument, account, seq);
    if (!difference || agrees(instrument, account, seq)) return;
    takeOver(instrument, account, difference, false);
    knewMore(account);
  }

  function takeOver(instrument: Instrument, account: AccountName, difference: Decimal, atOnce: boolean): void {
    const holding = instrument.holding[account];
    const position = holding.positions.at(-1)!;
    const fill: AuditFill = {
      account,
      side: difference.gt(0) ? 'buy' : 'sell',
      size: difference.abs(),
      price: position.size.isZero() ? (markOf(instrument)[0] ?? position.entryPrice) : position.entryPrice,
      seq,
      atMs: nowMs,
      // Entry prices move on with later fills, and which one an engine saw when it adopted is not on the wire.
      loose: true,
      clientOrderId: null,
    };
    const { drift } = holding;
    const since = holding.contradicting;
    const held = since !== null && since.count >= DRIFT_SNAPSHOTS && nowMs - since.sinceMs >= DRIFT_MS;
    if (!held && !atOnce) return;
    // The difference may be the fill of an order that is nowhere to be seen: adopted now, it would count twice.
    const hidden = instrument.orders.some(
      (one) => one.account === account && isLive(one) && (one.unseen || isUnproven(one)),
    );
    if (hidden && !atOnce) return;
    if (drift && nowMs - drift.atMs <= DRIFT_WITHDRAWN_WITHIN_MS && difference.eq(drift.size.neg())) {
      instrument.lots.withdraw(drift.seq, { ...fill, loose: true });
      holding.drift = null;
    } else {
      if (fill.price.lte(0)) return;
      instrument.lots.bookPerhaps(fill);
      holding.drift = { seq, atMs: nowMs, size: difference };
      instrument.figures.drifted();
    }
    instrument.drifts += 1;
    holding.contradicting = null;
    move(instrument, account, difference);
  }

  /** Marks a decision may have used (strategy 3.1): of either position, else the books' mids, newest first. */
  function markOf(
    instrument: Instrument,
    atSeq: Readonly<Record<AccountName, number>> = { A: seq, B: seq },
  ): Decimal[] {
    const marks: Decimal[] = [];
    for (const account of ACCOUNTS) {
      const mark = knownAt(instrument.holding[account].positions, atSeq[account])?.markPrice;
      if (mark?.gt(0) && !marks.some((one) => one.eq(mark))) marks.push(mark);
    }
    if (marks.length > 0) return marks;
    const mids = instrument.books.slice(-4).map((book) => book.bid.plus(book.ask).div(2));
    return mids.reverse();
  }

  function observe(instrument: Instrument): void {
    if (!instrument.started) return;
    const a = instrument.holding.A.positions.at(-1);
    const b = instrument.holding.B.positions.at(-1);
    if (!a || !b) return;
    // Flat on both and no book read yet: there is nothing to value.
    const mark = markOf(instrument)[0] ?? (a.size.isZero() && b.size.isZero() ? ONE : null);
    if (!mark) return;
    const waiting = sum(
      instrument.orders.filter(isLive).map((order) => signed(order.side, order.traded.minus(order.booked))),
    );
    const net = a.size.plus(b.size).minus(waiting);
    const { symbol } = instrument;
    const totalUsdt = a.size.abs().plus(b.size.abs()).mul(mark);
    const goal =
      symbol.positionMode === 'increase' ? totalUsdt.gte(instrument.goalUsdt) : totalUsdt.lte(instrument.goalUsdt);
    instrument.figures.observed(nowMs, {
      hedged: isHedged(net, smallestTradable(instrument.rules, mark, instrument.lots.current[0]!)),
      netUsdt: net.abs().mul(mark),
      totalUsdt,
      goal,
    });
  }

  function sawInstruments(result: unknown): void {
    const rows = Array.isArray(result) ? (result as unknown[]) : [result];
    for (const item of rows) {
      const row = asObject(item);
      const instrument = instruments.get(asText(row?.instrument) ?? '');
      const tickSize = asDecimal(row?.tick_size);
      const minSize = asDecimal(row?.min_size);
      const baseDecimals = asInteger(row?.base_decimals);
      if (!instrument || !row || !tickSize?.gt(0) || !minSize?.gt(0) || baseDecimals === null) continue;
      const rules: InstrumentRules = {
        tickSize,
        minSize,
        minNotional: asDecimal(row.min_notional) ?? ZERO,
        baseDecimals: Number(baseDecimals),
      };
      const old = instrument.rules;
      if (old && !(old.tickSize.eq(tickSize) && old.minSize.eq(minSize) && old.minNotional.eq(rules.minNotional)))
        instrument.formerRules = { rules: old, untilMs: nowMs + settings.staleMs + ASKED_LATELY_MS };
      instrument.rules = rules;
    }
  }

  /** Ends an unknown outcome by the proof of strategy 9.6, once all of it is there. */
  function prove(order: AuditOrder): void {
    if (!order.lookedUpAbsent || !order.openOrdersLack || !order.historyLacks) return;
    setOver(order, 'absent');
    remember(order);
  }

  /** Orders that may be proven absent by what was asked at that time: fenced, or expired (9.6). */
  function* provable(account: AccountName, askedAtMs: number): Iterable<AuditOrder> {
    for (const order of accounts[account].orders.values()) {
      if (!isLive(order)) continue;
      const fenced = order.fenceEndMs !== null && askedAtMs >= order.fenceEndMs;
      const expired =
        order.expirationMs !== null &&
        (exchangeMs > order.expirationMs || rawMs - (nowMs - askedAtMs) >= order.expirationMs - CLOCK_SKEW_MS);
      if (fenced || expired) yield order;
    }
  }

  function answered(request: RequestInFlight, status: number, body: unknown): void {
    const { account, route, sentAtMs } = request;
    const json = asObject(body);
    const good = status >= 200 && status < 300 && json !== null && !('code' in json);
    const result = json?.result;
    if (route === 'create_order') {
      if (request.order) createAnswered(request.order, status, json, good);
      return;
    }
    if (route === 'book') {
      const touch = good ? readTouch(result) : null;
      const instrument = touch && instruments.get(touch.instrument);
      if (!touch || !instrument) return;
      instrument.books.push({ seq, atMs: nowMs, sentAtMs, bid: touch.bid, ask: touch.ask });
      if (instrument.books.length > MAX_BOOKS) instrument.books.shift();
      return;
    }
    if (route === 'instruments' || route === 'all_instruments' || route === 'instrument') {
      if (good) sawInstruments(result);
      return;
    }
    if (!account) return;
    if (route === 'positions') {
      const rows = good ? readPositions(result) : null;
      if (!rows) return;
      sawPositions(account, rows, sentAtMs);
      polled(account, 'positions', request);
    } else if (route === 'open_orders') {
      if (!good || !Array.isArray(result)) return;
      const state = accounts[account];
      if (state.openRead?.result !== result) state.openRead = { result, orders: (result as unknown[]).map(readOrder) };
      const { orders } = state.openRead;
      // Half an answer is none (strategy 10.4).
      if (orders.includes(null)) return;
      const ids = new Set<string>();
      for (const order of orders) {
        if (!order) continue;
        ids.add(order.clientOrderId);
        sawOrder(account, order);
      }
      for (const order of accounts[account].orders.values()) {
        if (!isLive(order) || order.sentAtMs >= sentAtMs) continue;
        order.lacked = !ids.has(order.clientOrderId);
        order.unseen = order.lacked;
      }
      for (const order of provable(account, sentAtMs)) {
        if (ids.has(order.clientOrderId)) continue;
        order.openOrdersLack = true;
        prove(order);
      }
      forgetVanished(account, ids);
      polled(account, 'openOrders', request);
    } else if (route === 'account_summary') {
      if (good && isSummary(result)) polled(account, 'summary', request);
    } else if (route === 'order') orderAnswered(account, request, status, json, good);
    else if (route === 'order_history') historyAnswered(account, request, json, good);
    else if (route === 'cancel_order' && good) cancelAnswered(account, request);
  }

  function createAnswered(
    order: AuditOrder,
    status: number,
    json: Readonly<Record<string, unknown>> | null,
    good: boolean,
  ): void {
    const body = good ? readOrder(json?.result) : null;
    if (body && body.clientOrderId === order.clientOrderId) {
      learn(order, body);
      if (order.phase === 'sent') order.phase = 'acknowledged';
      return;
    }
    if (!isUnproven(order)) return;
    const code = asInteger(json?.code);
    // 2012 says that an order of this id is active: nobody knows which (API 3).
    const refusal =
      status >= 400 && status < 500 && code !== 2012n && (code !== null || [401, 403, 429].includes(status));
    if (refusal) {
      order.turnedAway = status === 401 || status === 429;
      setOver(order, 'refused');
      remember(order);
    } else outcomeUnknown(order);
  }

  function outcomeUnknown(order: AuditOrder): void {
    if (!isUnproven(order)) return;
    order.phase = 'unknown';
    order.endedAtMs ??= nowMs;
  }

  function orderAnswered(
    account: AccountName,
    request: RequestInFlight,
    status: number,
    json: Readonly<Record<string, unknown>> | null,
    good: boolean,
  ): void {
    const body = good ? readOrder(json?.result) : null;
    if (body) {
      const known = accounts[account].orders.get(body.clientOrderId);
      if (known && isAskedAhead(known, body)) {
        known.ahead = body;
        return;
      }
      const awaited = known?.unseen === true;
      sawOrder(account, body);
      knewMore(account);
      if (awaited) lookedUp(body.instrument, account);
      return;
    }
    if (status !== 404 && asInteger(json?.code) !== 1004n) return;
    const id = asText(asObject(request.request)?.client_order_id);
    for (const order of provable(account, request.sentAtMs)) {
      if (order.clientOrderId !== id) continue;
      order.lookedUpAbsent = true;
      prove(order);
    }
  }

  /**
   * Whether nothing an engine knows its orders by can rest on this look-up yet (strategy 10.2): it names as over an order that
   * was plainly open, that the newest open orders do not lack, and that no cancel was sent for.
   */
  function isAskedAhead(order: AuditOrder, body: OrderBody): boolean {
    if (options.asksAhead !== true || (body.status !== 'FILLED' && body.status !== 'CANCELLED')) return false;
    const instrument = instruments.get(order.instrument);
    if (!instrument || instrument.beginning || order.cancelAskedAtMs !== null) return false;
    return isLive(order) && order.phase === 'open' && !order.lacked;
  }

  function historyAnswered(
    account: AccountName,
    request: RequestInFlight,
    json: Readonly<Record<string, unknown>> | null,
    good: boolean,
  ): void {
    if (!good || !Array.isArray(json?.result)) return;
    const orders = (json.result as unknown[]).map(readOrder);
    if (orders.includes(null)) return;
    const ids = new Set<string>();
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const order of orders) {
      if (!order) continue;
      ids.add(order.clientOrderId);
      if (order.createTimeNs !== null) oldestMs = Math.min(oldestMs, Number(order.createTimeNs / 1_000_000n));
      const known = accounts[account].orders.get(order.clientOrderId);
      // It was read for another order: of one that is not lacking yet it tells an engine nothing either.
      if (known && known.ahead === null) sawOrder(account, order);
    }
    knewMore(account);
    const start = asInteger(asObject(request.request)?.start_time);
    const startMs = start === null ? 0 : Number(start / 1_000_000n);
    const lastPage = !json.next;
    for (const order of provable(account, request.sentAtMs)) {
      const sentMs = rawMs - (nowMs - order.sentAtMs);
      const reachesBack = (lastPage && startMs <= sentMs + CLOCK_SKEW_MS) || oldestMs < sentMs - CLOCK_SKEW_MS;
      if (ids.has(order.clientOrderId) || !reachesBack) continue;
      order.historyLacks = true;
      prove(order);
    }
  }

  function cancelAnswered(account: AccountName, request: RequestInFlight): void {
    const body = asObject(request.request);
    const order = accounts[account].orders.get(asText(body?.client_order_id) ?? '');
    const livesMs = asInteger(body?.time_to_live_ms);
    // An order that was once seen open cannot arrive late: any acknowledged cancel fences it.
    if (!order || (livesMs === null && isUnproven(order))) return;
    order.fenceEndMs ??= Math.max(nowMs, request.sentAtMs + Number(livesMs ?? 0n));
  }

  // ── what the engine sent ──────────────────────────────────────────────────────────────────────────────────────────

  function sent(account: AccountName | null, route: string, request: unknown): AuditOrder | null {
    if (route === 'create_order') return createSent(account, request);
    const where = { instrument: null, account, clientOrderId: null };
    if (route === 'cancel_order') cancelSent(account, request);
    else if (route === 'open_orders') {
      if (account) accounts[account].openOrdersAskedMs = nowMs;
    } else if (route === 'order') {
      const id = asText(asObject(request)?.client_order_id);
      if (account && id !== null) askedAbout(account, id);
    } else if (route === 'cancel_all_orders' || route === 'cancel_on_disconnect') {
      checked('I8');
      breach(fault('I8', '9.7', `${route} would end orders that are not ours`), where);
    } else if (/^(bulk_orders|create_bulk_orders|replace_orders)$/.test(route))
      breach(fault('I1', '1', `${route} is no way this engine trades`), where);
    return null;
  }

  function cancelSent(account: AccountName | null, request: unknown): void {
    checked('I8');
    const body = asObject(request);
    const id = asText(body?.client_order_id);
    const orderId = asText(body?.order_id);
    const where = { instrument: null, account, clientOrderId: id };
    if (!account || asText(body?.sub_account_id) !== options.accounts[account])
      breach(fault('I8', '9.7', 'a cancel in the name of another account', { sub: body?.sub_account_id }), where);
    if (id === null || !strategyId(id)) {
      breach(fault('I8', '9.7', 'a cancel that names no strategy order', { clientOrderId: id, orderId }), where);
      return;
    }
    const order = account && accounts[account].orders.get(id);
    if (!order) return;
    order.cancelAskedAtMs ??= nowMs;
    if (draining && mayRest(order)) judgeCleanup(order, draining.live);
  }

  /** I11, of a cancel while draining: what was to be kept is kept. */
  function judgeCleanup(order: AuditOrder, atDrain: ReadonlySet<AuditOrder>): void {
    checked('I11');
    // A fence ends an unknown outcome, it is no clean-up.
    if (isUnproven(order)) return;
    const keptCount = settings.cancelOnStop ? settings.stopKeepStrategyOrders : Number.POSITIVE_INFINITY;
    const newer = [...atDrain].filter(
      (one) =>
        one !== order &&
        one.account === order.account &&
        one.instrument === order.instrument &&
        !NEVER_WAS.has(one.phase) &&
        isNewer(one, order),
    ).length;
    if (newer >= keptCount) return;
    breach(fault('I11', '13.1', 'the stop cancels an order that was to be kept', { newer, keep: keptCount }), order);
  }

  function createSent(account: AccountName | null, request: unknown): AuditOrder | null {
    checked('I1', 'I3', 'I7', 'I10', 'I12');
    const create = readCreate(request);
    const id = create?.clientOrderId ?? null;
    const where = { instrument: create?.instrument ?? null, account, clientOrderId: id };
    if (!create || !account || id === null || !create.size || !create.price || create.instrument === null) {
      breach(fault('I1', '1', 'a create that cannot be read as a limit order'), where);
      return null;
    }
    const { size, price } = create;
    const requestText = digest(typeof request === 'string' ? request : JSON.stringify(request));
    judgeForm(create, account, id);
    if (draining) breach(fault('I12', '13.1', 'a create after the stop began'), where);

    const again = usedIds.get(id);
    if (again !== undefined) {
      const known = accounts[account].orders.get(id);
      // In flight still: one delivery made twice. Turned away: the one repeat after a new login or a back-off (9.8, 9.9).
      const harmless = known !== undefined && (known.phase === 'sent' || known.turnedAway);
      if (again !== requestText) breach(fault('I7', '9.2', 'a client order id used for a second order'), where);
      else if (!harmless)
        breach(
          fault('I7', known?.phase === 'unknown' ? '9.6' : '9.2', 'sent again, not turned away', {
            phase: known?.phase,
          }),
          where,
        );
      if (known?.turnedAway) {
        known.overAtMs = null;
        known.phase = 'sent';
        known.turnedAway = false;
        remember(known);
      }
      return known ?? null;
    }
    usedIds.set(id, requestText);
    if (usedIds.size > MAX_IDS) usedIds.delete(usedIds.keys().next().value!);

    const instrument = instruments.get(create.instrument);
    const holding = instrument?.holding[account];
    const last = holding?.last ?? null;
    const retries =
      last !== null &&
      (last.postOnlyRefused || last.turnedAway) &&
      last.side === create.side &&
      last.size.eq(size) &&
      last.attempt < settings.postOnlyMaxRetry &&
      nowMs - (last.endedAtMs ?? nowMs) <= windows.retryWithinMs;
    // Read again since: it may as well be the first attempt of another submission, so attempts are counted at their fewest.
    const anew = ACCOUNTS.every((one) => {
      const requestedAtMs = accounts[one].moments.at(-1)?.requestedAtMs;
      return requestedAtMs !== undefined && requestedAtMs >= (last?.endedAtMs ?? 0);
    });
    const order: AuditOrder = {
      clientOrderId: id,
      account,
      instrument: create.instrument,
      side: create.side,
      size,
      price,
      heard: true,
      sentSeq: seq,
      sentAtMs: nowMs,
      expirationMs: create.expirationNs === null ? null : Number(create.expirationNs / 1_000_000n),
      phase: 'sent',
      endedAtMs: null,
      postOnlyRefused: false,
      turnedAway: false,
      overAtMs: null,
      traded: ZERO,
      avgPrice: ZERO,
      booked: ZERO,
      bookedValue: ZERO,
      wait: null,
      fenceEndMs: null,
      lookedUpAbsent: false,
      unseen: false,
      lacked: false,
      ahead: null,
      openOrdersLack: false,
      historyLacks: false,
      cancelAskedAtMs: null,
      moments: [],
      attempt: retries && !anew ? last.attempt + 1 : 1,
      chainStartMs: retries ? last.chainStartMs : nowMs,
      minRequestedMs: retries ? last.minRequestedMs : (last?.endedAtMs ?? 0),
      repairSeq: null,
      sideBookingsAtSend: instrument?.bookings[create.side] ?? 0,
      driftsAtSend: instrument?.drifts ?? 0,
      ownBookings: 0,
    };
    if (!instrument?.symbol.enabled) {
      breach(fault('I6', '2.2', 'a create for an instrument that is not to be traded'), where);
    } else {
      instrument.figures.created();
      instrument.beginning = false;
      instrument.vanished = [];
      judgeRules(instrument, order);
      judgeCross(instrument, order);
      judgeSent(instrument, order);
    }
    remember(order);
    keep(order);
    if (holding) holding.last = order;
    const state = accounts[account];
    if (state.lastCreate && state.lastCreate.instrument !== order.instrument) state.lastOtherCreate = state.lastCreate;
    state.lastCreate = { instrument: order.instrument, atMs: nowMs };
    return order;
  }

  /** I1, and what an id and a sub account have to be (strategy 9.2). */
  function judgeForm(create: CreateBody, account: AccountName, id: string): void {
    const where = { instrument: create.instrument, account, clientOrderId: id };
    const wrong: string[] = [];
    if (create.isMarket) wrong.push('market');
    if (!create.postOnly) wrong.push('not post-only');
    if (create.timeInForce !== 'GOOD_TILL_TIME') wrong.push(`time in force ${create.timeInForce}`);
    if (create.legs !== 1) wrong.push(`${create.legs} legs`);
    if (!create.price?.gt(0)) wrong.push(`limit price ${create.price}`);
    if (!create.size?.gt(0)) wrong.push(`size ${create.size}`);
    if (wrong.length > 0) breach(fault('I1', '1', `not a maker order: ${wrong.join(', ')}`), where);
    const bits = strategyId(id);
    if (!bits || bits.account !== account || bits.side !== create.side)
      breach(
        fault('I7', '9.2', 'a client order id without the prefix, account or side it stands for', {
          account: bits?.account ?? 'none',
          side: bits?.side ?? 'none',
          orderSide: create.side,
        }),
        where,
      );
    if (create.subAccountId !== options.accounts[account])
      breach(fault('I7', '9.2', 'a create in the name of another account', { sub: create.subAccountId }), where);
  }

  /** I3: whole steps, on tick, on the passive side of a book read for this attempt. */
  function judgeRules(instrument: Instrument, order: AuditOrder): void {
    const { price, size, side } = order;
    const current = instrument.rules;
    const former = instrument.formerRules;
    if (former && former.untilMs < nowMs) instrument.formerRules = null;
    const readings = [current, instrument.formerRules?.rules ?? null].filter((one) => one !== null);
    const faultsBy = readings.map((rules) => {
      const faults: Fault[] = [];
      if (!price.mod(rules.tickSize).isZero())
        faults.push(fault('I3', '7.1', 'price not on tick', { price, tick: rules.tickSize }));
      if (!size.mod(rules.minSize).isZero() || size.decimalPlaces() > rules.baseDecimals)
        faults.push(fault('I3', '7.3', 'size not in whole steps', { size, step: rules.minSize }));
      if (size.lt(rules.minSize) || size.mul(price).lt(rules.minNotional))
        faults.push(
          fault('I3', '7.3', 'not tradable by its own price', {
            size,
            notional: size.mul(price),
            minSize: rules.minSize,
            minNotional: rules.minNotional,
          }),
        );
      return faults;
    });
    if (faultsBy.length > 0 && faultsBy.every((faults) => faults.length > 0))
      for (const one of faultsBy[0]!) breach(one, order);

    const lastSentMs = instrument.holding[order.account].last?.sentAtMs ?? 0;
    const books = instrument.books.filter(
      (book) => nowMs - book.atMs <= settings.staleMs && book.sentAtMs >= lastSentMs,
    );
    const newest = books.at(-1);
    if (!newest) breach(fault('I3', '7.4', 'priced without reading the book afresh'), order);
    else if (!books.some((book) => (side === 'sell' ? price.gte(book.ask) : price.lte(book.bid))))
      breach(fault('I3', '7.1', 'priced through the touch', { side, price, bid: newest.bid, ask: newest.ask }), order);
  }

  /** I10: no order of one account may be able to match a live or in-flight one of the other. */
  function judgeCross(instrument: Instrument, order: AuditOrder): void {
    const other = otherAccount(order.account);
    for (const one of instrument.orders) {
      if (one.account !== other || one.side === order.side || !mayRest(one)) continue;
      const matches = order.side === 'sell' ? one.price.gte(order.price) : one.price.lte(order.price);
      if (!matches) continue;
      const detail = { price: order.price, otherPrice: one.price, otherClientOrderId: one.clientOrderId };
      breach(fault('I10', '6.6', 'could match an order of the other account', detail), order);
      return;
    }
  }

  /** I2, I4, I5, I6, I7, I9, I12: whether any view a correct engine could have had allows this create. */
  function judgeSent(instrument: Instrument, order: AuditOrder): void {
    checked('I9');
    // The decision came before the book was asked for (7.4), so its age is reckoned there.
    const book = instrument.books.at(-1);
    const decidedByMs = book && nowMs - book.sentAtMs <= ASKED_LATELY_MS ? book.sentAtMs : nowMs;
    let usable = true;
    for (const account of ACCOUNTS) {
      const { complete } = accounts[account];
      const ageMs = complete ? decidedByMs - complete.receivedAtMs : null;
      if (ageMs !== null && ageMs <= settings.staleMs) continue;
      usable = false;
      breach(
        fault('I12', '10.3', `a create on stale data of account ${account}`, {
          ageMs: ageMs ?? 'never read',
          limitMs: settings.staleMs,
        }),
        order,
      );
    }
    if (!usable) return;

    const fromMs = order.chainStartMs - decisionToSendMs(order, book?.sentAtMs ?? nowMs);
    const views = { A: [] as number[], B: [] as number[] };
    for (const account of ACCOUNTS) {
      const { moments } = accounts[account];
      // What was known until later than that: a decision rests on the newest there is.
      const recent = moments.filter((_, index) => {
        const next = moments.find((one, at) => at > index && !one.lacking.includes(order.instrument));
        return (next?.atMs ?? nowMs) >= fromMs;
      });
      const later = recent.filter((one) => one.requestedAtMs >= order.minRequestedMs);
      if (later.length === 0) {
        usable = false;
        breach(
          fault('I12', '9.10', `account ${account} was not read again since the former submission ended`, {
            endedAtMs: order.minRequestedMs,
            readAtMs: recent.at(-1)?.requestedAtMs ?? 'never',
          }),
          order,
        );
        continue;
      }
      const fresh = later.filter((one) => rawMs - one.requestedRawMs <= settings.staleMs + LEAVING_MS);
      if (fresh.length === 0) {
        usable = false;
        breach(
          fault('I12', '10.3', `what was known of account ${account} was too old when the create left`, {
            ageMs: rawMs - later.at(-1)!.requestedRawMs,
            limitMs: settings.staleMs,
          }),
          order,
        );
        continue;
      }
      const off = contradiction(instrument, account, seq);
      if (off && nowMs < instrument.holding[account].winsUntilMs && !agrees(instrument, account, seq)) {
        takeOver(instrument, account, off, true);
        knewMore(account);
        fresh.push(accounts[account].moments.at(-1)!);
      }
      views[account] = fresh
        .filter((one) => agrees(instrument, account, one.seq))
        .map((one) => one.seq)
        .reverse()
        .filter((at, index, all) => index === 0 || tellsMore(instrument, account, at, all[index - 1]!))
        .slice(0, MAX_VIEWS_PER_ACCOUNT);
      if (views[account].length > 0) continue;
      usable = false;
      breach(
        fault('I12', '10.5', `a create while positions of account ${account} contradict its fills`, {
          position: instrument.holding[account].positions.at(-1)?.size ?? 'none',
          byFills: instrument.holding[account].expected.at(-1)?.size ?? 'none',
        }),
        order,
      );
    }
    if (!usable) {
      const off = sum(ACCOUNTS.map((account) => contradiction(instrument, account, seq) ?? ZERO));
      const dust = instrument.rules?.minSize ?? ZERO;
      if (
        ACCOUNTS.some((account) => views[account].length === 0 && !agrees(instrument, account, seq)) &&
        off.abs().gt(dust)
      )
        breach(
          fault('I9', '4.5', 'lots and net do not agree on what this create rests on', { difference: off }),
          order,
        );
      return;
    }

    const live = instrument.orders.filter((one) => one.account === order.account && mayRest(one)).length;
    let best: Judgement | null = null;
    let tried = 0;
    search: for (let depth = 0; depth <= views.A.length + views.B.length - 2; depth += 1) {
      for (
        let index = Math.max(0, depth - views.B.length + 1);
        index < Math.min(views.A.length, depth + 1);
        index += 1
      ) {
        const at = { A: views.A[index]!, B: views.B[depth - index]! };
        for (const view of viewsAt(instrument, order, at)) {
          const judgement = judgeView(instrument, order, view, live);
          if (!best || judgement.faults.length < best.faults.length) {
            best = judgement;
            order.repairSeq = judgement.purpose === 'repair' ? at : null;
          }
          tried += 1;
          if (best.faults.length === 0 || tried >= MAX_JUDGEMENTS) break search;
        }
      }
    }
    if (!best) return;
    if (best.faults.length === 0) settleLots(instrument, views);
    checked(...best.invariants);
    for (const one of best.faults) breach(one, order);
  }

  /** Did an account read otherwise of this instrument at `newer` than at `older`; what was told between may be of others. */
  function tellsMore(instrument: Instrument, account: AccountName, older: number, newer: number): boolean {
    const { positions, expected } = instrument.holding[account];
    if (knownAt(positions, older) !== knownAt(positions, newer)) return true;
    if (knownAt(expected, older) !== knownAt(expected, newer)) return true;
    const between = (at: number | null | undefined): boolean => at != null && at > older && at <= newer;
    return instrument.orders.some(
      (one) =>
        one.account === account && (one.moments.some(({ seq: at }) => between(at)) || between(one.wait?.perhapsSeq)),
    );
  }

  /** How long before the first attempt left its decision may have been made. */
  function decisionToSendMs(order: AuditOrder, bookSentAtMs: number): number {
    const { lastCreate, lastOtherCreate, lastTroubleMs } = accounts[order.account];
    const longest = windows.decisionToSendMs;
    const other = lastCreate?.instrument === order.instrument ? lastOtherCreate : lastCreate;
    const waited = (other !== null && nowMs - other.atMs <= longest) || nowMs - lastTroubleMs <= longest;
    if (waited) return longest;
    return Math.min(longest, CALM_DECISION_TO_SEND_MS + Math.max(0, nowMs - bookSentAtMs));
  }

  function judgeView(instrument: Instrument, order: AuditOrder, view: View, live: number): Judgement {
    const create = { ...order, liveBefore: live };
    const judgement = judge(create, view, instrument.symbol, settings, instrument.rules);
    const guardsJudged = instrument.guardsJudged && !instrument.lots.crowded;
    const faults = judgement.faults.filter((one) => one.invariant !== 'I2' || guardsJudged);
    const twin = unprovenTwin(instrument, order);
    if (twin) {
      // Beside an unknown one, a repair of what that one leaves uncovered is an intent of its own (6.4).
      const second = judgement.purpose === 'repair' && faults.length === 0;
      if (!second)
        faults.push(
          fault('I7', '9.6', 'the same order again while the outcome of the former is unproven', {
            former: twin.clientOrderId,
            formerPhase: twin.phase,
            size: order.size,
          }),
        );
    }
    return { ...judgement, faults };
  }

  /** A former attempt of the same account, side and size that may live. */
  function unprovenTwin(instrument: Instrument, order: AuditOrder): AuditOrder | null {
    for (const one of instrument.orders)
      if (
        one.account === order.account &&
        one.side === order.side &&
        one.size.eq(order.size) &&
        isLive(one) &&
        isUnproven(one)
      )
        return one;
    return null;
  }

  /** Every view of what was known of A at `at.A` and of B at `at.B`. */
  function* viewsAt(
    instrument: Instrument,
    create: AuditOrder,
    at: Readonly<Record<AccountName, number>>,
  ): Iterable<View> {
    const position = { A: ZERO, B: ZERO };
    const waiting = { A: ZERO, B: ZERO };
    for (const account of ACCOUNTS)
      position[account] = knownAt(instrument.holding[account].positions, at[account])?.size ?? ZERO;
    const orders: ViewOrder[] = [];
    const perhaps: { readonly fill: AuditFill; readonly index: number }[] = [];
    for (const order of instrument.orders) {
      if (order === create || NEVER_WAS.has(order.phase)) continue;
      // Sent after the moment of the view: the engine knew of it all the same, as it was when it left.
      const moment = knownAt(order.moments, at[order.account]) ?? order.moments[0];
      if (!moment || moment.over) continue;
      const size = moment.traded.minus(moment.booked);
      if (!size.isZero() && perhaps.length < MAX_PERHAPS && isPerhapsBooked(order, at[order.account]))
        perhaps.push({ fill: fillOf(order, size), index: orders.length });
      orders.push({
        account: order.account,
        side: order.side,
        price: order.price,
        remaining: order.size.minus(moment.traded),
        unbooked: order.size.minus(moment.booked),
      });
      waiting[order.account] = waiting[order.account].plus(signed(order.side, size));
    }
    const net = netAt(instrument, at, waiting);
    const known = instrument.lots.at(at.A, at.B);
    const readings = net === null ? known : readingsOf(known, net);
    for (const markPrice of markOf(instrument, at)) {
      const view: View = { position, waiting, markPrice, readings, orders };
      // Each of them is booked or waits: every combination is a view.
      for (let booked = 0; booked < 2 ** perhaps.length; booked += 1)
        yield* byTradable(instrument, perhaps.filter((_, bit) => (booked >> bit) & 1).reduce(withBooked, view));
    }
  }

  /** What an engine's lots come to that trades on what was known of A at `at.A` and of B at `at.B` (4.5); null: forgotten. */
  function netAt(
    instrument: Instrument,
    at: Readonly<Record<AccountName, number>>,
    waiting: Readonly<Record<AccountName, Decimal>>,
  ): Decimal | null {
    let net = ZERO;
    for (const account of ACCOUNTS) {
      const expected = knownAt(instrument.holding[account].expected, at[account]);
      if (!expected) return null;
      net = net
        .plus(expected.size)
        .plus(notAdopted(instrument, account, at[account]))
        .minus(waiting[account]);
    }
    return net;
  }

  /** The drift adopted here that no engine has adopted that trades on what was known at `atSeq`, taken back; else zero. */
  function notAdopted(instrument: Instrument, account: AccountName, atSeq: number): Decimal {
    const difference = contradiction(instrument, account, atSeq);
    const { drift } = instrument.holding[account];
    return drift && difference?.eq(drift.size.neg()) ? difference : ZERO;
  }

  /** A legal create left: its engine's lots come to its net. Where that is the same in all it may have known, it is settled. */
  function settleLots(instrument: Instrument, views: Readonly<Record<AccountName, readonly number[]>>): void {
    const now = { A: ZERO, B: ZERO };
    for (const order of instrument.orders)
      if (isLive(order))
        now[order.account] = now[order.account].plus(signed(order.side, order.traded.minus(order.booked)));
    let net = netAt(instrument, { A: seq, B: seq }, now);
    for (const account of ACCOUNTS) {
      const [first, ...others] = views[account].map((at) => notAdopted(instrument, account, at));
      if (net === null || !first || others.some((one) => !one.eq(first))) return;
      net = net.minus(notAdopted(instrument, account, seq)).plus(first);
    }
    if (net !== null) instrument.lots.settle(net);
  }

  /** The view in parts, each of readings with one smallest tradable size. */
  function byTradable(instrument: Instrument, view: View): Iterable<View> {
    if (view.readings.length === 1) return [view];
    const parts = Map.groupBy(view.readings, (lots) =>
      String(smallestTradable(instrument.rules, view.markPrice, lots)),
    );
    return [...parts.values()].map((readings) => ({ ...view, readings }));
  }

  /** What is not booked of an order, as one fill. */
  function fillOf(order: AuditOrder, size: Decimal): AuditFill {
    const { account, side, clientOrderId } = order;
    const value = order.traded.mul(order.avgPrice).minus(order.bookedValue);
    const price = value.div(order.traded.minus(order.booked));
    return { account, side, size, price, seq, atMs: nowMs, loose: false, clientOrderId };
  }

  function withBooked(view: View, { fill, index }: { readonly fill: AuditFill; readonly index: number }): View {
    const { account, side, size } = fill;
    const waits = view.waiting[account].minus(signed(side, size));
    const orders = view.orders.map((one, at) => (at === index ? { ...one, unbooked: one.unbooked.minus(size) } : one));
    return {
      ...view,
      readings: view.readings.map((lots) => bookFill(lots, fill).lots),
      waiting: { ...view.waiting, [account]: waits },
      orders,
    };
  }

  // ── the whole ─────────────────────────────────────────────────────────────────────────────────────────────────────

  function hear(event: WireEvent): readonly Breach[] {
    found = [];
    events += 1;
    seq += 1;
    advance(event.atMs);
    lastHeardMs = rawMs;
    const route = event.route.slice(event.route.lastIndexOf('/') + 1);
    if (event.kind === 'sent') {
      const { account, id, request } = event;
      const order = sent(account, route, request);
      requests.set(id, { account, route, request, sentAtMs: nowMs, sentRawMs: rawMs, sentSeq: seq, order });
      if (requests.size > MAX_REQUESTS) requests.delete(requests.keys().next().value!);
      return found;
    }
    const request = requests.get(event.id);
    if (!request) return found;
    requests.delete(event.id);
    if (event.kind === 'failed' || event.status === 401 || event.status === 429 || event.status >= 500)
      // A book that could not be read keeps either account's submission waiting.
      for (const account of request.account ? [request.account] : ACCOUNTS) accounts[account].lastTroubleMs = nowMs;
    if (event.kind === 'answered') answered(request, event.status, event.body);
    else if (request.order) {
      if (NEVER_ARRIVED.test(event.reason) && request.order.phase === 'sent') {
        request.order.turnedAway = true;
        setOver(request.order, 'refused');
        remember(request.order);
      } else outcomeUnknown(request.order);
    }
    return found;
  }

  function liveOrders(): AuditOrder[] {
    return ACCOUNTS.flatMap((account) => [...accounts[account].orders.values()].filter(mayRest));
  }

  for (const { instrument: name, lots, positions, orders } of known.values()) {
    const instrument = instruments.get(name);
    if (!instrument) continue;
    // At once: the first answers can already book what waited.
    instrument.started = true;
    resetLots(instrument, lots);
    for (const account of ACCOUNTS) instrument.holding[account].expected.push({ seq, size: positions[account] });
    for (const order of orders) recall(name, order);
  }

  return {
    hear,
    drainBegan(atMs) {
      advance(atMs);
      draining = { sinceMs: nowMs, live: new Set(liveOrders()) };
    },
    stopped(atMs) {
      found = [];
      seq += 1;
      advance(atMs);
      if (!draining) return found;
      checked('I11');
      if (!settings.cancelOnStop) return found;
      const left = new Map<string, AuditOrder[]>();
      for (const order of liveOrders()) {
        const key = `${order.account} ${order.instrument}`;
        left.set(key, [...(left.get(key) ?? []), order]);
      }
      for (const orders of left.values()) {
        orders.sort((one, two) => (isNewer(one, two) ? -1 : 1));
        for (const order of orders.slice(settings.stopKeepStrategyOrders)) {
          // Fenced, and since then neither its id nor the open orders know it: it does not rest, whatever became of it.
          if (order.lookedUpAbsent && order.openOrdersLack) continue;
          // After 30 s of asking it may give up, and says so by its exit code: for its cancel, or for open orders it never got.
          const { openOrders, openOrdersAskedMs } = accounts[order.account];
          const unread = nowMs - openOrdersAskedMs < ASKED_LATELY_MS && nowMs - (openOrders?.atMs ?? 0) >= CLEANUP_MS;
          if ((order.cancelAskedAtMs !== null || unread) && nowMs - draining.sinceMs >= CLEANUP_MS) continue;
          const detail = { left: orders.length, keep: settings.stopKeepStrategyOrders, phase: order.phase };
          breach(fault('I11', '13.1', 'left behind at the stop', detail), order);
        }
      }
      return found;
    },
    restarted(atMs, how) {
      seq += 1;
      advance(atMs);
      draining = null;
      if (how?.journal === 'lost') {
        existing = 'synthetic';
        known.clear();
      }
      for (const request of requests.values()) if (request.order) outcomeUnknown(request.order);
      requests.clear();
      for (const account of ACCOUNTS) {
        for (const order of accounts[account].orders.values()) {
          // What was asked ahead died with whoever asked; the next engine asks itself.
          order.ahead = null;
          const { wait } = order;
          if (!wait) continue;
          // What was read but not written down is read anew.
          if (wait.certainMs === null || lastHeardMs - wait.certainMs < UNWRITTEN_MS) wait.certainMs = null;
          wait.polls = 0;
          wait.overduePolls = 0;
        }
        const state = accounts[account];
        Object.assign(state, { positions: null, openOrders: null, summary: null, complete: null, moments: [] });
        if (how?.journal === 'lost') state.orders.clear();
      }
      for (const instrument of instruments.values()) {
        instrument.books.length = 0;
        instrument.vanished = [];
        Object.assign(instrument.steady, { A: null, B: null });
        if (how?.journal === 'lost') {
          instrument.orders = [];
          instrument.started = false;
          instrument.beginning = true;
          Object.assign(instrument.movedAtMs, { A: null, B: null });
          instrument.guardsJudged = true;
          instrument.lots.reset([]);
        }
        for (const account of ACCOUNTS) {
          const holding = instrument.holding[account];
          holding.last = null;
          holding.contradicting = null;
          holding.winsUntilMs = nowMs + windows.restartMs;
          if (how?.journal !== 'lost') continue;
          holding.positions.length = 0;
          holding.expected.length = 0;
          holding.drift = null;
        }
      }
    },
    report: () => ({
      events,
      symbols: [...instruments].map(([name, instrument]) => instrument.figures.figures(name)),
      breachCounts: { ...breachCounts },
      breaches: [...breaches],
      checks: { ...checks },
    }),
  };
}

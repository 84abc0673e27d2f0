import type { Fact } from '../core/facts.ts';
import type { JournalKind, StoredEntry } from '../core/journal-entry.ts';
import type { SymbolSnapshot } from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import type { PlanInput } from '../core/plan-input.ts';
import type { Clock, Journal } from '../ports.ts';
import { type ReasonWords, reasonWords } from '../texts/reasons.ts';
import { createAllowance } from './allowance.ts';
import { plain } from './plain.ts';

/** Entries read per turn of the event loop: about a millisecond. */
const CHUNK = 50;
/** Entries of the journal a request may read; a busier time is shown from its end. */
export const ENTRIES_MAX = 20_000;
/** Moments on the slider: more than it has pixels. */
export const MOMENTS_MAX = 1_500;
/** The longest time listed by one request. */
export const HOURS_MAX = 24;
/** How far back its end may lie: as long as the journal keeps settled history by default. */
export const BACK_MAX_MS = 30 * 86_400_000;
/** Simultaneous readers: each costs a share of the engine's time. */
const READERS_MAX = 2;
/** Lists requested in a row, and the interval of further ones. */
export const LISTS_IN_A_ROW = 10;
const LIST_EVERY_MS = 2_000;
/** The same for single moments: moving the slider requests some ten a second for seconds. */
export const MOMENTS_IN_A_ROW = 100;
const READ_EVERY_MS = 100;

/** A stop of the slider. */
export interface Moment {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: 'decision' | 'state' | 'fact';
  /** The symbol's phase from then on, as far as the journal shows. */
  readonly phase: string;
  /** The fact as plain fields, for the feed's texts. */
  readonly fact: unknown;
}

export interface Moments {
  readonly instrument: string;
  readonly moments: readonly Moment[];
  /** There were more before the first one. */
  readonly cut: boolean;
}

/** All the journal's data of one moment. */
export interface MomentDetail {
  readonly seq: number;
  readonly atMs: number;
  readonly phase: string;
  /** The symbol's state as last written by then. */
  readonly state: unknown;
  /** The last decision by then that led to something: its data and results. */
  readonly decision: {
    readonly seq: number;
    readonly atMs: number;
    readonly why: ReasonWords;
    readonly plan: unknown;
    readonly valuation: unknown;
    readonly snapshots: unknown;
  } | null;
  readonly fact: unknown;
}

/** The used part of the journal: the port, and its newest entries. */
export interface PastJournal extends Pick<Journal, 'scan'> {
  newest(kind: JournalKind): StoredEntry | null;
}

/** The kinds that make up a symbol's past. */
const KINDS: readonly JournalKind[] = ['decision', 'symbol.state', 'fact'];
/** If the first entry is this long after the requested beginning, there were others before it. */
const SLACK_MS = 60_000;

/** Reads the past from the journal in small parts, so that the engine's own work comes first. */
export interface Past {
  /** @param untilMs end of that time, wall clock; null: now @returns `busy`: too many readers */
  moments(instrument: string, hours: number, untilMs?: number | null): Promise<Moments | 'busy' | 'too-often'>;
  /** null: no moment of the list requested last. */
  at(instrument: string, seq: number): MomentDetail | 'too-often' | null;
}

interface DecisionBody {
  readonly input: PlanInput;
  readonly plan: Plan;
  readonly snapshots: Readonly<Record<string, SymbolSnapshot | null>>;
}

/** Where the parts of a moment are in the journal. */
interface Place {
  readonly state: number | null;
  readonly decision: number | null;
  readonly phase: string;
}

export function createPast(journal: PastJournal, clock: Clock): Past {
  let readers = 0;
  const mayList = createAllowance(LISTS_IN_A_ROW, LIST_EVERY_MS, clock);
  const mayRead = createAllowance(MOMENTS_IN_A_ROW, READ_EVERY_MS, clock);
  /** Of the instruments last listed: where each moment's parts are. Bounded by `LISTS_MAX`. */
  const lists = new Map<string, Map<number, Place>>();

  /** The instrument's entries of that time in order, from at most the newest `ENTRIES_MAX` of the journal. */
  const read = async (instrument: string, sinceMs: number, untilMs: number | null) => {
    const newestSeq = Math.max(0, ...KINDS.map((kind) => journal.newest(kind)?.seq ?? 0));
    const lastSeq = (untilMs === null ? null : seqAfter(untilMs)) ?? newestSeq;
    const afterSeq = Math.max(0, lastSeq - ENTRIES_MAX);
    const found: StoredEntry[] = [];
    let scanned = 0;
    for (const kind of KINDS) {
      const key = kind === 'fact' ? {} : { key: instrument };
      for (const entry of journal.scan({ kind, sinceMs, afterSeq, ...key })) {
        if (entry.seq > lastSeq) break;
        if (++scanned % CHUNK === 0) await new Promise((resume) => setImmediate(resume));
        if (untilMs !== null && entry.atMs > untilMs) continue;
        if (kind !== 'fact' || isAbout(entry, instrument)) found.push(entry);
      }
    }
    const first = found.sort((a, b) => a.seq - b.seq)[0];
    return { found, cut: afterSeq > 0 && first !== undefined && first.atMs - sinceMs > SLACK_MS };
  };

  /** The entry that a time ends before; null: none. */
  const seqAfter = (untilMs: number): number | null => {
    for (const { seq } of journal.scan({ sinceMs: untilMs + 1 })) return seq;
    return null;
  };

  const list = async (instrument: string, hours: number, until: number | null): Promise<Moments> => {
    const span = Math.min(HOURS_MAX, Number.isFinite(hours) && hours > 0 ? hours : 1);
    const nowMs = clock.nowMs();
    const isBack = until !== null && Number.isFinite(until) && until < nowMs;
    const untilMs = isBack ? Math.max(nowMs - BACK_MAX_MS, until) : null;
    const sinceMs = (untilMs ?? nowMs) - span * 3_600_000;
    const entries = await read(instrument, sinceMs, untilMs);
    const moments: Moment[] = [];
    const places = new Map<number, Place>();
    let place: Place = { state: null, decision: null, phase: 'waiting' };
    for (const entry of entries.found) {
      const moment = momentOf(entry, instrument, place);
      if (moment === null) continue;
      place = moment.place;
      if (moment.moment === null) continue;
      moments.push(moment.moment);
      places.set(entry.seq, place);
    }
    const surplus = moments.splice(0, Math.max(0, moments.length - MOMENTS_MAX));
    for (const { seq } of surplus) places.delete(seq);
    const cut = entries.cut || surplus.length > 0;
    lists.delete(instrument);
    lists.set(instrument, places);
    const oldest = lists.size > LISTS_MAX ? lists.keys().next().value : undefined;
    if (oldest !== undefined) lists.delete(oldest);
    return { instrument, moments, cut };
  };

  const entryAt = (seq: number | null): StoredEntry | null => {
    if (seq === null) return null;
    for (const entry of journal.scan({ afterSeq: seq - 1 })) return entry.seq === seq ? entry : null;
    return null;
  };

  return {
    async moments(instrument, hours, untilMs = null) {
      if (readers >= READERS_MAX) return 'busy';
      if (!mayList()) return 'too-often';
      readers += 1;
      try {
        return await list(instrument, hours, untilMs);
      } finally {
        readers -= 1;
      }
    },
    at(instrument, seq) {
      if (!mayRead()) return 'too-often';
      const place = lists.get(instrument)?.get(seq);
      const entry = place === undefined ? null : entryAt(seq);
      if (place === undefined || entry === null) return null;
      const decision = entryAt(place.decision);
      return {
        seq,
        atMs: entry.atMs,
        phase: place.phase,
        state: plain(entryAt(place.state)?.body ?? null),
        decision: decision === null ? null : decisionOf(decision),
        fact: entry.kind === 'fact' ? plain(entry.body) : null,
      };
    },
  };
}

/** Lists remembered: pages show one or two instruments. */
const LISTS_MAX = 8;

/** An entry's meaning for an instrument's past; null: none. */
function momentOf(
  entry: StoredEntry,
  instrument: string,
  before: Place,
): { readonly place: Place; readonly moment: Moment | null } | null {
  const { seq, atMs } = entry;
  switch (entry.kind) {
    case 'decision': {
      if (entry.key !== instrument) return null;
      const phase = (entry.body as DecisionBody).plan.tradingState;
      const place = { ...before, decision: seq, phase };
      return { place, moment: { seq, atMs, kind: 'decision', phase, fact: decisionFact(entry) } };
    }
    case 'symbol.state':
      // A moment of its own would only repeat the fact or decision beside it.
      return entry.key === instrument ? { place: { ...before, state: seq }, moment: null } : null;
    case 'fact': {
      const fact = entry.body as Fact;
      const phase = fact.type === 'state.changed' ? fact.to : before.phase;
      // Its last fill beside it says the same.
      if (fact.type === 'order.over' && fact.status === 'FILLED') return null;
      const kind = fact.type === 'state.changed' ? 'state' : 'fact';
      return { place: { ...before, phase }, moment: { seq, atMs, kind, phase, fact: plain(fact) } };
    }
    default:
      return null;
  }
}

function isAbout(entry: StoredEntry, instrument: string): boolean {
  const fact = entry.body as Fact;
  return 'instrument' in fact && fact.instrument === instrument;
}

/** A decision in the form of a fact, for the page's texts. */
function decisionFact(entry: StoredEntry): unknown {
  const { plan } = entry.body as DecisionBody;
  const creates = plan.creates.map(({ account, side, size, purpose, guardPrice, rules }) => {
    return { account, side, size, purpose, guardPrice, rules };
  });
  const trims = plan.trims.map(({ order: { account, side, size, price }, why }) => {
    return { account, side, size, price, why };
  });
  return plain({ type: 'decision.made', atMs: entry.atMs, instrument: entry.key, why: plan.why, creates, trims });
}

function decisionOf(entry: StoredEntry): MomentDetail['decision'] {
  const { input, plan, snapshots } = entry.body as DecisionBody;
  return {
    seq: entry.seq,
    atMs: entry.atMs,
    why: reasonWords(plan.why),
    plan: plain({ situation: plan.situation, creates: plan.creates, trims: plan.trims, idle: plan.idle }),
    valuation: plain(input.valuation),
    snapshots: plain(snapshots),
  };
}

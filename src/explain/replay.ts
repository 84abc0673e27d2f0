import type { Declared } from '../core/audit/declared.ts';
import { encode } from '../core/codec.ts';
import { errorText } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import type { StoredEntry } from '../core/journal-entry.ts';
import { book, lotsNet } from '../core/ledger.ts';
import type { AccountName, LotMatch, SymbolSnapshot } from '../core/model.ts';
import { makePlan, type Plan } from '../core/plan.ts';
import type { PlanInput } from '../core/plan-input.ts';
import type { SymbolState } from '../core/symbol-state.ts';
import { markOf, valuePair } from '../core/valuing.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';

/**
 * Replays the journal through the same core: every decision from its inputs, and every ledger from the previous one and
 * the fills between them. A difference is a change of the rules since, or a defect.
 */

/** A decision in the journal. */
export interface RecordedDecision {
  readonly input: PlanInput;
  readonly plan: Plan;
  readonly snapshots: Readonly<Record<AccountName, SymbolSnapshot | null>>;
  /** Absent in older versions. */
  readonly declared?: Declared;
}

/** The first result that differs from the journal. */
export interface Difference {
  readonly seq: number;
  readonly atMs: number;
  readonly instrument: string;
  readonly what: 'decision' | 'valuation' | 'ledger';
  /** Path in the value, e.g. `creates.0.size`. */
  readonly where: string;
  readonly recorded: string;
  readonly now: string;
}

export interface Replay {
  readonly decisions: number;
  /** Ledger steps: pairs of consecutive states of a symbol. */
  readonly ledgers: number;
  readonly fills: number;
  readonly difference: Difference | null;
}

/** Replays a journal up to the first difference (strategy 4, 5, 6, 8). */
export function replay(journal: EngineJournal): Replay {
  const ledgers = new Map<string, LedgerStep>();
  const count = { decisions: 0, ledgers: 0, fills: 0 };
  const end = (difference: Difference | null): Replay => ({ ...count, difference });
  for (const entry of journal.scan()) {
    if (entry.kind === 'decision') {
      count.decisions += 1;
      const difference = replayDecision(entry as StoredEntry<'decision'>);
      if (difference !== null) return end(difference);
    }
    if (entry.kind === 'fact') {
      const fact = entry.body as Fact;
      if (isBooking(fact)) ledgers.get(fact.instrument)?.bookings.push(fact);
    }
    if (entry.kind === 'symbol.state') {
      const state = entry.body as SymbolState;
      // Bookings follow the state they led to in the same write, so the next state closes the previous one.
      const previous = ledgers.get(state.instrument);
      const difference = previous === undefined ? null : checkLedger(previous);
      if (difference !== null) return end(difference);
      if (previous !== undefined) count.fills += previous.bookings.length;
      if (previous?.before) count.ledgers += 1;
      ledgers.set(state.instrument, {
        entry: entry as StoredEntry<'symbol.state'>,
        before: previous === undefined ? null : (previous.entry.body as SymbolState),
        bookings: [],
      });
    }
  }
  for (const step of ledgers.values()) {
    const difference = checkLedger(step);
    if (difference !== null) return end(difference);
    count.fills += step.bookings.length;
    if (step.before) count.ledgers += 1;
  }
  return end(null);
}

function replayDecision(entry: StoredEntry<'decision'>): Difference | null {
  const { input, plan, snapshots, declared } = entry.body as RecordedDecision;
  const about = { seq: entry.seq, atMs: entry.atMs, instrument: input.config.instrument };
  const valuation = valuationAgain(input, snapshots, declared);
  if (valuation !== null) {
    const first = firstDifference(input.valuation, valuation);
    if (first !== null) return { ...about, what: 'valuation', ...first };
  }
  let again: Plan | string;
  try {
    again = makePlan(input);
  } catch (thrown) {
    again = `no plan: ${errorText(thrown)}`;
  }
  const first = firstDifference(plan, again);
  return first === null ? null : { ...about, what: 'decision', ...first };
}

/**
 * The valuation by the ledger's positions (strategy 9.10), in older entries by the recorded positions; at the recorded
 * mark if that came from the book.
 */
function valuationAgain(
  input: PlanInput,
  snapshots: RecordedDecision['snapshots'],
  declared: RecordedDecision['declared'],
): PlanInput['valuation'] | null {
  const { A, B } = snapshots;
  if (A === null || B === null) return null;
  const zero = input.valuation.mark.mul(0);
  const actual = {
    A: declared?.accounts.A.held ?? A.position?.size ?? zero,
    B: declared?.accounts.B.held ?? B.position?.size ?? zero,
  };
  const read = markOf([A.position, B.position], null);
  // A mark that is not accepted does not value the pair (strategy 3.1).
  const isAccepted = input.marks === undefined || input.marks.trust === 'accepted';
  const mark = isAccepted && read !== null ? read : input.valuation.mark;
  return valuePair(input.state, input.instrument, actual, mark);
}

type Booking = Extract<Fact, { type: 'fill.booked' | 'drift.adopted' | 'lots.restored' }>;

interface LedgerStep {
  readonly entry: StoredEntry<'symbol.state'>;
  /** null: the first one in the journal. */
  readonly before: SymbolState | null;
  readonly bookings: Booking[];
}

function isBooking(fact: Fact): fact is Booking {
  return fact.type === 'fill.booked' || fact.type === 'drift.adopted' || fact.type === 'lots.restored';
}

/** The previous state plus the bookings since must give this state's ledger, and its lots must sum to its net (4.5). */
function checkLedger({ entry, before, bookings }: LedgerStep): Difference | null {
  const after = entry.body as SymbolState;
  const about = { seq: entry.seq, atMs: entry.atMs, instrument: after.instrument, what: 'ledger' as const };
  const booked = after.booked.A.plus(after.booked.B);
  if (!lotsNet(after.lots).eq(booked)) {
    return { ...about, where: 'net', recorded: lotsNet(after.lots).toFixed(), now: booked.toFixed() };
  }
  // A newly started ledger follows from positions, which are not all recorded.
  if (before === null || !before.begun || bookings.some((one) => one.type === 'lots.restored')) return null;
  let state = before;
  for (const fact of bookings) {
    if (fact.type === 'lots.restored') continue;
    const booking = book(state, fillOf(fact));
    const matches = firstDifference(matchesOf(fact.matches), matchesOf(booking.matches));
    if (matches !== null) return { ...about, ...matches, where: `matches.${matches.where}` };
    state = booking.state;
  }
  const ledgerOf = ({ lots, nextLotId, booked, realised }: SymbolState) => ({ lots, nextLotId, booked, realised });
  const first = firstDifference(ledgerOf(after), ledgerOf(state));
  return first === null ? null : { ...about, ...first };
}

function matchesOf(matches: readonly LotMatch[]) {
  return matches.map(({ kind, lotId, size, gainUsdt }) => ({ kind, lotId, size, gainUsdt }));
}

function fillOf(fact: Exclude<Booking, { type: 'lots.restored' }>) {
  const { account, atMs } = fact;
  if (fact.type === 'drift.adopted') {
    const { difference, price } = fact;
    const side = difference.gt(0) ? ('buy' as const) : ('sell' as const);
    return { account, side, size: difference.abs(), price, source: 'drift' as const, clientOrderId: null, atMs };
  }
  const { side, fillSize: size, fillPrice: price, clientOrderId } = fact;
  return { account, side, size, price, source: 'fill' as const, clientOrderId, atMs };
}

/** Path of the first difference between two values, depth first; null: none. */
export function firstDifference(
  recorded: unknown,
  now: unknown,
  where = '',
): Pick<Difference, 'where' | 'recorded' | 'now'> | null {
  const [one, other] = [encode(recorded ?? null), encode(now ?? null)];
  if (one === other) return null;
  if (isTree(recorded) && isTree(now)) {
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(now)])) {
      const inner = firstDifference(recorded[key], now[key], where === '' ? key : `${where}.${key}`);
      if (inner !== null) return inner;
    }
    // Equal content with another order of keys.
    return null;
  }
  return { where: where === '' ? 'the whole' : where, recorded: plainText(one), now: plainText(other) };
}

function isTree(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !('toFixed' in value);
}

function plainText(encoded: string): string {
  return encoded.replace(/\{"\$[dn]":"([^"]*)"\}/g, '$1');
}

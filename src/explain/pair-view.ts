import type { Decimal } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import { lotsNet, lotsValue } from '../core/ledger.ts';
import type { MarkJudgement } from '../core/mark.ts';
import { type BalanceRow, type FillRow, type MoneyRow, rowTimeMs } from '../core/money.ts';
import { bookingOf, type PairRecord, type PairStatement, pairStatements } from '../core/pair-statement.ts';
import { emptySymbolState, type SymbolState } from '../core/symbol-state.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { readUpTo } from '../journal/money.ts';

/** The pair's statement (strategy 17.3) from the journal, symbol by symbol. */

/** One symbol over the moments of a report. */
export interface PairOfSymbol {
  readonly instrument: string;
  /** Between consecutive moments. */
  readonly statements: readonly PairStatement[];
  /** Loss of hedging the open lots at the best price of the last decision, USDT; null: not known. Never added. */
  readonly costAtTouch: Decimal | null;
}

/** Only symbols in the ledger have a pair statement. */
export function pairViews(
  journal: EngineJournal,
  money: readonly MoneyRow[],
  facts: readonly Fact[],
  momentsMs: readonly number[],
): PairOfSymbol[] {
  const states = new Map(journal.latestOfEach('symbol.state').map(({ key, body }) => [key, body as SymbolState]));
  const bookings = Map.groupBy(
    facts.flatMap((fact) => bookingOf(fact) ?? []),
    ({ instrument }) => instrument,
  );
  const fills = Map.groupBy(
    money.filter((row): row is FillRow => row.type === 'fill'),
    ({ instrument }) => instrument,
  );
  const upTo = readUpTo(journal)?.fills;
  const listedUntilMs = upTo === undefined ? Number.NEGATIVE_INFINITY : Math.min(upTo.A, upTo.B);
  const turns = [...journal.scan({ kind: 'money.marks' })].map(({ atMs, body }) => ({ atMs, marks: body as Marks }));
  const balances = money.filter((row): row is BalanceRow => row.type === 'balance');
  return [...new Set([...states.keys(), ...bookings.keys()])].sort().map((instrument) => {
    const state = states.get(instrument) ?? emptySymbolState(instrument);
    const record: PairRecord = {
      ...{
        fills: fills.get(instrument) ?? [],
        balances,
        listedUntilMs,
        bookings: bookings.get(instrument) ?? [],
        state,
      },
    };
    const last = lastDecision(journal, instrument);
    const moments = momentsMs.map((atMs, index) => ({
      atMs,
      mark: index === momentsMs.length - 1 ? (last?.valuation.mark ?? null) : markAt(turns, record, instrument, atMs),
    }));
    return { instrument, statements: pairStatements(record, moments), costAtTouch: costAtTouch(state, last) };
  });
}

type Marks = Readonly<Record<string, Decimal>>;

/** Largest distance between the end of a day and its marks; a running engine writes them within seconds. */
const TURN_MS = 3_600_000;

/**
 * The mark at the end of a day: the first one written soon after, or any later one before the symbol traded (then it
 * values both days alike); null: none.
 */
function markAt(
  turns: readonly { readonly atMs: number; readonly marks: Marks }[],
  { fills, bookings }: PairRecord,
  instrument: string,
  atMs: number,
): Decimal | null {
  const turn = turns.find((one) => one.atMs >= atMs && one.marks[instrument] !== undefined);
  if (turn === undefined) return null;
  const isWithin = (timeMs: number) => timeMs > atMs && timeMs <= turn.atMs;
  const isTraded = fills.some((fill) => isWithin(rowTimeMs(fill))) || bookings.some((one) => isWithin(one.atMs));
  return turn.atMs - atMs <= TURN_MS || !isTraded ? turn.marks[instrument]! : null;
}

interface Decided {
  readonly valuation: { readonly mark: Decimal | null };
  readonly marks?: MarkJudgement;
}

function lastDecision(journal: EngineJournal, instrument: string): Decided | null {
  return (journal.latest('decision', instrument)?.body as { readonly input: Decided } | undefined)?.input ?? null;
}

function costAtTouch({ lots }: SymbolState, decided: Decided | null): Decimal | null {
  const net = lotsNet(lots);
  const touch = decided?.marks?.touch ?? null;
  if (net.isZero()) return lotsValue(lots);
  if (touch === null) return null;
  return lotsValue(lots).minus(net.mul(net.gt(0) ? touch.bid : touch.ask));
}

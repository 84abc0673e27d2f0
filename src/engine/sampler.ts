import type { JournalEntry } from '../core/journal-entry.ts';
import type { Sample, SampleEvery, SymbolSample } from '../core/sample.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import type { Status, SymbolStatus } from '../status/model.ts';

/** Journals a sample per minute and per hour (strategy 17.6) from the status. */

/** Interval of reading the status: shorter unhedged times may be missed. */
export const SAMPLE_EVERY_MS = 5_000;

const EVERY_MS: Readonly<Record<SampleEvery, number>> = { minute: 60_000, hour: 3_600_000 };
const SPANS = ['minute', 'hour'] as const;

export interface Sampler {
  /** Journals what is due. @throws JournalError */
  take(status: Status): void;
}

export function createSampler(journal: Pick<EngineJournal, 'append' | 'scan'>, nowMs: number): Sampler {
  /** Time of the last reading of the status. */
  let lastMs = nowMs;
  /** How long each symbol was unhedged in the present minute and hour, ms. */
  const unhedged: Record<SampleEvery, Map<string, number>> = { minute: new Map(), hour: begunHour(journal, nowMs) };

  return {
    take(status) {
      const { atMs } = status;
      // A clock set back restarts the sum.
      const sinceMs = Math.min(lastMs, atMs);
      const due = SPANS.filter((span) => spanOf(span, atMs) !== spanOf(span, sinceMs));
      for (const symbol of status.symbols) {
        const lasted = unhedgedWithin(symbol, sinceMs, atMs);
        for (const span of SPANS) {
          const known = unhedged[span].get(symbol.instrument) ?? 0;
          if (lasted > 0) unhedged[span].set(symbol.instrument, Math.min(known + lasted, EVERY_MS[span]));
        }
      }
      lastMs = atMs;
      if (due.length === 0) return;
      const entries = due.map(
        (span): JournalEntry => ({ kind: 'sample', key: span, atMs, body: sampleOf(status, unhedged[span]) }),
      );
      for (const span of due) unhedged[span] = new Map();
      journal.append(entries);
    },
  };
}

function spanOf(span: SampleEvery, atMs: number): number {
  return Math.floor(atMs / EVERY_MS[span]);
}

/** How much of that time the symbol was unhedged. */
function unhedgedWithin({ unhedged }: SymbolStatus, fromMs: number, untilMs: number): number {
  return unhedged === null ? 0 : Math.max(0, untilMs - Math.max(fromMs, unhedged.fromMs));
}

/** The sums of the current hour, written by a previous run. */
function begunHour(journal: Pick<EngineJournal, 'scan'>, nowMs: number): Map<string, number> {
  const found = new Map<string, number>();
  const sinceMs = nowMs - (nowMs % EVERY_MS.hour);
  for (const { body } of journal.scan({ kind: 'sample', key: 'minute', sinceMs }))
    for (const [instrument, { u }] of Object.entries((body as Sample).symbols))
      if (u > 0) found.set(instrument, (found.get(instrument) ?? 0) + u * 1000);
  return found;
}

function sampleOf(status: Status, unhedged: ReadonlyMap<string, number>): Sample {
  const equity = (account: 'A' | 'B') => status.accounts.find((one) => one.account === account)?.equityUsdt ?? null;
  const of = (symbol: SymbolStatus): SymbolSample => ({
    a: symbol.positions.A.notionalUsdt?.replace('-', '') ?? null,
    b: symbol.positions.B.notionalUsdt?.replace('-', '') ?? null,
    n: symbol.netUsdt,
    u: Math.round((unhedged.get(symbol.instrument) ?? 0) / 1000),
    t: cents(symbol.money?.today.total ?? null),
  });
  return {
    equity: { A: cents(equity('A')), B: cents(equity('B')) },
    total: cents(status.money?.today.total ?? null),
    symbols: Object.fromEntries(status.symbols.map((symbol) => [symbol.instrument, of(symbol)])),
  };
}

/** Four decimals: a chart shows no more. */
function cents(text: string | null): string | null {
  return text?.replace(/(\.\d{4})\d+$/, '$1') ?? null;
}

import { basename, dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../core/error-text.ts';
import { type MoneyFigures, moneyFigures } from '../explain/money-figures.ts';
import { openJournalForReading } from '../journal/sqlite.ts';

/** Counts money beside the engine: it reads a journal of weeks, which would hold up the engine's own turns. */

/** What the thread is started with. */
export interface CountingFrom {
  readonly file: string;
  readonly keptMs: number;
}

/** Asked: the figures as of that moment. */
export interface CountAt {
  readonly nowMs: number;
}

/** Told: the figures, or why there are none. */
export type Counted = { readonly figures: MoneyFigures } | { readonly failure: string };

const { file, keptMs } = workerData as CountingFrom;

parentPort?.on('message', ({ nowMs }: CountAt) => parentPort?.postMessage(count(nowMs)));

function count(nowMs: number): Counted {
  try {
    const journal = openJournalForReading({ directory: dirname(file), fileName: basename(file) });
    try {
      return { figures: moneyFigures(journal, nowMs, keptMs) };
    } finally {
      journal.close();
    }
  } catch (thrown) {
    return { failure: errorText(thrown) };
  }
}

import { basename, dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../core/error-text.ts';
import { type MoneyFigures, moneyFigures } from '../explain/money-figures.ts';
import { openJournalForReading } from '../journal/sqlite.ts';

/** Computes money in a thread of its own, since reading a journal of weeks would block the engine. */

/** The thread's parameters. */
export interface CountingFrom {
  readonly file: string;
  readonly keptMs: number;
}

/** Request: the figures as of that moment. */
export interface CountAt {
  readonly nowMs: number;
}

/** Answer: the figures, or why there are none. */
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

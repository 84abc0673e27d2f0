import { type Played, play } from './play.ts';
import type { Question } from './question.ts';

/** To a worker: a run, or a request to end the present one early. */
export type ToWorker = { readonly run: number; readonly question: Question } | { readonly interrupt: true };

/** From a worker, each about one run. */
export type FromWorker = { readonly run: number } & (
  | { readonly simulatedMs: number }
  | { readonly played: Played }
  | { readonly failure: string }
);

/** Real time between progress messages. */
const PROGRESS_EVERY_NS = 500_000_000n;

/** One process of a sweep, because virtual time is process-wide. */
let interrupted = false;
// Ctrl-C reaches every process of the terminal; the parent process decides what it means.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', (message: ToWorker) => {
  if ('interrupt' in message) interrupted = true;
  else void run(message.run, message.question);
});

function tell(message: FromWorker): void {
  process.send?.(message);
}

async function run(number: number, question: Question): Promise<void> {
  let toldAt = process.hrtime.bigint();
  try {
    const played = await play(question, {
      interrupted: () => interrupted,
      onProgress: (simulatedMs) => {
        if (process.hrtime.bigint() - toldAt < PROGRESS_EVERY_NS) return;
        toldAt = process.hrtime.bigint();
        tell({ run: number, simulatedMs });
      },
    });
    tell({ run: number, played });
  } catch (thrown) {
    tell({ run: number, failure: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
  }
}

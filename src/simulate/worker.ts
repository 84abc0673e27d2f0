import { encode } from '../core/codec.ts';
import { type Progress, runCampaign } from './campaign.ts';
import type { PlainOptions } from './options.ts';

/** To a worker: a seed to run, or a request to end the present one early. */
export type ToWorker = { readonly run: PlainOptions } | { readonly interrupt: true };

/** From a worker, each about one seed. A result is encoded, because decimals travel as text. */
export type FromWorker = { readonly seed: number } & (
  | { readonly progress: Progress }
  | { readonly result: string }
  | { readonly failure: string }
);

/** Real time between progress messages. */
const PROGRESS_EVERY_MS = 1_000;

/**
 * One process of a campaign of many seeds: receives options, one seed after the other, and answers with results. A
 * process of its own, because virtual time is process-wide.
 */
let interrupted = false;
// Ctrl-C reaches every process of the terminal; the parent process decides what it means.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', (message: ToWorker) => {
  if ('interrupt' in message) interrupted = true;
  else void run(message.run);
});

function tell(message: FromWorker): void {
  process.send?.(message);
}

async function run(options: PlainOptions): Promise<void> {
  const { seed } = options;
  let toldAt = process.hrtime.bigint();
  try {
    const result = await runCampaign({
      ...options,
      interrupted: () => interrupted,
      onProgress: (progress) => {
        if (process.hrtime.bigint() - toldAt < BigInt(PROGRESS_EVERY_MS) * 1_000_000n) return;
        toldAt = process.hrtime.bigint();
        tell({ seed, progress });
      },
    });
    tell({ seed, result: encode(result) });
  } catch (thrown) {
    tell({ seed, failure: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
  }
}

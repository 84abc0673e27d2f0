import { encode } from '../core/codec.ts';
import { pack, unpack } from './pack.ts';
import type { Progress, Task } from './task.ts';

/** To the process: a packed task, or a request to end the present one early. */
export type ToChild = { readonly task: string } | { readonly interrupt: true };

/** From the process, about its last task. */
export type FromChild = { readonly progress: Progress } | { readonly result: string } | { readonly failure: string };

/** Real time between two words of progress. */
const PROGRESS_EVERY_NS = 500_000_000n;

/** A process of its own, because virtual time is process-wide: one task after the other. */
let interrupted = false;
// Ctrl-C reaches every process of the terminal; the one that asked for this one decides what it means.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', (message: ToChild) => {
  if ('interrupt' in message) interrupted = true;
  else void run(message.task);
});

function tell(message: FromChild): void {
  process.send?.(message);
}

async function run(text: string): Promise<void> {
  try {
    tell({ result: await resultOf(unpack<Task>(text)) });
  } catch (thrown) {
    tell({ failure: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
  }
}

async function resultOf(task: Task): Promise<string> {
  let reportedAt = process.hrtime.bigint();
  const report = (progress: Progress): void => {
    if (process.hrtime.bigint() - reportedAt < PROGRESS_EVERY_NS) return;
    reportedAt = process.hrtime.bigint();
    tell({ progress });
  };
  if (task.kind === 'campaign') {
    const { runCampaign } = await import('../simulate/campaign.ts');
    return encode(await runCampaign({ ...task.options, interrupted: () => interrupted, onProgress: report }));
  }
  const { play } = await import('../backtest/play.ts');
  const onProgress = (simulatedMs: number): void => report({ simulatedMs, breaches: 0 });
  return pack(await play(task.question, { interrupted: () => interrupted, onProgress }));
}

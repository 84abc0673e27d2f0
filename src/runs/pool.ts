import { pack } from './pack.ts';
import { RunProcess } from './process.ts';
import type { Progress, RunsOptions } from './task.ts';

/**
 * Makes many runs in processes of this machine, each taking the next when it is done. A failing process is one run's
 * failure: the others continue in a new process. When `signal` is aborted no new run starts, and running ones deliver
 * partial results.
 */
export async function runInProcesses(options: RunsOptions & { readonly workers: number }): Promise<void> {
  const { count, taskOf, signal } = options;
  let begun = 0;
  const running = new Map<number, Progress>();
  const stand = (): void => options.onStanding({ running: [...running.values()], workers: null });
  const work = async (): Promise<void> => {
    const child = new RunProcess();
    const interrupt = (): void => child.interrupt();
    signal.addEventListener('abort', interrupt);
    while (!signal.aborted && begun < count) {
      const run = begun;
      begun += 1;
      running.set(run, { simulatedMs: 0, breaches: 0 });
      const ended = await child.run(pack(taskOf(run)), (progress) => {
        running.set(run, progress);
        stand();
      });
      running.delete(run);
      if ('result' in ended) options.onResult(run, ended.result);
      else if ('failure' in ended) options.onFailed(run, ended.failure, ended.atMs);
      stand();
    }
    signal.removeEventListener('abort', interrupt);
    child.close();
  };
  await Promise.all(Array.from({ length: Math.min(options.workers, count) }, work));
}

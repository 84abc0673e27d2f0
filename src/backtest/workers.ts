import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Played } from './play.ts';
import type { Question } from './question.ts';
import type { FromWorker, ToWorker } from './worker.ts';

/** Real time an interrupted run has to deliver its partial result; then its process is killed. */
const INTERRUPTED_LIMIT_MS = 15_000;

export interface RunsOptions {
  readonly count: number;
  readonly questionOf: (run: number) => Question;
  readonly workers: number;
  readonly signal: AbortSignal;
  /** Market time played of all runs, including running ones, ms. */
  readonly onStanding: (ended: number, simulatedMs: number) => void;
  readonly onPlayed: (run: number, played: Played) => void;
  /** No result: the program failed, or its process was lost. */
  readonly onFailed: (run: number, error: string) => void;
}

/**
 * Plays many runs in separate processes, each taking the next when it is done. A failing process is one run's failure:
 * the others continue. When `signal` is aborted no new run starts, and running ones deliver partial results.
 */
export async function playInWorkers(options: RunsOptions): Promise<void> {
  const { count, questionOf, signal } = options;
  let begun = 0;
  let ended = 0;
  let endedMs = 0;
  const running = new Map<number, number>();
  const stand = (): void => {
    options.onStanding(
      ended,
      [...running.values()].reduce((total, ms) => total + ms, endedMs),
    );
  };

  const work = (): Promise<void> =>
    new Promise((resolve) => {
      let child: ChildProcess | null = null;
      let run: number | null = null;
      let patience: NodeJS.Timeout | undefined;
      const tell = (message: ToWorker): void => {
        child?.send(message);
      };
      const interrupt = (): void => {
        if (run === null) return;
        tell({ interrupt: true });
        patience = setTimeout(() => child?.kill('SIGKILL'), INTERRUPTED_LIMIT_MS);
      };
      signal.addEventListener('abort', interrupt);
      const next = (): void => {
        if (signal.aborted || begun >= count) {
          run = null;
          clearTimeout(patience);
          signal.removeEventListener('abort', interrupt);
          if (child?.connected) child.disconnect();
          resolve();
          return;
        }
        run = begun;
        begun += 1;
        running.set(run, 0);
        child ??= begin();
        tell({ run, question: questionOf(run) });
      };
      const over = (simulatedMs: number): void => {
        if (run !== null) running.delete(run);
        ended += 1;
        endedMs += simulatedMs;
        next();
        stand();
      };
      const begin = (): ChildProcess => {
        const started = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), {
          // By the environment: with `execArgv`, fork would also pass on an `-e` text, to be run instead of the worker.
          env: { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --disable-sigusr1`.trim() },
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
          // Sizes are bigints.
          serialization: 'advanced',
        });
        started.on('message', (message: FromWorker) => {
          if (message.run !== run) return;
          if ('simulatedMs' in message) {
            running.set(message.run, message.simulatedMs);
            stand();
          } else if ('failure' in message) {
            options.onFailed(message.run, message.failure);
            over(0);
          } else {
            options.onPlayed(message.run, message.played);
            over(message.played.playedMs);
          }
        });
        const gone = (how: string): void => {
          // An error may be followed by an exit; handled once.
          if (child !== started || run === null) return;
          child = null;
          options.onFailed(run, how);
          over(0);
        };
        started.on('error', (error) => gone(`its process: ${error.message}`));
        started.on('exit', (code, by) => gone(`its process ended ${by === null ? `with code ${code}` : `by ${by}`}`));
        return started;
      };
      next();
    });
  await Promise.all(Array.from({ length: Math.min(options.workers, count) }, work));
}

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Played } from './play.ts';
import type { Question } from './question.ts';
import type { FromWorker, ToWorker } from './worker.ts';

/** Real time that an interrupted run has to give what it has; after it, its process is killed and it gives nothing. */
const INTERRUPTED_LIMIT_MS = 15_000;

export interface RunsOptions {
  readonly count: number;
  readonly questionOf: (run: number) => Question;
  readonly workers: number;
  readonly signal: AbortSignal;
  /** How much of all runs' market has been played, ms; those that run included. */
  readonly onStanding: (ended: number, simulatedMs: number) => void;
  readonly onPlayed: (run: number, played: Played) => void;
  /** It gave nothing: the program failed, or its process was lost. */
  readonly onFailed: (run: number, error: string) => void;
}

/**
 * Plays many runs in processes of their own, each taking the next when it has done one. A process that fails is one run's
 * failure: the others go on. When `signal` is aborted no run is begun any more, and those that run give what they have.
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
          // By the environment: with `execArgv` of ours, fork would also hand on an `-e` text, to be run instead of the worker.
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
          // An error may be followed by an exit; the process is gone once.
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

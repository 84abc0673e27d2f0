import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { decode } from '../core/codec.ts';
import { type CampaignResult, START_MS } from './campaign.ts';
import type { PlainOptions } from './options.ts';
import type { Crash, Without } from './report.ts';
import type { FromWorker, ToWorker } from './worker.ts';

/** Real time an interrupted worker has to finish; then it is killed and its seed has no figures. */
const INTERRUPTED_LIMIT_MS = 15_000;

/** Progress of a campaign of many seeds. */
export interface Standing {
  readonly ended: number;
  readonly seeds: number;
  /** Of all seeds, including running ones. */
  readonly simulatedMs: number;
  readonly breaches: number;
  readonly failed: number;
}

/** Results in the order of the seeds. */
export interface Outcome {
  readonly results: readonly CampaignResult[];
  readonly without: Without;
}

/**
 * Runs many seeds in separate processes, each taking the next when it is done. A failing process is one seed's failure:
 * the others continue in a new process. When `signal` is aborted, no new seed starts and running ones end early.
 */
export async function runInWorkers(options: {
  readonly seeds: readonly number[];
  readonly of: (seed: number) => PlainOptions;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly onStanding: (standing: Standing) => void;
  /** Each as it arrives, in order of real time. */
  readonly onResult: (result: CampaignResult) => void;
  readonly onCrash: (crash: Crash) => void;
}): Promise<Outcome> {
  const { seeds, of, workers, signal } = options;
  const left = [...seeds];
  const results = new Map<number, CampaignResult>();
  const crashes = new Map<number, Crash>();
  const running = new Map<number, { simulatedMs: number; breaches: number }>();
  const stand = (): void => {
    const each = [
      ...running.values(),
      ...[...results.values()].map((result) => ({
        simulatedMs: result.simulatedMs,
        breaches: result.findings.length,
      })),
    ];
    options.onStanding({
      ended: results.size + crashes.size,
      seeds: seeds.length,
      simulatedMs: each.reduce((total, one) => total + one.simulatedMs, 0),
      breaches: each.reduce((total, one) => total + one.breaches, 0),
      failed: crashes.size,
    });
  };

  const work = (): Promise<void> =>
    new Promise((resolve) => {
      let child: ChildProcess | null = null;
      let seed: number | undefined;
      let killed = false;
      let patience: NodeJS.Timeout | undefined;
      const tell = (message: ToWorker): void => {
        child?.send(message);
      };
      const interrupt = (): void => {
        if (seed === undefined) return;
        tell({ interrupt: true });
        patience = setTimeout(() => {
          killed = true;
          child?.kill('SIGKILL');
        }, INTERRUPTED_LIMIT_MS);
      };
      signal.addEventListener('abort', interrupt);
      const next = (): void => {
        if (seed !== undefined) running.delete(seed);
        seed = signal.aborted ? undefined : left.shift();
        if (seed === undefined) {
          clearTimeout(patience);
          signal.removeEventListener('abort', interrupt);
          if (child?.connected) child.disconnect();
          resolve();
          return;
        }
        running.set(seed, { simulatedMs: 0, breaches: 0 });
        child ??= begin();
        tell({ run: of(seed) });
      };
      const failed = (error: string, atMs: number | null): void => {
        if (seed !== undefined && !killed) {
          const at = atMs === null ? null : new Date(START_MS + atMs).toISOString();
          const crash = { seed, at, error };
          crashes.set(seed, crash);
          options.onCrash(crash);
        }
        next();
        stand();
      };
      const begin = (): ChildProcess => {
        const started = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), {
          // By the environment: with `execArgv`, fork would also pass on an `-e` text, to be run instead of the worker.
          env: { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --disable-sigusr1`.trim() },
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        });
        const reached = (): number | null => (seed === undefined ? null : (running.get(seed)?.simulatedMs ?? null));
        started.on('message', (message: FromWorker) => {
          if (message.seed !== seed) return;
          if ('progress' in message) {
            running.set(message.seed, message.progress);
          } else if ('failure' in message) {
            failed(message.failure, reached());
            return;
          } else {
            const result = decode<CampaignResult>(message.result);
            results.set(message.seed, result);
            options.onResult(result);
            next();
          }
          stand();
        });
        const gone = (how: string): void => {
          // An error may be followed by an exit; handled once.
          if (child !== started || seed === undefined) return;
          child = null;
          failed(how, reached());
        };
        started.on('error', (error) => gone(`its process: ${error.message}`));
        started.on('exit', (code, by) => gone(`its process ended ${by === null ? `with code ${code}` : `by ${by}`}`));
        return started;
      };
      next();
    });
  await Promise.all(Array.from({ length: workers }, work));
  const inOrder = <Value>(of: ReadonlyMap<number, Value>): Value[] => seeds.flatMap((seed) => of.get(seed) ?? []);
  return {
    results: inOrder(results),
    without: {
      crashes: inOrder(crashes),
      seeds: seeds.filter((seed) => !results.has(seed) && !crashes.has(seed)),
    },
  };
}

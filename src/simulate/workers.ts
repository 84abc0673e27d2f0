import { decode } from '../core/codec.ts';
import type { RunsOptions } from '../runs/task.ts';
import { START_MS } from './campaign.ts';
import type { CampaignResult } from './campaign-result.ts';
import type { PlainOptions } from './options.ts';
import type { Crash, Without } from './report.ts';

/** Where a campaign of many seeds is. */
export interface Standing {
  readonly ended: number;
  readonly seeds: number;
  /** Of all seeds, those that run included as far as it is known. */
  readonly simulatedMs: number;
  readonly breaches: number;
  readonly failed: number;
  /** Of a queue, those that are alive; null: there is none. */
  readonly workers: number | null;
}

/** What became of many seeds; results in the order of the seeds. */
export interface Outcome {
  readonly results: readonly CampaignResult[];
  readonly without: Without;
}

/** Runs many seeds. @param make in processes of this machine, or over a queue */
export async function runSeeds(
  options: {
    readonly seeds: readonly number[];
    readonly of: (seed: number) => PlainOptions;
    readonly signal: AbortSignal;
    readonly onStanding: (standing: Standing) => void;
    /** Each as it comes in; the order is that of the clock on the wall. */
    readonly onResult: (result: CampaignResult) => void;
    readonly onCrash: (crash: Crash) => void;
  },
  make: (runs: RunsOptions) => Promise<void>,
): Promise<Outcome> {
  const { seeds, of, signal } = options;
  const results = new Map<number, CampaignResult>();
  const crashes = new Map<number, Crash>();
  const ended = { simulatedMs: 0, breaches: 0 };
  const seedOf = (run: number): number => seeds[run] as number;
  await make({
    count: seeds.length,
    taskOf: (run) => ({ kind: 'campaign', options: of(seedOf(run)) }),
    signal,
    onStanding: ({ running, workers }) =>
      options.onStanding({
        ended: results.size + crashes.size,
        seeds: seeds.length,
        simulatedMs: running.reduce((total, one) => total + one.simulatedMs, ended.simulatedMs),
        breaches: running.reduce((total, one) => total + one.breaches, ended.breaches),
        failed: crashes.size,
        workers,
      }),
    onResult: (_run, text) => {
      const result = decode<CampaignResult>(text);
      results.set(result.seed, result);
      ended.simulatedMs += result.simulatedMs;
      ended.breaches += result.findings.length;
      options.onResult(result);
    },
    onFailed: (run, error, atMs) => {
      const at = atMs === null ? null : new Date(START_MS + atMs).toISOString();
      const crash = { seed: seedOf(run), at, error };
      crashes.set(crash.seed, crash);
      options.onCrash(crash);
    },
  });
  const inOrder = <Value>(of: ReadonlyMap<number, Value>): Value[] => seeds.flatMap((seed) => of.get(seed) ?? []);
  return {
    results: inOrder(results),
    without: {
      crashes: inOrder(crashes),
      seeds: seeds.filter((seed) => !results.has(seed) && !crashes.has(seed)),
    },
  };
}

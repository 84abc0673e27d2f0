import type { Question } from '../backtest/question.ts';
import type { PlainOptions } from '../simulate/options.ts';

/** One run: a seed of a campaign, or one combination of a backtest. Packed for another process. */
export type Task =
  | { readonly kind: 'campaign'; readonly options: PlainOptions }
  | { readonly kind: 'backtest'; readonly question: Question };

export interface Progress {
  readonly simulatedMs: number;
  readonly breaches: number;
}

export interface Standing {
  /** Of the runs in progress, as far as it is known; over a queue some seconds old. */
  readonly running: readonly Progress[];
  /** Live workers of the queue; null: the runs are in this machine's processes. */
  readonly workers: number | null;
}

/** Many runs, wherever they are made. */
export interface RunsOptions {
  readonly count: number;
  readonly taskOf: (run: number) => Task;
  /** Aborted: no new run starts. */
  readonly signal: AbortSignal;
  readonly onStanding: (standing: Standing) => void;
  /** Each as it arrives: encoded for a campaign (`src/core/codec.ts`: it has decimals), packed for a backtest. */
  readonly onResult: (run: number, result: string) => void;
  /** No result: the program failed, or its process was lost. `atMs`: its progress; null: not known. */
  readonly onFailed: (run: number, error: string, atMs: number | null) => void;
}

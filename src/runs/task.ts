import type { Question } from '../backtest/question.ts';
import type { PlainOptions } from '../simulate/options.ts';

/** One run: a seed of a campaign, or one combination of a backtest. Packed, it goes to another process. */
export type Task =
  | { readonly kind: 'campaign'; readonly options: PlainOptions }
  | { readonly kind: 'backtest'; readonly question: Question };

/** Where a run is. */
export interface Progress {
  readonly simulatedMs: number;
  readonly breaches: number;
}

export interface Standing {
  /** Of the runs that go on, as far as it is known; elsewhere it is not. */
  readonly running: readonly Progress[];
  /** Workers of the queue that are alive; null: the runs are in this machine's processes. */
  readonly workers: number | null;
}

/** Many runs, wherever they are made. */
export interface RunsOptions {
  readonly count: number;
  readonly taskOf: (run: number) => Task;
  /** Aborted: no run is begun any more. */
  readonly signal: AbortSignal;
  readonly onStanding: (standing: Standing) => void;
  /** Each as it arrives: of a campaign encoded (`src/core/codec.ts`: it has decimals), of a backtest packed. */
  readonly onResult: (run: number, result: string) => void;
  /** It gave nothing: the program failed, or its process was lost. `atMs`: how far it had come; null: not known. */
  readonly onFailed: (run: number, error: string, atMs: number | null) => void;
}

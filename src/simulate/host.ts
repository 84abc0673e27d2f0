import type { StandingVerb } from '../core/modes.ts';
import type { InstrumentSpec, PaperExchange } from '../paper/index.ts';
import type { Counts } from './tally.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What the world can do to the engine's process. */
export interface Host {
  readonly time: VirtualTime;
  readonly exchange: PaperExchange;
  readonly specs: readonly InstrumentSpec[];
  readonly faults: Counts;
  running(): boolean;
  /** Engine and exchange are being compared, or the engine is stopping: no world events. */
  calm(): boolean;
  /** False: the engine does not run now. */
  kill(options: { readonly downMs: number; readonly journal: 'kept' | 'lost' }): boolean;
  /** Kills at the next moment of that kind. */
  armKill(moment: KillMoment, options: { readonly downMs: number }): boolean;
  restartInOrder(): boolean;
  /** A person gives a command that ends by itself (strategy 16.2). False: the engine does not trade now. */
  command(instrument: string, verb: StandingVerb, forMs: number): boolean;
  exchangeDown(untilMs: number): void;
  telegramDown(untilMs: number): void;
  diskSlow(untilMs: number): void;
  note(text: string): void;
}

export const KILL_MOMENTS = ['any', 'create-arrives', 'create-carried-out', 'before-write', 'after-write'] as const;
export type KillMoment = (typeof KILL_MOMENTS)[number];

import type { Invariant } from '../core/audit/index.ts';
import type { ProfileName } from '../paper/index.ts';
import type { GoalAttempt } from './attempts.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { SymbolFigures } from './figures.ts';
import type { Finding } from './findings.ts';
import type { ModeChoice, ProfileChoice } from './setup.ts';
import type { Carried } from './surroundings.ts';

/** What a campaign is asked for, and what it comes to. */

/**
 * One campaign: the unmodified engine against the embedded exchange, in virtual time, from one seed, audited by its
 * traffic and compared with the exchange's own books. It consists of legs, each as long as the symbols need to reach
 * their goals, within bounds. At the end of a leg the faults pause and the market stands still for some minutes; engine
 * and exchange are compared, the engine is stopped and its remains are checked; symbols that reached their goals turn
 * round, as an operator would have them do; the next leg starts from the same journal.
 */
export interface CampaignOptions {
  readonly seed: number;
  readonly days: number;
  readonly symbols: number;
  readonly plan: FaultPlan;
  readonly profile: ProfileChoice;
  readonly modes: ModeChoice;
  readonly legHours: number;
  readonly loopIntervalMs: number;
  /** Round trips of the network, milliseconds. */
  readonly latencyMs: readonly [number, number];
  /** Breaches of other invariants are only counted; null: all are reported. */
  readonly only: readonly Invariant[] | null;
  /** End (true time since the start), ms; null: the whole campaign. */
  readonly untilMs: number | null;
  /** Continues after a breach. */
  readonly keepGoing: boolean;
  /** Uses the streams, like a real engine; two frames a second cost time. */
  readonly streams: boolean;
  /** Environment variables of the engine beyond the campaign's own. */
  readonly settings: Readonly<Record<string, string>>;
  /** Every line of the engine's log file. */
  readonly onLogLine?: (line: string) => void;
  readonly onProgress?: (progress: Progress) => void;
  /** Called every five simulated minutes; true ends the campaign with a partial result. */
  readonly interrupted?: () => boolean;
}

export interface Progress {
  readonly simulatedMs: number;
  readonly totalMs: number;
  readonly breaches: number;
}

export interface CampaignResult {
  readonly seed: number;
  readonly profile: ProfileName;
  readonly simulatedMs: number;
  readonly symbols: number;
  /** True time of its end, formatted as in findings. */
  readonly endedAt: string;
  readonly interrupted: boolean;
  /** Of each leg and symbol. */
  readonly legs: readonly SymbolFigures[];
  readonly attempts: readonly GoalAttempt[];
  readonly findings: readonly Finding[];
  readonly breachCounts: Readonly<Record<string, number>>;
  readonly checks: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Faults that were requested and never happened. */
  readonly missing: readonly string[];
  readonly alerts: Readonly<Record<string, number>>;
  readonly facts: Readonly<Record<string, number>>;
  readonly statesMs: Readonly<Record<string, number>>;
  readonly cappedUnhedgedMs: number;
  readonly pairsAtALoss: number;
  /** Requests that arrived, by route. */
  readonly requests: Readonly<Record<string, number>>;
  /** Requests sent while the exchange accepted connections, and the trading calls among them. */
  readonly carried: { readonly requests: Carried; readonly orderCalls: Carried };
  readonly exchange: { readonly orders: number; readonly fills: number; readonly telegrams: number };
  readonly wireEvents: number;
  /** SHA-256 of every log line, and of every entry of every journal. */
  readonly logDigest: string;
  readonly journalDigest: string;
  readonly journalEntries: number;
  /** The engine or the simulation itself failed. */
  readonly crash: string | null;
}

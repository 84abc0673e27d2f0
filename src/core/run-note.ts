/** Key of the journal's note about its last run. */
export const RUN_NOTE = 'run';

/** Whether the last run that traded was stopped properly (strategy 12.3, 13.4). */
export interface RunNote {
  readonly startedAtMs: number;
  /** null: it trades, or it ended without a stop (killed, power cut). */
  readonly stoppedAtMs: number | null;
  readonly exitCode: number | null;
}

/** Key of the journal's note about the exchange's dead-man timers. */
export const DEAD_MAN_NOTE = 'dead-man';

/** Whether this engine may have armed them and not switched them off since (strategy 2.1). */
export interface DeadManNote {
  readonly armed: boolean;
}

/** Key of the journal's note about its last run. */
export const RUN_NOTE = 'run';

/** Whether the last run that traded ended in order (strategy 12.3, 13.4). */
export interface RunNote {
  readonly startedAtMs: number;
  /** null: it trades, or it ended without a stop (killed, power cut). */
  readonly stoppedAtMs: number | null;
  readonly exitCode: number | null;
}

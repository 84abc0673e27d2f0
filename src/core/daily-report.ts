/** When the daily report is due (strategy 12.2). */

const HOUR = 3_600_000;

/** Beijing is UTC+8 the year round. */
const BEIJING_OFFSET_MS = 8 * HOUR;
const DAY = 24 * HOUR;

/** Days since 1970-01-01 in Beijing, and the minute of that day. */
export function beijingTime(nowMs: number): { readonly day: number; readonly minute: number } {
  const local = nowMs + BEIJING_OFFSET_MS;
  const day = Math.floor(local / DAY);
  return { day, minute: Math.floor((local - day * DAY) / 60_000) };
}

/**
 * The Beijing day whose report is due (strategy 12.2), or null: the hour has come today and no report of today is done, or
 * of tomorrow should the clock have been set back over midnight: one of a later day was noted by a wrong clock, and counts
 * as none. Absolute: a restart or a late start changes nothing.
 */
export function dailyReportDue(nowMs: number, atMinute: number, lastDay: number | null): number | null {
  const { day, minute } = beijingTime(nowMs);
  return minute >= atMinute && (lastDay === null || day > lastDay || lastDay > day + 1) ? day : null;
}

/**
 * How long the daily report waits for symbols that are not known: a start is over in seconds, and a symbol that is not known
 * after ten minutes will not be when somebody reads the report.
 */
export const DAILY_PATIENCE_MS = 600_000;

/** Whether a report that is due still waits: since its hour and since the start, and not past the day it is of. */
export function dailyReportWaits(nowMs: number, atMinute: number, startedAtMs: number): boolean {
  const { minute } = beijingTime(nowMs);
  if (minute >= DAY / 60_000 - 1) return false;
  return (minute - atMinute) * 60_000 < DAILY_PATIENCE_MS || nowMs - startedAtMs < DAILY_PATIENCE_MS;
}

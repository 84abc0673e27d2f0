/** When the daily report is due (strategy 12.2). */

const HOUR = 3_600_000;

/** Beijing has no daylight saving time. */
const BEIJING_OFFSET_MS = 8 * HOUR;
const DAY = 24 * HOUR;

/** Days since 1970-01-01 in Beijing, and the minute of that day. */
export function beijingTime(nowMs: number): { readonly day: number; readonly minute: number } {
  const local = nowMs + BEIJING_OFFSET_MS;
  const day = Math.floor(local / DAY);
  return { day, minute: Math.floor((local - day * DAY) / 60_000) };
}

/**
 * The Beijing day whose report is due (strategy 12.2), or null. A report noted for a later day than tomorrow came from
 * a wrong clock and is ignored. By absolute time: a restart or late start changes nothing.
 */
export function dailyReportDue(nowMs: number, atMinute: number, lastDay: number | null): number | null {
  const { day, minute } = beijingTime(nowMs);
  return minute >= atMinute && (lastDay === null || day > lastDay || lastDay > day + 1) ? day : null;
}

/** How long the daily report waits for symbols of unknown state: much longer than a start takes. */
export const DAILY_PATIENCE_MS = 600_000;

/** Whether a report that is due still waits: counted from its hour and from the start, and not past its day. */
export function dailyReportWaits(nowMs: number, atMinute: number, startedAtMs: number): boolean {
  const { minute } = beijingTime(nowMs);
  if (minute >= DAY / 60_000 - 1) return false;
  return (minute - atMinute) * 60_000 < DAILY_PATIENCE_MS || nowMs - startedAtMs < DAILY_PATIENCE_MS;
}

import type { Decimal } from '../core/decimal.ts';
import { errorText } from '../core/error-text.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import type { Clock } from '../ports.ts';

/** Journals the marks at the end of each day, so that each day is valued at both its ends (strategy 17.3). */

/** Interval of checking for a new day. */
const CHECK_EVERY_MS = 10_000;
/** After this time the known marks are written without the others, whose symbols are waiting. */
const AWAITED_MS = 60_000;

export interface MarkKeeperParts {
  readonly journal: Pick<EngineJournal, 'append' | 'newest'>;
  readonly clock: Clock;
  /** The mark of each running symbol; null: not known yet. */
  readonly marks: () => Readonly<Record<string, Decimal | null>>;
  /** Writing fails, or works again. */
  readonly say: (level: 'info' | 'warn', text: string) => void;
}

/**
 * Runs until it is closed. A run that begins after midnight writes the first marks it gets: any mark values both days
 * alike.
 */
export function startMarkKeeper(parts: MarkKeeperParts): { close(): void } {
  const { journal, clock } = parts;
  let writtenMs: number | null = null;
  let awaitedSinceMs: number | null = null;
  let fails = false;

  function check(): void {
    try {
      const nowMs = clock.nowMs();
      writtenMs ??= journal.newest('money.marks')?.atMs ?? Number.NEGATIVE_INFINITY;
      if (turnBefore(nowMs) <= writtenMs) return;
      const found = Object.entries(parts.marks());
      const known = found.flatMap(([instrument, mark]) => (mark === null ? [] : [[instrument, mark] as const]));
      awaitedSinceMs ??= nowMs;
      const waits = known.length < found.length && Math.abs(nowMs - awaitedSinceMs) < AWAITED_MS;
      if (known.length === 0 || waits) return;
      journal.append([{ kind: 'money.marks', key: 'all', atMs: nowMs, body: Object.fromEntries(known) }]);
      writtenMs = nowMs;
      awaitedSinceMs = null;
      if (fails) parts.say('info', 'Money: the marks at the end of the day can be written again');
      fails = false;
    } catch (thrown) {
      if (!fails)
        parts.say('warn', `Money: the marks at the end of the day could not be written: ${errorText(thrown)}`);
      fails = true;
    }
  }

  const timer = setInterval(check, CHECK_EVERY_MS);
  return { close: () => clearInterval(timer) };
}

/** The last midnight of the process's zone or of UTC, whichever is later. */
function turnBefore(nowMs: number): number {
  const now = new Date(nowMs);
  const local = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  return Math.max(local, Math.floor(nowMs / 86_400_000) * 86_400_000);
}

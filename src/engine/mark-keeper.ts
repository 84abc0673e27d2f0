import type { Decimal } from '../core/decimal.ts';
import { errorText } from '../core/error-text.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import type { Clock } from '../ports.ts';

/** Writes the marks at the turn of each day into the journal, so that each day is valued at both its ends (strategy 17.3). */

/** How often it looks whether a day has turned. */
const LOOK_EVERY_MS = 10_000;
/** Marks that are not all known by then are written without the others: those are of a symbol that waits. */
const AWAITED_MS = 60_000;

export interface MarkKeeperParts {
  readonly journal: Pick<EngineJournal, 'append' | 'newest'>;
  readonly clock: Clock;
  /** The mark of each symbol that runs; null: not known yet. */
  readonly marks: () => Readonly<Record<string, Decimal | null>>;
  /** It cannot be written, or can again. */
  readonly say: (level: 'info' | 'warn', text: string) => void;
}

/** Looks until it is closed. A run that begins after the turn writes the first marks it has: any one values both days alike. */
export function startMarkKeeper(parts: MarkKeeperParts): { close(): void } {
  const { journal, clock } = parts;
  let writtenMs: number | null = null;
  let awaitedSinceMs: number | null = null;
  let fails = false;

  function look(): void {
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
      if (fails) parts.say('info', 'Money: the marks of a day’s turn are written again');
      fails = false;
    } catch (thrown) {
      if (!fails) parts.say('warn', `Money: the marks of a day’s turn could not be written: ${errorText(thrown)}`);
      fails = true;
    }
  }

  const timer = setInterval(look, LOOK_EVERY_MS);
  return { close: () => clearInterval(timer) };
}

/** The last midnight, of the process' zone or of UTC, whichever came later. */
function turnBefore(nowMs: number): number {
  const now = new Date(nowMs);
  const local = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  return Math.max(local, Math.floor(nowMs / 86_400_000) * 86_400_000);
}

import type { Standing } from '../core/modes.ts';
import type { Journal } from '../ports.ts';

/** The commands in force of each instrument when the journal was last written (strategy 16.2). */
export function standingCommands(journal: Journal): ReadonlyMap<string, readonly Standing[]> {
  return new Map(journal.latestOfEach('command').map(({ key, body }) => [key, body.standing]));
}

export function standingOf(journal: Journal, instrument: string): readonly Standing[] {
  return journal.latest('command', instrument)?.body.standing ?? [];
}

import { createHash } from 'node:crypto';
import type { Command } from '../core/commands.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { Journal } from '../ports.ts';
import { editSymbols } from '../settings/index.ts';
import type { SettingsOnDisk } from './settings-on-disk.ts';

/**
 * `set`, `add` and `remove` are written down before the symbols file is changed (strategy 16.2). An engine that was killed between
 * the two has said nothing yet; the next start goes on with it.
 */

/** Key of the journal's note about the change that is being made. */
const EDIT_NOTE = 'symbols-file';

type FileCommand = Extract<Command, { readonly verb: 'set' | 'add' | 'remove' }>;

/** A change that may not have been made yet. `before`, `after`: SHA-256 of the file. null: none is left to make. */
interface EditNote {
  readonly pending: { readonly command: FileCommand; readonly before: string; readonly after: string } | null;
}

/** That the file is about to be changed. */
export function editBegins(
  command: FileCommand,
  before: Uint8Array,
  after: Uint8Array,
  atMs: number,
): JournalEntry<'note'> {
  return noteOf({ pending: { command, before: hashOf(before), after: hashOf(after) } }, atMs);
}

/** That it was changed, or will not be. */
export function editEnds(atMs: number): JournalEntry<'note'> {
  return noteOf({ pending: null }, atMs);
}

/** What a start found of a change that a kill had interrupted. */
export interface FinishedEdit {
  readonly command: FileCommand;
  /** `lost`: somebody has changed the file since, so it was left as it is. */
  readonly how: 'made-now' | 'was-made' | 'lost';
}

/**
 * Makes the change that the last run was killed in, if there is one and the file is as it was then.
 *
 * @throws what reading or writing the file throws
 */
export function finishEdit(journal: Journal, disk: SettingsOnDisk, atMs: number): FinishedEdit | null {
  const { pending = null } = (journal.latest('note', EDIT_NOTE)?.body as EditNote | undefined) ?? {};
  if (pending === null) return null;
  const { command, before, after } = pending;
  const end = (how: FinishedEdit['how']): FinishedEdit => {
    journal.append([editEnds(atMs)]);
    return { command, how };
  };
  const file = disk.symbolsFile();
  if (file === null) return end('lost');
  const now = hashOf(file.bytes);
  if (now === after) return end('was-made');
  const edited = now === before ? editSymbols(file.bytes, command, file.path) : null;
  if (!edited?.ok || hashOf(edited.bytes) !== after) return end('lost');
  disk.stage(edited.bytes)();
  return end('made-now');
}

function noteOf(body: EditNote, atMs: number): JournalEntry<'note'> {
  return { kind: 'note', key: EDIT_NOTE, atMs, body };
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

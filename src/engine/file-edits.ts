import { createHash } from 'node:crypto';
import type { Command } from '../core/commands.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { Journal } from '../ports.ts';
import { editSymbols } from '../settings/index.ts';
import type { SettingsOnDisk } from './settings-on-disk.ts';

/**
 * `set`, `add` and `remove` are journalled before the symbols file is changed (strategy 16.2), so that the start after
 * a kill in between completes them.
 */

/** Key of the journal's note about the change in progress. */
const EDIT_NOTE = 'symbols-file';

type FileCommand = Extract<Command, { readonly verb: 'set' | 'add' | 'remove' }>;

/** A change that may not be done yet. `before`, `after`: SHA-256 of the file. null: none. */
interface EditNote {
  readonly pending: { readonly command: FileCommand; readonly before: string; readonly after: string } | null;
}

/** The file is about to be changed. */
export function editBegins(
  command: FileCommand,
  before: Uint8Array,
  after: Uint8Array,
  atMs: number,
): JournalEntry<'note'> {
  return noteOf({ pending: { command, before: hashOf(before), after: hashOf(after) } }, atMs);
}

/** It was changed, or will not be. */
export function editEnds(atMs: number): JournalEntry<'note'> {
  return noteOf({ pending: null }, atMs);
}

/** What a start found about a change interrupted by a kill. */
export interface FinishedEdit {
  readonly command: FileCommand;
  /** `lost`: the file was changed since by somebody else, so it was left as it is. */
  readonly how: 'made-now' | 'was-made' | 'lost';
}

/** Completes the change interrupted by a kill, if the file is unchanged since. @throws file system errors */
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

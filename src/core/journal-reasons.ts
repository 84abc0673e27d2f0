/** Why a journal cannot be used or is doubtful (strategy 11.3, 18): parameters by code. */

export type JournalProblem =
  /** The directory or file is not writable. */
  | 'read-only'
  /** Disk full (or size limit reached). */
  | 'full'
  /** Torn, bit-flipped, or shorter than what was written. */
  | 'damaged'
  /** Written by a newer version of this program. */
  | 'newer-schema'
  /** A file of another program. */
  | 'not-a-journal'
  /** Locked by another process. */
  | 'busy'
  /** The database does not answer, or answers wrongly (strategy 18.1). */
  | 'unreachable'
  /** The database does not keep what it committed, or is connected in a way that may not. */
  | 'unsafe-server'
  /** Another database or an older copy: the last entries may be missing (strategy 18.1). */
  | 'behind'
  /** Another engine holds the lease of this pair (strategy 18.2). */
  | 'lease-over'
  /** Any other error of the operating system. */
  | 'io';

/** What was being done to a journal. */
export type JournalWork =
  | 'opening'
  | 'reading'
  | 'writing'
  | 'syncing'
  | 'compacting'
  | 'closing'
  | 'verifying'
  | 'setting-aside'
  | 'connecting'
  | 'copying-to'
  | 'copying-from'
  | 'restoring-from';

export interface JournalReasonParams {
  /** `path`: the other file; `words`: of the system, of SQLite or of the database. */
  'journal-work-failed': { readonly work: JournalWork; readonly path?: string; readonly words: string };

  'journal-not-there': None;
  'journal-empty': None;
  'journal-no-file': None;
  'journal-copy-exists': None;
  'journal-no-directory': None;
  /** Places of the last entries. */
  'journal-copy-older': { readonly ends: number; readonly there: number };
  'journal-entries-gone': { readonly ends: number; readonly written: number; readonly mark: string };
  'journal-pages-damaged': { readonly words: string };
  'journal-unsettled-differ': None;
  'journal-entry-changed': { readonly seq: number };
  'journal-of-other-program': None;
  'journal-schema-newer': { readonly version: number; readonly known: number };
  'journal-schema-impossible': { readonly version: number };
  'journal-tables-changed': None;
  /** `mode`: of SQLite. */
  'journal-without-log': { readonly mode: string };
  'journal-only-read': None;

  'database-silent': None;
  'database-too-old': { readonly version: number; readonly oldest: number };
  'database-encoding': { readonly encoding: string };
  'database-pooled': None;
  'database-standby': None;
  'database-read-only': None;
  /** A setting of the server: what is committed may be lost, or a crash may damage it. */
  'database-setting-unsafe': { readonly name: string; readonly value: string; readonly risk: 'lost' | 'damaged' };
  'database-unused': None;
  'database-schema-older': { readonly version: number };
  'database-without-pair': { readonly pair: string };
  'database-has-journal': { readonly pair: string; readonly seq: number };
  'database-lags': { readonly waiting: number };
  'database-unwritten': { readonly entries: number };
  'database-replaced': { readonly before: ServerNamed; readonly now: ServerNamed };
  'database-differs': None;
  'database-of-other-copy': None;
  'lease-of-other': { readonly holder: string };
  'lease-prevents-copy': { readonly holder: string };
  'lease-epoch-over': { readonly epoch: number };
  'lease-unreleased': None;

  // ------------------------------------------------------------------------------------ remarks that prevent no start
  'journal-checked-in-part': { readonly entries: number };
  'journal-mark-renewed': { readonly mark: string };
  'journal-mark-missing': { readonly mark: string };
  'journal-end-missing': { readonly ends: number; readonly written: number };
  'database-behind': None;
  'database-got-late': { readonly entries: number };
}

/** A database server, and how often a standby of it was promoted. */
interface ServerNamed {
  readonly systemIdentifier: string;
  readonly timeline: number;
}

type None = Readonly<Record<never, never>>;

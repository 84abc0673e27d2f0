import { createHash } from 'node:crypto';
import { closeSync, constants, ftruncateSync, lstatSync, lutimesSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemCode, whyOf } from '../core/error-text.ts';
import { type Locked, type Reason, reason } from '../core/reasons.ts';
import { ensurePrivateDirectory, ensurePrivateFile, openPrivate } from '../os/private-files.ts';
import { isAlive } from '../os/processes.ts';
import { ReasonError } from '../texts/reason-error.ts';
import {
  HAS_MACHINE_NAMES,
  type HeldName,
  type Holder,
  holderOfName,
  NameTaken,
  namesBeginning,
  takeName,
} from './machine-name.ts';

/**
 * One engine per data directory and per account (strategy 11.1). An account's lock is a name that the system keeps for
 * this process (machine-name.ts), or, on systems without such names, a file in a directory of this user. The data
 * directory's lock is a file: SQLite takes an exclusive lock on an empty database (`fcntl` or `LockFileEx`) and holds
 * it for the life of the process. The system releases both however a process ends, so there are no stale locks, and two
 * starters can never both win. The `.pid` file is only for the message. The system locks the file, not its path: if the
 * path is removed the next starter could lock a new file, so the paths are checked while they are held (`check`).
 */

export interface LockRequest {
  /** GRVT_HEDGE_DATA_DIR; null: already held. */
  readonly dataDirectory: string | null;
  /** The trading accounts by environment, since hosts have many spellings; none in `paper`, which locks no account. */
  readonly accounts: readonly AccountToLock[];
  /**
   * With a journal in a database: engines of the same lease may run beside each other as standby (strategy 11.1, 18.2);
   * others may not. Absent: the journal is a file.
   */
  readonly lease?: string | null;
  /** Directory of account locks that are files; default: accountLockDirectory(). */
  readonly accountDirectory?: string;
}

export interface AccountToLock {
  readonly env: string;
  readonly subAccountId: string;
}

/** A lock whose path no longer led to our file. */
export interface LockChange {
  /** Taken again; otherwise another engine may run or start beside this one. */
  readonly held: boolean;
  /** Names no account, so it may be put into an alert. */
  readonly why: Reason;
}

export interface Locks {
  /**
   * Checks whether each path still leads to the file we hold, and touches it against cleaners of old files. A lost
   * account lock is taken again if it is free. Empty: nothing to report. Never throws.
   */
  check(): readonly LockChange[];
  /** Releases all locks; may be called repeatedly. */
  release(): void;
}

/** The lock is held by somebody else (`lock-held`), or its file is unusable (`lock-unusable`). */
export class LockError extends ReasonError {}

/** How long to wait for the holder's pid, which it writes right after locking. */
const PID_WAIT_MS = 500;
const PID_POLL_MS = 10;

/** How long to retry: two simultaneous starters may disturb each other briefly, and both would be refused. */
const LOCK_WAIT_MS = 200;

/** For systems without machine-wide names: the home directory by the user database, whatever the environment. */
export function accountLockDirectory(): string {
  return join(userInfo().homedir, '.grvt-hedge', 'locks');
}

/**
 * Takes the lock of the data directory and of each account, or none.
 * @throws LockError
 */
export async function acquireLocks(request: LockRequest): Promise<Locks> {
  const { dataDirectory, accounts, accountDirectory, lease = null } = request;
  const held: HeldLock[] = [];
  const names: HeldName[] = [];
  const release = (): void => {
    for (const name of names.splice(0).reverse()) name.release();
    for (const lock of held.splice(0).reverse()) letGo(lock);
  };
  try {
    if (dataDirectory !== null) held.push(take(dataDirectory, DATA_LOCK, { directory: dataDirectory }));
    // In one order for everybody, without duplicates: engines with A and B swapped must not block each other.
    const wanted = new Map(accounts.map((account) => [nameOf(account), account]));
    for (const [name, account] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (accountDirectory === undefined && HAS_MACHINE_NAMES) names.push(await takeAccount(name, account, lease));
      else held.push(take(accountDirectory ?? accountLockDirectory(), `${name}.lock`, account));
    }
    return {
      check: () => held.flatMap((lock, index) => checkLock(lock, (replacement) => held.splice(index, 1, replacement))),
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** An account's lock name. A digest, because everybody on the machine can see it. */
export function nameOf({ env, subAccountId }: AccountToLock): string {
  return `account-${createHash('sha256').update(`${env}\n${subAccountId}`).digest('hex').slice(0, 32)}`;
}

/** An account's exclusive name, or one of the additional names that engines of one lease share. */
async function takeAccount(name: string, locked: AccountToLock, lease: string | null): Promise<HeldName> {
  const ofLease = `${name}-lease-${lease}-`;
  let held: HeldName | null = null;
  const refuse = ({ pid, uid }: Holder): never => {
    const other = uid === (process.getuid?.() ?? null) ? null : uid;
    throw new LockError(reason('lock-held', '11.1', { locked, pid, uid: other, isSilent: pid === null }));
  };
  try {
    held = await takeName(lease === null ? name : `${ofLease}${process.pid}`);
    // Checked after taking: of two simultaneous starters at least one sees the other.
    const others = namesBeginning(name).filter((one) =>
      lease === null ? one.startsWith(`${name}-lease-`) : !one.startsWith(ofLease),
    );
    if (others[0] !== undefined) refuse(await holderOfName(others[0]));
    return held;
  } catch (thrown) {
    held?.release();
    if (thrown instanceof LockError) throw thrown;
    if (thrown instanceof NameTaken) return refuse(thrown.holder);
    throw new LockError(reason('lock-unusable', '11.1', { path: null, locked, why: whyOf(thrown) }), thrown);
  }
}

/**
 * Whether an engine holds this data directory, by taking a read lock for a moment, which a starter waits for.
 * @returns null: cannot be determined
 */
export function isHeld(dataDirectory: string): boolean | null {
  const path = join(dataDirectory, DATA_LOCK);
  let db: DatabaseSync | null = null;
  try {
    if (fileAt(path) === null) return false;
    db = new DatabaseSync(path, { readOnly: true });
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return isBusy(error) ? true : null;
  } finally {
    db?.close();
  }
}

interface HeldLock {
  readonly directory: string;
  readonly name: string;
  readonly locked: Locked;
  readonly db: DatabaseSync;
  readonly pidPath: string;
  /** Device and inode of the locked file, unique while we hold it open. */
  readonly file: string;
}

/** Of the data directory; its loss is only reported: whoever moved the directory would not want a new one. */
const DATA_LOCK = 'engine.lock';

/** Prevents garbage collection while the process lives, even if the caller drops it. */
const HELD = new Set<HeldLock>();

function take(directory: string, name: string, locked: Locked): HeldLock {
  const path = join(directory, name);
  const pidPath = `${path}.pid`;
  let db: DatabaseSync | null = null;
  try {
    ensurePrivateDirectory(directory);
    ensurePrivateFile(path);
    db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
    db.exec('BEGIN EXCLUSIVE');
    writePid(pidPath);
    const lock = { directory, name, locked, db, pidPath, file: fileAt(path) ?? '' };
    HELD.add(lock);
    return lock;
  } catch (error) {
    db?.close();
    throw refusal(error, path, pidPath, locked);
  }
}

function writePid(pidPath: string): void {
  const fd = openPrivate(pidPath, constants.O_WRONLY | constants.O_CREAT);
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
  } finally {
    closeSync(fd);
  }
}

function letGo(lock: HeldLock): void {
  // The pid is removed first, while the lock is ours: afterwards it could be the next holder's.
  if (fileAt(join(lock.directory, lock.name)) === lock.file) rmSync(lock.pidPath, { force: true });
  forget(lock);
}

function forget(lock: HeldLock): void {
  lock.db.close();
  HELD.delete(lock);
}

/** Which file a path leads to; null: none. Opens nothing, because closing a file locked by `fcntl` would release it. */
function fileAt(path: string): string | null {
  try {
    const { dev, ino } = lstatSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    // ENOTDIR: a directory on the path was replaced by a file.
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error))) return null;
    throw error;
  }
}

function checkLock(lock: HeldLock, replace: (replacement: HeldLock) => void): LockChange[] {
  const { directory, name, locked, pidPath } = lock;
  const path = join(directory, name);
  try {
    if (fileAt(path) === lock.file) {
      const now = new Date();
      lutimesSync(path, now, now);
      writePid(pidPath);
      return [];
    }
    if (name === DATA_LOCK) return [{ held: false, why: reason('lock-replaced', '11.1', { path }) }];
    replace(take(directory, name, locked));
    forget(lock);
    return [{ held: true, why: reason('lock-taken-again', '11.1', { path }) }];
  } catch (error) {
    const found = whyOf(error);
    if (found.code === 'lock-held')
      return [{ held: false, why: reason('lock-taken-by-other', '11.1', { path, pid: found.params.pid }) }];
    // Only the cause of a failed lock: the rest names the account.
    const why = found.code === 'lock-unusable' ? found.params.why : found;
    return [{ held: false, why: reason('lock-not-kept', '11.1', { path, why }) }];
  }
}

/** SQLITE_BUSY and SQLITE_LOCKED. */
const HELD_BY_OTHER: ReadonlySet<number> = new Set([5, 6]);

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && HELD_BY_OTHER.has(Number(error.errcode) & 0xff);
}

function refusal(error: unknown, path: string, pidPath: string, locked: Locked): LockError {
  if (isBusy(error)) {
    return new LockError(reason('lock-held', '11.1', { locked, pid: holderOf(pidPath), uid: null, isSilent: false }));
  }
  return new LockError(reason('lock-unusable', '11.1', { path, locked, why: whyOf(error) }), error);
}

function holderOf(pidPath: string): number | null {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; ; waited += PID_POLL_MS) {
    const pid = readPid(pidPath);
    // A dead pid is the previous holder's: the present one has not written its own yet.
    if (pid !== null && isAlive(pid)) return pid;
    if (waited >= PID_WAIT_MS) return null;
    Atomics.wait(pause, 0, 0, PID_POLL_MS);
  }
}

function readPid(pidPath: string): number | null {
  try {
    const text = readFileSync(pidPath, 'utf8').trim();
    return /^\d{1,10}$/.test(text) ? Number(text) : null;
  } catch (error) {
    // Not written yet, or just removed: the caller tries again.
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { reason } from '../core/reasons.ts';
import { ReasonError } from '../texts/reason-error.ts';

/**
 * Files and directories that only their owner may read or write, because they contain trading data. Modes are set
 * whatever the umask, and no link is followed. On Windows, which has no such modes, they stay as created.
 */

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const PERMISSIONS = 0o777;
const OTHERS = 0o077;
const STICKY = 0o1000;

/**
 * Creates a private directory, or closes an existing one of ours to others. A link to a directory is the owner's choice
 * (another disk): its target counts.
 * @throws ReasonError if it belongs to another user, who could replace its content, or is shared
 */
export function ensurePrivateDirectory(path: string): void {
  const isNew = lstatSync(path, { throwIfNoEntry: false }) === undefined;
  makeDirectory(path, DIRECTORY_MODE);
  const us = process.geteuid?.();
  if (us === undefined) return;
  const directory = realpathSync(path);
  const { uid, mode } = lstatSync(directory);
  if (uid !== us) {
    throw new ReasonError(reason('directory-of-other', '11.1', { path, uid, us }));
  }
  if (!isNew && (mode & OTHERS) !== 0) assertNotShared(path, directory, mode, us);
  if (isNew || (mode & OTHERS) !== 0) chmodSync(directory, DIRECTORY_MODE);
}

/** Closing `/tmp` or `/var/log` to others would harm them. */
function assertNotShared(path: string, directory: string, mode: number, us: number): void {
  const foreign = readdirSync(directory).find(
    (name) => (lstatSync(join(directory, name), { throwIfNoEntry: false })?.uid ?? us) !== us,
  );
  if ((mode & STICKY) === 0 && foreign === undefined) return;
  throw new ReasonError(reason('directory-shared', '11.1', { path }));
}

/**
 * Opens a private file, creating it if necessary; an existing one is closed to others.
 * @param flags of `open`, such as O_RDWR | O_CREAT @throws the system's Error (ELOOP: a link), or ReasonError if it is
 * no plain file of this user with one name
 */
export function openPrivate(path: string, flags: number): number {
  const fd = openSync(path, flags | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0), FILE_MODE);
  try {
    const stats = fstatSync(fd);
    assertOurs(path, stats);
    if (process.geteuid && (stats.mode & PERMISSIONS) !== FILE_MODE) fchmodSync(fd, FILE_MODE);
    return fd;
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

/**
 * Creates an empty private file for a library that opens by name, or checks the existing one; only in a private
 * directory. Opens no existing file, because closing it would end this process's locks on it.
 * @throws Error as `openPrivate`
 */
export function ensurePrivateFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    closeSync(openPrivate(path, constants.O_RDWR | constants.O_CREAT));
    return;
  }
  assertOurs(path, found);
  if (process.geteuid && (found.mode & PERMISSIONS) !== FILE_MODE) chmodSync(path, FILE_MODE);
}

function assertOurs(path: string, { mode, uid, nlink }: Stats): void {
  const kind = mode & constants.S_IFMT;
  if (kind === constants.S_IFLNK) throw new ReasonError(reason('file-is-link', '11.1', { path }));
  if (kind !== constants.S_IFREG) throw new ReasonError(reason('file-not-plain', '11.1', { path }));
  const us = process.geteuid?.();
  if (us === undefined) return;
  if (uid !== us) throw new ReasonError(reason('file-of-other', '11.1', { path, uid, us }));
  if (nlink > 1) throw new ReasonError(reason('file-has-second-name', '11.1', { path }));
}

/**
 * Creates a directory and its parents, trying each level once: `mkdirSync` with `recursive` never returns on file
 * systems that answer "no such file" to every mkdir. @throws the system's error, which names the path.
 */
export function makeDirectory(path: string, mode?: number): void {
  const directory = resolve(path);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(directory) !== directory) makeDirectory(dirname(directory), mode);
  try {
    mkdirSync(directory, mode);
  } catch (error) {
    // Another starter may have created it meanwhile.
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

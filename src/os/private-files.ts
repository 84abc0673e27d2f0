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

/**
 * Files and directories that nobody else may read or write: what we trade is in them. Modes are set whatever the umask, and
 * no link is followed. Windows has no modes and owners of this kind: there they stay as they are made.
 */

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const PERMISSIONS = 0o777;
const OTHERS = 0o077;
const STICKY = 0o1000;

/**
 * A directory of our own: made, or ours already; one that others may enter is closed to them. A link to a directory is its
 * owner's choice of a place (another disk): what counts is where it leads.
 *
 * @throws Error, one line, when it belongs to another user, who could exchange what is in it, or is shared with others
 */
export function ensurePrivateDirectory(path: string): void {
  const isNew = lstatSync(path, { throwIfNoEntry: false }) === undefined;
  makeDirectory(path, DIRECTORY_MODE);
  const us = process.geteuid?.();
  if (us === undefined) return;
  const directory = realpathSync(path);
  const { uid, mode } = lstatSync(directory);
  if (uid !== us) {
    throw new Error(`${path} belongs to user ${uid} and this is user ${us}: expected a directory of this user (chown)`);
  }
  if (!isNew && (mode & OTHERS) !== 0) assertNotShared(path, directory, mode, us);
  if (isNew || (mode & OTHERS) !== 0) chmodSync(directory, DIRECTORY_MODE);
}

/** To close `/tmp` or `/var/log` to others, because somebody named it, would harm them. */
function assertNotShared(path: string, directory: string, mode: number, us: number): void {
  const foreign = readdirSync(directory).find(
    (name) => (lstatSync(join(directory, name), { throwIfNoEntry: false })?.uid ?? us) !== us,
  );
  if ((mode & STICKY) === 0 && foreign === undefined) return;
  throw new Error(`${path} is shared with other users: expected a directory for this program alone`);
}

/**
 * Opens a file of our own, making it; one that others may read or write is closed to them.
 *
 * @param flags of `open`, such as O_RDWR | O_CREAT
 * @throws Error: of the system (ELOOP: a link), or one line when it is no plain file of this user with one name
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
 * Makes an empty file of our own for a library that opens by name, or checks the one that is there; to be used in a private
 * directory. Opens no file that exists: closing it would end this process's locks on it.
 *
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
  if (kind === constants.S_IFLNK) throw new Error(`${path} is a link: expected a plain file`);
  if (kind !== constants.S_IFREG) throw new Error(`${path} is not a plain file`);
  const us = process.geteuid?.();
  if (us === undefined) return;
  if (uid !== us)
    throw new Error(`${path} belongs to user ${uid} and this is user ${us}: expected a file of this user`);
  if (nlink > 1)
    throw new Error(`${path} has a second name (a hard link): what is written to it would be written there too`);
}

/**
 * Makes a directory and what is missing above it. Unlike `mkdirSync` with `recursive`, which never returns on file
 * systems that answer "no such file" to every mkdir, each level is tried once.
 *
 * @throws the system's error, which names the path.
 */
export function makeDirectory(path: string, mode?: number): void {
  const directory = resolve(path);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(directory) !== directory) makeDirectory(dirname(directory), mode);
  try {
    mkdirSync(directory, mode);
  } catch (error) {
    // Another starter may have made it meanwhile.
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

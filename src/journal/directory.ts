import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

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

/** Writes and removes a file there: SQLite's own errors do not say why a directory cannot be used. */
export function tryWriting(directory: string): void {
  const probe = join(directory, `.write-test-${process.pid}`);
  try {
    writeFileSync(probe, '');
  } finally {
    rmSync(probe, { force: true });
  }
}

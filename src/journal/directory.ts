import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes and removes a file there, because SQLite's errors do not say why a directory is unusable. */
export function tryWriting(directory: string): void {
  const probe = join(directory, `.write-test-${process.pid}`);
  try {
    writeFileSync(probe, '');
  } finally {
    rmSync(probe, { force: true });
  }
}

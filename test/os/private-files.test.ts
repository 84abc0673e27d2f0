import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  constants,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { acquireLocks } from '../../src/journal/lock.ts';
import { ensurePrivateDirectory, ensurePrivateFile, openPrivate } from '../../src/os/private-files.ts';
import { temporaryDirectory } from '../journal/support.ts';

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** A umask for one function; the process's own afterwards. */
function withUmask(umask: number, work: () => void): void {
  const before = process.umask(umask);
  try {
    work();
  } finally {
    process.umask(before);
  }
}

describe('files of our own', { skip: process.platform === 'win32' }, () => {
  for (const umask of [0o000, 0o022, 0o277]) {
    it(`are closed to others whatever the umask (${umask.toString(8)})`, () => {
      const base = temporaryDirectory();
      withUmask(umask, () => {
        ensurePrivateDirectory(join(base, 'a', 'b'));
        ensurePrivateFile(join(base, 'a', 'b', 'file'));
        closeSync(openPrivate(join(base, 'a', 'b', 'other'), constants.O_WRONLY | constants.O_CREAT));
      });
      assert.deepEqual(
        ['a/b', 'a/b/file', 'a/b/other'].map((name) => modeOf(join(base, name))),
        ['700', '600', '600'],
      );
    });
  }

  it('that others could read are closed to them', () => {
    const directory = join(temporaryDirectory(), 'data');
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    for (const name of ['one', 'two']) {
      writeFileSync(join(directory, name), 'kept');
      chmodSync(join(directory, name), 0o666);
    }
    ensurePrivateDirectory(directory);
    ensurePrivateFile(join(directory, 'one'));
    closeSync(openPrivate(join(directory, 'two'), constants.O_RDWR));
    assert.deepEqual([directory, join(directory, 'one'), join(directory, 'two')].map(modeOf), ['700', '600', '600']);
    assert.equal(readFileSync(join(directory, 'one'), 'utf8'), 'kept');
  });

  it('a link, a second name or a directory in their place is refused and what is behind it stays', () => {
    const base = temporaryDirectory();
    const victim = join(base, '.env');
    writeFileSync(victim, 'KEY=1');
    symlinkSync(victim, join(base, 'symlink'));
    symlinkSync(join(base, 'nowhere'), join(base, 'dangling'));
    linkSync(victim, join(base, 'hardlink'));
    mkdirSync(join(base, 'directory'));
    for (const name of ['symlink', 'dangling', 'hardlink', 'directory']) {
      assert.throws(() => ensurePrivateFile(join(base, name)), /link|plain file|second name/, name);
      assert.throws(() => openPrivate(join(base, name), constants.O_WRONLY | constants.O_CREAT), Error, name);
    }
    assert.equal(readFileSync(victim, 'utf8'), 'KEY=1');
    assert.equal(statSync(join(base, 'nowhere'), { throwIfNoEntry: false }), undefined);
  });

  for (const name of ['engine.lock', 'engine.lock.pid']) {
    it(`a link in the place of ${name} is refused, and what it leads to is not written`, async () => {
      const base = temporaryDirectory();
      const victim = join(base, '.env');
      writeFileSync(victim, 'KEY=1');
      mkdirSync(join(base, 'data'));
      symlinkSync(victim, join(base, 'data', name));
      await assert.rejects(acquireLocks({ dataDirectory: join(base, 'data'), accounts: [] }), /link/i);
      assert.equal(readFileSync(victim, 'utf8'), 'KEY=1');
    });
  }

  it('a directory shared with other users is refused and stays as it is', () => {
    const directory = join(temporaryDirectory(), 'shared');
    mkdirSync(directory);
    chmodSync(directory, 0o1777);
    assert.throws(() => ensurePrivateDirectory(directory), /is shared with other users/);
    assert.equal(modeOf(directory), '777');
  });

  it('a directory of another user is refused', { skip: process.getuid?.() !== 0 }, () => {
    process.seteuid?.(65_534);
    try {
      assert.throws(() => ensurePrivateDirectory('/'), /belongs to user 0 and this is user 65534/);
    } finally {
      process.seteuid?.(0);
    }
  });
});

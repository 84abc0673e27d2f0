import assert from 'node:assert/strict';
import fs, {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { LOG_FILE_NAME, openLogFile } from '../../src/log/log-file.ts';
import { AT } from './facts.ts';

describe('the log file', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'hedge-log-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  const live = () => readFileSync(join(dir, LOG_FILE_NAME), 'utf8');
  const old = () =>
    readdirSync(dir)
      .filter((name) => name !== LOG_FILE_NAME)
      .sort();

  it('makes its directory, and is called grvt_dual_maker_hedge.log', () => {
    const file = openLogFile({ dir: join(dir, 'a/b') });
    file.write('one\n', AT);
    file.close();
    assert.deepEqual(readdirSync(join(dir, 'a/b')), ['grvt_dual_maker_hedge.log']);
  });
  it('is appended to by the next run', () => {
    for (const text of ['one\n', 'two\n']) {
      const file = openLogFile({ dir });
      file.write(text, Date.now());
      file.close();
    }
    assert.equal(live(), 'one\ntwo\n');
  });
  it('is renamed before it passes its size, losing nothing; the live file keeps its name', () => {
    const file = openLogFile({ dir, maxBytes: 10 });
    for (const [index, text] of ['12345\n', 'abc\n', 'next\n'].entries()) file.write(text, AT + index * 1000);
    file.close();
    assert.equal(live(), 'next\n');
    assert.deepEqual(old(), ['grvt_dual_maker_hedge.2026-10-17T09-00-02Z.log']);
    assert.equal(readFileSync(join(dir, String(old()[0])), 'utf8'), '12345\nabc\n');
  });
  it('two renames in one second do not overwrite each other', () => {
    const file = openLogFile({ dir, maxBytes: 4 });
    for (const text of ['aaa\n', 'bbb\n', 'ccc\n']) file.write(text, AT);
    file.close();
    assert.equal(
      old()
        .map((name) => readFileSync(join(dir, name), 'utf8'))
        .sort()
        .join(''),
      'aaa\nbbb\n',
    );
  });
  it('is renamed when a new day begins, also across runs', () => {
    const file = openLogFile({ dir });
    file.write('today\n', AT);
    file.write('tomorrow\n', AT + 86_400_000);
    file.close();
    assert.equal(live(), 'tomorrow\n');
    utimesSync(join(dir, LOG_FILE_NAME), new Date(AT), new Date(AT));
    const next = openLogFile({ dir });
    next.write('much later\n', AT + 5 * 86_400_000);
    next.close();
    assert.equal(live(), 'much later\n');
    assert.equal(old().length, 2);
  });
  it('keeps the newest old files and deletes no other', () => {
    writeFileSync(join(dir, 'notes.log'), 'mine');
    const file = openLogFile({ dir, maxBytes: 4, maxOldFiles: 3 });
    for (let n = 0; n < 10; n += 1) file.write(`${n}aa\n`, AT + n * 1000);
    file.close();
    const kept = old().filter((name) => name !== 'notes.log');
    assert.deepEqual(
      kept.map((name) => readFileSync(join(dir, name), 'utf8')),
      ['6aa\n', '7aa\n', '8aa\n'],
    );
    assert.ok(old().includes('notes.log'));
  });
  it('a rename that fails is reported, and the log goes on in the same file', () => {
    const complaints: string[] = [];
    const file = openLogFile({ dir, maxBytes: 8, complain: (text) => complaints.push(text) });
    file.write('aaaaaaa\n', AT);
    // Whoever runs this may be allowed everything, so the rename is replaced, not forbidden.
    const rename = mock.method(fs, 'renameSync', () => {
      throw new Error('EBUSY');
    });
    syncBuiltinESMExports();
    file.write('bbb\n', AT);
    rename.mock.restore();
    syncBuiltinESMExports();
    assert.equal(complaints.length, 1);
    assert.match(complaints[0] ?? '', /could not be put aside/);
    assert.equal(live(), 'aaaaaaa\nbbb\n');
    file.close();
  });

  const moves: [string, (path: string) => void, string][] = [
    ['renamed', (path) => renameSync(path, `${path}.1`), 'two\n'],
    ['deleted', (path) => rmSync(path), 'two\n'],
    [
      'renamed, and made anew',
      (path) => {
        renameSync(path, `${path}.1`);
        writeFileSync(path, '');
      },
      'two\n',
    ],
    ['copied and cut to nothing', (path) => truncateSync(path, 0), 'two\n'],
    ['deleted with its directory', (path) => rmSync(dirname(path), { recursive: true }), 'two\n'],
  ];
  for (const [how, move, left] of moves) {
    it(`${how} by another program: the next line stands in the file of that name`, () => {
      const at = join(dir, 'logs');
      const file = openLogFile({ dir: at, maxBytes: 12 });
      file.write('one\n', AT);
      move(join(at, LOG_FILE_NAME));
      file.write('two\n', AT);
      assert.equal(readFileSync(join(at, LOG_FILE_NAME), 'utf8'), left);
      // What it holds now counts, not what it held.
      file.write('three\n', AT);
      assert.equal(readFileSync(join(at, LOG_FILE_NAME), 'utf8'), left.length + 6 > 12 ? 'three\n' : `${left}three\n`);
      file.close();
    });
  }

  it('a line longer than the bound is written whole', () => {
    const file = openLogFile({ dir, maxBytes: 4 });
    file.write('0123456789\n', AT);
    file.close();
    assert.equal(live(), '0123456789\n');
  });
});

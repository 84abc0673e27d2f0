import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, afterEach, before, test } from 'node:test';
import { assertChinese } from '../support/chinese.ts';
import { type Child, type Ended, printed, Stage } from './children.ts';

/** What a start refuses, whole processes: one clear line, exit code 78, no stack trace (strategy 11.1, 13.2). */

const STARTED = 'Started on';
let stage: Stage;

before(async () => {
  stage = await Stage.open();
});
after(() => stage.close());
// An engine a failed test left running would refuse the starts of the next ones.
afterEach(() => stage.killAll());

function refused(ended: Ended): string {
  assert.equal(ended.code, 78, ended.output);
  assert.doesNotMatch(ended.output, /\n\s+at |node:internal/, 'a stack trace');
  // Warnings and the hosts may stand before it: the refusal is one line.
  const lines = ended.output
    .trim()
    .split('\n')
    .filter((line) => !/^\[[\d:]+\] (INFO|WARN): /.test(line));
  assert.equal(lines.length, 1, ended.output);
  return lines[0] ?? '';
}

async function killed(child: Child): Promise<void> {
  child.process.kill('SIGKILL');
  await child.ended;
}

test('a second engine on the same data directory, or on the same accounts from another one, is refused with the pid of the first; a killed one stands in nobody’s way', async () => {
  const first = stage.spawn();
  await printed(first, STARTED);
  const { pid } = first.process;

  const same = refused(await stage.spawn().ended);
  assert.match(same, new RegExp(`another engine \\(pid ${pid}\\) already runs on the data directory`));

  const chinese = refused(await stage.spawn({ env: { GRVT_HEDGE_LANG: 'zh' } }).ended);
  assert.match(chinese, new RegExp(`另一个引擎（pid ${pid}）已在使用数据目录`));
  assertChinese(chinese);

  const elsewhere = join(stage.directory, 'elsewhere');
  const env = { GRVT_HEDGE_DATA_DIR: elsewhere, GRVT_HEDGE_LOG_DIR: join(elsewhere, 'logs') };
  const other = refused(await stage.spawn({ env }).ended);
  assert.match(other, new RegExp(`another engine \\(pid ${pid}\\) already runs on account \\d+ of dev`));

  const paper = refused(await stage.spawn({ env: paperOn(stage.dataDir) }).ended);
  assert.match(paper, new RegExp(`another engine \\(pid ${pid}\\) already runs on the data directory`));

  await killed(first);
  const next = stage.spawn({ env });
  await printed(next, STARTED);
  await killed(next);
});

/** The embedded exchange, on that data directory: what belongs to a real one is unset. */
function paperOn(dataDir: string): Record<string, string> {
  const unset = Object.keys(stage.environment()).filter((name) =>
    /^GRVT_(ENV|EDGE|TRADES|MARKET|CHAIN|TRADING)/.test(name),
  );
  return {
    ...Object.fromEntries(unset.map((name) => [name, ''])),
    GRVT_ENV: 'paper',
    GRVT_HEDGE_DATA_DIR: dataDir,
  };
}

async function startOn(dataDir: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const env = { GRVT_HEDGE_DATA_DIR: dataDir, GRVT_HEDGE_LOG_DIR: join(stage.directory, 'logs-refused'), ...more };
  return refused(await stage.spawn({ env }).ended);
}

function newDataDir(name: string): { readonly directory: string; readonly file: string } {
  const directory = join(stage.directory, name);
  mkdirSync(directory);
  return { directory, file: join(directory, stage.journalName) };
}

test('a data directory that cannot be written is refused', async () => {
  // Where the tests run as root nothing is read-only by its mode; a file where the directory should be cannot be written in.
  const path = join(stage.directory, 'a-file');
  writeFileSync(path, '');
  assert.match(await startOn(path), /a-file.*cannot be taken.*Make its directory writable/);
});

test('a log directory that cannot be written is refused', async () => {
  const { directory } = newDataDir('good');
  const logs = join(stage.directory, 'a-log-file');
  writeFileSync(logs, '');
  assert.match(
    await startOn(directory, { GRVT_HEDGE_LOG_DIR: logs }),
    /the log in .*a-log-file cannot be written.*GRVT_HEDGE_LOG_DIR/,
  );
});

test('a journal of a newer version is refused', async () => {
  const { directory, file } = newDataDir('newer');
  const first = stage.spawn({ env: { GRVT_HEDGE_DATA_DIR: directory } });
  await printed(first, STARTED);
  await killed(first);
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99');
  db.close();
  assert.match(await startOn(directory), /journal .*newer.*version 99.*Run the version that wrote it, or a newer one/);
});

test('a damaged journal is refused, with what to do', async () => {
  const { directory, file } = newDataDir('damaged');
  writeFileSync(file, Buffer.alloc(8192, 'not a journal at all, but long enough to be one'));
  assert.match(await startOn(directory), /journal .*damaged.*\. .+/);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusLines } from '../../src/cli/status.ts';
import { RUN_NOTE, type RunNote } from '../../src/core/run-note.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { Secret } from '../../src/settings/index.ts';
import { idEnds } from '../../src/status/observe.ts';
import { journalStatus } from '../../src/status/offline.ts';
import { NOON_MS, status, symbolStatus } from '../web/fixtures.ts';
import { settingsWith } from '../web/stage.ts';

const TRADING: RunNote = { startedAtMs: NOON_MS - 60_000, stoppedAtMs: null, exitCode: null };
const STOPPED: RunNote = { ...TRADING, stoppedAtMs: NOON_MS - 5_000, exitCode: 0 };

describe('13.4 what became of an engine that does not answer', () => {
  const cases: [name: string, note: RunNote | null, runs: boolean | null, engine: string, headline: RegExp][] = [
    ['its process holds the data directory', TRADING, true, 'silent', /runs and does not answer.*last entry is of/],
    ['one that starts now, after one that stopped', STOPPED, true, 'silent', /runs and does not answer/],
    ['it noted its stop', STOPPED, false, 'stopped', /stopped in order at .*, exit code 0/],
    ['it noted none', TRADING, false, 'killed', /ended without a stop/],
    ['a journal of no run', null, false, 'none', /No engine answers/],
    ['a journal that was named', TRADING, null, 'none', /No engine answers/],
  ];
  for (const [name, note, runs, engine, headline] of cases) {
    test(`${name}: ${engine}`, () => {
      const journal = createMemoryJournal();
      if (note !== null) journal.append([{ kind: 'note', key: RUN_NOTE, atMs: NOON_MS - 1_000, body: note }]);
      const found = journalStatus(journal, settingsWith({}), 10_000, NOON_MS, runs);
      assert.equal(found.engine, engine);
      assert.equal(found.lastEntryAtMs, note === null ? null : NOON_MS - 1_000);
      assert.deepEqual(found.stopped, engine === 'stopped' ? { atMs: NOON_MS - 5_000, exitCode: 0 } : null);
      assert.match(statusLines(found)[0]!, headline);
    });
  }

  test('a stopped one, and a running one, name what is unhedged and what that costs at the touch', () => {
    const open = { hedgeSide: 'sell', size: '0.48', usdt: '297.60', sinceMs: null, costUsdt: '0.05' } as const;
    for (const engine of ['trading', 'stopped'] as const) {
      const lines = statusLines(status({ engine, symbols: [symbolStatus({ open })] }));
      const words = 'sell 0.48 would hedge it, 297.60 USDT, at the touch that costs 0.05 USDT';
      assert.equal(lines[1], `BNB_USDT_Perp unhedged: ${words}`);
    }
    assert.equal(statusLines(status({ engine: 'stopped' }))[1], 'Nothing is left unhedged.');
  });
});

test('of an account id its last four digits are shown, in paper none', () => {
  const account = (accountId: string) => ({ apiKey: new Secret('a'), privateKey: new Secret('b'), accountId });
  const settings = {
    ...settingsWith({}),
    accounts: { A: account('2147050090804782'), B: account('2147050788660114') },
  };
  assert.deepEqual([idEnds(settings, 'A'), idEnds(settings, 'B')], ['4782', '0114']);
  assert.equal(idEnds(settingsWith({}), 'A'), null);
});

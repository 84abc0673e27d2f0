import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { AnswerLine } from '../../src/core/answers.ts';
import type { EngineSymbol } from '../../src/core/daemon/memory.ts';
import type { SymbolConfig } from '../../src/core/model.ts';
import { editBegins, finishEdit } from '../../src/engine/file-edits.ts';
import { symbolChanges } from '../../src/engine/reload.ts';
import { settingChanges, settingsOnDisk } from '../../src/engine/settings-on-disk.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { editSymbols, loadSettings, type Settings } from '../../src/settings/index.ts';
import { answerLine } from '../../src/texts/answers.ts';
import { reasonTexts } from '../../src/texts/reasons.ts';
import { config, d, instrument } from '../support/core.ts';
import { symbolRow } from '../support/engine-stage.ts';

const BNB = 'BNB_USDT_Perp';
const SOL = 'SOL_USDT_Perp';

const english = (said: AnswerLine | undefined) => (said === undefined ? '' : answerLine(said, 'en'));

const running = (name: string, over: Partial<SymbolConfig> = {}, more: Partial<EngineSymbol> = {}): EngineSymbol => {
  return { config: config({ instrument: name, ...over }), instrument: instrument({ name }), ...more };
};

describe('16.4 what a reload changes of the symbols', () => {
  const cases: readonly [string, readonly EngineSymbol[], readonly EngineSymbol[], readonly string[]][] = [
    ['nothing', [running(BNB)], [running(BNB)], []],
    [
      'amounts, each with both values',
      [running(BNB)],
      [running(BNB, { maxTotalPositionUsdt: d(5000), positionMode: 'decrease' })],
      ['BNB_USDT_Perp: max_total_position_usdt 30000 → 5000', 'BNB_USDT_Perp: position_mode increase → decrease'],
    ],
    ['the mode', [running(BNB)], [running(BNB, { mode: 'pause' })], ['BNB_USDT_Perp: mode trade → pause']],
    ['a new row', [running(BNB)], [running(BNB), running(SOL)], ['SOL_USDT_Perp: is new, and trades from now on']],
    ['a new row that is disabled', [running(BNB)], [running(BNB), running(SOL, { enabled: false })], []],
    [
      'a row removed',
      [running(BNB), running(SOL)],
      [running(BNB)],
      ['SOL_USDT_Perp: is being removed (removed): hedge-only until it is hedged without live orders'],
    ],
    [
      'a row disabled',
      [running(BNB)],
      [running(BNB, { enabled: false })],
      ['BNB_USDT_Perp: is being removed (disabled): hedge-only until it is hedged without live orders'],
    ],
    [
      'every row removed',
      [running(BNB), running(SOL)],
      [],
      [BNB, SOL].map(
        (name) => `${name}: is being removed (removed): hedge-only until it is hedged without live orders`,
      ),
    ],
    ['one that leaves already', [running(BNB, {}, { leaving: 'removed' })], [], []],
    [
      'one that leaves comes back',
      [running(BNB, {}, { leaving: 'removed' })],
      [running(BNB)],
      ['BNB_USDT_Perp: is no longer being removed'],
    ],
  ];
  for (const [what, before, rows, says] of cases)
    it(`16.4 ${what}`, () => {
      const changes = symbolChanges(before, rows);
      assert.deepEqual(changes.says.map(english), says);
      assert.equal(changes.symbols.length > 0, says.length > 0);
      // Applied, nothing is left to change.
      const after = [
        ...before.map((one) => changes.symbols.find((now) => now.config.instrument === one.config.instrument) ?? one),
        ...changes.symbols.filter((now) => before.every((one) => one.config.instrument !== now.config.instrument)),
      ];
      assert.deepEqual(symbolChanges(after, rows).symbols, []);
    });

  it('16.3 a removed symbol keeps its last row, a disabled one runs by the row it has; commands stay', () => {
    const standing = [{ verb: 'pause', sinceMs: 1, untilMs: null, by: 'ann', why: null }] as const;
    const [removed] = symbolChanges([running(BNB, {}, { standing })], []).symbols;
    assert.deepEqual([removed?.config.maxTotalPositionUsdt.toFixed(), removed?.standing], ['30000', standing]);
    const disabled = running(BNB, { enabled: false, maxTotalPositionUsdt: d(1) });
    const [now] = symbolChanges([running(BNB)], [disabled]).symbols;
    assert.deepEqual([now?.config.enabled, now?.config.maxTotalPositionUsdt.toFixed()], [true, '1']);
  });
});

describe('16.4 settings that are read again', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'grvt-reload-'));
    write('symbols.json', JSON.stringify([symbolRow(BNB)]));
    write('.env', env());
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (name: string, text: string) => writeFileSync(join(root, name), text);
  const env = (changes: Readonly<Record<string, string>> = {}) =>
    Object.entries({
      GRVT_ENV: 'testnet',
      GRVT_TRADING_API_KEY_1: 'key-one',
      GRVT_TRADING_PRIVATE_KEY_1: `0x${'1'.repeat(64)}`,
      GRVT_TRADING_ACCOUNT_ID_1: '111',
      GRVT_TRADING_API_KEY_2: 'key-two',
      GRVT_TRADING_PRIVATE_KEY_2: `0x${'2'.repeat(64)}`,
      GRVT_TRADING_ACCOUNT_ID_2: '222',
      CHAT_ID: '1',
      API_KEY: 'gateway-key',
      GRVT_HEDGE_SYMBOLS_FILE: 'symbols.json',
      ...changes,
    })
      .map(([name, value]) => `${name}=${value}\n`)
      .join('');

  function open(processEnv: Readonly<Record<string, string>> = {}) {
    const source = { env: processEnv, root, purpose: 'trade' } as const;
    const first = loadSettings(source);
    assert.ok(first.ok, first.ok ? '' : reasonTexts(first.errors));
    return settingsOnDisk(source, first.settings, first.symbolsBytes);
  }

  function reread(disk: ReturnType<typeof open>): Settings {
    const reading = disk.read();
    assert.ok(reading.ok, reading.ok ? '' : reasonTexts(reading.errors));
    return reading.settings;
  }

  const live: readonly [string, string, RegExp][] = [
    ['GRVT_HEDGE_SINGLE_ORDER_DIFF_THRESHOLD_USDT', '30', /20.* → .*30/],
    ['GRVT_HEDGE_CANCEL_ON_STOP', '0', /true → false/],
    ['GRVT_HEDGE_STOP_KEEP_STRATEGY_ORDERS', '1', /0 → 1/],
    ['GRVT_HEDGE_POST_ONLY_MAX_RETRY', '7', /5 → 7/],
    ['GRVT_HEDGE_POST_ONLY_COOLDOWN_SEC', '60', /300000 → 60000/],
    ['GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC', '60', /1800000 → 60000/],
    ['GRVT_HEDGE_MMR_ALERT_THRESHOLD', '0.5', /0\.7.* → .*0\.5/],
    ['GRVT_HEDGE_OPENINGS_STOP_MMR', '0.5', /null → .*0\.5/],
    ['GRVT_HEDGE_OPENINGS_STOP_LOSS_USDT', '50', /null → .*50/],
    ['GRVT_HEDGE_ORDER_TTL_SEC', '7200', /3600000 → 7200000/],
    ['GRVT_HEDGE_LANG', 'zh', /en → zh/],
    ['GRVT_HEDGE_TIME_ZONE', 'Asia/Shanghai', /→ Asia\/Shanghai/],
    ['GRVT_HEDGE_LOOP_INTERVAL_SEC', '5', /2000 → 5000/],
    ['GRVT_HEDGE_MAX_RUNTIME_SEC', '60', /null → 60000/],
    ['GRVT_HEDGE_STUCK_HOURS', '1', /21600000 → 3600000/],
    ['GRVT_HEDGE_DAILY_REPORT_AT', '10:00', /→ 600/],
    ['GRVT_HEDGE_DAILY_STATEMENT', '1', /false → true/],
    ['GRVT_HEDGE_HEARTBEAT_URL', 'https://beat.example/secret-path', /^GRVT_HEDGE_HEARTBEAT_URL changed$/],
    ['CHAT_ID', '2', /^CHAT_ID, API_KEY or TELEGRAM_GATEWAY_URL changed$/],
    ['API_KEY', 'other-gateway-key', /^CHAT_ID, API_KEY or TELEGRAM_GATEWAY_URL changed$/],
  ];
  for (const [name, value, text] of live)
    it(`16.4 ${name} can change`, () => {
      const disk = open();
      write('.env', env({ [name]: value }));
      const changes = settingChanges(disk.current(), reread(disk));
      assert.deepEqual(changes.refused, []);
      assert.match(english(changes.says[0]), new RegExp(name));
      assert.match(english(changes.says[0]), text);
    });

  const fixed: readonly [string, string][] = [
    ['GRVT_ENV', 'prod'],
    ['GRVT_TRADING_ACCOUNT_ID_1', '333'],
    ['GRVT_HEDGE_DATA_DIR', 'elsewhere'],
    ['GRVT_HEDGE_HTTP_PORT', '9999'],
    ['GRVT_HEDGE_RATE_SCALE', '2'],
    ['GRVT_HEDGE_ORDERBOOK_DEPTH', '50'],
    ['GRVT_HEDGE_DEAD_MAN_SEC', '120'],
    ['GRVT_HEDGE_JOURNAL_DAYS', '31'],
    ['HTTPS_PROXY', 'http://user:proxy-secret@proxy.example:3128'],
    ['GRVT_HEDGE_NAME', 'another'],
  ];
  for (const [name, value] of fixed)
    it(`16.4 ${name} is refused by name, and its value is not shown`, () => {
      const disk = open();
      write('.env', env({ [name]: value }));
      const { refused } = settingChanges(disk.current(), reread(disk));
      assert.ok(
        refused.some((said) => english(said).includes(name)),
        refused.map(english).join(),
      );
      assert.doesNotMatch(refused.map(english).join(), /proxy-secret/);
    });

  it('16.4 new keys of the same account can; they are not shown', () => {
    const disk = open();
    write('.env', env({ GRVT_TRADING_API_KEY_2: 'key-three', GRVT_TRADING_PRIVATE_KEY_2: `0x${'3'.repeat(64)}` }));
    const changes = settingChanges(disk.current(), reread(disk));
    assert.deepEqual(changes.refused, []);
    assert.deepEqual(changes.keys, ['B']);
    assert.deepEqual(changes.says.map(english), ['account B has new keys']);
  });

  it('16.4 what the process environment fixes is named when .env changes it, not before', () => {
    const disk = open({ GRVT_HEDGE_POST_ONLY_MAX_RETRY: '9' });
    assert.deepEqual(disk.fixed(), []);
    write('.env', env({ GRVT_HEDGE_POST_ONLY_MAX_RETRY: '7' }));
    assert.deepEqual(disk.fixed(), ['GRVT_HEDGE_POST_ONLY_MAX_RETRY']);
    assert.equal(reread(disk).postOnlyMaxRetry, 9);
  });

  it('16.4 a broken file is refused, and what applies stays', () => {
    const disk = open();
    write('.env', 'GRVT_ENV=moon\n');
    assert.equal(disk.read().ok, false);
    write('.env', env());
    write('symbols.json', '[{"instrument": "BNB_US');
    assert.equal(disk.read().ok, false);
    assert.equal(disk.current().symbols.length, 1);
  });

  it('16.2 the symbols file is replaced as a whole; the previous one, a link and its mode stay', () => {
    const before = readFileSync(join(root, 'symbols.json'), 'utf8');
    symlinkSync('symbols.json', join(root, 'link.json'));
    write('.env', env({ GRVT_HEDGE_SYMBOLS_FILE: 'link.json' }));
    const disk = open();
    const { mode } = statSync(join(root, 'symbols.json'));
    const now = JSON.stringify([symbolRow(BNB, { max_total_position_usdt: 1 })]);
    disk.stage(Buffer.from(now))();
    assert.equal(readFileSync(join(root, 'link.json'), 'utf8'), now);
    assert.equal(readFileSync(join(root, 'symbols.json'), 'utf8'), now);
    assert.equal(readFileSync(join(root, 'symbols.json.previous'), 'utf8'), before);
    assert.equal(statSync(join(root, 'symbols.json')).mode, mode);
  });

  it('16.2 a file changed by hand since it was read is noticed, until it is read again', () => {
    const disk = open();
    assert.equal(disk.symbolsFile()?.isAsRead, true);
    write('symbols.json', JSON.stringify([symbolRow(BNB, { max_total_position_usdt: 1 })]));
    assert.equal(disk.symbolsFile()?.isAsRead, false);
    disk.accept(reread(disk));
    assert.equal(disk.symbolsFile()?.isAsRead, true);
  });

  const RAISE = { verb: 'set', symbol: BNB, values: { max_total_position_usdt: '9' }, by: 'ann', why: null } as const;
  const found: readonly [string, 'as it was' | 'changed' | 'by hand', 'made-now' | 'was-made' | 'lost'][] = [
    ['is as it was: the change is made', 'as it was', 'made-now'],
    ['has the change: nothing is left to do', 'changed', 'was-made'],
    ['was changed by hand since: it stays', 'by hand', 'lost'],
  ];
  for (const [what, now, how] of found)
    it(`16.2 a start after a kill in a set; the file ${what}`, () => {
      const disk = open();
      const before = readFileSync(join(root, 'symbols.json'));
      const edited = editSymbols(before, RAISE, 'symbols.json');
      assert.ok(edited.ok);
      const journal = createMemoryJournal();
      assert.equal(finishEdit(journal, disk, 1), null);
      journal.append([editBegins(RAISE, before, edited.bytes, 1)]);
      const byHand = JSON.stringify([symbolRow(BNB, { order_notional_usdt: 7 })]);
      if (now === 'changed') disk.stage(edited.bytes)();
      if (now === 'by hand') write('symbols.json', byHand);
      assert.equal(finishEdit(journal, disk, 2)?.how, how);
      const expected = how === 'lost' ? byHand : Buffer.from(edited.bytes).toString();
      assert.equal(readFileSync(join(root, 'symbols.json'), 'utf8'), expected);
      write('symbols.json', before.toString());
      assert.equal(finishEdit(journal, disk, 3), null, 'what a person takes back stays taken back');
    });
});

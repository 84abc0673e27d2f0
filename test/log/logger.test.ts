import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Fact } from '../../src/core/facts.ts';
import { reason } from '../../src/core/reasons.ts';
import { createFigures } from '../../src/log/figures.ts';
import { createEngineLog, type EngineLogOptions, LOG_FILE_NAME, openLogFile } from '../../src/log/index.ts';
import { FACT_TYPES, line } from '../../src/log/lines.ts';
import { createRedactor } from '../../src/settings/redact.ts';
import { AT, FACTS } from './facts.ts';

const PRIVATE = '0x4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d';
const SECRETS = [PRIVATE, '2zqVxnkPsApiKeyOfAccountA', 'gate"way\\key'];

/** A log on memory; `screen` and `file` hold what was written. */
function memoryLog(options: Partial<EngineLogOptions> = {}) {
  const screen: string[] = [];
  const file: string[] = [];
  const log = createEngineLog({
    redact: createRedactor(SECRETS),
    screen: { write: (text) => screen.push(text), colour: false },
    file: { write: (text) => file.push(text), close: () => undefined },
    ...options,
  });
  return { log, screen, file, records: () => file.map((text) => JSON.parse(text)) };
}

describe('the log', () => {
  it('every fact that has a line is in the file as one JSON record with its fields, exactly', () => {
    for (const type of FACT_TYPES) {
      const { log, records } = memoryLog();
      const fact = FACTS[type];
      log.report(fact);
      const words = line(fact);
      const written = records().filter((record) => !record.msg.startsWith('Figures'));
      assert.equal(written.length, words === null ? 0 : 1, type);
      if (words === null) continue;
      assert.deepEqual(
        [written[0].level, written[0].time, written[0].msg, written[0].fact.type],
        [words.level, AT, words.text, type],
      );
    }
  });
  it('decimals are text in the file, not floats', () => {
    const { log, records } = memoryLog();
    log.report(FACTS['order.placed']);
    assert.deepEqual([records()[0].fact.size, records()[0].fact.price], ['0.52', '612.3']);
  });
  it('the screen shows one line per fact, without its fields, debug left out', () => {
    const { log, screen } = memoryLog();
    log.report(FACTS['order.placed']);
    log.report(FACTS['session.renewed']);
    assert.equal(screen.length, 1);
    assert.match(screen[0] ?? '', /^\[\d\d:\d\d:\d\d\] INFO: Placed A buy 0\.52 BNB @ 612\.3 to open\n$/);
  });
  it('colours only a terminal', () => {
    const colour: string[] = [];
    memoryLog({ screen: { write: (text) => colour.push(text), colour: true } }).log.report(FACTS['order.placed']);
    assert.ok(colour.join('').includes('\u001b['));
    const { log, screen } = memoryLog();
    log.report(FACTS['order.placed']);
    assert.ok(!screen.join('').includes('\u001b['));
  });
  it('the same facts write the same bytes', () => {
    const [one, two] = [memoryLog({ figures: createFigures() }), memoryLog({ figures: createFigures() })];
    for (const { log } of [one, two]) for (const type of FACT_TYPES) log.report(FACTS[type]);
    assert.ok(one.file.length > 25);
    assert.deepEqual(one.file, two.file);
  });

  it('the phrases operators search for are in the file word by word', () => {
    const dir = mkdtempSync(join(tmpdir(), 'hedge-log-'));
    try {
      const file = openLogFile({ dir });
      const { log } = memoryLog({ file });
      for (const type of FACT_TYPES) log.report(FACTS[type]);
      for (const account of ['A', 'B'] as const) {
        for (const side of ['buy', 'sell'] as const) log.report({ ...FACTS['order.placed'], account, side });
      }
      const { alert } = FACTS['alert.raised'];
      log.report({ type: 'alert.raised', atMs: AT, alert: { ...alert, kind: 'unhedged', key: 'u' } });
      log.close();
      const text = readFileSync(join(dir, LOG_FILE_NAME), 'utf8');
      for (const phrase of [
        'Placed A buy',
        'Placed A sell',
        'Placed B buy',
        'Placed B sell',
        'per_account_cap_when_diff<20=>1',
        'Cancelled extra strategy order due to low diff account cap',
        'MMR ALERT',
        'unhedged>6h',
        'cooldown',
        'non-strategy order detected',
        'Stop cleanup finished: cancelled=2 candidates=3 kept=1',
      ]) {
        assert.ok(text.includes(phrase), phrase);
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('an alert that goes on is reported again after two minutes, or at once after it was resolved', () => {
    const { log, file } = memoryLog();
    const raise = (afterMs: number) => log.report({ ...FACTS['alert.raised'], atMs: AT + afterMs });
    raise(0);
    raise(2000);
    raise(119_999);
    assert.equal(file.length, 1);
    raise(120_000);
    assert.equal(file.length, 2);
    log.report({ ...FACTS['alert.resolved'], atMs: AT + 121_000 });
    raise(122_000);
    assert.equal(file.length, 4);
  });
  it('a denial is not reported once per loop', () => {
    const { log, file } = memoryLog();
    for (let n = 0; n < 100; n += 1) log.report({ ...FACTS['intent.denied'], atMs: AT + n * 2000 });
    assert.equal(file.length, 1);
    log.report({ ...FACTS['intent.denied'], account: 'A' });
    assert.equal(file.length, 2);
  });

  it('prints the figures every ten minutes of the facts’ time, and at the end', () => {
    const { log, records } = memoryLog({ figures: createFigures() });
    const figures = () => records().filter((record) => record.msg.startsWith('Figures: order success rate')).length;
    const poll = (afterMs: number): Fact => ({ ...FACTS['account.polled'], atMs: AT + afterMs });
    for (let ms = 0; ms < 600_000; ms += 2000) log.report(poll(ms));
    assert.equal(figures(), 0);
    log.report(poll(600_000));
    assert.equal(figures(), 1);
    for (let ms = 600_000; ms <= 1_200_000; ms += 2000) log.report(poll(ms));
    assert.equal(figures(), 2);
    log.report({ ...FACTS['engine.stopped'], atMs: AT + 1_300_000 });
    assert.equal(figures(), 3);
    assert.match(records().at(-1).msg, /^Stopped/);
  });
  for (const exitCode of [69, 78]) {
    it(`a failed start (${exitCode}) prints no figures`, () => {
      const { log, records } = memoryLog({ figures: createFigures() });
      log.report({ ...FACTS['engine.stopped'], exitCode });
      assert.deepEqual(
        records().map((record) => record.msg),
        [`Stopped, exit code ${exitCode}`],
      );
    });
  }
  it('a clock set back by an hour does not silence the figures for an hour', () => {
    const { log, records } = memoryLog({ figures: createFigures() });
    for (const afterMs of [0, -3_600_000, -3_000_000]) log.report({ ...FACTS['account.polled'], atMs: AT + afterMs });
    assert.ok(records().length > 0);
  });

  it('a file that cannot be written is reported on the screen once, and does not throw', () => {
    let broken = true;
    const file = {
      write: () => {
        if (broken) throw new Error('ENOSPC: no space left');
      },
      close: () => undefined,
    };
    const { log, screen } = memoryLog({ file });
    log.report(FACTS['order.placed']);
    log.report(FACTS['order.placed']);
    assert.equal(screen.filter((text) => text.includes('The log file cannot be written')).length, 1);
    assert.equal(screen.filter((text) => text.includes('Placed')).length, 2);
    broken = false;
    log.report(FACTS['order.placed']);
    assert.equal(screen.filter((text) => text.includes('can be written again')).length, 1);
  });
  it('a screen that is gone does not stop the file', () => {
    const gone = {
      write: () => {
        throw new Error('EPIPE');
      },
      colour: false,
    };
    const { log, file } = memoryLog({ screen: gone });
    log.report(FACTS['order.placed']);
    log.report(FACTS['engine.stopped']);
    assert.equal(file.filter((text) => text.includes('Placed')).length, 1);
    assert.equal(file.filter((text) => text.includes('The screen cannot be written')).length, 1);
    assert.equal(file.filter((text) => text.includes('Stopped')).length, 1);
  });
});

describe('no secret reaches the screen or the file', () => {
  const carriers: [string, (secret: string) => Fact][] = [
    [
      'a failure message',
      (secret) => ({ ...FACTS['read.failed'], failure: { ...FACTS['read.failed'].failure, message: `key ${secret}` } }),
    ],
    [
      'a refusal',
      (secret) => ({ ...FACTS['order.refused'], reason: reason('network', '9.6', { code: '', words: secret }) }),
    ],
    ['an actor failure', (secret) => ({ ...FACTS['actor.failed'], message: JSON.stringify({ key: secret }) })],
    [
      'an alert detail',
      (secret) => ({
        ...FACTS['alert.raised'],
        alert: { ...FACTS['alert.raised'].alert, details: { url: `http://x/?k=${encodeURIComponent(secret)}` } },
      }),
    ],
    ['a field that is in no line', (secret) => ({ ...FACTS['order.placed'], clientOrderId: secret })],
  ];
  for (const [what, fact] of carriers) {
    for (const secret of [
      ...SECRETS,
      PRIVATE.slice(2),
      '0x6cbed15c793ce57650b9877cf6fa156fbef513c4e6134f022a85b1ffdd59b2a1',
    ]) {
      it(`${what} with ${secret.slice(0, 4)}…`, () => {
        const { log, screen, file } = memoryLog();
        log.report(fact(secret));
        assert.equal(file.length, 1);
        const all = [...screen, ...file, JSON.stringify(file.map((text) => JSON.parse(text)))].join('');
        for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), secret.slice(2)]) {
          assert.ok(!all.includes(form), all);
        }
        assert.ok(all.includes('[secret]'));
      });
    }
  }
  it('lines that are no facts pass the same way', () => {
    const { log, screen, file } = memoryLog();
    log.say('error', `login with ${SECRETS[1]} failed`, AT);
    assert.equal([...screen, ...file].join('').includes(String(SECRETS[1])), false);
  });

  const redact = createRedactor([]);
  for (const [text, expected] of [
    ['Cookie: gravity=abc.def; Path=/', 'Cookie: gravity=[secret]; Path=/'],
    ['x-api-key: s3cr3t', 'x-api-key: [secret]'],
    ['{"x-api-key":"s3cr3t"}', '{"x-api-key":"[secret]"}'],
    ['{"api_key":"s3cr3t"}', '{"api_key":"[secret]"}'],
    ['"{\\"api_key\\":\\"s3cr3t\\"}"', '"{\\"api_key\\":\\"[secret]\\"}"'],
    ['GRVT_TRADING_API_KEY_1=s3cr3t', 'GRVT_TRADING_API_KEY_1=[secret]'],
  ] as const) {
    it(`what looks like a secret goes even when it is not known: ${text}`, () => assert.equal(redact(text), expected));
  }
  it('what is no secret stays', () => {
    for (const text of [
      'API_KEY: missing, and required unless GRVT_ENV=paper',
      'order 0x0101010503e693410000000069530a7d',
      'Placed A buy 0.52 BNB @ 612.3 to open',
      'GRVT_TRADING_PRIVATE_KEY_1: the value given (not shown: 66 characters)',
    ]) {
      assert.equal(redact(text), text);
    }
  });
});

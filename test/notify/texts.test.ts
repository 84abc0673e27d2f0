import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALERT_KINDS, type AlertKind, type NetLeft, type StuckSymbol } from '../../src/core/alerts.ts';
import { conditionsOf } from '../../src/core/conditions.ts';
import { decimal } from '../../src/core/decimal.ts';
import type { DailyReport, Doing, News, Notice } from '../../src/core/outbox.ts';
import { makePlan } from '../../src/core/plan.ts';
import type { PlanInput } from '../../src/core/plan-input.ts';
import { alertLine, alertTexts } from '../../src/notify/texts.ts';
import type { Language } from '../../src/texts/language.ts';
import { input } from '../support/core.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-05T19:04:00Z'); // 03:04 in Beijing

/** Details as the engine gives them. */
const DETAILS: Readonly<Record<AlertKind, Record<string, string>>> = {
  'api-failure': { call: 'positions', reason: 'no answer', inARow: '3', code: '1006' },
  'journal-unreachable': { reason: 'connection refused' },
  'account-parked': { reason: 'IP not allowed', code: '1008' },
  mmr: { ratio: '0.74', threshold: '0.70', marginUsdt: '740.00', equityUsdt: '1000.00' },
  'post-only-exhausted': { attempts: '5', cooldownSeconds: '300' },
  unhedged: { net: '-1.66', diff: '996.00', side: 'buy', guard: '590.5', mark: '600', hours: '6' },
  'foreign-order': { orderId: '0x12', clientOrderId: '77' },
  'order-ended': { reason: 'BELOW_MARGIN', side: 'sell', purpose: 'repair', by: 'exchange', restSeconds: '10' },
  'reduce-only': { minutes: '15' },
  'orders-ended': { reason: 'SYSTEM_FAILOVER', count: '7', symbols: 'BNB_USDT_Perp, SOL_USDT_Perp' },
  'order-refused': { code: '2032', reason: 'price out of band', restSeconds: '10' },
  drift: { difference: '0.5', price: '600' },
  'drift-held': { difference: '0.5' },
  'task-failed': { actor: 'submission-9', reason: 'boom' },
  'journal-failed': { reason: 'disk full' },
  'lock-lost': { reason: 'another engine has it now' },
  'dead-man-armed': { reason: 'no answer' },
  split: { ratio: '10', a: '100', b: '-100' },
  'same-direction': { a: '1', b: '2' },
  'side-contradicts-config': { a: '-1', b: '1', configured: 'buy', held: 'sell' },
  'order-count': { account: 'A', count: '3', cap: '2' },
  'clock-skew': { skew: '2.5 s', limit: '2 s' },
  'mark-doubtful': { mark: '6', accepted: '600', bid: '599.9', ask: '600.1' },
  'repair-blocked': { mode: 'increase', total: '990.00', limit: '1000', why: 'no room' },
  'stream-disagreement': { why: 'two full reads in a row show another position than its stream' },
  'limit-reached': { mode: 'increase', total: '990.00', limit: '1000', why: 'no room' },
  'invariant-broken': { invariant: 'I2', detail: 'sold below the lot' },
  'actor-failed': { actor: 'symbol:BNB_USDT_Perp', reason: 'boom' },
  'start-difference': { difference: '2 lots more' },
  'held-with-net': { mode: 'hold', net: '0.5', diff: '300.00' },
  'symbol-leaving': { leaving: 'removed', a: '1.5', b: '-1', net: '0.5', orders: '2' },
  'symbol-left': { a: '1.5', b: '-1.5', net: '0' },
  'net-left': { side: 'sell', size: '1.66', diff: '996.00', cost: '12.45' },
  'dead-man-off': { orderId: '0x12' },
  defect: { reason: 'TypeError: x is not a function' },
  'stray-order': { clientOrderId: '7' },
  'other-engine': { clientOrderId: '7' },
  'taker-fill': { side: 'sell', size: '1', price: '600', clientOrderId: '7', fee: '0.3 USDT' },
  'money-unexplained': { usdt: '-3.100000', from: '2026-11-30T08:10Z', to: '2026-11-30T09:10Z', rows: '12' },
  'openings-stopped': { reason: 'margin ratio 0.55 of account A has reached 0.5' },
  'isolated-margin': { leverage: '20' },
  'rollout-held': { figure: 'success', value: '94/100', limit: '0.95' },
  'rate-limited': { bucket: 'reads', share: '80 %' },
  'requests-waiting': { bucket: 'reads' },
  'instrument-unlisted': { a: '1.5', b: '-1', lots: '1' },
};

function notice(kind: AlertKind, more: Partial<Notice> = {}): Notice {
  return {
    type: 'notice',
    key: kind,
    kind,
    account: 'A',
    instrument: 'BNB_USDT_Perp',
    details: DETAILS[kind],
    sinceMs: NOW - 12 * 60_000,
    times: 1,
    overAtMs: null,
    order: 1,
    queuedAtMs: NOW,
    ...more,
  };
}

function say(language: Language, one: Notice, phase: 'raised' | 'resolved' | 'passed' = 'raised'): string {
  return alertTexts(language, 'x').group({ kind: one.kind, phase, shown: [one], named: [] }, NOW);
}

describe('strategy 12: why a limit is reached, in Chinese', () => {
  // What the strategy really says, so that a sentence that changes there is missed here.
  const cases: [string, PlanInput, RegExp][] = [
    [
      'the maximum',
      input({ config: { maxTotalPositionUsdt: decimal('1000') }, a: 5, b: -5 }),
      /max_total_position_usdt 1000 使/,
    ],
    [
      'the minimum',
      input({
        config: { positionMode: 'decrease', minTotalPositionUsdt: decimal('1000') },
        a: 5,
        b: -5,
      }),
      /min_total/,
    ],
  ];
  for (const [name, plan, words] of cases) {
    test(`12 ${name}`, () => {
      const alert = conditionsOf(plan, makePlan(plan)).find((one) => one.kind === 'limit-reached');
      assert.ok(alert, 'raised');
      const text = alertLine(alert, 'zh');
      assert.match(text, words);
      assert.doesNotMatch(text, / (?:leaves|nothing|than|the) /);
    });
  }
});

describe('strategy 12: texts', () => {
  for (const language of ['en', 'zh'] as const) {
    for (const kind of ALERT_KINDS) {
      test(`${language} ${kind}: what, whom, every number, since when, what the engine does and the person can`, () => {
        const text = say(language, notice(kind));
        for (const [name, value] of Object.entries(DETAILS[kind])) {
          const shown = name === 'net' ? value.replace('-', '') : value;
          const words = language === 'zh' ? { buy: '买入', sell: '卖出', removed: '配置行已移除' }[shown] : undefined;
          assert.ok(text.includes(words ?? shown), `${name} ${value} in: ${text}`);
        }
        assert.ok(!/[{}[\]]|undefined|NaN|\?/.test(text), text);
        for (const part of ['BNB_USDT_Perp', '02:52', language === 'en' ? 'account A' : '账户 A']) {
          assert.ok(text.includes(part), `${part} in: ${text}`);
        }
        assert.match(text, language === 'en' ? /\nEngine: .+\nYou: .+/ : /\n引擎：.+\n您可以：.+/);
        assert.equal(/[\u4e00-\u9fff]/.test(text), language === 'zh');
      });
      test(`${language} ${kind}: missing details leave no holes`, () => {
        const text = say(language, notice(kind, { details: { extra: 'word' } }));
        assert.ok(!/[{}[\]]|undefined/.test(text), text);
        assert.ok(text.includes('extra word'), text);
      });
    }
    test(`${language}: phrases an operator looks for are there verbatim`, () => {
      assert.ok(say(language, notice('mmr')).includes('MMR ALERT'));
      assert.ok(say(language, notice('unhedged')).includes('unhedged>6h'));
      assert.ok(
        say(language, notice('unhedged', { details: { ...DETAILS.unhedged, hours: '0.5' } })).includes('unhedged>0.5h'),
      );
      assert.ok(say(language, notice('foreign-order')).includes('non-strategy order detected'));
      assert.ok(say(language, notice('post-only-exhausted')).includes('cooldown'));
      assert.ok(say(language, notice('mmr', { times: 0, overAtMs: NOW }), 'resolved').includes('resolved'));
    });
  }

  test('resolved says how long it lasted, from when to when, and asks for nothing', () => {
    const text = say('en', notice('mmr', { times: 0, overAtMs: NOW - 60_000 }), 'resolved');
    assert.match(text, /^resolved: MMR ALERT\n- BNB_USDT_Perp, account A, lasted 11 min, 02:52 to 03:03$/);
  });

  test('what came up often while it could not be reported says how often and since when', () => {
    const text = say('en', notice('api-failure', { times: 720, sinceMs: NOW - 24 * HOUR }));
    assert.match(text, /since 03-05 03:04 \(24 h\), occurred 720 times/);
  });

  test('a late message says so', () => {
    assert.match(alertTexts('en', 'x').heading(NOW - 24 * HOUR, NOW), /since 03-05 03:04 \(24 h\)/);
    const berlin = alertTexts('en', 'x', 'Europe/Berlin');
    assert.match(berlin.heading(null, NOW), /^\[x\] times Europe\/Berlin$/);
    assert.match(berlin.heading(NOW - 24 * HOUR, NOW), /since 03-04 20:04 \(24 h\)/);
    assert.doesNotMatch(alertTexts('en', 'x').heading(null, NOW), /Late/);
  });

  test('details from anywhere stay one short line', () => {
    const text = say(
      'en',
      notice('api-failure', { details: { call: 'x', reason: `<html>\n\u0007${'y'.repeat(9999)}` } }),
    );
    assert.equal(text.split('\n').length, 4);
    assert.ok(text.length < 700, `${text.length}`);
  });

  test('folded says how many and since when', () => {
    const tallies = [{ kind: 'drift' as const, phase: 'raised' as const, alerts: 3, times: 9, sinceMs: NOW - HOUR }];
    assert.match(alertTexts('en', 'x').folded(tallies, NOW), /drift.*3 alerts, 9 times, since 02:04/);
  });

  test('one line for the log', () => {
    assert.match(
      alertLine({ kind: 'mmr', account: 'A', instrument: null, details: DETAILS.mmr }),
      /^MMR ALERT: account A: maintenance margin \/ equity 0\.74, threshold 0\.70 \(740\.00 \/ 1000\.00 USDT\)$/,
    );
  });
});

describe('strategy 12.2: the daily report', () => {
  const symbol = (instrument: string, more: Partial<StuckSymbol> = {}): StuckSymbol => ({
    instrument,
    hedgeSide: 'sell',
    size: decimal('1.66'),
    unhedgedSinceMs: NOW - 9 * HOUR,
    guardPrice: decimal('600.5'),
    touch: decimal('590'),
    ...more,
  });
  const report = (stuck: readonly StuckSymbol[]): DailyReport => ({
    type: 'daily',
    day: Math.floor((NOW + 8 * HOUR) / (24 * HOUR)),
    stuckMs: 6 * HOUR,
    stuck,
    order: 1,
    queuedAtMs: NOW,
  });
  test('per symbol: side, size, since when, guard against touch, what it would take', () => {
    const text = alertTexts('en', 'x').daily(report([symbol('BNB_USDT_Perp')]), 3000, NOW);
    assert.match(text, /^Daily report 2026-03-06: 1 symbol unhedged>6h\n/);
    assert.match(text, /BNB_USDT_Perp: to hedge, sell 1\.66 BNB, since 03-05 18:04 \(9 h\)/);
    assert.match(text, /guard price 600\.5 USDT, best ask 590 USDT: the price has to rise by 10\.5 USDT \(1\.78 %\)/);
    assert.match(text, /would lose 17\.43 USDT/);
  });
  test('what is not known is named as unknown', () => {
    const text = alertTexts('en', 'x').daily(report([symbol('X', { guardPrice: null, touch: null })]), 3000, NOW);
    assert.match(text, /guard price not known, best ask not known/);
  });
  test('symbols of which nothing is known are named; advice is for those that are stuck', () => {
    const unknown = { ...report([]), unknown: ['SOL_USDT_Perp', 'BNB_USDT_Perp'] };
    assert.match(
      alertTexts('en', 'x').daily(unknown, 3000, NOW),
      /: 0 symbols unhedged>6h\nnot known: SOL_USDT_Perp, BNB_USDT_Perp$/,
    );
    assert.match(alertTexts('zh', 'x').daily(unknown, 3000, NOW), /\n状态未知：SOL_USDT_Perp.*$/);
    const both = { ...report([symbol('X')]), unknown: Array.from({ length: 200 }, (_, i) => `COIN${i}_USDT_Perp`) };
    const text = alertTexts('en', 'x').daily(both, 3000, NOW);
    assert.ok(text.length <= 3000, `${text.length}`);
    assert.match(text, /X: to hedge[\s\S]*\nnot known: COIN0_[\s\S]*…\nEngine: /);
  });
  test('in Chinese too', () => {
    const text = alertTexts('zh', 'x').daily(report([symbol('X', { hedgeSide: 'buy' })]), 3000, NOW);
    assert.match(text, /Daily report.*1 个标的 unhedged>6h/);
    assert.match(text, /待对冲 买入 1\.66/);
  });
  test('two hundred stuck symbols fit in one message, which says how many it leaves out', () => {
    const stuck = Array.from({ length: 200 }, (_, i) => symbol(`COIN${i}_USDT_Perp`));
    const text = alertTexts('en', 'x').daily(report(stuck), 3000, NOW);
    assert.ok(text.length <= 3000, `${text.length}`);
    const listed = text.match(/to hedge/g)?.length ?? 0;
    assert.ok(listed > 5);
    assert.match(text, new RegExp(`and ${200 - listed} more: COIN${listed}_`));
  });
});

describe('12.3 news, in both languages', () => {
  const net: NetLeft = {
    instrument: 'BNB_USDT_Perp',
    hedgeSide: 'sell',
    size: decimal('1.66'),
    usdt: decimal('996'),
    sinceMs: NOW - 12 * 60_000,
    costUsdt: decimal('12.453'),
  };
  const news = (doing: Doing, more: Partial<News> = {}): News => ({
    ...{ type: 'news', order: 1, queuedAtMs: NOW, doing, unhedged: [net], unknown: [] },
    ...more,
  });
  const mode = { what: 'mode-changed', symbols: ['BNB_USDT_Perp'], mode: 'pause', untilMs: NOW, why: 'news' } as const;
  const cases: [string, News, RegExp, RegExp][] = [
    [
      'a take-over: its nets, their sums',
      news({ what: 'started', after: 'crash', symbols: 4 }),
      /after a run that ended without a stop: 4 symbols\nUnhedged: 1, worth 996\.00 USDT, cost at the touch 12\.45 USDT\n- BNB_USDT_Perp: to hedge: sell 1\.66 BNB/,
      /接管.*：4 个标的\n未对冲 1 个，价值 996\.00 USDT，按盘口对冲的成本 12\.45 USDT\n- BNB_USDT_Perp：待对冲：卖出 1\.66/,
    ],
    [
      'the first start with the journal of an older version',
      news({ what: 'started', after: 'unknown', symbols: 1 }, { unhedged: [] }),
      /^Started, continuing the journal of an older version: 1 symbol/,
      /^已启动，沿用旧版本的日志库：1 个标的/,
    ],
    [
      'a cost that is not known',
      news({ what: 'stopped', why: 'SIGTERM' }, { unhedged: [net, { ...net, costUsdt: null }] }),
      /^Stopped: SIGTERM\nUnhedged: 2, worth 1992\.00 USDT, cost at the touch not known$/,
      /^已停止：SIGTERM\n未对冲 2 个，价值 1992\.00 USDT，按盘口对冲的成本未知$/,
    ],
    [
      'a mode, who holds it and until when; nothing unhedged',
      news({ ...mode, by: ['command'] }, { unhedged: [] }),
      /^BNB_USDT_Perp: mode pause \(command\), until .*, news\nNothing is unhedged\.$/,
      /^BNB_USDT_Perp：模式 pause（.*），至 .*，news\n没有未对冲的净额。$/,
    ],
    [
      'symbols of which nothing is known: no “nothing is unhedged”',
      news({ what: 'started', after: 'stop', symbols: 1 }, { unhedged: [], unknown: ['SOL_USDT_Perp'] }),
      /^Started: 1 symbol\nNot known yet: SOL_USDT_Perp$/,
      /^已启动：1 个标的\n状态未知：SOL_USDT_Perp$/,
    ],
  ];
  for (const [name, one, en, zh] of cases) {
    test(`12.3 ${name}`, () => {
      assert.match(alertTexts('en', 'x').news(one, 1200, NOW), en);
      assert.match(alertTexts('zh', 'x').news(one, 1200, NOW), zh);
    });
  }

  test('12.3 of a hundred nets those that fit, the others by name, within the limit', () => {
    const unhedged = Array.from({ length: 100 }, (_, at) => ({ ...net, instrument: `S${at}_USDT_Perp` }));
    const text = alertTexts('en', 'x').news(
      news({ what: 'started', after: 'stop', symbols: 100 }, { unhedged }),
      1200,
      NOW,
    );
    assert.ok(text.length <= 1200);
    assert.match(
      text,
      /Unhedged: 100, worth 99600\.00 USDT[\s\S]*- S0_USDT_Perp.*\n[\s\S]*and \d+ more|S\d+_USDT_Perp/,
    );
  });
});

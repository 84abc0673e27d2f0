import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type AlertState,
  CALM_MS,
  judgeClear,
  judgeRaise,
  judgeTime,
  LAPSE_MS,
  listAlerts,
  readAlertState,
  SEEN_GRAIN_MS,
  storedAlertState,
} from '../../src/core/alert-episodes.ts';
import {
  ALERT_POLICIES,
  type Alert,
  type AlertKind,
  accountParkedAlert,
  alertKey,
  apiFailureAlert,
  apiFailureKey,
  foreignOrderAlert,
  hedgeDistance,
  isStuck,
  judgeClockSkew,
  judgeMmr,
  type Repeat,
  type StuckSymbol,
  widerAlert,
} from '../../src/core/alerts.ts';
import { beijingTime, dailyReportDue } from '../../src/core/daily-report.ts';
import { decimal } from '../../src/core/decimal.ts';
import { alertLine } from '../../src/notify/texts.ts';
import { failed } from '../support/core.ts';

const HOUR = 3_600_000;
/** The alert manager has run for long. */
const STARTED_MS = -240 * HOUR;

function alert(kind: AlertKind, atMs: number, more: Partial<Alert> = {}): Alert {
  return {
    kind,
    key: alertKey(kind, 'BNB_USDT_Perp'),
    account: null,
    instrument: 'BNB_USDT_Perp',
    atMs,
    sinceMs: null,
    details: {},
    ...more,
  };
}

/** Plays raises, clears and looks at the time; returns when the alert was sent (`!`) and when `resolved` (`.`). */
function play(
  repeat: Repeat,
  steps: readonly (readonly [atMs: number, what: 'raise' | 'silenced' | 'clear' | 'look', sinceMs?: number])[],
): string[] {
  let state = null as AlertState | null;
  const reported: string[] = [];
  for (const [atMs, what, sinceMs] of steps) {
    if (what === 'clear') state = state && judgeClear(state, atMs);
    else if (what === 'look') {
      const looked: ReturnType<typeof judgeTime> | null = state && judgeTime(state, atMs, repeat, STARTED_MS);
      if (looked?.resolved) reported.push(`.${atMs}`);
      state = looked?.state ?? null;
    } else {
      const raised: ReturnType<typeof judgeRaise> = judgeRaise(
        state,
        alert('mmr', atMs, { sinceMs: sinceMs ?? null }),
        what === 'silenced',
        atMs,
        { repeat },
      );
      if (raised.send) reported.push(`!${atMs}`);
      state = raised.state;
    }
  }
  return reported;
}

describe('strategy 12: periods', () => {
  const rows: [AlertKind, Repeat][] = [
    ['api-failure', 120_000],
    ['mmr', 1_800_000],
    ['post-only-exhausted', 120_000],
    ['unhedged', 'episode'],
    ['foreign-order', 'once'],
    ['order-refused', 900_000],
    ['drift', 900_000],
    ['same-direction', 900_000],
    ['journal-unreachable', 900_000],
    ['order-count', 900_000],
    ['clock-skew', 900_000],
    ['mark-doubtful', 900_000],
    ['limit-reached', 'episode'],
    ['repair-blocked', 900_000],
  ];
  for (const [kind, repeat] of rows) {
    test(`${kind} repeats: ${repeat}`, () => assert.equal(ALERT_POLICIES[kind].repeat, repeat));
  }
  test('what costs money until a person acts is critical', () => {
    const critical = Object.entries(ALERT_POLICIES).filter(([, policy]) => policy.critical);
    assert.deepEqual(critical.map(([kind]) => kind).sort(), [
      'account-parked',
      'actor-failed',
      'defect',
      'held-with-net',
      'instrument-unlisted',
      'invariant-broken',
      'journal-failed',
      'journal-unreachable',
      'lock-lost',
      'mmr',
      'net-left',
      'openings-stopped',
      'other-engine',
      'split',
      'stray-order',
      'task-failed',
      'unhedged',
    ]);
  });
});

describe('strategy 12: episodes and repeats', () => {
  const cases: [string, Repeat, Parameters<typeof play>[1], string[]][] = [
    ['an alert is sent at once', 1000, [[0, 'raise']], ['!0']],
    [
      'one that goes on is sent again when its period is over, not before',
      60_000,
      [
        [0, 'raise'],
        [59_999, 'raise'],
        [60_000, 'raise'],
        [60_001, 'raise'],
        [120_000, 'raise'],
      ],
      ['!0', '!60000', '!120000'],
    ],
    [
      'its end is sent once, after a calm',
      60_000,
      [
        [0, 'raise'],
        [5000, 'clear'],
        [6000, 'clear'],
        [5000 + CALM_MS - 1, 'look'],
        [5000 + CALM_MS, 'look'],
        [5000 + CALM_MS * 9, 'look'],
      ],
      ['!0', `.${5000 + CALM_MS}`],
    ],
    [
      'what is back within the calm was never over',
      60_000,
      [
        [0, 'raise'],
        [1000, 'clear'],
        [2000, 'raise'],
        [30_000, 'look'],
        [31_000, 'clear'],
        [31_000 + CALM_MS, 'look'],
        [31_000 + 2 * CALM_MS, 'look'],
      ],
      ['!0', `.${31_000 + 2 * CALM_MS}`],
    ],
    [
      'back after resolved was sent is news, at once',
      1_800_000,
      [
        [0, 'raise'],
        [1000, 'clear'],
        [20_000, 'look'],
        [30_000, 'raise'],
      ],
      ['!0', '.20000', '!30000'],
    ],
    [
      'once an episode: not again while it lasts',
      'episode',
      [
        [0, 'raise'],
        [HOUR, 'raise'],
        [20 * HOUR, 'raise'],
      ],
      ['!0'],
    ],
    [
      'once an episode: a later beginning is a new episode, also when its end was never seen',
      'episode',
      [
        [HOUR, 'raise', 0],
        [2 * HOUR, 'raise', 0],
        [20 * HOUR, 'raise', 10 * HOUR],
      ],
      [`!${HOUR}`, `!${20 * HOUR}`],
    ],
    [
      'once an episode: not sent again after it lapsed',
      'episode',
      [
        [HOUR, 'raise', 0],
        [HOUR + LAPSE_MS, 'look'],
        [HOUR + LAPSE_MS + 1, 'raise', 0],
      ],
      [`!${HOUR}`],
    ],
    [
      'once ever: not even after its end',
      'once',
      [
        [0, 'raise'],
        [10, 'clear'],
        [60_000, 'look'],
        [70_000, 'raise'],
        [70_000 + 40 * LAPSE_MS, 'raise'],
      ],
      ['!0', '.60000'],
    ],
    [
      'a silenced alert is not sent, nor its end',
      1000,
      [
        [0, 'silenced'],
        [5000, 'clear'],
        [60_000, 'look'],
      ],
      [],
    ],
    [
      'a silenced alert that outlasts the wider one is sent then',
      1000,
      [
        [0, 'silenced'],
        [500, 'raise'],
      ],
      ['!500'],
    ],
    [
      'what nobody speaks of for a day is not said to be resolved',
      1000,
      [
        [0, 'raise'],
        [LAPSE_MS, 'look'],
        [2 * LAPSE_MS, 'look'],
      ],
      ['!0'],
    ],
    [
      'sent before our clock was set back counts as sent now: again a period later, not when the clock is there again',
      1_800_000,
      [
        [240 * HOUR, 'raise'],
        [0, 'raise'],
        [1_799_999, 'raise'],
        [1_800_000, 'raise'],
      ],
      [`!${240 * HOUR}`, '!1800000'],
    ],
    [
      'over before our clock was set back counts as over now: its end is sent after the calm',
      1_800_000,
      [
        [240 * HOUR, 'raise'],
        [240 * HOUR, 'clear'],
        [0, 'look'],
        [CALM_MS, 'look'],
      ],
      [`!${240 * HOUR}`, `.${CALM_MS}`],
    ],
    [
      'once an episode: one that begins after our clock was set back is a new one',
      'episode',
      [
        [240 * HOUR, 'raise', 239 * HOUR],
        [0, 'look'],
        [HOUR, 'raise', HOUR / 2],
      ],
      [`!${240 * HOUR}`, `!${HOUR}`],
    ],
    [
      'seen before our clock was set back counts as seen now: it lapses a day later',
      'episode',
      [
        [240 * HOUR, 'raise', 239 * HOUR],
        [0, 'look'],
        [LAPSE_MS, 'look'],
        [LAPSE_MS + 1, 'clear'],
        [LAPSE_MS + HOUR, 'look'],
      ],
      [`!${240 * HOUR}`],
    ],
  ];
  for (const [name, repeat, steps, expected] of cases) {
    test(name, () => assert.deepEqual(play(repeat, steps), expected));
  }

  test('an alert that keeps flapping needs an ever longer quiet time, at most its period', () => {
    const repeat = 1_800_000;
    let state = null as AlertState | null;
    let reported = 0;
    let clearedAt: number | null = null;
    for (let now = 0; now < 24 * HOUR; now += 1000) {
      if (state === null || state.closedAtMs !== null || clearedAt === null) {
        const raised: ReturnType<typeof judgeRaise> = judgeRaise(state, alert('mmr', now), false, now, { repeat });
        reported += raised.send ? 1 : 0;
        state = judgeClear(raised.state, now);
        clearedAt = now;
      } else {
        const looked: ReturnType<typeof judgeTime> = judgeTime(state, now, repeat, STARTED_MS);
        reported += looked.resolved ? 1 : 0;
        state = looked.state;
        if (looked.resolved) clearedAt = null;
      }
    }
    assert.ok(reported <= 2 * (8 + 48 + 1), `${reported} messages`);
    assert.ok(reported >= 2 * 40, `${reported} messages: it must still be sent`);
  });

  test('a raise that changes nothing gives the same state, so that nothing is written', () => {
    const first = judgeRaise(null, alert('mmr', 0), false, 0, { repeat: 60_000 }).state;
    assert.equal(judgeRaise(first, alert('mmr', 2000), false, 2000, { repeat: 60_000 }).state, first);
    const hourly = judgeRaise(first, alert('mmr', SEEN_GRAIN_MS), true, SEEN_GRAIN_MS, { repeat: 'episode' }).state;
    assert.equal(hourly.seenAtMs, SEEN_GRAIN_MS);
  });

  test('the journal is written when another thing happens within the period, not when the same is raised again', () => {
    const event = { repeat: 900_000, event: true };
    const drift = (difference: string) => alert('drift', 0, { details: { difference } });
    const reported = judgeRaise(null, drift('1'), false, 0, event).state;
    assert.equal(judgeRaise(reported, drift('1'), false, 1000, event).state, reported);
    const owing = judgeRaise(reported, drift('2'), false, 2000, event).state;
    assert.deepEqual(
      [owing.details, owing.heldBack],
      [{ difference: '1' }, { times: 1, details: { difference: '2' } }],
    );
    assert.equal(judgeRaise(owing, drift('2'), false, 3000, event).state, owing);
    assert.equal(judgeRaise(owing, drift('1'), false, 3000, event).state.heldBack?.times, 2);
  });

  test('a state survives the journal; damaged ones are not taken', () => {
    const event = { repeat: 60_000, event: true };
    const sent = judgeRaise(null, alert('mmr', 0), false, 0, event).state;
    const { state } = judgeRaise(sent, alert('mmr', 0, { details: { ratio: '1' } }), false, 0, event);
    const neverSent = judgeClear(judgeRaise(null, alert('mmr', 0), true, 0, event).state, 1);
    assert.deepEqual([state.heldBack?.times, neverSent.closing], [1, 'unsent']);
    for (const one of [sent, state, neverSent])
      assert.deepEqual(readAlertState(JSON.parse(JSON.stringify(storedAlertState(one)))), one);
    const stored = storedAlertState(state);
    for (const bad of [
      null,
      1,
      {},
      { ...stored, kind: 'toString' },
      { ...stored, sinceMs: null },
      { ...stored, toldAtMs: 'x' },
      { ...stored, owed: { times: 1 } },
      { ...stored, owed: null },
    ]) {
      assert.equal(readAlertState(bad), null);
    }
  });

  test('an entry of an older version is read, and an older version reads what is written now', () => {
    const written = {
      key: 'mmr:A',
      kind: 'mmr',
      account: 'A',
      instrument: null,
      details: { ratio: '0.71' },
      sinceMs: 1000,
      seenAtMs: 3000,
      toldAtMs: 2000,
      tellings: 2,
      overAtMs: 4000,
      closedAtMs: 4000,
      closing: 'untold',
      returns: 1,
      owed: { times: 3, details: { ratio: '0.74' } },
      settled: true,
    };
    const state = readAlertState(written);
    assert.ok(state !== null);
    const { sentAtMs, timesSent, heldBack, closing, closedAtMs } = state;
    assert.deepEqual(
      { sentAtMs, timesSent, heldBack, closing, closedAtMs },
      { sentAtMs: 2000, timesSent: 2, heldBack: written.owed, closing: 'unsent', closedAtMs: 4000 },
    );
    assert.deepEqual(storedAlertState(state), written);
  });

  test('the list has what is open, longest first, and what ended lately', () => {
    const state = (key: string, sinceMs: number, closedAtMs: number | null): AlertState => ({
      ...judgeRaise(null, alert('mmr', sinceMs, { key }), false, sinceMs, { repeat: 1 }).state,
      closedAtMs,
    });
    const { open, recent } = listAlerts(
      [state('a', 5, null), state('b', 1, null), state('c', 0, 10), state('d', 0, 90), state('e', 0, 95)],
      50,
    );
    assert.deepEqual(
      [open.map(({ key }) => key), recent.map(({ key }) => key)],
      [
        ['b', 'a'],
        ['e', 'd'],
      ],
    );
  });

  test('what ended lately is listed by its end, not by when that was reported; then by its beginning, then by key', () => {
    const ended = (key: string, sinceMs: number, overAtMs: number | null, closedAtMs: number): AlertState => ({
      ...judgeRaise(null, alert('mmr', sinceMs, { key }), false, sinceMs, { repeat: 1 }).state,
      overAtMs,
      closedAtMs,
    });
    const states = [
      ended('ended late', 0, 60, 99),
      ended('ended soon', 0, 70, 71),
      ended('lapsed', 0, null, 80),
      ended('y', 5, 65, 90),
      ended('x', 5, 65, 95),
      ended('z', 6, 65, 66),
    ];
    for (const given of [states, states.toReversed()]) {
      assert.deepEqual(
        listAlerts(given, 50).recent.map(({ key }) => key),
        ['lapsed', 'ended soon', 'z', 'x', 'y', 'ended late'],
      );
    }
  });
});

describe('strategy 12: MMR', () => {
  const cases: [string, string, string, string | null][] = [
    ['below the threshold', '699.99', '1000', null],
    ['at the threshold', '700', '1000', '0.70'],
    ['above it', '740', '1000', '0.74'],
    ['nothing held', '0', '1000', null],
    ['an empty account', '0', '0', null],
    ['margin and no equity', '1', '0', '∞'],
    ['margin and debts', '1', '-5', '∞'],
    ['debts without margin', '0', '-5', null],
    ['a hair below, where a float would round up', '0.69999999999999999999', '1', null],
  ];
  for (const [name, margin, equity, ratio] of cases) {
    test(name, () => {
      const summary = { totalEquity: decimal(equity), maintenanceMargin: decimal(margin) };
      assert.equal(judgeMmr('A', summary, decimal('0.7'), 1)?.details.ratio ?? null, ratio);
    });
  }
  const apart: [string, string, string, string, boolean][] = [
    ['0.20 apart is not far', '0.36', '0.16', '0.70', false],
    ['further, and above half the threshold', '0.3601', '0.16', '0.70', true],
    ['further, at half the threshold', '0.35', '0.01', '0.70', false],
    ['the lower one is not sent', '0.1', '0.69', '0.70', false],
  ];
  for (const [name, own, others, threshold, holds] of apart) {
    test(`17.5 ${name}`, () => {
      const of = (ratio: string) => ({ totalEquity: decimal('1000'), maintenanceMargin: decimal(ratio).mul(1000) });
      assert.equal(judgeMmr('B', of(own), decimal(threshold), 1, of(others)) !== null, holds);
      assert.equal(judgeMmr('B', of(own), decimal(threshold), 1), null);
    });
  }
  test('17.5 the alert names the other ratio and the transfer that makes both equal', () => {
    const margin = { initial: decimal('0'), availableToTransfer: decimal('1000000'), isolated: [], liquidation: [] };
    const of = (equity: string, maintenance: string) => ({
      ...{ totalEquity: decimal(equity), maintenanceMargin: decimal(maintenance) },
      margin: { ...margin, maintenance: decimal(maintenance) },
    });
    const found = judgeMmr('A', of('400', '300'), decimal('0.7'), 1, of('2000', '100'));
    assert.ok(found);
    const { en, zh } = { en: alertLine(found, 'en'), zh: alertLine(found, 'zh') };
    assert.match(
      en,
      /0\.75, threshold 0\.70, the other account 0\.05 .*1400\.00 USDT from B to A would make .* 16\.66 % and 16\.66 %/,
    );
    assert.match(zh, /另一账户 0\.05.*从 B 划转 1400\.00 USDT 到 A/);
  });
  test('is keyed by account and gives both sides of the ratio', () => {
    const found = judgeMmr(
      'B',
      { totalEquity: decimal('1000'), maintenanceMargin: decimal('705.559') },
      decimal('0.70'),
      1,
    );
    assert.equal(found?.key, 'mmr:B');
    assert.deepEqual(found?.details, {
      ratio: '0.7055',
      threshold: '0.70',
      marginUsdt: '705.56',
      equityUsdt: '1000.00',
    });
  });
});

describe('strategy 12: stuck', () => {
  test('stuck is longer than the hours, not as long', () => {
    assert.equal(isStuck(0, 6 * HOUR, 6 * HOUR), false);
    assert.equal(isStuck(0, 6 * HOUR + 1, 6 * HOUR), true);
  });
  const symbol = (side: 'buy' | 'sell', guard: string | null, touch: string | null): StuckSymbol => ({
    instrument: 'BNB_USDT_Perp',
    hedgeSide: side,
    size: decimal('2'),
    unhedgedSinceMs: 0,
    guardPrice: guard === null ? null : decimal(guard),
    touch: touch === null ? null : decimal(touch),
  });
  const cases: [string, StuckSymbol, [string, string, string] | null][] = [
    ['a sell waits for the price to rise', symbol('sell', '110', '100'), ['10', '10', '20']],
    ['a buy waits for it to fall', symbol('buy', '90', '100'), ['10', '10', '20']],
    ['a sell at the touch waits for nothing', symbol('sell', '100', '100'), ['0', '0', '0']],
    ['a buy whose guard is passed waits for nothing', symbol('buy', '110', '100'), ['0', '0', '0']],
    ['no guard known', symbol('buy', null, '100'), null],
    ['no book known', symbol('buy', '110', null), null],
    ['a book that is none', symbol('buy', '110', '0'), null],
  ];
  for (const [name, input, expected] of cases) {
    test(name, () => {
      const found = hedgeDistance(input);
      const reported =
        found && [found.missing, found.missingPercent, found.lossNowUsdt].map((value) => value.toFixed());
      assert.deepEqual(reported, expected);
    });
  }
});

describe('strategy 12: clock skew', () => {
  for (const [skew, said] of [
    [null, false],
    [2000, false],
    [-2000, false],
    [2001, true],
    [-2001, true],
  ] as const) {
    test(`${skew} ms: ${said ? 'an alert' : 'no alert'}`, () => assert.equal(judgeClockSkew(skew, 1) !== null, said));
  }
});

describe('strategy 12: a wider failure silences the narrower ones it causes', () => {
  const failure = (account: 'A' | 'B' | null, call: string) =>
    apiFailureAlert({ kind: 'unavailable', call, account, code: null, why: failed('x'), message: 'x' }, 1, 0, null);
  const parked = accountParkedAlert(
    { kind: 'parked', call: 'x', account: 'A', code: 1008, why: failed('x'), message: 'x' },
    'A',
    0,
  );
  const refused = alert('order-refused', 0, { account: 'A' });
  const cases: [string, Alert, string[], string | null][] = [
    ['a parked account, its failures', failure('A', 'positions'), [parked.key], parked.key],
    ['a parked account, its refusals', refused, [parked.key], parked.key],
    ['a parked account, not the other account', failure('B', 'positions'), [parked.key], null],
    [
      'a failing login, the reads',
      failure('A', 'positions'),
      [apiFailureKey('A', 'login')],
      apiFailureKey('A', 'login'),
    ],
    [
      'an account out of reach, its order calls',
      failure('A', 'createOrder'),
      [apiFailureKey('A', 'positions')],
      apiFailureKey('A', 'positions'),
    ],
    ['a failing order call, no read', failure('A', 'positions'), [apiFailureKey('A', 'createOrder')], null],
    ['one account out of reach, no public call', failure(null, 'book'), [apiFailureKey('A', 'positions')], null],
    [
      'both out of reach, the public calls',
      failure(null, 'book'),
      [apiFailureKey('A', 'positions'), apiFailureKey('B', 'login')],
      apiFailureKey('B', 'login'),
    ],
    ['nothing silences itself', failure('A', 'login'), [apiFailureKey('A', 'login')], null],
    [
      'one direction on both, the configured side',
      alert('side-contradicts-config', 0),
      ['same-direction:BNB_USDT_Perp'],
      'same-direction:BNB_USDT_Perp',
    ],
    ['nothing silences a critical one', alert('mmr', 0, { account: 'A' }), [parked.key], null],
  ];
  for (const [name, reported, holding, expected] of cases) {
    test(name, () =>
      assert.equal(
        widerAlert(reported, (key) => holding.includes(key)),
        expected,
      ),
    );
  }
  test('foreign orders are keyed by order', () => {
    const order = { orderId: '0x1', clientOrderId: '7' };
    assert.notEqual(
      foreignOrderAlert('A', 'X', order, 0).key,
      foreignOrderAlert('A', 'X', { ...order, orderId: '0x2' }, 0).key,
    );
  });
});

describe('strategy 12.2: the daily report, by Beijing time', () => {
  const at = (text: string) => Date.parse(text);
  test('Beijing is eight hours ahead, in summer too', () => {
    assert.equal(beijingTime(at('2026-01-01T15:59:59Z')).minute, 23 * 60 + 59);
    assert.equal(beijingTime(at('2026-07-01T16:00:00Z')).minute, 0);
    assert.equal(beijingTime(at('2026-07-01T16:00:00Z')).day, beijingTime(at('2026-07-02T00:00:00Z')).day);
  });
  const today = beijingTime(at('2026-03-05T01:00:00Z')).day;
  const cases: [string, string, number | null, boolean][] = [
    ['not before the hour', '2026-03-05T00:59:59Z', null, false],
    ['at the hour', '2026-03-05T01:00:00Z', null, true],
    ['later that day, when it was down at the hour', '2026-03-05T15:59:59Z', today - 1, true],
    ['not twice a day', '2026-03-05T05:00:00Z', today, false],
    ['the next day only at its hour', '2026-03-05T16:00:00Z', today, false],
    ['not again when the clock is set back', '2026-03-04T05:00:00Z', today, false],
    [
      'a report of a day later than tomorrow is of a wrong clock, and counts as none',
      '2026-03-03T05:00:00Z',
      today,
      true,
    ],
  ];
  for (const [name, now, last, due] of cases) {
    test(name, () => assert.equal(dailyReportDue(at(now), 9 * 60, last) !== null, due));
  }
});

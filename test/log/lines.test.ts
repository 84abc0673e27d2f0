import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Alert, AlertKind } from '../../src/core/alerts.ts';
import { ALERT_KINDS } from '../../src/core/alerts.ts';
import type { Fact } from '../../src/core/facts.ts';
import { reason } from '../../src/core/reasons.ts';
import { DEFAULT_LINE_CONTEXT, FACT_TYPES, type Level, line, sharedBases } from '../../src/log/lines.ts';
import { A_BUY, AT, B_SELL, d, FACTS, match } from './facts.ts';

/** What each fact says, word by word; null: nothing. */
const SAID: { readonly [T in Fact['type']]: readonly [Level, string] | null } = {
  'state.changed': ['info', 'BNB equal → imbalanced: net 0.52 (318.40 USDT) (strategy 5)'],
  'alerts.refused': [
    'warn',
    'The gateway refused a message for its content: status 400; 2 alerts of it set aside, tried alone and shortened after ' +
      'all others (strategy 12.1)',
  ],
  'symbol.leaving': [
    'warn',
    'BNB is hedge-only: its row was removed from the symbols file while something of it is open; it opens nothing, ' +
      'repairs until it is hedged and ends then (strategy 16.3)',
  ],
  'symbol.left': [
    'info',
    'BNB has ended: no live orders; what remains: account A 5, account B -4.99, net 0.01 (strategy 16.3)',
  ],
  'command.given': ['info', 'Command pause BNB, SOL by ann, because lunch (strategy 16.2)'],
  'command.ended': ['info', 'BNB pause is over: its time has come (strategy 16.2)'],
  'flatten.overdue': [
    'warn',
    'BNB is not flat by the deadline: account A 5, account B -5 remain; it goes on decreasing (strategy 16.2)',
  ],
  'rollout.changed': [
    'warn',
    'Rollout: BNB is on trial with a part of its amount: its limits allow nothing, the next one starts all the same ' +
      '(strategy 16.7)',
  ],
  'order.stray': [
    'warn',
    "Own order 7 of account A rests on OLD_USDT_Perp, which neither the exchange's list nor the journal knows: " +
      'cancelling it (strategy 16.3)',
  ],
  'symbol.warned': [
    'warn',
    'BNB_USDT_Perp order_notional_usdt: 5 is above imbalance_limit_usdt 4: one fill alone passes the limit',
  ],
  'symbol.idle': [
    'info',
    'BNB nothing to submit: quoting: A buy 0.52 @ 612.3, per_account_cap_when_diff<20=>1 (strategy 8.2)',
  ],
  'order.sent': null,
  'order.placed': ['info', 'Placed A buy 0.52 BNB @ 612.3 to open'],
  'order.post-only-refused': [
    'info',
    'Post-only refused: A buy 0.52 BNB @ 612.3 would have taken from the book, attempt 1; priced again, 4 attempts left',
  ],
  'order.refused': ['warn', 'Exchange refused A buy 0.52 BNB @ 612.3: size below min_size (code 2062)'],
  'order.unknown': [
    'warn',
    'No clear answer about A buy 0.52 BNB @ 612.3: no answer within 5 s; it counts as live until the exchange proves otherwise (strategy 9.6)',
  ],
  'order.resolved': [
    'info',
    'Outcome of A buy 0.52 BNB @ 612.3: absent, expired by the exchange’s clock; order says 1004, open_orders and order_history lack it (strategy 9.6)',
  ],
  'intent.denied': [
    'info',
    'Not submitted: B sell 0.52 BNB: size × price = 4.9 USDT is below min_notional 5 (strategy 7.3)',
  ],
  'intent.exhausted': ['warn', 'BNB cooldown: 5 post-only attempts of account B used up (strategy 9.5)'],
  'order.cancel-requested': [
    'info',
    'Cancelled extra strategy order due to low diff account cap: A buy 0.52 BNB @ 612.3, per_account_cap_when_diff<20=>1 (strategy 8.2)',
  ],
  'order.over': ['info', 'Cancelled A buy 0.52 BNB @ 612.3 (USER_CANCEL), nothing traded'],
  'order.adopted': [
    'info',
    'Took over A buy 0.52 BNB @ 612.3 found at the exchange, 0.1 traded so far (strategy 11.4)',
  ],
  'fill.waiting': [
    'info',
    'Partly filled A buy 0.2 of 0.52 BNB @ 612.3: waiting for the rest, at most 30 min more (strategy 4.3)',
  ],
  'fill.booked': [
    'info',
    "Filled B sell 0.52 BNB @ 612.5, hedged 0.52 of A's buy @ 612.3 after 34 s, gain 0.104 USDT, guarded by 612.3; net 0",
  ],
  'drift.seen': [
    'warn',
    'BNB position of account A differs from the ledger by 0.1, reading 1: no new orders until they agree (strategy 10.5)',
  ],
  'drift.adopted': [
    'warn',
    'BNB position of account A was changed by 0.1 from outside: taken into the ledger @ 612 (strategy 10.5)',
  ],
  'order.foreign': [
    'warn',
    'non-strategy order detected: account A BNB_USDT_Perp order 0x0101 (client id 42), left alone (strategy 11.4)',
  ],
  'instrument.changed': ['warn', 'BNB rules changed by the exchange: tick_size 0.01 → 0.1 (strategy 11.8)'],
  'row.skipped': [
    'warn',
    'a row of positions of account A that cannot be read is left out: DOT_USDT_Perp: mark_price: is zero (strategy 10.4)',
  ],
  'lots.restored': ['info', 'BNB restored from the journal: 1 open lot, net 0.52'],
  'account.polled': null,
  'read.failed': [
    'warn',
    'Reading failed for account A, 1 in a row: positions: no answer within 5 s; nothing is decided on old data (strategy 10.3)',
  ],
  'book.failed': [
    'warn',
    'Reading the book of BNB failed in attempt 2 of account A: no answer within 5 s; nothing is priced by an old book (strategy 7.4)',
  ],
  'listing.failed': [
    'warn',
    'The list of instruments could not be read, 1 in a row: no answer within 5 s; the rules read before stay in force (strategy 11.8)',
  ],
  'login.failed': [
    'warn',
    'The session of account A could not be renewed, 1 in a row: no answer within 5 s; the present one is used until its end',
  ],
  'account.parked': [
    'error',
    'Account A is parked: IP not whitelisted; no orders on either account until it answers again (strategy 9.8)',
  ],
  'account.unparked': ['info', 'Account A answers again and is no longer parked'],
  'budget.share': ['warn', '80 % of the request budget left after 429s (reads of account A)'],
  'budget.late': ['warn', 'Requests wait longer than 10 s for the request budget (market data)'],
  'stream.contradicted': [
    'warn',
    'Streams of account A contradict REST on BNB: two full reads in a row show another position than its stream (strategy 10.6)',
  ],
  'stream.changed': ['warn', 'Stream of account A down: silent for 10.0 s; polling goes on'],
  'session.renewed': ['debug', 'Session of account A renewed for 24 h'],
  'alert.raised': ['warn', 'ALERT MMR ALERT: account A, ratio 0.74, threshold 0.70'],
  'alert.handled': ['info', 'mmr:A silenced for 2 h by ann (strategy 12.4)'],
  'alert.resolved': ['info', 'Resolved: mmr:A after 12 min'],
  'alerts.sent': ['debug', 'Message delivered with 2 alerts; 0 waiting'],
  'alerts.unsent': [
    'warn',
    'Alerts could not be delivered, 1 in a row: gateway says 502; 3 waiting, tried again in 30 s; trading goes on (strategy 12.1)',
  ],
  'heartbeat.missed': ['warn', 'Heartbeat not delivered: no answer'],
  'cancel.failed': ['warn', 'Cancel of order 17 of account A failed: no answer within 5 s; it counts as live'],
  'journal.failed': ['error', 'The journal failed: disk full'],
  'lock.lost': [
    'error',
    'Lock lost: the lock x.lock was removed while it was held, and another engine (pid 7) has it now: stop one of the two (strategy 11.1)',
  ],
  'task.failed': [
    'error',
    'A task of the order gateway failed: submission-9: size is not whole; what it may have sent is looked up (strategy 9.6)',
  ],
  'alerts.failed': ['error', 'Alerts are sent without the part that failed: no such text'],
  'cleanup.failed': [
    'error',
    'A round of the stop cleanup failed: orders is not iterable; the exchange is asked again (strategy 13.1)',
  ],
  'actor.failed': [
    'error',
    'A part of the engine failed and is started again: symbol:BNB_USDT_Perp: size is not whole',
  ],
  'engine.started': ['info', 'Started on paper: BTC_USDT_Perp, BNB_USDT_Perp'],
  'engine.draining': ['info', 'Stopping: SIGINT; no new orders (strategy 13.1)'],
  'cleanup.finished': ['info', 'Stop cleanup finished: cancelled=2 candidates=3 kept=1'],
  'net.left': [
    'warn',
    'Left open: BNB is not hedged, to hedge: sell 0.5, worth 310.00 USDT, for 3 h, cost at the touch 1.25 USDT (strategy 13.4)',
  ],
  'engine.stopped': ['info', 'Stopped, exit code 0'],
  'invariant.broken': [
    'error',
    'INVARIANT BROKEN I3 BNB_USDT_Perp: price 612.35 is off tick; no new orders there, what is open stays managed (strategy 15)',
  ],
};

function text(fact: Fact): string {
  return line(fact)?.text ?? '';
}

describe('the line of each fact', () => {
  it('is decided for every type', () => assert.deepEqual([...FACT_TYPES].sort(), Object.keys(SAID).sort()));
  for (const [type, said] of Object.entries(SAID)) {
    it(`${type} says ${said === null ? 'nothing' : said[1].slice(0, 50)}`, () => {
      const result = line(FACTS[type as Fact['type']]);
      assert.deepEqual(result, said === null ? null : { level: said[0], text: said[1] });
    });
  }
  it('a type that is not known makes no line and does not throw', () =>
    assert.equal(line({ type: 'of.tomorrow', atMs: 0 } as unknown as Fact), null));
});

describe('variants', () => {
  for (const account of ['A', 'B'] as const) {
    for (const side of ['buy', 'sell'] as const) {
      it(`Placed ${account} ${side} stands in the log word by word`, () =>
        assert.ok(
          text({ ...FACTS['order.placed'], account, side }).startsWith(`Placed ${account} ${side} 0.52 BNB @ `),
        ));
    }
  }
  it('a hedge says the price it is guarded by, and in which direction', () => {
    assert.equal(
      text({ ...FACTS['order.placed'], ...B_SELL, attempt: 3 }),
      'Placed B sell 0.52 BNB @ 612.5 to hedge, guarded by 612.3 (never below), attempt 3',
    );
    assert.match(
      text({ ...FACTS['order.placed'], ...A_BUY, purpose: 'repair', guardPrice: d('613') }),
      /guarded by 613 \(never above\)/,
    );
  });
  it('an opening fill says what waits for its hedge', () =>
    assert.equal(
      text({
        ...FACTS['fill.booked'],
        ...A_BUY,
        fillPrice: d('612.3'),
        matches: [],
        openedLotSize: d('0.52'),
        netAfter: d('0.52'),
      }),
      'Filled A buy 0.52 BNB @ 612.3; 0.52 waits for its hedge; net 0.52',
    ));
  it('a fill over several lots says the range, the sum and the oldest', () => {
    const matches = [
      match({ size: d('0.3'), gainUsdt: d('0.06') }),
      match({ size: d('0.2'), lotPrice: d('612.1'), gainUsdt: d('0.08'), lotBookedAtMs: AT - 7_200_000 }),
      match({ kind: 'unwind', lotAccount: 'B', size: d('0.02'), lotPrice: d('600'), gainUsdt: d('0.25') }),
    ];
    assert.equal(
      text({ ...FACTS['fill.booked'], matches }),
      "Filled B sell 0.52 BNB @ 612.5, hedged 0.5 of A's buy @ 612.1 to 612.3 after 2 h, gain 0.14 USDT, " +
        "unwound 0.02 of B's buy @ 600 after 34 s, gain 0.25 USDT, guarded by 612.3; net 0",
    );
  });
  it('entering cooldown is a warning and says the word', () => {
    const said = line({
      ...FACTS['state.changed'],
      to: 'cooldown',
      why: reason('attempts-used-up', '9.5', { attempts: 5 }),
    });
    assert.equal(said?.level, 'warn');
    assert.match(said?.text ?? '', /→ cooldown: /);
  });
  it('a trim for a wrong side is not blamed on the low-diff cap', () =>
    assert.equal(
      text({ ...FACTS['order.cancel-requested'], why: reason('grows-net', '8.2', { side: 'buy' }) }),
      'Cancelling A buy 0.52 BNB @ 612.3: a buy would grow the net (strategy 8.2)',
    ));
  it('phrases name the figures as configured', () => {
    const context = { diffThresholdUsdt: '35', stuckHours: '12' };
    assert.match(line(FACTS['symbol.idle'], context)?.text ?? '', /per_account_cap_when_diff<35=>1/);
    const alert: Alert = {
      ...FACTS['alert.raised'].alert,
      kind: 'unhedged',
      instrument: 'BNB_USDT_Perp',
      account: null,
    };
    assert.match(line({ type: 'alert.raised', atMs: AT, alert }, context)?.text ?? '', /unhedged>12h: BNB/);
  });
  it('a filled order and a post-only refusal are not said twice', () => {
    for (const reason of ['', 'UNSPECIFIED'])
      assert.equal(line({ ...FACTS['order.over'], status: 'FILLED', reason }), null);
    assert.equal(line({ ...FACTS['order.over'], status: 'REJECTED', reason: 'FAIL_POST_ONLY' }), null);
  });
  it('10.4 a fill that cannot be booked is a warning', () =>
    assert.deepEqual(
      line({ ...FACTS['order.over'], status: 'FILLED', reason: 'impossible avg_fill_price 1', tradedSize: d('0.52') }),
      { level: 'warn', text: 'Not booked: A buy 0.52 BNB @ 612.3 (impossible avg_fill_price 1), 0.52 traded' },
    ));
  it('2.2 a warning of an older journal is the sentence that it holds', () =>
    assert.deepEqual(line({ type: 'symbol.warned', atMs: 0, instrument: 'BNB_USDT_Perp', text: 'BNB buys nothing' }), {
      level: 'warn',
      text: 'BNB buys nothing',
    }));
  it('another rejection is a warning', () =>
    assert.deepEqual(line({ ...FACTS['order.over'], status: 'REJECTED', reason: 'MARGIN', tradedSize: d('0.1') }), {
      level: 'warn',
      text: 'Rejected A buy 0.52 BNB @ 612.3 (MARGIN), 0.1 traded',
    }));
  it('an outage is logged at the first, second, fourth, eighth … failure', () => {
    const said = Array.from({ length: 20 }, (_, index) => index + 1).filter(
      (inARow) => line({ ...FACTS['read.failed'], inARow }) !== null,
    );
    assert.deepEqual(said, [1, 2, 4, 8, 16]);
  });
  it('orders left behind are an error and are named', () => {
    const said = line({ ...FACTS['cleanup.finished'], left: ['A 161'] });
    assert.deepEqual(said, {
      level: 'error',
      text: 'Stop cleanup finished: cancelled=2 candidates=3 kept=1; NOT cancelled: A 161',
    });
  });
});

describe('alerts', () => {
  const PHRASES: Partial<Record<AlertKind, string>> = {
    mmr: 'MMR ALERT',
    unhedged: 'unhedged>6h',
    'foreign-order': 'non-strategy order detected',
    'post-only-exhausted': 'cooldown',
  };
  for (const kind of ALERT_KINDS) {
    it(`${kind} says ${PHRASES[kind] ?? 'ALERT'}, where, since when and the details`, () => {
      const alert: Alert = {
        kind,
        key: kind,
        account: 'B',
        instrument: 'BNB_USDT_Perp',
        atMs: AT,
        sinceMs: AT - 3_600_000 * 7,
        details: { net: '0.52 BNB' },
      };
      const said = line({ type: 'alert.raised', atMs: AT, alert });
      assert.equal(said?.level, 'warn');
      assert.ok(said?.text.includes(PHRASES[kind] ?? 'ALERT'));
      assert.ok(said?.text.endsWith(': BNB, account B, for 7 h, net 0.52 BNB'), said?.text);
    });
  }
});

it('instruments that share a base are named in full, others by their base', () => {
  const shared = sharedBases(['BNB_USDT_Perp', 'ETH_USDT_Perp', 'BNB_USDC_Perp']);
  assert.deepEqual([...shared], ['BNB']);
  const fact = FACTS['state.changed'];
  const said = (bases: ReadonlySet<string>) => line(fact, { ...DEFAULT_LINE_CONTEXT, sharedBases: bases })?.text;
  assert.match(said(shared) ?? '', /^BNB_USDT_Perp equal/);
  assert.match(said(new Set(['ETH'])) ?? '', /^BNB equal/);
});

it('10.6 a connection that is renewed with its session is no warning', () => {
  const why = reason('stream-session-over', '10.6');
  assert.equal(line({ ...FACTS['stream.changed'], why })?.level, 'info');
});

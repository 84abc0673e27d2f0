import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { symbolMachine } from '../../machines/symbol.ts';
import type { Alert } from '../../src/core/alerts.ts';
import { classify, PRIORITY, type Situation } from '../../src/core/classify.ts';
import { decode, encode } from '../../src/core/codec.ts';
import { whyOf } from '../../src/core/error-text.ts';
import type { ExchangeFailure } from '../../src/core/failure.ts';
import { isOpen } from '../../src/core/leaving.ts';
import { lotsNet } from '../../src/core/ledger.ts';
import type { ToSymbol } from '../../src/core/messages.ts';
import { ACCOUNTS, type ManagedOrder } from '../../src/core/model.ts';
import { type Reason, reason } from '../../src/core/reasons.ts';
import { GROWTH_TRY_MS } from '../../src/core/reduce-only.ts';
import { DENIED_PAUSE_MS } from '../../src/core/symbol/memory.ts';
import { reportOf, STUCK_TOUCH_MS } from '../../src/core/symbol/report.ts';
import { START_STEADY_MS } from '../../src/core/symbol/snapshots.ts';
import type { ReduceOnly, SymbolState } from '../../src/core/symbol-state.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { d, failed, instrument, lot, order, plain, position, seen, stateWith } from '../support/core.ts';
import { BENCH_START_MS } from '../support/machine-bench.ts';
import { SymbolBench, type SymbolBenchOptions } from '../support/symbol-bench.ts';
import { TransitionCoverage } from '../support/transition-coverage.ts';

const coverage = new TransitionCoverage(symbolMachine);
after(() => coverage.assertComplete());

/** The chart's states, and how a symbol gets there: ready for an event, what it sent so far taken. */
const SITUATIONS: Record<string, (options?: SymbolBenchOptions) => SymbolBench> = {
  waiting: (options) => quiet(new SymbolBench({ coverage, ...options })),
  equal: (options) => quiet(beginning(5, -5, options)),
  imbalanced: (options) => quiet(beginning(5, 0, options)),
  'partial-wait': (options) => {
    const bench = beginning(5, -5, options);
    bench.confirmAll();
    const [a] = bench.orders;
    assert.ok(a);
    bench.read('A', 8, [seen(a, { tradedSize: d(3), avgFillPrice: d(100) })]);
    bench.read('B', -5);
    return quiet(bench);
  },
  capped: (options) => quiet(beginning(150, -150, options)),
  cooldown: (options) => {
    const bench = beginning(5, -5, options);
    for (const intent of bench.asked) bench.ended(intent, { kind: 'refused', code: 2032, reason: failed('too much') });
    bench.read('A', 5);
    bench.read('B', -5);
    return quiet(bench);
  },
  draining: (options) => {
    const bench = beginning(5, -5, options);
    bench.confirmAll();
    bench.send({ type: 'trading.drain' });
    return quiet(bench);
  },
};

/** The first readings of both accounts. */
function beginning(a: number, b: number, options: SymbolBenchOptions = {}): SymbolBench {
  const bench = new SymbolBench({ coverage, ...options });
  bench.read('A', a);
  bench.read('B', b);
  return bench;
}

function quiet(bench: SymbolBench): SymbolBench {
  bench.words();
  return bench;
}

const MARGIN_STOP = reason('margin-stop', '8.6', { account: 'A', ratio: '0.5500', limit: '0.5' });
const FOREIGN_FILL = { instrument: instrument().name, clientOrderId: '0' };
const FAILURE: ExchangeFailure = {
  kind: 'unavailable',
  call: 'positions',
  account: 'A',
  code: null,
  why: failed('down'),
  message: 'down',
};

/** Every event a symbol receives, about what the bench has: its first order, its first submission. */
const EVENTS: Record<ToSymbol['type'], (bench: SymbolBench) => ToSymbol> = {
  'snapshot.received': (bench) => {
    const former = bench.context.snapshots.A;
    return {
      type: 'snapshot.received',
      snapshot: bench.reading('A', former?.position ?? null, former?.orders ?? []),
    };
  },
  'snapshot.failed': ({ nowMs }) => ({ type: 'snapshot.failed', account: 'A', failure: FAILURE, atMs: nowMs }),
  'touch.received': ({ nowMs }) => ({ type: 'touch.received', bid: d(99), ask: d(101), atMs: nowMs }),
  'touch.failed': ({ nowMs }) => ({ type: 'touch.failed', why: reason('book-empty', '7.4'), atMs: nowMs }),
  'order.sent': ({ nowMs }) => ({
    type: 'order.sent',
    intentId: 'BNB_USDT_Perp#1',
    attempt: 1,
    clientOrderId: 'NEW',
    account: 'A',
    side: 'buy',
    size: d(1),
    price: d(99),
    purpose: 'opening',
    sentAtMs: nowMs,
    expirationMs: nowMs + 3_600_000,
  }),
  'attempt.refused': (bench) => ({
    type: 'attempt.refused',
    clientOrderId: firstOrder(bench),
    account: 'A',
    atMs: bench.nowMs,
  }),
  'submission.ended': (bench) => ({
    type: 'submission.ended',
    intentId: bench.context.underWay[0] ?? 'none',
    account: 'A',
    atMs: bench.nowMs,
    result: { kind: 'confirmed', clientOrderId: firstOrder(bench) },
  }),
  'order.resolved': (bench) => ({
    type: 'order.resolved',
    clientOrderId: firstOrder(bench),
    account: 'A',
    atMs: bench.nowMs,
    outcome: 'absent',
  }),
  'cancel.ended': (bench) => ({
    type: 'cancel.ended',
    clientOrderId: firstOrder(bench),
    account: 'A',
    atMs: bench.nowMs,
    outcome: 'failed',
  }),
  'gateway.started': ({ nowMs }) => ({ type: 'gateway.started', unsettled: [], atMs: nowMs }),
  'poller.started': () => ({ type: 'poller.started', account: 'A' }),
  'trading.halt': () => ({ type: 'trading.halt' }),
  'instrument.unlisted': () => ({ type: 'instrument.unlisted' }),
  'instrument.listed': () => ({ type: 'instrument.listed', instrument: instrument() }),
  'account.parked': () => ({ type: 'account.parked', account: 'A', failure: FAILURE }),
  'account.unparked': () => ({ type: 'account.unparked', account: 'A' }),
  'journal.reach': () => ({ type: 'journal.reach', sinceMs: null, why: null }),
  'openings.stopped': () => ({ type: 'openings.stopped', why: null }),
  'reduce-only.changed': ({ nowMs }) => ({
    type: 'reduce-only.changed',
    account: 'A',
    instrument: 'ETH_USDT_Perp',
    demand: { account: 'A', sinceMs: nowMs, nextTryMs: nowMs + GROWTH_TRY_MS },
  }),
  'symbol.steered': ({ context }) => ({ type: 'symbol.steered', config: context.config, standing: [], leaving: null }),
  'symbol.forgotten': () => ({ type: 'symbol.forgotten' }),
  'strategy.changed': ({ context: { strategy, staleMs, loopIntervalMs } }) => ({
    type: 'strategy.changed',
    strategy,
    staleMs,
    loopIntervalMs,
  }),
  'trading.drain': () => ({ type: 'trading.drain' }),
};

function firstOrder(bench: SymbolBench): string {
  return bench.orders[0]?.clientOrderId ?? 'NONE';
}

describe('every state meets every event', () => {
  for (const [state, reach] of Object.entries(SITUATIONS)) {
    for (const [type, eventOf] of Object.entries(EVENTS)) {
      it(`${state} meets ${type}`, () => {
        const bench = reach();
        assert.equal(bench.phase, state);
        const ids = bench.orders.map((one) => one.clientOrderId);
        const underWay = bench.context.underWay.length;
        bench.wait(10);
        bench.send(eventOf(bench));
        const words = bench.words();
        const now = bench.orders.map((one) => one.clientOrderId);
        const left = bench.context.underWay.length;

        // Nothing of the five decides while something is under way, and nothing at all is asked for by these events.
        const decides = state === 'partial-wait' && type === 'order.resolved';
        assert.equal(bench.phase, type === 'trading.drain' ? 'draining' : decides ? 'equal' : state);
        const expected = {
          words: [] as string[],
          ids,
          underWay,
        };
        switch (type as ToSymbol['type']) {
          case 'snapshot.received':
          case 'touch.received':
            // A decision: it says again what holds.
            if (state === 'capped') expected.words = ['alert-manager raised limit-reached'];
            break;
          case 'order.sent':
            expected.ids = [...ids, 'NEW'];
            break;
          case 'attempt.refused':
          case 'order.resolved':
            expected.ids = ids.slice(1);
            if (ids.length > 0) expected.words = ['poller:A watch []'];
            if (state === 'capped' && type === 'order.resolved') {
              expected.words = [...expected.words, 'alert-manager raised limit-reached'];
            }
            break;
          case 'submission.ended':
            expected.underWay = Math.max(0, underWay - 1);
            if (state === 'capped') expected.words = ['alert-manager raised limit-reached'];
            if (state === 'imbalanced') {
              expected.words = ['gateway submit B sell 5'];
              expected.underWay = 1;
            }
            break;
          case 'openings.stopped':
          case 'symbol.steered':
            // What was decided before is withdrawn, and it decides again (16.4).
            if (underWay > 0) expected.words = ['gateway intents.outdated'];
            if (state === 'capped') expected.words = ['alert-manager raised limit-reached'];
            break;
          case 'instrument.listed':
          case 'instrument.unlisted':
            // What was decided by the former rules is withdrawn (11.6, 11.8).
            if (underWay > 0) expected.words = ['gateway intents.outdated'];
            break;
          case 'gateway.started':
            expected.underWay = 0;
            break;
          case 'poller.started':
            expected.words = [`poller:A watch [${ids.includes('A1') ? 'A1' : ''}]`];
            break;
        }
        assert.deepEqual({ words, ids: now, underWay: left }, expected);
      });
    }
  }
});

describe('5 the chart decides in the order of core’s table', () => {
  const rules = symbolMachine.root.states.deciding?.always ?? [];
  const targetOf = (rule: (typeof rules)[number]): string => (rule.target ?? []).map((node) => node.key).join();
  const guardOf = (rule: (typeof rules)[number]): string | undefined => rule.guard as string | undefined;

  it('10.3 3.1 what is unusable, or wants the book, is asked first', () => {
    assert.deepEqual(rules.slice(0, 2).map(guardOf), ['touchIsWanted', 'dataIsUnusable']);
    assert.deepEqual(rules.slice(0, 2).map(targetOf), ['waiting', 'waiting']);
  });

  it('5 after those its targets are the table’s states, rule by rule, and the last takes all', () => {
    assert.deepEqual(
      rules.slice(2).map(targetOf),
      PRIORITY.map((entry) => entry.state),
    );
    assert.equal(rules.at(-1)?.guard, undefined);
  });

  it('5 in all 32 situations the first guard that holds leads where classify does', () => {
    const bits = ['resting', 'hedged', 'partialFillWaits', 'openingHasRoom', 'repairHasRoom'];
    const guards = symbolMachine.implementations.guards as Record<string, (args: unknown, params: unknown) => boolean>;
    for (let number = 0; number < 2 ** bits.length; number += 1) {
      const situation = Object.fromEntries(
        bits.map((bit, index) => [bit, (number & (1 << index)) !== 0]),
      ) as unknown as Situation;
      const context = { memory: { assessment: { kind: 'usable', plan: { situation } } } };
      const first = rules.find((rule) => {
        const guard = guardOf(rule);
        return guard === undefined || guards[guard]?.({ context, event: { type: 'x' } }, undefined);
      });
      assert.ok(first);
      assert.equal(targetOf(first), classify(situation), JSON.stringify(situation));
    }
  });
});

describe('11.3 the beginning', () => {
  it('11.3 without orders the first reading of both accounts is enough', () => {
    const bench = new SymbolBench({ coverage });
    assert.deepEqual(bench.words(), ['poller:A watch []', 'poller:B watch []']);
    bench.read('A', 5);
    assert.equal(bench.phase, 'waiting');
    assert.equal(bench.context.state.begun, false);
    bench.read('B', -5);
    assert.equal(bench.phase, 'equal');
    assert.equal(bench.reported('lots.restored').length, 1);
  });

  it('11.3 where orders rest, readings that stay alike for some seconds are waited for', () => {
    const bench = new SymbolBench({ coverage });
    const rests = order('A', 'buy', 10, 99);
    const partly = [seen(rests, { tradedSize: d(2), avgFillPrice: d(99) })];
    bench.read('A', 5, [seen(rests)]);
    bench.read('B', -5);
    bench.wait(START_STEADY_MS);
    bench.read('A', 7, partly);
    bench.read('B', -5);
    assert.equal(bench.context.state.begun, false, 'it moved between the readings');
    bench.read('A', 7, partly);
    assert.equal(bench.context.state.begun, false, 'two alike readings in a row may both be late');
    bench.wait(START_STEADY_MS);
    bench.read('A', 7, partly);
    assert.equal(bench.context.state.begun, true);
    assert.equal(bench.orders.length, 1);
    assert.equal(lotsNet(bench.context.state.lots).toFixed(), '2');
  });

  for (const [name, second, begun] of [
    ['the same orders in another order', (a: ManagedOrder, b: ManagedOrder) => [seen(b), seen(a)], true],
    [
      'one that traded meanwhile',
      (a: ManagedOrder, b: ManagedOrder) => [seen(a, { tradedSize: d(1) }), seen(b)],
      false,
    ],
    ['another order', (a: ManagedOrder) => [seen(a), seen(order('A', 'buy', 10, 98))], false],
  ] as const) {
    it(`11.3 readings are alike or not by what they tell of each order: ${name}`, () => {
      const bench = new SymbolBench({ coverage });
      const [a, b] = [order('A', 'buy', 10, 99), order('A', 'buy', 10, 98)];
      bench.read('A', 5, [seen(a), seen(b)]);
      bench.read('B', -5);
      bench.wait(START_STEADY_MS);
      bench.read('A', 5, second(a, b));
      bench.read('B', -5);
      assert.equal(bench.context.state.begun, begun);
    });
  }

  for (const [name, grow] of [
    ['too old', (bench: SymbolBench) => bench.wait(10_001)],
    ['of before our clock was set back', (bench: SymbolBench) => bench.setClockBack(3_600_000)],
  ] as const) {
    it(`11.3 10.3 it does not begin from a reading that is ${name}`, () => {
      const bench = new SymbolBench({ coverage });
      bench.read('A', 5);
      grow(bench);
      bench.read('B', -5);
      assert.equal(bench.context.state.begun, false);
      bench.read('A', 7);
      assert.equal(bench.context.state.begun, true);
      assert.equal(lotsNet(bench.context.state.lots).toFixed(), '2', 'where A is now, not where it was');
      assert.equal(bench.context.state.contradiction.A, null);
    });
  }

  it('11.3 an order that vanishes before the start is not taken for one that never was: its fill may be late', () => {
    const bench = new SymbolBench({ coverage });
    bench.read('A', 5, [seen(order('A', 'buy', 10, 99))]);
    bench.read('B', -5);
    bench.read('A', 5);
    bench.read('B', -5);
    assert.equal(bench.context.state.begun, false, 'the position may not show yet what the order traded');
    bench.wait(1_000);
    bench.read('A', 15);
    bench.wait(START_STEADY_MS);
    bench.read('A', 15);
    bench.read('B', -5);
    assert.equal(bench.context.state.begun, true);
    assert.equal(lotsNet(bench.context.state.lots).toFixed(), '10');
  });

  it('11.2 9.6 10.2 a restored symbol says what to look for, and has unknown orders found out', () => {
    const known = order('A', 'buy', 10, 99, { clientOrderId: 'K' });
    const unknown = order('B', 'sell', 10, 101, { clientOrderId: 'U', unknown: true });
    const bench = new SymbolBench({ coverage, state: { begun: true, orders: [known, unknown] } });
    assert.deepEqual(bench.words(), ['poller:A watch [K]', 'poller:B watch []', 'gateway resolve B U']);
  });

  it('11.5 started twice with nothing changed it asks for nothing and changes no lot', () => {
    const first = SITUATIONS['partial-wait']?.();
    assert.ok(first);
    const stored = first.journal.latest('symbol.state', 'BNB_USDT_Perp')?.body;
    const state = decode<SymbolState>(encode(stored));
    const again = new SymbolBench({ coverage, state });
    again.wait(first.nowMs - again.nowMs);
    for (const account of ['A', 'B'] as const) {
      const { position: held, orders } = first.context.snapshots[account] ?? { position: null, orders: [] };
      again.read(account, held, orders);
    }
    assert.equal(again.phase, 'partial-wait');
    assert.deepEqual(
      again.words().filter((word) => word.startsWith('gateway')),
      [],
    );
    assert.deepEqual(plain(again.context.state.lots), plain(first.context.state.lots));
    assert.deepEqual(plain(again.context.state.orders), plain(first.context.state.orders));
  });
});

/** Of two submissions the first ends and is filled, while the second, which is returned, is under way. */
function firstFilled(bench: SymbolBench) {
  const [first, second] = bench.asked;
  assert.ok(first && second);
  bench.sent(first, 'A1', 99);
  bench.ended(first, { kind: 'confirmed', clientOrderId: 'A1' });
  const [a] = bench.orders;
  assert.ok(a);
  bench.read('A', 15, [seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(99) })]);
  bench.read('B', -5);
  return second;
}

describe('9.10 order by order', () => {
  const gatewayWords = (bench: SymbolBench) => bench.words().filter((word) => word.startsWith('gateway'));

  it('9.10 no create is decided on an account whose intent is under way; a fill withdraws it, and decides again', () => {
    const bench = beginning(5, -5);
    bench.words();
    const second = firstFilled(bench);
    assert.equal(bench.phase, 'imbalanced');
    assert.equal(lotsNet(bench.context.state.lots).toFixed(), '10');
    assert.deepEqual(gatewayWords(bench), ['gateway intents.outdated'], 'B has an intent under way');
    bench.ended(second, { kind: 'outdated' });
    assert.deepEqual(gatewayWords(bench), ['gateway submit B sell 10'], 'decided as soon as it ended');
  });

  it('9.10 an intent counts as a live order from its decision until its end, sent or not', () => {
    const bench = beginning(5, -5);
    const [a, b] = bench.asked;
    assert.ok(a && b);
    bench.ended(a, { kind: 'unsent', why: failed('parked') });
    assert.deepEqual(bench.context.assessment?.kind === 'usable' && bench.context.assessment.plan.creates, []);
    bench.sent(b, 'B1', 101);
    bench.read('A', 5);
    const assessment = bench.context.assessment;
    assert.ok(assessment?.kind === 'usable');
    assert.deepEqual(
      assessment.input.state.orders.map((one) => one.clientOrderId),
      ['B1'],
      'the order, not the intent beside it',
    );
    bench.send({ type: 'attempt.refused', clientOrderId: 'B1', account: 'B', atMs: bench.nowMs });
    bench.read('A', 5);
    const again = bench.context.assessment;
    assert.ok(again?.kind === 'usable');
    assert.deepEqual(
      again.input.state.orders.map((one) => [one.clientOrderId, one.isIntent]),
      [[b.intentId, true]],
      'the next attempt has not left yet',
    );
    assert.deepEqual(bench.orders, [], 'no intent is ever kept as an order');
  });

  it('9.10 an attempt that its view shows as rejected counts as the intent that it is again, before its submission says so', () => {
    const bench = beginning(5, -5);
    const [, b] = bench.asked;
    assert.ok(b);
    bench.sent(b, 'B1', 101);
    const [order] = bench.orders;
    bench.read('B', -5, [seen(order ?? assert.fail(), { status: 'REJECTED', rejectReason: 'FAIL_POST_ONLY' })]);
    assert.deepEqual(bench.orders, [], 'it is over');
    const { assessment } = bench.context;
    assert.ok(assessment?.kind === 'usable');
    assert.deepEqual(
      assessment.input.state.orders
        .filter(({ account }) => account === 'B')
        .map((one) => [one.clientOrderId, one.isIntent]),
      [[b.intentId, true]],
      'its next attempt may leave at any moment',
    );
  });

  it('9.10 after a submission the view of its account must show the order, the other one nothing', () => {
    const bench = beginning(5, -5);
    bench.confirmAll(99);
    const [a, b] = bench.orders;
    assert.ok(a && b);
    bench.words();
    const filled = seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(99) });
    const requestedAtMs = Math.max(...ACCOUNTS.map((one) => bench.context.snapshots[one]?.requestedAtMs ?? 0));
    bench.read('A', 15, [filled], { whole: false, requestedAtMs });
    // B's opening is the hedge already; once it is known to be gone, a repair is due.
    bench.read('B', -5, [seen(b, { status: 'CANCELLED' })], { whole: false, requestedAtMs });
    assert.deepEqual(gatewayWords(bench), ['gateway submit B sell 10']);
  });

  it('9.10 an order that its own view does not show yet holds that account back, until a reading requested since', () => {
    const bench = SITUATIONS.imbalanced?.() ?? assert.fail();
    const [intent] = bench.asked;
    assert.ok(intent);
    bench.sent(intent, 'B1', 101);
    const beforeMs = bench.nowMs - 1;
    bench.ended(intent, { kind: 'confirmed', clientOrderId: 'B1' });
    assert.deepEqual(
      bench.context.awaited.map((end) => end.clientOrderId),
      ['B1'],
    );
    bench.read('B', 0, [], { requestedAtMs: beforeMs });
    assert.deepEqual(bench.context.awaited.length, 1, 'requested before its end');
    bench.read('A', 5);
    assert.deepEqual(bench.context.awaited.length, 1, 'of the other account');
    const [order] = bench.orders;
    bench.read('B', 0, [seen(order ?? assert.fail())], { whole: false });
    assert.deepEqual(bench.context.awaited, []);
  });

  it('9.10 an order its view shows before its submission ends is waited for by nobody', () => {
    const bench = SITUATIONS.imbalanced?.() ?? assert.fail();
    const [intent] = bench.asked;
    assert.ok(intent);
    bench.sent(intent, 'B1', 101);
    bench.read('B', 0, [seen(bench.orders[0] ?? assert.fail())], { whole: false });
    bench.ended(intent, { kind: 'confirmed', clientOrderId: 'B1' });
    assert.deepEqual(bench.context.awaited, []);
  });

  it('9.10 an opening needs the other account proven since the last submission ended; a repair does not', () => {
    const other = beginning(5, -5);
    for (const intent of other.asked)
      other.ended(intent, { kind: 'unknown', clientOrderId: `${intent.account}1`, reason: failed('') });
    const atMs = other.nowMs;
    other.words();
    other.send({ type: 'order.resolved', clientOrderId: 'A1', account: 'A', atMs, outcome: 'absent' });
    other.send({ type: 'order.resolved', clientOrderId: 'B1', account: 'B', atMs, outcome: 'absent' });
    assert.deepEqual(gatewayWords(other), [], 'neither is proven since');
    other.read('A', 5, [], { requestedAtMs: atMs });
    assert.deepEqual(gatewayWords(other), [], 'a reading requested at that very moment may be from before');
    other.read('A', 5);
    assert.deepEqual(gatewayWords(other), ['gateway submit B sell 10'], 'A is, so B may open');
    const { requestedAtMs } = other.context.snapshots.B ?? assert.fail();
    other.read('B', -5, [], { whole: false, intact: true, requestedAtMs });
    assert.deepEqual(gatewayWords(other), ['gateway submit A buy 10'], 'intact streams prove as well');
  });

  it('9.10 a position that lags behind own fills delays no repair within the net, but openings', () => {
    const bench = beginning(5, -5);
    bench.confirmAll(99);
    const [a, b] = bench.orders;
    assert.ok(a && b);
    bench.read('B', -5, [seen(b, { status: 'CANCELLED' })]);
    bench.words();
    const filled = seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(99) });
    bench.read('A', 5, [filled], { whole: false });
    assert.equal(bench.phase, 'imbalanced', 'the position has not moved yet');
    assert.ok(gatewayWords(bench).includes('gateway submit B sell 10'));
  });

  it('9.10 any other difference decides nothing', () => {
    const bench = beginning(5, -5);
    bench.confirmAll(99);
    const [a] = bench.orders;
    assert.ok(a);
    bench.read('A', 6, [seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(99) })], { whole: false });
    assert.equal(bench.phase, 'waiting');
  });

  it('9.10 a lag ends after 10 s', () => {
    const bench = beginning(5, -5);
    bench.confirmAll(99);
    const [a] = bench.orders;
    assert.ok(a);
    const filled = seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(99) });
    bench.read('A', 5, [filled], { whole: false });
    bench.wait(10_000);
    bench.read('B', -5);
    bench.read('A', 5, [filled]);
    assert.equal(bench.phase, 'waiting');
  });

  it('9.7 9.10 a failed cancel leaves the order as it was, to be asked for again; one that is over is let go by its view', () => {
    const bench = SITUATIONS.equal?.() ?? assert.fail();
    bench.confirmAll(100);
    const extra = order('A', 'buy', 1, 98, { clientOrderId: 'OLD', sentAtMs: BENCH_START_MS - 99_000 });
    const openOf = (account: 'A' | 'B') =>
      bench.orders.filter((one) => one.account === account).map((one) => seen(one));
    bench.read('B', -5, openOf('B'));
    bench.read('A', 5, [...openOf('A'), seen(extra)]);
    assert.deepEqual(
      bench.words().filter((word) => word.includes('cancel')),
      ['gateway cancel A OLD'],
    );
    bench.read('A', 5, openOf('A'));
    assert.deepEqual(bench.words(), [], 'not asked for again while under way');
    bench.send({ type: 'cancel.ended', clientOrderId: 'OLD', account: 'A', atMs: bench.nowMs, outcome: 'failed' });
    assert.deepEqual(bench.words(), [], 'not at once: what failed would fail again');
    bench.read('A', 5, openOf('A'));
    assert.deepEqual(bench.words(), ['gateway cancel A OLD']);
    bench.send({ type: 'cancel.ended', clientOrderId: 'OLD', account: 'A', atMs: bench.nowMs, outcome: 'over' });
    bench.read('A', 5, [
      ...openOf('A').filter((one) => one.clientOrderId !== 'OLD'),
      seen(extra, { status: 'CANCELLED' }),
    ]);
    assert.ok(bench.orders.every((one) => one.clientOrderId !== 'OLD'));
  });
});

describe('11.3 frames before the beginning', () => {
  it('11.3 lots are founded on whole readings alone, and on none that a frame came into', () => {
    const bench = new SymbolBench({ coverage });
    bench.read('A', 5);
    bench.read('B', -4, [], { whole: false });
    assert.equal(bench.context.state.begun, false, 'B has not been read');
    const movedAtMs = bench.nowMs;
    bench.read('B', -5, [], { requestedAtMs: movedAtMs - 1, lastFrameAtMs: movedAtMs });
    assert.equal(bench.context.state.begun, false, 'a frame came between request and answer');
    bench.read('B', -5, [], { lastFrameAtMs: movedAtMs });
    assert.equal(bench.context.state.begun, true);
  });

  it('11.3 nor on a size that a frame of before the reading says and the reading does not', () => {
    const bench = new SymbolBench({ coverage });
    bench.read('A', 5);
    bench.read('B', -4, [], { asRead: false });
    assert.equal(bench.context.state.begun, false);
    bench.read('B', -5, [], { asRead: true });
    assert.equal(bench.context.state.begun, true);
  });

  it('11.3 a frame about the other account’s reading holds it back, too', () => {
    const bench = new SymbolBench({ coverage });
    bench.read('A', 5);
    bench.wait(5);
    bench.read('A', 5, [], { whole: false, lastFrameAtMs: bench.nowMs });
    bench.read('B', -5);
    assert.equal(bench.context.state.begun, false);
    bench.read('A', 5, [], { lastFrameAtMs: bench.nowMs - 10 });
    assert.equal(bench.context.state.begun, true);
  });
});

describe('10.3 10.5 data that decide nothing', () => {
  it('10.5 a contradictory reading decides nothing', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    bench.read('A', 5);
    assert.equal(bench.phase, 'waiting');
    assert.deepEqual(bench.words(), []);
    bench.read('A', 150);
    assert.equal(bench.phase, 'capped', 'it was taken between two answers');
    assert.deepEqual(bench.reported('drift.seen'), []);
  });

  it('10.5 a lasting one is logged once, and as waiting; only whole readings count', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    bench.read('A', 5);
    for (let frame = 0; frame < 3; frame += 1) bench.read('A', 5, [], { whole: false });
    assert.equal(bench.reported('drift.seen').length, 0);
    for (let reading = 0; reading < 2; reading += 1) bench.read('A', 5);
    assert.deepEqual(bench.words(), []);
    assert.equal(bench.reported('drift.seen').length, 1);
    const [reported] = bench.reported('state.changed').filter((fact) => fact.to === 'waiting');
    assert.equal(reported?.why.rule, '10.5');
    assert.equal(bench.reported('state.changed').filter((fact) => fact.to === 'waiting').length, 1);
  });

  it('10.5 three alike readings over 10 s are adopted as a lot, with one alert, and trading goes on', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    const moved = position(151, { entryPrice: d(97) });
    bench.read('A', moved);
    bench.wait(4990);
    bench.read('A', moved);
    bench.words();
    bench.wait(4990);
    bench.read('A', moved);
    assert.deepEqual(bench.words(), ['poller:A watch []'], 'what explains it is asked for');
    bench.fills.A = [{ ...FOREIGN_FILL, side: 'buy', size: d(1), price: d(98), timeMs: bench.nowMs - 9_000 }];
    bench.read('A', moved);
    assert.deepEqual(bench.words(), ['poller:A watch []', 'alert-manager raised drift']);
    const [synthetic] = bench.context.state.lots;
    assert.equal(synthetic?.source, 'drift');
    assert.equal(synthetic?.price.toFixed(), '98', 'what was paid, never entry_price');
    assert.equal(bench.context.state.contradiction.A, null);
    bench.read('B', -150);
    assert.equal(bench.phase, 'imbalanced');
    assert.equal(bench.words().filter((word) => word === 'alert-manager raised drift').length, 0);
  });

  it('10.5 positions that change by one ratio pause it: all orders are cancelled, with an alert, and nothing is adopted', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    const said: string[] = [];
    for (let reading = 0; reading < 7; reading += 1) {
      bench.read('A', 1500);
      bench.read('B', -1500);
      said.push(...bench.words());
      bench.wait(4_990);
    }
    assert.equal(bench.reported('drift.adopted').length, 0);
    assert.equal(bench.context.state.split?.ratio.toFixed(), '10');
    assert.ok(said.includes('alert-manager raised split'));
    assert.ok(!said.includes('alert-manager raised drift'), 'one alert tells it');
    assert.ok(bench.context.state.orders.every((order) => order.cancelRequestedAtMs !== null));
    assert.equal(bench.phase, 'waiting');
  });

  it('10.5 a split that one account shows first waits for a reading of the other one', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    for (let reading = 0; reading < 9; reading += 1) {
      bench.read('A', 1500);
      bench.wait(4_990);
    }
    assert.equal(bench.reported('drift.adopted').length, 0);
    bench.read('B', -1500);
    bench.read('A', 1500);
    assert.equal(bench.context.state.split?.ratio.toFixed(), '10');
  });

  it('10.5 12 a difference that changes before it is adopted is reported after 60 s, and its end', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    const [first, ...rest] = Array.from({ length: 9 }, (_, turn) => 140 + turn);
    const said: string[][] = [first, ...rest].map((size) => {
      bench.read('A', size ?? 0);
      const words = bench.alerts();
      bench.wait(7_990);
      return words;
    });
    assert.deepEqual(said.slice(0, 8).flat(), []);
    assert.deepEqual(said.slice(8).flat(), ['alert-manager raised drift-held']);
    const raised = bench.received.findLast(({ event }) => event.type === 'alert.raised')?.event.alert as Alert;
    assert.equal(raised.details.difference, '-2');
    assert.equal(raised.atMs - (raised.sinceMs ?? 0), 64_000);
    bench.read('B', -150);
    bench.read('A', 150);
    assert.equal(bench.phase, 'capped');
    assert.ok(bench.words().includes('alert-manager cleared drift-held'));
  });

  it('10.5 12 9.6 one that is held while an order is in doubt is reported as well', () => {
    const bench = new SymbolBench({
      coverage,
      state: stateWith({ orders: [order('A', 'buy', 4, 100, { unknown: true })] }),
    });
    for (let turn = 0; turn < 7; turn += 1) {
      bench.read('A', 4);
      bench.read('B', 0);
      bench.wait(9_980);
    }
    assert.ok(bench.alerts().includes('alert-manager raised drift-held'));
    assert.deepEqual(bench.reported('drift.adopted'), []);
  });

  it('10.5 3.1 both closed by hand: the book is asked for its mid, at which the difference is adopted', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    bench.wait(10_001);
    bench.read('A', 0);
    bench.read('B', 0);
    assert.ok(bench.words().includes('gateway touch'));
    for (let reading = 0; reading < 5; reading += 1) {
      bench.send(EVENTS['touch.received'](bench));
      bench.wait(5_000);
      bench.read('A', 0);
      bench.read('B', 0);
    }
    const [a, b] = bench.reported('drift.adopted');
    assert.deepEqual([a?.price.toFixed(), b?.price.toFixed()], ['100', '100']);
    assert.deepEqual(bench.context.state.contradiction, { A: null, B: null });
  });

  it('10.5 9.6 an unknown order holds the drift until it is found out', () => {
    const bench = beginning(5, -5);
    const [first, second] = bench.asked;
    assert.ok(first && second);
    bench.sent(first, 'A1', 99);
    bench.ended(first, { kind: 'unknown', clientOrderId: 'A1', reason: failed('timed out') });
    bench.ended(second, { kind: 'unsent', why: failed('parked') });
    assert.equal(bench.orders[0]?.unknown, true);
    for (let reading = 0; reading < 6; reading += 1) {
      bench.wait(5000);
      bench.read('A', 15);
      bench.read('B', -5);
    }
    assert.equal(bench.phase, 'waiting');
    assert.deepEqual(bench.reported('drift.adopted'), []);
    bench.send({ type: 'order.resolved', clientOrderId: 'A1', account: 'A', atMs: bench.nowMs, outcome: 'exists' });
    const [a] = bench.orders;
    assert.ok(a);
    assert.equal(a.unknown, false);
    bench.read('A', 15, [seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(99) })]);
    bench.read('B', -5);
    assert.equal(bench.phase, 'imbalanced');
    assert.equal(lotsNet(bench.context.state.lots).toFixed(), '10');
  });

  it('10.5 9.6 once the unknown order is proven absent the drift is adopted', () => {
    const bench = beginning(5, -5);
    const [first, second] = bench.asked;
    assert.ok(first && second);
    bench.sent(first, 'A1', 99);
    bench.ended(first, { kind: 'unknown', clientOrderId: 'A1', reason: failed('timed out') });
    bench.ended(second, { kind: 'unsent', why: failed('parked') });
    for (let reading = 0; reading < 4; reading += 1) {
      bench.wait(5000);
      bench.read('A', 15);
    }
    bench.send({ type: 'order.resolved', clientOrderId: 'A1', account: 'A', atMs: bench.nowMs, outcome: 'absent' });
    assert.deepEqual(bench.orders, []);
    bench.words();
    bench.read('A', 15);
    bench.wait(5000);
    bench.read('B', -5);
    bench.read('A', 15);
    assert.equal(bench.reported('drift.adopted').length, 1);
    assert.deepEqual(
      bench.words().filter((word) => word.endsWith('drift')),
      ['alert-manager raised drift'],
    );
  });

  it('3.1 10.3 10.5 a drift that leaves both accounts flat waits for a mark that is fresh enough to decide on', () => {
    const bench = new SymbolBench({
      coverage,
      state: stateWith({ lots: [lot(1, 'A', 'buy', 5, 110)], booked: { A: d(5), B: d(0) } }),
    });
    const touch = () => bench.send({ type: 'touch.received', bid: d(99), ask: d(101), atMs: bench.nowMs });
    touch();
    bench.wait(3_600_000);
    for (let reading = 0; reading < 5; reading += 1) {
      bench.wait(5_000);
      bench.read('A', 0);
      bench.read('B', 0);
    }
    assert.deepEqual(bench.reported('drift.adopted'), []);
    touch();
    bench.read('A', 0);
    assert.deepEqual(
      bench.reported('drift.adopted').map(({ price }) => price.toFixed()),
      ['100'],
    );
  });

  it('10.3 a failed poll while the last data are fresh changes nothing', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    bench.wait(9000);
    bench.send(EVENTS['snapshot.failed'](bench));
    assert.equal(bench.phase, 'capped');
    assert.deepEqual(bench.words(), []);
  });

  it('10.3 once the data are old a failed poll stops decisions, and fresh data of one account do not bring them back', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    bench.wait(10_001);
    bench.send(EVENTS['snapshot.failed'](bench));
    assert.equal(bench.phase, 'waiting');
    bench.read('A', 150);
    assert.equal(bench.phase, 'waiting');
    bench.read('B', -150);
    assert.equal(bench.phase, 'capped');
  });

  it('10.3 old data of one account stop decisions though the other is read', () => {
    const bench = SITUATIONS.imbalanced?.() ?? assert.fail();
    const [intent] = bench.asked;
    assert.ok(intent);
    bench.ended(intent, { kind: 'unsent', why: failed('out of reach') });
    bench.read('B', 0);
    bench.wait(10_001);
    bench.words();
    bench.read('A', 5);
    assert.equal(bench.phase, 'waiting');
    assert.deepEqual(bench.words(), []);
  });

  it('10.1 a reading older than the one we have changes nothing', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    const former = bench.context.snapshots.A;
    bench.send({
      type: 'snapshot.received',
      snapshot: bench.reading('A', 99, [], { requestedAtMs: (former?.requestedAtMs ?? 0) - 1 }),
    });
    assert.equal(bench.context.snapshots.A, former);
    assert.equal(bench.context.state.contradiction.A, null);
  });
});

describe('10.3 our clock is set back by an hour', () => {
  const HOUR_MS = 3_600_000;

  it('10.1 a reading of after it is newer all the same: its fills are booked', () => {
    const bench = beginning(5, -5);
    bench.confirmAll(99);
    const [a] = bench.orders;
    assert.ok(a);
    bench.setClockBack(HOUR_MS);
    bench.read('A', 15, [seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(99) })]);
    assert.equal(bench.context.state.booked.A.toFixed(), '15');
  });

  it('10.3 nothing is decided until both accounts are read again, then everything is as before', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    bench.setClockBack(HOUR_MS);
    bench.read('A', 150);
    assert.equal(bench.phase, 'waiting', 'B was read before');
    bench.read('B', -150);
    assert.notEqual(bench.phase, 'waiting');
  });

  it('10.3 a failed poll stops decisions: how old the last data are, nobody knows', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    bench.setClockBack(HOUR_MS);
    bench.send(EVENTS['snapshot.failed'](bench));
    assert.equal(bench.phase, 'waiting');
  });

  it('9.10 readings requested after it are later than whatever ended before it', () => {
    const bench = beginning(5, -5);
    bench.confirmAll(99);
    const [a, b] = bench.orders;
    assert.ok(a && b);
    bench.setClockBack(HOUR_MS);
    const filled = seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(99) });
    bench.read('A', 15, [filled]);
    bench.read('B', -5, [seen(b)]);
    bench.read('A', 15);
    assert.equal(bench.phase, 'imbalanced');
  });

  it('9.5 a rest ends after its cooldown, not after the hour', () => {
    const bench = SITUATIONS.cooldown?.() ?? assert.fail();
    bench.setClockBack(HOUR_MS);
    for (const account of ['A', 'B', 'A', 'B'] as const) bench.read(account, account === 'A' ? 5 : -5);
    assert.equal(bench.phase, 'cooldown');
    bench.wait(300_000);
    for (const account of ['A', 'B'] as const) bench.read(account, account === 'A' ? 5 : -5);
    assert.equal(bench.phase, 'equal');
  });

  it('7.3 a denied intent waits for its pause, not for the hour', () => {
    const bench = SITUATIONS.imbalanced?.() ?? assert.fail();
    const [intent] = bench.asked;
    assert.ok(intent);
    bench.ended(intent, { kind: 'denied', why: reason('awaits-price', '7.3') });
    bench.setClockBack(HOUR_MS);
    bench.wait(DENIED_PAUSE_MS);
    for (const _ of [1, 2]) {
      bench.read('A', 5);
      bench.read('B', 0);
    }
    assert.deepEqual(bench.words(), ['gateway submit B sell 5']);
  });

  it('10.3 what it asks for says until when it may be priced, and in which era of our clock', () => {
    const bench = SITUATIONS.imbalanced?.() ?? assert.fail();
    const { A, B } = bench.context.snapshots;
    assert.ok(A !== null && B !== null);
    const [intent] = bench.asked;
    assert.equal(intent?.validUntilMs, Math.min(A.requestedAtMs, B.requestedAtMs) + 10_000);
    assert.equal(intent?.validInEra, bench.clock.era());
  });

  for (const [name, looked] of [
    ['seen meanwhile', true],
    ['not looked at meanwhile', false],
  ] as const) {
    it(`10.3 a reading of before it stays of unknown age when the clock has run past its time again, ${name}`, () => {
      const bench = SITUATIONS.capped?.() ?? assert.fail();
      bench.setClockBack(5_000);
      if (looked) bench.read('A', 150);
      bench.wait(6_000);
      bench.read('A', 150);
      assert.ok((bench.context.snapshots.B?.requestedAtMs ?? 0) < bench.nowMs, 'B’s is dated in the past again');
      assert.equal(bench.phase, 'waiting');
      bench.read('B', -150);
      assert.notEqual(bench.phase, 'waiting');
    });
  }
});

describe('3.1 flat accounts ask for the book', () => {
  it('3.1 once, until it is answered', () => {
    const bench = beginning(0, 0);
    assert.equal(bench.phase, 'waiting');
    assert.ok(bench.words().includes('gateway touch'));
    bench.read('A', 0);
    bench.read('B', 0);
    assert.deepEqual(bench.words(), []);
    bench.send(EVENTS['touch.received'](bench));
    assert.equal(bench.phase, 'equal');
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('gateway')),
      ['gateway submit A buy 9.9', 'gateway submit B sell 9.9'],
    );
  });

  it('3.1 a failed answer is asked for again at the next reading', () => {
    const bench = quiet(beginning(0, 0));
    bench.send(EVENTS['touch.failed'](bench));
    assert.deepEqual(bench.words(), []);
    bench.read('A', 0);
    assert.deepEqual(bench.words(), ['gateway touch']);
  });

  it('3.1 a book that gives no mark twice running is why the symbol waits: reported once, and again when it is another reason', () => {
    const bench = quiet(beginning(0, 0));
    const said = () => bench.reported('symbol.idle').map(({ why }) => `${reasonText(why)} (${why.rule})`);
    const fails = (why: Reason, failure: ExchangeFailure | null = null) => {
      bench.send({ type: 'touch.failed', why, failure, atMs: bench.nowMs });
      bench.read('A', 0);
    };
    fails(reason('book-without-bids', '7.4'));
    assert.deepEqual(said(), [], 'once is no news');
    fails(reason('book-without-bids', '7.4'));
    fails(reason('book-without-bids', '7.4'));
    assert.deepEqual(said(), ['no mark: the book has no bids (3.1)']);
    fails(reason('book-crossed', '7.4', { bid: '101', ask: '100' }));
    fails(reason('book-crossed', '7.4', { bid: '102', ask: '100' }));
    fails(reason('book-unread', '7.4'), FAILURE);
    fails(reason('book-unread', '7.4'), FAILURE);
    assert.deepEqual(said().slice(1), [
      'no mark: the book is crossed: bid 101, ask 100 (3.1)',
      'no mark: the book cannot be read (3.1)',
    ]);
    bench.send(EVENTS['touch.received'](bench));
    assert.equal(bench.phase, 'equal');
  });

  it('3.1 a symbol that traded says it as a change of its state; what failed before a usable decision is forgotten', () => {
    const bench = beginning(0, 0);
    const changes = () =>
      bench.reported('state.changed').map(({ to, why }) => `${to}: ${reasonText(why)} (${why.rule})`);
    const answered = (prefix: string) => {
      bench.send(EVENTS['touch.received'](bench));
      bench.confirmAll(100, prefix);
      assert.equal(bench.phase, 'equal');
      // Both orders expire, and the touch is too old to price new ones by.
      bench.wait(11_000);
      const expired = { status: 'CANCELLED', rejectReason: 'EXPIRED' } as const;
      const over = new Map(bench.orders.map((one) => [one.account, [seen(one, expired)]]));
      bench.read('A', 0, over.get('A'));
      bench.read('B', 0, over.get('B'));
      assert.equal(bench.phase, 'waiting');
    };
    const fails = () => {
      bench.send({ type: 'touch.failed', why: reason('book-empty', '7.4'), atMs: bench.nowMs });
      bench.read('A', 0);
    };
    answered('one');
    fails();
    fails();
    assert.equal(changes().at(-1), 'waiting: no mark: the book is empty (3.1)');
    fails();
    assert.deepEqual(
      bench.reported('symbol.idle').filter(({ why }) => why.rule === '3.1'),
      [],
      'said already',
    );
    bench.wait(10);
    bench.read('B', 0);
    answered('two');
    const before = changes().length;
    fails();
    assert.equal(changes().length, before, 'the first failure after a touch');
  });

  it('3.1 9.10 an answer while something is under way is kept, and decides nothing', () => {
    const bench = SITUATIONS.equal?.() ?? assert.fail();
    bench.send(EVENTS['touch.received'](bench));
    assert.equal(bench.context.touch?.bid.toFixed(), '99');
    assert.deepEqual(bench.words(), []);
  });
});

describe('4.3 partial fills', () => {
  it('4.3 11.2 the clock survives a restart: the wait counts from the first partial fill, not from the start', () => {
    const before = SITUATIONS['partial-wait']?.() ?? assert.fail();
    const firstAt = before.orders[0]?.firstPartialAtMs;
    assert.ok(firstAt);
    const stored = before.journal.latest('symbol.state', 'BNB_USDT_Perp')?.body;
    const restored = new SymbolBench({ coverage, state: decode<SymbolState>(encode(stored)) });
    const [a] = restored.orders;
    assert.ok(a);
    assert.equal(a.firstPartialAtMs, firstAt);
    const partly = [seen(a, { tradedSize: d(3), avgFillPrice: d(100) })];
    const both = () => {
      restored.read('A', 8, partly);
      restored.read('B', -5);
    };
    restored.wait(firstAt + 1_800_000 - restored.nowMs - 30);
    both();
    assert.equal(restored.phase, 'partial-wait');
    restored.wait(30);
    both();
    assert.equal(restored.phase, 'imbalanced');
    assert.equal(lotsNet(restored.context.state.lots).toFixed(), '3');
  });

  it('4.3 6.4 in partial-wait nothing new is asked for; filled, the other leg covers the net', () => {
    const bench = SITUATIONS['partial-wait']?.({ config: { imbalanceLimitUsdt: d(0) } }) ?? assert.fail();
    const [a] = bench.orders;
    assert.ok(a);
    bench.read('A', 15, [seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(100) })]);
    assert.equal(bench.phase, 'imbalanced');
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('gateway')),
      [],
      'B’s opening of the same size covers the net',
    );
  });
});

describe('9.5 rests, and what ends a submission', () => {
  const both = (bench: SymbolBench, a: number, b: number) => {
    bench.read('A', a);
    bench.read('B', b);
  };

  it('6.4 a covered net is answered by a second order, which must be nearer to the market', () => {
    const bench = beginning(5, -5);
    bench.confirmAll(100);
    const [a] = bench.orders;
    assert.ok(a);
    bench.read('A', 15, [seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(100) })]);
    bench.read('B', -5);
    const [intent] = bench.asked;
    assert.equal(intent?.account, 'B');
    assert.equal(intent?.nearerThanPrice?.toFixed(), '100');
  });

  it('9.5 attempts used up: cooldown, an alert, and nothing asked for until it is over', () => {
    const bench = beginning(5, -5);
    const [first, second] = bench.asked;
    assert.ok(first && second);
    bench.words();
    bench.ended(first, { kind: 'exhausted', attempts: 5 });
    assert.deepEqual(bench.words(), ['alert-manager raised post-only-exhausted']);
    bench.ended(second, { kind: 'denied', why: reason('awaits-price', '13.1') });
    both(bench, 5, -5);
    assert.equal(bench.phase, 'cooldown');
    bench.wait(299_900);
    both(bench, 5, -5);
    assert.equal(bench.phase, 'cooldown');
    bench.words();
    bench.wait(200);
    both(bench, 5, -5);
    assert.equal(bench.phase, 'equal');
    const submits = () => bench.words().filter((word) => word.startsWith('gateway submit'));
    assert.deepEqual(submits(), ['gateway submit A buy 10']);
    bench.confirmAll();
    both(bench, 5, -5);
    assert.deepEqual(submits(), ['gateway submit B sell 10'], '5.7 the other leg waits until the first rests');
  });

  it('9.5 a refusal rests 10 s; the first order that goes through afterwards ends the alerts', () => {
    const bench = SITUATIONS.cooldown?.() ?? assert.fail();
    assert.equal(bench.context.state.rests?.length, 2, 'both legs were refused');
    bench.wait(20_000);
    both(bench, 5, -5);
    assert.equal(bench.phase, 'equal');
    bench.words();
    // One leg at a time, since neither could open for 10 s (5.7); the alert is over with the last rest.
    bench.confirmAll();
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('alert-manager')),
      [],
    );
    both(bench, 5, -5);
    assert.deepEqual(
      bench.asked.map(({ account }) => account),
      ['B'],
    );
    bench.confirmAll();
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('alert-manager')),
      ['alert-manager cleared order-refused'],
    );
    assert.deepEqual(bench.context.state.rests, []);
  });

  for (const [when, waitMs, phase] of [
    ['while it rests', 0, 'cooldown'],
    ['after the rest', 11_000, 'equal'],
  ] as const) {
    it(`9.5 the other leg going through ${when} is no order that goes through afterwards`, () => {
      const bench = beginning(5, -5);
      const [first, second] = bench.asked;
      assert.ok(first && second);
      bench.ended(first, { kind: 'refused', code: 2032, reason: failed('too much') });
      bench.sent(second, 'B1', 101);
      bench.wait(waitMs);
      bench.words();
      bench.ended(second, { kind: 'confirmed', clientOrderId: 'B1' });
      assert.deepEqual(bench.words(), ['poller:B watch [B1]']);
      both(bench, 5, -5);
      assert.equal(bench.phase, phase);
      assert.equal(bench.context.state.rests?.[0]?.inARow, 1);
    });
  }

  it('6.3 9.5 a refused repair rests its account alone: the other way goes at once, and first for 15 minutes', () => {
    const bench = beginning(10, -5);
    const [smaller] = bench.asked;
    assert.deepEqual([smaller?.account, smaller?.side], ['B', 'sell']);
    bench.ended(smaller ?? assert.fail(), { kind: 'refused', code: 2080, reason: failed('margin') });
    both(bench, 10, -5);
    assert.equal(bench.phase, 'imbalanced');
    const [larger] = bench.asked;
    assert.deepEqual([larger?.account, larger?.side, larger?.size.toFixed()], ['A', 'sell', '5']);
    bench.ended(larger ?? assert.fail(), { kind: 'denied', why: reason('awaits-price', '7.3') });
    const next = () => {
      both(bench, 10, -5);
      const [intent] = bench.asked;
      if (intent) bench.ended(intent, { kind: 'denied', why: reason('awaits-price', '7.3') });
      return intent?.account;
    };
    bench.wait(14 * 60_000);
    assert.equal(next(), 'A');
    bench.wait(61_000);
    assert.equal(next(), 'B');
  });

  it('9.5 where both accounts were refused, the symbol rests', () => {
    const bench = beginning(10, -5);
    for (const account of ['B', 'A'] as const) {
      const intent = bench.asked.find((one) => one.account === account);
      bench.ended(intent ?? assert.fail(), { kind: 'refused', code: 2032, reason: failed('no') });
      both(bench, 10, -5);
    }
    assert.equal(bench.phase, 'cooldown');
  });

  describe('9.13 an account or an instrument that may only be reduced', () => {
    const of = (bench: SymbolBench, account: 'A' | 'B') =>
      bench.asked.find((one) => one.account === account) ?? assert.fail(`nothing is asked of ${account}`);
    const demanded = (bench: SymbolBench, account: 'A' | 'B', code: number) =>
      bench.ended(of(bench, account), { kind: 'refused', code, reason: failed('may only reduce') });
    const reported = (bench: SymbolBench) =>
      bench.received.flatMap(({ by, event }) =>
        by === 'daemon' && event.type === 'reduce-only.changed' ? [event.demand as ReduceOnly | null] : [],
      );

    it('2091 on the account that should repair: no rest, no refusal alert, the other way at once, reported to the daemon', () => {
      const bench = quiet(beginning(10, -5));
      demanded(bench, 'B', 2091);
      both(bench, 10, -5);
      assert.deepEqual([...new Set(bench.alerts())], ['alert-manager raised reduce-only']);
      assert.deepEqual(bench.context.state.rests, []);
      assert.deepEqual([of(bench, 'A').side, of(bench, 'A').reduceOnly], ['sell', undefined]);
      assert.deepEqual(
        reported(bench).map((one) => one?.account),
        ['B'],
      );
    });

    it('an order that shrinks is sent again with the flag at once; refused with it, it rests', () => {
      const bench = beginning(10, -5, { config: { positionMode: 'decrease', minTotalPositionUsdt: d(0) } });
      demanded(bench, 'A', 7304);
      both(bench, 10, -5);
      assert.equal(of(bench, 'A').reduceOnly, true);
      demanded(bench, 'A', 7304);
      assert.deepEqual(
        bench.context.state.rests?.map(({ account, purpose }) => [account, purpose]),
        [['A', 'repair']],
      );
      assert.ok(bench.alerts().includes('alert-manager raised order-refused'));
      assert.deepEqual(reported(bench), []);
    });

    /** Hedged, both legs refused, and 15 minutes later. */
    const tried = (code: number): SymbolBench => {
      const bench = beginning(5, -5);
      for (const { account } of bench.asked) demanded(bench, account, code);
      both(bench, 5, -5);
      assert.deepEqual(bench.asked, []);
      assert.equal(bench.phase, 'equal');
      bench.wait(GROWTH_TRY_MS - 60_000);
      both(bench, 5, -5);
      assert.deepEqual(bench.asked, []);
      bench.wait(60_000);
      both(bench, 5, -5);
      return bench;
    };

    it('every 15 minutes one leg is tried; once it rests, the other follows and the alert is over', () => {
      const bench = tried(7304);
      assert.deepEqual(
        bench.asked.map(({ account, reduceOnly }) => [account, reduceOnly]),
        [['A', undefined]],
      );
      bench.words();
      bench.confirmAll();
      assert.deepEqual(bench.context.state.reduceOnly, []);
      const [a] = bench.orders;
      bench.read('A', 5, a ? [seen(a)] : []);
      bench.read('B', -5);
      assert.deepEqual(
        bench.asked.map(({ account }) => account),
        ['B'],
      );
      assert.ok(bench.words().includes('alert-manager cleared reduce-only'));
    });

    it('a try that is refused again is followed by the next one 15 minutes later', () => {
      const bench = tried(2091);
      const first = of(bench, 'A');
      demanded(bench, 'A', 2091);
      both(bench, 5, -5);
      assert.deepEqual(bench.asked, []);
      bench.wait(GROWTH_TRY_MS);
      both(bench, 5, -5);
      assert.deepEqual(
        bench.asked.map(({ account, intentId }) => [account, intentId === first.intentId]),
        [['A', false]],
      );
    });

    it('a try that never left is made again, not 15 minutes later', () => {
      const bench = tried(7304);
      bench.ended(of(bench, 'A'), { kind: 'unsent', why: failed('the budget'), failure: null });
      bench.wait(DENIED_PAUSE_MS);
      both(bench, 5, -5);
      assert.equal(of(bench, 'A').reduceOnly, undefined);
    });

    it('what another symbol has learnt of the account counts here, until it has learnt that it is over', () => {
      const bench = beginning(10, -5);
      const { nowMs } = bench;
      const demand = { account: 'B', sinceMs: nowMs, nextTryMs: nowMs + GROWTH_TRY_MS } as const;
      const about = { type: 'reduce-only.changed', account: 'B', instrument: 'ETH_USDT_Perp' } as const;
      bench.send({ ...about, demand });
      bench.ended(of(bench, 'B'), { kind: 'outdated' });
      both(bench, 10, -5);
      bench.send({ ...about, demand: null });
      bench.ended(of(bench, 'A'), { kind: 'outdated' });
      both(bench, 10, -5);
      assert.equal(of(bench, 'B').side, 'sell');
      assert.deepEqual(reported(bench), []);
    });

    it('11.2 a restart remembers it', () => {
      const bench = beginning(10, -5);
      demanded(bench, 'B', 2091);
      const entry = bench.journal.latest('symbol.state', 'BNB_USDT_Perp');
      const again = beginning(10, -5, { state: entry?.body ?? assert.fail() });
      assert.equal(of(again, 'A').side, 'sell');
    });
  });

  const endOne = (bench: SymbolBench, rejectReason: string, prefix = '') => {
    bench.confirmAll(100, prefix);
    const b = bench.orders.find(({ account }) => account === 'B') ?? assert.fail();
    const rest = bench.orders.filter(({ account }) => account === 'A').map((one) => seen(one));
    bench.words();
    bench.read('A', 5, rest);
    bench.read('B', -5, [seen(b, { status: 'CANCELLED', rejectReason })]);
    return bench.words();
  };

  it('9.5 an order that the exchange ends rests its account and purpose, longer each time, with the reason in the alert', () => {
    const bench = beginning(5, -5);
    assert.deepEqual(
      endOne(bench, 'BELOW_MARGIN').filter((word) => !word.startsWith('poller')),
      ['alert-manager raised order-ended', 'daemon order.ended'],
    );
    assert.equal(bench.phase, 'cooldown');
    const [rest] = bench.context.state.rests ?? [];
    assert.deepEqual([rest?.account, rest?.purpose, rest?.by, rest?.inARow], ['B', 'opening', 'end', 1]);
    // 5.7: B tries again alone, A's leg waits; that it rests again proves nothing yet.
    bench.wait(11_000);
    const [a] = bench.orders;
    bench.read('A', 5, a ? [seen(a)] : []);
    bench.read('B', -5);
    assert.deepEqual(
      bench.asked.map(({ account }) => account),
      ['B'],
    );
    endOne(bench, 'BELOW_MARGIN', 'again ');
    assert.equal(bench.context.state.rests?.[0]?.inARow, 2);
  });

  it('9.5 one cancelled by hand rests openings only', () => {
    const bench = beginning(10, -5);
    assert.ok(endOne(bench, 'CLIENT_CANCEL').includes('alert-manager raised order-ended'));
    assert.deepEqual(
      bench.context.state.rests?.map(({ account, purpose }) => [account, purpose]),
      [['B', 'opening']],
    );
    both(bench, 10, -5);
    assert.equal(bench.phase, 'imbalanced');
  });

  it('9.5 one that our own cancel, its expiry or a stop ended is none', () => {
    assert.ok(!endOne(beginning(5, -5), 'EXPIRED').includes('alert-manager raised order-ended'));
    const bench = SITUATIONS.draining?.() ?? assert.fail();
    const [a] = bench.orders;
    bench.read('A', 5, [seen(a ?? assert.fail(), { status: 'CANCELLED', rejectReason: 'CLIENT_CANCEL' })]);
    assert.ok(!bench.words().includes('alert-manager raised order-ended'));
  });

  describe('5.7 9.8 an account that is gone', () => {
    const parked = (account: 'A' | 'B') => ({ type: 'account.parked', account, failure: FAILURE }) as const;
    const resting = (bench: SymbolBench, account: 'A' | 'B') =>
      bench.orders.filter((one) => one.account === account).map((one) => seen(one));

    it('9.8 parked: the other one opens nothing, and has its opening cancelled after 10 s', () => {
      const bench = beginning(5, -5);
      bench.confirmAll();
      bench.send(parked('A'));
      bench.words();
      bench.wait(9_000);
      bench.read('A', 5, resting(bench, 'A'));
      bench.read('B', -5, resting(bench, 'B'));
      assert.deepEqual(bench.words(), []);
      bench.wait(2_000);
      bench.read('B', -5, resting(bench, 'B'));
      assert.deepEqual(bench.words(), ['gateway cancel B B1']);
    });

    it('9.8 parked with a net: the other one repairs while both views are usable, the parked one never', () => {
      const bench = new SymbolBench({ coverage });
      bench.send(parked('B'));
      bench.read('A', 10);
      bench.read('B', -5);
      assert.deepEqual(
        bench.asked.map(({ account, side, purpose }) => [account, side, purpose]),
        [['A', 'sell', 'repair']],
      );
    });

    it('9.8 back again: both open', () => {
      const bench = new SymbolBench({ coverage });
      bench.send(parked('A'));
      both(bench, 5, -5);
      assert.deepEqual(bench.asked, []);
      bench.send({ type: 'account.unparked', account: 'A' });
      both(bench, 5, -5);
      assert.equal(bench.asked.length, 2);
    });

    it('18.1 the journal out of reach: nothing is created, openings are cancelled after 5 s, both open once it answers', () => {
      const bench = beginning(5, -5);
      bench.confirmAll();
      bench.send({ type: 'journal.reach', sinceMs: bench.nowMs, why: whyOf('connection refused') });
      bench.words();
      bench.wait(4_000);
      bench.read('A', 5, resting(bench, 'A'));
      bench.read('B', -5, resting(bench, 'B'));
      assert.deepEqual(bench.words(), []);
      bench.wait(1_500);
      bench.read('A', 5, resting(bench, 'A'));
      bench.read('B', -5, resting(bench, 'B'));
      assert.deepEqual(bench.words().sort(), ['gateway cancel A A1', 'gateway cancel B B1']);
    });

    it('8.6 openings are stopped: live ones are cancelled at once and none are made; both open once it ends', () => {
      const bench = beginning(5, -5);
      bench.confirmAll();
      bench.words();
      bench.send({ type: 'openings.stopped', why: MARGIN_STOP });
      assert.deepEqual(bench.words().sort(), ['gateway cancel A A1', 'gateway cancel B B1']);
      const other = new SymbolBench({ coverage });
      other.send({ type: 'openings.stopped', why: MARGIN_STOP });
      both(other, 5, -5);
      assert.deepEqual(other.asked, []);
      other.send({ type: 'openings.stopped', why: null });
      assert.deepEqual(
        other.asked.map(({ purpose }) => purpose),
        ['opening', 'opening'],
      );
    });

    it('8.6 openings are stopped: a net is repaired, and no further than to zero', () => {
      const bench = new SymbolBench({ coverage });
      bench.send({ type: 'openings.stopped', why: MARGIN_STOP });
      both(bench, 10, -5);
      assert.deepEqual(
        bench.asked.map(({ account, side, size, purpose }) => [account, side, size.toFixed(), purpose]),
        [['B', 'sell', '5', 'repair']],
      );
    });

    it('8.6 an intent that was decided before openings were stopped is withdrawn', () => {
      const bench = beginning(5, -5);
      bench.words();
      bench.send({ type: 'openings.stopped', why: MARGIN_STOP });
      assert.ok(bench.words().some((word) => word.includes('intents.outdated')));
    });

    it('18.1 the journal out of reach with a net: no repair is created; one that rests stays; both once it answers', () => {
      const bench = new SymbolBench({ coverage });
      bench.send({ type: 'journal.reach', sinceMs: bench.nowMs, why: whyOf('connection refused') });
      bench.read('A', 10);
      bench.read('B', -5);
      assert.deepEqual(bench.asked, []);
      bench.send({ type: 'journal.reach', sinceMs: null, why: null });
      both(bench, 10, -5);
      assert.equal(bench.asked.length, 1);
      bench.confirmAll();
      bench.send({ type: 'journal.reach', sinceMs: bench.nowMs, why: whyOf('connection refused') });
      bench.words();
      bench.wait(6_000);
      for (const [account, size] of [
        ['A', 10],
        ['B', -5],
      ] as const)
        bench.read(account, size, resting(bench, account));
      assert.deepEqual(bench.words(), []);
    });

    it('5.7 unreadable for 30 s: its partner’s opening is cancelled; one that hedges the net stays', () => {
      for (const [b, words] of [
        [-5, ['gateway cancel B B1']],
        [5, []],
      ] as const) {
        const bench = beginning(5, -5);
        bench.confirmAll();
        const [a] = bench.orders;
        if (b > 0) {
          bench.read('A', 15, [
            seen(a ?? assert.fail(), { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(100) }),
          ]);
        }
        bench.words();
        bench.wait(20_000);
        bench.read('B', -5, resting(bench, 'B'));
        const isCancel = (word: string) => word.startsWith('gateway cancel');
        assert.deepEqual(bench.words().filter(isCancel), []);
        bench.wait(11_000);
        bench.read('B', -5, resting(bench, 'B'));
        assert.deepEqual(bench.words().filter(isCancel), words);
      }
    });

    it('5.7 its creates do not leave for 10 s: likewise, and its leg goes first when they do', () => {
      const bench = beginning(5, -5);
      const [a, b] = bench.asked;
      bench.sent(b ?? assert.fail(), 'B1', 100);
      bench.ended(b ?? assert.fail(), { kind: 'confirmed', clientOrderId: 'B1' });
      const failure = { ...FAILURE, kind: 'rate-limited', call: 'createOrder' } as const;
      const unsent = (intent: typeof a) =>
        bench.ended(intent ?? assert.fail(), { kind: 'unsent', why: failed('HTTP 429'), failure });
      unsent(a);
      bench.wait(11_000);
      bench.read('A', 5);
      bench.read('B', -5, resting(bench, 'B'));
      bench.words();
      unsent(bench.asked[0]);
      bench.read('A', 5);
      bench.read('B', -5, resting(bench, 'B'));
      assert.deepEqual(
        bench.words().filter((word) => word.startsWith('gateway')),
        ['gateway cancel B B1'],
      );
    });
  });

  it('9.5 in cooldown the reason is reported once, while the seconds count', () => {
    const bench = SITUATIONS.cooldown?.() ?? assert.fail();
    const before = bench.reported('symbol.idle').length;
    for (let reading = 0; reading < 3; reading += 1) {
      bench.wait(2000);
      both(bench, 5, -5);
    }
    assert.equal(bench.phase, 'cooldown');
    assert.equal(bench.reported('symbol.idle').length, before);
  });

  it('7.3 at a limit the reason is reported once, while the mark moves', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    const before = bench.reported('symbol.idle').length;
    for (const mark of ['100.3', '100.7', '101.1']) {
      bench.read('A', position(150, { markPrice: d(mark) }));
      bench.read('B', position(-150, { markPrice: d(mark) }));
    }
    assert.equal(bench.phase, 'capped');
    assert.equal(before, 1);
    assert.equal(bench.reported('symbol.idle').length, 1);
  });

  it('7.3 a denied intent is not asked for again at once, but after a pause', () => {
    const bench = SITUATIONS.imbalanced?.() ?? assert.fail();
    const [intent] = bench.asked;
    assert.ok(intent);
    bench.ended(intent, { kind: 'denied', why: reason('awaits-price', '7.3') });
    both(bench, 5, 0);
    assert.equal(bench.phase, 'imbalanced');
    assert.deepEqual(bench.words(), []);
    bench.wait(DENIED_PAUSE_MS);
    both(bench, 5, 0);
    assert.deepEqual(bench.words(), ['gateway submit B sell 5']);
  });

  it('7.3 why it waits is reported once, however often the denied intent is tried again', () => {
    const bench = SITUATIONS.imbalanced?.() ?? assert.fail();
    bench.ended(bench.asked[0] ?? assert.fail(), { kind: 'denied', why: reason('awaits-price', '6.4') });
    for (let round = 1; round <= 3; round += 1) {
      both(bench, 5, 0);
      bench.wait(DENIED_PAUSE_MS);
      both(bench, 5, 0);
      assert.deepEqual(bench.words(), ['gateway submit B sell 5']);
      bench.ended(bench.asked.at(-1) ?? assert.fail(), { kind: 'denied', why: reason('awaits-price', '6.4') });
    }
    assert.equal(bench.reported('symbol.idle').length, 1);
  });

  it('9.4 9.5 a refused attempt is no order any more, the next attempt is', () => {
    const bench = SITUATIONS.imbalanced?.() ?? assert.fail();
    const [intent] = bench.asked;
    assert.ok(intent);
    bench.sent(intent, 'one', 101);
    bench.send({ type: 'attempt.refused', clientOrderId: 'one', account: 'B', atMs: bench.nowMs });
    bench.sent(intent, 'two', 102);
    assert.deepEqual(
      bench.orders.map((one) => one.clientOrderId),
      ['two'],
    );
    bench.ended(intent, { kind: 'confirmed', clientOrderId: 'two' });
    assert.deepEqual(bench.orders[0]?.confirmedAtMs, bench.nowMs);
  });
});

describe('10.2 9.6 orders that are nowhere to be seen', () => {
  it('10.2 9.6 one the exchange does not know is found out once, and no longer looked for by polls', () => {
    const bench = SITUATIONS['partial-wait']?.() ?? assert.fail();
    const former = bench.context.snapshots.B;
    bench.read('B', former?.position ?? null, [], { absent: ['B1'] });
    assert.deepEqual(bench.words(), ['poller:B watch []', 'gateway resolve B B1']);
    bench.read('B', former?.position ?? null, [], { absent: ['B1'] });
    assert.deepEqual(bench.words(), []);
  });

  it('9.6 found again it is watched again', () => {
    const bench = SITUATIONS['partial-wait']?.() ?? assert.fail();
    bench.read('B', -5, [], { absent: ['B1'] });
    bench.words();
    bench.send({ type: 'order.resolved', clientOrderId: 'B1', account: 'B', atMs: bench.nowMs, outcome: 'exists' });
    assert.deepEqual(bench.words(), ['poller:B watch [B1]']);
  });
});

describe('5 the states in turn', () => {
  it('5 4.4 6.3 a pair is opened, one leg fills, the other hedges it: equal, imbalanced, equal', () => {
    const bench = beginning(5, -5, { config: { imbalanceLimitUsdt: d(0) } });
    const [a, b] = bench.asked;
    assert.ok(a && b);
    bench.sent(a, 'A1', 100);
    bench.ended(a, { kind: 'confirmed', clientOrderId: 'A1' });
    bench.sent(b, 'B1', 101);
    bench.ended(b, { kind: 'confirmed', clientOrderId: 'B1' });
    const [first, second] = bench.orders as [ManagedOrder, ManagedOrder];
    bench.read('A', 15, [seen(first, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(100) })]);
    bench.read('B', -5, [seen(second)]);
    assert.equal(bench.phase, 'imbalanced');
    bench.read('A', 15);
    bench.read('B', -15, [seen(second, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(101) })]);
    assert.equal(bench.phase, 'equal');
    assert.equal(bench.context.state.realised.hedges, 1);
    assert.equal(bench.context.state.realised.hedgeGainUsdt.toFixed(), '10');
    assert.deepEqual(
      bench.reported('state.changed').map((fact) => `${fact.from} ${fact.to}`),
      ['waiting equal', 'equal imbalanced', 'imbalanced equal'],
    );
  });

  it('5.5 not hedged and blocked both ways is capped: what is held of one account is waiting fills alone', () => {
    const waits = order('A', 'sell', 10, 101, {
      clientOrderId: 'A1',
      tradedSize: d(5),
      avgFillPrice: d(101),
      firstPartialAtMs: BENCH_START_MS,
    });
    const bench = new SymbolBench({
      coverage,
      config: { maxTotalPositionUsdt: d(0), minTotalPositionUsdt: d(0) },
      state: {
        begun: true,
        orders: [waits],
        lots: [lot(1, 'A', 'buy', 5, 100)],
        nextLotId: 2,
        booked: { A: d(5), B: d(0) },
      },
    });
    bench.read('A', null, [seen(waits)]);
    bench.read('B', null);
    bench.send(EVENTS['touch.received'](bench));
    assert.equal(bench.phase, 'capped');
    assert.ok(bench.words().includes('alert-manager raised repair-blocked'));
  });

  describe('12.2 what the daily report says of a stuck symbol', () => {
    const stuckBench = (unhedgedSinceMs = BENCH_START_MS - 6 * 3_600_000) =>
      new SymbolBench({
        coverage,
        state: {
          begun: true,
          lots: [lot(1, 'A', 'buy', 5, 110)],
          nextLotId: 2,
          booked: { A: d(5), B: d(0) },
          unhedgedSinceMs,
          acceptedMark: d(100),
        },
      });
    const reading = (bench: SymbolBench) => {
      bench.read('A', 5);
      bench.read('B', 0);
    };
    const asks = (bench: SymbolBench) => bench.words().filter((text) => text === 'gateway touch').length;
    const touch = (bench: SymbolBench) =>
      bench.send({ type: 'touch.received', bid: d(99), ask: d(101), atMs: bench.nowMs });

    it('12.2 a stuck symbol asks for the touch, not again while it waits, and once a minute after that', () => {
      const bench = stuckBench();
      reading(bench);
      assert.equal(asks(bench), 1);
      reading(bench);
      assert.equal(asks(bench), 0);
      touch(bench);
      reading(bench);
      assert.equal(asks(bench), 0);
      bench.wait(STUCK_TOUCH_MS);
      bench.ended(bench.asked[0] ?? assert.fail(), { kind: 'denied', why: reason('awaits-price', '6.4') });
      reading(bench);
      assert.equal(asks(bench), 1);
    });

    it('12.2 a symbol that is not stuck yet does not ask', () => {
      const bench = stuckBench(BENCH_START_MS - 3_600_000);
      reading(bench);
      assert.equal(asks(bench), 0);
    });

    it('12.2 the report waits for the touch that was asked for, and names side, size, guard and touch', () => {
      const bench = stuckBench();
      reading(bench);
      assert.equal(reportOf(bench.context, bench.nowMs), null);
      touch(bench);
      const reported = reportOf(bench.context, bench.nowMs)?.stuck;
      assert.ok(reported);
      assert.deepEqual(
        [reported.hedgeSide, reported.size.toFixed(), reported.guardPrice?.toFixed(), reported.touch?.toFixed()],
        ['sell', '5', '110', '101'],
      );
    });

    it('12.2 without an answer, or with an old one, the report goes without a touch rather than with a wrong one', () => {
      const bench = stuckBench();
      reading(bench);
      bench.send({ type: 'touch.failed', why: reason('book-empty', '7.4'), atMs: bench.nowMs });
      assert.equal(reportOf(bench.context, bench.nowMs)?.stuck?.touch, null);
      touch(bench);
      bench.wait(2 * STUCK_TOUCH_MS);
      assert.equal(reportOf(bench.context, bench.nowMs)?.stuck?.touch, null);
    });

    it('12.2 a hedged symbol is known not to be stuck; one that has not begun is not known', () => {
      assert.deepEqual(reportOf((SITUATIONS.equal?.() ?? assert.fail()).context, 0), { stuck: null });
      assert.equal(reportOf(new SymbolBench({ coverage }).context, 0), null);
    });
  });

  it('12 the unhedged alert is raised with every decision while it holds, and cleared when hedged', () => {
    const stuckMs = 6 * 3_600_000;
    const bench = new SymbolBench({
      coverage,
      state: {
        begun: true,
        lots: [lot(1, 'A', 'buy', 5, 110)],
        nextLotId: 2,
        booked: { A: d(5), B: d(0) },
        unhedgedSinceMs: BENCH_START_MS - stuckMs,
      },
    });
    bench.read('A', 5);
    bench.read('B', 0);
    assert.ok(bench.words().includes('alert-manager raised unhedged'));
    const [intent] = bench.asked;
    assert.ok(intent);
    assert.equal(intent.guardPrice?.toFixed(), '110');
    bench.sent(intent, 'B1', 110);
    bench.ended(intent, { kind: 'confirmed', clientOrderId: 'B1' });
    const [b] = bench.orders;
    assert.ok(b);
    bench.read('A', 5);
    bench.read('B', -5, [seen(b, { status: 'FILLED', tradedSize: d(5), avgFillPrice: d(110) })]);
    assert.equal(bench.phase, 'equal');
    assert.ok(bench.words().includes('alert-manager cleared unhedged'));
    assert.equal(bench.context.state.unhedgedSinceMs, null);
  });
});

describe('12 stuck, and nothing to decide on', () => {
  const stuckMs = 6 * 3_600_000;
  const stuck = (over: Partial<SymbolState> = {}): SymbolBench =>
    new SymbolBench({
      coverage,
      state: {
        begun: true,
        lots: [lot(1, 'A', 'buy', 5, 110)],
        nextLotId: 2,
        booked: { A: d(5), B: d(0) },
        unhedgedSinceMs: BENCH_START_MS - stuckMs,
        ...over,
      },
    });

  it('12 10.3 the unhedged alert goes on while an account cannot be read, and the first decision finds whether it is over', () => {
    const bench = stuck();
    bench.read('A', 5);
    assert.deepEqual(bench.alerts(), [], 'B is being read');
    bench.read('A', 5);
    const raised = bench.received.find(({ event }) => event.type === 'alert.raised')?.event.alert as Alert;
    assert.deepEqual(plain([raised.kind, raised.sinceMs, raised.details]), [
      'unhedged',
      BENCH_START_MS - stuckMs,
      { net: '5', side: 'sell', guard: '110', hours: '6' },
    ]);
    bench.read('B', 0);
    bench.words();
    bench.wait(3_600_000);
    for (const _ of [1, 2]) bench.send(EVENTS['snapshot.failed'](bench));
    assert.equal(bench.phase, 'waiting');
    assert.ok(bench.alerts().includes('alert-manager raised unhedged'));
  });

  it('12 10.3 it gets to be six hours while nothing can be decided, and hedged it is over', () => {
    const bench = stuck({ unhedgedSinceMs: BENCH_START_MS });
    bench.read('A', 5);
    bench.read('B', 0);
    const [intent] = bench.asked;
    assert.ok(intent);
    bench.sent(intent, 'B1', 110);
    bench.ended(intent, { kind: 'confirmed', clientOrderId: 'B1' });
    const [b] = bench.orders;
    assert.ok(b);
    bench.wait(stuckMs);
    assert.deepEqual(bench.alerts(), []);
    for (const _ of [1, 2]) bench.send(EVENTS['snapshot.failed'](bench));
    assert.equal(bench.phase, 'waiting');
    assert.deepEqual(bench.alerts(), ['alert-manager raised unhedged']);
    bench.read('A', 5);
    bench.read('B', -5, [seen(b, { status: 'FILLED', tradedSize: d(5), avgFillPrice: d(110) })]);
    assert.equal(bench.phase, 'equal');
    assert.ok(bench.words().includes('alert-manager cleared unhedged'));
  });

  it('12 lots that cancel each other are not stuck, though no decision has said so yet', () => {
    const bench = stuck({ lots: [], booked: { A: d(5), B: d(-5) } });
    for (const _ of [1, 2, 3]) bench.read('A', 5);
    assert.equal(bench.phase, 'waiting');
    assert.deepEqual(bench.alerts(), []);
  });
});

describe('15 halted', () => {
  it('15 halted: nothing is asked for any more, fills are booked and surplus is trimmed', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    bench.send(EVENTS['trading.halt'](bench));
    const late = order('A', 'buy', 10, 99, { clientOrderId: 'LATE' });
    bench.read('A', 150, [seen(late)]);
    bench.read('B', -150);
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('gateway')),
      ['gateway cancel A LATE'],
    );
    bench.send({ type: 'cancel.ended', clientOrderId: 'LATE', account: 'A', atMs: bench.nowMs, outcome: 'over' });
    bench.read('A', 160, [seen(late, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(99) })]);
    bench.read('B', -150);
    assert.equal(bench.phase, 'imbalanced');
    assert.equal(lotsNet(bench.context.state.lots).toFixed(), '10');
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('gateway')),
      [],
    );
  });
});

describe('11.6 an instrument that the exchange does not list any more', () => {
  const restored = stateWith({
    booked: { A: d(5), B: d(0) },
    lots: [lot(1, 'A', 'buy', 5, 100)],
    unhedgedSinceMs: 0,
  });

  it('11.6 places nothing, keeps positions and lots, books fills, and is reported', () => {
    const bench = new SymbolBench({ coverage, unlisted: true, state: restored });
    assert.deepEqual(bench.alerts(), ['alert-manager raised instrument-unlisted']);
    bench.read('A', 5);
    bench.read('B', 0);
    assert.equal(bench.phase, 'imbalanced');
    assert.deepEqual(bench.asked, []);
    assert.equal(lotsNet(bench.context.state.lots).toFixed(), '5');
    assert.ok(bench.alerts().includes('alert-manager raised instrument-unlisted'));
    const [idle] = bench.reported('symbol.idle');
    assert.deepEqual(idle?.why, reason('unlisted', '11.6'));
  });

  it('11.6 while both accounts are flat it asks for no book, however long', () => {
    const bench = new SymbolBench({ coverage, unlisted: true, state: stateWith() });
    for (let polls = 0; polls < 3; polls += 1) {
      bench.read('A', null);
      bench.read('B', null);
    }
    assert.equal(bench.phase, 'waiting');
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('gateway')),
      [],
    );
  });

  it('11.6 while both accounts are flat what rests is cancelled, once: its fill could not be hedged', () => {
    const rests = [order('A', 'buy', 1, 99), order('B', 'sell', 1, 101)];
    const bench = quiet(new SymbolBench({ coverage, unlisted: true, state: stateWith({ orders: rests }) }));
    const rest = () => {
      for (const one of rests) bench.read(one.account, null, [seen(one)]);
    };
    rest();
    assert.deepEqual(
      bench.orderWords(),
      rests.map((one) => `gateway cancel ${one.account} ${one.clientOrderId}`),
    );
    rest();
    assert.deepEqual(bench.orderWords(), []);
  });

  it('12 11.6 stuck, it asks for no book either', () => {
    const bench = new SymbolBench({ coverage, unlisted: true, state: restored });
    bench.wait(7 * 3_600_000);
    bench.read('A', 5);
    bench.read('B', 0);
    const words = bench.words();
    assert.ok(words.includes('alert-manager raised unhedged'), words.join('\n'));
    assert.ok(!words.includes('gateway touch'));
  });

  it('11.6 taken off the list while it runs: what was decided is withdrawn, what rests is kept, nothing new is asked for', () => {
    const bench = quiet(beginning(10, -5));
    const intent = bench.asked[0] ?? assert.fail();
    bench.send({ type: 'instrument.unlisted' });
    assert.deepEqual(bench.orderWords(), ['gateway intents.outdated']);
    bench.ended(intent, { kind: 'outdated' });
    bench.read('A', 10);
    bench.read('B', -5);
    assert.deepEqual(bench.asked, []);
    assert.ok(bench.alerts().includes('alert-manager raised instrument-unlisted'));
    bench.send({ type: 'instrument.listed', instrument: instrument() });
    bench.read('A', 10);
    bench.read('B', -5);
    assert.equal(bench.asked.length, 1);
  });

  it('11.6 9.5 an order that the exchange ended because it is not active has the list read again', () => {
    const bench = beginning(5, -5);
    bench.confirmAll();
    const [a, b] = bench.orders;
    bench.words();
    bench.read('A', 5, [seen(a ?? assert.fail(), { status: 'CANCELLED', rejectReason: 'INSTRUMENT_DEACTIVATED' })]);
    assert.ok(bench.words().includes('daemon rules.doubted'));
    bench.read('B', -5, [seen(b ?? assert.fail(), { status: 'CANCELLED', rejectReason: 'CLIENT_CANCEL' })]);
    assert.ok(!bench.words().includes('daemon rules.doubted'));
  });

  it('11.6 listed again it trades by the rules it has now, and the alert ends', () => {
    const bench = new SymbolBench({ coverage, unlisted: true, state: restored });
    bench.read('A', 5);
    bench.read('B', 0);
    bench.words();
    bench.send({ type: 'instrument.listed', instrument: instrument({ minSize: d('0.5') }) });
    bench.read('A', 5);
    bench.read('B', 0);
    assert.deepEqual(
      bench.asked.map(({ account, side }) => [account, side]),
      [['B', 'sell']],
    );
    assert.ok(bench.words().includes('alert-manager cleared instrument-unlisted'));
    assert.equal(bench.context.instrument.minSize.toFixed(), '0.5');
  });
});

describe('16.3 a symbol that leaves', () => {
  it('16.3 not hedged: repairs, and never opens', () => {
    const bench = new SymbolBench({
      coverage,
      leaving: 'removed',
      state: stateWith({ booked: { A: d(5), B: d(0) }, lots: [lot(1, 'A', 'buy', 5, 100)] }),
    });
    bench.read('A', 5);
    bench.read('B', 0);
    assert.ok(bench.alerts().includes('alert-manager raised symbol-leaving'));
    assert.deepEqual(
      bench.asked.map(({ account, side, size, purpose }) => [account, side, size.toFixed(), purpose]),
      [['B', 'sell', '5', 'repair']],
    );
    assert.deepEqual(bench.reported('symbol.left'), []);
  });

  it('16.3 hedged with an order: cancels it, and leaves only once it is gone and was read again', () => {
    const resting = order('A', 'buy', 1, 99);
    const bench = new SymbolBench({
      coverage,
      leaving: 'disabled',
      state: stateWith({ booked: { A: d(5), B: d(-5) }, orders: [resting] }),
    });
    bench.read('A', 5, [seen(resting)]);
    bench.read('B', -5);
    assert.ok(bench.words().includes(`gateway cancel A ${resting.clientOrderId}`));
    bench.read('A', 5, [seen(resting, { status: 'CANCELLED' })]);
    assert.deepEqual(bench.reported('symbol.left'), [], 'the cancel is under way');
    const { clientOrderId } = resting;
    bench.send({ type: 'cancel.ended', account: 'A', clientOrderId, outcome: 'over', atMs: bench.nowMs });
    bench.read('A', 5);
    const [left] = bench.reported('symbol.left');
    assert.deepEqual([left?.sizes.A.toFixed(), left?.sizes.B.toFixed()], ['5', '-5']);
    assert.ok(bench.words().some((word) => word.startsWith('daemon ')));
    const saved = bench.journal.latest('symbol.state', 'BNB_USDT_Perp')?.body as SymbolState;
    assert.equal(saved.left, true);
    assert.equal(isOpen(saved), false, 'a later start does not take it up again');
    assert.ok(
      !('left' in new SymbolBench({ coverage, state: saved }).context.state),
      'its row enabled, it is its own again',
    );
  });

  it('16.3 a net of dust stays, and is listed', () => {
    const bench = new SymbolBench({
      coverage,
      leaving: 'removed',
      state: stateWith({ booked: { A: d('5.005'), B: d(-5) }, lots: [lot(1, 'A', 'buy', '0.005', 100)] }),
    });
    bench.read('A', '5.005');
    bench.read('B', -5);
    const [left] = bench.reported('symbol.left');
    assert.equal(left?.net.toFixed(), '0.005');
    assert.ok(bench.alerts().includes('alert-manager raised symbol-left'));
  });

  it('16.3 with an order of unknown outcome it stays until that is found out', () => {
    const bench = new SymbolBench({
      coverage,
      leaving: 'removed',
      state: stateWith({ orders: [order('B', 'sell', 1, 101, { unknown: true, confirmedAtMs: null })] }),
    });
    bench.read('A', null);
    bench.read('B', null);
    bench.send({ type: 'touch.received', bid: d(99), ask: d(101), atMs: bench.nowMs });
    assert.deepEqual(bench.reported('symbol.left'), []);
  });

  it('11.6 16.3 what is not listed leaves as soon as no order of it is live, hedged or not', () => {
    const bench = new SymbolBench({
      coverage,
      leaving: 'removed',
      unlisted: true,
      state: stateWith({ booked: { A: d(5), B: d(0) }, lots: [lot(1, 'A', 'buy', 5, 100)] }),
    });
    bench.read('A', 5);
    bench.read('B', 0);
    assert.equal(bench.reported('symbol.left')[0]?.net.toFixed(), '5');
  });
});

describe('13.1 draining', () => {
  it('13.1 fills are still booked, and nothing is asked for whatever the readings say', () => {
    const bench = SITUATIONS.draining?.() ?? assert.fail();
    const [a] = bench.orders;
    assert.ok(a);
    bench.read('A', 15, [seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(100) })]);
    bench.read('B', -5);
    assert.equal(bench.phase, 'draining');
    assert.equal(lotsNet(bench.context.state.lots).toFixed(), '10');
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('gateway')),
      [],
    );
  });

  it('13.1 a submission in flight is still settled', () => {
    const bench = beginning(5, -5);
    const [first] = bench.asked;
    assert.ok(first);
    bench.sent(first, 'A1', 99);
    bench.send({ type: 'trading.drain' });
    bench.ended(first, { kind: 'confirmed', clientOrderId: 'A1' });
    assert.equal(bench.orders[0]?.confirmedAtMs, bench.nowMs);
    assert.equal(bench.phase, 'draining');
  });

  it('13.1 it is reported once', () => {
    const bench = SITUATIONS.draining?.() ?? assert.fail();
    bench.send({ type: 'trading.drain' });
    assert.equal(bench.reported('state.changed').filter((fact) => fact.to === 'draining').length, 1);
  });
});

describe('a gateway that replaces a failed one', () => {
  it('9.6 what it had queued is gone, what had left is unknown, cancels are to be asked for again', () => {
    const bench = beginning(5, -5);
    const [first, second] = bench.asked;
    assert.ok(first && second);
    bench.sent(first, 'A1', 99);
    bench.words();
    bench.wait(5);
    bench.send({ type: 'gateway.started', unsettled: [{ account: 'A', clientOrderId: 'A1' }], atMs: bench.nowMs });
    assert.deepEqual(bench.context.underWay, []);
    assert.equal(bench.orders[0]?.unknown, true);
    bench.read('A', 5);
    bench.read('B', -5);
    assert.deepEqual(
      bench.words(),
      ['gateway submit B sell 10'],
      'A’s order may live: it counts, and B’s intent was never sent',
    );
  });

  it('9.10 openings wait for readings since it started; a repair within the net does not', () => {
    const bench = SITUATIONS.imbalanced?.() ?? assert.fail();
    bench.wait(5);
    bench.send(EVENTS['gateway.started'](bench));
    bench.words();
    bench.send(EVENTS['touch.received'](bench));
    assert.deepEqual(bench.words(), ['gateway submit B sell 5']);

    const hedged = SITUATIONS.equal?.() ?? assert.fail();
    hedged.wait(5);
    hedged.send(EVENTS['gateway.started'](hedged));
    hedged.words();
    hedged.send(EVENTS['touch.received'](hedged));
    assert.deepEqual(hedged.words(), []);
    hedged.read('A', 5);
    hedged.read('B', -5);
    assert.equal(hedged.words().filter((word) => word.startsWith('gateway submit')).length, 2);
  });

  it('9.7 a cancel the previous gateway had is asked for again', () => {
    const going = order('A', 'buy', 10, 99, { clientOrderId: 'G', cancelRequestedAtMs: BENCH_START_MS });
    const bench = new SymbolBench({
      coverage,
      state: { begun: true, orders: [going], booked: { A: d(150), B: d(-150) } },
    });
    const both = () => {
      bench.read('A', 150, [seen(going)]);
      bench.read('B', -150);
    };
    both();
    assert.ok(!bench.words().some((word) => word.startsWith('gateway')));
    bench.send(EVENTS['gateway.started'](bench));
    both();
    assert.ok(bench.words().includes('gateway cancel A G'));
  });
});

describe('9.3 11.2 what the journal holds', () => {
  it('11.2 the state is there before anything is asked for on the strength of it', () => {
    const bench = new SymbolBench({ coverage });
    const written: number[] = [];
    const append = bench.journal.append.bind(bench.journal);
    bench.journal.append = (entries) => {
      written.push(bench.received.filter(({ event }) => event.type === 'order.submit').length);
      return append(entries);
    };
    bench.read('A', 5);
    bench.read('B', -5);
    assert.equal(bench.asked.length, 2);
    assert.ok(written.every((submits) => submits === 0));
    const state = bench.journal.latest('symbol.state', 'BNB_USDT_Perp')?.body as SymbolState;
    assert.equal(state.nextIntent, 3);
    assert.equal(encode(state), encode({ ...bench.context.state, contradiction: { A: null, B: null } }));
  });

  it('11.2 a decision that asks for something is kept with its inputs; one that does not is not', () => {
    const bench = beginning(5, -5);
    const decisions = () => bench.journal.entries.filter((entry) => entry.kind === 'decision').length;
    assert.equal(decisions(), 1);
    bench.confirmAll();
    bench.read('A', 5);
    bench.read('B', -5);
    assert.equal(decisions(), 1);
  });

  it('11.2 readings that change nothing write nothing', () => {
    const bench = SITUATIONS.capped?.() ?? assert.fail();
    const before = bench.journal.entries.length;
    bench.read('A', 150);
    bench.read('B', -150);
    assert.equal(bench.journal.entries.length, before);
  });

  it('11.2 an order that is over has its outcome written, so that no start asks about it', () => {
    const bench = SITUATIONS['partial-wait']?.() ?? assert.fail();
    const [a] = bench.orders;
    assert.ok(a);
    bench.read('A', 15, [seen(a, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(100) })]);
    assert.deepEqual(bench.journal.outcomes(), ['filled']);
  });
});

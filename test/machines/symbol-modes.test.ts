import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Standing, StandingVerb } from '../../src/core/modes.ts';
import { reason } from '../../src/core/reasons.ts';
import type { SymbolState } from '../../src/core/symbol-state.ts';
import { d, failed, lot, order, seen, stateWith } from '../support/core.ts';
import { SymbolBench, type SymbolBenchOptions } from '../support/symbol-bench.ts';

/** Strategy 16.1 and 16.2 in a running symbol: what a command changes, from the next decision on. */

function steer(bench: SymbolBench, verbs: readonly StandingVerb[], untilMs: number | null = null): void {
  const standing = verbs.map((verb): Standing => ({ verb, sinceMs: bench.nowMs, untilMs, by: 'ann', why: null }));
  bench.send({ type: 'symbol.steered', config: bench.context.config, standing, leaving: null });
}

/** Hedged, with both quotes resting. */
function quoting(options: SymbolBenchOptions = {}): SymbolBench {
  const bench = new SymbolBench(options);
  bench.read('A', 5);
  bench.read('B', -5);
  bench.confirmAll();
  bench.words();
  return bench;
}

/** A net of 5 with the repair resting. */
function repairing(): SymbolBench {
  const bench = new SymbolBench({
    state: { booked: { A: d(5), B: d(0) }, lots: [lot(1, 'A', 'buy', 5, 100)], begun: true },
  });
  bench.read('A', 5);
  bench.read('B', 0);
  bench.confirmAll();
  bench.words();
  return bench;
}

const savedState = (bench: SymbolBench) =>
  bench.journal.latest('symbol.state', 'BNB_USDT_Perp')?.body as SymbolState | undefined;
const cancelled = (bench: SymbolBench) => bench.words().filter((word) => word.startsWith('gateway cancel')).length;

describe('16.1 commands to a symbol that quotes or repairs', () => {
  for (const verb of ['hedge-only', 'pause', 'cancel'] as const) {
    it(`16.1 ${verb}: both quotes are cancelled at once`, () => {
      const bench = quoting();
      steer(bench, [verb]);
      assert.equal(cancelled(bench), 2);
    });

    it(`16.1 ${verb}: so they are while nothing can be decided`, () => {
      const bench = quoting();
      bench.wait(20_000);
      bench.send({
        type: 'snapshot.failed',
        account: 'A',
        failure: { kind: 'unavailable', call: 'positions', account: 'A', code: null, why: failed(), message: 'down' },
        atMs: bench.nowMs,
      });
      bench.words();
      steer(bench, [verb]);
      assert.equal(bench.phase, 'waiting');
      assert.equal(cancelled(bench), 2);
    });
  }

  for (const verb of ['pause', 'cancel'] as const) {
    it(`16.2 ${verb} cancels what rests, though the journal cannot be written and the actor fails by it`, () => {
      const bench = quoting();
      bench.journal.refuses = () => true;
      steer(bench, [verb]);
      assert.equal(cancelled(bench), 2);
      assert.ok(bench.received.some(({ event }) => event.type === 'xstate.error.actor.subject'));
    });
  }

  it('16.1 hedge-only and pause leave a repair alone, cancel does not, and alerts at once', () => {
    for (const verb of ['hedge-only', 'pause'] as const) {
      const bench = repairing();
      steer(bench, [verb]);
      assert.equal(cancelled(bench), 0, verb);
    }
    const bench = repairing();
    steer(bench, ['cancel']);
    const words = bench.words();
    assert.ok(words.includes('alert-manager raised held-with-net'), words.join());
    assert.equal(words.filter((word) => word.startsWith('gateway cancel')).length, 1);
  });

  it('16.1 a held symbol that cannot decide has its net reported all the same', () => {
    const bench = repairing();
    steer(bench, ['cancel']);
    bench.words();
    for (let reads = 0; reads < 2; reads += 1) {
      bench.wait(20_000);
      bench.send({
        type: 'snapshot.failed',
        account: 'A',
        failure: { kind: 'unavailable', call: 'positions', account: 'A', code: null, why: failed(), message: 'down' },
        atMs: bench.nowMs,
      });
    }
    assert.ok(bench.words().includes('alert-manager raised held-with-net'));
  });

  it('16.4 what was decided and has not left is withdrawn', () => {
    const bench = new SymbolBench();
    bench.read('A', 5);
    bench.read('B', -5);
    assert.equal(bench.asked.length, 2);
    bench.words();
    steer(bench, ['pause']);
    assert.ok(bench.words().includes('gateway intents.outdated'));
  });

  it('16.1 pause reaches its end with the last order gone, is remembered, and resume ends it', () => {
    const resting = order('A', 'buy', 1, 99);
    const bench = new SymbolBench({
      state: stateWith({ booked: { A: d(5), B: d(-5) }, orders: [resting] }),
    });
    steer(bench, ['pause']);
    bench.read('A', 5, [seen(resting)]);
    bench.read('B', -5);
    assert.equal(bench.context.state.pauseReached, undefined, 'an order is live');
    bench.read('A', 5, [seen(resting, { status: 'CANCELLED' })]);
    const { clientOrderId } = resting;
    bench.send({ type: 'cancel.ended', account: 'A', clientOrderId, outcome: 'over', atMs: bench.nowMs });
    bench.read('A', 5);
    bench.read('B', -5);
    assert.equal(bench.context.state.pauseReached, true);
    bench.read('A', 5);
    assert.equal(savedState(bench)?.pauseReached, true);
    bench.words();
    steer(bench, []);
    bench.read('B', -5);
    assert.equal(bench.context.state.pauseReached, undefined);
    assert.equal(bench.asked.length, 2, 'it quotes again');
  });

  it('16.2 a pause whose time has come is over with the next decision', () => {
    const bench = quoting();
    steer(bench, ['pause'], bench.nowMs + 60_000);
    bench.words();
    bench.wait(60_000);
    bench.read('A', 5);
    bench.read('B', -5);
    const { assessment } = bench.context;
    assert.equal(assessment?.kind === 'usable' && assessment.input.mode, undefined);
  });

  it('16.2 flatten closes on both sides, and is done with both below the tradable size', () => {
    const bench = new SymbolBench();
    bench.read('A', 5);
    bench.read('B', -5);
    for (const intent of [...bench.asked]) bench.ended(intent, { kind: 'denied', why: reason('awaits-price', '7.3') });
    bench.words();
    steer(bench, ['flatten']);
    bench.read('A', 5);
    bench.read('B', -5);
    const closing = bench.asked.map(({ account, side, purpose }) => `${account} ${side} ${purpose}`);
    assert.deepEqual(closing, ['A sell opening', 'B buy opening']);
    assert.ok(!bench.words().includes('daemon symbol.flattened'));
    const flat = new SymbolBench({ state: stateWith({ booked: { A: d('0.005'), B: d('-0.005') } }) });
    steer(flat, ['flatten']);
    flat.read('A', '0.005');
    flat.read('B', '-0.005');
    assert.ok(flat.words().includes('daemon symbol.flattened'));
  });

  it('16.3 forgotten: a leaving symbol with a net leaves, one that stays or has an order does not', () => {
    const state = stateWith({ booked: { A: d(5), B: d(0) }, lots: [lot(1, 'A', 'buy', 5, 100)] });
    const bench = new SymbolBench({ leaving: 'removed', state });
    bench.send({ type: 'symbol.forgotten' });
    assert.equal(bench.reported('symbol.left')[0]?.net.toFixed(), '5');
    assert.equal(savedState(bench)?.left, true);
    const staying = new SymbolBench({ state });
    staying.send({ type: 'symbol.forgotten' });
    const resting = new SymbolBench({ leaving: 'removed', state: { ...state, orders: [order('B', 'sell', 5, 101)] } });
    resting.send({ type: 'symbol.forgotten' });
    assert.deepEqual([...staying.reported('symbol.left'), ...resting.reported('symbol.left')], []);
  });
});

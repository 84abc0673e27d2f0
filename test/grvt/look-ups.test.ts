import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLookUps } from '../../src/grvt/look-ups.ts';
import { testOrder } from '../support/fake-exchange.ts';

const NOW = 1_000_000_000;

/** An account with these orders open and closed, whose budget grants what it is told to. */
function rig(open: readonly string[], closed: readonly string[]) {
  const calls: string[] = [];
  const waiting: (() => void)[] = [];
  const returned: number[] = [];
  let fails: Error | null = null;
  const lookUps = createLookUps({
    admit: () =>
      new Promise((resolve) => {
        waiting.push(() => resolve({ done: () => {}, limited: () => {}, unused: () => void returned.push(1) }));
      }),
    order: async (id) => {
      calls.push(`order ${id}`);
      return open.includes(id) ? testOrder(id, 'OPEN') : closed.includes(id) ? testOrder(id, 'FILLED') : null;
    },
    openOrders: async () => {
      calls.push('open_orders');
      if (fails !== null) throw fails;
      return open.map((id) => testOrder(id, 'OPEN'));
    },
    orderHistory: async (sinceMs, wanted) => {
      calls.push(`order_history ${sinceMs} ${[...wanted]}`);
      return closed.map((id) => testOrder(id, 'FILLED'));
    },
    nowMs: () => NOW,
    skewMs: () => -500,
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    lookUps,
    calls,
    unused: () => returned.length,
    fail: (error: Error) => {
      fails = error;
    },
    async grant(count: number) {
      await settle();
      for (const one of waiting.splice(0, count)) one();
      await settle();
    },
  };
}

const status = async (asked: Promise<{ status: string } | null>) => (await asked)?.status ?? null;

describe('look-ups of one account (strategy 9.1)', () => {
  it('one or two that wait are asked for one by one', async () => {
    const { lookUps, calls, grant } = rig(['1'], ['2']);
    const asked = ['1', '2'].map((id) => status(lookUps.ask(id, undefined)));
    await grant(2);
    assert.deepEqual(await Promise.all(asked), ['OPEN', 'FILLED']);
    assert.deepEqual(calls, ['order 1', 'order 2']);
  });

  it('more than two are answered by both lists, the end before the life; only what neither names is looked up', async () => {
    const { lookUps, calls, grant, unused } = rig(['1', '2'], ['2', '3']);
    const asked = ['1', '2', '3', '4'].map((id, index) => status(lookUps.ask(id, NOW - 1_000 * index)));
    await grant(1);
    assert.deepEqual(calls, ['open_orders', `order_history ${NOW - 3_000 - 500 - 60_000} 1,2,3,4`]);
    await grant(10);
    assert.deepEqual(await Promise.all(asked), ['OPEN', 'FILLED', 'FILLED', null]);
    assert.deepEqual(calls.slice(2), ['order 4']);
    assert.equal(unused(), 3, 'leave that is not needed any more costs nothing');
  });

  it('where one’s sending time is not known, the history is read back a day', async () => {
    const { lookUps, calls, grant } = rig(['1', '2', '3'], []);
    const asked = ['1', '2', '3'].map((id) => status(lookUps.ask(id, id === '2' ? undefined : NOW)));
    await grant(3);
    assert.deepEqual(await Promise.all(asked), ['OPEN', 'OPEN', 'OPEN']);
    assert.equal(calls[1], `order_history ${NOW - 86_400_000 - 500 - 60_000} 1,2,3`);
  });

  it('a list that cannot be read fails all of them; nothing is taken for absent', async () => {
    const { lookUps, grant, fail } = rig([], []);
    fail(new Error('no answer'));
    const asked = ['1', '2', '3'].map((id) => assert.rejects(lookUps.ask(id, NOW), /no answer/));
    await grant(3);
    await Promise.all(asked);
  });
});

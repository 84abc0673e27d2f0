import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Decimal } from '../../src/core/decimal.ts';
import { createPaper, type PaperExchange } from '../../src/paper/index.ts';
import { createViewJudge } from '../../src/simulate/view-judge.ts';

const INSTRUMENT = 'BNB_USDT_Perp';
const BOUND_MS = 20_000;
const OWN = String((0b1110n << 60n) + 1n);

/** Positions moved and orders placed by hand, and decisions that declare what the test says. */
class Scene {
  readonly exchange: PaperExchange = createPaper({ startMs: 0 });
  readonly found: string[] = [];
  nowMs = 0;
  readonly #judge;

  constructor() {
    this.#judge = createViewJudge({
      exchange: this.exchange,
      nowMs: () => this.nowMs,
      boundMs: BOUND_MS,
      tell: (what) => this.found.push(what),
    });
  }

  position(size: string): void {
    this.exchange.control.position({ account: 'A', instrument: INSTRUMENT, size });
  }

  order(): void {
    const order = {
      account: 'A',
      instrument: INSTRUMENT,
      side: 'buy',
      size: '0.5',
      price: '500',
      post_only: true,
    } as const;
    this.exchange.control.order({ ...order, client_order_id: OWN, expires_in_ms: 86_400_000 });
  }

  decide(size: string, orders: readonly string[] = [], times = 1, intact = false): readonly string[] {
    const account = (held: string) => ({
      intact,
      held: new Decimal(held),
      position: new Decimal(held).isZero() ? null : { size: new Decimal(held), markPrice: new Decimal(600) },
      from: 1,
    });
    const declared = {
      instrument: INSTRUMENT,
      mark: new Decimal(String(this.exchange.venue.mark(INSTRUMENT))).div(1e9).mul(times),
      intents: [{ intentId: 'x', account: 'A', side: 'buy', size: new Decimal(1) }],
      accounts: { A: account(size), B: account('0') },
      orders: orders.map((clientOrderId) => ({ clientOrderId, traded: new Decimal(0) })),
    };
    this.#judge.journalled([{ kind: 'decision', key: INSTRUMENT, atMs: this.nowMs, body: { declared } }]);
    return this.found;
  }
}

describe('15.3 what a decision took for true', () => {
  it('a position may be as old as 10.3 allows, and no older', () => {
    const scene = new Scene();
    scene.position('2');
    scene.nowMs = 60_000;
    scene.position('3');
    scene.nowMs += BOUND_MS - 1;
    assert.deepEqual(scene.decide('2'), []);
    assert.deepEqual(scene.decide('3'), []);
    scene.nowMs += 2;
    assert.equal(scene.decide('2').length, 1);
  });

  it('a position that never was', () => {
    const scene = new Scene();
    scene.position('2');
    assert.match(scene.decide('2.5')[0] ?? '', /never true/);
  });

  it('a mark that is not the exchange’s', () => {
    const scene = new Scene();
    scene.position('2');
    for (const times of [1, 1.2, 0.8]) assert.deepEqual(scene.decide('2', [], times), []);
    scene.exchange.control.mark({ instrument: INSTRUMENT, price: '1' });
    for (const times of [100, 0.01]) assert.match(scene.decide('2', [], times).at(-1) ?? '', /a mark that is not/);
    assert.equal(scene.found.length, 2);
  });

  it('flat until a first position', () => {
    const scene = new Scene();
    assert.deepEqual(scene.decide('0'), []);
    scene.position('2');
    scene.nowMs = BOUND_MS + 1;
    assert.equal(scene.decide('0').length, 1);
  });

  it('an own order that was live all the time is not left out', () => {
    const scene = new Scene();
    scene.order();
    scene.nowMs = BOUND_MS;
    assert.deepEqual(scene.decide('0'), []);
    scene.nowMs += 1;
    assert.deepEqual(scene.decide('0', [OWN]), []);
    assert.match(scene.decide('0')[0] ?? '', /leaves out/);
  });

  for (const [stream, forMs, intact, found] of [
    ['v1.order', 15_000, true, [/a number shows that a message is missing/]],
    ['v1.order', 14_999, true, []],
    ['v1.order', 15_000, false, []],
    ['v1.cancel', 15_000, true, []],
  ] as const) {
    const word = intact ? 'intact' : 'not intact';
    it(`10.6 ${word}, with a gap in ${stream} that showed ${forMs} ms ago`, (context) => {
      const scene = new Scene();
      scene.exchange.advance(60_000);
      const { nowMs } = scene.exchange.venue;
      const [a] = scene.exchange.venue.accounts;
      context.mock.method(scene.exchange.streams, 'gaps', (of: unknown) =>
        of === a ? [{ stream, atMs: nowMs - forMs }] : [],
      );
      const reported = scene.decide('0', [], 1, intact);
      assert.equal(reported.length, found.length, reported.join());
      for (const [index, pattern] of found.entries()) assert.match(reported[index] ?? '', pattern);
    });
  }
});

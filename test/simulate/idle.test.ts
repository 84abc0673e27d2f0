import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Decimal } from '../../src/core/decimal.ts';
import type { SymbolConfig } from '../../src/core/model.ts';
import { createPaper, type PaperExchange } from '../../src/paper/index.ts';
import { CHECK_EVERY_MS, createIdle, NOT_TRIMMED_MS, NOTHING_DONE_MS } from '../../src/simulate/idle.ts';

const INSTRUMENT = 'BNB_USDT_Perp';
const LATEST = { bids: [['600', '10']], asks: [['600.1', '10']] };

const CONFIG: SymbolConfig = {
  instrument: INSTRUMENT,
  enabled: true,
  orderNotionalUsdt: new Decimal(300),
  imbalanceLimitUsdt: new Decimal(300),
  maxTotalPositionUsdt: new Decimal(10_000),
  minTotalPositionUsdt: new Decimal(0),
  aSideWhenEqual: 'buy',
  positionMode: 'increase',
  decreaseRepair: 'larger',
};

/** A still market, positions as given, and a hand that does what an engine would. */
class Scene {
  readonly exchange: PaperExchange = createPaper({ startMs: 0 });
  readonly found: { what: string; rule: string }[] = [];
  nowMs = 0;
  run: number | null = 1;
  resting = false;
  readonly #idle;
  #orders = 0n;

  constructor(a: string, b: string, config: Partial<SymbolConfig> = {}) {
    this.book(LATEST);
    this.positions(a, b);
    this.#idle = createIdle({
      exchange: this.exchange,
      symbols: () => [{ ...CONFIG, ...config }],
      nowMs: () => this.nowMs,
      run: () => this.run,
      resting: () => this.resting,
      tell: (what, rule) => this.found.push({ what, rule }),
    });
  }

  book(book: { bids: string[][]; asks: string[][] }): void {
    const side = (levels: string[][]) => levels.map(([price = '', size = '']) => ({ price, size }));
    this.exchange.control.book({
      instrument: INSTRUMENT,
      settle: true,
      bids: side(book.bids),
      asks: side(book.asks),
    });
  }

  positions(a: string, b: string): void {
    this.exchange.control.position({ account: 'A', instrument: INSTRUMENT, size: a });
    this.exchange.control.position({ account: 'B', instrument: INSTRUMENT, size: b });
  }

  order(account: 'A' | 'B', side: 'buy' | 'sell', foreign = false) {
    this.#orders += 1n;
    return this.exchange.control.order({
      account,
      instrument: INSTRUMENT,
      side,
      size: '0.5',
      price: side === 'buy' ? '500' : '700',
      post_only: true,
      client_order_id: String((foreign ? 0n : 0b1110n << 60n) + this.#orders),
      expires_in_ms: 86_400_000,
    });
  }

  /** Looks once a minute, for so long. */
  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs <= endMs; this.nowMs += CHECK_EVERY_MS) this.#idle.check();
  }

  rules(): string[] {
    return this.found.map(({ rule }) => rule);
  }
}

const SHORT_MS = NOTHING_DONE_MS - 2 * CHECK_EVERY_MS;

describe('what an engine leaves undone', () => {
  it('6.3: a net without an order against it is found after its time, and again after as long', () => {
    const scene = new Scene('3', '-2');
    scene.pass(SHORT_MS);
    assert.deepEqual(scene.rules(), []);
    scene.pass(5 * CHECK_EVERY_MS);
    assert.deepEqual(scene.rules(), ['6.3']);
    scene.pass(NOTHING_DONE_MS);
    assert.deepEqual(scene.rules(), ['6.3', '6.3']);
  });

  it('6.3: an order against the net is enough, a foreign one or one along it is not', () => {
    const covered = new Scene('3', '-2');
    covered.order('B', 'sell');
    covered.pass(2 * NOTHING_DONE_MS);
    assert.deepEqual(covered.rules(), []);
    const foreign = new Scene('3', '-2');
    foreign.order('B', 'sell', true);
    foreign.pass(NOTHING_DONE_MS);
    assert.deepEqual(foreign.rules(), ['6.3']);
  });

  it('6.3: dust is no net', () => {
    const scene = new Scene('0.01', '0');
    scene.order('A', 'buy');
    scene.pass(2 * NOTHING_DONE_MS);
    assert.deepEqual(scene.rules(), []);
  });

  for (const [name, excuse] of [
    [
      'another run of the engine',
      (scene: Scene) => {
        scene.run = 2;
      },
    ],
    [
      'a look at which the engine does not run',
      (scene: Scene) => {
        scene.run = null;
        scene.pass(0);
        scene.run = 1;
      },
    ],
    [
      'a rest (9.5)',
      (scene: Scene) => {
        scene.resting = true;
        scene.pass(0);
        scene.resting = false;
      },
    ],
    [
      'a book of one side',
      (scene: Scene) => {
        scene.book({ bids: [['600', '10']], asks: [] });
        scene.pass(0);
        scene.book(LATEST);
      },
    ],
    [
      'an instrument that is not active for a while',
      (scene: Scene) => {
        scene.exchange.control.active({ instrument: INSTRUMENT, active: false });
        scene.pass(0);
        scene.exchange.control.active({ instrument: INSTRUMENT, active: true });
      },
    ],
    [
      'positions that reads do not show',
      (scene: Scene) => {
        const { venue } = scene.exchange;
        venue.freezePositions(venue.accounts[0]!, venue.nowMs + 1);
        scene.pass(0);
        venue.accounts[0]!.frozen = null;
      },
    ],
    ['a change of positions', (scene: Scene) => scene.positions('4', '-2')],
  ] as const) {
    it(`the time begins again with ${name}`, () => {
      const scene = new Scene('3', '-2');
      scene.pass(SHORT_MS);
      excuse(scene);
      scene.pass(SHORT_MS);
      assert.deepEqual(scene.rules(), []);
      scene.pass(5 * CHECK_EVERY_MS);
      assert.deepEqual(scene.rules(), ['6.3']);
    });
  }

  for (const [name, a, b, config, rule] of [
    ['flat in increase', '0', '0', {}, '6.1'],
    ['far below the maximum', '4', '-4', {}, '6.1'],
    ['near the maximum', '6.5', '-6.5', {}, null],
    ['flat in decrease', '0', '0', { positionMode: 'decrease' }, null],
    ['far above the minimum', '4', '-4', { positionMode: 'decrease' }, '6.2'],
    ['near the minimum', '4', '-4', { positionMode: 'decrease', minTotalPositionUsdt: new Decimal(4_000) }, null],
    ['an order of next to nothing', '4', '-4', { orderNotionalUsdt: new Decimal(6) }, null],
  ] as const) {
    it(`6.1, 6.2: no opening, ${name}: ${rule ?? 'nothing'} found`, () => {
      const scene = new Scene(a, b, config);
      scene.pass(NOTHING_DONE_MS);
      assert.deepEqual(scene.rules(), rule === null ? [] : [rule]);
    });
  }

  it('6.1: one opening of either account is enough', () => {
    const scene = new Scene('4', '-4');
    scene.order('B', 'sell');
    scene.pass(2 * NOTHING_DONE_MS);
    assert.deepEqual(scene.rules(), []);
  });

  it('8.2: two orders of an account while hedged, three while not', () => {
    const hedged = new Scene('4', '-4');
    hedged.order('A', 'buy');
    hedged.order('A', 'buy');
    hedged.pass(NOT_TRIMMED_MS);
    assert.deepEqual(hedged.rules(), ['8.2']);
    const unhedged = new Scene('4', '-3');
    unhedged.order('B', 'sell');
    unhedged.order('B', 'sell');
    unhedged.pass(2 * NOT_TRIMMED_MS);
    assert.deepEqual(unhedged.rules(), []);
    unhedged.order('B', 'sell');
    unhedged.pass(NOT_TRIMMED_MS);
    assert.deepEqual(unhedged.rules(), ['8.1']);
  });

  it('8.2: an order that would grow the net, or is no opening, or moves on at the limit', () => {
    const growing = new Scene('4', '-3');
    growing.order('B', 'sell');
    growing.order('A', 'buy');
    growing.pass(NOT_TRIMMED_MS);
    assert.deepEqual(growing.rules(), ['8.2']);
    const shrinking = new Scene('4', '-4');
    shrinking.order('A', 'sell');
    shrinking.pass(NOT_TRIMMED_MS);
    assert.deepEqual(shrinking.rules(), ['8.2']);
    const atLimit = new Scene('8.2', '-8.2');
    atLimit.order('A', 'buy');
    atLimit.pass(NOT_TRIMMED_MS);
    assert.deepEqual(atLimit.rules(), ['8.2']);
    const below = new Scene('7', '-7');
    below.order('A', 'buy');
    below.pass(2 * NOT_TRIMMED_MS);
    assert.deepEqual(below.rules(), []);
  });

  it('4.3, 5.2: where a partial fill waits, nothing else has to happen', () => {
    const scene = new Scene('4', '-4');
    const order = scene.order('A', 'sell');
    scene.exchange.venue.orders.fillOrder(order, 10_000_000n);
    scene.pass(2 * NOTHING_DONE_MS);
    assert.deepEqual(scene.rules(), []);
  });
});

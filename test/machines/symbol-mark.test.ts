import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExchangeOrder, Position } from '../../src/core/model.ts';
import type { SymbolState } from '../../src/core/symbol-state.ts';
import { d, order, position, seen } from '../support/core.ts';
import { SymbolBench, type SymbolBenchOptions } from '../support/symbol-bench.ts';

/** A pair of ±1 at a mark of 600, orders of 1000 USDT, at most 12000: the marks and books that a test gives it. */
class MarkBench extends SymbolBench {
  #eventTimeNs = 1n;
  /** What the exchange says of every order. */
  status: ExchangeOrder['status'] = 'OPEN';

  constructor(options: SymbolBenchOptions = {}) {
    super({
      answersBooks: false,
      config: { maxTotalPositionUsdt: d(12000) },
      ...options,
      state: { begun: true, booked: { A: d(1), B: d(-1) }, ...options.state },
    });
  }

  at(size: string | number, mark: number): Position {
    this.#eventTimeNs += 1n;
    return position(size, { entryPrice: d(600), markPrice: d(mark), eventTimeNs: this.#eventTimeNs });
  }

  /** Both accounts are read, an interval after what was before. */
  poll(markOfA: number, markOfB = markOfA, sizes: readonly [string, string] = ['1', '-1']): void {
    this.wait(1_990);
    const resting = (account: 'A' | 'B') =>
      this.orders.filter((one) => one.account === account).map((one) => seen(one, { status: this.status }));
    this.read('A', this.at(sizes[0], markOfA), resting('A'));
    this.read('B', this.at(sizes[1], markOfB), resting('B'));
  }

  /** The book that was asked for comes. */
  book(bid: number, ask: number): void {
    this.send({ type: 'touch.received', bid: d(bid), ask: d(ask), atMs: this.nowMs });
  }

  /** Cancels asked for end, and the orders are gone. */
  get cancelled(): string[] {
    return this.words().filter((word) => word.startsWith('gateway cancel'));
  }
}

const accepted = { acceptedMark: d(600) };

describe('3.1 a mark that is wrong for a while', () => {
  it('3.1 6.2 one wrong answer just after a pair filled makes no order, and the next one opens at the right size', () => {
    const bench = new MarkBench({ state: accepted });
    bench.poll(6);
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('gateway')),
      ['gateway touch'],
      'nothing is opened, a book is asked for',
    );
    bench.book(599.9, 600);
    assert.deepEqual(bench.orderWords(), []);
    assert.equal(idleRule(bench), '3.1');
    bench.poll(600);
    bench.book(599.9, 600);
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('gateway submit')),
      ['gateway submit A buy 1.66', 'gateway submit B sell 1.66'],
    );
  });

  it('3.1 a wrong book beside a right mark makes none either', () => {
    const bench = new MarkBench({ state: accepted });
    bench.poll(600);
    bench.book(6, 6.1);
    bench.poll(600);
    assert.deepEqual(
      bench.words().filter((word) => word.startsWith('gateway submit')),
      [],
    );
  });

  it('3.1 the first mark after a start waits for a book, and one the book contradicts opens nothing', () => {
    const bench = new MarkBench();
    bench.poll(6);
    assert.ok(bench.words().includes('gateway touch'));
    assert.equal(bench.asked.length, 0);
    bench.book(599.9, 600);
    assert.equal(bench.asked.length, 0);
    bench.poll(600);
    bench.book(599.9, 600);
    assert.deepEqual(
      bench.asked.map(({ size }) => size.toFixed()),
      ['1.66', '1.66'],
    );
  });

  it('3.1 the accepted mark outlives a restart, the doubt is judged again', () => {
    const bench = new MarkBench({ state: accepted });
    bench.poll(6);
    assert.notEqual(bench.context.state.markDoubt, null);
    assert.equal(savedState(bench)?.markDoubt ?? null, null);
    bench.poll(660);
    bench.book(659, 661);
    bench.poll(660);
    assert.equal(savedState(bench)?.acceptedMark?.toFixed(), '660');
  });

  it('3.1 what rests as an opening is cancelled while it lasts; reported after 10 s, and when it is over', () => {
    const resting = [order('A', 'buy', '1.66', 599), order('B', 'sell', '1.66', 601)];
    const bench = new MarkBench({ state: { ...accepted, orders: resting } });
    const wrong = () => {
      bench.poll(6);
      bench.book(599.9, 600);
    };
    wrong();
    assert.equal(bench.cancelled.length, 2);
    for (const { clientOrderId, account } of resting) {
      bench.send({ type: 'cancel.ended', clientOrderId, account, atMs: bench.nowMs, outcome: 'over' });
    }
    bench.status = 'CANCELLED';
    const reported = () => bench.words().filter((word) => word.includes('mark-doubtful'));
    for (let s = 2; s < 10; s += 2) wrong();
    assert.deepEqual(reported(), []);
    wrong();
    assert.ok(reported().includes('alert-manager raised mark-doubtful'));
    bench.poll(600);
    bench.book(599.9, 600);
    bench.poll(600);
    assert.ok(reported().includes('alert-manager cleared mark-doubtful'));
  });

  it('3.1 6.4 while imbalanced the net is repaired in steps of the right size', () => {
    const lots = [{ ...SOME_LOT, id: 1, size: d(4) }];
    const bench = new MarkBench({ state: { ...accepted, lots, nextLotId: 2, booked: { A: d(5), B: d(-1) } } });
    bench.poll(6, 6, ['5', '-1']);
    assert.deepEqual(
      bench.asked.map(({ account, side, size }) => `${account} ${side} ${size.toFixed()}`),
      ['B sell 1.66'],
    );
  });

  it('10.5 a drift that leaves an account flat is not adopted at a doubtful mark', () => {
    const bench = new MarkBench({ state: accepted });
    for (let reading = 0; reading < 8; reading += 1) {
      bench.wait(1_990);
      bench.read('A', 0);
      bench.read('B', bench.at('-1', 6));
    }
    assert.deepEqual(bench.reported('drift.adopted'), []);
    // No fill history can be read here: it is waited for, and then the mark serves (10.5).
    for (let reading = 0; reading < 40; reading += 1) {
      bench.wait(1_990);
      bench.read('B', bench.at('-1', 600));
      bench.read('A', 0);
    }
    assert.deepEqual(
      bench.reported('drift.adopted').map(({ price }) => price.toFixed()),
      ['600'],
    );
  });
});

function idleRule({ context: { assessment } }: SymbolBench): string | undefined {
  return assessment?.kind === 'usable' ? assessment.plan.idle?.rule : undefined;
}

function savedState(bench: SymbolBench): SymbolState | undefined {
  return bench.journal.latest('symbol.state', 'BNB_USDT_Perp')?.body as SymbolState | undefined;
}

const SOME_LOT = {
  account: 'A',
  side: 'buy',
  price: d(600),
  bookedAtMs: 0,
  source: 'fill',
  clientOrderId: null,
} as const;

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { e9, printE9 } from '../../src/paper/fixed.ts';
import {
  createPaper,
  type FillRule,
  feedFrom,
  type InventedBook,
  knownInstruments,
  type ReplayEvent,
} from '../../src/paper/index.ts';

/**
 * Markets so small that what they fill is worked out on paper (strategy 19.2). A line a second, in order:
 * `book 100x3 99x5 / 101x2`, `trade sell 1@100` (the taker's side), `A buy 1@100` (an order of account A), `gap 60`, `tick 0.5`.
 * `→` stands before what is filled until then: by order, in the order they were placed.
 */
interface Case {
  readonly rule: string;
  readonly play: readonly string[];
  readonly fills: readonly string[];
  readonly optimistic?: readonly string[];
  readonly invented?: InventedBook;
}

const CASES: readonly Case[] = [
  {
    rule: 'at its price an order waits for the queue that stood there: 3, then trades of 1 and 2.5 leave it 0.5',
    play: ['book 100x3 / 101x2', 'A buy 1@100', 'trade sell 1@100', 'trade sell 2.5@100'],
    fills: ['0.5'],
    optimistic: ['1.0'],
  },
  {
    rule: 'a queue of exactly what trades leaves nothing',
    play: ['book 100x3 / 101x2', 'A buy 1@100', 'trade sell 3@100'],
    fills: ['0.0'],
    optimistic: ['1.0'],
  },
  {
    rule: 'a trade beyond the price needs no queue, but fills no more than its size',
    play: ['book 100x3 / 101x2', 'A buy 1@100', 'trade sell 0.4@99.9'],
    fills: ['0.4'],
    optimistic: ['1.0'],
  },
  {
    rule: 'one trade is spent once: over the accounts by price, then time',
    play: ['book 99x1 / 101x2', 'A buy 1@100', 'B buy 1@100.5', 'A buy 1@100', 'trade sell 2.5@99'],
    fills: ['1.0', '1.0', '0.5'],
    optimistic: ['1.0', '1.0', '1.0'],
  },
  {
    rule: 'what an order of ours takes of a trade does not shrink the queue of the one behind it',
    // Queues 3 and 4 (one more joined the others meanwhile). The trade of 4: 3 pass, 1 fills A, nothing is left for B, whose queue is 1.
    play: [
      'book 100x3 / 101x2',
      'A buy 1@100',
      'book 100x4 / 101x2',
      'B buy 1@100',
      'trade sell 4@100',
      'trade sell 1.5@100',
    ],
    fills: ['1.0', '0.5'],
    optimistic: ['1.0', '1.0'],
  },
  {
    rule: 'a queue shrinks by trades only: a smaller book in front of an order changes nothing',
    play: ['book 100x3 / 101x2', 'A buy 1@100', 'book 100x1 / 101x2', 'trade sell 2@100'],
    fills: ['0.0'],
    optimistic: ['1.0'],
  },
  {
    rule: 'within the spread nobody stands before it',
    play: ['book 100x3 / 101x2', 'A buy 1@100.5', 'trade sell 0.3@100'],
    fills: ['0.3'],
    optimistic: ['1.0'],
  },
  {
    rule: 'beyond the recorded depth the queue is unknown: only a trade beyond its price fills it',
    play: ['book 100x3 99x5 / 101x2', 'A buy 1@98', 'trade sell 900@98', 'trade sell 0.7@97.9'],
    fills: ['0.7'],
    optimistic: ['1.0'],
  },
  {
    rule: 'a trade of the other side, or short of the price, fills nothing',
    play: ['book 100x0.001 / 101x2', 'A buy 1@100', 'trade buy 5@101', 'trade sell 5@100.1'],
    fills: ['0.0'],
  },
  {
    rule: 'sells likewise',
    play: ['book 100x3 / 101x2', 'A sell 1@101', 'B sell 1@101', 'trade buy 2.5@101', 'trade buy 5@101.1'],
    fills: ['1.0', '1.0'],
  },
  {
    rule: 'a book that moves through an order does not fill it: only trades do',
    play: ['book 100x3 / 101x2', 'A buy 1@100', 'book 98x1 / 99x1'],
    fills: ['0.0'],
    optimistic: ['1.0'],
  },
  {
    rule: 'an order that crosses the recorded book is refused as post-only',
    play: ['book 100x3 / 101x2', 'A buy 1@101', 'trade sell 9@99'],
    fills: ['0.0'],
  },
  {
    rule: 'a crossed book is not used',
    play: ['book 100x3 / 101x2', 'book 102x1 / 101x1', 'A buy 1@100', 'trade sell 3.25@100'],
    fills: ['0.25'],
    optimistic: ['1.0'],
  },
  {
    rule: 'during a gap there is no book, and an order has an unknown queue',
    play: ['book 100x0.5 / 101x2', 'gap 60', 'A buy 1@100', 'trade sell 7@100'],
    fills: ['0.0'],
    optimistic: ['1.0'],
  },
  {
    rule: 'a tick that changes on the way holds for orders from then on',
    play: ['book 100x1 / 101x2', 'tick 0.5', 'A buy 1@100.5', 'trade sell 1@100'],
    fills: ['1.0'],
  },
  {
    rule: 'an invented book: the trade’s price is the touch it met, the other a spread away, the depth is the queue',
    // A buy at 101 leaves bid 100; 200 USDT are 2 at 100.
    play: ['trade buy 1@101', 'A buy 1@100', 'trade sell 2.5@100'],
    fills: ['0.5'],
    optimistic: ['1.0'],
    invented: { spread: { ticks: 10n }, depth: e9('200') },
  },
  {
    rule: 'an invented spread as a share of the price is rounded up to whole ticks',
    // 0.0999 % of 101 is 0.1009: two ticks. Bid 100.8.
    play: ['trade buy 1@101', 'A buy 1@100.9', 'trade sell 0.2@100.8'],
    fills: ['0.2'],
    optimistic: ['1.0'],
    invented: { spread: { share: e9('0.000999') }, depth: e9('200') },
  },
];

const START = Date.UTC(2026, 0, 5);
const spec = { ...knownInstruments()[0]!, minNotional: 0n };
const SIDES = { buy: true, sell: false } as const;

function levels(text: string) {
  return text
    .trim()
    .split(' ')
    .map((level) => level.split('x').map(e9))
    .map(([price = 0n, size = 0n]) => ({ price, size, orders: 1 }));
}

function eventOf(line: string, atMs: number): ReplayEvent | null {
  const [word = '', ...rest] = line.split(' ');
  const timed = { atMs, exchangeNs: BigInt(atMs) * 1_000_000n };
  if (word === 'book') {
    const [bids = '', asks = ''] = rest.join(' ').split('/');
    return { kind: 'book', ...timed, bids: levels(bids), asks: levels(asks) };
  }
  if (word === 'gap') return { kind: 'gap', atMs, toMs: atMs + Number(rest[0]) * 1_000, why: 'nothing' };
  if (word === 'tick') return { kind: 'instrument', atMs, spec: { ...spec, tick: e9(rest[0]!) } };
  if (word !== 'trade') return null;
  const [size = '', price = ''] = rest[1]!.split('@');
  return { kind: 'trade', ...timed, takerBuys: SIDES[rest[0] as 'buy'], price: e9(price), size: e9(size), id: line };
}

function played({ play, invented }: Case, fill: FillRule) {
  const events = play.flatMap((line, index) => eventOf(line, START + 1_000 * (index + 1)) ?? []);
  const exchange = createPaper({
    ...{ startMs: START, instruments: [spec], equityUsdt: '100000' },
    replay: { feedOf: () => feedFrom(events), fill, invented: invented ?? null },
  });
  const orders = play.flatMap((line, index) => {
    exchange.advance(START + 1_000 * (index + 1));
    const [account, side, at] = line.split(' ');
    if (account !== 'A' && account !== 'B') return [];
    const [size = '', price = ''] = at!.split('@');
    const order = {
      account,
      instrument: spec.name,
      side: side as 'buy',
      size,
      price,
      post_only: true,
      expires_in_ms: 3_600_000,
    };
    return [exchange.control.order(order)];
  });
  return { exchange, orders, fills: orders.map(({ traded }) => printE9(traded)) };
}

for (const one of CASES) {
  test(one.rule, () => {
    assert.deepEqual(played(one, 'conservative').fills, one.fills);
    assert.deepEqual(played(one, 'optimistic').fills, one.optimistic ?? one.fills);
  });
}

test('a fill is at the order’s own price, and public trades show the trade’s size once', () => {
  const { exchange, orders } = played(
    CASES.find(({ rule }) => rule.startsWith('one trade is spent once'))!,
    'conservative',
  );
  assert.deepEqual(
    orders.map(({ tradedValue }) => tradedValue),
    [e9('100') * e9('1'), e9('100.5') * e9('1'), e9('100') * e9('0.5')],
  );
  const total = exchange.venue.book(spec.name).trades.reduce((sum, { size }) => sum + size, 0n);
  assert.equal(printE9(total), '2.5');
});

test('irregularities of a recording are counted', () => {
  const play = ['book 100x3 / 101x2', 'book 102x1 / 101x1', 'trade sell 1@99', 'trade buy 1@101', 'gap 60'];
  const { exchange } = played({ rule: '', play, fills: [] }, 'conservative');
  const { market } = exchange.venue.book(spec.name);
  assert.deepEqual((market as { counts?: unknown }).counts, {
    ...{ trades: 2, books: 2, crossedBooks: 1, tradesOutside: 1, gaps: 1, gapMs: 60_000 },
  });
});

test('nothing of a recording is seen before it was received', () => {
  const at = (line: string, atMs: number) => eventOf(line, atMs)!;
  const events = [at('book 100x1 / 101x1', START + 1_000), at('book 200x1 / 201x1', START + 2_000)];
  const replay = { feedOf: () => feedFrom(events), fill: 'conservative', invented: null } as const;
  const exchange = createPaper({ startMs: START, instruments: [spec], replay });
  const bid = (atMs: number): string | null => {
    exchange.advance(atMs);
    const best = exchange.venue.best(spec.name, false);
    return best === null ? null : printE9(best.price);
  };
  assert.deepEqual([START + 999, START + 1_000, START + 1_999, START + 2_000].map(bid), [
    null,
    '100.0',
    '100.0',
    '200.0',
  ]);
});

test('own orders are never shown crossed by a book that moved through them', () => {
  const { exchange } = played(
    { rule: '', play: ['book 100x3 / 101x2', 'A buy 1@100', 'book 98x1 / 99x1 100x1 101x1'], fills: [] },
    'conservative',
  );
  assert.equal(printE9(exchange.venue.best(spec.name, false)!.price), '100.0');
  assert.equal(printE9(exchange.venue.best(spec.name, true)!.price), '101.0');
});

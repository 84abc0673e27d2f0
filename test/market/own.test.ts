import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnRemoval, type OwnTrading } from '../../src/market/own.ts';
import type { MarketRecord } from '../../src/market/record.ts';
import { e9, printE9 } from '../../src/paper/fixed.ts';
import type { Level } from '../../src/paper/index.ts';

/**
 * Small recordings with an engine in them, and what they would have been without it (strategy 19.1). A line is a second:
 * `book 100x3 99x5 / 101x2`, `trade 7 1@100` (its id, what, at which price).
 */

const level = (text: string): Level => {
  const [price = '', size = ''] = text.split('x');
  return { price: e9(price), size: e9(size), orders: 1 };
};

function recordOf(line: string, second: number): MarketRecord {
  const timed = { atMs: second * 1_000, exchangeNs: BigInt(second) * 1_000_000_000n };
  const [word, ...rest] = line.split(' ');
  if (word === 'trade') {
    const [size = '', price = ''] = rest[1]!.split('@');
    return { kind: 'trade', ...timed, takerBuys: false, price: e9(price), size: e9(size), id: rest[0]! };
  }
  const [bids = '', asks = ''] = rest.join(' ').split('/');
  const side = (text: string) => text.trim().split(' ').filter(Boolean).map(level);
  return { kind: 'book', ...timed, bids: side(bids), asks: side(asks) };
}

const short = (value: bigint) => printE9(value).replace(/\.0$/, '');
function lineOf(record: MarketRecord | null): string {
  if (record === null) return 'nothing';
  if (record.kind === 'trade') return `trade ${record.id} ${short(record.size)}@${short(record.price)}`;
  assert.equal(record.kind, 'book');
  const side = (levels: readonly Level[]) =>
    levels.map(({ price, size }) => ` ${short(price)}x${short(size)}`).join('');
  return `book${side(record.bids)} /${side(record.asks)}`;
}

/** `buy 1@100 from 1 to 3, 0.4 at 2`: an order, and what of it traded when, in seconds. */
function orderOf(text: string): OwnTrading['orders'][number] {
  const found = /^(buy|sell) (\S+)@(\S+) from (\d+) to (\d+)(?:, (\S+) at (\d+))?$/.exec(text);
  assert.ok(found, text);
  const [, side, size = '', price = '', from, to, traded, at] = found;
  return {
    ...{
      buy: side === 'buy',
      price: e9(price),
      size: e9(size),
      fromMs: Number(from) * 1_000,
      toMs: Number(to) * 1_000,
    },
    fills: traded === undefined ? [] : [{ timeNs: BigInt(at!) * 1_000_000_000n, size: e9(traded) }],
  };
}

const CASES: readonly {
  rule: string;
  orders?: readonly string[];
  fills?: Readonly<Record<string, string>>;
  /** As recorded, and after the arrow as it would have been. */
  records: readonly (readonly [string, string])[];
  counts: OwnRemoval['counts'];
}[] = [
  {
    rule: 'an own order is taken out of its level while it stands',
    orders: ['buy 1@100 from 1 to 2'],
    records: [
      ['book 100x3 99x5 / 101x2', 'book 100x3 99x5 / 101x2'],
      ['book 100x3 99x5 / 101x2', 'book 100x2 99x5 / 101x2'],
      ['book 100x3 99x5 / 101x2', 'book 100x2 99x5 / 101x2'],
      ['book 100x3 99x5 / 101x2', 'book 100x3 99x5 / 101x2'],
    ],
    counts: { trades: 0, levels: 2, unseen: 0 },
  },
  {
    rule: 'a level that was own alone is not there',
    orders: ['sell 0.5@100.5 from 0 to 9'],
    records: [['book 100x3 / 100.5x0.5 101x2', 'book 100x3 / 101x2']],
    counts: { trades: 0, levels: 1, unseen: 0 },
  },
  {
    rule: 'what has traded of an order does not stand any more: 1 of which 0.4 traded at second 1',
    orders: ['buy 1@100 from 0 to 9, 0.4 at 1'],
    records: [
      ['book 100x3 / 101x2', 'book 100x2 / 101x2'],
      ['book 100x2.6 / 101x2', 'book 100x2 / 101x2'],
    ],
    counts: { trades: 0, levels: 2, unseen: 0 },
  },
  {
    rule: 'orders of both accounts at one price go together; another side’s do not',
    orders: ['buy 1@100 from 0 to 9', 'buy 0.5@100 from 0 to 9', 'sell 1@99 from 0 to 9'],
    records: [['book 100x3 99x5 / 101x2', 'book 100x1.5 99x5 / 101x2']],
    counts: { trades: 0, levels: 1, unseen: 1 },
  },
  {
    rule: 'a level smaller than the order, or none: it does not stand there, and the level stays as it is',
    orders: ['buy 1@100 from 0 to 9'],
    records: [
      ['book 100x0.5 99x5 / 101x2', 'book 100x0.5 99x5 / 101x2'],
      ['book 99x5 / 101x2', 'book 99x5 / 101x2'],
    ],
    counts: { trades: 0, levels: 0, unseen: 2 },
  },
  {
    rule: 'of an order deeper than the book nothing is known',
    orders: ['buy 1@90 from 0 to 9'],
    records: [['book 100x3 99x5 / 101x2', 'book 100x3 99x5 / 101x2']],
    counts: { trades: 0, levels: 0, unseen: 0 },
  },
  {
    rule: 'own trades go, by their id; of one in which others had a part that part stays',
    fills: { '7': '1', '9': '0.4' },
    records: [
      ['trade 7 1@100', 'nothing'],
      ['trade 8 1@100', 'trade 8 1@100'],
      ['trade 9 2.5@100', 'trade 9 2.1@100'],
    ],
    counts: { trades: 2, levels: 0, unseen: 0 },
  },
];

for (const { rule, orders = [], fills = {}, records, counts } of CASES) {
  test(rule, () => {
    const removal = new OwnRemoval({
      orders: orders.map(orderOf),
      fills: new Map(Object.entries(fills).map(([id, size]) => [id, e9(size)])),
    });
    assert.deepEqual(
      records.map(([line], second) => lineOf(removal.of(recordOf(line, second)))),
      records.map(([, left]) => left),
    );
    assert.deepEqual(removal.counts, counts);
  });
}

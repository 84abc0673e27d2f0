import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { judgeMark, type MarkTrust, readMark, type Touch } from '../../src/core/mark.ts';
import { makePlan } from '../../src/core/plan.ts';
import type { SymbolState } from '../../src/core/symbol-state.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { d, input, lot, NOW, order, position, rest, seedFor, snapshot } from '../support/core.ts';

const seed = seedFor('core/mark');
const INTERVAL_MS = 2_000;

type Memory = Pick<SymbolState, 'acceptedMark' | 'markDoubt'>;

/** One decision: seconds since the start, the mark, and what else was read. */
interface Reading {
  readonly s: number;
  readonly mark: number;
  readonly other?: number;
  /** Bid and ask, received with that reading or so many seconds earlier. */
  readonly book?: readonly [number, number, number?];
  /** Both are flat: the mark is the middle of the book. */
  readonly flat?: true;
  readonly is: MarkTrust;
}

function judge(memory: Memory, { s, mark, other, book, flat }: Omit<Reading, 'is'>) {
  const atMs = NOW + s * 1000;
  const touch: Touch | null =
    book === undefined ? null : { bid: d(book[0]), ask: d(book[1]), atMs: atMs - (book[2] ?? 0) * 1000, era: 0 };
  const reading = { mark: d(mark), other: other === undefined ? null : d(other), atMs, isMiddle: flat === true };
  return judgeMark(memory, reading, touch, { nowMs: atMs, loopIntervalMs: INTERVAL_MS });
}

function follow(accepted: number | null, readings: readonly Reading[]): Memory {
  let memory: Memory = { acceptedMark: accepted === null ? null : d(accepted), markDoubt: null };
  for (const [index, reading] of readings.entries()) {
    const judged = judge(memory, reading);
    assert.equal(judged.judgement.trust, reading.is, `reading ${index + 1}`);
    memory = judged.memory;
  }
  return memory;
}

const BOOK = [599, 601] as const;

describe('3.1 which mark may decide', () => {
  const cases: [string, number | null, readonly Reading[]][] = [
    [
      'one answer a hundredth of it is doubted, and the next of an interval later accepted',
      600,
      [
        { s: 0, mark: 6, is: 'doubtful' },
        { s: 1, mark: 600, is: 'doubtful' },
        { s: 2, mark: 600, is: 'accepted' },
      ],
    ],
    [
      'a hundredfold likewise, with a book or without',
      600,
      [
        { s: 0, mark: 60000, book: BOOK, is: 'doubtful' },
        { s: 2, mark: 601, book: BOOK, is: 'accepted' },
      ],
    ],
    [
      'a wrong mark that stays is doubted for as long as a fresh book contradicts it',
      600,
      [0, 2, 4, 10, 60].map((s): Reading => ({ s, mark: 6, book: BOOK, is: 'doubtful' })),
    ],
    [
      'a true move of more than 20 % is accepted at the next reading of an interval later, with the book',
      600,
      [
        { s: 0, mark: 750, book: [749, 751], is: 'doubtful' },
        { s: 1.9, mark: 750, book: [749, 751], is: 'doubtful' },
        { s: 2, mark: 752, book: [751, 753], is: 'accepted' },
      ],
    ],
    [
      'and without a book, where it stays within 5 % of the first',
      600,
      [
        { s: 0, mark: 750, is: 'doubtful' },
        { s: 2, mark: 760, is: 'accepted' },
      ],
    ],
    [
      'a mark that goes on moving is accepted once two readings of an interval apart agree',
      600,
      [
        { s: 0, mark: 750, is: 'doubtful' },
        { s: 2, mark: 850, is: 'doubtful' },
        { s: 4, mark: 950, is: 'doubtful' },
        { s: 6, mark: 960, is: 'accepted' },
      ],
    ],
    [
      'a mark that moves while it is doubted is accepted where it agrees with the book',
      600,
      [
        { s: 0, mark: 6, book: BOOK, is: 'doubtful' },
        { s: 2, mark: 660, book: [659, 661], is: 'accepted' },
      ],
    ],
    ['a move of 20 % is no doubt', 600, [{ s: 0, mark: 720, is: 'accepted' }]],
    ['one a little larger is', 600, [{ s: 0, mark: 720.1, is: 'doubtful' }]],
    ['a fall of more than 20 % is', 600, [{ s: 0, mark: 479, is: 'doubtful' }]],
    [
      'outside the book, but within 5 % of its middle, is accepted',
      600,
      [{ s: 0, mark: 629, book: BOOK, is: 'accepted' }],
    ],
    ['outside the book and further than 5 % is doubted', 600, [{ s: 0, mark: 631, book: BOOK, is: 'doubtful' }]],
    ['inside a wide book nothing contradicts it', 600, [{ s: 0, mark: 650, book: [400, 660], is: 'accepted' }]],
    [
      'an absurd book with a right mark is doubt too',
      600,
      [
        { s: 0, mark: 600, book: [6, 6.1], is: 'doubtful' },
        { s: 2, mark: 600, book: [6, 6.1], is: 'doubtful' },
        { s: 4, mark: 600, book: BOOK, is: 'accepted' },
      ],
    ],
    [
      'an older book that contradicts it asks for a newer one before anything is cancelled',
      600,
      [
        { s: 0, mark: 650, book: [599, 601, 3], is: 'in-question' },
        { s: 0.1, mark: 650, book: [649, 651], is: 'accepted' },
      ],
    ],
    [
      'the first mark after a start needs a book',
      null,
      [
        { s: 0, mark: 6, is: 'in-question' },
        { s: 0.1, mark: 6, book: BOOK, is: 'doubtful' },
        { s: 2.1, mark: 600, book: BOOK, is: 'accepted' },
      ],
    ],
    ['a right one is accepted with it', null, [{ s: 0, mark: 600, book: BOOK, is: 'accepted' }]],
    [
      'the accounts’ marks more than 20 % apart are doubt, whichever is newer',
      600,
      [
        { s: 0, mark: 600, other: 6, is: 'doubtful' },
        { s: 2, mark: 600, other: 6, book: BOOK, is: 'doubtful' },
        { s: 4, mark: 600, other: 601, book: BOOK, is: 'accepted' },
      ],
    ],
    [
      'flat: a book far from the last accepted mark is doubted, and a second one like it accepted',
      600,
      [
        { s: 0, mark: 6, book: [5.9, 6.1], flat: true, is: 'doubtful' },
        { s: 2, mark: 6, book: [5.9, 6.1], flat: true, is: 'accepted' },
      ],
    ],
    [
      'flat: one absurd book between two right ones',
      600,
      [
        { s: 0, mark: 60000, book: [59999, 60001], flat: true, is: 'doubtful' },
        { s: 2, mark: 600, book: BOOK, flat: true, is: 'accepted' },
      ],
    ],
    [
      'a time to come is from before our clock was set back',
      600,
      [
        { s: 0, mark: 6, is: 'doubtful' },
        { s: -3600, mark: 600, is: 'doubtful' },
        { s: -3598, mark: 600, is: 'accepted' },
      ],
    ],
  ];
  for (const [name, accepted, readings] of cases) it(`3.1 ${name}`, () => void follow(accepted, readings));

  it('3.1 the doubt keeps its beginning, for the alert, whatever is read meanwhile', () => {
    const memory = follow(600, [
      { s: 0, mark: 6, is: 'doubtful' },
      { s: 4, mark: 60, is: 'doubtful' },
      { s: 8, mark: 1, is: 'doubtful' },
    ]);
    assert.equal(memory.markDoubt?.sinceMs, NOW);
  });

  it('3.1 the accepted mark is written down only when it has moved by more than 1 %', () => {
    const memory: Memory = { acceptedMark: d(600), markDoubt: null };
    assert.equal(judge(memory, { s: 0, mark: 605, book: BOOK }).memory.acceptedMark, memory.acceptedMark);
    assert.equal(judge(memory, { s: 0, mark: 607, book: BOOK }).memory.acceptedMark?.toFixed(), '607');
  });

  it('3.1 while it is not accepted a newer book is asked for, of a flat pair one of an interval later', () => {
    const memory: Memory = { acceptedMark: d(600), markDoubt: null };
    assert.equal(judge(memory, { s: 0, mark: 6 }).bookWanted, true);
    assert.equal(judge(memory, { s: 0, mark: 6, book: [599, 601, 1] }).bookWanted, true);
    assert.equal(judge(memory, { s: 0, mark: 6, book: BOOK }).bookWanted, false);
    assert.equal(judge(memory, { s: 0, mark: 6, book: [5, 7], flat: true }).bookWanted, false);
    assert.equal(judge(memory, { s: 0, mark: 600 }).bookWanted, false);
  });

  it('3.1 a mark that is not accepted values nothing: the last accepted one does, or the book’s middle', () => {
    assert.equal(judge({ acceptedMark: d(600), markDoubt: null }, { s: 0, mark: 6 }).valued.toFixed(), '600');
    assert.equal(judge({ acceptedMark: null, markDoubt: null }, { s: 0, mark: 6, book: BOOK }).valued.toFixed(), '600');
  });

  it('3.1 the mark is the newest position’s; flat, the middle of the book', () => {
    const of = (a: bigint, b: bigint) => ({
      A: snapshot('A', position(1, { markPrice: d(600), eventTimeNs: a })),
      B: snapshot('B', position(-1, { markPrice: d(610), eventTimeNs: b })),
    });
    const touch = { bid: d(599), ask: d(601), atMs: NOW, era: 0 };
    assert.equal(readMark(of(1n, 2n), touch)?.mark.toFixed(), '610');
    assert.equal(readMark(of(2n, 1n), touch)?.mark.toFixed(), '600');
    assert.equal(readMark({ A: snapshot('A', null), B: snapshot('B', null) }, touch)?.mark.toFixed(), '600');
    assert.equal(readMark({ A: snapshot('A', null), B: snapshot('B', null) }, null), null);
  });

  it('3.1 whatever is read, no accepted mark is more than 5 % outside the book that came with it, nor has it jumped', () => {
    const somePrice = fc.constantFrom(6, 600, 600, 603, 620, 640, 750, 760, 60000);
    const reading = fc.record({
      mark: somePrice,
      other: fc.option(somePrice, { nil: null }),
      bid: fc.option(somePrice, { nil: null }),
      gapMs: fc.integer({ min: 1, max: 4000 }),
    });
    let accepted = 0;
    let doubted = 0;
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 12 }), (readings) => {
        let memory: Memory = { acceptedMark: d(600), markDoubt: null };
        let s = 0;
        for (const { mark, other, bid, gapMs } of readings) {
          s += gapMs / 1000;
          const before = memory;
          const book = bid === null ? {} : { book: [bid, bid + 1] as const };
          const { judgement, memory: after } = judge(memory, {
            s,
            mark,
            ...(other === null ? {} : { other }),
            ...book,
          });
          memory = after;
          if (judgement.trust !== 'accepted') {
            doubted += 1;
            assert.equal(after.acceptedMark, before.acceptedMark);
            continue;
          }
          accepted += 1;
          if (bid !== null && (mark < bid || mark > bid + 1)) {
            assert.ok(Math.abs(mark - (bid + 0.5)) <= 0.05 * (bid + 0.5));
          }
          const jumped = Math.abs(mark - Number(before.acceptedMark)) > 0.2 * Number(before.acceptedMark);
          if (jumped) assert.notEqual(before.markDoubt, null, 'no jump is accepted at its first reading');
        }
      }),
      { seed, numRuns: 1000 },
    );
    assert.ok(accepted > 500 && doubted > 500, `${accepted} accepted, ${doubted} doubted: the cases show nothing`);
  });
});

/** A pair at 600 whose mark reads 6 or 60,000, as a decision sees it: valued at the last accepted. */
function doubted(read: number, over: Parameters<typeof input>[0] = {}) {
  const from = input({ mark: 600, config: { maxTotalPositionUsdt: d(12000) }, ...over });
  const judged = judge({ acceptedMark: d(600), markDoubt: null }, { s: 0, mark: read, book: BOOK });
  return { ...from, state: { ...from.state, ...judged.memory }, marks: judged.judgement };
}

describe('3.1 what a doubtful mark lets happen', () => {
  for (const read of [6, 60000]) {
    it(`3.1 at ${read} nothing is opened, and what rests as an opening is cancelled, in every state`, () => {
      const pair = [order('A', 'buy', 1.66, 599), order('B', 'sell', 1.66, 601)];
      for (const over of [
        { a: 1, b: -1 },
        { a: 0, b: 0 },
        { a: 1, b: -1, state: { rests: [rest('A', 'opening'), rest('A', 'repair'), rest('B', 'repair')] } },
        { a: 1, b: -1, config: { positionMode: 'decrease' as const, minTotalPositionUsdt: d(0) } },
      ]) {
        const plan = makePlan(doubted(read, { ...over, orders: pair }));
        assert.deepEqual(plan.creates, []);
        assert.deepEqual(
          plan.trims.map(({ order: { account }, why }) => `${account} ${why.rule}`),
          ['A 3.1', 'B 3.1'],
        );
      }
      assert.equal(makePlan(doubted(read, { a: 1, b: -1 })).idle?.rule, '3.1');
    });
  }

  it('3.1 repairs go on: within the net, and at most the order’s amount at the larger of mark and middle', () => {
    const imbalance = { a: 5, b: -1, lots: [lot(1, 'A', 'buy', 4, 600)] };
    const sizes = (read: number, over: Parameters<typeof input>[0] = {}) =>
      makePlan(doubted(read, { ...imbalance, ...over })).creates.map(
        ({ account, side, size, guardPrice }) => `${account} ${side} ${size.toFixed()} at ${guardPrice?.toFixed()}`,
      );
    assert.deepEqual(sizes(6), ['B sell 1.66 at 600']);
    assert.deepEqual(sizes(60000), ['A sell 0.01 at 600'], 'at 60,000 the limit leaves B nothing');
    assert.deepEqual(sizes(6, { a: 1.5 }), ['B sell 0.5 at 600'], 'never past the net');
    const cover = [order('B', 'sell', 4, 600, { purpose: 'repair' })];
    assert.deepEqual(sizes(6, { orders: cover }), [], 'nor beside what covers it, however much nearer');
  });

  it('3.1 the leg of a pair that covers the net stays; one larger than the net goes', () => {
    const imbalance = { a: 2.66, b: -1, lots: [lot(1, 'A', 'buy', 1.66, 599)] };
    const trims = (size: number) =>
      makePlan(doubted(6, { ...imbalance, orders: [order('B', 'sell', size, 601)] })).trims.map(({ why }) => why.rule);
    assert.deepEqual(trims(1.66), []);
    assert.deepEqual(trims(166.66), ['3.1']);
  });

  it('3.1 a mark in question opens nothing and cancels nothing', () => {
    const pair = [order('A', 'buy', 1.66, 599), order('B', 'sell', 1.66, 601)];
    const from = doubted(650, { a: 1, b: -1, orders: pair });
    const plan = makePlan({ ...from, marks: { ...from.marks, trust: 'in-question' } });
    assert.deepEqual([plan.creates, plan.trims], [[], []]);
  });
});

describe('6.2 an opening is sized at the larger of mark and best ask', () => {
  const sized = (mark: number, touch: readonly [number, number] | null) => {
    const from = input({ a: 1, b: -1, mark });
    const marks = {
      trust: 'accepted' as const,
      read: d(mark),
      low: d(mark),
      high: d(mark),
      touch: touch === null ? null : { bid: d(touch[0]), ask: d(touch[1]) },
    };
    const plan = makePlan({ ...from, marks });
    return plan.creates.length === 0
      ? reasonText(plan.idle ?? '')
      : plan.creates.map(({ size }) => size.toFixed()).join(' ');
  };
  it('6.2 the ask above the mark', () => assert.equal(sized(100, [99, 125]), '8 8'));
  it('6.2 the mark above the ask', () => assert.equal(sized(100, [89, 90]), '10 10'));
  it('6.2 both legs have one size at either', () => assert.equal(sized(6, [599, 600]), '1.66 1.66'));
  it('6.2 without a book nothing is opened', () =>
    assert.equal(sized(100, null), 'waiting for a book to size an opening by'));
});

describe('7.3 sizes above the range of the signature are clipped', () => {
  // With 18 base decimals a uint64 carries 18.446… units.
  const rules = { baseDecimals: 18 };
  it('7.3 of openings, alike', () => {
    const plan = makePlan(input({ a: 5, b: -5, mark: 10, instrument: rules }));
    assert.deepEqual(
      plan.creates.map(({ size }) => size.toFixed()),
      ['18.44', '18.44'],
    );
  });
  it('7.3 of repairs', () => {
    const lots = [lot(1, 'A', 'buy', 50, 10)];
    const plan = makePlan(input({ a: 50, b: 0, mark: 10, lots, instrument: rules }));
    assert.deepEqual(
      plan.creates.map(({ size }) => size.toFixed()),
      ['18.44'],
    );
  });
});

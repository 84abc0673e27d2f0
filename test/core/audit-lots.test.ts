import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditFill, Lots } from '../../src/core/audit/lots.ts';
import { bookFill, createLotBooks, guardOf, netOf } from '../../src/core/audit/lots.ts';
import { Decimal } from '../../src/core/decimal.ts';
import type { AccountName, Side } from '../../src/core/model.ts';

const d = (text: string | number): Decimal => new Decimal(text);

function fill(account: AccountName, side: Side, size: number, price: number, seq: number, order = `${seq}`): AuditFill {
  return { account, side, size: d(size), price: d(price), seq, atMs: seq * 1_000, loose: false, clientOrderId: order };
}

function words(lots: Lots): string[] {
  return lots.map((lot) => `${lot.account} ${lot.side} ${lot.size} at ${lot.price}`).sort();
}

describe('the auditor’s own matching (strategy 4.4)', () => {
  const lots: Lots = [fill('A', 'buy', 1, 99, 1), fill('A', 'buy', 1, 100, 2), fill('B', 'buy', 1, 100.5, 3)];

  it('a sell consumes the dearest buy lot it may, the other account’s first', () => {
    const booked = bookFill(lots, fill('B', 'sell', 1, 101, 4));
    assert.deepEqual(words(booked.lots), ['A buy 1 at 99', 'B buy 1 at 100.5']);
    assert.deepEqual(
      booked.matches.map((match) => [match.kind, match.gainUsdt.toString()]),
      [['hedge', '1']],
    );
  });

  it('its own account’s comes last', () => {
    const booked = bookFill(lots, fill('B', 'sell', 2.5, 101, 4));
    assert.deepEqual(
      booked.matches.map((match) => `${match.kind} ${match.size}`),
      ['hedge 1', 'hedge 1', 'unwind 0.5'],
    );
  });

  it('a lot it may not consume stays, and the rest becomes a lot', () => {
    const booked = bookFill(lots, fill('B', 'sell', 2, 99.5, 4));
    assert.deepEqual(words(booked.lots), ['A buy 1 at 100', 'B buy 1 at 100.5', 'B sell 1 at 99.5']);
    assert.equal(booked.left.toString(), '1');
  });

  it('the signed sum moves by the fill, whatever is matched', () => {
    assert.equal(netOf(bookFill(lots, fill('A', 'sell', 2.25, 100, 4)).lots).toString(), '0.75');
  });

  it('a buy is guarded by the dearest sell lots first', () => {
    const shorts: Lots = [fill('A', 'sell', 1, 99, 1), fill('A', 'sell', 1, 101, 2)];
    assert.equal(guardOf(shorts, 'B', 'buy', d(1))?.toString(), '101');
    assert.equal(guardOf(shorts, 'B', 'buy', d('1.01'))?.toString(), '99');
  });

  it('a lot without a settled price counts in size, not in price', () => {
    const loose: Lots = [{ ...fill('A', 'buy', 1, 105, 1), loose: true }, fill('A', 'buy', 1, 106, 2)];
    assert.equal(guardOf(loose, 'B', 'sell', d(1)), null);
    assert.equal(guardOf(loose, 'B', 'sell', d(2))?.toString(), '106');
  });
});

describe('the lots as they were known a little earlier', () => {
  it('without the fills of the account that was read later', () => {
    const books = createLotBooks(10_000);
    books.book(fill('A', 'buy', 1, 100, 1));
    books.book(fill('B', 'sell', 1, 101, 2));
    books.book(fill('A', 'buy', 1, 99, 3));
    assert.deepEqual(books.at(3, 3).map(words), [['A buy 1 at 99']]);
    assert.deepEqual(books.at(3, 1).map(words), [['A buy 1 at 100', 'A buy 1 at 99']]);
    assert.deepEqual(books.at(2, 2).map(words), [[]]);
    assert.deepEqual(books.at(0, 0).map(words), [[]]);
  });

  it('fills that came together may have been booked the other way round', () => {
    const books = createLotBooks(10_000);
    books.book(fill('A', 'buy', 1, 99, 1, 'a'));
    // B’s sell takes 99 when it is booked first, 100 when A’s second buy is.
    books.book(fill('B', 'sell', 1, 101, 2, 'b'));
    books.book(fill('A', 'buy', 1, 100, 3, 'c'));
    assert.deepEqual(books.current.map(words).sort(), [['A buy 1 at 100'], ['A buy 1 at 99']]);
  });

  /** A buys at two prices and B sells between, `apartMs` after the first: the sell closed one or the other. */
  function either(books: ReturnType<typeof createLotBooks>, step: number, apartMs: number): void {
    const at = (seconds: number, ms = 0) => ({
      seq: step * 100 + seconds,
      atMs: step * 100_000 + seconds * 1_000 + ms,
    });
    books.book({ ...fill('A', 'buy', 1, 100 - 5 * step, 0, `${step}a`), ...at(1) });
    books.book({ ...fill('B', 'sell', 1, 102 - 5 * step, 0, `${step}b`), ...at(30) });
    books.book({ ...fill('A', 'buy', 1, 101 - 5 * step, 0, `${step}c`), ...at(31, apartMs) });
  }

  it('where there are too many orders of booking, those are kept that had fills wait least', () => {
    const books = createLotBooks(10_000);
    for (let step = 1; step <= 7; step += 1) either(books, step, 7_000);
    either(books, 8, 0);
    const closest = books.current.map(words);
    const own = [1, 2, 3, 4, 5, 6, 7].map((step) => `A buy 1 at ${101 - 5 * step}`);
    for (const last of ['A buy 1 at 61', 'A buy 1 at 60'])
      assert.ok(
        closest.some((reading) => reading.join() === [...own, last].sort().join()),
        last,
      );
    assert.equal(books.crowded, false, 'what was dropped had them wait for long');
  });

  it('where likely ones had to be dropped too, that is known, until lots are used up', () => {
    const books = createLotBooks(10_000);
    for (let step = 1; step <= 5; step += 1) either(books, step, 0);
    assert.equal(books.crowded, false);
    for (let step = 6; step <= 9; step += 1) either(books, step, 0);
    assert.equal(books.crowded, true);
    books.book({ ...fill('B', 'sell', 9, 200, 10_000), atMs: 2_000_000 });
    assert.deepEqual(books.current.map(words), [[]]);
    assert.equal(books.crowded, false);
  });

  it('once their sum is known, readings of another sum are dropped, and come back by no fill that is booked late', () => {
    const books = createLotBooks(10_000);
    books.book(fill('A', 'buy', 1, 100, 1));
    books.bookPerhaps({ ...fill('A', 'sell', 2, 105, 2), loose: true });
    books.book(fill('B', 'sell', 1, 90, 3));
    assert.equal(books.current.length, 2);
    books.settle(d(0));
    assert.deepEqual(books.current.map(words), [['A buy 1 at 100', 'B sell 1 at 90']]);
    books.book(fill('A', 'buy', 1, 89, 4));
    assert.deepEqual([...new Set(books.current.map((lots) => netOf(lots).toString()))], ['1']);
    books.settle(d(77));
    assert.ok(books.current.length > 0, 'where none has that sum, all are kept');
  });

  it('a position that moves back by a drift’s size refutes it, or is another drift: either way is a reading', () => {
    const books = createLotBooks(10_000);
    books.book(fill('A', 'buy', 1, 100, 1));
    books.bookPerhaps({ ...fill('B', 'sell', 1, 105, 2), loose: true, clientOrderId: null });
    books.withdraw(2, { ...fill('B', 'buy', 1, 103, 3), loose: true, clientOrderId: null });
    assert.deepEqual(books.current.map(words), [['A buy 1 at 100'], ['B buy 1 at 103']]);
  });

  it('a drift may be adopted after fills that are heard of later, until its account was read whole several times', () => {
    for (const [wholePolls, expected] of [
      [0, true],
      [3, false],
    ] as const) {
      const books = createLotBooks(10_000);
      books.book(fill('A', 'sell', 2, 100, 1));
      books.bookPerhaps({ ...fill('B', 'buy', 1, 95, 2), loose: true, clientOrderId: null });
      books.book(fill('A', 'buy', 2, 100, 3), () => wholePolls);
      const readings = books.current.map((lots) => words(lots).join());
      assert.equal(readings.includes('B buy 1 at 95'), expected, readings.join(' | '));
    }
  });

  it('fills a minute apart may, where the account of the first was not read since; what the other account had booked stays', () => {
    const books = createLotBooks(10_000);
    books.book(fill('A', 'buy', 1, 99, 1, 'a'));
    books.book(fill('B', 'sell', 1, 101, 2, 'b'));
    books.book(fill('A', 'sell', 1, 98, 30, 'c'));
    books.book(fill('A', 'buy', 1, 100, 62, 'd'), (account) => (account === 'B' ? 0 : 3));
    assert.deepEqual(books.current.map(words).sort(), [
      ['A buy 1 at 100', 'A sell 1 at 98'],
      ['A buy 1 at 99', 'A sell 1 at 98'],
    ]);
  });

  it('fills a minute apart may not', () => {
    const books = createLotBooks(10_000);
    books.book(fill('A', 'buy', 1, 99, 1, 'a'));
    books.book(fill('B', 'sell', 1, 101, 2, 'b'));
    books.book(fill('A', 'buy', 1, 100, 62, 'c'));
    assert.deepEqual(books.current.map(words), [['A buy 1 at 100']]);
  });

  it('at a loop of 30 s they may: a poll that fails is known a loop later', () => {
    const books = createLotBooks(90_000);
    books.book(fill('A', 'buy', 1, 99, 1, 'a'));
    books.book(fill('B', 'sell', 1, 101, 2, 'b'));
    books.book(fill('A', 'buy', 1, 100, 62, 'c'));
    assert.deepEqual(books.current.map(words).sort(), [['A buy 1 at 100'], ['A buy 1 at 99']]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal } from '../../src/core/decimal.ts';
import type { Book } from '../../src/core/model.ts';
import { touchOf } from '../../src/core/pricing.ts';
import { reason } from '../../src/core/reasons.ts';
import { BOOK_FRESH_MS, createBooks, STREAM_WAIT_MS } from '../../src/grvt/books.ts';
import { rig } from './support.ts';

const BTC = 'BTC_USDT_Perp';

/** A book of that time of the exchange; its best bid names it. */
function bookAt(eventTimeNs: number, bid: string, instrument = BTC): Book {
  const level = (price: string) => ({ price: decimal(price), size: decimal('1') });
  return { instrument, bids: [level(bid)], asks: [level('1000')], eventTimeNs: BigInt(eventTimeNs) };
}

function bench(rest: readonly Book[] = []) {
  const clock = { ms: 1_000_000, era: 0 };
  const answers = [...rest];
  const asked: string[] = [];
  const books = createBooks({
    clock: { nowMs: () => clock.ms, era: () => clock.era },
    read: async (instrument) => {
      asked.push(instrument);
      return answers.shift() ?? assert.fail('REST was asked once too often');
    },
    isTraded: (instrument) => instrument === BTC,
  });
  const best = async (after?: number) => (await books.newest(BTC, after)).bids[0]?.price.toFixed();
  return { clock, answers, asked, books, best };
}

describe('7.4 the book that prices an order', () => {
  it('a book of the stream answers without a request, up to 2 s after it was received', async () => {
    const { clock, books, asked, best } = bench([bookAt(6, '20')]);
    books.take(bookAt(5, '10'));
    clock.ms += BOOK_FRESH_MS;
    assert.equal(await best(), '10');
    assert.deepEqual(asked, []);
    clock.ms += 1;
    assert.equal(await best(), '20');
    assert.deepEqual(asked, [BTC]);
  });

  it('12.3 the last touch is of the newest book of both, of any age; of one without a side there is none', async () => {
    const { clock, books } = bench([bookAt(6, '20')]);
    assert.equal(books.lastTouch(BTC), null);
    books.take(bookAt(5, '10'));
    clock.ms += 600_000;
    const touch = () => books.lastTouch(BTC) as NonNullable<ReturnType<typeof books.lastTouch>>;
    assert.deepEqual([touch().bid.toFixed(), touch().ask.toFixed(), touch().atMs], ['10', '1000', 1_000_000]);
    await books.newest(BTC);
    assert.deepEqual([touch().bid.toFixed(), touch().atMs], ['20', 1_600_000]);
    books.take({ ...bookAt(7, '30'), asks: [] });
    assert.equal(books.lastTouch(BTC), null);
  });

  it('without any, REST is asked; its answer counts for 2 s as well', async () => {
    const { clock, asked, best } = bench([bookAt(6, '20'), bookAt(7, '30')]);
    assert.equal(await best(), '20');
    clock.ms += BOOK_FRESH_MS;
    assert.equal(await best(), '20');
    clock.ms += 1;
    assert.equal(await best(), '30');
    assert.equal(asked.length, 2);
  });

  for (const [what, streamNs, restNs, expected] of [
    ['the stream’s, though received earlier', 9, 5, '10'],
    ['REST’s', 5, 9, '20'],
    ['of one time, what came later', 5, 5, '20'],
  ] as const) {
    it(`of both, the newest by the exchange’s time: ${what}`, async () => {
      const { clock, books, best } = bench([bookAt(restNs, '20')]);
      const waiting = best();
      books.take(bookAt(streamNs, '10'));
      assert.equal(await waiting, expected);
      clock.ms += 1;
      assert.equal(await best(), expected);
    });
  }

  it('an older book of the stream does not take the place of a newer one, until that is too old itself', async () => {
    const { clock, books, best } = bench();
    books.take(bookAt(9, '10'));
    books.take(bookAt(8, '11'));
    assert.equal(await best(), '10');
    clock.ms += BOOK_FRESH_MS + 1;
    books.take(bookAt(8, '12'));
    assert.equal(await best(), '12');
  });

  it('after a refusal only what was received later counts; its time may be the same', async () => {
    const { clock, books, asked, best } = bench();
    books.take(bookAt(5, '10'));
    const refusedAtMs = clock.ms;
    clock.ms += 1;
    books.take(bookAt(5, '11'));
    assert.equal(await best(refusedAtMs), '11');
    assert.deepEqual(asked, []);
  });

  it('after a refusal the next book of a stream that is alive is waited for, and REST is not asked', async () => {
    const { clock, books, asked, best } = bench();
    books.take(bookAt(5, '10'));
    const retries = [best(clock.ms), best(clock.ms)];
    clock.ms += 400;
    books.take(bookAt(6, '11'));
    assert.deepEqual(await Promise.all(retries), ['11', '11']);
    assert.deepEqual(asked, []);
  });

  it('a stream that brings none within one and a half of its periods is not waited for any longer', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { clock, books, asked, best } = bench([bookAt(5, '20')]);
    books.take(bookAt(5, '10'));
    const retry = best(clock.ms);
    t.mock.timers.tick(STREAM_WAIT_MS - 1);
    assert.deepEqual(asked, []);
    t.mock.timers.tick(1);
    assert.equal(await retry, '20');
    assert.deepEqual(asked, [BTC]);
  });

  it('REST’s answer serves a retry though our clock was set back since the refusal', async () => {
    const { clock, best } = bench([bookAt(5, '20')]);
    const refusedAtMs = clock.ms;
    clock.ms -= 3_600_000;
    clock.era += 1;
    assert.equal(await best(refusedAtMs), '20');
  });

  it('a book of before our clock was set back is not used, however young it looks', async () => {
    const { clock, books, asked, best } = bench([bookAt(5, '20')]);
    books.take(bookAt(5, '10'));
    clock.era += 1;
    assert.equal(await best(), '20');
    assert.deepEqual(asked, [BTC]);
  });

  it('a book dated in the future is not used', async () => {
    const { clock, books, best } = bench([bookAt(5, '20')]);
    books.take(bookAt(5, '10'));
    clock.ms -= 1;
    assert.equal(await best(), '20');
  });

  for (const [what, change, why] of [
    ['empty', { bids: [], asks: [] }, reason('book-empty', '7.4')],
    ['one-sided', { asks: [] }, reason('book-without-asks', '7.4')],
    ['crossed', { asks: bookAt(9, '9').bids }, reason('book-crossed', '7.4', { bid: '10', ask: '9' })],
  ] as const) {
    it(`the newest is ${what}: that fails the attempt, and no other is requested`, async () => {
      const { books, asked } = bench();
      books.take(bookAt(5, '10'));
      books.take({ ...bookAt(6, '10'), ...change });
      assert.deepEqual(touchOf(await books.newest(BTC)), { ok: false, why });
      assert.deepEqual(asked, []);
    });
  }

  it('all who wait for one instrument share one request, its failure too; afterwards it is asked again', async () => {
    let fail: (error: Error) => void = () => {};
    let requests = 0;
    const books = createBooks({
      clock: { nowMs: () => 0 },
      isTraded: () => true,
      read: (instrument) => {
        requests += 1;
        if (instrument !== BTC) return Promise.resolve(bookAt(5, '30', instrument));
        if (requests > 2) return Promise.resolve(bookAt(5, '10'));
        return new Promise((_, reject) => {
          fail = reject;
        });
      },
    });
    const waiting = [books.newest(BTC), books.newest(BTC), books.newest(BTC, -1)];
    assert.equal((await books.newest('ETH_USDT_Perp')).bids[0]?.price.toFixed(), '30');
    fail(new Error('down'));
    for (const one of waiting) await assert.rejects(one, /down/);
    assert.equal(requests, 2);
    assert.equal((await books.newest(BTC)).bids[0]?.price.toFixed(), '10');
  });

  it('an instrument nobody trades: its stream counts as nothing, its answers are not kept', async () => {
    const { books, asked, answers } = bench();
    answers.push(bookAt(5, '20', 'X'), bookAt(5, '20', 'X'));
    books.take(bookAt(5, '10', 'X'));
    await books.newest('X');
    await books.newest('X');
    assert.deepEqual(asked, ['X', 'X']);
  });

  it('the exchange adapter answers from the stream while it is fresh, else by one request', async (context) => {
    const { scripted, exchange, clock } = await rig(context);
    const level = (p: string) => [{ p, s: '1', no: 1 }];
    scripted.on('/lite/v1/book', { json: { r: { et: '7', i: BTC, b: level('10'), a: level('11') } } });
    exchange.takeBook(bookAt(5, '9'));
    assert.equal((await exchange.book(BTC)).eventTimeNs, 5n);
    assert.equal(scripted.asked.length, 0);
    const after = { receivedAfterMs: clock.ms };
    const answers = await Promise.all([exchange.book(BTC, after), exchange.book(BTC, after)]);
    assert.deepEqual(
      answers.map(({ eventTimeNs }) => eventTimeNs),
      [7n, 7n],
    );
    assert.equal(scripted.asked.length, 1);
  });
});

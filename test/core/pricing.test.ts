import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import '../support/fixed-seed.ts';
import { Decimal, decimal } from '../../src/core/decimal.ts';
import type { Book, Instrument, Side } from '../../src/core/model.ts';
import { checkSendable, type PricedOrder, priceFor, pricesToGoBeyond, touchOf } from '../../src/core/pricing.ts';
import { reason } from '../../src/core/reasons.ts';
import { reasonText } from '../../src/texts/reasons.ts';

function instrument(tick = '0.1', minSize = '0.01', minNotional = '5'): Instrument {
  return {
    name: 'BNB_USDT_Perp',
    hash: '0x030801',
    base: 'BNB',
    quote: 'USDT',
    baseDecimals: 9,
    tickSize: decimal(tick),
    minSize: decimal(minSize),
    minNotional: decimal(minNotional),
  };
}

function book(bid: string | null, ask: string | null): Book {
  const side = (price: string | null) => (price === null ? [] : [{ price: decimal(price), size: decimal('1') }]);
  return { instrument: 'BNB_USDT_Perp', bids: side(bid), asks: side(ask), eventTimeNs: 0n };
}

interface PriceCase {
  readonly rule: string;
  readonly side: Side;
  readonly bid: string;
  readonly ask: string;
  readonly guard?: string;
  readonly beyond?: readonly string[];
  readonly tick?: string;
  readonly price: string;
}

const PRICES: readonly PriceCase[] = [
  { rule: '7.1 without a guard a sell stands at the best ask', side: 'sell', bid: '600', ask: '600.1', price: '600.1' },
  { rule: '7.1 without a guard a buy stands at the best bid', side: 'buy', bid: '600', ask: '600.1', price: '600' },
  { rule: '7.1 a sell never goes below the guard', side: 'sell', bid: '590', ask: '590.1', guard: '600', price: '600' },
  {
    rule: '7.1 a sell above its guard stands at the touch',
    side: 'sell',
    bid: '610',
    ask: '610.1',
    guard: '600',
    price: '610.1',
  },
  { rule: '7.1 a buy never goes above the guard', side: 'buy', bid: '610', ask: '610.1', guard: '600', price: '600' },
  {
    rule: '7.1 a buy below its guard stands at the touch',
    side: 'buy',
    bid: '590',
    ask: '590.1',
    guard: '600',
    price: '590',
  },
  {
    rule: '7.1 a sell is rounded up to the tick',
    side: 'sell',
    bid: '590',
    ask: '590.1',
    guard: '600.01',
    price: '600.1',
  },
  {
    rule: '7.1 a buy is rounded down to the tick',
    side: 'buy',
    bid: '610',
    ask: '610.1',
    guard: '599.99',
    price: '599.9',
  },
  { rule: '7.1 a price on tick stays', side: 'sell', bid: '1', ask: '1.5', guard: '2.5', tick: '0.5', price: '2.5' },
  {
    rule: '6.6 a sell goes one tick beyond the other account’s buy',
    side: 'sell',
    bid: '599',
    ask: '599.1',
    beyond: ['600'],
    price: '600.1',
  },
  {
    rule: '6.6 a buy goes one tick beyond the other account’s sell',
    side: 'buy',
    bid: '601',
    ask: '601.1',
    beyond: ['600'],
    price: '599.9',
  },
  { rule: '6.6 a sell beyond already stays', side: 'sell', bid: '600', ask: '600.1', beyond: ['600'], price: '600.1' },
  {
    rule: '6.6 every order of the other account counts',
    side: 'sell',
    bid: '5',
    ask: '6',
    beyond: ['7', '9', '8'],
    tick: '1',
    price: '10',
  },
  {
    rule: '6.6 every order of the other account counts, for a buy',
    side: 'buy',
    bid: '8',
    ask: '9',
    beyond: ['7', '5', '6'],
    tick: '1',
    price: '4',
  },
  {
    rule: '6.6 beyond a price that is off tick',
    side: 'sell',
    bid: '5',
    ask: '6',
    beyond: ['7.5'],
    tick: '1',
    price: '8',
  },
  {
    rule: '6.6 beyond a price that is off tick, for a buy',
    side: 'buy',
    bid: '9',
    ask: '10',
    beyond: ['7.5'],
    tick: '1',
    price: '7',
  },
  {
    rule: '6.6 and the guard both hold',
    side: 'sell',
    bid: '5',
    ask: '6',
    guard: '12',
    beyond: ['7'],
    tick: '1',
    price: '12',
  },
];
for (const { rule, side, bid, ask, guard, beyond, tick, price } of PRICES) {
  test(rule, () => {
    const result = priceFor({
      side,
      book: book(bid, ask),
      guardPrice: guard === undefined ? null : decimal(guard),
      beyondPrices: (beyond ?? []).map((text) => decimal(text)),
      instrument: instrument(tick),
    });
    assert.ok(result.ok);
    assert.equal(result.price.toFixed(), price);
  });
}

const NO_TOUCH: [string, string | null, string | null, RegExp][] = [
  ['7.4 an empty book fails the attempt', null, null, /empty/],
  ['7.4 a book without bids fails the attempt', null, '600', /no bids/],
  ['7.4 a book without asks fails the attempt', '600', null, /no asks/],
  ['7.4 a crossed book fails the attempt', '600.1', '600', /600\.1.*600.*crossed|crossed.*600\.1.*600/],
  ['7.4 a locked book fails the attempt', '600', '600', /crossed/],
  ['7.4 a book with an impossible price fails the attempt', '0', '600', /impossible/],
];
for (const [rule, bid, ask, reason] of NO_TOUCH) {
  test(rule, () => {
    for (const side of ['buy', 'sell'] as const) {
      const request = { side, guardPrice: null, beyondPrices: [], instrument: instrument() };
      const result = priceFor({ ...request, book: book(bid, ask) });
      assert.ok(!result.ok);
      assert.equal(result.why.rule, '7.4');
      assert.match(reasonText(result.why), reason);
    }
    assert.equal(touchOf(book(bid, ask)).ok, false);
  });
}

test('7.1 a buy that has no price above zero left is refused', () => {
  const request = { side: 'buy', guardPrice: null, beyondPrices: [decimal('0.1')], instrument: instrument() } as const;
  const result = priceFor({ ...request, book: book('600', '600.1') });
  assert.deepEqual(result, { ok: false, why: reason('price-not-positive', '7.1', { price: '0' }) });
});

test('the touch is the best of each side', () => {
  const touch = touchOf(book('600', '600.1'));
  assert.ok(touch.ok);
  assert.deepEqual([touch.bid.toFixed(), touch.ask.toFixed()], ['600', '600.1']);
});

const cents = (min: number, max: number) => fc.integer({ min, max }).map((n) => new Decimal(n).div(100));
const priceRequests = fc.record({
  side: fc.constantFrom<Side>('buy', 'sell'),
  bid: cents(10_000, 60_000),
  spread: cents(1, 500),
  guardPrice: fc.option(cents(10_000, 60_000)),
  beyondPrices: fc.array(cents(10_000, 60_000), { maxLength: 4 }),
  tick: fc.constantFrom('0.01', '0.05', '0.1', '0.5', '1', '3'),
});

test('7.1, 6.6 a price is on tick, at or beyond the touch and the guard, clear of the other account, and no further than need be', () => {
  fc.assert(
    fc.property(priceRequests, ({ side, bid, spread, guardPrice, beyondPrices, tick }) => {
      const ask = bid.plus(spread);
      const whole: Book = { ...book(null, null), bids: [{ price: bid, size: bid }], asks: [{ price: ask, size: ask }] };
      const result = priceFor({ side, book: whole, guardPrice, beyondPrices, instrument: instrument(tick) });
      assert.ok(result.ok);
      const { price } = result;
      const step = decimal(tick);
      assert.ok(price.mod(step).isZero(), 'on tick');
      const passive = (candidate: Decimal): boolean =>
        side === 'sell'
          ? candidate.gte(ask) && candidate.gte(guardPrice ?? 0) && beyondPrices.every((other) => candidate.gt(other))
          : candidate.lte(bid) &&
            candidate.lte(guardPrice ?? bid) &&
            beyondPrices.every((other) => candidate.lt(other));
      assert.ok(passive(price), 'passive');
      assert.ok(!passive(side === 'sell' ? price.minus(step) : price.plus(step)), 'no further than need be');
    }),
  );
});

interface SendCase {
  readonly rule: string;
  readonly side?: Side;
  readonly size: string;
  readonly price: string;
  readonly nearerThan?: string;
  readonly denied: string | null;
}

const SENDABLE: readonly SendCase[] = [
  { rule: '7.3 the smallest size at a price that makes the notional goes', size: '0.01', price: '500', denied: null },
  {
    rule: '7.3 a notional below min_notional does not',
    size: '0.01',
    price: '499.9',
    denied: '7.3 size × price = 4.999 USDT is below min_notional 5',
  },
  {
    rule: '7.3 the notional is taken at the order’s own price',
    size: '0.02',
    price: '249.9',
    denied: '7.3 size × price = 4.998 USDT is below min_notional 5',
  },
  {
    rule: '7.3 a size below min_size does not',
    size: '0.009',
    price: '60000',
    denied: '7.3 size 0.009 is below min_size 0.01',
  },
  {
    rule: '7.3 a size that is no whole number of steps does not',
    size: '0.015',
    price: '60000',
    denied: '7.3 size 0.015 is no multiple of the step 0.01',
  },
  {
    rule: '6.4 a sell past the net goes if it is nearer',
    side: 'sell',
    size: '1',
    price: '599.9',
    nearerThan: '600',
    denied: null,
  },
  {
    rule: '6.4 a sell past the net at the same price does not',
    side: 'sell',
    size: '1',
    price: '600',
    nearerThan: '600',
    denied: '6.4 price 600 is not nearer to the market than 600',
  },
  {
    rule: '6.4 a sell past the net that is further does not',
    side: 'sell',
    size: '1',
    price: '600.1',
    nearerThan: '600',
    denied: '6.4 price 600.1 is not nearer to the market than 600',
  },
  {
    rule: '6.4 a buy past the net goes if it is nearer',
    side: 'buy',
    size: '1',
    price: '600.1',
    nearerThan: '600',
    denied: null,
  },
  {
    rule: '6.4 a buy past the net at the same price does not',
    side: 'buy',
    size: '1',
    price: '600',
    nearerThan: '600',
    denied: '6.4 price 600 is not nearer to the market than 600',
  },
];
for (const { rule, side, size, price, nearerThan, denied } of SENDABLE) {
  test(rule, () => {
    const result = checkSendable({
      side: side ?? 'buy',
      size: decimal(size),
      price: decimal(price),
      instrument: instrument(),
      nearerThanPrice: nearerThan === undefined ? null : decimal(nearerThan),
    });
    assert.equal(result.ok ? null : `${result.why.rule} ${reasonText(result.why)}`, denied);
  });
}

test('7.3 where the exchange states no min_notional, none is asked for', () => {
  const order = { side: 'buy', size: decimal('0.01'), price: decimal('0.1'), nearerThanPrice: null } as const;
  assert.ok(checkSendable({ ...order, instrument: instrument('0.1', '0.01', '0') }).ok);
});

test('7.1 a price above what a signature can carry is not sent', () => {
  const order = { side: 'sell', size: decimal('1'), instrument: instrument(), nearerThanPrice: null } as const;
  assert.ok(checkSendable({ ...order, price: decimal('18446744073.7') }).ok);
  const result = checkSendable({ ...order, price: decimal('18446744073.8') });
  const figures = { price: '18446744073.8', most: '18446744073.709551615' };
  assert.deepEqual(result.ok ? null : result.why, reason('price-unsignable', '7.1', figures));
});

test('6.2 an order worth more at this book than its size was meant for is not sent', () => {
  const sendable = (price: string) =>
    checkSendable({
      side: 'sell',
      size: decimal('166.66'),
      price: decimal('6.1'),
      instrument: instrument(),
      nearerThanPrice: null,
      worth: { price: decimal(price), mostUsdt: decimal('1250') },
    });
  assert.ok(sendable('7.5').ok);
  const result = sendable('600');
  assert.equal(
    result.ok ? null : `${result.why.rule} ${reasonText(result.why)}`,
    '6.2 size 166.66 is worth 99996.00 USDT at this book, more than 1250',
  );
});

test('6.6 only orders of the other account, on the other side, of the same instrument are kept clear of', () => {
  const entry = (changes: Partial<PricedOrder>): PricedOrder => ({
    clientOrderId: '1',
    instrument: 'BNB_USDT_Perp',
    account: 'B',
    side: 'sell',
    price: decimal('600'),
    ...changes,
  });
  const table = [
    entry({ price: decimal('1') }),
    entry({ price: decimal('2'), account: 'A' }),
    entry({ price: decimal('3'), side: 'buy' }),
    entry({ price: decimal('4'), instrument: 'SOL_USDT_Perp' }),
    entry({ price: decimal('5') }),
  ];
  const prices = pricesToGoBeyond(table, { instrument: 'BNB_USDT_Perp', account: 'A', side: 'buy' });
  assert.deepEqual(prices.map(String), ['1', '5']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf } from '../../src/backtest/answer.ts';
import { answerHtml } from '../../src/backtest/html.ts';
import { ownTradingOf } from '../../src/backtest/own-trading.ts';
import { type Asked, planOf, questionOf } from '../../src/backtest/plan.ts';
import { answerText } from '../../src/backtest/text.ts';
import { decimal } from '../../src/core/decimal.ts';
import type { JournalEntry } from '../../src/core/journal-entry.ts';
import type { FillRow } from '../../src/core/money.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { eventsOf } from '../../src/market/feed.ts';
import type { OwnTrading } from '../../src/market/own.ts';
import { ALWAYS, MarketWriter } from '../../src/market/store.ts';
import { e9 } from '../../src/paper/fixed.ts';
import { outcome, prepared } from '../journal/support.ts';
import { asked, BNB, START_MS, temporaryDirectory } from './markets.ts';

const MINUTE_MS = 60_000;
const at = (minutes: number) => START_MS + minutes * MINUTE_MS;
const ns = (ms: number) => BigInt(ms) * 1_000_000n;

function money(tradeId: string, atMs: number, more: Partial<FillRow> = {}): JournalEntry<'money'> {
  const body: FillRow = {
    ...{ type: 'fill', account: 'A', tradeId, orderId: '0x01', clientOrderId: '1', instrument: BNB.name, side: 'buy' },
    ...{ size: decimal('1'), price: decimal('612.3'), fee: decimal('0'), feeCurrency: 'USDT', feeRate: null },
    ...{ isTaker: false, origin: 'own', realizedPnl: null, timeNs: ns(atMs) },
    ...more,
  };
  return { kind: 'money', key: `fill ${tradeId} ${body.account}`, atMs, body };
}

function ownOf(entries: readonly JournalEntry[], range = ALWAYS): OwnTrading | undefined {
  const journal = createMemoryJournal();
  journal.append(entries);
  return ownTradingOf([journal], range).get(BNB.name);
}

test('an own order is in the book from its sending to its end or expiry; one that never rested is left out', () => {
  const own = ownOf([
    prepared('2', 2n, at(2)),
    prepared('1', 1n, at(1)),
    prepared('3', 3n, at(3)),
    outcome('1', 'resting', at(1) + 90),
    outcome('1', 'cancelled', at(5)),
    outcome('3', 'refused', at(3) + 90),
  ]);
  assert.deepEqual(
    own?.orders.map(({ buy, price, size, fromMs, toMs }) => [buy, price, size, fromMs, toMs]),
    [
      [true, e9('612.3'), e9('1.66'), at(1), at(5)],
      [true, e9('612.3'), e9('1.66'), at(2), at(62)],
    ],
  );
});

test('orders before and after the time asked are left out, those that reach into it are not', () => {
  const own = ownOf(
    [
      ...['1', '2', '3'].map((id, index) => prepared(id, BigInt(index), at(index * 10))),
      outcome('1', 'cancelled', at(5)),
      outcome('2', 'filled', at(16)),
    ],
    { fromMs: at(15), toMs: at(20) },
  );
  assert.deepEqual(
    own?.orders.map(({ fromMs }) => fromMs),
    [at(10)],
  );
});

test('a trade is own by its id, once where both accounts met; those of other orders are not own', () => {
  const own = ownOf([
    prepared('1', 1n, at(1)),
    money('7-1', at(2)),
    money('7-1', at(2), { account: 'B', side: 'sell', isTaker: true }),
    money('8-1', at(3), { origin: 'foreign' }),
  ]);
  assert.deepEqual([...(own?.fills ?? [])], [['7-1', e9('1')]]);
  assert.deepEqual(own?.orders[0]?.fills[0], { timeNs: ns(at(2)), size: e9('1') });
});

/** Two others' and an own order of 1.66 at 612.3, of which 1 trades in minute 2. */
function recording(directory: string): void {
  const writer = new MarketWriter(directory, BNB.name);
  const level = (price: string, size: string) => ({ price: e9(price), size: e9(size), orders: 1 });
  const asks = [level('612.7', '2')];
  const timed = (atMs: number) => ({ atMs, exchangeNs: ns(atMs) });
  writer.append({ kind: 'instrument', atMs: START_MS, spec: BNB });
  for (const [minute, size] of [2, 3.66, 2.66, 2].entries()) {
    writer.append({ kind: 'book', ...timed(at(minute) + 1_000), bids: [level('612.3', `${size}`)], asks });
    const [id, price] = minute === 1 ? ['7-1', '612.3'] : [`9-${minute}`, '612.7'];
    writer.append({
      ...{ kind: 'trade', ...timed(at(minute) + 30_000), takerBuys: minute !== 1 },
      ...{ price: e9(price), size: e9('1'), id },
    });
  }
  writer.close();
}

const ENTRIES = [
  prepared('1', 1n, at(1)),
  money('7-1', at(1) + 30_000),
  outcome('1', 'resting', at(1) + 90),
  outcome('1', 'cancelled', at(3)),
];

function reported(market: string, more: Partial<Asked>): { text: string; html: string } {
  const plan = planOf(asked(market, { fill: 'optimistic', ...more }));
  const answer = answerOf(plan, [[null]]);
  return { text: answerText(answer), html: answerHtml(answer) };
}

test('a recording with own trades is warned of, until they are taken out', (t) => {
  const market = temporaryDirectory(t);
  recording(market);
  const own = new Map([[BNB.name, ownOf(ENTRIES)!]]);
  const { text, html } = reported(market, { own });
  const warning =
    /WARNING: the engine traded in this recording of BNB_USDT_Perp: 1 trades and 2 levels of books are its own/;
  assert.match(text, warning);
  assert.match(html, warning);
  assert.doesNotMatch(reported(market, {}).text, /WARNING/);

  const plan = planOf(asked(market, { own, isOwnTakenOut: true }));
  const [{ without = null } = {}] = questionOf(plan, plan.points[0]!, 'conservative').symbols;
  const events = [...eventsOf({ directory: market, symbol: BNB.name, seed: 1, without })];
  const bids = events.flatMap((event) => (event.kind === 'book' ? [event.bids[0]?.size] : []));
  assert.deepEqual(
    bids,
    [2, 2, 2, 2].map((size) => e9(`${size}`)),
  );
  assert.deepEqual(
    events.flatMap((event) => (event.kind === 'trade' ? [event.id] : [])),
    ['9-0', '9-2', '9-3'],
  );
  const { text: after } = reported(market, { own, isOwnTakenOut: true });
  assert.match(after, /taken out as own were 1 trades and 2 levels of books, by 1 orders/);
  assert.doesNotMatch(after, /WARNING/);
});

test('a journal of another market is recognised by books that never show its orders', (t) => {
  const market = temporaryDirectory(t);
  recording(market);
  const orders = ownOf(ENTRIES)!.orders.map((order) => ({ ...order, price: e9('612.5') }));
  const { text } = reported(market, { own: new Map([[BNB.name, { orders, fills: new Map() }]]), isOwnTakenOut: true });
  assert.match(
    text,
    /WARNING: .* most books do not show these orders \(2 times\): the journal may be of another market/,
  );
});

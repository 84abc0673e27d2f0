import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditorOptions } from '../../src/core/audit/index.ts';
import { createAuditor } from '../../src/core/audit/index.ts';
import { Decimal } from '../../src/core/decimal.ts';
import type { AccountName, Side, SymbolConfig } from '../../src/core/model.ts';
import type { Ending, ScriptedOrder } from '../support/wire.ts';
import {
  INSTRUMENT,
  SERVER_ERROR,
  SUB_ACCOUNTS,
  strategyOrderId,
  TIMED_OUT,
  UNKNOWN_ORDER,
  Wire,
} from '../support/wire.ts';

const d = (text: string | number): Decimal => new Decimal(text);

const SYMBOL: SymbolConfig = {
  instrument: INSTRUMENT,
  enabled: true,
  orderNotionalUsdt: d(200),
  imbalanceLimitUsdt: d(100),
  maxTotalPositionUsdt: d(4000),
  minTotalPositionUsdt: d(0),
  aSideWhenEqual: 'buy',
  positionMode: 'increase',
  decreaseRepair: 'larger',
};

interface Setup {
  symbol?: Partial<SymbolConfig>;
  settings?: Partial<AuditorOptions['settings']>;
  existingAtStart?: AuditorOptions['existingAtStart'];
  asksAhead?: boolean;
  a?: [size: string, entry: string];
  b?: [size: string, entry: string];
}

function wired(setup: Setup = {}): Wire {
  const wire = new Wire(
    createAuditor({
      symbols: [{ ...SYMBOL, ...setup.symbol }],
      accounts: SUB_ACCOUNTS,
      settings: {
        singleOrderDiffThresholdUsdt: d(20),
        postOnlyMaxRetry: 5,
        partialFillTimeoutMs: 1_800_000,
        staleMs: 10_000,
        cancelOnStop: true,
        stopKeepStrategyOrders: 0,
        ...setup.settings,
      },
      ...(setup.existingAtStart ? { existingAtStart: setup.existingAtStart } : {}),
      ...(setup.asksAhead ? { asksAhead: true } : {}),
    }),
  );
  for (const [account, held] of [['A', setup.a] as const, ['B', setup.b] as const]) {
    if (!held) continue;
    wire.position[account] = { size: d(held[0]), cost: d(held[0]).mul(held[1]) };
  }
  return wire.begin();
}

/** Holding 5 against −5, hedged. */
const HELD = { a: ['5', '100'] as [string, string], b: ['-5', '100'] as [string, string] };
/** A bought one more than B sold: net 2, an open buy lot of A at 100. */
const LONG = { a: ['7', '100'] as [string, string], b: ['-5', '100'] as [string, string] };
/** A holds two buy lots, at 99 and at 100, B nothing: net 2. */
const TWO_LOTS: Setup = {
  a: ['2', '99.5'],
  symbol: { orderNotionalUsdt: d(100), imbalanceLimitUsdt: d(300) },
  existingAtStart: [99, 100].map((price) => ({
    instrument: INSTRUMENT,
    account: 'A',
    side: 'buy',
    size: d(1),
    price: d(price),
  })),
};

/** Net 2.45 of A, and 1.53 left for B below its limit: with a sell of 1.52 there, the larger repairs the rest (6.3). */
const FULL_BUT_FOR_ONE: Setup = { a: ['20.45', '100'], b: ['-18', '100'] };

const DECREASE = { positionMode: 'decrease', minTotalPositionUsdt: d(200) } as const;

/** As much as 5 against −5 come to: no opening leaves, and a repair does (8.3). */
const AT_MOST = { maxTotalPositionUsdt: d(1010) } as const;

/** Net 2 of A, and half of B's repair filled in part: while that waits the net is 2 still, and a repair of 1.99 is legal. */
const WAITING_REPAIR: Setup = {
  ...LONG,
  symbol: { imbalanceLimitUsdt: d(300) },
  settings: { partialFillTimeoutMs: 30_000 },
};

/** A holds a buy lot of 1 at 99: net 1. */
const UNREAD: Setup = {
  a: ['6', '99'],
  b: ['-5', '100'],
  existingAtStart: [{ instrument: INSTRUMENT, account: 'A', side: 'buy', size: d(1), price: d(99) }],
};

/**
 * B's sell is heard to have filled, and a look-up beside it ends as said, while B is then out of reach; A buys another lot at 100
 * meanwhile. Whether the sell closed the lot of 99 or that of 100 is what the other may be sold at: the price returned.
 *
 * @param failing reads of B that fail meanwhile, one in each poll, in turn
 */
function unread(wire: Wire, ending?: Ending, failing: readonly string[] = ['positions']): string {
  const buy = resting(wire, 'A', 'buy', '1', '100.0');
  const repair = wire.poll().create('B', 'sell', '1', '100.5');
  wire.wait(2_000).poll();
  wire.fill(repair, '1').wait(2_000).poll().lookUp(repair).lookUp(repair, ending);
  if (!ending) pass(wire, 8_000);
  for (let turn = 0; turn < 8; turn += 1) {
    wire.instead.clear();
    wire.instead.set(`B ${failing[turn % failing.length]}`, TIMED_OUT);
    if (turn === 7) wire.fill(buy, '1');
    wire.wait(1_970).poll();
  }
  wire.lookUp(buy);
  wire.instead.clear();
  pass(wire, 14_000);
  Object.assign(wire, { bid: '99.4', ask: '99.5' });
  return '99.5';
}

/** A holds a sell lot of 1 at 100.4: net −1. */
const HALF_DRIFTED: Setup = {
  a: ['-6', '100.4'],
  b: ['5', '100'],
  symbol: { imbalanceLimitUsdt: d(0) },
  existingAtStart: [{ instrument: INSTRUMENT, account: 'A', side: 'sell', size: d(1), price: d('100.4') }],
};

/**
 * B's buy of 1 closes that lot, and a person buys 0.5 back on A. If B could not be read, the drift comes before the fill: the
 * other half of the fill is a lot, which A's sell of 0.5 closes; else that sell is one. A then sells 1 more at 100.6.
 *
 * @returns where the bid stands, a price to hedge that at
 */
function drifted(wire: Wire, bid: string, { readable }: { readonly readable: boolean }): string {
  const repair = wire.create('B', 'buy', '1', '100.0');
  wire.wait(2_000).poll();
  wire.fill(repair, '1').lookUp(repair);
  if (readable) pass(wire, 14_000);
  else wire.instead.set('B positions', TIMED_OUT);
  wire.trade('A', 'buy', '0.5', '100.4');
  pass(wire, 16_000);
  wire.instead.clear();
  pass(wire, 4_000);
  const hedge = wire.create('A', 'sell', '0.5', '100.1');
  wire.fillAndTell(hedge);
  pass(wire, 14_000);
  Object.assign(wire, { bid: '100.5', ask: '100.6' });
  wire.fillAndTell(wire.create('A', 'sell', '1', '100.6'));
  pass(wire, 14_000);
  Object.assign(wire, { bid, ask: '100.9' });
  return bid;
}

/** The other instrument of `otherMissing` is none of those traded here. */
const OTHER_TRADED = ['I6 2.2'];

/**
 * A drift of A, 0.5 bought by hand, whose ten seconds are up two seconds after the last poll; that poll lacks an order of
 * another instrument.
 *
 * @param known what was heard of that order: that it is over, or nothing; `open`: that poll does not lack it
 * @param meanwhile called right before the last poll of A
 */
function otherMissing(
  wire: Wire,
  known: 'over' | 'nothing' | 'open' = 'over',
  meanwhile?: (order: ScriptedOrder) => void,
): { readonly other: ScriptedOrder; readonly found: () => Ending } {
  const leg = { instrument: 'SOL_USDT_Perp', size: '1', limit_price: '100.0', is_buying_asset: true };
  const other = wire.create('A', 'buy', '1', '100.0', { ending: { never: true }, order: { legs: [leg] } });
  const found = (): Ending => {
    const body = wire.orderBody(other) as Record<string, unknown>;
    return { status: 200, body: { result: { ...body, legs: [leg] } } };
  };
  if (known === 'open') other.status = 'OPEN';
  if (known === 'over') wire.finish(other, 'CANCELLED').lookUp(other, found());
  wire.trade('A', 'buy', '0.5', '100');
  for (let turn = 0; turn < 4; turn += 1) wire.wait(2_000).poll();
  wire.wait(1_500).poll('B');
  meanwhile?.(other);
  wire.poll('A');
  return { other, found };
}

/** Polls every two seconds. */
function pass(wire: Wire, ms: number): void {
  for (const endMs = wire.nowMs + ms; wire.nowMs < endMs; ) wire.wait(1_970).poll();
}

/** The second repair that only the whole net of 2 allows, nearer to the market than the first. */
function secondRepair(wire: Wire): void {
  wire.bid = '99.9';
  wire.ask = '100.0';
  wire.create('B', 'sell', '1.99', '100.0');
}

interface Case {
  readonly name: string;
  readonly setup?: Setup;
  readonly run: (wire: Wire) => void;
  /** Invariant and rule of each breach; none: it must not breach. */
  readonly broken?: readonly string[];
}

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'I1 every create is limit, post-only, GOOD_TILL_TIME': [
    { name: 'a maker order is legal', run: (w) => void w.create('A', 'buy', '1', '100.0') },
    {
      name: 'an order that is not post-only is none',
      run: (w) => void w.create('A', 'buy', '1', '100.0', { order: { post_only: false } }),
      broken: ['I1 1'],
    },
    {
      name: 'a market order is none',
      run: (w) => void w.create('A', 'buy', '1', '100.0', { order: { is_market: true } }),
      broken: ['I1 1'],
    },
    {
      name: 'an immediate-or-cancel order is none',
      run: (w) => void w.create('A', 'buy', '1', '100.0', { order: { time_in_force: 'IMMEDIATE_OR_CANCEL' } }),
      broken: ['I1 1'],
    },
    {
      name: 'a create without a leg is none',
      run: (w) => void w.create('A', 'buy', '1', '100.0', { order: { legs: [] } }),
      broken: ['I1 1'],
    },
    { name: 'bulk orders are no way to trade', run: (w) => void w.send('A', 'v2/bulk_orders', {}), broken: ['I1 1'] },
  ],
  'I2 no fill closes a lot at a loss': [
    {
      name: 'what an order is said to have traded at an impossible average closes nothing and guards nothing',
      setup: { ...HELD, settings: { partialFillTimeoutMs: 30_000 } },
      run: (w) => {
        const sell = w.create('B', 'sell', '1.5', '100.1');
        w.fill(sell, '1');
        pass(w, 50_000);
        w.fill(sell, '0.5');
        sell.value = d('20');
        w.wait(2_000).poll().lookUp(sell);
        pass(w, 14_000);
        w.create('A', 'buy', '1.5', '100.0');
        assert.equal(w.auditor.report().checks.I2, 1);
      },
    },
    { name: 'a repair at its guard is legal', setup: LONG, run: (w) => void w.create('B', 'sell', '1.99', '100.1') },
    {
      name: 'a repair below its guard is not',
      setup: { ...LONG, a: ['7', '101'] },
      run: (w) => void w.create('B', 'sell', '1.99', '100.9'),
      broken: ['I2 7.2'],
    },
    {
      name: 'a buy above its guard is not',
      setup: { a: ['5', '100'], b: ['-7', '99'] },
      run: (w) => void w.create('A', 'buy', '1.99', '99.1'),
      broken: ['I2 7.2'],
    },
    {
      name: 'live repairs are taken to fill too: the second is guarded by the dearer lot',
      setup: TWO_LOTS,
      run: (w) => {
        w.bid = '99.0';
        w.ask = '99.1';
        w.create('B', 'sell', '0.99', '99.1');
        w.wait(2_000).poll();
        w.create('B', 'sell', '0.99', '99.5');
      },
      broken: ['I2 7.2'],
    },
    {
      name: 'the second repair at the dearer lot is legal',
      setup: TWO_LOTS,
      run: (w) => {
        w.bid = '99.0';
        w.ask = '99.1';
        w.create('B', 'sell', '0.99', '99.1');
        w.wait(2_000).poll();
        w.create('B', 'sell', '0.99', '100.0');
      },
    },
    {
      name: 'the guard counts the price of the increment, not the average of the order',
      run: (w) => {
        const order = w.create('A', 'buy', '1', '100.0');
        // Two fills at two prices: a book that improved. The second is booked alone, after the wait.
        w.fill(order, '0.5', '90').wait(2_000).poll();
        for (let passed = 0; passed < 1_830_000; passed += 6_000) w.wait(6_000).poll();
        w.fill(order, '0.5', '100').wait(2_000).poll().lookUp(order);
        w.ask = '95.0';
        w.bid = '94.9';
        // Both lots, 90 and 100, are reached: 95 would do for the average only.
        w.create('B', 'sell', '1', '95.0');
      },
      broken: ['I2 7.2'],
    },
    {
      name: 'a guard from before the last answer is a guard a correct engine could have had',
      setup: LONG,
      run: (w) => {
        const opening = w.create('B', 'sell', '1', '100.1');
        w.fill(opening, '1').wait(1_000).poll('B').lookUp(opening);
        w.create('B', 'sell', '0.99', '100.1', { reads: true });
      },
      // The submission had ended; A has to be read again (9.10).
      broken: ['I12 9.10'],
    },
    {
      name: 'the other account’s lots are walked first',
      setup: {
        a: ['1', '101'],
        b: ['1', '99'],
      },
      run: (w) => void w.create('B', 'sell', '0.99', '100.1'),
      broken: ['I2 7.2'],
    },
    {
      name: 'lots that do not come to the net excuse no price: a drift was adopted, or there would be no create',
      setup: HELD,
      run: (w) => {
        w.trade('A', 'sell', '1', '100');
        for (let turn = 0; turn < 7; turn += 1) w.wait(2_000).poll();
        const repair = w.create('A', 'buy', '1', '99.0');
        w.fillAndTell(repair).wait(2_000).poll();
        Object.assign(w, { bid: '101.0', ask: '101.1' });
        const opening = w.create('A', 'buy', '1', '101.0');
        w.fillAndTell(opening);
        pass(w, 14_000);
        Object.assign(w, { bid: '99.9', ask: '100.0' });
        w.create('B', 'sell', '0.99', '100.0');
      },
      broken: ['I2 7.2'],
    },
    {
      name: 'a fill is booked when its account is read whole, after what the other’s polls brought meanwhile',
      setup: UNREAD,
      run: (w) => void w.create('B', 'sell', '0.99', unread(w, TIMED_OUT)),
    },
    {
      name: 'reads of two polls that failed are no whole one',
      setup: UNREAD,
      run: (w) => void w.create('B', 'sell', '0.99', unread(w, TIMED_OUT, ['positions', 'open_orders'])),
    },
    {
      name: 'read whole, it is booked before',
      setup: UNREAD,
      run: (w) => void w.create('B', 'sell', '0.99', unread(w)),
      broken: ['I2 7.2'],
    },
    {
      name: 'a drift is adopted before fills that the other account, which cannot be read, tells of later',
      setup: HALF_DRIFTED,
      run: (w) => void w.create('B', 'buy', '1', drifted(w, '100.6', { readable: false })),
    },
    {
      name: 'and is no guard the more for that',
      setup: HALF_DRIFTED,
      run: (w) => void w.create('B', 'buy', '1', drifted(w, '100.7', { readable: false })),
      broken: ['I2 7.2'],
    },
    {
      name: 'but after those of an account that was read whole since',
      setup: HALF_DRIFTED,
      run: (w) => void w.create('B', 'buy', '1', drifted(w, '100.6', { readable: true })),
      broken: ['I2 7.2'],
    },
    {
      name: 'a repair that filled past lots it had to close',
      setup: LONG,
      run: (w) => {
        const repair = w.create('B', 'sell', '1.99', '100.1');
        w.fill(repair, '1.99', '99.0').wait(2_000).poll().lookUp(repair);
      },
      broken: ['I2 4.4'],
    },
    {
      name: 'a repair that closed its lots',
      setup: LONG,
      run: (w) => {
        const repair = w.create('B', 'sell', '1.99', '100.1');
        w.fill(repair, '1.99').wait(2_000).poll().lookUp(repair);
      },
    },
    {
      name: 'lots of the start are not judged when the engine knows them from a journal we have not heard',
      setup: { ...LONG, a: ['7', '120'], existingAtStart: 'unjudged' },
      run: (w) => void w.create('B', 'sell', '1.99', '100.1'),
    },
    {
      name: 'lots told to the auditor at start are judged',
      setup: {
        ...LONG,
        existingAtStart: [{ instrument: INSTRUMENT, account: 'A', side: 'buy', size: d(2), price: d(103) }],
      },
      run: (w) => void w.create('B', 'sell', '1.94', '102.9'),
      broken: ['I2 7.2'],
    },
  ],
  'I3 prices on tick in the passive direction, sizes whole steps': [
    { name: 'behind the touch is passive', run: (w) => void w.create('A', 'buy', '1', '99.5') },
    { name: 'a price off the tick', run: (w) => void w.create('A', 'buy', '1', '99.95'), broken: ['I3 7.1'] },
    { name: 'a buy above the best bid', run: (w) => void w.create('A', 'buy', '1', '100.1'), broken: ['I3 7.1'] },
    { name: 'a size off the step', run: (w) => void w.create('A', 'buy', '1.005', '100.0'), broken: ['I3 7.3'] },
    { name: 'a size below min notional', run: (w) => void w.create('A', 'buy', '0.04', '100.0'), broken: ['I3 7.3'] },
    {
      name: 'priced by a book it never read',
      run: (w) => void w.create('A', 'buy', '1', '100.0', { reads: false }),
      broken: ['I3 7.4'],
    },
    {
      name: 'priced by the book of the former attempt',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: 'acknowledged' });
        w.finish(first, 'REJECTED', 'FAIL_POST_ONLY').lookUp(first).wait(500);
        w.create('A', 'buy', '1', '100.0', { reads: false });
      },
      broken: ['I3 7.4'],
    },
    {
      name: 'rules that changed a moment ago: either set is what the engine may have known',
      run: (w) => {
        w.tickSize = '0.5';
        w.instruments().wait(100);
        w.create('A', 'buy', '1', '99.9');
      },
    },
    {
      name: 'rules that changed a minute ago count',
      run: (w) => {
        w.tickSize = '0.5';
        w.instruments().wait(60_000).poll();
        w.create('A', 'buy', '1', '99.9');
      },
      broken: ['I3 7.1'],
    },
  ],
  'I4 never past the cap of that moment': [
    {
      name: 'one per account while hedged',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0');
        w.create('B', 'sell', '1', '100.1');
      },
    },
    {
      name: 'a second one while hedged',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0');
        w.wait(2_000).poll();
        w.create('A', 'buy', '0.9', '99.9');
      },
      broken: ['I4 8.2'],
    },
    {
      name: 'a second one while the first is in flight still',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0', { ending: { never: true } });
        w.wait(2_000).poll();
        w.create('A', 'buy', '0.9', '99.9');
      },
      broken: ['I4 8.2'],
    },
    {
      name: 'a second one after the first ended',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0');
        w.finish(first, 'CANCELLED').lookUp(first).wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'gone from the open orders is not over',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0');
        w.finish(first, 'CANCELLED').wait(2_000).poll();
        w.create('A', 'buy', '0.9', '100.0');
      },
      broken: ['I4 8.2'],
    },
    {
      name: 'a cancel acknowledged is not over either',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0');
        w.cancel(first).wait(2_000).poll();
        w.create('A', 'buy', '0.9', '100.0');
      },
      broken: ['I4 8.2'],
    },
    {
      name: 'one below the threshold of difference',
      setup: { a: ['5.15', '100'], b: ['-5', '100'] },
      run: (w) => {
        w.create('B', 'sell', '0.08', '100.1');
        w.wait(2_000).poll();
        w.create('B', 'sell', '0.07', '100.1');
      },
      broken: ['I4 8.2'],
    },
    {
      name: 'two above it, three never',
      setup: { a: ['9', '100'], b: ['-5', '100'] },
      run: (w) => {
        w.create('B', 'sell', '1.5', '100.3');
        w.wait(2_000).poll();
        w.create('B', 'sell', '1.5', '100.2');
        w.wait(2_000).poll();
        assert.deepEqual(w.broken, []);
        w.create('B', 'sell', '1', '100.1');
      },
      broken: ['I4 8.1'],
    },
  ],
  'I5 never past a limit': [
    {
      name: 'an opening that leaves 2 % is legal',
      setup: { a: ['18', '100'], b: ['-18', '100'] },
      run: (w) => void w.create('A', 'buy', '1.5', '100.0'),
    },
    {
      name: 'an opening into the last 2 % is not',
      setup: { a: ['18.5', '100'], b: ['-18.5', '100'] },
      run: (w) => void w.create('A', 'buy', '1.4', '100.0'),
      broken: ['I5 8.3'],
    },
    {
      name: 'orders in flight count',
      setup: { a: ['18.5', '100'], b: ['-18.5', '100'], symbol: { maxTotalPositionUsdt: d(3880) } },
      run: (w) => {
        w.create('A', 'buy', '0.5', '100.0', { ending: { never: true } });
        w.create('B', 'sell', '0.6', '100.1');
      },
      broken: ['I5 8.3'],
    },
    {
      name: 'a repair may use the 2 %',
      setup: { a: ['19.8', '100'], b: ['-18.5', '100'] },
      run: (w) => void w.create('B', 'sell', '1.29', '100.1'),
    },
    {
      name: 'a repair may not pass half of the maximum on its account',
      setup: { a: ['21', '100'], b: ['-19.5', '100'], symbol: { maxTotalPositionUsdt: d(4100) } },
      run: (w) => void w.create('B', 'sell', '1.4', '100.1'),
      broken: ['I5 8.3'],
    },
    {
      name: 'a repair within its half may not take the total past the maximum',
      setup: { a: ['21.5', '100'], b: ['-18', '100'] },
      run: (w) => void w.create('B', 'sell', '1.9', '100.1'),
      broken: ['I5 8.3'],
    },
    {
      name: 'an attempt refused in its own answer no longer counts',
      setup: { a: ['18', '100'], b: ['-18', '100'] },
      run: (w) => {
        const refused = w.create('A', 'buy', '1.5', '100.0', { ending: { never: true } });
        w.finish(refused, 'REJECTED', 'FAIL_POST_ONLY');
        w.end(refused.requestId, 'A', 'create_order', { status: 200, body: { result: w.orderBody(refused) } });
        w.wait(500).create('A', 'buy', '1.5', '100.0');
      },
    },
    {
      name: 'decrease: a repair above half may not take the total below the minimum',
      setup: { a: ['3', '100'], b: ['-0.5', '100'], symbol: DECREASE },
      run: (w) => void w.create('A', 'sell', '1.9', '100.1'),
      broken: ['I5 8.4'],
    },
    {
      name: 'decrease: an opening above the minimum is legal',
      setup: { ...HELD, symbol: DECREASE },
      run: (w) => void w.create('A', 'sell', '1.9', '100.1'),
    },
    {
      name: 'decrease: an opening below it is not',
      setup: { a: ['2', '100'], b: ['-2', '100'], symbol: DECREASE },
      run: (w) => void w.create('A', 'sell', '1.1', '100.1'),
      broken: ['I5 8.4'],
    },
    {
      name: 'decrease: the last of all may close',
      setup: { a: ['1', '100'], b: ['-1', '100'], symbol: { ...DECREASE, minTotalPositionUsdt: d(0) } },
      run: (w) => void w.create('A', 'sell', '1', '100.1'),
    },
    {
      name: 'decrease: never more than is held',
      setup: { a: ['1', '100'], b: ['-1', '100'], symbol: { ...DECREASE, minTotalPositionUsdt: d(0) } },
      run: (w) => void w.create('A', 'sell', '1.2', '100.1'),
      broken: ['I5 6.2'],
    },
    {
      name: 'at the mark of that moment: one of the two marks allows it',
      setup: { a: ['19.4', '100'], b: ['-19.4', '100'] },
      run: (w) => {
        w.mark = '110.0';
        w.wait(20_000).poll('B');
        w.mark = '98.0';
        w.poll('A');
        w.create('A', 'buy', '0.5', '100.0');
      },
    },
  ],
  'I6 while not hedged, against the net and from the account named': [
    { name: 'the smaller repairs', setup: LONG, run: (w) => void w.create('B', 'sell', '1.5', '100.1') },
    {
      name: 'with the net is wrong',
      setup: LONG,
      run: (w) => void w.create('B', 'buy', '1.5', '100.0'),
      broken: ['I6 6.3'],
    },
    {
      name: 'the larger is not named',
      setup: LONG,
      run: (w) => void w.create('A', 'sell', '1.5', '100.1'),
      broken: ['I6 6.3'],
    },
    {
      name: 'the larger is, where the limit leaves the smaller nothing',
      setup: { a: ['21', '100'], b: ['-19.98', '100'] },
      run: (w) => void w.create('A', 'sell', '1', '100.1'),
    },
    {
      name: 'the larger repairs no more than no live order covers',
      setup: { a: ['20.45', '100'], b: ['-19.95', '100'] },
      run: (w) => {
        w.create('A', 'sell', '0.48', '100.3');
        w.wait(2_000).poll();
        w.create('A', 'sell', '0.3', '100.1');
      },
      broken: ['I6 6.3'],
    },
    {
      name: 'the larger, while an order of the smaller that is proven absent by parts of two rounds may count as live (9.6)',
      setup: FULL_BUT_FOR_ONE,
      run: (w) => {
        const first = w.create('B', 'sell', '1.52', '100.3', { ending: TIMED_OUT });
        proveByParts(w, first);
        pass(w, 20_000);
        w.create('A', 'sell', '0.9', '100.1');
      },
    },
    {
      name: 'and the smaller again, for an engine that takes these parts for the proof',
      setup: FULL_BUT_FOR_ONE,
      run: (w) => {
        const first = w.create('B', 'sell', '1.52', '100.3', { ending: TIMED_OUT });
        proveByParts(w, first);
        pass(w, 20_000);
        w.create('B', 'sell', '1.52', '100.1');
      },
    },
    {
      name: 'not once a round has all of it: the order is dead for everyone',
      setup: FULL_BUT_FOR_ONE,
      run: (w) => {
        const first = w.create('B', 'sell', '1.52', '100.3', { ending: TIMED_OUT });
        proveByParts(w, first);
        pass(w, 4_000);
        readProof(w, first);
        pass(w, 12_000);
        w.create('A', 'sell', '0.9', '100.1');
      },
      broken: ['I6 6.3'],
    },
    {
      name: 'nor has a poll’s open orders beside a history that was asked for another order all of it',
      setup: FULL_BUT_FOR_ONE,
      run: (w) => {
        const first = w.create('B', 'sell', '1.52', '100.3', { ending: TIMED_OUT });
        proveByParts(w, first);
        pass(w, 4_000);
        w.poll('B')
          .wait(60)
          .readHistory('B', first.createdMs - 60_000);
        pass(w, 12_000);
        w.create('A', 'sell', '0.9', '100.1');
      },
    },
    {
      name: 'the larger, decided just before the smaller’s order was said to be rejected',
      setup: FULL_BUT_FOR_ONE,
      run: (w) => {
        const first = w.create('B', 'sell', '1.52', '100.3', { ending: TIMED_OUT });
        pass(w, 4_000);
        w.finish(first, 'REJECTED', 'FAIL_POST_ONLY').lookUp(first);
        w.create('A', 'sell', '0.9', '100.1');
      },
    },
    {
      name: 'the larger, decided just before the proof of the smaller’s order came',
      setup: FULL_BUT_FOR_ONE,
      run: (w) => {
        const first = w.create('B', 'sell', '1.52', '100.3', { ending: TIMED_OUT });
        pass(w, 4_000);
        proveAbsent(w, first);
        w.create('A', 'sell', '0.9', '100.1');
      },
    },
    {
      name: 'the larger, decided just before a round had all of it, its parts long known',
      setup: FULL_BUT_FOR_ONE,
      run: (w) => {
        const first = w.create('B', 'sell', '1.52', '100.3', { ending: TIMED_OUT });
        proveByParts(w, first);
        pass(w, 20_000);
        w.wait(4_000);
        readProof(w, first);
        w.create('A', 'sell', '0.9', '100.1');
      },
    },
    {
      name: 'but no more of it than that order leaves uncovered',
      setup: FULL_BUT_FOR_ONE,
      run: (w) => {
        const first = w.create('B', 'sell', '1.52', '100.3', { ending: TIMED_OUT });
        proveByParts(w, first);
        pass(w, 20_000);
        w.create('A', 'sell', '1.5', '100.1');
      },
      broken: ['I6 6.3'],
    },
    {
      name: 'decrease: the larger repairs',
      setup: { ...LONG, symbol: DECREASE },
      run: (w) => void w.create('A', 'sell', '1.5', '100.1'),
    },
    {
      name: 'decrease: the smaller does not, unless told to',
      setup: { ...LONG, symbol: DECREASE },
      run: (w) => void w.create('B', 'sell', '1.5', '100.1'),
      broken: ['I6 6.3'],
    },
    {
      name: 'same direction: the smaller, in either mode',
      setup: { a: ['2', '100'], b: ['1', '100'], symbol: DECREASE },
      run: (w) => void w.create('B', 'sell', '1.5', '100.1'),
    },
    {
      name: 'more than the net it may not pass',
      setup: LONG,
      run: (w) => void w.create('B', 'sell', '2.01', '100.1'),
      broken: ['I6 6.4'],
    },
    {
      name: 'more than one order is worth',
      setup: { ...LONG, symbol: { orderNotionalUsdt: d(100) } },
      run: (w) => void w.create('B', 'sell', '1.5', '100.1'),
      broken: ['I5 6.2', 'I6 6.4'],
    },
    {
      name: 'a second one past the net joins only at a better price',
      setup: LONG,
      run: (w) => {
        w.create('B', 'sell', '1.99', '100.5');
        w.wait(2_000).poll();
        w.create('B', 'sell', '0.9', '100.3');
        assert.deepEqual(w.broken, []);
      },
    },
    {
      name: 'not at the same price',
      setup: LONG,
      run: (w) => {
        w.create('B', 'sell', '1.99', '100.5');
        w.wait(2_000).poll();
        w.create('B', 'sell', '0.9', '100.5');
      },
      broken: ['I6 6.4'],
    },
    {
      name: 'hedged: an opening on the configured side, A and B opposite',
      run: (w) => void w.create('A', 'sell', '1', '100.1'),
      broken: ['I6 6.1'],
    },
    {
      name: 'hedged and holding: the growing side',
      setup: HELD,
      run: (w) => void w.create('B', 'buy', '1', '100.0'),
      broken: ['I6 6.1'],
    },
    {
      name: 'decrease and flat: nothing',
      setup: { symbol: { ...DECREASE, minTotalPositionUsdt: d(0) } },
      run: (w) => void w.create('A', 'buy', '1', '100.0'),
      broken: ['I6 6.2'],
    },
    {
      name: 'a view of a moment before the fill was read allows the opening of that moment',
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.fill(a, '1').wait(2_000).poll().lookUp(a);
        // Decided with A's, sent after the read that showed the fill: B sells, which is against the net too.
        w.create('B', 'sell', '1', '100.1');
      },
    },
    {
      name: 'a partial fill waits from when the engine could read it, not from when it happened',
      setup: WAITING_REPAIR,
      run: (w) => {
        const first = w.create('B', 'sell', '1.99', '100.1');
        pass(w, 2_000);
        w.auditor.restarted(w.nowMs);
        w.fill(first, '1').wait(20_000);
        pass(w, 16_000);
        secondRepair(w);
      },
    },
    {
      name: 'a reading that a kill kept from the journal is made anew, and the wait begins there',
      setup: WAITING_REPAIR,
      run: (w) => {
        const first = w.create('B', 'sell', '1.99', '100.1');
        pass(w, 2_000);
        w.fill(first, '1').wait(1_000).poll();
        w.auditor.restarted(w.nowMs);
        w.wait(20_000);
        pass(w, 16_000);
        secondRepair(w);
      },
    },
    {
      name: 'its wait over beyond doubt, it is booked',
      setup: WAITING_REPAIR,
      run: (w) => {
        const first = w.create('B', 'sell', '1.99', '100.1');
        pass(w, 2_000);
        w.fill(first, '1');
        pass(w, 50_000);
        secondRepair(w);
      },
      broken: ['I6 6.4'],
    },
    {
      name: 'what an order found at the start had traded in part waits from when the engine began, not from when it was read',
      setup: WAITING_REPAIR,
      run: (w) => {
        const former = {
          account: 'B' as const,
          side: 'sell' as const,
          size: '2.49',
          price: '100.1',
          clientOrderId: strategyOrderId('B', 'sell', 77),
          requestId: 0,
          request: null,
          createdMs: w.nowMs - 60_000,
          status: 'OPEN',
          reason: 'UNSPECIFIED',
          traded: d('0.5'),
          value: d('50.05'),
        };
        w.orders.push(former);
        w.auditor.restarted(w.nowMs, { journal: 'lost' });
        // Not before its readings stay alike for some seconds (11.3).
        pass(w, 6_000);
        w.trade('A', 'buy', '0.1', '100');
        pass(w, 6_000);
        w.trade('A', 'sell', '0.1', '100');
        pass(w, 26_000);
        w.fill(former, '0.5');
        pass(w, 6_000);
        secondRepair(w);
      },
    },
    {
      name: 'our clock set back, a partial fill waits that much longer',
      setup: WAITING_REPAIR,
      run: (w) => {
        const first = w.create('B', 'sell', '1.99', '100.1');
        pass(w, 2_000);
        w.fill(first, '1');
        pass(w, 10_000);
        w.wait(-20_000);
        pass(w, 30_000);
        secondRepair(w);
      },
    },
    {
      name: 'our clock set back behind it, a partial fill is booked once it has waited from there',
      setup: { ...HELD, settings: { partialFillTimeoutMs: 30_000 } },
      run: (w) => {
        const a = w.create('A', 'buy', '1.5', '100.0');
        w.fill(a, '1');
        pass(w, 8_000);
        w.wait(-3_600_000);
        pass(w, 32_000);
        w.create('B', 'sell', '1', '100.1');
      },
    },
    {
      name: 'and beyond doubt soon after',
      setup: WAITING_REPAIR,
      run: (w) => {
        const first = w.create('B', 'sell', '1.99', '100.1');
        pass(w, 2_000);
        w.fill(first, '1');
        pass(w, 8_000);
        w.wait(-3_600_000);
        pass(w, 50_000);
        secondRepair(w);
      },
      broken: ['I6 6.4'],
    },
    {
      name: 'our clock set forward, a partial fill has waited that much already',
      setup: { ...HELD, settings: { partialFillTimeoutMs: 30_000 } },
      run: (w) => {
        const a = w.create('A', 'buy', '1.5', '100.0');
        w.fill(a, '1');
        pass(w, 4_000);
        w.wait(30_000);
        pass(w, 2_000);
        w.create('B', 'sell', '1', '100.1');
      },
    },
    {
      name: 'a partial fill waits: no new order',
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.fill(a, '0.5');
        for (let turn = 0; turn < 12; turn += 1) w.wait(2_000).poll();
        w.create('B', 'sell', '1', '100.1');
      },
      broken: ['I6 5'],
    },
    {
      name: 'after its wait it is booked and repaired',
      setup: { settings: { partialFillTimeoutMs: 30_000 } },
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.fill(a, '0.5');
        for (let turn = 0; turn < 20; turn += 1) w.wait(2_000).poll();
        w.create('B', 'sell', '0.49', '100.1');
      },
    },
  ],
  'I7 no intent has two live orders, no id twice': [
    {
      name: 'an id used twice',
      run: (w) => {
        const id = strategyOrderId('A', 'buy', 77);
        const first = w.create('A', 'buy', '1', '100.0', { clientOrderId: id });
        w.finish(first, 'CANCELLED').lookUp(first).wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0', { clientOrderId: id });
      },
      broken: ['I7 9.2'],
    },
    {
      name: 'the same bytes delivered twice are one order',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: { never: true } });
        w.send('A', 'create_order', first.request);
      },
    },
    {
      name: 'the same bytes once more after a new login',
      run: (w) => {
        const ending = { status: 401, body: { code: 1000, message: 'authenticate', status: 401 } };
        const first = w.create('A', 'buy', '1', '100.0', { ending });
        w.send('A', 'create_order', first.request);
      },
    },
    {
      name: 'the same bytes after a time-out are a blind repeat',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        w.send('A', 'create_order', first.request);
      },
      broken: ['I7 9.6'],
    },
    {
      name: 'an id without the prefix',
      run: (w) => void w.create('A', 'buy', '1', '100.0', { clientOrderId: '12345' }),
      broken: ['I7 9.2'],
    },
    {
      name: 'an id of the other account',
      run: (w) => void w.create('A', 'buy', '1', '100.0', { clientOrderId: strategyOrderId('B', 'buy', 9) }),
      broken: ['I7 9.2'],
    },
    {
      name: 'a time-out read as rejected',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I4 8.2', 'I7 9.6'],
    },
    {
      name: 'a 502 read as rejected',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0', { ending: { status: 502, body: '<html>bad gateway</html>' } });
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I4 8.2', 'I7 9.6'],
    },
    {
      name: 'dropped after three look-ups that did not find it',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        for (let turn = 0; turn < 3; turn += 1) w.lookUp(first, UNKNOWN_ORDER).wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I4 8.2', 'I7 9.6'],
    },
    {
      name: 'fenced, and asked after the fence: proven absent',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        proveAbsent(w, first);
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'asked before the fence had passed: not proven',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        w.cancel(first, { ttlMs: 5_000 });
        w.lookUp(first, UNKNOWN_ORDER).readOpenOrders('A');
        w.orders.pop();
        w.readHistory('A', first.createdMs - 60_000)
          .wait(2_000)
          .poll('B');
        // The one read of open orders after the fence is not the whole proof.
        w.wait(4_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I4 8.2', 'I7 9.6'],
    },
    {
      name: 'our clock set back while the fence was up: it may have passed, and what is asked after that is proof',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        w.cancel(first, { ttlMs: 5_000 }).wait(-34_000).lookUp(first, UNKNOWN_ORDER).readOpenOrders('A');
        w.orders.pop();
        w.readHistory('A', first.createdMs - 60_000)
          .wait(2_000)
          .poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'and where its times do not show that it was, since as much time has passed',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        w.cancel(first, { ttlMs: 5_000 }).wait(90).era += 1;
        w.lookUp(first, UNKNOWN_ORDER).readOpenOrders('A');
        w.orders.pop();
        w.readHistory('A', first.createdMs - 60_000)
          .wait(2_000)
          .poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'set back and asked for nothing after it: not proven',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        w.cancel(first, { ttlMs: 5_000 }).lookUp(first, UNKNOWN_ORDER).wait(-34_000);
        w.orders.pop();
        w.poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I4 8.2', 'I7 9.6'],
    },
    {
      name: 'a history that does not reach back proves nothing',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        w.cancel(first, { ttlMs: 1_000 }).wait(1_000).lookUp(first, UNKNOWN_ORDER).readOpenOrders('A');
        w.orders.pop();
        w.readHistory('A', first.createdMs + 600_000)
          .wait(2_000)
          .poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I4 8.2', 'I7 9.6'],
    },
    {
      name: 'expired by the exchange’s clock, then asked: proven absent',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        w.wait(3_700_000).lookUp(first, UNKNOWN_ORDER).readOpenOrders('A');
        w.orders.pop();
        w.readHistory('A', first.createdMs - 60_000)
          .wait(2_000)
          .poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'refused by the exchange: it never was',
      run: (w) => {
        const ending = { status: 400, body: { code: 2080, message: 'Insufficient Margin', status: 400 } };
        w.create('A', 'buy', '1', '100.0', { ending });
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'id already active (2012) proves nothing',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0', {
          ending: { status: 400, body: { code: 2012, message: 'overlap', status: 400 } },
        });
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I4 8.2', 'I7 9.6'],
    },
    {
      name: 'a repair of what an unknown one leaves uncovered is its own intent',
      setup: { ...LONG, symbol: { orderNotionalUsdt: d(100) } },
      run: (w) => {
        w.create('B', 'sell', '0.99', '100.1', { ending: TIMED_OUT });
        w.wait(2_000).poll();
        w.create('B', 'sell', '0.99', '100.1');
      },
    },
    {
      name: 'the whole repair again beside an unknown one is not',
      setup: LONG,
      run: (w) => {
        w.create('B', 'sell', '1.99', '100.1', { ending: TIMED_OUT });
        w.wait(2_000).poll();
        w.create('B', 'sell', '1.99', '100.1');
      },
      broken: ['I6 6.4', 'I7 9.6'],
    },
    {
      name: 'other bytes under an id in flight',
      run: (w) => {
        const id = strategyOrderId('A', 'buy', 78);
        w.create('A', 'buy', '1', '100.0', { clientOrderId: id, ending: { never: true } });
        w.create('A', 'buy', '1', '99.9', { clientOrderId: id, ending: { never: true } });
      },
      broken: ['I7 9.2'],
    },
    {
      name: 'a connection never made sent nothing',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0', { ending: { failed: 'connect ECONNREFUSED 127.0.0.1:1' } });
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'a 429 without a readable body is a turn away, a 503 is not',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0', { ending: { failed: 'HTTP 429: not JSON' } });
        w.wait(2_000).poll();
        const second = w.create('A', 'buy', '1', '100.0', { ending: { failed: 'HTTP 503: not JSON' } });
        assert.deepEqual(w.broken, []);
        w.wait(2_000).poll();
        w.create('A', 'buy', second.size, '100.0');
      },
      broken: ['I4 8.2', 'I7 9.6'],
    },
    {
      name: 'a create whose answer is about something else has no known outcome',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0', { ending: { status: 200, body: { result: { ack: true } } } });
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I4 8.2', 'I7 9.6'],
    },
    {
      name: 'proven absent and there all the same: it counts again',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        proveAbsent(w, first);
        first.status = 'OPEN';
        w.orders.push(first);
        w.wait(2_000).poll();
        w.create('A', 'buy', '0.9', '100.0');
      },
      broken: ['I4 8.2'],
    },
    {
      name: 'in flight when the engine was killed: unknown to the next one too',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0', { ending: { never: true } });
        w.auditor.restarted(w.nowMs);
        w.wait(5_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I4 8.2', 'I7 9.6'],
    },
    {
      name: 'refused as post-only, tried again under the same knowledge',
      run: (w) => {
        let order = w.create('A', 'buy', '1', '100.0', { ending: 'acknowledged' });
        for (let attempt = 2; attempt <= 5; attempt += 1) {
          w.finish(order, 'REJECTED', 'FAIL_POST_ONLY').lookUp(order).wait(500);
          order = w.create('A', 'buy', '1', '99.9', { ending: 'acknowledged' });
        }
      },
    },
    {
      name: 'a late attempt of an opening, whatever order the fills of long ago may have been booked in',
      setup: { ...HELD, symbol: { ...DECREASE, decreaseRepair: 'smaller' }, existingAtStart: [] },
      run: (w) => {
        lotsOfManyReadings(w);
        pass(w, 30_000);
        const first = w.create('A', 'sell', '1', '100.1', { ending: 'acknowledged' });
        const partner = w.create('B', 'buy', '1', '100.0');
        w.fill(partner, '1').poll('B').lookUp(partner);
        // Its fate is learned only now; meanwhile the account that should repair is the other one.
        for (let poll = 0; poll < 16; poll += 1) w.wait(470).poll();
        w.finish(first, 'REJECTED', 'FAIL_POST_ONLY').lookUp(first);
        w.create('A', 'sell', '1', '100.1');
      },
    },
    {
      name: 'an order that the exchange forgot ends by proof, not by a look-up',
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0');
        proveAbsent(w, first);
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
  ],
  'I8 foreign orders untouched': [
    { name: 'our own order may be cancelled', run: (w) => void w.cancel(w.create('A', 'buy', '1', '100.0')) },
    {
      name: 'a foreign order may not',
      run: (w) => void w.send('A', 'cancel_order', { sub_account_id: SUB_ACCOUNTS.A, client_order_id: '4711' }),
      broken: ['I8 9.7'],
    },
    {
      name: 'nor may an order that is named by the exchange’s id only',
      run: (w) => void w.send('A', 'cancel_order', { sub_account_id: SUB_ACCOUNTS.A, order_id: '0x0101' }),
      broken: ['I8 9.7'],
    },
    {
      name: 'cancel_all is never used',
      run: (w) => void w.send('A', 'full/v1/cancel_all_orders', { sub_account_id: SUB_ACCOUNTS.A }),
      broken: ['I8 9.7'],
    },
    {
      name: 'nor is the dead-man timer',
      run: (w) => void w.send('A', 'cancel_on_disconnect', { sub_account_id: SUB_ACCOUNTS.A }),
      broken: ['I8 9.7'],
    },
    {
      name: 'a cancel in the name of the other account',
      run: (w) =>
        void w.send('A', 'cancel_order', {
          sub_account_id: SUB_ACCOUNTS.B,
          client_order_id: strategyOrderId('A', 'buy', 5),
        }),
      broken: ['I8 9.7'],
    },
  ],
  'I9 lots and net agree on what a create rests on': [
    {
      name: 'an order of a former engine that vanishes before this one began is part of the positions it begins from',
      setup: { ...HELD, symbol: { imbalanceLimitUsdt: d(0) } },
      run: (w) => {
        const former = formerOrder(w);
        w.wait(2_000).poll();
        w.fill(former, '1.5').wait(2_000).poll();
        w.wait(4_000).poll();
        w.create('B', 'sell', '1.5', '100.1');
      },
    },
    {
      name: 'what an order of a former engine trades before this one began is booked with the positions, though it waits in part',
      setup: { ...HELD, symbol: { imbalanceLimitUsdt: d(0) } },
      run: (w) => {
        const former = formerOrder(w);
        w.wait(2_000).poll();
        w.fill(former, '1').wait(2_000).poll();
        w.wait(4_000).poll();
        w.create('B', 'sell', '1', '100.1');
      },
    },
    {
      name: 'an order of a former engine that is asked about is known: its fill counts, though no create has left yet',
      setup: { a: ['5', '100'], b: ['-7', '100'] },
      run: (w) => {
        const former = formerOrder(w, '2');
        pass(w, 6_000);
        w.fill(former, '2').wait(2_000).poll().lookUp(former);
        w.create('B', 'sell', '1', '100.1');
      },
    },
    {
      name: 'and so where the first poll that lacks it failed: an engine that has begun takes nothing of that and asks after the next',
      setup: { a: ['5', '100'], b: ['-7', '100'] },
      run: (w) => {
        const former = formerOrder(w, '2');
        w.wait(2_000).poll();
        w.fill(former, '2');
        w.instead.set('A positions', { status: 200, body: {} });
        w.wait(2_000).poll().instead.clear();
        w.wait(2_000).poll().lookUp(former);
        pass(w, 6_000);
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'until then it is live, and counts',
      setup: HELD,
      run: (w) => {
        const former = formerOrder(w);
        w.wait(2_000).poll();
        w.finish(former, 'CANCELLED').instead.set('A positions', TIMED_OUT);
        w.wait(2_000).poll().create('A', 'buy', '1', '100.0');
      },
      broken: ['I4 8.2'],
    },
    {
      name: 'but an account that was never read whole before is begun from without it',
      setup: { ...HELD, symbol: { imbalanceLimitUsdt: d(0) } },
      run: (w) => {
        const former = formerOrder(w);
        w.auditor.restarted(w.nowMs, { journal: 'lost' });
        w.instead.set('A account_summary', TIMED_OUT);
        w.wait(2_000).poll();
        w.fill(former, '1.5').wait(2_000).poll().instead.clear();
        w.wait(2_000).poll().create('B', 'sell', '1.5', '100.1');
      },
    },
    {
      name: 'where nothing moves for long every engine has begun: its orders are known',
      setup: HELD,
      run: (w) => {
        const former = formerOrder(w);
        pass(w, 30_000);
        w.fill(former, '1');
        pass(w, 8_000);
        w.create('B', 'sell', '1', '100.1');
      },
      broken: ['I6 5'],
    },
    {
      name: 'positions that moved without a fill of ours',
      setup: HELD,
      run: (w) => {
        w.trade('A', 'buy', '1', '100');
        for (let turn = 0; turn < 4; turn += 1) w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'a drift of three snapshots and ten seconds is adopted and repaired',
      setup: HELD,
      run: (w) => {
        w.trade('A', 'buy', '1', '100');
        for (let turn = 0; turn < 7; turn += 1) w.wait(2_000).poll();
        w.create('B', 'sell', '0.99', '100.1');
      },
    },
    {
      name: 'a drift is adopted while an order waits on a partial fill, and repaired on that snapshot',
      setup: HELD,
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.fill(a, '0.4').wait(2_000).poll();
        w.trade('A', 'buy', '1', '100');
        for (let turn = 0; turn < 6; turn += 1) w.wait(2_000).poll('A').poll('B');
        w.create('B', 'sell', '0.99', '100.1');
      },
    },
    {
      name: 'a drift whose time is up while an order has still to be looked up is adopted when that is done',
      setup: HELD,
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.trade('A', 'buy', '0.5', '100');
        for (let turn = 0; turn < 5; turn += 1) w.wait(2_000).poll();
        w.fill(a, '1').wait(2_500).poll('B').poll('A').lookUp(a);
        w.create('B', 'sell', '1.49', '100.1');
      },
    },
    {
      name: 'nor is it adopted before, where the order is known to be over already and that poll lacks it all the same',
      setup: HELD,
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.trade('A', 'buy', '0.5', '100');
        for (let turn = 0; turn < 4; turn += 1) w.wait(2_000).poll();
        w.finish(a, 'CANCELLED').lookUp(a);
        w.wait(1_500).poll('B').poll('A').wait(2_500).lookUp(a);
        w.create('B', 'sell', '0.49', '100.1');
      },
    },
    {
      name: 'nor before the order of another instrument is looked up: a poll is one snapshot for all of them',
      setup: HELD,
      run: (w) => {
        const { other, found } = otherMissing(w);
        w.wait(2_500).lookUp(other, found());
        w.create('B', 'sell', '0.49', '100.1');
      },
      broken: OTHER_TRADED,
    },
    ...[TIMED_OUT, SERVER_ERROR].map((ending): Case => {
      return {
        name: `nor before that look-up has failed: ${JSON.stringify(ending)}`,
        setup: HELD,
        run: (w) => {
          const { other } = otherMissing(w);
          w.wait(2_500).lookUp(other, ending);
          w.create('B', 'sell', '0.49', '100.1');
        },
        broken: OTHER_TRADED,
      };
    }),
    ...[undefined, TIMED_OUT, SERVER_ERROR].map((ending): Case => {
      return {
        name: `nor, where that look-up knew nothing of it, before the history has ended: ${JSON.stringify(ending) ?? 'read'}`,
        setup: HELD,
        run: (w) => {
          const { other } = otherMissing(w, 'nothing');
          w.lookUp(other, UNKNOWN_ORDER).wait(2_500);
          if (ending) w.instead.set('A order_history', ending);
          w.readHistory('A', w.nowMs - 60_000);
          w.create('B', 'sell', '0.49', '100.1');
        },
        broken: OTHER_TRADED,
      };
    }),
    {
      name: 'a look-up that knew nothing of it is not the end: the history is asked next',
      setup: HELD,
      run: (w) => {
        const { other } = otherMissing(w, 'nothing');
        w.wait(2_500).lookUp(other, UNKNOWN_ORDER);
        w.create('B', 'sell', '0.49', '100.1');
      },
      broken: ['I12 10.5', ...OTHER_TRADED, 'I9 4.5'],
    },
    {
      name: 'a look-up that was asked for before that poll had ended is none that it waited for',
      setup: HELD,
      run: (w) => {
        let id = 0;
        otherMissing(w, 'over', ({ clientOrderId }) => {
          id = w.send('A', 'order', { client_order_id: clientOrderId });
        });
        w.wait(2_500).end(id, 'A', 'order', TIMED_OUT);
        w.create('B', 'sell', '0.49', '100.1');
      },
      broken: ['I12 10.5', ...OTHER_TRADED, 'I9 4.5'],
    },
    {
      name: 'nor is one that ends when the next poll has begun',
      setup: HELD,
      run: (w) => {
        const { other } = otherMissing(w);
        w.wait(2_500).send('A', 'positions', { sub_account_id: SUB_ACCOUNTS.A });
        w.lookUp(other, TIMED_OUT);
        w.create('B', 'sell', '0.49', '100.1');
      },
      broken: ['I12 10.5', ...OTHER_TRADED, 'I9 4.5'],
    },
    {
      name: 'nor one of an order that the poll does not lack, by id or in the history',
      setup: HELD,
      run: (w) => {
        const { other } = otherMissing(w, 'open');
        w.wait(2_500).lookUp(other, TIMED_OUT).instead.set('A order_history', TIMED_OUT);
        w.readHistory('A', w.nowMs - 60_000);
        w.create('B', 'sell', '0.49', '100.1');
      },
      broken: ['I12 10.5', ...OTHER_TRADED, 'I9 4.5'],
    },
    {
      name: 'of the instrument whose look-up failed there is no snapshot, though the order is known to be over',
      setup: HELD,
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.trade('A', 'buy', '0.5', '100');
        for (let turn = 0; turn < 4; turn += 1) w.wait(2_000).poll();
        w.finish(a, 'CANCELLED').lookUp(a);
        w.wait(1_500).poll('B').poll('A').wait(2_500).lookUp(a, TIMED_OUT);
        w.create('B', 'sell', '0.49', '100.1');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'an order that has still to be looked up keeps a drift from being adopted',
      setup: HELD,
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.trade('A', 'buy', '0.5', '100');
        for (let turn = 0; turn < 5; turn += 1) w.wait(2_000).poll();
        w.fill(a, '1').wait(2_500).poll('B').poll('A');
        w.create('B', 'sell', '1.49', '100.1');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'what was not alike in three snapshots is not adopted, though positions contradict the fills for longer',
      setup: HELD,
      run: (w) => {
        w.trade('A', 'buy', '1', '100');
        for (let turn = 0; turn < 4; turn += 1) w.wait(2_000).poll();
        w.trade('A', 'buy', '0.5', '100');
        for (let turn = 0; turn < 3; turn += 1) w.wait(2_000).poll();
        w.create('B', 'sell', '1.49', '100.1');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'once it was alike in three snapshots and for ten seconds it is',
      setup: HELD,
      run: (w) => {
        w.trade('A', 'buy', '1', '100');
        for (let turn = 0; turn < 4; turn += 1) w.wait(2_000).poll();
        w.trade('A', 'buy', '0.5', '100');
        for (let turn = 0; turn < 7; turn += 1) w.wait(2_000).poll();
        w.create('B', 'sell', '1.49', '100.1');
      },
    },
    {
      name: 'a fill that a poll shows and its look-up tells of does not interrupt what is alike before and after',
      setup: HELD,
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.trade('A', 'buy', '0.5', '100');
        w.wait(2_000).poll().wait(2_000).poll();
        w.fill(a, '1').wait(8_500).poll('B').poll('A').lookUp(a);
        w.create('B', 'sell', '1.49', '100.1');
      },
    },
    {
      name: 'positions late by a part of a fill, where they had taken back a drift, are no drift either',
      setup: HELD,
      run: (w) => {
        w.instead.set('A positions', {
          status: 200,
          body: { result: w.trade('A', 'buy', '1', '100').positionRows('A') },
        });
        w.trade('A', 'sell', '1', '100');
        for (let turn = 0; turn < 7; turn += 1) w.wait(2_000).poll();
        w.instead.clear();
        w.wait(2_000).poll().wait(2_000).poll();
        const a = w.create('A', 'buy', '1', '100.0');
        const late = w.fill(a, '0.6').positionRows('A');
        w.fill(a, '0.4').instead.set('A positions', { status: 200, body: { result: late } });
        w.wait(8_500).poll('B').poll('A').lookUp(a);
        w.instead.clear();
        w.wait(2_000).poll();
        w.create('B', 'sell', '1', '100.1');
      },
    },
    {
      name: 'what leaves and fills under a poll makes no difference of that poll, which cannot have shown it (10.5)',
      setup: {
        ...{ a: ['-4', '100'] as [string, string], b: ['5', '100'] as [string, string] },
        symbol: { positionMode: 'decrease', decreaseRepair: 'smaller', orderNotionalUsdt: d(200) },
      },
      run: (w) => {
        const fillUnderPoll = (side: Side, price: string) => {
          w.instead.set('A positions', { status: 200, body: { result: w.positionRows('A') } });
          w.poll('A', { beforeSummary: () => w.fill(w.create('A', side, '1', price), '1').lookUp(w.orders.at(-1)!) });
        };
        w.wait(2_000);
        fillUnderPoll('sell', '100.1');
        // Late for two polls more: an engine has read the difference twice, and adopts nothing.
        w.wait(8_000).poll('B').wait(2_200).poll('A').wait(100).poll('A');
        w.instead.clear();
        w.wait(2_000).poll();
        fillUnderPoll('buy', '100.0');
        w.wait(8_000).poll('B').wait(2_200).poll('A').wait(100).poll('A');
        w.instead.clear();
        w.wait(2_000).poll();
        w.create('A', 'sell', '1', '100.1');
      },
    },
    {
      name: 'open orders asked for again after a 401 without a readable body are the poll’s, though a proof is sought as well',
      setup: HELD,
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        w.orders.pop();
        w.lookUp(first, UNKNOWN_ORDER);
        for (let turn = 0; turn < 8; turn += 1) {
          w.wait(2_000).instead.set('A open_orders', { failed: 'HTTP 401: the body is no JSON (41 characters)' });
          w.poll('A').instead.clear();
          w.readOpenOrders('A').poll('B');
        }
        w.create('B', 'sell', '1', '100.1');
      },
    },
    {
      name: 'positions that come late are no drift',
      setup: HELD,
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        const late = { status: 200, body: { result: w.positionRows('A') } };
        w.fill(a, '1').lookUp(a);
        w.instead.set('A positions', late);
        w.wait(2_000).poll().wait(2_000).poll();
        w.instead.clear();
        w.wait(2_000).poll();
        w.create('B', 'sell', '0.99', '100.1');
      },
    },
    {
      name: 'a create on positions that come late',
      setup: HELD,
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        const late = { status: 200, body: { result: w.positionRows('A') } };
        w.fill(a, '1').lookUp(a);
        w.instead.set('A positions', late);
        w.wait(2_000).poll().wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'a drift the positions took back is taken back at once',
      setup: HELD,
      run: (w) => {
        adoptsFlat(w);
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'and hours later nothing is left of it',
      setup: HELD,
      run: (w) => {
        adoptsFlat(w);
        for (let turn = 0; turn < 7; turn += 1) w.wait(2_000).poll();
        w.wait(3 * 3_600_000)
          .poll()
          .wait(2_000)
          .poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'what contradicts the fills after it was taken back is found',
      setup: HELD,
      run: (w) => {
        adoptsFlat(w);
        for (let turn = 0; turn < 7; turn += 1) w.wait(2_000).poll();
        w.instead.set('A positions', { status: 200, body: { result: [] } });
        for (let turn = 0; turn < 4; turn += 1) w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'a difference adopted that was the fill of an order of unknown outcome',
      setup: HELD,
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0', { ending: TIMED_OUT });
        w.fill(a, '1');
        for (let turn = 0; turn < 30; turn += 1) w.wait(3_000).poll();
        w.lookUp(a).wait(2_000).poll();
        w.create('B', 'sell', '0.99', '100.1');
      },
    },
    {
      name: 'with the journal lost, what is found is where it starts',
      setup: HELD,
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.fill(a, '0.4').wait(1_000);
        w.auditor.restarted(w.nowMs, { journal: 'lost' });
        w.wait(5_000).poll();
        w.create('B', 'sell', '0.39', '100.1');
        assert.deepEqual(w.broken, []);
        // The adopted order is known: a second one beside it is one too many.
        w.fill(w.orders[1]!, '0.39').wait(2_000).poll().lookUp(w.orders[1]!).wait(2_000).poll();
        w.create('A', 'buy', '0.5', '100.0');
      },
      broken: ['I4 8.2'],
    },
    {
      name: 'what moves an account before the other was ever read is part of the positions an engine without a journal begins from',
      setup: { ...HELD, symbol: AT_MOST },
      run: (w) => {
        w.auditor.restarted(w.nowMs, { journal: 'lost' });
        w.instead.set('B positions', TIMED_OUT);
        w.wait(2_000).poll().instead.clear();
        w.trade('A', 'sell', '1', '100').wait(2_000).poll();
        w.create('A', 'buy', '0.99', '100.0');
      },
    },
    {
      name: 'and so where the other’s reads came, but never all of one poll',
      setup: { ...HELD, symbol: AT_MOST },
      run: (w) => {
        w.auditor.restarted(w.nowMs, { journal: 'lost' });
        for (const route of ['positions', 'open_orders']) {
          w.instead.set(`B ${route}`, TIMED_OUT);
          w.wait(2_000).poll().instead.clear();
        }
        w.trade('A', 'sell', '1', '100').wait(2_000).poll();
        w.create('A', 'buy', '0.99', '100.0');
      },
    },
    ...(
      [
        ['too old', 11_000],
        ['of before our clock was set back', -60_000],
      ] as const
    ).map(([name, laterMs]) => ({
      name: `and so where its reading was ${name} when the other was read`,
      setup: { ...HELD, symbol: AT_MOST },
      run: (w: Wire) => {
        w.auditor.restarted(w.nowMs, { journal: 'lost' });
        w.instead.set('B positions', TIMED_OUT);
        w.wait(2_000).poll().instead.clear();
        w.trade('A', 'sell', '1', '100').wait(laterMs).poll('B').wait(2_000).poll('A');
        w.create('A', 'buy', '0.99', '100.0');
      },
    })),
    {
      name: 'it begins from polls that were whole: what another read showed since differs from what it began from',
      setup: HELD,
      run: (w) => {
        w.auditor.restarted(w.nowMs, { journal: 'lost' });
        w.instead.set('B positions', TIMED_OUT);
        w.wait(2_000).poll().instead.clear();
        w.trade('A', 'buy', '1', '100').instead.set('A account_summary', TIMED_OUT);
        w.wait(2_000).poll('A').instead.clear();
        w.wait(2_000).poll('B');
        w.create('A', 'sell', '0.99', '100.1');
      },
      broken: ['I6 6.1'],
    },
    {
      name: 'what moves an account after both were read whole is a difference, though no create has left yet',
      setup: HELD,
      run: (w) => {
        w.auditor.restarted(w.nowMs, { journal: 'lost' });
        w.wait(2_000).poll();
        w.trade('A', 'buy', '1', '100');
        for (let turn = 0; turn < 4; turn += 1) w.wait(2_000).poll();
        w.create('B', 'sell', '0.99', '100.1');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'a restart that keeps the journal begins anew only where nobody had begun',
      setup: HELD,
      run: (w) => {
        w.auditor.restarted(w.nowMs, { journal: 'lost' });
        w.wait(2_000).poll().auditor.restarted(w.nowMs);
        w.instead.set('B positions', TIMED_OUT);
        w.wait(2_000).poll().instead.clear();
        w.trade('A', 'buy', '1', '100');
        for (let turn = 0; turn < 5; turn += 1) w.wait(2_000).poll();
        w.create('B', 'sell', '0.99', '100.1');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'the fill of the create that a drift was adopted for is not that drift, whatever its size',
      setup: HELD,
      run: (w) => {
        w.trade('A', 'buy', '1', '100').trade('B', 'sell', '1', '100').auditor.restarted(w.nowMs);
        w.wait(2_000).poll();
        w.fillAndTell(w.create('B', 'sell', '1', '100.1'));
        w.fillAndTell(w.create('A', 'buy', '0.99', '100.0'));
        w.create('B', 'sell', '1', '100.1');
      },
    },
    ...[true, false].map(
      (rests): Case => ({
        name: `a person trades before an engine without a journal has begun${rests ? ', which waits where an order of ours rests' : ': it waits for nothing where none rests'}`,
        setup: HELD,
        run: (w) => {
          if (rests) w.create('A', 'buy', '1', '100.0');
          w.auditor.restarted(w.nowMs, { journal: 'lost' });
          w.wait(2_000).poll();
          w.trade('A', 'buy', '1', '100').wait(2_000).poll().wait(5_000).poll();
          w.create('B', 'sell', '0.99', '100.1');
        },
        ...(rests ? {} : { broken: ['I12 10.5', 'I9 4.5'] }),
      }),
    ),
    {
      name: 'after a restart the exchange wins at once',
      setup: HELD,
      run: (w) => {
        w.wait(1_000);
        w.auditor.restarted(w.nowMs);
        w.trade('A', 'buy', '1', '100').wait(5_000).poll();
        w.create('B', 'sell', '0.99', '100.1');
      },
    },
    {
      name: 'a part of a fill, told by lists that were read to prove another order absent, is not known by the poll meanwhile',
      setup: LONG,
      run: (w) => filledBeforeProof(w, '0.2'),
    },
    {
      name: 'nor is the whole of it',
      setup: LONG,
      run: (w) => filledBeforeProof(w, '0.49'),
    },
    {
      name: 'but what the open orders of that poll tell is, whatever is asked for beside them',
      setup: LONG,
      run: (w) => filledBeforeProof(w, '0.2', { toldByPoll: true }),
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'the order that such lists were read for is known by them: shown with a fill, it contradicts the positions of before',
      setup: LONG,
      run: (w) => {
        const unknown = w.create('B', 'sell', '1.5', '100.3', { ending: TIMED_OUT });
        w.cancel(unknown, { ttlMs: 1_000 });
        pass(w, 20_000);
        w.wait(2_000).poll('A').poll('B');
        Object.assign(unknown, { status: 'OPEN' });
        readProof(w.fill(unknown, '0.2'), unknown);
        w.wait(4_000).create('B', 'sell', '0.49', '100.2');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
  ],
  'I10 no order of A could match one of B': [
    {
      name: 'one tick beyond',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0');
        w.create('B', 'sell', '1', '100.1');
      },
    },
    {
      name: 'at the price of the other',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0');
        w.bid = '99.9';
        w.ask = '100.0';
        w.create('B', 'sell', '1', '100.0');
      },
      broken: ['I10 6.6'],
    },
    {
      name: 'against one in flight',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0', { ending: { never: true } });
        w.bid = '99.8';
        w.ask = '99.9';
        w.create('B', 'sell', '1', '99.9');
      },
      broken: ['I10 6.6'],
    },
    {
      name: 'against one that is over',
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.finish(a, 'CANCELLED').lookUp(a);
        w.bid = '99.8';
        w.ask = '99.9';
        w.create('B', 'sell', '1', '99.9');
      },
    },
  ],
  'I11 after a stop, what is left is what was to be kept': [
    {
      name: 'all cancelled',
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.drain().cancel(a).finish(a, 'CANCELLED').lookUp(a).stop();
      },
    },
    {
      name: 'one left behind',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0');
        w.drain().wait(1_000).stop();
      },
      broken: ['I11 13.1'],
    },
    {
      name: 'a cancel that was only acknowledged',
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.drain().cancel(a).stop();
      },
      broken: ['I11 13.1'],
    },
    {
      name: 'asked for thirty seconds of an exchange that does not answer',
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.drain().cancel(a, { ending: TIMED_OUT }).wait(30_000).stop();
      },
    },
    {
      name: 'open orders asked for, for thirty seconds, of an exchange that does not answer',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0');
        w.drain();
        w.instead.set('open_orders', TIMED_OUT);
        for (let turn = 0; turn < 6; turn += 1) w.readOpenOrders('A').wait(5_000);
        w.stop();
      },
    },
    {
      name: 'open orders read, and what they show left alone',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0');
        w.drain();
        w.instead.set('open_orders', TIMED_OUT);
        for (let turn = 0; turn < 6; turn += 1) w.readOpenOrders('A').wait(5_000);
        w.instead.clear();
        w.readOpenOrders('A').wait(5_000).stop();
      },
      broken: ['I11 13.1'],
    },
    {
      name: 'never asked, however long it took',
      run: (w) => {
        w.create('A', 'buy', '1', '100.0');
        w.drain().wait(40_000).stop();
      },
      broken: ['I11 13.1'],
    },
    {
      name: 'the newest kept',
      setup: { a: ['9', '100'], b: ['-5', '100'], settings: { stopKeepStrategyOrders: 1 } },
      run: (w) => {
        const [old] = twoRepairs(w);
        w.drain().cancel(old).finish(old, 'CANCELLED').lookUp(old).stop();
      },
    },
    {
      name: 'the newest cancelled, the oldest kept',
      setup: { a: ['9', '100'], b: ['-5', '100'], settings: { stopKeepStrategyOrders: 1 } },
      run: (w) => {
        const [, young] = twoRepairs(w);
        w.drain().cancel(young).finish(young, 'CANCELLED').lookUp(young).stop();
      },
      broken: ['I11 13.1'],
    },
    {
      name: 'nothing is cancelled where the stop is told not to',
      setup: { settings: { cancelOnStop: false } },
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.drain().stop();
        assert.deepEqual(w.broken, []);
        w.cancel(a);
      },
      broken: ['I11 13.1'],
    },
  ],
  'I12 no create after the stop began, none on stale data': [
    {
      name: 'after the stop began',
      run: (w) => {
        w.drain();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 13.1'],
    },
    { name: 'data of nine seconds', run: (w) => void w.wait(9_000).create('A', 'buy', '1', '100.0') },
    { name: 'data of eleven', run: (w) => void w.wait(11_000).create('A', 'buy', '1', '100.0'), broken: ['I12 10.3'] },
    {
      name: 'stale on one account only',
      run: (w) => void w.wait(11_000).poll('A').create('A', 'buy', '1', '100.0'),
      broken: ['I12 10.3'],
    },
    {
      name: 'open orders failing while positions come',
      run: (w) => {
        w.instead.set('A open_orders', TIMED_OUT);
        for (let turn = 0; turn < 8; turn += 1) w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.3'],
    },
    {
      name: 'one failed poll between good ones',
      run: (w) => {
        w.instead.set('A positions', { status: 500, body: { code: 1002, message: 'internal', status: 500 } });
        w.wait(2_000).poll();
        w.instead.clear();
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'failed positions read as flat',
      setup: HELD,
      run: (w) => {
        w.instead.set('A positions', TIMED_OUT);
        w.wait(2_000).poll();
        // Flat A against B −5: an engine that believes it buys, as if to hedge.
        w.create('A', 'buy', '2', '100.0');
        w.wait(1_000);
        w.create('B', 'buy', '1.9', '100.0');
      },
      broken: ['I6 6.1'],
    },
    {
      name: 'an answer that cannot be read is no answer',
      run: (w) => {
        w.instead.set('B positions', { status: 200, body: { result: [{ instrument: INSTRUMENT, size: 'x' }] } });
        for (let turn = 0; turn < 8; turn += 1) w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.3'],
    },
    {
      name: 'the next decision on the snapshot of the last',
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.finish(a, 'CANCELLED').lookUp(a);
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 9.10'],
    },
    {
      name: 'before anything was read after a restart',
      run: (w) => {
        w.auditor.restarted(w.nowMs);
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.3'],
    },
    {
      name: 'a clock that steps back an hour makes nothing stale',
      run: (w) => {
        const a = w.create('A', 'buy', '1', '100.0');
        w.finish(a, 'CANCELLED').lookUp(a).wait(-3_600_000).poll().wait(1_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
  ],
};

/** Data may be decided on for so long at a loop of 10 s and of 2 s (strategy 10.3). */
const LOOP_10: Setup['settings'] = { staleMs: 30_000 };
const LOOP_2: Setup['settings'] = { staleMs: 10_000 };

/** A buy of A rests and all is read at the moment returned; its fill is known by the next poll, a loop later. */
function filledAfterPoll(wire: Wire, loopMs: number): number {
  const order = wire.create('A', 'buy', '1', '100.0');
  wire.wait(1_000);
  const readAtMs = wire.nowMs;
  wire.poll().fill(order, '1');
  until(wire, readAtMs + loopMs)
    .poll()
    .lookUp(order);
  return readAtMs;
}

/** A sell of B rests and all is read at the moment returned; 2 s later its look-up tells of its fill. */
function filledByLookUp(wire: Wire): number {
  const order = wire.create('B', 'sell', '1', '100.3');
  wire.wait(1_000);
  const readAtMs = wire.nowMs;
  wire.poll().fill(order, '1').wait(2_000);
  wire.instead.set('B positions', { status: 200, body: { result: wire.positionRows('B').map(before) } });
  wire.lookUp(order);
  return readAtMs;
}

/**
 * Net 2 of A. B's order of 1.5 is fenced, another of 0.49 rests; `fills` of that trade between the positions of a poll and the
 * lists that prove the former absent, and these tell of it. A repair of 1.5 follows.
 *
 * @param toldByPoll its open orders tell of that trade too, though its positions do not
 */
function filledBeforeProof(wire: Wire, fills: string, { toldByPoll = false } = {}): void {
  const unknown = wire.create('B', 'sell', '1.5', '100.3', { ending: TIMED_OUT });
  wire.orders.splice(wire.orders.indexOf(unknown), 1);
  wire.cancel(unknown, { ttlMs: 1_000 });
  pass(wire, 20_000);
  const rests = wire.create('B', 'sell', '0.49', '100.2');
  wire.wait(2_000).poll('A');
  if (toldByPoll) {
    wire.instead.set('B positions', { status: 200, body: { result: wire.positionRows('B') } });
    wire.fill(rests, fills);
  }
  wire.poll('B', {
    beforeSummary: () => {
      if (!toldByPoll) wire.fill(rests, fills);
      readProof(wire, unknown);
    },
  });
  wire.create('B', 'sell', '1.5', '100.1');
}

/** A row of positions as it was when B held 5. */
function before(row: unknown): unknown {
  return { ...(row as Record<string, unknown>), size: '-5' };
}

function until(wire: Wire, atMs: number): Wire {
  return wire.wait(atMs - wire.nowMs);
}

/** A reads flat for so long that it is adopted as drift (10.5); from here on it reads as it is. */
function adoptsFlat(wire: Wire): void {
  wire.instead.set('A positions', { status: 200, body: { result: [] } });
  for (let turn = 0; turn < 7; turn += 1) wire.wait(2_000).poll();
  wire.instead.clear();
}

/** An order of a former engine rests: the one that is heard did not send it. */
function formerOrder(wire: Wire, size = '1.5'): ScriptedOrder {
  const former: ScriptedOrder = {
    ...{ account: 'A', side: 'buy', size, price: '100.0', clientOrderId: strategyOrderId('A', 'buy', 77) },
    ...{ requestId: 0, request: null, createdMs: wire.nowMs - 60_000, status: 'OPEN', reason: 'UNSPECIFIED' },
    ...{ traded: d(0), value: d(0) },
  };
  wire.orders.push(former);
  return former;
}

/** A read that timed out: a submission may have had to wait. */
function trouble(wire: Wire): Wire {
  wire.end(wire.send('A', 'order', {}), 'A', 'order', TIMED_OUT);
  return wire;
}

describe('a decision may wait as long as its data may be decided on (strategy 10.3), whatever the loop', () => {
  const cases: readonly Case[] = [
    {
      name: 'at a loop of 10 s a create that waited rests on data of 28 s',
      setup: { ...HELD, settings: LOOP_10 },
      run: (w) => {
        const readAtMs = filledAfterPoll(w, 10_000);
        until(w, readAtMs + 20_000).poll();
        until(trouble(w), readAtMs + 28_000).create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'and not on data of 32 s, though they were the newest 22 s ago',
      setup: { ...HELD, settings: LOOP_10 },
      run: (w) => {
        const readAtMs = filledAfterPoll(w, 10_000);
        until(w, readAtMs + 20_000).poll();
        until(trouble(w), readAtMs + 30_000).poll();
        until(w, readAtMs + 32_000).create('A', 'buy', '1', '100.0');
      },
      broken: ['I6 6.3'],
    },
    {
      name: 'nor, where it had nothing to wait for, on data that were the newest 18 s ago',
      setup: { ...HELD, settings: LOOP_10 },
      run: (w) => {
        const readAtMs = filledAfterPoll(w, 10_000);
        until(w, readAtMs + 20_000).poll();
        until(w, readAtMs + 28_000).create('A', 'buy', '1', '100.0');
      },
      broken: ['I6 6.3'],
    },
    {
      name: 'at a loop of 2 s a create that waited rests on data of 9 s',
      setup: { ...HELD, settings: LOOP_2 },
      run: (w) => {
        const readAtMs = filledAfterPoll(w, 2_000);
        until(trouble(w), readAtMs + 8_000).poll();
        until(w, readAtMs + 9_000).create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'and not on data of 12 s, though they were the newest 10 s ago',
      setup: { ...HELD, settings: LOOP_2 },
      run: (w) => {
        const readAtMs = filledAfterPoll(w, 2_000);
        until(trouble(w), readAtMs + 8_000).poll();
        until(w, readAtMs + 11_500).create('A', 'buy', '1', '100.0');
      },
      broken: ['I6 6.3'],
    },
    {
      name: 'what a read for another order shows meanwhile is not known to who waits',
      setup: { ...HELD, settings: LOOP_10 },
      run: (w) => {
        const readAtMs = filledByLookUp(w);
        until(trouble(w), readAtMs + 19_000).create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'until the data of before are too old',
      setup: { ...HELD, settings: LOOP_10 },
      run: (w) => {
        const readAtMs = filledByLookUp(w);
        until(w, readAtMs + 15_000).poll();
        until(trouble(w), readAtMs + 32_000).create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'positions asked for longer ago than that are none to act on, however late the poll was whole',
      setup: { ...HELD, settings: LOOP_10 },
      run: (w) => {
        const readAtMs = w.nowMs + 10_000;
        until(w, readAtMs).poll('A');
        w.poll('B', { beforeSummary: () => until(w, readAtMs + 15_000) });
        until(w, readAtMs + 33_000).poll('A');
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.3'],
    },
    {
      name: 'our clock set back makes no data older: by it an engine reckons',
      setup: { ...HELD, settings: LOOP_10 },
      run: (w) => {
        const askedAtMs = w.nowMs;
        // 20 s pass while B is read, by our clock 5 s.
        w.poll('B', {
          beforeSummary: () =>
            until(w, askedAtMs + 20_000)
              .readBook()
              .wait(-15_000),
        });
        until(w, askedAtMs + 15_000).poll('A');
        until(w, askedAtMs + 20_000).create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'a refused attempt is followed by the next as long as its data last',
      setup: { ...HELD, settings: { staleMs: 90_000 } },
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: 'acknowledged' });
        w.finish(first, 'REJECTED', 'FAIL_POST_ONLY').lookUp(first).wait(70_000);
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'at a short loop that is the next submission, on data of the last',
      setup: { ...HELD, settings: { staleMs: 65_000 } },
      run: (w) => {
        const first = w.create('A', 'buy', '1', '100.0', { ending: 'acknowledged' });
        w.finish(first, 'REJECTED', 'FAIL_POST_ONLY').lookUp(first).wait(70_000);
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.3'],
    },
    {
      name: 'after a restart the exchange wins, however long the first whole polls take at a long loop',
      setup: { ...HELD, settings: { staleMs: 90_000 } },
      run: (w) => {
        w.wait(1_000);
        w.auditor.restarted(w.nowMs);
        w.instead.set('A positions', TIMED_OUT);
        w.trade('A', 'buy', '1', '100');
        for (let turn = 0; turn < 6; turn += 1) w.wait(30_000).poll();
        w.instead.clear();
        w.wait(30_000).poll().create('B', 'sell', '0.99', '100.1');
      },
    },
    {
      name: 'at a loop of 10 s an engine that reads alike for 30 s need not have begun',
      setup: { ...HELD, settings: LOOP_10 },
      run: (w) => {
        const former = formerOrder(w);
        for (let turn = 0; turn < 4; turn += 1) w.wait(9_970).poll();
        w.fill(former, '1');
        w.wait(9_970).poll().wait(9_970).poll().wait(5_000);
        w.create('B', 'sell', '1', '100.1');
      },
    },
    {
      name: 'nor need one that could read an account only once, however long ago',
      setup: HELD,
      run: (w) => {
        formerOrder(w);
        w.wait(2_000).poll();
        for (let turn = 0; turn < 15; turn += 1) w.wait(2_000).poll('B');
        w.instead.set('A open_orders', { status: 200, body: { result: [] } });
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'nor need one whose polls of an account all failed but the first, though each read came in one or another',
      setup: HELD,
      run: (w) => {
        formerOrder(w);
        w.wait(2_000).poll();
        for (let turn = 0; turn < 15; turn += 1) {
          w.instead.set(turn % 2 === 0 ? 'A positions' : 'A open_orders', TIMED_OUT);
          w.wait(2_000).poll().instead.clear();
        }
        w.instead.set('A open_orders', { status: 200, body: { result: [] } });
        w.wait(2_000).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'an order of a former engine that one answer lacked and the next shows again is one order',
      setup: { ...HELD, settings: LOOP_10 },
      run: (w) => {
        const former = formerOrder(w);
        w.wait(9_970).poll();
        w.instead.set('A open_orders', { status: 200, body: { result: [] } });
        w.wait(9_970).poll();
        w.instead.clear();
        w.wait(9_970).poll();
        w.fill(former, '1.5').wait(9_970).poll().lookUp(former).wait(9_970).poll();
        const hedge = w.create('B', 'sell', '1.5', '100.1');
        w.fill(hedge, '1.5').wait(9_970).poll().lookUp(hedge).wait(9_970).poll();
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'one that reads alike for 70 s has',
      setup: { ...HELD, settings: LOOP_10 },
      run: (w) => {
        const former = formerOrder(w);
        for (let turn = 0; turn < 8; turn += 1) w.wait(9_970).poll();
        w.fill(former, '1');
        w.wait(9_970).poll().wait(9_970).poll().wait(5_000);
        w.create('B', 'sell', '1', '100.1');
      },
      broken: ['I6 5'],
    },
  ];
  for (const one of cases) {
    it(one.name, () => {
      const wire = wired(one.setup);
      one.run(wire);
      assert.deepEqual(wire.broken, one.broken ?? [], JSON.stringify(wire.breaches, null, 1));
    });
  }
});

/** Hedged, the engine listens to streams. */
const AHEAD: Setup = { ...HELD, asksAhead: true };

/**
 * An order of B rests; its poll has read positions and open orders when the order fills and is looked up ahead, and is whole
 * 4 s later: longer than a decision may be old.
 */
function filledDuringPoll(wire: Wire): ScriptedOrder {
  const order = wire.create('B', 'sell', '1', '100.3');
  wire.wait(2_000).poll().wait(2_000).poll('A');
  wire.poll('B', {
    beforeSummary: () => {
      wire.fill(order, '1').lookUp(order).wait(4_000);
    },
  });
  return order;
}

describe('an order looked up ahead (strategy 10.6)', () => {
  const cases: readonly Case[] = [
    {
      name: 'is not known by a poll that saw it open: what that poll allows is legal',
      setup: AHEAD,
      run: (w) => {
        filledDuringPoll(w);
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'without streams there is no asking ahead: what is looked up is known',
      setup: HELD,
      run: (w) => {
        filledDuringPoll(w);
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
    {
      name: 'is no better known by a history read for another order',
      setup: AHEAD,
      run: (w) => {
        const order = w.create('B', 'sell', '1', '100.3');
        w.wait(2_000).poll().wait(2_000).poll('A');
        w.poll('B', {
          beforeSummary: () => {
            w.fill(order, '1')
              .lookUp(order)
              .readHistory('B', order.createdMs - 60_000)
              .wait(4_000);
          },
        });
        w.create('A', 'buy', '1', '100.0');
      },
    },
    {
      name: 'is known to an engine whose poll lacked it when it was answered',
      setup: AHEAD,
      run: (w) => {
        const order = w.create('B', 'sell', '1', '100.3');
        w.wait(2_000).poll().fill(order, '1').wait(2_000).poll().lookUp(order);
        w.wait(4_000);
        w.create('A', 'buy', '1.5', '100.0');
      },
      broken: ['I6 6.4'],
    },
    {
      name: 'and found open still is looked up once more where a poll lacks it: that answer is known',
      setup: AHEAD,
      run: (w) => {
        const order = w.create('B', 'sell', '1', '100.3');
        w.wait(2_000).poll().wait(2_000).poll('A');
        const former = { status: 200, body: { result: w.orderBody(order) } };
        w.fill(order, '1').poll('B');
        w.lookUp(order, former).lookUp(order).wait(4_000);
        w.create('A', 'buy', '1.5', '100.0');
      },
      broken: ['I6 6.4'],
    },
    {
      name: 'may be known by the first poll that lacks it: its hedge is legal',
      setup: AHEAD,
      run: (w) => {
        filledDuringPoll(w);
        w.poll();
        w.create('A', 'buy', '0.99', '100.0');
      },
    },
    {
      name: 'may be unknown after that poll, while it is looked up once more: an opening is legal',
      setup: AHEAD,
      run: (w) => {
        filledDuringPoll(w);
        w.poll().wait(4_000);
        w.create('A', 'buy', '1.5', '100.0');
      },
    },
    {
      name: 'is known when that look-up is answered',
      setup: AHEAD,
      run: (w) => {
        const order = filledDuringPoll(w);
        w.poll().lookUp(order).wait(4_000);
        w.create('A', 'buy', '1.5', '100.0');
      },
      broken: ['I6 6.4'],
    },
    {
      name: 'is known by the poll after it: an opening beside the net is wrong',
      setup: AHEAD,
      run: (w) => {
        filledDuringPoll(w);
        w.poll().wait(2_000).poll().wait(4_000);
        w.create('A', 'buy', '1.5', '100.0');
      },
      broken: ['I6 6.4'],
    },
    {
      name: 'may be over: the other account’s order cannot match it, and the stop leaves nothing behind',
      setup: AHEAD,
      run: (w) => {
        filledDuringPoll(w);
        const order = w.create('A', 'buy', '1', '100.0', { ending: 'acknowledged' });
        w.finish(order, 'REJECTED', 'FAIL_POST_ONLY').lookUp(order).drain().stop();
      },
    },
    {
      name: 'that is still open is open',
      setup: AHEAD,
      run: (w) => {
        const order = w.create('B', 'sell', '1', '100.3');
        w.wait(2_000).poll().lookUp(order).drain().stop();
      },
      broken: ['I11 13.1'],
    },
    {
      name: 'was asked by an engine that was killed since: the next one has to ask itself',
      setup: AHEAD,
      run: (w) => {
        filledDuringPoll(w);
        w.auditor.restarted(w.nowMs);
        w.drain().stop();
      },
      broken: ['I11 13.1'],
    },
    {
      name: 'by its cancel is known at once',
      setup: AHEAD,
      run: (w) => {
        const order = w.create('B', 'sell', '1', '100.3');
        w.wait(2_000).poll().wait(2_000).poll('A');
        w.poll('B', {
          beforeSummary: () => {
            w.fill(order, '1').cancel(order, { ending: UNKNOWN_ORDER }).lookUp(order).wait(4_000);
          },
        });
        w.create('A', 'buy', '1', '100.0');
      },
      broken: ['I12 10.5', 'I9 4.5'],
    },
  ];
  for (const one of cases) {
    it(one.name, () => {
      const wire = wired(one.setup);
      one.run(wire);
      assert.deepEqual(wire.broken, one.broken ?? [], JSON.stringify(wire.breaches, null, 1));
    });
  }
});

/** An order that rests, sent by a former engine. */
function resting(wire: Wire, account: AccountName, side: Side, size: string, price: string): ScriptedOrder {
  const order = {
    ...{ clientOrderId: strategyOrderId(account, side, 1_000 + wire.orders.length), account, side, size, price },
    ...{ requestId: 0, request: null, createdMs: wire.nowMs, status: 'OPEN', reason: 'UNSPECIFIED' },
    ...{ traded: d(0), value: d(0) },
  };
  wire.orders.push(order);
  return order;
}

/**
 * Fills that came close together: each sell of B may have closed one of two buys of A, and a cheap sell leaves all that stays
 * hedged at a loss, for good. Net 0.
 */
function lotsOfManyReadings(wire: Wire): void {
  const orders = [5, 4, 3, 2, 1].flatMap((step) => [
    resting(wire, 'A', 'buy', '0.1', `${60 + 5 * step}`),
    resting(wire, 'B', 'sell', '0.1', `${62 + 5 * step}`),
    resting(wire, 'A', 'buy', '0.1', `${61 + 5 * step}`),
  ]);
  orders.push(resting(wire, 'B', 'sell', '0.5', '50'));
  wire.poll();
  for (const order of orders) wire.fill(order, order.size);
  wire.poll();
  for (const order of orders) wire.lookUp(order);
  wire.poll();
}

/** Two live repairs of B, the older first. */
function twoRepairs(wire: Wire): [ScriptedOrder, ScriptedOrder] {
  const old = wire.create('B', 'sell', '1.5', '100.3');
  wire.wait(2_000).poll();
  const young = wire.create('B', 'sell', '1.5', '100.2');
  return [old, young];
}

/** The proof of strategy 9.6. */
function proveAbsent(wire: Wire, order: ScriptedOrder): void {
  wire.orders.splice(wire.orders.indexOf(order), 1);
  wire.cancel(order, { ttlMs: 1_000 }).wait(1_000);
  readProof(wire, order);
}

/** One round of asking for that proof. */
function readProof(wire: Wire, order: ScriptedOrder): void {
  wire.lookUp(order, UNKNOWN_ORDER).readOpenOrders(order.account);
  wire.readHistory(order.account, order.createdMs - 60_000);
}

/** All parts of it, none of two rounds whole: the history of the one fails, and the open orders of the other. */
function proveByParts(wire: Wire, order: ScriptedOrder): void {
  wire.instead.set(`${order.account} order_history`, TIMED_OUT);
  proveAbsent(wire, order);
  wire.instead.clear();
  pass(wire, 4_000);
  wire.instead.set(`${order.account} open_orders`, TIMED_OUT);
  readProof(wire, order);
  wire.instead.clear();
}

for (const [invariant, cases] of Object.entries(CASES)) {
  describe(invariant, () => {
    for (const one of cases) {
      it(one.name, () => {
        const wire = wired(one.setup);
        assert.deepEqual(wire.broken, []);
        one.run(wire);
        assert.deepEqual(wire.broken, one.broken ?? [], JSON.stringify(wire.breaches, null, 1));
      });
    }
  });
}

describe('what a breach says', () => {
  it('names invariant, rule, order, moment and the numbers', () => {
    const wire = wired(LONG);
    wire.create('A', 'sell', '1.5', '100.1');
    const [breach] = wire.breaches;
    assert.equal(breach?.invariant, 'I6');
    assert.equal(breach?.rule, '6.3');
    assert.equal(breach?.instrument, INSTRUMENT);
    assert.equal(breach?.account, 'A');
    assert.equal(breach?.clientOrderId, strategyOrderId('A', 'sell', 1));
    assert.equal(breach?.detail.net, '2');
  });
});

describe('figures from the wire', () => {
  it('count hedges, gain and the time to hedge', () => {
    const wire = wired();
    const a = wire.create('A', 'buy', '1', '100.0');
    const b = wire.create('B', 'sell', '1', '100.1');
    wire.fillAndTell(a).wait(8_000).poll();
    wire.fillAndTell(b).wait(2_000).poll();
    assert.deepEqual(wire.broken, []);
    const [figures] = wire.auditor.report().symbols;
    assert.equal(figures?.hedges, 1);
    assert.equal(figures?.unwinds, 0);
    assert.equal(figures?.gainUsdt.toString(), '0.1');
    assert.equal(figures?.unhedged.count, 1);
    assert.ok((figures?.worstImbalanceUsdt ?? d(0)).eq(d('100.05')));
    assert.ok((figures?.timeToHedge.medianMs ?? 0) > 8_000);
  });

  it('an unwind is the own account’s lot', () => {
    const wire = wired({ ...LONG, symbol: DECREASE });
    const a = wire.create('A', 'sell', '1.99', '100.1');
    wire.fillAndTell(a);
    const [figures] = wire.auditor.report().symbols;
    assert.equal(figures?.unwinds, 1);
    assert.deepEqual(wire.broken, []);
  });

  it('tell when the cap is reached', () => {
    const wire = wired({ symbol: { maxTotalPositionUsdt: d(500) } });
    assert.equal(wire.auditor.report().symbols[0]?.goalReachedAfterMs, null);
    const a = wire.create('A', 'buy', '1.9', '100.0');
    const b = wire.create('B', 'sell', '1.9', '100.1');
    wire.fill(a, '1.9').fill(b, '1.9').wait(2_000).poll().lookUp(a).lookUp(b).wait(2_000).poll();
    assert.ok((wire.auditor.report().symbols[0]?.goalReachedAfterMs ?? 0) > 2_000);
    assert.deepEqual(wire.broken, []);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { E9, e9, printE9, printQuote } from '../../src/paper/fixed.ts';
import { PaperExchange } from '../../src/paper/index.ts';
import { type Loose, PaperBench, START_MS } from './paper-bench.ts';

const BTC = 'BTC_USDT_Perp';

async function trade(d: PaperBench, buy: boolean, size: string, price: string): Promise<void> {
  const id = await d.place('A', { buy, size, price: buy ? '90.0' : '110.0', postOnly: true });
  d.exchange.control.fill({ account: 'A', client_order_id: id, price });
}

function position(d: PaperBench): Loose {
  return d.call('A', 'positions').body.result[0];
}

describe('positions', () => {
  it('average their entry while they grow and keep it while they shrink', async () => {
    const d = new PaperBench();
    d.still(BTC, '100.0', '101.0');
    await trade(d, true, '30', '100.0');
    await trade(d, true, '10', '104.0');
    assert.deepEqual([position(d).size, position(d).entry_price], ['40.0', '101.0']);
    await trade(d, false, '10', '103.0');
    const held = position(d);
    assert.deepEqual(
      [held.size, held.entry_price, held.exit_price, held.realized_pnl],
      ['30.0', '101.0', '103.0', '20.0'],
    );
    assert.equal(held.mark_price, '100.5');
    assert.deepEqual([held.unrealized_pnl, held.total_pnl, held.notional], ['-15.0', '5.0', '3015.0']);
  });

  it('turn round: the excess opens the opposite position at its own price', async () => {
    const d = new PaperBench();
    d.still(BTC, '100.0', '101.0');
    await trade(d, true, '2', '100.0');
    await trade(d, false, '5', '102.0');
    const held = position(d);
    assert.deepEqual([held.size, held.entry_price, held.notional], ['-3.0', '102.0', '-301.5']);
    assert.equal(d.call('A', 'fill_history').body.result[0].realized_pnl, '4.0');
  });

  it('end resting reduce-only orders once less than their remainder can be reduced', async () => {
    const d = new PaperBench();
    d.still(BTC, '100.0', '101.0');
    await trade(d, true, '5', '100.0');
    const order = { buy: false, size: '4', price: '110.0', postOnly: true, reduceOnly: true } as const;
    const clientOrderId = await d.place('A', order);
    const state = () => d.call('A', 'order', { client_order_id: clientOrderId }).body.result.state;
    await trade(d, false, '1', '110.0');
    assert.equal(state().status, 'OPEN');
    await trade(d, false, '1', '110.0');
    assert.deepEqual([state().status, state().reject_reason], ['CANCELLED', 'REDUCE_ONLY_LIMIT']);
    await d.place('A', { ...order, size: '3' });
    d.exchange.control.position({ account: 'A', instrument: BTC, size: '0' });
    assert.deepEqual(d.call('A', 'open_orders').body.result, []);
  });

  it('show a wrong mark when asked to: for so many answers, so long, one account or both', async () => {
    const d = new PaperBench();
    d.still(BTC, '100.0', '101.0');
    await trade(d, true, '2', '100.0');
    const marks = (times: number) => Array.from({ length: times }, () => position(d).mark_price);
    d.exchange.control.mark({ instrument: BTC, price: '1.0', answers: 1 });
    assert.deepEqual(marks(2), ['1.0', '100.5']);
    d.exchange.control.mark({ instrument: BTC, account: 'B', price: '1.0' });
    assert.deepEqual(marks(1), ['100.5']);
    d.exchange.control.mark({ instrument: BTC, account: 'A', price: '7.0', for_ms: 1000 });
    assert.deepEqual(marks(1), ['7.0']);
    d.exchange.control.clock({ advance_ms: 1000 });
    assert.deepEqual(marks(1), ['100.5']);
    d.exchange.control.mark({ instrument: BTC, price: '1.0' });
    d.exchange.control.mark({ instrument: BTC });
    assert.deepEqual(marks(1), ['100.5']);
    assert.throws(() => d.exchange.control.mark({ instrument: 'NO_USDT_Perp', price: '1.0' }));
  });

  it('closed by the exchange: a fill of a liquidation, with no order and no fee', async () => {
    const d = new PaperBench();
    d.still(BTC, '100.0', '101.0');
    await trade(d, true, '10', '100.0');
    const close = (size: string) =>
      d.exchange.control.handle(
        'POST',
        '/paper/close',
        JSON.stringify({ account: 'A', instrument: BTC, size, price: '90' }),
      );
    assert.equal(close('4').status, 200);
    assert.equal(position(d).size, '6.0');
    const [fill] = d.call('A', 'fill_history').body.result;
    assert.deepEqual(
      [fill.is_liquidation, fill.client_order_id, fill.is_buyer, fill.size, fill.price, fill.fee, fill.realized_pnl],
      [true, '0', false, '4.0', '90.0', '0.0', '-40.0'],
    );
    assert.equal(close('6.001').status, 400);
  });

  it('split: sizes by the ratio, entry prices the other way', async () => {
    const d = new PaperBench();
    d.still(BTC, '100.0', '101.0');
    await trade(d, true, '10', '100.0');
    const answer = d.exchange.control.handle(
      'POST',
      '/paper/split',
      JSON.stringify({ instrument: BTC, from: 1, to: 4 }),
    );
    assert.equal(answer.status, 200);
    assert.deepEqual([position(d).size, position(d).entry_price], ['40.0', '25.0']);
  });

  it('are absent when flat', async () => {
    const d = new PaperBench();
    d.still(BTC, '100.0', '101.0');
    await trade(d, true, '2', '100.0');
    await trade(d, false, '2', '102.0');
    assert.deepEqual(d.call('A', 'positions').body.result, []);
    assert.equal(d.call('A', 'account_summary').body.result.total_equity, '50004.000404');
  });

  it('pay a maker a rebate and charge a taker, cut at six decimals', async () => {
    const d = new PaperBench();
    d.still(BTC, '89473.3', '89473.4', '5');
    await d.place('A', { buy: true, size: '0.002', price: '89473.4' });
    const [taken] = d.call('A', 'fill_history').body.result;
    assert.deepEqual([taken.fee, taken.fee_rate, taken.is_taker], ['0.080526', '0.045', true]);
    const id = await d.place('A', { buy: true, size: '0.002', price: '89000.0', postOnly: true });
    d.exchange.control.fill({ account: 'A', client_order_id: id });
    const [made] = d.call('A', 'fill_history').body.result;
    assert.deepEqual([made.fee, made.fee_rate, made.is_taker], ['-0.000178', '0.0', false]);
  });

  it('need margin: the larger side of position and orders, over the leverage', async () => {
    const d = new PaperBench();
    d.still(BTC, '100.0', '101.0');
    d.exchange.control.position({ account: 'A', instrument: BTC, size: '10', entry_price: '100.5' });
    const summary = (): Loose => d.call('A', 'account_summary').body.result;
    assert.deepEqual([summary().initial_margin, summary().maintenance_margin], ['50.25', '25.125']);
    await d.place('A', { buy: false, size: '12', price: '105.0', postOnly: true });
    assert.equal(summary().initial_margin, '60.3', 'twelve to sell against ten held: the short side is twelve');
    await d.place('A', { buy: true, size: '4', price: '95.0', postOnly: true });
    assert.equal(summary().initial_margin, '70.35');
    assert.equal(summary().available_balance, '49929.65');
  });

  it('add up: cash, realised and unrealised results and fees lose no digit, whatever was traded', () => {
    const seed = Number(process.env.FC_SEED ?? Math.floor(Math.random() * 1e9));
    console.log(`seed ${seed}`);
    const fill = fc.record({
      buy: fc.boolean(),
      lots: fc.integer({ min: 1, max: 5_000 }),
      ticks: fc.integer({ min: 5_000, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.array(fill, { minLength: 1, maxLength: 40 }), (fills) => {
        const exchange = new PaperExchange({ seed: 1, startMs: START_MS, equityUsdt: '1000000000' });
        const { venue } = exchange;
        const account = venue.accounts[0]!;
        exchange.control.book({
          instrument: BTC,
          bids: [{ price: '0.1', size: '1' }],
          asks: [{ price: '99999.0', size: '1' }],
          settle: true,
        });
        let cash = 0n;
        let size = 0n;
        for (const { buy, lots, ticks } of fills) {
          const price = printE9(BigInt(ticks) * e9('0.1'));
          const amount = BigInt(lots) * e9('0.001');
          const order = exchange.control.order({
            account: 'A',
            instrument: BTC,
            side: buy ? 'buy' : 'sell',
            size: printE9(amount),
            price,
            post_only: true,
            expires_in_ms: 1e6,
          });
          venue.orders.fillOrder(order);
          cash += (buy ? -1n : 1n) * amount * e9(price);
          size += buy ? amount : -amount;
        }
        const holding = account.holdings.get(BTC)!;
        assert.equal(holding.size, size);
        const fees = account.fills.reduce((total, each) => total + each.fee, 0n);
        const realized = account.fills.reduce((total, each) => total + each.realized, 0n);
        const mark = venue.mark(BTC);
        assert.equal(
          realized + size * mark - holding.cost,
          cash + size * mark,
          'realised + unrealised = cash flows + value',
        );
        assert.equal(account.balance, 1_000_000_000n * E9 * E9 + realized - fees);
        assert.equal(venue.margins(account).equity, account.balance + size * mark - holding.cost);
        if (size === 0n) assert.equal(holding.cost, 0n);
        else assert.ok(holding.cost > 0n === size > 0n, printQuote(holding.cost));
      }),
      { seed, numRuns: 100 },
    );
  });
});

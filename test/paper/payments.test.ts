import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { levelling } from '../../src/core/levelling.ts';
import { ACCOUNTS, type AccountName } from '../../src/core/model.ts';
import { parseBalance } from '../../src/grvt/payments.ts';
import { type Loose, PaperBench, START_MS } from './paper-bench.ts';
import '../support/fixed-seed.ts';

const BTC = 'BTC_USDT_Perp';
const INTERVAL_MS = 600_000;

function held(): PaperBench {
  const d = new PaperBench();
  d.still(BTC, '100.0', '101.0');
  d.exchange.control.position({ account: 'A', instrument: BTC, size: '3', entry_price: '100.5' });
  d.exchange.control.position({ account: 'B', instrument: BTC, size: '-3', entry_price: '100.5' });
  return d;
}

function equity(d: PaperBench, account: string): string {
  return d.call(account, 'account_summary').body.result.total_equity;
}

describe('funding', () => {
  it('is paid by longs and received by shorts at each interval, and is in balance, position and history', () => {
    const d = held();
    const before = Number(equity(d, 'A'));
    d.exchange.control.funding({ instrument: BTC, rate: '0.0001', interval_ms: INTERVAL_MS, due_in_ms: 1_000 });
    d.wait(999);
    assert.deepEqual(d.call('A', 'funding_payment_history').body.result, []);
    // 3 × 100.5 × 0.0001, cut at six digits.
    d.wait(1);
    const rows = (account: string): Loose[] => d.call(account, 'funding_payment_history').body.result;
    assert.deepEqual([rows('A')[0].amount, rows('B')[0].amount], ['0.03015', '-0.03015']);
    assert.equal(rows('A')[0].tx_id, rows('B')[0].tx_id);
    assert.equal(Number(equity(d, 'A')).toFixed(6), (before - 0.03015).toFixed(6));
    d.wait(2 * INTERVAL_MS);
    assert.equal(rows('A').length, 3);
    assert.equal(d.call('A', 'positions').body.result[0].cumulative_realized_funding_payment, '0.09045');
    assert.equal(rows('A')[1].event_time % 600_000_000_000, 0);
    const ticker = d.call('A', 'ticker', { instrument: BTC }).body.result;
    assert.deepEqual([ticker.funding_rate, Number(ticker.next_funding_time) > START_MS], ['0.01', true]);
  });

  it('below zero is paid by shorts; a flat account pays nothing; pages follow one another', () => {
    const d = held();
    d.exchange.control.position({ account: 'A', instrument: BTC, size: '0' });
    d.exchange.control.funding({ instrument: BTC, rate: '-0.001', interval_ms: 60_000 });
    d.wait(5 * 60_000);
    assert.deepEqual(d.call('A', 'funding_payment_history').body.result, []);
    const first = d.call('B', 'funding_payment_history', { limit: 3 }).body;
    const second = d.call('B', 'funding_payment_history', { limit: 3, cursor: first.next }).body;
    assert.deepEqual([first.result.length, second.result.length, second.next], [3, 2, '']);
    assert.equal(first.result[0].amount, '0.3015');
    assert.equal(new Set([...first.result, ...second.result].map((row: Loose) => row.tx_id)).size, 5);
  });
});

describe('transfers, deposits, fee tiers, auto-deleveraging', () => {
  it('a transfer moves a balance and is in the history of the funding account, a deposit likewise', () => {
    const d = new PaperBench();
    const [a, b] = [Number(equity(d, 'A')), Number(equity(d, 'B'))];
    d.exchange.control.transfer({ from: 'A', to: 'B', amount: '250.5' });
    d.exchange.control.transfer({ to: 'A', amount: '1' });
    d.exchange.control.deposit({ account: 'B', amount: '7' });
    assert.deepEqual([Number(equity(d, 'A')), Number(equity(d, 'B'))], [a - 249.5, b + 257.5]);
    const ids = d
      .call('B', 'transfer_history', { sub_account_id: undefined })
      .body.result.map((row: Loose) => [row.from_sub_account_id, row.to_sub_account_id, row.num_tokens]);
    assert.deepEqual(ids, [
      ['0', d.sub('A'), '1.0'],
      [d.sub('A'), d.sub('B'), '250.5'],
    ]);
    const [deposit] = d.call('A', 'deposit_history', { sub_account_id: undefined }).body.result;
    assert.deepEqual([deposit.to_account_id, deposit.num_tokens], [d.sub('B'), '7.0']);
    assert.throws(() => d.exchange.control.transfer({ amount: '1' }), /must differ/);
  });

  it('fees follow the tier of the account; an auto-deleveraging fill is no liquidation', async () => {
    const d = held();
    d.exchange.control.terms({ account: 'A', futures_maker_fee: 200, futures_taker_fee: 500 });
    const id = await d.place('A', { buy: true, size: '2', price: '90.0', postOnly: true });
    d.exchange.control.fill({ account: 'A', client_order_id: id, price: '90.0' });
    d.exchange.control.close({ account: 'A', instrument: BTC, size: '1', price: '100', kind: 'adl' });
    d.exchange.control.close({ account: 'A', instrument: BTC, size: '1', price: '100' });
    const fills = d.call('A', 'fill_history').body.result;
    assert.deepEqual(
      fills.map((fill: Loose) => [fill.fee, fill.is_liquidation]),
      [
        ['0.0', true],
        ['0.0', false],
        ['0.036', false],
      ],
    );
  });
});

describe('levelling (strategy 17.5)', () => {
  const at = fc.record({ size: fc.integer({ min: 1, max: 40 }), entry: fc.integer({ min: 80, max: 120 }) });
  const equities = fc.integer({ min: 200, max: 5_000 });

  it('after the advised transfer the exchange’s ratios are equal, or, where it was bounded, those announced', () => {
    let [whole, bounded] = [0, 0];
    fc.assert(
      fc.property(at, at, equities, equities, fc.integer({ min: 0, max: 40 }), (a, b, equityA, equityB, resting) => {
        const d = new PaperBench();
        d.still(BTC, '100.0', '101.0');
        const place = (account: AccountName, size: number, entry: number, equity: number) => {
          d.exchange.control.position({ account, instrument: BTC, size: `${size}`, entry_price: `${entry}` });
          d.exchange.control.equity({ account, equity: `${equity}` });
        };
        place('A', a.size, a.entry, equityA);
        place('B', -b.size, b.entry, equityB);
        if (resting > 0) {
          const order = { account: 'B', instrument: BTC, side: 'sell', size: `${resting}`, price: '150.0' } as const;
          d.exchange.control.order({ ...order, post_only: true, expires_in_ms: 86_400_000 });
        }
        const read = (account: AccountName) =>
          parseBalance(d.call(account, 'account_summary').body, { account, subAccountId: d.sub(account) });
        const advised = levelling({ A: read('A'), B: read('B') });
        if (typeof advised === 'string') return;
        const { from, to, amount } = advised;
        d.exchange.control.transfer({ from, to, amount: amount.toFixed() });
        const after = { A: read('A'), B: read('B') };
        const ratio = (account: AccountName) => after[account].margin.maintenance.div(after[account].equity);
        for (const account of ACCOUNTS)
          assert.ok(ratio(account).minus(advised.ratios[account]).abs().lt('0.000001'), `${account} ${ratio(account)}`);
        if (advised.isBounded) bounded += 1;
        else {
          whole += 1;
          assert.ok(ratio('A').minus(ratio('B')).abs().lte('0.0001'), `${ratio('A')} ${ratio('B')}`);
        }
      }),
      { numRuns: 60 },
    );
    assert.ok(whole > 5 && bounded > 0, `${whole} whole, ${bounded} bounded`);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rig, SUB_ACCOUNTS, SUMMARY } from './support.ts';

/** The lists of strategy 17 over the wire: every page, rows that cannot be read skipped and reported once. */

const FILLS = '/lite/v1/fill_history';
const TIME = { fromMs: 1_700_000_000_000, toMs: 1_700_000_600_000 };
const OWN = '16140901064495857665';

function fill(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ...{
      et: '1700000000000000005',
      sa: SUB_ACCOUNTS.A,
      i: 'BTC_USDT_Perp',
      ib: false,
      it: false,
      s: '0.5',
      p: '700.0',
    },
    ...{ rp: '1.5', f: '-0.0035', fr: '-0.001', ti: '7-1', oi: '0x0a', co: OWN, il: false, fc: 'USDT' },
    ...change,
  };
}

describe('fills with their money (17.1)', () => {
  it('come from every page of ten rows, the last one empty, within the time asked for', async (context) => {
    const { scripted, exchange } = await rig(context);
    const page = (number: number) => Array.from({ length: 10 }, (_, row) => fill({ ti: `${number}-${row}` }));
    scripted.on(FILLS, (_asked, times) => ({
      json: times <= 25 ? { r: page(times), n: `p${times}` } : { r: [], n: '' },
    }));
    const rows = await exchange.payments('fill_history', 'A', TIME);
    assert.equal(rows.length, 250);
    const time = { st: '1700000000000000000', et: '1700000600000000000' };
    assert.deepEqual(scripted.asked.at(-1)?.body, { sa: SUB_ACCOUNTS.A, ...time, l: 1000, c: 'p25' });
  });

  it('are refused where pages go round, or a full page does not say where the next begins', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(FILLS, (_asked, times) => ({ json: { r: [fill()], n: times % 2 === 0 ? 'a' : 'b' } }));
    await assert.rejects(exchange.payments('fill_history', 'A', TIME), /names a page already read/);
    scripted.on(FILLS, { json: { r: Array.from({ length: 1000 }, () => fill()) } });
    await assert.rejects(exchange.payments('fill_history', 'A', TIME), /next: missing/);
  });

  it('have their decimals as the exchange wrote them, and whose they are', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(FILLS, {
      json: {
        r: [fill(), fill({ ti: '8-1', co: '0', oi: '0x00', il: true, fc: undefined, f: '0.1', it: true })],
        n: '',
      },
    });
    const [own, closed] = (await exchange.payments('fill_history', 'A', TIME)) as [never, never];
    const shown = ({ fee, feeCurrency, feeRate, isTaker, origin, realizedPnl }: Record<string, unknown>) =>
      [fee, feeCurrency, feeRate, isTaker, origin, realizedPnl].map(String);
    assert.deepEqual(shown(own), ['-0.0035', 'USDT', '-0.001', 'false', 'own', '1.5']);
    assert.deepEqual(shown(closed), ['0.1', 'USDT', '-0.001', 'true', 'liquidation', '1.5']);
  });

  it('leave out rows that cannot be read, also of a traded instrument, each reported once', async (context) => {
    const facts: unknown[] = [];
    const options = { instruments: ['BTC_USDT_Perp'], report: (fact: { type: string }) => facts.push(fact.type) };
    const { scripted, exchange } = await rig(context, options);
    const odd = [
      null,
      fill({ f: '1e-3' }),
      fill({ sa: '9' }),
      fill({ i: 'X', p: '0' }),
      fill({ ti: '' }),
      fill({ oi: null }),
    ];
    scripted.on(FILLS, { json: { r: [...odd, fill()], n: '' } });
    for (let time = 0; time < 2; time += 1)
      assert.equal((await exchange.payments('fill_history', 'A', TIME)).length, 1);
    assert.equal(facts.filter((type) => type === 'row.skipped').length, 3);
  });
});

describe('funding, transfers and deposits (17.2)', () => {
  it('are read of this account, transfers by their direction, deposits once they are confirmed', async (context) => {
    const { scripted, exchange } = await rig(context);
    const et = '1700000000000000005';
    const funding = { et, sa: SUB_ACCOUNTS.A, i: 'BTC_USDT_Perp', c: 'USDT', a: '0.25', ti: '11' };
    scripted.on('/lite/v1/funding_payment_history', { json: { r: [funding], n: '' } });
    const transfer = { ti: '5', fa: '0x1', fs: '0', ta: '0x1', ts: SUB_ACCOUNTS.A, c: 'USDT', nt: '100.5', et };
    const out = { ...transfer, ti: '6', fs: SUB_ACCOUNTS.A, ts: SUB_ACCOUNTS.B };
    scripted.on('/lite/v1/transfer_history', { json: { r: [transfer, out, { ...transfer, ts: '9' }], n: '' } });
    const deposit = { l1: '0x1', l2: '0x2', ta: SUB_ACCOUNTS.A, c: 'USDT', nt: '7', it: et, ct: et };
    const others = [
      { ...deposit, ta: '0xabc' },
      { ...deposit, ct: '' },
    ];
    scripted.on('/lite/v1/deposit_history', { json: { r: [deposit, ...others], n: '' } });
    const read = async (list: Parameters<typeof exchange.payments>[0]) =>
      (await exchange.payments(list, 'A', TIME)).map((row) => [
        row.type,
        row.type === 'fill' ? '' : `${row.txId} ${row.amount.toFixed()}`,
      ]);
    assert.deepEqual(await read('funding_payment_history'), [['funding', '11 0.25']]);
    assert.deepEqual(await read('transfer_history'), [
      ['transfer', '5 100.5'],
      ['transfer', '6 -100.5'],
    ]);
    assert.equal(scripted.asked.at(-1)?.body.sa, undefined);
    assert.deepEqual(await read('deposit_history'), [['deposit', '0x2 7']]);
  });

  it('cash is equity less notional and other currencies; a notional that was cut counts in full', async (context) => {
    const { scripted, exchange } = await rig(context);
    const position = {
      i: 'BTC_USDT_Perp',
      s: '-0.003',
      n: '-270.123456',
      mp: '90041.152123457',
      el: '99045.2',
      mt: 'CROSS',
    };
    const usdt = { c: 'USDT', b: '900', ip: '1.0', at: '400.5' };
    const coin = { c: 'BTC', b: '0.001', ip: '90000', at: '0' };
    const summary = { et: '1', sa: SUB_ACCOUNTS.A, te: '1000', im: '20', mm: '10', si: '1', sb: [usdt, coin] };
    scripted.on(SUMMARY, { json: { r: { ...summary, p: [position] } } });
    const { cash, sizes, margin } = await exchange.balance('A');
    assert.equal(cash.toFixed(), '1180.123456370371');
    assert.equal(sizes.BTC_USDT_Perp?.toFixed(), '-0.003');
    assert.equal(margin.availableToTransfer?.toFixed(), '400.5');
    assert.equal(margin.liquidation[0]?.distance.toFixed(4), '0.1000');
    scripted.on(SUMMARY, { json: { r: { ...summary, p: [{ ...position, n: '-270.2' }] } } });
    assert.equal((await exchange.balance('A')).cash.toFixed(), '1180.2');
  });
});

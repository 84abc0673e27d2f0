import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Decimal, decimal, sum, ZERO } from '../../src/core/decimal.ts';
import type { Fact } from '../../src/core/facts.ts';
import { book } from '../../src/core/ledger.ts';
import type { AccountName, Side } from '../../src/core/model.ts';
import type { FillRow, MoneyRow, PaymentRow } from '../../src/core/money.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { emptySymbolState } from '../../src/core/symbol-state.ts';
import { latestMargins } from '../../src/explain/levelling.ts';
import { makeReport, reportTable } from '../../src/explain/report.ts';
import { reportCsv } from '../../src/explain/report-csv.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { bookMatches, bookRows, noteReadUpTo } from '../../src/journal/money.ts';

/** The worked example of docs/money.md, through the ledger and the journal; and that the CSV sums up to the table (17.4). */

process.env.TZ = 'UTC';
const DOCUMENT = readFileSync(new URL('../../docs/money.md', import.meta.url), 'utf8');
const SOL = 'SOL_USDT_Perp';
const DAY_MS = Date.parse('2026-11-30T00:00:00Z');
const NOW_MS = DAY_MS + 20 * 3_600_000;
const KEPT_MS = 30 * 86_400_000;

const FILLS = [...DOCUMENT.matchAll(/^\| (\d+) \| ([AB]) \| (buy|sell) \| (\S+) \| (\S+) \| (\S+) \|/gm)].map(
  ([, number = '', account, side, size = '', price = '', fee = '']): FillRow => {
    const isTaker = fee === '0.0675';
    const at = BigInt(DAY_MS + Number(number) * 3_600_000);
    const id = clientOrderIdOf(account as AccountName, side as Side, BigInt(number));
    return {
      ...{ type: 'fill', account: account as AccountName, tradeId: `${number}-1`, orderId: `0x0${number}` },
      ...{ clientOrderId: id, instrument: SOL, side: side as Side, size: decimal(size), price: decimal(price) },
      ...{ fee: decimal(fee), feeCurrency: 'USDT', feeRate: null, isTaker, origin: 'own', realizedPnl: null },
      timeNs: at * 1_000_000n,
    };
  },
);
const FUNDING = (['A', 'B'] as const).map(
  (account): PaymentRow => ({
    ...{ type: 'funding', account, txId: `8-${account}`, instrument: SOL, currency: 'USDT' },
    ...{ amount: decimal(account === 'A' ? '0.042' : '-0.0405'), timeNs: BigInt(DAY_MS + 8 * 3_600_000) * 1_000_000n },
  }),
);

const TOUCH = { touch: { bid: decimal('150.1'), ask: decimal('150.2') } };

/** The day, as an engine writes it: its ledger books the fills, its reader the rows, some of them twice. */
function exampleJournal() {
  const journal = createMemoryJournal();
  let state = emptySymbolState(SOL);
  for (const fill of FILLS) {
    const { account, side, size, price, clientOrderId } = fill;
    const atMs = Number(fill.timeNs / 1_000_000n);
    const booked = book(state, { account, side, size, price, source: 'fill', clientOrderId, atMs });
    state = booked.state;
    const words = { instrument: SOL, account, clientOrderId, side, size, price, purpose: 'opening', guardPrice: null };
    const fact = {
      ...{ type: 'fill.booked', atMs, ...words, fillSize: size, fillPrice: price, matches: booked.matches },
      ...{ openedLotSize: booked.openedLotSize, netAfter: ZERO },
    } as Fact;
    journal.append([{ kind: 'fact', key: clientOrderId, atMs, body: fact }]);
    bookRows(journal, [fill], atMs);
    bookMatches(journal, atMs);
  }
  journal.append([
    { kind: 'symbol.state', key: SOL, atMs: NOW_MS, body: state },
    {
      kind: 'decision',
      key: SOL,
      atMs: NOW_MS,
      body: { input: { valuation: { mark: decimal('150.15') }, marks: TOUCH } },
    },
  ]);
  bookRows(journal, [...FILLS, ...FUNDING, ...FILLS], NOW_MS);
  bookRows(journal, FUNDING, NOW_MS);
  return journal;
}

describe('report (strategy 17.4)', () => {
  it('prints the worked example of docs/money.md', () => {
    assert.equal(FILLS.length, 10);
    const report = makeReport(exampleJournal(), { days: 1, by: 'symbol', nowMs: NOW_MS, keptMs: KEPT_MS });
    const printed = /```text\n(.*?)```/s.exec(DOCUMENT)?.[1];
    assert.equal(`${reportTable(report, 'symbol').join('\n')}\n`, printed);
  });

  it('prints it in Chinese, each column under its head', () => {
    const report = makeReport(exampleJournal(), { days: 1, by: 'symbol', nowMs: NOW_MS, keptMs: KEPT_MS });
    const [since, head, row, total, pairs] = reportTable(report, 'symbol', 'zh');
    assert.equal(since, '自 2026-11-30 起，单位 USDT；手续费和资金费：正为支付，负为收到');
    assert.match(head ?? '', /^标的 +成交 +成交额 +价差 +平仓 +手续费 +资金费 +未实现 +差额 +合计 +划转 +无法解释$/);
    assert.match(total ?? '', /^合计 +10 /);
    assert.match(pairs ?? '', /^交易对 .*= 成交现金流 .*按盘口的成本$/);
    // A Chinese character takes two cells.
    const cells = (text: string) => text.length + (text.match(/[\u4e00-\u9fff]/g)?.length ?? 0);
    const from = (line: string | undefined, what: string) => cells((line ?? '').slice(0, line?.indexOf(what)));
    assert.equal(from(head, '成交'), from(row, '10'));
    assert.equal(from(head, '资金费'), from(row, '0.0015'));
  });

  it('the CSV sums up to the table, by another way of adding', () => {
    const report = makeReport(exampleJournal(), { days: 1, by: 'day', nowMs: NOW_MS, keptMs: KEPT_MS });
    const [head = '', ...lines] = reportCsv(report);
    const columns = head.split(',');
    const rows = lines.map((line) => new Map(line.split(',').map((cell, index) => [columns[index], cell])));
    const total = (type: string, column: string) =>
      sum(rows.filter((row) => row.get('type') === type).map((row) => new Decimal(row.get(column) || '0'))).toFixed();
    const { totals } = report.sum;
    assert.equal(total('fill', 'volume'), totals.volume.toFixed());
    assert.equal(total('fee', 'amount'), totals.fees.USDT?.neg().toFixed());
    assert.equal(total('funding', 'amount'), totals.funding.USDT?.neg().toFixed());
    assert.equal(total('hedge', 'amount'), totals.spread.toFixed());
    assert.equal(total('unwind', 'amount'), totals.unwindGain.toFixed());
    assert.equal(rows.length, 10 + 10 + 2 + 4 + 1);
    assert.equal(rows[0]?.get('time'), '2026-11-30T01:00:00.000000000Z');
  });

  it('days that have lost their rows come out the same from the daily totals', () => {
    const journal = exampleJournal();
    const nowMs = NOW_MS + 40 * 86_400_000;
    const late = makeReport(journal, { days: 60, by: 'symbol', nowMs, keptMs: KEPT_MS });
    const fresh = makeReport(journal, { days: 60, by: 'symbol', nowMs, keptMs: 100 * 86_400_000 });
    assert.deepEqual([late.rows.length, late.beforeRows], [0, ['2026-11-30']]);
    assert.deepEqual(late.sum.totals, fresh.sum.totals);
    assert.equal(late.sum.totals.fills, 10);
  });

  it('a day is final once every list of both accounts was read past its end; a later row reopens it', () => {
    const journal = exampleJournal();
    const stateOf = () => {
      const report = makeReport(journal, { days: 3, by: 'day', nowMs: NOW_MS + 86_400_000, keptMs: KEPT_MS });
      return [report.lines.find((one) => one.of === '2026-11-30')?.isFinal, report.reopened];
    };
    const end = DAY_MS + 86_400_000;
    assert.deepEqual(stateOf(), [false, []]);
    noteReadUpTo(journal, { sinceMs: 0, fills: { A: end, B: end }, payments: { A: end, B: end - 1 } }, end);
    assert.deepEqual(stateOf(), [false, []]);
    noteReadUpTo(journal, { sinceMs: 0, fills: { A: end, B: end }, payments: { A: end, B: end } }, end);
    assert.deepEqual(stateOf(), [true, []]);
    bookRows(journal, [{ ...FILLS[0]!, tradeId: '99-1' }], end);
    assert.deepEqual(stateOf(), [true, ['2026-11-30']]);
  });

  it('one symbol alone: neither the money of others nor transfers', () => {
    const journal = exampleJournal();
    const other = { ...FILLS[0]!, instrument: 'BNB_USDT_Perp', tradeId: '50-1', price: decimal('600') };
    const paidIn = { ...{ type: 'transfer', account: 'A', txId: '9', currency: 'USDT' }, amount: decimal('5') };
    bookRows(journal, [other, { ...paidIn, timeNs: FILLS[0]!.timeNs } as PaymentRow], NOW_MS);
    const request = { days: 1, by: 'symbol', nowMs: NOW_MS, keptMs: KEPT_MS } as const;
    const sol = makeReport(journal, { ...request, instrument: SOL });
    assert.deepEqual(
      [sol.lines.map((line) => line.of), sol.sum.total.toFixed(), sol.rows.length, sol.sum.totals.transfers],
      [[SOL], '0.849003', 12, {}],
    );
    const bnb = makeReport(journal, { ...request, instrument: 'BNB_USDT_Perp' });
    assert.deepEqual([bnb.sum.totals.volume.toFixed(), bnb.pairs.length], ['1200', 0]);
  });

  it('what is open at the turn of a day is not valued without a mark of then; the whole time is', () => {
    const journal = exampleJournal();
    const whole = makeReport(journal, { days: 2, by: 'day', nowMs: NOW_MS + 86_400_000, keptMs: KEPT_MS, utc: true });
    const [first] = whole.lines;
    assert.deepEqual([first?.of, first?.totals.fills, first?.differences?.toFixed()], ['2026-11-30', 10, '0']);
    // The mark at midnight is not known, so neither is what the open lot was worth then.
    assert.equal(first?.unrealised, null);
    assert.equal(whole.sum.unrealised?.toFixed(), '0.1');
  });

  it('with the marks of its turn each day is valued, and the days add up to the whole, whatever that mark is', () => {
    for (const [mark, late, first] of [
      ['151', 5_000, '0.95'],
      ['149', 5_000, '-1.05'],
      // Nothing was traded in the night that nobody watched: any mark will do.
      ['152', 10 * 3_600_000, '1.95'],
    ] as const) {
      const journal = exampleJournal();
      const midnight = DAY_MS + 86_400_000;
      const marks = { [SOL]: decimal(mark) };
      journal.append([{ kind: 'money.marks', key: 'all', atMs: midnight + late, body: marks }]);
      const request = { days: 3, by: 'day', nowMs: midnight + 12 * 3_600_000, keptMs: KEPT_MS, utc: true } as const;
      const { lines, sum: whole } = makeReport(journal, request);
      assert.equal(lines[0]?.unrealised?.toFixed(), first);
      assert.equal(sum(lines.map((line) => line.total)).toFixed(), whole.total.toFixed());
      assert.equal(whole.unrealised?.toFixed(), '0.1');
    }
  });

  it('names what no order of the engine traded, also from daily totals', () => {
    const journal = exampleJournal();
    const origins = ['foreign', 'foreign', 'liquidation', 'adl'] as const;
    const others = origins.map((origin, index) => ({ ...FILLS[index]!, tradeId: `6${index}`, origin }));
    bookRows(journal, others, NOW_MS);
    for (const nowMs of [NOW_MS, NOW_MS + 40 * 86_400_000]) {
      const lines = reportTable(makeReport(journal, { days: 60, by: 'day', nowMs, keptMs: KEPT_MS }), 'day');
      assert.deepEqual(
        lines.filter((line) => line.startsWith('Not the engine')),
        [
          "Not the engine's fills, by hand or by another program: 2, volume 600.2",
          "Not the engine's fills, liquidation: 1, volume 150.3",
          "Not the engine's fills, auto-deleveraging: 1, volume 150.2",
        ],
      );
    }
  });

  it('margins are those of the newest balances of both accounts, and none of old ones', () => {
    const journal = exampleJournal();
    const balance = (account: AccountName, equity: string, atMs: number): MoneyRow => ({
      ...{
        type: 'balance',
        account,
        timeNs: BigInt(atMs) * 1_000_000n,
        equity: decimal(equity),
        cash: ZERO,
        sizes: {},
      },
      margin: {
        ...{ maintenance: decimal('500'), initial: ZERO, availableToTransfer: decimal('1500') },
        ...{ isolated: [], liquidation: [] },
      },
    });
    bookRows(journal, [balance('A', '900', NOW_MS - 1), balance('A', '1000', NOW_MS)], NOW_MS);
    assert.deepEqual(latestMargins(journal, NOW_MS), []);
    bookRows(journal, [balance('B', '1500', NOW_MS)], NOW_MS);
    const lines = latestMargins(journal, NOW_MS);
    assert.equal(lines.length, 4);
    assert.match(lines.at(-1)!, /^Levelling: 250\.00 USDT from B to A: margin ratios 40\.00 % and 40\.00 %/);
    const chinese = latestMargins(journal, NOW_MS, 'zh');
    assert.equal(chinese[1], '账户 A：保证金率 50.00 %，可用 1000.00 USDT');
    assert.equal(chinese.at(-1), '均衡：从 B 划转 250.00 USDT 到 A：保证金率 40.00 % 与 40.00 %（规则 17.5）');
    assert.deepEqual(latestMargins(journal, NOW_MS + 4 * 3_600_000), []);
  });
});

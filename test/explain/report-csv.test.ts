import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decimal, ZERO } from '../../src/core/decimal.ts';
import type { Fact } from '../../src/core/facts.ts';
import { book } from '../../src/core/ledger.ts';
import type { MoneyRow } from '../../src/core/money.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { emptySymbolState } from '../../src/core/symbol-state.ts';
import { makeReport } from '../../src/explain/report.ts';
import { reportCsv } from '../../src/explain/report-csv.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { bookMatches, bookRows } from '../../src/journal/money.ts';

/** The CSV of ten days, summed by a program that shares nothing with this one, comes to the report's totals (strategy 17.4). */

process.env.TZ = 'UTC';
const SCRIPT = fileURLToPath(new URL('../support/sum-csv.mjs', import.meta.url));
const DAY_MS = 86_400_000;
const START_MS = Date.parse('2026-11-20T00:00:00Z');
const NOW_MS = START_MS + 10 * DAY_MS - 1;
const KEPT_MS = 30 * DAY_MS;

/** Reproducible whole numbers from 0 to `most` - 1. */
function dice(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % most;
  };
}

/** Ten days: own and foreign fills of two symbols, taker's fees in two currencies, funding, transfers and a deposit. */
function tenDays(seed: number) {
  const journal = createMemoryJournal();
  const next = dice(seed);
  const rows: MoneyRow[] = [];
  const states = new Map(['SOL_USDT_Perp', 'BNB_USDT_Perp'].map((name) => [name, emptySymbolState(name)]));
  for (let index = 0; index < 400; index += 1) {
    const atMs = START_MS + Math.floor((index * 10 * DAY_MS) / 400) + 1;
    const timeNs = BigInt(atMs) * 1_000_000n + BigInt(next(1_000_000));
    const [instrument = '', state] = [...states][next(2)]!;
    const account = next(2) === 0 ? 'A' : 'B';
    const side = next(2) === 0 ? 'buy' : 'sell';
    const [size, price] = [decimal(`${1 + next(9)}.${next(1000)}`), decimal(`1${next(10)}.${next(10_000)}`)];
    const isOwn = next(10) > 0;
    const id = isOwn ? clientOrderIdOf(account, side, BigInt(index + 1)) : '7';
    const isTaker = next(20) === 0;
    const fee = decimal(`${isTaker ? '' : '-'}0.00${1 + next(1_000_000_000)}`);
    const feeCurrency = next(30) === 0 ? 'BTC' : 'USDT';
    rows.push({
      ...{
        type: 'fill',
        account,
        tradeId: `${index}`,
        orderId: `0x${index}`,
        clientOrderId: id,
        instrument,
        side,
        size,
        price,
      },
      ...{ fee, feeCurrency, feeRate: null, isTaker, origin: isOwn ? 'own' : 'foreign', realizedPnl: null, timeNs },
    });
    const booked = book(state!, {
      ...{ account, side, size, price, atMs, source: isOwn ? 'fill' : 'drift' },
      ...{ clientOrderId: isOwn ? id : null },
    });
    states.set(instrument, booked.state);
    const { matches } = booked;
    const fact = isOwn
      ? { type: 'fill.booked', instrument, account, clientOrderId: id, fillSize: size, fillPrice: price, matches }
      : { type: 'drift.adopted', instrument, account, difference: size, price, matches, byHand: true };
    journal.append([{ kind: 'fact', key: id, atMs, body: { ...fact, side, atMs } as unknown as Fact }]);
    if (index % 13 === 0)
      rows.push({
        ...{ type: 'funding', account, txId: `f${index}`, instrument, currency: 'USDT', timeNs },
        amount: decimal(`${next(2) === 0 ? '-' : ''}0.${1 + next(1_000_000)}`),
      });
    if (index % 50 === 0)
      rows.push({
        ...{
          type: index % 100 === 0 ? 'transfer' : 'deposit',
          account,
          txId: `=t${index},"x"`,
          currency: 'USDT',
          timeNs,
        },
        amount: decimal(`${index % 100 === 0 ? '-' : ''}${1 + next(500)}.5`),
      });
  }
  for (let at = 0; at < rows.length; at += 7) bookRows(journal, rows.slice(at, at + 9), NOW_MS);
  bookMatches(journal, NOW_MS);
  return { journal, rows };
}

for (const seed of [11, 12, 13])
  describe(`17.4 ten days, seed ${seed}`, () => {
    const { journal, rows } = tenDays(seed);
    const reportBy = (by: 'day' | 'symbol' | 'account') =>
      makeReport(journal, { days: 10, by, nowMs: NOW_MS, keptMs: KEPT_MS, utc: true });

    it('17.4 the CSV, summed by a program of its own, is the table to the last digit', () => {
      const report = reportBy('day');
      const csv = reportCsv(report).join('\n');
      const sums = JSON.parse(execFileSync(process.execPath, [SCRIPT], { input: csv, encoding: 'utf8' }));
      const { totals } = report.sum;
      assert.equal(totals.fills, 400);
      const expected = {
        volume: totals.volume.toFixed(),
        'fee USDT': totals.fees.USDT!.neg().toFixed(),
        'fee BTC': totals.fees.BTC!.neg().toFixed(),
        'funding USDT': totals.funding.USDT!.neg().toFixed(),
        'hedge USDT': totals.spread.toFixed(),
        'unwind USDT': totals.unwindGain.toFixed(),
      };
      const { 'transfer USDT': transfer, 'deposit USDT': deposit, ...others } = sums;
      assert.deepEqual(others, expected);
      assert.equal(decimal(transfer).plus(deposit).toFixed(), totals.transfers.USDT!.toFixed());
    });

    it('17.4 days, symbols and accounts add up to one another, and to the totals that are kept forever', () => {
      const whole = reportBy('day').sum.totals;
      for (const by of ['day', 'symbol', 'account'] as const) {
        const { lines } = reportBy(by);
        const add = (pick: (line: (typeof lines)[number]) => { toFixed(): string }) =>
          lines.reduce((total, line) => total.plus(pick(line).toFixed()), ZERO).toFixed();
        assert.equal(
          add(({ totals }) => totals.volume),
          whole.volume.toFixed(),
        );
        assert.equal(
          add(({ totals }) => totals.fees.USDT ?? ZERO),
          whole.fees.USDT!.toFixed(),
        );
        assert.equal(
          add(({ totals }) => totals.spread),
          whole.spread.toFixed(),
        );
      }
      const later = NOW_MS + 40 * DAY_MS;
      const kept = makeReport(journal, { days: 60, by: 'day', nowMs: later, keptMs: KEPT_MS, utc: true });
      assert.equal(kept.rows.length, 0);
      assert.deepEqual(kept.sum.totals, whole);
    });

    it('17.1 rows that are served again, in any order, change no digit', () => {
      const before = reportBy('symbol').sum.totals;
      bookRows(journal, [...rows].reverse(), NOW_MS);
      bookMatches(journal, NOW_MS);
      assert.deepEqual(reportBy('symbol').sum.totals, before);
    });
  });

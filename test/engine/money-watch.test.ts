import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sum } from '../../src/core/decimal.ts';
import type { FillRow } from '../../src/core/money.ts';
import { startMoneyWatch } from '../../src/engine/money-watch.ts';
import { dayMoney, type MoneyFigures, statementOf } from '../../src/explain/money-figures.ts';
import { makeReport } from '../../src/explain/report.ts';
import { bookRows } from '../../src/journal/money.ts';
import { openJournal } from '../../src/journal/sqlite.ts';
import { d } from '../support/core.ts';

const NOW_MS = new Date(2026, 10, 30, 13, 0).getTime();
const DAY_MS = 86_400_000;
const KEPT_MS = 30 * DAY_MS;
const clock = { nowMs: () => NOW_MS };

function fill(tradeId: string, instrument: string, atMs: number, fee: string): FillRow {
  return {
    ...{ type: 'fill', account: 'A', tradeId, orderId: '0x01', clientOrderId: '7', instrument, side: 'buy' },
    ...{ size: d(2), price: d(100), fee: d(fee), feeCurrency: 'USDT', feeRate: null, isTaker: true, origin: 'foreign' },
    ...{ realizedPnl: null, timeNs: BigInt(atMs) * 1_000_000n },
  };
}

/** What the watch counts of a journal with these fills, while it is open for writing. */
async function counted(fills: readonly FillRow[], file?: string) {
  const directory = mkdtempSync(join(tmpdir(), 'grvt-money-'));
  const journal = openJournal({ directory, clock, days: 30 });
  const said: string[] = [];
  try {
    bookRows(journal, fills, NOW_MS);
    let watch: ReturnType<typeof startMoneyWatch> | undefined;
    const reported = new Promise<MoneyFigures | string>((resolve) => {
      watch = startMoneyWatch({
        ...{ file: file ?? journal.name, keptMs: KEPT_MS, clock, firstMs: 0 },
        onFigures: resolve,
        say: (_level, text) => resolve(text),
      });
    });
    const found = await reported;
    watch?.close();
    const report = (days: number) => makeReport(journal, { days, by: 'symbol', nowMs: NOW_MS, keptMs: KEPT_MS });
    return { found, today: report(1), week: report(7), said };
  } finally {
    journal.close();
    rmSync(directory, { recursive: true });
  }
}

describe('17.4 the money counted beside the engine', () => {
  it('17.4 today and seven days are those of the report, by symbol too, of a journal that is being written', async () => {
    const fills = [
      fill('1', 'SOL_USDT_Perp', NOW_MS - 1_000, '0.05'),
      fill('2', 'BNB_USDT_Perp', NOW_MS - 2 * DAY_MS, '0.07'),
      fill('3', 'BNB_USDT_Perp', NOW_MS - 8 * DAY_MS, '0.11'),
    ];
    const { found, today, week } = await counted(fills);
    assert.ok(typeof found !== 'string', String(found));
    assert.equal(found.today.total, today.sum.total.toFixed());
    assert.deepEqual([found.today.volume, found.today.fees], ['200', { USDT: '0.05' }]);
    assert.equal(found.week.total, week.sum.total.toFixed());
    assert.deepEqual(found.week.fees, { USDT: '0.12' });
    assert.deepEqual(Object.keys(found.symbols), ['BNB_USDT_Perp', 'SOL_USDT_Perp']);
    assert.equal(found.symbols.BNB_USDT_Perp?.today.fills, 0);
    const weeks = Object.values(found.symbols).map((one) => d(one.week.total));
    assert.equal(sum(weeks).toFixed(), found.week.total);
  });

  it('8.6 the day that a loss is judged by ends at midnight of the process', async () => {
    const { found } = await counted([fill('1', 'SOL_USDT_Perp', NOW_MS - 1_000, '12.5')]);
    assert.ok(typeof found !== 'string', String(found));
    const day = dayMoney(found);
    assert.deepEqual([day.total.toFixed(), day.endsMs], ['-12.5', new Date(2026, 11, 1).getTime()]);
  });

  it('17.4 the statement is of the day before today, with what was received above zero', async () => {
    const yesterday = new Date(2026, 10, 29, 12).getTime();
    const { found } = await counted([fill('1', 'SOL_USDT_Perp', yesterday, '0.05')]);
    assert.ok(typeof found !== 'string', String(found));
    const statement = statementOf(found);
    assert.deepEqual(
      [statement?.day, statement?.fees, statement?.volume, statement?.isFinal],
      ['2026-11-29', '-0.05', '200', false],
    );
    const none = await counted([fill('1', 'SOL_USDT_Perp', NOW_MS, '0.05')]);
    assert.ok(typeof none.found !== 'string');
    assert.equal(statementOf(none.found), null);
  });

  it('17.4 a journal that cannot be read is reported, and no figures are given', async () => {
    const { found } = await counted([], '/nowhere/journal.db');
    assert.ok(typeof found === 'string');
    assert.match(found, /^Money: could not be computed, retried every minute: .*nowhere/);
  });
});

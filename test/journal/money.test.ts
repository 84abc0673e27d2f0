import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal } from '../../src/core/decimal.ts';
import type { FillRow } from '../../src/core/money.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { bookMatches, bookRows } from '../../src/journal/money.ts';
import { NOW_MS, open, temporaryDirectory } from './support.ts';

/** Each row is booked once, with its day, whatever ends the process (strategy 17.1). */

function fill(tradeId: string, more: Partial<FillRow> = {}): FillRow {
  return {
    ...{ type: 'fill', account: 'A', tradeId, orderId: '0x01', clientOrderId: '7', instrument: 'SOL_USDT_Perp' },
    ...{ side: 'buy', size: decimal('2'), price: decimal('150.05'), fee: decimal('-0.003001'), feeCurrency: 'USDT' },
    ...{ feeRate: null, isTaker: false, origin: 'foreign', realizedPnl: null, timeNs: BigInt(NOW_MS) * 1_000_000n },
    ...more,
  };
}

function figures(journal: EngineJournal) {
  return journal
    .latestOfEach('money.day')
    .map(({ key, body }) => [
      key,
      body.fills,
      body.volume.toFixed(),
      Object.entries(body.fees).map(([currency, fee]) => `${fee.toFixed()} ${currency}`),
    ]);
}

describe('bookRows', () => {
  const day = new Date(NOW_MS).toISOString().slice(0, 10);

  it('books a row once, be it repeated in one answer, in the next one, or after the file was opened again', () => {
    const directory = temporaryDirectory();
    const rows = [fill('1-1'), fill('2-1', { feeCurrency: 'GRVT', fee: decimal('0.1') }), fill('1-1')];
    let journal = open(directory);
    assert.equal(bookRows(journal, rows, NOW_MS).length, 2);
    assert.equal(bookRows(journal, rows, NOW_MS).length, 0);
    const before = figures(journal);
    assert.deepEqual(before, [[`${day} A SOL_USDT_Perp`, 2, '600.2', ['-0.003001 USDT', '0.1 GRVT']]]);
    journal.close();
    journal = open(directory);
    assert.equal(bookRows(journal, rows, NOW_MS).length, 0);
    assert.deepEqual(figures(journal), before);
    journal.close();
  });

  it('a write that fails books neither the row nor its day', () => {
    const journal = createMemoryJournal();
    bookRows(journal, [fill('1-1')], NOW_MS);
    const broken = { ...asPort(journal), append: () => assert.fail('disk full') };
    assert.throws(() => bookRows(broken, [fill('2-1')], NOW_MS), /disk full/);
    assert.equal(figures(journal)[0]?.[1], 1);
    assert.equal(bookRows(journal, [fill('2-1')], NOW_MS).length, 1);
    assert.equal(figures(journal)[0]?.[1], 2);
  });

  it('rows go with settled history, their days stay', () => {
    const journal = createMemoryJournal({ days: 30 });
    bookRows(journal, [fill('1-1')], NOW_MS);
    bookRows(journal, [fill('2-1')], NOW_MS + 1);
    while (journal.compact(NOW_MS + 31 * 86_400_000).more);
    assert.deepEqual([...journal.scan({ kind: 'money' })], []);
    assert.equal(figures(journal)[0]?.[1], 2);
  });

  it('matches are added once, however often it is called', () => {
    const journal = createMemoryJournal();
    const match = { kind: 'hedge', gainUsdt: decimal('0.25') };
    const fact = { type: 'fill.booked', atMs: NOW_MS, instrument: 'SOL_USDT_Perp', matches: [match] };
    journal.append([{ kind: 'fact', key: 'x', atMs: NOW_MS, body: fact as never }]);
    bookMatches(journal, NOW_MS);
    bookMatches(journal, NOW_MS);
    const [entry] = journal.latestOfEach('money.day');
    assert.deepEqual([entry?.key, entry?.body.hedges], [`${day} pair SOL_USDT_Perp`, 1]);
    assert.equal(entry?.body.spread.toFixed(), '0.25');
  });
});

function asPort(journal: EngineJournal) {
  return {
    latest: journal.latest.bind(journal),
    latestOfEach: journal.latestOfEach.bind(journal),
    scan: journal.scan.bind(journal),
    durable: journal.durable.bind(journal),
    close: () => journal.close(),
  };
}

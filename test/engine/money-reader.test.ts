import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { decimal, ZERO } from '../../src/core/decimal.ts';
import type { AccountName } from '../../src/core/model.ts';
import { type FillRow, type PaymentRow, rowTimeMs } from '../../src/core/money.ts';
import { clientOrderIdOf, nextSequence } from '../../src/core/order-id.ts';
import { reason } from '../../src/core/reasons.ts';
import { MONEY_EVERY_MS, MONEY_FIRST_MS, MONEY_RETRY_MS, startMoneyReader } from '../../src/engine/money-reader.ts';
import { ExchangeError } from '../../src/grvt/errors.ts';
import type { PaymentList } from '../../src/grvt/payments.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { readUpTo } from '../../src/journal/money.ts';

/** Books what the exchange lists (strategy 17.1, 17.2): once, without gaps, across failures, late rows and restarts. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Ten past an hour. */
const START_MS = Date.parse('2026-11-30T08:10:00Z');
afterEach(() => mock.timers.reset());

function fill(tradeId: string, timeMs: number, account: AccountName = 'A'): FillRow {
  return {
    ...{
      type: 'fill',
      account,
      tradeId,
      orderId: '0x01',
      clientOrderId: '7',
      instrument: 'SOL_USDT_Perp',
      side: 'buy',
    },
    ...{ size: decimal('1'), price: decimal('100'), fee: decimal('0.01'), feeCurrency: 'USDT', feeRate: null },
    ...{ isTaker: false, origin: 'foreign', realizedPnl: null, timeNs: BigInt(timeMs) * 1_000_000n },
  };
}

/** An exchange of lists, and a reader on it. */
class World {
  readonly lists: Record<PaymentList, PaymentRow[]> = {
    ...{ fill_history: [], funding_payment_history: [], transfer_history: [], deposit_history: [] },
  };
  readonly asked: [PaymentList, AccountName, number, number][] = [];
  readonly said: string[] = [];
  failing: PaymentList | null = null;
  /** USDT each account has; by default what nothing happened to. */
  readonly cash: Record<AccountName, string> = { A: '0', B: '0' };
  readonly judged: Readonly<Record<AccountName, string | null>>[] = [];
  reader: ReturnType<typeof startMoneyReader>;
  readonly journal: EngineJournal;

  constructor(journal: EngineJournal = createMemoryJournal()) {
    this.journal = journal;
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS });
    journal.append([{ kind: 'note', key: 'run', atMs: START_MS, body: {} }]);
    this.reader = this.start();
  }

  start() {
    return startMoneyReader({
      exchange: {
        exchangeNowMs: () => Date.now(),
        payments: async (list, account, { fromMs, toMs }) => {
          this.asked.push([list, account, fromMs, toMs]);
          if (this.failing === list) {
            const site = { call: list, account };
            throw new ExchangeError('unavailable', site, null, reason('page-repeated', '10.4'));
          }
          const within = (row: PaymentRow) => rowTimeMs(row) >= fromMs && rowTimeMs(row) <= toMs;
          return this.lists[list].filter((row) => row.account === account && within(row));
        },
        balance: async (account) => ({
          ...{ type: 'balance', account, timeNs: BigInt(Date.now()) * 1_000_000n, equity: ZERO },
          ...{ cash: decimal(this.cash[account]), sizes: {} },
          margin: { maintenance: ZERO, initial: null, availableToTransfer: null, isolated: [], liquidation: [] },
        }),
      },
      journal: this.journal,
      clock: { nowMs: () => Date.now() },
      keptMs: 30 * DAY_MS,
      onJudged: ({ A, B }) =>
        this.judged.push({ A: A?.unexplained.toFixed() ?? null, B: B?.unexplained.toFixed() ?? null }),
      say: (level, text) => this.said.push(`${level} ${text}`),
    });
  }

  async pass(ms: number): Promise<void> {
    mock.timers.tick(ms);
    for (let turn = 0; turn < 60; turn += 1) await Promise.resolve();
  }

  booked(type: string): string[] {
    const keys = [...this.journal.scan({ kind: 'money' })].map((entry) => entry.key);
    return keys.filter((key) => key.startsWith(`${type} `));
  }

  fills(): number {
    return this.journal.latestOfEach('money.day').reduce((count, { body }) => count + body.fills, 0);
  }
}

describe('the reader', () => {
  it('books at the start what the journal lacks, then every ten minutes, each row once', async () => {
    const world = new World();
    world.lists.fill_history.push(fill('1', START_MS + 1_000), fill('1', START_MS + 1_000), fill('0', START_MS - 1));
    await world.pass(MONEY_FIRST_MS);
    assert.deepEqual(world.booked('fill'), ['fill A 1 0x01']);
    world.lists.fill_history.push(fill('2', START_MS + 60_000, 'B'));
    await world.pass(MONEY_EVERY_MS - 1);
    assert.equal(world.fills(), 1);
    await world.pass(1);
    assert.deepEqual([world.booked('fill').length, world.fills()], [2, 2]);
  });

  it('reads funding, transfers, deposits and a balance once an hour, none near a full hour', async () => {
    const world = new World();
    await world.pass(MONEY_FIRST_MS);
    const hourly = () => world.asked.filter(([list]) => list === 'funding_payment_history').length;
    assert.deepEqual([hourly(), world.booked('balance').length], [2, 2]);
    for (let pass = 0; pass < 4; pass += 1) await world.pass(MONEY_EVERY_MS);
    assert.equal(hourly(), 2);
    // 09:00:05 is within a minute of the hour; 09:10:05 is not.
    await world.pass(MONEY_EVERY_MS);
    assert.equal(hourly(), 2);
    await world.pass(MONEY_EVERY_MS);
    assert.deepEqual([hourly(), world.booked('balance').length], [4, 4]);
  });

  it('a row that is listed an hour late is found, one of yesterday by the next hourly reading', async () => {
    const world = new World();
    for (let pass = 0; pass < 13; pass += 1) await world.pass(pass === 0 ? MONEY_FIRST_MS : MONEY_EVERY_MS);
    world.lists.fill_history.push(fill('1', START_MS + 70 * 60_000), fill('2', START_MS + 1));
    await world.pass(MONEY_EVERY_MS);
    assert.deepEqual(world.booked('fill'), ['fill A 1 0x01']);
    for (let pass = 0; pass < 6; pass += 1) await world.pass(MONEY_EVERY_MS);
    assert.equal(world.fills(), 2);
  });

  it('a list that fails is read again in a minute from where it was read to; a balance is not used meanwhile', async () => {
    const world = new World();
    world.failing = 'transfer_history';
    await world.pass(MONEY_FIRST_MS);
    const payments = readUpTo(world.journal)?.payments;
    await world.pass(MONEY_RETRY_MS);
    assert.deepEqual(readUpTo(world.journal)?.payments, payments);
    assert.deepEqual([world.booked('balance').length, world.said.length], [0, 1]);
    world.failing = null;
    await world.pass(MONEY_RETRY_MS);
    assert.ok((readUpTo(world.journal)?.payments.A ?? 0) > (payments?.A ?? 0));
    assert.deepEqual(
      [world.booked('balance').length, world.said[1]],
      [2, 'info Money: lists are read completely again'],
    );
  });

  it('a fill of a frame is written a second later, and not again from the list; closing writes what waits', async () => {
    const world = new World();
    const [one, two] = [fill('1', START_MS), fill('2', START_MS)];
    world.reader.takeFill(one);
    world.reader.takeFill(one);
    assert.equal(world.fills(), 0);
    await world.pass(1_000);
    assert.equal(world.fills(), 1);
    world.lists.fill_history.push(one, two);
    await world.pass(MONEY_FIRST_MS);
    assert.equal(world.fills(), 2);
    world.reader.takeFill(fill('3', START_MS));
    world.reader.close();
    assert.equal(world.fills(), 3);
  });

  it("17.1 an own fill of the first seconds is booked though the exchange's clock is behind ours", async () => {
    const world = new World();
    const own = (tradeId: string, madeMs: number) => ({
      ...fill(tradeId, START_MS - 800),
      clientOrderId: clientOrderIdOf('A', 'buy', nextSequence(null, madeMs)),
    });
    world.lists.fill_history.push(own('1', START_MS + 200), own('2', START_MS - 1), fill('3', START_MS - 800));
    await world.pass(MONEY_FIRST_MS);
    assert.deepEqual(world.booked('fill'), ['fill A 1 0x01'], 'of an order that this journal knows');
    await world.pass(HOUR_MS);
    assert.equal(world.fills(), 1);
  });

  it('17.1 a fill of a frame whose order has no id yet is booked from the list, once', async () => {
    const world = new World();
    const listed = fill('1', START_MS);
    world.reader.takeFill({ ...listed, orderId: '0x00' });
    await world.pass(1_000);
    assert.equal(world.fills(), 0, 'by that id it would be another row than the list has');
    world.lists.fill_history.push(listed);
    await world.pass(MONEY_FIRST_MS);
    assert.equal(world.fills(), 1);
  });

  it('killed at any moment and started again, no digit changes', async () => {
    const world = new World();
    for (let number = 0; number < 20; number += 1)
      world.lists.fill_history.push(fill(String(number), START_MS + number * 100_000, number % 2 === 0 ? 'A' : 'B'));
    let starts = 0;
    for (let step = 0; step < 30; step += 1) {
      // What is killed writes nothing any more: only the journal goes on.
      mock.timers.reset();
      mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS + step * 90_000 });
      world.reader = world.start();
      starts += 1;
      await world.pass(step % 3 === 0 ? MONEY_FIRST_MS - 1 : MONEY_FIRST_MS);
    }
    assert.equal(starts, 30);
    const [first] = world.journal.latestOfEach('money.day').filter(({ key }) => key.includes(' A '));
    assert.deepEqual([world.fills(), first?.body.fees.USDT?.toFixed()], [20, '0.1']);
  });
});

describe('money that no row explains (strategy 17.3)', () => {
  const transfer = (timeMs: number): PaymentRow => ({
    ...{ type: 'transfer', account: 'A', txId: '1', currency: 'USDT', amount: decimal('5') },
    timeNs: BigInt(timeMs) * 1_000_000n,
  });
  const hours = async (world: World, count: number) => {
    for (let pass = 0; pass < count * 6; pass += 1) await world.pass(MONEY_EVERY_MS);
  };

  it('is known an hour after its interval, and is explained by a row that the exchange lists late', async () => {
    const world = new World();
    await world.pass(MONEY_FIRST_MS);
    world.cash.A = '5';
    await hours(world, 1);
    // The newest interval is not judged yet.
    assert.deepEqual(world.judged.at(-1), { A: null, B: null });
    await hours(world, 1);
    assert.deepEqual(world.judged.at(-1), { A: '5', B: null });
    await hours(world, 6);
    assert.deepEqual(world.judged.at(-1), { A: '5', B: null });
    world.lists.transfer_history.push(transfer(START_MS + 1_800_000));
    await hours(world, 1);
    assert.deepEqual(world.judged.at(-1), { A: null, B: null });
  });

  it('is known after a restart, too, for a day', async () => {
    const world = new World();
    await world.pass(MONEY_FIRST_MS);
    world.cash.A = '5';
    await hours(world, 8);
    world.reader.close();
    world.reader = world.start();
    await world.pass(MONEY_FIRST_MS);
    assert.deepEqual(world.judged.at(-1), { A: '5', B: null });
    await hours(world, 20);
    assert.deepEqual(world.judged.at(-1), { A: null, B: null });
  });
});

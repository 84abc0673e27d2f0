import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal } from '../../src/core/decimal.ts';
import type { OrdersWatched } from '../../src/core/messages.ts';
import type { AccountSummary, ListedOrder, Position, Rows } from '../../src/core/model.ts';
import { plannedLookups } from '../../src/core/polling/lookups.ts';
import { initialPoller, LOOKUPS_MAX, type PollerMemory, SUMMARY_EVERY_MS } from '../../src/core/polling/memory.ts';
import {
  failureReported,
  freshSummary,
  ordersWatched,
  type PollerNow,
  parkingReported,
  pollBegun,
  pollDelivered,
  pollFailed,
  readingTaken,
  unparkingReported,
} from '../../src/core/polling/steps.ts';
import { TestFailure } from '../support/fake-exchange.ts';

const T0 = 1_800_000_000_000;
const at = (ms: number, era = 0): PollerNow => ({ nowMs: T0 + ms, era, exchangeNowMs: T0 + ms });
const instruments = ['BNB_USDT_Perp', 'SOL_USDT_Perp', 'XRP_USDT_Perp'];
const summary: AccountSummary = {
  totalEquity: decimal('1000'),
  maintenanceMargin: decimal('10'),
} as AccountSummary;
const rows = <T>(): Rows<T> => [] as unknown as Rows<T>;
const reading = { positions: rows<Position>(), openOrders: rows<ListedOrder>(), summary };

function polling(ms = 0): PollerMemory {
  const memory = initialPoller({ account: 'A', instruments, loopIntervalMs: 2_000 });
  return { ...memory, ...pollBegun(memory, at(ms)).change };
}

function watching(ids: Readonly<Record<string, readonly string[]>>): PollerMemory {
  let memory = polling();
  for (const [instrument, clientOrderIds] of Object.entries(ids)) {
    const event: OrdersWatched = { type: 'orders.watched', instrument, clientOrderIds };
    memory = { ...memory, ...ordersWatched(memory, at(0), event).change };
  }
  return { ...memory, ...pollBegun(memory, at(0)).change };
}

const ids = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

describe('what a poller asks for, as values', () => {
  it('10.2 look-ups are whole instruments, as many as fit; the next poll goes on behind them', () => {
    const memory = watching({
      BNB_USDT_Perp: ids(60),
      SOL_USDT_Perp: ids(60, 100),
      XRP_USDT_Perp: ids(10, 200),
    });
    const first = plannedLookups(memory, reading);
    assert.equal(first.toLookUp.length, 60);
    assert.deepEqual(first.postponed, ['SOL_USDT_Perp', 'XRP_USDT_Perp']);
    const next = plannedLookups({ ...memory, lookedUpLast: first.lookedUpLast }, reading);
    assert.deepEqual(
      [...new Set(next.toLookUp.map(({ instrument }) => instrument))],
      ['SOL_USDT_Perp', 'XRP_USDT_Perp'],
    );
  });

  it('10.2 one instrument with more orders than fit is looked up all the same', () => {
    const memory = watching({ BNB_USDT_Perp: ids(LOOKUPS_MAX + 20) });
    assert.equal(plannedLookups(memory, reading).toLookUp.length, LOOKUPS_MAX + 20);
  });

  it('10.1 a summary is fresh for 10 s, and never if its time is in the future', () => {
    const memory = { ...polling(0), ...readingTaken(polling(0), at(50), { reading }).change };
    const later = (ms: number) => freshSummary({ ...memory, ...pollBegun(memory, at(ms)).change });
    assert.equal(later(SUMMARY_EVERY_MS - 1), summary);
    assert.equal(later(SUMMARY_EVERY_MS), null);
    assert.equal(later(-1), null);
  });

  it('10.3 a failed poll reports to all that there is no snapshot, and counts', () => {
    const failure = new TestFailure('unavailable', 'positions', null, 'A');
    const memory = { ...polling(), ...pollFailed(polling(), at(10), failure).change };
    const { facts = [], messages = [] } = failureReported(memory, at(10));
    assert.equal(facts[0]?.type, 'read.failed');
    assert.deepEqual(
      messages.map(({ to, message }) => `${to} ${message.type}`),
      [...instruments.map((name) => `symbol:${name} snapshot.failed`), 'daemon account.failed'],
    );
    assert.equal(pollFailed(memory, at(20), failure).change?.failuresInARow, 2);
  });

  it('10.3 any other thrown error counts as a failed call, too', () => {
    const { change } = pollFailed(polling(), at(0), new Error('boom'));
    assert.match(change?.failure?.message ?? '', /boom/);
  });

  it('9.8 parking is reported once; an answer ends it, unless the account was parked while it was under way', () => {
    const parked = { ...polling(), failure: new TestFailure('parked', 'positions', null, 'A') };
    assert.equal(parkingReported(parked).messages?.length, 2);
    assert.equal(parkingReported({ ...parked, isParked: true }).messages, undefined);
    assert.equal(unparkingReported({ ...parked, isParked: true }).change?.isParked, false);
    assert.deepEqual(unparkingReported({ ...parked, isParked: true, parkAfterPoll: true }), {});
    assert.deepEqual(unparkingReported({ ...parked, isParked: false }), {});
  });

  it('10.1 a poll that is complete ends the failures in a row, and goes whole to the daemon', () => {
    const memory = { ...polling(), failuresInARow: 3 };
    const done = { ...memory, ...readingTaken(memory, at(80), { reading }).change };
    const { change, facts = [], messages = [] } = pollDelivered(done, at(100));
    assert.equal(change?.failuresInARow, 0);
    assert.equal(facts[0]?.type === 'account.polled' && facts[0].elapsedMs, 100);
    assert.deepEqual(
      messages.filter(({ to }) => to === 'daemon').map(({ message }) => message.type),
      ['margin.read', 'account.polled'],
    );
  });

  it('8.6 a summary is reported once: the next polls bring the same one until it is read again', () => {
    const poll = (memory: PollerMemory, read: AccountSummary) => {
      const done = { ...memory, ...readingTaken(memory, at(80), { reading: { ...reading, summary: read } }).change };
      const { change, messages = [] } = pollDelivered(done, at(100));
      const reported = messages.filter(({ message }) => message.type === 'margin.read').length;
      return { memory: { ...done, ...change }, reported };
    };
    const first = poll(polling(), summary);
    const second = poll(first.memory, summary);
    const third = poll(second.memory, { ...summary, totalEquity: decimal('999') });
    assert.deepEqual([first.reported, second.reported, third.reported], [1, 0, 1]);
  });
});

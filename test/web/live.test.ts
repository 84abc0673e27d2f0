import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { Status } from '../../src/status/model.ts';
import { createHistory } from '../../src/web/history.ts';
import { BYTES_PER_SECOND, createLive, UPDATE_EVERY_MS } from '../../src/web/live.ts';
import { manySymbols, NOON_MS, stateChanged, status } from './fixtures.ts';

/** A page that notes what it is sent. */
function page() {
  const texts: string[] = [];
  const response = Object.assign(new EventEmitter(), {
    write: (text: string) => texts.push(text) > 0,
    writableLength: 0,
    end: () => undefined,
    destroy: () => undefined,
  });
  const events = (name: string) =>
    texts.filter((text) => text.startsWith(`event: ${name}\n`)).map((text) => JSON.parse(text.split('data: ')[1]!));
  return { response: response as unknown as ServerResponse, texts, events };
}

test('of sixty lively symbols a page is sent at most 30 KB/s, and never nothing for 10 s', (t) => {
  let nowMs = 0;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => nowMs);
  let turn = 0;
  const look = (): Status => {
    turn += 1;
    const lively = {
      why: { rule: '5', en: `net ${turn}`, zh: `净 ${turn}` },
      net: String(turn),
      netUsdt: String(turn),
    };
    return status({ symbols: manySymbols(60).map((symbol) => ({ ...symbol, ...lively, orders: ordersOf(turn) })) });
  };
  const live = createLive({ status: look, history: createHistory(), redact: (text) => text, hello: () => ({}) });
  const one = page();
  live.join(one.response);
  one.texts.length = 0;
  const times: number[] = [];
  for (; nowMs < 60_000; nowMs += 20) {
    const before = one.texts.length;
    if (nowMs % 100 === 0) live.tell({ id: nowMs, fact: stateChanged('BTC_USDT_Perp', NOON_MS + nowMs) } as never);
    t.mock.timers.tick(20);
    if (one.texts.length > before) times.push(nowMs);
  }
  live.close();
  const bytes = one.texts.reduce((sum, text) => sum + text.length, 0);
  assert.ok(bytes <= 1.1 * 60 * BYTES_PER_SECOND, `${Math.round(bytes / 60)} bytes a second`);
  assert.ok(times.every((ms, at) => ms - (times[at - 1] ?? 0) <= 6_000));
  assert.ok(one.events('facts').flat().length >= 590, 'no fact is lost');
});

/** Orders as a page shows them, at prices that change. */
function ordersOf(turn: number): Status['symbols'][number]['orders'] {
  const [symbol] = manySymbols(1);
  return symbol!.orders.flatMap((order) => [
    order,
    { ...order, account: 'B' as const, price: String(600 + (turn % 9)) },
  ]);
}

test('of a symbol only the fields that changed are sent; a page that joins gets all of them', (t) => {
  let nowMs = 0;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => nowMs);
  let net = '0';
  const look = () => status({ symbols: manySymbols(2).map((symbol) => ({ ...symbol, net })) });
  const live = createLive({ status: look, history: createHistory(), redact: (text) => text, hello: () => ({}) });
  const one = page();
  live.join(one.response);
  const turn = () => {
    nowMs += UPDATE_EVERY_MS;
    t.mock.timers.tick(UPDATE_EVERY_MS);
  };
  turn();
  assert.deepEqual(one.events('status').at(-1).symbols, []);
  net = '1';
  turn();
  assert.deepEqual(one.events('status').at(-1).symbols, [
    { net: '1', instrument: 'BTC_USDT_Perp' },
    { net: '1', instrument: 'ETH_USDT_Perp' },
  ]);
  const other = page();
  live.join(other.response);
  assert.equal(other.events('first')[0].status.symbols[0].net, '1');
  live.close();
});

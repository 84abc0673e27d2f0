import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openVenue } from '../../src/engine/venue.ts';
import { knownInstruments, startPaper } from '../../src/paper/index.ts';
import { loadSettings } from '../../src/settings/index.ts';
import { PATIENCE_MS } from '../support/patience.ts';

/** Strategy 19.5: the embedded exchange follows another one's public streams; nobody needs a key. */

const BNB = knownInstruments().find(({ base }) => base === 'BNB')!;

function settingsOf(instrument: string) {
  const row = {
    ...{ instrument, enabled: true, order_notional_usdt: 100, imbalance_limit_usdt: 100 },
    ...{
      max_total_position_usdt: 1_000,
      min_total_position_usdt: 0,
      a_side_when_equal: 'buy',
      position_mode: 'increase',
    },
  };
  const reading = loadSettings({
    env: { GRVT_ENV: 'paper', GRVT_HEDGE_SYMBOLS_FILE: 'symbols.json' },
    root: '/nowhere',
    readFile: (path) => {
      if (path.endsWith('symbols.json')) return Buffer.from(JSON.stringify([row]));
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
  });
  assert.ok(reading.ok);
  return reading.settings;
}

test('books and trades are the other exchange’s, and what trades here stays here', {
  timeout: PATIENCE_MS,
}, async (t) => {
  const other = await startPaper({ instruments: [BNB] });
  let isOpen = true;
  t.after(() => (isOpen ? other.close() : undefined));
  const said: string[] = [];
  const live = { origin: other.url, proxy: null, say: (text: string) => said.push(text) };
  const venue = await openVenue(settingsOf(BNB.name), live);
  t.after(() => venue.close());
  const { exchange } = venue.paper!;
  const first = new Promise<string>((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error('no trade came')), PATIENCE_MS);
    exchange.venue.onEvent((event) => {
      if (event.type !== 'trade') return;
      clearTimeout(patience);
      resolve(event.trade.tradeId);
    });
  });
  const id = await first;
  assert.ok(other.exchange.venue.book(BNB.name).trades.some(({ tradeId }) => tradeId === id));
  const [bid, ask] = [exchange.venue.best(BNB.name, false), exchange.venue.best(BNB.name, true)];
  assert.ok(bid !== null && ask !== null && bid.price < ask.price);
  const mark = other.exchange.venue.mark(BNB.name);
  assert.ok(bid.price > (mark * 99n) / 100n && ask.price < (mark * 101n) / 100n, `${bid.price} ${mark}`);
  assert.match(said.join('\n'), /recording BNB_USDT_Perp/);
  // The other exchange goes: nobody knows the book any more.
  const emptied = new Promise<void>((resolve) => {
    exchange.venue.onEvent((event) => {
      if (event.type === 'gap') resolve();
    });
  });
  isOpen = false;
  await other.close();
  await emptied;
  assert.equal(exchange.venue.best(BNB.name, false), null);
});

test('a symbol that is not listed there is refused by name', async (t) => {
  const other = await startPaper({ instruments: [BNB] });
  t.after(() => other.close());
  const live = { origin: other.url, proxy: null, say: () => {} };
  await assert.rejects(openVenue(settingsOf('XYZ_USDT_Perp'), live), /full\/v1\/instrument: HTTP 404/);
});

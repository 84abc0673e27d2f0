import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { tradesOf } from '../../src/market/bridge.ts';
import { MarketError } from '../../src/market/errors.ts';
import { type ImportOptions, importCsv, timeNs } from '../../src/market/import.ts';
import type { CandleRecord, MarketRecord } from '../../src/market/record.ts';
import { readMarket } from '../../src/market/store.ts';
import { knownInstruments } from '../../src/paper/index.ts';
import { OptionError } from '../../src/texts/option-error.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { assertChinese } from '../support/chinese.ts';

const directory = mkdtempSync(join(tmpdir(), 'grvt-import-'));
after(() => rmSync(directory, { recursive: true }));
let count = 0;
/** Tick 0.1, step 0.001. */
const spec = knownInstruments()[0]!;

const TRADES = { time: 'time', price: 'price', size: 'size' };
const CANDLES = { time: 't', open: 'o', high: 'h', low: 'l', close: 'c', volume: 'v' };

async function imported(text: string | Buffer, given: Partial<ImportOptions> = {}) {
  const place = join(directory, String(++count));
  const file = `${place}.csv${typeof text === 'string' ? '' : '.gz'}`;
  writeFileSync(file, text);
  const options: ImportOptions = {
    ...{ file, directory: place, kind: 'trades', spec, columns: TRADES, header: true, delimiter: null, decimal: '.' },
    ...{ timeUnit: null, intervalMs: null, volume: 'base', gapMs: 3_600_000 },
    ...{ skip: 0, newestFirst: false },
    ...given,
  };
  const result = await importCsv(options);
  return { result, options, records: [...readMarket(place, spec.name)].filter(({ kind }) => kind !== 'instrument') };
}

const shown = (record: MarketRecord | undefined) =>
  record?.kind === 'trade' ? [record.atMs, record.takerBuys ? 'buy' : 'sell', record.price, record.size] : record;

test('trades: by the names of the header, in any order, other columns left alone', async () => {
  const { records, result } = await imported(
    'side,x,size,price,time\nsell,?,0.5,95000.1,1767614400000\nbuy,?,1,95000.2,1767614400001\n',
    {
      columns: { ...TRADES, side: 'side' },
    },
  );
  assert.deepEqual(records.map(shown), [
    [1_767_614_400_000, 'sell', 95_000_100_000_000n, 500_000_000n],
    [1_767_614_400_001, 'buy', 95_000_200_000_000n, 1_000_000_000n],
  ]);
  assert.equal(result.timeUnit, 'ms');
});

for (const [unit, time] of [
  ['s', '1767614400.25'],
  ['ms', '1767614400250'],
  ['us', '1767614400250000'],
  ['ns', '1767614400250000000'],
  ['iso', '2026-01-05 12:00:00.250000'],
  ['iso', '2026-01-05T13:00:00.25+01:00'],
] as const)
  test(`times in ${unit}: ${time}`, async () => {
    const { records, result } = await imported(`time,price,size\n${time},95000.1,1\n`);
    assert.equal(records[0]?.atMs, 1_767_614_400_250);
    assert.equal(result.timeUnit, unit);
  });

for (const [name, text, given] of [
  ['semicolons', 'time;price;size\n1767614400000;95000.1;0.5\n', {}],
  ['tabs', 'time\tprice\tsize\n1767614400000\t95000.1\t0.5\n', {}],
  ['semicolons and decimal commas', 'time;price;size\n1767614400000;95.000,1;0,5\n', { decimal: ',' }],
  [
    'quotes, a byte order mark and carriage returns',
    '\uFEFFtime,price,"size"\r\n1767614400000,"95000.1","0.5"\r\n',
    {},
  ],
  ['no header', '1767614400000,95000.1,0.5\n', { header: false, columns: { time: '1', price: '2', size: '3' } }],
  ['gzip', gzipSync('time,price,size\n1767614400000,95000.1,0.5\n'), {}],
  ['an exponent', 'time,price,size\n1767614400000,9.50001e4,5E-1\n', {}],
] as const)
  test(`a file with ${name}`, async () => {
    const { records } = await imported(text as string | Buffer, given as Partial<ImportOptions>);
    assert.deepEqual(shown(records[0]), [1_767_614_400_000, 'buy', 95_000_100_000_000n, 500_000_000n]);
  });

test('prices are brought to the tick, sizes to the step, and counted', async () => {
  const { records, result } = await imported(
    'time,price,size\n1767614400000,95000.16,0.0019\n1767614400001,95000.1,0.0004\n',
  );
  assert.deepEqual(records.map(shown), [[1_767_614_400_000, 'buy', 95_000_200_000_000n, 1_000_000n]]);
  const { rows, roundedPrices, roundedSizes, tooSmall } = result;
  assert.deepEqual(
    { rows, roundedPrices, roundedSizes, tooSmall },
    { rows: 2, roundedPrices: 1, roundedSizes: 2, tooSmall: 1 },
  );
});

test('without a side, a trade above the last price is a buy, below it a sell, at it as before', async () => {
  const rows = ['95000.1', '95000.0', '95000.0', '95000.3'].map(
    (price, index) => `${1_767_614_400_000 + index},${price},1`,
  );
  const { records, result } = await imported(`time,price,size\n${rows.join('\n')}`);
  assert.deepEqual(
    records.map((record) => shown(record)?.[1 as never]),
    ['buy', 'sell', 'sell', 'buy'],
  );
  assert.equal(result.sidesGiven, false);
});

test('a buyer who was the maker was sold to', async () => {
  const { records } = await imported('time,price,size,m\n1767614400000,95000.1,1,true\n', {
    columns: { ...TRADES, 'buyer-is-maker': 'm' },
  });
  assert.equal(shown(records[0])?.[1 as never], 'sell');
});

test('a silence longer than --gap is a gap', async () => {
  const { records } = await imported('time,price,size\n1767614400000,95000.1,1\n1767618000001,95000.1,1\n');
  assert.deepEqual(
    records.map(({ kind }) => kind),
    ['trade', 'gap', 'trade'],
  );
});

test('candles: interval from the first two rows, missing ones are a gap, volume of the quote currency', async () => {
  const rows = [0, 1, 3].map((minute) => `${1_767_614_400 + 60 * minute},95000,95000.5,94999,95000,190000`);
  const { records, result } = await imported(`t,o,h,l,c,v\n${rows.join('\n')}`, {
    kind: 'candles',
    columns: CANDLES,
    volume: 'quote',
  });
  assert.equal(result.intervalMs, 60_000);
  assert.deepEqual(
    records.map(({ kind }) => kind),
    ['candle', 'candle', 'gap', 'candle'],
  );
  assert.equal((records[0] as CandleRecord).volume, 2_000_000_000n);
});

for (const [name, text, given, error] of [
  [
    'another delimiter',
    'time;price;size\n',
    { delimiter: ',' },
    /line 1: --columns: time=time: expected more columns; the file has only one: is --delimiter right\?/,
  ],
  ['a column that is not there', 'time,px,size\n', {}, /price=price: expected one of the columns time, px, size/],
  [
    'a column nobody asked for',
    'a\n',
    { columns: { ...TRADES, prize: 'a' } },
    /--columns: prize: expected one of time, price, size, side/,
  ],
  [
    'a column that is needed',
    'a\n',
    { columns: { time: 'a' } },
    /--columns: time: expected at least time, price, size/,
  ],
  [
    'decimal commas',
    'time;price;size\n1767614400000;95000,1;1\n',
    {},
    /line 2: price: "95000,1": expected a number .*; is it --decimal ","\?/,
  ],
  [
    'a word for a number',
    'time,price,size\n1767614400000,95000.1,many\n',
    {},
    /line 2: size: "many": expected a number/,
  ],
  [
    'a negative size',
    'time,price,size\n1767614400000,95000.1,-1\n',
    {},
    /line 2: size: "-1": expected a number of at least 0/,
  ],
  [
    'a price below a tick',
    'time,price,size\n1767614400000,0.01,1\n',
    {},
    /line 2: price: 0.01: expected a price of at least a tick/,
  ],
  [
    'a row cut short',
    'time,price,size\n1767614400000,95000.1\n',
    {},
    /line 2: size: 2: expected at least 3 fields in the row/,
  ],
  [
    'time that runs backwards',
    'time,price,size\n1767614400001,95000.1,1\n1767614400000,95000.1,1\n',
    {},
    /line 3: time: 2026-01-05T12:00:00.000Z: expected nothing before 2026-01-05T12:00:00.001Z: rows in order of time, oldest first; sort the file, or give --newest-first/,
  ],
  [
    'time that runs backwards in a file that has its newest row first',
    'time,price,size\n1767614400000,95000.1,1\n1767614400001,95000.1,1\n',
    { newestFirst: true },
    /line 2: time: 2026-01-05T12:00:00.000Z: expected nothing before 2026-01-05T12:00:00.001Z: rows in order of time, newest first/,
  ],
  [
    'a time that is none',
    'time,price,size\nyesterday,95000.1,1\n',
    {},
    /line 2: time: "yesterday": expected s, ms, us or ns since 1970, or a date/,
  ],
  [
    'times of two kinds',
    'time,price,size\n1767614400000,95000.1,1\n2026-01-06,95000.1,1\n',
    {},
    /line 3: time: "2026-01-06": expected a number of ms/,
  ],
  [
    'a side that is none',
    'time,price,size,side\n1767614400000,95000.1,1,long\n',
    { columns: { ...TRADES, side: 'side' } },
    /line 2: side: "long": expected buy or sell/,
  ],
  ['no rows', 'time,price,size\n', {}, /expected at least one row/],
  [
    'a candle whose low is above its open',
    't,o,h,l,c,v\n1767614400,95000,95001,95000.5,95001,1\n',
    { kind: 'candles', columns: CANDLES },
    /line 2: open, high, low, close: .*: expected low ≤ open, close ≤ high/,
  ],
  [
    'one candle',
    't,o,h,l,c,v\n1767614400,95000,95001,95000,95001,1\n',
    { kind: 'candles', columns: CANDLES },
    /expected more than one candle, or its length by --interval/,
  ],
  ['bytes for text', Buffer.from('no gzip at all'), {}, /cannot be read/],
] as const)
  test(`refused, with one line: ${name}`, async () => {
    await assert.rejects(imported(text as string | Buffer, given as Partial<ImportOptions>), (thrown) => {
      assert.ok(thrown instanceof MarketError || thrown instanceof OptionError, String(thrown));
      assert.match(thrown.message, error);
      if (!/cannot be read/.test(thrown.message)) assertChinese(reasonText(thrown.why, 'zh'));
      assert.equal(thrown.message.split('\n').length, 1);
      return true;
    });
  });

test('a ZIP archive is refused by name', async () => {
  const place = { file: join(directory, 'trades.zip'), directory: join(directory, 'zip') };
  const { options } = await imported('time,price,size\n1767614400000,95000.1,1\n');
  await assert.rejects(importCsv({ ...options, ...place }), /trades.zip: expected CSV, .gz or .zst, no ZIP archive/);
});

for (const [name, above, below, packed] of [
  ['', '', '\n', false],
  [', packed', '', '\n', true],
  [', without a line break at its end', '', '', false],
  [
    ', with an address above the header, carriage returns and empty lines',
    'https://example.org/ä\r\n',
    '\r\n\r\n',
    false,
  ],
] as const)
  test(`a file that has its newest row first is imported as the same file turned round${name}`, async () => {
    // Longer than a block that is read at a time.
    const rows = Array.from({ length: 25_000 }, (_, at) => `${1_767_614_400_000 + at * 7},${95_000 + (at % 50)},0.5`);
    const end = name.includes('returns') ? '\r\n' : '\n';
    const given = { skip: above === '' ? 0 : 1 };
    const text = (lines: readonly string[]) => above + ['time,price,size', ...lines].join(end) + below;
    const newest = text(rows.toReversed());
    assert.ok(newest.length > 2 * 256 * 1024);
    const turned = await imported(packed ? gzipSync(newest) : newest, { ...given, newestFirst: true });
    const straight = await imported(text(rows), given);
    assert.deepEqual(turned.records, straight.records);
    assert.equal(turned.result.rows, 25_000);
  });

test('a file that has its newest row first, without a header', async () => {
  const columns = { time: '1', price: '2', size: '3' };
  const given = { header: false, newestFirst: true, columns };
  const { records } = await imported('1767614400002,95000.2,0.5\n1767614400001,95000.1,0.5', given);
  assert.deepEqual(
    records.map(({ atMs }) => atMs),
    [1_767_614_400_001, 1_767_614_400_002],
  );
});

test('what is stored already is not written over', async () => {
  const text = 'time,price,size\n1767614400000,95000.1,1\n';
  const { options } = await imported(text);
  await assert.rejects(
    importCsv(options),
    /time: .*: expected what comes after 2026-01-05T12:00:00.000Z, up to where .* holds BTC_USDT_Perp already/,
  );
});

test('a date without a time, and one without a zone, are UTC', () => {
  assert.equal(timeNs('2026-01-05', 'iso'), 1_767_571_200_000_000_000n);
  assert.equal(timeNs('2026-01-05 00:00', 'iso'), 1_767_571_200_000_000_000n);
  assert.equal(timeNs('-5', 's'), null);
});

test('memory does not grow with the rows of a file', async () => {
  const row = (index: number): string => `${1_767_614_400_000 + index},95000.1,0.5`;
  const file = join(directory, 'many.csv');
  const lines = ['time,price,size'];
  for (let index = 0; index < 100_000; index += 1) lines.push(row(index));
  writeFileSync(file, lines.join('\n'));
  const options: ImportOptions = {
    ...{
      file,
      directory: join(directory, 'many'),
      kind: 'trades',
      spec,
      columns: TRADES,
      header: true,
      delimiter: ',',
    },
    ...{ decimal: '.', timeUnit: 'ms', intervalMs: null, volume: 'base', gapMs: 3_600_000 },
    ...{ skip: 0, newestFirst: false },
  };
  let most = 0;
  const before = process.memoryUsage().arrayBuffers;
  const result = await importCsv({
    ...options,
    onProgress: () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    },
  });
  assert.equal(result.rows, 100_000);
  assert.ok(most < 10_000_000, `buffers grew by ${most} bytes`);
});

test('a candle becomes trades inside its high and low that touch both, begin at open, end at close and add up to its volume', () => {
  for (let minute = 0; minute < 200; minute += 1) {
    const unit = 100_000_000n;
    const [low, wide] = [950_000n * unit, BigInt(minute % 50) * unit];
    const [open, close] = [low + (wide * BigInt(minute % 3)) / 2n, low + (wide * BigInt((minute + 1) % 3)) / 2n].map(
      (price) => (price / unit) * unit,
    ) as [bigint, bigint];
    const candle: CandleRecord = {
      ...{ kind: 'candle', atMs: 1_767_614_400_000 + minute * 60_000, intervalMs: 60_000 },
      open,
      high: low + wide,
      low,
      close,
      volume: 7_777_000_000n,
    };
    const trades = tradesOf(candle, spec, 3);
    const prices = trades.map(({ price }) => price);
    assert.equal(prices[0], open);
    assert.equal(prices.at(-1), close);
    assert.ok(prices.every((price) => price >= low && price <= candle.high && price % spec.tick === 0n));
    assert.ok(prices.includes(low) && prices.includes(candle.high));
    assert.equal(
      trades.reduce((total, { size }) => total + size, 0n),
      candle.volume,
    );
    assert.ok(trades.every(({ size }) => size > 0n && size % spec.minSize === 0n));
    assert.deepEqual(tradesOf(candle, spec, 3), trades);
  }
});

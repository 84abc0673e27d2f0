import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { MarketError } from '../../src/market/errors.ts';
import { decodeRecord, encodeRecord, type MarketRecord } from '../../src/market/record.ts';
import { MarketWriter, readMarket } from '../../src/market/store.ts';
import { listingOf, verifyDay } from '../../src/market/verify.ts';
import { knownInstruments } from '../../src/paper/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'grvt-market-'));
after(() => rmSync(directory, { recursive: true }));
let count = 0;
const fresh = (): string => join(directory, String(++count));

const SYMBOL = 'BTC_USDT_Perp';
const spec = knownInstruments()[0]!;
const NOON = Date.UTC(2026, 0, 5, 12);
const DAY = 86_400_000;
const trade = (atMs: number, price = 95_000_100_000_000n): MarketRecord => ({
  ...{
    kind: 'trade',
    atMs,
    exchangeNs: BigInt(atMs) * 1_000_000n,
    takerBuys: true,
    price,
    size: 1_000_000n,
    id: `t${atMs}`,
  },
});
const write = (at: string, records: readonly MarketRecord[]): void => {
  const writer = new MarketWriter(at, SYMBOL);
  for (const record of records) writer.append(record);
  writer.close();
};
const fileOf = (at: string, day: string): string => join(at, SYMBOL, `${day}.market.zst`);
const kinds = (records: Iterable<MarketRecord>): string[] => [...records].map(({ kind }) => kind);

test('a record is read back as it was written', () => {
  const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });
  const amount = fc.bigInt({ min: 1n, max: 10n ** 24n });
  const timed = { atMs: fc.nat(), exchangeNs: fc.bigInt({ min: 0n, max: 2n ** 63n }) };
  const level = record({ price: amount, size: fc.bigInt({ min: 0n, max: 10n ** 20n }), orders: fc.constant(1) });
  const any = fc.oneof(
    record({
      kind: fc.constant('trade' as const),
      ...timed,
      takerBuys: fc.boolean(),
      price: amount,
      size: amount,
      id: fc.string(),
    }),
    record({ kind: fc.constant('book' as const), ...timed, bids: fc.array(level), asks: fc.array(level) }),
    record({ kind: fc.constant('mark' as const), ...timed, mark: amount, index: amount }),
    record({
      kind: fc.constant('funding' as const),
      ...timed,
      rate: fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }),
      intervalMs: fc.integer({ min: 1 }),
      dueMs: fc.nat(),
    }),
    record({ kind: fc.constant('gap' as const), atMs: fc.nat(), toMs: fc.nat(), why: fc.string() }),
    record({
      kind: fc.constant('candle' as const),
      atMs: fc.nat(),
      intervalMs: fc.nat(),
      open: amount,
      high: amount,
      low: amount,
      close: amount,
      volume: fc.bigInt({ min: 0n, max: 10n ** 20n }),
    }),
  );
  fc.assert(fc.property(any, (record) => assert.deepEqual(decodeRecord(encodeRecord(record)), record)));
  assert.deepEqual(decodeRecord(encodeRecord({ kind: 'instrument', atMs: 5, spec })), {
    kind: 'instrument',
    atMs: 5,
    spec,
  });
});

for (const line of [
  '',
  '{}',
  '[]',
  '["t",1]',
  '["t",1,"5",2,"1","1","x"]',
  '["b",1,"5",["1"],[]]',
  '["k",1,60000,"1","x","1","1","1"]',
  '["i",1,{}]',
  '["f",1,"5","0",0,1]',
])
  test(`no record: ${line || 'an empty line'}`, () => assert.throws(() => decodeRecord(line), MarketError));

test('there is a file per day, each beginning with the instrument, in frames that any zstd reads', () => {
  const at = fresh();
  write(at, [{ kind: 'instrument', atMs: NOON, spec }, trade(NOON), trade(NOON + DAY)]);
  assert.deepEqual(readdirSync(join(at, SYMBOL)), ['2026-01-05.market.zst', '2026-01-06.market.zst']);
  const bytes = readFileSync(fileOf(at, '2026-01-06'));
  // A skippable frame of twelve bytes, then a frame.
  assert.deepEqual([bytes.readUInt32LE(0), bytes.readUInt32LE(4)], [0x184d2a50, 12]);
  const lines = zstdDecompressSync(bytes.subarray(20)).toString().trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.slice(0, 4)),
    ['["i"', '["t"'],
  );
  assert.deepEqual(kinds(readMarket(at, SYMBOL)), ['instrument', 'trade', 'instrument', 'trade']);
});

test('a writer goes on where an earlier one ended, and takes nothing older', () => {
  const at = fresh();
  write(at, [{ kind: 'instrument', atMs: NOON, spec }, trade(NOON)]);
  const writer = new MarketWriter(at, SYMBOL);
  assert.equal(writer.lastMs, NOON);
  assert.deepEqual(writer.instrument, spec);
  assert.throws(
    () => writer.append(trade(NOON - 1)),
    /2026-01-05T11:59:59.999Z: expected records in order of time, none before /,
  );
  writer.append(trade(NOON + 1));
  writer.close();
  assert.deepEqual(kinds(readMarket(at, SYMBOL)), ['instrument', 'trade', 'trade']);
});

test('a file that is cut within a block loses that block only; what is cut off is kept beside it', () => {
  const at = fresh();
  write(at, [{ kind: 'instrument', atMs: NOON, spec }, trade(NOON)]);
  const whole = statSync(fileOf(at, '2026-01-05')).size;
  write(at, [trade(NOON + 1)]);
  for (let size = statSync(fileOf(at, '2026-01-05')).size - 1; size > whole; size -= 7) {
    truncateSync(fileOf(at, '2026-01-05'), size);
    assert.deepEqual(kinds(readMarket(at, SYMBOL)), ['instrument', 'trade']);
  }
  const verified = verifyDay(at, SYMBOL, '2026-01-05');
  assert.match(verified.wrong[0] ?? '', new RegExp(`ends within a block that begins at byte ${whole}`));
  const writer = new MarketWriter(at, SYMBOL);
  assert.ok((writer.cut?.bytes ?? 0) > 0);
  assert.ok(existsSync(`${fileOf(at, '2026-01-05')}.torn`));
  writer.append(trade(NOON + 2));
  writer.close();
  assert.deepEqual(kinds(readMarket(at, SYMBOL)), ['instrument', 'trade', 'trade']);
  assert.deepEqual(verifyDay(at, SYMBOL, '2026-01-05').wrong, []);
});

test('a damaged block is left out and named; the ones behind it are read, with a gap between', () => {
  const at = fresh();
  write(at, [{ kind: 'instrument', atMs: NOON, spec }, trade(NOON)]);
  const first = statSync(fileOf(at, '2026-01-05')).size;
  write(at, [trade(NOON + 1_000)]);
  const second = statSync(fileOf(at, '2026-01-05')).size;
  write(at, [trade(NOON + 2_000)]);
  const bytes = readFileSync(fileOf(at, '2026-01-05'));
  bytes[second - 3]! ^= 0xff;
  writeFileSync(fileOf(at, '2026-01-05'), bytes);
  const records = [...readMarket(at, SYMBOL)];
  assert.deepEqual(kinds(records), ['instrument', 'trade', 'gap', 'trade']);
  assert.deepEqual(records[2], { kind: 'gap', atMs: NOON, toMs: NOON + 2_000, why: 'the file is damaged there' });
  assert.match(verifyDay(at, SYMBOL, '2026-01-05').wrong[0] ?? '', new RegExp(`damaged in the block at byte ${first}`));
  assert.throws(() => new MarketWriter(at, SYMBOL), /damaged at byte .*: move it away/);
});

test('a file that is something else altogether is damaged, not read', () => {
  const at = fresh();
  write(at, [{ kind: 'instrument', atMs: NOON, spec }, trade(NOON)]);
  appendFileSync(fileOf(at, '2026-01-05'), 'time,price,size\n1,2,3\nand so on, for longer than a head');
  assert.match(verifyDay(at, SYMBOL, '2026-01-05').wrong[0] ?? '', /damaged in the block/);
});

test('missing days are a gap, and are named', () => {
  const at = fresh();
  write(at, [{ kind: 'instrument', atMs: NOON, spec }, trade(NOON), trade(NOON + 3 * DAY)]);
  assert.deepEqual(listingOf(at, SYMBOL).missing, ['2026-01-06', '2026-01-07']);
  const gap = [...readMarket(at, SYMBOL)].find(({ kind }) => kind === 'gap');
  assert.deepEqual(gap, { kind: 'gap', atMs: NOON, toMs: NOON + 3 * DAY, why: 'no file of that day' });
});

test('a gap over midnight is reported in both files, so that a range that begins within it begins with it', () => {
  const at = fresh();
  write(at, [
    { kind: 'instrument', atMs: NOON, spec },
    trade(NOON),
    { kind: 'gap', atMs: NOON + 1, toMs: NOON + DAY, why: 'disconnected' },
  ]);
  const [instrument, gap] = [...readMarket(at, SYMBOL, { fromMs: NOON + DAY - 1, toMs: NOON + 2 * DAY })];
  assert.equal(instrument?.kind, 'instrument');
  assert.deepEqual(gap, { kind: 'gap', atMs: Date.UTC(2026, 0, 6), toMs: NOON + DAY, why: 'disconnected' });
});

test('a range begins with the instrument as it was then', () => {
  const at = fresh();
  const coarser = { ...spec, tick: spec.tick * 10n };
  write(at, [
    { kind: 'instrument', atMs: NOON, spec },
    trade(NOON),
    { kind: 'instrument', atMs: NOON + 5, spec: coarser },
    trade(NOON + 9),
  ]);
  const read = [...readMarket(at, SYMBOL, { fromMs: NOON + 7, toMs: NOON + DAY })];
  assert.deepEqual(read[0], { kind: 'instrument', atMs: NOON + 7, spec: coarser });
  assert.equal(verifyDay(at, SYMBOL, '2026-01-05').ruleChanges, 1);
});

test('time that runs backwards in a file is named with both times', () => {
  const at = fresh();
  const other = fresh();
  write(at, [{ kind: 'instrument', atMs: NOON, spec }, trade(NOON)]);
  write(other, [{ kind: 'instrument', atMs: NOON - 60_000, spec }]);
  appendFileSync(fileOf(at, '2026-01-05'), readFileSync(fileOf(other, '2026-01-05')));
  assert.throws(
    () => [...readMarket(at, SYMBOL)],
    /2026-01-05T11:59:00.000Z: expected records in order of time, none before 2026-01-05T12:00:00.000Z/,
  );
});

test('crossed books and trades outside the book are counted', () => {
  const at = fresh();
  const book = (atMs: number, bid: bigint, ask: bigint): MarketRecord => ({
    ...{ kind: 'book', atMs, exchangeNs: 1n },
    ...{ bids: [{ price: bid, size: 1n, orders: 1 }], asks: [{ price: ask, size: 1n, orders: 1 }] },
  });
  write(at, [
    { kind: 'instrument', atMs: NOON, spec },
    book(NOON, 10n, 11n),
    trade(NOON, 12n),
    trade(NOON, 11n),
    book(NOON + 1, 12n, 12n),
  ]);
  const { crossedBooks, tradesOutside } = verifyDay(at, SYMBOL, '2026-01-05');
  assert.deepEqual({ crossedBooks, tradesOutside }, { crossedBooks: 1, tradesOutside: 1 });
});

import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { claim } from '../../src/market/claim.ts';
import type { MarketRecord } from '../../src/market/record.ts';
import { startRecorder } from '../../src/market/recorder.ts';
import { readMarket } from '../../src/market/store.ts';
import { createPaper, knownInstruments, PROFILES } from '../../src/paper/index.ts';
import { chance } from '../../src/simulate/chance.ts';
import { virtualSockets } from '../../src/simulate/socket.ts';
import { VirtualTime } from '../../src/simulate/virtual-time.ts';
import { temporaryDirectory } from '../backtest/markets.ts';

const SPECS = knownInstruments().filter(({ base }) => base === 'BNB' || base === 'BTC');
const [BNB] = SPECS.map(({ name }) => name) as [string];
const START_MS = Date.UTC(2026, 0, 5, 23, 58);

/** The embedded exchange in virtual time; what is recorded of it is asked of the files. */
async function recording(
  t: TestContext,
  directory: string,
  fromMs: number,
  run: (world: {
    time: VirtualTime;
    exchange: ReturnType<typeof createPaper>;
    recorder: ReturnType<typeof startRecorder>;
    silence: (silent: boolean) => void;
    shift: (ms: number) => void;
    said: string[];
  }) => Promise<void>,
): Promise<void> {
  const time = new VirtualTime(fromMs, chance(1, 'random').unit);
  time.install();
  t.after(() => time.uninstall());
  let silent = false;
  let shiftMs = 0;
  const exchange = createPaper({ startMs: fromMs, instruments: SPECS, profile: PROFILES.lively });
  exchange.control.funding({ instrument: BNB, rate: '0.0001' });
  const said: string[] = [];
  const recorder = startRecorder({
    ...{ origin: 'http://127.0.0.1:8080', directory, instruments: SPECS, say: (text) => said.push(text) },
    nowMs: () => time.nowMs + shiftMs,
    WebSocket: virtualSockets(
      { time, exchange, reachable: () => !silent, fallsSilent: () => silent },
      { alive: true },
      chance(1, 'network'),
      [2, 10],
    ),
  });
  const keepMoving = (): void => {
    exchange.advance(time.nowMs);
    time.at(Math.max(exchange.nextEventMs(), time.nowMs + 1), keepMoving, true);
  };
  keepMoving();
  await run({
    ...{ time, exchange, recorder, said },
    silence: (on) => {
      silent = on;
    },
    shift: (ms) => {
      shiftMs = ms;
    },
  });
  recorder.close();
  time.uninstall();
}

const read = (directory: string, name = BNB): MarketRecord[] => [...readMarket(directory, name)];

test('books, trades, marks and funding of each symbol, a file per day, each beginning with the instrument', async (t) => {
  const directory = temporaryDirectory(t);
  await recording(t, directory, START_MS, async ({ time }) => await time.run(START_MS + 240_000));
  for (const { name } of SPECS) {
    assert.deepEqual(readdirSync(join(directory, name)), ['2026-01-05.market.zst', '2026-01-06.market.zst']);
    const records = read(directory, name);
    assert.equal(records[0]?.kind, 'instrument');
    const count = (kind: string) => records.filter((record) => record.kind === kind).length;
    assert.ok(count('book') > 200 && count('trade') > 100 && count('mark') > 60, `${count('book')} ${count('trade')}`);
    assert.equal(count('gap'), 0);
    const ids = records.flatMap((record) => (record.kind === 'trade' ? [record.id] : []));
    assert.equal(new Set(ids).size, ids.length, 'each trade once');
  }
  const funding = read(directory).find((record) => record.kind === 'funding');
  assert.equal(funding?.kind === 'funding' && funding.rate, 100_000n, '0.0001 of the notional, 1e-9');
});

test('a connection that falls silent is remade, and what was missed is a gap of that length', async (t) => {
  const directory = temporaryDirectory(t);
  await recording(t, directory, START_MS, async ({ time, silence, said }) => {
    await time.run(START_MS + 20_000);
    silence(true);
    await time.run(START_MS + 50_000);
    silence(false);
    await time.run(START_MS + 100_000);
    assert.ok(said.some((line) => /silent for/.test(line)));
  });
  const gaps = read(directory).flatMap((record) => (record.kind === 'gap' ? [record] : []));
  assert.equal(gaps.length, 1);
  const [{ atMs, toMs, why }] = gaps as [(typeof gaps)[number]];
  assert.ok(Math.abs(atMs - (START_MS + 20_000)) < 3_000, `${atMs - START_MS}`);
  assert.ok(toMs > START_MS + 50_000 && toMs < START_MS + 85_000, `${toMs - START_MS}`);
  assert.match(why, /silent|refused|ECONNREFUSED/);
});

test('a recording that was cut in the middle of a block goes on after a gap, and loses that block only', async (t) => {
  const directory = temporaryDirectory(t);
  await recording(t, directory, START_MS, async ({ time }) => await time.run(START_MS + 60_000));
  const before = read(directory).length;
  const file = join(directory, BNB, '2026-01-05.market.zst');
  appendFileSync(file, Buffer.from('502a4d180c000000ffff', 'hex'));
  const againMs = START_MS + 90_000;
  await recording(t, directory, againMs, async ({ time, said }) => {
    await time.run(againMs + 20_000);
    assert.match(said.join('\n'), /10 bytes of a torn block were moved aside/);
  });
  const records = read(directory);
  const gap = records.find((record) => record.kind === 'gap');
  assert.ok(gap?.kind === 'gap' && gap.why === 'not recorded' && gap.toMs >= againMs);
  assert.equal(records.indexOf(gap), before);
  assert.ok(statSync(`${file}.torn`).size > 0);
});

test('a clock that is set back puts no record before another; it is counted', async (t) => {
  const directory = temporaryDirectory(t);
  await recording(t, directory, START_MS, async ({ time, recorder, shift }) => {
    await time.run(START_MS + 20_000);
    shift(-5_000);
    await time.run(START_MS + 22_000);
    assert.ok(recorder.counts.clockBack > 0);
  });
  // Reading refuses what runs backwards.
  assert.ok(read(directory).length > 0);
});

test('a tick that changes on the way is written down where it changed', async (t) => {
  const directory = temporaryDirectory(t);
  await recording(t, directory, START_MS, async ({ time, exchange, recorder }) => {
    await time.run(START_MS + 20_000);
    const changed = { ...SPECS[0]!, tick: SPECS[0]!.tick * 2n };
    exchange.venue.setInstrument(changed);
    recorder.rules(changed);
    await time.run(START_MS + 40_000);
  });
  const rules = read(directory).flatMap((record) => (record.kind === 'instrument' ? [record.spec.tick] : []));
  assert.deepEqual(rules, [SPECS[0]!.tick, SPECS[0]!.tick * 2n]);
});

test('one process writes to a symbol at a time; one that is no more does not count', (t) => {
  const directory = temporaryDirectory(t);
  const release = claim(directory, BNB);
  appendFileSync(join(directory, BNB, '.writer'), '');
  release();
  // Process 1 lives as long as the machine.
  const other = claim(directory, BNB);
  other();
  appendFileSync(join(directory, BNB, '.writer'), '1');
  assert.throws(() => claim(directory, BNB), /process 1 writes to it/);
});

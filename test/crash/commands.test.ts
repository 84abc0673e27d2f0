import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { memoryOf } from '../../machines/symbol.ts';
import type { Answer } from '../../src/core/answers.ts';
import type { Command } from '../../src/core/commands.ts';
import { finishEdit } from '../../src/engine/file-edits.ts';
import type { SettingsOnDisk } from '../../src/engine/settings-on-disk.ts';
import { createSteering } from '../../src/engine/steering.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import type { Settings } from '../../src/settings/index.ts';
import { readSymbols } from '../../src/settings/symbols-file.ts';
import { BNB, SOL, SYMBOLS } from './scenario.ts';
import { inVirtualTime, World } from './virtual.ts';

/**
 * A crash before and after each journal write of a command (strategy 16.2): what was written is in force after the restart, what
 * was not is as if it had not been given, and given again it is.
 */

const GIVEN = { by: 'ann', why: null } as const;
const OF_BNB = { symbols: [BNB], ...GIVEN } as const;
const COMMANDS: readonly Command[] = [
  { verb: 'pause', forMs: 3_600_000, ...OF_BNB },
  { verb: 'hedge-only', forMs: null, ...OF_BNB },
  { verb: 'cancel', withNet: true, ...OF_BNB },
  { verb: 'flatten', forMs: 3_600_000, ...OF_BNB },
  { verb: 'resume', ...OF_BNB },
];
/** The engine has begun and quotes. */
const QUOTES_MS = 12_000;
/** A restart included. */
const SETTLED_MS = 15_000;
/** Nothing of these commands reads it. */
const NO_DISK = {} as SettingsOnDisk;

interface Run {
  readonly points: readonly string[];
  /** What was in force after the crash, by the engine and by its journal. */
  readonly afterwards: { readonly engine: readonly string[]; readonly journal: readonly string[] };
  /** The same, the command given once more. */
  readonly again: readonly string[];
  readonly liveOrders: number;
  readonly wrong: readonly string[];
}

function run(command: Command, kills: readonly number[]): Promise<Run> {
  return inVirtualTime(async (time) => {
    const world = new World(time, { kills });
    const give = (what: Command): Promise<Answer> | undefined => {
      const { engine } = world;
      if (engine === null) return undefined;
      const clock = { nowMs: () => time.wallMs, steadyMs: () => time.nowMs, era: () => 0 };
      const parts = { engine, journal: engine.journal, clock, disk: NO_DISK, hide: () => {}, report: () => {} };
      return createSteering(parts)(what);
    };
    const pass = async (ms: number) => {
      const untilMs = time.nowMs + ms;
      while (time.nowMs < untilMs) {
        await time.run(Math.min(untilMs, time.nowMs + 500));
        world.exchange.advance(time.nowMs);
      }
    };
    const inForce = (): readonly string[] => {
      const actor = world.engine?.daemon.system.get(`symbol:${BNB}` as never);
      return (memoryOf(actor)?.standing ?? []).map(({ verb }) => verb);
    };
    const journalled = () => (world.journal.latest('command', BNB)?.body.standing ?? []).map(({ verb }) => verb);
    for (const [account, size] of [
      ['A', '1'],
      ['B', '-1'],
    ] as const)
      world.exchange.control.position({ account, instrument: BNB, size });
    world.start();
    await pass(QUOTES_MS);
    if (command.verb === 'resume') {
      give({ verb: 'pause', forMs: null, ...OF_BNB })?.catch(() => {});
      await pass(1_000);
    }
    give(command)?.catch(() => {});
    await pass(SETTLED_MS);
    const afterwards = { engine: inForce(), journal: journalled() };
    give(command)?.catch(() => {});
    await pass(SETTLED_MS);
    const state = memoryOf(world.engine?.daemon.system.get(`symbol:${BNB}` as never))?.state;
    world.engine?.exchange.close();
    return {
      points: world.points,
      afterwards,
      again: inForce(),
      liveOrders: state?.orders.length ?? -1,
      wrong: world.breaches,
    };
  });
}

/** The symbols file, and what the engine that lives now has read of it. */
class Disk implements SettingsOnDisk {
  bytes: Buffer;
  readonly #world: World;
  #read: Buffer;

  constructor(world: World, rows: readonly object[]) {
    this.#world = world;
    this.bytes = Buffer.from(JSON.stringify(rows));
    this.#read = this.bytes;
  }

  current = () => this.#world.settings;
  fixed = () => [];
  read(symbols?: Uint8Array) {
    const symbolsBytes = Buffer.from(symbols ?? this.bytes);
    const reading = readSymbols(symbolsBytes, 'symbols.json');
    if (!reading.ok) return { ...reading, lang: 'en' as const };
    const settings = { ...this.#world.settings, symbols: reading.symbols };
    return { ok: true as const, settings, warnings: [], symbolsBytes };
  }
  symbolsFile = () => ({ path: 'symbols.json', bytes: this.bytes, isAsRead: this.bytes.equals(this.#read) });
  stage(symbols: Uint8Array) {
    return () => {
      this.bytes = Buffer.from(symbols);
    };
  }
  accept(settings: Settings) {
    this.#world.settings = settings;
    this.#read = this.bytes;
  }
  /** As a start does. */
  begin(journal: EngineJournal, nowMs: number) {
    finishEdit(journal, this, nowMs);
    const reading = this.read();
    assert.ok(reading.ok);
    this.accept(reading.settings);
  }
}

const [BNB_ROW, SOL_ROW] = SYMBOLS;
const { instrument: _SOL, ...SOL_VALUES } = SOL_ROW;
const asText = (values: object) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));

interface FileRun {
  readonly points: readonly string[];
  /** What runs, and the file. */
  readonly running: readonly string[];
  readonly file: string;
  readonly answers: readonly (Answer | null)[];
  readonly wrong: readonly string[];
}

/** A command that changes the symbols file, given after some seconds and, where it was not carried out, once more. */
function runFile(
  command: Command,
  rows: readonly object[],
  byHand: readonly object[] | null,
  kills: readonly number[],
) {
  return inVirtualTime(async (time): Promise<FileRun> => {
    const world = new World(time, { kills, symbols: rows });
    const disk = new Disk(world, rows);
    world.onStart = (journal) => disk.begin(journal, time.wallMs);
    const answers: (Answer | null)[] = [];
    const clock = { nowMs: () => time.wallMs, steadyMs: () => time.nowMs, era: () => 0 };
    const give = () => {
      const { engine } = world;
      assert.ok(engine);
      const at = answers.push(null) - 1;
      createSteering({ engine, journal: engine.journal, clock, disk, hide: () => {}, report: () => {} })(command).then(
        (answer) => {
          if (world.engine === engine) answers[at] = answer;
        },
        () => {},
      );
    };
    const pass = async (ms: number) => {
      const untilMs = time.nowMs + ms;
      while (time.nowMs < untilMs) {
        await time.run(Math.min(untilMs, time.nowMs + 500));
        world.exchange.advance(time.nowMs);
      }
    };
    world.start();
    await pass(QUOTES_MS);
    if (byHand !== null) disk.bytes = Buffer.from(JSON.stringify(byHand));
    give();
    await pass(SETTLED_MS);
    const context = world.engine?.daemon.getSnapshot().context.memory;
    const running = (context?.symbols ?? []).map(({ config, leaving }) =>
      [config.instrument, leaving ?? '', config.maxTotalPositionUsdt.toFixed()].join(' '),
    );
    world.engine?.exchange.close();
    return { points: world.points, running, file: disk.bytes.toString(), answers, wrong: world.breaches };
  });
}

describe('16.2 a crash around each write of a command that changes the symbols file', () => {
  const cases: readonly [string, Command, readonly object[], readonly object[] | null, readonly string[]][] = [
    [
      'set',
      { verb: 'set', symbol: BNB, values: { max_total_position_usdt: '9000' }, ...GIVEN },
      [BNB_ROW],
      null,
      [`${BNB}  9000`],
    ],
    [
      'add',
      { verb: 'add', symbol: SOL, values: asText(SOL_VALUES), ...GIVEN },
      [BNB_ROW],
      null,
      [`${BNB}  20000`, `${SOL}  20000`],
    ],
    ['remove', { verb: 'remove', symbol: SOL, ...GIVEN }, SYMBOLS, null, [`${BNB}  20000`]],
    [
      'reload',
      { verb: 'reload', ...GIVEN },
      [BNB_ROW],
      [{ ...BNB_ROW, max_total_position_usdt: 9000 }],
      [`${BNB}  9000`],
    ],
  ];
  for (const [what, command, rows, byHand, after] of cases) {
    it(`16.2 ${what}`, async () => {
      const whole = await runFile(command, rows, byHand, []);
      assert.deepEqual([whole.running, whole.answers[0]?.ok, whole.wrong], [after, true, []]);
      const first = whole.points.findIndex((point) => point.startsWith('before write: fact command'));
      const last = whole.points.findLastIndex((point) => point.startsWith('after write: note symbols-file'));
      assert.ok(first >= 0);
      for (let at = first; at <= Math.max(last, first + 1); at += 1) {
        const killed = await runFile(command, rows, byHand, [at + 1]);
        const where = `${whole.points[at]}`;
        assert.equal(killed.answers[0], null, `${where}: nobody was told that it is accepted`);
        // Before the first write nothing was accepted; what a person wrote into the file a start reads in any case.
        const accepted = at > first || byHand !== null;
        const before = rows.map((row) => `${(row as typeof BNB_ROW).instrument}  20000`);
        assert.deepEqual(killed.running, accepted ? after : before, where);
        assert.equal(killed.file, accepted ? whole.file : JSON.stringify(rows), where);
        assert.deepEqual(killed.wrong, [], where);
      }
    });
  }
});

describe('16.2 a crash around each write of a command', () => {
  for (const command of COMMANDS) {
    it(`16.2 ${command.verb}`, async () => {
      const { verb } = command;
      const standing = verb === 'resume' ? [] : [verb];
      const before = verb === 'resume' ? ['pause'] : [];
      const whole = await run(command, []);
      assert.deepEqual(whole.wrong, []);
      assert.deepEqual(whole.afterwards, { engine: standing, journal: standing });
      const writes = whole.points.flatMap((point, index) => (point.includes(`command ${BNB}`) ? [index + 1] : []));
      // The pause before a resume is another command, and the one that is given again writes too.
      const own = writes.slice(verb === 'resume' ? 2 : 0, verb === 'resume' ? 4 : 2);
      assert.equal(own.length, 2, 'before and after the write');
      for (const [at, point] of own.entries()) {
        const killed = await run(command, [point]);
        const expected = at === 0 ? before : standing;
        const where = `${whole.points[point - 1]}`;
        assert.deepEqual(killed.afterwards, { engine: expected, journal: expected }, where);
        assert.deepEqual(killed.again, standing, where);
        assert.equal(killed.liveOrders, whole.liveOrders, where);
        assert.deepEqual(killed.wrong, [], where);
      }
    });
  }
});

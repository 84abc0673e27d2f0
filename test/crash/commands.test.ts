import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { knownOf } from '../../machines/symbol-steps.ts';
import type { Answer, Command } from '../../src/core/commands.ts';
import type { SettingsOnDisk } from '../../src/engine/settings-on-disk.ts';
import { createSteering } from '../../src/engine/steering.ts';
import { BNB } from './scenario.ts';
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
      return (knownOf(actor)?.standing ?? []).map(({ verb }) => verb);
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
    const state = knownOf(world.engine?.daemon.system.get(`symbol:${BNB}` as never))?.state;
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

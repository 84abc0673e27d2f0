import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replay } from '../../src/explain/replay.ts';
import type { FaultKind, FaultRule } from '../../src/paper/index.ts';
import { chance } from '../../src/simulate/chance.ts';
import { createTruth } from '../../src/simulate/truth.ts';
import { BNB, SOL, SYMBOLS } from './scenario.ts';
import { inVirtualTime, World } from './virtual.ts';

/**
 * `kill -9` every few seconds for ten minutes, in a lively market, with creates whose connection is cut before and after
 * they are carried out, orders that vanish from view and positions that lag their fills. Then: live orders at the exchange =
 * orders the engine knows, lots = net, no client id twice, nothing foreign touched, and no auditor, neither the one that
 * watched throughout nor those of the engines that lived a few seconds, has seen a rule broken.
 */

const TEN_MINUTES_MS = 600_000;
/** An engine lives and is down for so long. */
const LIVES_MS = [500, 9_000] as const;
const DOWN_MS = [200, 2_000] as const;
/** When the storm is over, engine and exchange agree by then. */
const SETTLED_MS = 120_000;
const LOOK_MS = 5_000;
const MARKET_STEP_MS = 250;

const rule = (kind: FaultKind, route: string, rate: number, more: Partial<FaultRule> = {}): FaultRule => ({
  ...{ kind, route, rate },
  ...more,
});

const FAULTS: readonly FaultRule[] = [
  rule('reset-before', 'create_order', 0.1),
  rule('reset-after', 'create_order', 0.1),
  rule('server-error-after', 'create_order', 0.05),
  rule('slow', 'create_order', 0.1, { delayMs: 3_000 }),
  rule('late', 'create_order', 0.05, { delayMs: 4_000 }),
  rule('post-only-refusal', 'create_order', 0.1),
  rule('lost-order', 'open_orders', 0.1, { forMs: 3_000 }),
  rule('late-position', 'positions', 0.2, { forMs: 3_000 }),
  rule('reset-after', 'cancel_order', 0.1),
  rule('reset-after', 'order', 0.05),
];

async function storm(seed: number, faults: readonly FaultRule[]) {
  return await inVirtualTime(async (time) => {
    const world = new World(time, {
      profile: 'lively',
      seed,
      symbols: SYMBOLS,
      environment: { GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC: '60', GRVT_HEDGE_POST_ONLY_COOLDOWN_SEC: '20' },
    });
    const { exchange, journal, settings } = world;
    const wrong: string[] = [];
    const truth = createTruth(exchange, (what, about, detail) =>
      wrong.push(`${what} ${about} ${JSON.stringify(detail)}`),
    );
    for (const [account, size] of [
      ['A', '60'],
      ['B', '-60'],
    ] as const) {
      exchange.control.position({ account, instrument: SOL, size, entry_price: '149' });
    }
    const foreign = exchange.control.order({
      ...{ account: 'A', instrument: BNB, side: 'buy', size: '0.7', price: '500' },
      ...{ post_only: true, expires_in_ms: 86_400_000 },
    });
    exchange.control.faults({ rules: [...faults], add: false });
    const advance = (): void => {
      exchange.advance(time.nowMs);
      time.at(time.nowMs + MARKET_STEP_MS, advance, true);
    };
    advance();
    const draw = chance(seed, 'kills');
    world.start();
    const endMs = time.nowMs + TEN_MINUTES_MS;
    while (time.nowMs < endMs) {
      await time.run(time.nowMs + draw.integer(...LIVES_MS));
      if (world.running) world.kill(draw.integer(...DOWN_MS));
    }
    exchange.control.faults({ rules: [], add: false });
    for (const instrument of [BNB, SOL]) exchange.control.market({ instrument, frozen: true });
    const settledByMs = time.nowMs + SETTLED_MS;
    let differences: readonly string[] = [];
    do {
      await time.run(time.nowMs + LOOK_MS);
      differences = truth.differences(settings.symbols, journal);
    } while (differences.length > 0 && time.nowMs < settledByMs);
    world.engine?.exchange.close();
    wrong.push(
      ...differences,
      ...world.breaches,
      ...world.watch.atTheEnd(journal, { account: 'A', orderId: foreign.orderId }),
    );
    return { wrong, starts: world.starts, journal, ...truth.counts() };
  });
}

for (const [seed, faults] of [
  [1, FAULTS],
  [2, FAULTS],
  [3, FAULTS],
  [2, []],
  [12, []],
] as const) {
  test(`killed every few seconds for ten minutes, ${faults.length === 0 ? 'a good network' : 'every fault at once'}, seed ${seed}`, async (t) => {
    const { wrong, starts, orders, fills, journal } = await storm(seed, faults);
    assert.deepEqual(wrong, []);
    assert.equal(replay(journal).difference, null);
    assert.ok(starts > 80 && orders > 60 && fills > 60, `${starts} starts, ${orders} orders, ${fills} fills`);
    t.diagnostic(`${starts} starts, ${orders} orders, ${fills} fills`);
  });
}

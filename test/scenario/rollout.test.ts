import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SettingsOnDisk } from '../../src/engine/settings-on-disk.ts';
import { createSteering } from '../../src/engine/steering.ts';
import { type EngineStage, symbolRow } from '../support/engine-stage.ts';
import { type Scene, stateOf, withScene } from './venue.ts';

/** 16.7: a gray rollout of four symbols on the embedded exchange, with a kill in the middle. */

const [FIRST, CAPPED, FAILS, LAST] = ['BNB_USDT_Perp', 'BTC_USDT_Perp', 'ETH_USDT_Perp', 'SOL_USDT_Perp'] as const;
const ROWS = [
  symbolRow(FIRST),
  // What it holds is all that it may hold.
  symbolRow(CAPPED, { max_total_position_usdt: 0 }),
  symbolRow(FAILS),
  symbolRow(LAST),
];
const LIMITS = { ranMs: 1_500, hedges: 3, nextAfterMs: 600_000 };
const OPTIONS = { symbols: ROWS, env: { GRVT_HEDGE_ROLLOUT: '1' }, rolloutLimits: LIMITS };

const stagesOf = (stage: EngineStage) =>
  [FIRST, CAPPED, FAILS, LAST].map((name) => stage.engine.rollout.shown(name)?.progress.stage).join(' ');
const shownOf = (stage: EngineStage, name: string) => stage.engine.rollout.shown(name);
const hedgesOf = (stage: EngineStage, name: string) => shownOf(stage, name)?.progress.hedges ?? 0;

/** Live orders of a symbol at the exchange: account, client id and size. */
function ordersOn({ paper }: Scene, instrument: string) {
  return stateOf(paper).accounts.flatMap(({ account, open_orders }) =>
    open_orders.flatMap(({ legs: [leg], metadata, state }) =>
      leg?.instrument === instrument && state.status === 'OPEN'
        ? [{ account, id: metadata.client_order_id, size: leg.size, price: leg.limit_price }]
        : [],
    ),
  );
}

/** Fills an order of a symbol, where one rests. */
function fillOne(scene: Scene, instrument: string): void {
  const [one] = ordersOn(scene, instrument);
  if (one !== undefined) scene.paper.exchange.control.fill({ account: one.account, client_order_id: one.id });
}

/** Fills whatever rests of a symbol until it has hedged so often. */
async function hedge(scene: Scene, stage: EngineStage, instrument: string, wanted: number): Promise<void> {
  await stage.until(`${instrument} has hedged ${wanted} times`, () => {
    if (hedgesOf(stage, instrument) < wanted) fillOne(scene, instrument);
    return hedgesOf(stage, instrument) >= wanted || shownOf(stage, instrument)?.progress.stage === 'full';
  });
}

function command(stage: EngineStage) {
  const disk = { current: () => stage.settings } as unknown as SettingsOnDisk;
  const clock = { nowMs: () => Date.now(), steadyMs: () => Date.now(), era: () => 0 };
  const report = (fact: EngineStage['facts'][number]) => void stage.facts.push(fact);
  return createSteering({ engine: stage.engine, journal: stage.engine.journal, clock, disk, hide: () => {}, report });
}

describe('16.7 gray rollout', () => {
  it('four symbols, a kill in the middle, one that is capped, one that fails its figures, one that is skipped', () =>
    withScene(async (scene) => {
      // The exchange refuses what it is asked of this symbol: by a code, no post-only.
      const refusal = { reduce_only_passes: false, clear: false, code: 2080, count: 4 };
      scene.paper.exchange.control.refuse({ ...refusal, instrument: FAILS });
      const first = scene.start(OPTIONS);
      await first.until('the first quotes', () => ordersOn(scene, FIRST).length === 2);
      assert.equal(stagesOf(first), 'trial waiting waiting waiting');
      for (const { size, price } of ordersOn(scene, FIRST)) {
        const worth = Number(size) * Number(price);
        assert.ok(worth > 50 && worth <= 101, `a fifth of 500, not ${worth}`);
      }
      for (const name of [CAPPED, FAILS, LAST]) {
        assert.equal(ordersOn(scene, name).length, 0);
        assert.equal(first.symbol(name).rollout, 'waiting');
      }
      await hedge(scene, first, FIRST, 2);
      const before = shownOf(first, FIRST)?.progress;
      first.kill();

      const second = scene.start({ ...OPTIONS, journal: first.journal });
      await second.until('it goes on', () => shownOf(second, FIRST) !== null);
      assert.equal(stagesOf(second), 'trial waiting waiting waiting', 'nothing was forgotten');
      assert.ok(hedgesOf(second, FIRST) >= (before?.hedges ?? 0));
      await hedge(scene, second, FIRST, 3);
      await second.until('it is capped, and the next begins', () => stagesOf(second) === 'full trial trial waiting');
      assert.deepEqual(
        second.reported('rollout.changed').map(({ instrument, why }) => `${instrument.slice(0, 3)} ${why}`),
        ['BNB passed', 'BTC turn', 'BTC capped', 'ETH turn'],
      );
      // An opening is of its partner's size: the small ones go, so that no more small ones follow.
      const worths = () => ordersOn(scene, FIRST).map(({ size, price }) => Number(size) * Number(price));
      await second.until(
        'the first quotes in full on both accounts',
        () => worths().length === 2 && worths().every((worth) => worth > 400),
      );

      await second.until('a figure fails', () => shownOf(second, FAILS)?.held?.figure === 'success');
      const alerts = () => second.messages.filter((text) => /gray rollout is held/.test(text));
      await second.until('it is alerted', () => alerts().length > 0);
      assert.match(alerts().join('\n'), /ETH[\s\S]*success \d+\/\d+, limit 0\.95/);
      assert.equal(stagesOf(second), 'full trial trial waiting', 'it holds');

      const give = command(second);
      const asked = { by: 'ann', why: null } as const;
      assert.deepEqual(
        (await give({ verb: 'skip', symbols: [FIRST], ...asked })).says.map(({ code }) => code),
        ['no-rollout'],
      );
      const answer = await give({ verb: 'skip', symbols: [FAILS], ...asked });
      assert.deepEqual([answer.ok, answer.says.map(({ code }) => code)], [true, ['will-skip']]);
      await second.until('the last begins', () => stagesOf(second) === 'full trial full trial');
      second.kill();

      const third = scene.start({ ...OPTIONS, journal: second.journal });
      await third.until('it goes on', () => shownOf(third, LAST) !== null);
      assert.equal(stagesOf(third), 'full trial full trial', 'what was skipped stays so');
      assert.equal(await third.stop(), 0);
    }));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountName } from '../../src/core/model.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import type { EngineStage, StageOptions } from '../support/engine-stage.ts';
import { symbolRow } from '../support/engine-stage.ts';
import { BNB, type Scene, stateOf, withScene } from './venue.ts';

/** Each with an exchange and an engine of its own. */
const TOGETHER = { concurrency: 2 };

/** What rests at the exchange for an account. */
function resting(scene: Scene, account: AccountName) {
  const found = stateOf(scene.paper).accounts.find((one) => one.account === account);
  const open = (found?.open_orders ?? []).filter(({ state }) => state.status === 'OPEN');
  return open.map((order) => ({
    id: order.metadata.client_order_id,
    size: order.legs[0]?.size ?? '',
    price: order.legs[0]?.limit_price ?? '',
  }));
}

function fillWhole(scene: Scene, account: AccountName): void {
  const [order] = resting(scene, account);
  assert.ok(order, `nothing of ${account} rests`);
  scene.paper.exchange.control.fill({ account, client_order_id: order.id });
}

/** Positions of 3 each, a book at 600 / 601, both accounts quoting. */
async function quoting(
  scene: Scene,
  changes: Readonly<Record<string, unknown>> = {},
  options: Pick<StageOptions, 'nowMs'> = {},
): Promise<EngineStage> {
  const { control } = scene.paper.exchange;
  control.book({
    instrument: BNB,
    bids: [{ price: '600.3', size: '50' }],
    asks: [{ price: '600.8', size: '50' }],
    settle: true,
  });
  control.position({ account: 'A', instrument: BNB, size: '3' });
  control.position({ account: 'B', instrument: BNB, size: '-3' });
  const stage = scene.start({ symbols: [symbolRow(BNB, changes)], ...options });
  await stage.until('both quote', () => resting(scene, 'A').length === 1 && resting(scene, 'B').length === 1);
  return stage;
}

describe('11.8 rules that change while the engine runs', TOGETHER, () => {
  it('9.5 a larger tick is read after the first 2064, and the net is repaired on it', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      scene.paper.exchange.control.rules({ instrument: BNB, tick_size: '1' });
      fillWhole(scene, 'A');
      scene.paper.exchange.control.cancel({
        account: 'B',
        client_order_id: resting(scene, 'B')[0]?.id,
        reason: 'CLIENT_CANCEL',
      });
      await stage.until('a repair rests on the new tick', () =>
        resting(scene, 'B').some(({ price }) => price === '601.0'),
      );
      // What was decided while the instruments are read again may be refused once more.
      const codes = stage.reported('order.refused').map(({ code }) => code);
      assert.deepEqual([...new Set(codes)], [2064]);
      assert.ok(codes.length <= 2, String(codes));
      assert.deepEqual(
        stage.reported('instrument.changed').map(({ changes }) => changes),
        [[{ rule: 'tick_size', from: '0.1', to: '1' }]],
      );
      assert.equal(await stage.stop(), 0);
    }));

  it('9.5 a larger step: what it leaves of a lot is dust, the rest is hedged in whole steps', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      scene.paper.exchange.control.rules({ instrument: BNB, min_size: '0.5' });
      // 0.83 of A is filled; of B, whose order is off the step by now, nothing rests any more.
      const [order] = resting(scene, 'B');
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: resting(scene, 'A')[0]?.id ?? '' });
      scene.paper.exchange.control.cancel({ account: 'B', client_order_id: order?.id, reason: 'CLIENT_CANCEL' });
      await stage.until('a repair in whole steps', () => resting(scene, 'B').some(({ size }) => size === '0.5'));
      fillWhole(scene, 'B');
      await stage.until('hedged but for dust', () => stage.symbol(BNB).reportedPhase === 'equal');
      assert.equal(await stage.stop(), 0);
    }));
});

/** Our creates on an account so far. */
function creates(stage: EngineStage, account: AccountName): number {
  return stage.reported('order.sent').filter((fact) => fact.account === account).length;
}

describe('9.5 6.3 an account whose orders the exchange refuses', TOGETHER, () => {
  it('ended after they rested: one alert with the reason, rests that double, and the other account repairs at once', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      scene.paper.exchange.control.refuse({
        account: 'B',
        end: 'BELOW_MARGIN',
        reduce_only_passes: false,
        clear: false,
      });
      const [order] = resting(scene, 'B');
      scene.paper.exchange.control.cancel({ account: 'B', client_order_id: order?.id, reason: 'BELOW_MARGIN' });
      fillWhole(scene, 'A');
      // B would repair by growing: its order is ended. A shrinks instead.
      await stage.until('A repairs', () => resting(scene, 'A').length === 1);
      const before = creates(stage, 'B');
      assert.ok(before <= 2, `B was tried ${before} times`);
      fillWhole(scene, 'A');
      await stage.until('hedged', () => stage.symbol(BNB).reportedPhase === 'cooldown');
      assert.ok(creates(stage, 'B') <= before + 1);
      const alerts = stage.reported('alert.raised').filter(({ alert }) => alert.kind === 'order-ended');
      assert.deepEqual(
        alerts.map(({ alert }) => [alert.account, reasonText(alert.details.reason ?? '')]),
        [['B', 'BELOW_MARGIN']],
      );
      assert.equal(await stage.stop(), 0);
    }));

  for (const code of [2080, 2091, 7304, 1400]) {
    it(`${code} on the account that should repair: the other way is taken at once`, () =>
      withScene(async (scene) => {
        const stage = await quoting(scene);
        const { control } = scene.paper.exchange;
        control.refuse({ account: 'B', code, reduce_only_passes: true, clear: false });
        control.cancel({ account: 'B', client_order_id: resting(scene, 'B')[0]?.id, reason: 'CLIENT_CANCEL' });
        fillWhole(scene, 'A');
        await stage.until('A repairs', () => resting(scene, 'A').length === 1);
        fillWhole(scene, 'A');
        await stage.until('nothing is open', () => stage.symbol(BNB).state.lots.length === 0);
        assert.equal(creates(stage, 'B'), 2);
        assert.equal(await stage.stop(), 0);
      }));
  }
});

describe('9.5 RESTING_ORDER_WOULD_CROSS', TOGETHER, () => {
  it('the index is read from the exchange, and the next attempt rests no nearer than it', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const { control } = scene.paper.exchange;
      const before = creates(stage, 'B');
      control.refuse({
        account: 'B',
        reject: 'RESTING_ORDER_WOULD_CROSS',
        count: 1,
        reduce_only_passes: false,
        clear: false,
      });
      fillWhole(scene, 'A');
      fillWhole(scene, 'B');
      await stage.until('B rests after a refusal', () => resting(scene, 'B').length === 1);
      assert.equal(creates(stage, 'B') - before, 2);
      assert.equal(await stage.stop(), 0);
    }));
});

describe('9.13 an account or an instrument that may only be reduced', TOGETHER, () => {
  /** Creates with `reduce_only`, by what they asked for. */
  const reducing = (stage: EngineStage) =>
    stage.journal.latestOfEach('order.prepared').flatMap(({ body: { intent, payload } }) => {
      const { order } = JSON.parse(payload) as { order: { reduce_only: boolean } };
      return order.reduce_only ? [`${intent.account} ${intent.side} ${intent.size.toFixed()}`] : [];
    });
  const reported = (stage: EngineStage) => [
    ...new Set(
      stage.reported('alert.raised').flatMap(({ alert: { kind, key } }) => (kind === 'reduce-only' ? [key] : [])),
    ),
  ];

  it('2091 while imbalanced: the other account shrinks, nothing is opened, and after 15 minutes one leg is tried', () =>
    withScene(async (scene) => {
      let aheadMs = 0;
      const stage = await quoting(scene, {}, { nowMs: () => Date.now() + aheadMs });
      const { control } = scene.paper.exchange;
      control.refuse({ account: 'B', code: 2091, reduce_only_passes: true, clear: false });
      control.cancel({ account: 'B', client_order_id: resting(scene, 'B')[0]?.id, reason: 'CLIENT_CANCEL' });
      fillWhole(scene, 'A');
      await stage.until(
        'B is refused, and A repairs',
        () => creates(stage, 'B') === 2 && resting(scene, 'A').length === 1,
      );
      fillWhole(scene, 'A');
      await stage.until('nothing is open', () => stage.symbol(BNB).state.lots.length === 0);
      await stage.until('openings are withheld', () => stage.reported('symbol.idle').at(-1)?.why.rule === '9.13');
      assert.deepEqual([reported(stage), creates(stage, 'B')], [['reduce-only:B'], 2]);
      control.refuse({ clear: true, reduce_only_passes: false });
      aheadMs = 901_000;
      await stage.until('both quote again', () => resting(scene, 'A').length * resting(scene, 'B').length === 1);
      assert.deepEqual(
        stage
          .reported('order.sent')
          .slice(-2)
          .map(({ account }) => account),
        ['B', 'A'],
      );
      assert.deepEqual(reducing(stage), []);
      assert.equal(await stage.stop(), 0);
    }));

  it('7304 while equal: nothing is opened; what repairs a fill shrinks, signed with reduce_only', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const { control } = scene.paper.exchange;
      control.refuse({ instrument: BNB, code: 7304, reduce_only_passes: true, clear: false });
      fillWhole(scene, 'A');
      fillWhole(scene, 'B');
      await stage.until('openings are withheld', () => stage.reported('symbol.idle').at(-1)?.why.rule === '9.13');
      assert.deepEqual(reported(stage), [`reduce-only:${BNB}`]);
      assert.deepEqual(stage.symbol(BNB).state.rests, []);
      assert.deepEqual([resting(scene, 'A'), resting(scene, 'B')], [[], []]);
      assert.equal(await stage.stop(), 0);
    }));

  it('7304 while imbalanced: the account that can shrink repairs with reduce_only', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const { control } = scene.paper.exchange;
      control.refuse({ instrument: BNB, code: 7304, reduce_only_passes: true, clear: false });
      control.cancel({ account: 'B', client_order_id: resting(scene, 'B')[0]?.id, reason: 'CLIENT_CANCEL' });
      fillWhole(scene, 'A');
      await stage.until('A repairs', () => resting(scene, 'A').length === 1);
      assert.deepEqual(reducing(stage), ['A sell 0.83']);
      fillWhole(scene, 'A');
      await stage.until('nothing is open', () => stage.symbol(BNB).state.lots.length === 0);
      assert.equal(await stage.stop(), 0);
    }));
});

describe('5.7 9.8 an account that is gone', TOGETHER, () => {
  it('its key is refused: the other one’s opening is cancelled after 10 s, and none is made', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const id = scene.paper.accounts[0]?.subAccountId ?? '';
      const text = JSON.stringify({ c: 1001, m: 'You are not authorized to access this functionality', s: 403 });
      scene.meddler.meddle = ({ body }) => (JSON.stringify(body).includes(id) ? { status: 403, text } : null);
      await stage.until('B is alone', () => resting(scene, 'B').length === 0);
      assert.equal(resting(scene, 'A').length, 1);
      assert.equal(creates(stage, 'B'), 1);
    }));
});

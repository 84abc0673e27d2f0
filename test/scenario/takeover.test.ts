import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { lotsNet } from '../../src/core/ledger.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { type EngineStage, symbolRow } from '../support/engine-stage.ts';
import { BNB, ourOrders, positionOf, type Scene, stateOf, withScene } from './venue.ts';

/** Turns of the loop something may take; each is well below a millisecond. */
const TURNS_MAX = 1_000_000;

/** Starts on what is already there, fills in parts, and stops that leave something. */

const TOGETHER = { concurrency: 4 };

async function quoting({ paper }: Scene, stage: EngineStage, orders = 2): Promise<void> {
  await stage.until('the quotes rest', () => ourOrders(paper).length === orders);
  await stage.until(
    'the engine knows it',
    () => stage.symbol(BNB).underWay.length === 0 && stage.symbol(BNB).state.orders.length === orders,
  );
}

async function polls(stage: EngineStage, times: number): Promise<void> {
  const from = stage.facts.length;
  const polled = (account: string) =>
    stage.facts.slice(from).filter((fact) => fact.type === 'account.polled' && fact.account === account).length;
  await stage.until(`${times} more polls`, () => polled('A') >= times && polled('B') >= times);
}

function hold({ paper }: Scene, a: [string, string], b: [string, string]): void {
  paper.exchange.control.position({ account: 'A', instrument: BNB, size: a[0], entry_price: a[1] });
  paper.exchange.control.position({ account: 'B', instrument: BNB, size: b[0], entry_price: b[1] });
}

/** An order as an engine before this one would have left it. */
function left({ paper }: Scene, account: 'A' | 'B', side: 'buy' | 'sell', price: string, number: number): string {
  const id = clientOrderIdOf(account, side, BigInt(number));
  paper.exchange.control.order({
    ...{ account, instrument: BNB, side, size: '0.8', price, client_order_id: id, post_only: true },
    expires_in_ms: 3_600_000,
  });
  return id;
}

describe('11.3 positions found at the start', TOGETHER, () => {
  it('11.3 equal and opposite parts are hedged whatever their prices, the rest is a lot at its entry price', () =>
    withScene(async (scene) => {
      hold(scene, ['2', '600'], ['-1.5', '550']);
      const stage = scene.start();
      await stage.until('begun', () => stage.reported('lots.restored').length === 1);
      const { lots } = stage.symbol(BNB).state;
      assert.deepEqual(
        lots.map((lot) => [lot.account, lot.side, lot.size.toFixed(), lot.price.toFixed()]),
        [['A', 'buy', '0.5', '600']],
      );
      await stage.until('the rest is hedged', () => ourOrders(scene.paper, 'B').length === 1);
      const [order] = stage.symbol(BNB).state.orders;
      assert.deepEqual([order?.account, order?.side, order?.size.toFixed()], ['B', 'sell', '0.5']);
      stage.unbroken();
    }));

  it('3.4 positions in the same direction are not hedged: the smaller trades against them, with an alert', () =>
    withScene(async (scene) => {
      hold(scene, ['2', '600'], ['1', '600']);
      const stage = scene.start();
      await stage.until('the repair rests', () => ourOrders(scene.paper).length === 1);
      assert.deepEqual(ourOrders(scene.paper, 'B').length, 1);
      assert.ok(stage.reported('alert.raised').some(({ alert }) => alert.kind === 'same-direction'));
      stage.unbroken();
    }));
});

describe('11.4 orders found at the start', TOGETHER, () => {
  it('11.4 strategy orders are taken over and count; nothing is placed twice', () =>
    withScene(async (scene) => {
      const [a, b] = [left(scene, 'A', 'buy', '619.0', 7), left(scene, 'B', 'sell', '621.0', 8)];
      const stage = scene.start();
      await stage.until('taken over', () => stage.reported('order.adopted').length === 2);
      await polls(stage, 5);
      assert.equal(scene.meddler.count('create_order'), 0);
      assert.deepEqual(
        stage
          .symbol(BNB)
          .state.orders.map((order) => order.clientOrderId)
          .sort(),
        [a, b].sort(),
      );
      assert.equal(await stage.stop(), 0);
      assert.deepEqual(ourOrders(scene.paper), [], 'and cancelled at the stop like our own');
    }));

  it('8.2 11.4 of more than may be, the oldest go', () =>
    withScene(async (scene) => {
      const ids = [1, 2, 3].map((number) => left(scene, 'A', 'buy', `61${number}.0`, number));
      const stage = scene.start();
      await stage.until('one is left', () => ourOrders(scene.paper, 'A').length === 1);
      assert.deepEqual(ourOrders(scene.paper, 'A'), [ids[2]]);
      stage.unbroken();
    }));

  it('11.3 what an adopted order had traded by then is part of the position', () =>
    withScene(async (scene) => {
      const id = left(scene, 'A', 'buy', '619.0', 9);
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: id, size: '0.3' });
      const stage = scene.start();
      await stage.until('taken over', () => stage.reported('order.adopted').length === 1);
      assert.equal(lotsNet(stage.symbol(BNB).state.lots).toFixed(), '0.3');
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: id });
      await stage.until('the rest is booked', () => stage.reported('fill.booked').length === 1);
      assert.equal(stage.reported('fill.booked')[0]?.fillSize.toFixed(), '0.5');
      assert.equal(lotsNet(stage.symbol(BNB).state.lots).toFixed(), positionOf(scene.paper, 'A').replace(/\.?0+$/, ''));
      stage.unbroken();
    }));
});

describe('11.5 starting twice with nothing changed', TOGETHER, () => {
  for (const kept of [true, false]) {
    it(`issues no command and changes no lot, ${kept ? 'from the journal' : 'the journal lost'}`, () =>
      withScene(async (scene) => {
        hold(scene, ['2', '620'], ['-1.5', '620']);
        const journal = createMemoryJournal();
        const first = scene.start({ journal });
        await quoting(scene, first, 1);
        const lotsOf = (stage: EngineStage) =>
          stage.symbol(BNB).state.lots.map((lot) => [lot.account, lot.side, lot.size.toFixed(), lot.price.toFixed()]);
        const before = { lots: lotsOf(first), orders: ourOrders(scene.paper) };
        first.kill();
        const commands = () => scene.meddler.count('create_order') + scene.meddler.count('cancel_order');
        const then = commands();
        const second = scene.start(kept ? { journal } : {});
        await second.until('it decides', () => second.reported('state.changed').length > 0);
        await polls(second, 10);
        assert.equal(commands(), then);
        assert.deepEqual({ lots: lotsOf(second), orders: ourOrders(scene.paper) }, before);
        second.unbroken();
      }));
  }

  it('13.3 killed while creates are on their way, it sends nothing twice and loses no lot', () =>
    withScene(async (scene) => {
      const journal = createMemoryJournal();
      scene.meddler.meddle = (call) => (call.route === 'create_order' ? 'drop-after' : null);
      const first = scene.start({ journal });
      await first.until('both left', () => scene.meddler.count('create_order') === 2);
      first.kill();
      scene.meddler.meddle = () => null;
      const idOf = () => ourOrders(scene.paper, 'A')[0];
      const rests = () =>
        stateOf(scene.paper).accounts.some(({ open_orders }) =>
          open_orders.some((order) => order.metadata.client_order_id === idOf() && order.state.status === 'OPEN'),
        );
      // A call is counted before it is passed on, and the exchange takes some milliseconds to make it a resting order.
      for (let turns = 0; !rests(); turns++) {
        assert.ok(turns < TURNS_MAX, 'it never rested');
        await turn();
      }
      const id = idOf();
      assert.ok(id);
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: id });
      const second = scene.start({ journal });
      await second.until('found out', () => second.reported('order.resolved').length === 2);
      await second.until('booked', () => second.reported('fill.booked').length === 1);
      await polls(second, 3);
      const all = scene.meddler.calls
        .filter((call) => call.route === 'create_order')
        .map((call) => call.body.order.metadata.client_order_id);
      assert.equal(new Set(all).size, all.length);
      assert.equal(ourOrders(scene.paper, 'B').length, 1, 'the other leg is still the hedge');
      second.unbroken();
    }));
});

describe('11.6 an instrument deactivated while the engine was down', TOGETHER, () => {
  const SOL = 'SOL_USDT_Perp';
  const symbols = [symbolRow(BNB), symbolRow(SOL)];
  const ordersOf = ({ paper }: Scene, instrument: string) =>
    stateOf(paper).accounts.flatMap((one) =>
      one.open_orders.filter((order) => order.legs[0]?.instrument === instrument),
    );

  it('its position and lots stay and nothing is placed on it; the others trade; listed again it goes on', () =>
    withScene(async (scene) => {
      hold(scene, ['2', '600'], ['-1.5', '550']);
      const journal = createMemoryJournal();
      const first = scene.start({ journal, symbols });
      await first.until('both trade', () => ordersOf(scene, BNB).length === 1 && ordersOf(scene, SOL).length === 2);
      const net = lotsNet(first.symbol(BNB).state.lots);
      assert.equal(net.toFixed(), '0.5');
      assert.equal(await first.stop(), 0);
      scene.paper.exchange.control.active({ instrument: BNB, active: false });

      const stage = scene.start({ journal, symbols });
      await stage.until('the other trades', () => ordersOf(scene, SOL).length === 2);
      await polls(stage, 5);
      assert.deepEqual(ordersOf(scene, BNB), []);
      assert.match(stage.warnings.join(), /BNB_USDT_Perp instrument: the exchange does not list it any more/);
      assert.deepEqual(
        stage.reported('alert.raised').filter(({ alert }) => alert.kind === 'instrument-unlisted').length,
        1,
      );
      assert.equal(lotsNet(stage.symbol(BNB).state.lots).toFixed(), net.toFixed());
      assert.deepEqual([positionOf(scene.paper, 'A'), positionOf(scene.paper, 'B')], ['2.0', '-1.5']);
      assert.deepEqual(stage.reported('order.refused'), []);

      scene.paper.exchange.control.active({ instrument: BNB, active: true });
      stage.engine.daemon.send({ type: 'listing.due' });
      await stage.until('the net is hedged again', () => ordersOf(scene, BNB).length > 0);
      assert.equal(await stage.stop(), 0);
    }));

  it('2.2 one it has never traded is a configuration error all the same', () =>
    withScene(async (scene) => {
      scene.paper.exchange.control.active({ instrument: BNB, active: false });
      const stage = scene.start({ symbols });
      const { exitCode, failure } = await stage.engine.stopped;
      assert.equal(exitCode, 78);
      assert.match(
        failure === null ? '' : reasonText(failure),
        /BNB_USDT_Perp instrument: the exchange does not list it/,
      );
    }));
});

describe('4.3 5.2 fills in parts', TOGETHER, () => {
  it('4.3 a part waits with everything else, the whole is booked and hedged', () =>
    withScene(async (scene) => {
      const stage = scene.start();
      await quoting(scene, stage);
      const [id] = ourOrders(scene.paper, 'A');
      assert.ok(id);
      const creates = scene.meddler.count('create_order');
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: id, size: '0.2' });
      await stage.until('it waits', () => stage.reported('state.changed').at(-1)?.to === 'partial-wait');
      await polls(stage, 3);
      assert.equal(scene.meddler.count('create_order'), creates);
      assert.deepEqual(stage.symbol(BNB).state.lots, []);
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: id });
      await stage.until('it is not hedged', () => stage.reported('state.changed').at(-1)?.to === 'imbalanced');
      const [hedge] = ourOrders(scene.paper, 'B');
      assert.ok(hedge);
      scene.paper.exchange.control.fill({ account: 'B', client_order_id: hedge });
      await stage.until('hedged', () => stage.symbol(BNB).state.realised.hedges === 1);
      assert.ok(stage.symbol(BNB).state.realised.hedgeGainUsdt.gt(0));
      stage.unbroken();
    }));

  it('4.3 a part that waited long enough is booked as it is', () =>
    withScene(async (scene) => {
      const stage = scene.start({ env: { GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC: '1' } });
      await quoting(scene, stage);
      const [id] = ourOrders(scene.paper, 'A');
      assert.ok(id);
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: id, size: '0.2' });
      await stage.until('it waits', () => stage.reported('fill.waiting').length === 1);
      await stage.until('booked', () => lotsNet(stage.symbol(BNB).state.lots).toFixed() === '0.2');
      stage.unbroken();
    }));
});

describe('13.1 what a stop leaves', TOGETHER, () => {
  const cases: { env: Record<string, string>; kept: number; cancelled: number }[] = [
    { env: {}, kept: 0, cancelled: 2 },
    { env: { GRVT_HEDGE_STOP_KEEP_STRATEGY_ORDERS: '1' }, kept: 2, cancelled: 0 },
    { env: { GRVT_HEDGE_CANCEL_ON_STOP: '0' }, kept: 2, cancelled: 0 },
  ];
  for (const { env, kept, cancelled } of cases) {
    it(`${JSON.stringify(env)}: ${kept} orders`, () =>
      withScene(async (scene) => {
        const stage = scene.start({ env });
        await quoting(scene, stage);
        assert.equal(await stage.stop(), 0);
        assert.equal(ourOrders(scene.paper).length, kept);
        assert.deepEqual(
          stage.reported('cleanup.finished').map((fact) => [fact.cancelled, fact.kept]),
          [[cancelled, kept]],
        );
      }));
  }

  it('of an account with more orders than are to be kept, the newest stay', () =>
    withScene(async (scene) => {
      const ids = [1, 2, 3].map((number) => left(scene, 'A', 'sell', `62${number}.0`, number));
      const other = { instrument: 'ETH_USDT_Perp' };
      const stage = scene.start({
        symbols: [symbolRow(other.instrument)],
        env: { GRVT_HEDGE_STOP_KEEP_STRATEGY_ORDERS: '1' },
      });
      await stage.until('quoting', () => stage.reported('order.placed').length >= 2);
      assert.equal(await stage.stop(), 0);
      const rest = ourOrders(scene.paper);
      assert.ok(rest.includes(ids[2]!), 'the newest of an instrument this engine does not even trade');
      assert.equal(rest.length, 3);
    }));

  it('MAX_RUNTIME stops it by itself, clean', () =>
    withScene(async (scene) => {
      const stage = scene.start({ env: { GRVT_HEDGE_MAX_RUNTIME_SEC: '3' } });
      const { exitCode } = await stage.engine.stopped;
      assert.equal(exitCode, 0);
      assert.ok(stage.reported('order.placed').length > 0);
      assert.deepEqual(ourOrders(scene.paper), []);
      stage.unbroken();
      const auditor = stage.engine.auditor();
      assert.deepEqual(auditor?.stopped(), []);
      assert.ok((auditor?.report().checks.I11 ?? 0) > 0, 'what it left is judged as after any other stop');
    }));

  it('no create leaves after the stop began, not even one that waits for the request budget', () =>
    withScene(async (scene) => {
      const names = stateOf(scene.paper).instruments.map(({ instrument }) => symbolRow(instrument));
      const stage = scene.start({ symbols: names, env: { GRVT_HEDGE_RATE_SCALE: '0.6' } });
      await stage.until('the first order left', () => scene.meddler.count('create_order') > 0);
      await stage.until(
        'another is on its way',
        () => stage.reported('order.sent').length > scene.meddler.count('create_order'),
      );
      const sent = stage.reported('order.sent').length;
      assert.equal(await stage.stop(), 0);
      assert.ok(scene.meddler.count('create_order') <= sent);
      assert.deepEqual(ourOrders(scene.paper), []);
    }));
});

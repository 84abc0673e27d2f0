import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { type Actor, createActor, fromPromise } from 'xstate';
import { PARKED_RETRY_MS } from '../../machines/account-poller.ts';
import { DRAIN_LIMIT_MS, daemonMachine, LAST_MESSAGES_MS } from '../../machines/daemon.ts';
import { memoryOf } from '../../machines/symbol.ts';
import { ENDS_OVER_MS } from '../../src/core/daemon/accounts.ts';
import { RESPAWN_FORGIVEN_MS, RESPAWN_PAUSES_MS, START_MESSAGE_MAX_MS } from '../../src/core/daemon/life.ts';
import type { DaemonSettings, EngineSymbol } from '../../src/core/daemon/memory.ts';
import { STRAY_CANCEL_MS } from '../../src/core/daemon/symbols.ts';
import { LISTING_PAUSE_MS, RULES_PAUSE_MS } from '../../src/core/daemon/timers.ts';
import { whyOf } from '../../src/core/error-text.ts';
import type { ExchangeFailure } from '../../src/core/failure.ts';
import type { PreparedOrder } from '../../src/core/journal-entry.ts';
import type { AccountName, ExchangeOrder, Instrument, OrderStatus } from '../../src/core/model.ts';
import type { Standing } from '../../src/core/modes.ts';
import { OPENINGS_STOPS_NOTE, type OpeningsStops } from '../../src/core/openings-stop.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { reason } from '../../src/core/reasons.ts';
import { DEAD_MAN_NOTE, RUN_NOTE } from '../../src/core/run-note.ts';
import type { SymbolMemory } from '../../src/core/symbol/memory.ts';
import { netLeftOf } from '../../src/core/symbol/report.ts';
import { alertTexts } from '../../src/notify/texts.ts';
import type { Heartbeat, SignedOrder } from '../../src/ports.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import {
  config,
  d,
  failed,
  fill,
  instrument,
  order,
  position,
  stateAfter,
  stateWith,
  strategy,
} from '../support/core.ts';
import { TestFailure, testBook, testOrder } from '../support/fake-exchange.ts';
import { Bench } from '../support/machine-bench.ts';
import { assertReadable, TransitionCoverage } from '../support/transition-coverage.ts';

const asked = (by: string) => reason('stop-asked', '13.1', { by });

const coverage = new TransitionCoverage(daemonMachine);
after(() => coverage.assertComplete());

const BNB = 'BNB_USDT_Perp';
const SOL = 'SOL_USDT_Perp';
const LOOP_MS = 2_000;
/** For tests that last hours: how often accounts are polled is nothing to them, and ten times as many polls are most of their time. */
const UNHURRIED = { settings: { loopIntervalMs: 10 * LOOP_MS, staleMs: 60_000 } };
const FINAL = ['filled', 'cancelled', 'rejected', 'refused', 'unsent', 'absent'];

interface WorldOptions {
  readonly settings?: Partial<DaemonSettings>;
  readonly heartbeat?: Heartbeat;
  readonly prepare?: () => Promise<readonly EngineSymbol[]>;
  readonly machine?: typeof daemonMachine;
  readonly takeUp?: (instrument: string) => EngineSymbol | null;
}

/** The daemon with its real children, in simulated time, on an exchange that takes orders and fills none. */
class World extends Bench {
  readonly actor: Actor<typeof daemonMachine>;
  readonly sentTexts: string[] = [];
  /** What the notifier does with a text. */
  onSend: () => Promise<void> = async () => {};
  /** What rests at the exchange, by client id. */
  readonly resting = new Map<string, { account: AccountName; order: ExchangeOrder }>();

  constructor(options: WorldOptions = {}) {
    super();
    this.time.increment(1_000);
    const symbols = [BNB, SOL].map((name) => ({
      config: config({ instrument: name }),
      instrument: instrument({ name }),
    }));
    this.exchange.onCreate = async (signed) => this.rest(signed);
    this.exchange.onOrder = async (_account, id) => this.resting.get(id)?.order ?? null;
    this.exchange.onOpenOrders = async (account) =>
      [...this.resting.values()]
        .filter((one) => one.account === account && one.order.status === 'OPEN')
        .map((one) => one.order);
    this.exchange.onCancel = async (_account, id) => {
      const found = this.resting.get(id);
      if (found) this.resting.set(id, { ...found, order: { ...found.order, status: 'CANCELLED' } });
    };
    this.actor = createActor(options.machine ?? daemonMachine, {
      clock: this.time,
      systemId: 'daemon',
      inspect: coverage.inspect,
      input: {
        exchange: this.exchange,
        journal: this.journal,
        notifier: {
          send: (text: string) => {
            this.sentTexts.push(text);
            return this.onSend();
          },
        },
        heartbeat: options.heartbeat ?? null,
        clock: this.clock,
        reporter: this.reporter,
        texts: alertTexts('en', 'test'),
        settings: {
          mode: 'test',
          strategy: strategy(),
          submission: { postOnlyMaxRetry: 5, orderTtlMs: 3_600_000 },
          loopIntervalMs: LOOP_MS,
          staleMs: 10_000,
          maxRuntimeMs: null,
          mmrAlertThreshold: d('0.7'),
          cancelOnStop: true,
          stopKeepStrategyOrders: 0,
          dailyReportAtMinutes: 540,
          ...options.settings,
        },
        prepare: options.prepare ?? (async () => symbols),
        takeUp: options.takeUp ?? (() => null),
        unsettled: () => this.unsettled(),
        lastSequence: () => null,
      },
    }).start();
  }

  /** As the journal of the product tells them. */
  unsettled(): PreparedOrder[] {
    const prepared = this.journal.latestOfEach('order.prepared').map((entry) => entry.body);
    return prepared.filter(
      ({ clientOrderId }) => !FINAL.includes(this.journal.latest('order.outcome', clientOrderId)?.body.outcome ?? ''),
    );
  }

  rest({ draft }: SignedOrder): ExchangeOrder {
    const { account, side, size, price, clientOrderId, instrument: name } = draft;
    const order = testOrder(clientOrderId, 'OPEN', { side, size, limitPrice: price, instrument: name });
    this.resting.set(clientOrderId, { account, order });
    return order;
  }

  get phase(): string {
    const { value } = this.actor.getSnapshot();
    return typeof value === 'string' ? value : Object.keys(value)[0]!;
  }

  symbol(name = BNB): SymbolMemory {
    return memoryOf(this.at(`symbol:${name}`))!;
  }

  /** The actor registered under that name; fails when there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: any child, to be sent impossible messages.
  at(systemId: string): any {
    const found = this.actor.system.get(systemId as never);
    assert.ok(found, `${systemId} is not there`);
    return found;
  }

  has(systemId: string): boolean {
    return this.actor.system.get(systemId as never) !== undefined;
  }

  /** Makes an actor throw, with a message nobody could send. */
  async breakActor(actor: string): Promise<void> {
    const role = actor.split(':')[0] as keyof typeof IMPOSSIBLE;
    this.at(actor).send(IMPOSSIBLE[role]);
    await this.settle();
  }

  failures(): string[] {
    return this.reported('actor.failed').map((fact) => fact.actor);
  }

  alerts(kind: string): string[] {
    return this.reported('alert.raised').flatMap(({ alert }) => (alert.kind === kind ? [alert.key] : []));
  }
}

/** A message each kind of actor cannot but throw at. */
const IMPOSSIBLE = {
  symbol: { type: 'snapshot.received' },
  gateway: { type: 'order.submit' },
  poller: { type: 'frame.received' },
  'alert-manager': { type: 'alert.raised' },
  heartbeat: { type: 'account.polled' },
} as const;

/** A world that has started and polled once, with quotes resting. */
async function trading(options: WorldOptions = {}): Promise<World> {
  const world = new World(options);
  await world.settle();
  await world.pass(3 * LOOP_MS, 100);
  assert.equal(world.phase, 'trading');
  return world;
}

const FAILURE: ExchangeFailure = {
  kind: 'unavailable',
  call: 'positions',
  account: 'A',
  code: null,
  why: failed('down'),
  message: 'down',
};

describe('11 the start', () => {
  it('trades once both accounts are in and the symbols are known', async () => {
    const world = new World();
    assert.equal(world.phase, 'starting');
    await world.settle();
    assert.equal(world.phase, 'trading');
    assert.deepEqual(world.reported('engine.started')[0]?.instruments, [BNB, SOL]);
    await world.pass(3 * LOOP_MS, 100);
    assert.equal(world.resting.size, 4, 'a pair of quotes for each symbol');
  });

  it('13.4 a run that trades notes its start and its stop; one that never traded notes nothing', async () => {
    const world = await trading();
    const note = () => world.journal.latest('note', RUN_NOTE)?.body;
    const startedAtMs = world.reported('engine.started')[0]!.atMs;
    assert.deepEqual(note(), { startedAtMs, stoppedAtMs: null, exitCode: null });
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(10_000, 100);
    const stoppedAtMs = world.reported('engine.stopped')[0]!.atMs;
    assert.deepEqual(note(), { startedAtMs, stoppedAtMs, exitCode: 0 });
    const unborn = new World({ prepare: () => Promise.reject(new Error('ECONNREFUSED')) });
    await unborn.settle();
    assert.equal(unborn.journal.latest('note', RUN_NOTE), null);
  });

  it('13.2 settings that do not fit the exchange end it with the exit code they carry', async () => {
    const failure = Object.assign(new Error('no such instrument'), { exitCode: 78 });
    const world = new World({ prepare: () => Promise.reject(failure) });
    await world.settle();
    assert.deepEqual(world.actor.getSnapshot().output, { exitCode: 78, failure: whyOf('no such instrument') });
  });

  it('13.2 any other failure to start is an exchange out of reach', async () => {
    const world = new World({ prepare: () => Promise.reject(new Error('ECONNREFUSED')) });
    await world.settle();
    assert.deepEqual(world.actor.getSnapshot().output, { exitCode: 69, failure: whyOf('ECONNREFUSED') });
    assert.equal(world.reported('engine.stopped')[0]?.exitCode, 69);
  });

  it('13.1 a stop before it trades cleans up all the same: a previous run may have left orders', async () => {
    const world = new World({ prepare: () => new Promise(() => {}) });
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    assert.equal(world.phase, 'cleaning');
    await world.pass(1_000, 100);
    assert.equal(world.actor.getSnapshot().status, 'done');
    assert.deepEqual(world.actor.getSnapshot().output, { exitCode: 0, failure: null });
    assert.equal(world.reported('cleanup.finished').length, 1);
  });

  describe('13.1 9.6 a stop before it trades, after a run that was killed', () => {
    const inDoubt = clientOrderIdOf('A', 'buy', 1n);
    const resting = clientOrderIdOf('B', 'sell', 2n);
    const over = clientOrderIdOf('A', 'buy', 3n);

    /** Its journal: one order that never appeared again, one that rests and one that is over. The lists do not show the first two. */
    const killed = (settings: Partial<DaemonSettings> = {}): World => {
      const world = new World({ prepare: () => new Promise(() => {}), settings });
      const atMs = world.clock.nowMs() - 5_000;
      world.journal.append([
        { kind: 'symbol.state', key: BNB, atMs, body: stateWith() },
        ...[inDoubt, resting, over].map((id) => ({
          kind: 'order.prepared' as const,
          key: id,
          atMs,
          body: sent(id, atMs),
        })),
        ...(['resting', 'cancelled'] as const).map((outcome, at) => {
          const clientOrderId = [resting, over][at]!;
          const body = { clientOrderId, outcome, detail: '', atMs };
          return { kind: 'order.outcome' as const, key: clientOrderId, atMs, body };
        }),
      ]);
      const known = (id: string, status: OrderStatus) => testOrder(id, status, { instrument: BNB });
      world.resting.set(resting, { account: 'B', order: known(resting, 'OPEN') });
      world.resting.set(over, { account: 'A', order: known(over, 'CANCELLED') });
      world.exchange.onOpenOrders = async () => [];
      return world;
    };
    const sent = (clientOrderId: string, sentAtMs: number): PreparedOrder => ({
      intent: {
        intentId: `${BNB}#${clientOrderId}`,
        instrument: BNB,
        account: clientOrderId === resting ? 'B' : 'A',
        side: clientOrderId === resting ? 'sell' : 'buy',
        size: d('1.5'),
        purpose: 'opening',
        guardPrice: null,
        nearerThanPrice: null,
        beyondPrice: null,
        rules: ['6.1'],
      },
      attempt: 1,
      clientOrderId,
      sequence: 1n,
      price: d(600),
      payload: '{}',
      sentAtMs,
      expirationMs: sentAtMs + 3_600_000,
    });

    it('fences the order in doubt, and cancels the one that rests though no list shows it', async () => {
      const world = killed();
      world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
      assert.equal(world.phase, 'cleaning');
      await world.pass(20_000, 100);
      const cancels = world.exchange.named('cancelOrder').map(({ args }) => `${args[0]} ${args[1]}`);
      assert.deepEqual([...new Set(cancels)].sort(), [`A ${inDoubt}`, `B ${resting}`].sort());
      const fences = world.exchange.named('cancelOrder').filter(({ args }) => args[2] !== undefined);
      assert.ok(fences.some(({ args }) => args[1] === inDoubt));
      assert.equal(world.resting.get(resting)?.order.status, 'CANCELLED');
      assert.deepEqual(world.reported('cleanup.finished')[0]?.left, []);
      assert.deepEqual(world.actor.getSnapshot().output, { exitCode: 0, failure: null });
    });

    it('13.2 lists the order in doubt where its fence was not taken', async () => {
      const world = killed();
      world.exchange.onCancel = () => Promise.reject(new TestFailure('unavailable', 'cancelOrder'));
      world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
      await world.pass(40_000, 250);
      assert.ok(world.reported('cleanup.finished')[0]?.left.some((order) => order.includes(inDoubt)));
      assert.equal(world.actor.getSnapshot().output?.exitCode, 1);
    });

    it('13.4 lists the nets that the journal knows, but for symbols that have left', async () => {
      const world = killed();
      const { lots, booked } = stateAfter([fill('A', 'buy', 1, 700)]);
      const body = stateWith({ lots, booked, unhedgedSinceMs: 1_000, acceptedMark: d(600) });
      const left = { ...body, instrument: SOL, left: true };
      const entries = [body, left].map((state) => ({
        kind: 'symbol.state' as const,
        key: state.instrument,
        body: state,
      }));
      world.journal.append(entries.map((entry) => ({ ...entry, atMs: world.clock.nowMs() })));
      world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
      await world.pass(20_000, 100);
      const nets = world
        .reported('net.left')
        .map((net) => [net.instrument, net.hedgeSide, String(net.usdt), net.sinceMs]);
      assert.deepEqual(nets, [[BNB, 'sell', '600', 1_000]]);
    });

    it('cancels nothing without CANCEL_ON_STOP', async () => {
      const world = killed({ cancelOnStop: false });
      world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
      await world.pass(20_000, 100);
      assert.deepEqual(world.exchange.named('cancelOrder'), []);
      assert.deepEqual(world.actor.getSnapshot().output, { exitCode: 0, failure: null });
    });

    it('13.2 says that the journal cannot be read, once, and cancels what the exchange lists', async () => {
      const world = killed();
      world.journal.refusesToRead = true;
      world.exchange.onOpenOrders = async (account) =>
        [...world.resting.values()]
          .filter((one) => one.account === account && one.order.status === 'OPEN')
          .map((one) => one.order);
      world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
      await world.pass(20_000, 100);
      assert.equal(world.reported('journal.failed').length, 1);
      assert.deepEqual(world.failures(), []);
      assert.equal(world.resting.get(resting)?.order.status, 'CANCELLED');
      assert.deepEqual(world.actor.getSnapshot().output, { exitCode: 1, failure: null });
    });
  });

  it('11.4 a foreign order is named once, however often it is seen', async () => {
    const world = new World();
    const foreign = testOrder('4711', 'OPEN', { orderId: '0x77', instrument: 'XRP_USDT_Perp' });
    world.exchange.onOpenOrders = async (account) => (account === 'A' ? [foreign] : []);
    await world.pass(4 * LOOP_MS, 100);
    assert.deepEqual(
      world.reported('order.foreign').map((fact) => [fact.account, fact.orderId]),
      [['A', '0x77']],
    );
    assert.deepEqual(world.alerts('foreign-order').length, 1);
    assert.deepEqual(world.exchange.named('cancelOrder'), []);
  });

  it('11.4 foreign orders seen before the matching engine has named them are named once each, by then', async () => {
    const world = new World();
    const two = (status: OrderStatus, orderId: (n: number) => string) => {
      return [1, 2].map((n) => testOrder(`471${n}`, status, { orderId: orderId(n), instrument: 'XRP_USDT_Perp' }));
    };
    let orders = two('PENDING', () => '0x00');
    world.exchange.onOpenOrders = async (account) => (account === 'A' ? orders : []);
    await world.pass(2 * LOOP_MS, 100);
    assert.deepEqual(world.alerts('foreign-order'), []);
    orders = two('OPEN', (n) => `0x0${n}`);
    await world.pass(2 * LOOP_MS, 100);
    assert.deepEqual(world.alerts('foreign-order'), ['foreign-order:A:0x01', 'foreign-order:A:0x02']);
    assert.equal(world.reported('order.foreign').length, 2);
  });

  it('11.4 foreign orders that rest without an order id are reported all the same, each by its client id', async () => {
    const world = new World();
    const one = (id: string) => testOrder(id, 'OPEN', { orderId: '0x00', instrument: 'XRP_USDT_Perp' });
    let orders = [one('4711')];
    world.exchange.onOpenOrders = async (account) => (account === 'A' ? orders : []);
    await world.pass(2 * LOOP_MS, 100);
    orders = [one('4711'), one('4712')];
    await world.pass(2 * LOOP_MS, 100);
    assert.deepEqual(world.alerts('foreign-order'), ['foreign-order:A:4711', 'foreign-order:A:4712']);
  });

  it('12 the margin alert is raised from the account summary and cleared by a better one', async () => {
    const world = await trading();
    const summary = (maintenance: string) => async () => ({
      totalEquity: d(1_000),
      maintenanceMargin: d(maintenance),
    });
    world.exchange.onSummary = summary('700');
    await world.pass(2 * LOOP_MS, 100);
    assert.equal(world.alerts('mmr').length, 2, 'once for each account');
    world.exchange.onSummary = summary('699');
    await world.pass(400_000, 1_000);
    assert.ok(world.reported('alert.resolved').some((fact) => fact.key === 'mmr:A'));
  });

  it('8.6 an account at the limit stops openings of every symbol before they decide, and its end lets them open', async () => {
    const openingsLimits = { marginRatio: d('0.5'), lossUsdt: null };
    const world = new World({ settings: { openingsLimits } });
    const summary = (maintenance: string) => async (account: AccountName) => ({
      totalEquity: d(1_000),
      maintenanceMargin: d(account === 'B' ? maintenance : '10'),
    });
    world.exchange.onSummary = summary('500');
    await world.settle();
    await world.pass(3 * LOOP_MS, 100);
    assert.equal(world.resting.size, 0, 'no opening, not even before the first poll of B was over');
    assert.deepEqual(world.alerts('openings-stopped'), ['openings-stopped:B']);
    assert.equal(world.symbol(SOL).openingsStop?.code, 'margin-stop');
    world.exchange.onSummary = summary('474');
    await world.pass(400_000, 1_000);
    assert.equal(world.resting.size, 4);
    assert.ok(world.reported('alert.resolved').some((fact) => fact.key === 'openings-stopped:B'));
    world.exchange.onSummary = summary('520');
    await world.pass(30_000, 1_000);
    assert.deepEqual(
      [...world.resting.values()].filter((one) => one.order.status === 'OPEN'),
      [],
    );
  });

  it('8.6 the loss of the day stops openings until it ends, and a start in between goes on with it', async () => {
    const settings = { openingsLimits: { marginRatio: null, lossUsdt: d(100) } };
    const world = await trading({ settings });
    const endsMs = world.clock.nowMs() + 600_000;
    const counted = (total: number) => world.actor.send({ type: 'money.counted', day: { total: d(total), endsMs } });
    counted(-99);
    assert.equal(world.symbol().openingsStop, null);
    counted(-100);
    counted(50);
    assert.equal(world.symbol().openingsStop?.code, 'loss-stop');
    assert.deepEqual([...new Set(world.alerts('openings-stopped'))], ['openings-stopped:loss']);
    const note = world.journal.latest('note', OPENINGS_STOPS_NOTE)?.body as OpeningsStops;
    assert.equal(note.loss?.untilMs, endsMs);
    const again = new World({ settings });
    again.journal.append([{ kind: 'note', key: OPENINGS_STOPS_NOTE, atMs: 0, body: note }]);
    await again.settle();
    await again.pass(3 * LOOP_MS, 100);
    assert.equal(again.resting.size, 0);
    await again.pass(600_000, 1_000);
    assert.equal(again.symbol().openingsStop, null);
    assert.equal(again.resting.size, 4);
  });

  it('17.4 the statement of yesterday is reported once a day, at the hour of the daily report, across restarts', async () => {
    const statement = {
      ...{
        day: '2026-11-29',
        isFinal: true,
        total: '12.3499',
        spread: '13',
        unwinds: '0',
        fees: '0.4',
        funding: '-1.05',
      },
      ...{ unrealised: null, differences: '0', volume: '24000', weekTotal: '80' },
    };
    const reported = (world: World) => world.sentTexts.filter((text) => text.includes('Statement of 2026-11-29'));
    const counted = (world: World) => {
      const day = { total: d(0), endsMs: world.clock.nowMs() + 1_000 };
      world.actor.send({ type: 'money.counted', day, statement });
    };
    const off = await trading();
    counted(off);
    await off.pass(60_000, 1_000);
    assert.equal(reported(off).length, 0);
    const early = Math.floor((off.clock.nowMs() / 60_000 + 480) % 1440) + 5;
    const settings = { dailyStatement: true, dailyReportAtMinutes: early };
    const world = await trading({ settings });
    counted(world);
    await world.pass(30_000, 1_000);
    assert.equal(reported(world).length, 0, 'its hour has not come');
    await world.pass(600_000, 10_000);
    for (let minute = 0; minute < 3; minute += 1) {
      counted(world);
      await world.pass(60_000, 1_000);
    }
    assert.equal(reported(world).length, 1);
    assert.match(reported(world)[0] ?? '', /12\.34 USDT earned\n.*funding -1\.05, unrealised not known/);
    const note = world.journal.latest('note', 'daily-statement');
    assert.ok(note);
    const again = new World({ settings });
    again.journal.append([{ kind: 'note', key: 'daily-statement', atMs: note.atMs, body: note.body }]);
    await again.settle();
    await again.pass(700_000, 10_000);
    counted(again);
    await again.pass(60_000, 1_000);
    assert.equal(reported(again).length, 0);
  });

  it('12.2 a symbol that does not begin, and a book that does not come, do not withhold the daily report', async () => {
    const world = new World();
    const { lots, booked } = stateAfter([fill('A', 'buy', 1, 700)]);
    const atMs = world.clock.nowMs() - 9 * 3_600_000;
    const body = stateWith({ lots, booked, unhedgedSinceMs: atMs });
    world.journal.append([{ kind: 'symbol.state', key: BNB, atMs, body }]);
    world.exchange.onBook = () => new Promise(() => {});
    world.exchange.onPositions = async (account) =>
      account === 'A' ? [position(1, { entryPrice: d(700), markPrice: d(600) })] : [];
    // SOL's order trades a little with every poll, so that the start goes on waiting (11.3).
    let traded = 0;
    world.exchange.onOpenOrders = async (account) => {
      traded += 1;
      const more = { instrument: SOL, size: d(100_000), tradedSize: d(traded), avgFillPrice: d(600) };
      return account === 'A' ? [testOrder(clientOrderIdOf('A', 'buy', 1n), 'OPEN', more)] : [];
    };
    await world.settle();
    await world.pass(595_000, 1_000);
    assert.equal(world.symbol(SOL).state.begun, false);
    const reports = () => world.sentTexts.filter((text) => text.includes('Daily report'));
    assert.equal(reports().length, 0);
    await world.pass(20_000, 1_000);
    assert.match(
      reports()[0] ?? '',
      /1 symbol unhedged>6h\n- BNB_USDT_Perp: to hedge, sell 1 BNB[\s\S]*best ask not known[\s\S]*\nnot known: SOL_USDT_Perp\n/,
    );
  });

  it('12.2 a symbol that was added while it runs is in the daily report', async () => {
    const engineSymbol = (name: string) => ({ config: config({ instrument: name }), instrument: instrument({ name }) });
    // 20:05 in Beijing, five minutes after the start.
    const dailyReportAtMinutes = 20 * 60 + 5;
    const world = new World({ prepare: async () => [engineSymbol(SOL)], settings: { dailyReportAtMinutes } });
    const { lots, booked } = stateAfter([fill('A', 'buy', 1, 700)]);
    const atMs = world.clock.nowMs() - 9 * 3_600_000;
    world.journal.append([
      { kind: 'symbol.state', key: BNB, atMs, body: stateWith({ lots, booked, unhedgedSinceMs: atMs }) },
    ]);
    world.exchange.onPositions = async (account) =>
      account === 'A' ? [position(1, { entryPrice: d(700), markPrice: d(600) })] : [];
    await world.settle();
    await world.pass(10_000, 1_000);
    world.actor.send({ type: 'symbols.steered', symbols: [engineSymbol(BNB)] });
    await world.pass(310_000, 1_000);
    const report = world.sentTexts.find((text) => text.includes('Daily report'));
    assert.match(report ?? '', /1 symbol unhedged>6h\n- BNB_USDT_Perp: to hedge, sell 1 BNB/);
  });

  it('12 clocks that differ too much are reported, and so is their recovery', async () => {
    const world = await trading();
    world.exchange.skewMs = 60_000;
    await world.pass(2 * LOOP_MS, 100);
    assert.equal(world.alerts('clock-skew').length, 1);
    world.exchange.skewMs = 0;
    await world.pass(400_000, 1_000);
    assert.ok(world.reported('alert.resolved').some((fact) => fact.key.startsWith('clock-skew')));
  });

  it('10.3 12 a failing call is alerted under its own name and cleared by the first good poll', async () => {
    const world = await trading();
    world.exchange.onPositions = (account) =>
      account === 'A' ? Promise.reject(new TestFailure('unavailable', 'positions', null, 'A')) : Promise.resolve([]);
    await world.pass(2 * LOOP_MS, 100);
    assert.deepEqual([...new Set(world.alerts('api-failure'))], ['api-failure:A:positions']);
    world.exchange.onPositions = async () => [];
    await world.pass(10 * LOOP_MS, 100);
    assert.ok(world.reported('alert.resolved').some((fact) => fact.key === 'api-failure:A:positions'));
  });

  it('10.3 12 a look-up that keeps failing is alerted again by its period, and resolved with the first that succeeds', async () => {
    const world = await trading();
    // Not among the open orders any more, and nobody says what became of it.
    world.exchange.onOpenOrders = async (account) =>
      [...world.resting.values()].filter((one) => one.account === account && account === 'B').map((one) => one.order);
    world.exchange.onOrder = (account) => Promise.reject(new TestFailure('unavailable', 'order', null, account));
    await world.pass(300_000, 500);
    assert.deepEqual(
      world.alerts('api-failure'),
      Array.from({ length: 3 }, () => 'api-failure:A:order'),
    );
    const resolved = () => world.reported('alert.resolved').map((fact) => fact.key);
    assert.deepEqual(resolved(), [], 'polls that are good otherwise end nothing');
    world.exchange.onOrder = async (_, id) => world.resting.get(id)?.order ?? null;
    await world.pass(30_000, 500);
    assert.deepEqual(resolved(), ['api-failure:A:order']);
  });

  it('3.1 10.3 12 a book that cannot be read while both accounts are flat is alerted by its period, and resolved', async () => {
    const world = new World();
    world.exchange.onBook = () => Promise.reject(new TestFailure('unavailable', 'book'));
    await world.pass(300_000, 500);
    assert.deepEqual(
      world.alerts('api-failure'),
      Array.from({ length: 3 }, () => 'api-failure:-:book'),
    );
    const said = world.reported('symbol.idle').filter((fact) => fact.instrument === BNB);
    assert.deepEqual(
      said.map(({ why }) => `${reasonText(why)} ${why.rule}`),
      ['no mark: the book cannot be read 3.1'],
    );
    world.exchange.onBook = async () => testBook('599.9', '600.1');
    await world.pass(30_000, 500);
    assert.equal(world.resting.size, 4);
    assert.deepEqual(
      world.reported('alert.resolved').map((fact) => fact.key),
      ['api-failure:-:book'],
    );
  });

  it('12 a failure reported twice is one failing call', async () => {
    const world = await trading();
    for (const inARow of [1, 2])
      world.actor.send({ type: 'account.failed', account: 'A', failure: FAILURE, inARow, atMs: world.clock.nowMs() });
    await world.settle();
    assert.deepEqual(world.actor.getSnapshot().context.memory.failing.A, ['api-failure:A:positions']);
  });

  it('9.8 a parked account is reported and alerted, and so is its end', async () => {
    const world = await trading();
    world.actor.send({ type: 'account.parked', account: 'B', failure: { ...FAILURE, kind: 'parked', account: 'B' } });
    world.actor.send({ type: 'account.unparked', account: 'B' });
    await world.settle();
    assert.equal(world.reported('account.parked').length, 1);
    assert.equal(world.reported('account.unparked').length, 1);
    assert.equal(world.alerts('account-parked').length, 1);
  });

  it('18.1 a journal out of reach is logged and alerted, and so is its end', async () => {
    const world = await trading();
    world.actor.send({ type: 'journal.reach', sinceMs: world.clock.nowMs(), why: whyOf('connection refused') });
    await world.pass(2 * LOOP_MS, 100);
    world.actor.send({ type: 'journal.reach', sinceMs: null, why: null });
    await world.pass(60_000, 1_000);
    assert.deepEqual(
      world.reported('journal.failed').map((fact) => fact.message),
      [whyOf('connection refused')],
    );
    assert.equal(world.alerts('journal-unreachable').length, 1);
    assert.ok(world.reported('alert.resolved').some((fact) => fact.key === 'journal-unreachable'));
  });

  it('9.8 12 a parked account is reported again as long as it is parked, whatever its reads fail on meanwhile', async () => {
    const world = await trading(UNHURRIED);
    const parked = new TestFailure('parked', 'positions', 1008, 'A');
    const down = new TestFailure('unavailable', 'positions', null, 'A');
    world.exchange.onPositions = (account) => (account === 'A' ? Promise.reject(parked) : Promise.resolve([]));
    await world.pass(1_900_000, 1_000);
    assert.equal(world.alerts('account-parked').length, 3, 'at once, after 900 s and after 1800 s');
    world.exchange.onPositions = (account) => (account === 'A' ? Promise.reject(down) : Promise.resolve([]));
    await world.pass(1_000_000, 1_000);
    assert.equal(world.alerts('account-parked').length, 4, 'nobody has said that it may go on');
    assert.equal(world.alerts('api-failure').length, 1, 'as it began; then caused by the wider one (12.1)');
    assert.equal(world.reported('account.parked').length, 1);
    world.exchange.onPositions = async () => [];
    await world.pass(60_000, 1_000);
    assert.deepEqual(
      world.reported('alert.resolved').map((fact) => fact.key),
      ['account-parked:A'],
    );
    world.exchange.onPositions = (account) => (account === 'A' ? Promise.reject(down) : Promise.resolve([]));
    await world.pass(60_000, 1_000);
    assert.equal(world.alerts('account-parked').length, 4, 'a failure of another kind parks nothing');
    assert.equal(world.alerts('api-failure').length, 2);
  });

  it('9.8 a poller that fails while its account is parked leaves nothing parked once it is answered', async () => {
    const world = await trading();
    const parked = new TestFailure('parked', 'positions', 1008, 'A');
    world.exchange.onPositions = (account) => (account === 'A' ? Promise.reject(parked) : Promise.resolve([]));
    await world.pass(2 * LOOP_MS, 100);
    assert.equal(world.at('gateway').getSnapshot().value, 'parked');
    world.exchange.onPositions = async () => [];
    await world.breakActor('poller:A');
    await world.pass(2 * LOOP_MS, 100);
    world.resting.clear();
    await world.pass(RESPAWN_PAUSES_MS[0]! + PARKED_RETRY_MS + 3 * LOOP_MS, 100);
    assert.deepEqual(world.failures(), ['poller:A']);
    assert.equal(world.at('gateway').getSnapshot().value, 'trading');
    assert.equal(world.reported('account.unparked').length, 1);
    assert.ok(world.reported('alert.resolved').some((fact) => fact.key === 'account-parked:A'));
  });

  it('9.8 an account that was never parked is not reported as answering again', async () => {
    const world = await trading();
    await world.breakActor('poller:A');
    world.resting.clear();
    await world.pass(10 * LOOP_MS, 100);
    assert.deepEqual(world.failures(), ['poller:A']);
    assert.deepEqual(world.reported('account.unparked'), []);
  });
});

describe('13.4 what remains open at a stop', () => {
  it('13.4 each net is in the last lines and the last message; what is hedged is not', async () => {
    const world = new World();
    const { lots, booked } = stateAfter([fill('A', 'buy', 1, 700)]);
    const sinceMs = world.clock.nowMs() - 3_600_000;
    const body = stateWith({ lots, booked, unhedgedSinceMs: sinceMs });
    world.journal.append([{ kind: 'symbol.state', key: BNB, atMs: sinceMs, body }]);
    world.exchange.onPositions = async (account) =>
      account === 'A' ? [position(1, { entryPrice: d(700), markPrice: d(600) })] : [];
    await world.settle();
    await world.pass(5 * LOOP_MS, 100);
    const known = world.symbol(BNB);
    const { bid, ask } = known.touch!;
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(DRAIN_LIMIT_MS + LAST_MESSAGES_MS, 100);
    const cost = d(700).minus(bid);
    const [left, ...others] = world.reported('net.left');
    assert.deepEqual(others, []);
    assert.deepEqual(
      [left?.instrument, left?.hedgeSide, String(left?.size), String(left?.usdt), left?.sinceMs],
      [BNB, 'sell', '1', '600', sinceMs],
    );
    assert.equal(String(left?.costUsdt), String(cost));
    assert.deepEqual(
      world.facts.slice(-2).map((fact) => fact.type),
      ['net.left', 'engine.stopped'],
    );
    assert.match(world.sentTexts.at(-1) ?? '', /Not hedged while the engine is stopped/);
    assert.ok(world.sentTexts.at(-1)?.includes(`cost at the touch ${cost.toFixed(2)} USDT`));

    // Bought back at the ask; not booked yet: no lot to compare with; no touch: no price.
    const short = stateAfter([fill('B', 'sell', 1, 500)]);
    const nowMs = world.clock.nowMs();
    const sold = { ...known, state: { ...known.state, ...short, orders: [] } };
    assert.equal(String(netLeftOf(sold, nowMs)?.costUsdt), String(ask.minus(500)));
    assert.equal(netLeftOf(sold, nowMs)?.hedgeSide, 'buy');
    assert.equal(netLeftOf({ ...sold, touch: null }, nowMs)?.costUsdt, null);
    const part = order('A', 'buy', 2, 500, { tradedSize: d('0.5') });
    const waiting = netLeftOf({ ...sold, state: { ...sold.state, orders: [part] } }, nowMs);
    assert.deepEqual([String(waiting?.size), waiting?.costUsdt], ['0.5', null]);
    assert.equal(netLeftOf({ ...sold, state: { ...sold.state, begun: false } }, nowMs), null);
  });
});

describe('2.1 the dead-man timers', () => {
  const sets = (world: World) => world.exchange.named('cancelOnDisconnect').map(({ args }) => args.join(' '));

  it('a clean stop switches them off last, once nothing of ours rests, and notes it', async () => {
    const world = await trading({ settings: { deadManMs: 60_000 } });
    assert.deepEqual(sets(world), ['A 60000', 'B 60000']);
    await world.pass(65_000, 500);
    assert.equal(sets(world).length, 6);
    world.exchange.onCountdown = async () => {
      assert.equal(
        [...world.resting.values()].some(({ order }) => order.status === 'OPEN'),
        false,
      );
    };
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(10_000, 100);
    assert.equal(world.phase, 'stopped');
    assert.deepEqual(sets(world).slice(6), ['A 0', 'B 0']);
    assert.deepEqual(world.journal.latest('note', DEAD_MAN_NOTE)?.body, { armed: false });
  });

  it('that they cannot be switched off is alerted, and the stop goes on', async () => {
    const world = await trading({ settings: { deadManMs: 60_000 } });
    world.exchange.onCountdown = () => Promise.reject(new Error('down'));
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(10_000, 100);
    assert.equal(world.phase, 'stopped');
    assert.deepEqual(sets(world).slice(2).sort(), ['A 0', 'A 0', 'B 0', 'B 0']);
    assert.deepEqual(world.alerts('dead-man-armed'), ['dead-man-armed']);
    assert.equal(world.journal.latest('note', DEAD_MAN_NOTE), null);
  });
});

describe('12.3 start, stop and take-over are messages', () => {
  const reported = (world: World) => world.sentTexts.filter((text) => /Started|Stopped/.test(text));

  it('12.3 a start tells, once every symbol knows, what is unhedged and what that costs at the touch; a stop too', async () => {
    const world = new World();
    const { lots, booked } = stateAfter([fill('A', 'buy', 1, 700)]);
    const body = stateWith({ lots, booked, unhedgedSinceMs: world.clock.nowMs() - 3_600_000 });
    world.journal.append([{ kind: 'symbol.state', key: BNB, atMs: 1, body }]);
    world.exchange.onPositions = async (account) =>
      account === 'A' ? [position(1, { entryPrice: d(700), markPrice: d(600) })] : [];
    world.exchange.onLastTouch = () => ({ bid: d(599), ask: d(601), atMs: world.clock.nowMs() });
    await world.settle();
    await world.pass(10 * LOOP_MS, 100);
    const [started, ...others] = reported(world);
    assert.deepEqual(others, []);
    assert.match(
      started!,
      /^\[.*\].*\nStarted, continuing the journal of an older version: 2 symbols\nUnhedged: 1, worth 600\.00 USDT, cost at the touch 101\.00 USDT\n/,
    );
    assert.match(
      started!,
      /- BNB_USDT_Perp: to hedge: sell 1 BNB, worth 600\.00 USDT, cost at the touch 101\.00 USDT, since/,
    );
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(DRAIN_LIMIT_MS + LAST_MESSAGES_MS, 100);
    assert.match(
      reported(world)[1]!,
      /Not hedged while the engine is stopped[\s\S]*\nStopped: SIGINT\nUnhedged: 1, worth 600\.00 USDT/,
    );
  });

  for (const [name, note, words] of [
    ['after a stop', { startedAtMs: 1, stoppedAtMs: 2, exitCode: 0 }, /Started: 2 symbols\nNothing is unhedged\./],
    [
      'after a crash',
      { startedAtMs: 1, stoppedAtMs: null, exitCode: null },
      /after a run that ended without a stop: 2 symbols\nNothing/,
    ],
  ] as const) {
    it(`12.3 ${name}`, async () => {
      const world = new World();
      world.journal.append([{ kind: 'note', key: RUN_NOTE, atMs: 1, body: note }]);
      await world.settle();
      await world.pass(10 * LOOP_MS, 100);
      assert.match(reported(world).join(), words);
    });
  }

  it('12.3 a symbol that does not find out where it stands holds the message up for a minute, and is named', async () => {
    const world = new World();
    world.exchange.onPositions = (account) => (account === 'B' ? new Promise(() => {}) : Promise.resolve([]));
    await world.settle();
    await world.pass(START_MESSAGE_MAX_MS - LOOP_MS, 500);
    assert.deepEqual(reported(world), []);
    await world.pass(30_000, 500);
    assert.match(reported(world).join(), /Not known yet: BNB_USDT_Perp, SOL_USDT_Perp/);
  });
});

describe('13.4 a fill that only the clean-up sees', () => {
  for (const fills of [['A'], ['A', 'B']] as const) {
    it(`13.4 is booked before what stays open is listed (${fills.join(' and ')})`, async () => {
      const world = await trading();
      const rest = [...world.resting.values()].filter(({ order }) => order.instrument === BNB);
      assert.deepEqual(rest.map(({ account }) => account).sort(), ['A', 'B']);
      // No poll comes back any more.
      world.exchange.onPositions = () => new Promise(() => {});
      const cancel = world.exchange.onCancel;
      world.exchange.onCancel = async (account, id, ...others) => {
        const found = rest.find(({ order }) => order.clientOrderId === id);
        if (found === undefined || !fills.some((one) => one === account)) return cancel(account, id, ...others);
        const { order } = found;
        const filled = { ...order, status: 'FILLED' as const, tradedSize: order.size, avgFillPrice: order.limitPrice };
        world.resting.set(id, { account, order: filled });
      };
      world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
      await world.pass(DRAIN_LIMIT_MS + LAST_MESSAGES_MS, 100);
      assert.equal(world.reported('fill.booked').length, fills.length);
      assert.deepEqual(
        world.reported('net.left').map(({ instrument, hedgeSide }) => [instrument, hedgeSide]),
        fills.length === 1
          ? [[BNB, rest.find(({ account }) => account === 'A')?.order.side === 'buy' ? 'sell' : 'buy']]
          : [],
      );
    });
  }
});

describe('13.5 a defect that nobody caught', () => {
  it('13.5 while trading: the stop of 13.1, an alert, exit code 70', async () => {
    const world = new World();
    await world.settle();
    await world.pass(3 * LOOP_MS, 100);
    assert.ok(world.resting.size > 0);
    world.actor.send({ type: 'defect.found', message: 'TypeError: x' });
    world.actor.send({ type: 'defect.found', message: 'TypeError: y' });
    await world.pass(DRAIN_LIMIT_MS + LAST_MESSAGES_MS, 100);
    assert.equal(world.actor.getSnapshot().output?.exitCode, 70);
    assert.ok(world.alerts('defect').includes('defect'));
    assert.match(world.sentTexts.join(), /A defect stops the engine/);
    for (const { order } of world.resting.values()) assert.equal(order.status, 'CANCELLED');
    assert.equal(reasonText(world.reported('engine.draining')[0]?.why ?? ''), 'a defect: TypeError: x');
  });

  it('13.5 before trading has begun likewise, though not all of it could be cancelled', async () => {
    const world = new World({ prepare: () => new Promise(() => {}) });
    world.exchange.onOpenOrders = () => Promise.reject(new TestFailure('unavailable', 'openOrders'));
    await world.settle();
    world.actor.send({ type: 'defect.found', message: 'TypeError: x' });
    await world.pass(60_000, 200);
    assert.equal(world.actor.getSnapshot().output?.exitCode, 70);
  });
});

describe('11.1 another engine places orders while this one runs', () => {
  const placed = (world: World, afterMs: number, n: bigint) => {
    const id = clientOrderIdOf('A', 'buy', n);
    const createTimeNs = BigInt(world.exchange.exchangeNowMs() + afterMs) * 1_000_000n;
    const order = testOrder(id, 'OPEN', { side: 'buy', instrument: BNB, size: d(1), limitPrice: d(50), createTimeNs });
    world.resting.set(id, { account: 'A', order });
    return id;
  };

  it('11.1 an alert; this engine’s own orders and those from before its start are none', async () => {
    const world = new World();
    const before = placed(world, -60_000, 5n);
    await world.settle();
    await world.pass(15 * LOOP_MS, 100);
    for (const [id, one] of world.resting) {
      const createTimeNs = BigInt(world.exchange.exchangeNowMs()) * 1_000_000n;
      if (id !== before) world.resting.set(id, { ...one, order: { ...one.order, createTimeNs } });
    }
    await world.pass(3 * LOOP_MS, 100);
    assert.ok(world.resting.size > 1, 'it has orders of its own');
    assert.deepEqual(world.alerts('other-engine'), []);
    placed(world, 0, 6n);
    await world.pass(3 * LOOP_MS, 100);
    assert.deepEqual(world.alerts('other-engine'), ['other-engine:A']);
  });

  it('18.2 none while the journal is out of reach: its orders may be the next holder’s, and this one may not know yet', async () => {
    const world = new World();
    await world.settle();
    await world.pass(15 * LOOP_MS, 100);
    world.actor.send({ type: 'journal.reach', sinceMs: world.clock.nowMs(), why: whyOf('no answer') });
    placed(world, 0, 6n);
    await world.pass(3 * LOOP_MS, 100);
    assert.deepEqual(world.alerts('other-engine'), []);
    world.actor.send({ type: 'journal.reach', sinceMs: null, why: null });
    placed(world, 0, 7n);
    await world.pass(3 * LOOP_MS, 100);
    assert.deepEqual(world.alerts('other-engine'), ['other-engine:A']);
  });
});

describe('16.3 own orders on an instrument that no symbol runs for', () => {
  const ETH = 'ETH_USDT_Perp';
  const id = clientOrderIdOf('A', 'buy', 77n);
  const rest = (world: World, over: Partial<ExchangeOrder> = {}, name = id) => {
    const size = { size: d(1), limitPrice: d(99), ...over };
    const order = testOrder(name, 'OPEN', { side: 'buy', instrument: ETH, ...size });
    world.resting.set(name, { account: 'A', order });
  };
  const eth = (over: Partial<EngineSymbol> = {}): EngineSymbol => ({
    config: config({ instrument: ETH, enabled: false, minTotalPositionUsdt: d(0) }),
    instrument: instrument({ name: ETH }),
    leaving: 'removed',
    ...over,
  });

  it('16.3 one that appears while running is taken up, cancelled, and the symbol leaves again', async () => {
    const asked: string[] = [];
    const world = new World({
      takeUp: (name) => {
        asked.push(name);
        return eth();
      },
    });
    await world.settle();
    await world.pass(2 * LOOP_MS, 100);
    assert.deepEqual(asked, []);
    rest(world);
    await world.pass(10 * LOOP_MS, 100);
    assert.equal(world.resting.get(id)?.order.status, 'CANCELLED');
    assert.deepEqual(asked, [ETH]);
    assert.deepEqual(
      world.reported('symbol.leaving').map((fact) => fact.instrument),
      [ETH],
    );
    assert.deepEqual(
      world.reported('symbol.left').map((fact) => fact.instrument),
      [ETH],
    );
    const { memory } = world.actor.getSnapshot().context;
    assert.deepEqual(
      memory.symbols.map((symbol) => symbol.config.instrument),
      [BNB, SOL],
    );
    assert.equal(world.actor.system.get(`symbol:${ETH}` as never), undefined);
    const created = world.exchange.named('createOrder').map(({ args }) => (args[0] as SignedOrder).draft.instrument);
    assert.ok(!created.includes(ETH), 'never opened');
    // A second order of the same instrument begins it again.
    const second = clientOrderIdOf('A', 'buy', 78n);
    rest(world, {}, second);
    await world.pass(10 * LOOP_MS, 100);
    assert.equal(world.resting.get(second)?.order.status, 'CANCELLED');
  });

  it('16.3 one of an instrument nobody knows is cancelled, with an alert that ends with it', async () => {
    const world = new World();
    let refusals = 2;
    const cancel = world.exchange.onCancel;
    world.exchange.onCancel = async (account, one) => {
      refusals -= 1;
      if (refusals < 0) return cancel(account, one);
      throw new TestFailure('refused', 'cancelOrder', 2300, 'A');
    };
    rest(world, { instrument: 'OLD_USDT_Perp' });
    await world.settle();
    await world.pass(STRAY_CANCEL_MS + 5 * LOOP_MS, 100);
    assert.deepEqual(world.alerts('stray-order'), [`stray-order:A:${id}`]);
    await world.pass(3 * STRAY_CANCEL_MS, 100);
    assert.equal(world.resting.get(id)?.order.status, 'CANCELLED');
    assert.equal(world.reported('order.stray').length, 1, 'said once');
    await world.pass(400_000, 1_000);
    assert.ok(world.reported('alert.resolved').some((fact) => fact.key === `stray-order:A:${id}`));
  });

  it('16.3 a stop takes nothing up: its clean-up cancels on every instrument', async () => {
    const world = new World({ takeUp: () => eth() });
    await world.settle();
    await world.pass(2 * LOOP_MS, 100);
    world.exchange.onCancel = async () => {};
    world.actor.send({ type: 'stop.requested', why: asked('test') });
    rest(world);
    await world.pass(3 * LOOP_MS, 100);
    assert.deepEqual(world.reported('symbol.leaving'), []);
  });
});

describe('16.2 commands', () => {
  const ETH = 'ETH_USDT_Perp';
  const HOUR = 3_600_000;
  const given = (world: World, verb: Standing['verb'], untilMs: number | null = null): Standing => {
    return { verb, sinceMs: world.clock.nowMs(), untilMs, by: 'ann', why: null };
  };
  const steer = (world: World, standing: readonly Standing[], name = BNB) => {
    const { symbols } = world.actor.getSnapshot().context.memory;
    const steered = symbols.filter(({ config }) => config.instrument === name);
    world.actor.send({ type: 'symbols.steered', symbols: steered.map((one) => ({ ...one, standing })) });
  };
  const remembered = (world: World, name = BNB) =>
    world.journal
      .latest('command', name)
      ?.body.standing.map(({ verb, overdue }) => `${verb}${overdue ? ' overdue' : ''}`);

  it('16.2 a command reaches its symbol alone, and outlives the actor', async () => {
    const world = await trading();
    steer(world, [given(world, 'pause')]);
    assert.equal(world.symbol().standing?.[0]?.verb, 'pause');
    assert.equal(world.symbol(SOL).standing, undefined);
    await world.breakActor(`symbol:${BNB}`);
    await world.pass(LOOP_MS, 100);
    assert.equal(world.symbol().standing?.[0]?.verb, 'pause');
  });

  it('12.3 a change of mode is one message, of its end too, with what is unhedged; a stricter one that holds already is none', async () => {
    const world = await trading();
    await world.pass(4 * LOOP_MS, 100);
    const reported = () => world.sentTexts.filter((text) => /mode (pause|hold|hedge-only|trade|flatten)/.test(text));
    steer(world, [given(world, 'pause', world.clock.nowMs() + 20_000)]);
    await world.pass(10_000, 100);
    assert.match(reported().join(), /BNB_USDT_Perp: mode pause \(ann\), until .*\nNothing is unhedged\./);
    const [pause] = world.symbol().standing!;
    steer(world, [pause!, given(world, 'hedge-only')]);
    await world.pass(5_000, 100);
    assert.equal(reported().length, 1, 'it is paused as before');
    await world.pass(15_000, 100);
    assert.match(reported()[1] ?? '', /BNB_USDT_Perp: mode hedge-only \(ann\)\nNothing/);
    assert.equal(reported().length, 2);
  });

  it('16.2 each ends at its time, that one alone, which is journalled and said', async () => {
    const world = await trading();
    const now = world.clock.nowMs();
    steer(world, [given(world, 'pause', now + 10_000), given(world, 'hedge-only', now + 20_000)]);
    await world.pass(11_000, 100);
    assert.deepEqual(remembered(world), ['hedge-only']);
    assert.equal(world.symbol().standing?.length, 1);
    await world.pass(10_000, 100);
    assert.deepEqual(remembered(world), []);
    assert.deepEqual(
      world.reported('command.ended').map(({ verb, how }) => `${verb} ${how}`),
      ['pause time', 'hedge-only time'],
    );
  });

  it('16.2 though the journal cannot be written it ends, with an alert', async () => {
    const world = await trading();
    steer(world, [given(world, 'pause', world.clock.nowMs() + 1_000)]);
    world.journal.refuses = ({ kind }) => kind === 'command';
    await world.pass(2_000, 100);
    assert.deepEqual(world.symbol().standing, []);
    assert.ok(world.reported('journal.failed').length > 0);
    assert.deepEqual(world.alerts('journal-failed'), ['journal-failed']);
  });

  it('16.2 an end weeks ahead is looked for every hour', async () => {
    const world = await trading(UNHURRIED);
    steer(world, [given(world, 'pause', world.clock.nowMs() + 1.5 * HOUR)]);
    world.actor.send({ type: 'commands.due' });
    assert.equal(world.symbol().standing?.length, 1);
    await world.pass(1.5 * HOUR + 1_000, 20_000);
    assert.deepEqual(world.symbol().standing, []);
  });

  it('16.2 at the deadline of flatten what remains is listed once, and it goes on', async () => {
    const world = new World();
    world.exchange.onPositions = async (account) => [position(account === 'A' ? 5 : -5)];
    await world.settle();
    await world.pass(3 * LOOP_MS, 100);
    steer(world, [given(world, 'flatten', world.clock.nowMs() + 1_000)]);
    await world.pass(10_000, 100);
    assert.deepEqual(remembered(world), ['flatten overdue']);
    assert.equal(world.reported('flatten.overdue').length, 1);
    assert.equal(world.symbol().standing?.[0]?.verb, 'flatten');
  });

  it('16.2 flatten is done: the symbol pauses from then on; what else is in force stays', async () => {
    const world = await trading();
    world.actor.send({ type: 'symbol.flattened', instrument: BNB });
    assert.equal(remembered(world), undefined, 'nobody asked for it');
    steer(world, [given(world, 'hedge-only'), given(world, 'flatten')]);
    world.actor.send({ type: 'symbol.flattened', instrument: BNB });
    assert.deepEqual(remembered(world), ['hedge-only', 'pause']);
    assert.deepEqual(
      world.symbol().standing?.map(({ verb }) => verb),
      ['hedge-only', 'pause'],
    );
    assert.deepEqual(
      world.reported('command.ended').map(({ verb, how }) => `${verb} ${how}`),
      ['flatten done'],
    );
  });

  it('16.4 a symbol that does not run is started, and polled for', async () => {
    const world = await trading();
    const symbol = { config: config({ instrument: ETH }), instrument: instrument({ name: ETH }) };
    world.actor.send({ type: 'symbols.steered', symbols: [symbol] });
    await world.pass(4 * LOOP_MS, 100);
    const quotes = [...world.resting.values()].filter(({ order }) => order.instrument === ETH);
    assert.equal(quotes.length, 2);
  });

  it('16.4 settings that were read again reach every actor, and those that are started later', async () => {
    const world = await trading();
    const { settings, texts } = world.actor.getSnapshot().context.memory;
    const changed = {
      ...settings,
      strategy: strategy({ postOnlyCooldownMs: 1, stuckMs: 7 }),
      staleMs: 77_000,
      loopIntervalMs: 5 * LOOP_MS,
      dailyReportAtMinutes: 3,
    };
    const words = { ...texts };
    world.actor.send({ type: 'settings.changed', settings: changed, texts: words });
    const known = () =>
      [SOL, BNB].map((name) => world.symbol(name)).map((one) => [one.strategy.postOnlyCooldownMs, one.staleMs]);
    assert.deepEqual(known(), [
      [1, 77_000],
      [1, 77_000],
    ]);
    const { tuning } = world.at('alert-manager').getSnapshot().context.memory;
    assert.deepEqual(tuning, { texts: words, dailyReportAtMinutes: 3, stuckMs: 7 });
    assert.equal(world.at('poller:A').getSnapshot().context.memory.loopIntervalMs, 5 * LOOP_MS);
    await world.breakActor(`symbol:${SOL}`);
    await world.pass(LOOP_MS, 100);
    assert.equal(world.symbol(SOL).strategy.postOnlyCooldownMs, 1);
  });

  it('16.4 another MAX_RUNTIME counts from the start; without one it goes on', async () => {
    const world = new World({ settings: { maxRuntimeMs: 30_000 } });
    await world.pass(20_000, 500);
    const { settings, texts } = world.actor.getSnapshot().context.memory;
    world.actor.send({ type: 'settings.changed', settings: { ...settings, maxRuntimeMs: null }, texts });
    await world.pass(20_000, 500);
    assert.equal(world.phase, 'trading');
    world.actor.send({ type: 'settings.changed', settings: { ...settings, maxRuntimeMs: 50_000 }, texts });
    await world.pass(5_000, 500);
    assert.equal(world.phase, 'trading');
    await world.pass(20_000, 100);
    assert.equal(reasonText(world.reported('engine.draining')[0]?.why ?? ''), 'the run time of 50 s is over');
  });

  it('16.3 a symbol that has left takes its commands along', async () => {
    const world = await trading();
    const { symbols } = world.actor.getSnapshot().context.memory;
    const standing = [given(world, 'hedge-only')];
    const steered = symbols
      .filter(({ config: { instrument: name } }) => name === SOL)
      .map((one) => ({ ...one, leaving: 'removed' as const, standing }));
    world.actor.send({ type: 'symbols.steered', symbols: steered });
    await world.pass(6 * LOOP_MS, 100);
    assert.ok(!world.has(`symbol:${SOL}`));
    assert.deepEqual(remembered(world, SOL), []);
    assert.equal(world.reported('command.ended')[0]?.how, 'left');
  });
});

describe('11.6 a symbol the exchange does not list any more', () => {
  const rules = (name: string) => instrument({ name });
  const restarted = async (): Promise<World> => {
    const symbols = [BNB, SOL].map((name) => ({ config: config({ instrument: name }), instrument: rules(name) }));
    const world = new World({
      prepare: async () => symbols.map((one, at) => (at === 0 ? { ...one, unlisted: true } : one)),
    });
    world.exchange.onInstruments = async () => [rules(SOL)];
    await world.settle();
    await world.pass(3 * LOOP_MS, 100);
    return world;
  };
  const traded = (world: World) =>
    [...new Set([...world.resting.values()].map(({ order }) => order.instrument))].sort();

  it('places nothing and is reported, while the others trade and the list is read once a minute', async () => {
    const world = await restarted();
    assert.deepEqual(traded(world), [SOL]);
    assert.deepEqual(world.alerts('instrument-unlisted'), [`instrument-unlisted:${BNB}`]);
    assert.equal(world.exchange.named('book').filter(({ args }) => args[0] === BNB).length, 0);
    assert.equal(world.exchange.named('instruments').length, 0);
    await world.pass(3 * LISTING_PAUSE_MS, 1_000);
    assert.equal(world.exchange.named('instruments').length, 3);
    assert.deepEqual(traded(world), [SOL]);
  });

  it('trades as soon as it is listed again, by the rules it has then, and nobody reads the list any more', async () => {
    const world = await restarted();
    world.exchange.onInstruments = async () => [rules(SOL), { ...rules(BNB), tickSize: d('0.5') }];
    await world.pass(LISTING_PAUSE_MS + 2 * LOOP_MS, 100);
    assert.deepEqual(traded(world), [BNB, SOL]);
    assert.equal(world.symbol(BNB).instrument.tickSize.toFixed(), '0.5');
    for (const { draft } of world.exchange.named('createOrder').map(({ args }) => args[0] as SignedOrder)) {
      if (draft.instrument === BNB) assert.ok(draft.price.mod('0.5').isZero(), draft.price.toFixed());
    }
    await world.pass(400_000, 1_000);
    assert.equal(world.exchange.named('instruments').length, 1);
    assert.ok(world.reported('alert.resolved').some((fact) => fact.key === `instrument-unlisted:${BNB}`));
  });

  it('10.3 a list that cannot be read is reported, and read again', async () => {
    const world = await restarted();
    world.exchange.onInstruments = () => Promise.reject(new TestFailure('unavailable', 'instruments', null, null));
    await world.pass(2 * LISTING_PAUSE_MS, 1_000);
    const said = world.reported('listing.failed');
    assert.deepEqual(
      said.map((fact) => fact.inARow),
      [1, 2],
    );
    world.exchange.onInstruments = async () => [rules(SOL), rules(BNB)];
    await world.pass(LISTING_PAUSE_MS + 2 * LOOP_MS, 100);
    assert.deepEqual(traded(world), [BNB, SOL]);
  });

  it('that failed meanwhile starts again as what it is by then', async () => {
    const world = await restarted();
    await world.breakActor(`symbol:${BNB}`);
    await world.pass(RESPAWN_PAUSES_MS[0]! + 3 * LOOP_MS, 100);
    assert.deepEqual(traded(world), [SOL]);
    world.exchange.onInstruments = async () => [rules(SOL), rules(BNB)];
    await world.pass(LISTING_PAUSE_MS + 2 * LOOP_MS, 100);
    assert.deepEqual(traded(world), [BNB, SOL]);
    await world.breakActor(`symbol:${BNB}`);
    await world.pass(RESPAWN_PAUSES_MS[1]! + LOOP_MS, 100);
    assert.ok(!world.symbol(BNB).unlisted);
  });
});

describe('11.8 rules that the exchange changes', () => {
  const listing = (tickSize: string) => [BNB, SOL].map((name) => instrument({ name, tickSize: d(tickSize) }));

  it('are read every hour, logged, and apply to the next order', async () => {
    const world = await trading(UNHURRIED);
    world.exchange.onInstruments = async () => listing('0.5');
    await world.pass(RULES_PAUSE_MS - 60_000, 10_000);
    assert.equal(world.reported('instrument.changed').length, 0);
    await world.pass(70_000, 1_000);
    assert.deepEqual(
      world.reported('instrument.changed').map(({ instrument: name, changes }) => [name, changes]),
      [BNB, SOL].map((name) => [name, [{ rule: 'tick_size', from: '0.1', to: '0.5' }]]),
    );
    assert.equal(world.symbol(BNB).instrument.tickSize.toFixed(), '0.5');
    assert.equal(world.exchange.named('instruments').length, 1);
  });

  it('11.6 one that is not among them any more is marked unlisted, looked for every minute, and trades once it is back', async () => {
    const world = await trading(UNHURRIED);
    const both = listing('0.1');
    world.exchange.onInstruments = async () => both.filter(({ name }) => name !== SOL);
    await world.pass(RULES_PAUSE_MS + 10_000, 5_000);
    assert.deepEqual(
      [BNB, SOL].map((name) => world.symbol(name).unlisted),
      [undefined, true],
    );
    assert.deepEqual(world.alerts('instrument-unlisted'), [`instrument-unlisted:${SOL}`]);
    world.exchange.onInstruments = async () => both;
    await world.pass(LISTING_PAUSE_MS + 10_000, 1_000);
    assert.equal(world.symbol(SOL).unlisted, false);
  });

  it('11.6 a list that cannot be read marks nothing', async () => {
    const world = await trading(UNHURRIED);
    world.exchange.onInstruments = async () => {
      throw new Error('down');
    };
    await world.pass(RULES_PAUSE_MS + 10_000, 5_000);
    assert.ok([BNB, SOL].every((name) => !world.symbol(name).unlisted));
  });

  it('9.5 are read at once after a refusal that doubts them, once more for a doubt that comes meanwhile', async () => {
    const world = await trading();
    let answer: (listed: readonly Instrument[]) => void = () => {};
    world.exchange.onInstruments = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    for (const name of [BNB, SOL, BNB]) world.actor.send({ type: 'rules.doubted', instrument: name });
    await world.settle();
    assert.equal(world.exchange.named('instruments').length, 1);
    answer(listing('0.1'));
    await world.pass(100, 50);
    assert.equal(world.exchange.named('instruments').length, 2);
    answer(listing('0.2'));
    await world.pass(100, 50);
    assert.equal(world.exchange.named('instruments').length, 2);
    assert.equal(world.symbol(SOL).instrument.tickSize.toFixed(), '0.2');
    assert.equal(world.reported('instrument.changed').length, 2);
  });
});

describe('9.13 an account that may only reduce', () => {
  it('what one symbol has learnt is reported to the others', async () => {
    const world = await trading();
    const demand = { account: 'B', sinceMs: 1, nextTryMs: world.clock.nowMs() + 1_000 } as const;
    world.actor.send({ type: 'reduce-only.changed', account: 'B', instrument: BNB, demand });
    await world.settle();
    assert.deepEqual(world.symbol(SOL).state.reduceOnly, [demand]);
    assert.deepEqual(world.symbol(BNB).state.reduceOnly ?? [], []);
  });
});

describe('9.5 orders that the exchange ends', () => {
  const ends = (world: World, reason: string, count: number, from = 0) => {
    for (let index = from; index < from + count; index += 1) {
      const atMs = world.clock.nowMs();
      world.actor.send({ type: 'order.ended', instrument: `SYM${index}`, reason, atMs });
    }
  };

  it('for one reason on more than five symbols within 10 s are one alert, over a minute after the last', async () => {
    const world = await trading();
    ends(world, 'SYSTEM_FAILOVER', 5);
    ends(world, 'SYSTEM_FAILOVER', 5);
    ends(world, 'BELOW_MARGIN', 1, 9);
    await world.settle();
    assert.deepEqual(world.alerts('orders-ended'), []);
    ends(world, 'SYSTEM_FAILOVER', 1, 5);
    await world.settle();
    assert.deepEqual(world.alerts('orders-ended'), ['orders-ended:SYSTEM_FAILOVER']);
    await world.pass(ENDS_OVER_MS + 30_000, 1_000);
    assert.ok(world.reported('alert.resolved').some(({ key }) => key === 'orders-ended:SYSTEM_FAILOVER'));
  });

  it('on as many symbols in a longer time are not', async () => {
    const world = await trading();
    ends(world, 'SYSTEM_FAILOVER', 3);
    await world.pass(11_000, 500);
    ends(world, 'SYSTEM_FAILOVER', 3, 3);
    await world.settle();
    assert.deepEqual(world.alerts('orders-ended'), []);
  });
});

describe('15 an invariant that broke', () => {
  it('stops new orders of its symbol, alerts, and ends the run with exit code 1', async () => {
    const world = await trading();
    world.actor.send({ type: 'invariant.broken', invariant: 'I2', instrument: BNB, detail: 'sold below' });
    await world.settle();
    assert.equal(world.symbol(BNB).halted, true);
    assert.equal(world.symbol(SOL).halted, false);
    assert.equal(world.reported('invariant.broken').length, 1);
    assert.equal(world.alerts('invariant-broken').length, 1);
    world.actor.send({ type: 'stop.requested', why: asked('SIGTERM') });
    await world.pass(10_000, 100);
    assert.equal(world.actor.getSnapshot().output?.exitCode, 1);
  });

  it('of no symbol in particular, stops them all', async () => {
    const world = await trading();
    world.actor.send({ type: 'invariant.broken', invariant: 'I8', instrument: null, detail: 'a foreign cancel' });
    await world.settle();
    assert.deepEqual([world.symbol(BNB).halted, world.symbol(SOL).halted], [true, true]);
  });
});

describe('supervision', () => {
  const actors = [`symbol:${BNB}`, 'poller:A', 'poller:B', 'gateway', 'alert-manager', 'heartbeat'];
  for (const actor of actors) {
    it(`${actor} that throws is reported, and started again after its pause under its own name`, async () => {
      const world = await trading({ heartbeat: { beat: async () => {} } });
      const siblings = new Map(actors.filter((one) => one !== actor).map((one) => [one, world.at(one)]));
      const former = world.at(actor);
      await world.breakActor(actor);
      if (actor === 'poller:A' || actor === 'poller:B') {
        world.resting.clear();
        await world.pass(LOOP_MS, 100);
      }
      assert.deepEqual(world.failures(), [actor]);
      if (actor !== 'alert-manager') assert.deepEqual(world.alerts('actor-failed'), [`actor-failed:${actor}`]);
      await world.pass(RESPAWN_PAUSES_MS[0]! + 10, 10);
      assert.notEqual(world.at(actor), former);
      assert.equal(world.at(actor).getSnapshot().status, 'active');
      for (const [name, ref] of siblings) {
        assert.equal(world.at(name), ref, `${name} was touched`);
        assert.equal(ref.getSnapshot().status, 'active', name);
      }
      await world.pass(3 * LOOP_MS, 100);
      assert.deepEqual(world.failures(), [actor], 'once');
      assert.equal(world.phase, 'trading');
    });
  }

  it('its pauses grow while it goes on failing, and begin again after a calm time', async () => {
    const world = await trading();
    const actor = `symbol:${BNB}`;
    for (const pauseMs of [...RESPAWN_PAUSES_MS, RESPAWN_PAUSES_MS.at(-1)!]) {
      await world.breakActor(actor);
      await world.pass(pauseMs - 10, Math.max(10, pauseMs / 20));
      assert.equal(world.has(actor), false, `back before ${pauseMs} ms`);
      await world.pass(20);
      assert.equal(world.has(actor), true, `not back after ${pauseMs} ms`);
    }
    await world.pass(RESPAWN_FORGIVEN_MS, 2_000);
    await world.breakActor(actor);
    await world.pass(RESPAWN_PAUSES_MS[0]! + 10, 10);
    assert.equal(world.has(actor), true);
  });

  it('a symbol begins again from the journal: its orders and lots are what they were', async () => {
    const world = await trading();
    const before = world.symbol().state;
    assert.equal(before.orders.length, 2);
    const creates = world.exchange.sent().length;
    await world.breakActor(`symbol:${BNB}`);
    await world.pass(3 * LOOP_MS, 100);
    assert.deepEqual(
      world.symbol().state.orders.map((order) => order.clientOrderId),
      before.orders.map((order) => order.clientOrderId),
    );
    assert.equal(world.exchange.sent().length, creates, 'nothing is sent again');
  });

  it('9.6 an intent under way when the gateway dies is found out by the next one, and sent no second time', async () => {
    const world = new World();
    const answers: (() => void)[] = [];
    world.exchange.onCreate = (signed) =>
      new Promise((resolve) => {
        const order = world.rest(signed);
        answers.push(() => resolve(order));
      });
    await world.pass(500, 50);
    const sent = world.exchange.sent().map((draft) => draft.clientOrderId);
    assert.equal(sent.length, 4, 'one submission of each account and symbol is in flight');
    const queued = world.symbol(BNB).underWay.length + world.symbol(SOL).underWay.length;
    assert.equal(queued, 4);
    world.exchange.onCreate = async (signed) => world.rest(signed);
    await world.breakActor('gateway');
    await world.pass(RESPAWN_PAUSES_MS[0]! + 200, 10);
    const resolved = world.reported('order.resolved').map((fact) => fact.clientOrderId);
    assert.deepEqual(resolved.sort(), [...sent].sort());
    await world.pass(5 * LOOP_MS, 100);
    for (const name of [BNB, SOL]) {
      const { state, underWay } = world.symbol(name);
      assert.deepEqual(underWay, []);
      assert.equal(state.orders.length, 2, `${name}: one order per account`);
      assert.ok(state.orders.every((order) => !order.unknown));
    }
    assert.equal(world.exchange.sent().length, 4, 'none was sent again');
    for (const answer of answers) answer();
    await world.pass(2 * LOOP_MS, 100);
    assert.equal(world.exchange.sent().length, 4, 'late answers to the former gateway change nothing');
  });

  /** A world whose creates wait for their permits, and what lets those go that wait now, and no later one wait. */
  async function waiting(): Promise<{ world: World; grant: () => void }> {
    const world = new World();
    const permits: (() => void)[] = [];
    world.exchange.onPermit = () => new Promise((resolve) => permits.push(resolve));
    await world.settle();
    for (let i = 0; i < 100 && permits.length < 4; i++) await world.pass(20, 10);
    assert.equal(permits.length, 4, 'one submission of each account and symbol waits');
    await world.breakActor('gateway');
    world.exchange.onPermit = () => null;
    return { world, grant: () => permits.forEach((permit) => void permit()) };
  }

  it('9.1 13.1 creates of a failed gateway that still wait do not leave once the engine stops', async () => {
    const { world, grant } = await waiting();
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(2_500, 50);
    grant();
    await world.pass(60_000, 250);
    assert.equal(world.exchange.sent().length, 0);
    assert.equal(world.actor.getSnapshot().output?.exitCode, 0);
  });

  it('9.1 9.6 creates of a failed gateway do not leave after its replacement has proven them absent', async () => {
    const { world, grant } = await waiting();
    const waited = world.unsettled().map((order) => order.clientOrderId);
    await world.pass(6_500, 50);
    const resolved = world.reported('order.resolved').filter((fact) => fact.outcome === 'absent');
    assert.deepEqual(resolved.map((fact) => fact.clientOrderId).sort(), [...waited].sort());
    grant();
    await world.pass(LOOP_MS, 100);
    const sent = world.exchange.sent().map((draft) => draft.clientOrderId);
    assert.deepEqual(
      sent.filter((id) => waited.includes(id)),
      [],
    );
  });

  it('9.1 9.2 a submission of a failed gateway that waits for its next attempt makes none, and takes no number', async () => {
    const world = new World();
    const { onCreate } = world.exchange;
    world.exchange.onCreate = async ({ draft: { clientOrderId, instrument: name, side } }) =>
      testOrder(clientOrderId, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY', instrument: name, side });
    await world.settle();
    for (let i = 0; i < 100 && world.exchange.sent().length === 0; i++) await world.pass(20, 10);
    await world.breakActor('gateway');
    world.exchange.onCreate = onCreate;
    await world.pass(3 * LOOP_MS, 10);
    const prepared = world.journal.latestOfEach('order.prepared').map((entry) => entry.body);
    assert.deepEqual(
      prepared.filter((order) => order.attempt > 1),
      [],
    );
    const ids = world.exchange.sent().map((draft) => draft.clientOrderId);
    assert.equal(new Set(ids).size, ids.length);
    const open = [...world.resting.values()].filter(({ order }) => order.status === 'OPEN');
    assert.equal(open.length, 4, 'one order per account and symbol');
  });

  it('10.2 a poller that replaces a failed one knows what to look for', async () => {
    const world = await trading();
    const watched = world.symbol().state.orders.filter((order) => order.account === 'A');
    assert.equal(watched.length, 1);
    await world.breakActor('poller:A');
    const all = new Map(world.resting);
    for (const [id, one] of all) if (one.account === 'A') world.resting.delete(id);
    assert.deepEqual(world.failures(), ['poller:A']);
    const before = world.exchange.named('order').length;
    await world.pass(RESPAWN_PAUSES_MS[0]! + LOOP_MS, 50);
    const asked = world.exchange
      .named('order')
      .slice(before)
      .map(({ args }) => args[1]);
    assert.ok(asked.includes(watched[0]!.clientOrderId), 'the missing order was not looked up');
  });

  it('a child of the gateway that threw is reported and alerted; the gateway itself goes on', async () => {
    const world = await trading();
    const gateway = world.at('gateway');
    world.actor.send({ type: 'task.failed', task: 'submission-9', message: 'boom' });
    await world.pass(LOOP_MS, 100);
    assert.deepEqual(
      world.reported('task.failed').map(({ task }) => task),
      ['submission-9'],
    );
    assert.deepEqual(world.alerts('task-failed'), ['task-failed:submission-9']);
    assert.deepEqual(world.failures(), [], 'nothing was started again');
    assert.equal(world.at('gateway'), gateway);
  });

  it('12 a failed upkeep of the journal and a lost lock are alerts of their own, and stop nothing', async () => {
    const world = await trading();
    world.actor.send({ type: 'journal.failed', message: whyOf('disk full') });
    const lost = reason('lock-replaced', '11.1', { path: 'engine.lock' });
    world.actor.send({ type: 'lock.lost', message: lost });
    await world.pass(LOOP_MS, 100);
    assert.deepEqual(world.reported('journal.failed')[0]?.message, whyOf('disk full'));
    assert.deepEqual(world.reported('lock.lost')[0]?.message, lost);
    assert.deepEqual(world.alerts('journal-failed'), ['journal-failed']);
    assert.deepEqual(world.alerts('lock-lost'), ['lock-lost']);
    assert.deepEqual(world.failures(), []);
    assert.ok(world.actor.getSnapshot().matches('trading'));
  });

  it('a journal that cannot be read holds the restart up, and takes nobody along', async () => {
    const world = await trading();
    const actor = `symbol:${BNB}`;
    world.journal.refusesToRead = true;
    await world.breakActor(actor);
    await world.pass(RESPAWN_PAUSES_MS[0]! + 10, 10);
    assert.equal(world.has(actor), false);
    assert.equal(world.failures().filter((one) => one === actor).length, 2);
    assert.equal(world.phase, 'trading');
    world.journal.refusesToRead = false;
    await world.pass(RESPAWN_PAUSES_MS[1]! + 10, 10);
    assert.equal(world.has(actor), true);
  });

  it('without a heartbeat to call there is no actor for it', async () => {
    const world = await trading();
    assert.equal(world.has('heartbeat'), false);
    world.actor.send({ type: 'actor.due', actor: 'heartbeat' });
    world.actor.send({ type: 'actor.due', actor: 'symbol:NONE_USDT_Perp' });
    await world.settle();
    assert.equal(world.has('heartbeat'), false);
    assert.equal(world.phase, 'trading');
  });
});

describe('13 the stop', () => {
  async function stopped(world: World, withinMs = 20_000): Promise<number | undefined> {
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(withinMs, 100);
    assert.equal(world.phase, 'stopped');
    return world.actor.getSnapshot().output?.exitCode;
  }

  it('13.1 drains, cancels its own orders, sends the last messages, and ends clean', async () => {
    const world = await trading();
    assert.equal(await stopped(world), 0);
    assert.equal(reasonText(world.reported('engine.draining')[0]?.why ?? ''), 'SIGINT');
    assert.equal(world.reported('cleanup.finished')[0]?.cancelled, 4);
    assert.ok([...world.resting.values()].every(({ order }) => order.status === 'CANCELLED'));
  });

  it('13.1 no create leaves after it began, whatever the symbols want', async () => {
    const world = await trading();
    world.resting.clear();
    const before = world.exchange.sent().length;
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    world.at('gateway').send({ type: 'order.submit', intent: { intentId: 'x', instrument: BNB, account: 'A' } });
    await world.pass(40_000, 100);
    assert.equal(world.exchange.sent().length, before);
  });

  it('13.1 9.1 not even a create that waits for the request budget leaves', async () => {
    const world = new World();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.exchange.onPermit = () => promise;
    await world.pass(300, 50);
    assert.equal(world.exchange.named('sign').length, 4, 'one of each account and symbol waits');
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(1_000, 50);
    assert.equal(world.phase, 'draining');
    resolve();
    await world.pass(5_000, 50);
    assert.equal(world.phase, 'stopped');
    assert.deepEqual(world.exchange.sent(), []);
  });

  it('9.8 9.1 a create that waits for the request budget does not leave once an account is parked, and does once it is not', async () => {
    const world = new World();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.exchange.onPermit = () => promise;
    await world.pass(300, 50);
    const failure: ExchangeFailure = { ...FAILURE, kind: 'parked', account: 'B' };
    world.at('gateway').send({ type: 'account.parked', account: 'B', failure });
    resolve();
    await world.pass(1_000, 50);
    assert.deepEqual(world.exchange.sent(), []);
    world.at('gateway').send({ type: 'account.unparked', account: 'B' });
    await world.pass(30_000, 200);
    assert.equal(world.exchange.sent().length, 4);
  });

  it('9.9 9.1 a cut of the budget, and a long wait for it, are alerted once and resolved', async () => {
    const world = new World();
    await world.pass(LOOP_MS, 100);
    const say = (event: { type: 'budget.share'; share: number } | { type: 'budget.late'; waiting: number }) =>
      world.actor.send({ ...event, account: 'A', bucket: 'reads', atMs: world.clock.nowMs() });
    for (const share of [0.8, 0.84, 0.88]) say({ type: 'budget.share', share });
    say({ type: 'budget.late', waiting: 1 });
    await world.settle();
    assert.deepEqual(
      ['rate-limited', 'requests-waiting'].map((kind) => world.alerts(kind as never)),
      [['rate-limited:A:reads'], ['requests-waiting:A:reads']],
    );
    say({ type: 'budget.share', share: 1 });
    say({ type: 'budget.late', waiting: 0 });
    await world.pass(200_000, 1_000);
    const resolved = world.reported('alert.resolved').map(({ key }) => key);
    assert.ok(resolved.includes('rate-limited:A:reads') && resolved.includes('requests-waiting:A:reads'));
  });

  it('13.1 MAX_RUNTIME stops it by itself', async () => {
    const world = new World({ settings: { maxRuntimeMs: 30_000 } });
    await world.pass(29_000, 500);
    assert.equal(world.phase, 'trading');
    await world.pass(20_000, 100);
    assert.equal(world.phase, 'stopped');
    assert.equal(reasonText(world.reported('engine.draining')[0]?.why ?? ''), 'the run time of 30 s is over');
  });

  it('13.1 a create in flight is settled first', async () => {
    const world = new World();
    const answers: (() => void)[] = [];
    world.exchange.onCreate = (signed) =>
      new Promise((resolve) => {
        answers.push(() => resolve(world.rest(signed)));
      });
    await world.pass(300, 50);
    const inFlight = world.exchange.sent().length;
    assert.ok(inFlight > 0);
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    world.actor.send({ type: 'stop.requested', why: asked('again: nothing changes') });
    await world.pass(2_000, 100);
    assert.equal(world.phase, 'draining');
    assert.equal(reasonText(world.reported('engine.draining')[0]?.why ?? ''), 'SIGINT');
    for (const answer of answers) answer();
    await world.pass(5_000, 100);
    assert.equal(world.phase, 'stopped');
    assert.equal(world.exchange.sent().length, inFlight, 'and no other leaves');
    assert.equal(world.reported('cleanup.finished')[0]?.cancelled, inFlight);
  });

  it('13.1 what does not settle within the drain limit is cancelled with a fence', async () => {
    const world = new World();
    world.exchange.onCreate = () => new Promise(() => {});
    await world.pass(300, 50);
    const sent = world.exchange.sent().map((draft) => draft.clientOrderId);
    assert.ok(sent.length > 0);
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(DRAIN_LIMIT_MS - 200, 200);
    assert.equal(world.phase, 'draining');
    await world.pass(12_000, 100);
    const fenced = world.exchange.named('cancelOrder').filter(({ args }) => args[2] !== undefined);
    assert.deepEqual([...new Set(fenced.map(({ args }) => args[1]))].sort(), [...sent].sort());
  });

  it('13.1 13.2 a journal that cannot be read at the drain limit is reported, and what the symbols hold is cancelled', async () => {
    const world = new World();
    world.exchange.onCreate = () => new Promise(() => {});
    await world.pass(300, 50);
    const sent = world.exchange.sent().map((draft) => draft.clientOrderId);
    assert.ok(sent.length > 0);
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(DRAIN_LIMIT_MS - 200, 200);
    world.journal.refusesToRead = true;
    await world.pass(12_000, 100);
    assert.ok(world.reported('journal.failed').length > 0);
    assert.deepEqual(world.failures(), []);
    const fenced = world.exchange.named('cancelOrder').filter(({ args }) => args[2] !== undefined);
    assert.deepEqual([...new Set(fenced.map(({ args }) => args[1]))].sort(), [...sent].sort());
    assert.deepEqual(world.reported('cleanup.finished')[0]?.left, []);
    assert.equal(world.phase, 'stopped');
    assert.equal(world.actor.getSnapshot().output?.exitCode, 1);
  });

  it('13.1 11.2 an actor that is started again during the stop does not begin to trade', async () => {
    const world = await trading();
    await world.breakActor('gateway');
    await world.breakActor(`symbol:${BNB}`);
    world.resting.clear();
    const before = world.exchange.sent().length;
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    // What the symbol held live vanished without a word: the clean-up asks for as long as it may.
    await world.pass(35_000, 250);
    assert.equal(world.exchange.sent().length, before);
    assert.ok(world.reported('cleanup.finished').length === 1, 'the replaced gateway says that it is idle');
  });

  it('13.2 orders that could not be cancelled are listed, and the exit code is 1', async () => {
    const world = await trading();
    world.exchange.onCancel = () => Promise.reject(new TestFailure('unavailable', 'cancelOrder'));
    assert.equal(await stopped(world, 45_000), 1);
    assert.equal(world.reported('cleanup.finished')[0]?.left.length, 4);
  });

  it('13.2 a clean-up that breaks is an incomplete one', async () => {
    const machine = daemonMachine.provide({
      actors: { cleanup: fromPromise(() => Promise.reject(new Error('broken'))) as never },
    });
    const world = await trading({ machine });
    assert.equal(await stopped(world), 1);
    assert.deepEqual(
      world.actor.getSnapshot().output?.failure,
      reason('cleanup-failed', '13.1', { why: whyOf('broken') }),
    );
  });

  it('12.1 a gateway that takes nothing holds the end up for a moment only', async () => {
    const world = await trading();
    world.onSend = () => new Promise(() => {});
    world.actor.send({ type: 'account.parked', account: 'B', failure: { ...FAILURE, kind: 'parked', account: 'B' } });
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(2_000, 50);
    assert.equal(world.phase, 'sending');
    await world.pass(LAST_MESSAGES_MS - 2_500, 100);
    assert.equal(world.phase, 'sending');
    await world.pass(3_000, 100);
    assert.equal(world.phase, 'stopped');
    assert.equal(world.actor.getSnapshot().output?.exitCode, 0);
  });

  it('12.1 the last alerts are waited for, and no longer than they take', async () => {
    const world = await trading();
    let taken: () => void = () => {};
    world.onSend = () => new Promise((resolve) => (taken = resolve));
    world.actor.send({ type: 'account.parked', account: 'B', failure: { ...FAILURE, kind: 'parked', account: 'B' } });
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(3_000, 50);
    assert.equal(world.phase, 'sending');
    taken();
    await world.pass(300, 50);
    assert.equal(world.phase, 'stopped');
  });

  it('13.2 what the auditor says while the last alerts are reported counts for the exit code', async () => {
    const world = await trading();
    world.onSend = () => new Promise(() => {});
    world.actor.send({ type: 'account.parked', account: 'B', failure: { ...FAILURE, kind: 'parked', account: 'B' } });
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    await world.pass(2_000, 50);
    assert.equal(world.phase, 'sending');
    world.actor.send({ type: 'invariant.broken', invariant: 'I11', instrument: BNB, detail: 'a cancel failed' });
    await world.pass(LAST_MESSAGES_MS, 100);
    assert.equal(world.phase, 'stopped');
    assert.equal(world.actor.getSnapshot().output?.exitCode, 1);
    assert.equal(world.reported('engine.stopped')[0]?.exitCode, 1);
  });

  it('what the auditor says is received during the stop as well', async () => {
    const world = await trading();
    world.actor.send({ type: 'stop.requested', why: asked('SIGINT') });
    world.actor.send({
      type: 'invariant.broken',
      invariant: 'I12',
      instrument: BNB,
      detail: 'a create while draining',
    });
    await world.pass(10_000, 100);
    assert.equal(world.actor.getSnapshot().output?.exitCode, 1);
  });
});

it('the chart is readable on its own', () => assertReadable(daemonMachine));

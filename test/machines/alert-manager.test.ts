import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createActor, SimulatedClock } from 'xstate';
import { alertManagerMachine, GATHER_MS, hasNothingToSend, SENDING_LIMIT_MS } from '../../machines/alert-manager.ts';
import { LONGEST_PAUSE_MS, pauseAfter } from '../../src/core/alert-delivery.ts';
import { type AlertTuning, PACE_MS, restoreAlerts } from '../../src/core/alert-manager.ts';
import {
  type Alert,
  type AlertKind,
  apiFailureAlert,
  apiFailureKey,
  foreignOrderAlert,
  type StuckSymbol,
} from '../../src/core/alerts.ts';
import { decimal } from '../../src/core/decimal.ts';
import { whyOf } from '../../src/core/error-text.ts';
import type { Fact } from '../../src/core/facts.ts';
import type { JournalEntry } from '../../src/core/journal-entry.ts';
import type { AccountName } from '../../src/core/model.ts';
import type { Doing } from '../../src/core/outbox.ts';
import { MESSAGE_LIMIT } from '../../src/core/outbox-message.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { alertTexts } from '../../src/notify/texts.ts';
import type { Journal } from '../../src/ports.ts';
import { failed } from '../support/core.ts';
import { BenchClock } from '../support/machine-bench.ts';
import { TransitionCoverage } from '../support/transition-coverage.ts';

const coverage = new TransitionCoverage(alertManagerMachine);
after(() => coverage.assertComplete());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 2026-03-05, 16:00 in Beijing. */
const START = Date.parse('2026-03-05T08:00:00Z');
const AT_NINE = 9 * 60;

/**
 * What the gateway does with a message. `lost`: delivers it, and the answer never comes back. `hangs`: nothing, for ever.
 * `slow`: delivers and answers after 8 s.
 */
type Gateway = 'takes' | 'refuses' | 'lost' | 'hangs' | 'slow' | 'poisoned';

interface Delivery {
  readonly atMs: number;
  readonly text: string;
  /** The manager isAcknowledged that it was taken. */
  isAcknowledged: boolean;
}

function raiseAt(manager: { send(event: { type: 'alert.raised'; alert: Alert }): void }, alert: Alert): void {
  manager.send({ type: 'alert.raised', alert });
}

/** An engine's manager over many starts: one journal, one gateway, one wall clock, one reporter. */
class World {
  readonly clock = new BenchClock();
  /** The manager received something since promises were last given their turns. */
  #isTold = false;
  readonly facts: Fact[] = [];
  readonly deliveries: Delivery[] = [];
  readonly tries: number[] = [];
  journal: Journal = createMemoryJournal();
  gateway: (nowMs: number, text: string) => Gateway = () => 'takes';
  stuck: readonly StuckSymbol[] = [];
  awaited: readonly string[];
  journalFails = false;
  readonly tuning: AlertTuning;
  manager: ReturnType<World['start']>;

  constructor(atMinutes = AT_NINE, awaited: readonly string[] = []) {
    this.tuning = { texts: alertTexts('en', 'test'), dailyReportAtMinutes: atMinutes, stuckMs: 6 * HOUR };
    this.awaited = awaited;
    this.manager = this.start();
  }

  /** Every symbol is known, and these are not hedged. */
  know(stuck: readonly StuckSymbol[]): void {
    this.stuck = stuck;
    this.awaited = [];
  }

  /** Until that is settled it is unknown whether what was written is safe. */
  safe: Promise<void> = Promise.resolve();

  durable(place: number): Promise<void> {
    return this.safe.then(() => this.journal.durable(place));
  }

  get nowMs(): number {
    return START + this.clock.now();
  }

  start() {
    const world = this;
    const journal: Journal = {
      append(entries: readonly JournalEntry[]) {
        if (world.journalFails) throw new Error('disk full');
        return world.journal.append(entries);
      },
      durable: (place) => world.durable(place),
      latest: (kind, key) => world.journal.latest(kind, key),
      latestOfEach: (kind) => world.journal.latestOfEach(kind),
      scan: (filter) => world.journal.scan(filter),
      close() {},
    };
    const manager = createActor(alertManagerMachine, {
      clock: this.clock,
      inspect: (event) => {
        world.#isTold = true;
        coverage.inspect(event);
      },
      input: {
        journal,
        notifier: { send: (text) => world.send(text) },
        clock: { nowMs: () => world.nowMs },
        reporter: { report: (fact) => world.facts.push(fact) },
        tuning: world.tuning,
        stuckNow: () => {
          if (world.stuckThrows) throw new Error('no symbols yet');
          return { stuck: world.stuck, awaited: world.awaited };
        },
      },
    });
    manager.start();
    return manager;
  }

  stuckThrows = false;

  /** `kill -9` and a new start. */
  restart(): void {
    this.manager.stop();
    this.manager = this.start();
  }

  async send(text: string): Promise<void> {
    const atMs = this.nowMs;
    this.tries.push(atMs);
    const how = this.gateway(atMs, text);
    if (how === 'poisoned') throw Object.assign(new Error('status 400'), { forContent: true });
    if (how === 'refuses') throw new Error('status 500');
    const delivery = { atMs, text, isAcknowledged: false };
    const manager = this.manager;
    if (how !== 'hangs') this.deliveries.push(delivery);
    if (how === 'hangs' || how === 'lost') return new Promise(() => {});
    if (how === 'slow') await new Promise((resolve) => this.clock.setTimeout(resolve as () => void, 8000));
    delivery.isAcknowledged = this.manager === manager;
  }

  /** Time goes by in steps, so that timers that start meanwhile run too. */
  async pass(ms: number, stepMs = 500): Promise<void> {
    // Promises without a message cost a simulated day more than all the rest.
    if (!this.#isTold && this.clock.idleMs > ms) return this.clock.increment(ms);
    await this.clock.pass(ms, stepMs, async () => {
      for (let turns = 0; turns < 6; turns += 1) await Promise.resolve();
      this.#isTold = false;
    });
  }

  raise(alert: Partial<Alert> & { kind: AlertKind }): void {
    const key = alert.key ?? `${alert.kind}:${alert.instrument ?? alert.account}`;
    raiseAt(this.manager, {
      account: null,
      instrument: null,
      atMs: this.nowMs,
      sinceMs: null,
      details: {},
      ...alert,
      key,
    });
  }

  clear(key: string): void {
    this.manager.send({ type: 'alert.cleared', key: key, atMs: this.nowMs });
  }

  fail(account: AccountName | null, call: string): void {
    const failure = { kind: 'unavailable' as const, call, account, code: null, why: failed(), message: 'no answer' };
    raiseAt(this.manager, apiFailureAlert(failure, 1, this.nowMs, null));
  }

  texts(): string[] {
    return this.deliveries.map(({ text }) => text);
  }

  said<T extends Fact['type']>(type: T): Extract<Fact, { type: T }>[] {
    return this.facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type);
  }
}

/** What goes together in one message has been given its time. */
const SETTLED = PACE_MS + GATHER_MS + PACE_MS + 1000;

describe('strategy 12.1: delivery', () => {
  test('an alert is in the journal before it is delivered, and done there after', async () => {
    const world = new World();
    world.raise({ kind: 'mmr', account: 'A', details: { ratio: '0.74', threshold: '0.70' } });
    const body = () => world.journal.latest('outbox', 'mmr:A')?.body as { type: string };
    assert.equal(body().type, 'notice');
    assert.equal(world.tries.length, 0);
    await world.pass(SETTLED);
    assert.equal(world.deliveries.length, 1);
    assert.match(world.texts()[0] ?? '', /MMR ALERT[\s\S]*0\.74/);
    assert.equal(body().type, 'done');
    assert.ok(hasNothingToSend(world.manager));
    assert.equal(world.said('alert.raised').length, 1);
  });

  test('raising returns at once, however the gateway is', () => {
    for (const how of ['hangs', 'refuses', 'lost'] as const) {
      const world = new World();
      world.gateway = () => how;
      for (let i = 0; i < 100; i += 1) world.raise({ kind: 'drift', instrument: `S${i}` });
      assert.equal(world.tries.length, 0, 'nothing is sent by the one who raises');
    }
  });

  test('at most one message in 3 s; what comes meanwhile is folded into the next', async () => {
    const world = new World();
    for (let i = 0; i < 120; i += 1) {
      world.raise({ kind: 'drift', instrument: `S${i}` });
      await world.pass(500);
    }
    await world.pass(SETTLED);
    for (let i = 1; i < world.tries.length; i += 1) {
      assert.ok((world.tries[i] ?? 0) - (world.tries[i - 1] ?? 0) >= PACE_MS);
    }
    assert.ok(world.tries.length <= 1 + 60_000 / PACE_MS + 1);
    const all = world.texts().join('\n');
    for (let i = 0; i < 120; i += 1) assert.match(all, new RegExp(`\\bS${i}\\b`));
  });

  test('12.1 a message refused for its content never holds up the others', async () => {
    const world = new World();
    world.gateway = (_nowMs, text) => (text.includes('POISON') ? 'poisoned' : 'takes');
    world.raise({ kind: 'drift', instrument: 'POISON_USDT_Perp' });
    world.raise({ kind: 'drift', instrument: 'BNB_USDT_Perp' });
    await world.pass(4 * SETTLED);
    assert.match(world.texts().join(), /BNB_USDT_Perp/, 'what was in the same message');
    const before = world.nowMs;
    world.raise({ kind: 'mmr', account: 'A', details: { ratio: '0.9', threshold: '0.70' } });
    await world.pass(2 * SETTLED);
    const margin = world.deliveries.find(({ text }) => text.includes('MMR ALERT'));
    assert.ok(margin !== undefined && margin.atMs - before <= SETTLED, 'a margin alert after it');
    assert.ok(world.said('alerts.refused').some(({ setAside }) => setAside === 1));
    world.restart();
    world.gateway = (_nowMs, text) => (text.includes('待') ? 'poisoned' : 'takes');
    await world.pass(LONGEST_PAUSE_MS + SETTLED, 1000);
    assert.match(world.texts().at(-1) ?? '', /POISON/, 'and it arrives once it is taken');
    assert.ok(hasNothingToSend(world.manager));
  });

  test('12.3 news come after the alerts of their message; the last ones neither gather nor keep the pace', async () => {
    const world = new World();
    const news = (doing: Doing) =>
      world.manager.send({ type: 'news.reported', news: { doing, unhedged: [], unknown: [] } });
    await world.pass(SETTLED);
    news({ what: 'started', after: 'stop', symbols: 2 });
    world.raise({ kind: 'limit-reached', instrument: 'BNB_USDT_Perp' });
    world.raise({ kind: 'mmr', account: 'A', details: { ratio: '0.9', threshold: '0.70' } });
    await world.pass(GATHER_MS + 500);
    assert.match(
      world.texts().at(-1) ?? '',
      /MMR[\s\S]*BNB_USDT_Perp[\s\S]*\nStarted: 2 symbols\nNothing is unhedged\.$/,
    );
    news({ what: 'stopped', why: 'SIGTERM' });
    await world.pass(100, 50);
    assert.match(world.texts().at(-1) ?? '', /Stopped: SIGTERM/);
    assert.equal(world.texts().length, 2);
    world.gateway = () => 'refuses';
    news({ what: 'stopped', why: 'again' });
    await world.pass(1000, 50);
    world.gateway = () => 'takes';
    world.restart();
    await world.pass(2 * SETTLED);
    assert.match(world.texts().at(-1) ?? '', /Stopped: again/, 'what was not delivered is sent after the next start');
  });

  test('16.4 what is reported from now on is in the language of the settings that were read again', async () => {
    const world = new World();
    const texts = alertTexts('zh', 'grvt-hedge prod', 'UTC');
    world.manager.send({ type: 'alerts.tuned', texts, dailyReportAtMinutes: 0, stuckMs: 1 });
    world.raise({ kind: 'clock-skew', details: {} });
    await world.pass(SETTLED);
    assert.match(world.texts().at(-1) ?? '', /时钟/);
  });

  test('12.4 an alert that a person has in hand is not repeated, also after a restart; one that is not open is nobody’s', async () => {
    const world = new World();
    const raise = () => world.raise({ kind: 'clock-skew', details: {} });
    raise();
    await world.pass(SETTLED);
    const own = world.said('alert.raised')[0]!.alert.key;
    for (const key of [own, 'mmr:A']) world.manager.send({ type: 'alert.handled', key, by: 'ann', silenceMs: null });
    assert.deepEqual(
      world.said('alert.handled').map(({ key, untilMs }) => [key, untilMs]),
      [[own, null]],
    );
    world.restart();
    for (let at = 0; at < 30; at += 1) {
      await world.pass(MINUTE, 5_000);
      raise();
    }
    assert.equal(world.texts().length, 1);
  });

  test('12.3 sixty symbols at their limits: one message, and none again, whatever the mark does', async () => {
    const world = new World();
    for (let round = 0; round < 24; round += 1) {
      for (let i = 0; i < 60; i += 1) world.raise({ kind: 'limit-reached', instrument: `S${i}_USDT_Perp` });
      await world.pass(20 * MINUTE, 5000);
      for (let i = 0; i < 60; i += 1) world.clear(`limit-reached:S${i}_USDT_Perp`);
      await world.pass(10 * MINUTE, 5000);
    }
    assert.equal(world.deliveries.length, 1);
    await world.pass(13 * HOUR, 5000);
    world.raise({ kind: 'limit-reached', instrument: 'S1_USDT_Perp' });
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 2, 'a day later it is sent again');
  });

  test('twenty symbols with the same failure make one message', async () => {
    const world = new World();
    for (let i = 0; i < 20; i += 1) world.raise({ kind: 'limit-reached', instrument: `S${i}` });
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 1);
  });

  test('a gateway that is down for a day: pauses grow to five minutes, then one message says how often and since when', async () => {
    const world = new World();
    world.gateway = (nowMs) => (nowMs < START + DAY ? 'refuses' : 'takes');
    while (world.nowMs < START + DAY) {
      world.fail('A', 'positions');
      world.raise({ kind: 'mmr', account: 'B', details: { ratio: '0.9', threshold: '0.70' } });
      await world.pass(30_000, 1000);
    }
    const pauses = world.tries.slice(1).map((at, i) => at - (world.tries[i] ?? 0));
    assert.ok(Math.max(...pauses) <= LONGEST_PAUSE_MS + GATHER_MS + 1000);
    assert.ok(world.tries.length < 10 + DAY / LONGEST_PAUSE_MS, `${world.tries.length} tries in a day`);
    await world.pass(LONGEST_PAUSE_MS + SETTLED, 1000);
    assert.equal(world.deliveries.length, 1);
    const text = world.texts()[0] ?? '';
    assert.match(text, /Late: could not be delivered since 03-05 16:00/);
    assert.match(text, /API failure\n.*occurred 7\d\d times/);
    assert.match(text, /MMR ALERT\n.*occurred 4\d times/);
    assert.equal(world.said('alerts.unsent').at(-1)?.pauseMs, LONGEST_PAUSE_MS);
  });

  test('pauses double from 3 s to 5 min', () => {
    assert.deepEqual(
      [1, 2, 3, 7, 8, 999].map((failures) => pauseAfter(failures)),
      [3000, 6000, 12_000, 192_000, 300_000, 300_000],
    );
  });

  test('a delivery that never ends is given up and tried again', async () => {
    const world = new World();
    world.gateway = (nowMs) => (nowMs < START + 20_000 ? 'hangs' : 'takes');
    world.raise({ kind: 'mmr', account: 'A' });
    await world.pass(SENDING_LIMIT_MS + 20_000);
    assert.equal(world.tries.length, 2);
    assert.equal(world.deliveries.length, 1);
    assert.equal(world.said('alerts.unsent')[0]?.reason, 'the delivery did not end');
  });

  test('a slow gateway gets each message once', async () => {
    const world = new World();
    world.gateway = () => 'slow';
    world.raise({ kind: 'mmr', account: 'A' });
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 1);
  });

  test('twice only where the answer was lost', async () => {
    const world = new World();
    world.gateway = (nowMs) => (nowMs < START + 20_000 ? 'lost' : 'takes');
    world.raise({ kind: 'mmr', account: 'A' });
    await world.pass(2 * MINUTE);
    assert.deepEqual(
      world.deliveries.map(({ isAcknowledged }) => isAcknowledged),
      [false, true],
    );
  });

  test('in order: critical alerts first, then the oldest first', async () => {
    const world = new World();
    world.gateway = (nowMs) => (nowMs < START + HOUR ? 'refuses' : 'takes');
    world.raise({ kind: 'drift', instrument: 'FIRST' });
    await world.pass(10_000);
    world.raise({ kind: 'mmr', account: 'B' });
    await world.pass(10_000);
    world.raise({ kind: 'order-refused', instrument: 'THIRD' });
    await world.pass(HOUR + LONGEST_PAUSE_MS, 1000);
    const text = world.texts().join('\n');
    assert.ok(text.indexOf('MMR') < text.indexOf('FIRST') && text.indexOf('FIRST') < text.indexOf('THIRD'), text);
  });

  test('across restarts: what was not delivered is delivered, what was is not', async () => {
    const world = new World();
    world.raise({ kind: 'mmr', account: 'A' });
    await world.pass(SETTLED);
    world.gateway = () => 'refuses';
    world.raise({ kind: 'unhedged', instrument: 'BNB_USDT_Perp', details: { hours: '6' } });
    await world.pass(MINUTE);
    world.restart();
    world.gateway = () => 'takes';
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 2);
    assert.match(world.texts()[1] ?? '', /unhedged>6h/);
    world.restart();
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 2);
  });

  test('restarts in a row do not quicken the pace', async () => {
    const world = new World();
    for (let i = 0; i < 30; i += 1) {
      world.raise({ kind: 'drift', instrument: `S${i}` });
      world.restart();
      await world.pass(1000);
    }
    assert.equal(world.tries.length, 0);
    await world.pass(SETTLED);
    assert.equal(world.deliveries.length, 1);
  });

  test('nor does a restart right after a delivery', async () => {
    const world = new World();
    world.raise({ kind: 'mmr', account: 'A' });
    while (world.deliveries.length === 0) await world.pass(500);
    world.restart();
    world.raise({ kind: 'mmr', account: 'B' });
    await world.pass(MINUTE);
    assert.equal(world.tries.length, 2);
    assert.ok((world.tries[1] ?? 0) - (world.tries[0] ?? 0) >= PACE_MS);
  });

  test('a journal that fails is reported once; messages are sent all the same; it is written when it works again', async () => {
    const world = new World();
    world.journalFails = true;
    world.raise({ kind: 'mmr', account: 'A' });
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 1);
    assert.deepEqual(
      world.said('journal.failed').map(({ message }) => message),
      [whyOf('disk full')],
    );
    world.journalFails = false;
    await world.pass(10_000);
    assert.equal((world.journal.latest('outbox', 'mmr:A')?.body as { type: string } | undefined)?.type, 'done');
    world.restart();
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 1);
  });

  test('9.3 a message leaves when its entry is safe in the journal, once, however long that takes', async () => {
    const world = new World();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.safe = promise;
    world.raise({ kind: 'mmr', account: 'A' });
    await world.pass(5 * MINUTE);
    assert.equal((world.journal.latest('outbox', 'mmr:A')?.body as { type: string } | undefined)?.type, 'notice');
    assert.deepEqual(world.tries, []);
    resolve();
    await world.pass(5 * MINUTE);
    assert.equal(world.tries.length, 1);
  });

  test('9.3 that its entry turns out not to be safe is reported, and messages are sent all the same', async () => {
    const world = new World();
    const { promise, reject } = Promise.withResolvers<void>();
    world.safe = promise;
    world.raise({ kind: 'mmr', account: 'A' });
    await world.pass(10_000);
    reject(new Error('the disk is gone'));
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 1);
    assert.deepEqual(
      world.said('journal.failed').map(({ message }) => message),
      [whyOf('the disk is gone')],
    );
  });

  test('texts and reporters that fail stop nothing', async () => {
    const journal = createMemoryJournal();
    const clock = new SimulatedClock();
    const sent: string[] = [];
    const broken = () => {
      throw new Error('broken');
    };
    const manager = createActor(alertManagerMachine, {
      clock,
      inspect: coverage.inspect,
      input: {
        journal,
        notifier: { send: async (text) => void sent.push(text) },
        clock: { nowMs: () => START + clock.now() },
        reporter: { report: broken },
        tuning: {
          texts: { heading: broken, group: broken, folded: broken, news: broken, daily: broken },
          ...{ dailyReportAtMinutes: AT_NINE, stuckMs: 1 },
        },
        stuckNow: broken,
      },
    }).start();
    raiseAt(manager, {
      kind: 'mmr',
      key: 'mmr:A',
      account: 'A',
      instrument: null,
      atMs: 0,
      sinceMs: null,
      details: {},
    });
    for (let i = 0; i < 40; i += 1) {
      clock.increment(500);
      for (let j = 0; j < 6; j += 1) await Promise.resolve();
    }
    assert.deepEqual(sent, ['mmr:A']);
    assert.equal(manager.getSnapshot().status, 'active');
  });
});

describe('strategy 12: repeats across restarts', () => {
  const periods: [AlertKind, number, number][] = [
    ['api-failure', 120_000, 10],
    ['mmr', 1_800_000, 4],
    ['post-only-exhausted', 120_000, 10],
    ['order-refused', 900_000, 4],
  ];
  for (const [kind, period, times] of periods) {
    test(`${kind}: every ${period / 1000} s, with a restart every 50 s`, async () => {
      const world = new World();
      const end = START + period * times - 1000;
      let untilRestart = 50;
      while (world.nowMs < end) {
        world.raise({ kind, account: 'A', instrument: 'X' });
        await world.pass(1000, 1000);
        untilRestart -= 1;
        if (untilRestart > 0) continue;
        world.restart();
        untilRestart = 50;
      }
      assert.equal(world.said('alert.raised').length, times);
      assert.equal(world.deliveries.length, times);
    });
  }

  test('unhedged: once an episode; a new episode is reported again', async () => {
    const world = new World();
    const since = world.nowMs - 7 * HOUR;
    for (let i = 0; i < 40; i += 1) {
      world.raise({ kind: 'unhedged', instrument: 'X', sinceMs: since, details: { hours: '6' } });
      if (i % 7 === 0) world.restart();
      await world.pass(HOUR, 2500);
    }
    assert.equal(world.deliveries.length, 1);
    world.clear('unhedged:X');
    await world.pass(MINUTE);
    assert.match(world.texts()[1] ?? '', /resolved: unhedged>6h\n- X, lasted 47 h/);
    world.raise({ kind: 'unhedged', instrument: 'X', sinceMs: world.nowMs, details: { hours: '6' } });
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 3);
  });

  test('each start with a difference is reported, also when the end of the previous one was never raised', async () => {
    const world = new World();
    const differs = (difference: string) =>
      world.raise({ kind: 'start-difference', instrument: 'X', sinceMs: world.nowMs, details: { difference } });
    for (const [day, difference] of [
      [0, 'A 1'],
      [3, 'B 2'],
      [10, 'A 3'],
    ] as const) {
      await world.pass(START + day * DAY - world.nowMs, 15_000);
      world.restart();
      differs(difference);
      await world.pass(MINUTE);
      assert.match(world.texts().at(-1) ?? '', new RegExp(difference));
    }
    assert.equal(world.deliveries.length, 3);
  });

  test('foreign orders: once each, for months, across restarts', async () => {
    const world = new World();
    const seen = (id: string) =>
      raiseAt(world.manager, foreignOrderAlert('A', 'X', { orderId: id, clientOrderId: '1' }, world.nowMs));
    for (let i = 0; i < 10; i += 1) {
      seen('0xaa');
      if (i === 3) world.clear('foreign-order:A:0xaa');
      if (i > 3) seen('0xbb');
      world.restart();
      await world.pass(30 * HOUR, 15_000);
    }
    const all = world.texts().filter((text) => !text.includes('resolved'));
    assert.equal(all.filter((text) => text.includes('0xaa')).length, 1);
    assert.equal(all.filter((text) => text.includes('0xbb')).length, 1);
  });

  test('a foreign order that cannot live any more is let go in the journal, once; one that is still seen is not', async () => {
    const world = new World();
    const seen = (id: string) =>
      raiseAt(world.manager, foreignOrderAlert('A', 'X', { orderId: id, clientOrderId: '1' }, world.nowMs));
    const stored = (id: string) => world.journal.latest('alert.state', `foreign-order:A:${id}`);
    const settled = (id: string) => (stored(id)?.body as { settled?: boolean } | undefined)?.settled;
    seen('0xaa');
    for (let days = 0; days <= 34; days += 2) {
      seen('0xbb');
      await world.pass(2 * DAY, 60_000);
      if (days === 10) world.restart();
      if (days === 28) assert.equal(settled('0xaa'), false, 'it may still be open: orders live up to 30 days');
    }
    assert.deepEqual([settled('0xaa'), settled('0xbb')], [true, false]);
    const { seq } = stored('0xaa') ?? assert.fail('the journal forgets it in its own time');
    world.restart();
    await world.pass(MINUTE);
    assert.equal(stored('0xaa')?.seq, seq, 'a start does not make it young again');
    seen('0xbb');
    assert.equal(world.said('alert.raised').length, 2);
  });

  test('recovery is reported once, with how long it lasted, across a restart', async () => {
    const world = new World();
    world.raise({ kind: 'mmr', account: 'A' });
    await world.pass(12 * MINUTE, 1000);
    world.restart();
    world.clear('mmr:A');
    world.clear('mmr:A');
    world.clear('mmr:unknown');
    world.restart();
    await world.pass(HOUR, 1000);
    assert.equal(world.deliveries.length, 2);
    assert.match(world.texts()[1] ?? '', /resolved: MMR ALERT\n- account A, lasted 12 min, 16:00 to 16:12/);
    assert.deepEqual(
      world.said('alert.resolved').map(({ lastedMs }) => lastedMs),
      [12 * MINUTE],
    );
  });

  test('recovery is reported after a start that comes more than a day later: what is open is given an hour to be raised again', async () => {
    const world = new World();
    world.raise({ kind: 'mmr', account: 'A' });
    await world.pass(MINUTE);
    world.manager.stop();
    await world.pass(25 * HOUR, 15_000);
    world.restart();
    await world.pass(2000);
    world.clear('mmr:A');
    await world.pass(MINUTE);
    assert.match(world.texts()[1] ?? '', /resolved: MMR ALERT/);
  });

  test('an engine that starts every day does not keep open for ever what is never raised again', async () => {
    const world = new World();
    world.raise({ kind: 'drift', instrument: 'X' });
    for (let start = 0; start < 2; start += 1) {
      await world.pass(20 * HOUR, 15_000);
      world.restart();
    }
    const { states } = world.manager.getSnapshot().context.memory;
    assert.equal(states.get('drift:X')?.closing, 'lapsed');
    assert.equal(world.deliveries.length, 1);
  });

  const drift = (difference: string) => ({
    kind: 'drift' as const,
    key: 'drift:X:A',
    account: 'A' as const,
    instrument: 'X',
    details: { difference, price: '600' },
  });

  test('drifts within the period of the first are reported when it ends: how many, and the newest; across a restart', async () => {
    const world = new World();
    world.raise(drift('1'));
    await world.pass(MINUTE);
    world.raise(drift('-2'));
    await world.pass(MINUTE);
    world.raise(drift('-3'));
    world.restart();
    await world.pass(12 * MINUTE, 1000);
    assert.equal(world.deliveries.length, 1);
    await world.pass(2 * MINUTE);
    assert.equal(world.deliveries.length, 2);
    assert.match(world.texts()[1] ?? '', /-3[\s\S]*occurred 2 times/);
    assert.deepEqual(
      world.said('alert.raised').map(({ atMs, alert }) => [atMs - START, alert.details.difference]),
      [
        [0, '1'],
        [15 * MINUTE, '-3'],
      ],
    );
    await world.pass(HOUR, 1000);
    assert.equal(world.deliveries.length, 2, 'and no more of it');
  });

  test('a drift within the period is reported also when the first is over by then, and the end after it', async () => {
    const world = new World();
    world.raise(drift('1'));
    await world.pass(MINUTE);
    world.raise(drift('-2'));
    world.clear('drift:X:A');
    await world.pass(HOUR, 1000);
    assert.deepEqual(
      [...world.said('alert.raised'), ...world.said('alert.resolved')].map(({ atMs }) => atMs - START),
      [0, 15 * MINUTE, 15 * MINUTE + 5000],
    );
  });

  test('a condition whose figures move is reported by its period only, by whoever raises it then', async () => {
    const world = new World();
    world.raise({ kind: 'mmr', account: 'A', details: { ratio: '0.74', threshold: '0.70' } });
    await world.pass(MINUTE);
    world.raise({ kind: 'mmr', account: 'A', details: { ratio: '0.75', threshold: '0.70' } });
    await world.pass(2 * HOUR, 2500);
    assert.equal(world.deliveries.length, 1);
  });

  test('an account out of reach silences what it causes; what outlasts it is reported then', async () => {
    const world = new World();
    world.fail('A', 'createOrder');
    world.fail('A', 'positions');
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 1);
    assert.match(world.texts()[0] ?? '', /positions/);
    assert.doesNotMatch(world.texts()[0] ?? '', /createOrder/);
    world.fail('A', 'createOrder');
    world.fail('A', 'cancelOrder');
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 1);
    world.clear(apiFailureKey('A', 'cancelOrder'));
    world.clear(apiFailureKey('A', 'positions'));
    world.fail('A', 'createOrder');
    await world.pass(MINUTE);
    const later = world.texts().slice(1).join('\n');
    assert.match(later, /createOrder/);
    assert.match(later, /resolved: API failure\n- account A: positions/);
    assert.doesNotMatch(later, /cancelOrder/);
  });

  test('a wider failure from before the start silences nothing until it is raised again', async () => {
    const world = new World();
    world.raise({ kind: 'account-parked', account: 'A' });
    await world.pass(MINUTE);
    world.restart();
    world.fail('A', 'positions');
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 2);
    world.raise({ kind: 'account-parked', account: 'A' });
    world.fail('A', 'openOrders');
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 2);
  });

  test('a repeat that waits when the wider failure begins is left to it, its end is reported all the same', async () => {
    const world = new World();
    world.fail('A', 'createOrder');
    await world.pass(MINUTE);
    world.gateway = () => 'refuses';
    await world.pass(2 * MINUTE);
    world.fail('A', 'createOrder');
    world.fail('A', 'positions');
    world.gateway = () => 'takes';
    await world.pass(MINUTE);
    assert.equal(world.deliveries.length, 2);
    assert.doesNotMatch(world.texts()[1] ?? '', /createOrder/);
    world.clear(apiFailureKey('A', 'createOrder'));
    await world.pass(MINUTE);
    assert.match(world.texts()[2] ?? '', /resolved: API failure\n- account A: createOrder/);
  });
});

describe('strategy 12.2: the daily report', () => {
  const stuck = (hours: number, instrument = 'BNB_USDT_Perp', nowMs = START): StuckSymbol => ({
    instrument,
    hedgeSide: 'sell',
    size: decimal('1.66'),
    unhedgedSinceMs: nowMs - hours * HOUR,
    guardPrice: decimal('600.5'),
    touch: decimal('590'),
  });
  const undecided = () => new World(AT_NINE, ['BNB_USDT_Perp']);
  const reports = (world: World) => world.texts().filter((text) => text.includes('Daily report'));

  test('16.3 what leaves and waits on a lot is reported, however short it has', async () => {
    const world = undecided();
    world.know([stuck(7), { ...stuck(0.1, 'SOL_USDT_Perp'), leaves: true }]);
    await world.pass(20 * MINUTE, 1000);
    assert.match(
      reports(world)[0] ?? '',
      /1 symbol unhedged>6h, 1 being removed and not hedged[\s\S]*SOL_USDT_Perp: to hedge/,
    );
  });

  test('exactly once a day however often the engine restarts, also when it was down at the hour', async () => {
    const world = undecided();
    world.know([stuck(7), stuck(1, 'NOT_STUCK')]);
    for (let i = 0; i < 20; i += 1) {
      await world.pass(MINUTE, 1000);
      world.restart();
    }
    assert.equal(reports(world).length, 1, 'it came up at 16:00: the report of today is sent');
    assert.match(
      reports(world)[0] ?? '',
      /2026-03-05: 1 symbol unhedged>6h[\s\S]*BNB_USDT_Perp: to hedge, sell 1\.66 BNB/,
    );
    assert.ok(!reports(world)[0]?.includes('NOT_STUCK:'));
    await world.pass(3 * DAY, 2500);
    assert.equal(reports(world).length, 4);
    const times = world.deliveries
      .filter(({ text }) => text.includes('Daily'))
      .map(({ atMs }) => (atMs + 8 * HOUR) % DAY);
    for (const time of times.slice(1)) assert.ok(time >= 9 * HOUR && time < 9 * HOUR + MINUTE, `${time}`);
  });

  test('nothing stuck: no message, and none later that day', async () => {
    const world = undecided();
    world.know([stuck(5.9)]);
    await world.pass(10_000);
    world.stuck = [stuck(9)];
    await world.pass(HOUR, 2500);
    world.restart();
    await world.pass(HOUR, 2500);
    assert.equal(reports(world).length, 0);
  });

  test('not known yet is not nothing: it is asked again, also when asking fails', async () => {
    const world = undecided();
    await world.pass(MINUTE);
    world.stuckThrows = true;
    await world.pass(MINUTE);
    assert.equal(world.said('alerts.failed')[0]?.message, 'no symbols yet');
    assert.equal(reports(world).length, 0);
    world.stuckThrows = false;
    world.know([stuck(9)]);
    await world.pass(MINUTE);
    assert.equal(reports(world).length, 1);
    assert.doesNotMatch(reports(world)[0] ?? '', /not known/);
  });

  /** Beijing time at which the report of 2026-03-06 is sent, one symbol being awaited for ever. */
  async function toldAt(atMinutes: number, restartAt: string | null): Promise<string> {
    const world = new World(atMinutes);
    const until = async (text: string) => world.pass(Date.parse(`${text}+08:00`) - world.nowMs, 1000);
    await until('2026-03-05T23:59:59');
    world.stuck = [stuck(9)];
    world.awaited = ['SOL_USDT_Perp', 'BNB_USDT_Perp'];
    if (restartAt !== null) {
      world.manager.stop();
      await until(restartAt);
      world.restart();
    }
    await until('2026-03-07T00:10:00');
    const reported = reports(world);
    assert.equal(reported.length, 1);
    assert.match(reported[0] ?? '', /2026-03-06: 1 symbol unhedged>6h\n- BNB_USDT_Perp: to hedge/);
    assert.match(reported[0] ?? '', /not known: SOL_USDT_Perp\n/);
    const { atMs } = world.deliveries.find(({ text }) => text.includes('Daily report')) ?? assert.fail();
    return new Date(atMs + 8 * HOUR).toISOString().slice(11, 16);
  }
  const patience: [string, number, string | null, string][] = [
    ['from the hour', AT_NINE, null, '09:10'],
    ['from a start after the hour', AT_NINE, '2026-03-06T15:30:00', '15:40'],
    ['but not past the day, of which nothing could be reported any more', 23 * 60 + 55, null, '23:59'],
    ['nor past it after a late start', AT_NINE, '2026-03-06T23:53:00', '23:59'],
  ];
  for (const [name, atMinutes, restartAt, expected] of patience) {
    test(`one symbol not known withholds the report for 10 min, ${name}; then it is named`, async () => {
      assert.equal(await toldAt(atMinutes, restartAt), expected);
    });
  }

  test('nothing stuck as far as is known is no "none": what is not known is reported', async () => {
    const world = new World(AT_NINE, ['SOL_USDT_Perp']);
    await world.pass(HOUR, 2500);
    assert.match(reports(world)[0] ?? '', /0 symbols unhedged>6h\nnot known: SOL_USDT_Perp$/);
  });

  test('a report that could not be delivered waits, and comes once, before the next', async () => {
    const world = undecided();
    world.know([stuck(9)]);
    world.gateway = () => 'refuses';
    await world.pass(20 * HOUR, 2500);
    world.restart();
    world.gateway = () => 'takes';
    await world.pass(HOUR, 2500);
    assert.deepEqual(
      reports(world).map((text) => /Daily report (\S+):/.exec(text)?.[1]),
      ['2026-03-05', '2026-03-06'],
    );
  });
});

/** The busiest rows of the table: two calls of two accounts, every 120 s; everything else joins them. */
const MOST_MESSAGES = (4 * DAY) / 120_000;

describe('a bad day: 10,000 triggers, restarts in between, a gateway with every fault', () => {
  for (const seed of [1, 2]) {
    test(`seed ${seed}: nothing critical lost, nothing twice but where the answer was lost, no flood`, async () => {
      const random = mulberry(seed);
      const world = new World();
      const faults: Gateway[] = ['takes', 'takes', 'takes', 'takes', 'slow', 'refuses', 'lost', 'hangs'];
      // The fault changes with the hour of a schedule drawn once; a few hours are down altogether.
      const schedule = Array.from({ length: 30 }, () => faults[Math.floor(random() * faults.length)] ?? 'takes');
      const trouble = new Set<Delivery>();
      world.gateway = (nowMs) => {
        const hourly = schedule[Math.floor((nowMs - START) / HOUR)] ?? 'takes';
        if (nowMs - START >= DAY) return 'takes';
        return random() < 0.5 ? hourly : (faults[Math.floor(random() * faults.length)] ?? 'takes');
      };
      let critical = 0;
      let foreign = 0;
      let triggers = 0;
      let restarts = 0;
      const accounts: AccountName[] = ['A', 'B'];
      for (let second = 0; second < 86_400; second += 1) {
        for (let due = (10_000 * (second + 1)) / 86_400; triggers < Math.floor(due); triggers += 1) {
          const account = accounts[Math.floor(random() * 2)] ?? 'A';
          const instrument = `SYM${Math.floor(random() * 20)}_USDT_Perp`;
          const chance = random();
          if (chance < 0.02) {
            critical += 1;
            world.raise({ kind: 'unhedged', instrument: `CRIT${critical}_USDT_Perp`, details: { hours: '6' } });
          } else if (chance < 0.04) {
            foreign += 1;
            const order = { orderId: `0xf${foreign}f`, clientOrderId: '1' };
            for (let i = 0; i < 2; i += 1) {
              raiseAt(world.manager, foreignOrderAlert(account, instrument, order, world.nowMs));
            }
          } else if (chance < 0.3) world.fail(account, random() < 0.5 ? 'positions' : 'createOrder');
          else if (chance < 0.4) world.clear(apiFailureKey(account, random() < 0.5 ? 'positions' : 'createOrder'));
          else if (chance < 0.5) world.raise({ kind: 'mmr', account });
          else if (chance < 0.52) world.clear(`mmr:${account}`);
          else if (chance < 0.8) world.raise({ kind: 'order-refused', instrument, account });
          else if (chance < 0.85) world.clear(`order-refused:${instrument}`);
          else world.raise({ kind: 'limit-reached', instrument });
        }
        if (random() < 60 / 86_400) {
          world.restart();
          restarts += 1;
        }
        await world.pass(1000, 1000);
      }
      await world.pass(HOUR, 1000);
      for (const delivery of world.deliveries) if (!delivery.isAcknowledged) trouble.add(delivery);

      assert.equal(triggers, 10_000);
      assert.ok(restarts > 20, `${restarts} restarts`);
      assert.ok(critical > 100 && foreign > 100);
      assert.ok(hasNothingToSend(world.manager), 'everything has been reported');
      const carrying = (word: string) => world.deliveries.filter(({ text }) => text.includes(word));
      for (let i = 1; i <= critical; i += 1) {
        const reported = carrying(`CRIT${i}_USDT_Perp:`);
        assert.ok(
          reported.some((delivery) => delivery.isAcknowledged),
          `CRIT${i} is lost`,
        );
        assert.equal(reported.filter((delivery) => delivery.isAcknowledged).length, 1, `CRIT${i} twice`);
      }
      for (let i = 1; i <= foreign; i += 1) {
        assert.ok(
          carrying(`0xf${i}f`).filter((delivery) => delivery.isAcknowledged).length <= 1,
          `foreign order ${i} twice`,
        );
      }
      for (let i = 1; i < world.tries.length; i += 1) {
        assert.ok((world.tries[i] ?? 0) - (world.tries[i - 1] ?? 0) >= PACE_MS, 'the pace is kept, across restarts');
      }
      const isAcknowledged = world.deliveries.length - trouble.size;
      const raisedAndResolved = world.said('alert.raised').length + world.said('alert.resolved').length;
      assert.ok(
        isAcknowledged <= raisedAndResolved,
        `${isAcknowledged} messages for ${raisedAndResolved} raised and resolved alerts`,
      );
      assert.ok(world.deliveries.length <= MOST_MESSAGES, `${world.deliveries.length} messages in a day`);
      for (const { text } of world.deliveries) assert.ok(text.length <= MESSAGE_LIMIT);
      assert.deepEqual([...world.said('journal.failed'), ...world.said('alerts.failed')], []);
    });
  }
});

test('an alert manager that never received anything is empty', () => {
  const world = new World(AT_NINE, ['X']);
  assert.deepEqual(
    world.manager.getSnapshot().context.memory,
    restoreAlerts({ states: [], outbox: [], dailyNote: null }, START, world.tuning),
  );
});

/** Small seeded generator: the same numbers for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

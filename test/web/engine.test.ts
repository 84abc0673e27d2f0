import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { statusCommand, statusLines } from '../../src/cli/status.ts';
import { ZERO } from '../../src/core/decimal.ts';
import type { Fact } from '../../src/core/facts.ts';
import { reason } from '../../src/core/reasons.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { openDashboard } from '../../src/engine/dashboard.ts';
import { tee } from '../../src/engine/tee.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { createEngineStatus, type WatchedEngine } from '../../src/status/observe.ts';
import { journalStatus } from '../../src/status/offline.ts';
import { type Status, unready } from '../../src/web/index.ts';
import { createInspector } from '../../src/web/inspector.ts';
import { handClock, NOON_MS, stateChanged } from './fixtures.ts';
import { openStage, type Stage, settingsWith, until } from './stage.ts';

const BNB = 'BNB_USDT_Perp';

describe('a running engine', () => {
  let stage: Stage;
  const ask = async <T>(path: string) => (await (await fetch(stage.url + path)).json()) as T;
  const bnb = (status: Status) => status.symbols.find((symbol) => symbol.instrument === BNB)!;

  before(async () => {
    stage = await openStage({ inspect: true });
    await stage.quoting(BNB);
  });
  after(() => stage.close());

  test('between the answers of two accounts it shows the moment before, never “hedged” beside a net', () => {
    const { daemon, exchange } = stage.engine;
    const real = daemon.system.get(`symbol:${BNB}`)!.getSnapshot();
    let seen = real;
    const system = { get: (name: string) => (name === `symbol:${BNB}` ? { getSnapshot: () => seen } : undefined) };
    const watched = { daemon: { system, getSnapshot: () => daemon.getSnapshot() }, exchange };
    const one = createEngineStatus({ settings: () => settingsWith({}), staleMs: () => 10_000, clock: systemClock });
    const reported = stateChanged(BNB) as Extract<Fact, { type: 'state.changed' }>;
    one.attach(watched as unknown as WatchedEngine);
    one.reporter.report({ ...reported, from: 'waiting', to: 'equal', why: reason('hedged', '5', { A: '0', B: '0' }) });
    const first = bnb(one.status());
    assert.equal(first.sinceStart, true);
    const { memory } = real.context;
    const { A, B } = memory.snapshots;
    const snapshots = { A: { ...A, position: { ...A.position, size: ZERO.plus(5) } }, B };
    const assessment = { kind: 'unusable', why: reason('data-old', '10.3', { account: 'B', seconds: 9 }) };
    seen = { ...real, value: 'waiting', context: { ...real.context, memory: { ...memory, snapshots, assessment } } };
    assert.deepEqual(bnb(one.status()), first);
    one.reporter.report({ ...reported, from: 'equal', to: 'waiting' });
    const then = bnb(one.status());
    assert.deepEqual([then.phase, then.why?.en, then.sinceStart], ['waiting', 'data of B are 9 s old', false]);
    assert.notEqual(then.net, first.net);
    one.reporter.report({ ...reported, from: 'waiting', to: 'equal' });
    seen = real;
    assert.equal(bnb(one.status()).sinceStart, false, 'it was in another phase in this run already');
    const running = one.status();
    one.reporter.report({ type: 'engine.stopped', atMs: running.atMs, exitCode: 0 });
    one.attach({ ...watched, daemon: null } as unknown as WatchedEngine);
    const stopped = one.status();
    assert.deepEqual([stopped.engine, bnb(stopped)], ['stopped', bnb(running)], 'its actors are gone');
  });

  test('a symbol whose actor has failed keeps its numbers, says so, and the engine is not ready, until it works again', () => {
    const { daemon, exchange } = stage.engine;
    const real = daemon.system.get(`symbol:${BNB}`)!.getSnapshot();
    let seen: typeof real | undefined = real;
    const system = {
      get: (name: string) => (name === `symbol:${BNB}` ? seen && { getSnapshot: () => seen } : undefined),
    };
    const one = createEngineStatus({ settings: () => settingsWith({}), staleMs: () => 10_000, clock: systemClock });
    one.attach({ daemon: { system, getSnapshot: () => daemon.getSnapshot() }, exchange } as unknown as WatchedEngine);
    // Nobody looks; it is remembered all the same, for a failed actor is gone at once.
    const [equity, margin] = [ZERO.plus(1), ZERO];
    const polled = {
      type: 'account.polled',
      account: 'A',
      totalEquityUsdt: equity,
      maintenanceMarginUsdt: margin,
    } as const;
    one.reporter.report({ ...polled, atMs: 8_000, elapsedMs: 1, openOrders: 1 } as Fact);
    seen = undefined;
    const failure = { type: 'actor.failed', actor: `symbol:${BNB}`, message: 'disk full' } as const;
    one.reporter.report({ ...failure, atMs: 5_000 });
    one.reporter.report({ ...failure, atMs: 6_000 });
    const failed = bnb(one.status());
    assert.deepEqual([failed.phase, failed.state, failed.sinceMs], ['waiting', null, 5_000]);
    assert.match(failed.why?.en ?? '', /its part of the engine failed/);
    const held = real.context.memory.state.orders.map((order: { clientOrderId: string }) => order.clientOrderId);
    assert.ok(held.length > 0);
    assert.deepEqual(
      failed.orders.map((order) => order.clientOrderId),
      held,
    );
    assert.ok(unready(one.status()).includes(`${BNB}: its part of the engine has failed`));
    seen = real;
    one.reporter.report(stateChanged(BNB));
    assert.equal(bnb(one.status()).state, real.value);
    assert.ok(!unready(one.status()).includes(`${BNB}: its part of the engine has failed`));
  });

  test('its status is what its actors hold', async () => {
    const status = await ask<Status>('/status');
    const actor = stage.engine.daemon.system.get(`symbol:${BNB}`)!.getSnapshot();
    const one = bnb(status);
    assert.equal(status.engine, 'trading');
    assert.equal(one.state, actor.value);
    assert.deepEqual(
      one.orders.map((order) => order.clientOrderId),
      actor.context.memory.state.orders.map((order: { clientOrderId: string }) => order.clientOrderId),
    );
    assert.equal(status.accounts[0]?.stream, 'up');
    assert.ok(one.touch !== null && Number(one.touch.bid) < Number(one.touch.ask));
  });

  test('no key, session or signature is in any answer', async () => {
    const texts = await Promise.all(
      ['/status', '/metrics', `/api/past/${BNB}`, `/api/series/${BNB}`].map(async (path) => {
        return (await fetch(stage.url + path)).text();
      }),
    );
    for (const text of texts) {
      for (const secret of stage.secrets) assert.ok(!text.includes(secret));
      assert.doesNotMatch(text, /0x[0-9a-f]{64}|gravity|signature/i);
    }
  });

  test('metrics have the wire and the fills', async () => {
    const text = await (await fetch(`${stage.url}/metrics`)).text();
    assert.match(text, /grvt_hedge_requests_total\{call="create_order",account="A",name="paper"\} [1-9]/);
    assert.match(text, /grvt_hedge_symbol_state\{instrument="BNB_USDT_Perp",state="equal",name="paper"\} 1/);
  });

  test('a fill is in the past a moment later, with the decision that placed its order', async () => {
    const id = stage.fill(BNB);
    interface Moment {
      seq: number;
      phase: string;
      fact: { type: string; clientOrderId?: string };
    }
    const found = await until(async () => {
      const { moments } = await ask<{ moments: Moment[] }>(`/api/past/${BNB}`);
      return moments.find((one) => one.fact.type === 'fill.booked' && one.fact.clientOrderId === id);
    }, 'the fill in the journal');
    const detail = await ask<{ phase: string; decision: { plan: { creates: unknown[] } } }>(
      `/api/past/${BNB}/${found.seq}`,
    );
    assert.equal(detail.phase, 'equal');
    assert.equal(detail.decision.plan.creates.length, 2);
    await until(async () => bnb(await ask<Status>('/status')).phase === 'imbalanced', 'the imbalance');
    const { moments } = await ask<{ moments: Moment[] }>(`/api/past/${BNB}`);
    assert.ok(moments.some((one) => one.fact.type === 'state.changed' && one.phase === 'imbalanced'));
  });

  test('the inspector receives every actor, in Stately’s protocol, without parts and secrets', async () => {
    const socket = new WebSocket(`${stage.url.replace('http', 'ws')}/inspect`);
    const received: { type: string; name?: string; definition?: string; sessionId: string; snapshot?: unknown }[] = [];
    const texts: string[] = [];
    socket.on('message', (data) => {
      texts.push(String(data));
      received.push(JSON.parse(String(data)));
    });
    await until(() => received.some((one) => one.type === '@xstate.snapshot'), 'a snapshot');
    socket.close();
    const names = received.filter((one) => one.type === '@xstate.actor').map((one) => one.name);
    for (const name of ['daemon', 'gateway', 'poller:A', 'poller:B', 'alert-manager', `symbol:${BNB}`]) {
      assert.ok(names.includes(name), name);
    }
    const symbol = received.find((one) => one.name === `symbol:${BNB}`)!;
    assert.ok(Object.keys((JSON.parse(symbol.definition!) as { states: object }).states).includes('partial-wait'));
    const known = new Set(received.filter((one) => one.type === '@xstate.actor').map((one) => one.sessionId));
    for (const one of received) assert.ok(known.has(one.sessionId), `${one.type} of an actor nobody introduced`);
    for (const text of texts) {
      for (const secret of stage.secrets) assert.ok(!text.includes(secret));
      assert.doesNotMatch(text, /0x[0-9a-f]{64}/i);
    }
  });

  test('a page of another site cannot listen in', async () => {
    for (const origin of ['https://evil.example', 'http://localhost:3000', 'https://stately.ai.evil.example']) {
      const socket = new WebSocket(`${stage.url.replace('http', 'ws')}/inspect`, { origin });
      const outcome = await new Promise((resolve) => {
        socket.on('open', () => resolve('open'));
        socket.on('error', () => resolve('refused'));
      });
      assert.equal(outcome, 'refused', origin);
    }
  });
});

test('a reporter that throws does not keep facts from the others', () => {
  const received: Fact[] = [];
  const broken = {
    report() {
      throw new Error('broken');
    },
  };
  tee([broken, { report: (fact) => received.push(fact) }]).report(stateChanged(BNB));
  assert.equal(received.length, 1);
});

test('an inspector never throws into the actor it observes', () => {
  const inspector = createInspector({ redact: (text) => text, clock: handClock() });
  const hostile = {
    get sessionId(): string {
      throw new Error('hostile');
    },
  };
  const events: unknown[] = [
    null,
    {},
    { type: '@xstate.actor', actorRef: hostile },
    { type: '@xstate.snapshot', actorRef: null },
  ];
  for (const event of events) inspector.inspect(event as never);
  inspector.close();
});

const DASHBOARD = {
  journal: createMemoryJournal(),
  clock: systemClock,
  redact: (text: string) => text,
  inspect: false,
  lives: { problems: () => [] },
};

test('port 0 means no dashboard, and says nothing', async () => {
  const warnings: string[] = [];
  const settings = settingsWith({ GRVT_HEDGE_HTTP_PORT: '0' });
  assert.equal(
    await openDashboard({ ...DASHBOARD, settings: () => settings, warn: (text) => warnings.push(text) }),
    null,
  );
  assert.deepEqual(warnings, []);
});

test('a port that is taken is one warning, and the engine goes on without a dashboard', async (t) => {
  const stage = await openStage();
  t.after(() => stage.close());
  const warnings: string[] = [];
  const settings = settingsWith({ GRVT_HEDGE_HTTP_PORT: new URL(stage.url).port });
  assert.equal(
    await openDashboard({ ...DASHBOARD, settings: () => settings, warn: (text) => warnings.push(text) }),
    null,
  );
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /No dashboard: .*EADDRINUSE/);
});

test('status of a running engine is printed in the language of the settings', async (t) => {
  const stage = await openStage();
  t.after(() => stage.close());
  const directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-status-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [lang, alerts] of [
    ['en', 'No alert holds.'],
    ['zh', '没有告警。'],
  ] as const) {
    const settings = settingsWith({
      GRVT_HEDGE_HTTP_PORT: new URL(stage.url).port,
      GRVT_HEDGE_DATA_DIR: directory,
      GRVT_HEDGE_LANG: lang,
    });
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    assert.equal(await statusCommand({ settings, clock: systemClock, print, complain: () => {} }, {}), 0);
    assert.ok(lines.includes(alerts), lines.join('\n'));
  }
});

test('off, the inspector is not there at all', async (t) => {
  const stage = await openStage();
  t.after(() => stage.close());
  assert.equal(stage.dashboard.inspect, null);
  assert.equal((await fetch(`${stage.url}/inspect`)).status, 404);
});

test('without an engine the status is the journal’s: ledger, orders, lots, the last state and its reason', async (t) => {
  const stage = await openStage();
  t.after(() => stage.close());
  await stage.quoting(BNB);
  stage.fill(BNB);
  await until(() => stage.engine.daemon.system.get(`symbol:${BNB}`)?.getSnapshot().value === 'imbalanced', 'imbalance');
  await stage.close();
  const settings = settingsWith({ GRVT_HEDGE_HTTP_PORT: '0' });
  const status = journalStatus(stage.journal, settings, 10_000, NOON_MS);
  const symbol = status.symbols.find((one) => one.instrument === BNB)!;
  assert.equal(status.engine, 'none');
  assert.equal(symbol.phase, 'stopped');
  assert.equal(symbol.lots.length, 1);
  assert.equal(symbol.hedged, false);
  const lines = statusLines(status);
  assert.match(lines[0]!, /No engine answers/);
  assert.ok(lines.some((line) => line.startsWith(BNB) && line.includes('stopped')));
});

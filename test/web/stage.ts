import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryOf } from '../../machines/symbol.ts';
import { reason } from '../../src/core/reasons.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { type Dashboard, openDashboard } from '../../src/engine/dashboard.ts';
import { type Engine, startEngine } from '../../src/engine/engine.ts';
import { settingsOnDisk } from '../../src/engine/settings-on-disk.ts';
import { createSteering } from '../../src/engine/steering.ts';
import { openVenue, secretsOf, type Venue } from '../../src/engine/venue.ts';
import { createGrvtExchange } from '../../src/grvt/exchange.ts';
import { createStreams, type Streams } from '../../src/grvt/stream.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { createRedactor, loadSettings, type Settings } from '../../src/settings/index.ts';
import { reasonTexts } from '../../src/texts/reasons.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A whole engine on the embedded exchange with its dashboard, as `run` puts it together, whose market stands still. */
export interface Stage {
  readonly url: string;
  readonly engine: Engine;
  readonly dashboard: Dashboard;
  readonly journal: EngineJournal;
  readonly venue: Venue;
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
  /** Waits until both openings of a symbol rest at the exchange and nothing is under way. */
  quoting(instrument: string): Promise<unknown>;
  /** Fills the oldest live order of a symbol at the exchange. @returns its client order id */
  fill(instrument: string): string;
  close(): Promise<void>;
}

export async function openStage(options: { inspect?: boolean; env?: Record<string, string> } = {}): Promise<Stage> {
  // Any free port: in the settings that means none.
  const settings = { ...settingsWith({ ...options.env }), httpPort: 0 };
  const venue = await openVenue(settings);
  const control = venue.paper!.exchange.control;
  for (const { instrument } of settings.symbols) control.market({ instrument, frozen: true });
  const journal = createMemoryJournal();
  const secrets = secretsOf(settings, venue);
  const warnings: string[] = [];
  const dashboard = await openDashboard({
    settings: () => settings,
    journal,
    clock: systemClock,
    redact: createRedactor(secrets),
    warn: (text) => warnings.push(text),
    inspect: options.inspect ?? false,
    lives: { problems: () => [] },
  });
  if (dashboard === null) throw new Error(`no dashboard: ${warnings.join()}`);
  const streams: Streams[] = [];
  const engine = startEngine({
    settings,
    subAccountIds: { A: venue.keys.A.subAccountId, B: venue.keys.B.subAccountId },
    openExchange: (onWire, report) =>
      createGrvtExchange({
        hosts: venue.hosts,
        chainId: venue.chainId,
        accounts: venue.keys,
        bookDepth: settings.orderbookDepth,
        rateScale: settings.rateScale,
        clock: systemClock,
        onWire,
        report,
      }),
    journal,
    notifier: { send: async () => {} },
    heartbeat: null,
    clock: systemClock,
    reporter: dashboard,
    warn: (text) => warnings.push(text),
    onWire: (event) => dashboard.onWire(event),
    ...(dashboard.inspect === null ? {} : { inspect: dashboard.inspect }),
    onTrading: (running, symbols) => {
      streams.push(
        running.listen((ears) =>
          createStreams({
            ...ears,
            hosts: venue.hosts,
            sessions: { A: running.exchange.session('A'), B: running.exchange.session('B') },
            subAccountIds: { A: venue.keys.A.subAccountId, B: venue.keys.B.subAccountId },
            instruments: symbols.map((symbol) => symbol.instrument.name),
            bookDepth: settings.orderbookDepth,
            clock: systemClock,
            onTouch: (instrument, bid, ask) => dashboard.onTouch(instrument, bid, ask),
            report: (fact) => dashboard.report(fact),
          }),
        ),
      );
    },
  });
  dashboard.attach(engine);
  const steer = createSteering({
    engine,
    journal: engine.journal,
    clock: systemClock,
    disk: settingsOnDisk({ env: {}, root: ROOT }, settings, null),
    hide: () => {},
    report: (fact) => dashboard.report(fact),
  });
  dashboard.takeCommands(steer);
  let closed = false;
  return {
    url: dashboard.url,
    engine,
    dashboard,
    journal,
    venue,
    secrets,
    warnings,
    quoting: (instrument) =>
      until(() => {
        const context = memoryOf(engine.daemon.system.get(`symbol:${instrument}`));
        const orders = context?.state.orders ?? [];
        return (
          orders.length === 2 && orders.every((order) => order.confirmedAtMs !== null) && context?.underWay.length === 0
        );
      }, `both openings of ${instrument}`),
    fill(instrument) {
      const state = control.state() as {
        accounts: {
          account: string;
          open_orders: { legs: { instrument: string }[]; metadata: { client_order_id: string } }[];
        }[];
      };
      for (const { account, open_orders } of state.accounts) {
        const order = open_orders.find((one) => one.legs[0]?.instrument === instrument);
        if (order === undefined) continue;
        const { client_order_id } = order.metadata;
        control.fill({ account, client_order_id });
        return client_order_id;
      }
      throw new Error(`no live order on ${instrument}`);
    },
    async close() {
      if (closed) return;
      closed = true;
      engine.stop(reason('stop-asked', '13.1', { by: 'the test is over' }));
      await engine.stopped;
      for (const one of streams) one.close();
      engine.exchange.close();
      await dashboard.close();
      await venue.close();
    },
  };
}

export function settingsWith(env: Record<string, string>): Settings {
  const reading = loadSettings({ env: { GRVT_ENV: 'paper', GRVT_HEDGE_LOOP_INTERVAL_SEC: '1', ...env }, root: ROOT });
  if (!reading.ok) throw new Error(reasonTexts(reading.errors));
  return reading.settings;
}

/** Waits until a look finds what it wants; for things that happen by themselves. */
export async function until<T>(look: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found as NonNullable<T>;
    if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS} ms in vain: ${what}`);
    await new Promise((resume) => setTimeout(resume, 25));
  }
}

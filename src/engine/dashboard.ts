import type { InspectionEvent } from 'xstate';
import { parseCommand } from '../control/protocol.ts';
import { errorText } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import type { WireEvent } from '../core/wire-event.ts';
import type { MoneyFigures } from '../explain/money-figures.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import type { Clock, Redact } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import { createEngineStatus, type EngineStatus, type WatchedEngine } from '../status/observe.ts';
import type { Inspected, Web } from '../web/index.ts';
import type { Lives } from './lives.ts';
import { createSampler, SAMPLE_EVERY_MS } from './sampler.ts';
import { allCharts } from './statecharts.ts';
import type { Steer } from './steering.ts';
import { staleMs } from './tuning.ts';
import { versionOf } from './version.ts';

/** Longest wait of a stopped engine for open pages. */
const CLOSE_LIMIT_MS = 2_000;

/** The web part connected to an engine. Nothing in it throws into the engine. */
export interface Dashboard {
  readonly url: string;
  report(fact: Fact): void;
  onWire(event: WireEvent): void;
  /** Best bid and ask of a stream's book. */
  onTouch(instrument: string, bid: string, ask: string): void;
  attach(engine: WatchedEngine): void;
  /** From now on the page's commands are executed (strategy 16.6). */
  takeCommands(steer: Steer): void;
  /** New money figures (strategy 17.4). */
  onMoney(figures: MoneyFigures): void;
  /** For XState's `inspect`; null: off, without cost. */
  readonly inspect: ((event: InspectionEvent) => void) | null;
  close(): Promise<void>;
}

export interface DashboardOptions {
  /** The present settings (strategy 16.4). */
  readonly settings: () => Settings;
  readonly journal: EngineJournal;
  readonly clock: Clock;
  /** Applied to everything that is sent. */
  readonly redact: Redact;
  readonly warn: (text: string) => void;
  /** Relay inspection events to Stately's inspector. */
  readonly inspect: boolean;
  readonly lives: Pick<Lives, 'problems'>;
}

/**
 * Opens dashboard, metrics, health and status for a run (strategy 2.1, `GRVT_HEDGE_HTTP_PORT`).
 * @returns null: the port is 0, or taken, which is logged; the engine trades without it.
 */
export async function openDashboard(options: DashboardOptions): Promise<Dashboard | null> {
  const { settings, journal, clock, warn } = options;
  const { httpPort } = settings();
  if (httpPort === null) {
    if (options.inspect) warn('--inspect needs GRVT_HEDGE_HTTP_PORT: nothing is relayed');
    return null;
  }
  const status = createEngineStatus({ settings, staleMs: () => staleMs(settings().loopIntervalMs), clock });
  let steer: Steer | null = null;
  let web: Web;
  // Loaded only if needed.
  const { startWeb } = await import('../web/index.ts');
  try {
    web = await startWeb({
      port: httpPort,
      lang: () => settings().lang,
      version: versionOf(),
      source: status,
      journal,
      charts: allCharts(),
      clock,
      redact: options.redact.json ?? options.redact,
      inspect: options.inspect,
      problems: options.lives.problems,
      controls: () => ({
        token: () => settings().controlToken?.reveal() ?? null,
        parse: parseCommand,
        give: steer,
      }),
      publicUrl: () => settings().publicUrl,
    });
  } catch (thrown) {
    const why = errorText(thrown);
    warn(`No dashboard: ${why}; the engine goes on without (GRVT_HEDGE_HTTP_PORT)`);
    return null;
  }
  const sampling = sample(journal, status, clock, warn);
  return {
    url: web.url,
    report: guarded((fact: Fact) => {
      status.reporter.report(fact);
      web.reporter.report(fact);
    }),
    onWire: guarded((event: WireEvent) => {
      status.onWire(event);
      web.onWire(event);
    }),
    onTouch: guarded((instrument: string, bid: string, ask: string) => status.onTouch(instrument, bid, ask)),
    attach: (engine) => status.attach(engine),
    takeCommands(given) {
      steer = given;
    },
    onMoney: guarded((figures: MoneyFigures) => status.onMoney(figures)),
    inspect: web.inspect === null ? null : (event) => web.inspect?.(event as unknown as Inspected),
    close: () => {
      clearInterval(sampling);
      return closed(web);
    },
  };
}

/** A stopped engine does not wait for pages. */
function closed(web: Web): Promise<void> {
  return Promise.race([web.close(), new Promise<void>((over) => setTimeout(over, CLOSE_LIMIT_MS).unref())]);
}

/** Journals samples for the charts of days and weeks (strategy 17.6). */
function sample(
  journal: EngineJournal,
  source: Pick<EngineStatus, 'status'>,
  clock: Clock,
  warn: (text: string) => void,
): NodeJS.Timeout {
  const sampler = createSampler(journal, clock.nowMs());
  let fails = false;
  const sample = () => {
    try {
      const status = source.status();
      if (status.engine !== 'trading') return;
      sampler.take(status);
      fails = false;
    } catch (thrown) {
      if (!fails) warn(`The charts of days and weeks miss this time: ${errorText(thrown)} (strategy 17.6)`);
      fails = true;
    }
  };
  return setInterval(sample, SAMPLE_EVERY_MS).unref();
}

/** A defect in the display must not become one in trading. */
function guarded<A extends unknown[]>(show: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      show(...args);
    } catch {
      // What is not shown is still in the log.
    }
  };
}

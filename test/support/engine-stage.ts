import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { memoryOf } from '../../machines/symbol.ts';
import type { Fact } from '../../src/core/facts.ts';
import type { AccountName } from '../../src/core/model.ts';
import { reason } from '../../src/core/reasons.ts';
import type { RolloutLimits } from '../../src/core/rollout.ts';
import type { SymbolMemory } from '../../src/core/symbol/memory.ts';
import { type Engine, startEngine } from '../../src/engine/engine.ts';
import { createGrvtExchange } from '../../src/grvt/exchange.ts';
import type { GrvtKeys } from '../../src/grvt/options.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { loadSettings, type Settings } from '../../src/settings/index.ts';
import { reasonTexts } from '../../src/texts/reasons.ts';
import { PATIENCE_MS } from './patience.ts';

/** A row of the symbols file, with what most tests want. */
export function symbolRow(
  instrument: string,
  changes: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    instrument,
    order_notional_usdt: 500,
    imbalance_limit_usdt: 500,
    max_total_position_usdt: 20_000,
    min_total_position_usdt: 0,
    a_side_when_equal: 'buy',
    position_mode: 'increase',
    ...changes,
  };
}

/** Where an engine under test trades and as whom. */
export interface StageVenue {
  readonly url: string;
  readonly chainId: number;
  readonly keys: Readonly<Record<AccountName, GrvtKeys>>;
}

export interface StageOptions {
  readonly symbols: readonly Record<string, unknown>[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of an engine before this one. */
  readonly journal?: EngineJournal;
  readonly nowMs?: () => number;
  /** In place of half an hour and ten hedges (strategy 16.7). */
  readonly rolloutLimits?: RolloutLimits;
  /** How long another engine's orders are watched for at the start (strategy 11.1); default 0: only what is there. */
  readonly otherEngineWatchMs?: number;
}

/** Looks at a condition so often when no fact arrives. */
const LOOK_MS = 15;

/** The whole engine in this process, over real HTTP: what it reported, said and sent as messages is kept. */
export interface EngineStage {
  readonly engine: Engine;
  readonly settings: Settings;
  readonly facts: Fact[];
  readonly warnings: string[];
  /** What the daemon itself failed of. */
  readonly defects: unknown[];
  readonly messages: string[];
  readonly journal: EngineJournal;
  /** Facts of that type so far. */
  reported<T extends Fact['type']>(type: T): Extract<Fact, { type: T }>[];
  /** Waits for a condition; fails by its name when it does not come true. */
  until(what: string, condition: () => boolean): Promise<void>;
  /** What the symbol's actor knows. */
  symbol(instrument: string): SymbolMemory;
  /** Stops in order; gives the exit code and fails on any breach the auditor saw. */
  stop(): Promise<number>;
  /** Fails on any breach the auditor saw so far. */
  unbroken(): void;
  /** Ends it as `kill -9` would, as far as this process can: nothing further leaves, nothing is cleaned up. */
  kill(): void;
}

/** Texts of everything the auditor found wrong. */
export function breachesOf(engine: Engine): string[] {
  return (engine.auditor()?.report().breaches ?? []).map(
    (breach) => `${breach.invariant} ${breach.instrument} ${breach.what} ${JSON.stringify(breach.detail)}`,
  );
}

export function startStage(venue: StageVenue, options: StageOptions): EngineStage {
  const nowMs = options.nowMs ?? (() => Date.now());
  const reading = loadSettings({
    root: '/stage',
    readFile: (path) => {
      if (path.endsWith('symbols.json')) return Buffer.from(JSON.stringify(options.symbols));
      throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    },
    env: {
      GRVT_ENV: 'dev',
      GRVT_EDGE_URL: venue.url,
      GRVT_TRADES_URL: venue.url,
      GRVT_MARKET_DATA_URL: venue.url,
      GRVT_CHAIN_ID: String(venue.chainId),
      GRVT_TRADING_API_KEY_1: venue.keys.A.apiKey,
      GRVT_TRADING_PRIVATE_KEY_1: venue.keys.A.privateKey,
      GRVT_TRADING_ACCOUNT_ID_1: venue.keys.A.subAccountId,
      GRVT_TRADING_API_KEY_2: venue.keys.B.apiKey,
      GRVT_TRADING_PRIVATE_KEY_2: venue.keys.B.privateKey,
      GRVT_TRADING_ACCOUNT_ID_2: venue.keys.B.subAccountId,
      CHAT_ID: '1',
      API_KEY: 'stage-gateway-key',
      GRVT_HEDGE_SYMBOLS_FILE: 'symbols.json',
      GRVT_HEDGE_LOOP_INTERVAL_SEC: '0.1',
      GRVT_HEDGE_RATE_SCALE: '20',
      ...options.env,
    },
  });
  assert.ok(reading.ok, reading.ok ? '' : reasonTexts(reading.errors));
  const { settings } = reading;
  const journal = options.journal ?? createMemoryJournal();
  const facts: Fact[] = [];
  const warnings: string[] = [];
  const defects: unknown[] = [];
  const messages: string[] = [];
  const ears = new Set<() => void>();
  const clock = { nowMs, steadyMs: nowMs, era: () => 0 };
  const engine = startEngine({
    settings,
    subAccountIds: { A: venue.keys.A.subAccountId, B: venue.keys.B.subAccountId },
    openExchange: (onWire, report) =>
      createGrvtExchange({
        hosts: { edge: venue.url, trades: venue.url, marketData: venue.url },
        chainId: settings.chainId,
        accounts: venue.keys,
        bookDepth: settings.orderbookDepth,
        rateScale: settings.rateScale,
        clock,
        instruments: settings.symbols.map(({ instrument }) => instrument),
        onWire,
        report,
      }),
    journal,
    notifier: { send: async (text) => void messages.push(text) },
    heartbeat: null,
    clock,
    reporter: {
      report: (fact) => {
        facts.push(fact);
        for (const ear of [...ears]) ear();
      },
    },
    otherEngineWatchMs: options.otherEngineWatchMs ?? 0,
    ...(options.rolloutLimits ? { rolloutLimits: options.rolloutLimits } : {}),
    warn: (text) => warnings.push(text),
    onDefect: (thrown) => defects.push(thrown),
  });
  let over = false;
  const ended = engine.stopped.finally(() => {
    over = true;
    engine.exchange.close();
  });
  ended.catch(() => {});
  const reported = <T extends Fact['type']>(type: T) =>
    facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type);
  return {
    engine,
    settings,
    facts,
    warnings,
    defects,
    messages,
    journal,
    reported,
    async until(what, condition) {
      const endMs = performance.now() + PATIENCE_MS;
      while (!condition()) {
        if (performance.now() > endMs || (over && !condition())) {
          const last = facts.slice(-25).map((fact) => `  ${describe(fact)}`);
          assert.fail(`not within ${PATIENCE_MS} ms: ${what}\n${last.join('\n')}\n${breachesOf(engine).join('\n')}`);
        }
        let wake: () => void = () => {};
        const received = new Promise<void>((resolve) => {
          wake = resolve;
          ears.add(wake);
        });
        await Promise.race([received, pause(LOOK_MS)]);
        ears.delete(wake);
      }
    },
    symbol: (instrument) => memoryOf(engine.daemon.system.get(`symbol:${instrument}` as never))!,
    async stop() {
      engine.stop(reason('stop-asked', '13.1', { by: 'the test is over' }));
      const { exitCode, failure } = await ended;
      assert.equal(failure, null);
      engine.auditor()?.stopped();
      assert.deepEqual(breachesOf(engine), []);
      return exitCode;
    },
    unbroken() {
      assert.deepEqual(breachesOf(engine), []);
    },
    kill() {
      engine.exchange.close();
      engine.daemon.stop();
    },
  };
}

export function describe(fact: Fact): string {
  return JSON.stringify(fact, (_key, value) => (typeof value === 'bigint' ? String(value) : value)).slice(0, 420);
}

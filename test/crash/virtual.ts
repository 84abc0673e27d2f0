import { type Auditor, createAuditor } from '../../src/core/audit/index.ts';
import type { Fact } from '../../src/core/facts.ts';
import type { JournalEntry } from '../../src/core/journal-entry.ts';
import type { SymbolState } from '../../src/core/symbol-state.ts';
import { createEngineClock } from '../../src/engine/clock.ts';
import { type Engine, startEngine } from '../../src/engine/engine.ts';
import { journalledStart, staleMs } from '../../src/engine/tuning.ts';
import { createGrvtExchange } from '../../src/grvt/exchange.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { SYNC_WITHIN_MS } from '../../src/journal/log-sync.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { journalWith, observedJournal } from '../../src/journal/observed.ts';
import {
  createPaper,
  type InstrumentSpec,
  knownInstruments,
  type PaperExchange,
  type ProfileName,
} from '../../src/paper/index.ts';
import { loadSettings, type Settings } from '../../src/settings/index.ts';
import { chance } from '../../src/simulate/chance.ts';
import { connectNetwork, type Life } from '../../src/simulate/network.ts';
import { VirtualTime } from '../../src/simulate/virtual-time.ts';
import { reasonText, reasonTexts } from '../../src/texts/reasons.ts';
import { type Outcome, outcomeOf, Watch } from './outcome.ts';
import { BNB, environmentAt, GIVE_UP_MS, Scenario, SOL, STILL, SYMBOLS } from './scenario.ts';

/**
 * One engine after another on one journal and one exchange, in virtual time. Killed where the test asks for it: before or after a
 * journal write, after a sync that was waited for, before a request leaves or after it was carried out and before its answer came. A killed engine's code may
 * run on to the end of its turn; nothing it still does has an effect.
 */

const START_MS = Date.UTC(2026, 0, 5);
/** A supervisor needs a moment. */
const DOWN_MS = 700;
/** Every strategy order is managed again by then. */
const MANAGED_WITHIN_MS = 10_000;
/** One way of the network. */
const WAY_MS = 4;
/** A sync of the disk. */
const SYNC_MS = 2;
const LOOK_MS = 100;

/** Moments at which an engine can die, in the order they come. */
export type PointKind = 'before write' | 'after write' | 'after sync' | 'before request' | 'request carried out';

/** Thrown where the engine's process would be no more. */
class Killed extends Error {}

export interface Options {
  /** Numbers of points, ascending, counted over all lives of the engine. */
  readonly kills?: readonly number[];
  /** How long it is down after each; default: what a supervisor needs. */
  readonly downMs?: number;
  /** The machine loses power, not only the process its life: what was written and not yet synced is gone too. */
  readonly powerCuts?: boolean;
  readonly symbols?: readonly object[];
  /** Default: a market that stands still. */
  readonly profile?: ProfileName;
  readonly seed?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The world of one run: exchange, journal, time, and the engine that lives now. */
export class World {
  readonly time: VirtualTime;
  readonly exchange: PaperExchange;
  journal: EngineJournal = createMemoryJournal();
  readonly watch: Watch;
  /** What the next engine is started with. */
  settings: Settings;
  readonly points: string[] = [];
  readonly facts: Fact[] = [];
  readonly messages: string[] = [];
  readonly breaches: string[] = [];
  readonly #kills: number[];
  readonly #downMs: number;
  readonly #powerCuts: boolean;
  /** What was written after the last order's bytes, and when. */
  #unsynced: { readonly entries: readonly JournalEntry[]; readonly place: number; readonly atMs: number }[] = [];
  readonly #synced: (readonly JournalEntry[])[] = [];
  readonly #auditor: Auditor;
  #life: Life = { alive: false };
  #engine: Engine | null = null;
  starts = 0;
  /** Entries that power cuts took. */
  entriesLost = 0;
  /** Called before an engine starts, with its journal. */
  onStart: (journal: EngineJournal) => void = () => {};
  /** Called when an engine starts that is not the first. */
  onRestart: () => void = () => {};

  constructor(time: VirtualTime, options: Options = {}) {
    this.time = time;
    this.#kills = [...(options.kills ?? [])];
    this.#downMs = options.downMs ?? DOWN_MS;
    this.#powerCuts = options.powerCuts ?? false;
    this.exchange = createPaper({
      seed: options.seed ?? 3,
      startMs: START_MS,
      instruments: instruments(),
      profile: options.profile ?? STILL,
      // Killed and started again every few seconds: what a start may cost is not what is looked at here.
      rateLimits: false,
    });
    this.watch = new Watch(this.exchange);
    this.settings = settingsOf(options);
    const [a, b] = this.exchange.accounts;
    const { settings } = this;
    this.#auditor = createAuditor({
      time: () => ({ wallMs: time.wallMs, steadyMs: time.nowMs, era: 0 }),
      symbols: settings.symbols,
      accounts: { A: a!.subAccountId, B: b!.subAccountId },
      settings: {
        singleOrderDiffThresholdUsdt: settings.singleOrderDiffThresholdUsdt,
        partialFillTimeoutMs: settings.partialFillTimeoutMs,
        staleMs: staleMs(settings.loopIntervalMs),
        cancelOnStop: settings.cancelOnStop,
        stopKeepStrategyOrders: settings.stopKeepStrategyOrders,
      },
    });
  }

  get running(): boolean {
    return this.#life.alive;
  }

  get engine(): Engine | null {
    return this.#engine;
  }

  /** Counts a point; true: the engine dies here. */
  #dies(kind: PointKind, about: string, life: Life): boolean {
    if (!life.alive) return false;
    this.points.push(`${kind}: ${about}`);
    if (this.#kills[0] !== this.points.length) return false;
    this.#kills.shift();
    this.kill();
    return true;
  }

  /** `kill -9`, and a start some moments later. */
  kill(downMs = this.#downMs): void {
    this.#life.alive = false;
    this.#engine = null;
    if (this.#powerCuts) this.#loseUnsynced();
    this.time.at(this.time.nowMs, () => this.time.dropEngineTimers(), true);
    this.time.at(this.time.nowMs + downMs, () => this.start());
  }

  /** The journal as a disk would hold it: what was synced for whoever waited, and what is synced anyway by then. */
  #loseUnsynced(): void {
    for (const { entries, atMs } of this.#unsynced) {
      if (atMs + SYNC_WITHIN_MS <= this.time.nowMs) this.#synced.push(entries);
      else this.entriesLost += entries.length;
    }
    this.#unsynced = [];
    this.journal = createMemoryJournal();
    for (const entries of this.#synced) this.journal.append(entries);
  }

  start(): void {
    this.onStart(this.journal);
    const { exchange, time, settings } = this;
    const life: Life = { alive: true };
    this.#life = life;
    this.starts += 1;
    if (this.starts > 1) {
      this.#auditor.restarted(journalledStart(this.journal), 'kept');
      this.onRestart();
      const before = this.watch.live();
      time.at(time.nowMs + MANAGED_WITHIN_MS, () => this.#mustManage(before, life));
    }
    const network = connectNetwork(
      {
        time,
        exchange,
        passage: (request) => {
          const lost = this.#dies('before request', request.path, life);
          return { upMs: WAY_MS, downMs: WAY_MS, requestLost: lost, answerLost: false };
        },
        reachable: () => true,
        onArrival: (request, moment) => {
          if (moment === 'after') this.#dies('request carried out', request.path, life);
        },
      },
      life,
    );
    const origin = 'http://127.0.0.1:8080';
    const clock = createEngineClock(
      () => time.wallMs,
      () => time.nowMs,
    );
    const [a, b] = exchange.accounts;
    const engine = startEngine({
      settings,
      subAccountIds: { A: a!.subAccountId, B: b!.subAccountId },
      openExchange: (onWire, report) =>
        createGrvtExchange({
          hosts: { edge: origin, trades: origin, marketData: origin },
          chainId: exchange.chainId,
          accounts: { A: a!, B: b! },
          bookDepth: settings.orderbookDepth,
          rateScale: settings.rateScale,
          clock,
          sdkLogLevel: 'OFF',
          onWire: (event) => {
            if (!life.alive) return;
            onWire(event);
            for (const { invariant, what, detail } of this.#auditor.observe(event)) {
              this.breaches.push(`${invariant}: ${what} ${JSON.stringify(detail)}`);
            }
          },
          report,
          post: network.post,
          fetch: network.fetch,
        }),
      journal: this.#guarded(life),
      notifier: {
        send: async (text) => {
          if (life.alive) this.messages.push(text);
        },
      },
      heartbeat: null,
      clock,
      reporter: {
        report: (fact) => {
          if (!life.alive) return;
          this.facts.push(fact);
          if (fact.type === 'invariant.broken') this.breaches.push(`${fact.invariant} (by itself): ${fact.detail}`);
          if (['task.failed', 'alerts.failed', 'cleanup.failed', 'journal.failed'].includes(fact.type)) {
            this.breaches.push(`${fact.type}: ${reasonText('message' in fact ? fact.message : '')}`);
          }
          if (fact.type === 'actor.failed') this.breaches.push(`actor ${fact.actor}: ${fact.message}`);
        },
      },
      warn: () => {},
    });
    this.#engine = engine;
    engine.stopped.catch((error: unknown) => {
      if (life.alive)
        this.breaches.push(`the engine failed: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  /** Strategy orders that lived at a restart and still do are confirmed and answered for again. */
  #mustManage(before: readonly string[], life: Life): void {
    if (!life.alive) return;
    const states = this.journal.latestOfEach('symbol.state').map((entry) => entry.body as SymbolState);
    const managed = states
      .flatMap((state) => state.orders)
      .filter((order) => order.confirmedAtMs !== null && !order.unknown)
      .map((order) => order.clientOrderId);
    for (const id of this.watch.live()) {
      if (before.includes(id) && !managed.includes(id)) {
        this.breaches.push(`order ${id} is not managed ${MANAGED_WITHIN_MS / 1000} s after the restart`);
      }
    }
  }

  #guarded(life: Life): EngineJournal {
    const journal = observedJournal(this.journal, {
      appended: (entries, place) => {
        for (const { invariant, what, detail } of this.#auditor.journalled(entries, place)) {
          this.breaches.push(`${invariant}: ${what} ${JSON.stringify(detail)}`);
        }
      },
      durable: (place) => this.#auditor.durable(place),
    });
    return journalWith(journal, {
      append: (entries) => {
        if (!life.alive) throw new Killed('the process is dead');
        const about = entries.map((entry) => `${entry.kind} ${entry.key}`).join(', ');
        if (this.#dies('before write', about, life)) throw new Killed('killed before the write');
        const place = journal.append(entries);
        this.#unsynced.push({ entries, place, atMs: this.time.nowMs });
        if (this.#dies('after write', about, life)) throw new Killed('killed after the write');
        return place;
      },
      durable: async (place) => {
        await new Promise<void>((resolve) => this.time.at(this.time.nowMs + SYNC_MS, () => life.alive && resolve()));
        this.#synced.push(...this.#unsynced.filter((one) => one.place <= place).map((one) => one.entries));
        this.#unsynced = this.#unsynced.filter((one) => one.place > place);
        if (this.#dies('after sync', `up to ${place}`, life)) throw new Killed('killed after the sync');
        await journal.durable(place);
      },
      close: () => {},
    });
  }
}

export function instruments(): readonly InstrumentSpec[] {
  return knownInstruments().filter((spec) => spec.name === BNB || spec.name === SOL);
}

function settingsOf(options: Options): Settings {
  const reading = loadSettings({
    env: {
      GRVT_ENV: 'paper',
      GRVT_HEDGE_SYMBOLS_FILE: 'symbols.json',
      GRVT_HEDGE_RATE_SCALE: '20',
      ...environmentAt(1),
      ...options.environment,
    },
    root: '/crash',
    readFile: (path) => {
      if (path.endsWith('symbols.json')) return Buffer.from(JSON.stringify(options.symbols ?? SYMBOLS));
      throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
    },
  });
  if (!reading.ok) throw new Error(reasonTexts(reading.errors));
  return reading.settings;
}

/** Runs something in a virtual time of its own. */
export async function inVirtualTime<T>(work: (time: VirtualTime) => Promise<T>): Promise<T> {
  const time = new VirtualTime(START_MS, chance(1, 'Math.random').unit);
  time.install();
  try {
    return await work(time);
  } finally {
    time.uninstall();
  }
}

export interface Run {
  readonly outcome: Outcome;
  readonly wrong: readonly string[];
  readonly points: readonly string[];
  readonly starts: number;
  readonly entriesLost: number;
  readonly journal: EngineJournal;
  readonly tookMs: number;
}

/** The scenario, with the engine killed at those points. */
export function runScenario(options: Options = {}): Promise<Run> {
  return inVirtualTime(async (time) => {
    const world = new World(time, options);
    const scenario = new Scenario(world.exchange);
    world.onRestart = () => scenario.restarted();
    const look = (): void => {
      world.exchange.advance(time.nowMs);
      scenario.look();
      time.at(time.nowMs + LOOK_MS, look, true);
    };
    look();
    world.start();
    const endMs = START_MS + GIVE_UP_MS;
    while (time.nowMs < endMs && !(scenario.over && world.running)) await time.run(time.nowMs + 500);
    const wrong = [...world.breaches, ...world.watch.atTheEnd(world.journal, scenario.foreign)];
    if (!scenario.over) wrong.push(`did not get to its end: ${scenario.waitingFor.join('; ') || 'no engine runs'}`);
    world.engine?.exchange.close();
    return {
      outcome: outcomeOf(world.exchange, world.journal),
      wrong,
      points: world.points,
      starts: world.starts,
      entriesLost: world.entriesLost,
      journal: world.journal,
      tookMs: time.nowMs - START_MS,
    };
  });
}

import { createHash, type Hash } from 'node:crypto';
import { type Auditor, type AuditReport, type Breach, createAuditor, type Invariant } from '../core/audit/index.ts';
import { encode } from '../core/codec.ts';
import type { Fact } from '../core/facts.ts';
import type { SymbolState } from '../core/symbol-state.ts';
import type { WireEvent } from '../core/wire-event.ts';
import { type Engine, journalledStart, staleMs, startEngine } from '../engine.ts';
import { createGrvtExchange } from '../grvt/exchange.ts';
import type { FetchLike } from '../grvt/session.ts';
import { createStreams, type Streams } from '../grvt/stream.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { createMemoryJournal } from '../journal/memory.ts';
import { createEngineLog, type EngineLog } from '../log/index.ts';
import {
  createPaper,
  type InstrumentSpec,
  type PaperExchange,
  type PaperRequest,
  type ProfileName,
} from '../paper/index.ts';
import type { JournalEntry } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import { createAttempts, type GoalAttempt } from './attempts.ts';
import { type Chance, chance } from './chance.ts';
import { type AnyFault, type FaultPlan, networkChance, paperRules } from './fault-plan.ts';
import type { Host, KillMoment } from './host.ts';
import { connectNetwork, type Life, latency, type NetworkParts } from './network.ts';
import {
  instrumentsOf,
  MARKETS,
  type ModeChoice,
  openingPositions,
  type ProfileChoice,
  profileOf,
  settingsOf,
  turnedRound,
} from './setup.ts';
import { virtualSockets } from './socket.ts';
import { Counts, createTally } from './tally.ts';
import { createTruth } from './truth.ts';
import { VirtualTime } from './virtual-time.ts';
import { scheduleWorld } from './world.ts';

/**
 * One campaign: the unmodified engine against the embedded exchange, in virtual time, from one seed, audited from the wire
 * and held against the exchange's own books.
 *
 * It goes by legs, each as long as it takes the symbols to get where they are to go, within bounds. At the end of a leg
 * the faults pause and the market stands still for some minutes, engine and exchange are compared, the engine is stopped
 * in order and what it left is judged; symbols that got where they were to go turn round, as an operator would have them
 * do; and the next leg starts from the same journal.
 */
export interface CampaignOptions {
  readonly seed: number;
  readonly days: number;
  readonly symbols: number;
  readonly plan: FaultPlan;
  readonly profile: ProfileChoice;
  readonly modes: ModeChoice;
  readonly legHours: number;
  readonly loopIntervalMs: number;
  /** Round trips of the network, milliseconds. */
  readonly latencyMs: readonly [number, number];
  /** Breaches of others are counted and not acted on; null: all. */
  readonly only: readonly Invariant[] | null;
  /** Ends there (true time since the start), milliseconds; null: at the end. */
  readonly untilMs: number | null;
  /** Goes on after a breach. */
  readonly keepGoing: boolean;
  /** Listens to the streams, as a real engine does; frames twice a second cost time. */
  readonly streams: boolean;
  /** Environment variables of the engine beyond the campaign's own. */
  readonly settings: Readonly<Record<string, string>>;
  /** Every line of the engine's log, as the log file has it. */
  readonly onLogLine?: (line: string) => void;
  readonly onProgress?: (progress: Progress) => void;
  /** Asked every five simulated minutes: whether to end there, with what there is. */
  readonly interrupted?: () => boolean;
}

export interface Progress {
  readonly simulatedMs: number;
  readonly totalMs: number;
  readonly breaches: number;
}

/** Something that must not be, with what happened around it. */
export interface Finding {
  readonly invariant: string;
  readonly rule: string;
  readonly what: string;
  readonly detail: Readonly<Record<string, string>>;
  readonly instrument: string | null;
  readonly account: string | null;
  readonly clientOrderId: string | null;
  /** True time since the start. */
  readonly atMs: number;
  readonly at: string;
  readonly around: readonly string[];
}

/** What one leg came to on one symbol. */
export interface LegFigures {
  readonly instrument: string;
  readonly mode: string;
  readonly goalReached: boolean;
  readonly report: AuditReport['symbols'][number];
}

export interface CampaignResult {
  readonly seed: number;
  readonly profile: ProfileName;
  readonly simulatedMs: number;
  readonly symbols: number;
  /** True time of its end, as findings say it. */
  readonly endedAt: string;
  /** It was interrupted. */
  readonly interrupted: boolean;
  readonly legs: readonly LegFigures[];
  readonly attempts: readonly GoalAttempt[];
  readonly findings: readonly Finding[];
  readonly breachCounts: Readonly<Record<string, number>>;
  readonly checks: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Asked for and never happened. */
  readonly missing: readonly string[];
  readonly alerts: Readonly<Record<string, number>>;
  readonly facts: Readonly<Record<string, number>>;
  readonly statesMs: Readonly<Record<string, number>>;
  readonly cappedUnhedgedMs: number;
  readonly pairsAtALoss: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly exchange: { readonly orders: number; readonly fills: number; readonly telegrams: number };
  readonly wireEvents: number;
  /** SHA-256 over every line of the log, and over every entry of every journal. */
  readonly logDigest: string;
  readonly journalDigest: string;
  readonly journalEntries: number;
  /** The engine or the simulation itself failed. */
  readonly crash: string | null;
}

const DAY_MS = 86_400_000;
/** 2026-01-05, a Monday: any day will do, as long as it is always the same. */
export const START_MS = Date.UTC(2026, 0, 5);
/** Before the end of a leg: faults pause, the market stands still, and what is in doubt may settle. */
const CALM_MS = 10 * 60_000;
/** A leg ends early, but not before this, when every symbol has got where it was to go: idling proves little. */
const LEG_LEAST_MS = 45 * 60_000;
/** How often engine and exchange are compared in the calm before their difference counts. */
const COMPARE_EVERY_MS = 5_000;
/** A stop takes this long at most (strategy 13.1: 30 s of draining, 30 s of cleaning), and some for the last requests. */
const STOP_LIMIT_MS = 90_000;
/** How long an engine that lost its journal has to find out where it stands. */
const BEGINNING_MS = 60_000;
/** A supervisor waits so long before it starts an engine that ended again. */
const RESTART_PAUSE_MS = 5_000;
/** Events kept to show what happened before a breach. */
const RING = 160;
/** After a breach the campaign goes on for this long, to show what came of it. */
const AFTERMATH_MS = 5_000;
const FINDINGS_KEPT = 200;

/** Thrown where the engine's process would be no more. */
class Killed extends Error {}

/** Runs one campaign. Installs virtual time in this process; one at a time. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { seed, plan } = options;
  const draw = (purpose: string): Chance => chance(seed, purpose);
  const time = new VirtualTime(START_MS, draw('Math.random').unit);
  time.install();
  try {
    return await new Campaign(options, plan, time, draw).run();
  } finally {
    time.uninstall();
  }
}

/** How long a kill waits for its moment. */
const ARMED_AT_MOST_MS = 600_000;

class Campaign implements Host {
  readonly time: VirtualTime;
  readonly exchange: PaperExchange;
  readonly specs: readonly InstrumentSpec[];
  readonly faults = new Counts();
  readonly #options: CampaignOptions;
  readonly #plan: FaultPlan;
  readonly #draw: (purpose: string) => Chance;
  readonly #profile: ProfileName;
  readonly #network: Chance;
  readonly #telegram: Chance;
  readonly #disk: Chance;
  readonly #log: EngineLog;
  readonly #logHash: Hash = createHash('sha256');
  readonly #journalHash: Hash = createHash('sha256');
  #journalEntries = 0;
  readonly #tally = createTally((instrument) => this.#truth.unhedged(instrument));
  readonly #attempts = createAttempts();
  readonly #truth;
  readonly #ring: (string | WireEvent | Fact)[] = [];
  readonly #findings: Finding[] = [];
  readonly #breachCounts = new Counts();
  readonly #checks = new Counts();
  readonly #legs: LegFigures[] = [];
  #settings: Settings;
  #journal: EngineJournal = createMemoryJournal();
  #auditor: Auditor | null = null;
  #heard = 0;
  #engine: Engine | null = null;
  #life: Life = { alive: false };
  #streams: Streams | null = null;
  #stopping = false;
  #trading = false;
  /** The journal was lost since the engine last ran. */
  #lostJournal = false;
  #wanted = false;
  #calm = false;
  #armed: { moment: KillMoment; downMs: number } | null = null;
  #downUntilMs = 0;
  #telegramDownUntilMs = 0;
  #diskSlowUntilMs = 0;
  /** A fault that was asked for stays until it has struck once. */
  #telegramOwes = false;
  #diskOwes = false;
  #telegrams = 0;
  #crash: string | null = null;

  constructor(options: CampaignOptions, plan: FaultPlan, time: VirtualTime, draw: (purpose: string) => Chance) {
    this.#options = options;
    this.#plan = plan;
    this.time = time;
    this.#draw = draw;
    this.#network = draw('network');
    this.#telegram = draw('telegram');
    this.#disk = draw('disk');
    const { seed } = options;
    this.specs = instrumentsOf(options.symbols);
    const profile = profileOf(options.profile, seed);
    this.#profile = profile;
    this.exchange = createPaper({
      seed,
      startMs: START_MS,
      instruments: this.specs,
      profile: MARKETS[profile],
      equityUsdt: String(20_000 * Math.max(1, options.symbols)),
    });
    // The two clocks never agreed to begin with.
    this.exchange.venue.shiftClock(draw('skew').integer(-1_500, 1_500));
    this.#settings = settingsOf({
      specs: this.specs,
      seed,
      modes: options.modes,
      loopIntervalMs: options.loopIntervalMs,
      extra: options.settings,
    });
    for (const [index, symbol] of this.#settings.symbols.entries()) {
      openingPositions(this.exchange, symbol, this.specs[index]!);
    }
    this.#truth = createTruth(this.exchange, (what, rule, detail) => this.#find('truth', rule, what, detail));
    this.#log = createEngineLog({
      secrets: [],
      screen: null,
      file: {
        write: (text) => {
          this.#logHash.update(text);
          options.onLogLine?.(text);
        },
        close: () => {},
      },
      context: { diffThresholdUsdt: this.#settings.singleOrderDiffThresholdUsdt.toFixed(), stuckHours: '6' },
    });
  }

  async run(): Promise<CampaignResult> {
    const { days, legHours, untilMs } = this.#options;
    const totalMs = days * DAY_MS;
    const endMs = START_MS + totalMs;
    // Ends early and is the same until then: nothing is planned by that end.
    if (untilMs !== null) {
      this.time.at(
        START_MS + untilMs,
        () => {
          this.#over = true;
          this.time.stop();
        },
        true,
      );
    }
    const legMs = legHours * 3_600_000;
    try {
      if (this.#options.streams) this.#keepMarketMoving();
      scheduleWorld(this, this.#plan, this.#draw('world'), { fromMs: START_MS, toMs: endMs });
      while (this.time.nowMs < endMs && !this.#over) {
        const legEndMs = Math.min(this.time.nowMs + legMs, endMs);
        await this.#leg(legEndMs, totalMs);
      }
    } catch (thrown) {
      this.#crash = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    }
    return this.#result();
  }

  /** Whether a breach, or `--until`, has ended the campaign. */
  #over = false;
  #interrupted = false;
  #legBeganMs = START_MS;

  async #leg(endMs: number, totalMs: number): Promise<void> {
    this.#calm = false;
    this.exchange.faults.set(paperRules(this.#plan));
    const { settings } = this;
    this.#auditor = createAuditor({
      symbols: settings.symbols,
      accounts: this.#subAccountIds,
      settings: {
        singleOrderDiffThresholdUsdt: settings.singleOrderDiffThresholdUsdt,
        postOnlyMaxRetry: settings.postOnlyMaxRetry,
        partialFillTimeoutMs: settings.partialFillTimeoutMs,
        staleMs: staleMs(settings.loopIntervalMs),
        cancelOnStop: settings.cancelOnStop,
        stopKeepStrategyOrders: settings.stopKeepStrategyOrders,
      },
      knownAtStart: journalledStart(this.#journal),
      asksAhead: this.#options.streams,
    });
    this.#legBeganMs = this.time.nowMs;
    for (const symbol of settings.symbols) {
      this.#attempts.legBegan(symbol.instrument, symbol.positionMode, this.time.nowMs);
    }
    this.#wanted = true;
    this.#start();
    const calmMs = endMs - CALM_MS;
    const soonestMs = this.time.nowMs + LEG_LEAST_MS;
    while (this.time.nowMs < calmMs && !this.#over) {
      if (this.time.nowMs >= soonestMs && endMs - this.time.nowMs > 2 * LEG_LEAST_MS && this.#allThere()) break;
      await this.time.run(Math.min(calmMs, this.time.nowMs + 300_000));
      this.#options.onProgress?.({
        simulatedMs: this.time.nowMs - START_MS,
        totalMs,
        breaches: this.#findings.length,
      });
      if (this.#options.interrupted?.()) {
        this.#interrupted = true;
        this.#over = true;
      }
    }
    if (this.#over) {
      await this.#endLeg(false);
      return;
    }
    await this.#compare(this.time.nowMs + CALM_MS);
    if (!this.#over) await this.#stopInOrder();
    await this.#endLeg(true);
    // A campaign lasts as long as it was to last; nothing happens in what is left of its last calm.
    if (endMs - this.time.nowMs < CALM_MS && !this.#over) await this.time.run(endMs);
  }

  /** Frames are born when the market moves, not when somebody asks. */
  #keepMarketMoving(): void {
    const { exchange, time } = this;
    exchange.advance(time.nowMs);
    time.at(Math.max(exchange.nextEventMs(), time.nowMs + 1), () => this.#keepMarketMoving(), true);
  }

  /** Every symbol has got where it was to go. */
  #allThere(): boolean {
    return this.#auditor?.report().symbols.every((figures) => figures.goalReachedAfterMs !== null) ?? false;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get #subAccountIds(): { A: string; B: string } {
    const [a, b] = this.exchange.accounts;
    return { A: a!.subAccountId, B: b!.subAccountId };
  }

  /** The calm before the stop: engine and exchange have to agree by its end. */
  async #compare(endMs: number): Promise<void> {
    this.#calm = true;
    this.#armed = null;
    this.exchange.faults.set([]);
    this.#downUntilMs = this.time.nowMs;
    this.#diskSlowUntilMs = this.time.nowMs;
    this.#diskOwes = false;
    for (const spec of this.specs) {
      // An engine that has lost its journal does not start on an instrument the exchange does not list (strategy 11.6).
      this.exchange.venue.setInstrument(spec);
      this.exchange.control.market({ instrument: spec.name, frozen: true, empty: false });
    }
    const lastMs = endMs - STOP_LIMIT_MS - COMPARE_EVERY_MS;
    let differences: readonly string[] = ['the engine does not run'];
    while (this.time.nowMs < lastMs && !this.#over) {
      await this.time.run(this.time.nowMs + COMPARE_EVERY_MS);
      if (this.#engine === null) {
        this.#again();
        continue;
      }
      differences = this.#truth.differences(this.settings.symbols, this.#journal);
      if (differences.length === 0) return;
    }
    if (!this.#over && differences.length > 0) {
      this.#find('truth', '4.5', 'engine and exchange do not agree after minutes of calm', {
        differences: differences.join('; '),
      });
    }
  }

  async #stopInOrder(): Promise<void> {
    this.#wanted = false;
    if (this.#engine === null) return;
    this.#stopping = true;
    this.#auditor?.drainBegan(this.time.wallMs);
    this.#engine.stop('the leg is over');
    const limitMs = this.time.nowMs + STOP_LIMIT_MS;
    while (this.#engine !== null && this.time.nowMs < limitMs) await this.time.run(this.time.nowMs + 1_000);
    if (this.#engine !== null) {
      this.#find('truth', '13.1', 'the engine does not stop', {});
      this.#die();
      return;
    }
    for (const left of this.#truth.leftBehind()) {
      this.#find('I11', '13.1', 'the exchange still has a strategy order after the stop', { order: left });
    }
  }

  async #endLeg(whole: boolean): Promise<void> {
    this.#wanted = false;
    if (this.#engine !== null) this.#die();
    this.#tally.interrupted(this.time.nowMs);
    const report = this.#auditor?.report();
    this.#auditor = null;
    if (report === undefined) return;
    this.#heard += report.events;
    for (const [invariant, count] of Object.entries(report.checks)) this.#checks.add(invariant, count);
    const turn = new Set<string>();
    for (const figures of report.symbols) {
      const symbol = this.settings.symbols.find((one) => one.instrument === figures.instrument);
      const goalReached = figures.goalReachedAfterMs !== null;
      if (goalReached) turn.add(figures.instrument);
      const afterMs = figures.goalReachedAfterMs;
      this.#attempts.legEnded(figures.instrument, afterMs === null ? null : this.#legBeganMs + afterMs);
      this.#legs.push({
        instrument: figures.instrument,
        mode: symbol?.positionMode ?? '',
        goalReached,
        report: figures,
      });
    }
    if (whole) this.#settings = turnedRound(this.settings, turn);
    for (const spec of this.specs) this.exchange.control.market({ instrument: spec.name, frozen: false });
  }

  // ── the engine's process ──────────────────────────────────────────────────────────────────────────────────────────

  #start(): void {
    const { exchange, time, settings } = this;
    const life: Life = { alive: true };
    this.#life = life;
    this.#trading = false;
    this.#stopping = false;
    const parts: NetworkParts = {
      time,
      exchange,
      passage: (request) => this.#passage(request),
      reachable: () => time.nowMs >= this.#downUntilMs,
      onArrival: (request, moment) => this.#arrived(request, moment, life),
    };
    const network = connectNetwork(parts, life);
    const origin = 'http://127.0.0.1:8080';
    const clock = { nowMs: () => time.wallMs };
    const [a, b] = exchange.accounts;
    const report = (fact: Fact): void => {
      if (!life.alive) return;
      this.#remember(fact);
      this.#tally.hear(fact, time.nowMs);
      this.#log.report(fact);
    };
    const engine = startEngine({
      settings,
      subAccountIds: this.#subAccountIds,
      openExchange: (_onWire, reportOwn) =>
        createGrvtExchange({
          hosts: { edge: origin, trades: origin, marketData: origin },
          chainId: exchange.chainId,
          accounts: { A: a!, B: b! },
          bookDepth: settings.orderbookDepth,
          requestsPerSec: settings.requestsPerSec,
          clock,
          sdkLogLevel: 'OFF',
          onWire: (event) => this.#hear(event, life),
          report: reportOwn,
          axiosAdapter: network.axiosAdapter,
          fetch: this.#oneLoginAtATime(network.fetch),
        }),
      journal: this.#guarded(this.#journal, life),
      notifier: { send: (text) => this.#deliver(text, life) },
      heartbeat: null,
      clock,
      reporter: { report },
      warn: (text) => {
        if (life.alive) this.#log.say('warn', text, time.wallMs);
      },
      onTrading: (trading, symbols) => {
        this.#trading = life.alive;
        if (!this.#options.streams || !life.alive) return;
        this.#streams = createStreams({
          hosts: { trades: origin, marketData: origin },
          sessions: { A: trading.exchange.session('A'), B: trading.exchange.session('B') },
          subAccountIds: this.#subAccountIds,
          instruments: symbols.filter((symbol) => !symbol.unlisted).map((symbol) => symbol.instrument.name),
          bookDepth: settings.orderbookDepth,
          clock,
          onPrompt: (account) => trading.prompt(account),
          onOrderOver: (account, order) => trading.orderOver(account, order),
          report,
          WebSocket: virtualSockets(parts, life, this.#network, this.#options.latencyMs),
        });
      },
    });
    this.#engine = engine;
    engine.stopped.then(
      (output) => this.#ended(life, engine, output.exitCode, output.failure),
      (error: unknown) => this.#ended(life, engine, 70, error instanceof Error ? error.message : String(error)),
    );
  }

  /** The engine ended by itself: it was told to, or could not start, or failed. */
  #ended(life: Life, engine: Engine, exitCode: number, failure: string | null): void {
    if (!life.alive) return;
    this.#streams?.close();
    this.#streams = null;
    life.alive = false;
    this.note(`engine ended with exit code ${exitCode}${failure === null ? '' : `: ${failure}`}`);
    engine.exchange.close();
    if (this.#stopping) {
      for (const breach of this.#auditor?.stopped(this.time.wallMs) ?? []) this.#broke(breach);
    }
    const asked = this.#stopping;
    this.#engine = null;
    this.#gone();
    if (exitCode === 70) this.#find('truth', '13', 'the engine failed', { failure: failure ?? '' });
    if (this.#wanted) {
      this.time.at(this.time.nowMs + (asked ? 1_000 : RESTART_PAUSE_MS), () => this.#again());
    }
  }

  #again(): void {
    if (!this.#wanted || this.#engine !== null) return;
    this.#auditor?.restarted(this.time.wallMs, { journal: this.#lostJournal ? 'lost' : 'kept' });
    if (this.#lostJournal) this.#showEverything();
    this.#lostJournal = false;
    this.#start();
  }

  /**
   * An engine that remembers nothing can only believe what it is shown: while it begins, the exchange hides no order and
   * gives no old answers. (Nobody could know better; with its journal an engine does.)
   */
  #showEverything(): void {
    const { exchange, time } = this;
    const hiding: readonly string[] = ['lost-order', 'late-position', 'stale'];
    const honest = Object.entries(this.#plan).filter(([kind]) => !hiding.includes(kind));
    exchange.faults.set(paperRules(Object.fromEntries(honest)));
    for (const account of exchange.venue.accounts) {
      account.frozen = null;
      for (const order of account.active.values()) order.hiddenUntilMs = 0;
    }
    time.at(
      time.nowMs + BEGINNING_MS,
      () => {
        if (!this.#calm) exchange.faults.set(paperRules(this.#plan));
      },
      true,
    );
  }

  #gone(): void {
    this.#tally.interrupted(this.time.nowMs);
    // The turn of the event loop in which it died comes to its end first; nothing it still does has an effect.
    this.time.at(this.time.nowMs, () => this.time.dropEngineTimers(), true);
  }

  #die(): void {
    this.#life.alive = false;
    this.#streams = null;
    this.#engine = null;
    this.#gone();
  }

  running(): boolean {
    return this.#engine !== null && !this.#stopping;
  }

  calm(): boolean {
    return this.#calm;
  }

  kill(how: { readonly downMs: number; readonly journal: 'kept' | 'lost' }): boolean {
    if (!this.running()) return false;
    if (how.journal === 'kept') this.#armed = null;
    this.faults.add(how.journal === 'lost' ? 'journal-lost' : 'engine-killed');
    this.note(`kill -9; down for ${Math.round(how.downMs / 1_000)} s, journal ${how.journal}`);
    this.#die();
    if (how.journal === 'lost') {
      this.#journal = createMemoryJournal();
      this.#truth.forget();
    }
    this.#lostJournal ||= how.journal === 'lost';
    this.time.at(this.time.nowMs + how.downMs, () => this.#again());
    return true;
  }

  armKill(moment: KillMoment, how: { readonly downMs: number }): boolean {
    if (moment === 'any') return this.kill({ ...how, journal: 'kept' });
    if (!this.running() || this.#armed !== null) return false;
    const armed = { moment, downMs: how.downMs };
    this.#armed = armed;
    // A moment that does not come (no create, a symbol at its limit) must not make a kill that was asked for fail to happen.
    const strike = (): void => {
      if (this.#armed !== armed || this.kill({ downMs: armed.downMs, journal: 'kept' })) return;
      this.time.at(this.time.nowMs + ARMED_AT_MOST_MS / 10, strike);
    };
    this.time.at(this.time.nowMs + ARMED_AT_MOST_MS, strike);
    return true;
  }

  #killIf(moment: KillMoment): boolean {
    const armed = this.#armed;
    if (armed === null || armed.moment !== moment || !this.running()) return false;
    this.note(`killed at: ${moment}`);
    this.kill({ downMs: armed.downMs, journal: 'kept' });
    return true;
  }

  restartInOrder(): boolean {
    // A stop while it still starts is the next start's business: it has found out nothing that it could clean up.
    if (!this.running() || !this.#trading) return false;
    this.faults.add('engine-restarted');
    this.note('SIGTERM');
    this.#stopping = true;
    this.#auditor?.drainBegan(this.time.wallMs);
    this.#engine?.stop('SIGTERM');
    return true;
  }

  exchangeDown(untilMs: number): void {
    this.#downUntilMs = untilMs;
  }

  telegramDown(untilMs: number): void {
    this.#telegramDownUntilMs = untilMs;
    this.#telegramOwes = true;
  }

  diskSlow(untilMs: number): void {
    this.#diskSlowUntilMs = untilMs;
    this.#diskOwes = true;
  }

  note(text: string): void {
    this.#remember(`${this.#stamp()} · ${text}`);
    this.#options.onLogLine?.(`${JSON.stringify({ time: this.time.wallMs, world: text })}\n`);
  }

  // ── what the engine hangs on ──────────────────────────────────────────────────────────────────────────────────────

  #passage(request: PaperRequest) {
    const [least, most] = this.#options.latencyMs;
    const times = latency(this.#network, least, most);
    const route = request.path.slice(request.path.lastIndexOf('/') + 1);
    const strikes = (kind: 'request-lost' | 'answer-lost'): boolean => {
      const probability = this.#calm ? 0 : networkChance(this.#plan, kind, route);
      if (probability === 0 || !this.#network.happens(probability)) return false;
      this.faults.add(kind);
      return true;
    };
    return { ...times, requestLost: strikes('request-lost'), answerLost: strikes('answer-lost') };
  }

  /** Strategy 9.3: what arrives has been in the journal before it left. */
  #mustBeWritten(request: PaperRequest): void {
    const ids = [...request.body.matchAll(/"(\d{19,20})"/g)].map(([, id]) => id ?? '');
    const ours = ids.filter((id) => BigInt(id) >> 60n === 0b1110n);
    if (ours.some((id) => this.#journal.latest('order.prepared', id) !== null)) return;
    this.#find('truth', '9.3', 'a create arrives that the journal does not know', { clientOrderId: ours.join(', ') });
  }

  /** Strategy 9.8: one login per account at a time, however many calls wait for it. */
  #oneLoginAtATime(carried: FetchLike): FetchLike {
    const underWay = new Set<string>();
    return async (url, init) => {
      if (underWay.has(init.body)) this.#find('truth', '9.8', 'two logins of one account at once', {});
      underWay.add(init.body);
      const over = (): void => {
        underWay.delete(init.body);
      };
      init.signal.addEventListener('abort', over);
      try {
        return await carried(url, init);
      } finally {
        over();
      }
    };
  }

  #arrived(request: PaperRequest, moment: 'before' | 'after', life: Life): void {
    if (!life.alive || !request.path.endsWith('create_order')) return;
    if (moment === 'before') this.#mustBeWritten(request);
    this.#killIf(moment === 'before' ? 'create-arrives' : 'create-carried-out');
  }

  #guarded(journal: EngineJournal, life: Life): EngineJournal {
    const campaign = this;
    const guarded: EngineJournal = {
      name: journal.name,
      notices: journal.notices,
      append(entries: readonly JournalEntry[]): void {
        if (!life.alive) throw new Killed('the process is dead');
        if (campaign.#killIf('before-write')) throw new Killed('killed before the write');
        campaign.#writeSlowly();
        journal.append(entries);
        for (const entry of entries) campaign.#digest(entry);
        if (campaign.#killIf('after-write')) throw new Killed('killed after the write');
      },
      latest: (kind, key) => journal.latest(kind, key),
      latestOfEach: (kind) => journal.latestOfEach(kind),
      scan: (filter) => journal.scan(filter),
      close: () => {},
      unsettledKeys: () => journal.unsettledKeys(),
      newest: (kind) => journal.newest(kind),
      mentioning: (kind, key, words) => journal.mentioning(kind, key, words),
      compact: (nowMs) => journal.compact(nowMs),
    };
    return guarded;
  }

  #digest(entry: JournalEntry): void {
    this.#journalEntries += 1;
    this.#journalHash.update(`${entry.kind}\n${entry.key}\n${entry.atMs}\n${encode(entry.body)}\n`);
  }

  #writeSlowly(): void {
    if (this.time.nowMs >= this.#diskSlowUntilMs && !this.#diskOwes) return;
    this.#diskOwes = false;
    this.faults.add('disk-slow');
    this.time.block(this.#disk.happens(0.01) ? 3_000 : this.#disk.integer(20, 300));
  }

  /** The Telegram gateway. */
  #deliver(_text: string, life: Life): Promise<void> {
    const refuses = this.time.nowMs < this.#telegramDownUntilMs || this.#telegramOwes;
    return new Promise((resolve, reject) => {
      this.time.at(this.time.nowMs + this.#telegram.integer(50, 900), () => {
        if (refuses) {
          this.#telegramOwes = false;
          this.faults.add('telegram-down');
          if (life.alive) reject(new Error('HTTP 502'));
          return;
        }
        this.#telegrams += 1;
        if (life.alive) resolve();
      });
    });
  }

  // ── what is found ─────────────────────────────────────────────────────────────────────────────────────────────────

  #hear(event: WireEvent, life: Life): void {
    if (!life.alive || this.#auditor === null) return;
    this.#remember(event);
    for (const breach of this.#auditor.hear(event)) this.#broke(breach);
  }

  #broke(breach: Breach): void {
    this.#found(breach);
  }

  #find(invariant: string, rule: string, what: string, detail: Readonly<Record<string, string>>): void {
    this.#found({ invariant, rule, what, detail, instrument: null, account: null, clientOrderId: null });
  }

  #found(one: Omit<Finding, 'atMs' | 'at' | 'around'>): void {
    this.#breachCounts.add(one.invariant);
    const { only, keepGoing } = this.#options;
    if (only !== null && !(only as readonly string[]).includes(one.invariant)) return;
    if (this.#findings.length >= FINDINGS_KEPT) return;
    const { invariant, rule, what, detail, instrument, account, clientOrderId } = one;
    const around: string[] = this.#ring.map((entry) => this.#words(entry));
    this.#findings.push({
      ...{ invariant, rule, what, detail, instrument, account, clientOrderId },
      atMs: this.time.nowMs - START_MS,
      at: this.#stamp(),
      around,
    });
    if (keepGoing) return;
    this.time.at(this.time.nowMs + AFTERMATH_MS, () => {
      around.push('— after —', ...this.#ring.slice(-RING / 2).map((entry) => this.#words(entry)));
      this.#over = true;
      this.time.stop();
    });
  }

  #stamp(): string {
    return new Date(this.time.nowMs).toISOString();
  }

  #remember(entry: string | WireEvent | Fact): void {
    this.#ring.push(entry);
    if (this.#ring.length > RING * 2) this.#ring.splice(0, RING);
  }

  #words(entry: string | WireEvent | Fact): string {
    if (typeof entry === 'string') return entry;
    const at = new Date(entry.atMs).toISOString().slice(11, 23);
    const text = encode(entry).replace(/\{"\$[dn]":("[^"]*")\}/g, '$1');
    return `${at} ${text.length > 3000 ? `${text.slice(0, 3000)}…` : text}`;
  }

  #result(): CampaignResult {
    for (const [kind, count] of Object.entries(this.exchange.faults.counts())) this.faults.add(kind, count);
    // Cut short to look closely, it need not have seen everything.
    const whole = this.#options.untilMs === null && !this.#interrupted;
    const asked = whole ? (Object.keys(this.#plan) as AnyFault[]) : [];
    const missing = asked.filter((kind) => (this.#plan[kind] ?? 0) > 0 && this.faults.of(kind) === 0);
    return {
      seed: this.#options.seed,
      profile: this.#profile,
      simulatedMs: this.time.nowMs - START_MS,
      symbols: this.specs.length,
      endedAt: this.#stamp(),
      interrupted: this.#interrupted,
      legs: this.#legs,
      attempts: this.#attempts.all(this.time.nowMs),
      findings: this.#findings,
      breachCounts: this.#breachCounts.sorted(),
      checks: this.#checks.sorted(),
      faults: this.faults.sorted(),
      missing,
      alerts: this.#tally.alerts.sorted(),
      facts: this.#tally.facts.sorted(),
      statesMs: this.#tally.statesMs(),
      cappedUnhedgedMs: this.#tally.cappedUnhedgedMs(),
      pairsAtALoss: this.#tally.pairsAtALoss(),
      requests: this.exchange.api.requests(),
      exchange: { ...this.#truth.counts(), telegrams: this.#telegrams },
      wireEvents: this.#heard,
      logDigest: this.#logHash.digest('hex'),
      journalDigest: this.#journalHash.digest('hex'),
      journalEntries: this.#journalEntries,
      crash: this.#crash,
    };
  }
}

/** The engine's own memory of a symbol, as the journal has it. */
export function stateOf(journal: EngineJournal, instrument: string): SymbolState | null {
  return (journal.latest('symbol.state', instrument)?.body as SymbolState | undefined) ?? null;
}

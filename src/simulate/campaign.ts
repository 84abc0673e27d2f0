import { createHash, type Hash } from 'node:crypto';
import { type Auditor, createAuditor } from '../core/audit/index.ts';
import { longestRest } from '../core/rests.ts';
import type { SymbolState } from '../core/symbol-state.ts';
import { journalledStart, staleMs } from '../engine/tuning.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { completeUntilMs, readUpTo } from '../journal/money.ts';
import { createEngineLog, type EngineLog } from '../log/index.ts';
import { createPaper, type InstrumentSpec, type PaperExchange, type ProfileName } from '../paper/index.ts';
import type { Settings } from '../settings/index.ts';
import { createAttempts } from './attempts.ts';
import type { CampaignOptions, CampaignResult } from './campaign-result.ts';
import { type Chance, chance } from './chance.ts';
import { EngineProcess } from './engine-process.ts';
import { type AnyFault, type FaultPlan, MONEY_EVENTS, paperRules } from './fault-plan.ts';
import { createLegBooks, type LegBooks, type SymbolFigures } from './figures.ts';
import { Findings } from './findings.ts';
import type { Host } from './host.ts';
import { CHECK_EVERY_MS, createIdle, type Idle } from './idle.ts';
import { judgeMoney } from './money-judge.ts';
import { instrumentsOf, MARKETS, openingPositions, profileOf, settingsOf, withSidesSwapped } from './setup.ts';
import { Surroundings } from './surroundings.ts';
import { Counts, createTally } from './tally.ts';
import { createTruth } from './truth.ts';
import { createViewJudge } from './view-judge.ts';
import { subAccountIdsOf } from './virtual-engine.ts';
import { VirtualTime } from './virtual-time.ts';
import { scheduleWorld } from './world.ts';

const DAY_MS = 86_400_000;
/** A Monday: any day, but always the same. */
export const START_MS = Date.UTC(2026, 0, 5);
/** At the end of a leg: faults pause, the market stands still, and unknown outcomes may be resolved. */
const CALM_MS = 10 * 60_000;
/** A leg ends early once every symbol reached its goal, but not before this time. */
const LEG_LEAST_MS = 45 * 60_000;
/** Interval of comparing engine and exchange during the calm. */
const COMPARE_EVERY_MS = 5_000;
/** Largest age of a full read with intact streams (strategy 10.3). */
const READING_MAX_MS = 30_000;
/** Largest age of an answer by the faults `stale` and `late-position`, including its way and the decision. */
const ANSWERS_OLD_MS = 15_000;
/** A day is final an hour after its end, or after the last failure that kept its rows from being read (17.3). */
const FINAL_WITHIN_MS = 3_600_000;
/** Longest stop (strategy 13.1: 30 s of draining, 30 s of cleaning), with a margin for the last requests. */
const STOP_LIMIT_MS = 90_000;

/** Runs one campaign. Installs virtual time in this process, so only one at a time. */
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

/** The exchange of a campaign, before anything is traded. */
function openExchange(
  { seed, symbols }: CampaignOptions,
  instruments: readonly InstrumentSpec[],
  profile: ProfileName,
  skew: Chance,
): PaperExchange {
  const equityUsdt = String(20_000 * Math.max(1, symbols));
  const exchange = createPaper({ seed, startMs: START_MS, instruments, profile: MARKETS[profile], equityUsdt });
  // The two clocks differ from the beginning.
  exchange.venue.shiftClock(skew.integer(-1_500, 1_500));
  for (const [index, { name: instrument }] of instruments.entries()) {
    // Longs of every second instrument pay, of the others they receive.
    const rate = index % 2 === 0 ? '0.0001' : '-0.00005';
    exchange.control.funding({ instrument, rate, interval_ms: 3_600_000 });
  }
  return exchange;
}

/** The legs of one campaign, and the checks at the end of each. */
class Campaign {
  readonly #time: VirtualTime;
  readonly #exchange: PaperExchange;
  readonly #specs: readonly InstrumentSpec[];
  readonly #faults = new Counts();
  readonly #options: CampaignOptions;
  readonly #plan: FaultPlan;
  readonly #draw: (purpose: string) => Chance;
  readonly #profile: ProfileName;
  readonly #log: EngineLog;
  readonly #logHash: Hash = createHash('sha256');
  readonly #tally = createTally((instrument) => this.#truth.unhedged(instrument));
  readonly #attempts = createAttempts();
  readonly #truth;
  readonly #idle: Idle;
  readonly #findings: Findings;
  readonly #surroundings: Surroundings;
  readonly #process: EngineProcess;
  readonly #legs: SymbolFigures[] = [];
  #settings: Settings;
  #auditor: Auditor | null = null;
  #books: LegBooks | null = null;
  #wireEvents = 0;
  #calm = false;
  #crash: string | null = null;
  /** A breach or `--until` has ended the campaign. */
  #over = false;
  #interrupted = false;
  #legBeganMs = START_MS;
  /** When the exchange was last unreachable, or the engine not running. */
  #troubledMs = START_MS;

  constructor(options: CampaignOptions, plan: FaultPlan, time: VirtualTime, draw: (purpose: string) => Chance) {
    this.#options = options;
    this.#plan = plan;
    this.#time = time;
    this.#draw = draw;
    const { seed } = options;
    this.#specs = instrumentsOf(options.symbols);
    const profile = profileOf(options.profile, seed);
    this.#profile = profile;
    this.#exchange = openExchange(options, this.#specs, profile, draw('skew'));
    const { modes, loopIntervalMs, settings: extra } = options;
    this.#settings = settingsOf({ specs: this.#specs, seed, modes, loopIntervalMs, extra });
    for (const [index, symbol] of this.#settings.symbols.entries()) {
      openingPositions(this.#exchange, symbol, this.#specs[index]!);
    }
    const { only, keepGoing, onLogLine } = options;
    this.#findings = new Findings({ time, startMs: START_MS, only, keepGoing, onLogLine, end: () => this.#end() });
    const nowMs = (): number => time.nowMs;
    const tell = (what: string, rule: string, detail: Readonly<Record<string, string>>): void =>
      this.#findings.find('truth', rule, what, detail);
    this.#exchange.venue.onEvent((event) => {
      if (event.type === 'fill') this.#books?.sample(event.fill.order.instrument, this.#time.nowMs);
    });
    this.#truth = createTruth(this.#exchange, tell);
    const boundMs = Math.max(options.streams ? READING_MAX_MS : 0, staleMs(loopIntervalMs)) + ANSWERS_OLD_MS;
    const viewJudge = createViewJudge({ exchange: this.#exchange, nowMs, boundMs, tell });
    this.#log = createEngineLog({
      redact: (text) => text,
      screen: null,
      file: {
        write: (text) => {
          this.#logHash.update(text);
          onLogLine?.(text);
        },
        close: () => {},
      },
      context: { diffThresholdUsdt: this.#settings.singleOrderDiffThresholdUsdt.toFixed(), stuckHours: '6' },
    });
    const parts = { time, plan, latencyMs: options.latencyMs, faults: this.#faults, findings: this.#findings };
    const calm = (): boolean => this.#calm;
    this.#surroundings = new Surroundings({ ...parts, draw, calm });
    this.#process = new EngineProcess({
      ...parts,
      exchange: this.#exchange,
      streams: options.streams,
      surroundings: this.#surroundings,
      tally: this.#tally,
      truth: this.#truth,
      log: this.#log,
      settings: () => this.#settings,
      auditor: () => this.#auditor,
      books: () => this.#books,
      viewJudge,
      calm,
    });
    this.#idle = createIdle({
      exchange: this.#exchange,
      symbols: () => this.#settings.symbols,
      nowMs,
      run: () => (this.#calm || !this.#surroundings.reachable() ? null : this.#process.run()),
      resting: (instrument) => {
        const state = stateOf(this.#process.journal, instrument);
        return state !== null && longestRest(state, this.#time.wallMs) !== null;
      },
      tell,
    });
  }

  async run(): Promise<CampaignResult> {
    const { days, legHours, untilMs } = this.#options;
    const totalMs = days * DAY_MS;
    const endMs = START_MS + totalMs;
    // Ends early with the same course until then: nothing is planned by the end.
    if (untilMs !== null) {
      this.#time.at(START_MS + untilMs, () => this.#end(), true);
    }
    const legMs = legHours * 3_600_000;
    try {
      if (this.#options.streams) this.#keepMarketMoving();
      this.#keepChecking();
      scheduleWorld(this.#host(), this.#plan, this.#draw('world'), { fromMs: START_MS, toMs: endMs });
      while (this.#time.nowMs < endMs && !this.#over) {
        const legEndMs = Math.min(this.#time.nowMs + legMs, endMs);
        await this.#leg(legEndMs, totalMs);
      }
    } catch (thrown) {
      this.#crash = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    }
    return this.#result();
  }

  #end(): void {
    this.#over = true;
    this.#time.stop();
  }

  /** What world events may do to engine and exchange. */
  #host(): Host {
    const engine = this.#process;
    const surroundings = this.#surroundings;
    return {
      time: this.#time,
      exchange: this.#exchange,
      specs: this.#specs,
      faults: this.#faults,
      running: () => engine.running(),
      calm: () => this.#calm,
      kill: (how) => engine.kill(how),
      armKill: (moment, how) => engine.armKill(moment, how),
      restartInOrder: () => engine.restartInOrder(),
      exchangeDown: (untilMs) => surroundings.exchangeDown(untilMs),
      telegramDown: (untilMs) => surroundings.telegramDown(untilMs),
      command: (instrument, verb, forMs) => engine.command(instrument, verb, forMs),
      diskSlow: (untilMs) => surroundings.diskSlow(untilMs),
      note: (text) => this.#findings.note(text),
    };
  }

  async #leg(endMs: number, totalMs: number): Promise<void> {
    this.#calm = false;
    this.#exchange.faults.set(paperRules(this.#plan));
    const settings = this.#settings;
    this.#auditor = createAuditor({
      time: () => ({ wallMs: this.#time.wallMs, steadyMs: this.#time.nowMs, era: this.#process.era() }),
      symbols: settings.symbols,
      accounts: subAccountIdsOf(this.#exchange),
      settings: {
        singleOrderDiffThresholdUsdt: settings.singleOrderDiffThresholdUsdt,
        partialFillTimeoutMs: settings.partialFillTimeoutMs,
        staleMs: staleMs(settings.loopIntervalMs),
        cancelOnStop: settings.cancelOnStop,
        stopKeepStrategyOrders: settings.stopKeepStrategyOrders,
      },
      knownAtStart: journalledStart(this.#process.journal),
    });
    this.#books = createLegBooks(this.#exchange, settings.symbols);
    this.#legBeganMs = this.#time.nowMs;
    for (const symbol of settings.symbols) {
      this.#attempts.legBegan(symbol.instrument, symbol.positionMode, this.#time.nowMs);
    }
    this.#process.want();
    const calmMs = endMs - CALM_MS;
    const soonestMs = this.#time.nowMs + LEG_LEAST_MS;
    while (this.#time.nowMs < calmMs && !this.#over) {
      if (this.#time.nowMs >= soonestMs && endMs - this.#time.nowMs > 2 * LEG_LEAST_MS && this.#allThere()) break;
      await this.#time.run(Math.min(calmMs, this.#time.nowMs + 300_000));
      const simulatedMs = this.#time.nowMs - START_MS;
      this.#options.onProgress?.({ simulatedMs, totalMs, breaches: this.#findings.all.length });
      if (this.#options.interrupted?.()) {
        this.#interrupted = true;
        this.#over = true;
      }
    }
    if (this.#over) {
      await this.#endLeg(false);
      return;
    }
    await this.#compare(this.#time.nowMs + CALM_MS);
    if (!this.#over) await this.#stopInOrder();
    await this.#endLeg(true);
    // A campaign has its full length; nothing happens in the rest of its last calm.
    if (endMs - this.#time.nowMs < CALM_MS && !this.#over) await this.#time.run(endMs);
  }

  /** Frames are produced when the market moves, not on request. */
  #keepMarketMoving(): void {
    const exchange = this.#exchange;
    const time = this.#time;
    exchange.advance(time.nowMs);
    time.at(Math.max(exchange.nextEventMs(), time.nowMs + 1), () => this.#keepMarketMoving(), true);
  }

  /** Checks for omissions of the engine without moving the market, so that checking changes nothing. */
  #keepChecking(): void {
    this.#idle.check();
    if (!this.#surroundings.reachable() || !this.#process.running()) this.#troubledMs = this.#time.nowMs;
    for (const { name } of this.#specs) this.#books?.sample(name, this.#time.nowMs);
    this.#time.at(this.#time.nowMs + CHECK_EVERY_MS, () => this.#keepChecking(), true);
  }

  /** Every symbol reached its goal. */
  #allThere(): boolean {
    return this.#books?.figures().every((figures) => figures.goalReachedAfterMs !== null) ?? false;
  }

  /** The calm before the stop: engine and exchange must agree by its end. */
  async #compare(endMs: number): Promise<void> {
    this.#calm = true;
    this.#process.disarm();
    this.#exchange.faults.set([]);
    this.#surroundings.settle();
    for (const spec of this.#specs) {
      // An engine without its journal does not start with an unlisted instrument (strategy 11.6).
      this.#exchange.venue.setInstrument(spec);
      this.#exchange.control.market({ instrument: spec.name, frozen: true, empty: false });
    }
    const lastMs = endMs - STOP_LIMIT_MS - COMPARE_EVERY_MS;
    let differences: readonly string[] = ['the engine does not run'];
    while (this.#time.nowMs < lastMs && !this.#over) {
      await this.#time.run(this.#time.nowMs + COMPARE_EVERY_MS);
      if (!this.#process.exists()) {
        this.#process.again();
        continue;
      }
      this.#findings.checks.add('truth');
      differences = this.#truth.differences(this.#settings.symbols, this.#process.journal);
      if (differences.length === 0) return;
    }
    if (!this.#over && differences.length > 0) {
      this.#findings.find('truth', '4.5', 'engine and exchange do not agree after minutes of calm', {
        differences: differences.join('; '),
      });
    }
  }

  async #stopInOrder(): Promise<void> {
    this.#process.unwant();
    if (!this.#process.exists()) return;
    this.#process.stop('the leg is over');
    this.#findings.checks.add('truth');
    const limitMs = this.#time.nowMs + STOP_LIMIT_MS;
    while (this.#process.exists() && this.#time.nowMs < limitMs) await this.#time.run(this.#time.nowMs + 1_000);
    if (this.#process.exists()) {
      this.#findings.find('truth', '13.1', 'the engine does not stop', {});
      this.#process.die();
      return;
    }
    this.#findings.checks.add('I11');
    for (const left of this.#truth.leftBehind()) {
      this.#findings.find('I11', '13.1', 'the exchange still has a strategy order after the stop', { order: left });
    }
  }

  /** The money in the journal matches the exchange's (strategy 17.3). */
  #judgeMoney(): void {
    const strict = Object.entries(this.#plan).every(([kind, rate]) => rate === 0 || MONEY_EVENTS.has(kind as AnyFault));
    const { checks, findings } = judgeMoney(this.#process.journal, this.#exchange, strict, this.#time.wallMs);
    this.#findings.checks.add('money', checks);
    for (const { what, detail } of findings) this.#findings.find('truth', '17.3', what, detail);
    const midnightMs = Math.floor(this.#time.wallMs / DAY_MS) * DAY_MS;
    const upTo = readUpTo(this.#process.journal);
    if (upTo === null || this.#time.nowMs - Math.max(midnightMs, this.#troubledMs) < FINAL_WITHIN_MS) return;
    this.#findings.checks.add('money');
    if (completeUntilMs(upTo) >= midnightMs) return;
    const [since, until] = [midnightMs, completeUntilMs(upTo)].map((ms) => new Date(ms).toISOString()) as [
      string,
      string,
    ];
    const detail = { since, readUpTo: until };
    this.#findings.find('truth', '17.3', 'a day is open for more than an hour after its end', detail);
  }

  async #endLeg(whole: boolean): Promise<void> {
    this.#judgeMoney();
    this.#process.unwant();
    if (this.#process.exists()) this.#process.die();
    this.#tally.interrupted(this.#time.nowMs);
    const report = this.#auditor?.report();
    this.#auditor = null;
    if (report === undefined) return;
    this.#wireEvents += report.events;
    for (const [invariant, count] of Object.entries(report.checks)) this.#findings.checks.add(invariant, count);
    const turn = new Set<string>();
    for (const report of this.#books?.figures() ?? []) {
      const { instrument, goalReachedAfterMs: afterMs } = report;
      if (afterMs !== null) turn.add(instrument);
      this.#attempts.legEnded(instrument, afterMs === null ? null : this.#legBeganMs + afterMs);
      this.#legs.push(report);
    }
    if (whole) this.#settings = withSidesSwapped(this.#settings, turn);
    for (const spec of this.#specs) this.#exchange.control.market({ instrument: spec.name, frozen: false });
  }

  /** After a kill the engine cannot know the budget it had spent: only then a 429 is excused. */
  #judgeBudget(): void {
    const { rateLimited } = this.#exchange.api;
    const killed = this.#faults.of('engine-killed') + this.#faults.of('journal-lost') > 0 || this.#crash !== null;
    if (rateLimited === 0 || killed) return;
    const detail = { requests: String(rateLimited) };
    this.#findings.find('truth', '9.1', 'requests were one too many for the exchange', detail);
  }

  #result(): CampaignResult {
    this.#judgeBudget();
    for (const [kind, count] of Object.entries(this.#exchange.faults.counts())) this.#faults.add(kind, count);
    // A shortened campaign need not have met everything.
    const whole = this.#options.untilMs === null && !this.#interrupted;
    const asked = whole ? (Object.keys(this.#plan) as AnyFault[]) : [];
    const missing = asked.filter((kind) => (this.#plan[kind] ?? 0) > 0 && this.#faults.of(kind) === 0);
    // Each order is checked when it arrives at the exchange.
    this.#findings.checks.add('truth', this.#truth.counts().orders);
    const journalled = this.#surroundings.journalled();
    return {
      seed: this.#options.seed,
      profile: this.#profile,
      simulatedMs: this.#time.nowMs - START_MS,
      symbols: this.#specs.length,
      endedAt: this.#findings.stamp(),
      interrupted: this.#interrupted,
      legs: this.#legs,
      attempts: this.#attempts.all(this.#time.nowMs),
      findings: this.#findings.all,
      breachCounts: this.#findings.counts.sorted(),
      checks: this.#findings.checks.sorted(),
      faults: this.#faults.sorted(),
      missing,
      alerts: this.#tally.alerts.sorted(),
      facts: this.#tally.facts.sorted(),
      statesMs: this.#tally.statesMs(),
      cappedUnhedgedMs: this.#tally.cappedUnhedgedMs(),
      pairsAtALoss: this.#tally.pairsAtALoss(),
      requests: this.#exchange.api.requests(),
      carried: this.#surroundings.carried,
      exchange: { ...this.#truth.counts(), telegrams: this.#surroundings.telegrams },
      wireEvents: this.#wireEvents,
      logDigest: this.#logHash.digest('hex'),
      journalDigest: journalled.digest,
      journalEntries: journalled.entries,
      crash: this.#crash,
    };
  }
}

/** The engine's state of a symbol by its journal. */
export function stateOf(journal: EngineJournal, instrument: string): SymbolState | null {
  return (journal.latest('symbol.state', instrument)?.body as SymbolState | undefined) ?? null;
}

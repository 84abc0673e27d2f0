import type { Auditor } from '../core/audit/index.ts';
import { standingEntry } from '../core/daemon/symbols.ts';
import { errorText } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import type { StandingVerb } from '../core/modes.ts';
import { reason } from '../core/reasons.ts';
import type { WireEvent } from '../core/wire-event.ts';
import type { Engine } from '../engine/engine.ts';
import { journalledStart } from '../engine/tuning.ts';
import type { Streams } from '../grvt/stream.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { createMemoryJournal } from '../journal/memory.ts';
import { observedJournal } from '../journal/observed.ts';
import type { EngineLog, Level } from '../log/index.ts';
import type { PaperExchange, PaperRequest } from '../paper/index.ts';
import type { Settings } from '../settings/index.ts';
import { reasonText } from '../texts/reasons.ts';
import { type FaultPlan, paperRules } from './fault-plan.ts';
import type { LegBooks } from './figures.ts';
import type { Findings } from './findings.ts';
import type { KillMoment } from './host.ts';
import { connectNetwork, type Life, type NetworkParts } from './network.ts';
import { virtualSockets } from './socket.ts';
import type { Surroundings } from './surroundings.ts';
import type { Counts, Tally } from './tally.ts';
import type { Truth } from './truth.ts';
import type { ViewJudge } from './view-judge.ts';
import { startVirtualEngine, virtualClock } from './virtual-engine.ts';
import type { VirtualTime } from './virtual-time.ts';

/** How long an engine without journal may take to establish its state. */
const BEGINNING_MS = 60_000;
/** The supervisor's pause before it restarts an engine. */
const RESTART_PAUSE_MS = 5_000;
/** How long a kill waits for its moment. */
const ARMED_AT_MOST_MS = 600_000;

export interface ProcessParts {
  readonly time: VirtualTime;
  readonly exchange: PaperExchange;
  readonly plan: FaultPlan;
  /** Round trips of the network, milliseconds. */
  readonly latencyMs: readonly [number, number];
  /** Use the streams. */
  readonly streams: boolean;
  readonly faults: Counts;
  readonly findings: Findings;
  readonly surroundings: Surroundings;
  readonly tally: Tally;
  readonly truth: Truth;
  readonly log: EngineLog;
  /** Of the present leg. */
  readonly settings: () => Settings;
  /** Of the present leg. */
  readonly auditor: () => Auditor | null;
  readonly books: () => LegBooks | null;
  readonly viewJudge: ViewJudge;
  readonly calm: () => boolean;
}

/** The engine's process under its supervisor: started, ended, killed and restarted for as long as it is wanted. */
export class EngineProcess {
  readonly #parts: ProcessParts;
  #journal: EngineJournal = createMemoryJournal();
  /** As the engine writes it. */
  #written: EngineJournal | null = null;
  #engine: Engine | null = null;
  #life: Life = { alive: false };
  #streams: Streams | null = null;
  #stopping = false;
  #trading = false;
  /** The journal was lost since the engine last ran. */
  #lostJournal = false;
  #wanted = false;
  #runs = 0;
  #era = (): number => 0;
  #armed: { moment: KillMoment; downMs: number } | null = null;

  constructor(parts: ProcessParts) {
    this.#parts = parts;
  }

  /** The engine's journal; another one after it was lost. */
  get journal(): EngineJournal {
    return this.#journal;
  }

  /** How often the engine noticed its clock being set back. */
  era(): number {
    return this.#era();
  }

  /** Whether there is a process, even if it is stopping. */
  exists(): boolean {
    return this.#engine !== null;
  }

  /** Whether it runs without having been asked to stop. */
  running(): boolean {
    return this.#engine !== null && !this.#stopping;
  }

  /** The number of this run, from 1; null: not running, or asked to stop. */
  run(): number | null {
    return this.running() ? this.#runs : null;
  }

  /** Starts the engine, and restarts it whenever it ended. */
  want(): void {
    this.#wanted = true;
    this.#start();
  }

  /** No more restarts. */
  unwant(): void {
    this.#wanted = false;
  }

  #start(): void {
    const { exchange, time, findings, surroundings, tally, log, latencyMs } = this.#parts;
    const settings = this.#parts.settings();
    const life: Life = { alive: true };
    this.#life = life;
    this.#trading = false;
    this.#stopping = false;
    this.#runs += 1;
    const parts: NetworkParts = {
      time,
      exchange,
      passage: (request) => surroundings.passage(request),
      reachable: () => surroundings.reachable(),
      onArrival: (request, moment) => this.#arrived(request, moment, life),
      onCarried: (request, faulty) => surroundings.wasCarried(request, faulty),
    };
    const network = connectNetwork(parts, life);
    const clock = virtualClock(time);
    this.#era = clock.era;
    const report = (fact: Fact): void => {
      if (!life.alive) return;
      findings.remember(fact);
      tally.observe(fact, time.nowMs);
      this.#parts.books()?.observe(fact);
      log.report(fact);
    };
    const say = (level: Level, text: string): void => {
      if (life.alive) log.say(level, text, time.wallMs);
    };
    const fallsSilent = (): boolean => surroundings.fallsSilent();
    const written = surroundings.guarded(this.#observed(this.#journal), life, (moment) => this.#killIf(moment));
    this.#written = written;
    const engine = startVirtualEngine({
      ...{ settings, clock, exchange, report, journal: written },
      post: network.post,
      fetch: surroundings.oneLoginAtATime(network.fetch),
      onWire: (event) => this.#hear(event, life),
      auditedBy: () => this.#parts.auditor(),
      notifier: { send: (text) => surroundings.deliver(text, life) },
      warn: (text) => say('warn', text),
      onTrading: (trading) => {
        this.#trading = life.alive;
        if (life.alive) trading.readMoney(say);
        return life.alive;
      },
      sockets: this.#parts.streams
        ? () => virtualSockets({ ...parts, fallsSilent }, life, surroundings.network, latencyMs)
        : null,
      onStreams: (streams) => {
        this.#streams = streams;
      },
    });
    this.#engine = engine;
    engine.stopped.then(
      (output) => this.#ended(life, engine, output.exitCode, output.failure && reasonText(output.failure)),
      (error: unknown) => this.#ended(life, engine, 70, errorText(error)),
    );
  }

  /** The engine ended by itself: stopped, unable to start, or failed. */
  #ended(life: Life, engine: Engine, exitCode: number, failure: string | null): void {
    if (!life.alive) return;
    const { time, findings } = this.#parts;
    this.#streams?.close();
    this.#streams = null;
    life.alive = false;
    findings.note(`engine ended with exit code ${exitCode}${failure === null ? '' : `: ${failure}`}`);
    engine.exchange.close();
    if (this.#stopping) {
      for (const breach of this.#parts.auditor()?.stopped() ?? []) findings.broke(breach);
    }
    const asked = this.#stopping;
    this.#engine = null;
    this.#gone();
    findings.checks.add('truth');
    if (exitCode === 70) findings.find('truth', '13', 'the engine failed', { failure: failure ?? '' });
    if (this.#wanted) {
      time.at(time.nowMs + (asked ? 1_000 : RESTART_PAUSE_MS), () => this.again());
    }
  }

  /** Restarts it if it is wanted and does not run. */
  again(): void {
    if (!this.#wanted || this.#engine !== null) return;
    const { auditor } = this.#parts;
    auditor()?.restarted(journalledStart(this.#journal), this.#lostJournal ? 'lost' : 'kept');
    if (this.#lostJournal) this.#showEverything();
    this.#lostJournal = false;
    this.#start();
  }

  /**
   * An engine without journal must believe the exchange's answers: until its state is established, the exchange hides
   * no order and gives no old answers.
   */
  #showEverything(): void {
    const { exchange, time, plan, calm } = this.#parts;
    const hiding: readonly string[] = ['lost-order', 'late-position', 'stale'];
    const honest = Object.entries(plan).filter(([kind]) => !hiding.includes(kind));
    exchange.faults.set(paperRules(Object.fromEntries(honest)));
    for (const account of exchange.venue.accounts) {
      account.frozen = null;
      for (const order of account.active.values()) order.hiddenUntilMs = 0;
    }
    time.at(
      time.nowMs + BEGINNING_MS,
      () => {
        if (!calm()) exchange.faults.set(paperRules(plan));
      },
      true,
    );
  }

  #gone(): void {
    const { time, tally } = this.#parts;
    tally.interrupted(time.nowMs);
    // The present turn of the event loop ends first; nothing it still does has an effect.
    time.at(time.nowMs, () => time.dropEngineTimers(), true);
  }

  /** The process ends without notice. */
  die(): void {
    this.#life.alive = false;
    this.#streams = null;
    this.#engine = null;
    this.#gone();
  }

  /** False: the engine does not run now. */
  kill(how: { readonly downMs: number; readonly journal: 'kept' | 'lost' }): boolean {
    if (!this.running()) return false;
    const { time, faults, findings, truth } = this.#parts;
    if (how.journal === 'kept') this.#armed = null;
    faults.add(how.journal === 'lost' ? 'journal-lost' : 'engine-killed');
    findings.note(`kill -9; down for ${Math.round(how.downMs / 1_000)} s, journal ${how.journal}`);
    this.die();
    if (how.journal === 'lost') {
      this.#journal = createMemoryJournal();
      truth.forget();
    }
    this.#lostJournal ||= how.journal === 'lost';
    time.at(time.nowMs + how.downMs, () => this.again());
    return true;
  }

  /** Kills at the next moment of that kind. */
  armKill(moment: KillMoment, how: { readonly downMs: number }): boolean {
    if (moment === 'any') return this.kill({ ...how, journal: 'kept' });
    if (!this.running() || this.#armed !== null) return false;
    const { time } = this.#parts;
    const armed = { moment, downMs: how.downMs };
    this.#armed = armed;
    // If the moment does not occur (no create, a symbol at its limit) the kill happens anyway.
    const strike = (): void => {
      if (this.#armed !== armed || this.kill({ downMs: armed.downMs, journal: 'kept' })) return;
      time.at(time.nowMs + ARMED_AT_MOST_MS / 10, strike);
    };
    time.at(time.nowMs + ARMED_AT_MOST_MS, strike);
    return true;
  }

  /** Cancels a kill that waits for its moment. */
  disarm(): void {
    this.#armed = null;
  }

  #killIf(moment: KillMoment): boolean {
    const armed = this.#armed;
    if (armed === null || armed.moment !== moment || !this.running()) return false;
    this.#parts.findings.note(`killed at: ${moment}`);
    this.kill({ downMs: armed.downMs, journal: 'kept' });
    return true;
  }

  /** A supervisor's restart. False: impossible now. */
  restartInOrder(): boolean {
    // A stop during the start is left out: there is nothing to clean up yet.
    if (!this.running() || !this.#trading) return false;
    this.#parts.faults.add('engine-restarted');
    this.#parts.findings.note('SIGTERM');
    this.stop('SIGTERM');
    return true;
  }

  /** A person's command, executed as by the control channel (strategy 16.2). False: impossible now. */
  command(instrument: string, verb: StandingVerb, forMs: number): boolean {
    const engine = this.#engine;
    if (engine === null || !this.running() || !this.#trading) return false;
    const symbol = engine.daemon
      .getSnapshot()
      .context.memory.symbols.find((one) => one.config.instrument === instrument);
    if (symbol === undefined) return false;
    const sinceMs = this.#parts.time.wallMs;
    const standing = [{ verb, sinceMs, untilMs: sinceMs + forMs, by: 'a person', why: null }];
    try {
      this.#written?.append([standingEntry(instrument, standing, sinceMs)]);
    } catch {
      // It died during this write.
      return false;
    }
    if (this.#engine === engine) engine.steer([{ ...symbol, standing }]);
    return true;
  }

  /** Begins an orderly stop (strategy 13.1). */
  stop(by: string): void {
    this.#stopping = true;
    this.#parts.auditor()?.drainBegan();
    this.#engine?.stop(reason('stop-asked', '13.1', { by }));
  }

  #arrived(request: PaperRequest, moment: 'before' | 'after', life: Life): void {
    if (!life.alive || !request.path.endsWith('create_order')) return;
    if (moment === 'before') this.#parts.surroundings.mustBeWritten(request, this.#journal);
    this.#killIf(moment === 'before' ? 'create-arrives' : 'create-carried-out');
  }

  #hear(event: WireEvent, life: Life): void {
    const auditor = this.#parts.auditor();
    if (!life.alive || auditor === null) return;
    this.#parts.findings.remember(event);
    for (const breach of auditor.observe(event)) this.#parts.findings.broke(breach);
  }

  /** Everything written is checked, even if the process dies right afterwards. */
  #observed(journal: EngineJournal): EngineJournal {
    return observedJournal(journal, {
      appended: (entries, place) => {
        this.#parts.viewJudge.journalled(entries);
        for (const breach of this.#parts.auditor()?.journalled(entries, place) ?? [])
          this.#parts.findings.broke(breach);
      },
      durable: (place) => this.#parts.auditor()?.durable(place),
    });
  }
}

import type { Actor } from 'xstate';
import type { daemonMachine } from '../../machines/daemon.ts';
import { knownOf, netLeftOf, type SymbolContext, whyWaiting } from '../../machines/symbol-steps.ts';
import {
  ALERT_POLICIES,
  type AlertState,
  alertHolds,
  byUrgency,
  type NetLeft,
  readAlertState,
} from '../core/alerts.ts';
import { openNet } from '../core/conditions.ts';
import { type Decimal, decimal, PLAIN_DECIMAL, ZERO } from '../core/decimal.ts';
import type { DeskMemory } from '../core/desk.ts';
import type { Fact, SymbolPhase } from '../core/facts.ts';
import { modeOf, rowWithoutOne } from '../core/leaving.ts';
import { guardPrice, lotsNet } from '../core/ledger.ts';
import {
  ACCOUNTS,
  type AccountName,
  type Instrument,
  type ManagedOrder,
  type Position,
  type SymbolConfig,
} from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import type { PlanInput } from '../core/plan-input.ts';
import { hedgeOpen } from '../core/repairs.ts';
import { longestRest } from '../core/rests.ts';
import { emptySymbolState, type SymbolState, waitingSize } from '../core/symbol-state.ts';
import { markOf, sideAgainst, smallestTradableSize, waitingOf } from '../core/valuing.ts';
import type { WireEvent } from '../core/wire-event.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { createFigures, type FiguresSnapshot } from '../log/index.ts';
import { alertLine } from '../notify/texts.ts';
import type { Clock, Reporter, StoredEntry } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import type {
  AccountStatus,
  AlertStatus,
  BudgetStatus,
  FiguresStatus,
  GatewayStatus,
  OrderStatusRow,
  Status,
  StatusSettings,
  StatusSource,
  SymbolStatus,
  Waits,
} from '../web/index.ts';

/** Best bid and ask of an instrument, as last heard. */
interface Heard {
  readonly bid: Decimal;
  readonly ask: Decimal;
  readonly atMs: number;
}

/** What the status of an engine is read from; it only ever listens and looks. */
export interface EngineStatus extends StatusSource {
  /** Facts that no actor's snapshot holds: sessions, streams, phases with their reasons. */
  readonly reporter: Reporter;
  /** The adapter's wire: the books that are read. */
  onWire(event: WireEvent): void;
  /** A book of a stream: best bid and ask as text. */
  onTouch(instrument: string, bid: string, ask: string): void;
  /** The engine runs: from now on its actors are looked at. */
  attach(engine: WatchedEngine): void;
}

/** The parts of a running engine that are looked at. */
export interface WatchedEngine {
  readonly daemon: Actor<typeof daemonMachine>;
  readonly exchange: { budget(): readonly BudgetStatus[] };
}

export interface EngineStatusOptions {
  readonly settings: Settings;
  readonly staleMs: number;
  readonly clock: Clock;
}

/** What is remembered of an account from facts. */
interface AccountMemory {
  polledAtMs: number | null;
  pollTookMs: number | null;
  failuresInARow: number;
  failure: string | null;
  equityUsdt: Decimal | null;
  maintenanceMarginUsdt: Decimal | null;
  openOrders: number | null;
  sessionUntilMs: number | null;
  stream: 'up' | 'down' | 'off' | null;
}

/** Last told phase of a symbol. */
interface PhaseMemory {
  readonly phase: SymbolPhase;
  readonly why: string;
  readonly rule: string;
  readonly sinceMs: number;
  /** The symbol's first one after `waiting` in this run. */
  readonly isFirst: boolean;
}

/** The status of a running engine: what its actors hold, joined with what the facts have told. */
export function createEngineStatus(options: EngineStatusOptions): EngineStatus {
  const { settings, clock } = options;
  const figures = createFigures();
  const accounts: Record<AccountName, AccountMemory> = { A: newAccount(), B: newAccount() };
  const phases = new Map<string, PhaseMemory>();
  /** Symbols that have been in another phase than `waiting`. */
  const settled = new Set<string>();
  const touches = new Map<string, Heard>();
  /** Each symbol as it was shown last; there are no more than symbols. */
  const whole = new Map<string, SymbolStatus>();
  let engine: WatchedEngine | null = null;
  let startedAtMs: number | null = null;
  /** Of an engine that has stopped: its actors hold nothing any more. */
  let last: Status | null = null;

  const report = (fact: Fact) => {
    figures.report(fact);
    switch (fact.type) {
      case 'engine.started':
        startedAtMs = fact.atMs;
        break;
      case 'engine.stopped':
        last = { ...status(), engine: 'stopped' };
        break;
      case 'state.changed':
        phases.set(fact.instrument, {
          phase: fact.to,
          why: fact.why,
          rule: fact.rule,
          sinceMs: fact.atMs,
          isFirst: (phases.get(fact.instrument)?.phase ?? 'waiting') === 'waiting' && !settled.has(fact.instrument),
        });
        if (fact.to !== 'waiting') settled.add(fact.instrument);
        break;
      case 'account.polled': {
        const memory = accounts[fact.account];
        memory.polledAtMs = fact.atMs - fact.elapsedMs;
        memory.pollTookMs = fact.elapsedMs;
        memory.failuresInARow = 0;
        memory.failure = null;
        memory.equityUsdt = fact.totalEquityUsdt;
        memory.maintenanceMarginUsdt = fact.maintenanceMarginUsdt;
        memory.openOrders = fact.openOrders;
        break;
      }
      case 'read.failed':
        for (const account of fact.account === null ? ACCOUNTS : [fact.account]) {
          accounts[account].failuresInARow = fact.inARow;
          accounts[account].failure = `${fact.failure.call}: ${fact.failure.message}`;
        }
        break;
      case 'session.renewed':
        accounts[fact.account].sessionUntilMs = fact.untilMs;
        break;
      case 'stream.changed':
        if (fact.account !== null) accounts[fact.account].stream = fact.status;
        break;
    }
  };

  const onWire = (event: WireEvent) => {
    if (event.kind === 'answered' && event.route === 'book') hearBook(touches, event.body, event.atMs);
  };

  const onTouch = (instrument: string, bid: string, ask: string) => {
    if (!PLAIN_DECIMAL.test(bid) || !PLAIN_DECIMAL.test(ask)) return;
    touches.set(instrument, { bid: decimal(bid), ask: decimal(ask), atMs: clock.nowMs() });
  };

  const accountStatus = (account: AccountName): AccountStatus => {
    const memory = accounts[account];
    const { equityUsdt, maintenanceMarginUsdt, ...rest } = memory;
    return {
      account,
      poller: leafOf(engine?.daemon.system.get(`poller:${account}`)?.getSnapshot().value),
      ...rest,
      equityUsdt: text(equityUsdt),
      maintenanceMarginUsdt: text(maintenanceMarginUsdt),
      marginRatio: marginRatio(equityUsdt, maintenanceMarginUsdt),
    };
  };

  const status = (): Status => {
    if (last !== null) return last;
    const nowMs = clock.nowMs();
    const system = engine?.daemon.system;
    const daemon = engine?.daemon.getSnapshot();
    const configured = daemon?.context.symbols.map((symbol) => symbol.config) ?? [];
    const configs = configured.length > 0 ? configured : settings.symbols.filter((symbol) => symbol.enabled);
    const desk = system?.get('alert-desk')?.getSnapshot().context.memory as DeskMemory | undefined;
    return {
      atMs: nowMs,
      source: 'engine',
      mode: settings.mode,
      name: settings.name,
      timeZone: settings.timeZone,
      engine: (leafOf(daemon?.value) ?? 'starting') as Status['engine'],
      startedAtMs,
      settings: statusSettings(settings, options.staleMs),
      accounts: ACCOUNTS.map(accountStatus),
      budget: engine?.exchange.budget() ?? [],
      symbols: configs.map((config) => {
        const actor = system?.get(`symbol:${config.instrument}`);
        const parts: SymbolParts = {
          config,
          context: knownOf(actor) ?? null,
          state: leafOf(actor?.getSnapshot().value),
          told: phases.get(config.instrument) ?? null,
          heard: touches.get(config.instrument) ?? null,
          nowMs,
        };
        // One account's answer is there and the other's is not: the net of both would be of no moment.
        const former = isBetweenAnswers(parts) ? whole.get(config.instrument) : undefined;
        const shown = former ?? symbolStatus(parts);
        whole.set(config.instrument, shown);
        return shown;
      }),
      alerts: desk === undefined ? [] : openAlerts(desk.states.values()),
      outboxWaiting: desk === undefined ? 0 : desk.outbox.pending.size + desk.outbox.inFlight.size,
      gateway: gatewayStatus(system?.get('gateway')?.getSnapshot()),
      figures: figuresStatus(figures.snapshot()),
    };
  };

  return {
    status,
    reporter: { report },
    onWire,
    onTouch,
    attach: (one) => {
      engine = one;
    },
  };
}

function newAccount(): AccountMemory {
  return {
    polledAtMs: null,
    pollTookMs: null,
    failuresInARow: 0,
    failure: null,
    equityUsdt: null,
    maintenanceMarginUsdt: null,
    openOrders: null,
    sessionUntilMs: null,
    stream: null,
  };
}

function statusSettings(settings: Settings, staleMs: number): StatusSettings {
  return {
    loopIntervalMs: settings.loopIntervalMs,
    staleMs,
    stuckMs: settings.stuckMs,
    mmrAlertThreshold: settings.mmrAlertThreshold.toFixed(),
  };
}

/** A book as the wire has it: `{ result: { instrument, bids: [{ price }], asks } }`. What is not one is left alone. */
function hearBook(touches: Map<string, Heard>, body: unknown, atMs: number): void {
  const result = field(body, 'result');
  const instrument = field(result, 'instrument');
  const bid = field(first(field(result, 'bids')), 'price');
  const ask = field(first(field(result, 'asks')), 'price');
  if (typeof instrument !== 'string' || typeof bid !== 'string' || typeof ask !== 'string') return;
  if (!PLAIN_DECIMAL.test(bid) || !PLAIN_DECIMAL.test(ask)) return;
  touches.set(instrument, { bid: decimal(bid), ask: decimal(ask), atMs });
}

function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined;
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

// -------------------------------------------------------------------------------------------------------- one symbol

interface SymbolParts {
  readonly config: SymbolConfig;
  /** null: its actor does not run. */
  readonly context: SymbolContext | null;
  readonly state: string | null;
  readonly told: PhaseMemory | null;
  readonly heard: Heard | null;
  readonly nowMs: number;
}

function symbolStatus(parts: SymbolParts): SymbolStatus {
  const { config, context, told, nowMs } = parts;
  const state = context?.state ?? emptySymbolState(config.instrument);
  const assessment = context?.assessment ?? null;
  const unusable = context === null ? null : whyWaiting(context);
  const positions = { A: context?.snapshots.A?.position ?? null, B: context?.snapshots.B?.position ?? null };
  const mark = markOf([positions.A, positions.B], context?.touch ?? parts.heard);
  const touch = newerOf(parts.heard, context?.touch ?? null);
  const actual = { A: positions.A?.size ?? ZERO, B: positions.B?.size ?? ZERO };
  const plan = assessment?.kind === 'usable' ? assessment.plan : null;
  const phase = phaseOf(parts);
  const common = stateStatus({
    config,
    instrument: context?.instrument ?? null,
    strategy: context?.strategy ?? null,
    state,
    positions,
    actual,
    mark,
    nowMs,
  });
  return {
    ...common,
    phase,
    state: parts.state,
    sinceMs: told?.sinceMs ?? null,
    sinceStart: told?.isFirst ?? false,
    ...reasonOf(phase, unusable, plan, told),
    idle: plan?.idle ? { why: plan.idle.why, rule: plan.idle.rule } : null,
    waits: waitsFor(phase, context, plan, state),
    halted: context?.halted ?? false,
    unlisted: context?.unlisted ?? false,
    symbolMode: modeOf({ leaving: context?.leaving }),
    leaving: context?.leaving ?? null,
    touch: touch === null ? null : { bid: touch.bid.toFixed(), ask: touch.ask.toFixed(), atMs: touch.atMs },
    open: context === null ? null : openStatus(netLeftOf(context, touch)),
    dataAtMs: {
      A: context?.snapshots.A?.requestedAtMs ?? null,
      B: context?.snapshots.B?.requestedAtMs ?? null,
    },
  };
}

/** Why the symbol is where it is: of unusable data their reason, of a decision its own, else what was told. */
function reasonOf(
  phase: SymbolPhase,
  unusable: { readonly why: string; readonly rule: string } | null,
  plan: Plan | null,
  told: PhaseMemory | null,
): { readonly why: string; readonly rule: string } {
  if (phase === 'waiting' && unusable !== null) return unusable;
  if (plan !== null && plan.tradingState === phase) return { why: plan.why, rule: '5' };
  if (told !== null && told.phase === phase) return { why: told.why, rule: told.rule };
  return { why: unusable?.why ?? '', rule: unusable?.rule ?? '' };
}

function openStatus(net: NetLeft | null): SymbolStatus['open'] {
  if (net === null) return null;
  const { hedgeSide, size, usdt, sinceMs, costUsdt } = net;
  const money = (amount: Decimal | null) => amount?.toFixed(2) ?? null;
  return { hedgeSide, size: size.toFixed(), usdt: money(usdt), sinceMs, costUsdt: money(costUsdt) };
}

/** The newer of the book that was heard and the one the symbol asked for. */
function newerOf(heard: Heard | null, asked: Heard | null): Heard | null {
  return heard !== null && (asked === null || heard.atMs >= asked.atMs) ? heard : asked;
}

/**
 * The phase people are shown: the statechart's own state. Only for the moment between two answers in which data are
 * unusable but nobody has been told so yet, the state told last.
 */
function phaseOf(parts: SymbolParts): SymbolPhase {
  const { state, told, context } = parts;
  if (context === null || state === null) return 'waiting';
  return isBetweenAnswers(parts) ? (told?.phase ?? 'waiting') : (state as SymbolPhase);
}

/** Data do not agree yet, or nothing is decided from them: what was told last still stands. */
function isBetweenAnswers({ state, told, context }: SymbolParts): boolean {
  if (context === null || state === null) return false;
  return (
    state === 'deciding' ||
    (state === 'waiting' && context.assessment?.kind === 'unusable' && told !== null && told.phase !== 'waiting')
  );
}

/** What has to happen before it does something else. */
function waitsFor(phase: SymbolPhase, context: SymbolContext | null, plan: Plan | null, state: SymbolState): Waits {
  if (phase === 'draining' || phase === 'stopped') return 'stop';
  if (context?.halted) return 'operator';
  if (context?.unlisted) return 'listing';
  if (context !== null && context.underWay.length > 0) return 'answers';
  if (plan === null || phase === 'waiting') return 'data';
  switch (phase) {
    case 'cooldown':
      return 'rest-over';
    case 'partial-wait':
      return 'rest-of-fill';
    case 'capped':
      return plan.situation.hedged && plan.idle?.rule === '6.2' ? 'operator' : 'room';
    case 'imbalanced':
      if (plan.idle?.rule === '7.3' || (plan.idle?.rule === '6.4' && plan.idle.why.startsWith('waiting for a price')))
        return 'price';
      return state.orders.length > 0 ? 'fill-to-hedge' : 'next-poll';
    default:
      return state.orders.length > 0 ? 'fills-to-open' : 'next-poll';
  }
}

interface StateParts {
  readonly config: SymbolConfig;
  readonly instrument: Instrument | null;
  readonly strategy: {
    readonly partialFillTimeoutMs: number;
    readonly postOnlyCooldownMs: number;
    readonly stuckMs: number;
  } | null;
  readonly state: SymbolState;
  readonly positions: Readonly<Record<AccountName, Position | null>>;
  readonly actual: Readonly<Record<AccountName, Decimal>>;
  readonly mark: Decimal | null;
  readonly nowMs: number;
}

type StateStatus = Omit<
  SymbolStatus,
  | 'phase'
  | 'state'
  | 'sinceMs'
  | 'sinceStart'
  | 'why'
  | 'rule'
  | 'idle'
  | 'waits'
  | 'halted'
  | 'unlisted'
  | 'symbolMode'
  | 'leaving'
  | 'touch'
  | 'open'
  | 'dataAtMs'
>;

/** What ledger and positions say, of a running symbol or of a journalled one alike. */
function stateStatus(parts: StateParts): StateStatus {
  const { config, instrument, strategy, state, positions, actual, mark, nowMs } = parts;
  const settled = {
    A: actual.A.minus(waitingOf(state.orders, 'A')),
    B: actual.B.minus(waitingOf(state.orders, 'B')),
  };
  const net = settled.A.plus(settled.B);
  const side = sideAgainst(net);
  const against = state.orders.filter((order) => order.side === side);
  const gap = net.isZero() ? ZERO : net.abs().minus(hedgeOpen(against).div(2));
  const smallest = instrument !== null && mark !== null ? smallestTradableSize(instrument, mark, state.lots) : null;
  const valued = (size: Decimal) => (mark === null ? null : size.mul(mark).toFixed(2));
  const lotsSum = lotsNet(state.lots);
  const hedger = settled.A.abs().lt(settled.B.abs()) ? 'A' : 'B';
  const guard = lotsSum.isZero()
    ? null
    : guardPrice(state.lots, { account: hedger, side: sideAgainst(lotsSum), size: lotsSum.abs() }, ZERO);
  const limit = config.positionMode === 'increase' ? config.maxTotalPositionUsdt : config.minTotalPositionUsdt;
  return {
    instrument: config.instrument,
    mode: config.positionMode,
    mark: text(mark),
    tickSize: instrument?.tickSize.toFixed() ?? null,
    positions: {
      A: {
        size: actual.A.toFixed(),
        notionalUsdt: valued(actual.A),
        entryPrice: text(positions.A?.entryPrice ?? null),
      },
      B: {
        size: actual.B.toFixed(),
        notionalUsdt: valued(actual.B),
        entryPrice: text(positions.B?.entryPrice ?? null),
      },
    },
    net: net.toFixed(),
    netUsdt: valued(net),
    gap: gap.toFixed(),
    gapUsdt: valued(gap),
    hedged: smallest === null ? null : net.abs().lt(smallest),
    smallestTradable: text(smallest),
    totalUsdt: valued(actual.A.abs().plus(actual.B.abs())),
    limitUsdt: limit.toFixed(),
    orders: state.orders.map(orderRow),
    lots: state.lots.map(({ id, account, side, size, price, bookedAtMs, source }) => ({
      id,
      account,
      side,
      size: size.toFixed(),
      price: price.toFixed(),
      bookedAtMs,
      source,
    })),
    guard: guard === null ? null : { side: sideAgainst(lotsSum), price: guard.toFixed() },
    partialFill: partialFillOf(state.orders, strategy?.partialFillTimeoutMs ?? null),
    cooldown: cooldownOf(state, strategy?.postOnlyCooldownMs ?? null, nowMs),
    unhedged:
      state.unhedgedSinceMs === null || strategy === null
        ? null
        : { fromMs: state.unhedgedSinceMs, untilMs: state.unhedgedSinceMs + strategy.stuckMs },
    hedges: state.realised.hedges,
    unwinds: state.realised.unwinds,
    gainedUsdt: state.realised.hedgeGainUsdt.plus(state.realised.unwindGainUsdt).toFixed(),
  };
}

function orderRow(order: ManagedOrder): OrderStatusRow {
  const { clientOrderId, account, side, price, size, tradedSize, purpose, sentAtMs } = order;
  return {
    clientOrderId,
    account,
    side,
    price: price.toFixed(),
    size: size.toFixed(),
    tradedSize: tradedSize.toFixed(),
    purpose,
    state: orderState(order),
    sentAtMs,
    expiresAtMs: order.expirationMs,
  };
}

function orderState(order: ManagedOrder): OrderStatusRow['state'] {
  if (order.unknown) return 'unknown';
  if (order.cancelRequestedAtMs !== null) return 'cancelling';
  if (order.confirmedAtMs === null) return 'sent';
  return order.tradedSize.gt(0) ? 'partly-filled' : 'resting';
}

/** The clock of the order that has waited longest on the rest of its fill (strategy 4.3). */
function partialFillOf(orders: readonly ManagedOrder[], timeoutMs: number | null): SymbolStatus['partialFill'] {
  if (timeoutMs === null) return null;
  const since = orders.filter((order) => waitingSize(order).gt(0)).flatMap((order) => order.firstPartialAtMs ?? []);
  if (since.length === 0) return null;
  const fromMs = Math.min(...since);
  return { fromMs, untilMs: fromMs + timeoutMs };
}

/** The rest of strategy 9.5 while it lasts. Its beginning is not kept; the longest rest there is stands for it. */
function cooldownOf(state: SymbolState, longestMs: number | null, nowMs: number): SymbolStatus['cooldown'] {
  const rest = longestRest(state, nowMs);
  if (rest === null || longestMs === null) return null;
  return { fromMs: rest.untilMs - longestMs, untilMs: rest.untilMs, reason: rest.reason };
}

// -------------------------------------------------------------------------------------------------------- the others

function openAlerts(states: Iterable<AlertState>): AlertStatus[] {
  return [...states]
    .filter((state) => state.closedAtMs === null && state.toldAtMs !== null)
    .sort(byUrgency)
    .map((state) => ({
      key: state.key,
      kind: state.kind,
      account: state.account,
      instrument: state.instrument,
      sinceMs: state.sinceMs,
      critical: ALERT_POLICIES[state.kind].critical,
      information: ALERT_POLICIES[state.kind].information === true,
      over: !alertHolds(state),
      details: state.details,
      text: { en: alertLine(state, 'en'), zh: alertLine(state, 'zh') },
    }));
}

function gatewayStatus(snapshot: unknown): GatewayStatus | null {
  const context = field(snapshot, 'context');
  if (context === undefined) return null;
  const queues = field(context, 'queues');
  const length = (account: AccountName) => {
    const queue = field(queues, account);
    return Array.isArray(queue) ? queue.length : 0;
  };
  return {
    state: leafOf(field(snapshot, 'value')) ?? 'trading',
    queued: { A: length('A'), B: length('B') },
    jobs: Object.keys((field(context, 'jobs') as object | undefined) ?? {}).length,
  };
}

function figuresStatus(figures: FiguresSnapshot): FiguresStatus {
  const { accounts: _accounts, gainUsdt, unwinds: _unwinds, ...rest } = figures;
  return { ...rest, gainedUsdt: gainUsdt.toFixed() };
}

function marginRatio(equity: Decimal | null, margin: Decimal | null): string | null {
  if (equity === null || margin === null || !equity.gt(0)) return null;
  return margin.div(equity).toDecimalPlaces(6).toFixed();
}

function text(value: Decimal | null | undefined): string | null {
  return value?.toFixed() ?? null;
}

/** The innermost state of a statechart's value: `polling` of `polling`, `polling.reading` of `{ polling: 'reading' }`. */
function leafOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (value === null || typeof value !== 'object') return null;
  const [entry] = Object.entries(value);
  return entry === undefined ? null : `${entry[0]}.${leafOf(entry[1]) ?? ''}`.replace(/\.$/, '');
}

// ------------------------------------------------------------------------------------------------- without an engine

/**
 * What the journal remembers of an engine that does not run: ledgers, orders, lots, alerts. Positions are those the booked
 * fills add up to, marks those of the last decision.
 */
export function journalStatus(journal: EngineJournal, settings: Settings, staleMs: number, nowMs: number): Status {
  const figures = createFigures();
  const states = journal.latestOfEach('symbol.state');
  return {
    atMs: nowMs,
    source: 'journal',
    mode: settings.mode,
    name: settings.name,
    timeZone: settings.timeZone,
    engine: 'none',
    startedAtMs: null,
    settings: statusSettings(settings, staleMs),
    accounts: ACCOUNTS.map((account) => ({
      account,
      poller: null,
      ...newAccount(),
      equityUsdt: null,
      maintenanceMarginUsdt: null,
      marginRatio: null,
    })),
    symbols: states.map((entry) => journalledSymbol(journal, entry, settings, nowMs)),
    alerts: openAlerts(journal.latestOfEach('alert.state').flatMap((entry) => readAlertState(entry.body) ?? [])),
    budget: [],
    outboxWaiting: 0,
    gateway: null,
    figures: figuresStatus(figures.snapshot()),
  };
}

function journalledSymbol(
  journal: EngineJournal,
  entry: StoredEntry<'symbol.state'>,
  settings: Settings,
  nowMs: number,
): SymbolStatus {
  const state = entry.body as SymbolState;
  const decision = journal.latest('decision', state.instrument);
  const body = decision?.body as { readonly input: PlanInput; readonly plan: Plan } | undefined;
  const config =
    settings.symbols.find((symbol) => symbol.instrument.toLowerCase() === state.instrument.toLowerCase()) ??
    body?.input.config;
  const told = lastPhase(journal, state.instrument);
  const common = stateStatus({
    config: config === undefined ? rowWithoutOne(state.instrument) : { ...config, instrument: state.instrument },
    instrument: body?.input.instrument ?? null,
    strategy: body?.input.strategy ?? settings,
    state,
    positions: { A: null, B: null },
    actual: state.booked,
    mark: body?.input.valuation.mark ?? null,
    nowMs,
  });
  return {
    ...common,
    phase: told?.phase === 'draining' ? 'stopped' : (told?.phase ?? body?.plan.tradingState ?? 'waiting'),
    state: null,
    sinceMs: told?.sinceMs ?? decision?.atMs ?? null,
    sinceStart: false,
    why: told?.why ?? body?.plan.why ?? '',
    rule: told?.rule ?? '5',
    idle: null,
    waits: 'stop',
    halted: false,
    unlisted: false,
    symbolMode: 'trade',
    leaving: null,
    touch: null,
    open: openStatus(openNet(state, body?.input.instrument ?? null, body?.input.valuation.mark ?? null, null)),
    dataAtMs: { A: null, B: null },
  };
}

/** The phase an instrument was last told to be in. */
function lastPhase(journal: EngineJournal, instrument: string): PhaseMemory | null {
  const entry = journal.latest('fact', instrument);
  if (entry?.body.type !== 'state.changed') return null;
  const { to, why, rule, atMs } = entry.body;
  return { phase: to, why, rule, sinceMs: atMs, isFirst: false };
}

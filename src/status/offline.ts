import { readAlertState } from '../core/alert-episodes.ts';
import { openNet } from '../core/conditions.ts';
import type { StoredEntry } from '../core/journal-entry.ts';
import { rowWithoutOne } from '../core/leaving.ts';
import { ACCOUNTS } from '../core/model.ts';
import { OPENINGS_STOPS_NOTE, type OpeningsStops } from '../core/openings-stop.ts';
import type { Plan } from '../core/plan.ts';
import type { PlanInput } from '../core/plan-input.ts';
import { RUN_NOTE, type RunNote } from '../core/run-note.ts';
import type { SymbolState } from '../core/symbol-state.ts';
import { standingOf } from '../journal/commands.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { readProgress } from '../journal/rollout.ts';
import { createFigures } from '../log/index.ts';
import type { Settings } from '../settings/index.ts';
import { reasonWords } from '../texts/reasons.ts';
import type { Status, SymbolStatus } from '../web/index.ts';
import { idEnds, newAccount, stopWords } from './observe.ts';
import {
  figuresStatus,
  modeStatus,
  openAlerts,
  openStatus,
  type PhaseMemory,
  rolloutStatus,
  sizesHeld,
  stateStatus,
  statusSettings,
} from './project.ts';

/** Kinds that a running engine writes regularly. */
const WRITTEN = ['symbol.state', 'decision', 'fact', 'order.prepared', 'alert.state', 'outbox', 'note'] as const;

/**
 * Status from the journal if no engine answers: ledgers, orders, lots, alerts. Positions follow from booked fills,
 * marks are those of the last decision.
 * @param runs an engine holds this journal's data directory; null: unknown
 */
export function journalStatus(
  journal: EngineJournal,
  settings: Settings,
  staleMs: number,
  nowMs: number,
  runs: boolean | null = null,
): Status {
  const run = (journal.latest('note', RUN_NOTE)?.body as RunNote | undefined) ?? null;
  const hasStopped = run !== null && run.stoppedAtMs !== null && runs !== true;
  const figures = createFigures();
  const states = journal.latestOfEach('symbol.state');
  return {
    atMs: nowMs,
    source: 'journal',
    mode: settings.mode,
    name: settings.name,
    timeZone: settings.timeZone,
    engine: runs === null || (run === null && !runs) ? 'none' : runs ? 'silent' : hasStopped ? 'stopped' : 'killed',
    lastEntryAtMs: WRITTEN.reduce<number | null>((newest, kind) => {
      const atMs = journal.newest(kind)?.atMs ?? null;
      return atMs === null || (newest !== null && newest > atMs) ? newest : atMs;
    }, null),
    stopped: hasStopped ? { atMs: run.stoppedAtMs, exitCode: run.exitCode } : null,
    startedAtMs: null,
    settings: statusSettings(settings, staleMs),
    accounts: ACCOUNTS.map((account) => ({
      account,
      idEnds: idEnds(settings, account),
      poller: null,
      ...newAccount(),
      equityUsdt: null,
      maintenanceMarginUsdt: null,
      marginRatio: null,
      freeMarginUsdt: null,
      liquidation: null,
    })),
    levelling: null,
    symbols: states.map((entry) => journalledSymbol(journal, entry, settings, nowMs)),
    alerts: openAlerts(
      journal.latestOfEach('alert.state').flatMap((entry) => readAlertState(entry.body) ?? []),
      nowMs,
    ),
    budget: [],
    outboxWaiting: 0,
    gateway: null,
    money: null,
    openingsStop: stopWords(journal.latest('note', OPENINGS_STOPS_NOTE)?.body as OpeningsStops | undefined),
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
  const last = lastPhase(journal, state.instrument);
  const rollout = settings.rollout ? readProgress(journal, state.instrument) : null;
  const why = last?.why ?? body?.plan.why;
  const common = stateStatus({
    config: config === undefined ? rowWithoutOne(state.instrument) : { ...config, instrument: state.instrument },
    instrument: body?.input.instrument ?? null,
    strategy: body?.input.strategy ?? settings,
    state,
    positions: { A: null, B: null },
    actual: sizesHeld(state),
    mark: body?.input.valuation.mark ?? null,
    nowMs,
  });
  return {
    ...common,
    phase: last?.phase === 'draining' ? 'stopped' : (last?.phase ?? body?.plan.tradingState ?? 'waiting'),
    state: null,
    sinceMs: last?.sinceMs ?? decision?.atMs ?? null,
    sinceStart: false,
    why: why === undefined ? null : reasonWords(why),
    idle: null,
    waits: 'stop',
    halted: false,
    unlisted: false,
    ...modeStatus(
      { file: config?.mode, standing: standingOf(journal, state.instrument), rollout: rollout?.stage },
      nowMs,
    ),
    rollout: rollout === null ? null : rolloutStatus(rollout, null),
    touch: null,
    open: openStatus(openNet(state, body?.input.instrument ?? null, body?.input.valuation.mark ?? null, null)),
    dataAtMs: { A: null, B: null },
    money: null,
  };
}

/** The last reported phase of an instrument. */
function lastPhase(journal: EngineJournal, instrument: string): PhaseMemory | null {
  const entry = journal.latest('fact', instrument);
  if (entry?.body.type !== 'state.changed') return null;
  const { to, why, atMs } = entry.body;
  return { phase: to, why, sinceMs: atMs, isFirst: false };
}

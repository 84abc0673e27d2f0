import { engineAlert } from '../alerts.ts';
import { netLeftAlert } from '../conditions.ts';
import { dailyReportDue } from '../daily-report.ts';
import { errorText, whyOf } from '../error-text.ts';
import { EXIT_DEFECT, EXIT_GOOD, EXIT_INCOMPLETE, EXIT_UNREACHABLE } from '../exit-codes.ts';
import type { Fact } from '../facts.ts';
import type { JournalFailed, LockLost, MoneyCounted, TaskFailed } from '../messages.ts';
import { ACCOUNTS, type ExchangeOrder } from '../model.ts';
import { modeOf } from '../modes.ts';
import { NO_LIMITS, NO_STOPS, OPENINGS_STOPS_NOTE, type OpeningsStops, remainingStops } from '../openings-stop.ts';
import { parseClientOrderId } from '../order-id.ts';
import { reason } from '../reasons.ts';
import { DEAD_MAN_NOTE, RUN_NOTE, type RunNote } from '../run-note.ts';
import type { DefectFound } from './events.ts';
import type { DaemonMemory as Memory } from './memory.ts';
import {
  type DaemonCommand,
  type DaemonView,
  journalFailed,
  type DaemonNow as Now,
  note,
  raise,
  type Sent,
  type DaemonStep as Step,
  send,
  toSymbols,
} from './step.ts';
import { leavingFacts } from './symbols.ts';
import { endsTimer, endTimer, listingTimer } from './timers.ts';

/** Start and end of the engine, and restarts of failed actors. */

/** Pauses before a failed actor is restarted; the last one repeats for ever. */
export const RESPAWN_PAUSES_MS: readonly number[] = [100, 1_000, 5_000, 30_000];
/** An actor that ran for this long after its restart works again: what follows is another failure. */
const WORKS_AGAIN_MS = 10_000;
/** A symbol that fails for this long has its openings cancelled: nobody would hedge their fills (strategy 5.7). */
const FAILS_FOR_MS = 5_000;
/** After this time without failure an actor's pauses start again at the first. */
export const RESPAWN_FORGIVEN_MS = 300_000;
/** The message about a start is sent after this time at the latest, even if some states are unknown. */
export const START_MESSAGE_MAX_MS = 60_000;
/** Name of the journal's note of the Beijing day whose statement was sent. */
const STATEMENT_NOTE = 'daily-statement';

/** Ids of the actors of a trading engine in starting order: receivers before senders. */
function actorsOf({ symbols, settings }: Memory): string[] {
  return [
    ...['alert-manager', 'heartbeat'],
    ...(settings.deadManMs ? ACCOUNTS.map((account) => `dead-man:${account}`) : []),
    ...ACCOUNTS.map((account) => `poller:${account}`),
    'gateway',
    ...symbols.map(({ config }) => `symbol:${config.instrument}`),
  ];
}

export function tradingBegun(memory: Memory, now: Now, view: DaemonView): Step {
  const { settings, symbols } = memory;
  // The stops of openings from before the start that still apply (strategy 8.6).
  const known = (view.note(OPENINGS_STOPS_NOTE) as OpeningsStops | null) ?? NO_STOPS;
  const stops = remainingStops(known, settings.openingsLimits ?? NO_LIMITS, now.nowMs);
  return {
    change: { stops, tradingSinceMs: now.exchangeNowMs },
    commands: [
      ...actorsOf(memory).map((actor): DaemonCommand => ({ do: 'start', actor })),
      listingTimer(symbols),
      endsTimer(symbols, now),
      endTimer(settings.maxRuntimeMs, 0),
    ],
  };
}

/** Preparing the start failed, with the exit code that the thrown value carries (strategy 13.2). */
export function startFailed(_memory: Memory, _now: Now, thrown: unknown): Step {
  const exitCode =
    thrown instanceof Error && 'exitCode' in thrown && typeof thrown.exitCode === 'number'
      ? thrown.exitCode
      : EXIT_UNREACHABLE;
  return { change: { exitCode, failure: whyOf(thrown) } };
}

/** The clean-up itself failed: what it left is not known (strategy 13.1). */
export function cleanupFailed(_memory: Memory, _now: Now, thrown: unknown): Step {
  return { change: { exitCode: EXIT_INCOMPLETE, failure: reason('cleanup-failed', '13.1', { why: whyOf(thrown) }) } };
}

/** At the very end: violations found while the last alerts are sent count as well (strategy 13.2). */
export function exitCodeJudged({ defect, broken, exitCode }: Memory): Step {
  return {
    change: { exitCode: defect !== null ? EXIT_DEFECT : exitCode === EXIT_GOOD && broken ? EXIT_INCOMPLETE : exitCode },
  };
}

export function startReported({ settings, symbols }: Memory, now: Now): Step {
  const { mode } = settings;
  const trading = symbols.filter(({ leaving }) => leaving === undefined);
  const instruments = trading.map(({ config }) => config.instrument);
  const started: Fact = { type: 'engine.started', atMs: now.nowMs, mode, instruments };
  return { facts: [started, ...leavingFacts(symbols, now)] };
}

/**
 * Notes for `status` and the next start that a run trades, and how the previous one ended. Not for a run that never
 * traded.
 */
export function runBegun(_memory: Memory, now: Now, view: DaemonView): Step {
  const previous = lastRun(view);
  const after =
    previous !== null ? (previous.stoppedAtMs === null ? 'crash' : 'stop') : view.hasTraded() ? 'unknown' : 'none';
  const { nowMs: startedAtMs } = now;
  return {
    ...runNoted(view, now, { startedAtMs, stoppedAtMs: null, exitCode: null }),
    change: { startToSend: { after, sinceMs: startedAtMs } },
  };
}

export function runEnded({ draining, exitCode }: Memory, now: Now, view: DaemonView): Step {
  return draining ? runNoted(view, now, { stoppedAtMs: now.nowMs, exitCode }) : {};
}

function lastRun(view: DaemonView): RunNote | null {
  return view.note(RUN_NOTE) as RunNote | null;
}

/** The note is not needed for trading or stopping; a failure to write it is reported. */
function runNoted(view: DaemonView, now: Now, change: Partial<RunNote>): Step {
  try {
    return { entries: [note(RUN_NOTE, { ...lastRun(view), ...change }, now)] };
  } catch (thrown) {
    return journalFailed(whyOf(thrown), now);
  }
}

/** The message about the start: once every symbol's state is known, or after a minute. */
export function startSent({ startToSend, draining, symbols }: Memory, { nowMs }: Now, view: DaemonView): Step {
  if (startToSend === null || draining) return {};
  const open = view.open(symbols);
  const waitedMs = Math.abs(nowMs - startToSend.sinceMs);
  if ((open.unknown ?? []).length > 0 && waitedMs < START_MESSAGE_MAX_MS) return {};
  const doing = { what: 'started', after: startToSend.after, symbols: symbols.length } as const;
  return {
    change: { startToSend: null },
    commands: [send('alert-manager', { type: 'news.reported', news: { doing, ...open } })],
  };
}

/** Once a day, at the hour of the daily report or later, yesterday's statement (strategy 17.4), across restarts. */
export function statementSent(memory: Memory, now: Now, { statement }: MoneyCounted, view: DaemonView): Step {
  const { settings, draining, symbols } = memory;
  if (!settings.dailyStatement || statement === undefined || draining) return {};
  try {
    const before = view.note(STATEMENT_NOTE) as { readonly day: number } | null;
    const day = dailyReportDue(now.nowMs, settings.dailyReportAtMinutes, before?.day ?? null);
    if (day === null) return {};
    const news = { doing: { what: 'statement', statement } as const, ...view.open(symbols) };
    const commands = [send('alert-manager', { type: 'news.reported', news })];
    return { entries: [note(STATEMENT_NOTE, { day }, now)], commands, onlyIfWritten: true };
  } catch (thrown) {
    return journalFailed(whyOf(thrown), now);
  }
}

/** An uncaught exception ends the run; the first one is its reason (strategy 13.5). */
export function defectFound({ defect }: Memory, { nowMs: atMs }: Now, { message }: DefectFound): Step {
  const stopWhy = reason('defect-found', '13.5', { message });
  return {
    change: { defect: message, ...(defect === null ? { stopWhy } : {}) },
    commands: [raise(engineAlert('defect', null, message, atMs))],
  };
}

/** No create is sent any more (strategy 13.1). */
export function drained({ symbols }: Memory): Step {
  const commands = [send('gateway', { type: 'trading.drain' }), ...toSymbols(symbols, { type: 'trading.drain' })];
  return { change: { draining: true }, commands };
}

/**
 * The gateway did not report what is in flight: the journal has the orders that neither rested nor ended, and, if no
 * symbol has started, their live orders.
 */
export function unsettledRemembered({ symbols }: Memory, now: Now, view: DaemonView): Step {
  try {
    const unknown = view.inDoubt();
    if (symbols.length > 0) return { change: { unknown } };
    return { change: { unknown, journalled: view.journalledOrders(), journalledNets: view.journalledNets() } };
  } catch (thrown) {
    // The clean-up uses what is known without it, which may be incomplete (strategy 13.2).
    return { ...journalFailed(whyOf(thrown), now), change: { exitCode: 1 } };
  }
}

/** A failed actor is reported and restarted after a pause; the others are not affected. */
export function actorFailed(memory: Memory, now: Now, actor: string, thrown: unknown, view: DaemonView): Step {
  const { nowMs: atMs } = now;
  const message = errorText(thrown);
  const previous = memory.respawns[actor];
  const count = previous && atMs - previous.lastMs < RESPAWN_FORGIVEN_MS ? previous.count + 1 : 0;
  const delayMs = respawnPauseMs(count);
  const goesOn = previous && atMs - previous.lastMs < respawnPauseMs(previous.count) + WORKS_AGAIN_MS;
  const sinceMs = goesOn ? previous.sinceMs : atMs;
  const unwatched = ordersNobodyWatches(memory, now, { actor, sinceMs, view });
  // A failure of the alert manager can only be reported.
  const alerts = actor === 'alert-manager' ? [] : [raise(engineAlert('actor-failed', actor, message, atMs))];
  return {
    change: { respawns: { ...memory.respawns, [actor]: { count, lastMs: atMs, sinceMs } } },
    facts: [{ type: 'actor.failed', atMs, actor, message }, ...unwatched.facts],
    commands: [
      ...alerts,
      ...unwatched.commands,
      { do: 'stop', actor },
      { do: 'time', id: `respawn:${actor}`, timer: { event: { type: 'actor.due', actor }, delayMs } },
    ],
  };
}

function respawnPauseMs(count: number): number {
  return RESPAWN_PAUSES_MS[Math.min(count, RESPAWN_PAUSES_MS.length - 1)] ?? 0;
}

/**
 * Cancels of a failed symbol's orders, which it cannot cancel itself while it fails, as when the journal cannot be
 * written: what its mode forbids (strategy 16.2), and openings once it has failed for 5 s (5.7). By the journal's last
 * state. An opening stays while there is a net: it may cover it.
 */
function ordersNobodyWatches({ symbols, draining }: Memory, now: Now, failed: FailedActor): Reported {
  const { actor, sinceMs, view } = failed;
  const symbol = symbols.find(({ config }) => actor === `symbol:${config.instrument}`);
  // At the stop it is the clean-up that cancels, and keeps what is to be kept (strategy 13.1).
  if (symbol === undefined || draining) return NOTHING;
  const { config, instrument: rules, ...sources } = symbol;
  const mode = modeOf({ ...sources, file: config.mode }, now.nowMs);
  if (mode === 'trade' && now.nowMs - sinceMs < FAILS_FOR_MS) return NOTHING;
  const net = view.netRead(config.instrument);
  const isNet = net === null || net.abs().gte(rules.minSize);
  try {
    return {
      facts: [],
      commands: view
        .journalledOrders(config.instrument)
        .filter(({ purpose }) => mode === 'hold' || (purpose === 'opening' && !isNet))
        .map(({ account, instrument, clientOrderId }) =>
          send('gateway', { type: 'order.cancel', account, instrument, clientOrderId }),
        ),
    };
  } catch (thrown) {
    // The journal is unreadable: its orders are not known, and supervision goes on.
    return journalFailed(whyOf(thrown), now);
  }
}

type Reported = Required<Pick<Step, 'facts' | 'commands'>>;
const NOTHING: Reported = { facts: [], commands: [] };

interface FailedActor {
  readonly actor: string;
  /** Its first failure of this row of failures. */
  readonly sinceMs: number;
  readonly view: DaemonView;
}

/** Restarted from the journal; while the engine drains, it drains too. */
export function actorDue({ draining }: Memory, actor: string): Step {
  const drains = draining && (actor === 'gateway' || actor.startsWith('symbol:'));
  const drain: DaemonCommand[] = drains ? [{ do: 'send-child', actor, message: { type: 'trading.drain' } }] : [];
  return { commands: [{ do: 'start', actor }, ...drain] };
}

/** A task of the gateway failed; the gateway has handled its consequences. */
export function taskFailed(_memory: Memory, { nowMs: atMs }: Now, { task, message }: TaskFailed): Step {
  return {
    facts: [{ type: 'task.failed', atMs, task, message }],
    commands: [raise(engineAlert('task-failed', task, message, atMs))],
  };
}

export function journalReported(_memory: Memory, now: Now, { message }: JournalFailed): Step {
  return journalFailed(message, now);
}

export function lockLost(_memory: Memory, { nowMs: atMs }: Now, { message }: LockLost): Step {
  return {
    facts: [{ type: 'lock.lost', atMs, message }],
    commands: [raise(engineAlert('lock-lost', null, message, atMs))],
  };
}

/** The dead-man actors would re-arm the timers. */
export function deadManEnded(): Step {
  return { commands: ACCOUNTS.map((account) => ({ do: 'stop', actor: `dead-man:${account}` })) };
}

export function disarmed(_memory: Memory, now: Now): Step {
  return { entries: [note(DEAD_MAN_NOTE, { armed: false }, now)] };
}

/** Rows that only the clean-up has read, for the accounts' views. */
export function rowsSeen(rows: readonly ExchangeOrder[]): Sent[] {
  return ACCOUNTS.flatMap((account) => {
    const own = rows.filter(({ clientOrderId }) => parseClientOrderId(clientOrderId)?.account === account);
    const lookups = own.map((order) => ({ clientOrderId: order.clientOrderId, order }));
    return lookups.length > 0 ? [send(`poller:${account}`, { type: 'lookups.done', lookups })] : [];
  });
}

/** The last messages: what stays unhedged, and why the engine stopped. */
export function leftOpen({ symbols, stopWhy }: Memory, { nowMs }: Now, _event: unknown, view: DaemonView): Sent[] {
  const open = view.open(symbols);
  const news = { doing: { what: 'stopped', why: stopWhy } as const, ...open };
  return [
    ...(open.unhedged ?? []).map((net) => raise(netLeftAlert(net, nowMs))),
    send('alert-manager', { type: 'news.reported', news }),
  ];
}

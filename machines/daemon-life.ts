import { engineAlert } from '../src/core/alerts.ts';
import { dailyReportDue } from '../src/core/daily-report.ts';
import { errorText } from '../src/core/error-text.ts';
import { ACCOUNTS } from '../src/core/model.ts';
import {
  NO_LIMITS,
  NO_STOPS,
  OPENINGS_STOPS_NOTE,
  type OpeningsStops,
  remainingStops,
} from '../src/core/openings-stop.ts';
import { reason } from '../src/core/reasons.ts';
import { DEAD_MAN_NOTE, RUN_NOTE, type RunNote } from '../src/core/run-note.ts';
import { actorsOf, inDoubt, journalledNets, journalledOrders, openNow, spawnOne } from './daemon-actors.ts';
import {
  type Acting,
  type DaemonContext,
  type DaemonEvent,
  type EventOf,
  type Reporting,
  reportFailed,
  reportJournal,
  say,
} from './daemon-context.ts';
import { scheduleEnd, scheduleEnds, scheduleListing } from './daemon-symbols.ts';
import { send } from './send.ts';
/** How the engine begins and ends, and how actors that fail are started again. */

/** Pauses before a failed actor is started again; the last one goes on for ever. */
export const RESPAWN_PAUSES_MS: readonly number[] = [100, 1_000, 5_000, 30_000];

/** An actor that has run this long starts with the first pause again. */
export const RESPAWN_FORGIVEN_MS = 300_000;

/** The message about a start is sent after this at the latest, whatever is not known by then. */
export const START_TOLD_MS = 60_000;

export function startTrading(context: DaemonContext, _event: DaemonEvent, { enqueue, self }: Acting): void {
  const stops = rememberedStops(context);
  enqueue.assign({ stops });
  for (const actor of actorsOf(context)) spawnOne({ ...context, stops }, actor, enqueue, self);
  scheduleListing(context.symbols, enqueue);
  scheduleEnds(context, context.symbols, enqueue);
  enqueue.assign({ tradingSinceMs: context.exchange.exchangeNowMs() });
  scheduleEnd(context.settings, 0, enqueue);
}

/** For `status` and the next start: a run that trades, and how it ended. One that never traded says nothing. */
export function noteStart(context: DaemonContext, _event: DaemonEvent, { enqueue, system }: Acting): void {
  const startedAtMs = context.clock.nowMs();
  const former = lastRun(context);
  const after = former === null ? afterNoNote(context) : former.stoppedAtMs === null ? 'crash' : 'stop';
  enqueue.assign({ toTell: { after, sinceMs: startedAtMs } });
  noteRun(context, { enqueue, system }, { startedAtMs, stoppedAtMs: null, exitCode: null });
}

export function noteStop(context: DaemonContext, _event: DaemonEvent, { enqueue, system }: Acting): void {
  if (!context.draining) return;
  const stoppedAtMs = context.clock.nowMs();
  noteRun(context, { enqueue, system }, { stoppedAtMs, exitCode: context.exitCode });
}

/** Once every symbol has found out where it stands, or after a minute without those that have not. */
export function tellStarted(context: DaemonContext, _event: DaemonEvent, { enqueue, self, system }: Acting): void {
  const { toTell, symbols } = context;
  if (toTell === null || context.draining) return;
  const open = openNow(context, self);
  const waitedMs = Math.abs(context.clock.nowMs() - toTell.sinceMs);
  if (open.unknown.length > 0 && waitedMs < START_TOLD_MS) return;
  enqueue.assign({ toTell: null });
  const doing = { what: 'started', after: toTell.after, symbols: symbols.length } as const;
  send({ enqueue, system }, 'alert-desk', { type: 'news.told', news: { doing, ...open } });
}

/** Name of the journal's note of the Beijing day whose statement was told. */
const STATEMENT_NOTE = 'daily-statement';

/** Once a day, at the hour of the daily report or later, what yesterday earned (strategy 17.4), across restarts. */
export function tellStatement(
  context: DaemonContext,
  { statement }: EventOf<'money.counted'>,
  { enqueue, self, system }: Acting,
): void {
  const { settings, journal, clock, draining } = context;
  if (!settings.dailyStatement || statement === undefined || draining) return;
  const nowMs = clock.nowMs();
  const parts = { enqueue, system, self };
  try {
    const told = journal.latest('note', STATEMENT_NOTE)?.body as { readonly day: number } | undefined;
    const day = dailyReportDue(nowMs, settings.dailyReportAtMinutes, told?.day ?? null);
    if (day === null) return;
    journal.append([{ kind: 'note', key: STATEMENT_NOTE, atMs: nowMs, body: { day } }]);
  } catch (thrown) {
    reportJournal(context, errorText(thrown), parts);
    return;
  }
  const doing = { what: 'statement', statement } as const;
  send(parts, 'alert-desk', { type: 'news.told', news: { doing, ...openNow(context, self) } });
}

export function noteDefect(context: DaemonContext, event: EventOf<'defect.found'>, { enqueue, system }: Acting): void {
  const { message } = event;
  enqueue.assign({
    defect: message,
    ...(context.defect === null ? { stopWhy: reason('defect-found', '13.5', { message }) } : {}),
  });
  const alert = engineAlert('defect', null, message, context.clock.nowMs());
  send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
}

export function drain(context: DaemonContext, _event: DaemonEvent, { enqueue, system }: Acting): void {
  enqueue.assign({ draining: true });
  const receivers = ['gateway', ...context.symbols.map((symbol) => `symbol:${symbol.config.instrument}`)];
  for (const id of receivers) send({ enqueue, system }, id, { type: 'trading.drain' });
}

/**
 * The gateway never said what it still has in flight; the journal knows which orders nobody has seen rest or end. And
 * while no symbol has begun, which ones they would hold.
 */
export function rememberUnsettled(context: DaemonContext, _event: DaemonEvent, { enqueue, system }: Acting): void {
  try {
    const unknown = inDoubt(context).map(({ intent, clientOrderId }) => ({
      account: intent.account,
      clientOrderId,
    }));
    enqueue.assign({ unknown });
    if (context.symbols.length > 0) return;
    enqueue.assign({ journalled: journalledOrders(context), journalledNets: journalledNets(context) });
  } catch (thrown) {
    // The clean-up goes by what is known without it; whether that is all nobody can say (strategy 13.2).
    reportJournal(context, errorText(thrown), { enqueue, system });
    enqueue.assign({ exitCode: 1 });
  }
}

/** A failed actor is reported and started again after a pause; its siblings never notice. */
export function superviseActor(context: DaemonContext, event: DaemonEvent, { enqueue, system }: Acting): void {
  if (!('error' in event)) return;
  const actor = event.type.slice('xstate.error.actor.'.length);
  reportFailed(context, actor, errorText(event.error), { enqueue, system });
  enqueue.stopChild(actor);
  scheduleRespawn(context, actor, enqueue);
}

/** The gateway has seen to what the task was doing. */
export function alertTask(context: DaemonContext, event: EventOf<'task.failed'>, { enqueue, system }: Acting): void {
  const { task, message } = event;
  enqueue(() => say(context, { type: 'task.failed', task, message }));
  const alert = engineAlert('task-failed', task, message, context.clock.nowMs());
  send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
}

export function alertJournal(context: DaemonContext, event: DaemonEvent, { enqueue, system }: Acting): void {
  if (event.type === 'journal.failed') reportJournal(context, event.message, { enqueue, system });
}

export function alertLock(context: DaemonContext, event: EventOf<'lock.lost'>, { enqueue, system }: Acting): void {
  const { message } = event;
  enqueue(() => say(context, { type: 'lock.lost', message }));
  const alert = engineAlert('lock-lost', null, message, context.clock.nowMs());
  send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
}

/** Started again from the journal; where that cannot be read, later. */
export function respawn(context: DaemonContext, event: EventOf<'actor.due'>, { enqueue, self, system }: Acting): void {
  const { actor } = event;
  try {
    spawnOne(context, actor, enqueue, self);
  } catch (thrown) {
    reportFailed(context, actor, errorText(thrown), { enqueue, system });
    scheduleRespawn(context, actor, enqueue);
    return;
  }
  if (context.draining && (actor === 'gateway' || actor.startsWith('symbol:'))) {
    enqueue.sendTo(actor, { type: 'trading.drain' });
  }
}

/** They would go on arming. */
export function endDeadMan(_context: DaemonContext, _event: DaemonEvent, { enqueue }: Acting): void {
  for (const account of ACCOUNTS) enqueue.stopChild(`dead-man:${account}`);
}

export function noteDisarmed(context: DaemonContext, _event: DaemonEvent, { enqueue, system }: Acting): void {
  const body = { armed: false };
  try {
    context.journal.append([{ kind: 'note', key: DEAD_MAN_NOTE, atMs: context.clock.nowMs(), body }]);
  } catch (thrown) {
    reportJournal(context, errorText(thrown), { enqueue, system });
  }
}

function lastRun({ journal }: Pick<DaemonContext, 'journal'>): RunNote | null {
  return (journal.latest('note', RUN_NOTE)?.body as RunNote | undefined) ?? null;
}

/** A version that kept no such note has traded with this journal: it does not say how that ended. */
function afterNoNote({ journal }: Pick<DaemonContext, 'journal'>): 'unknown' | 'none' {
  return journal.latestOfEach('symbol.state').length === 0 ? 'none' : 'unknown';
}

/** The engine trades and stops without that note; that it cannot be written is reported. */
function noteRun(context: DaemonContext, parts: Reporting, change: Partial<RunNote>): void {
  const { journal, clock } = context;
  try {
    const body = { ...lastRun(context), ...change };
    journal.append([{ kind: 'note', key: RUN_NOTE, atMs: clock.nowMs(), body }]);
  } catch (thrown) {
    reportJournal(context, errorText(thrown), parts);
  }
}

/** The pause before it is started again: longer each time, unless it had run well for a while. */
function scheduleRespawn(context: DaemonContext, actor: string, enqueue: Acting['enqueue']): void {
  const nowMs = context.clock.nowMs();
  const former = context.respawns[actor];
  const count = former && nowMs - former.lastMs < RESPAWN_FORGIVEN_MS ? former.count + 1 : 0;
  enqueue.assign({ respawns: { ...context.respawns, [actor]: { count, lastMs: nowMs } } });
  const delay = RESPAWN_PAUSES_MS[Math.min(count, RESPAWN_PAUSES_MS.length - 1)] ?? 0;
  enqueue.raise({ type: 'actor.due', actor }, { id: `respawn:${actor}`, delay });
}

/** What stopped openings when the engine last went down, as far as it still may (strategy 8.6). */
function rememberedStops({ journal, settings, clock }: DaemonContext): OpeningsStops {
  const known = (journal.latest('note', OPENINGS_STOPS_NOTE)?.body as OpeningsStops | undefined) ?? NO_STOPS;
  return remainingStops(known, settings.openingsLimits ?? NO_LIMITS, clock.nowMs());
}

import { type Actor, type AnyActorRef, createActor, toPromise } from 'xstate';
import type { daemonMachine } from '../../machines/daemon.ts';
import type { DaemonOutput } from '../../machines/daemon-context.ts';
import { journalledOrders, netsLeft, ordersInDoubt } from '../../machines/daemon-view.ts';
import { type StopCleanupInput, stopCleanupMachine } from '../../machines/stop-cleanup.ts';
import { netLeftAlert } from '../core/conditions.ts';
import { errorText } from '../core/error-text.ts';
import { EXIT_DEFECT } from '../core/exit-codes.ts';
import type { GrvtExchange } from '../grvt/exchange.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { unsettledOrders } from '../journal/read.ts';
import { alertLine } from '../notify/texts.ts';
import type { EngineClock, Notifier, Reporter } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import { describeDefect } from './defects.ts';

/** The clean-up after the daemon itself failed: ends its parts and cancels its orders (strategy 13.5). */
export async function lastCleanup(parts: LastCleanupParts, thrown: unknown): Promise<DaemonOutput> {
  const { settings, clock, reporter, daemon, exchange, journal } = parts;
  const left = netsLeft(daemon.getSnapshot().context, daemon);
  // A failed actor leaves its children running, which would go on quoting; only this event ends them.
  const children: Readonly<Record<string, AnyActorRef | undefined>> = daemon.getSnapshot().children;
  for (const child of Object.values(children)) child?.send({ type: 'xstate.stop' });
  parts.onDefect?.(thrown);
  const details = { reason: describeDefect(thrown) };
  const defect = { kind: 'defect', account: null, instrument: null, details } as const;
  const alerts = [defect, ...left.map((net) => netLeftAlert(net, clock.nowMs()))];
  const lines = alerts.map((alert) => alertLine(alert, settings.lang));
  const sent = sendLines(parts.notifier, lines).catch((why: unknown) => {
    parts.warn(`the defect could not be reported: ${errorText(why)}`);
  });
  const { cancelOnStop, stopKeepStrategyOrders: keep } = settings;
  const known = { exchange, clock, reporter, cancelOnStop, keep, ...journalledForCleanup(journal, parts.warn) };
  const cleanup = createActor(stopCleanupMachine, { input: known });
  const ended = toPromise(cleanup);
  cleanup.start();
  await Promise.all([ended, sent]);
  for (const net of left) reporter.report({ type: 'net.left', atMs: clock.nowMs(), ...net });
  reporter.report({ type: 'engine.stopped', atMs: clock.nowMs(), exitCode: EXIT_DEFECT });
  return { exitCode: EXIT_DEFECT, failure: null };
}

interface LastCleanupParts {
  readonly settings: Settings;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  readonly daemon: Actor<typeof daemonMachine>;
  readonly exchange: GrvtExchange;
  readonly journal: EngineJournal;
  readonly notifier: Notifier;
  readonly warn: (text: string) => void;
  readonly onDefect?: (thrown: unknown) => void;
}

/** Lines per message: each has some 100 characters, one of a defect up to 1,000, and a message holds 4,096. */
const LINES_PER_MESSAGE = 20;

async function sendLines(notifier: Notifier, lines: readonly string[]): Promise<void> {
  for (let at = 0; at < lines.length; at += LINES_PER_MESSAGE)
    await notifier.send(lines.slice(at, at + LINES_PER_MESSAGE).join('\n'));
}

/** What the journal knows and the clean-up must settle; if it is unreadable, the exchange's lists must do. */
function journalledForCleanup(
  journal: EngineJournal,
  warn: (text: string) => void,
): Pick<StopCleanupInput, 'unknown' | 'live'> {
  const deps = { journal, unsettled: () => unsettledOrders(journal) };
  try {
    return { unknown: ordersInDoubt(deps), live: journalledOrders(deps) };
  } catch (thrown) {
    warn(errorText(thrown));
    return { unknown: [], live: [] };
  }
}

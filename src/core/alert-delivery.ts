import { type AlertMemory, type AlertStep, outboxWrite, PACE_MS } from './alert-manager.ts';
import type { Fact } from './facts.ts';
import { delivered, type Outbox, undelivered } from './outbox.ts';
import { isDue, rejected } from './outbox-message.ts';

/** How messages leave the alert manager (strategy 12.1): one at a time, paced, retried without limit. */

/** Longest pause between tries: a recovered gateway is found within five minutes, a failing one is not hammered. */
export const LONGEST_PAUSE_MS = 300_000;

/** Pause after so many consecutive failures, ms: 3 s, doubling, at most five minutes. */
export function pauseAfter(failuresInARow: number): number {
  return Math.min(PACE_MS * 2 ** Math.min(failuresInARow - 1, 16), LONGEST_PAUSE_MS);
}

export function somethingWaits({ outbox }: AlertMemory, nowMs: number): boolean {
  return isDue(outbox, nowMs);
}

/** The engine has stopped, messages wait and the gateway accepts them: they are sent without pacing. */
export function lastWordsWait(memory: AlertMemory, nowMs: number): boolean {
  const { closing, failuresInARow } = memory.delivery;
  return closing && failuresInARow === 0 && somethingWaits(memory, nowMs);
}

/** Nothing is due and nothing is in flight: at the end of a run there is nothing left to wait for. */
export function isQuiet(memory: AlertMemory, nowMs: number): boolean {
  return !somethingWaits(memory, nowMs) && memory.outbox.inFlight.size === 0;
}

/** Takes the next message: its alerts are in flight. null: nothing waits. */
export function messageTaken(
  memory: AlertMemory,
  taken: { readonly outbox: Outbox; readonly text: string } | null,
): AlertStep {
  const after =
    taken === null ? memory : { ...memory, outbox: taken.outbox, delivery: { ...memory.delivery, text: taken.text } };
  return { memory: after, writes: [], facts: [] };
}

export function messageDelivered(memory: AlertMemory, atMs: number): AlertStep {
  const alerts = memory.outbox.inFlight.size;
  const { outbox, changes } = delivered(memory.outbox);
  const sent: Fact = { type: 'alerts.sent', atMs, alerts, waiting: outbox.pending.size };
  return { memory: idle(memory, outbox, 0), writes: changes.map(outboxWrite(atMs)), facts: [sent] };
}

/** The gateway is up and refused the message for its content: the others continue at their pace. */
export function messageRefused(memory: AlertMemory, atMs: number, reason: string): AlertStep {
  const { outbox, changes, aside } = rejected(memory.outbox, atMs);
  const refused: Fact = { type: 'alerts.refused', atMs, reason, setAside: aside, waiting: outbox.pending.size };
  return { memory: idle(memory, outbox, 0), writes: changes.map(outboxWrite(atMs)), facts: [refused] };
}

/** The message was not accepted, or the answer was lost: retried after a pause. */
export function messageLost(memory: AlertMemory, atMs: number, reason: string): AlertStep {
  const outbox = undelivered(memory.outbox);
  const inARow = memory.delivery.failuresInARow + 1;
  const after = idle(memory, outbox, inARow);
  const { pauseMs } = after.delivery;
  const unsent: Fact = { type: 'alerts.unsent', atMs, reason, inARow, waiting: outbox.pending.size, pauseMs };
  return { memory: after, writes: [], facts: [unsent] };
}

function idle(memory: AlertMemory, outbox: Outbox, failuresInARow: number): AlertMemory {
  const pauseMs = failuresInARow === 0 ? PACE_MS : pauseAfter(failuresInARow);
  return { ...memory, outbox, delivery: { ...memory.delivery, text: '', failuresInARow, pauseMs } };
}

import { type Alert, alertKey } from '../alerts.ts';
import { isStale, isStaleReading, type Now } from '../assess.ts';
import type { Decimal } from '../decimal.ts';
import type { Fact } from '../facts.ts';
import { lotsNet } from '../ledger.ts';
import { hasMoved } from '../mark.ts';
import type { SnapshotReceived } from '../messages.ts';
import { ACCOUNTS, type Position, type SymbolSnapshot } from '../model.ts';
import { raise } from '../raise.ts';
import { begin, type Reconciled, reconcile } from '../reconcile.ts';
import { doubtsRules, rejection } from '../refusals.ts';
import { restAfterRefusal, restOf, restsAfterFill, restsAfterTime } from '../rests.ts';
import type { Purpose, SymbolState } from '../symbol-state.ts';
import { markOf } from '../valuing.ts';
import { isOver } from '../view-rows.ts';
import { doubtRules, resolve, type SymbolCommand, withdrawIntents } from './commands.ts';
import type { SymbolMemory } from './memory.ts';
import { finish, type Step } from './step.ts';
import { isContained, withoutAttempt } from './submissions.ts';

/**
 * With own orders present, a start waits until nothing has changed for this time (strategy 11.3): positions lag behind
 * fills by seconds, and the start position must include them.
 */
export const START_STEADY_MS = 4_000;

/** Merges a snapshot into the ledger, or prepares the ledger's start (strategy 4, 11.3). */
export function snapshotReceived(memory: SymbolMemory, now: Now, { snapshot }: SnapshotReceived): Step {
  const { account } = snapshot;
  const before = memory.snapshots[account];
  // After our clock was set back, every read is newer than those of the previous era.
  const comparable = before !== null && before.era === snapshot.era;
  if (comparable && snapshot.requestedAtMs < before.requestedAtMs) return finish(memory, now, {});
  const isSteady =
    comparable &&
    isSameRead(before, snapshot) &&
    // A frame in between is a change too, even if both reads are equal.
    (frameTime(snapshot, now) ?? 0) < memory.steadySinceMs[account];
  const sinceMs = isSteady ? memory.steadySinceMs[account] : snapshot.requestedAtMs;
  const seen = {
    snapshots: { ...memory.snapshots, [account]: snapshot },
    steadySinceMs: { ...memory.steadySinceMs, [account]: sinceMs },
    // No submission can have ended in the future: our clock was set back since.
    lastEndMs: Math.min(memory.lastEndMs, now.nowMs),
    sawOrders: memory.sawOrders || snapshot.orders.length > 0,
  };
  return memory.state.begun ? reconciled(memory, now, seen, snapshot) : beginning(memory, now, seen, snapshot);
}

type Seen = Pick<SymbolMemory, 'snapshots' | 'steadySinceMs' | 'lastEndMs' | 'sawOrders'>;

/** Lots start from full reads of both accounts only; frames are included in the next one (strategy 11.3). */
function beginning(memory: SymbolMemory, now: Now, seen: Seen, snapshot: SymbolSnapshot): Step {
  if (snapshot.whole === false) return finish(memory, now, { snapshots: withFrameTime(memory.snapshots, snapshot) });
  const { A, B } = seen.snapshots;
  const ready = A !== null && B !== null && [A, B].every((one) => isFoundation(one, seen, memory.staleMs, now));
  if (!ready) return finish(memory, now, seen);
  const { state, facts } = begin(memory.state, { A, B }, snapshot.receivedAtMs);
  return finish(memory, now, { ...seen, state }, { history: facts });
}

/** Whether the ledger can start from that read (strategy 11.3): later changes would be drift, at another price. */
function isFoundation(reading: SymbolSnapshot, seen: Seen, staleMs: number, now: Now): boolean {
  const { requestedAtMs, asRead = true } = reading;
  if (isStaleReading(reading, now, staleMs)) return false;
  // A frame from before the request outranks the read in the view, but is no basis for the ledger.
  if (!asRead) return false;
  const steadySinceMs = seen.steadySinceMs[reading.account];
  const frameAtMs = frameTime(reading, now);
  if (frameAtMs !== null && frameAtMs >= (seen.sawOrders ? steadySinceMs : requestedAtMs)) return false;
  return !seen.sawOrders || requestedAtMs - steadySinceMs >= START_STEADY_MS;
}

/** When the last frame arrived; null: none, or our clock was set back since. */
function frameTime({ lastFrameAtMs = null }: SymbolSnapshot, { nowMs }: Now): number | null {
  return lastFrameAtMs === null || lastFrameAtMs > nowMs ? null : lastFrameAtMs;
}

function withFrameTime(snapshots: Seen['snapshots'], { account, lastFrameAtMs }: SymbolSnapshot): Seen['snapshots'] {
  const known = snapshots[account];
  return known === null ? snapshots : { ...snapshots, [account]: { ...known, lastFrameAtMs: lastFrameAtMs ?? null } };
}

/** Books what the snapshot shows, with the consequences for rests, alerts and pending intents. */
function reconciled(memory: SymbolMemory, now: Now, seen: Seen, snapshot: SymbolSnapshot): Step {
  const taken = reconcile(memory.state, snapshot, memory.strategy, freshMark({ ...memory, ...seen }, now));
  const comparison = memory.compared ? null : compareOnce(memory, seen, taken.state, snapshot.receivedAtMs);
  const rested = restsAfterReading(memory, taken, now.nowMs);
  return finish(
    memory,
    now,
    {
      ...seen,
      state: rested.state,
      submitted: taken.facts.reduce(afterRejection, memory.submitted),
      awaited: memory.awaited.filter((end) => !isContained(end, taken.state, snapshot)),
      compared: memory.compared || comparison !== null,
    },
    {
      history: [...taken.facts, ...(comparison?.facts ?? [])],
      commands: [
        ...(comparison?.commands ?? []),
        ...taken.lost.map((order) => resolve(memory, order)),
        ...taken.facts.flatMap(driftAlert),
        ...rested.commands,
        ...(taken.facts.some(({ type }) => OUTDATING.has(type)) ? withdrawIntents(memory) : []),
      ],
    },
  );
}

/** An attempt shown as rejected counts as an intent again: its submission may send another one (strategy 9.10). */
function afterRejection(submitted: SymbolMemory['submitted'], fact: Fact): SymbolMemory['submitted'] {
  if (fact.type !== 'order.over' || fact.status !== 'REJECTED') return submitted;
  return withoutAttempt(submitted, fact.clientOrderId);
}

/** Facts that outdate earlier decisions: a fill, booked or waiting, and a drift (strategy 9.5, 9.10). */
const OUTDATING: ReadonlySet<Fact['type']> = new Set(['fill.booked', 'fill.waiting', 'drift.adopted']);

/** Fills end rests; orders ended by others start them (strategy 9.5). */
function restsAfterReading(
  { config, strategy }: SymbolMemory,
  taken: Reconciled,
  nowMs: number,
): { readonly state: SymbolState; readonly commands: readonly SymbolCommand[] } {
  const { instrument } = config;
  let { state } = taken;
  const commands: SymbolCommand[] = [];
  for (const fact of taken.facts) {
    if (fact.type === 'fill.booked' || fact.type === 'fill.waiting') state = restsAfterFill(state, fact, nowMs);
  }
  for (const { order, by, word } of taken.ended) {
    const { account } = order;
    // A person who cancels by hand does not want new positions; a net is repaired all the same.
    const of: Purpose = { account, purpose: by === 'by-hand' ? 'opening' : order.purpose };
    const key = alertKey('order-ended', instrument, word);
    const refusal = { code: null, reason: rejection(word) };
    const doubts = doubtsRules(refusal);
    const cause = { refusal, by: 'end', doubtsRules: doubts, alertKey: key } as const;
    state = restAfterRefusal(state, of, nowMs, strategy.postOnlyCooldownMs, cause);
    const restSeconds = String(Math.round(((restOf(state, of)?.untilMs ?? nowMs) - nowMs) / 1000));
    const details = { reason: refusal.reason, side: order.side, purpose: order.purpose, by, restSeconds };
    const alert: Alert = { kind: 'order-ended', key, account, instrument, atMs: nowMs, sinceMs: null, details };
    commands.push(
      raise(alert),
      { to: 'daemon', message: { type: 'order.ended', instrument, reason: word, atMs: nowMs } },
      ...(doubts ? [doubtRules(instrument)] : []),
    );
  }
  return { state: restsAfterTime(state, nowMs), commands };
}

/**
 * The mark of data that may be decided on (strategy 3.1, 10.3). An unexplained drift waits for it, and thereby for a
 * read of the other account, which may show the same change (10.5).
 */
function freshMark({ snapshots, staleMs, touch, state }: SymbolMemory, now: Now): Decimal | null {
  const positions: (Position | null)[] = [];
  for (const account of ACCOUNTS) {
    const snapshot = snapshots[account];
    if (snapshot === null || isStaleReading(snapshot, now, staleMs)) return null;
    positions.push(snapshot.position);
  }
  const mark = markOf(positions, touch === null || isStale(touch, now, staleMs) ? null : touch);
  return mark === null || state.markDoubt !== null || hasMoved(mark, state.acceptedMark) ? null : mark;
}

/**
 * Reports the differences between journal and exchange once both accounts are read after a start (strategy 11.2). The
 * alert ends with the first decision, which waits until there is no difference.
 */
function compareOnce(
  { config: { instrument } }: SymbolMemory,
  { snapshots }: Seen,
  { lots, contradiction }: SymbolState,
  atMs: number,
): { readonly facts: readonly Fact[]; readonly commands: readonly SymbolCommand[] } | null {
  if (ACCOUNTS.some((account) => snapshots[account] === null)) return null;
  const differing = ACCOUNTS.filter((account) => contradiction[account] !== null);
  const difference = differing
    .map((account) => `${account} ${contradiction[account]?.difference.toFixed()}`)
    .join(', ');
  const [source, net] = ['journal' as const, lotsNet(lots)];
  const restored: Fact = { type: 'lots.restored', atMs, instrument, source, lots: lots.length, net, difference };
  if (difference === '') return { facts: [restored], commands: [] };
  const key = alertKey('start-difference', instrument);
  const about = { account: null, instrument, atMs, sinceMs: atMs };
  const alert: Alert = { kind: 'start-difference', key, ...about, details: { difference } };
  return { facts: [restored], commands: [raise(alert)] };
}

/** Whether two reads show the same position and open orders, in any order. */
function isSameRead(one: SymbolSnapshot, other: SymbolSnapshot): boolean {
  const size = other.position?.size ?? null;
  const sameSize = size === null ? one.position === null : (one.position?.size.eq(size) ?? false);
  const open = ({ orders }: SymbolSnapshot) => orders.filter((order) => !isOver(order));
  return (
    sameSize &&
    open(one).length === open(other).length &&
    open(one).every((order) => {
      const same = other.orders.find(({ clientOrderId }) => clientOrderId === order.clientOrderId);
      return same?.status === order.status && same.tradedSize.eq(order.tradedSize);
    })
  );
}

function driftAlert(fact: Fact): SymbolCommand[] {
  if (fact.type !== 'drift.adopted') return [];
  const { instrument, account, atMs } = fact;
  const details = { difference: fact.difference.toFixed(), price: fact.price.toFixed() };
  const key = alertKey('drift', instrument, account);
  const alert: Alert = { kind: 'drift', key, account, instrument, atMs, sinceMs: null, details };
  return [raise(alert)];
}

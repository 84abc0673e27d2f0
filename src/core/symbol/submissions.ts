import { alertKey } from '../alerts.ts';
import type { Now } from '../assess.ts';
import { addSent, confirm, dropAbsent, dropRefused, forgetCancel, markUnknown } from '../managed-orders.ts';
import type {
  AttemptRefused,
  CancelEnded,
  GatewayStarted,
  OrderResolved,
  OrderSent,
  SubmissionEnded,
} from '../messages.ts';
import type { AccountName, SymbolSnapshot } from '../model.ts';
import { intentKey } from '../plan.ts';
import { raise } from '../raise.ts';
import { demandsReduceOnly, withDemand, withNextTry, withoutDemands } from '../reduce-only.ts';
import { doubtsRules, type Refusal } from '../refusals.ts';
import { restAfterExhaustion, restAfterRefusal, restOf, restsAfterConfirmation } from '../rests.ts';
import type { Purpose, SymbolState } from '../symbol-state.ts';
import { cancelKey, demandMessages, doubtRules, type SymbolCommand } from './commands.ts';
import { type AwaitedEnd, DENIED_PAUSE_MS, type Submitted, type SymbolMemory } from './memory.ts';
import { finish, type Step } from './step.ts';

/** Whether the account's view shows the end of that order, or was fully read since (strategy 9.10). */
export function isContained(end: AwaitedEnd, state: SymbolState, snapshot: SymbolSnapshot | null): boolean {
  const { account, clientOrderId, atMs } = end;
  if (!state.orders.some((order) => order.clientOrderId === clientOrderId)) return true;
  if (snapshot?.account !== account) return false;
  if ((snapshot.whole ?? true) && snapshot.requestedAtMs > atMs) return true;
  return snapshot.orders.some((order) => order.clientOrderId === clientOrderId && order.status !== 'PENDING');
}

/** An attempt is about to be sent: from now on the order counts, not the intent. */
export function orderSent(memory: SymbolMemory, now: Now, sent: OrderSent): Step {
  const { [sent.intentId]: one, ...others } = memory.submitted;
  const submitted =
    one === undefined ? others : { ...others, [sent.intentId]: { ...one, clientOrderId: sent.clientOrderId } };
  return finish(memory, now, { state: addSent(memory.state, sent), submitted, reportedIdle: '' });
}

/** An attempt was sent and is over without a fill; its intent is still pending. */
export function attemptRefused(memory: SymbolMemory, now: Now, { clientOrderId, atMs }: AttemptRefused): Step {
  const state = dropRefused(memory.state, clientOrderId);
  const submitted = withoutAttempt(memory.submitted, clientOrderId);
  return finish(memory, now, { state, submitted, lastEndMs: Math.max(memory.lastEndMs, atMs) });
}

/** The intent of that order counts as an intent again until its next attempt (strategy 9.10). */
export function withoutAttempt(submitted: SymbolMemory['submitted'], clientOrderId: string): SymbolMemory['submitted'] {
  const found = Object.entries(submitted).find(([, one]) => one.clientOrderId === clientOrderId);
  if (found === undefined) return submitted;
  const [intentId, one] = found;
  return { ...submitted, [intentId]: { ...one, clientOrderId: null } };
}

/** An unknown outcome was resolved by proof (strategy 9.6). */
export function orderResolved(memory: SymbolMemory, now: Now, event: OrderResolved): Step {
  const { clientOrderId, atMs } = event;
  const state =
    event.outcome === 'absent' ? dropAbsent(memory.state, clientOrderId) : confirm(memory.state, clientOrderId, atMs);
  return finish(memory, now, { state, ...awaitedAfter(memory, event, state) });
}

/** A cancel ended; if it failed, the order may be cancelled again. */
export function cancelEnded(memory: SymbolMemory, now: Now, event: CancelEnded): Step {
  const { clientOrderId } = event;
  return finish(memory, now, {
    state: event.outcome === 'failed' ? forgetCancel(memory.state, clientOrderId) : memory.state,
    underWay: memory.underWay.filter((one) => one !== cancelKey(clientOrderId)),
  });
}

/** A submission ended: its account's view must show it, unless it does already (9.10). */
function awaitedAfter(
  memory: SymbolMemory,
  end: AwaitedEnd,
  state: SymbolState,
): Pick<SymbolMemory, 'awaited' | 'lastEndMs'> {
  const { account, clientOrderId, atMs } = end;
  const contained = isContained(end, state, memory.snapshots[account]);
  return {
    awaited: contained ? memory.awaited : [...memory.awaited, { account, clientOrderId, atMs }],
    lastEndMs: Math.max(memory.lastEndMs, atMs),
  };
}

/** A new gateway does not know the previous one's queue; `order.resolved` follows for orders that were sent. */
export function gatewayStarted(memory: SymbolMemory, now: Now, event: GatewayStarted): Step {
  let state = memory.state;
  for (const order of state.orders) {
    if (order.confirmedAtMs === null) state = markUnknown(state, order.clientOrderId);
    state = forgetCancel(state, order.clientOrderId);
  }
  const lastEndMs = Math.max(memory.lastEndMs, event.atMs);
  return finish(memory, now, { state, underWay: [], submitted: {}, awaited: [], touchAsked: false, lastEndMs });
}

/** Consequences of a submission's end: orders, rests, denials, alerts (strategy 9.5, 9.10). */
export function submissionEnded(memory: SymbolMemory, now: Now, event: SubmissionEnded): Step {
  const { intentId } = event;
  const { [intentId]: submitted, ...others } = memory.submitted;
  const underWay = memory.underWay.filter((one) => one !== intentId);
  const { change, commands = [] } = afterSubmission(memory, submitted, event);
  return finish(
    memory,
    now,
    { submitted: others, underWay, ...change },
    { commands: [...demandMessages(memory, change.state ?? memory.state), ...commands] },
  );
}

interface Outcome {
  readonly change: Partial<SymbolMemory>;
  readonly commands?: readonly SymbolCommand[];
}

/** @param submitted undefined: withdrawn by a gateway that was replaced meanwhile; unknown, so nothing rests for it */
function afterSubmission(memory: SymbolMemory, submitted: Submitted | undefined, event: SubmissionEnded): Outcome {
  const { result, atMs, account } = event;
  const { state } = memory;
  const ended = { lastEndMs: Math.max(memory.lastEndMs, atMs) };
  // The exchange answered, so the account's creates get through.
  const answered = { ...ended, backedOff: { ...memory.backedOff, [account]: null } };
  const of: Purpose | null = submitted === undefined ? null : { account, purpose: submitted.intent.purpose };
  switch (result.kind) {
    case 'confirmed': {
      const confirmed = confirm(state, result.clientOrderId, atMs);
      const awaited = awaitedAfter(memory, { account, clientOrderId: result.clientOrderId, atMs }, confirmed);
      const rested = of === null ? confirmed : restsAfterConfirmation(confirmed, of, atMs);
      const after = submitted?.tries ? withoutDemands(rested, account) : rested;
      return { change: { ...answered, ...awaited, state: after } };
    }
    case 'unknown':
      return { change: { ...ended, state: markUnknown(state, result.clientOrderId) } };
    case 'outdated':
      // It decides again at once, on the fill that outdated this; `attempt.refused` came for each attempt sent.
      return { change: { state: untried(memory, submitted, event) } };
    case 'denied':
    case 'unsent':
      return afterNothingLeft(memory, submitted, event);
    case 'exhausted':
      return afterExhaustion(memory, of, { atMs, account, attempts: result.attempts, answered });
    case 'refused':
      // Refused only for want of `reduce_only`: an order that shrinks a position is sent again with it at once (9.13).
      if (demandsReduceOnly(result.code) && !submitted?.reduceOnly) {
        return { change: { ...answered, state: withDemand(state, account, result.code, atMs) } };
      }
      return afterRefusal(memory, of, { atMs, account, refusal: result, answered });
  }
}

/** An order that should try whether a position may grow was not sent: the next one may try at once (strategy 9.13). */
function untried({ state }: SymbolMemory, submitted: Submitted | undefined, { account, atMs }: SubmissionEnded) {
  return submitted?.tries ? withNextTry(state, account, atMs) : state;
}

/** Denied by our rules, or not sent: not repeated at once; after a failed call the account backs off (strategy 5.7). */
function afterNothingLeft(memory: SymbolMemory, submitted: Submitted | undefined, event: SubmissionEnded): Outcome {
  const { result, atMs, account } = event;
  const untilMs = atMs + DENIED_PAUSE_MS;
  const denied = submitted === undefined ? [] : [{ key: intentKey(submitted.intent), untilMs }];
  const before = memory.backedOff[account];
  const hasFailed = result.kind === 'unsent' && (result.failure ?? null) !== null;
  const backedOff = hasFailed ? { sinceMs: before?.sinceMs ?? atMs, untilMs } : before;
  return {
    change: {
      state: untried(memory, submitted, event),
      backedOff: { ...memory.backedOff, [account]: backedOff },
      denied: [...memory.denied, ...denied],
    },
  };
}

interface Answered {
  readonly atMs: number;
  readonly account: AccountName;
  readonly answered: Partial<SymbolMemory>;
}

/** Post-only refusals used up the attempts: such orders rest (strategy 9.5). */
function afterExhaustion(
  { state, config: { instrument }, strategy: { postOnlyCooldownMs } }: SymbolMemory,
  of: Purpose | null,
  { atMs, account, answered, attempts }: Answered & { readonly attempts: number },
): Outcome {
  const kind = 'post-only-exhausted';
  const key = alertKey(kind, instrument);
  const details = { attempts: String(attempts), cooldownSeconds: String(Math.round(postOnlyCooldownMs / 1000)) };
  const rested =
    of === null ? state : restAfterExhaustion(state, of, atMs, postOnlyCooldownMs, { attempts, alertKey: key });
  return {
    change: { ...answered, state: rested },
    commands: [raise({ kind, key, account, instrument, atMs, sinceMs: null, details })],
  };
}

/** Refused by the exchange for another reason: such orders rest, and our rules may be outdated (strategy 9.5, 11.8). */
function afterRefusal(
  { state, config: { instrument }, strategy: { postOnlyCooldownMs } }: SymbolMemory,
  of: Purpose | null,
  { atMs, account, answered, refusal }: Answered & { readonly refusal: Refusal },
): Outcome {
  const kind = 'order-refused';
  const key = alertKey(kind, instrument);
  const doubts = doubtsRules(refusal);
  const cause = { refusal, by: 'refusal', doubtsRules: doubts, alertKey: key } as const;
  const rested = of === null ? state : restAfterRefusal(state, of, atMs, postOnlyCooldownMs, cause);
  const untilMs = (of === null ? null : restOf(rested, of)?.untilMs) ?? atMs;
  const restSeconds = String(Math.round((untilMs - atMs) / 1000));
  const details = { code: String(refusal.code ?? '-'), reason: refusal.reason, restSeconds };
  return {
    change: { ...answered, state: rested },
    commands: [
      raise({ kind, key, account, instrument, atMs, sinceMs: null, details }),
      ...(doubts ? [doubtRules(instrument)] : []),
    ],
  };
}

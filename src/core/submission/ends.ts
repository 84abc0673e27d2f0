import type { SubmissionEnded } from '../messages.ts';
import { reason } from '../reasons.ts';
import { intentOf, orderOf, present, type SubmissionMemory, whyOf } from './memory.ts';
import {
  attemptRefused,
  ended,
  type SubmissionNow as Now,
  orderWords,
  outcome,
  refusalFact,
  type SubmissionStep as Step,
  seenOutcome,
} from './step.ts';

/** Ends of a submission whose last attempt is known to rest, to be over, or not to exist (strategy 9.4, 9.5). */

export function resting(memory: SubmissionMemory, now: Now): Step {
  return { ...confirmed(memory, now), outcome: outcome(memory, now, 'resting') };
}

/** Over already: filled, or cancelled after it rested. */
export function over(memory: SubmissionMemory, now: Now): Step {
  return { ...confirmed(memory, now), outcome: seenOutcome(memory, now) };
}

/** Not sent because of our own rules, or (`outdated`) because a fill was booked since. */
export function denied(memory: SubmissionMemory, now: Now): Step {
  return notSubmitted(memory, now, { kind: 'denied', why: whyOf(memory) });
}

export function outdated(memory: SubmissionMemory, now: Now): Step {
  return notSubmitted(memory, now, { kind: 'outdated' });
}

export function refused(memory: SubmissionMemory, now: Now): Step {
  const code = memory.failure?.code ?? null;
  return {
    facts: [refusalFact(memory, now)],
    messages: [attemptRefused(memory, now), ended(memory, now, { kind: 'refused', code, reason: whyOf(memory) })],
  };
}

export function exhausted(memory: SubmissionMemory, now: Now): Step {
  const { instrument, account } = intentOf(memory);
  const { attempt: attempts } = memory;
  return {
    facts: [{ type: 'intent.exhausted', atMs: now.nowMs, instrument, account, attempts }],
    messages: [ended(memory, now, { kind: 'exhausted', attempts })],
  };
}

export function unsent(memory: SubmissionMemory, now: Now): Step {
  return { messages: [ended(memory, now, { kind: 'unsent', why: whyOf(memory), failure: memory.failure })] };
}

/** No further attempt may be sent: ends with the reason of the halt. */
export function haltReasonAdopted(memory: SubmissionMemory): Step {
  return { change: { why: present(memory.halt, 'halt').why } };
}

/** The last attempt has failed, other than by a post-only refusal. */
export function attemptsUsedUp(memory: SubmissionMemory): Step {
  const attempts = memory.attempt;
  return { change: { why: reason('attempts-failed', '9.5', { attempts, last: whyOf(memory) }) } };
}

function confirmed(memory: SubmissionMemory, now: Now): Step {
  const { attempt } = memory;
  const { clientOrderId, sentAtMs } = orderOf(memory);
  const atMs = now.nowMs;
  return {
    facts: [{ type: 'order.placed', atMs, attempt, elapsedMs: atMs - sentAtMs, ...orderWords(memory) }],
    messages: [ended(memory, now, { kind: 'confirmed', clientOrderId })],
  };
}

function notSubmitted(memory: SubmissionMemory, now: Now, result: SubmissionEnded['result']): Step {
  const intent = intentOf(memory);
  const { instrument, account } = intent;
  return {
    facts: [{ type: 'intent.denied', atMs: now.nowMs, instrument, account, intent, why: whyOf(memory) }],
    messages: [ended(memory, now, result)],
  };
}

import { errorText } from '../error-text.ts';
import type { PreparedOrder } from '../journal-entry.ts';
import type {
  CancellationReport,
  OrderCancel,
  OrderResolve,
  OrderSeen,
  StreamsChanged,
  SubmissionPrepared,
  SubmissionReport,
  TouchRequest,
} from '../messages.ts';
import { isStrategyOrder } from '../order-id.ts';
import { withEnded, withoutOrder, withoutSubmission } from '../price-table.ts';
import { reason } from '../reasons.ts';
import { trackedFromPrepared, trackedFromRequest } from '../submission/tracked.ts';
import { judgeBook, judgeCalls } from './calls.ts';
import {
  CANCELS_MAX,
  type GatewayMemory,
  type Job,
  submissionJob,
  withFreeSlot,
  withJob,
  withoutJob,
  withPrices,
} from './memory.ts';
import { startNext, startResolving } from './queue.ts';
import { endedMessage, type GatewayCommand, type GatewayStep, remembered, type TouchAnswer, toSymbol } from './step.ts';

/** Messages from and to the gateway's children, and what follows when a child ends or fails. */

/** An attempt is journalled and about to be sent: its symbol counts it from now on. */
export function attemptPrepared(
  memory: GatewayMemory,
  _nowMs: number,
  { childId, prepared }: SubmissionPrepared,
): GatewayStep {
  const job = submissionJob(memory, childId);
  if (job === null) return remembered(memory);
  const inDoubt = trackedFromPrepared(prepared);
  const { instrument: _instrument, guardPrice: _guard, ...sent } = inDoubt;
  const { intentId } = prepared.intent;
  return {
    memory: withJob(memory, childId, { ...job, inDoubt }),
    commands: [toSymbol(job.instrument, { type: 'order.sent', intentId, ...sent })],
  };
}

/** Forwards a submission's messages; updates prices and slots by them. */
export function submissionReported(
  memory: GatewayMemory,
  nowMs: number,
  { childId, message }: SubmissionReport,
): GatewayStep {
  const job = submissionJob(memory, childId);
  if (job === null) return remembered(memory);
  const { prices } = memory.register;
  const passOn = toSymbol(job.instrument, message);
  if (message.type !== 'submission.ended') {
    const isDead = message.type === 'attempt.refused' || message.outcome === 'absent';
    const known = isDead ? withPrices(memory, withoutOrder(prices, message.clientOrderId)) : memory;
    return { memory: withJob(known, childId, { ...job, inDoubt: null }), commands: [passOn] };
  }
  const { kind } = message.result;
  const left =
    kind === 'confirmed' || kind === 'unknown'
      ? withEnded(prices, job.number, memory.lastNumber)
      : withoutSubmission(prices, job.number);
  const inDoubt = kind === 'unknown' ? job.inDoubt : null;
  const next = withFreeSlot(withJob(withPrices(memory, left), childId, { ...job, ended: true, inDoubt }), childId);
  const calls = judgeCalls(next, nowMs, message);
  return startNext({ memory: calls.memory, commands: [passOn, ...calls.commands] });
}

/** Cancels at once (strategy 9.1); a cancel already in flight answers both requests. */
export function cancelRequested(memory: GatewayMemory, nowMs: number, request: OrderCancel): GatewayStep {
  const { instrument, account, clientOrderId } = request;
  const cancels = Object.values(memory.jobs).filter((job) => job.kind === 'cancel');
  if (cancels.some((job) => job.clientOrderId === clientOrderId)) return remembered(memory);
  if (cancels.length >= CANCELS_MAX || !isStrategyOrder(clientOrderId)) {
    return { memory, commands: [cancelFailed(request, nowMs)] };
  }
  const number = memory.lastNumber + 1;
  const childId = `cancel-${number}`;
  const job: Job = { kind: 'cancel', instrument, account, clientOrderId };
  return {
    memory: withJob({ ...memory, lastNumber: number }, childId, job),
    commands: [{ do: 'cancel', childId, request, intact: memory.intact[account] }],
  };
}

type CancelledOrder = Pick<OrderCancel, 'instrument' | 'account' | 'clientOrderId'>;

function cancelFailed({ instrument, account, clientOrderId }: CancelledOrder, atMs: number): GatewayCommand {
  return toSymbol(instrument, { type: 'cancel.ended', clientOrderId, account, atMs, outcome: 'failed' });
}

export function cancellationReported(
  memory: GatewayMemory,
  nowMs: number,
  { childId, message }: CancellationReport,
): GatewayStep {
  const job = memory.jobs[childId];
  if (job === undefined) return remembered(memory);
  const calls = judgeCalls(memory, nowMs, message);
  return { memory: calls.memory, commands: [toSymbol(job.instrument, message), ...calls.commands] };
}

/** The row of an own order changed: submissions that wait for it are informed (strategy 9.4). */
export function orderSeen(memory: GatewayMemory, _nowMs: number, message: OrderSeen): GatewayStep {
  const { account, order, intact } = message;
  // A gateway that replaces a failed one gets the streams' state this way, too.
  const same = memory.intact[account] === intact;
  return {
    memory: same ? memory : { ...memory, intact: { ...memory.intact, [account]: intact } },
    commands: toChildren(memory, message, (job) => concerns(job, order.clientOrderId)),
  };
}

/** From now on the account's streams report its orders, or no longer (strategy 9.4). */
export function streamsChanged(memory: GatewayMemory, _nowMs: number, message: StreamsChanged): GatewayStep {
  const { account, intact } = message;
  return {
    memory: { ...memory, intact: { ...memory.intact, [account]: intact } },
    commands: toChildren(memory, message, (job) => job.kind !== 'touch' && job.account === account),
  };
}

function toChildren(
  { jobs }: GatewayMemory,
  message: OrderSeen | StreamsChanged,
  isMeant: (job: Job) => boolean,
): GatewayCommand[] {
  return Object.entries(jobs).flatMap(([childId, job]): GatewayCommand[] =>
    isMeant(job) ? [{ do: 'send-child', childId, message }] : [],
  );
}

function concerns(job: Job, clientOrderId: string): boolean {
  if (job.kind === 'touch') return false;
  return (job.kind === 'cancel' ? job.clientOrderId : job.inDoubt?.clientOrderId) === clientOrderId;
}

/** Whether a child already works on that order: its answer serves. */
export function hasJobFor({ jobs }: GatewayMemory, clientOrderId: string): boolean {
  return Object.values(jobs).some((job) => job.kind === 'submission' && job.inDoubt?.clientOrderId === clientOrderId);
}

/**
 * The symbol no longer sees one of its orders.
 * @param prepared its journal record, for what the symbol does not pass on; null: there is none
 */
export function orderLost(memory: GatewayMemory, request: OrderResolve, prepared: PreparedOrder | null): GatewayStep {
  const why = reason('missing-since-confirmed', '9.6');
  return startResolving(remembered(memory), trackedFromRequest(request, prepared), why, 0);
}

/** Reads the best prices; one request per instrument answers all who ask. */
export function touchRequested(memory: GatewayMemory, _nowMs: number, { instrument }: TouchRequest): GatewayStep {
  const childId = `touch-${instrument}`;
  if (memory.jobs[childId] !== undefined) return remembered(memory);
  return {
    memory: withJob(memory, childId, { kind: 'touch', instrument }),
    commands: [{ do: 'read-touch', childId, instrument }],
  };
}

/** A child finished: it is removed; a book request brings its answer. */
export function childDone(memory: GatewayMemory, nowMs: number, childId: string, output: unknown): GatewayStep {
  const job = memory.jobs[childId];
  const stop: GatewayCommand = { do: 'stop', childId };
  const rest = withoutJob(memory, childId);
  if (job?.kind !== 'touch') return startNext({ memory: rest, commands: [stop] });
  const answer = output as TouchAnswer;
  const calls = judgeBook(rest, nowMs, answer);
  return startNext({
    memory: calls.memory,
    commands: [stop, toSymbol(job.instrument, answer), ...calls.commands],
  });
}

/** A child threw: the others go on; its work is taken over or answered. */
export function childFailed(memory: GatewayMemory, nowMs: number, childId: string, thrown: unknown): GatewayStep {
  const job = memory.jobs[childId];
  const message = errorText(thrown);
  const why = reason('part-failed', '9.6', { message });
  const commands: GatewayCommand[] = [
    { do: 'stop', childId },
    { do: 'send', to: 'daemon', message: { type: 'task.failed', task: childId, message } },
  ];
  const rest = withoutJob(memory, childId);
  if (job === undefined) return { memory: rest, commands };
  const { instrument } = job;
  if (job.kind === 'touch') {
    return { memory: rest, commands: [...commands, toSymbol(instrument, { type: 'touch.failed', why, atMs: nowMs })] };
  }
  if (job.kind === 'cancel') return { memory: rest, commands: [...commands, cancelFailed(job, nowMs)] };
  const waits = job.intent !== null && !job.ended;
  const { prices } = rest.register;
  if (job.inDoubt === null) {
    const left = job.ended ? rest : withPrices(rest, withoutSubmission(prices, job.number));
    if (waits) commands.push(endedMessage(job.intent, { kind: 'unsent', why }, nowMs));
    return startNext({ memory: left, commands });
  }
  const { clientOrderId } = job.inDoubt;
  const left = withPrices(rest, withEnded(prices, job.number, memory.lastNumber));
  if (waits) commands.push(endedMessage(job.intent, { kind: 'unknown', clientOrderId, reason: why }, nowMs));
  return startNext(startResolving({ memory: left, commands }, job.inDoubt, why, job.failures + 1));
}

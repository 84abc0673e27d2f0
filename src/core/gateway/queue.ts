import type { Fact } from '../facts.ts';
import type { TrackedOrder } from '../model.ts';
import { ACCOUNTS, type AccountName, type Intent } from '../model.ts';
import { withoutCovered } from '../price-table.ts';
import { type Reason, reason } from '../reasons.ts';
import {
  type GatewayMemory,
  type Job,
  OUTDATED,
  QUEUE_MAX,
  type QueuedIntent,
  type StopsAll,
  type Submitter,
  slotOf,
  submissionJob,
  withJob,
  withPrices,
} from './memory.ts';
import { endedMessage, type GatewayCommand, type GatewayStep } from './step.ts';

/** When submissions start (strategy 9.1): intents queue per account, one submission per account and symbol. */

/** Queues an intent, or turns it away if the queue is full. */
export function intentAccepted(memory: GatewayMemory, nowMs: number, intent: Intent): GatewayStep {
  const { account, instrument } = intent;
  const queue = memory.queues[account];
  if (queue.length >= QUEUE_MAX) {
    const why = reason('queue-full', '9.1', { account, waiting: QUEUE_MAX });
    return turnedAway(memory, nowMs, intent, { kind: 'unsent', why });
  }
  const number = memory.lastNumber + 1;
  const queues = { ...memory.queues, [account]: [...queue, { number, intent }] };
  const queued = { ...memory, lastNumber: number, queues };
  const prices = withoutCovered(memory.register.prices, instrument, unfinished(queued, instrument));
  return startNext({ memory: withPrices(queued, prices), commands: [] });
}

/** Numbers of an instrument's submissions that may still be priced. */
function unfinished({ queues, jobs }: GatewayMemory, instrument: string): number[] {
  const queued = ACCOUNTS.flatMap((account) => queues[account]).filter((one) => one.intent.instrument === instrument);
  const running = Object.values(jobs).flatMap((job) =>
    job.kind === 'submission' && job.instrument === instrument && !job.ended ? [job.number] : [],
  );
  return [...queued.map(({ number }) => number), ...running];
}

export function turnedAway(memory: GatewayMemory, nowMs: number, intent: Intent, result: StopsAll): GatewayStep {
  return { memory, commands: [endedMessage(intent, result, nowMs)] };
}

/**
 * Voids what a symbol decided before its last fill (strategy 5, 6), since it may have waited for seconds. A submission
 * in progress sends no further attempt (9.5): an opening has no guard, and after its partner's fill it is a repair.
 */
export function intentsOutdated(memory: GatewayMemory, atMs: number, instrument: string): GatewayStep {
  const [outdated, queues] = takenFromQueues(memory, ({ intent }) => intent.instrument === instrument);
  const why = reason('fill-booked-since', '5');
  const running = ACCOUNTS.flatMap((account) => memory.active[slotOf(account, instrument)] ?? []);
  const { register, lastNumber } = memory;
  return {
    memory: {
      ...memory,
      queues,
      register: { ...register, outdated: new Map(register.outdated).set(instrument, lastNumber) },
    },
    facts: outdated.map(
      ({ intent }): Fact => ({ type: 'intent.denied', atMs, instrument, account: intent.account, intent, why }),
    ),
    commands: [
      ...outdated.map(({ intent }) => endedMessage(intent, { kind: 'outdated' }, atMs)),
      ...running.map(
        (childId): GatewayCommand => ({
          do: 'send-child',
          childId,
          message: { type: 'submission.halt', result: OUTDATED },
        }),
      ),
    ],
  };
}

/** Stops these intents: queued ones end, submissions in progress settle what is in flight. */
export function submissionsHalted(
  memory: GatewayMemory,
  nowMs: number,
  result: StopsAll,
  concerns = (_order: Submitter): boolean => true,
): GatewayStep {
  const [queued, queues] = takenFromQueues(memory, ({ intent }) => concerns(intent));
  const running = Object.values(memory.active).filter((childId) => {
    const intent = submissionJob(memory, childId)?.intent ?? null;
    return intent !== null && concerns(intent);
  });
  const { register } = memory;
  return {
    memory: {
      ...memory,
      queues,
      register: result.kind === 'denied' ? { ...register, draining: result.why } : register,
    },
    commands: [
      ...queued.map(({ intent }) => endedMessage(intent, result, nowMs)),
      ...running.map(
        (childId): GatewayCommand => ({ do: 'send-child', childId, message: { type: 'submission.halt', result } }),
      ),
    ],
  };
}

function takenFromQueues(
  { queues }: GatewayMemory,
  isMeant: (queued: QueuedIntent) => boolean,
): [taken: readonly QueuedIntent[], left: GatewayMemory['queues']] {
  const left = (account: AccountName) => queues[account].filter((queued) => !isMeant(queued));
  return [ACCOUNTS.flatMap((account) => queues[account].filter(isMeant)), { A: left('A'), B: left('B') }];
}

/** The first intent of each free slot (strategy 9.1), in the order of the requests. */
function startable({ queues, active }: GatewayMemory): readonly QueuedIntent[] {
  const taken = new Set(Object.keys(active));
  return ACCOUNTS.flatMap((account) => queues[account]).filter(({ intent }) => {
    const slot = slotOf(intent.account, intent.instrument);
    return !taken.has(slot) && taken.add(slot);
  });
}

/** Fills the free slots. The budget decides the order of creates: repairs before openings, symbol by symbol (9.1). */
export function startNext(step: GatewayStep): GatewayStep {
  let { memory } = step;
  const commands = [...step.commands];
  for (const next of startable(memory)) {
    const { number, intent } = next;
    const { account, instrument } = intent;
    const childId = `submission-${number}`;
    const job: Job = {
      ...{ kind: 'submission', number, instrument, account, intent },
      ...{ inDoubt: null, ended: false, failures: 0 },
    };
    memory = {
      ...withJob(memory, childId, job),
      queues: { ...memory.queues, [account]: memory.queues[account].filter((one) => one !== next) },
      active: { ...memory.active, [slotOf(account, instrument)]: childId },
    };
    const intact = memory.intact[account];
    commands.push({ do: 'submit', childId, number, order: intent, intact, task: { kind: 'submit', intent } });
  }
  return { ...step, memory, commands };
}

/** Looks up the outcome of an order in the background (strategy 9.6). */
export function startResolving(step: GatewayStep, order: TrackedOrder, why: Reason, failures: number): GatewayStep {
  const { memory } = step;
  const number = memory.lastNumber + 1;
  const childId = `resolution-${number}`;
  const { instrument, account } = order;
  const job: Job = {
    ...{ kind: 'submission', number, instrument, account, intent: null },
    ...{ inDoubt: order, ended: true, failures },
  };
  const intact = memory.intact[account];
  const task = { kind: 'resolve', order, why, rounds: failures } as const;
  return {
    ...step,
    memory: withJob({ ...memory, lastNumber: number }, childId, job),
    commands: [...step.commands, { do: 'submit', childId, number, order, intact, task }],
  };
}

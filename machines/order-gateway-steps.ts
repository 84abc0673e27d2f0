import { apiFailureAlert, apiFailureKey } from '../src/core/alerts.ts';
import type { Decimal } from '../src/core/decimal.ts';
import { errorText } from '../src/core/error-text.ts';
import type { ExchangeFailure } from '../src/core/failure.ts';
import type { PreparedOrder } from '../src/core/journal-entry.ts';
import type {
  AccountParked,
  CancelEnded,
  CancellationTold,
  GatewayStarted,
  GatewayToSymbol,
  Message,
  OrderCancel,
  OrderResolve,
  OrderSeen,
  ParkingFound,
  StreamsChanged,
  SubmissionEnded,
  SubmissionHalt,
  SubmissionPrepared,
  SubmissionTold,
  TaskFailed,
  TouchRequest,
} from '../src/core/messages.ts';
import { ACCOUNTS, type AccountName, type Instrument, type Intent, type Side } from '../src/core/model.ts';
import { isStrategyOrder, nextSequence } from '../src/core/order-id.ts';
import {
  type PriceTable,
  withEnded,
  withEntry,
  withoutCovered,
  withoutOrder,
  withoutSubmission,
} from '../src/core/price-table.ts';
import { type PricedOrder, pricesToGoBeyond } from '../src/core/pricing.ts';
import { type Reason, reason } from '../src/core/reasons.ts';
import type { Clock, EngineClock, Exchange, Journal, Reporter } from '../src/ports.ts';
import type { CancellationInput } from './cancellation.ts';
import {
  ORPHANED,
  type SubmissionDesk,
  type SubmissionInput,
  type SubmissionSettings,
  type TrackedOrder,
  trackedFromPrepared,
  trackedFromRequest,
} from './submission-steps.ts';

/**
 * What each event does to the gateway, as values: (what it knows, event) → what it knows then, and what is to be done. The
 * chart in order-gateway.ts says when, and does it. Only the desk (sequence, price table, which creates may leave) is changed
 * in place: submissions read it in a turn of their own.
 */

/** Intents waiting on one account: a hundred symbols with a few each. More means that the exchange has stalled; what is refused is decided anew. */
export const QUEUE_MAX = 500;
/** Cancels under way: two accounts of a hundred symbols with two orders each. */
export const CANCELS_MAX = 500;

/** What the gateway works with, and what it takes over. */
export interface GatewayInput {
  readonly exchange: Exchange;
  readonly journal: Journal;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  readonly settings: SubmissionSettings;
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** The last sequence the journal knows; null: none. */
  readonly lastSequence: bigint | null;
  /** Prepared orders without a known outcome: a crash, or a gateway that failed, left them in doubt. */
  readonly unsettled: readonly PreparedOrder[];
}

interface QueuedIntent {
  readonly number: number;
  readonly intent: Intent;
}

/** What a child is at, kept outside of it: if it fails, this says what has to be put right. */
type Job =
  | {
      readonly kind: 'submission';
      /** Grows in the order the symbols asked. */
      readonly number: number;
      readonly instrument: string;
      readonly account: AccountName;
      /** null: only an order's fate is to be found out. */
      readonly intent: Intent | null;
      /** The attempt that may live; null: none does, or it is settled. */
      readonly inDoubt: TrackedOrder | null;
      /** `submission.ended` was told, or nobody waits for it. */
      readonly ended: boolean;
      readonly failures: number;
    }
  | {
      readonly kind: 'cancel';
      readonly instrument: string;
      readonly account: AccountName;
      readonly clientOrderId: string;
    }
  | { readonly kind: 'touch'; readonly instrument: string };

/** What the gateway knows. */
export interface GatewayContext {
  readonly deps: GatewayInput;
  readonly desk: Desk;
  readonly queues: Readonly<Record<AccountName, readonly QueuedIntent[]>>;
  /** The submissions under way, by account and instrument (strategy 9.1): the child that has its slot. */
  readonly active: Readonly<Record<string, string>>;
  /** By child id. */
  readonly jobs: Readonly<Record<string, Job>>;
  readonly lastNumber: number;
  readonly parked: readonly AccountName[];
  /** Whose streams are intact: what becomes of their orders arrives as `order.seen` (strategy 9.4). */
  readonly intact: Readonly<Record<AccountName, boolean>>;
  /**
   * Calls that fail, by alert key: how often in a row; 0: a gateway before this one may have said so, and nobody else says
   * when it is over. At most one key per account and call, and one for the book.
   */
  readonly failing: Readonly<Record<string, number>>;
}

/** The sequence and the price table: read and written at once, within the turn in which an attempt is priced. */
class Desk {
  #last: bigint | null;
  readonly #clock: Clock;
  table: PriceTable = [];
  /** Why no create may leave, read by those that wait for the request budget at the moment they could (strategy 9.8, 13.1). */
  draining: Reason | null = null;
  parked: readonly AccountName[] = [];
  /** Whether its gateway has failed: a failed actor's children run on, and the replacement does not know them (strategy 9.1). */
  isOrphaned: () => boolean = () => false;
  /** By instrument, what was decided up to its last fill: nothing of that leaves any more (strategy 9.5). One entry for each. */
  readonly outdated = new Map<string, number>();

  constructor(last: bigint | null, clock: Clock) {
    this.#last = last;
    this.#clock = clock;
  }

  nextSequence(): bigint {
    this.#last = nextSequence(this.#last, this.#clock.nowMs());
    return this.#last;
  }

  /** What one submission may do here. */
  forSubmission(number: number, order: Submitter): SubmissionDesk {
    const { instrument } = order;
    return {
      nextSequence: (): bigint => this.nextSequence(),
      pricesToGoBeyond: (order: { instrument: string; account: AccountName; side: Side }): readonly Decimal[] =>
        pricesToGoBeyond(this.table, order),
      reserve: (order: PricedOrder): void => {
        this.table = withEntry(this.table, order, number);
      },
      isOrphaned: (): boolean => this.isOrphaned(),
      whyNot: (): Reason | null => {
        if (this.isOrphaned()) return ORPHANED;
        const isOutdated = number <= (this.outdated.get(instrument) ?? 0);
        const parked = isParkedFor(this.parked, order) ? parkedResult(this.parked).why : null;
        return this.draining ?? parked ?? (isOutdated ? OUTDATED.why : null);
      },
    };
  }
}

/** Whose touch is read, and how. */
export interface TouchInput {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly instrument: string;
}

/** What a symbol is told of the touch it asked for. */
export type TouchAnswer = Extract<GatewayToSymbol, { type: 'touch.received' | 'touch.failed' }>;

/** Something to be done about an event; the chart carries it out, in this order. */
export type Command =
  /** To the actor of that system id, if it runs. */
  | { readonly do: 'send'; readonly to: string; readonly message: Message }
  | { readonly do: 'submit'; readonly childId: string; readonly input: SubmissionInput }
  | { readonly do: 'cancel'; readonly childId: string; readonly input: CancellationInput }
  | { readonly do: 'read-touch'; readonly childId: string; readonly input: TouchInput }
  | {
      readonly do: 'send-child';
      readonly childId: string;
      readonly message: SubmissionHalt | OrderSeen | StreamsChanged;
    }
  | { readonly do: 'stop'; readonly childId: string };

/** What an event leads to. */
export interface Step {
  readonly context: GatewayContext;
  readonly commands: readonly Command[];
}

/** Why no submission at all may send anything further. */
type StopsAll = { readonly kind: 'denied' | 'unsent'; readonly why: Reason };

/** What becomes of a symbol's submissions once a fill of it is booked (strategy 9.5). */
const OUTDATED = { kind: 'outdated', why: reason('fill-booked-since', '9.5') } as const;

/** What becomes of intents once the engine drains (strategy 13.1). */
export const DRAINING: StopsAll = { kind: 'denied', why: reason('gateway-drains', '13.1') };

/** Whose order it is, and what for. */
type Submitter = Pick<Intent, 'instrument' | 'account' | 'purpose'>;

/** A parked account submits nothing, the other one no openings (strategy 9.8). */
export function isParkedFor(parked: readonly AccountName[], { account, purpose }: Submitter): boolean {
  return parked.includes(account) || (parked.length > 0 && purpose === 'opening');
}

/** What becomes of intents while accounts are parked (strategy 9.8). */
export function parkedResult(parked: readonly AccountName[]): StopsAll {
  return { kind: 'unsent', why: reason('accounts-parked', '9.8', { accounts: parked }) };
}

/** The book, which submissions and flat symbols read (strategy 7.4, 3.1), whatever its instrument. */
const BOOK_KEY = apiFailureKey(null, 'book');

function orderKeys(account: AccountName): readonly string[] {
  return [apiFailureKey(account, 'createOrder'), apiFailureKey(account, 'cancelOrder')];
}

/** Where a gateway begins. */
export function begin({ input }: { input: GatewayInput }): GatewayContext {
  return {
    deps: input,
    desk: new Desk(input.lastSequence, input.clock),
    queues: { A: [], B: [] },
    active: {},
    jobs: {},
    lastNumber: 0,
    parked: [],
    intact: { A: false, B: false },
    failing: Object.fromEntries([BOOK_KEY, ...ACCOUNTS.flatMap(orderKeys)].map((key) => [key, 0])),
  };
}

function endedMessage(context: GatewayContext, intent: Intent, result: SubmissionEnded['result']): Command {
  const { intentId, account, instrument } = intent;
  const atMs = context.deps.clock.nowMs();
  const message: SubmissionEnded = { type: 'submission.ended', intentId, account, atMs, result };
  return { do: 'send', to: `symbol:${instrument}`, message };
}

/** Numbers of an instrument's submissions that may yet be priced. */
function unfinished(context: GatewayContext, instrument: string): number[] {
  const queued = ACCOUNTS.flatMap((account) => context.queues[account]).filter(
    (q) => q.intent.instrument === instrument,
  );
  const running = Object.values(context.jobs).flatMap((job) =>
    job.kind === 'submission' && job.instrument === instrument && !job.ended ? [job.number] : [],
  );
  return [...queued.map((q) => q.number), ...running];
}

/** Queues an intent, or turns it away where the queue is full. */
export function accept(context: GatewayContext, intent: Intent): Step {
  const { account, instrument } = intent;
  const queue = context.queues[account];
  if (queue.length >= QUEUE_MAX) {
    const why = reason('queue-full', '9.1', { account, waiting: QUEUE_MAX });
    return { context, commands: [endedMessage(context, intent, { kind: 'unsent', why })] };
  }
  const number = context.lastNumber + 1;
  const queues = { ...context.queues, [account]: [...queue, { number, intent }] };
  const queued = { ...context, lastNumber: number, queues };
  context.desk.table = withoutCovered(context.desk.table, instrument, unfinished(queued, instrument));
  return startNext({ context: queued, commands: [] });
}

/**
 * Takes what a symbol decided before its last fill out of the queues (strategy 5, 6): behind other symbols' submissions it
 * may wait for seconds. Of what has begun no further attempt leaves (9.5): an opening has no guard, and after its partner's
 * fill it is a repair.
 */
export function withdraw(context: GatewayContext, instrument: string): Step {
  const isOutdated = ({ intent }: QueuedIntent): boolean => intent.instrument === instrument;
  const outdated = ACCOUNTS.flatMap((account) => context.queues[account].filter(isOutdated));
  const { clock, reporter } = context.deps;
  const why = reason('fill-booked-since', '5');
  context.desk.outdated.set(instrument, context.lastNumber);
  const commands = outdated.map(({ intent }): Command => {
    const { account } = intent;
    reporter.report({ type: 'intent.denied', atMs: clock.nowMs(), instrument, account, intent, why });
    return endedMessage(context, intent, { kind: 'outdated' });
  });
  for (const account of ACCOUNTS) {
    const childId = context.active[slotOf(account, instrument)];
    if (childId === undefined) continue;
    commands.push({ do: 'send-child', childId, message: { type: 'submission.halt', result: OUTDATED } });
  }
  const left = (account: AccountName) => context.queues[account].filter((queued) => !isOutdated(queued));
  return { context: { ...context, queues: { A: left('A'), B: left('B') } }, commands };
}

/** One submission at a time per account and symbol (strategy 9.1). */
function slotOf(account: AccountName, instrument: string): string {
  return `${account} ${instrument}`;
}

/** The first intent of each account and symbol that has its slot free (strategy 9.1), in the order they were asked for. */
function startable({ queues, active }: GatewayContext): readonly QueuedIntent[] {
  const taken = new Set(Object.keys(active));
  return ACCOUNTS.flatMap((account) => queues[account]).filter(({ intent }) => {
    const slot = slotOf(intent.account, intent.instrument);
    return !taken.has(slot) && taken.add(slot);
  });
}

/** Fills the free slots. In which order creates leave the budget says: repairs before openings, symbol by symbol (9.1). */
function startNext(step: Step): Step {
  let { context } = step;
  const commands = [...step.commands];
  for (const next of startable(context)) {
    const { number, intent } = next;
    const { account } = intent;
    const childId = `submission-${number}`;
    const job: Job = {
      kind: 'submission',
      number,
      instrument: intent.instrument,
      account,
      intent,
      inDoubt: null,
      ended: false,
      failures: 0,
    };
    context = {
      ...context,
      queues: { ...context.queues, [account]: context.queues[account].filter((one) => one !== next) },
      active: { ...context.active, [slotOf(account, intent.instrument)]: childId },
      jobs: { ...context.jobs, [childId]: job },
    };
    const desk = context.desk.forSubmission(number, intent);
    commands.push({
      do: 'submit',
      childId,
      input: { childId, deps: context.deps, desk, intact: context.intact[account], task: { kind: 'submit', intent } },
    });
  }
  return { context, commands };
}

/** Finds out what became of an order, in the background (strategy 9.6). */
function startResolving(step: Step, order: TrackedOrder, why: Reason, failures: number): Step {
  const { context } = step;
  const number = context.lastNumber + 1;
  const childId = `resolution-${number}`;
  const { instrument, account } = order;
  const job: Job = {
    kind: 'submission',
    number,
    instrument,
    account,
    intent: null,
    inDoubt: order,
    ended: true,
    failures,
  };
  const desk = context.desk.forSubmission(number, order);
  const intact = context.intact[account];
  const task = { kind: 'resolve', order, why, rounds: failures } as const;
  return {
    context: { ...context, lastNumber: number, jobs: { ...context.jobs, [childId]: job } },
    commands: [...step.commands, { do: 'submit', childId, input: { childId, deps: context.deps, desk, intact, task } }],
  };
}

/** Takes up what a crash, or a gateway before this one, left in doubt (strategy 11.2). Its symbol counts it as live: intents keep clear of it. */
export function takeUp(context: GatewayContext): Step {
  return context.deps.unsettled.reduce<Step>(
    (step, prepared) => startResolving(step, trackedFromPrepared(prepared), reason('no-outcome-in-journal', '9.6'), 0),
    { context, commands: [] },
  );
}

function submissionJob(context: GatewayContext, childId: string) {
  const job = context.jobs[childId];
  return job?.kind === 'submission' ? job : null;
}

function withJob(context: GatewayContext, childId: string, job: Job): GatewayContext {
  return { ...context, jobs: { ...context.jobs, [childId]: job } };
}

/** An attempt is in the journal and about to leave: from now on its symbol counts it. */
export function noteSent(context: GatewayContext, { childId, prepared }: SubmissionPrepared): Step {
  const job = submissionJob(context, childId);
  if (job === null) return unchanged(context);
  const inDoubt = trackedFromPrepared(prepared);
  const { clientOrderId, account, side, size, price, purpose, attempt, sentAtMs, expirationMs } = inDoubt;
  const { intentId } = prepared.intent;
  const words = { intentId, attempt, clientOrderId, account, side, size, price, purpose, sentAtMs, expirationMs };
  return {
    context: withJob(context, childId, { ...job, inDoubt }),
    commands: [{ do: 'send', to: `symbol:${job.instrument}`, message: { type: 'order.sent', ...words } }],
  };
}

/** Passes on what a submission says, and keeps the prices and the slots by it. */
export function noteTold(context: GatewayContext, { childId, message }: SubmissionTold): Step {
  const job = submissionJob(context, childId);
  if (job === null) return unchanged(context);
  const { desk } = context;
  const passOn: Command = { do: 'send', to: `symbol:${job.instrument}`, message };
  if (message.type !== 'submission.ended') {
    const dead = message.type === 'attempt.refused' || message.outcome === 'absent';
    if (dead) desk.table = withoutOrder(desk.table, message.clientOrderId);
    return { context: withJob(context, childId, { ...job, inDoubt: null }), commands: [passOn] };
  }
  const { kind } = message.result;
  desk.table =
    kind === 'confirmed' || kind === 'unknown'
      ? withEnded(desk.table, job.number, context.lastNumber)
      : withoutSubmission(desk.table, job.number);
  const inDoubt = kind === 'unknown' ? job.inDoubt : null;
  const next = freeSlot(withJob(context, childId, { ...job, ended: true, inDoubt }), childId);
  const calls = judgeCalls(next, message);
  return startNext({ context: calls.context, commands: [passOn, ...calls.commands] });
}

/**
 * API failures of orders (strategy 12): pollers do not see these calls. An order the exchange answered for, be it by a
 * refusal, says that book and create work; a cancel that is over, that cancels do. A parked account has an alert of its own.
 */
function judgeCalls(context: GatewayContext, message: SubmissionEnded | CancelEnded): Step {
  const { account } = message;
  if (message.type === 'cancel.ended') {
    return message.outcome === 'over'
      ? callsWork(context, [apiFailureKey(account, 'cancelOrder')])
      : callFails(context, message.failure ?? null);
  }
  switch (message.result.kind) {
    case 'unknown':
    case 'unsent':
      return callFails(context, message.result.failure ?? null);
    case 'denied':
    case 'outdated':
      return unchanged(context);
    default:
      return callsWork(context, [apiFailureKey(account, 'createOrder'), BOOK_KEY]);
  }
}

/** A flat symbol may read nothing but the book (strategy 3.1). One that was read works, whether it gives a touch or not. */
function judgeBook(context: GatewayContext, answer: TouchAnswer): Step {
  const failure = answer.type === 'touch.failed' ? (answer.failure ?? null) : null;
  return failure === null ? callsWork(context, [BOOK_KEY]) : callFails(context, failure);
}

function callFails(context: GatewayContext, failure: ExchangeFailure | null): Step {
  // What never left for want of budget or a connection is told by the polls, which need both as well; the book is not polled.
  const told = failure?.kind !== 'unavailable' || failure.call === 'book';
  if (failure === null || !told || failure.kind === 'parked' || failure.kind === 'unauthenticated') {
    return unchanged(context);
  }
  const key = apiFailureKey(failure.account, failure.call);
  const inARow = (context.failing[key] ?? 0) + 1;
  const alert = apiFailureAlert(failure, inARow, context.deps.clock.nowMs(), null);
  return {
    context: { ...context, failing: { ...context.failing, [key]: inARow } },
    commands: [{ do: 'send', to: 'alert-desk', message: { type: 'alert.raised', alert } }],
  };
}

function callsWork(context: GatewayContext, keys: readonly string[]): Step {
  const over = keys.filter((key) => context.failing[key] !== undefined);
  if (over.length === 0) return unchanged(context);
  const atMs = context.deps.clock.nowMs();
  const failing = Object.fromEntries(Object.entries(context.failing).filter(([key]) => !over.includes(key)));
  const commands = over.map(
    (key): Command => ({ do: 'send', to: 'alert-desk', message: { type: 'alert.cleared', key, atMs } }),
  );
  return { context: { ...context, failing }, commands };
}

function freeSlot(context: GatewayContext, childId: string): GatewayContext {
  const job = submissionJob(context, childId);
  const slot = job === null ? '' : slotOf(job.account, job.instrument);
  if (context.active[slot] !== childId) return context;
  const { [slot]: _, ...active } = context.active;
  return { ...context, active };
}

function withoutJob(context: GatewayContext, childId: string): GatewayContext {
  const { [childId]: _, ...jobs } = context.jobs;
  return { ...freeSlot(context, childId), jobs };
}

/** A cancel, at once (strategy 9.1). One that is under way answers for both. */
export function startCancel(context: GatewayContext, request: OrderCancel): Step {
  const { instrument, account, clientOrderId } = request;
  const cancels = Object.values(context.jobs).filter((job) => job.kind === 'cancel');
  if (cancels.some((job) => job.clientOrderId === clientOrderId)) return unchanged(context);
  if (cancels.length >= CANCELS_MAX || !isStrategyOrder(clientOrderId)) {
    return { context, commands: [cancelFailed(context, request)] };
  }
  const number = context.lastNumber + 1;
  const childId = `cancel-${number}`;
  const { exchange, clock, reporter } = context.deps;
  const intact = context.intact[account];
  const input = { childId, account, instrument, clientOrderId, exchange, clock, reporter, intact };
  const job: Job = { kind: 'cancel', instrument, account, clientOrderId };
  return {
    context: withJob({ ...context, lastNumber: number }, childId, job),
    commands: [{ do: 'cancel', childId, input }],
  };
}

function cancelFailed(
  context: GatewayContext,
  { instrument, account, clientOrderId }: { instrument: string; account: AccountName; clientOrderId: string },
): Command {
  const atMs = context.deps.clock.nowMs();
  const message = { type: 'cancel.ended', clientOrderId, account, atMs, outcome: 'failed' } as const;
  return { do: 'send', to: `symbol:${instrument}`, message };
}

/** A cancel is over, or failed: its symbol is told. */
export function noteCancelTold(context: GatewayContext, { childId, message }: CancellationTold): Step {
  const job = context.jobs[childId];
  if (job === undefined) return unchanged(context);
  const calls = judgeCalls(context, message);
  return {
    context: calls.context,
    commands: [{ do: 'send', to: `symbol:${job.instrument}`, message }, ...calls.commands],
  };
}

/** The row of an own order changed: whoever waits for its state learns of it (strategy 9.4). */
export function orderSeen(context: GatewayContext, message: OrderSeen): Step {
  const { account, order, intact } = message;
  const childIds = childrenAt(context, (job) => concerns(job, order));
  // A gateway that replaces a failed one learns here, too, that streams are intact.
  const same = context.intact[account] === intact;
  return {
    context: same ? context : { ...context, intact: { ...context.intact, [account]: intact } },
    commands: childIds.map((childId) => ({ do: 'send-child', childId, message })),
  };
}

function childrenAt({ jobs }: GatewayContext, isMeant: (job: Job) => boolean): string[] {
  return Object.keys(jobs).filter((childId) => isMeant(jobs[childId] as Job));
}

function concerns(job: Job, { clientOrderId }: OrderSeen['order']): boolean {
  if (job.kind === 'touch') return false;
  return (job.kind === 'cancel' ? job.clientOrderId : job.inDoubt?.clientOrderId) === clientOrderId;
}

/** From now on an account's streams tell what becomes of its orders, or no longer (strategy 9.4). */
export function streamsChanged(context: GatewayContext, message: StreamsChanged): Step {
  const { account, intact } = message;
  const childIds = childrenAt(context, (job) => job.kind !== 'touch' && job.account === account);
  return {
    context: { ...context, intact: { ...context.intact, [account]: intact } },
    commands: childIds.map((childId) => ({ do: 'send-child', childId, message })),
  };
}

/** An order lost from sight. Where a child has that order in hand already, its answer serves. */
export function resolve(context: GatewayContext, request: OrderResolve): Step {
  const inHand = Object.values(context.jobs).some(
    (job) => job.kind === 'submission' && job.inDoubt?.clientOrderId === request.clientOrderId,
  );
  if (inHand) return unchanged(context);
  const prepared = preparedFor(context, request.clientOrderId);
  const why = reason('missing-since-confirmed', '9.6');
  return startResolving({ context, commands: [] }, trackedFromRequest(request, prepared), why, 0);
}

/** The journal's record of an order, for the words of the log; a journal that cannot be read is reported, and done without. */
function preparedFor(context: GatewayContext, clientOrderId: string): PreparedOrder | null {
  const { journal, reporter, clock } = context.deps;
  try {
    return journal.latest('order.prepared', clientOrderId)?.body ?? null;
  } catch (thrown) {
    const message = errorText(thrown);
    reporter.report({ type: 'journal.failed', atMs: clock.nowMs(), message });
    return null;
  }
}

/** Reads a touch; one outstanding question per instrument answers for all. */
export function startTouch(context: GatewayContext, { instrument }: TouchRequest): Step {
  const childId = `touch-${instrument}`;
  if (context.jobs[childId] !== undefined) return unchanged(context);
  const { exchange, clock } = context.deps;
  return {
    context: withJob(context, childId, { kind: 'touch', instrument }),
    commands: [{ do: 'read-touch', childId, input: { exchange, clock, instrument } }],
  };
}

/** A child has done its work: it is taken out; a touch brings its answer. */
export function noteDone(context: GatewayContext, childId: string, output: unknown): Step {
  const job = context.jobs[childId];
  const commands: Command[] = [{ do: 'stop', childId }];
  const rest = withoutJob(context, childId);
  if (job?.kind !== 'touch') return startNext({ context: rest, commands });
  const answer = output as TouchAnswer;
  const calls = judgeBook(rest, answer);
  commands.push({ do: 'send', to: `symbol:${job.instrument}`, message: answer }, ...calls.commands);
  return startNext({ context: calls.context, commands });
}

/** A child threw: its siblings go on; what it was at is taken over, or answered for. */
export function noteFailed(context: GatewayContext, childId: string, thrown: unknown): Step {
  const job = context.jobs[childId];
  const message = errorText(thrown);
  const why = reason('part-failed', '9.6', { message });
  const failed: TaskFailed = { type: 'task.failed', task: childId, message };
  const commands: Command[] = [
    { do: 'stop', childId },
    { do: 'send', to: 'daemon', message: failed },
  ];
  const rest = withoutJob(context, childId);
  if (job === undefined) return { context: rest, commands };
  const { instrument } = job;
  if (job.kind === 'touch') {
    const answer = { type: 'touch.failed', why, atMs: context.deps.clock.nowMs() } as const;
    return { context: rest, commands: [...commands, { do: 'send', to: `symbol:${instrument}`, message: answer }] };
  }
  if (job.kind === 'cancel') return { context: rest, commands: [...commands, cancelFailed(context, job)] };
  const { desk } = context;
  if (job.inDoubt === null) {
    if (!job.ended) desk.table = withoutSubmission(desk.table, job.number);
    if (job.intent !== null && !job.ended) commands.push(endedMessage(context, job.intent, { kind: 'unsent', why }));
    return startNext({ context: rest, commands });
  }
  const { clientOrderId } = job.inDoubt;
  desk.table = withEnded(desk.table, job.number, context.lastNumber);
  if (job.intent !== null && !job.ended) {
    commands.push(endedMessage(context, job.intent, { kind: 'unknown', clientOrderId, reason: why }));
  }
  return startNext(startResolving({ context: rest, commands }, job.inDoubt, why, job.failures + 1));
}

/** Nothing further of these leaves: queued intents end, those under way are told to settle what is in flight. */
export function halt(context: GatewayContext, result: StopsAll, concerns = (_intent: Submitter) => true): Step {
  if (result.kind === 'denied') context.desk.draining = result.why;
  const queued = ACCOUNTS.flatMap((account) => context.queues[account]).filter(({ intent }) => concerns(intent));
  const commands = queued.map(({ intent }) => endedMessage(context, intent, result));
  for (const childId of Object.values(context.active)) {
    const intent = submissionJob(context, childId)?.intent ?? null;
    if (intent === null || !concerns(intent)) continue;
    commands.push({ do: 'send-child', childId, message: { type: 'submission.halt', result } });
  }
  const left = (account: AccountName) => context.queues[account].filter((one) => !queued.includes(one));
  return { context: { ...context, queues: { A: left('A'), B: left('B') } }, commands };
}

/** Turns an intent away. */
export function turnAway(context: GatewayContext, intent: Intent, result: StopsAll): Step {
  return { context, commands: [endedMessage(context, intent, result)] };
}

/** Parks an account (strategy 9.8): it creates nothing, the other one no openings. */
export function park(context: GatewayContext, account: AccountName): Step {
  if (context.parked.includes(account)) return unchanged(context);
  const parked = ACCOUNTS.filter((name) => name === account || context.parked.includes(name));
  context.desk.parked = parked;
  return halt({ ...context, parked }, parkedResult(parked), (intent) => isParkedFor(parked, intent));
}

/** As `park`, met by a call of ours: the daemon and the account's poller are to know. */
export function parkFound(context: GatewayContext, { account, failure }: ParkingFound): Step {
  if (context.parked.includes(account)) return unchanged(context);
  const step = park(context, account);
  const message: AccountParked = { type: 'account.parked', account, failure };
  const systemIds = ['daemon', `poller:${account}`];
  const tells = systemIds.map((to): Command => ({ do: 'send', to, message }));
  return { context: step.context, commands: [...step.commands, ...tells] };
}

/** Tells the daemon that nothing is in flight, and which outcomes are still unknown. */
export function idle(context: GatewayContext): Step {
  const unknown = Object.values(context.jobs).flatMap((job) =>
    job.kind === 'submission' && job.inDoubt !== null
      ? [{ account: job.account, clientOrderId: job.inDoubt.clientOrderId }]
      : [],
  );
  return { context, commands: [{ do: 'send', to: 'daemon', message: { type: 'gateway.idle', unknown } }] };
}

/** Tells each symbol that this gateway knows nothing but the orders it takes up. */
export function greetSymbols(context: GatewayContext): Step {
  const { instruments, unsettled, clock } = context.deps;
  const orders = unsettled.map(({ intent, clientOrderId }) => ({ account: intent.account, clientOrderId }));
  const message: GatewayStarted = { type: 'gateway.started', unsettled: orders, atMs: clock.nowMs() };
  const commands = [...instruments.keys()].map((name): Command => ({ do: 'send', to: `symbol:${name}`, message }));
  return { context, commands };
}

/** A parked account was answered again (strategy 9.8). */
export function unpark(context: GatewayContext, account: AccountName): Step {
  const parked = context.parked.filter((name) => name !== account);
  context.desk.parked = parked;
  return unchanged({ ...context, parked });
}

/** Submissions that begin from now on work with these. */
export function withDeps(context: GatewayContext, change: Partial<GatewayInput>): Step {
  return unchanged({ ...context, deps: { ...context.deps, ...change } });
}

export function unchanged(context: GatewayContext): Step {
  return { context, commands: [] };
}

/** Nothing is queued, submitted or being cancelled; orders of unknown outcome may still be found out (strategy 13.1). */
export function isNothingInFlight({ active, queues, jobs }: GatewayContext): boolean {
  return (
    Object.keys(active).length === 0 &&
    ACCOUNTS.every((account) => queues[account].length === 0) &&
    Object.values(jobs).every((job) => job.kind !== 'cancel')
  );
}

import { fromPromise, setup } from 'xstate';
import type { OrderSeen, StreamsChanged, SubmissionHalt } from '../src/core/messages.ts';
import type { ExchangeOrder } from '../src/core/model.ts';
import {
  createMayLive,
  isExhausted,
  isFateKnown,
  isLastAttempt,
  isOfOrder,
  tellsFate,
  type Verdict,
  verdict,
} from '../src/core/submission/answers.ts';
import * as attempt from '../src/core/submission/attempts.ts';
import * as end from '../src/core/submission/ends.ts';
import { orderOf, type SubmissionMemory } from '../src/core/submission/memory.ts';
import * as search from '../src/core/submission/search.ts';
import type { SubmissionNow, SubmissionStep } from '../src/core/submission/step.ts';
import * as waits from '../src/core/submission/waits.ts';
import { type CallEnded, carryOut, eventOf, forEvents, forFailures } from './carry-out.ts';
import {
  admitCreate,
  createOrder,
  fenceOrder,
  journalOutcome,
  lookUpOrder,
  nowOf,
  quoteGiven,
  readMarket,
  recordAttempt,
  type SubmissionContext,
  type SubmissionInput,
  searchLists,
  shareAnswer,
} from './submission-calls.ts';

/**
 * What the names in the chart of a submission mean: its events and calls, guards, delays, and the step behind each
 * action.
 */

/** A call to the exchange or the journal, as an actor. */
function call<T>(act: (context: SubmissionContext, signal: AbortSignal) => Promise<T>) {
  return fromPromise<T, SubmissionContext>(({ input, signal }) => act(input, signal));
}

const calls = {
  admitCreate: call(admitCreate),
  readMarket: call(readMarket),
  recordAttempt: call(recordAttempt),
  createOrder: call(createOrder),
  lookUpOrder: call(lookUpOrder),
  fenceOrder: call(fenceOrder),
  searchLists: call(searchLists),
};

export type SubmissionEvent = SubmissionHalt | OrderSeen | StreamsChanged | CallEnded<typeof calls>;

type Args = { context: SubmissionContext };

/** The state of the order that a stream or a call has brought; null: the exchange does not know it. */
function answerIn(event: SubmissionEvent): ExchangeOrder | null {
  switch (event.type) {
    case 'order.seen':
      return event.order;
    case 'xstate.done.actor.createOrder':
    case 'xstate.done.actor.lookUpOrder':
    case 'xstate.done.actor.searchLists':
      return event.output;
    default:
      throw new Error(`an action for an answer was reached by ${event.type}`);
  }
}

const rowSeen = (event: SubmissionEvent) => eventOf(event, 'order.seen').order;
const says = (what: Verdict) => (args: Args) => verdict(args.context.memory) === what;

const submission = setup({
  types: {
    context: {} as SubmissionContext,
    events: {} as SubmissionEvent,
    input: {} as SubmissionInput,
  },
  actors: calls,
  guards: {
    hasOrderToResolve: ({ context }) => context.memory.order !== null,
    isReplacement: ({ context }) => context.memory.rounds > 0,
    isHalted: ({ context }) => context.memory.halt !== null,
    haltIsDenial: ({ context }) => context.memory.halt?.kind === 'denied',
    haltIsOutdating: ({ context }) => context.memory.halt?.kind === 'outdated',
    isSendable: ({ context }) => context.memory.quote?.kind === 'sendable',
    isDenied: ({ context }) => context.memory.quote?.kind === 'denied',
    saysPostOnly: says('post-only'),
    saysRejected: says('rejected'),
    saysOpen: says('open'),
    saysOver: says('over'),
    saysDoubtful: says('doubtful'),
    tellsFate: ({ context, event }) => tellsFate(context.memory, rowSeen(event)),
    tellsNoFate: ({ context: { memory }, event }) =>
      isOfOrder(memory, rowSeen(event)) && !tellsFate(memory, rowSeen(event)),
    tellsExistence: ({ context: { memory }, event }) =>
      isOfOrder(memory, rowSeen(event)) && rowSeen(event).status !== 'PENDING',
    isIntact: ({ context }) => context.memory.intact,
    lookupsUsedUp: ({ context }) => context.memory.lookups >= waits.CONFIRM_LOOKUPS_MAX,
    attemptsUsedUp: ({ context }) => isLastAttempt(context.memory),
    attemptsRefusedUp: ({ context }) => isExhausted(context.memory),
    createMayLive: ({ context }) => createMayLive(context.memory),
    createRateLimited: ({ context }) => context.memory.failure?.kind === 'rate-limited',
    createNeverLeft: ({ context }) => context.memory.failure?.kind === 'unavailable',
    outdatedBeforeLeaving: ({ context: { memory } }) =>
      memory.failure?.kind === 'unavailable' && memory.halt?.kind === 'outdated',
    accountMustStop: ({ context: { memory } }) =>
      memory.failure?.kind === 'parked' || memory.failure?.kind === 'unauthenticated',
    exchangeKnowsFate: ({ context }) => isFateKnown(context.memory),
    exchangeKnowsOrder: ({ context }) => context.memory.seen !== null,
    isFenceVoid: ({ context: { deps, memory } }) => deps.exchange.isFenceVoid(orderOf(memory).clientOrderId),
    proofMayBegin: ({ context }) => context.memory.proofBasis !== null,
  },
  delays: {
    untilNextAttempt: ({ context }) => waits.untilNextAttempt(context.memory, context.deps.clock.nowMs()),
    streamSilence: waits.STREAM_SILENCE_MS,
    confirmPause: ({ context }) => waits.confirmPause(context.memory),
    untilFencePasses: waits.FENCE_TTL_MS + waits.FENCE_MARGIN_MS,
    unknownPause: ({ context }) => waits.unknownPause(context.memory),
  },
});

type StepOf = (
  memory: SubmissionMemory,
  now: SubmissionNow,
  event: SubmissionEvent,
  context: SubmissionContext,
) => SubmissionStep;

/** Carries out a step: price table, journal, memory and reporter, messages to the gateway. */
function perform(stepOf: StepOf) {
  return submission.enqueueActions((args) => {
    const { context, event, enqueue } = args;
    const { deps, shared, memory } = context;
    const { reserve, outcome, messages = [], ...rest } = stepOf(memory, nowOf(context), event, context);
    if (reserve !== undefined) enqueue(() => shared.reserve(reserve));
    if (outcome !== undefined) enqueue(() => journalOutcome(deps, outcome));
    carryOut(args, rest);
    for (const message of messages) enqueue.sendParent(message);
  });
}

const on = forEvents(perform);
const onFailure = forFailures(perform);

export const submissionSetup = submission.extend({
  actions: {
    rememberHalt: on('submission.halt', attempt.halted),
    noteIntact: on('streams.changed', (_memory, _now, { intact }) => ({ change: { intact } })),
    beginAttempt: perform(attempt.begun),
    keepAdmission: submission.assign({
      admission: ({ event }) => eventOf(event, 'xstate.done.actor.admitCreate').output,
    }),
    returnAdmission: ({ context }) => context.admission?.unused(),
    forgetAdmission: submission.assign({ admission: null }),
    noteAdmissionFailure: onFailure(attempt.notAdmitted),
    quoteAttempt: on('xstate.done.actor.readMarket', (memory, now, { output }, context) =>
      attempt.priced(memory, now, output, quoteGiven(context)),
    ),
    noteBookFailure: onFailure(attempt.bookFailed),
    draftAttempt: perform((memory, now, _event, { shared }) => attempt.drafted(memory, now, shared.nextSequence())),
    keepRecord: submission.assign({
      recorded: ({ event }) => eventOf(event, 'xstate.done.actor.recordAttempt').output,
    }),
    addRecorded: on('xstate.done.actor.recordAttempt', (memory, now, { output }) =>
      attempt.recorded(memory, now, output.prepared),
    ),
    noteRecordFailure: onFailure(attempt.notRecorded),
    withdrawRecording: on('submission.halt', attempt.haltedWhileRecording),
    noteSendTime: perform(attempt.left),
    noteAnswer: perform((memory, now, event) => attempt.answered(memory, now, answerIn(event))),
    shareAnswer: ({ context, event, system }) => shareAnswer(system, orderOf(context.memory).account, answerIn(event)),
    noteCreateFailure: onFailure(attempt.createFailed),
    takePostOnlyRefusal: perform(attempt.refusedAsPostOnly),
    takeRejection: perform(attempt.rejected),
    takeRateLimit: perform(attempt.rateLimited),
    takeRefusal: perform(attempt.refused),
    dropUnsent: perform(attempt.neverLeft),
    dropUnsentAndPark: perform(attempt.neverLeftAndParks),
    park: perform(attempt.parks),
    noteDoubt: perform(search.answerDoubted),
    noteUnconfirmed: perform(search.neverConfirmed),
    noteAttemptsUsedUp: perform(end.attemptsUsedUp),
    adoptHaltReason: perform(end.haltReasonAdopted),
    countLookup: perform(attempt.lookedUp),
    reportUnknown: perform(search.begun),
    loseSight: perform(search.lostSight),
    noteProofBasis: perform(search.askedFor),
    noteFencePassed: perform(search.fencePassed),
    countRound: perform(search.paused),
    endResting: perform(end.resting),
    endOver: perform(end.over),
    endDenied: perform(end.denied),
    endOutdated: perform(end.outdated),
    endRefused: perform(end.refused),
    endExhausted: perform(end.exhausted),
    endUnsent: perform(end.unsent),
    endExisting: perform(search.foundToExist),
    endAbsent: perform(search.foundAbsent),
  },
});

import { assign, fromPromise, sendParent, setup } from 'xstate';
import { errorText } from '../src/core/error-text.ts';
import type { Fact } from '../src/core/facts.ts';
import { toFailure } from '../src/core/failure.ts';
import type {
  OrderSeen,
  ParkingFound,
  StreamsChanged,
  SubmissionHalt,
  SubmissionPrepared,
} from '../src/core/messages.ts';
import type { ExchangeOrder, Intent } from '../src/core/model.ts';
import { type Reason, reason } from '../src/core/reasons.ts';
import { rejection, WOULD_CROSS } from '../src/core/refusals.ts';
import {
  createFailure,
  isOfOrder,
  knownAfter,
  OVERLAPPING_CLIENT_ID_CODE,
  outcomeOf,
  proofBasisOf,
  proofWords,
  verdict,
} from '../src/core/submission/answers.ts';
import {
  bookFailed,
  exhausted,
  foundOut,
  neverWas,
  notSubmitted,
  outcomeUnknown,
  placed,
  refused,
  refusedAsPostOnly,
  sent,
} from '../src/core/submission/facts.ts';
import type { SubmissionMemory, SubmissionSettings } from '../src/core/submission/memory.ts';
import { type Draft, intentOf, orderOf, present, whyOf } from '../src/core/submission/memory.ts';
import { type Market, tooOld } from '../src/core/submission/quote.ts';
import { trackedFromPrepared } from '../src/core/submission/tracked.ts';
import type { Admission, Exchange, SignedOrder } from '../src/ports.ts';
import {
  ATTEMPT_GAP_MS,
  attemptRefused,
  begin,
  CONFIRM_LOOKUPS_MAX,
  CONFIRM_PAUSE_MAX_MS,
  CONFIRM_PAUSE_MS,
  draftAttempt,
  ended,
  exchangeNow,
  FENCE_MARGIN_MS,
  FENCE_TTL_MS,
  findInLists,
  growing,
  journalOutcome,
  type ListQuestion,
  type MarketQuestion,
  nowOf,
  type OrderQuestion,
  quoteOf,
  RATE_LIMIT_PAUSE_MAX_MS,
  RATE_LIMIT_PAUSE_MS,
  type Recorded,
  readMarket,
  record,
  resolved,
  STREAM_SILENCE_MS,
  type SubmissionContext,
  type SubmissionDeps,
  type SubmissionInput,
  shareAnswer,
  UNKNOWN_PAUSE_MAX_MS,
  UNKNOWN_PAUSE_MS,
} from './submission-steps.ts';

/**
 * The life of one intent: price it, write it down, send it, hear what became of it; again when it was refused as post-only;
 * and when nobody knows what became of it, find out by positive proof, for as long as that takes (strategy 9.3 to 9.6).
 *
 * One actor per intent, or per order whose whereabouts are unknown. It never books a fill (snapshots do), never sends a
 * create whose bytes are not in the journal, never sends an attempt twice, and has no timer that turns unknown into known.
 */

export type SubmissionEvent = SubmissionHalt | OrderSeen | StreamsChanged;

type Args = { context: SubmissionContext };

interface AdmissionInput {
  readonly exchange: Exchange;
  readonly intent: Intent;
}

interface CreateInput {
  readonly exchange: Exchange;
  readonly signed: SignedOrder;
  readonly whyNot: () => Reason | null;
  readonly admission: Admission;
}

/** Leave for a create (strategy 9.1); given back at once where the submission was halted meanwhile. */
async function admitCreate({ exchange, intent }: AdmissionInput, signal: AbortSignal): Promise<Admission> {
  const admission = await exchange.admitCreate(intent.account, intent.instrument, intent.purpose);
  if (signal.aborted) admission.unused();
  return admission;
}

const bookInput = ({ context }: Args): MarketQuestion => ({
  exchange: context.deps.exchange,
  instrument: intentOf(context).instrument,
  wouldCross: context.wouldCross,
  refusedAtMs: context.refusedAtMs,
});
const admissionInput = ({ context }: Args) => ({ exchange: context.deps.exchange, intent: intentOf(context) });
const recordInput = ({ context }: Args) => ({ deps: context.deps, draft: present(context.draft, 'draft') });
const createInput = ({ context }: Args) => ({
  exchange: context.deps.exchange,
  signed: present(context.recorded, 'record').signed,
  admission: present(context.admission, 'admission'),
  whyNot: () =>
    context.desk.whyNot() ?? tooOld(context, nowOf(context)) ?? present(context.recorded, 'record').whyNot(),
});
const orderInput = ({ context }: Args) => ({ exchange: context.deps.exchange, order: orderOf(context) });

const listInput = (args: Args) => ({ ...orderInput(args), orderTtlMs: args.context.deps.settings.orderTtlMs });

const outputOf = <T>({ event }: { event: { output: T } }) => ({ output: event.output });
const thrownOf = ({ event }: { event: { error: unknown } }) => ({ thrown: event.error });
const whole = <E>({ event }: { event: E }) => event;
const haltOf = ({ event }: { event: SubmissionHalt }) => ({ result: event.result });

/** An action that reports what is known. */
function reports(factOf: (memory: SubmissionMemory, atMs: number, settings: SubmissionSettings) => Fact) {
  return ({ context }: Args): void => {
    const { reporter, clock, settings } = context.deps;
    reporter.report(factOf(context, clock.nowMs(), settings));
  };
}

const setupSubmission = setup({
  types: {
    context: {} as SubmissionContext,
    events: {} as SubmissionEvent,
    input: {} as SubmissionInput,
  },
  actors: {
    admitCreate: fromPromise(({ input, signal }: { input: AdmissionInput; signal: AbortSignal }) =>
      admitCreate(input, signal),
    ),
    readMarket: fromPromise(({ input }: { input: MarketQuestion }) => readMarket(input)),
    recordAttempt: fromPromise(({ input }: { input: { deps: SubmissionDeps; draft: Draft } }) =>
      record(input.deps, input.draft),
    ),
    createOrder: fromPromise(({ input: { exchange, signed, whyNot, admission } }: { input: CreateInput }) =>
      exchange.createOrder(signed, whyNot, admission),
    ),
    lookUpOrder: fromPromise(({ input }: { input: OrderQuestion }) =>
      input.exchange.order(input.order.account, input.order.clientOrderId, input.order.sentAtMs),
    ),
    fenceOrder: fromPromise(({ input }: { input: OrderQuestion }) =>
      input.exchange.cancelOrder(input.order.account, input.order.clientOrderId, FENCE_TTL_MS, input.order.instrument),
    ),
    searchLists: fromPromise(({ input }: { input: ListQuestion }) => findInLists(input)),
  },
  guards: {
    hasOrderToResolve: ({ context }) => context.order !== null,
    isReplacement: ({ context }) => context.rounds > 0,
    isHalted: ({ context }) => context.halt !== null,
    haltIsDenial: ({ context }) => context.halt?.kind === 'denied',
    haltIsOutdating: ({ context }) => context.halt?.kind === 'outdated',
    isSendable: ({ context }) => context.quote?.kind === 'sendable',
    isDenied: ({ context }) => context.quote?.kind === 'denied',
    saysPostOnly: ({ context }) => verdict(context) === 'post-only',
    saysRejected: ({ context }) => verdict(context) === 'rejected',
    saysOpen: ({ context }) => verdict(context) === 'open',
    saysOver: ({ context }) => verdict(context) === 'over',
    saysDoubtful: ({ context }) => verdict(context) === 'doubtful',
    tellsFate: ({ context }, { order }: OrderSeen) =>
      isOfOrder(context, order) && verdict({ ...context, seen: order }) !== 'pending',
    tellsExistence: ({ context }, { order }: OrderSeen) => isOfOrder(context, order) && order.status !== 'PENDING',
    tellsNoFate: ({ context }, { order }: OrderSeen) =>
      isOfOrder(context, order) && verdict({ ...context, seen: order }) === 'pending',
    isIntact: ({ context }) => context.intact,
    lookupsUsedUp: ({ context }) => context.lookups >= CONFIRM_LOOKUPS_MAX,
    attemptsUsedUp: ({ context }) => context.attempt >= context.deps.settings.postOnlyMaxRetry,
    // What a 429 ended is a matter of the budget, which comes back within seconds: no rest of minutes for that.
    attemptsRefusedUp: ({ context }) =>
      context.attempt >= context.deps.settings.postOnlyMaxRetry &&
      context.postOnlyRefusals > 0 &&
      context.failure?.kind !== 'rate-limited',
    createMayLive: ({ context }) => {
      const { kind, code } = present(context.failure, 'failure');
      return kind === 'unknown' || kind === 'malformed' || kind === 'not-found' || code === OVERLAPPING_CLIENT_ID_CODE;
    },
    createRateLimited: ({ context }) => context.failure?.kind === 'rate-limited',
    createNeverLeft: ({ context }) => context.failure?.kind === 'unavailable',
    outdatedBeforeLeaving: ({ context }) =>
      context.failure?.kind === 'unavailable' && context.halt?.kind === 'outdated',
    accountMustStop: ({ context }) => context.failure?.kind === 'parked' || context.failure?.kind === 'unauthenticated',
    exchangeKnowsFate: ({ context }) =>
      context.seen !== null &&
      context.seen.status !== 'PENDING' &&
      context.seen.clientOrderId === orderOf(context).clientOrderId,
    exchangeKnowsOrder: ({ context }) => context.seen !== null,
    isFenceVoid: ({ context }) => context.deps.exchange.isFenceVoid(orderOf(context).clientOrderId),
    proofMayBegin: ({ context }) => context.proofBasis !== null,
  },
  delays: {
    untilNextAttempt: ({ context }) => {
      const limited = context.failure?.kind === 'rate-limited';
      const pause = limited
        ? growing(RATE_LIMIT_PAUSE_MS, context.rateLimits - 1, RATE_LIMIT_PAUSE_MAX_MS)
        : ATTEMPT_GAP_MS;
      // Never longer than the pause: our clock may have been set back since.
      return Math.min(pause, Math.max(0, context.attemptAtMs + pause - context.deps.clock.nowMs()));
    },
    streamSilence: STREAM_SILENCE_MS,
    confirmPause: ({ context }) => growing(CONFIRM_PAUSE_MS, context.lookups, CONFIRM_PAUSE_MAX_MS),
    untilFencePasses: FENCE_TTL_MS + FENCE_MARGIN_MS,
    unknownPause: ({ context }) => growing(UNKNOWN_PAUSE_MS, context.rounds - 1, UNKNOWN_PAUSE_MAX_MS),
  },
  actions: {
    rememberHalt: assign({ halt: (_, params: { result: SubmissionHalt['result'] }) => params.result }),
    beginAttempt: assign({
      attempt: ({ context }) => context.attempt + 1,
      attemptAtMs: ({ context }) => context.deps.clock.nowMs(),
      admission: null,
      quote: null,
      draft: null,
      recorded: null,
      order: null,
      seen: null,
      failure: null,
      lookups: 0,
    }),
    noteAdmission: assign({ admission: (_, params: { output: Admission }) => params.output }),
    noteAdmissionFailure: assign(({ context }, params: { thrown: unknown }) => {
      const failure = toFailure(params.thrown, 'createOrder', intentOf(context).account);
      const rateLimits = context.rateLimits + (failure.kind === 'rate-limited' ? 1 : 0);
      return { failure, why: failure.why, rateLimits };
    }),
    returnAdmission: ({ context }) => context.admission?.unused(),
    quoteAttempt: assign(({ context }, params: { output: Market }) => {
      const quote = quoteOf(context, params.output);
      if (quote.kind === 'sendable') return { quote };
      return { quote, why: quote.why };
    }),
    noteBookFailure: assign(({ context }, params: { thrown: unknown }) => {
      const failure = toFailure(params.thrown, 'book', null);
      const rateLimits = context.rateLimits + (failure.kind === 'rate-limited' ? 1 : 0);
      return { failure, why: reason('book-call-failed', '7.4', { why: failure.why }), rateLimits };
    }),
    reportBookFailure: reports(bookFailed),
    draftAttempt: assign({ draft: ({ context }) => draftAttempt(context) }),
    noteRecordFailure: assign((_, params: { thrown: unknown }) => ({
      why: reason('not-recorded', '9.3', { message: errorText(params.thrown) }),
    })),
    reportRecordFailure: ({ context }, params: { thrown: unknown }) => {
      const { reporter, clock } = context.deps;
      reporter.report({ type: 'journal.failed', atMs: clock.nowMs(), message: errorText(params.thrown) });
    },
    noteRecorded: assign((_, params: { output: Recorded }) => ({
      recorded: params.output,
      order: trackedFromPrepared(params.output.prepared),
    })),
    tellPrepared: sendParent(({ context }): SubmissionPrepared => {
      const { prepared } = present(context.recorded, 'record');
      return { type: 'submission.prepared', childId: context.childId, prepared };
    }),
    reportSent: reports(sent),
    noteSendTime: assign({ attemptAtMs: ({ context }) => context.deps.clock.nowMs() }),
    noteAnswer: assign({
      seen: ({ context }, params: { output: ExchangeOrder | null }) => knownAfter(context, params.output),
    }),
    shareAnswer: ({ context, system }, { output }: { output: ExchangeOrder | null }) =>
      shareAnswer(system, orderOf(context).account, output),
    noteSeen: assign({ seen: ({ context }, { order }: OrderSeen) => knownAfter(context, order) }),
    noteIntact: assign({ intact: (_, { intact }: StreamsChanged) => intact }),
    noteCreateFailure: assign(({ context }, params: { thrown: unknown }) => {
      const failure = createFailure(params.thrown, orderOf(context).account);
      const rateLimits = context.rateLimits + (failure.kind === 'rate-limited' ? 1 : 0);
      return { failure, why: failure.why, rateLimits };
    }),
    noteDoubt: assign({
      why: ({ context }) => reason('impossible-answer', '9.6', { word: context.seen?.rejectReason ?? '' }),
    }),
    noteUnconfirmed: assign({ why: () => reason('never-confirmed', '9.6') }),
    countLookup: assign({ lookups: ({ context }) => context.lookups + 1 }),
    noteRejection: assign({
      why: ({ context }) => rejection(context.seen?.rejectReason ?? 'UNSPECIFIED'),
      failure: null,
    }),
    countPostOnly: assign({
      postOnlyRefusals: ({ context }) => context.postOnlyRefusals + 1,
      why: ({ context }) => rejection(context.seen?.rejectReason ?? 'FAIL_POST_ONLY'),
      wouldCross: ({ context }) => (context.seen?.rejectReason === WOULD_CROSS ? orderOf(context).price : null),
      refusedAtMs: ({ context }) => context.deps.clock.nowMs(),
      failure: null,
    }),
    journalPostOnly: ({ context }) => journalOutcome(context, 'rejected', whyOf(context)),
    journalRejected: ({ context }) => journalOutcome(context, 'rejected', whyOf(context)),
    journalRefused: ({ context }) => journalOutcome(context, 'refused', whyOf(context)),
    journalUnsent: ({ context }) => journalOutcome(context, 'unsent', whyOf(context)),
    journalHalted: ({ context }) => journalOutcome(context, 'unsent', context.halt?.why ?? ''),
    journalResting: ({ context }) => journalOutcome(context, 'resting', ''),
    journalSeen: ({ context }) => {
      const seen = present(context.seen, 'answer');
      journalOutcome(context, outcomeOf(seen), seen.rejectReason);
    },
    journalUnknown: ({ context }) => journalOutcome(context, 'unknown', whyOf(context)),
    journalAbsent: ({ context }) => journalOutcome(context, 'absent', proofWords(context)),
    reportPostOnly: reports((memory, atMs, { postOnlyMaxRetry }) => refusedAsPostOnly(memory, atMs, postOnlyMaxRetry)),
    reportRefused: reports(refused),
    reportPlaced: reports(placed),
    reportUnknown: reports(outcomeUnknown),
    reportExists: reports(foundOut),
    reportAbsent: reports(neverWas),
    reportDenied: reports(notSubmitted),
    reportExhausted: reports(exhausted),
    adoptHaltReason: assign({ why: ({ context }) => present(context.halt, 'halt').why }),
    noteAttemptsUsedUp: assign({
      why: ({ context }) => reason('attempts-failed', '9.5', { attempts: context.attempt, last: whyOf(context) }),
    }),
    tellAttemptRefused: sendParent(({ context }) => attemptRefused(context)),
    tellParked: sendParent(({ context }): ParkingFound => {
      const failure = present(context.failure, 'failure');
      return { type: 'parking.found', account: intentOf(context).account, failure };
    }),
    tellConfirmed: sendParent(({ context }) =>
      ended(context, { kind: 'confirmed', clientOrderId: orderOf(context).clientOrderId }),
    ),
    reportOutdated: reports(notSubmitted),
    tellOutdated: sendParent(({ context }) => ended(context, { kind: 'outdated' })),
    tellDenied: sendParent(({ context }) => ended(context, { kind: 'denied', why: whyOf(context) })),
    tellRefused: sendParent(({ context }) =>
      ended(context, { kind: 'refused', code: context.failure?.code ?? null, reason: whyOf(context) }),
    ),
    tellExhausted: sendParent(({ context }) => ended(context, { kind: 'exhausted', attempts: context.attempt })),
    tellUnsent: sendParent(({ context }) =>
      ended(context, { kind: 'unsent', why: whyOf(context), failure: context.failure }),
    ),
    tellUnknown: sendParent(({ context }) =>
      ended(context, {
        kind: 'unknown',
        clientOrderId: orderOf(context).clientOrderId,
        reason: whyOf(context),
        failure: context.failure,
      }),
    ),
    tellExists: sendParent(({ context }) => resolved(context, 'exists')),
    tellAbsent: sendParent(({ context }) => resolved(context, 'absent')),
    noteProofBasis: assign({
      proofBasis: ({ context }) => proofBasisOf(context, exchangeNow(context)),
    }),
    noteFencePassed: assign({ fencePassed: true }),
    countRound: assign({ rounds: ({ context }) => context.rounds + 1 }),
  },
});

// ---- the chart ------------------------------------------------------------------------------------------------------

/** A stream, or another reading of the account, tells the state of the order. */
const SEEN_FATE = {
  guard: { type: 'tellsFate', params: whole },
  target: '#submission.weighing',
  actions: { type: 'noteSeen', params: whole },
} as const;

export const submissionMachine = setupSubmission.createMachine({
  id: 'submission',
  context: begin,
  initial: 'beginning',
  on: {
    'submission.halt': { actions: { type: 'rememberHalt', params: haltOf } },
    'streams.changed': { actions: { type: 'noteIntact', params: whole } },
  },
  states: {
    beginning: {
      description: 'Takes up its task: an intent to submit, or an order whose fate is to be found out.',
      always: [{ guard: 'hasOrderToResolve', target: 'unknown', actions: 'reportUnknown' }, { target: 'admitting' }],
    },
    admitting: {
      description:
        'Waits for leave to send a create: session and budget, repairs before openings, symbol by symbol in turn (9.1).',
      entry: 'beginAttempt',
      invoke: {
        src: 'admitCreate',
        input: admissionInput,
        onDone: { target: 'pricing', actions: { type: 'noteAdmission', params: outputOf } },
        onError: { target: 'weighing-admission', actions: { type: 'noteAdmissionFailure', params: thrownOf } },
      },
      on: { 'submission.halt': { target: 'halting', actions: { type: 'rememberHalt', params: haltOf } } },
    },
    'weighing-admission': {
      description: 'No leave was given, and nothing has left: decides whether there is another attempt.',
      always: [
        { guard: 'accountMustStop', target: 'unsent', actions: 'tellParked' },
        { guard: 'createRateLimited', target: 'considering' },
        { target: 'unsent' },
      ],
    },
    pricing: {
      description:
        'Takes the newest book for this attempt, one received since a refusal, and the index after a refusal it may explain (7.4, 9.5).',
      invoke: {
        src: 'readMarket',
        input: bookInput,
        onDone: { target: 'judging', actions: { type: 'quoteAttempt', params: outputOf } },
        onError: {
          target: 'considering',
          actions: [{ type: 'noteBookFailure', params: thrownOf }, 'reportBookFailure'],
        },
      },
      on: { 'submission.halt': { target: 'halting', actions: { type: 'rememberHalt', params: haltOf } } },
    },
    judging: {
      description:
        'Holds the price against the rules: guard, tick, the other account’s orders, smallest sizes (7.1, 7.3, 6.4, 6.6).',
      always: [
        { guard: 'isSendable', target: 'recording', actions: 'draftAttempt' },
        { guard: 'isDenied', target: 'denied' },
        { target: 'considering' },
      ],
    },
    recording: {
      description:
        'Signs the attempt, writes its exact bytes to the journal, and waits until they are safe there (9.3).',
      invoke: {
        src: 'recordAttempt',
        input: recordInput,
        onDone: {
          target: 'sending',
          actions: [{ type: 'noteRecorded', params: outputOf }, 'tellPrepared', 'reportSent'],
        },
        onError: {
          target: 'unsent',
          actions: [
            { type: 'noteRecordFailure', params: thrownOf },
            { type: 'reportRecordFailure', params: thrownOf },
          ],
        },
      },
      on: {
        'submission.halt': {
          target: 'halting',
          actions: [{ type: 'rememberHalt', params: haltOf }, 'journalHalted'],
        },
      },
    },
    sending: {
      description:
        'The create is on its way. From here on the order counts as live. A stream may tell its state before the answer comes (9.4).',
      entry: 'noteSendTime',
      invoke: {
        src: 'createOrder',
        input: createInput,
        onDone: { target: 'weighing', actions: { type: 'noteAnswer', params: outputOf } },
        onError: { target: 'weighing-failure', actions: { type: 'noteCreateFailure', params: thrownOf } },
      },
      on: { 'order.seen': SEEN_FATE },
    },
    weighing: {
      description: 'Reads what the exchange says of the order; an acknowledgement alone says nothing (9.4).',
      always: [
        { guard: 'saysOpen', target: 'resting' },
        { guard: 'saysOver', target: 'over' },
        {
          guard: 'saysPostOnly',
          target: 'considering',
          actions: ['countPostOnly', 'journalPostOnly', 'reportPostOnly', 'tellAttemptRefused'],
        },
        { guard: 'saysRejected', target: 'refused', actions: ['noteRejection', 'journalRejected'] },
        { guard: 'saysDoubtful', target: 'losing-sight', actions: 'noteDoubt' },
        { guard: 'lookupsUsedUp', target: 'losing-sight', actions: 'noteUnconfirmed' },
        { target: 'confirming' },
      ],
    },
    'weighing-failure': {
      description: 'The create failed: decides whether it may have happened all the same (9.6), or certainly did not.',
      always: [
        { guard: 'createMayLive', target: 'losing-sight' },
        {
          guard: 'createRateLimited',
          target: 'considering',
          actions: ['journalRefused', 'reportRefused', 'tellAttemptRefused'],
        },
        { guard: 'accountMustStop', target: 'unsent', actions: ['journalUnsent', 'tellAttemptRefused', 'tellParked'] },
        { guard: 'outdatedBeforeLeaving', target: 'halting', actions: ['journalUnsent', 'tellAttemptRefused'] },
        { guard: 'createNeverLeft', target: 'unsent', actions: ['journalUnsent', 'tellAttemptRefused'] },
        { target: 'refused', actions: 'journalRefused' },
      ],
    },
    confirming: {
      description:
        'Acknowledged: learns from the account’s streams, else by REST, that it is OPEN, FILLED, CANCELLED or REJECTED (9.4).',
      initial: 'choosing',
      on: { 'order.seen': SEEN_FATE },
      states: {
        choosing: {
          description: 'Are the account’s streams intact?',
          always: [{ guard: 'isIntact', target: 'following' }, { target: 'pausing' }],
        },
        following: {
          description: 'The streams are intact and will tell; after a second of silence about it REST is asked.',
          after: { streamSilence: 'asking' },
          on: {
            'order.seen': { guard: { type: 'tellsNoFate', params: whole }, target: 'following', reenter: true },
            'streams.changed': { target: 'choosing', actions: { type: 'noteIntact', params: whole } },
          },
        },
        pausing: {
          description: 'The streams are not intact: a short, growing pause before the order is asked for.',
          after: { confirmPause: 'asking' },
        },
        asking: {
          description: 'Asks for the order by its client id.',
          entry: 'countLookup',
          invoke: {
            src: 'lookUpOrder',
            input: orderInput,
            onDone: {
              target: '#submission.weighing',
              actions: [
                { type: 'noteAnswer', params: outputOf },
                { type: 'shareAnswer', params: outputOf },
              ],
            },
            onError: { target: '#submission.weighing' },
          },
        },
      },
    },
    considering: {
      description: 'This attempt is over and nothing of it lives: decides whether there is another one.',
      entry: 'returnAdmission',
      always: [
        { guard: 'isHalted', target: 'halting' },
        { guard: 'attemptsRefusedUp', target: 'exhausted' },
        { guard: 'attemptsUsedUp', target: 'unsent', actions: 'noteAttemptsUsedUp' },
        { target: 'backing-off' },
      ],
    },
    'backing-off': {
      description: 'Waits before the next attempt: at least 500 ms from the last one, longer after a 429 (9.5, 9.9).',
      after: { untilNextAttempt: 'admitting' },
      on: { 'submission.halt': { target: 'halting', actions: { type: 'rememberHalt', params: haltOf } } },
    },
    halting: {
      description:
        'No further attempt may leave: the engine drains (13.1), an account is parked (9.8), or a fill was booked since (9.5).',
      entry: 'returnAdmission',
      always: [
        { guard: 'haltIsDenial', target: 'denied', actions: 'adoptHaltReason' },
        { guard: 'haltIsOutdating', target: 'outdated', actions: 'adoptHaltReason' },
        { target: 'unsent', actions: 'adoptHaltReason' },
      ],
    },
    'losing-sight': {
      description: 'The outcome is unknown: says so, frees the account’s slot, and goes on to find out (9.6).',
      entry: ['journalUnknown', 'reportUnknown', 'tellUnknown'],
      always: 'unknown',
    },
    unknown: {
      description:
        'Nobody knows what became of the order. It counts as live until there is positive proof (9.6), which a stream may bring.',
      initial: 'entering',
      on: {
        'order.seen': {
          guard: { type: 'tellsExistence', params: whole },
          target: 'exists',
          actions: { type: 'noteSeen', params: whole },
        },
      },
      states: {
        entering: {
          description: 'Asks at once; one that replaces a failed actor waits first.',
          always: [{ guard: 'isReplacement', target: 'pausing' }, { target: 'looking-up' }],
        },
        'looking-up': {
          description: 'Asks for the order by its client id.',
          entry: 'noteProofBasis',
          invoke: {
            src: 'lookUpOrder',
            input: orderInput,
            onDone: {
              target: 'weighing',
              actions: [
                { type: 'noteAnswer', params: outputOf },
                { type: 'shareAnswer', params: outputOf },
              ],
            },
            onError: { target: 'pausing' },
          },
        },
        weighing: {
          description: 'Known under its id: that is proof. Not known: that alone proves nothing.',
          always: [
            { guard: 'exchangeKnowsFate', target: '#submission.exists' },
            { guard: 'exchangeKnowsOrder', target: 'pausing' },
            { guard: 'proofMayBegin', target: 'proving' },
            { target: 'fencing' },
          ],
        },
        fencing: {
          description: 'Sends a cancel that also kills a create still under way, by its time to live.',
          invoke: {
            src: 'fenceOrder',
            input: orderInput,
            onDone: { target: 'fence-waiting' },
            onError: { target: 'pausing' },
          },
        },
        'fence-waiting': {
          description:
            'The fence is acknowledged: waits until its time has passed, then asks again. One that was dropped proves nothing (9.12).',
          after: {
            untilFencePasses: [
              { guard: 'isFenceVoid', target: 'pausing' },
              { target: 'looking-up', actions: 'noteFencePassed' },
            ],
          },
        },
        proving: {
          description:
            'The order is unknown after the fence or its expiry: reads open orders and the history since before the send.',
          invoke: {
            src: 'searchLists',
            input: listInput,
            onDone: { target: 'weighing-lists', actions: { type: 'noteAnswer', params: outputOf } },
            onError: { target: 'pausing' },
          },
        },
        'weighing-lists': {
          description: 'In a list: it exists. In neither: it never came to be, and cannot any more.',
          always: [
            { guard: 'exchangeKnowsFate', target: '#submission.exists' },
            { guard: 'exchangeKnowsOrder', target: 'pausing' },
            { target: '#submission.absent' },
          ],
        },
        pausing: {
          description: 'Nothing was learned: a growing pause, then from the look-up again, for as long as it takes.',
          entry: 'countRound',
          after: { unknownPause: 'looking-up' },
        },
      },
    },
    resting: {
      description: 'Confirmed: the order rests at the exchange.',
      type: 'final',
      entry: ['journalResting', 'reportPlaced', 'tellConfirmed'],
    },
    over: {
      description: 'Confirmed, and over already: filled, or cancelled after it rested.',
      type: 'final',
      entry: ['journalSeen', 'reportPlaced', 'tellConfirmed'],
    },
    denied: {
      description: 'Not sent, by our own rules.',
      type: 'final',
      entry: ['returnAdmission', 'reportDenied', 'tellDenied'],
    },
    outdated: {
      description: 'Not sent, or not again: a fill was booked since it was decided, and its symbol decides anew (9.5).',
      type: 'final',
      entry: ['reportOutdated', 'tellOutdated'],
    },
    refused: {
      description: 'The exchange said no, other than post-only (9.5).',
      type: 'final',
      entry: ['reportRefused', 'tellAttemptRefused', 'tellRefused'],
    },
    exhausted: {
      description: 'The attempts are used up by post-only refusals (9.5).',
      type: 'final',
      entry: ['reportExhausted', 'tellExhausted'],
    },
    unsent: {
      description: 'Nothing lives at the exchange: it never left, or could not be tried again.',
      type: 'final',
      entry: ['returnAdmission', 'tellUnsent'],
    },
    exists: {
      description: 'Proven: the exchange knows the order by its id; snapshots tell the rest.',
      type: 'final',
      entry: ['journalSeen', 'reportExists', 'tellExists'],
    },
    absent: {
      description: 'Proven: the order never came to be and cannot any more (9.6).',
      type: 'final',
      entry: ['journalAbsent', 'reportAbsent', 'tellAbsent'],
    },
  },
});

import { begin, type SubmissionContext } from './submission-calls.ts';
import { submissionSetup } from './submission-setup.ts';

/**
 * The life of one intent: price it, journal it, send it, learn its outcome; again after a post-only refusal; and search
 * for positive proof of an unknown outcome, without time limit (strategy 9.3 to 9.6).
 * One actor per intent, or per order of unknown outcome. It never books a fill (snapshots do), never sends a create
 * whose bytes are not in the journal, never sends an attempt twice, and has no timer that turns unknown into known.
 */

const contextOf = ({ context }: { context: SubmissionContext }) => context;

/** A stream, or another read of the account, shows the state of the order. */
const SEEN_FATE = { guard: 'tellsFate', target: '#submission.weighing', actions: 'noteAnswer' } as const;

export const submissionMachine = submissionSetup.createMachine({
  id: 'submission',
  context: begin,
  initial: 'beginning',
  on: {
    'submission.halt': { actions: 'rememberHalt' },
    'streams.changed': { actions: 'noteIntact' },
  },
  states: {
    beginning: {
      description: 'Takes up its task: an intent to submit, or an order whose fate is to be found out.',
      always: [{ guard: 'hasOrderToResolve', target: 'unknown', actions: 'reportUnknown' }, { target: 'admitting' }],
    },
    admitting: {
      description:
        'Waits for leave to send a create: session and budget, repairs before openings, symbol by symbol in turn (9.1).',
      entry: ['forgetAdmission', 'beginAttempt'],
      invoke: {
        id: 'admitCreate',
        src: 'admitCreate',
        input: contextOf,
        onDone: { target: 'pricing', actions: 'keepAdmission' },
        onError: { target: 'weighing-admission', actions: 'noteAdmissionFailure' },
      },
      on: { 'submission.halt': { target: 'halting', actions: 'rememberHalt' } },
    },
    'weighing-admission': {
      description: 'No leave was given, and nothing has left: decides whether there is another attempt.',
      always: [
        { guard: 'accountMustStop', target: 'unsent', actions: 'park' },
        { guard: 'createRateLimited', target: 'considering' },
        { target: 'unsent' },
      ],
    },
    pricing: {
      description:
        'Takes the newest book for this attempt, one received since a refusal, and the index after a refusal it may explain (7.4, 9.5).',
      invoke: {
        id: 'readMarket',
        src: 'readMarket',
        input: contextOf,
        onDone: { target: 'judging', actions: 'quoteAttempt' },
        onError: { target: 'considering', actions: 'noteBookFailure' },
      },
      on: { 'submission.halt': { target: 'halting', actions: 'rememberHalt' } },
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
        id: 'recordAttempt',
        src: 'recordAttempt',
        input: contextOf,
        onDone: {
          target: 'sending',
          actions: ['keepRecord', 'addRecorded'],
        },
        onError: { target: 'unsent', actions: 'noteRecordFailure' },
      },
      on: { 'submission.halt': { target: 'halting', actions: 'withdrawRecording' } },
    },
    sending: {
      description:
        'The create is on its way. From here on the order counts as live. A stream may report its state before the answer comes (9.4).',
      entry: 'noteSendTime',
      invoke: {
        id: 'createOrder',
        src: 'createOrder',
        input: contextOf,
        onDone: { target: 'weighing', actions: 'noteAnswer' },
        onError: { target: 'weighing-failure', actions: 'noteCreateFailure' },
      },
      on: { 'order.seen': SEEN_FATE },
    },
    weighing: {
      description: 'Reads what the exchange says of the order; an acknowledgement alone says nothing (9.4).',
      always: [
        { guard: 'saysOpen', target: 'resting' },
        { guard: 'saysOver', target: 'over' },
        { guard: 'saysPostOnly', target: 'considering', actions: 'takePostOnlyRefusal' },
        { guard: 'saysRejected', target: 'refused', actions: 'takeRejection' },
        { guard: 'saysDoubtful', target: 'losing-sight', actions: 'noteDoubt' },
        { guard: 'lookupsUsedUp', target: 'losing-sight', actions: 'noteUnconfirmed' },
        { target: 'confirming' },
      ],
    },
    'weighing-failure': {
      description: 'The create failed: decides whether it may have happened all the same (9.6), or certainly did not.',
      always: [
        { guard: 'createMayLive', target: 'losing-sight' },
        { guard: 'createRateLimited', target: 'considering', actions: 'takeRateLimit' },
        { guard: 'accountMustStop', target: 'unsent', actions: 'dropUnsentAndPark' },
        { guard: 'outdatedBeforeLeaving', target: 'halting', actions: 'dropUnsent' },
        { guard: 'createNeverLeft', target: 'unsent', actions: 'dropUnsent' },
        { target: 'refused', actions: 'takeRefusal' },
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
          description:
            'The streams are intact and will report its state; after a second of silence about it REST is asked.',
          after: { streamSilence: 'asking' },
          on: {
            'order.seen': { guard: 'tellsNoFate', target: 'following', reenter: true },
            'streams.changed': { target: 'choosing', actions: 'noteIntact' },
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
            id: 'lookUpOrder',
            src: 'lookUpOrder',
            input: contextOf,
            onDone: {
              target: '#submission.weighing',
              actions: ['noteAnswer', 'shareAnswer'],
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
      on: { 'submission.halt': { target: 'halting', actions: 'rememberHalt' } },
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
      entry: 'loseSight',
      always: 'unknown',
    },
    unknown: {
      description:
        'Nobody knows what became of the order. It counts as live until there is positive proof (9.6), which a stream may bring.',
      initial: 'entering',
      on: {
        'order.seen': {
          guard: 'tellsExistence',
          target: 'exists',
          actions: 'noteAnswer',
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
            id: 'lookUpOrder',
            src: 'lookUpOrder',
            input: contextOf,
            onDone: {
              target: 'weighing',
              actions: ['noteAnswer', 'shareAnswer'],
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
            id: 'fenceOrder',
            src: 'fenceOrder',
            input: contextOf,
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
            id: 'searchLists',
            src: 'searchLists',
            input: contextOf,
            onDone: { target: 'weighing-lists', actions: 'noteAnswer' },
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
      entry: 'endResting',
    },
    over: {
      description: 'Confirmed, and over already: filled, or cancelled after it rested.',
      type: 'final',
      entry: 'endOver',
    },
    denied: {
      description: 'Not sent, by our own rules.',
      type: 'final',
      entry: ['returnAdmission', 'endDenied'],
    },
    outdated: {
      description:
        'Not sent, or not again: a fill was booked since it was decided, and its symbol decides again (9.5).',
      type: 'final',
      entry: 'endOutdated',
    },
    refused: {
      description: 'The exchange said no, other than post-only (9.5).',
      type: 'final',
      entry: 'endRefused',
    },
    exhausted: {
      description: 'The attempts are used up by post-only refusals (9.5).',
      type: 'final',
      entry: 'endExhausted',
    },
    unsent: {
      description: 'Nothing lives at the exchange: it never left, or could not be tried again.',
      type: 'final',
      entry: ['returnAdmission', 'endUnsent'],
    },
    exists: {
      description: 'Proven: the exchange knows the order by its id; snapshots show the rest.',
      type: 'final',
      entry: 'endExisting',
    },
    absent: {
      description: 'Proven: the order never came to be and cannot any more (9.6).',
      type: 'final',
      entry: 'endAbsent',
    },
  },
});

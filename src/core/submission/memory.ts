import type { Decimal } from '../decimal.ts';
import type { ExchangeFailure } from '../failure.ts';
import type { PreparedOrder, PricedFrom } from '../journal-entry.ts';
import type { SubmissionHalt } from '../messages.ts';
import type { ExchangeOrder, Intent, TrackedOrder } from '../model.ts';
import type { Reason } from '../reasons.ts';
import type { SubmissionTask } from './tracked.ts';

export interface SubmissionSettings {
  /** Attempts of one submission (`POST_ONLY_MAX_RETRY`). */
  readonly postOnlyMaxRetry: number;
  /** Lifetime of each order (`ORDER_TTL_SEC`), ms. */
  readonly orderTtlMs: number;
}

/** The result of pricing an attempt. */
export type Quote =
  | { readonly kind: 'sendable'; readonly price: Decimal; readonly pricedFrom: PricedFrom }
  | { readonly kind: 'book-unusable'; readonly why: Reason }
  | { readonly kind: 'denied'; readonly why: Reason };

/** An attempt before it is signed. */
export type Draft = Omit<PreparedOrder, 'payload'>;

export interface SubmissionMemory {
  readonly childId: string;
  readonly settings: SubmissionSettings;
  /** The account's streams are intact and will report its order (strategy 9.4). */
  readonly intact: boolean;
  /** null: nothing is submitted, only an order's outcome is looked up. */
  readonly intent: Intent | null;
  /** Attempts so far. */
  readonly attempt: number;
  readonly postOnlyRefusals: number;
  /** Price of the last attempt if it was refused for crossing the book or the index (9.5); null: it was not. */
  readonly wouldCross: Decimal | null;
  /** When the last post-only refusal was learned, our clock; null: none. The next book must be received later (7.4). */
  readonly refusedAtMs: number | null;
  readonly rateLimits: number;
  readonly attemptAtMs: number;
  readonly quote: Quote | null;
  readonly draft: Draft | null;
  /** The attempt in flight or of unknown outcome. */
  readonly order: TrackedOrder | null;
  /** Its last known row from REST or streams; null: unknown to the exchange, or no answer yet. */
  readonly seen: ExchangeOrder | null;
  readonly failure: ExchangeFailure | null;
  /** Why the present attempt or outcome is what it is; null: no problem yet. */
  readonly why: Reason | null;
  /** Number of look-ups of an acknowledged order. */
  readonly lookups: number;
  /** Number of pauses while the outcome was unknown. */
  readonly rounds: number;
  readonly fencePassed: boolean;
  /** Possibly prepared by a previous holder of the lease, who may still send it (strategy 18.2). */
  readonly isOfPreviousHolder: boolean;
  /** The basis on which the pending look-up may prove absence, fixed when it was sent. */
  readonly proofBasis: 'fence' | 'expiry' | null;
  readonly halt: SubmissionHalt['result'] | null;
}

export interface SubmissionBeginning
  extends Pick<SubmissionMemory, 'childId' | 'settings' | 'intact' | 'isOfPreviousHolder'> {
  readonly task: SubmissionTask;
}

export function initialSubmission({ task, ...given }: SubmissionBeginning): SubmissionMemory {
  return {
    ...given,
    intent: task.kind === 'submit' ? task.intent : null,
    attempt: task.kind === 'submit' ? 0 : task.order.attempt,
    postOnlyRefusals: 0,
    wouldCross: null,
    refusedAtMs: null,
    rateLimits: 0,
    attemptAtMs: 0,
    quote: null,
    draft: null,
    order: task.kind === 'resolve' ? task.order : null,
    seen: null,
    failure: null,
    why: task.kind === 'resolve' ? task.why : null,
    lookups: 0,
    rounds: task.kind === 'resolve' ? task.rounds : 0,
    fencePassed: false,
    proofBasis: null,
    halt: null,
  };
}

/** @throws Error if only an order's outcome is looked up. */
export function intentOf(memory: SubmissionMemory): Intent {
  if (memory.intent === null) throw new Error('a submission without an intent was asked to price one');
  return memory.intent;
}

/** @throws Error before there is an attempt. */
export function orderOf(memory: SubmissionMemory): TrackedOrder {
  if (memory.order === null) throw new Error('a submission was asked about an order before it sent one');
  return memory.order;
}

/** A value that the order of the chart's states guarantees. @throws Error if it is missing. */
export function present<T>(value: T | null, what: string): T {
  if (value === null) throw new Error(`a submission has no ${what} yet`);
  return value;
}

export const whyOf = (memory: SubmissionMemory): Reason => present(memory.why, 'reason');

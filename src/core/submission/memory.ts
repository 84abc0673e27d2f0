import type { Decimal } from '../decimal.ts';
import type { ExchangeFailure } from '../failure.ts';
import type { PreparedOrder, PricedFrom } from '../journal-entry.ts';
import type { SubmissionHalt } from '../messages.ts';
import type { ExchangeOrder, Intent, TrackedOrder } from '../model.ts';
import type { Reason } from '../reasons.ts';
import type { SubmissionTask } from './tracked.ts';

/** The settings a submission goes by. */
export interface SubmissionSettings {
  /** Attempts of one submission (`POST_ONLY_MAX_RETRY`). */
  readonly postOnlyMaxRetry: number;
  /** Life of each order (`ORDER_TTL_SEC`), milliseconds. */
  readonly orderTtlMs: number;
}

/** What an attempt came to at pricing time. */
export type Quote =
  | { readonly kind: 'sendable'; readonly price: Decimal; readonly pricedFrom: PricedFrom }
  | { readonly kind: 'book-unusable'; readonly why: Reason }
  | { readonly kind: 'denied'; readonly why: Reason };

/** An attempt before it is signed. */
export type Draft = Omit<PreparedOrder, 'payload'>;

/** What a submission knows. */
export interface SubmissionMemory {
  readonly childId: string;
  readonly intact: boolean;
  /** null: nothing is to be submitted, only an order's fate is to be found out. */
  readonly intent: Intent | null;
  /** Attempts begun. */
  readonly attempt: number;
  readonly postOnlyRefusals: number;
  /** The price of the last attempt, if it was refused as crossing the book or the index (9.5); null: it was not. */
  readonly wouldCross: Decimal | null;
  /** When the last post-only refusal was learned, our clock; null: there was none. The next book is received later (7.4). */
  readonly refusedAtMs: number | null;
  readonly rateLimits: number;
  readonly attemptAtMs: number;
  readonly quote: Quote | null;
  readonly draft: Draft | null;
  /** The attempt in flight or in doubt. */
  readonly order: TrackedOrder | null;
  /** What the exchange last said of it, by REST or its streams; null: it knows no such order, or has said nothing. */
  readonly seen: ExchangeOrder | null;
  readonly failure: ExchangeFailure | null;
  /** Why the present attempt or outcome is what it is; null: nothing is wrong yet. */
  readonly why: Reason | null;
  /** Looks at an acknowledged order. */
  readonly lookups: number;
  /** Pauses made while unknown. */
  readonly rounds: number;
  readonly fencePassed: boolean;
  /** A previous holder of the lease may have prepared it, and may still send it (strategy 18.2). */
  readonly isFormer: boolean;
  /** On what the question now out may prove absence: known when it was asked, not when it is answered. */
  readonly proofBasis: 'fence' | 'expiry' | null;
  readonly halt: SubmissionHalt['result'] | null;
}

/** Where a submission, or the search for an order’s fate, begins. */
export function initialSubmission(
  childId: string,
  task: SubmissionTask,
  intact: boolean,
  isFormer: boolean,
): SubmissionMemory {
  return {
    childId,
    intact,
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
    isFormer,
    proofBasis: null,
    halt: null,
  };
}

/** What is to be submitted. Throws where only an order’s fate is to be found out. */
export function intentOf(memory: SubmissionMemory): Intent {
  if (memory.intent === null) throw new Error('a submission without an intent was asked to price one');
  return memory.intent;
}

/** The attempt in flight or in doubt. Throws before there is one. */
export function orderOf(memory: SubmissionMemory): TrackedOrder {
  if (memory.order === null) throw new Error('a submission was asked about an order before it sent one');
  return memory.order;
}

/** A value the chart’s order of states promises. Throws when it is missing. */
export function present<T>(value: T | null, what: string): T {
  if (value === null) throw new Error(`a submission has no ${what} yet`);
  return value;
}

/** Why the submission is where it is. */
export const whyOf = (memory: SubmissionMemory): Reason => present(memory.why, 'reason');

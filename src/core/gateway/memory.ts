import { apiFailureKey } from '../alerts.ts';
import type { TrackedOrder } from '../model.ts';
import { ACCOUNTS, type AccountName, type Intent } from '../model.ts';
import { nextSequence } from '../order-id.ts';
import type { PriceTable } from '../price-table.ts';
import { type Reason, reason } from '../reasons.ts';

/** Intents waiting on one account: a hundred symbols with a few each. More means that the exchange has stalled; what is refused is decided again. */
export const QUEUE_MAX = 500;
/** Cancels under way: two accounts of a hundred symbols with two orders each. */
export const CANCELS_MAX = 500;

export interface QueuedIntent {
  readonly number: number;
  readonly intent: Intent;
}

/** What a child is at, kept outside of it: if it fails, this says what has to be put right. */
export type Job =
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
      /** Its symbol has received `submission.ended`, or does not wait for it. */
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

/** What submissions read and change in turns of their own: the order sequence, prices given out, and which creates may leave. */
export interface Register {
  /** The last order sequence (strategy 9.2); null: none yet. */
  readonly lastSequence: bigint | null;
  readonly prices: PriceTable;
  /** Why no create may leave any more (strategy 13.1); null: it may. */
  readonly draining: Reason | null;
  readonly parked: readonly AccountName[];
  /** By instrument, what was decided up to its last fill: nothing of that leaves any more (strategy 9.5). One entry for each. */
  readonly outdated: ReadonlyMap<string, number>;
}

/** What the gateway knows. */
export interface GatewayMemory {
  readonly register: Register;
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

/** Why no submission at all may send anything further. */
export type StopsAll = { readonly kind: 'denied' | 'unsent'; readonly why: Reason };

/** What becomes of a symbol's submissions once a fill of it is booked (strategy 9.5). */
export const OUTDATED = { kind: 'outdated', why: reason('fill-booked-since', '9.5') } as const;

/** What becomes of intents once the engine drains (strategy 13.1). */
export const DRAINING: StopsAll = { kind: 'denied', why: reason('gateway-drains', '13.1') };

/** Whose order it is, and what for. */
export type Submitter = Pick<Intent, 'instrument' | 'account' | 'purpose'>;

/** The book, which submissions and flat symbols read (strategy 7.4, 3.1), whatever its instrument. */
export const BOOK_KEY = apiFailureKey(null, 'book');

/** Where a gateway begins. */
export function initialGateway(lastSequence: bigint | null): GatewayMemory {
  const calls = ['createOrder', 'cancelOrder'];
  const keys = ACCOUNTS.flatMap((account) => calls.map((call) => apiFailureKey(account, call)));
  return {
    register: { lastSequence, prices: [], draining: null, parked: [], outdated: new Map() },
    queues: { A: [], B: [] },
    active: {},
    jobs: {},
    lastNumber: 0,
    parked: [],
    intact: { A: false, B: false },
    failing: Object.fromEntries([BOOK_KEY, ...keys].map((key) => [key, 0])),
  };
}

/** The register with the next order sequence taken (strategy 9.2). */
export function withNextSequence(register: Register, nowMs: number): Register & { readonly lastSequence: bigint } {
  return { ...register, lastSequence: nextSequence(register.lastSequence, nowMs) };
}

/** Why a create may not leave at this moment (strategy 9.5, 9.8, 13.1); null: it may. */
export function whyNotLeave(register: Register, number: number, order: Submitter): Reason | null {
  const { draining, parked, outdated } = register;
  if (draining !== null) return draining;
  if (isParkedFor(parked, order)) return parkedResult(parked).why;
  return number <= (outdated.get(order.instrument) ?? 0) ? OUTDATED.why : null;
}

/** A parked account submits nothing, the other one no openings (strategy 9.8). */
export function isParkedFor(parked: readonly AccountName[], { account, purpose }: Submitter): boolean {
  return parked.includes(account) || (parked.length > 0 && purpose === 'opening');
}

/** What becomes of intents while accounts are parked (strategy 9.8). */
export function parkedResult(parked: readonly AccountName[]): StopsAll {
  return { kind: 'unsent', why: reason('accounts-parked', '9.8', { accounts: parked }) };
}

/** Nothing is queued, submitted or being cancelled; orders of unknown outcome may still be found out (strategy 13.1). */
export function isNothingInFlight({ active, queues, jobs }: GatewayMemory): boolean {
  return (
    Object.keys(active).length === 0 &&
    ACCOUNTS.every((account) => queues[account].length === 0) &&
    Object.values(jobs).every((job) => job.kind !== 'cancel')
  );
}

/** The job of a submission; null: that child is none. */
export function submissionJob(memory: GatewayMemory, childId: string) {
  const job = memory.jobs[childId];
  return job?.kind === 'submission' ? job : null;
}

/** A job begun, or changed. */
export function withJob(memory: GatewayMemory, childId: string, job: Job): GatewayMemory {
  return { ...memory, jobs: { ...memory.jobs, [childId]: job } };
}

/** A child is gone, and its slot free. */
export function withoutJob(memory: GatewayMemory, childId: string): GatewayMemory {
  const { [childId]: _, ...jobs } = memory.jobs;
  return { ...withFreeSlot(memory, childId), jobs };
}

/** One submission at a time per account and symbol (strategy 9.1). */
export function slotOf(account: AccountName, instrument: string): string {
  return `${account} ${instrument}`;
}

/** A submission has ended: the next one of its account and symbol may begin. */
export function withFreeSlot(memory: GatewayMemory, childId: string): GatewayMemory {
  const job = submissionJob(memory, childId);
  const slot = job === null ? '' : slotOf(job.account, job.instrument);
  if (memory.active[slot] !== childId) return memory;
  const { [slot]: _, ...active } = memory.active;
  return { ...memory, active };
}

/** Other prices given out (strategy 6.6). */
export function withPrices(memory: GatewayMemory, prices: PriceTable): GatewayMemory {
  return { ...memory, register: { ...memory.register, prices } };
}

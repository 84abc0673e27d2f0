import { apiFailureKey } from '../alerts.ts';
import { ACCOUNTS, type AccountName, type Instrument, type Intent, type TrackedOrder } from '../model.ts';
import { nextSequence } from '../order-id.ts';
import type { PriceTable } from '../price-table.ts';
import { type Reason, reason } from '../reasons.ts';
import type { SubmissionSettings } from '../submission/memory.ts';

/** Queued intents of one account: a few of each of a hundred symbols. Rejected intents are decided again. */
export const QUEUE_MAX = 500;
/** Cancels in flight: two accounts of a hundred symbols with two orders each. */
export const CANCELS_MAX = 500;

export interface QueuedIntent {
  readonly number: number;
  readonly intent: Intent;
}

/** What a child works on, kept outside of it for the case that it fails. */
export type Job =
  | {
      readonly kind: 'submission';
      /** Increases in the order of the symbols' requests. */
      readonly number: number;
      readonly instrument: string;
      readonly account: AccountName;
      /** null: only the fate of an order is being looked up. */
      readonly intent: Intent | null;
      /** The attempt whose outcome is unknown; null: none, or settled. */
      readonly inDoubt: TrackedOrder | null;
      /** Its symbol has received `submission.ended`, or does not expect it. */
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

/** Shared by the submissions between their steps: order sequence, prices in use, which creates may be sent. */
export interface Register {
  /** The last order sequence (strategy 9.2); null: none yet. */
  readonly lastSequence: bigint | null;
  readonly prices: PriceTable;
  /** Why no create may be sent any more (strategy 13.1); null: it may. */
  readonly draining: Reason | null;
  readonly parked: readonly AccountName[];
  /** By instrument: submissions up to this number were decided before its last fill and are void (strategy 9.5). */
  readonly outdated: ReadonlyMap<string, number>;
}

export interface GatewayMemory {
  /** For the submissions to come; a reload changes them (strategy 16.4). */
  readonly settings: SubmissionSettings;
  /** Rules by name, as last listed (strategy 11.8). */
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly register: Register;
  readonly queues: Readonly<Record<AccountName, readonly QueuedIntent[]>>;
  /** Submissions in progress by account and instrument (strategy 9.1): the child that occupies the slot. */
  readonly active: Readonly<Record<string, string>>;
  /** By child id. */
  readonly jobs: Readonly<Record<string, Job>>;
  readonly lastNumber: number;
  readonly parked: readonly AccountName[];
  /** Accounts with intact streams: changes of their orders arrive as `order.seen` (strategy 9.4). */
  readonly intact: Readonly<Record<AccountName, boolean>>;
  /**
   * Consecutive failures by alert key. 0: a previous gateway may have raised it, and only this one can clear it. At
   * most one key per account and call, plus one for the book.
   */
  readonly failing: Readonly<Record<string, number>>;
}

export type StopsAll = { readonly kind: 'denied' | 'unsent'; readonly why: Reason };

/** The end of a symbol's submissions once one of its fills is booked (strategy 9.5). */
export const OUTDATED = { kind: 'outdated', why: reason('fill-booked-since', '9.5') } as const;

/** The end of intents while the engine drains (strategy 13.1). */
export const DRAINING: StopsAll = { kind: 'denied', why: reason('gateway-drains', '13.1') };

export type Submitter = Pick<Intent, 'instrument' | 'account' | 'purpose'>;

/** Alert key of the book, which submissions and flat symbols read (strategy 7.4, 3.1), for all instruments. */
export const BOOK_KEY = apiFailureKey(null, 'book');

/** What a gateway begins with. */
export interface GatewayBeginning extends Pick<GatewayMemory, 'settings' | 'instruments'> {
  /** The journal's last sequence; null: none. */
  readonly lastSequence: bigint | null;
}

export function initialGateway({ settings, instruments, lastSequence }: GatewayBeginning): GatewayMemory {
  const calls = ['createOrder', 'cancelOrder'];
  const keys = ACCOUNTS.flatMap((account) => calls.map((call) => apiFailureKey(account, call)));
  return {
    ...{ settings, instruments },
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

/** Why a create may not be sent at this moment (strategy 9.5, 9.8, 13.1); null: it may. */
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

/** The end of intents while accounts are parked (strategy 9.8). */
export function parkedResult(parked: readonly AccountName[]): StopsAll {
  return { kind: 'unsent', why: reason('accounts-parked', '9.8', { accounts: parked }) };
}

/** Nothing is queued, submitted or being cancelled; unknown outcomes may still be looked up (strategy 13.1). */
export function isNothingInFlight({ active, queues, jobs }: GatewayMemory): boolean {
  return (
    Object.keys(active).length === 0 &&
    ACCOUNTS.every((account) => queues[account].length === 0) &&
    Object.values(jobs).every((job) => job.kind !== 'cancel')
  );
}

/** The job of a submission; null: the child is something else. */
export function submissionJob(memory: GatewayMemory, childId: string) {
  const job = memory.jobs[childId];
  return job?.kind === 'submission' ? job : null;
}

export function withJob(memory: GatewayMemory, childId: string, job: Job): GatewayMemory {
  return { ...memory, jobs: { ...memory.jobs, [childId]: job } };
}

/** Removes a child and frees its slot. */
export function withoutJob(memory: GatewayMemory, childId: string): GatewayMemory {
  const { [childId]: _, ...jobs } = memory.jobs;
  return { ...withFreeSlot(memory, childId), jobs };
}

/** One submission at a time per account and symbol (strategy 9.1). */
export function slotOf(account: AccountName, instrument: string): string {
  return `${account} ${instrument}`;
}

export function withFreeSlot(memory: GatewayMemory, childId: string): GatewayMemory {
  const job = submissionJob(memory, childId);
  const slot = job === null ? '' : slotOf(job.account, job.instrument);
  if (memory.active[slot] !== childId) return memory;
  const { [slot]: _, ...active } = memory.active;
  return { ...memory, active };
}

export function withPrices(memory: GatewayMemory, prices: PriceTable): GatewayMemory {
  return { ...memory, register: { ...memory.register, prices } };
}

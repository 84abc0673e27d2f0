import type { JournalEntry } from '../core/journal-entry.ts';
import type { AccountName } from '../core/model.ts';
import {
  addTotals,
  type MoneyRow,
  matchShare,
  NO_TOTALS,
  rowKey,
  rowTimeMs,
  type Share,
  shareOf,
  type Totals,
} from '../core/money.ts';
import type { Journal } from '../ports.ts';

/**
 * Money in the journal (strategy 17): each row once, together with its day's totals in one append, so that a row is in
 * the totals or nowhere, however the process ends. Rows are removed with settled history; daily totals stay.
 */

/** Up to when the exchange's lists were read without a gap. */
export interface ReadUpTo {
  /** Earlier rows are never booked. */
  readonly sinceMs: number;
  /** By account: exchange time, ms. */
  readonly fills: Readonly<Record<AccountName, number>>;
  /** Funding payments, transfers and deposits. */
  readonly payments: Readonly<Record<AccountName, number>>;
}

const READ_KEY = 'money.read';
const MATCHES_KEY = 'money.matches';

/** null: nothing was read yet. */
export function readUpTo(journal: Journal): ReadUpTo | null {
  return (journal.latest('note', READ_KEY)?.body as ReadUpTo | undefined) ?? null;
}

export function noteReadUpTo(journal: Journal, body: ReadUpTo, atMs: number): void {
  journal.append([{ kind: 'note', key: READ_KEY, atMs, body }]);
}

/** Up to when every list of both accounts was read: earlier days are final (strategy 17.3). */
export function completeUntilMs({ fills, payments }: ReadUpTo): number {
  return Math.min(fills.A, fills.B, payments.A, payments.B);
}

/** `2026-11-30`, UTC. */
export function utcDay(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

function dayKey({ timeMs, account, instrument }: Share): string {
  return `${utcDay(timeMs)} ${account} ${instrument}`;
}

/** The parts of a key of `money.day`. */
export function dayOf(key: string): { readonly day: string; readonly account: string; readonly instrument: string } {
  const [day = '', account = '', instrument = ''] = key.split(' ');
  return { day, account, instrument };
}

/**
 * Books rows that are not in the journal yet (strategy 17.1). Rows must not be older than the journal's history, since
 * older ones may have been booked and removed. @returns the new rows
 */
export function bookRows(journal: Journal, rows: readonly MoneyRow[], atMs: number): readonly MoneyRow[] {
  const fresh = new Map<string, MoneyRow>();
  for (const row of rows) {
    const key = rowKey(row);
    if (!fresh.has(key) && journal.latest('money', key) === null) fresh.set(key, row);
  }
  if (fresh.size === 0) return [];
  const upTo = readUpTo(journal);
  const isLate = (row: MoneyRow) => upTo !== null && utcDay(rowTimeMs(row)) < utcDay(completeUntilMs(upTo));
  const booked = [...fresh].map(([key, row]): JournalEntry => {
    const body = row.type !== 'balance' && isLate(row) ? { ...row, late: true as const } : row;
    return { kind: 'money', key, atMs, body };
  });
  const shares = [...fresh.values()].flatMap((row) => (row.type === 'balance' ? [] : [shareOf(row)]));
  journal.append([...booked, ...dayEntries(journal, shares, atMs)]);
  return [...fresh.values()];
}

/** Adds the matches booked since the last call to the daily totals, each once. */
export function bookMatches(journal: Journal, atMs: number): void {
  const afterSeq = (journal.latest('note', MATCHES_KEY)?.body as { readonly seq: number } | undefined)?.seq ?? 0;
  const shares: Share[] = [];
  let seq = afterSeq;
  for (const entry of journal.scan({ kind: 'fact', afterSeq })) {
    seq = entry.seq;
    const share = matchShare(entry.body as Parameters<typeof matchShare>[0]);
    if (share !== null) shares.push(share);
  }
  if (seq === afterSeq) return;
  const note: JournalEntry = { kind: 'note', key: MATCHES_KEY, atMs, body: { seq } };
  journal.append([...dayEntries(journal, shares, atMs), note]);
}

function dayEntries(journal: Journal, shares: readonly Share[], atMs: number): JournalEntry[] {
  const days = new Map<string, Totals>();
  for (const share of shares) {
    const key = dayKey(share);
    const before = days.get(key) ?? journal.latest('money.day', key)?.body ?? NO_TOTALS;
    days.set(key, addTotals(before, share.totals));
  }
  return [...days].map(([key, body]) => ({ kind: 'money.day', key, atMs, body }));
}

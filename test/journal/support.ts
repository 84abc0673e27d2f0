import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { Decimal } from '../../src/core/decimal.ts';
import type { JournalEntry, OrderOutcome, PreparedOrder } from '../../src/core/journal-entry.ts';
import { type OpenJournalOptions, openJournal } from '../../src/journal/sqlite.ts';

export const NOW_MS = 1_800_000_000_000;
export const CLOCK = { nowMs: () => NOW_MS };

const made: string[] = [];
after(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** A directory of its own, removed when the file's tests are over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-test-'));
  made.push(directory);
  return directory;
}

export function open(directory: string, more: Partial<OpenJournalOptions> = {}) {
  return openJournal({ directory, days: 30, clock: CLOCK, ...more });
}

export function note(key: string, body: unknown, atMs = NOW_MS): JournalEntry<'note'> {
  return { kind: 'note', key, atMs, body };
}

export function prepared(clientOrderId: string, sequence: bigint, atMs = NOW_MS): JournalEntry<'order.prepared'> {
  const body: PreparedOrder = {
    intent: {
      intentId: `intent-${clientOrderId}`,
      instrument: 'BNB_USDT_Perp',
      account: 'A',
      side: 'buy',
      size: new Decimal('1.66'),
      purpose: 'opening',
      guardPrice: null,
      nearerThanPrice: null,
      beyondPrice: null,
      rules: ['6.1'],
    },
    attempt: 1,
    clientOrderId,
    sequence,
    price: new Decimal('612.30'),
    payload: '{"o":{"sa":"1"}}',
    sentAtMs: atMs,
    expirationMs: atMs + 3_600_000,
  };
  return { kind: 'order.prepared', key: clientOrderId, atMs, body };
}

export function outcome(
  clientOrderId: string,
  word: OrderOutcome['outcome'],
  atMs = NOW_MS,
): JournalEntry<'order.outcome'> {
  return { kind: 'order.outcome', key: clientOrderId, atMs, body: { clientOrderId, outcome: word, detail: '', atMs } };
}

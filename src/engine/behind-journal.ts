import { BEHIND_NOTE, type BehindNote } from '../core/behind-note.ts';
import type { JournalEntry, OrderOutcome, PreparedOrder } from '../core/journal-entry.ts';
import { ACCOUNTS, type ExchangeOrder, type ListedOrder, type OrderStatus } from '../core/model.ts';
import { afterSequence, isOwnOrder, parseClientOrderId } from '../core/order-id.ts';
import { emptySymbolState } from '../core/symbol-state.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { lastSequence, unsettledOrders } from '../journal/read.ts';
import type { Exchange, Journal } from '../ports.ts';

/** A journal whose last entries may be missing: the database copy that was promoted was behind (strategy 18.1). */

/** How far back orders are read: longer than any lives with a lease, and than a copy is behind. */
const SHOWN_MS = 900_000;
/** Ids skipped: lost orders may come from clocks up to so far ahead of what is shown. */
const LEAP_MS = 3_600_000;

/** Each symbol starts as after a lost journal (strategy 11.3). Its orders are looked up. */
export function beginAgain(journal: EngineJournal, nowMs: number): void {
  const states = journal.latestOfEach('symbol.state').map(({ key }) => key);
  const body: BehindNote = { sequence: null };
  journal.append([
    { kind: 'note', key: BEHIND_NOTE, atMs: nowMs, body },
    ...states.map((key) => ({ kind: 'symbol.state' as const, key, atMs: nowMs, body: emptySymbolState(key) })),
  ]);
}

/**
 * Before the first create: client ids begin beyond all that the exchange shows of orders whose entries are lost, and the fate of those
 * whose last entries are lost is known.
 *
 * @returns whether the journal was behind, and nobody had seen to it since
 * @throws ExchangeError
 */
export async function settleBehindJournal(
  exchange: Pick<Exchange, 'openOrders' | 'orderHistory' | 'exchangeNowMs'>,
  journal: EngineJournal & Pick<Journal, 'append'>,
  nowMs: number,
): Promise<boolean> {
  const note = journal.latest('note', BEHIND_NOTE)?.body as BehindNote | undefined;
  if (note === undefined || note.sequence !== null) return false;
  const since = exchange.exchangeNowMs() - SHOWN_MS;
  const lists = await Promise.all(
    ACCOUNTS.flatMap((account) => [exchange.orderHistory(account, since), exchange.openOrders(account)]),
  );
  const rows = lists.flat();
  const shown = rows.flatMap(({ clientOrderId }) => parseClientOrderId(clientOrderId)?.sequence ?? []);
  const newest = [lastSequence(journal) ?? 0n, ...shown].reduce((most, one) => (one > most ? one : most));
  const body: BehindNote = { sequence: afterSequence(newest, LEAP_MS) };
  journal.append([
    ...unsettledOrders(journal).flatMap((order) => fateOf(journal, order, rows, nowMs)),
    { kind: 'note', key: BEHIND_NOTE, atMs: nowMs, body },
  ]);
  return true;
}

/** What the exchange shows is over is part of the positions that a symbol begins from: no later start may book it again. */
function fateOf(
  journal: EngineJournal,
  { clientOrderId }: PreparedOrder,
  rows: readonly (ListedOrder | ExchangeOrder)[],
  atMs: number,
): JournalEntry[] {
  const known = journal.latest('order.outcome', clientOrderId)?.body.outcome ?? 'unknown';
  const shown = rows.filter(isOwnOrder).filter((row) => row.clientOrderId === clientOrderId);
  const fates = shown.map(({ status }) => OUTCOMES[status]);
  // A list can be behind: what one shows is over is over.
  const outcome = fates.find((fate) => fate !== 'resting') ?? fates[0] ?? 'unknown';
  if (outcome === known) return [];
  return [{ kind: 'order.outcome', key: clientOrderId, atMs, body: { clientOrderId, outcome, detail: '', atMs } }];
}

const OUTCOMES = {
  PENDING: 'resting',
  OPEN: 'resting',
  FILLED: 'filled',
  CANCELLED: 'cancelled',
  REJECTED: 'rejected',
} as const satisfies Record<OrderStatus, OrderOutcome['outcome']>;

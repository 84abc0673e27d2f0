import { BEHIND_NOTE, type BehindNote } from '../core/behind-note.ts';
import { ACCOUNTS } from '../core/model.ts';
import { afterSequence, parseClientOrderId } from '../core/order-id.ts';
import { emptySymbolState } from '../core/symbol-state.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { lastSequence } from '../journal/read.ts';
import type { Exchange, Journal } from '../ports.ts';

/** A journal that may lack its last entries: the copy of its database that was promoted was behind (strategy 18.1). */

/** Orders of before that are read: longer than any of them lives with a lease, and what a copy is behind by. */
const SHOWN_MS = 900_000;
/** Ids that are left out: what was lost was made by clocks up to so far ahead of all that is shown. */
const LEAP_MS = 3_600_000;

/** Each symbol begins as after a lost journal (strategy 11.3). Its orders are asked about. */
export function beginAgain(journal: EngineJournal, nowMs: number): void {
  const states = journal.latestOfEach('symbol.state').map(({ key }) => key);
  const body: BehindNote = { sequence: null };
  journal.append([
    { kind: 'note', key: BEHIND_NOTE, atMs: nowMs, body },
    ...states.map((key) => ({ kind: 'symbol.state' as const, key, atMs: nowMs, body: emptySymbolState(key) })),
  ]);
}

/**
 * Before the first create: client ids begin beyond all that the exchange shows of orders whose entries are lost.
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
    ACCOUNTS.flatMap((account) => [exchange.openOrders(account), exchange.orderHistory(account, since)]),
  );
  const shown = lists.flat().flatMap(({ clientOrderId }) => parseClientOrderId(clientOrderId)?.sequence ?? []);
  const newest = [lastSequence(journal) ?? 0n, ...shown].reduce((most, one) => (one > most ? one : most));
  const body: BehindNote = { sequence: afterSequence(newest, LEAP_MS) };
  journal.append([{ kind: 'note', key: BEHIND_NOTE, atMs: nowMs, body }]);
  return true;
}

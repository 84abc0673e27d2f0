import { ACCOUNTS, type AccountName, type ListedOrder } from '../core/model.ts';
import { isOwnOrder } from '../core/order-id.ts';
import type { SymbolState } from '../core/symbol-state.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';

/**
 * Detects another engine that trades these accounts on another machine (strategy 11.1), which locks of this machine
 * cannot: by new own orders, since an engine that is gone places none.
 */

/** As long as the start reads positions anyway; the other engine decides every 2 s or more often. */
export const OTHER_ENGINE_WATCH_MS = 4_000;
/** Reads after the first one. Each costs as much budget as a poll. */
const READINGS = 2;

/** An own order that somebody else placed during this start. */
export interface Appeared {
  readonly account: AccountName;
  readonly instrument: string;
  readonly clientOrderId: string;
}

type OpenOrders = Readonly<Record<AccountName, readonly ListedOrder[]>>;

/** Strategy orders that this journal does not know. */
function unknownOf(orders: OpenOrders, isKnown: (clientOrderId: string) => boolean): Appeared[] {
  return ACCOUNTS.flatMap((account) =>
    orders[account].filter(isOwnOrder).flatMap(({ instrument, clientOrderId }) => {
      return isKnown(clientOrderId) ? [] : [{ account, instrument, clientOrderId }];
    }),
  );
}

/** Orders this journal has prepared or adopted: those of a previous engine may come to rest after its end. */
export function ordersOfJournal(journal: EngineJournal): (clientOrderId: string) => boolean {
  const states = journal.latestOfEach('symbol.state').map(({ body }) => body as SymbolState);
  const taken = new Set(states.flatMap(({ orders }) => orders.map((order) => order.clientOrderId)));
  return (id) => taken.has(id) || journal.latest('order.prepared', id) !== null;
}

/**
 * Watches own orders unknown to this journal, if there are any. Their fills and ends prove nothing: a crashed engine
 * leaves orders behind to which that happens.
 * @param read the open orders of both accounts; its rejection ends the watch @param isKnown whether this journal knows
 * the order @returns the first order that appeared since the first read; null: none
 */
export async function watchOtherEngine(
  read: () => Promise<OpenOrders>,
  isKnown: (clientOrderId: string) => boolean,
  watchMs: number,
): Promise<Appeared | null> {
  const before = unknownOf(await read(), isKnown);
  if (before.length === 0) return null;
  const seen = new Set(before.map((order) => order.clientOrderId));
  for (let reading = 0; reading < READINGS; reading += 1) {
    await new Promise((over) => setTimeout(over, watchMs / READINGS));
    const appeared = unknownOf(await read(), isKnown).find((order) => !seen.has(order.clientOrderId));
    if (appeared !== undefined) return appeared;
  }
  return null;
}

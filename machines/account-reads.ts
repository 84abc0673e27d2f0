import { type ExchangeFailure, toFailure } from '../src/core/failure.ts';
import type { AccountName, AccountSummary, OrderLookup } from '../src/core/model.ts';
import { isParking, type LookupResults, type Reading, type WatchedOrder } from '../src/core/polling/memory.ts';
import type { Exchange } from '../src/ports.ts';

/** What a poller asks the exchange for, and how it puts the answers together. */

/** How far the history is read back for an order whose sending time is not said: a day, well above any order's life. */
export const HISTORY_DEFAULT_MS = 86_400_000;
/** The history is read from so long before an order's sending: covers a clock that was set meanwhile. */
export const HISTORY_MARGIN_MS = 60_000;

export interface ReadInput {
  readonly exchange: Exchange;
  readonly account: AccountName;
  /** Still fresh; null: to be read. */
  readonly summary: AccountSummary | null;
}

export interface LookupInput extends Omit<ReadInput, 'summary'> {
  readonly orders: readonly WatchedOrder[];
  readonly requestedAtMs: number;
  /** How far back the fills are read; null: not requested. */
  readonly fillsSinceMs: number | null;
}

/** All reads at once; one failure fails the poll, after all have returned, so that polls never overlap (10.1). */
export async function readAccount({ exchange, account, summary }: ReadInput): Promise<Reading> {
  const reads = [
    exchange.positions(account),
    exchange.openOrders(account),
    summary ?? exchange.accountSummary(account),
  ] as const;
  const settled = await Promise.allSettled(reads);
  const failures = settled.flatMap((read) =>
    read.status === 'rejected' ? [toFailure(read.reason, 'account', account)] : [],
  );
  const failure = failures.find(isParking) ?? failures[0];
  if (failure !== undefined) throw failure;
  const [positions, openOrders, read] = await Promise.all(reads);
  return { positions, openOrders, summary: read };
}

/** The missing orders, and the fills that may explain a difference (strategy 10.5). */
export async function lookUp(input: LookupInput): Promise<LookupResults> {
  const { exchange, account, fillsSinceMs } = input;
  const [found, fills] = await Promise.all([
    lookUpMissing(input),
    fillsSinceMs === null
      ? undefined
      : exchange
          .fillHistory(account, fillsSinceMs)
          .catch((thrown: unknown) => toFailure(thrown, 'fillHistory', account)),
  ]);
  return fills === undefined ? found : { ...found, fills };
}

/** Looks up each missing order; if `order` does not know it, the history may have its end (strategy 10.2). */
async function lookUpMissing({ exchange, account, orders, requestedAtMs }: LookupInput): Promise<LookupResults> {
  const lookups: OrderLookup[] = [];
  const failed: Record<string, ExchangeFailure> = {};
  const unknown: WatchedOrder[] = [];
  const answers = await Promise.allSettled(
    orders.map(({ clientOrderId, sentAtMs }) => exchange.order(account, clientOrderId, sentAtMs ?? undefined)),
  );
  for (const [index, watched] of orders.entries()) {
    const answer = answers[index];
    if (answer?.status !== 'fulfilled') failed[watched.instrument] = toFailure(answer?.reason, 'order', account);
    else if (answer.value === null) unknown.push(watched);
    else lookups.push({ clientOrderId: watched.clientOrderId, order: answer.value });
  }
  if (unknown.length === 0) return { lookups, failed };
  const sent = unknown.map(({ sentAtMs }) => sentAtMs ?? requestedAtMs - HISTORY_DEFAULT_MS);
  try {
    const history = await exchange.orderHistory(account, Math.min(...sent) - HISTORY_MARGIN_MS);
    for (const { clientOrderId } of unknown) {
      lookups.push({ clientOrderId, order: history.find((order) => order.clientOrderId === clientOrderId) ?? null });
    }
  } catch (thrown) {
    for (const { instrument } of unknown) failed[instrument] = toFailure(thrown, 'orderHistory', account);
  }
  return { lookups, failed };
}

/** Looks up orders named by frames (strategy 10.1); failures go to `failed`, and the view requests them again. */
export async function lookUpAgain(
  exchange: Exchange,
  account: AccountName,
  ids: readonly string[],
  failed: (thrown: unknown) => void,
): Promise<OrderLookup[]> {
  const answers = await Promise.allSettled(ids.map((clientOrderId) => exchange.order(account, clientOrderId)));
  return answers.flatMap((answer, index): OrderLookup[] => {
    const clientOrderId = ids[index];
    if (clientOrderId === undefined) return [];
    if (answer.status === 'fulfilled') return [{ clientOrderId, order: answer.value }];
    failed(answer.reason);
    return [];
  });
}

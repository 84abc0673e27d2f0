import type { Decimal } from '../core/decimal.ts';
import type { OrderOutcome, PreparedOrder } from '../core/journal-entry.ts';
import type { MoneyRow } from '../core/money.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import type { OwnOrder, OwnTrading } from '../market/own.ts';
import type { Range } from '../market/store.ts';
import { e9 } from '../paper/fixed.ts';
import { OptionError } from '../texts/option-error.ts';

/** An engine's own trading in a market, from its journal (strategy 19.1). */

/** Orders sent earlier no longer rest: GRVT_HEDGE_ORDER_TTL_SEC is at most 29 days. */
const LONGEST_ORDER_MS = 30 * 86_400_000;
/** Most orders, held in memory in each process of a sweep: some 200 MB. */
const MOST_ORDERS = 1_000_000;
/** Outcomes of an order that never was in a book. */
const NEVER_STOOD: readonly OrderOutcome['outcome'][] = ['rejected', 'refused', 'unsent', 'absent'];

/** By symbol, without those that have no order in that time. @throws OptionError if there are too many */
export function ownTradingOf(journals: readonly EngineJournal[], { fromMs, toMs }: Range): Map<string, OwnTrading> {
  const own = new Map<string, { orders: OwnOrder[]; fills: Map<string, bigint> }>();
  for (const journal of journals) {
    const sinceMs = fromMs - LONGEST_ORDER_MS;
    const since = Number.isFinite(sinceMs) ? { sinceMs } : {};
    const orders = new Map<string, { prepared: PreparedOrder; toMs: number; fills: OwnOrder['fills'][number][] }>();
    const trades: { instrument: string; id: string; size: bigint }[] = [];
    for (const entry of journal.scan({ kind: 'order.prepared', ...since })) {
      const prepared = entry.body as PreparedOrder;
      if (prepared.sentAtMs >= toMs) continue;
      orders.set(entry.key, { prepared, toMs: prepared.expirationMs, fills: [] });
      if (orders.size > MOST_ORDERS)
        throw new OptionError('--without', journal.name, {
          en: `at most ${MOST_ORDERS} orders in that time: narrow it by --from and --to`,
          zh: `这段时间内最多 ${MOST_ORDERS} 张订单：请用 --from 和 --to 缩短`,
        });
    }
    for (const entry of journal.scan({ kind: 'order.outcome', ...since })) {
      const { outcome, atMs } = entry.body as OrderOutcome;
      const order = orders.get(entry.key);
      if (NEVER_STOOD.includes(outcome)) orders.delete(entry.key);
      else if (order !== undefined && (outcome === 'filled' || outcome === 'cancelled'))
        order.toMs = Math.min(order.toMs, atMs);
    }
    for (const { body } of journal.scan({ kind: 'money', ...since })) {
      const row = body as MoneyRow;
      if (row.type !== 'fill' || row.origin !== 'own') continue;
      const size = units(row.size);
      orders.get(row.clientOrderId)?.fills.push({ timeNs: row.timeNs, size });
      trades.push({ instrument: row.instrument, id: row.tradeId, size });
    }
    const of = (symbol: string) => {
      const found = own.get(symbol) ?? { orders: [], fills: new Map<string, bigint>() };
      own.set(symbol, found);
      return found;
    };
    for (const { prepared, toMs: endMs, fills } of orders.values()) {
      if (endMs < fromMs) continue;
      const { side, size, instrument } = prepared.intent;
      of(instrument).orders.push({
        ...{ buy: side === 'buy', price: units(prepared.price), size: units(size) },
        ...{ fromMs: prepared.sentAtMs, toMs: endMs, fills },
      });
    }
    // If both accounts traded with each other, both have the trade.
    for (const { instrument, id, size } of trades) {
      const { fills } = of(instrument);
      const had = fills.get(id) ?? 0n;
      fills.set(id, size > had ? size : had);
    }
  }
  for (const { orders } of own.values()) orders.sort((one, other) => one.fromMs - other.fromMs);
  return own;
}

function units(amount: Decimal): bigint {
  return e9(amount.toFixed());
}

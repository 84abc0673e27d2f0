import { sum } from '../core/decimal.ts';
import { lotsNet } from '../core/ledger.ts';
import type { SymbolConfig } from '../core/model.ts';
import type { SymbolState } from '../core/symbol-state.ts';
import { sign, waitingSize } from '../core/symbol-state.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import type { InstrumentSpec, PaperExchange } from '../paper/index.ts';
import type { PaperAccount, PaperOrder } from '../paper/model.ts';

/**
 * What only the exchange knows: every order, every fill, whatever was lost on the way; compared with the engine's
 * belief.
 */
export interface Truth {
  /** Present differences between engine and exchange: live orders, and lots against positions. Empty: none. */
  differences(symbols: readonly SymbolConfig[], journal: EngineJournal): readonly string[];
  /** Strategy orders live at the exchange. */
  leftBehind(): readonly string[];
  /** Whether the positions do not cancel out to within the smallest tradable size at the present mark (3.2). */
  unhedged(instrument: string): boolean;
  /** The engine lost its journal: its ids may start again. */
  forget(): void;
  counts(): { readonly orders: number; readonly fills: number };
}

/** Strategy 9.2: the top four of 64 bits are `1110`. */
export function isOurs(order: PaperOrder): boolean {
  return BigInt(order.clientOrderId) >> 60n === 0b1110n;
}

/** Positions of both accounts together, base units, 1e-9. */
export function netOf({ accounts }: PaperExchange['venue'], instrument: string): bigint {
  return accounts.reduce((total, account) => total + (account.holdings.get(instrument)?.size ?? 0n), 0n);
}

/** Whether that size, of either sign, is at least the smallest tradable one (strategy 3.2) at that mark. */
export function tradable(spec: InstrumentSpec, mark: bigint, signed: bigint): boolean {
  const size = signed < 0n ? -signed : signed;
  return size >= spec.minSize && size * mark * 100n >= spec.minNotional * 102_000_000_000n;
}

function short(order: PaperOrder): string {
  const { account, instrument, buy, clientOrderId, status } = order;
  return `${account.name} ${buy ? 'buy' : 'sell'} ${instrument} ${clientOrderId} ${status}`;
}

/** Watches one exchange. `tell` receives violations. */
export function createTruth(
  exchange: PaperExchange,
  tell: (what: string, rule: string, detail: Readonly<Record<string, string>>) => void,
): Truth {
  const { venue } = exchange;
  /** The order of each strategy id. */
  const byId = new Map<string, PaperOrder>();
  let orders = 0;
  let fills = 0;
  venue.onEvent((event) => {
    if (event.type === 'fill') {
      if (isOurs(event.fill.order)) fills += 1;
      return;
    }
    if (event.type !== 'order') return;
    const { order } = event;
    if (!isOurs(order)) {
      if (order.status === 'CANCELLED' && order.reason === 'CLIENT_CANCEL') {
        tell('a foreign order was cancelled', '9.7', { order: short(order) });
      }
      return;
    }
    const known = byId.get(order.clientOrderId);
    if (known === undefined) {
      byId.set(order.clientOrderId, order);
      orders += 1;
    } else if (known !== order) {
      tell('one client order id stands for two orders at the exchange', '9.2', {
        first: short(known),
        second: short(order),
      });
    }
    if (!order.postOnly || order.isMarket || order.timeInForce !== 'GOOD_TILL_TIME') {
      tell('an order that is no maker order', '1', { order: short(order) });
    }
  });

  const liveOf = (account: PaperAccount): PaperOrder[] => [...account.active.values()].filter(isOurs);

  return {
    differences(symbols, journal) {
      const found: string[] = [];
      for (const { instrument } of symbols) {
        const state = journal.latest('symbol.state', instrument)?.body as SymbolState | undefined;
        if (state === undefined || !state.begun) {
          found.push(`${instrument}: the engine has no state`);
          continue;
        }
        for (const account of venue.accounts) {
          const live = liveOf(account).filter((order) => order.instrument === instrument);
          const believed = state.orders.filter((order) => order.account === account.name);
          for (const order of live) {
            if (!believed.some((one) => one.clientOrderId === order.clientOrderId))
              found.push(`the engine does not know: ${short(order)}`);
          }
          for (const order of believed) {
            if (!live.some((one) => one.clientOrderId === order.clientOrderId))
              found.push(`the engine believes it lives: ${order.account} ${instrument} ${order.clientOrderId}`);
          }
        }
        const net = netOf(venue, instrument);
        const waiting = sum(state.orders.map((order) => waitingSize(order).mul(sign(order.side))));
        const believed = lotsNet(state.lots).plus(waiting);
        if (!believed.mul(1e9).eq(net.toString()))
          found.push(`${instrument}: lots and waiting fills come to ${believed}, positions to ${Number(net) / 1e9}`);
      }
      return found;
    },
    leftBehind: () => venue.accounts.flatMap((account) => liveOf(account).map(short)),
    unhedged(instrument) {
      const { spec } = venue.book(instrument).market;
      return tradable(spec, venue.mark(instrument), netOf(venue, instrument));
    },
    forget: () => byId.clear(),
    counts: () => ({ orders, fills }),
  };
}

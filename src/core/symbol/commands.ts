import type { Fact } from '../facts.ts';
import { markCancelRequested } from '../managed-orders.ts';
import type {
  OrderEnded,
  OrdersWatched,
  ReduceOnlyChanged,
  RulesDoubted,
  SymbolFlattened,
  SymbolLeft,
  SymbolToGateway,
} from '../messages.ts';
import { ACCOUNTS, type AccountName, type ManagedOrder } from '../model.ts';
import type { ToAlerting } from '../raise.ts';
import { wordsOf } from '../reconcile.ts';
import { changedDemands } from '../reduce-only.ts';
import { sameList } from '../same-list.ts';
import type { SymbolState } from '../symbol-state.ts';
import type { Trim } from '../trims.ts';
import type { SymbolMemory } from './memory.ts';

/** A message to another actor. */
export type SymbolCommand =
  | { readonly to: 'gateway'; readonly message: SymbolToGateway }
  | { readonly to: 'poller:A' | 'poller:B'; readonly message: OrdersWatched }
  | ToAlerting
  | {
      readonly to: 'daemon';
      readonly message: RulesDoubted | OrderEnded | ReduceOnlyChanged | SymbolLeft | SymbolFlattened;
    };

/** A refusal suggests outdated rules of the instrument (strategy 9.5, 11.8). */
export function doubtRules(instrument: string): SymbolCommand {
  return { to: 'daemon', message: { type: 'rules.doubted', instrument } };
}

/** Stops further attempts of pending intents, which rest on outdated data. */
export function withdrawIntents({ underWay, config }: SymbolMemory): readonly SymbolCommand[] {
  if (underWay.length === 0) return [];
  return [{ to: 'gateway', message: { type: 'intents.outdated', instrument: config.instrument } }];
}

/** Forwards changed demands on an account to the other symbols (strategy 9.13). */
export function demandMessages({ state, config }: SymbolMemory, after: SymbolState): readonly SymbolCommand[] {
  return changedDemands(state, after).map(({ account, demand }): SymbolCommand => {
    const message = { type: 'reduce-only.changed', account, instrument: config.instrument, demand } as const;
    return { to: 'daemon', message };
  });
}

export function requestTouch({ config }: SymbolMemory): SymbolCommand {
  return { to: 'gateway', message: { type: 'touch.request', instrument: config.instrument } };
}

/** Has the outcome of an order looked up (strategy 9.6). */
export function resolve({ config }: SymbolMemory, order: ManagedOrder): SymbolCommand {
  const { account, clientOrderId, side, size, price, sentAtMs, expirationMs, purpose } = order;
  const asked = { account, clientOrderId, side, size, price, sentAtMs, expirationMs, purpose };
  return { to: 'gateway', message: { type: 'order.resolve', instrument: config.instrument, ...asked } };
}

/** Requests cancels: the change of memory, the messages, and the facts. */
export function cancels(
  { config, underWay }: Pick<SymbolMemory, 'config' | 'underWay'>,
  state: SymbolState,
  trims: readonly Trim[],
  atMs: number,
): {
  readonly change: Pick<SymbolMemory, 'state' | 'underWay'>;
  readonly commands: readonly SymbolCommand[];
  readonly facts: readonly Fact[];
} {
  const { instrument } = config;
  return {
    change: {
      state: trims.reduce((after, { order }) => markCancelRequested(after, order.clientOrderId, atMs), state),
      underWay: [...underWay, ...trims.map(({ order }) => cancelKey(order.clientOrderId))],
    },
    commands: trims.map(({ order: { account, clientOrderId } }): SymbolCommand => {
      return { to: 'gateway', message: { type: 'order.cancel', account, instrument, clientOrderId } };
    }),
    facts: trims.map(({ order, why }) => {
      return { type: 'order.cancel-requested', atMs, ...wordsOf(instrument, order), why };
    }),
  };
}

export function cancelKey(clientOrderId: string): string {
  return `cancel:${clientOrderId}`;
}

/** Tells the poller of an account which orders to look up if they are missing from its open orders. */
export function watch(instrument: string, state: SymbolState, account: AccountName): SymbolCommand {
  const orders = watchedOrders(state, account);
  const history = state.contradiction[account]?.history;
  const message: OrdersWatched = {
    type: 'orders.watched',
    instrument,
    clientOrderIds: watchedIds(state, account),
    sentAtMs: Object.fromEntries(orders.map((order) => [order.clientOrderId, order.sentAtMs])),
    ...(history === undefined ? {} : { fillsSinceMs: history.sinceMs }),
  };
  return { to: `poller:${account}`, message };
}

/** {@link watch} for each account whose watch list changed. */
export function watchChanges(instrument: string, before: SymbolState, after: SymbolState): readonly SymbolCommand[] {
  if (after.orders === before.orders && after.contradiction === before.contradiction) return [];
  const since = (state: SymbolState, account: AccountName) => state.contradiction[account]?.history?.sinceMs;
  return ACCOUNTS.filter(
    (account) =>
      since(before, account) !== since(after, account) ||
      !sameList(watchedIds(before, account), watchedIds(after, account)),
  ).map((account) => watch(instrument, after, account));
}

/** Confirmed orders that are not being looked up by 9.6. */
function watchedOrders(state: SymbolState, account: AccountName): readonly ManagedOrder[] {
  return state.orders.filter((order) => order.account === account && order.confirmedAtMs !== null && !order.unknown);
}

function watchedIds(state: SymbolState, account: AccountName): readonly string[] {
  const orders = watchedOrders(state, account).map((order) => order.clientOrderId);
  // Own orders known from their fills alone (10.5), not managed.
  return [...orders, ...(state.contradiction[account]?.history?.clientOrderIds ?? [])];
}

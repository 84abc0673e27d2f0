import { type Decimal, ZERO } from './decimal.ts';
import type { Intent, ManagedOrder, TrackedOrder } from './model.ts';
import { letGo } from './reconcile.ts';
import type { SymbolState } from './symbol-state.ts';

/** The fields of an attempt that the ledger keeps. */
type Sent = Omit<TrackedOrder, 'instrument' | 'guardPrice' | 'attempt'>;

/** An order counts as live as soon as it is about to be sent (strategy 1). */
export function addSent(state: SymbolState, sent: Sent): SymbolState {
  if (state.orders.some((order) => order.clientOrderId === sent.clientOrderId)) return state;
  return { ...state, orders: [...state.orders, newOrder(sent)] };
}

function newOrder(sent: Sent): ManagedOrder {
  const { clientOrderId, account, side, size, price, purpose, sentAtMs, expirationMs } = sent;
  return {
    clientOrderId,
    account,
    side,
    price,
    size,
    purpose,
    unknown: false,
    confirmedAtMs: null,
    sentAtMs,
    expirationMs,
    tradedSize: ZERO,
    avgFillPrice: ZERO,
    bookedSize: ZERO,
    bookedValueUsdt: ZERO,
    firstPartialAtMs: null,
    cancelRequestedAtMs: null,
  };
}

/** An unsent intent counts as a live order of unknown outcome, at the price nearest to the market it may get (9.10). */
export function intentAsOrder(intent: Intent, mark: Decimal, nowMs: number): ManagedOrder {
  const { intentId, account, side, size, purpose, guardPrice } = intent;
  const sent = { clientOrderId: intentId, account, side, size, price: guardPrice ?? mark, purpose };
  return { ...newOrder({ ...sent, sentAtMs: nowMs, expirationMs: nowMs }), unknown: true, isIntent: true };
}

/** The attempt is proven over without a fill: refused, or never sent. */
export function dropRefused(state: SymbolState, clientOrderId: string): SymbolState {
  return letGo(state, clientOrderId);
}

/** Proven never to have existed (strategy 9.6); should it appear all the same, it is adopted. */
export function dropAbsent(state: SymbolState, clientOrderId: string): SymbolState {
  return { ...state, orders: state.orders.filter((order) => order.clientOrderId !== clientOrderId) };
}

/** The exchange has confirmed it: from now on its absence from the open orders is significant (strategy 10.2). */
export function confirm(state: SymbolState, clientOrderId: string, atMs: number): SymbolState {
  return change(state, clientOrderId, (order) => ({
    ...order,
    unknown: false,
    confirmedAtMs: order.confirmedAtMs ?? atMs,
  }));
}

/** From now on its outcome is looked up by 9.6, which may send a cancel. */
export function markUnknown(state: SymbolState, clientOrderId: string): SymbolState {
  return change(state, clientOrderId, (order) => ({ ...order, unknown: true, cancelSent: true }));
}

export function markCancelRequested(state: SymbolState, clientOrderId: string, atMs: number): SymbolState {
  return change(state, clientOrderId, (order) => ({ ...order, cancelRequestedAtMs: atMs }));
}

/** The cancel failed: the order is unchanged and may be cancelled again; the cancel may have arrived all the same. */
export function forgetCancel(state: SymbolState, clientOrderId: string): SymbolState {
  return change(state, clientOrderId, (order) => ({
    ...order,
    cancelRequestedAtMs: null,
    ...(order.cancelRequestedAtMs === null ? {} : { cancelSent: true }),
  }));
}

/** A stop or a previous run may have cancelled every order without this symbol's knowledge (strategy 9.5, 13.1). */
export function markAllCancelSent(state: SymbolState): SymbolState {
  return { ...state, orders: state.orders.map((order) => ({ ...order, cancelSent: true })) };
}

export function countIntents(state: SymbolState, intents: readonly Intent[]): SymbolState {
  return intents.length === 0 ? state : { ...state, nextIntent: state.nextIntent + intents.length };
}

function change(state: SymbolState, clientOrderId: string, by: (order: ManagedOrder) => ManagedOrder): SymbolState {
  if (!state.orders.some((order) => order.clientOrderId === clientOrderId)) return state;
  return { ...state, orders: state.orders.map((order) => (order.clientOrderId === clientOrderId ? by(order) : order)) };
}

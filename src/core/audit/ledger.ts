import type { Decimal } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import type { StartLot, StartSymbol } from './model.ts';

/** One instrument's lots and the booked size of its orders, by the bookings. */
export interface Ledger {
  readonly lots: Map<number, StartLot>;
  readonly booked: Record<AccountName, Decimal>;
  /** By client id. */
  readonly orders: Map<string, { readonly size: Decimal; readonly valueUsdt: Decimal }>;
}

export function ledgerOf({ lots, booked, orders }: StartSymbol): Ledger {
  return {
    lots: new Map(lots.map((lot) => [lot.id, lot])),
    booked: { ...booked },
    orders: new Map(orders.map((o) => [o.clientOrderId, { size: o.bookedSize, valueUsdt: o.bookedValueUsdt }])),
  };
}

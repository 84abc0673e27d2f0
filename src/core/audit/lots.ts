import type { Decimal } from '../decimal.ts';
import { ZERO } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';
import type { DeclaredLot } from './declared.ts';

/** Open lots by the auditor's own arithmetic (strategy 4.4, 7.2). */
export type Lots = readonly DeclaredLot[];

/** `size` signed: buys positive. */
export function signed(side: Side, size: Decimal): Decimal {
  return side === 'buy' ? size : size.neg();
}

/** Signed sum of lots, base units (strategy 4.5). */
export function netOf(lots: Lots): Decimal {
  return lots.reduce((net, lot) => net.plus(signed(lot.side, lot.size)), ZERO);
}

/** Lots without their numbers, in one order: equal texts are equal lots. */
export function textOf(lots: Lots): string {
  const texts = lots.map(
    ({ account, side, size, price }) => `${account} ${side} ${size.toFixed()} @ ${price.toFixed()}`,
  );
  return texts.sort().join(', ');
}

/** Price of the cheapest open lot (strategy 3.2); null without lots. */
export function cheapestOf(lots: Lots): Decimal | null {
  return lots.reduce<Decimal | null>((least, lot) => (least?.lte(lot.price) ? least : lot.price), null);
}

/**
 * The guard price for an order of `account` on `side` once `size` base units (it and the live orders on that side) are
 * filled (strategy 7.2). null: no lot on the opposite side.
 */
export function guardOf(lots: Lots, account: AccountName, side: Side, size: Decimal): Decimal | null {
  let left = size;
  let hardest: Decimal | null = null;
  for (const own of [false, true]) {
    const walk = lots.filter((lot) => lot.side !== side && (lot.account === account) === own);
    walk.sort((one, two) => (side === 'sell' ? one.price.cmp(two.price) : two.price.cmp(one.price)));
    for (const lot of walk) {
      if (left.lte(0)) return hardest;
      left = left.minus(lot.size);
      if (!hardest || (side === 'sell' ? lot.price.gt(hardest) : lot.price.lt(hardest))) hardest = lot.price;
    }
  }
  return hardest;
}

import { z } from 'zod';
import { Decimal } from '../core/decimal.ts';
import type { AccountMargin } from '../core/model.ts';
import { decimalText, nameText, nanosText, uint64Text, unsignedText } from './wire.ts';

/** The part of `account_summary` for statement and levelling (strategy 17.3). */
export const balanceAnswer = z.object({
  result: z.object({
    event_time: nanosText,
    sub_account_id: uint64Text,
    total_equity: decimalText,
    maintenance_margin: unsignedText,
    initial_margin: unsignedText.nullish().catch(null),
    settle_index_price: unsignedText.nullish().catch(null),
    spot_balances: z.array(
      z.object({
        currency: nameText,
        balance: decimalText,
        index_price: unsignedText.nullish().catch(null),
        available_to_transfer: decimalText.nullish().catch(null),
      }),
    ),
    positions: z.array(
      z.object({
        instrument: nameText,
        size: decimalText,
        notional: decimalText,
        mark_price: unsignedText,
        est_liquidation_price: decimalText.nullish().catch(null),
        margin_type: z.string().nullish().catch(null),
      }),
    ),
  }),
});

/** Margin figures of an account (strategy 17.5) from a parsed row of `account_summary`. */
export function accountMargin(read: z.infer<typeof balanceAnswer>['result']): AccountMargin {
  const free = read.spot_balances.find(({ currency }) => currency === 'USDT')?.available_to_transfer;
  return {
    maintenance: new Decimal(read.maintenance_margin),
    initial: read.initial_margin == null ? null : new Decimal(read.initial_margin),
    availableToTransfer: free == null ? null : new Decimal(free),
    isolated: read.positions.filter((row) => row.margin_type === 'ISOLATED').map((row) => row.instrument),
    liquidation: read.positions.flatMap((row) => {
      const at = row.est_liquidation_price == null ? null : new Decimal(row.est_liquidation_price);
      const mark = new Decimal(row.mark_price);
      if (at === null || !at.gt(0) || mark.isZero() || new Decimal(row.size).isZero()) return [];
      return [{ instrument: row.instrument, distance: at.minus(mark).abs().div(mark) }];
    }),
  };
}

/** The same from an answer of which no rule depends: unreadable figures are left out. */
export function marginOf(answer: unknown): { readonly margin?: AccountMargin } {
  const read = balanceAnswer.safeParse(answer);
  return read.success ? { margin: accountMargin(read.data.result) } : {};
}

import { z } from 'zod';

/**
 * GRVT's JSON under its full field names, as far as it is read (API 4 to 6). Unread fields may be absent, oddly typed
 * or new; fields that are read must be there (strategy 10.4). Numbers in text are validated here and converted in
 * parse.ts.
 */

/** Longest decimal accepted: uint256 with eighteen decimals has 97 digits; more is an attack or a defect. */
const MAX_DECIMAL_CHARS = 100;

/** Some fields are typed as strings but sent as numbers (API 12.5); whole numbers are exact either way. */
const text = z.union([z.string(), z.int().transform(String)]);

/** A decimal of any sign. JSON numbers with a fraction are rejected: they have passed through binary floating point. */
export const decimalText = text.pipe(
  z
    .string()
    .max(MAX_DECIMAL_CHARS)
    .regex(/^-?\d+(\.\d+)?$/, 'not-decimal'),
);
/** A non-negative decimal. `-0.0` is zero. */
export const unsignedText = decimalText.refine((value) => !/^-0*\.?0*[1-9]/.test(value), 'negative');
/** Nanoseconds since the epoch. */
export const nanosText = text.pipe(z.string().regex(/^\d{1,20}$/, 'not-nanoseconds'));
/** uint64 in decimal: client order ids, sub account ids. */
export const uint64Text = text.pipe(z.string().regex(/^\d{1,20}$/, 'not-unsigned'));
export const hexText = z
  .string()
  .max(200)
  .regex(/^0x[0-9a-fA-F]+$/, 'not-hex');

/** Names: instruments, currencies, reasons. */
const nameText = z.string().min(1).max(100);

export const instrumentRow = z.object({
  instrument: nameText,
  instrument_hash: hexText,
  base: nameText,
  quote: nameText,
  kind: nameText.optional(),
  /** Negative: sizes are signed in tens, hundreds, thousands (−3) of the unit. */
  base_decimals: z.int().min(-18).max(18),
  tick_size: unsignedText,
  min_size: unsignedText,
  /** Added late; older captures lack it (API 4). */
  min_notional: unsignedText.nullish(),
});

export const bookLevel = z.object({ price: unsignedText, size: unsignedText });
export const bookRow = z.object({
  event_time: nanosText,
  instrument: nameText,
  bids: z.array(bookLevel),
  asks: z.array(bookLevel),
});

export const positionRow = z.object({
  event_time: nanosText,
  sub_account_id: uint64Text,
  instrument: nameText,
  size: decimalText,
  entry_price: unsignedText,
  mark_price: unsignedText,
});

export const summaryRow = z.object({
  sub_account_id: uint64Text,
  total_equity: decimalText,
  maintenance_margin: unsignedText,
});

export const orderStatus = z.enum(['PENDING', 'OPEN', 'FILLED', 'CANCELLED', 'REJECTED']);

export const orderLeg = z.object({
  instrument: nameText,
  size: unsignedText,
  /** Absent on market orders. */
  limit_price: unsignedText.nullish(),
  is_buying_asset: z.boolean(),
});

export const orderState = z.object({
  status: orderStatus,
  reject_reason: nameText,
  /** Parallel to the legs. */
  traded_size: z.array(unsignedText).min(1),
  update_time: nanosText,
  /** Missing in a captured acknowledgement of a fresh order; needed once something traded. */
  avg_fill_price: z.array(unsignedText).nullish(),
});

export const orderRow = z.object({
  /** `0x00` or absent until the matching engine has assigned it (API 5.1). */
  order_id: hexText.nullish(),
  sub_account_id: uint64Text,
  post_only: z.boolean().nullish(),
  /** Exactly one for orders on the book. */
  legs: z.array(orderLeg).min(1),
  signature: z.object({ expiration: nanosText }),
  metadata: z.object({ client_order_id: uint64Text, create_time: nanosText.nullish().catch(null) }),
  state: orderState,
});

/** A list whose rows are read one by one, so that an irrelevant row cannot invalidate the others (strategy 10.4). */
export const rowsAnswer = z.object({ result: z.array(z.unknown()) });
export const fillRow = z.object({
  event_time: nanosText,
  sub_account_id: uint64Text,
  instrument: nameText,
  is_buyer: z.boolean(),
  size: unsignedText,
  price: unsignedText,
  /** Distinguishes a row served twice from two equal rows. */
  trade_id: z.string().nullish().catch(null),
  /** Fills of a liquidation may lack it. */
  client_order_id: z.unknown().optional(),
});

/** A fill with its fee and profit (strategy 17.1). */
export const fillMoney = fillRow.extend({
  trade_id: z.string().min(1).max(100),
  order_id: hexText.nullish(),
  is_taker: z.boolean(),
  fee: decimalText,
  fee_rate: z.string().max(MAX_DECIMAL_CHARS).nullish().catch(null),
  /** Added late; a perpetual's fee is paid in its settlement currency. */
  fee_currency: nameText.nullish(),
  realized_pnl: decimalText.nullish().catch(null),
  is_liquidation: z.boolean().nullish().catch(null),
});
export const fundingRow = z.object({
  event_time: nanosText,
  sub_account_id: uint64Text,
  instrument: nameText,
  currency: nameText,
  amount: decimalText,
  tx_id: nameText,
});
const accountText = z.union([z.string().max(100), z.int().transform(String)]).nullish();
export const transferRow = z.object({
  tx_id: nameText,
  from_sub_account_id: accountText,
  to_sub_account_id: accountText,
  currency: nameText,
  num_tokens: unsignedText,
  event_time: nanosText,
});
export const depositRow = z.object({
  l_2_hash: nameText,
  to_account_id: accountText,
  currency: nameText,
  num_tokens: unsignedText,
  /** Empty while pending. */
  confirmed_time: z.union([z.literal(''), nanosText]).nullish(),
});
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

export const bookAnswer = z.object({ result: bookRow });
/** The used part of a mini ticker. */
export const indexAnswer = z.object({ result: z.object({ instrument: z.string(), index_price: unsignedText }) });
export const summaryAnswer = z.object({ result: summaryRow });
export const orderAnswer = z.object({ result: orderRow });
/** One page; `next`: cursor of the next one. */
export const pageAnswer = z.object({ result: z.array(z.unknown()), next: z.string().nullish() });
/** `true` as boolean or text (API 12.2). */
const ack = z.object({ ack: z.union([z.literal(true), z.literal('true')]) });
export const ackAnswer = z.object({ result: ack });
/** One acknowledgement per cancel, in order (API 5.5). */
export const bulkAnswer = z.object({ cancel_acks: z.array(ack) });

/** Error bodies; lite `c` and `m` are mapped by the reader (API 3). */
export const errorBody = z.object({
  code: z.union([
    z.int(),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ]),
  message: z.string().nullish(),
});

/** A stream frame (API 8): subscription acknowledgement, error, or feed. */
export const feedFrame = z.object({
  stream: z.string(),
  selector: z.string(),
  sequence_number: uint64Text,
  prev_sequence_number: uint64Text.nullish(),
  feed: z.unknown(),
});
export const rpcFrame = z.object({
  id: z.int().nullish(),
  method: z.string().nullish(),
  result: z.unknown().optional(),
  error: errorBody.nullish(),
});

export type BookRow = z.infer<typeof bookRow>;
export type OrderRow = z.infer<typeof orderRow>;

/** Rows of `get_all_initial_leverage`, read one by one, since others may have any form (strategy 10.4). */
export const leveragesAnswer = z.object({ results: z.array(z.unknown()) });
export const leverageRow = z.object({
  instrument: z.string(),
  leverage: unsignedText,
  min_leverage: z.string().nullish(),
  max_leverage: z.string().nullish(),
  margin_type: z.string().nullish(),
});
/** For one instrument; `risk_brackets` likewise row by row. */
export const marginRulesAnswer = z.object({
  max_position_size: unsignedText.nullish(),
  risk_brackets: z.array(z.unknown()).nullish(),
});
export const bracketRow = z.object({
  notional_floor: unsignedText,
  notional_cap: unsignedText.nullish(),
  max_leverage: unsignedText,
});
export const fundingAnswer = z.object({
  result: z.object({ main_account_id: z.string().nullish() }).nullish(),
  tier: z
    .object({ tier: z.number(), futures_taker_fee: z.number().nullish(), futures_maker_fee: z.number().nullish() })
    .nullish(),
});

/** Whether a body is a web page. The exchange sends none: something in between has answered. */
export function isPage(body: string): boolean {
  return /^[\s\ufeff]*</.test(body);
}

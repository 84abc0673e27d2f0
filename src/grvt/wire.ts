import { z } from 'zod';

/**
 * GRVT's JSON under its full field names, as far as it is read (API 4 to 6). Unread fields may be absent, oddly typed
 * or new; fields that are read must be there (strategy 10.4). Numbers in text are validated here and converted in
 * parse.ts.
 */

/** Longest decimal accepted: uint256 with eighteen decimals has 97 digits; more is an attack or a defect. */
export const MAX_DECIMAL_CHARS = 100;

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
export const nameText = z.string().min(1).max(100);

export const bookLevel = z.object({ price: unsignedText, size: unsignedText });
export const bookRow = z.object({
  event_time: nanosText,
  instrument: nameText,
  bids: z.array(bookLevel),
  asks: z.array(bookLevel),
});

export const orderStatus = z.enum(['PENDING', 'OPEN', 'FILLED', 'CANCELLED', 'REJECTED']);

export const orderState = z.object({
  status: orderStatus,
  reject_reason: nameText,
  /** Parallel to the legs. */
  traded_size: z.array(unsignedText).min(1),
  update_time: nanosText,
  /** Missing in a captured acknowledgement of a fresh order; needed once something traded. */
  avg_fill_price: z.array(unsignedText).nullish(),
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

/** Whether a body is a web page. The exchange sends none: something in between has answered. */
export function isPage(body: string): boolean {
  return /^[\s\ufeff]*</.test(body);
}

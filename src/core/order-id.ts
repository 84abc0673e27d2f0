import type { AccountName, ExchangeOrder, ListedOrder, Side } from './model.ts';

/**
 * Client order ids in the original engine's layout (strategy 9.2), so that either engine recognises the other's orders:
 * bits 63–60 `1110`, bit 59 the account (A 0, B 1), bit 58 the side (buy 0, sell 1), bits 57–0 our sequence.
 */

const STRATEGY_PREFIX = 0b1110n;
const PREFIX_SHIFT = 60n;
const ACCOUNT_BIT = 1n << 59n;
const SIDE_BIT = 1n << 58n;
const SEQUENCE_END = 1n << 58n;
const UINT64_MAX = (1n << 64n) - 1n;
/** Decimal digits without sign or leading zero; a uint64 has at most 20. */
const UINT_TEXT = /^(0|[1-9]\d{0,19})$/;
/** Any spelling of an unsigned integer of up to 64 bits, including leading zeros. */
const ANY_INTEGER = /^(\d{1,40}|0[xX][0-9a-fA-F]{1,40})$/;

/**
 * A sequence begins with its millisecond, followed by a counter of 16 bits: 65,536 ids per millisecond before it runs
 * ahead of the clock; 42 bits of milliseconds last until 2109.
 */
const CLOCK_SHIFT = 16n;

/** The parts of a strategy order's client id. */
export interface OrderIdParts {
  readonly account: AccountName;
  readonly side: Side;
  readonly sequence: bigint;
}

/** Whether the id has our or the original engine's prefix (1, 9.2). Anything but a decimal uint64 is foreign. */
export function isStrategyOrder(clientOrderId: string): boolean {
  return parseClientOrderId(clientOrderId) !== null;
}

/** Whether a row of the open orders is a strategy order (strategy 9.2); others are only named (10.4). */
export function isOwnOrder(order: ListedOrder): order is ExchangeOrder {
  return isStrategyOrder(order.clientOrderId);
}

/**
 * Whether a client id in any spelling may be a strategy order's (strategy 10.4): such rows are validated strictly. A
 * number rounded by JSON or an id in hex must not pass as a foreign order.
 */
export function mayBeStrategyId(clientOrderId: unknown): boolean {
  if (typeof clientOrderId === 'number' && !Number.isFinite(clientOrderId)) return false;
  if (typeof clientOrderId !== 'string' && typeof clientOrderId !== 'number') return false;
  const text = typeof clientOrderId === 'number' ? clientOrderId.toFixed(0) : clientOrderId.trim();
  if (!ANY_INTEGER.test(text)) return false;
  return BigInt(text) >> PREFIX_SHIFT === STRATEGY_PREFIX;
}

/** @throws RangeError if the sequence does not fit 58 bits. */
export function clientOrderIdOf(account: AccountName, side: Side, sequence: bigint): string {
  if (sequence < 0n || sequence >= SEQUENCE_END) throw new RangeError(`sequence does not fit 58 bits: ${sequence}`);
  const accountBit = account === 'B' ? ACCOUNT_BIT : 0n;
  const sideBit = side === 'sell' ? SIDE_BIT : 0n;
  return ((STRATEGY_PREFIX << PREFIX_SHIFT) | accountBit | sideBit | sequence).toString();
}

/** The parts of a client id (strategy 9.2); null: not a strategy order's. */
export function parseClientOrderId(clientOrderId: string): OrderIdParts | null {
  if (!UINT_TEXT.test(clientOrderId)) return null;
  const id = BigInt(clientOrderId);
  if (id > UINT64_MAX || id >> PREFIX_SHIFT !== STRATEGY_PREFIX) return null;
  return {
    account: (id & ACCOUNT_BIT) === 0n ? 'A' : 'B',
    side: (id & SIDE_BIT) === 0n ? 'buy' : 'sell',
    sequence: id & (SEQUENCE_END - 1n),
  };
}

/**
 * The sequence after `last`, never reused (strategy 9.2): at least one larger, and not below the first of the present
 * millisecond, so that it is new even if the journal that knew `last` is lost (null).
 * @throws RangeError if 58 bits are used up.
 */
export function nextSequence(last: bigint | null, nowMs: number): bigint {
  const first = BigInt(Math.max(0, Math.floor(nowMs))) << CLOCK_SHIFT;
  const next = last !== null && last >= first ? last + 1n : first;
  if (next >= SEQUENCE_END) throw new RangeError(`order sequence does not fit 58 bits: ${next}`);
  return next;
}

/** The sequence so many milliseconds of ids beyond another one. */
export function afterSequence(sequence: bigint, ms: number): bigint {
  return sequence + (BigInt(ms) << CLOCK_SHIFT);
}

/** Our time at which a strategy order was made, or later (strategy 9.2); null: not a strategy order's id. */
export function madeAtMs(clientOrderId: string): number | null {
  const parts = parseClientOrderId(clientOrderId);
  return parts === null ? null : Number(parts.sequence >> CLOCK_SHIFT);
}

/**
 * The uint32 nonce of an order's signature: the low 32 bits. They repeat after 65.5 s at the earliest, by when the
 * signed expiration differs, so no two orders share their signed bytes (API 5.1).
 */
export function nonceOf(sequence: bigint): number {
  return Number(sequence & 0xffff_ffffn);
}

import { Decimal } from '../core/decimal.ts';
import { VenueError } from './errors.ts';
import { exceedsE9, parseE9 } from './fixed.ts';
import type { NewOrder } from './model.ts';
import { readSignature, type Session, type Sessions } from './sessions.ts';
import { orderDigest, TIME_IN_FORCE } from './signature.ts';
import type { Venue } from './venue.ts';

/** Decimal uint64 as text, or a JSON integer that is one. null: neither. */
export function readUint64(value: unknown): string | null {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || !/^\d{1,20}$/.test(text)) return null;
  // Below 10^19, without leading zeros: nearly all.
  if (/^(0|[1-9]\d{0,18})$/.test(text)) return text;
  return BigInt(text) < 2n ** 64n ? BigInt(text).toString() : null;
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new VenueError(1003);
  return value as Record<string, unknown>;
}

function flag(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw new VenueError(1003);
  return value;
}

/** A decimal as plain text. Exponents are accepted: the venue's Python SDK writes a price of zero as `0E-9`. */
function numeral(value: unknown, missing: string): string {
  if (value === undefined || value === null || value === '') return missing;
  if (typeof value !== 'string' || !/^\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,2})?$/.test(value))
    throw new VenueError(1003);
  return /[eE]/.test(value) ? new Decimal(value).toFixed() : value;
}

/** Whether an optional id field is empty. */
function vacant(value: unknown): boolean {
  return value === undefined || value === null || value === '' || /^0x0*$/.test(String(value));
}

/**
 * Reads an order under full names and verifies its signature, in the order of API 9: form, chain, expiry, signer
 * against payload, signer against account, account against session, then required and forbidden fields. The venue
 * checks the rules of the book. @throws VenueError with the code of the first violated rule.
 */
export function readOrder(
  raw: unknown,
  session: Session,
  context: { venue: Venue; sessions: Sessions; chainIds: readonly number[] },
): NewOrder {
  const { venue, sessions, chainIds } = context;
  const order = object(raw);
  const subAccountId = readUint64(order.sub_account_id);
  const signature = object(order.signature);
  const metadata = object(order.metadata ?? {});
  if (subAccountId === null || !Array.isArray(order.legs)) throw new VenueError(1003);
  const timeInForce = String(order.time_in_force ?? '');
  if (!Object.hasOwn(TIME_IN_FORCE, timeInForce)) throw new VenueError(1003);
  const isMarket = flag(order.is_market);
  const postOnly = flag(order.post_only);
  const reduceOnly = flag(order.reduce_only);

  const rsv = readSignature(signature);
  const nonce = signature.nonce;
  const expiration = String(signature.expiration ?? '');
  if (typeof nonce !== 'number' || !Number.isInteger(nonce) || nonce < 0 || nonce > 0xffff_ffff)
    throw new VenueError(1003);
  if (!/^\d{1,19}$/.test(expiration)) throw new VenueError(1003);
  const signer = String(signature.signer ?? '').toLowerCase();
  if (!/^0x[0-9a-f]{40}$/.test(signer)) throw new VenueError(1003);
  const chain = signature.chain_id;
  // 0 or absent: the exchange's own (API 5.1).
  const named = !vacant(chain) && String(chain) !== '0';
  const chains = named ? chainIds.filter((id) => String(id) === String(chain)) : chainIds;
  if (chains.length === 0) throw new VenueError(1012);
  if (BigInt(expiration) <= BigInt(Math.floor(venue.clockMs)) * 1_000_000n) throw new VenueError(2001);

  if (order.legs.length === 0) throw new VenueError(2040);
  const legs = order.legs.map((item) => {
    const leg = object(item);
    if (typeof leg.instrument !== 'string' || typeof leg.is_buying_asset !== 'boolean') throw new VenueError(1003);
    const { spec } = venue.book(leg.instrument, 2061);
    return {
      instrument: leg.instrument,
      hash: spec.hash,
      baseDecimals: spec.baseDecimals,
      size: numeral(leg.size, '0'),
      limitPrice: numeral(leg.limit_price, ''),
      buying: leg.is_buying_asset,
    };
  });
  const builder = vacant(order.builder) ? null : String(order.builder).toLowerCase();
  if (builder !== null && !/^0x[0-9a-f]{40}$/.test(builder)) throw new VenueError(1003);
  const builderFee = numeral(order.builder_fee, '0.0');
  const signed = {
    subAccountId: BigInt(subAccountId),
    isMarket,
    timeInForce,
    postOnly,
    reduceOnly,
    legs,
    nonce,
    expirationNs: BigInt(expiration),
    builder,
    builderFee,
  };
  const digest = chains.map((id) => orderDigest(signed, id)).find((each) => sessions.signed(signer, each, rsv));
  if (digest === undefined) throw new VenueError(2002);
  if (sessions.keyOf(signer) === null) throw new VenueError(2000);
  if (session.credentials.subAccountId !== subAccountId) throw new VenueError(2003);
  if (!sessions.maySign(subAccountId, signer)) throw new VenueError(2000);

  if (!vacant(order.order_id)) throw new VenueError(2010);
  if ([undefined, null, ''].includes(metadata.client_order_id as string)) throw new VenueError(2011);
  const clientOrderId = readUint64(metadata.client_order_id);
  if (clientOrderId === null) throw new VenueError(1003);
  if (order.state !== undefined && order.state !== null) throw new VenueError(2050);
  if (legs.length > 1) throw new VenueError(2042);
  const trigger = metadata.trigger as { trigger_type?: unknown } | undefined | null;
  if (
    trigger !== undefined &&
    trigger !== null &&
    !['UNSPECIFIED', undefined, ''].includes(trigger.trigger_type as string)
  ) {
    throw new VenueError(2110);
  }
  const leg = legs[0]!;
  // Digits that the venue does not keep are valid in a signature, but refused here (API 9).
  if (exceedsE9(leg.size)) throw new VenueError(2065);
  if (exceedsE9(leg.limitPrice)) throw new VenueError(2064);
  return {
    instrument: leg.instrument,
    buy: leg.buying,
    size: parseE9(leg.size) ?? 0n,
    price: leg.limitPrice === '' ? 0n : (parseE9(leg.limitPrice) ?? 0n),
    isMarket,
    timeInForce,
    postOnly,
    reduceOnly,
    clientOrderId,
    expirationNs: BigInt(expiration),
    signature: { signer, r: String(signature.r), s: String(signature.s), v: rsv.v, nonce },
    digest: Buffer.from(digest).toString('hex'),
    ...(builder === null ? {} : { builder, builderFee }),
  };
}

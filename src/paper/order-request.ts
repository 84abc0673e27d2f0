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

const ADDRESS = /^0x[0-9a-f]{40}$/;

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

interface Context {
  readonly venue: Venue;
  readonly sessions: Sessions;
  readonly chainIds: readonly number[];
}

/**
 * Reads an order under full names and verifies its signature, in the order of API 9: form, chain, expiry, signer
 * against payload, signer against account, account against session, then required and forbidden fields. The venue
 * checks the rules of the book. @throws VenueError with the code of the first violated rule.
 */
export function readOrder(raw: unknown, session: Session, context: Context): NewOrder {
  const { venue } = context;
  const order = object(raw);
  const form = formOf(order);
  const { signer, nonce, expirationNs, rsv } = form;
  const chains = chainsOf(object(order.signature).chain_id, context.chainIds);
  if (expirationNs <= BigInt(Math.floor(venue.clockMs)) * 1_000_000n) throw new VenueError(2001);
  if (form.legs.length === 0) throw new VenueError(2040);
  const legs = form.legs.map((leg) => legOf(leg, venue));
  const { isMarket, timeInForce, postOnly, reduceOnly } = form;
  const fees = builderOf(order);
  const signed = { ...form, ...fees, legs, subAccountId: BigInt(form.subAccountId) };
  const digest = chains.map((id) => orderDigest(signed, id)).find((each) => context.sessions.signed(signer, each, rsv));
  if (digest === undefined) throw new VenueError(2002);
  checkSigner(form, session, context.sessions);
  const clientOrderId = clientOrderIdOf(order, form.metadata);
  checkFields(order, form.metadata, legs);
  const leg = legs[0]!;
  const { r, s } = object(order.signature);
  return {
    instrument: leg.instrument,
    buy: leg.buying,
    size: parseE9(leg.size) ?? 0n,
    price: leg.limitPrice === '' ? 0n : (parseE9(leg.limitPrice) ?? 0n),
    ...{ isMarket, timeInForce, postOnly, reduceOnly, clientOrderId, expirationNs },
    signature: { signer, r: String(r), s: String(s), v: rsv.v, nonce },
    digest: Buffer.from(digest).toString('hex'),
    ...(fees.builder === null ? {} : { builder: fees.builder, builderFee: fees.builderFee }),
  };
}

/** Its fields but for those of its legs, in a form that can be an order's. @throws VenueError 1003 */
function formOf(order: Record<string, unknown>) {
  const subAccountId = readUint64(order.sub_account_id);
  const timeInForce = String(order.time_in_force ?? '');
  const { legs } = order;
  if (subAccountId === null || !Array.isArray(legs) || !Object.hasOwn(TIME_IN_FORCE, timeInForce))
    throw new VenueError(1003);
  const signature = object(order.signature);
  const { nonce } = signature;
  const expiration = String(signature.expiration ?? '');
  const signer = String(signature.signer ?? '').toLowerCase();
  if (typeof nonce !== 'number' || !Number.isInteger(nonce) || nonce < 0 || nonce > 0xffff_ffff)
    throw new VenueError(1003);
  if (!/^\d{1,19}$/.test(expiration) || !ADDRESS.test(signer)) throw new VenueError(1003);
  return {
    ...{ subAccountId, legs: legs as unknown[], timeInForce, nonce, signer },
    metadata: object(order.metadata ?? {}),
    isMarket: flag(order.is_market),
    postOnly: flag(order.post_only),
    reduceOnly: flag(order.reduce_only),
    rsv: readSignature(signature),
    expirationNs: BigInt(expiration),
  };
}

/** The chains the order may be signed for; 0 or absent: the exchange's own (API 5.1). */
function chainsOf(chain: unknown, chainIds: readonly number[]): readonly number[] {
  if (vacant(chain) || String(chain) === '0') return chainIds;
  const named = chainIds.filter((id) => String(id) === String(chain));
  if (named.length === 0) throw new VenueError(1012);
  return named;
}

function legOf(item: unknown, venue: Venue) {
  const leg = object(item);
  const { instrument, is_buying_asset: buying } = leg;
  if (typeof instrument !== 'string' || typeof buying !== 'boolean') throw new VenueError(1003);
  const { hash, baseDecimals } = venue.book(instrument, 2061).spec;
  const [size, limitPrice] = [numeral(leg.size, '0'), numeral(leg.limit_price, '')];
  return { instrument, hash, baseDecimals, size, limitPrice, buying };
}

function builderOf(order: Record<string, unknown>): { readonly builder: string | null; readonly builderFee: string } {
  const builder = vacant(order.builder) ? null : String(order.builder).toLowerCase();
  if (builder !== null && !ADDRESS.test(builder)) throw new VenueError(1003);
  return { builder, builderFee: numeral(order.builder_fee, '0.0') };
}

function checkSigner(
  { signer, subAccountId }: { readonly signer: string; readonly subAccountId: string },
  session: Session,
  sessions: Sessions,
): void {
  if (sessions.keyOf(signer) === null) throw new VenueError(2000);
  if (session.credentials.subAccountId !== subAccountId) throw new VenueError(2003);
  if (!sessions.maySign(subAccountId, signer)) throw new VenueError(2000);
}

function clientOrderIdOf(order: Record<string, unknown>, { client_order_id: given }: Record<string, unknown>): string {
  if (!vacant(order.order_id)) throw new VenueError(2010);
  if (given === undefined || given === null || given === '') throw new VenueError(2011);
  const clientOrderId = readUint64(given);
  if (clientOrderId === null) throw new VenueError(1003);
  return clientOrderId;
}

/** Fields that only the venue may set, and values that it does not take. */
function checkFields(
  order: Record<string, unknown>,
  metadata: Record<string, unknown>,
  legs: readonly ReturnType<typeof legOf>[],
): void {
  if (order.state !== undefined && order.state !== null) throw new VenueError(2050);
  if (legs.length > 1) throw new VenueError(2042);
  const trigger = metadata.trigger as { trigger_type?: unknown } | undefined | null;
  if (!['UNSPECIFIED', undefined, ''].includes(trigger?.trigger_type as string | undefined)) throw new VenueError(2110);
  const leg = legs[0]!;
  // Digits that the venue does not keep are valid in a signature, but refused here (API 9).
  if (exceedsE9(leg.size)) throw new VenueError(2065);
  if (exceedsE9(leg.limitPrice)) throw new VenueError(2064);
}

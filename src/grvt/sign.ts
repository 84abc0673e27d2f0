import { secp256k1 } from '@noble/curves/secp256k1';
import { bytesToHex, hexToBytes, keccak256, stringToBytes } from 'viem';
import { privateKeyToAddress, publicKeyToAddress } from 'viem/accounts';

/**
 * EIP-712 order signatures (API 9): the digest of an order, its signature, and the address a signature recovers to.
 *
 * The digest is built here, word by word, with the type hashes computed once: viem's generic encoder walks the types anew
 * for every order. Sizes and prices go from decimal text to integers by string arithmetic, truncated, never rounded.
 */

/** One leg under GRVT's full names; human units as decimal text. */
export interface SignableLeg {
  readonly instrument: string;
  readonly size: string;
  /** Absent, null or empty: zero, as in market orders. */
  readonly limit_price?: string | null | undefined;
  readonly is_buying_asset: boolean;
}

/** An order as GRVT's JSON has it; whatever is not signed may be there too. */
export interface SignableOrder {
  readonly sub_account_id: string | number | bigint;
  readonly is_market?: boolean | null | undefined;
  readonly time_in_force: string;
  readonly post_only?: boolean | null | undefined;
  readonly reduce_only?: boolean | null | undefined;
  readonly legs: readonly SignableLeg[];
  readonly builder?: string | null | undefined;
  /** Percent; its unit in the signature is 0.0001 %. */
  readonly builder_fee?: string | null | undefined;
  readonly signature: {
    readonly signer?: string;
    readonly r?: string;
    readonly s?: string;
    readonly v?: number | string;
    readonly expiration: string | number | bigint;
    readonly nonce: number | string | bigint;
  };
}

/** What signatures need of an instrument. */
export interface SignableInstrument {
  /** Hex asset id, as served; never computed. */
  readonly instrument_hash: string;
  readonly base_decimals: number;
}

export type SignableInstruments = Readonly<Record<string, SignableInstrument>>;

export interface OrderSignature {
  /** Checksummed address of the key. */
  readonly signer: string;
  /** `0x` and exactly 64 hex characters. */
  readonly r: string;
  readonly s: string;
  /** 27 or 28. */
  readonly v: number;
  readonly digest: string;
}

/** A signature or an order that cannot be signed or verified; `code` is GRVT's for the same complaint, where it has one. */
export class SignatureError extends Error {
  readonly code: number | null;

  constructor(reason: string, code: number | null = null) {
    super(reason);
    this.name = 'SignatureError';
    this.code = code;
  }
}

const TIME_IN_FORCE: Readonly<Record<string, bigint>> = {
  GOOD_TILL_TIME: 1n,
  ALL_OR_NONE: 2n,
  IMMEDIATE_OR_CANCEL: 3n,
  FILL_OR_KILL: 4n,
  RETAIL_PRICE_IMPROVEMENT: 5n,
};

/** Prices are signed in 1e-9, whatever the instrument's decimals. */
const PRICE_DECIMALS = 9;
/** Builder fees are percent; signed in 0.0001 %. */
const BUILDER_FEE_DECIMALS = 4;

/** Longest value a message repeats: a signature word with its prefix, and some. */
const MAX_SHOWN_CHARS = 100;

const UINT256 = 1n << 256n;
const UINT64_MAX = (1n << 64n) - 1n;
const UINT32_MAX = (1n << 32n) - 1n;
const INT64_MAX = (1n << 63n) - 1n;
const ADDRESS_MAX = (1n << 160n) - 1n;

const LEG_TYPE = 'OrderLeg(uint256 assetID,uint64 contractSize,uint64 limitPrice,bool isBuyingContract)';
const ORDER_FIELDS =
  'uint64 subAccountID,bool isMarket,uint8 timeInForce,bool postOnly,bool reduceOnly,OrderLeg[] legs,';
const TYPE_HASHES = {
  leg: hashText(LEG_TYPE),
  order: hashText(`Order(${ORDER_FIELDS}uint32 nonce,int64 expiration)${LEG_TYPE}`),
  builderOrder: hashText(
    `OrderWithBuilderFee(${ORDER_FIELDS}address builder,uint32 builderFee,uint32 nonce,int64 expiration)${LEG_TYPE}`,
  ),
  domain: hashText('EIP712Domain(string name,string version,uint256 chainId)'),
  domainName: hashText('GRVT Exchange'),
  domainVersion: hashText('0'),
};

/** Domain separators by chain id. There are four chains; more would be a caller's loop, so the cache is emptied then. */
const domainSeparators = new Map<bigint, string>();
const MAX_CACHED_DOMAINS = 16;

/**
 * Signs an order: deterministic (RFC 6979), low s, `v` 27 or 28. `signature.r`, `s`, `v` and `signer` of the order, if any,
 * are ignored; `nonce` and `expiration` are taken as they are.
 *
 * @throws SignatureError naming what of the order, the instruments or the key cannot be signed. Never shows the key.
 */
export function signOrder(input: {
  order: SignableOrder;
  instruments: SignableInstruments;
  privateKey: string;
  chainId: number | string | bigint;
}): OrderSignature {
  const key = privateKeyBytes(input.privateKey);
  const digest = orderDigest(input);
  return signDigest(digest, key, privateKeyToAddress(bytesToHex(key)));
}

/** A signer that has checked its key and derived its address once: what a hot path uses instead of `signOrder`. */
export function createOrderSigner(input: { privateKey: string; chainId: number | string | bigint }): {
  readonly address: string;
  sign(order: SignableOrder, instruments: SignableInstruments): OrderSignature;
} {
  const key = privateKeyBytes(input.privateKey);
  const address = privateKeyToAddress(bytesToHex(key));
  return {
    address,
    sign: (order, instruments) => signDigest(orderDigest({ order, instruments, chainId: input.chainId }), key, address),
  };
}

/**
 * The address whose key made `order.signature`, checksummed.
 *
 * @throws SignatureError with GRVT's code: 2005 (v), 2006 (r or s malformed), 2007 (high s), 2002 (the signature recovers
 * to nobody, or to another address than `signature.signer`, where the order names one).
 */
export function recoverOrderSigner(input: {
  order: SignableOrder;
  instruments: SignableInstruments;
  chainId: number | string | bigint;
}): string {
  const { signer, r, s, v } = signatureOf(orderOf(input.order));
  const vNumber = typeof v === 'string' && /^\d+$/.test(v) ? Number(v) : v;
  if (vNumber !== 27 && vNumber !== 28) throw new SignatureError(`signature v must be 27 or 28, not ${shown(v)}`, 2005);
  const rNumber = signatureWord('r', r);
  const sNumber = signatureWord('s', s);
  if (rNumber === 0n || rNumber >= secp256k1.CURVE.n) throw new SignatureError('signature r is out of range', 2006);
  if (sNumber === 0n) throw new SignatureError('signature s is out of range', 2006);
  if (sNumber > secp256k1.CURVE.n / 2n) throw new SignatureError('signature s must be in the lower half', 2007);
  const digest = orderDigest(input);
  let recovered: string;
  try {
    const signature = new secp256k1.Signature(rNumber, sNumber).addRecoveryBit(vNumber - 27);
    recovered = publicKeyToAddress(`0x${signature.recoverPublicKey(digest.slice(2)).toHex(false)}`);
  } catch {
    // r is the x of no point: nobody's signature.
    throw new SignatureError('signature recovers to no address', 2002);
  }
  if (signer !== undefined && signer !== null && String(signer).toLowerCase() !== recovered.toLowerCase()) {
    throw new SignatureError(
      `signature does not match the order: it recovers to ${recovered}, not to ${shown(signer)}`,
      2002,
    );
  }
  return recovered;
}

/**
 * The EIP-712 digest of an order (API 9).
 *
 * @throws SignatureError naming the field that has no place in the signed message.
 */
export function orderDigest(input: {
  order: SignableOrder;
  instruments: SignableInstruments;
  chainId: number | string | bigint;
}): string {
  return `0x${hashHex(`1901${domainSeparator(integer('chain_id', input.chainId, UINT256 - 1n))}${orderHash(input)}`)}`;
}

/**
 * trunc(text × 10^decimals) by string arithmetic; below zero decimals cut whole digits off.
 *
 * @throws SignatureError naming the field when the text is not a plain decimal number that is zero or more.
 */
export function scaleDecimal(field: string, text: unknown, decimals: number): bigint {
  const match = typeof text === 'string' ? /^(\d+)(?:\.(\d*))?$/.exec(text) : null;
  if (match === null) throw new SignatureError(`${field} is not a plain decimal number ≥ 0: ${shown(text)}`);
  const [, whole = '', digits = ''] = match;
  if (decimals < 0) return BigInt(whole.slice(0, decimals));
  return BigInt(`${whole}${digits.slice(0, decimals).padEnd(decimals, '0')}`);
}

function orderHash(input: { order: SignableOrder; instruments: SignableInstruments }): string {
  const { instruments } = input;
  const order = orderOf(input.order);
  const signature = signatureOf(order);
  const timeInForce = Object.hasOwn(TIME_IN_FORCE, order.time_in_force)
    ? TIME_IN_FORCE[order.time_in_force]
    : undefined;
  if (timeInForce === undefined) {
    throw new SignatureError(`time_in_force is not known: ${shown(order.time_in_force)}`);
  }
  if (!Array.isArray(order.legs) || order.legs.length === 0) throw new SignatureError('legs are missing', 2040);
  const isMarket = flagOf('is_market', order.is_market);
  const legs = order.legs.map((leg: SignableLeg, index: number) => legHash(leg, index, isMarket, instruments)).join('');
  const builder = builderOf(order);
  const words = [
    builder === null ? TYPE_HASHES.order : TYPE_HASHES.builderOrder,
    word(integer('sub_account_id', order.sub_account_id, UINT64_MAX)),
    flag(isMarket),
    word(timeInForce),
    flag(flagOf('post_only', order.post_only)),
    flag(flagOf('reduce_only', order.reduce_only)),
    hashHex(legs),
  ];
  if (builder !== null) words.push(word(builder.address), word(builder.fee));
  words.push(
    word(integer('signature.nonce', signature.nonce, UINT32_MAX)),
    word(integer('signature.expiration', signature.expiration, INT64_MAX)),
  );
  return hashHex(words.join(''));
}

function legHash(leg: SignableLeg, index: number, isMarket: boolean, instruments: SignableInstruments): string {
  const field = `legs[${index}]`;
  if (!isObject(leg)) throw new SignatureError(`${field} is not a leg: ${shown(leg)}`);
  if (!isObject(instruments)) throw new SignatureError(`the instruments are missing: ${shown(instruments)}`);
  const instrument = Object.hasOwn(instruments, leg.instrument) ? instruments[leg.instrument] : undefined;
  if (!isObject(instrument)) {
    throw new SignatureError(`${field}.instrument is not known: ${shown(leg.instrument)}`, 3000);
  }
  // Without a side nothing can be meant: absent must never read as a sale, nor the text "false" as a purchase.
  if (typeof leg.is_buying_asset !== 'boolean') {
    throw new SignatureError(`${field}.is_buying_asset is neither true nor false: ${shown(leg.is_buying_asset)}`);
  }
  const { base_decimals: decimals, instrument_hash: hash } = instrument;
  if (!Number.isInteger(decimals) || decimals < -18 || decimals > 18) {
    throw new SignatureError(`base_decimals of ${leg.instrument} is impossible: ${shown(decimals)}`);
  }
  if (typeof hash !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(hash)) {
    throw new SignatureError(`instrument_hash of ${leg.instrument} is not hex: ${shown(hash)}`);
  }
  const priceless = isMarket || leg.limit_price === undefined || leg.limit_price === null || leg.limit_price === '';
  const size = scaleDecimal(`${field}.size`, leg.size, decimals);
  const price = priceless ? 0n : scaleDecimal(`${field}.limit_price`, leg.limit_price, PRICE_DECIMALS);
  if (size > UINT64_MAX) throw new SignatureError(`${field}.size does not fit: ${leg.size}`);
  if (price > UINT64_MAX) throw new SignatureError(`${field}.limit_price does not fit: ${leg.limit_price}`);
  return hashHex(`${TYPE_HASHES.leg}${word(BigInt(hash))}${word(size)}${word(price)}${flag(leg.is_buying_asset)}`);
}

/** null: signed as a plain Order, which is so for every way of writing "no builder". */
function builderOf(order: SignableOrder): { address: bigint; fee: bigint } | null {
  const text = order.builder ?? '';
  if (text === '') return null;
  // BigInt reads hex without minding the checksum: mixed case is only spelling here.
  const address = /^(0x[0-9a-fA-F]+|\d+)$/.test(String(text)) ? BigInt(text) : -1n;
  if (address < 0n || address > ADDRESS_MAX) throw new SignatureError(`builder is not an address: ${shown(text)}`);
  if (address === 0n) return null;
  const feeText = order.builder_fee ?? '';
  const fee = feeText === '' ? 0n : scaleDecimal('builder_fee', feeText, BUILDER_FEE_DECIMALS);
  if (fee > UINT32_MAX) throw new SignatureError(`builder_fee does not fit: ${feeText}`);
  return { address, fee };
}

function domainSeparator(chainId: bigint): string {
  const known = domainSeparators.get(chainId);
  if (known !== undefined) return known;
  if (domainSeparators.size >= MAX_CACHED_DOMAINS) domainSeparators.clear();
  const { domain, domainName, domainVersion } = TYPE_HASHES;
  const separator = hashHex(`${domain}${domainName}${domainVersion}${word(chainId)}`);
  domainSeparators.set(chainId, separator);
  return separator;
}

function signDigest(digest: string, key: Uint8Array, signer: string): OrderSignature {
  const { r, s, recovery } = secp256k1.sign(digest.slice(2), key, { lowS: true });
  // Left-padded: a short r or s is refused (API 3, 2006).
  return { signer, r: `0x${word(r)}`, s: `0x${word(s)}`, v: 27 + recovery, digest };
}

function privateKeyBytes(text: string): Uint8Array {
  const hex = typeof text === 'string' && text.startsWith('0x') ? text.slice(2) : text;
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) throw new SignatureError('the private key is not 64 hex characters');
  const key = hexToBytes(`0x${hex}`);
  if (!secp256k1.utils.isValidPrivateKey(key)) throw new SignatureError('the private key is out of range');
  return key;
}

function signatureWord(field: string, text: unknown): bigint {
  if (typeof text !== 'string' || !/^0x[0-9a-fA-F]{64}$/.test(text)) {
    throw new SignatureError(`signature ${field} must be 0x and exactly 64 hex characters: ${shown(text)}`, 2006);
  }
  return BigInt(text);
}

function integer(field: string, value: unknown, most: bigint): bigint {
  const whole =
    typeof value === 'bigint' ||
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    (typeof value === 'string' && /^\d+$/.test(value));
  const number = whole ? BigInt(value as string | number | bigint) : -1n;
  if (number < 0n || number > most) throw new SignatureError(`${field} is not an integer in range: ${shown(value)}`);
  return number;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function orderOf(order: SignableOrder): SignableOrder {
  if (!isObject(order)) throw new SignatureError(`the order is missing: ${shown(order)}`);
  return order;
}

function signatureOf(order: SignableOrder): SignableOrder['signature'] {
  if (!isObject(order.signature)) throw new SignatureError(`signature is missing: ${shown(order.signature)}`);
  return order.signature;
}

/** Absent is false, as at the exchange; a text that only looks like an answer is refused. */
function flagOf(field: string, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw new SignatureError(`${field} is neither true nor false: ${shown(value)}`);
  return value;
}

/** A value that is not what it should be, for a message; whatever it is, and shortened. */
function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  const text = typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value) : kindOf(value);
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function word(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}

function flag(value: boolean): string {
  return word(value ? 1n : 0n);
}

function hashText(text: string): string {
  return keccak256(stringToBytes(text)).slice(2);
}

/** keccak-256 of bare hex, as bare hex; `orderDigest` puts the 0x back. */
function hashHex(hex: string): string {
  return keccak256(`0x${hex}`).slice(2);
}

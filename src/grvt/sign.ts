import { createRequire } from 'node:module';
import { secp256k1 } from '@noble/curves/secp256k1';
import { keccak_256 } from '@noble/hashes/sha3';

/**
 * EIP-712 signatures of orders (API 9): limit, GOOD_TILL_TIME, one leg, no builder. The digest is built directly from
 * precomputed type hashes: viem's generic encoder takes two and a half times as long. Sizes and prices are converted
 * from decimal text to integers by string arithmetic, truncated, never rounded.
 */

export interface SignableInstrument {
  /** Hex asset id as served, never computed. */
  readonly instrument_hash: string;
  readonly base_decimals: number;
}

/** The signed fields of an order. */
export interface SignableOrder {
  readonly instrument: SignableInstrument;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly isBuying: boolean;
  /** Base units, as decimal text. */
  readonly size: string;
  /** As decimal text. */
  readonly limitPrice: string;
  /** uint32. */
  readonly nonce: number;
  /** Nanoseconds. */
  readonly expiration: bigint;
}

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

/** A key or order that cannot be used for signing. Never shows the key. */
export class SignatureError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'SignatureError';
  }
}

export interface OrderSigner {
  readonly address: string;
  /** Deterministic (RFC 6979), low s. @throws SignatureError naming the field that does not fit. */
  sign(order: SignableOrder): OrderSignature;
}

/** Prices are signed in units of 1e-9, whatever the instrument's decimals. */
const PRICE_DECIMALS = 9;
/** GOOD_TILL_TIME. */
const TIME_IN_FORCE = 1n;

const LEG_TYPE = 'OrderLeg(uint256 assetID,uint64 contractSize,uint64 limitPrice,bool isBuyingContract)';
const ORDER_TYPE =
  'Order(uint64 subAccountID,bool isMarket,uint8 timeInForce,bool postOnly,bool reduceOnly,OrderLeg[] legs,' +
  `uint32 nonce,int64 expiration)${LEG_TYPE}`;
const TYPE_HASHES = {
  leg: hashText(LEG_TYPE),
  order: hashText(ORDER_TYPE),
  domain: hashText('EIP712Domain(string name,string version,uint256 chainId)'),
  domainName: hashText('GRVT Exchange'),
  domainVersion: hashText('0'),
};

/** @throws SignatureError if the key is invalid or an id is out of range. */
export function createOrderSigner(input: {
  readonly privateKey: string;
  readonly chainId: number;
  readonly subAccountId: string;
}): OrderSigner {
  const key = privateKeyBytes(input.privateKey);
  const address = addressOf(secp256k1.getPublicKey(key, false));
  const { domain, domainName, domainVersion } = TYPE_HASHES;
  const domainHash = hash(`${domain}${domainName}${domainVersion}${uint('chain_id', BigInt(input.chainId), 256)}`);
  const subAccount = /^\d+$/.test(input.subAccountId) ? BigInt(input.subAccountId) : -1n;
  const account = uint('sub_account_id', subAccount, 64);
  return {
    address,
    sign(order) {
      const { instrument, postOnly, reduceOnly, isBuying, size, limitPrice, nonce, expiration } = order;
      const leg = hash(
        TYPE_HASHES.leg +
          uint('instrument_hash', BigInt(instrument.instrument_hash), 256) +
          uint('size', scaleDecimal('size', size, instrument.base_decimals), 64) +
          uint('limit_price', scaleDecimal('limit_price', limitPrice, PRICE_DECIMALS), 64) +
          flag(isBuying),
      );
      const message = hash(
        TYPE_HASHES.order +
          account +
          flag(false) +
          word(TIME_IN_FORCE) +
          flag(postOnly) +
          flag(reduceOnly) +
          hash(leg) +
          uint('nonce', BigInt(nonce), 32) +
          uint('expiration', expiration, 63),
      );
      const digest = hash(`1901${domainHash}${message}`);
      return { signer: address, ...signDigest(digest, key), digest: `0x${digest}` };
    },
  };
}

/**
 * trunc(text × 10^decimals) by string arithmetic; negative decimals cut digits off.
 * @throws SignatureError naming the field if the text is not a plain non-negative decimal number.
 */
export function scaleDecimal(field: string, text: string, decimals: number): bigint {
  const [, whole, digits = ''] = /^(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
  if (whole === undefined) throw new SignatureError(`${field} is not a plain decimal number ≥ 0: ${text}`);
  if (decimals < 0) return BigInt(whole.slice(0, decimals));
  return BigInt(`${whole}${digits.slice(0, decimals).padEnd(decimals, '0')}`);
}

/** The functions used of the package secp256k1. */
interface NativeCurve {
  ecdsaSign(digest: Uint8Array, key: Uint8Array): { readonly signature: Uint8Array; readonly recid: number };
}

/**
 * libsecp256k1 signs in an eighth of the time if it is available as binary; null: not on this machine. Both produce the
 * same bytes. Its JavaScript fallback is not used.
 */
const native = ((): NativeCurve | null => {
  try {
    return createRequire(import.meta.url)('secp256k1/bindings.js') as NativeCurve;
  } catch {
    // No binary for this machine, e.g. Linux on ARM.
    return null;
  }
})();

/** @param curve only set in tests */
export function signDigest(
  digest: string,
  key: Uint8Array,
  curve: NativeCurve | null = native,
): Pick<OrderSignature, 'r' | 's' | 'v'> {
  if (curve !== null) {
    const { signature, recid } = curve.ecdsaSign(Buffer.from(digest, 'hex'), key);
    return { r: `0x${hexOf(signature.subarray(0, 32))}`, s: `0x${hexOf(signature.subarray(32))}`, v: 27 + recid };
  }
  const { r, s, recovery } = secp256k1.sign(digest, key, { lowS: true });
  // Left-padded: a short r or s is refused (API 3, 2006).
  return { r: `0x${word(r)}`, s: `0x${word(s)}`, v: 27 + recovery };
}

function privateKeyBytes(text: string): Uint8Array {
  const hex = text.startsWith('0x') ? text.slice(2) : text;
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) throw new SignatureError('the private key is not 64 hex characters');
  const key = Uint8Array.from(Buffer.from(hex, 'hex'));
  if (!secp256k1.utils.isValidPrivateKey(key)) throw new SignatureError('the private key is out of range');
  return key;
}

/** One word of the message. @throws SignatureError naming the field if the value needs more bits. */
function uint(field: string, value: bigint, bits: number): string {
  if (value < 0n || value >> BigInt(bits) !== 0n) throw new SignatureError(`${field} does not fit: ${value}`);
  return word(value);
}

function word(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}

function flag(value: boolean): string {
  return word(value ? 1n : 0n);
}

/** Of an uncompressed public key; upper case is the checksum (EIP-55). */
function addressOf(publicKey: Uint8Array): string {
  const lower = hexOf(keccak_256(publicKey.subarray(1)).subarray(12));
  const checksum = hexOf(keccak_256(Buffer.from(lower)));
  const letters = [...lower].map((letter, at) =>
    Number.parseInt(checksum.charAt(at), 16) >= 8 ? letter.toUpperCase() : letter,
  );
  return `0x${letters.join('')}`;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function hashText(text: string): string {
  return hexOf(keccak_256(Buffer.from(text)));
}

/** keccak-256 of hex without prefix. */
function hash(hex: string): string {
  return hexOf(keccak_256(Buffer.from(hex, 'hex')));
}

import { createECDH } from 'node:crypto';
import { keccak_256 } from '@noble/hashes/sha3';
import { parseScaled } from './fixed.ts';

/**
 * The exchange's side of order signatures (API 9): an order's digest and signer. Independent of the client's code: a
 * shared bug would stay hidden.
 */

const P = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** Upper bound of a canonical `s`. */
export const HALF_N = N / 2n;
const G: Point = [
  0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
];
type Point = readonly [x: bigint, y: bigint];
/** Projective: no inversion per step. */
type Jacobian = readonly [x: bigint, y: bigint, z: bigint];

function modulo(value: bigint, by: bigint): bigint {
  const rest = value % by;
  return rest < 0n ? rest + by : rest;
}

function invert(value: bigint, by: bigint): bigint {
  let [low, high, x, y] = [modulo(value, by), by, 1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high - quotient * low, low];
    [x, y] = [y - quotient * x, x];
  }
  return modulo(x, by);
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, factor, rest] = [1n, base, exponent];
  while (rest > 0n) {
    if (rest & 1n) result = (result * factor) % P;
    factor = (factor * factor) % P;
    rest >>= 1n;
  }
  return result;
}

function double([x, y, z]: Jacobian): Jacobian {
  if (y === 0n) return [0n, 1n, 0n];
  const ySquared = (y * y) % P;
  const s = (4n * x * ySquared) % P;
  const m = (3n * x * x) % P;
  const nextX = modulo(m * m - 2n * s, P);
  return [nextX, modulo(m * (s - nextX) - 8n * ySquared * ySquared, P), (2n * y * z) % P];
}

function add(first: Jacobian, second: Jacobian): Jacobian {
  if (first[2] === 0n) return second;
  if (second[2] === 0n) return first;
  const z1 = (first[2] * first[2]) % P;
  const z2 = (second[2] * second[2]) % P;
  const u1 = (first[0] * z2) % P;
  const u2 = (second[0] * z1) % P;
  const s1 = (first[1] * z2 * second[2]) % P;
  const s2 = (second[1] * z1 * first[2]) % P;
  if (u1 === u2) return s1 === s2 ? double(first) : [0n, 1n, 0n];
  const h = modulo(u2 - u1, P);
  const r = modulo(s2 - s1, P);
  const hSquared = (h * h) % P;
  const hCubed = (h * hSquared) % P;
  const v = (u1 * hSquared) % P;
  const x = modulo(r * r - hCubed - 2n * v, P);
  return [x, modulo(r * (v - x) - s1 * hCubed, P), (h * first[2] * second[2]) % P];
}

/** a·first + b·second. */
function combine(a: bigint, first: Point, b: bigint, second: Point): Point | null {
  const one: Jacobian = [first[0], first[1], 1n];
  const two: Jacobian = [second[0], second[1], 1n];
  const both = add(one, two);
  let sum: Jacobian = [0n, 1n, 0n];
  for (let bit = 255n; bit >= 0n; bit--) {
    sum = double(sum);
    const inA = (a >> bit) & 1n;
    const inB = (b >> bit) & 1n;
    if (inA && inB) sum = add(sum, both);
    else if (inA) sum = add(sum, one);
    else if (inB) sum = add(sum, two);
  }
  if (sum[2] === 0n) return null;
  const inverse = invert(sum[2], P);
  const inverseSquared = (inverse * inverse) % P;
  return [(sum[0] * inverseSquared) % P, (sum[1] * inverseSquared * inverse) % P];
}

function word(value: bigint): Uint8Array {
  return Buffer.from(BigInt.asUintN(256, value).toString(16).padStart(64, '0'), 'hex');
}

function hash(...words: (bigint | Uint8Array)[]): Uint8Array {
  return keccak_256(Buffer.concat(words.map((item) => (typeof item === 'bigint' ? word(item) : item))));
}

const text = (value: string): Uint8Array => keccak_256(Buffer.from(value));

const LEG_TYPE = 'OrderLeg(uint256 assetID,uint64 contractSize,uint64 limitPrice,bool isBuyingContract)';
const ORDER_HEAD = 'uint64 subAccountID,bool isMarket,uint8 timeInForce,bool postOnly,bool reduceOnly,OrderLeg[] legs,';
const TYPES = {
  domain: text('EIP712Domain(string name,string version,uint256 chainId)'),
  name: text('GRVT Exchange'),
  version: text('0'),
  leg: text(LEG_TYPE),
  order: text(`Order(${ORDER_HEAD}uint32 nonce,int64 expiration)${LEG_TYPE}`),
  builderOrder: text(
    `OrderWithBuilderFee(${ORDER_HEAD}address builder,uint32 builderFee,uint32 nonce,int64 expiration)${LEG_TYPE}`,
  ),
  walletLogin: text('WalletLogin(address signer,uint32 nonce,int64 expiration)'),
};

const domains = new Map<number, Uint8Array>();
function domain(chainId: number): Uint8Array {
  let separator = domains.get(chainId);
  if (separator === undefined) {
    separator = hash(TYPES.domain, TYPES.name, TYPES.version, BigInt(chainId));
    domains.set(chainId, separator);
  }
  return separator;
}

function digestOf(chainId: number, struct: Uint8Array): Uint8Array {
  return keccak_256(Buffer.concat([Buffer.from([0x19, 0x01]), domain(chainId), struct]));
}

/** The signed part of an order under full names, as it came over the wire. */
export interface SignedFields {
  readonly subAccountId: bigint;
  readonly isMarket: boolean;
  readonly timeInForce: string;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly legs: readonly {
    readonly hash: string;
    readonly baseDecimals: number;
    readonly size: string;
    /** Empty: none. */
    readonly limitPrice: string;
    readonly buying: boolean;
  }[];
  readonly nonce: number;
  readonly expirationNs: bigint;
  /** Hex address; null: none given. */
  readonly builder: string | null;
  /** Percent. */
  readonly builderFee: string;
}

/** Numbers of `time_in_force` in a signature (API 9). */
export const TIME_IN_FORCE: Readonly<Record<string, bigint>> = {
  GOOD_TILL_TIME: 1n,
  ALL_OR_NONE: 2n,
  IMMEDIATE_OR_CANCEL: 3n,
  FILL_OR_KILL: 4n,
  RETAIL_PRICE_IMPROVEMENT: 5n,
};

const flag = (value: boolean): bigint => (value ? 1n : 0n);

/**
 * The digest of an order (API 9): sizes and prices are truncated at their scale, never rounded.
 * @throws RangeError if a number or `time_in_force` is unreadable.
 */
export function orderDigest(order: SignedFields, chainId: number): Uint8Array {
  const legs = order.legs.map((leg) => {
    const size = parseScaled(leg.size, leg.baseDecimals);
    const price = leg.limitPrice === '' ? 0n : parseScaled(leg.limitPrice, 9);
    if (size === null || price === null) throw new RangeError('a leg holds a number that cannot be read');
    return hash(TYPES.leg, BigInt(leg.hash), size, price, flag(leg.buying));
  });
  const timeInForce = TIME_IN_FORCE[order.timeInForce];
  if (timeInForce === undefined) throw new RangeError('unknown time in force');
  const head = [
    order.subAccountId,
    flag(order.isMarket),
    timeInForce,
    flag(order.postOnly),
    flag(order.reduceOnly),
    hash(...legs),
  ];
  const tail = [BigInt(order.nonce), order.expirationNs];
  const builder = order.builder === null || order.builder === '' ? 0n : BigInt(order.builder);
  if (builder === 0n) return digestOf(chainId, hash(TYPES.order, ...head, ...tail));
  const fee = parseScaled(order.builderFee === '' ? '0' : order.builderFee, 4);
  if (fee === null) throw new RangeError('the builder fee cannot be read');
  return digestOf(chainId, hash(TYPES.builderOrder, ...head, builder, fee, ...tail));
}

/** What a wallet login signs (API 2). */
export function walletLoginDigest(signer: string, nonce: number, expirationNs: bigint, chainId: number): Uint8Array {
  return digestOf(chainId, hash(TYPES.walletLogin, BigInt(signer), BigInt(nonce), expirationNs));
}

export interface RawSignature {
  readonly r: bigint;
  readonly s: bigint;
  readonly v: number;
}

function bytesToBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function addressOf(x: bigint, y: bigint): string {
  const digest = keccak_256(Buffer.concat([word(x), word(y)]));
  return `0x${Buffer.from(digest.subarray(12)).toString('hex')}`;
}

/** The signer's address, lower case; null if no point of the curve matches. Takes milliseconds. */
export function recoverSigner(digest: Uint8Array, { r, s, v }: RawSignature): string | null {
  if (r <= 0n || r >= N || s <= 0n || s >= N) return null;
  const ySquared = (r * r * r + 7n) % P;
  const root = power(ySquared, (P + 1n) / 4n);
  if ((root * root) % P !== ySquared) return null;
  const y = (root & 1n) === BigInt(v - 27) ? root : P - root;
  const inverse = invert(r, N);
  const z = bytesToBigInt(digest);
  const point = combine(modulo(-z * inverse, N), G, modulo(s * inverse, N), [r, y]);
  return point === null ? null : addressOf(point[0], point[1]);
}

/**
 * Whether the holder of `privateKey` made this signature. The exchange generated the keys, so it can check one point in
 * native code (is k·G the signature's point, for the k this key would need?) where recovery costs a hundred times as
 * much; so a simulation can verify every order.
 */
export function signedBy(privateKey: bigint, digest: Uint8Array, { r, s, v }: RawSignature): boolean {
  if (r <= 0n || r >= N || s <= 0n || s >= N) return false;
  const k = modulo(invert(s, N) * (bytesToBigInt(digest) + r * privateKey), N);
  if (k === 0n) return false;
  const curve = createECDH('secp256k1');
  curve.setPrivateKey(word(k));
  const point = curve.getPublicKey(undefined, 'compressed');
  return bytesToBigInt(point.subarray(1)) % N === r && point[0] === v - 27 + 2;
}

/** Address of a private key, lower case. */
export function addressOfKey(privateKey: bigint): string {
  const curve = createECDH('secp256k1');
  curve.setPrivateKey(word(privateKey));
  const point = curve.getPublicKey();
  return addressOf(bytesToBigInt(point.subarray(1, 33)), bytesToBigInt(point.subarray(33)));
}

/** A private key from a seed, for an exchange without money. */
export function keyFromSeed(seed: string): bigint {
  return (bytesToBigInt(text(seed)) % (N - 1n)) + 1n;
}

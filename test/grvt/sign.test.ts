import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import '../support/fixed-seed.ts';
import { hashTypedData } from 'viem';
import {
  createOrderSigner,
  recoverOrderSigner,
  type SignableInstruments,
  type SignableOrder,
  SignatureError,
  scaleDecimal,
  signOrder,
} from '../../src/grvt/sign.ts';

interface Vector {
  id: string;
  description: string;
  chain_id: number;
  private_key: string;
  instruments: SignableInstruments;
  order: SignableOrder;
  digest: string;
  signer: string;
  signature: { r: string; s: string; v: number };
  expected_error_code: number;
}

const { vectors, observed, negative } = JSON.parse(
  readFileSync(new URL('../data/grvt/signing-vectors.json', import.meta.url), 'utf8'),
) as Record<'vectors' | 'observed' | 'negative', Vector[]>;

function vector(id: string): Vector {
  const found = vectors.find((row) => row.id === id);
  assert.ok(found, id);
  return found;
}

describe('order signatures (API 9)', () => {
  assert.ok(vectors.length >= 25 && observed.length >= 4 && negative.length >= 4);

  for (const row of vectors) {
    it(`${row.id} signs to the published bytes: ${row.description}`, () => {
      const { signature, ...unsigned } = row.order;
      const order = { ...unsigned, signature: { nonce: signature.nonce, expiration: signature.expiration } };
      const signed = signOrder({
        order,
        instruments: row.instruments,
        privateKey: row.private_key,
        chainId: row.chain_id,
      });
      assert.deepEqual(signed, { signer: row.signer, ...row.signature, digest: row.digest });
      assert.equal(
        recoverOrderSigner({ order: row.order, instruments: row.instruments, chainId: row.chain_id }),
        row.signer,
      );
    });
  }

  for (const row of observed) {
    it(`${row.id}: a captured order recovers to its signer`, () => {
      const recovered = recoverOrderSigner({ order: row.order, instruments: row.instruments, chainId: row.chain_id });
      assert.equal(recovered.toLowerCase(), row.signer.toLowerCase());
    });
  }

  for (const row of negative) {
    it(`${row.id} is refused with a reason: ${row.description}`, () => {
      assert.throws(
        () => recoverOrderSigner({ order: row.order, instruments: row.instruments, chainId: row.chain_id }),
        (error: unknown) =>
          error instanceof SignatureError && error.code === row.expected_error_code && error.message.length > 10,
      );
    });
  }

  it('a signer made once gives the bytes of signOrder', () => {
    const row = vector('own-01');
    const signer = createOrderSigner({ privateKey: row.private_key, chainId: row.chain_id });
    assert.equal(signer.address, row.signer);
    assert.equal(signer.sign(row.order, row.instruments).r, row.signature.r);
  });

  it('the digest is the one of a generic EIP-712 encoder, for any order', () => {
    const types = {
      Order: [
        { name: 'subAccountID', type: 'uint64' },
        { name: 'isMarket', type: 'bool' },
        { name: 'timeInForce', type: 'uint8' },
        { name: 'postOnly', type: 'bool' },
        { name: 'reduceOnly', type: 'bool' },
        { name: 'legs', type: 'OrderLeg[]' },
        { name: 'nonce', type: 'uint32' },
        { name: 'expiration', type: 'int64' },
      ],
      OrderLeg: [
        { name: 'assetID', type: 'uint256' },
        { name: 'contractSize', type: 'uint64' },
        { name: 'limitPrice', type: 'uint64' },
        { name: 'isBuyingContract', type: 'bool' },
      ],
    };
    const privateKey = vector('own-01').private_key;
    const uint = (bits: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });
    const property = fc.property(
      uint(64),
      fc.boolean(),
      fc.boolean(),
      fc.array(fc.tuple(uint(256), uint(64), uint(64), fc.boolean()), { minLength: 1, maxLength: 3 }),
      uint(32),
      uint(63),
      uint(40),
      (subAccount, postOnly, reduceOnly, legs, nonce, expiration, chainId) => {
        const instruments = Object.fromEntries(
          legs.map(([hash], index) => [`I${index}`, { instrument_hash: `0x${hash.toString(16)}`, base_decimals: 0 }]),
        );
        const order: SignableOrder = {
          sub_account_id: subAccount.toString(),
          time_in_force: 'GOOD_TILL_TIME',
          post_only: postOnly,
          reduce_only: reduceOnly,
          legs: legs.map(([, size, price, isBuying], index) => ({
            instrument: `I${index}`,
            size: size.toString(),
            limit_price: `${price / 1_000_000_000n}.${(price % 1_000_000_000n).toString().padStart(9, '0')}`,
            is_buying_asset: isBuying,
          })),
          signature: { nonce: nonce.toString(), expiration: expiration.toString() },
        };
        const expected = hashTypedData({
          domain: { name: 'GRVT Exchange', version: '0', chainId },
          types,
          primaryType: 'Order',
          message: {
            subAccountID: subAccount,
            isMarket: false,
            timeInForce: 1,
            postOnly,
            reduceOnly,
            legs: legs.map(([assetID, contractSize, limitPrice, isBuyingContract]) => ({
              assetID,
              contractSize,
              limitPrice,
              isBuyingContract,
            })),
            nonce: Number(nonce),
            expiration,
          },
        });
        const signed = signOrder({ order, instruments, privateKey, chainId });
        assert.equal(signed.digest, expected);
        assert.equal(
          recoverOrderSigner({
            order: { ...order, signature: { ...order.signature, ...signed } },
            instruments,
            chainId,
          }),
          signed.signer,
        );
      },
    );
    fc.assert(property, { numRuns: 40 });
  });

  const noBuilder: [string, string | null][] = [
    ['null', null],
    ['an empty text', ''],
    ['0', '0'],
    ['0x00', '0x00'],
    ['the zero address', '0x0000000000000000000000000000000000000000'],
  ];
  for (const [name, builder] of noBuilder) {
    it(`a builder that is ${name} is signed as a plain order`, () => {
      const row = vector('own-01');
      const order = { ...row.order, builder, builder_fee: '0.0' };
      const signed = signOrder({
        order,
        instruments: row.instruments,
        privateKey: row.private_key,
        chainId: row.chain_id,
      });
      assert.equal(signed.digest, row.digest);
    });
  }

  it('decimals are truncated, never rounded, and never pass through a float', () => {
    assert.equal(scaleDecimal('size', '1.1231231239', 9), 1123123123n);
    assert.equal(scaleDecimal('size', '0.1', 9), 100000000n);
    assert.equal(scaleDecimal('size', '9007199254740993.000000001', 9), 9007199254740993000000001n);
    assert.equal(scaleDecimal('size', '5.', 2), 500n);
    for (const [text, scaled] of [
      ['7000', 7n],
      ['1234567.9', 1234n],
      ['999', 0n],
      ['0', 0n],
    ] as const)
      assert.equal(scaleDecimal('size', text, -3), scaled, `${text} in thousands`);
    for (const bad of ['', '-1', '1e3', '0x10', ' 1', '1,5', 'NaN', 1, null, undefined]) {
      assert.throws(() => scaleDecimal('size', bad, 9), /size is not a plain decimal/, String(bad));
    }
  });

  const broken: [string, (row: Vector) => Partial<SignableOrder>, RegExp][] = [
    [
      'an instrument not listed',
      (row) => ({ legs: [{ ...row.order.legs[0]!, instrument: 'X' }] }),
      /legs\[0\]\.instrument/,
    ],
    ['no legs', () => ({ legs: [] }), /legs are missing/],
    ['an unknown time in force', () => ({ time_in_force: 'toString' }), /time_in_force/],
    ['a nonce above uint32', (row) => ({ signature: { ...row.order.signature, nonce: 4294967296 } }), /nonce/],
    ['a sub account id that is no number', () => ({ sub_account_id: 'abc' }), /sub_account_id/],
    [
      'a price above uint64',
      (row) => ({ legs: [{ ...row.order.legs[0]!, limit_price: '18446744073.709551616' }] }),
      /fit/,
    ],
    ['a negative size', (row) => ({ legs: [{ ...row.order.legs[0]!, size: '-1' }] }), /legs\[0\]\.size/],
  ];
  for (const [name, change, reason] of broken) {
    it(`an order with ${name} cannot be signed, and the field is named`, () => {
      const row = vector('own-01');
      const order = { ...row.order, ...change(row) };
      const input = { order, instruments: row.instruments, privateKey: row.private_key, chainId: row.chain_id };
      assert.throws(() => signOrder(input), reason);
    });
  }

  type Input = Parameters<typeof signOrder>[0];
  /** Shapes no type would let through, but JSON does. */
  const shapeless: [string, (input: Input) => unknown, RegExp][] = [
    ['no order', () => ({ order: null }), /order is missing/],
    ['no signature part', ({ order }) => ({ order: { ...order, signature: null } }), /signature is missing/],
    ['a leg that is null', ({ order }) => ({ order: { ...order, legs: [null] } }), /legs\[0\] is not a leg: null/],
    ['no instruments', () => ({ instruments: undefined }), /instruments are missing/],
    ['an instrument that is null', () => ({ instruments: { BTC_USDT_Perp: null } }), /instrument is not known/],
    ['no side', (input) => leg(input, { is_buying_asset: undefined }), /is_buying_asset is neither true nor false/],
    ['a side in words', (input) => leg(input, { is_buying_asset: 'false' }), /is_buying_asset .*"false"/],
    ['a flag in words', ({ order }) => ({ order: { ...order, is_market: 'true' } }), /is_market .*"true"/],
    ['a builder that is an object', ({ order }) => ({ order: { ...order, builder: {} } }), /builder is not an address/],
    ['no chain id', () => ({ chainId: undefined }), /chain_id/],
  ];
  function leg({ order }: Input, change: object) {
    return { order: { ...order, legs: [{ ...order.legs[0], ...change }] } };
  }
  for (const [name, change, reason] of shapeless) {
    it(`${name}: neither signed nor recovered, with a reason`, () => {
      const row = vector('own-01');
      const plain = {
        order: row.order,
        instruments: row.instruments,
        privateKey: row.private_key,
        chainId: row.chain_id,
      };
      const input = { ...plain, ...(change(plain) as object) } as Input;
      const refused = (error: unknown) => error instanceof SignatureError && reason.test(error.message);
      assert.throws(() => signOrder(input), refused);
      assert.throws(() => recoverOrderSigner(input), refused);
    });
  }

  it('a key that is no text is refused as a bad key', () => {
    const row = vector('own-01');
    for (const privateKey of [undefined, null, 5, {}] as unknown as string[]) {
      assert.throws(
        () => signOrder({ order: row.order, instruments: row.instruments, privateKey, chainId: row.chain_id }),
        SignatureError,
      );
    }
  });

  it('a signer the order does not name (null) is not compared', () => {
    const row = vector('own-01');
    const order = { ...row.order, signature: { ...row.order.signature, signer: null as unknown as string } };
    assert.equal(recoverOrderSigner({ order, instruments: row.instruments, chainId: row.chain_id }), row.signer);
  });

  it('a bad private key is refused without being shown', () => {
    const row = vector('own-01');
    for (const privateKey of ['0x1234secret', `0x${'0'.repeat(64)}`, `0x${'f'.repeat(64)}`, 'secretsecret']) {
      assert.throws(
        () => signOrder({ order: row.order, instruments: row.instruments, privateKey, chainId: row.chain_id }),
        (error: Error) => error instanceof SignatureError && !error.message.includes(privateKey.slice(2)),
      );
    }
  });

  const malformed: [string, Partial<SignableOrder['signature']>, number][] = [
    ['v 0', { v: 0 }, 2005],
    ['v missing', { v: undefined as unknown as number }, 2005],
    ['r without 0x', { r: 'a'.repeat(64) }, 2006],
    ['r too long', { r: `0x0${'a'.repeat(64)}` }, 2006],
    ['s missing', { s: undefined as unknown as string }, 2006],
    ['s zero', { s: `0x${'0'.repeat(64)}` }, 2006],
    ['r zero', { r: `0x${'0'.repeat(64)}` }, 2006],
    ['r that is no point of the curve', { r: `0x${'0'.repeat(63)}5` }, 2002],
    ['v as a bigint', { v: 27n as unknown as number }, 2005],
    ['a signer that is a number', { signer: 5 as unknown as string }, 2002],
    ['another signer', { signer: '0x0000000000000000000000000000000000000001' }, 2002],
  ];
  for (const [name, change, code] of malformed) {
    it(`a signature with ${name} is refused with ${code}`, () => {
      const row = vector('own-01');
      const order = { ...row.order, signature: { ...row.order.signature, ...change } };
      assert.throws(
        () => recoverOrderSigner({ order, instruments: row.instruments, chainId: row.chain_id }),
        (error: unknown) => error instanceof SignatureError && error.code === code,
      );
    });
  }
});

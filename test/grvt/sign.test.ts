import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import '../support/fixed-seed.ts';
import { hashTypedData, hexToBytes, recoverAddress } from 'viem';
import {
  createOrderSigner,
  type SignableInstrument,
  type SignableOrder,
  SignatureError,
  scaleDecimal,
  signDigest,
} from '../../src/grvt/sign.ts';
import { ORDER_TYPES } from '../support/strange-wire.ts';

interface Vector {
  id: string;
  description: string;
  chain_id: number;
  private_key: string;
  instruments: Record<string, SignableInstrument>;
  order: {
    sub_account_id: string;
    is_market?: boolean;
    time_in_force: string;
    post_only?: boolean;
    reduce_only?: boolean;
    legs: { instrument: string; size: string; limit_price?: string; is_buying_asset: boolean }[];
    signature: { nonce: number; expiration: string };
  };
  typed_data: { primary_type: string };
  digest: string;
  signer: string;
  signature: { r: string; s: string; v: number };
}

const { vectors } = JSON.parse(
  readFileSync(new URL('../data/grvt/signing-vectors.json', import.meta.url), 'utf8'),
) as Record<'vectors', Vector[]>;

/** Those of the kind we send; test/paper/sessions.test.ts has all of them. */
const OURS = vectors.filter(
  ({ order, typed_data }) =>
    order.time_in_force === 'GOOD_TILL_TIME' &&
    order.legs.length === 1 &&
    order.is_market !== true &&
    typed_data.primary_type === 'Order',
);

function signableOf({ order, instruments }: Vector): SignableOrder {
  const [leg] = order.legs;
  assert.ok(leg);
  const instrument = instruments[leg.instrument];
  assert.ok(instrument);
  return {
    instrument,
    postOnly: order.post_only ?? false,
    reduceOnly: order.reduce_only ?? false,
    isBuying: leg.is_buying_asset,
    size: leg.size,
    limitPrice: leg.limit_price ?? '0',
    nonce: order.signature.nonce,
    expiration: BigInt(order.signature.expiration),
  };
}

const PLAIN: SignableOrder = {
  instrument: { instrument_hash: '0x030501', base_decimals: 9 },
  postOnly: true,
  reduceOnly: false,
  isBuying: true,
  size: '0.002',
  limitPrice: '88123',
  nonce: 7,
  expiration: 1_900_000_000_123_000_000n,
};
const KEY = `0x${'2'.repeat(64)}` as const;

describe('order signatures (API 9)', () => {
  assert.ok(OURS.length >= 10, String(OURS.length));

  for (const row of OURS) {
    it(`${row.id} signs to the published bytes: ${row.description}`, () => {
      const { private_key: privateKey, chain_id: chainId, order } = row;
      const signer = createOrderSigner({ privateKey, chainId, subAccountId: order.sub_account_id });
      assert.equal(signer.address, row.signer);
      assert.deepEqual(signer.sign(signableOf(row)), { signer: row.signer, ...row.signature, digest: row.digest });
    });
  }

  it('the digest is the one of a generic EIP-712 encoder, for any order, and its signature recovers to the signer', async () => {
    const uint = (bits: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });
    const flags = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean());
    const property = fc.asyncProperty(
      ...[uint(64), flags, uint(256), uint(64), uint(64), uint(32), uint(63), uint(40)],
      async (subAccount, [postOnly, reduceOnly, isBuying], asset, size, price, nonce, expiration, chainId) => {
        const expected = hashTypedData({
          domain: { name: 'GRVT Exchange', version: '0', chainId },
          types: ORDER_TYPES,
          primaryType: 'Order',
          message: {
            subAccountID: subAccount,
            isMarket: false,
            timeInForce: 1,
            ...{ postOnly, reduceOnly },
            legs: [{ assetID: asset, contractSize: size, limitPrice: price, isBuyingContract: isBuying }],
            nonce: Number(nonce),
            expiration,
          },
        });
        const signer = createOrderSigner({
          privateKey: KEY,
          chainId: Number(chainId),
          subAccountId: String(subAccount),
        });
        const { digest, r, s, v } = signer.sign({
          instrument: { instrument_hash: `0x${asset.toString(16)}`, base_decimals: 0 },
          ...{ postOnly, reduceOnly, isBuying, size: String(size), nonce: Number(nonce), expiration },
          limitPrice: `${price / 1_000_000_000n}.${(price % 1_000_000_000n).toString().padStart(9, '0')}`,
        });
        assert.equal(digest, expected);
        const signature = { r: r as `0x${string}`, s: s as `0x${string}`, v: BigInt(v) };
        assert.equal(await recoverAddress({ hash: expected, signature }), signer.address);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it('libsecp256k1 and its stand-in in JavaScript make the same bytes, short r and s included', () => {
    const digests = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
    const key = hexToBytes(KEY);
    fc.assert(
      fc.property(digests, (digest) => {
        const signature = signDigest(digest, key);
        assert.deepEqual(signature, signDigest(digest, key, null));
        assert.match(`${signature.r} ${signature.s}`, /^0x[0-9a-f]{64} 0x[0-9a-f]{64}$/);
      }),
      { numRuns: 100 },
    );
    // The first of its kind: r has a leading zero byte.
    for (let count = 0; ; count += 1) {
      const digest = count.toString(16).padStart(64, '0');
      const signature = signDigest(digest, key);
      if (!signature.r.startsWith('0x00')) continue;
      assert.deepEqual(signature, signDigest(digest, key, null));
      break;
    }
  });

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
    for (const bad of ['', '-1', '1e3', '0x10', ' 1', '1,5', 'NaN']) {
      assert.throws(() => scaleDecimal('size', bad, 9), /size is not a plain decimal/, bad);
    }
  });

  const broken: [string, Partial<SignableOrder>, RegExp][] = [
    ['a nonce above uint32', { nonce: 4294967296 }, /nonce does not fit/],
    ['a nonce below zero', { nonce: -1 }, /nonce does not fit/],
    ['an expiration above int64', { expiration: 1n << 63n }, /expiration does not fit/],
    ['a price above uint64', { limitPrice: '18446744073.709551616' }, /limit_price does not fit/],
    ['a size above uint64', { size: '18446744073.709551616' }, /size does not fit/],
    ['a negative size', { size: '-1' }, /size is not a plain decimal/],
  ];
  for (const [name, change, why] of broken) {
    it(`an order with ${name} cannot be signed, and the field is named`, () => {
      const signer = createOrderSigner({ privateKey: KEY, chainId: 326, subAccountId: '1' });
      assert.throws(
        () => signer.sign({ ...PLAIN, ...change }),
        (error) => error instanceof SignatureError && why.test(error.message),
      );
    });
  }

  it('a bad private key is refused without being shown', () => {
    for (const privateKey of ['0x1234secret', `0x${'0'.repeat(64)}`, `0x${'f'.repeat(64)}`, 'secretsecret']) {
      assert.throws(
        () => createOrderSigner({ privateKey, chainId: 326, subAccountId: '1' }),
        (error: Error) => error instanceof SignatureError && !error.message.includes(privateKey.slice(2)),
      );
    }
  });

  it('a sub account id that is no uint64 is refused', () => {
    for (const subAccountId of ['abc', '-1', '', String(1n << 64n)]) {
      assert.throws(
        () => createOrderSigner({ privateKey: KEY, chainId: 326, subAccountId }),
        /sub_account_id does not fit/,
      );
    }
  });
});

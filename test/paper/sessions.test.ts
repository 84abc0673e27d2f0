import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { privateKeyToAccount } from 'viem/accounts';
import { instrumentsFromJson } from '../../src/paper/index.ts';
import { orderDigest, recoverSigner, signedBy } from '../../src/paper/signature.ts';
import { signedOrder } from './client.ts';
import { type Loose, PaperBench } from './paper-bench.ts';

async function walletLogin(d: PaperBench, name: string, change: (message: Loose) => void = () => {}, chainId = 326) {
  const signer = privateKeyToAccount(d.account(name).privateKey as `0x${string}`);
  const message = { signer: signer.address, nonce: 5, expiration: BigInt(d.nowMs + 60_000) * 1_000_000n };
  const signature = await signer.signTypedData({
    domain: { name: 'GRVT Exchange', version: '0', chainId },
    types: {
      WalletLogin: [
        { name: 'signer', type: 'address' },
        { name: 'nonce', type: 'uint32' },
        { name: 'expiration', type: 'int64' },
      ],
    },
    primaryType: 'WalletLogin',
    message,
  });
  const body: Loose = {
    address: signer.address,
    signature: {
      signer: signer.address,
      r: signature.slice(0, 66),
      s: `0x${signature.slice(66, 130)}`,
      v: Number.parseInt(signature.slice(130), 16),
      expiration: message.expiration.toString(),
      nonce: 5,
    },
  };
  change(body);
  return d.raw(null, '/auth/wallet/login', body);
}

describe('sessions', () => {
  it('end when their cookie says, by the exchange’s clock', () => {
    const d = new PaperBench({ sessionMs: 60_000 });
    d.wait(59_999);
    assert.equal(d.call('A', 'positions').status, 200);
    d.wait(1);
    const answer = d.call('A', 'positions');
    assert.deepEqual(answer, {
      status: 401,
      body: { code: 1000, message: 'You need to authenticate prior to using this functionality', status: 401 },
    });
    d.login('A');
    assert.equal(d.call('A', 'positions').status, 200);
  });

  it('of two keys of an account both open sessions and sign; what was revoked does neither, the other goes on', async () => {
    const d = new PaperBench();
    const { control } = d.exchange;
    const former = d.account('A');
    const key = control.keys({ account: 'A' });
    assert.ok(key);
    assert.deepEqual([key.subAccountId, key.owner], [former.subAccountId, former.owner]);
    assert.notEqual(key.signer, former.signer);
    const login = (apiKey: string) => d.raw(null, '/auth/api_key/login', { api_key: apiKey });
    const inputs = {
      instrument: 'BTC_USDT_Perp',
      buy: true,
      size: '1',
      price: '100.0',
      expirationMs: d.nowMs + 600_000,
    };
    const create = async (by: typeof former) =>
      d.call('A', 'create_order', { order: await signedOrder(by, d.specs, { ...inputs }) }).status;
    d.still();
    assert.deepEqual([await create(former), await create(key)], [200, 200]);
    control.keys({ revoke: former.apiKey });
    assert.equal(login(former.apiKey).status, 401);
    assert.equal(d.call('A', 'positions').status, 401, 'the session of the revoked key is over');
    const answer = login(key.apiKey);
    assert.equal(answer.status, 200);
    d.headers.set('A', {
      'content-type': 'application/json',
      cookie: answer.headers['set-cookie']!.split(';')[0]!,
      'x-grvt-account-id': answer.headers['x-grvt-account-id']!,
    });
    assert.deepEqual([await create(former), await create(key)], [403, 200]);
    assert.deepEqual(
      d.exchange.sessions.credentials.map(({ name }) => name),
      ['B', 'A'],
    );
    const { status, body } = control.handle('POST', '/paper/keys', '{}');
    assert.deepEqual([status, JSON.parse(body)], [400, { error: 'one of account, revoke' }]);
  });

  it('set a cookie named gravity with an Expires every client can read, and the account id', () => {
    const d = new PaperBench({ sessionMs: 3_600_000 });
    const answer = d.raw(null, '/auth/api_key/login', { api_key: d.account('A').apiKey });
    assert.match(
      answer.headers['set-cookie']!,
      /^gravity=[0-9a-f]+; Path=\/; Expires=[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT;/,
    );
    const expires = /Expires=([^;]+)/.exec(answer.headers['set-cookie']!)![1]!;
    assert.equal(Date.parse(expires), d.nowMs + 3_600_000);
    assert.equal(answer.headers.date, new Date(d.nowMs).toUTCString());
    assert.ok(answer.headers['x-grvt-account-id']);
  });

  it('name the account under every name a client looks it up by', () => {
    const d = new PaperBench();
    const answer = d.raw(null, '/auth/api_key/login', { api_key: d.account('A').apiKey });
    const body = JSON.parse(answer.body);
    assert.deepEqual([body.sub_account_id, body.trading_account_id], [d.sub('A'), d.sub('A')]);
  });

  it('need both the cookie and the account id', () => {
    const d = new PaperBench();
    const headers = d.headers.get('A')!;
    for (const missing of ['cookie', 'x-grvt-account-id']) {
      const { [missing]: _gone, ...rest } = headers;
      const answer = d.exchange.handle(
        { method: 'POST', path: '/full/v1/positions', headers: rest, body: `{"sub_account_id":"${d.sub('A')}"}` },
        d.nowMs,
      );
      assert.equal(answer.status, 401, missing);
    }
  });

  it('read their own account only', () => {
    const d = new PaperBench();
    assert.deepEqual([d.call('A', 'positions', { sub_account_id: d.sub('B') }).body.code], [1001]);
    assert.deepEqual(d.call('A', 'get_sub_accounts').body, { sub_account_ids: [d.sub('A')] });
  });

  it('refuse an unknown key', () => {
    assert.equal(new PaperBench().raw(null, '/auth/api_key/login', { api_key: 'nobody' }).status, 401);
  });

  it('open by a wallet signature as well', async () => {
    const d = new PaperBench();
    const answer = await walletLogin(d, 'B');
    assert.equal(answer.status, 200, answer.body);
    assert.equal(JSON.parse(answer.body).sub_account_id, d.sub('B'));
    d.headers.set('B', {
      'content-type': 'application/json',
      cookie: answer.headers['set-cookie']!.split(';')[0]!,
      'x-grvt-account-id': answer.headers['x-grvt-account-id']!,
    });
    assert.equal(d.call('B', 'positions').status, 200);
  });

  for (const [own, also, signed, code] of [
    [326, [], 326, undefined],
    [326, [], 327, 2002],
    [326, [327], 327, undefined],
    [326, [327], 326, undefined],
    [326, [327], 325, 2002],
  ] as const) {
    it(`open by a wallet signature for ${signed} on chain ${own}, also ${also}: ${code ?? 'yes'}`, async () => {
      const d = new PaperBench({ chainId: own, alsoChainIds: also });
      const answer = await walletLogin(d, 'A', () => {}, signed);
      assert.equal(JSON.parse(answer.body).code, code);
    });
  }

  for (const [rule, code, change] of [
    ['a signature over something else', 2002, (body: Loose) => (body.signature.nonce = 6)],
    ['an expired one', 2001, (body: Loose) => (body.signature.expiration = '1')],
    ['v out of range', 2005, (body: Loose) => (body.signature.v = 0)],
    ['no signature', 1003, (body: Loose) => delete body.signature],
  ] as const) {
    it(`wallet login refuses ${rule}`, async () => {
      assert.equal(JSON.parse((await walletLogin(new PaperBench(), 'A', change)).body).code, code);
    });
  }

  it('without a JSON content type nothing is understood', () => {
    const d = new PaperBench();
    const answer = d.exchange.handle(
      { method: 'POST', path: '/full/v1/all_instruments', headers: {}, body: '{}' },
      d.nowMs,
    );
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [400, 1003]);
  });

  for (const [what, body, status] of [
    ['null', 'null', 200],
    ['nothing', '', 200],
    ['an empty list', '[]', 400],
    ['half a body', '{"a":', 400],
  ] as const) {
    it(`a body of ${what} answers ${status}`, () => {
      const d = new PaperBench();
      const headers = { 'content-type': 'application/json' };
      assert.equal(
        d.exchange.handle({ method: 'POST', path: '/lite/v1/all_instruments', headers, body }, d.nowMs).status,
        status,
      );
    });
  }
});

describe('signatures', () => {
  const file: Loose = JSON.parse(readFileSync(new URL('../data/grvt/signing-vectors.json', import.meta.url), 'utf8'));

  function digest(vector: Loose): Uint8Array {
    const { order, instruments } = vector;
    return orderDigest(
      {
        subAccountId: BigInt(order.sub_account_id),
        isMarket: order.is_market ?? false,
        timeInForce: order.time_in_force,
        postOnly: order.post_only ?? false,
        reduceOnly: order.reduce_only ?? false,
        legs: order.legs.map((leg: Loose) => ({
          hash: instruments[leg.instrument].instrument_hash,
          baseDecimals: instruments[leg.instrument].base_decimals,
          size: leg.size,
          limitPrice: order.is_market ? '' : (leg.limit_price ?? ''),
          buying: leg.is_buying_asset,
        })),
        nonce: order.signature.nonce,
        expirationNs: BigInt(order.signature.expiration),
        builder: order.builder ?? null,
        builderFee: order.builder_fee ?? '',
      },
      vector.chain_id,
    );
  }

  for (const vector of file.vectors) {
    it(`${vector.id}: ${vector.description}`, () => {
      if (vector.typed_data.primary_type !== 'Order' && vector.typed_data.primary_type !== 'OrderWithBuilderFee')
        return;
      const hash = digest(vector);
      assert.equal(`0x${Buffer.from(hash).toString('hex')}`, vector.digest);
      const raw = { r: BigInt(vector.signature.r), s: BigInt(vector.signature.s), v: vector.signature.v };
      assert.equal(recoverSigner(hash, raw), vector.signer.toLowerCase());
      const key = BigInt(vector.private_key);
      assert.equal(signedBy(key, hash, raw), true);
      assert.equal(signedBy(key, hash, { ...raw, v: raw.v === 27 ? 28 : 27 }), false);
      assert.equal(signedBy(key + 1n, hash, raw), false);
      assert.equal(signedBy(key, hash, { ...raw, s: raw.s - 1n }), false);
    });
  }

  for (const vector of file.negative) {
    it(`${vector.id}: ${vector.description} is refused with ${vector.expected_error_code}`, () => {
      const d = new PaperBench({
        chainId: vector.chain_id,
        instruments: instrumentsFromJson(
          Object.values<Loose>(vector.instruments).map((row) => ({
            base: 'X',
            quote: 'USDT',
            tick_size: '0.01',
            min_size: '0.001',
            ...row,
          })),
        ),
      });
      const answer = d.call('A', 'create_order', { order: vector.order });
      assert.equal(answer.body.code, vector.expected_error_code, JSON.stringify(answer.body));
    });
  }

  for (const order of file.observed) {
    it(`observed: ${order.id ?? order.description}`, () => {
      const { signature } = order.order;
      const raw = { r: BigInt(signature.r), s: BigInt(signature.s), v: signature.v };
      assert.equal(recoverSigner(digest(order), raw), signature.signer.toLowerCase());
    });
  }
});

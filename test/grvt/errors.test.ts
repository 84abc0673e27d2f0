import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reason } from '../../src/core/reasons.ts';
import { type CallEffect, classify, ERROR_TABLE, errorRow, networkTrouble } from '../../src/grvt/errors.ts';

const site = (effect: CallEffect) => ({ call: 'someCall', account: 'A' as const, effect });

/** API 3, written out a second time: code, HTTP status, what it is for a read, for a create, for a cancel. */
const EXPECTED: readonly [codes: number[], http: number, read: string, create: string][] = [
  [[1000], 401, 'unauthenticated', 'unauthenticated'],
  [[1001, 2000, 2003, 2004], 403, 'parked', 'parked'],
  [[1008], 401, 'parked', 'parked'],
  [[1012], 400, 'parked', 'parked'],
  [[1002, 1005, 3004, 3005, 3006], 500, 'unavailable', 'unknown'],
  [[1014], 504, 'unavailable', 'unknown'],
  [[1009, 1015], 503, 'unavailable', 'unknown'],
  [[1004], 404, 'not-found', 'not-found'],
  [[1006], 429, 'rate-limited', 'rate-limited'],
  [[2012], 400, 'unavailable', 'unknown'],
  [[2090], 429, 'refused', 'refused'],
  [[1400, 2091, 2001, 2002, 2005, 2006, 2007, 2008], 403, 'refused', 'refused'],
  [
    [1003, 1101, 1102, 1103, 2010, 2011, 2020, 2021, 2030, 2032, 2040, 2041, 2042, 2050, 2051],
    400,
    'refused',
    'refused',
  ],
  [[2060, 2061, 2062, 2063, 2064, 2065, 2066, 2067, 2070, 2080, 2081, 2082, 2083, 2084], 400, 'refused', 'refused'],
  [[2110, 2111, 2112, 2113, 2114, 2115, 2116, 2117, 2242, 2450, 2451, 2452, 2453], 400, 'refused', 'refused'],
  [[2233, 2234, 2235, 2236, 2237, 2413, 2300, 2301, 2400, 2401, 2402], 400, 'refused', 'refused'],
  [
    [3000, 3007, 3020, 3021, 3030, 3031, 6000, 7201, 7304, 7500, 7501, 7502, 7503, 7504, 7600, 7601, 7602, 7603],
    400,
    'refused',
    'refused',
  ],
];

describe('GRVT error codes (API 3)', () => {
  for (const [codes, http, read, create] of EXPECTED) {
    for (const code of codes) {
      it(`${code} (HTTP ${http}) is ${read} for a read, ${create} for a create and a cancel`, () => {
        assert.equal(errorRow(code)?.http, http);
        const kindFor = (effect: CallEffect) =>
          classify(site(effect), { kind: 'error-body', status: http, code, message: 'said' }).kind;
        assert.equal(kindFor('read'), read);
        assert.equal(kindFor('create'), create);
        assert.equal(kindFor('cancel'), create);
      });
    }
  }

  it('the table has every documented code once, and no other', () => {
    const expected = EXPECTED.flatMap(([codes]) => codes).sort();
    assert.deepEqual(ERROR_TABLE.map((row) => row.code).sort(), expected);
  });

  it('a code nobody knows is an unknown outcome of a create and a failed read', () => {
    for (const status of [200, 400, 403, 500]) {
      const trouble = { kind: 'error-body', status, code: 9999, message: 'new' } as const;
      assert.equal(classify(site('create'), trouble).kind, 'unknown');
      assert.equal(classify(site('cancel'), trouble).kind, 'unknown');
      assert.equal(classify(site('read'), trouble).kind, 'unavailable');
    }
  });

  it('9.6 a 5xx is an unknown outcome of a create whatever code it carries', () => {
    for (const { code } of ERROR_TABLE) {
      const trouble = { kind: 'error-body', status: 502, code, message: 'said' } as const;
      assert.equal(classify(site('create'), trouble).kind, 'unknown', `${code}`);
      assert.equal(classify(site('cancel'), trouble).kind, 'unknown', `${code}`);
      assert.equal(classify(site('read'), trouble).kind, 'unavailable', `${code}`);
    }
  });

  it('a refused signature of a create names the settings mostly behind it, and nothing else does (API 9)', () => {
    const signature = (account: 'A' | 'B', effect: CallEffect, code: number) =>
      classify({ call: 'createOrder', account, effect }, { kind: 'error-body', status: 403, code, message: 'no' })
        .message;
    assert.match(
      signature('A', 'create', 2002),
      /^createOrder of account A: signature does not match the payload \(check GRVT_CHAIN_ID and GRVT_TRADING_PRIVATE_KEY_1\): 2002 "no"/,
    );
    for (const code of [1012, 2000]) assert.match(signature('B', 'create', code), /GRVT_CHAIN_ID and .*KEY_2\)/);
    for (const [effect, code] of [
      ['create', 2001],
      ['create', 2066],
      ['read', 2000],
      ['cancel', 2002],
    ] as const) {
      assert.doesNotMatch(signature('A', effect, code), /GRVT_/);
    }
  });

  it('a failure says which call of which account, the code and the exchange’s words', () => {
    const error = classify(site('create'), { kind: 'error-body', status: 400, code: 2066, message: 'Order below' });
    assert.equal(error.message, 'someCall of account A: below min notional: 2066 "Order below" (HTTP 400)');
    assert.deepEqual([error.code, error.call, error.account], [2066, 'someCall', 'A']);
  });

  const unreadable: [number, string, string][] = [
    [200, 'unavailable', 'unknown'],
    [302, 'unavailable', 'unknown'],
    [401, 'unauthenticated', 'unauthenticated'],
    [403, 'unavailable', 'unknown'],
    [404, 'unavailable', 'unknown'],
    [429, 'rate-limited', 'rate-limited'],
    [500, 'unavailable', 'unknown'],
    [502, 'unavailable', 'unknown'],
    [503, 'unavailable', 'unknown'],
  ];
  for (const [status, read, create] of unreadable) {
    it(`HTTP ${status} without a readable body is ${read} for a read and ${create} for a create`, () => {
      for (const trouble of [
        { kind: 'unreadable', status, body: reason('body-html', '10.4', { characters: 9 }) } as const,
        { kind: 'status', status } as const,
      ]) {
        assert.equal(classify(site('read'), trouble).kind, read);
        assert.equal(classify(site('create'), trouble).kind, create);
      }
    });
  }

  const network: [string, unknown, boolean][] = [
    ['a refused connection', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), false],
    ['a name that does not resolve', Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), false],
    ['a connection that times out', Object.assign(new Error('x'), { code: 'ETIMEDOUT', syscall: 'connect' }), false],
    [
      'a network out of reach while connecting',
      Object.assign(new Error('x'), { code: 'ENETUNREACH', syscall: 'connect' }),
      false,
    ],
    [
      'every address tried and none reached',
      Object.assign(new AggregateError([Object.assign(new Error(), { code: 'ETIMEDOUT', syscall: 'connect' })]), {
        code: 'ETIMEDOUT',
      }),
      false,
    ],
    [
      'a refusal wrapped by the client',
      Object.assign(new Error('w'), { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }),
      false,
    ],
    ['a reset', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), true],
    ['a read that times out', Object.assign(new Error('x'), { code: 'ETIMEDOUT', syscall: 'read' }), true],
    ['a broken pipe', Object.assign(new Error('x'), { code: 'EPIPE', syscall: 'write' }), true],
    ['an aborted answer', Object.assign(new Error('aborted'), { code: 'ECONNABORTED' }), true],
    ['an answer too large', Object.assign(new Error('maxContentLength exceeded'), { code: 'ERR_BAD_RESPONSE' }), true],
    ['anything else', 'boom', true],
  ];
  for (const [name, thrown, sent] of network) {
    it(`${name} ${sent ? 'leaves a create unknown' : 'means the create never left'}`, () => {
      assert.equal(classify(site('create'), networkTrouble(thrown)).kind, sent ? 'unknown' : 'unavailable');
      assert.equal(classify(site('read'), networkTrouble(thrown)).kind, 'unavailable');
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../src/core/facts.ts';
import { ExchangeError } from '../../src/grvt/errors.ts';
import { createExchangeClock } from '../../src/grvt/exchange-clock.ts';
import { createSession, type FetchLike, type Session } from '../../src/grvt/session.ts';
import { failed } from '../support/core.ts';
import { failure } from './support.ts';

interface Answer {
  status?: number;
  cookies?: string[];
  accountId?: string | null;
  body?: string;
  date?: number;
  joined?: boolean;
}

interface Bench {
  session: Session;
  clock: { ms: number };
  logins: { url: string; headers: Record<string, string>; body: string; redirect: string }[];
  proofs: string[];
  /** Leave asked for, and how each was ended. */
  permits: number;
  ended: string[];
  facts: Fact[];
  answer: (number: number) => Answer | Promise<Answer>;
  prove: () => Promise<void>;
}

const START = Date.parse('2026-03-01T12:00:00Z');
const gmt = (ms: number) => new Date(ms).toUTCString();
const cookie = (number: number, expiresMs: number) => `gravity=c${number}; Path=/; Expires=${gmt(expiresMs)}; HttpOnly`;

/** A session over a scripted fetch; lives an hour per login unless told otherwise. */
function bench(): Bench {
  const clock = { ms: START };
  const made: Omit<Bench, 'session'> = {
    clock,
    logins: [],
    proofs: [],
    permits: 0,
    ended: [],
    facts: [],
    answer: (number) => ({ cookies: [cookie(number, clock.ms + 3_600_000)] }),
    prove: async () => {},
  };
  const fetch: FetchLike = async (url, init) => {
    made.logins.push({ url, ...init });
    const {
      status = 200,
      cookies = [],
      accountId = 'id',
      body = '{"status":"success"}',
      date,
      joined,
    } = await made.answer(made.logins.length);
    const named: Record<string, string | null> = {
      'x-grvt-account-id': accountId,
      date: date === undefined ? null : gmt(date),
    };
    return {
      status,
      headers: {
        get: (name: string) => (name === 'set-cookie' ? cookies.join(', ') : (named[name] ?? null)),
        ...(joined === true ? {} : { getSetCookie: () => cookies }),
      },
      text: async () => body,
    };
  };
  const session = createSession({
    account: 'B',
    edgeUrl: 'http://edge.test/',
    apiKey: 'the-key',
    fetch,
    clock: { nowMs: () => clock.ms },
    exchangeClock: createExchangeClock({ nowMs: () => clock.ms }),
    admit: async () => {
      made.permits += 1;
      return {
        done: () => void made.ended.push('done'),
        limited: () => void made.ended.push('limited'),
        unused: () => void made.ended.push('unused'),
      };
    },
    prove: async (headers) => {
      made.proofs.push(headers.Cookie);
      await made.prove();
    },
    report: (fact) => made.facts.push(fact),
  });
  return Object.assign(made, { session });
}

describe('sessions (strategy 9.8, API 2)', () => {
  it('logs in once for however many calls are waiting, and proves the session by a private read', async () => {
    const one = bench();
    const headers = await Promise.all(Array.from({ length: 20 }, () => one.session.ready()));
    assert.equal(one.logins.length, 1);
    assert.deepEqual(one.proofs, ['gravity=c1']);
    assert.ok(headers.every((each) => each.Cookie === 'gravity=c1' && each['X-Grvt-Account-Id'] === 'id'));
    assert.equal(one.logins[0]!.url, 'http://edge.test/auth/api_key/login');
    assert.deepEqual(JSON.parse(one.logins[0]!.body), { api_key: 'the-key' });
    assert.equal(one.logins[0]!.redirect, 'manual');
    assert.ok(one.facts.some((fact) => fact.type === 'session.renewed' && fact.untilMs === START + 3_600_000));
  });

  it('16.4 another key counts once it is logged in and proven; the session of before serves until then', async () => {
    const one = bench();
    await one.session.ready();
    let prove = () => {};
    one.prove = () => new Promise<void>((resolve) => (prove = resolve));
    const rekeyed = one.session.rekey('the-new-key');
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(one.session.current()?.Cookie, 'gravity=c1');
    prove();
    await rekeyed;
    assert.deepEqual(JSON.parse(one.logins[1]!.body), { api_key: 'the-new-key' });
    assert.equal(one.session.current()?.Cookie, 'gravity=c2');
  });

  for (const [what, spoil] of [
    ['refused', (one: Bench) => (one.answer = () => ({ status: 401, body: 'no' }))],
    [
      'of another account',
      (one: Bench) =>
        (one.prove = () =>
          Promise.reject(new ExchangeError('parked', { call: 'positions', account: 'B' }, 1001, failed('no')))),
    ],
  ] as const)
    it(`16.4 a key that is ${what} changes nothing, and the next login is one with the previous key`, async () => {
      const one = bench();
      await one.session.ready();
      const good = { answer: one.answer, prove: one.prove };
      spoil(one);
      await assert.rejects(one.session.rekey('a-bad-key'));
      assert.equal(one.session.current()?.Cookie, 'gravity=c1');
      Object.assign(one, good);
      await one.session.login();
      assert.deepEqual(JSON.parse(one.logins.at(-1)!.body), { api_key: 'the-key' });
    });

  it('is renewed before it ends, while calls go on with the old one', async () => {
    const one = bench();
    await one.session.ready();
    one.clock.ms += 3_600_000 - 61_000;
    assert.equal((await one.session.ready()).Cookie, 'gravity=c1');
    assert.equal(one.logins.length, 1);
    one.clock.ms += 2_000;
    assert.equal((await one.session.ready()).Cookie, 'gravity=c1');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(one.logins.length, 2);
    assert.equal((await one.session.ready()).Cookie, 'gravity=c2');
  });

  it('is not used any more once it has ended', async () => {
    const one = bench();
    await one.session.ready();
    one.clock.ms += 3_600_000 - 1_000;
    assert.equal(one.session.current(), null);
    assert.equal((await one.session.ready()).Cookie, 'gravity=c2');
  });

  it('its end is judged by the exchange’s clock, not ours', async () => {
    const one = bench();
    // The exchange lives two hours behind us: by our clock its cookie has ended already.
    const there = () => one.clock.ms - 7_200_000;
    one.answer = (number) => ({ cookies: [cookie(number, there() + 3_600_000)], date: there() });
    assert.equal((await one.session.ready()).Cookie, 'gravity=c1');
    one.clock.ms += 3_000_000;
    await one.session.ready();
    assert.equal(one.logins.length, 1);
    one.clock.ms += 599_500;
    await one.session.ready();
    assert.equal(one.logins.length, 2);
  });

  it('a cookie that has ended already by the exchange’s clock is a failed login', async () => {
    const one = bench();
    one.answer = () => ({ cookies: [cookie(1, START - 1_000)], date: START });
    assert.match((await failure(one.session.ready())).message, /ended already/);
  });

  const spellings: [string, string, number | null][] = [
    ['Expires', 'gravity=x; Expires=Sun, 01 Mar 2026 12:10:00 GMT; Path=/', 600_000],
    ['Expires with hyphens', 'gravity=x; expires=Sun, 01-Mar-2026 12:10:00 GMT', 600_000],
    ['Max-Age alone', 'gravity=x; Max-Age=600', 600_000],
    ['Expires before Max-Age', 'gravity=x; Max-Age=5; Expires=Sun, 01 Mar 2026 12:10:00 GMT', 600_000],
    ['neither: only a 401 tells', 'gravity=x; Path=/', null],
  ];
  for (const [name, header, lifetimeMs] of spellings) {
    for (const joined of [false, true]) {
      it(`the cookie’s end is read from ${name}${joined ? ', headers joined' : ''}`, async () => {
        const one = bench();
        one.answer = () => ({ cookies: ['other=1; Expires=Mon, 02 Mar 2026 00:00:00 GMT', header, 'last=2'], joined });
        assert.equal((await one.session.ready()).Cookie, 'gravity=x');
        one.clock.ms += (lifetimeMs ?? 86_400_000) - 1;
        assert.equal(one.session.current() === null, lifetimeMs !== null);
        one.clock.ms = START + (lifetimeMs ?? 86_400_000) / 2;
        assert.notEqual(one.session.current(), null);
      });
    }
  }

  it('a rejected session costs one login for all its calls, and later calls take the new one', async () => {
    const one = bench();
    const old = await one.session.ready();
    const renewed = await Promise.all([one.session.renew(old), one.session.renew(old), one.session.renew(old)]);
    assert.ok(renewed.every((headers) => headers.Cookie === 'gravity=c2'));
    assert.equal((await one.session.renew(old)).Cookie, 'gravity=c2');
    assert.equal(one.logins.length, 2);
  });

  it('an unproven session is proven again before another login is spent, and nobody gets it meanwhile', async () => {
    const one = bench();
    one.prove = async () => {
      throw new ExchangeError('unavailable', { call: 'accountSummary', account: 'B' }, null, failed('down'));
    };
    assert.equal((await failure(one.session.ready())).kind, 'unavailable');
    assert.equal(one.session.current(), null);
    one.clock.ms += 1_000;
    one.prove = async () => {};
    assert.equal((await one.session.ready()).Cookie, 'gravity=c1');
    assert.equal(one.logins.length, 1);
  });

  it('a session the exchange refuses at its proof is thrown away', async () => {
    const one = bench();
    one.prove = async () => {
      throw new ExchangeError('unauthenticated', { call: 'accountSummary', account: 'B' }, 1000, failed('no'));
    };
    assert.equal((await failure(one.session.ready())).kind, 'unauthenticated');
    one.clock.ms += 1_000;
    one.prove = async () => {};
    assert.equal((await one.session.ready()).Cookie, 'gravity=c2');
  });

  const refusals: [string, Answer, string, RegExp][] = [
    ['1008', { status: 401, body: '{"code":1008,"message":"ip","status":401}' }, 'parked', /whitelisted/],
    ['1001', { status: 403, body: '{"c":1001,"m":"no","s":403}' }, 'parked', /not authorised/],
    ['a wrong key', { status: 401, body: 'Unauthorized' }, 'unauthenticated', /GRVT_TRADING_API_KEY_2/],
    ['a failure in 200', { body: '{"status":"failure"}' }, 'unauthenticated', /the API key was not accepted/],
    ['no cookie', {}, 'unavailable', /without a session cookie: no answer to a login/],
    ['null', { body: 'null' }, 'unavailable', /without a session cookie/],
    ['an empty body', { body: '' }, 'unavailable', /without a session cookie/],
    ['a list', { body: '[]' }, 'unavailable', /without a session cookie/],
    ['half an answer', { body: '{"status":"succ' }, 'unavailable', /without a session cookie/],
    ['a page of HTML in 200', { body: '<html></html>' }, 'unavailable', /HTML/],
    ['another cookie', { cookies: ['other=1'] }, 'unavailable', /without a session cookie/],
    ['no account id', { cookies: ['gravity=x'], accountId: null }, 'unavailable', /X-Grvt-Account-Id/],
    ['a cookie that has ended', { cookies: [cookie(1, START - 1)] }, 'unavailable', /ended already/],
    ['an error body in 200', { body: '{"code":1000,"message":"no","status":401}' }, 'unauthenticated', /1000/],
    ['429', { status: 429, body: '' }, 'rate-limited', /429/],
    ['502 HTML', { status: 502, body: '<html>' }, 'unavailable', /502/],
    // Not the exchange's words, so nothing was said of the key: wait, and try again (strategy 13.2).
    ['a redirect', { status: 302, body: '' }, 'unavailable', /HTTP 302, a redirect/],
    ['a portal’s redirect with HTML', { status: 307, body: '<html>' }, 'unavailable', /HTTP 307, a redirect/],
    ['a challenge: 403 with HTML', { status: 403, body: '<!DOCTYPE html><title>x</title>' }, 'unavailable', /HTML/],
    ['403 with HTML after white space', { status: 403, body: '\r\n\ufeff <html>' }, 'unavailable', /HTML/],
    ['403 in plain words', { status: 403, body: 'error code: 1020' }, 'unavailable', /no JSON/],
    ['403 with nothing', { status: 403, body: '' }, 'unavailable', /empty/],
    ['403 with half an answer', { status: 403, body: '{"code":' }, 'unavailable', /no JSON/],
    ['401 with HTML', { status: 401, body: '<html>' }, 'unavailable', /HTML/],
    ['404 with HTML', { status: 404, body: '<html>nginx' }, 'unavailable', /HTML.*GRVT_EDGE_URL/],
    ['407', { status: 407, body: '<html>' }, 'unavailable', /HTML/],
    ['a portal’s page in 200', { body: '<html>Welcome, please sign in' }, 'unavailable', /HTML.*GRVT_EDGE_URL/],
    // The exchange's own no.
    [
      'JSON 403',
      { status: 403, body: '{"status":"failure"}' },
      'unauthenticated',
      /GRVT_TRADING_API_KEY_2.*IP list.*region.*GRVT_EDGE_URL/,
    ],
    [
      'JSON 403 with a code',
      { status: 403, body: '{"code":1001,"message":"no","status":403}' },
      'parked',
      /1001.*IP list.*region/,
    ],
    ['JSON 404', { status: 404, body: '{}' }, 'unauthenticated', /GRVT_EDGE_URL/],
    ['JSON 401', { status: 401, body: '{}' }, 'unauthenticated', /GRVT_TRADING_API_KEY_2/],
  ];
  for (const [name, answer, kind, words] of refusals) {
    it(`a login answered with ${name} fails loudly: ${kind}`, async () => {
      const one = bench();
      one.answer = () => answer;
      const failed = await failure(one.session.ready());
      assert.equal(failed.kind, kind);
      assert.match(failed.message, words);
      assert.match(failed.message, /login of account B/);
      assert.ok(!failed.message.includes('the-key'));
    });
  }

  it('failing logins are spaced, ever more: callers get the last failure meanwhile', async () => {
    const one = bench();
    one.answer = () => ({ status: 503 });
    const pauses: number[] = [];
    for (let wanted = 1; wanted <= 8; wanted += 1) {
      const fromMs = one.clock.ms;
      while (one.logins.length < wanted) {
        await failure(one.session.ready());
        if (one.logins.length < wanted) one.clock.ms += 500;
      }
      pauses.push(one.clock.ms - fromMs);
    }
    assert.deepEqual(pauses, [0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('an explicit login does not wait for that pause', async () => {
    const one = bench();
    one.answer = () => ({ status: 503 });
    await failure(one.session.ready());
    one.answer = (number) => ({ cookies: [cookie(number, START + 3_600_000)] });
    assert.equal((await one.session.login()).Cookie, 'gravity=c2');
  });

  it('a renewal that fails while the session still works is reported, and stops nobody', async () => {
    const one = bench();
    await one.session.ready();
    one.answer = () => ({ status: 503 });
    one.clock.ms += 3_600_000 - 30_000;
    assert.equal((await one.session.ready()).Cookie, 'gravity=c1');
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(one.facts.some((fact) => fact.type === 'login.failed' && fact.failure.call === 'login'));
    assert.equal((await one.session.ready()).Cookie, 'gravity=c1');
  });

  it('a login without an answer is over after 5 s', async (context) => {
    const one = bench();
    one.answer = () => new Promise<Answer>(() => {});
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const failed = failure(one.session.ready());
    // Leave to send comes first; the time-out is the request's.
    await new Promise((resolve) => setImmediate(resolve));
    context.mock.timers.tick(5_000);
    assert.match((await failed).message, /no answer within 5 s/);
  });
});

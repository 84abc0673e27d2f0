import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRedactor, secretsOfAddress } from '../../src/settings/redact.ts';
import '../support/fixed-seed.ts';
import { cpuTimeMs } from '../support/cpu-time.ts';

const inJson = (text: string) => JSON.stringify({ error: `bad key ${text}` }).slice(1, -1);
const bytesAs = (text: string, write: (byte: number) => string) => [...Buffer.from(text)].map(write).join('');
const hex2 = (byte: number) => byte.toString(16).padStart(2, '0');

/** Ways in which others write a text. */
const ESCAPES: Readonly<Record<string, (text: string) => string>> = {
  json: inJson,
  'json with slashes escaped': (text) => inJson(text).replaceAll('/', '\\/'),
  'json, all characters as \\u': (text) => bytesAs(text, (byte) => `\\u00${hex2(byte)}`),
  percent: encodeURIComponent,
  'percent, every byte': (text) => bytesAs(text, (byte) => `%${hex2(byte)}`),
  html: (text) =>
    text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll("'", '&#39;').replaceAll('<', '&lt;'),
};
const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'basic auth': (text) => Buffer.from(`a:${text}`).toString('base64'),
  'base64 of JSON': (text) => Buffer.from(JSON.stringify({ key: text })).toString('base64'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'hex, upper case': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  'hex with 0x': (text) => `0x${Buffer.from(text).toString('hex')}`,
};

const printable = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 12,
  maxLength: 64,
});
const alphanumeric = fc.string({
  unit: fc.constantFrom(...'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'),
  minLength: 21,
  maxLength: 40,
});
const quoted = fc.tuple(alphanumeric, alphanumeric).map(([a, b]) => `${a}"\\${b}`);
const privateKey = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`);
const key = fc.oneof(printable, alphanumeric, quoted, privateKey);
/** Text around a secret that is no part of it and no cut. */
const padding = fc.string({ unit: fc.constantFrom(' ', '!', '~', 'é', '中', ' '), maxLength: 400 });

/** The longest piece of `secret` that `text` still shows. */
function shown(text: string, secret: string): string {
  let longest = '';
  for (let from = 0; from < secret.length; from++) {
    while (text.includes(secret.slice(from, from + longest.length + 1)) && from + longest.length < secret.length) {
      longest = secret.slice(from, from + longest.length + 1);
    }
  }
  return longest;
}

describe('the redactor', () => {
  const nesting = fc.record({
    escapesFirst: fc.array(fc.constantFrom(...Object.keys(ESCAPES)), { maxLength: 1 }),
    encodings: fc.array(fc.constantFrom(...Object.keys(ENCODINGS)), { maxLength: 1 }),
    escapes: fc.array(fc.constantFrom(...Object.keys(ESCAPES)), { maxLength: 4 }),
  });

  it('no spelling of a key passes, however nested, wherever it stands', () => {
    fc.assert(
      fc.property(
        key,
        fc.array(key, { maxLength: 3 }),
        nesting,
        padding,
        padding,
        (secret, others, how, before, after) => {
          // Bytes within an encoding are escaped in the ways that services do; every way is tried outside of one.
          const inner =
            how.encodings.length > 0 ? how.escapesFirst.filter((name) => name === 'percent') : how.escapesFirst;
          let text = secret;
          for (const name of inner) text = ESCAPES[name]?.(text) ?? text;
          for (const name of how.encodings) text = ENCODINGS[name]?.(text) ?? text;
          const encoded = text;
          for (const name of how.escapes) text = ESCAPES[name]?.(text) ?? text;
          const safe = createRedactor([...others, secret])(`${before}${text}${after}`);
          assert.ok(safe.includes('[secret]'), safe);
          for (const form of how.encodings.length > 0 ? [secret, encoded] : [secret]) {
            const left = shown(safe, form);
            assert.ok(
              left.length < (/^[0-9a-fx]+$/i.test(form) ? 8 : 6),
              `${JSON.stringify(left)} of ${form} in ${safe}`,
            );
          }
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('of a key that somebody cut, less than six characters are left (of hex digits less than eight)', () => {
    fc.assert(
      fc.property(
        alphanumeric,
        padding,
        padding,
        fc.nat(),
        fc.nat(),
        fc.constantFrom('', '…', '...', '…"}'),
        (secret, before, after, a, b, mark) => {
          const text = `${before}${secret}${after}`;
          const [from, to] = [a % text.length, b % text.length].sort((one, two) => one - two);
          const safe = createRedactor([secret])(`${text.slice(from, to)}${mark}`);
          assert.ok(shown(safe, secret).length < 6, safe);
        },
      ),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(privateKey, fc.integer({ min: 0, max: 65 }), (secret, end) => {
        const safe = createRedactor([secret])(`signer ${secret.slice(0, end)}`);
        assert.ok(shown(safe, secret.slice(2)).length < 8, safe);
      }),
    );
  });

  it('text without a secret stays as it is, and so does what the journal reads back', () => {
    const redact = createRedactor([
      '2zqVxnkPsApiKeyOfAccountA',
      `0x${'4f3edf983ac636a6'.repeat(4)}`,
      '-1001234567890',
      'abc123',
    ]);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        assert.equal(redact(text), text);
      }),
    );
    const entry = `{"r":"0x${'ab'.repeat(32)}","size":"-1001234567890","why":"abc123"}`;
    assert.equal(redact.stored(entry), entry);
    assert.equal(redact.stored('{"why":"bad key 2zqVxnkPsApiKeyOfAccountA"}'), '{"why":"bad key [secret]"}');
  });

  it('a session is hidden once it is known, and the keys stay hidden after many sessions', () => {
    const redact = createRedactor(['2zqVxnkPsApiKeyOfAccountA']);
    for (let number = 0; number < 100; number++) redact.learn(`MTczNjQ5Mzg4OHxEWDhFQVFM${number}`);
    assert.equal(redact('no session MTczNjQ5Mzg4OHxEWDhFQVFM99!'), 'no session [secret]!');
    assert.equal(redact('key 2zqVxnkPsApiKeyOfAccountA'), 'key [secret]');
  });

  it('a password in an address is a secret', () => {
    const redact = createRedactor(secretsOfAddress('http://joe:sesame-open-99@proxy.example:3128/'));
    assert.equal(redact('joe:sesame-open-99@proxy.example refused'), '[secret]@proxy.example refused');
    assert.equal(redact('http://proxy.example:3128/ refused'), 'http://proxy.example:3128/ refused');
  });

  it('long texts of escapes take time in proportion to their length', () => {
    const redact = createRedactor(['\\\\\\\\"%25%25&amp;&amp;aaaaaaaaaaaa', 'aaaaaaaaaaaaaaaaaaaaaaaab']);
    for (const unit of ['\\', '%25', '&amp;', 'a', '\\u', '0x']) {
      const tookMs = cpuTimeMs(() => redact(unit.repeat(200_000 / unit.length)));
      assert.ok(tookMs < 1_000, `${unit}: ${tookMs} ms`);
    }
  });
});

it('JSON stays JSON, whatever secrets are in its texts', () => {
  const awkward = fc.oneof(
    printable,
    quoted,
    fc.constantFrom('"abcdefghijkl', 'abcdefghijkl\\', '\\"\\"\\"\\"\\"\\"', 'nnnnnnnnnnnn'),
  );
  fc.assert(
    fc.property(awkward, padding, padding, fc.nat({ max: 2 }), (secret, before, after, depth) => {
      let text = JSON.stringify({ why: `${before}${secret}${after}`, key: secret });
      for (let nested = 0; nested < depth; nested++) text = JSON.stringify({ text, secret });
      JSON.parse(createRedactor([secret]).stored(text));
      JSON.parse(createRedactor([secret]).json(text));
    }),
    { numRuns: 300 },
  );
});

it('what a terminal obeys or what turns a line around is shown, in text and in JSON', () => {
  const redact = createRedactor(['top-secret-key']);
  const evil = 'BNB\u202eTDSU \u001b[2J\u009b1m top-secret-key\r';
  const shown = 'BNB\\u202eTDSU \\u001b[2J\\u009b1m [secret]\\u000d';
  assert.equal(redact(evil), shown);
  assert.deepEqual(JSON.parse(redact.json(JSON.stringify({ said: evil }))), { said: shown });
  assert.equal(redact(redact(evil)), shown, 'once is enough');
});

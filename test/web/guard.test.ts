import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, askedBy } from '../../src/os/loopback.ts';
import { type Names, parserAnswer, refusal, SECURITY_HEADERS } from '../../src/web/guard.ts';

const PORT = 8787;
const PUBLIC = 'https://hedge.example.com';
const NAMES: Names = { port: PORT, publicOrigin: null, actsUnder: null };
const ACTS: Names = { port: PORT, publicOrigin: PUBLIC, actsUnder: '/api/control/' };
const NOTHING = { host: undefined, origin: undefined, site: undefined };

const ANSWERED: readonly [string, { method?: string; host?: string; origin?: string; site?: string }][] = [
  ['the loopback by number', { host: '127.0.0.1:8787' }],
  ['the loopback by name', { host: 'localhost:8787' }],
  ['the loopback by name, in capitals', { host: 'LOCALHOST:8787' }],
  ['the loopback in IPv6', { host: '[::1]:8787' }],
  ['our own page asking', { host: '127.0.0.1:8787', origin: 'http://127.0.0.1:8787' }],
  ['our own page under its other name', { host: '127.0.0.1:8787', origin: 'http://localhost:8787' }],
  ['our own page, by its browser', { host: '127.0.0.1:8787', site: 'same-origin' }],
  ['an address a person opened', { host: '127.0.0.1:8787', site: 'none' }],
  ['a tunnel that ends on another port', { host: 'localhost:9000', origin: 'http://localhost:9000' }],
  ['a tunnel that ends on the default port', { host: '127.0.0.1' }],
  ['a look at the headers', { method: 'HEAD', host: '127.0.0.1:8787' }],
];
for (const [name, asked] of ANSWERED) {
  test(`answers: ${name}`, () => {
    assert.equal(refusal({ method: 'GET', ...NOTHING, ...asked }, '/', NAMES), null);
  });
}

const REFUSED: readonly [string, { method?: string; host?: string; origin?: string; site?: string }, number][] = [
  ['a name that was made to point here (DNS rebinding)', { host: 'evil.example:8787' }, 421],
  ['a name that begins like ours', { host: 'localhost.evil.example:8787' }, 421],
  ['no host at all', {}, 421],
  ['an address of the network', { host: '192.168.1.5:8787' }, 421],
  ['a user in the host', { host: 'x@127.0.0.1:8787' }, 421],
  ["another site's page", { host: '127.0.0.1:8787', origin: 'https://evil.example' }, 403],
  ['a page on another port of this machine', { host: '127.0.0.1:8787', origin: 'http://127.0.0.1:3000' }, 403],
  [
    'a page of another program on the port that a tunnel ends on',
    { host: '127.0.0.1:9000', origin: 'http://localhost:9000' },
    403,
  ],
  ['our page by a name that nobody set', { host: 'hedge.example.com', origin: 'https://hedge.example.com' }, 421],
  ['our name over https', { host: '127.0.0.1:8787', origin: 'https://127.0.0.1:8787' }, 403],
  ['a sandboxed page', { host: '127.0.0.1:8787', origin: 'null' }, 403],
  ['an image on a page of another site', { host: '127.0.0.1:8787', site: 'cross-site' }, 403],
  ['an image on a page of another port of this machine', { host: '127.0.0.1:8787', site: 'same-site' }, 403],
  ['a word of a browser that nobody knows', { host: '127.0.0.1:8787', site: 'same-origin, cross-site' }, 403],
  ['a HEAD of another site', { method: 'HEAD', host: '127.0.0.1:8787', site: 'cross-site' }, 403],
  ['a POST', { method: 'POST', host: '127.0.0.1:8787' }, 405],
  ['a DELETE', { method: 'DELETE', host: '127.0.0.1:8787' }, 405],
  ['an OPTIONS before a request from elsewhere', { method: 'OPTIONS', host: '127.0.0.1:8787' }, 405],
];
for (const [name, asked, status] of REFUSED) {
  test(`refuses: ${name}`, () => {
    assert.equal(refusal({ method: 'GET', ...NOTHING, ...asked }, '/', NAMES)?.status, status);
  });
}

const COMMAND = '/api/control/command';
const OWN = { method: 'POST', host: '127.0.0.1:8787', origin: 'http://127.0.0.1:8787' };
const SENT: readonly [string, Partial<Asked>, string, number | null][] = [
  ['our own page', OWN, COMMAND, null],
  ['our own page, by its browser', { ...OWN, site: 'same-origin' }, COMMAND, null],
  ['a page behind a tunnel', { ...OWN, host: 'localhost:9000', origin: 'http://localhost:9000' }, COMMAND, null],
  ['the published page', { ...OWN, host: 'hedge.example.com', origin: PUBLIC }, COMMAND, null],
  ['the published page, whose proxy names the loopback', { ...OWN, origin: PUBLIC }, COMMAND, null],
  ['no browser', { ...OWN, origin: undefined }, COMMAND, 403],
  ['a form on a page of another site', { ...OWN, origin: 'https://evil.example', site: 'cross-site' }, COMMAND, 403],
  ['the same, by a browser that says nothing more', { ...OWN, origin: 'https://evil.example' }, COMMAND, 403],
  ['a form in a sandbox', { ...OWN, origin: 'null' }, COMMAND, 403],
  ['a form on a page of another port', { ...OWN, origin: 'http://127.0.0.1:3000', site: 'same-site' }, COMMAND, 403],
  ['the same, by a browser that says nothing more', { ...OWN, origin: 'http://127.0.0.1:3000' }, COMMAND, 403],
  ['our port by another name of this machine', { ...OWN, origin: 'http://localhost:8787' }, COMMAND, 403],
  [
    'a name that was made to point here',
    { ...OWN, host: 'evil.example:8787', origin: 'http://evil.example:8787' },
    COMMAND,
    421,
  ],
  [
    'the published page without TLS',
    { ...OWN, host: 'hedge.example.com', origin: 'http://hedge.example.com' },
    COMMAND,
    403,
  ],
  ['a person who opened an address', { ...OWN, site: 'none' }, COMMAND, 403],
  ['a question before a request from elsewhere', { ...OWN, method: 'OPTIONS' }, COMMAND, 405],
  ['an address that takes nothing', OWN, '/status', 405],
  ['an address that only begins alike', OWN, '/api/controls', 405],
];
for (const [name, asked, path, status] of SENT) {
  test(`a command of ${name} is ${status === null ? 'taken' : `refused with ${status}`}`, () => {
    const given = { method: 'POST', ...NOTHING, ...asked };
    assert.equal(refusal(given, path, ACTS)?.status ?? null, status);
    assert.equal(refusal(given, path, { ...ACTS, actsUnder: null })?.status, 405, 'without a token nothing is taken');
  });
}

test('of a header sent twice all is judged', () => {
  const asked = askedBy({
    method: 'GET',
    headers: { host: '127.0.0.1:8787', 'sec-fetch-site': ['none', 'cross-site'] },
  });
  assert.equal(refusal(asked, '/', NAMES)?.status, 403);
});

const PARSER_ERRORS: readonly [string | undefined, string][] = [
  ['HPE_INVALID_METHOD', '400 Bad Request'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Payload Too Large'],
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  [undefined, '400 Bad Request'],
];
for (const [code, expected] of PARSER_ERRORS) {
  test(`an error of the parser (${code}) answers ${expected} with every security header`, () => {
    const [head = '', body = ''] = parserAnswer({ code }).split('\r\n\r\n');
    assert.ok(head.startsWith(`HTTP/1.1 ${expected}\r\n`), head);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) assert.ok(head.includes(`\r\n${name}: ${value}`));
    assert.ok(head.includes(`Content-Length: ${body.length}`));
  });
}

test('the policy lets nothing in from outside', () => {
  const policy = SECURITY_HEADERS['Content-Security-Policy'] ?? '';
  assert.match(policy, /^default-src 'none'/);
  assert.doesNotMatch(policy, /https?:|\*|unsafe/);
});

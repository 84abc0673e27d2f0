import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedBy } from '../../src/os/loopback.ts';
import { parserAnswer, refusal, SECURITY_HEADERS } from '../../src/web/guard.ts';

const PORT = 8787;

const ANSWERED: readonly [string, { method?: string; host?: string; origin?: string; site?: string }][] = [
  ['the loopback by number', { host: '127.0.0.1:8787' }],
  ['the loopback by name', { host: 'localhost:8787' }],
  ['the loopback by name, in capitals', { host: 'LOCALHOST:8787' }],
  ['the loopback in IPv6', { host: '[::1]:8787' }],
  ['our own page asking', { host: '127.0.0.1:8787', origin: 'http://127.0.0.1:8787' }],
  ['our own page under its other name', { host: '127.0.0.1:8787', origin: 'http://localhost:8787' }],
  ['our own page, by its browser', { host: '127.0.0.1:8787', site: 'same-origin' }],
  ['an address a person opened', { host: '127.0.0.1:8787', site: 'none' }],
  ['a look at the headers', { method: 'HEAD', host: '127.0.0.1:8787' }],
];
for (const [name, asked] of ANSWERED) {
  test(`answers: ${name}`, () => {
    assert.equal(refusal({ method: 'GET', host: undefined, origin: undefined, site: undefined, ...asked }, PORT), null);
  });
}

const REFUSED: readonly [string, { method?: string; host?: string; origin?: string; site?: string }, number][] = [
  ['a name that was made to point here (DNS rebinding)', { host: 'evil.example:8787' }, 421],
  ['a name that begins like ours', { host: 'localhost.evil.example:8787' }, 421],
  ['another port', { host: '127.0.0.1:8788' }, 421],
  ['the default port', { host: '127.0.0.1' }, 421],
  ['no host at all', {}, 421],
  ['an address of the network', { host: '192.168.1.5:8787' }, 421],
  ['a user in the host', { host: 'x@127.0.0.1:8787' }, 421],
  ["another site's page", { host: '127.0.0.1:8787', origin: 'https://evil.example' }, 403],
  ['a page on another port of this machine', { host: '127.0.0.1:8787', origin: 'http://127.0.0.1:3000' }, 403],
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
    assert.equal(
      refusal({ method: 'GET', host: undefined, origin: undefined, site: undefined, ...asked }, PORT)?.status,
      status,
    );
  });
}

test('of a header sent twice all is judged', () => {
  const asked = askedBy({
    method: 'GET',
    headers: { host: '127.0.0.1:8787', 'sec-fetch-site': ['none', 'cross-site'] },
  });
  assert.equal(refusal(asked, PORT)?.status, 403);
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

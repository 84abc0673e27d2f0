import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, SECURITY_HEADERS } from '../../src/web/guard.ts';

const PORT = 8787;

const ANSWERED: readonly [string, { method?: string; host?: string; origin?: string }][] = [
  ['the loopback by number', { host: '127.0.0.1:8787' }],
  ['the loopback by name', { host: 'localhost:8787' }],
  ['the loopback by name, in capitals', { host: 'LOCALHOST:8787' }],
  ['the loopback in IPv6', { host: '[::1]:8787' }],
  ['our own page asking', { host: '127.0.0.1:8787', origin: 'http://127.0.0.1:8787' }],
  ['our own page under its other name', { host: '127.0.0.1:8787', origin: 'http://localhost:8787' }],
  ['a look at the headers', { method: 'HEAD', host: '127.0.0.1:8787' }],
];
for (const [name, asked] of ANSWERED) {
  test(`answers: ${name}`, () => {
    assert.equal(refusal({ method: 'GET', host: undefined, origin: undefined, ...asked }, PORT), null);
  });
}

const REFUSED: readonly [string, { method?: string; host?: string; origin?: string }, number][] = [
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
  ['a POST', { method: 'POST', host: '127.0.0.1:8787' }, 405],
  ['a DELETE', { method: 'DELETE', host: '127.0.0.1:8787' }, 405],
  ['an OPTIONS before a request from elsewhere', { method: 'OPTIONS', host: '127.0.0.1:8787' }, 405],
];
for (const [name, asked, status] of REFUSED) {
  test(`refuses: ${name}`, () => {
    assert.equal(refusal({ method: 'GET', host: undefined, origin: undefined, ...asked }, PORT)?.status, status);
  });
}

test('the policy lets nothing in from outside', () => {
  const policy = SECURITY_HEADERS['Content-Security-Policy'] ?? '';
  assert.match(policy, /^default-src 'none'/);
  assert.doesNotMatch(policy, /https?:|\*|unsafe/);
});

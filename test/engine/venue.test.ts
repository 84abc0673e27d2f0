import assert from 'node:assert/strict';
import { it } from 'node:test';
import { secretsOf } from '../../src/engine/venue.ts';
import { createRedactor } from '../../src/settings/index.ts';
import { load, REAL, settingsOf } from '../settings/support.ts';

const HEARTBEAT = 'https://hc-ping.com/f3c9a1d2-check-token';
const GATEWAY = 'https://bots.example/send?key=0a1b2c3d4e5f';

it('addresses with a path or a query are secrets, whole and without their origin', () => {
  const settings = settingsOf(load({ ...REAL, GRVT_HEDGE_HEARTBEAT_URL: HEARTBEAT, TELEGRAM_GATEWAY_URL: GATEWAY }));
  const redact = createRedactor(secretsOf(settings, null));
  assert.equal(redact(`a ${HEARTBEAT} b ${GATEWAY} c`), 'a [secret] b [secret] c');
  assert.equal(redact('GET /f3c9a1d2-check-token: 404'), 'GET [secret]: 404');
  assert.equal(redact('Cannot POST /send?key=0a1b2c3d4e5f'), 'Cannot POST [secret]');
  assert.equal(redact('https://hc-ping.com, https://bots.example'), 'https://hc-ping.com, https://bots.example');
});

it('an address without them is none, and a path that is a word is not blotted out elsewhere', () => {
  const settings = settingsOf(load({ ...REAL, GRVT_HEDGE_HEARTBEAT_URL: 'https://beats.example/' }));
  const redact = createRedactor(secretsOf(settings, null));
  assert.equal(redact('https://beats.example/'), 'https://beats.example/');
  assert.equal(redact('Cannot POST /send-message'), 'Cannot POST /send-message');
});

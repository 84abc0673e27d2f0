import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { createSessions, SESSION_MS, SESSIONS_MAX, WRONG_AFTER_MS, WRONG_MAX } from '../../src/web/sessions.ts';

const TOKEN = 'correct-horse-battery-24';

/** Sessions of which the test sets both clocks and the token. */
function setUp() {
  const now = { ms: 1_000_000, steady: 0, token: TOKEN as string | null };
  const sessions = createSessions({
    token: () => now.token,
    clock: { nowMs: () => now.ms },
    steadyMs: () => now.steady,
  });
  const open = async () => {
    const unlocked = await sessions.unlock(TOKEN);
    assert.ok(unlocked.kind === 'unlocked');
    return unlocked.key;
  };
  return { now, sessions, open };
}

describe('16.6 sessions of the page', () => {
  test('the right token opens one, for 12 h', async () => {
    const { now, sessions, open } = setUp();
    const key = await open();
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.equal(sessions.untilMs(key), now.ms + SESSION_MS);
    now.ms += SESSION_MS - 1;
    assert.notEqual(sessions.untilMs(key), null);
    now.ms += 1;
    assert.equal(sessions.untilMs(key), null);
  });

  test('12 h are over though the clock was set back meanwhile', async () => {
    const { now, sessions, open } = setUp();
    const key = await open();
    now.ms -= 86_400_000;
    now.steady += SESSION_MS;
    assert.equal(sessions.untilMs(key), null);
  });

  test('what is no key, or nobody’s, opens nothing', async () => {
    const { sessions, open } = setUp();
    const key = await open();
    for (const wrong of [undefined, '', key.slice(1), key.toUpperCase(), `${key} `, '0'.repeat(64)]) {
      assert.equal(sessions.untilMs(wrong), null, String(wrong));
    }
  });

  const ENDS: readonly [string, (scene: ReturnType<typeof setUp>, key: string) => void][] = [
    ['lock', ({ sessions }, key) => sessions.lock(key)],
    ['another token', ({ now }) => Object.assign(now, { token: `${TOKEN}-new` })],
    ['no token any more', ({ now }) => Object.assign(now, { token: null })],
  ];
  for (const [name, end] of ENDS) {
    test(`${name} ends it, for good`, async () => {
      const scene = setUp();
      const key = await scene.open();
      end(scene, key);
      assert.equal(scene.sessions.untilMs(key), null);
      scene.now.token = TOKEN;
      assert.equal(scene.sessions.untilMs(key), null);
    });
  }

  test('locking one leaves the others', async () => {
    const { sessions, open } = setUp();
    const [one, other] = [await open(), await open()];
    sessions.lock(one);
    assert.notEqual(sessions.untilMs(other), null);
  });

  test(`with one more than ${SESSIONS_MAX} the oldest is locked`, async () => {
    const { sessions, open } = setUp();
    const [first, second] = [await open(), await open()];
    for (let more = 2; more <= SESSIONS_MAX; more += 1) await open();
    assert.equal(sessions.untilMs(first), null);
    assert.notEqual(sessions.untilMs(second), null);
  });

  test('without a token nothing opens, not even the empty one', async () => {
    const { now, sessions } = setUp();
    now.token = null;
    assert.deepEqual(await sessions.unlock(''), { kind: 'no-token' });
  });

  test('a wrong token is answered after 1 s, the fifth that waits at once, the right one always', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { sessions, open } = setUp();
      const valid = await open();
      const answers: string[] = [];
      for (let tries = 0; tries < WRONG_MAX + 2; tries += 1) {
        sessions.unlock(`wrong-token-number-${tries}`.padEnd(24, 'x')).then(({ kind }) => answers.push(kind));
      }
      await new Promise(setImmediate);
      assert.deepEqual(answers, ['too-often', 'too-often']);
      mock.timers.tick(WRONG_AFTER_MS - 1);
      await new Promise(setImmediate);
      assert.equal(answers.length, 2);
      assert.notEqual(sessions.untilMs(await open()), null, 'the right one');
      assert.notEqual(sessions.untilMs(valid), null, 'a valid session');
      mock.timers.tick(1);
      await new Promise(setImmediate);
      assert.deepEqual(answers.slice(2), Array(WRONG_MAX).fill('wrong'));
    } finally {
      mock.timers.reset();
    }
  });
});

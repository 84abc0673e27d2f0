import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reason } from '../../src/core/reasons.ts';
import { DEAD_MAN_NOTE, RUN_NOTE } from '../../src/core/run-note.ts';
import { settleDeadMan } from '../../src/engine/dead-man.ts';
import { refuseDeadMan } from '../../src/engine/start.ts';
import { ExchangeError } from '../../src/grvt/errors.ts';
import type { GrvtExchange } from '../../src/grvt/exchange.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { FakeExchange, testOrder } from '../support/fake-exchange.ts';

const STOPPED = { startedAtMs: 1, stoppedAtMs: 2, exitCode: 0 };
const CRASHED = { startedAtMs: 1, stoppedAtMs: null, exitCode: null };

describe('2.1 before the first create the dead-man timers are armed or off', () => {
  const cases: [
    name: string,
    given: { periodMs: number; armed?: boolean; run?: object; foreign?: boolean },
    set: number[],
    armed: boolean | undefined,
  ][] = [
    ['not asked for, never armed: nothing is asked', { periodMs: 0 }, [], undefined],
    ['not asked for, a run before armed them: off', { periodMs: 0, armed: true, run: CRASHED }, [0, 0], false],
    ['asked for: armed, after a crash too', { periodMs: 60_000, armed: true, run: CRASHED }, [60_000, 60_000], true],
    ['a take-over beside a foreign order: off', { periodMs: 60_000, run: CRASHED, foreign: true }, [0, 0], undefined],
  ];
  for (const [name, { periodMs, armed, run, foreign }, set, after] of cases) {
    test(name, async () => {
      const exchange = new FakeExchange(() => 0);
      const journal = createMemoryJournal();
      if (armed !== undefined) journal.append([{ kind: 'note', key: DEAD_MAN_NOTE, atMs: 0, body: { armed } }]);
      if (run !== undefined) journal.append([{ kind: 'note', key: RUN_NOTE, atMs: 0, body: run }]);
      if (foreign) exchange.onOpenOrders = async (account) => (account === 'B' ? [testOrder('7', 'OPEN')] : []);
      assert.equal(await settleDeadMan(exchange, journal, periodMs, 0), null);
      assert.deepEqual(
        exchange.named('cancelOnDisconnect').map(({ args }) => args[1]),
        set,
      );
      assert.equal((journal.latest('note', DEAD_MAN_NOTE)?.body as { armed: boolean } | undefined)?.armed, after);
    });
  }

  for (const run of [undefined, STOPPED]) {
    test(`a start beside a foreign order is refused by name ${run === undefined ? 'for the first time' : 'after a stop'}`, async () => {
      const exchange = new FakeExchange(() => 0);
      const journal = createMemoryJournal();
      if (run !== undefined) journal.append([{ kind: 'note', key: RUN_NOTE, atMs: 0, body: run }]);
      exchange.onOpenOrders = async (account) =>
        account === 'B' ? [{ ...testOrder('7', 'OPEN'), orderId: '0xf0' }] : [];
      const why = await settleDeadMan(exchange, journal, 60_000, 0);
      assert.match(
        why === null ? '' : reasonText(why),
        /GRVT_HEDGE_DEAD_MAN_SEC=60 would cancel orders that are not ours: 0xf0 of account B on /,
      );
      assert.deepEqual(exchange.named('cancelOnDisconnect'), []);
    });
  }

  test('the journal knows of it before the exchange does: a crash in between leaves nothing armed unknown', async () => {
    const exchange = new FakeExchange(() => 0);
    const journal = createMemoryJournal();
    exchange.onCountdown = async () => {
      assert.deepEqual(journal.latest('note', DEAD_MAN_NOTE)?.body, { armed: true });
    };
    await settleDeadMan(exchange, journal, 60_000, 0);
    assert.equal(exchange.named('cancelOnDisconnect').length, 2);
  });

  for (const [what, periodMs, armed] of [
    ['armed', 60_000, false],
    ['switched off', 0, true],
  ] as const) {
    test(`9.9 a 429 while they are ${what} is waited out`, async () => {
      const exchange = new FakeExchange(() => 0);
      const journal = createMemoryJournal();
      if (armed) journal.append([{ kind: 'note', key: DEAD_MAN_NOTE, atMs: 0, body: { armed } }]);
      const limited = [true, true, false, true, false];
      exchange.onCountdown = async (account) => {
        const site = { call: 'cancelOnDisconnect', account };
        if (limited.shift()) throw new ExchangeError('rate-limited', site, 1006, reason('field-missing', '10.4'));
      };
      await refuseDeadMan(exchange as unknown as GrvtExchange, journal as unknown as EngineJournal, periodMs, 0);
      const last = exchange.named('cancelOnDisconnect').slice(-2);
      assert.deepEqual(
        last.map(({ args }) => args),
        [
          ['A', periodMs],
          ['B', periodMs],
        ],
      );
      assert.deepEqual(journal.latest('note', DEAD_MAN_NOTE)?.body, { armed: periodMs > 0 });
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CleanupAnswers,
  type CleanupMemory,
  cleanupResult,
  endSeen,
  fencesUp,
  initialCleanup,
  isAgreed,
  roundAnswered,
  toCancel,
} from '../../src/core/cleanup.ts';
import type { LiveOrder } from '../../src/core/daemon/memory.ts';
import { clientOrderIdOf, nextSequence } from '../../src/core/order-id.ts';
import { FENCE_MARGIN_MS, FENCE_TTL_MS } from '../../src/core/submission/waits.ts';
import { testOrder } from '../support/fake-exchange.ts';

const NOW = 1_800_000_000_000;
const FENCED_AT = NOW + FENCE_TTL_MS + FENCE_MARGIN_MS;
const ID = clientOrderIdOf('A', 'buy', nextSequence(null, NOW));
const NEWER = clientOrderIdOf('A', 'buy', nextSequence(null, NOW + 1_000));
const row = (id: string, status: Parameters<typeof testOrder>[1], createdMs = NOW) => ({
  ...{ ...testOrder(id, status), createTimeNs: BigInt(createdMs) * 1_000_000n },
});
const live: LiveOrder = { account: 'A', instrument: row(ID, 'OPEN').instrument, clientOrderId: ID, sentAtMs: NOW };
const nothing = { cancelOnStop: true, keep: 0, unknown: [] };

/** Account A shows these orders as open, and these states; B has nothing. */
function answers(open: CleanupAnswers['open']['A'], states: CleanupAnswers['states'] = {}, askedAtMs = NOW) {
  return { askedAtMs, open: { A: open, B: [] }, states };
}

const after = (memory: CleanupMemory, answer: CleanupAnswers, isVoid = false) =>
  roundAnswered(memory, answer, 0, () => isVoid);

/** Client ids still to cancel, and whether the clean-up is complete. */
const stands = (memory: CleanupMemory) => [toCancel(memory).map((one) => one.clientOrderId), isAgreed(memory)];

describe('13.1 what is left to cancel at stop', () => {
  const holding = initialCleanup({ ...nothing, live: [live] });
  const keeping = initialCleanup({ ...nothing, keep: 1, live: [live] });
  const lost = initialCleanup({ ...nothing, unknown: [{ account: 'A', clientOrderId: ID }] });
  const fenced = fencesUp(lost, NOW, [ID]);
  const open = row(ID, 'OPEN');
  const newer = row(NEWER, 'OPEN', NOW + 1_000);

  const cases: readonly [string, CleanupMemory, readonly string[], boolean][] = [
    ['nothing was asked yet', initialCleanup(nothing), [], false],
    ['nothing is open', after(initialCleanup(nothing), answers([])), [], true],
    ['an open order goes', after(initialCleanup(nothing), answers([open])), [ID], false],
    [
      '… not with CANCEL_ON_STOP=false',
      after(initialCleanup({ ...nothing, cancelOnStop: false }), answers([open])),
      [],
      true,
    ],
    ['the newest stays', after(initialCleanup({ ...nothing, keep: 1 }), answers([open, newer])), [ID], false],
    ['a live order that nobody sees is fenced', after(holding, answers([], { [ID]: null })), [ID], false],
    ['… where one is kept it has its place', after(keeping, answers([], { [ID]: null })), [], true],
    ['… its state could not be read: not agreed', after(keeping, answers([])), [], false],
    ['a list could not be read: not agreed', after(initialCleanup(nothing), answers('HTTP 502')), [], false],
    ['cancelled by its state', after(holding, answers([], { [ID]: row(ID, 'CANCELLED') })), [], true],
    ['a stream reports its end', after(endSeen(holding, row(ID, 'FILLED')), answers([open])), [], true],
    ['a fence that is up is not sent again', after(fenced, answers([], { [ID]: null })), [], false],
    ['9.6 absent once its fence has passed', after(fenced, answers([], { [ID]: null }, FENCED_AT)), [], true],
    ['9.12 a dropped fence proves nothing', after(fenced, answers([], { [ID]: null }, FENCED_AT), true), [ID], false],
  ];
  for (const [what, memory, ids, agreed] of cases) it(what, () => assert.deepEqual(stands(memory), [ids, agreed]));

  it('what could not be confirmed is listed', () => {
    assert.deepEqual(cleanupResult(after(initialCleanup(nothing), answers('HTTP 502'))).left, [
      'A: open orders not read: HTTP 502',
    ]);
    const { left, candidates } = cleanupResult(after(initialCleanup(nothing), answers([open])));
    assert.deepEqual([left, candidates], [[`A ${open.instrument} ${ID}`], 1]);
  });
});

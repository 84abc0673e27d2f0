import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal } from '../../src/core/decimal.ts';
import { childFailed, submissionReported } from '../../src/core/gateway/children.ts';
import { initialGateway, whyNotLeave, withNextSequence } from '../../src/core/gateway/memory.ts';
import { intentAccepted, intentsOutdated } from '../../src/core/gateway/queue.ts';
import { accountParked, accountUnparked, draining } from '../../src/core/gateway/standing.ts';
import { withEntry } from '../../src/core/price-table.ts';
import { testIntent } from '../support/fake-exchange.ts';

const NOW = 1_800_000_000_000;
const fresh = () =>
  initialGateway({
    settings: { postOnlyMaxRetry: 3, orderTtlMs: 3_600_000 },
    instruments: new Map(),
    lastSequence: null,
  });
const opening = testIntent();
const repair = testIntent({ purpose: 'repair', intentId: 'r' });

describe('what submissions of a gateway may do, as values', () => {
  it('9.8 a parked account creates nothing, the other one no openings; an answer ends that', () => {
    const { memory } = accountParked(fresh(), NOW, { account: 'A' });
    const other = { instrument: 'BNB_USDT_Perp', account: 'B' } as const;
    assert.equal(
      whyNotLeave(memory.register, 1, { ...other, account: 'A', purpose: 'repair' })?.code,
      'accounts-parked',
    );
    assert.equal(whyNotLeave(memory.register, 1, { ...other, purpose: 'opening' })?.code, 'accounts-parked');
    assert.equal(whyNotLeave(memory.register, 1, { ...other, purpose: 'repair' }), null);
    const again = accountUnparked(memory, NOW, { account: 'A' }).memory;
    assert.equal(whyNotLeave(again.register, 1, { ...other, purpose: 'opening' }), null);
  });

  it('13.1 once the engine drains, no create leaves, for whatever reason it was held up before', () => {
    const { memory } = draining(accountParked(fresh(), NOW, { account: 'A' }).memory, NOW);
    assert.equal(whyNotLeave(memory.register, 1, repair)?.code, 'gateway-drains');
  });

  it('9.5 what was decided before a fill does not leave, what was decided since does', () => {
    const asked = intentAccepted(fresh(), NOW, opening).memory;
    const { memory, commands } = intentsOutdated(asked, NOW, opening.instrument);
    assert.equal(whyNotLeave(memory.register, 1, opening)?.code, 'fill-booked-since');
    assert.equal(whyNotLeave(memory.register, 2, opening), null);
    assert.deepEqual(
      commands.map((command) => command.do),
      ['send-child'],
    );
  });

  it('9.1 one submission at a time per account and symbol; the next begins when its slot is free', () => {
    const first = intentAccepted(fresh(), NOW, opening);
    const second = intentAccepted(first.memory, NOW, repair);
    assert.equal(first.commands[0]?.do, 'submit');
    assert.deepEqual(second.commands, []);
    const result = { kind: 'confirmed', clientOrderId: '1' } as const;
    const message = { type: 'submission.ended', intentId: opening.intentId, account: 'A', atMs: NOW, result } as const;
    const next = submissionReported(second.memory, NOW, {
      type: 'submission.reported',
      childId: 'submission-1',
      message,
    });
    assert.deepEqual(
      next.commands.flatMap((command) => (command.do === 'submit' ? [command.childId] : [])),
      ['submission-2'],
    );
  });

  it('6.6 the price of a submission that failed before it sent anything is dropped', () => {
    const asked = intentAccepted(fresh(), NOW, opening).memory;
    const { instrument, account, side } = opening;
    const priced = { clientOrderId: '7', instrument, account, side, price: decimal('600') };
    const register = { ...asked.register, prices: withEntry([], priced, 1) };
    const { memory, commands } = childFailed({ ...asked, register }, NOW, 'submission-1', new Error('boom'));
    assert.deepEqual(memory.register.prices, []);
    assert.deepEqual(
      commands.flatMap((command) => (command.do === 'send' ? [command.message.type] : [])),
      ['task.failed', 'submission.ended'],
    );
  });

  it('9.2 a sequence is never given out twice, whatever the clock says', () => {
    const first = withNextSequence(fresh().register, NOW);
    const second = withNextSequence(first, NOW - 60_000);
    assert.ok(second.lastSequence > first.lastSequence);
  });
});

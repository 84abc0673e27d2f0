import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ruleChanges, sameRules } from '../../src/core/instrument-rules.ts';
import { doubtsRules, rejection } from '../../src/core/refusals.ts';
import { d, instrument } from '../support/core.ts';

describe('11.8 what differs between two readings of an instrument', () => {
  it('names each rule with its previous and its new value', () => {
    const now = instrument({
      tickSize: d('0.5'),
      minSize: d('0.1'),
      minNotional: d(20),
      baseDecimals: 6,
      hash: '0x01',
    });
    assert.deepEqual(ruleChanges(instrument(), now), [
      { rule: 'tick_size', from: '0.1', to: '0.5' },
      { rule: 'min_size', from: '0.01', to: '0.1' },
      { rule: 'min_notional', from: '0', to: '20' },
      { rule: 'base_decimals', from: '9', to: '6' },
      { rule: 'instrument_hash', from: '0x030501', to: '0x01' },
    ]);
  });

  it('is nothing where only the spelling of a number differs', () => {
    assert.ok(sameRules(instrument({ tickSize: d('0.10') }), instrument()));
  });
});

describe('9.5 refusals that doubt the rules of an instrument', () => {
  for (const code of [2060, 2062, 2064, 2065, 2066, 2067])
    it(`${code} does`, () => assert.ok(doubtsRules({ code, reason: rejection('') })));
  it('11.6 so does the end of an order whose instrument is not active', () =>
    assert.ok(doubtsRules({ code: null, reason: rejection('INSTRUMENT_DEACTIVATED') })));
  for (const code of [2080, 2032, 7201, null])
    it(`${code} does not`, () => assert.ok(!doubtsRules({ code, reason: rejection('') })));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classify, PRIORITY, type Situation } from '../../src/core/classify.ts';
import type { TradingState } from '../../src/core/model.ts';

const BITS = ['resting', 'hedged', 'partialFillWaits', 'openingHasRoom', 'repairHasRoom'] as const;

/** All 32 situations. */
const SITUATIONS = Array.from({ length: 2 ** BITS.length }, (_, number) => {
  return Object.fromEntries(BITS.map((bit, index) => [bit, (number & (1 << index)) !== 0])) as unknown as Situation;
});

/** Strategy 5, written as its sentences. */
function bySentence(situation: Situation): TradingState {
  if (situation.resting) return 'cooldown';
  if (situation.hedged) {
    if (situation.partialFillWaits) return 'partial-wait';
    return situation.openingHasRoom ? 'equal' : 'capped';
  }
  return situation.repairHasRoom ? 'imbalanced' : 'capped';
}

describe('5 the states of a symbol: first match wins', () => {
  const quiet: Situation = {
    resting: false,
    hedged: true,
    partialFillWaits: false,
    openingHasRoom: true,
    repairHasRoom: true,
  };
  const cases: [string, Partial<Situation>, TradingState][] = [
    ['5.1 a symbol that rests is in cooldown', { resting: true }, 'cooldown'],
    ['5.1 rest goes before everything else', { resting: true, hedged: false, partialFillWaits: true }, 'cooldown'],
    ['5.2 hedged with a partial fill waiting is partial-wait', { partialFillWaits: true }, 'partial-wait'],
    ['5.2 a partial fill goes before a limit', { partialFillWaits: true, openingHasRoom: false }, 'partial-wait'],
    ['5.3 hedged without room for an opening is capped', { openingHasRoom: false }, 'capped'],
    ['5.4 hedged with room is equal', {}, 'equal'],
    ['5.4 room to repair does not matter while hedged', { repairHasRoom: false }, 'equal'],
    ['5.5 not hedged and blocked both ways is capped', { hedged: false, repairHasRoom: false }, 'capped'],
    ['5.6 not hedged is imbalanced', { hedged: false }, 'imbalanced'],
    [
      '5.6 not hedged is imbalanced while a partial fill waits',
      { hedged: false, partialFillWaits: true },
      'imbalanced',
    ],
    [
      '5.6 not hedged is imbalanced whatever room openings have',
      { hedged: false, openingHasRoom: false },
      'imbalanced',
    ],
  ];
  for (const [name, over, expected] of cases) {
    it(name, () => assert.equal(classify({ ...quiet, ...over }), expected));
  }

  it('5 all 32 situations are classed as rule 5 says', () => {
    assert.equal(SITUATIONS.length, 32);
    for (const situation of SITUATIONS) {
      assert.equal(classify(situation), bySentence(situation), JSON.stringify(situation));
    }
  });

  it('5 the table has the six rules in their order, and the last takes all', () => {
    assert.deepEqual(
      PRIORITY.map((entry) => entry.state),
      ['cooldown', 'partial-wait', 'capped', 'equal', 'capped', 'imbalanced'],
    );
    assert.ok(SITUATIONS.every((situation) => PRIORITY.at(-1)?.when(situation)));
  });
});

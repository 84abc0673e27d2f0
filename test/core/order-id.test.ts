import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import '../support/fixed-seed.ts';
import { ACCOUNTS, type Side } from '../../src/core/model.ts';
import {
  clientOrderIdOf,
  isStrategyOrder,
  nextSequence,
  nonceOf,
  parseClientOrderId,
} from '../../src/core/order-id.ts';

const SIDES: readonly Side[] = ['buy', 'sell'];
const SEQUENCE_MAX = (1n << 58n) - 1n;
const sequences = fc.bigInt({ min: 0n, max: SEQUENCE_MAX });

test('the layout is the original engine’s: 1110, account bit 59, side bit 58, the rest ours (9.2)', () => {
  const cases = [
    ['A', 'buy', 0n, 0xe000_0000_0000_0000n],
    ['A', 'sell', 0n, 0xe400_0000_0000_0000n],
    ['B', 'buy', 0n, 0xe800_0000_0000_0000n],
    ['B', 'sell', 0n, 0xec00_0000_0000_0000n],
    ['A', 'buy', 5n, 0xe000_0000_0000_0005n],
    ['B', 'sell', SEQUENCE_MAX, 0xefff_ffff_ffff_ffffn],
  ] as const;
  for (const [account, side, sequence, id] of cases) {
    assert.equal(clientOrderIdOf(account, side, sequence), id.toString());
  }
});

test('an id says what it was made of (9.2)', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ACCOUNTS), fc.constantFrom(...SIDES), sequences, (account, side, sequence) => {
      const id = clientOrderIdOf(account, side, sequence);
      assert.deepEqual(parseClientOrderId(id), { account, side, sequence });
      assert.ok(isStrategyOrder(id));
      assert.ok(BigInt(id) >= 1n << 63n, 'in the half that API clients are to use');
    }),
  );
});

test('a uint64 is a strategy order’s if and only if its top four bits are 1110 (9.2)', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (id) => {
      assert.equal(isStrategyOrder(id.toString()), (id & 0xf000_0000_0000_0000n) === 0xe000_0000_0000_0000n);
    }),
  );
});

const FOREIGN = [
  ['empty', ''],
  ['a text prefix of ours', 'HEDGEV1_1'],
  ['hex', '0xe000000000000000'],
  ['a sign', '-16140901064495857664'],
  ['a plus', '+16140901064495857664'],
  ['a leading zero', '016140901064495857664'],
  ['a fraction', '16140901064495857664.0'],
  ['spaces', ' 16140901064495857664 '],
  ['an exponent', '1e19'],
  ['more than 64 bits, with our bits below', ((1n << 64n) + 0xe000_0000_0000_0000n).toString()],
  ['the prefix below ours', '16140901064495857663'],
  ['the prefix above ours', 0xf000_0000_0000_0000n.toString()],
  ['other digits', '１６１４０９０１０６４４９５８５７６６４'],
] as const;
for (const [what, id] of FOREIGN) {
  test(`no strategy order: ${what}`, () => {
    assert.equal(isStrategyOrder(id), false);
    assert.equal(parseClientOrderId(id), null);
  });
}

test('a sequence that does not fit is an error, not another order’s id', () => {
  for (const sequence of [-1n, SEQUENCE_MAX + 1n]) {
    assert.throws(() => clientOrderIdOf('A', 'buy', sequence), RangeError);
  }
});

test('a sequence is never reused: it grows whatever the clock does (9.2)', () => {
  const clocks = fc.array(fc.integer({ min: 0, max: 4_000_000_000_000 }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(clocks, (times) => {
      let last: bigint | null = null;
      for (const nowMs of times) {
        const next: bigint = nextSequence(last, nowMs);
        assert.ok(last === null || next > last);
        last = next;
      }
    }),
  );
});

test('a sequence is new even where the journal is lost, if a millisecond has passed since the last (9.2)', () => {
  const before = nextSequence(null, 1_768_000_000_000);
  assert.equal(nextSequence(before, 1_768_000_000_000), before + 1n);
  assert.ok(nextSequence(null, 1_768_000_000_001) > before + 1n);
});

test('sequences fit until 2109, and then say so', () => {
  assert.ok(nextSequence(null, Date.UTC(2109, 0, 1)) <= SEQUENCE_MAX);
  assert.throws(() => nextSequence(null, Date.UTC(2110, 0, 1)), /does not fit 58 bits/);
  assert.throws(() => nextSequence(SEQUENCE_MAX, 0), /does not fit 58 bits/);
});

test('a nonce is a uint32, and differs between neighbouring sequences', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: SEQUENCE_MAX - 1n }), (sequence) => {
      const nonce = nonceOf(sequence);
      assert.ok(Number.isInteger(nonce) && nonce >= 0 && nonce <= 0xffff_ffff);
      assert.notEqual(nonce, nonceOf(sequence + 1n));
    }),
  );
  assert.equal(nonceOf(0x1_ffff_fffen), 0xffff_fffe);
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decode, encode } from '../../src/core/codec.ts';
import { Decimal } from '../../src/core/decimal.ts';
import { begin } from '../../src/core/reconcile.ts';
import { emptySymbolState, type SymbolState } from '../../src/core/symbol-state.ts';
import { d, NOW, order, seedFor, seen, snapshot, stateWith } from '../support/core.ts';

const seed = seedFor('core/codec');

describe('values of the core as text and back', () => {
  it('a decimal comes back as a decimal with every digit', () => {
    const back = decode<{ price: Decimal }>(encode({ price: d('123456789012345678.000000000000000001') }));
    assert.ok(Decimal.isDecimal(back.price));
    assert.equal(back.price.toFixed(), '123456789012345678.000000000000000001');
  });

  it('a very small and a very large decimal are written without an exponent', () => {
    assert.equal(encode(new Decimal('1e-20')), '{"$d":"0.00000000000000000001"}');
    assert.equal(encode(new Decimal('1e21')), '{"$d":"1000000000000000000000"}');
  });

  it('a bigint beyond 53 bits comes back whole', () => {
    assert.equal(decode<{ ns: bigint }>(encode({ ns: 2n ** 63n + 1n })).ns, 2n ** 63n + 1n);
  });

  it('null, text, numbers, booleans and lists stay what they are', () => {
    const value = { a: null, b: 'text', c: 1.5, d: true, e: [1, 'two', null], f: {} };
    assert.deepEqual(decode(encode(value)), value);
  });

  it('equal values give equal text: keys keep their order', () => {
    assert.equal(encode({ b: d(1), a: 2n }), '{"b":{"$d":"1"},"a":{"$n":"2"}}');
  });

  it('text that is not JSON is refused', () => assert.throws(() => decode('{'), SyntaxError));

  it('a tagged bigint that is none is refused', () => {
    assert.throws(() => decode('{"$n":"1.5"}'), SyntaxError);
  });

  it('11.2 a symbol state comes back equal: lots, orders, clocks', () => {
    const resting = order('A', 'buy', 2, 99, { tradedSize: d(1), firstPartialAtMs: NOW });
    const state = begin(
      emptySymbolState('BNB_USDT_Perp'),
      { A: snapshot('A', '1.5', { orders: [seen(resting)] }), B: snapshot('B', '-0.5') },
      NOW,
    ).state;
    const back = decode<SymbolState>(encode(state));
    assert.equal(encode(back), encode(state));
    assert.ok(back.lots[0]?.size.eq(1));
    assert.equal(back.orders[0]?.confirmedAtMs, NOW);
    assert.deepEqual(decode<SymbolState>(encode(stateWith())).closed, []);
  });

  it('any nesting of decimals and bigints comes back', () => {
    const leaf = fc.oneof(
      fc.bigInt(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat(20)).map(([digits, scale]) => {
        return new Decimal(digits.toString()).div(new Decimal(10).pow(scale));
      }),
    );
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (value) => {
        assert.equal(encode(decode(encode(value))), encode(value));
      }),
      { seed, numRuns: 300 },
    );
  });
});

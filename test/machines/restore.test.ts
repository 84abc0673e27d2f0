import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restoreSymbol, takeOverSplits } from '../../machines/restore.ts';
import { encode } from '../../src/core/codec.ts';
import type { OrderOutcome, PreparedOrder } from '../../src/core/journal-entry.ts';
import type { ManagedOrder } from '../../src/core/model.ts';
import { assessed, planCarriedOut } from '../../src/core/symbol/deciding.ts';
import { initialMemory } from '../../src/core/symbol/memory.ts';
import { emptySymbolState, type SymbolState } from '../../src/core/symbol-state.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { unsettledOrders } from '../../src/journal/read.ts';
import { config, d, instrument, lot, NOW, order, rest, snapshot, strategy } from '../support/core.ts';

/** What a start makes of what the journal holds, however the last run ended (strategy 11.2). */

const BNB = 'BNB_USDT_Perp';
const ID = '16140901064495857665';

function prepared(over: Partial<PreparedOrder> = {}): PreparedOrder {
  return {
    intent: {
      intentId: `${BNB}#7`,
      instrument: BNB,
      account: 'A',
      side: 'buy',
      size: d('1.5'),
      purpose: 'opening',
      guardPrice: null,
      nearerThanPrice: null,
      beyondPrice: null,
      rules: ['6.1'],
    },
    attempt: 1,
    clientOrderId: ID,
    sequence: 1n,
    price: d(600),
    payload: '{}',
    sentAtMs: NOW - 5_000,
    expirationMs: NOW + 3_600_000,
    ...over,
  };
}

class Written {
  readonly journal: EngineJournal = createMemoryJournal();

  state(over: Partial<SymbolState> = {}): this {
    const body: SymbolState = { ...emptySymbolState(BNB), begun: true, ...over };
    this.journal.append([{ kind: 'symbol.state', key: BNB, atMs: NOW, body }]);
    return this;
  }

  prepared(over: Partial<PreparedOrder> = {}): this {
    const body = prepared(over);
    this.journal.append([{ kind: 'order.prepared', key: body.clientOrderId, atMs: NOW, body }]);
    return this;
  }

  outcome(outcome: OrderOutcome['outcome']): this {
    const body: OrderOutcome = { clientOrderId: ID, outcome, detail: '', atMs: NOW + 1 };
    this.journal.append([{ kind: 'order.outcome', key: ID, atMs: NOW + 1, body }]);
    return this;
  }

  restored(): SymbolState {
    return restoreSymbol(this.journal, BNB, unsettledOrders(this.journal));
  }
}

const live = (over: Partial<ManagedOrder> = {}): ManagedOrder =>
  order('A', 'buy', '1.5', 600, { clientOrderId: ID, confirmedAtMs: null, ...over });

/** What became of the one order: `gone`, `in doubt`, `confirmed`. */
function fate(state: SymbolState): string {
  const found = state.orders.find((one) => one.clientOrderId === ID);
  if (found === undefined) return state.closed.includes(ID) ? 'let go' : 'gone';
  return found.unknown ? 'in doubt' : found.confirmedAtMs === null ? 'on its way' : 'confirmed';
}

const ROWS: readonly (readonly [string, Written, string])[] = [
  [
    'an order on its way counts as live, and is found out',
    new Written().prepared().state({ orders: [live()] }),
    'in doubt',
  ],
  [
    'an order in doubt stays in doubt',
    new Written()
      .prepared()
      .state({ orders: [live()] })
      .outcome('unknown'),
    'in doubt',
  ],
  [
    'what the journal saw resting after the state was saved is watched',
    new Written()
      .prepared()
      .state({ orders: [live()] })
      .outcome('resting'),
    'confirmed',
  ],
  [
    'what ended filled is asked for once more, for its fill is not booked',
    new Written()
      .prepared()
      .state({ orders: [live()] })
      .outcome('filled'),
    'confirmed',
  ],
  [
    'what ended cancelled may have traded: asked for once more',
    new Written()
      .prepared()
      .state({ orders: [live()] })
      .outcome('cancelled'),
    'confirmed',
  ],
  [
    'what the exchange refused is let go',
    new Written()
      .prepared()
      .state({ orders: [live()] })
      .outcome('refused'),
    'let go',
  ],
  [
    'what it rejected is let go',
    new Written()
      .prepared()
      .state({ orders: [live()] })
      .outcome('rejected'),
    'let go',
  ],
  [
    'what never left is let go',
    new Written()
      .prepared()
      .state({ orders: [live()] })
      .outcome('unsent'),
    'let go',
  ],
  [
    'what never came to be is gone, and would be adopted if it appeared after all',
    new Written()
      .prepared()
      .state({ orders: [live()] })
      .outcome('absent'),
    'gone',
  ],
  [
    'written down, and the symbol did not live to hear of it: live and in doubt',
    new Written().state().prepared(),
    'in doubt',
  ],
  ['the same, seen resting', new Written().state().prepared().outcome('resting'), 'confirmed'],
  [
    'the same, already filled: its fill is still to be booked',
    new Written().state().prepared().outcome('filled'),
    'confirmed',
  ],
  ['the same, already cancelled', new Written().state().prepared().outcome('cancelled'), 'confirmed'],
  ['the same, refused: nothing lives', new Written().state().prepared().outcome('refused'), 'let go'],
  ['the same, proven absent', new Written().state().prepared().outcome('absent'), 'gone'],
  [
    'an order whose end the state knows is not taken up again',
    new Written()
      .prepared()
      .state({ closed: [ID] })
      .outcome('filled'),
    'let go',
  ],
  [
    'an order that ended before the state was saved is not taken up again, however long ago',
    new Written().prepared().outcome('filled').state(),
    'gone',
  ],
];

/** A symbol that begins again from the positions, since its journal may lack entries (18.1). */
const BEGINS_AGAIN: readonly (readonly [string, Written, string])[] = [
  ['what may still arrive counts as live', new Written().prepared(), 'in doubt'],
  ['what is in doubt counts as live', new Written().prepared().outcome('unknown'), 'in doubt'],
  ['what rested is found at the exchange, or is over', new Written().prepared().outcome('resting'), 'gone'],
  ['what is over is part of the positions', new Written().prepared().outcome('filled'), 'gone'],
];
for (const [rule, written, expected] of BEGINS_AGAIN)
  test(`18.1 ${rule}`, () => assert.equal(fate(written.state({ begun: false }).restored()), expected));

for (const [rule, written, expected] of ROWS) test(rule, () => assert.equal(fate(written.restored()), expected));

test('orders of other symbols are left to them', () => {
  const written = new Written().state().prepared({ intent: { ...prepared().intent, instrument: 'SOL_USDT_Perp' } });
  assert.deepEqual(written.restored().orders, []);
});

test('an order keeps its expiry, side, price and purpose', () => {
  const [found] = new Written().state().prepared().restored().orders;
  assert.equal(found?.expirationMs, NOW + 3_600_000);
  assert.equal(found?.sentAtMs, NOW - 5_000);
  assert.equal(`${found?.side} ${found?.size} @ ${found?.price} ${found?.purpose}`, 'buy 1.5 @ 600 opening');
});

test('a cancel that was asked for is asked for again', () => {
  const state = new Written()
    .prepared()
    .state({ orders: [live({ confirmedAtMs: NOW, cancelRequestedAtMs: NOW })] })
    .restored();
  assert.equal(state.orders[0]?.cancelRequestedAtMs, null);
});

test('lots, booked sizes, waiting fills with their clocks, rests and the unhedged clock are as they were', () => {
  const partial = live({
    confirmedAtMs: NOW,
    tradedSize: d('0.5'),
    avgFillPrice: d(600),
    firstPartialAtMs: NOW - 9_000,
  });
  const before: Partial<SymbolState> = {
    lots: [lot(3, 'B', 'sell', '0.7', 601)],
    nextLotId: 4,
    // What a stop or the former run may have cancelled is not taken for somebody's hand (9.5).
    orders: [{ ...partial, cancelSent: true }],
    booked: { A: d(1), B: d('-1.7') },
    unhedgedSinceMs: NOW - 7_200_000,
    rests: [rest('A', 'repair', { yieldsUntilMs: NOW + 900_000 })],
    nextIntent: 12,
  };
  const after = new Written().prepared().state(before).outcome('resting').restored();
  for (const key of Object.keys(before) as (keyof SymbolState)[]) assert.deepEqual(after[key], before[key], key);
});

test('without a saved state, or one that had not begun, positions tell (11.3)', () => {
  assert.equal(new Written().restored().begun, false);
  assert.equal(new Written().state({ begun: false, nextIntent: 9 }).restored().nextIntent, 1);
});

test('restoring twice gives the same', () => {
  const written = new Written()
    .state({ lots: [lot(1, 'A', 'buy', 1, 600)] })
    .prepared()
    .outcome('unknown');
  assert.deepEqual(written.restored(), written.restored());
});

test('a decision that starts the unhedged clock and nothing else is written down', () => {
  const state: SymbolState = {
    ...emptySymbolState(BNB),
    begun: true,
    lots: [lot(1, 'A', 'buy', '1.5', 600)],
    nextLotId: 2,
    booked: { A: d('1.5'), B: d(0) },
  };
  const context = {
    ...initialMemory({
      config: config(),
      instrument: instrument(),
      strategy: strategy(),
      staleMs: 10_000,
      loopIntervalMs: 2_000,
      state,
    }),
    snapshots: { A: snapshot('A', '1.5'), B: snapshot('B', null) },
    // As after its last step: the journal has this state.
    saved: encode(state),
    savedState: state,
    // No order is asked for, so there is nothing else to write.
    halted: true,
  };
  const now = { nowMs: NOW, era: 0 };
  const decided = { ...context, ...assessed(context, now).change };
  const [entry] = planCarriedOut(decided, now).entries;
  assert.equal(entry?.kind, 'symbol.state');
  assert.equal((entry?.body as SymbolState | undefined)?.unhedgedSinceMs, NOW);
});

test('10.5 a split is taken over by a start, and by no part that begins again', () => {
  const paused = new Written().state({
    booked: { A: d('10'), B: d('-10') },
    split: { ratio: d('10'), sinceMs: NOW },
  });
  assert.equal(paused.restored().split?.ratio.toFixed(), '10');
  assert.equal(paused.restored().booked.A.toFixed(), '10');
  takeOverSplits(paused.journal, NOW);
  takeOverSplits(paused.journal, NOW);
  assert.equal(paused.restored().split, undefined);
  assert.equal(paused.restored().booked.A.toFixed(), '100');
});

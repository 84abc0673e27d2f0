import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AuditorOptions, createAuditor } from '../../src/core/audit/index.ts';
import {
  AuditedEngine,
  booked,
  d,
  INSTRUMENT,
  SETTINGS,
  SUB_ACCOUNTS,
  SYMBOL,
  strategyOrderId,
} from '../support/audited-engine.ts';
import { order } from '../support/core.ts';

const A_BUY = { account: 'A', side: 'buy', size: '10', price: '99.9' } as const;
const B_SELL = { account: 'B', side: 'sell', size: '10', price: '100.1' } as const;
const LOT = { id: 1, account: 'A', side: 'buy', size: '10', price: '99.9' } as const;

/** A bought 10 at 99.9 and waits for its hedge. */
function unhedged(options: Partial<AuditorOptions> = {}): AuditedEngine {
  const engine = new AuditedEngine(options);
  engine.journal(engine.state());
  engine.fills(engine.open(A_BUY), LOT);
  engine.wait(100).readBoth().book();
  return engine;
}

/** Both accounts are read, a decision is journalled with `over`, its create leaves. */
function create(
  engine: AuditedEngine,
  wanted: Parameters<AuditedEngine['create']>[0],
  over: Record<string, unknown> = {},
) {
  const [intentId = ''] = engine.decide([wanted], over);
  return engine.create(wanted, intentId);
}

/** Leaves the breaches of that invariant or rule: a scene this wrong breaks others on the way. */
function only(engine: AuditedEngine, word: string): void {
  const left = engine.breaches.filter(({ invariant, rule }) => invariant === word || rule === word);
  engine.breaches.splice(0, engine.breaches.length, ...left);
}

interface Case {
  readonly name: string;
  readonly breaks: readonly string[];
  readonly scene: () => AuditedEngine;
}

function table(cases: readonly Case[]): void {
  for (const { name, breaks, scene } of cases) {
    it(name, () => {
      const engine = scene();
      assert.deepEqual(
        engine.broken,
        breaks,
        JSON.stringify(engine.breaches.map(({ what, detail }) => [what, detail])),
      );
    });
  }
}

function opening(order: object): () => AuditedEngine {
  return () => {
    const engine = new AuditedEngine();
    engine.open(A_BUY, { order });
    return engine;
  };
}

const leg = (over: object) => ({
  legs: [{ instrument: INSTRUMENT, size: '10', limit_price: '99.9', is_buying_asset: true, ...over }],
});

describe('15.1 the wire judge: what a create says of itself', () => {
  table([
    { name: 'a maker order within its rules breaks nothing', breaks: [], scene: opening({}) },
    { name: 'I1 a market order', breaks: ['I1 1'], scene: opening({ is_market: true }) },
    { name: 'I1 an order that is not post-only', breaks: ['I1 1'], scene: opening({ post_only: false }) },
    { name: 'I1 another time in force', breaks: ['I1 1'], scene: opening({ time_in_force: 'IMMEDIATE_OR_CANCEL' }) },
    { name: 'I6 9.13 reduce-only, and nothing to reduce', breaks: ['I6 9.13'], scene: opening({ reduce_only: true }) },
    { name: 'I3 a price off the tick', breaks: ['I3 7.1'], scene: opening(leg({ limit_price: '99.85' })) },
    { name: 'I3 a price through the touch', breaks: ['I3 7.1'], scene: opening(leg({ limit_price: '100.1' })) },
    {
      name: 'I3 a size between two steps, which is not the decision’s either',
      breaks: ['I12 15.2', 'I3 7.3'],
      scene: opening(leg({ size: '9.995' })),
    },
    { name: 'I7 a create in the name of another account', breaks: ['I7 9.2'], scene: opening({ sub_account_id: '7' }) },
    {
      name: 'I1 a bulk call that creates',
      breaks: ['I1 1'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.send('A', 'bulk_orders', { sub_account_id: SUB_ACCOUNTS.A, orders: [{}], client_order_i_ds: [] });
        return engine;
      },
    },
  ]);
});

describe('15.1 the wire judge: the journal, ids, live orders', () => {
  table([
    {
      name: '9.3 a create that is not in the journal',
      breaks: ['I7 9.3'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.open(A_BUY, { journalled: false });
        return engine;
      },
    },
    {
      name: '9.3 a create whose journalled bytes are not safe yet',
      breaks: ['I7 9.3'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.safe = false;
        engine.open(A_BUY);
        return engine;
      },
    },
    {
      name: '9.3 a create that differs from its journalled bytes',
      breaks: ['I7 9.3'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.readBoth().book();
        const [intentId = ''] = engine.decide([A_BUY]);
        const clientOrderId = strategyOrderId('A', 'buy', 99);
        const { request } = engine.create(A_BUY, intentId, { clientOrderId: strategyOrderId('A', 'buy', 98) });
        const body = { intent: { intentId }, payload: '{"order":{}}', pricedFrom: { bid: d('99.9'), ask: d('100.1') } };
        engine.journal({ kind: 'order.prepared', key: clientOrderId, body });
        engine.send('A', 'create_order', { order: { ...request.order, metadata: { client_order_id: clientOrderId } } });
        only(engine, '9.3');
        return engine;
      },
    },
    {
      name: 'I7 9.6 the same intent again while its first order may live',
      breaks: ['I7 9.6'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.readBoth().book();
        const [intentId = ''] = engine.decide([A_BUY]);
        const first = engine.create(A_BUY, intentId);
        engine.wait(5000).fail(first.requestId, 'A', 'create_order', 'timeout of 5000ms exceeded');
        engine.create(A_BUY, intentId);
        only(engine, 'I7');
        return engine;
      },
    },
    {
      name: 'I7 a client order id that left before',
      breaks: ['I7 9.2'],
      scene: () => {
        const engine = new AuditedEngine();
        const sent = engine.open(A_BUY);
        engine.send('A', 'create_order', sent.request);
        return engine;
      },
    },
    {
      name: '9.9 what a 429 turned away may leave once more',
      breaks: [],
      scene: () => {
        const engine = new AuditedEngine();
        engine.readBoth().book();
        const [intentId = ''] = engine.decide([A_BUY]);
        const sent = engine.create(A_BUY, intentId);
        engine.answer(sent.requestId, 'A', 'create_order', { code: 1006, message: '', status: 429 }, 429);
        engine.send('A', 'create_order', sent.request);
        return engine;
      },
    },
    {
      name: 'I10 a price that could match the other account’s order',
      breaks: ['I10 6.6'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.open({ ...B_SELL, price: '100.1' });
        engine.book('100.1', '100.3');
        const [intentId = ''] = engine.decide([{ ...A_BUY, price: '100.1' }]);
        engine.create({ ...A_BUY, price: '100.1' }, intentId);
        only(engine, 'I10');
        return engine;
      },
    },
    {
      name: 'I8 a cancel that names a foreign order',
      breaks: ['I8 9.7'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.send('A', 'cancel_order', { sub_account_id: SUB_ACCOUNTS.A, client_order_id: '7' });
        return engine;
      },
    },
    {
      name: 'I8 a bulk cancel of own orders is fine, of one foreign order it is not',
      breaks: ['I8 9.7'],
      scene: () => {
        const engine = new AuditedEngine();
        const own = strategyOrderId('A', 'buy', 1);
        engine.send('A', 'bulk_orders', { sub_account_id: SUB_ACCOUNTS.A, orders: [], client_order_i_ds: [own] });
        assert.deepEqual(engine.broken, []);
        engine.send('A', 'bulk_orders', { sub_account_id: SUB_ACCOUNTS.A, orders: [], client_order_i_ds: [own, '12'] });
        return engine;
      },
    },
    {
      name: 'I8 cancel_all_orders',
      breaks: ['I8 9.7'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.send('A', 'cancel_all_orders', { sub_account_id: SUB_ACCOUNTS.A });
        return engine;
      },
    },
  ]);
});

describe('9.6 an order is over by its state or by proof, and by nothing else', () => {
  const lost = (): { engine: AuditedEngine; id: string } => {
    const engine = new AuditedEngine();
    engine.readBoth().book();
    const [intentId = ''] = engine.decide([A_BUY]);
    const sent = engine.create(A_BUY, intentId);
    engine.wait(5000).fail(sent.requestId, 'A', 'create_order', 'timeout of 5000ms exceeded');
    return { engine, id: sent.clientOrderId };
  };
  const outcome = (engine: AuditedEngine, id: string, word: string): readonly string[] => {
    engine.journal({ kind: 'order.outcome', key: id, body: { outcome: word } });
    return engine.broken;
  };

  it('a time-out is no proof', () => {
    const { engine, id } = lost();
    assert.deepEqual(outcome(engine, id, 'absent'), ['I7 9.6']);
  });

  const unknown = { code: 1004, message: '', status: 404 };
  for (const missing of ['fence', 'look-up', 'open orders', 'history', 'nothing'] as const) {
    it(`fence, look-up, open orders and history prove it absent; without ${missing} they ${missing === 'nothing' ? 'do' : 'do not'}`, () => {
      const { engine, id } = lost();
      const fence = { sub_account_id: SUB_ACCOUNTS.A, client_order_id: id, time_to_live_ms: '5000' };
      if (missing !== 'fence') engine.call('A', 'cancel_order', fence, { result: { ack: true } });
      engine.wait(6000);
      if (missing !== 'look-up') engine.call('A', 'order', { client_order_id: id }, unknown, 404);
      if (missing !== 'open orders') engine.call('A', 'open_orders', {}, { result: [] });
      const start_time = `${engine.nowMs - 3_600_000}000000`;
      if (missing !== 'history') engine.call('A', 'order_history', { start_time }, { result: [], next: '' });
      assert.deepEqual(outcome(engine, id, 'absent'), missing === 'nothing' ? [] : ['I7 9.6']);
    });
  }

  it('a history proves what was sent after its beginning, whatever else is in doubt', () => {
    const { engine, id: older } = lost();
    engine.wait(600_000);
    const [intentId = ''] = engine.decide([A_BUY]);
    const sent = engine.create(A_BUY, intentId);
    engine.wait(5000).fail(sent.requestId, 'A', 'create_order', 'timeout of 5000ms exceeded');
    const ids = [older, sent.clientOrderId];
    for (const client_order_id of ids)
      engine.call('A', 'cancel_order', { client_order_id, time_to_live_ms: '5000' }, { result: { ack: true } });
    engine.wait(6000);
    for (const client_order_id of ids) engine.call('A', 'order', { client_order_id }, unknown, 404);
    engine.call('A', 'open_orders', {}, { result: [] });
    engine.call('A', 'order_history', { start_time: `${engine.nowMs - 120_000}000000` }, { result: [], next: '' });
    assert.ok(!outcome(engine, sent.clientOrderId, 'absent').includes('I7 9.6'));
    assert.ok(outcome(engine, older, 'absent').includes('I7 9.6'));
  });

  it('expiry by the exchange’s clock serves in place of a fence', () => {
    const { engine, id } = lost();
    engine.wait(3_700_000);
    engine.call('A', 'order', { client_order_id: id }, unknown, 404);
    engine.call('A', 'open_orders', {}, { result: [] });
    engine.call('A', 'order_history', {}, { result: [], next: '' });
    assert.deepEqual(outcome(engine, id, 'absent'), []);
  });

  it('a refusal by code ends it, code 2012 and a 5xx do not', () => {
    for (const [status, code, breaks] of [
      [400, 2080, []],
      [400, 2012, ['I7 9.6']],
      [500, 1002, ['I7 9.6']],
    ] as const) {
      const engine = new AuditedEngine();
      engine.readBoth().book();
      const [intentId = ''] = engine.decide([A_BUY]);
      const sent = engine.create(A_BUY, intentId);
      engine.answer(sent.requestId, 'A', 'create_order', { code, message: '', status }, status);
      assert.deepEqual(outcome(engine, sent.clientOrderId, 'refused'), breaks);
    }
  });

  it('a frame of the order stream ends it as an answer does', () => {
    const engine = new AuditedEngine();
    const sent = engine.open(A_BUY);
    engine.frame('A', 'v1.state', {
      client_order_id: sent.clientOrderId,
      order_state: { status: 'CANCELLED', reject_reason: 'CLIENT_CANCEL', traded_size: ['0'], update_time: '1' },
    });
    assert.deepEqual(outcome(engine, sent.clientOrderId, 'cancelled'), []);
  });
});

it('11.3 an order found at a start and gone before the symbol begins is not live', () => {
  const engine = new AuditedEngine();
  const clientOrderId = strategyOrderId('B', 'sell', 5);
  const found = {
    ...B_SELL,
    requestId: 0,
    clientOrderId,
    request: {
      order: {
        sub_account_id: SUB_ACCOUNTS.B,
        legs: [{ instrument: INSTRUMENT, size: '10', limit_price: '99.8', is_buying_asset: false }],
        signature: { expiration: `${engine.nowMs + 3_600_000}000000` },
        metadata: { client_order_id: clientOrderId },
      },
    },
  } as const;
  engine.call('B', 'open_orders', {}, { result: [engine.orderRow(found, 'OPEN')] });
  engine.wait(100).call('B', 'open_orders', {}, { result: [] });
  engine.journal(engine.state());
  engine.open(A_BUY);
  assert.deepEqual(engine.broken, []);
});

describe('15.2 the decision judge: a create and its decision', () => {
  table([
    {
      name: 'a repair within the net by the smaller account',
      breaks: [],
      scene: () => {
        const engine = unhedged();
        create(engine, B_SELL);
        return engine;
      },
    },
    {
      name: 'I12 a create without a journalled decision',
      breaks: ['I12 15.2'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.readBoth().book();
        engine.create(A_BUY, 'nobody decided this');
        return engine;
      },
    },
    {
      name: 'I12 a declared position that its message did not state',
      breaks: ['I12 15.2'],
      scene: () => {
        const engine = unhedged();
        engine.mark = '99';
        create(engine, B_SELL);
        return engine;
      },
    },
    {
      name: 'I12 10.3 data that were too old when the create left',
      breaks: ['I12 10.3', 'I3 7.4'],
      scene: () => {
        const engine = unhedged();
        const [intentId = ''] = engine.decide([B_SELL]);
        engine.wait(12_000).create(B_SELL, intentId);
        return engine;
      },
    },
    {
      name: 'I12 10.3 data of before our clock was set back',
      breaks: ['I12 10.3'],
      scene: () => {
        const engine = unhedged();
        engine.era += 1;
        create(engine, B_SELL);
        return engine;
      },
    },
    {
      name: 'I12 a position frame older than a second that was left out',
      breaks: ['I12 15.2'],
      scene: () => {
        const engine = unhedged();
        engine.frame('A', 'v1.position', engine.positionRow('A', '12'));
        engine.wait(1500);
        create(engine, B_SELL);
        return engine;
      },
    },
    {
      name: 'a frame that came a moment before the decision need not be in it',
      breaks: [],
      scene: () => {
        const engine = unhedged();
        engine.frame('A', 'v1.position', engine.positionRow('A', '12'));
        engine.wait(300);
        create(engine, B_SELL);
        return engine;
      },
    },
    {
      name: 'I12 a live order that the decision leaves out',
      breaks: ['I12 15.2'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.open(A_BUY);
        engine.wait(100).readBoth().book();
        create(engine, B_SELL, { orders: [] });
        return engine;
      },
    },
    {
      name: '9.3 a create that waits for a login is declared before it leaves',
      breaks: [],
      scene: () => {
        const engine = new AuditedEngine();
        engine.readBoth().book();
        const [intentId = ''] = engine.decide([A_BUY]);
        const { clientOrderId, account, side } = engine.create(A_BUY, intentId, { leaves: false });
        const row = {
          account,
          clientOrderId,
          side,
          price: d(A_BUY.price),
          size: d(A_BUY.size),
          traded: d(0),
          booked: d(0),
        };
        create(engine, B_SELL, { orders: [row] });
        only(engine, '15.2');
        return engine;
      },
    },
    {
      name: '18.1 an order of the previous holder that may still arrive is declared, before its symbol begins',
      breaks: [],
      scene: () => {
        const waiting = order('A', 'buy', 10, 99.9, { clientOrderId: strategyOrderId('A', 'buy', 7) });
        const known = {
          instrument: INSTRUMENT,
          lots: [],
          booked: { A: d(0), B: d(0) },
          orders: [waiting],
          begun: false,
        };
        const engine = new AuditedEngine({ knownAtStart: [known] });
        engine.readBoth().book();
        const { clientOrderId, account, side, price, size } = waiting;
        const row = { account, clientOrderId, side, price, size, traded: d(0), booked: d(0) };
        create(engine, B_SELL, { orders: [row] });
        only(engine, '15.2');
        return engine;
      },
    },
    {
      name: 'I12 a create that waits is declared as traded',
      breaks: ['I12 15.2'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.readBoth().book();
        const [intentId = ''] = engine.decide([A_BUY]);
        const { clientOrderId, account, side } = engine.create(A_BUY, intentId, { leaves: false });
        const row = {
          account,
          clientOrderId,
          side,
          price: d(A_BUY.price),
          size: d(A_BUY.size),
          traded: d(1),
          booked: d(0),
        };
        create(engine, B_SELL, { orders: [row] });
        only(engine, '15.2');
        return engine;
      },
    },
    {
      name: 'I12 an order that nothing was journalled or received of is declared',
      breaks: ['I12 15.2'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.readBoth().book();
        const [intentId = ''] = engine.decide([A_BUY]);
        const { clientOrderId, account, side } = engine.create(A_BUY, intentId, { leaves: false, journalled: false });
        const row = {
          account,
          clientOrderId,
          side,
          price: d(A_BUY.price),
          size: d(A_BUY.size),
          traded: d(0),
          booked: d(0),
        };
        create(engine, B_SELL, { orders: [row] });
        only(engine, '15.2');
        return engine;
      },
    },
    {
      name: 'I9 declared lots that the bookings do not come to',
      breaks: ['I9 15.2'],
      scene: () => {
        const engine = unhedged();
        create(engine, B_SELL, { lots: [{ ...LOT, size: d(10), price: d(95) }] });
        return engine;
      },
    },
    {
      name: 'I12 10.5 a position that contradicts its fills',
      breaks: ['I12 10.5'],
      scene: () => {
        const engine = unhedged();
        engine.wait(20_000).book();
        const from = engine.call('A', 'positions', {}, { result: [engine.positionRow('A', '12')] });
        const A = { held: d(10), position: { size: d(12), markPrice: d(100) }, from };
        const B = { held: d(0), position: null, from: engine.call('B', 'positions', {}, { result: [] }) };
        create(engine, B_SELL, { accounts: { A, B } });
        return engine;
      },
    },
    {
      name: '9.10 a later attempt of a decision whose position lagged then may leave long after the fill',
      breaks: [],
      scene: () => {
        const engine = new AuditedEngine();
        engine.journal(engine.state());
        engine.fills(engine.open(A_BUY), LOT);
        const from = engine.call('A', 'positions', {}, { result: [] });
        const fromB = engine.call('B', 'positions', {}, { result: [] });
        engine.book();
        const accounts = { A: { held: d(10), position: null, from }, B: { held: d(0), position: null, from: fromB } };
        const [intentId = ''] = engine.decide([B_SELL], { accounts });
        engine.wait(18_000).book();
        engine.create(B_SELL, intentId);
        only(engine, '10.5');
        return engine;
      },
    },
    {
      name: '9.10 a position that lags behind by an own fill does not keep its hedge waiting',
      breaks: [],
      scene: () => {
        const engine = new AuditedEngine();
        engine.journal(engine.state());
        const sent = engine.open(A_BUY);
        engine.fills(sent, LOT);
        const id = engine.call('A', 'positions', {}, { result: [] });
        const idB = engine.call('B', 'positions', {}, { result: [] });
        engine.book();
        const A = { held: d(10), position: null, from: id };
        create(engine, B_SELL, { accounts: { A, B: { held: d(0), position: null, from: idB } } });
        return engine;
      },
    },
  ]);
});

describe('15.2 the decision judge: whether it was allowed', () => {
  table([
    {
      name: 'I2 a repair priced worse than its guard',
      breaks: ['I2 7.2'],
      scene: () => {
        const engine = unhedged();
        engine.lots = [{ ...LOT, price: '101' }];
        engine.journal(engine.state());
        engine.breaches.length = 0;
        create(engine, B_SELL);
        return engine;
      },
    },
    {
      name: 'I4 a second opening while hedged',
      breaks: ['I4 8.2'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.open(A_BUY);
        engine.wait(100).readBoth().book();
        create(engine, { ...A_BUY, price: '99.8' });
        return engine;
      },
    },
    {
      name: 'I5 8.3 past half of the maximum',
      breaks: ['I5 8.3'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.held.A = '145';
        engine.held.B = '-145';
        engine.readBoth().book();
        create(engine, A_BUY);
        return engine;
      },
    },
    {
      name: 'I6 the account that should not repair',
      breaks: ['I6 6.3'],
      scene: () => {
        const engine = unhedged();
        create(engine, { account: 'A', side: 'sell', size: '10', price: '100.1' });
        return engine;
      },
    },
    {
      name: 'I6 6.4 a repair past the net',
      breaks: ['I6 6.4'],
      scene: () => {
        const engine = unhedged();
        create(engine, { ...B_SELL, size: '12' });
        return engine;
      },
    },
    {
      name: 'I5 6.2 worth more than 1.25 times the amount, whatever mark it was sized at',
      breaks: ['I5 6.2'],
      scene: () => {
        const engine = new AuditedEngine();
        engine.readBoth().book();
        create(engine, { ...A_BUY, size: '12.6' });
        return engine;
      },
    },
    {
      name: '6.3 after a refusal the other way may go first',
      breaks: [],
      scene: () => {
        const engine = unhedged();
        const refused = create(engine, B_SELL);
        engine.answer(refused.requestId, 'B', 'create_order', { code: 2080, message: '', status: 400 }, 400);
        create(engine, { account: 'A', side: 'sell', size: '10', price: '100.1' });
        return engine;
      },
    },
    ...(
      [
        ['SYSTEM_FAILOVER', []],
        ['CLIENT_CANCEL', ['I6 6.3']],
      ] as const
    ).map(([reason, breaks]) => ({
      name: `6.3 9.5 a repair ended as ${reason} while a cancel of ours was on its way`,
      breaks,
      scene: () => {
        const engine = unhedged();
        const sent = engine.open(B_SELL);
        const { clientOrderId } = sent;
        engine.send('B', 'cancel_order', { sub_account_id: SUB_ACCOUNTS.B, client_order_id: clientOrderId });
        engine.call('B', 'order', {}, { result: engine.orderRow(sent, 'CANCELLED', '0', '0', reason) });
        engine.live.splice(0);
        engine.wait(100).readBoth().book();
        create(engine, { account: 'A', side: 'sell', size: '10', price: '100.1' });
        return engine;
      },
    })),
    ...(
      [
        ['REJECTED', []],
        ['OPEN', ['I6 6.4']],
      ] as const
    ).map(([status, breaks]) => ({
      name: `6.4 an attempt that leaves late, where what its decision counted is ${status} and replaced`,
      breaks,
      scene: () => {
        const engine = unhedged();
        const first = engine.open({ ...B_SELL, size: '4' });
        engine.wait(100).readBoth().book();
        const [intentId = ''] = engine.decide([{ ...B_SELL, size: '6' }]);
        engine.wait(10).call('B', 'order', {}, { result: engine.orderRow(first, status, '0', '0', 'FAIL_POST_ONLY') });
        engine.live.splice(0);
        engine.open({ ...B_SELL, size: '4' });
        engine.create({ ...B_SELL, size: '6' }, intentId);
        only(engine, '6.4');
        return engine;
      },
    })),
    {
      name: '9.13 an account that may only reduce: the other way may go for as long as it does',
      breaks: [],
      scene: () => {
        const engine = unhedged();
        const refused = create(engine, B_SELL);
        engine.answer(refused.requestId, 'B', 'create_order', { code: 2091, message: '', status: 403 }, 403);
        engine.wait(7_200_000).readBoth().book();
        create(engine, { account: 'A', side: 'sell', size: '10', price: '100.1' });
        return engine;
      },
    },
    {
      name: '9.13 11.2 as above, in a run that began after the refusal',
      breaks: [],
      scene: () => {
        const known = { instrument: INSTRUMENT, lots: [], booked: { A: d(0), B: d(0) }, orders: [] };
        const engine = unhedged({ knownAtStart: [{ ...known, mayOnlyReduce: ['B'] }] });
        create(engine, { account: 'A', side: 'sell', size: '10', price: '100.1' });
        return engine;
      },
    },
    {
      name: 'I6 6.3 an order without reduce_only was taken long ago: the other way may not go any more',
      breaks: ['I6 6.3'],
      scene: () => {
        const engine = unhedged();
        const refused = create(engine, B_SELL);
        engine.answer(refused.requestId, 'B', 'create_order', { code: 7304, message: '', status: 400 }, 400);
        engine.wait(7_200_000).readBoth().book();
        const taken = engine.open(B_SELL);
        engine.call('B', 'order', {}, { result: engine.orderRow(taken, 'CANCELLED', '0') });
        engine.wait(1_000_000).readBoth().book();
        create(engine, { account: 'A', side: 'sell', size: '10', price: '100.1' });
        only(engine, '6.3');
        return engine;
      },
    },
    {
      name: 'I6 2.2 an instrument that is not to be traded',
      breaks: ['I6 2.2'],
      scene: () => {
        const engine = new AuditedEngine({ symbols: [{ ...SYMBOL, enabled: false }] });
        engine.open(A_BUY);
        return engine;
      },
    },
    {
      name: 'I12 9.5 an attempt that leaves long after a fill was known',
      breaks: ['I12 9.5'],
      scene: () => {
        const engine = unhedged();
        const [intentId = ''] = engine.decide([B_SELL]);
        const late = engine.open(A_BUY);
        engine.call('A', 'order', {}, { result: engine.orderRow(late, 'OPEN', '1') });
        engine.wait(7000).create(B_SELL, intentId);
        only(engine, '9.5');
        return engine;
      },
    },
  ]);
});

describe('15.2 the booking judge', () => {
  const withOrder = (): { engine: AuditedEngine; sent: ReturnType<AuditedEngine['open']> } => {
    const engine = new AuditedEngine();
    engine.journal(engine.state());
    return { engine, sent: engine.open(A_BUY) };
  };
  const received = (traded: string, status: string) => {
    const { engine, sent } = withOrder();
    engine.call('A', 'order', {}, { result: engine.orderRow(sent, status, traded) });
    return { engine, sent };
  };

  it('books what a message stated, at its exact value', () => {
    const { engine, sent } = received('10', 'FILLED');
    engine.journal({ kind: 'fact', body: booked(sent, '10', '99.9') });
    assert.deepEqual(engine.broken, []);
  });

  for (const [name, size, price] of [
    ['a size that no message stated', '9', '99.9'],
    ['another value', '10', '99.8'],
  ] as const) {
    it(`I9 4.1 ${name}`, () => {
      const { engine, sent } = received('10', 'FILLED');
      engine.journal({ kind: 'fact', body: booked(sent, size, price) });
      assert.deepEqual(engine.broken, ['I9 4.1']);
    });
  }

  it('I9 4.1 an increment booked twice', () => {
    const { engine, sent } = received('10', 'FILLED');
    engine.journal({ kind: 'fact', body: booked(sent, '10', '99.9') });
    engine.journal({ kind: 'fact', body: booked(sent, '10', '99.9') });
    assert.deepEqual(engine.broken, ['I9 4.1']);
  });

  it('I9 4.3 a partial fill booked before its wait is over, and not after it', () => {
    for (const [waitMs, breaks] of [
      [60_000, ['I9 4.3']],
      [1_800_001, []],
    ] as const) {
      const { engine, sent } = received('4', 'OPEN');
      engine.wait(waitMs).journal({ kind: 'fact', body: booked(sent, '4', '99.9') });
      assert.deepEqual(engine.broken, breaks);
    }
  });

  const sell = (price: string, matches: readonly object[]) => {
    const engine = unhedged();
    engine.readBoth().book();
    const [intentId = ''] = engine.decide([B_SELL]);
    const sent = engine.create({ ...B_SELL, price }, intentId);
    engine.rests(sent);
    engine.breaches.length = 0;
    engine.call('B', 'order', {}, { result: engine.orderRow(sent, 'FILLED', '10', price) });
    engine.journal({ kind: 'fact', body: booked(sent, '10', price, matches) });
    return engine.broken;
  };
  const match = { kind: 'hedge', lotId: 1, lotPrice: d('99.9'), size: d(10) };

  it('a hedge that closes its lot at a gain', () => assert.deepEqual(sell('100.1', [match]), []));
  it('I2 a lot closed at a loss', () => assert.deepEqual(sell('99.8', [match]), ['I2 4.4']));
  it('I9 a match with a lot that is not there', () =>
    assert.deepEqual(sell('100.1', [{ ...match, lotId: 9 }]), ['I9 4.4']));
  it('I9 a fill that leaves a lot it may close', () => assert.deepEqual(sell('100.1', []), ['I9 4.4']));

  it('I9 lots in a written state that do not follow from the bookings', () => {
    const engine = unhedged();
    engine.lots = [{ ...LOT, price: '90' }];
    engine.journal(engine.state());
    assert.deepEqual(engine.broken, ['I9 15.2']);
  });

  const DRIFT = { type: 'drift.adopted', instrument: INSTRUMENT, account: 'A', difference: d(2), matches: [] };

  /** A holds 2 more than its fills come to, in that many readings; each time it is asked for its fills. */
  function drifted(readings: number, fills: readonly object[] | null, before: readonly object[] = []): AuditedEngine {
    const engine = unhedged();
    for (let count = 0; count < readings; count += 1) {
      engine.wait(2000).call('A', 'positions', {}, { result: [engine.positionRow('A', '12')] });
      if (fills === null) continue;
      engine.call('A', 'fill_history', {}, { result: count < 5 ? before : fills, next: 'more' });
      engine.call('A', 'fill_history', { cursor: 'more' }, { result: count < 5 ? before : fills, next: '' });
    }
    return engine;
  }

  it('I9 10.5 a drift needs three readings that contradict alike for ten seconds', () => {
    for (const [readings, breaks] of [
      [2, ['I9 10.5']],
      [7, []],
    ] as const) {
      const engine = drifted(readings, []);
      engine.journal({ kind: 'fact', body: { ...DRIFT, price: d(100) } });
      assert.deepEqual(engine.broken, breaks);
    }
  });

  it('10.5 many readings in these seconds are no fewer', () => {
    const engine = unhedged();
    for (let count = 0; count < 250; count += 1)
      engine.wait(30).call('A', 'positions', {}, { result: [engine.positionRow('A', '12')] });
    engine.call('A', 'fill_history', {}, { result: [], next: '' });
    engine.journal({ kind: 'fact', body: { ...DRIFT, price: d(100) } });
    assert.deepEqual(engine.broken, []);
  });

  const liquidated = fillRow('buy', '2', '103');
  const ours = strategyOrderId('A', 'buy', 77);
  for (const [name, fills, price, breaks, before] of [
    ['at the price of the fill that explains it', [liquidated], '103', []],
    [
      'at the average of two, and not of the one before them',
      [fillRow('buy', '1.5', '103'), fillRow('buy', '0.5', '101'), liquidated],
      '102.5',
      [],
    ],
    ['at the average of those in its direction', [fillRow('sell', '1', '99'), fillRow('buy', '3', '103')], '103', []],
    ['at the mark where nothing explains it', [fillRow('buy', '1', '103')], '100', []],
    ['at the mark though fills of another instrument would', [{ ...liquidated, instrument: 'X' }], '100', []],
    ['at the mark though an order of ours filled as much', [fillRow('buy', '2', '103', ours)], '100', []],
    ['at the mark, the fill came with the last reading', [liquidated], '100', []],
    ['I9 at the mark, the fill had come long before', [liquidated], '100', ['I9 10.5'], [liquidated]],
    ['I9 at the price of fills that do not come to it', [fillRow('buy', '1', '103')], '103', ['I9 10.5']],
    ['I9 at another price', [liquidated], '104', ['I9 10.5']],
    ['I9 at the mark, and the fills were not asked for', null, '100', ['I9 10.5']],
  ] as const)
    it(`10.5 a drift is booked ${name}`, () => {
      const engine = drifted(6, fills, before);
      engine.journal({ kind: 'fact', body: { ...DRIFT, price: d(price) } });
      assert.deepEqual(engine.broken, breaks);
    });

  it('10.5 what a fill history has of an order nobody manages is booked as its fill, beside the drift it leaves', () => {
    const history = [
      fillRow('buy', '1', '104', ours),
      fillRow('buy', '0.5', '102', ours),
      fillRow('buy', '0.5', '101'),
    ];
    const fill = { type: 'fill.booked', instrument: INSTRUMENT, account: 'A', side: 'buy', clientOrderId: ours };
    const facts = (price: string) =>
      [
        { ...fill, fillSize: d('1.5'), fillPrice: d(price).div(3), matches: [] },
        { ...DRIFT, difference: d('0.5'), price: d(101) },
      ].map((body) => ({ kind: 'fact', body }));
    for (const [price, breaks] of [
      ['310', []],
      ['311', ['I9 4.1']],
    ] as const) {
      const engine = drifted(6, history, history);
      engine.journal(...facts(price));
      assert.deepEqual(engine.broken, breaks);
    }
  });
});

/** A row of a fill history. */
function fillRow(side: 'buy' | 'sell', size: string, price: string, clientOrderId = '0'): object {
  const trade = { trade_id: `${side} ${size} ${price}`, client_order_id: clientOrderId };
  return { instrument: INSTRUMENT, is_buyer: side === 'buy', size, price, event_time: '1760000001000000000', ...trade };
}

describe('I11, I12 the stop', () => {
  it('I12 no create after the stop began', () => {
    const engine = new AuditedEngine();
    engine.auditor.drainBegan();
    engine.open(A_BUY);
    assert.deepEqual(engine.broken, ['I12 13.1']);
  });

  it('I11 what is left behind, but for what is to be kept', () => {
    for (const [stopKeepStrategyOrders, breaks] of [
      [0, ['I11']],
      [1, []],
    ] as const) {
      const engine = new AuditedEngine({ settings: { ...SETTINGS, stopKeepStrategyOrders } });
      engine.open(A_BUY);
      engine.auditor.drainBegan();
      const left = engine.wait(1000).auditor.stopped();
      assert.deepEqual(
        left.map(({ invariant }) => invariant),
        breaks,
      );
    }
  });

  it('I11 an order to be kept is not cancelled', () => {
    const engine = new AuditedEngine({ settings: { ...SETTINGS, stopKeepStrategyOrders: 1 } });
    const sent = engine.open(A_BUY);
    engine.auditor.drainBegan();
    engine.send('A', 'cancel_order', { sub_account_id: SUB_ACCOUNTS.A, client_order_id: sent.clientOrderId });
    assert.deepEqual(engine.broken, ['I11 13.1']);
  });
});

it('a symbol named twice is refused', () => {
  assert.throws(
    () =>
      createAuditor({
        time: () => ({ wallMs: 0, steadyMs: 0, era: 0 }),
        symbols: [SYMBOL, SYMBOL],
        accounts: SUB_ACCOUNTS,
        settings: SETTINGS,
      }),
    /named twice/,
  );
});

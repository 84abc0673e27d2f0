import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAULT_KINDS, type FaultKind, type FaultRule, startPaper } from '../../src/paper/index.ts';
import { type Loose, PaperBench } from './paper-bench.ts';

const BTC = 'BTC_USDT_Perp';

function struck(kind: FaultKind, more: Partial<FaultRule> = {}): PaperBench {
  const d = new PaperBench();
  d.still();
  d.exchange.faults.set([{ kind, rate: 1, ...more }]);
  return d;
}

const read = (d: PaperBench) => d.raw('A', '/full/v1/open_orders', { sub_account_id: d.sub('A') });
const order = (d: PaperBench, price = '100.5') => d.sign('A', { buy: true, price, size: '2', postOnly: true });
const resting = (d: PaperBench): number => [...d.exchange.venue.accounts[0]!.active.values()].length;

/** Faults of one call: what comes back, and whether a create was carried out all the same. */
const CALLS: readonly (readonly [
  kind: FaultKind,
  status: number,
  code: number | null,
  broken: string | null,
  done: boolean,
])[] = [
  ['refused', 0, null, 'refused', false],
  ['reset-before', 0, null, 'reset', false],
  ['reset-after', 0, null, 'reset', true],
  ['server-error', 500, 1002, null, false],
  ['server-error-after', 500, 1002, null, true],
  ['unavailable', 503, 1009, null, false],
  ['rate-limited', 429, 1006, null, false],
  ['unauthenticated', 401, 1000, null, false],
  ['html', 502, null, null, false],
  ['empty', 200, null, null, true],
  ['null', 200, null, null, true],
  ['garbage', 200, null, null, true],
];

describe('faults of a call', () => {
  for (const [kind, status, code, broken, done] of CALLS) {
    it(`${kind}: ${FAULT_KINDS[kind]}`, async () => {
      const d = struck(kind, { count: 1, route: 'create_order' });
      const answer = d.raw('A', '/full/v1/create_order', { order: await order(d) });
      assert.deepEqual([answer.status, answer.broken], [status, broken]);
      if (code !== null) assert.equal(JSON.parse(answer.body).code, code);
      else if (kind !== 'null') assert.throws(() => JSON.parse(answer.body));
      else assert.equal(answer.body, 'null');
      d.wait(40);
      assert.equal(resting(d), done ? 1 : 0);
      assert.deepEqual(d.exchange.faults.counts(), { [kind]: 1 });
      if (kind === 'unauthenticated') d.login('A');
      assert.equal(read(d).status, 200, 'only once, and only there');
    });
  }

  it('slow holds the answer back, late the request', async () => {
    assert.equal(read(struck('slow', { delayMs: 700 })).delayMs, 700);
    const d = struck('late', { delayMs: 300, count: 1 });
    const request = { method: 'POST', path: '/full/v1/order', headers: d.headers.get('A')!, body: '{}' };
    assert.deepEqual([d.exchange.api.arrivalDelayMs(request), d.exchange.api.arrivalDelayMs(request)], [300, 0]);
  });

  it('duplicate delivers a create twice, and it rests once', async () => {
    const d = struck('duplicate', { route: 'create_order' });
    assert.equal(d.call('A', 'create_order', { order: await order(d) }).status, 200);
    d.wait(40);
    assert.equal(resting(d), 1);
  });

  it('missing-field leaves out one field of the result', async () => {
    const d = struck('missing-field', { route: 'account_summary' });
    const keys = (value: Loose): number =>
      typeof value !== 'object' || value === null
        ? 0
        : Object.values(value).reduce((total: number, inner) => total + keys(inner), Object.keys(value).length);
    const broken = d.call('A', 'account_summary').body;
    d.exchange.faults.set([]);
    assert.equal(keys(broken), keys(d.call('A', 'account_summary').body) - 1);
    assert.ok(broken.result);
  });

  it('stale repeats an answer that was true a while ago', async () => {
    const d = struck('stale', { route: 'open_orders', forMs: 5_000 });
    const before = read(d).body;
    await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    assert.equal(read(d).body, before);
    d.wait(5_000);
    read(d);
    assert.equal(JSON.parse(read(d).body).result.length, 1);
  });

  it('strike the account and the call they name, as often as they name', () => {
    const d = struck('server-error', { account: 'B', route: 'positions', count: 2 });
    const codes = [0, 1, 2].map(() => d.call('B', 'positions').status);
    assert.deepEqual(codes, [500, 500, 200]);
    d.exchange.faults.set([{ kind: 'server-error', rate: 1, account: 'B', route: 'positions' }]);
    assert.deepEqual([d.call('A', 'positions').status, d.call('B', 'open_orders').status], [200, 200]);
  });

  it('strike as often as their rate says, the same for the same seed', () => {
    const run = (): string => {
      const d = new PaperBench({ seed: 11 });
      d.exchange.faults.set([{ kind: 'rate-limited', rate: 0.2 }]);
      return Array.from({ length: 1_000 }, () => (read(d).status === 429 ? 'x' : '.')).join('');
    };
    const first = run();
    assert.equal(run(), first);
    const count = first.split('x').length - 1;
    assert.ok(count > 150 && count < 250, String(count));
  });

  it('refuse a kind that does not exist and a rate that is none', () => {
    const { faults } = new PaperBench().exchange;
    assert.throws(() => faults.add([{ kind: 'gremlin' as FaultKind, rate: 1 }]), /no such fault: gremlin/);
    assert.throws(() => faults.add([{ kind: 'html', rate: 2 }]), /rate must be 0 to 1/);
  });
});

describe('faults of the exchange', () => {
  it('lost-order: a resting order is invisible for a while, and comes back', async () => {
    const d = new PaperBench();
    d.still();
    const id = await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    d.exchange.faults.set([{ kind: 'lost-order', rate: 1, count: 1, forMs: 3_000 }]);
    assert.deepEqual(d.call('A', 'open_orders').body.result, []);
    assert.equal(d.call('A', 'order', { client_order_id: id }).body.code, 1004);
    assert.deepEqual(d.call('A', 'order_history').body.result, []);
    d.wait(3_000);
    assert.equal(d.call('A', 'open_orders').body.result.length, 1);
    assert.equal(d.state('A', id), 'OPEN UNSPECIFIED 0.0');
  });

  it('late-position: positions and equity lag a fill, orders do not', async () => {
    const d = new PaperBench();
    d.still();
    d.exchange.faults.set([{ kind: 'late-position', rate: 1, account: 'A', forMs: 2_000 }]);
    const id = await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    d.exchange.control.fill({ account: 'A', client_order_id: id });
    assert.equal(d.state('A', id), 'FILLED UNSPECIFIED 2.0');
    assert.deepEqual(d.call('A', 'positions').body.result, []);
    d.wait(2_000);
    assert.equal(d.call('A', 'positions').body.result[0].size, '2.0');
  });

  it('wrong-mark: what is held is shown at a hundredth or a hundredfold for a while; tickers show what both accounts see', () => {
    const shown = new Set<string>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const d = new PaperBench({ seed });
      d.still();
      const mark = () => Number(d.call(null, 'mini', { instrument: BTC }).body.result.mark_price);
      const right = mark();
      d.exchange.faults.set([{ kind: 'wrong-mark', rate: 1, count: 1, forMs: 5_000 }]);
      d.call('A', 'positions');
      for (const account of ['A', 'B']) d.exchange.control.position({ account, instrument: BTC, size: '1' });
      const times = (name: string) => Number(d.call(name, 'positions').body.result[0].mark_price) / right;
      const seen = [times('A'), mark() / right, times('B')].map((one) => Number(one.toPrecision(3)));
      assert.ok(seen[0] === 0.01 || seen[0] === 100, String(seen[0]));
      shown.add(seen.join(' '));
      d.wait(5_000);
      assert.ok(Math.abs(times('A') - 1) < 0.1, 'it is over');
      assert.deepEqual(d.exchange.faults.counts(), { 'wrong-mark': 1 });
    }
    for (const one of ['100 100 100', '0.01 0.01 0.01', '100 1 1', '0.01 1 1', '0.01 1 1'])
      assert.ok(shown.has(one), `${one} among ${[...shown].join(', ')}`);
  });

  it('post-only-refusal: a good post-only order is refused', async () => {
    const d = struck('post-only-refusal', { count: 1 });
    const id = await d.place('A', { buy: true, price: '99.0', size: '2', postOnly: true });
    assert.equal(d.state('A', id), 'REJECTED FAIL_POST_ONLY 0.0');
  });

  it('fill-during-cancel: the order is filled before its cancel acts', async () => {
    const d = struck('fill-during-cancel');
    const id = await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    assert.equal(d.call('A', 'cancel_order', { client_order_id: id }).body.result.ack, true);
    d.wait(10);
    assert.equal(d.state('A', id), 'FILLED UNSPECIFIED 2.0');
  });

  it('every kind is spoken of here or among the streams', () => {
    const elsewhere = [
      'slow',
      'late',
      'duplicate',
      'missing-field',
      'stale',
      'lost-order',
      'late-position',
      'wrong-mark',
      'post-only-refusal',
      'fill-during-cancel',
    ];
    const streams = [
      'lost-frame',
      'duplicate-frame',
      'late-frame',
      'late-position-frame',
      'swapped-frame',
      'gapless-loss',
      'wrong-position-frame',
      'silent-stream',
      'session-over',
      'disconnect',
    ];
    assert.deepEqual(
      [...CALLS.map(([kind]) => kind), ...elsewhere, ...streams].sort(),
      Object.keys(FAULT_KINDS).sort(),
    );
  });
});

describe('rate limits', () => {
  it('are on unless they are switched off', () => {
    const off = new PaperBench();
    const on = new PaperBench({ rateLimits: undefined });
    for (let index = 0; index < 300; index++) assert.equal(read(off).status, 200);
    assert.ok(Array.from({ length: 11 }, () => read(on).status).includes(429));
  });

  it('answer 429 by weight, come back with time, and count cancels apart', () => {
    const d = new PaperBench({ rateLimits: true });
    assert.equal(read(d).status, 200, 'a login is paid for by its account, and leaves half of the burst');
    d.wait(2_000);
    const statuses = Array.from({ length: 12 }, () => read(d).status);
    assert.deepEqual(statuses, [...Array(10).fill(200), 429, 429]);
    assert.equal(d.call('A', 'cancel_order', { client_order_id: '5' }).status, 200);
    assert.deepEqual(d.call('A', 'open_orders').body, {
      code: 1006,
      message: 'You have surpassed the allocated rate limit for your tier',
      status: 429,
    });
    assert.equal(d.call('B', 'open_orders').status, 200);
    assert.equal(d.exchange.api.rateLimited, 3);
    d.wait(200);
    assert.equal(read(d).status, 200);
  });

  it('count each create of a bulk request, and its cancels once', () => {
    const d = new PaperBench({ rateLimits: true });
    const bulk = (ids: readonly string[]) => d.call('A', 'bulk_orders', { orders: [], client_order_i_ds: ids }).status;
    const forty = Array.from({ length: 41 }, (_, index) => bulk([String(index), String(index + 100)]));
    assert.deepEqual(forty, [...Array(40).fill(200), 429]);
    assert.deepEqual(d.exchange.api.chargeOf('bulk_orders', { creates: 7, cancels: 3 }), { create: 35, cancel: 5 });
    assert.deepEqual(d.exchange.api.chargeOf('bulk_orders', { creates: 7, cancels: 0 }), { create: 35, cancel: 0 });
    assert.deepEqual(d.exchange.api.chargeOf('cancel_all_orders', { creates: 0, cancels: 0 }), { cancel: 50 });
  });
});

describe('the control path', () => {
  it('works over loopback: position, equity, clock, faults, foreign orders, state', async () => {
    const paper = await startPaper({ seed: 9 });
    const post = async (path: string, body: unknown): Promise<Loose> => {
      const answer = await fetch(`${paper.url}/paper/${path}`, { method: 'POST', body: JSON.stringify(body) });
      return { status: answer.status, ...((await answer.json()) as object) };
    };
    const get = async (path: string): Promise<Loose> => (await fetch(`${paper.url}/paper/${path}`)).json();
    try {
      assert.equal(
        (await post('position', { account: 'A', instrument: BTC, size: '-0.25', entry_price: '90000' })).status,
        200,
      );
      assert.equal((await post('equity', { account: 'A', equity: '1234.5' })).status, 200);
      await post('market', { instrument: BTC, frozen: true });
      const foreign = await post('order', { account: 'B', instrument: BTC, side: 'buy', size: '1', price: '80000.0' });
      assert.equal(foreign.order.state.status, 'OPEN');
      const before = await get('state');
      await post('clock', { advance_ms: 60_000 });
      const after = await get('state');
      assert.ok(after.clock_ms - before.clock_ms >= 60_000);
      assert.ok(after.steps - before.steps >= 240);
      await post('clock', { jump_ms: 3_600_000 });
      assert.ok((await get('state')).clock_ms - after.clock_ms >= 3_600_000);
      assert.deepEqual(
        before.accounts.map((row: Loose) => [row.account, row.equity, row.positions.length, row.open_orders.length]),
        [
          ['A', before.accounts[0].equity, 1, 0],
          ['B', '50000.0', 0, 1],
        ],
      );
      assert.match(before.accounts[0].equity, /^1234\./);
      await post('faults', { rules: [{ kind: 'reset-before', rate: 1, count: 1, route: 'all_instruments' }] });
      const call = () =>
        fetch(`${paper.url}/full/v1/all_instruments`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        });
      await assert.rejects(call());
      assert.equal((await call()).status, 200);
      assert.deepEqual((await get('faults')).counts, { 'reset-before': 1 });
      for (const [path, body] of [
        ['fill', { account: 'A', client_order_id: '404' }],
        ['faults', { rules: [{ kind: 'gremlin' }] }],
        ['position', { account: 'C', instrument: BTC, size: '1' }],
        ['position', { account: 'A', instrument: 'X', size: '1' }],
        ['clock', { advance_ms: -1 }],
      ] as const) {
        const refused = await post(path, body);
        assert.equal(refused.status, 400, path);
        assert.equal(typeof refused.error, 'string');
      }
    } finally {
      await paper.close();
    }
  });

  it('a restart ends sessions, sockets and resting orders, and keeps positions', async () => {
    const d = new PaperBench();
    d.still();
    const id = await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    d.exchange.control.position({ account: 'A', instrument: 'ETH_USDT_Perp', size: '1' });
    d.exchange.control.restart({ drop_orders: true });
    assert.equal(d.call('A', 'positions').status, 401);
    d.login('A');
    assert.equal(d.state('A', id), 'CANCELLED SYSTEM_FAILOVER 0.0');
    assert.equal(d.call('A', 'positions').body.result.length, 1);
  });

  it('a clock jump ends what has expired by it', async () => {
    const d = new PaperBench();
    d.still();
    const id = await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    d.exchange.control.clock({ jump_ms: 700_000 });
    d.wait(0);
    assert.equal(d.state('A', id), 'CANCELLED EXPIRED 0.0');
  });

  it('an empty book answers with no levels, and comes back', () => {
    const d = new PaperBench();
    d.exchange.control.market({ instrument: BTC, empty: true });
    const book = (): Loose => d.call(null, 'book', { instrument: BTC, depth: 10 }).body.result;
    assert.deepEqual([book().bids, book().asks], [[], []]);
    d.exchange.control.market({ instrument: BTC, empty: false });
    assert.equal(book().bids.length, 10);
  });

  it('a gap moves the price by what it says', () => {
    const d = new PaperBench();
    const mark = (): number => Number(d.call(null, 'mini', { instrument: BTC }).body.result.mark_price);
    const before = mark();
    d.exchange.control.market({ instrument: BTC, gap: -0.1 });
    assert.ok(Math.abs(mark() / before - 0.9) < 0.001);
  });
});

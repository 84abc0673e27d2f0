import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { lotsNet } from '../../src/core/ledger.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import type { EngineStage } from '../support/engine-stage.ts';
import type { Meddling } from '../support/meddler.ts';
import { BNB, ourOrders, positionOf, type Scene, stateOf, withScene } from './venue.ts';

/** The whole engine over real HTTP, before an exchange that answers what no exchange should. */

/** Scenes wait more than they work, and have nothing in common. */
const TOGETHER = { concurrency: 4 };

/** Both quotes rest, and the engine knows it. */
async function quoting({ paper }: Scene, stage: EngineStage): Promise<void> {
  await stage.until(
    'both quotes rest',
    () => stage.reported('order.placed').length >= 2 && ourOrders(paper).length === 2,
  );
  await stage.until('the engine knows it', () => stage.symbol(BNB).underWay.length === 0);
}

/** Both accounts were polled so many more times. */
async function polls(stage: EngineStage, times = 3): Promise<void> {
  const [from, at] = [
    stage.facts.length,
    (account: string) => (since: number) =>
      stage.facts.slice(since).filter((fact) => fact.type === 'account.polled' && fact.account === account).length,
  ];
  await stage.until(`${times} more polls`, () => at('A')(from) >= times && at('B')(from) >= times);
}

/** Answers to one route of one account are meddled with. */
function only(route: string, meddling: Meddling, subAccountId?: string) {
  return (call: { route: string; body: { sa?: string } | null }): Meddling =>
    call.route === route && (subAccountId === undefined || call.body?.sa === subAccountId) ? meddling : null;
}

describe('13.2 an exchange that is no use at the start is out of reach: exit code 69', TOGETHER, () => {
  it('when nobody listens there', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await withScene(async ({ start }) => {
      const { exitCode, failure } = await start({}, { url: `http://127.0.0.1:${port}` }).engine.stopped;
      assert.equal(exitCode, 69);
      assert.match(failure === null ? '' : reasonText(failure), /ECONNREFUSED/);
    });
  });

  const answers: Readonly<Record<string, { meddling: Meddling; says: RegExp }>> = {
    'when it answers a page of HTML': { meddling: { status: 502, text: '<html>Bad Gateway</html>' }, says: /502/ },
    'when it answers null': { meddling: { status: 200, text: 'null' }, says: /instruments|answer/ },
    'when it drops the connection': { meddling: 'drop', says: /other side closed|ECONNRESET/ },
  };
  for (const [name, { meddling, says }] of Object.entries(answers)) {
    it(name, () =>
      withScene(async ({ meddler, start }) => {
        meddler.meddle = only('all_instruments', meddling);
        const { exitCode, failure } = await start().engine.stopped;
        assert.equal(exitCode, 69);
        assert.match(failure === null ? '' : reasonText(failure), says);
      }),
    );
  }
});

describe(
  '13.2 a login answered with what is no answer to it is no matter of configuration: exit code 69',
  TOGETHER,
  () => {
    for (const text of [
      'null',
      '',
      '[]',
      '<html>under maintenance</html>',
      '{"status":"success"}',
      '{"status":"succ',
    ]) {
      it(text === '' ? 'an empty body' : text, () =>
        withScene(async ({ meddler, start }) => {
          meddler.meddle = only('/auth/api_key/login', { status: 200, text });
          const { exitCode, failure } = await start().engine.stopped;
          assert.equal(exitCode, 69);
          assert.match(
            failure === null ? '' : reasonText(failure),
            /^login of account [AB]: HTTP 200 without a session cookie/,
          );
        }),
      );
    }

    it('an answer that says no is one: exit code 78, naming the key', () =>
      withScene(async ({ meddler, start }) => {
        meddler.meddle = only('/auth/api_key/login', { status: 200, text: '{"status":"failure"}' });
        const { exitCode, failure } = await start().engine.stopped;
        assert.equal(exitCode, 78);
        assert.match(
          failure === null ? '' : reasonText(failure),
          /the API key was not accepted; check GRVT_TRADING_API_KEY_/,
        );
      }));
  },
);

describe('10.3 10.4 an answer that cannot be used is no data, never an empty answer', TOGETHER, () => {
  const cases: Readonly<Record<string, { meddling: Meddling; says: RegExp }>> = {
    'a page of HTML': { meddling: { status: 502, text: '<html></html>' }, says: /HTML/ },
    'a page of HTML with status 200': { meddling: { status: 200, text: '<!doctype html>' }, says: /HTML/ },
    null: { meddling: { status: 200, text: 'null' }, says: /answer/ },
    'an empty body': { meddling: { status: 200, text: '' }, says: /empty/ },
    'half an answer': { meddling: { status: 200, text: '{"r":[{"i":"BNB' }, says: /no JSON/ },
    'a dropped connection': { meddling: 'drop', says: /other side closed|ECONNRESET/ },
    'an error in status 200': {
      meddling: { status: 200, text: '{"c":1005,"m":"Unknown Error","s":500}' },
      says: /1005/,
    },
    'a position without a size': {
      meddling: { change: (answer) => ({ r: answer.r.map(({ s: _size, ...rest }: { s: string }) => rest) }) },
      says: /size/,
    },
    'a mark price of zero': {
      meddling: { change: (answer) => ({ r: answer.r.map((row: object) => ({ ...row, mp: '0.0' })) }) },
      says: /mark_price/,
    },
    'a position of another account': {
      meddling: { change: (answer) => ({ r: answer.r.map((row: object) => ({ ...row, sa: '1' })) }) },
      says: /sub_account_id/,
    },
  };
  for (const [name, { meddling, says }] of Object.entries(cases)) {
    it(`positions: ${name}`, () =>
      withScene(async (scene) => {
        const { paper, meddler, start } = scene;
        paper.exchange.control.position({ account: 'A', instrument: BNB, size: '2' });
        paper.exchange.control.position({ account: 'B', instrument: BNB, size: '-2' });
        const stage = start();
        await quoting(scene, stage);
        const before = stage.symbol(BNB).state;
        const creates = meddler.count('create_order');
        const from = stage.facts.length;
        meddler.meddle = only('positions', meddling, paper.accounts[0]?.subAccountId);
        const failed = () => stage.reported('read.failed').filter((fact) => fact.account === 'A');
        await stage.until('the read failed', () => failed().length >= 2);
        assert.match(failed()[0]?.failure.message ?? '', says);
        assert.deepEqual(stage.symbol(BNB).state.lots, before.lots, 'nothing is booked on it');
        assert.deepEqual(stage.symbol(BNB).state.booked, before.booked, 'and nothing is flat');
        assert.equal(meddler.count('create_order'), creates, 'nothing is sent on it');
        const ofA = stage.facts.slice(from).filter((fact) => fact.type === 'account.polled' && fact.account === 'A');
        assert.ok(ofA.length <= 1, 'no snapshot but one that was on its way');
        meddler.meddle = () => null;
        await stage.until('read again', () =>
          stage.reported('alert.raised').some(({ alert }) => alert.kind === 'api-failure'),
        );
        await polls(stage, 1);
        stage.unbroken();
      }));
  }

  it('an answer that takes for ever is given up after 5 s, and the other account is polled meanwhile', () =>
    withScene(async (scene) => {
      const { paper, meddler, start } = scene;
      const stage = start();
      await quoting(scene, stage);
      meddler.meddle = only('positions', 'hang', paper.accounts[0]?.subAccountId);
      const from = stage.facts.length;
      await stage.until('the read failed', () => stage.reported('read.failed').length > 0);
      assert.match(stage.reported('read.failed')[0]?.failure.message ?? '', /5 s|timeout/);
      const ofB = stage.facts.slice(from).filter((fact) => fact.type === 'account.polled' && fact.account === 'B');
      assert.ok(ofB.length > 5);
      meddler.meddle = () => null;
      await polls(stage, 1);
      stage.unbroken();
    }));

  it('data too old stop new orders: no quote is replaced while an account cannot be read', () => {
    let aheadMs = 0;
    return withScene(async (scene) => {
      const { paper, meddler, start } = scene;
      const stage = start({ nowMs: () => Date.now() + aheadMs });
      await quoting(scene, stage);
      meddler.meddle = only('positions', { status: 500, text: '{}' }, paper.accounts[1]?.subAccountId);
      await stage.until('the read failed', () => stage.reported('read.failed').length > 0);
      const creates = meddler.count('create_order');
      aheadMs = 11_000;
      for (const id of ourOrders(paper)) {
        const account = (BigInt(id) >> 59n) & 1n ? 'B' : 'A';
        paper.exchange.control.cancel({ account, client_order_id: id, reason: 'CLIENT_CANCEL' });
      }
      await stage.until('it waits', () => stage.reported('state.changed').at(-1)?.to === 'waiting');
      await stage.until('read on', () => stage.reported('read.failed').length > 3);
      assert.equal(meddler.count('create_order'), creates);
      meddler.meddle = () => null;
      // The orders ended by hand rest their openings for a while (9.5).
      await stage.until('both ends are known', () => stage.symbol(BNB).state.orders.length === 0);
      aheadMs = 60_000;
      await stage.until('it quotes again', () => meddler.count('create_order') >= creates + 2);
      stage.unbroken();
    });
  });
});

describe('7.4 a book that prices nothing is waited out, and nothing is sent', TOGETHER, () => {
  const books: Readonly<
    Record<string, { bids: { price: string; size: string }[]; asks: { price: string; size: string }[] }>
  > = {
    empty: { bids: [], asks: [] },
    'without asks': { bids: [{ price: '600.0', size: '5' }], asks: [] },
    'without bids': { bids: [], asks: [{ price: '600.1', size: '5' }] },
    crossed: { bids: [{ price: '600.2', size: '5' }], asks: [{ price: '600.1', size: '5' }] },
  };
  for (const [name, book] of Object.entries(books)) {
    it(name, () => {
      let aheadMs = 0;
      return withScene(async ({ paper, meddler, start }) => {
        // Holding something, so that the mark does not come from the book.
        paper.exchange.control.position({ account: 'A', instrument: BNB, size: '2' });
        paper.exchange.control.position({ account: 'B', instrument: BNB, size: '-2' });
        const lite = { et: '1', i: BNB, b: book.bids.map(level), a: book.asks.map(level) };
        meddler.meddle = (call) => (call.route === 'book' ? { change: () => ({ r: lite }) } : null);
        const stage = start({ env: { GRVT_HEDGE_POST_ONLY_MAX_RETRY: '2' }, nowMs: () => Date.now() + aheadMs });
        // One answer serves all that wait for it, and the attempts of its next 2 s.
        await stage.until('the book was read again', () => meddler.count('book') >= 2);
        assert.equal(meddler.count('create_order'), 0);
        meddler.meddle = () => null;
        // What was given up is not tried again at once.
        aheadMs = 11_000;
        await stage.until('it quotes', () => ourOrders(paper).length === 2);
        stage.unbroken();
      });
    });
  }

  it('3.1 flat, without a book there is no mark and no decision', () =>
    withScene(async ({ paper, meddler, start }) => {
      paper.exchange.control.market({ instrument: BNB, empty: true });
      const stage = start();
      await stage.until('the book was read', () => meddler.count('book') >= 2);
      assert.equal(meddler.count('create_order'), 0);
      paper.exchange.control.market({ instrument: BNB, empty: false });
      await stage.until('it quotes', () => ourOrders(paper).length === 2);
      stage.unbroken();
    }));
});

const level = ({ price, size }: { price: string; size: string }) => ({ p: price, s: size, no: 1 });

describe('orders and positions that are not ours', TOGETHER, () => {
  it('2.2 a position in an instrument nobody listed is left alone, and holds nothing up', () =>
    withScene(async (scene) => {
      const { meddler, start } = scene;
      meddler.meddle = (call) =>
        call.route === 'positions'
          ? {
              change: (answer) => ({
                r: [
                  ...answer.r,
                  { et: '1', sa: call.body.sa, i: 'NEVERHEARD_USDT_Perp', s: '7.0', ep: '3.0', mp: '3.1', n: '21.7' },
                ],
              }),
            }
          : null;
      const stage = start();
      await quoting(scene, stage);
      assert.ok(
        stage.facts.every((fact) => !('instrument' in fact) || fact.instrument === BNB || fact.instrument === null),
      );
      stage.unbroken();
    }));

  it('11.4 9.7 600 open foreign orders: each named once, reported without a flood, none touched', () =>
    withScene(async (scene) => {
      const { paper, meddler, start } = scene;
      for (let index = 0; index < 600; index += 1)
        paper.exchange.control.order({
          account: index % 2 === 0 ? 'A' : 'B',
          instrument: 'ETH_USDT_Perp',
          side: 'buy',
          size: '0.05',
          price: (1_000 + index * 0.01).toFixed(2),
          post_only: false,
          expires_in_ms: 3_600_000,
        });
      const stage = start();
      await quoting(scene, stage);
      await polls(stage, 3);
      assert.equal(stage.reported('order.foreign').length, 600);
      assert.ok(stage.messages.length <= 10, `${stage.messages.length} messages`);
      assert.equal(await stage.stop(), 0);
      const left = stateOf(paper).accounts.reduce((sum, one) => sum + one.open_orders.length, 0);
      assert.equal(left, 600);
      const cancelled = meddler.calls
        .filter((call) => call.route === 'cancel_order')
        .map((call) => call.body.client_order_id);
      assert.ok(cancelled.every((id) => BigInt(id) >> 60n === 0xen));
    }));
});

describe('9.8 sessions and keys', TOGETHER, () => {
  it('a session that ends in the middle costs one login and one repeat, and nothing else', () =>
    withScene(async (scene) => {
      const { paper, start } = scene;
      const stage = start();
      await quoting(scene, stage);
      const before = stateOf(paper).logins;
      paper.exchange.control.session({ account: 'A' });
      await stage.until('logged in again', () => stateOf(paper).logins > before);
      await polls(stage, 5);
      assert.equal(stateOf(paper).logins, before + 1);
      assert.deepEqual(stage.reported('read.failed'), []);
      assert.equal(ourOrders(paper).length, 2);
      stage.unbroken();
    }));

  it('a wrong chain id: every order is refused by its signature, nothing rests, and the symbol does not hammer', () =>
    withScene(async ({ paper, meddler, start }) => {
      const stage = start({ env: { GRVT_CHAIN_ID: String(paper.chainId + 1) } });
      await stage.until('refused', () =>
        stage.reported('alert.raised').some(({ alert }) => ['order-refused', 'account-parked'].includes(alert.kind)),
      );
      await stage.until('nothing is under way', () => stage.symbol(BNB).underWay.length === 0);
      assert.ok(meddler.count('create_order') <= 2, 'at most one create of each account');
      assert.deepEqual(ourOrders(paper), []);
      const named = /GRVT_CHAIN_ID and GRVT_TRADING_PRIVATE_KEY_[12]/;
      const reported = stage.reported('alert.raised').map(({ alert }) => reasonText(alert.details.reason ?? ''));
      assert.ok(reported.length > 0 && reported.every((reason) => named.test(reason)), reported.join());
      await stage.until('people read it', () => stage.messages.some((text) => named.test(text)));
      stage.unbroken();
    }));

  it('private keys of the two accounts swapped: both are parked, nothing rests, the engine stays up', () =>
    withScene(async ({ paper, meddler, start }) => {
      const [A, B] = paper.accounts;
      assert.ok(A && B);
      const keys = { A: { ...A, privateKey: B.privateKey }, B: { ...B, privateKey: A.privateKey } };
      const stage = start({}, { keys });
      await stage.until('reported', () =>
        stage.reported('alert.raised').some(({ alert }) => ['account-parked', 'order-refused'].includes(alert.kind)),
      );
      await stage.until('nothing is under way', () => stage.symbol(BNB).underWay.length === 0);
      assert.ok(meddler.count('create_order') <= 2);
      assert.deepEqual(ourOrders(paper), []);
      assert.equal(stage.engine.daemon.getSnapshot().status, 'active');
      stage.unbroken();
    }));

  it('13.2 API keys of the two accounts swapped are a matter of configuration: exit code 78', () =>
    withScene(async ({ paper, meddler, start }) => {
      const [A, B] = paper.accounts;
      assert.ok(A && B);
      const keys = { A: { ...A, apiKey: B.apiKey }, B: { ...B, apiKey: A.apiKey } };
      const stage = start({}, { keys });
      const { exitCode } = await stage.engine.stopped;
      assert.equal(exitCode, 78);
      assert.equal(meddler.count('create_order'), 0);
    }));
});

describe('9.6 10.2 orders out of sight', TOGETHER, () => {
  it('10.2 an order gone from open orders is looked up, and not read as cancelled', () =>
    withScene(async (scene) => {
      const { paper, meddler, start } = scene;
      const stage = start();
      await quoting(scene, stage);
      const orders = stage.symbol(BNB).state.orders.map((order) => order.clientOrderId);
      const [creates, looked] = [meddler.count('create_order'), meddler.count('order')];
      meddler.meddle = only('open_orders', { change: () => ({ r: [] }) });
      await polls(stage, 5);
      assert.ok(meddler.count('order') >= looked + 8, 'each was looked up in each poll');
      assert.deepEqual(
        stage.symbol(BNB).state.orders.map((order) => order.clientOrderId),
        orders,
      );
      assert.deepEqual(stage.reported('order.over'), []);
      assert.equal(meddler.count('create_order'), creates);
      meddler.meddle = () => null;
      await polls(stage, 1);
      assert.equal(await stage.stop(), 0);
      assert.deepEqual(ourOrders(paper), []);
    }));

  it('9.6 one that even `order` no longer knows counts as live until there is proof', () =>
    withScene(async (scene) => {
      const { meddler, start } = scene;
      const stage = start();
      await quoting(scene, stage);
      const creates = meddler.count('create_order');
      const unknown = { status: 404, text: '{"c":1004,"m":"Data Not Found","s":404}' };
      meddler.meddle = (call) =>
        call.route === 'open_orders' || call.route === 'order_history'
          ? { change: () => ({ r: [], n: '' }) }
          : call.route === 'order'
            ? unknown
            : null;
      await stage.until('lost from sight', () => stage.reported('order.unknown').length >= 2);
      await polls(stage, 5);
      assert.equal(stage.symbol(BNB).state.orders.length, 2);
      assert.equal(meddler.count('create_order'), creates, 'nothing takes their place');
      meddler.meddle = () => null;
      await stage.until('found', () => stage.reported('order.resolved').length >= 2);
      stage.unbroken();
    }));

  for (const meddling of ['drop', 'drop-after'] as const) {
    it(`9.6 a create whose answer is lost (${meddling}) is found out, and sent no second time under another name`, () =>
      withScene(async ({ paper, meddler, start }) => {
        let dropped = 0;
        meddler.meddle = (call) => (call.route === 'create_order' && dropped++ < 2 ? meddling : null);
        const stage = start();
        await stage.until('unknown', () => stage.reported('order.unknown').length >= 2);
        const first = meddler.calls
          .filter((call) => call.route === 'create_order')
          .map((call) => call.body.order.metadata.client_order_id);
        assert.equal(first.length, 2);
        await stage.until('resolved', () => stage.reported('order.resolved').length >= 2);
        await stage.until('both quotes rest', () => ourOrders(paper).length === 2);
        const all = meddler.calls
          .filter((call) => call.route === 'create_order')
          .map((call) => call.body.order.metadata.client_order_id);
        assert.equal(new Set(all).size, all.length, 'no id twice');
        assert.equal(all.length, meddling === 'drop' ? 4 : 2);
        assert.equal(await stage.stop(), 0);
        assert.deepEqual(ourOrders(paper), []);
      }));
  }
});

describe('9.9 10.5 limits and surprises', TOGETHER, () => {
  it('9.9 too many requests: everything waits, cancels keep their share, and the quotes rest in the end', () =>
    withScene(async (scene) => {
      const { paper, meddler, start } = scene;
      let limited = 0;
      meddler.meddle = (call) =>
        call.route === 'create_order' && limited++ < 2
          ? {
              status: 429,
              text: '{"code":1006,"message":"You have surpassed the allocated rate limit for your tier","status":429}',
            }
          : null;
      const stage = start();
      await stage.until('both quotes rest', () => ourOrders(paper).length === 2);
      stage.unbroken();
    }));

  it('10.5 a position somebody else moved is no fill of ours: nothing new until it has lasted, then it is a lot', () => {
    let aheadMs = 0;
    return withScene(async (scene) => {
      const { paper, meddler, start } = scene;
      paper.exchange.control.position({ account: 'A', instrument: BNB, size: '2' });
      paper.exchange.control.position({ account: 'B', instrument: BNB, size: '-2' });
      const stage = start({ nowMs: () => Date.now() + aheadMs });
      await quoting(scene, stage);
      const creates = meddler.count('create_order');
      paper.exchange.control.position({ account: 'A', instrument: BNB, size: '2.5' });
      await stage.until('seen', () => stage.reported('drift.seen').length > 0);
      await polls(stage, 3);
      assert.equal(meddler.count('create_order'), creates);
      aheadMs = 9_500;
      await polls(stage, 2);
      // No fill explains it: a history that lags behind is asked until 20 s are over.
      aheadMs = 22_000;
      await stage.until('adopted', () => stage.reported('drift.adopted').length === 1);
      assert.equal(lotsNet(stage.symbol(BNB).state.lots).toFixed(), '0.5');
      assert.equal(positionOf(paper, 'A'), '2.5');
      stage.unbroken();
    });
  });
});

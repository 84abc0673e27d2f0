import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ANSWER_TIMEOUT_MS } from '../../src/journal/postgres/address.ts';
import { LEASE_POLL_MS } from '../../src/journal/postgres/journal.ts';
import type { PaperServer } from '../../src/paper/index.ts';
import { type Pair, type Run, withPair as withPairOn } from '../support/lease-pair.ts';
import { needsPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { startWire } from '../support/wire.ts';
import { BNB, ourOrders } from './venue.ts';

/** Engines as processes that share a journal in a database: killed, frozen, cut off, taken over (strategy 18). */

/** From the holder's silence until the standby has the lease (strategy 18.2); how long it then takes to trade is the machine's affair. */
const LEASED_MS = 15_000;
/** Of them at most so much passes once the lease has run out: until the standby's next look, and for its answer. */
const LOOK_MS = LEASE_POLL_MS + ANSWER_TIMEOUT_MS;

let server: TestPostgres;
const withPair = (play: (pair: Pair) => Promise<void>) => withPairOn(server, play);

const trades = (run: Run) => run.until('it quotes', () => /Placed [AB] (buy|sell)/.test(run.screen()));
/** A book that stands still, one dollar wide: nothing is filled unless it is told so. */
function stand({ exchange }: PaperServer): void {
  const level = (price: string) => [{ price, size: '1000' }];
  exchange.control.book({ instrument: BNB, bids: level('620'), asks: level('621'), settle: false });
}

/** Fills the quotes of both accounts: the next thing to do is to quote again. */
function fill(paper: PaperServer): void {
  for (const account of ['A', 'B'] as const)
    for (const id of ourOrders(paper, account)) paper.exchange.control.fill({ account, client_order_id: id });
}

const database = (url: string) => new URL(url).pathname.slice(1);

/** Every order was prepared once, whichever engine did it. */
async function assertNoIdTwice(url: string): Promise<void> {
  const sql = "SELECT key FROM grvt_hedge.entries WHERE kind = 'order.prepared' GROUP BY key HAVING count(*) > 1";
  assert.deepEqual(await server.query(sql, [], database(url)), []);
}

describe('18 a journal in a database', { ...needsPostgres(), concurrency: 1 }, () => {
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.stop());

  it('18.2 a standby trades within 15 s of a kill, on the same orders; commands read the database from anywhere', () =>
    withPair(async ({ paper, url, start, command }) => {
      const empty = await command('two', 'check');
      assert.match(empty.text, /PostgreSQL \d+.*, synchronous_commit on\nJournal: no journal of dev-\d+-\d+ yet/);
      assert.equal(empty.code, 0, empty.text);
      stand(paper);
      const one = start('one');
      await trades(one);
      const two = start('two', ['--standby']);
      await two.until('it stands by', () => /Standby: engine .* trades this pair/.test(two.screen()));
      const password = decodeURIComponent(new URL(url).password);
      for (const run of [one, two]) assert.ok(!run.screen().includes(password) && !run.screen().includes('p%40ss'));
      assert.match((await command('elsewhere', 'check')).text, /epoch 1; engine .* holds its lease for \d/);
      assert.match((await command('elsewhere', 'orders')).text, /BNB_USDT_Perp/);
      assert.match((await command('two', 'status')).text, /epoch 1; engine .* holds its lease for \d/);
      const resting = ourOrders(paper);
      one.child.kill('SIGKILL');
      // By the database's clock: how fast this machine computes is not what the rule is about.
      const leftSql = `SELECT held_until::text AS until, 1000 * extract(epoch FROM held_until - clock_timestamp()) AS left_ms
        FROM grvt_hedge.pairs`;
      const [lease] = await server.query(leftSql, [], database(url));
      const leftMs = Number(lease?.left_ms);
      assert.ok(leftMs + LOOK_MS <= LEASED_MS, `the lease of a dead holder lasts ${leftMs} ms`);
      await two.until('it has the lease', () => /Journal: .*, epoch 2/.test(two.screen()));
      const sinceSql = 'SELECT held_since >= $1::timestamptz AS is_later FROM grvt_hedge.pairs';
      const [taken] = await server.query(sinceSql, [lease?.until], database(url));
      assert.deepEqual(taken, { is_later: true }, 'not before it has run out');
      await two.until('it trades', () => /Started on dev/.test(two.screen()));
      await two.until('it decides', () => /restored from the journal/.test(two.screen()));
      for (const id of ourOrders(paper))
        assert.ok(resting.includes(id) || !two.screen().includes(`non-strategy order ${id}`));
      fill(paper);
      await trades(two);
      two.child.kill('SIGINT');
      assert.equal(await two.exit, 0, two.screen());
      assert.deepEqual(ourOrders(paper), []);
      await assertNoIdTwice(url);
      const [left] = await server.query('SELECT holder FROM grvt_hedge.pairs', [], database(url));
      assert.deepEqual(left, { holder: null }, 'released at the stop: the next one need not wait for it to expire');
      const three = start('three');
      await three.until('it trades', () => /Started on dev/.test(three.screen()));
      assert.match(three.screen(), /epoch 3/);
    }));

  it('18.2 a holder that was frozen stands by when it thaws, cancels nothing, and takes over again in the same process', () =>
    withPair(async ({ paper, url, start }) => {
      stand(paper);
      const one = start('one');
      await trades(one);
      const two = start('two', ['--standby']);
      await two.until('it stands by', () => /Standby: engine/.test(two.screen()));
      one.child.kill('SIGSTOP');
      await two.until('it trades', () => /Started on dev/.test(two.screen()));
      await two.until('it quotes', () => ourOrders(paper).length > 0);
      const before = one.screen().length;
      one.child.kill('SIGCONT');
      await one.until('it stands by', () => /Standby: engine .* trades this pair/.test(one.screen().slice(before)));
      assert.match(one.screen(), /epoch 1 is over: another engine holds the lease/);
      assert.doesNotMatch(one.screen().slice(before), /Stop cleanup|Placed|[Cc]ancelled/);
      const [epochs] = await server.query('SELECT epoch FROM grvt_hedge.pairs', [], database(url));
      assert.equal(Number(epochs?.epoch), 2);
      two.child.kill('SIGKILL');
      const again = () => one.screen().slice(before);
      await one.until('it trades again', () => /Started on dev/.test(again()));
      await one.until('it decides', () => /restored from the journal/.test(again()));
      fill(paper);
      await one.until('it quotes again', () => /Placed [AB] (buy|sell)/.test(again()));
      assert.match(again(), /epoch 3/);
      await assertNoIdTwice(url);
      one.child.kill('SIGINT');
      assert.equal(await one.exit, 0, one.screen());
      assert.deepEqual(ourOrders(paper), []);
    }));

  it('18.2 a previous holder that stands by ends at a signal', () =>
    withPair(async ({ start }) => {
      const one = start('one');
      await trades(one);
      const two = start('two', ['--standby']);
      await two.until('it stands by', () => /Standby: engine/.test(two.screen()));
      one.child.kill('SIGSTOP');
      await two.until('it trades', () => /Started on dev/.test(two.screen()));
      one.child.kill('SIGCONT');
      await one.until('it stands by', () => /Standby: engine .* trades this pair/.test(one.screen()));
      one.child.kill('SIGTERM');
      await one.exit;
      two.child.kill('SIGINT');
      assert.equal(await two.exit, 0, two.screen());
    }));

  it('18.1 a database that is away stops creates, is alerted, and trading goes on when it is back', () =>
    withPair(async ({ paper, url, start }) => {
      paper.exchange.control.market({ instrument: BNB, frozen: true });
      const proxy = await startWire(server.port);
      const through = url.replace(`:${server.port}/`, `:${proxy.port}/`);
      try {
        const one = start('one', [], { GRVT_HEDGE_JOURNAL_URL: through });
        await one.until('both quotes rest', () => one.screen().split('Placed').length === 3);
        proxy.cut('refused');
        await one.until('it is alerted', () => /ALERT Journal out of reach/.test(one.screen()));
        const before = one.screen().length;
        await one.until('its openings are cancelled', () => ourOrders(paper).length === 0);
        // Nobody else takes it, so that it can be renewed.
        const over = 'SELECT held_until < clock_timestamp() AS is_over FROM grvt_hedge.pairs';
        const isOver = async () => (await server.query(over, [], database(url)))[0]?.is_over === true;
        await one.until('its lease has expired', isOver);
        assert.doesNotMatch(one.screen().slice(before), /Placed/);
        proxy.cut(null);
        await one.until('it quotes again', () => /Placed/.test(one.screen().slice(before)));
      } finally {
        proxy.close();
      }
    }));

  it('11.1 an engine whose journal is a file is refused beside one that has a lease, and the other way round', () =>
    withPair(async ({ start }) => {
      const file = { GRVT_HEDGE_JOURNAL_URL: '' };
      for (const [first, second] of [
        [{}, file],
        [file, {}],
      ] as const) {
        const one = start('one', [], first);
        await trades(one);
        const other = start('other', [], second);
        assert.equal(await other.exit, 78, other.screen());
        assert.match(other.screen(), new RegExp(`another engine \\(pid ${one.child.pid}\\) already runs on account`));
        one.child.kill('SIGINT');
        assert.equal(await one.exit, 0, one.screen());
      }
    }));

  it('18.2 --standby without a database is refused', () =>
    withPair(async ({ start }) => {
      const one = start('one', ['--standby'], { GRVT_HEDGE_JOURNAL_URL: '' });
      assert.equal(await one.exit, 78);
      assert.match(one.screen(), /--standby needs GRVT_HEDGE_JOURNAL_URL/);
    }));
});

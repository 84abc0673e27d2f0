import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import pg from 'pg';
import { encode } from '../../../src/core/codec.ts';
import type { Reason } from '../../../src/core/reasons.ts';
import type { JournalError } from '../../../src/journal/errors.ts';
import type { DatabaseJournal } from '../../../src/journal/postgres/journal.ts';
import { LINGER_MS } from '../../../src/journal/postgres/log.ts';
import { unsettledOrders } from '../../../src/journal/read.ts';
import { reasonTexts } from '../../../src/texts/reasons.ts';
import { until } from '../../support/patience.ts';
import { needsPostgres, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { startWire, type Wire } from '../../support/wire.ts';
import { note, outcome, prepared, temporaryDirectory } from '../support.ts';
import { closePairs, openPair } from './support.ts';

const { skip } = needsPostgres();
const NO_WAIT = { leaseWaitMs: 0 };

describe('a journal in a database (strategy 18.1)', { skip }, () => {
  let server: TestPostgres;
  let proxy: Wire;
  let address: string;
  let database: string;
  before(async () => {
    server = await startPostgres();
    proxy = await startWire(server.port);
    address = await server.fresh();
    database = new URL(address).pathname.slice(1);
  });
  afterEach(async () => {
    proxy.cut(null);
    await closePairs();
  });
  after(() => {
    proxy?.close();
    server?.stop();
  });
  const proxied = () => server.url(database, proxy.port);
  const rows = (pairName: string) =>
    server.query(
      'SELECT e.seq, e.epoch, e.number FROM grvt_hedge.entries e JOIN grvt_hedge.pairs p ON p.id = e.pair WHERE p.name = $1 ORDER BY e.seq',
      [pairName],
      database,
    );
  const closed = async (journal: DatabaseJournal) => {
    journal.close();
    await journal.ended;
  };
  const write = (journal: DatabaseJournal, key: string) => journal.durable(journal.append([note(key, key)]));
  const lost = (journal: DatabaseJournal) =>
    new Promise<JournalError>((resolve) => journal.listen({ trouble: () => {}, lost: resolve }));

  it('an engine on another machine reads what was written, byte for byte, and goes on behind it', async () => {
    const of = { pairName: 'moves' };
    const first = await openPair(address, of);
    first.append([prepared('1', 1n), note('odd \0 \\ \\0 ü key', { text: '\0"ü' }), outcome('1', 'resting')]);
    first.append([prepared('2', 2n), outcome('2', 'filled'), note('half', 0, 1_800_000_000_000.5)]);
    const all = encode([...first.scan()]);
    await closed(first);
    const second = await openPair(address, of);
    assert.equal(encode([...second.scan()]), all);
    assert.deepEqual(
      unsettledOrders(second).map((order) => order.clientOrderId),
      ['1'],
    );
    assert.equal(second.append([note('next', 1)]), 7);
    assert.ok(second.epoch > first.epoch);
    await closed(second);
  });

  for (const when of ['before', 'after'] as const) {
    it(`an append whose connection ends ${when} it is carried out is there once`, async () => {
      const pairName = `cut-${when}`;
      const journal = await openPair(proxied(), { pairName });
      await write(journal, 'first');
      proxy.cutAt('cut here', when);
      await Promise.all([write(journal, 'cut here'), write(journal, 'behind it')]);
      await closed(journal);
      const numbers = (await rows(pairName)).map(({ seq, number }) => [Number(seq), Number(number)]);
      assert.deepEqual(numbers, [
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
    });
  }

  for (const when of ['before', 'after'] as const) {
    it(`a lease whose release is cut ${when} it is carried out is released`, async () => {
      const pairName = `release-${when}`;
      const journal = await openPair(proxied(), { pairName });
      proxy.cutAt('holder = NULL', when);
      await closed(journal);
      const next = await openPair(address, { pairName, ...NO_WAIT });
      await closed(next);
    });
  }

  it('a stop whose connection ended while nothing was written releases the lease on another one', async () => {
    const pairName = 'idle';
    const journal = await openPair(proxied(), { pairName });
    await write(journal, 'last');
    proxy.cut('refused');
    proxy.cut(null);
    await closed(journal);
    const next = await openPair(address, { pairName, ...NO_WAIT });
    await closed(next);
  });

  it('an engine that took over a lease whose release had no answer does not make the stop fail', async () => {
    const pairName = 'taken';
    const journal = await openPair(proxied(), { pairName });
    proxy.cutAt('holder = NULL', 'after');
    const cut = new Promise<void>((resolve) => {
      journal.listen({
        trouble: (trouble) => {
          if (trouble === null) return;
          proxy.cut('refused');
          resolve();
        },
        lost: () => {},
      });
    });
    journal.close();
    await cut;
    const next = await openPair(address, { pairName, ...NO_WAIT });
    proxy.cut(null);
    await journal.ended;
    await closed(next);
  });

  it('what is appended while the server crashes and starts again is all there, in order', async () => {
    const pairName = 'crash';
    const journal = await openPair(address, { pairName });
    const places = Array.from({ length: 20 }, (_, index) => write(journal, `before ${index}`));
    const crashed = server.crash();
    places.push(...Array.from({ length: 20 }, (_, index) => write(journal, `during ${index}`)));
    await crashed;
    await Promise.all(places);
    await closed(journal);
    assert.deepEqual(
      (await rows(pairName)).map(({ seq }) => Number(seq)),
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });

  it('9.3 entries that nobody waits for go in one commit with those that somebody waits for', async () => {
    const pairName = 'one-commit';
    const journal = await openPair(address, { pairName });
    journal.append([note('a fill is booked', 1)]);
    for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
    await write(journal, 'a create is prepared');
    journal.append([note('nobody waits', 2)]);
    await until('all three are there', async () => (await rows(pairName)).length === 3);
    await closed(journal);
    const sql = `SELECT count(DISTINCT e.xmin::text)::int AS commits FROM grvt_hedge.entries AS e
      JOIN grvt_hedge.pairs AS p ON p.id = e.pair WHERE p.name = $1`;
    assert.deepEqual(await server.query(sql, [pairName], database), [{ commits: 2 }]);
  });

  it('an entry that came during a statement of some length is written, though nobody waits for it', async () => {
    const pairName = 'slow';
    const journal = await openPair(address, { pairName });
    const other = new pg.Client({ connectionString: address });
    await other.connect();
    await other.query('BEGIN');
    await other.query("SELECT FROM grvt_hedge.pairs WHERE name = 'slow' FOR UPDATE");
    const waiting = write(journal, 'waits for the row of the pair');
    const isWaiting = async () =>
      (await server.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'", [], database)).length > 0;
    await until('the statement waits', isWaiting);
    journal.append([note('came meanwhile', 1)]);
    // It lingers, and its time is over, before the statement ends.
    await new Promise((over) => setTimeout(over, 2 * LINGER_MS));
    await other.query('COMMIT');
    await other.end();
    await waiting;
    await until('both are there', async () => (await rows(pairName)).length === 2);
    await closed(journal);
  });

  it('a database out of reach is reported with the moment it began, keeps durable unknown, and reading and appending on', async () => {
    const journal = await openPair(proxied(), { pairName: 'silent' });
    const received: (number | null)[] = [];
    journal.listen({ trouble: (trouble) => received.push(trouble === null ? null : trouble.sinceMs), lost: () => {} });
    const began = performance.now();
    proxy.cut('refused');
    let isKnown = false;
    const waiting = write(journal, 'late').then(() => {
      isKnown = true;
    });
    await until('the trouble is said', () => received.length === 1);
    assert.ok((received[0] ?? 0) >= began);
    assert.equal(journal.latest('note', 'late')?.body, 'late');
    assert.equal(isKnown, false);
    proxy.cut(null);
    await waiting;
    await until('its end is said', () => received.length === 2);
    assert.equal(received[1], null);
    await closed(journal);
  });

  it('a second engine is refused while the first renews its lease, and takes it at once when it is let go of', async () => {
    const of = { pairName: 'two', ...NO_WAIT };
    const first = await openPair(address, of);
    await assert.rejects(openPair(address, of), /another engine \(.*\) trades this pair/);
    await closed(first);
    await closed(await openPair(address, of));
  });

  it('18.2 a lease runs out within 8 s though the clock of the database was set back', async () => {
    const of = { pairName: 'set-back', ...NO_WAIT };
    const first = await openPair(address, of);
    const setBack =
      "UPDATE grvt_hedge.pairs SET held_until = clock_timestamp() + interval '1 hour' WHERE name = 'set-back'";
    await server.query(setBack, [], database);
    await assert.rejects(openPair(address, of), /another engine \(.*\) trades this pair/);
    const left =
      "SELECT extract(epoch FROM held_until - clock_timestamp()) AS s FROM grvt_hedge.pairs WHERE name = 'set-back'";
    const [row] = await server.query(left, [], database);
    assert.ok(Number(row?.s) <= 8, `${row?.s} s`);
    await closed(first);
  });

  it('18.2 a create may leave within 2 s of its append and with 3 s of lease left, by the worse of both clocks', async () => {
    let [steadyMs, wallMs] = [1_000, 1_000_000];
    const clocks = { steadyMs: () => steadyMs, clock: { nowMs: () => wallMs } };
    const journal = await openPair(address, clocks);
    const code = (whyNot: () => Reason | null) => whyNot()?.code ?? null;
    const first = journal.beforeSending?.() ?? assert.fail('it is asked');
    assert.equal(code(first), null);
    steadyMs += 2_000;
    assert.equal(code(first), null);
    wallMs += 2_001;
    assert.equal(code(first), 'append-slow', 'the wall clock says more');
    // No renewal has come about by these clocks: 8 s of lease from before it was asked for.
    [steadyMs, wallMs] = [6_000, 1_005_000];
    const second = journal.beforeSending?.() ?? assert.fail('it is asked');
    assert.equal(code(second), journal.leaseLeftMs() < 3_000 ? 'lease-short' : null);
    wallMs += 1;
    assert.equal(journal.leaseLeftMs() < 3_000, code(second) === 'lease-short');
    await closed(journal);
  });

  it('18.2 once its lease has run out, an engine cancels orders of its own epoch alone', async () => {
    const pairName = 'cancels';
    let steadyMs = 0;
    const before = await openPair(address, { pairName });
    before.append([prepared('former', 1n)]);
    await before.durable(before.append([note('end', 1)]));
    await closed(before);
    const journal = await openPair(address, { pairName, steadyMs: () => steadyMs });
    await journal.durable(journal.append([prepared('own', 2n)]));
    const may = () => ['former', 'own', 'theirs'].map((id) => journal.whyNotCancel?.(id)?.code ?? 'yes');
    assert.deepEqual(
      ['former', 'own'].map((id) => journal.isOfPreviousHolder?.(id)),
      [true, false],
    );
    assert.deepEqual(may(), ['yes', 'yes', 'yes']);
    steadyMs = 60_000;
    assert.deepEqual(may(), ['order-of-successor', 'yes', 'order-of-successor']);
    await closed(journal);
  });

  it('nothing of an epoch that is over is written, and its engine is informed', async (t) => {
    const pairName = 'over';
    // Its lease is not renewed: a renewal would take it again, or find out before the write does.
    t.mock.timers.enable({ apis: ['setInterval'] });
    const first = await openPair(address, { pairName });
    t.mock.timers.reset();
    await write(first, 'ours');
    await server.query('UPDATE grvt_hedge.pairs SET held_until = now() WHERE name = $1', [pairName], database);
    const second = await openPair(address, { pairName, ...NO_WAIT });
    const reported = lost(first);
    await assert.rejects(write(first, 'late'), /epoch \d+ is over: another engine holds the lease/);
    assert.equal((await reported).problem, 'lease-over');
    assert.throws(() => first.append([note('later', 1)]), /is over/);
    await write(second, 'theirs');
    first.close();
    await closed(second);
    assert.equal((await rows(pairName)).length, 2);
  });

  it('what had not reached the database when an engine ended is written by its next start', async () => {
    const of = { pairName: 'tail', directory: temporaryDirectory() };
    const first = await openPair(proxied(), { ...of, closeMaxMs: 50 });
    await write(first, 'there');
    proxy.cut('refused');
    first.append([prepared('9', 9n)]);
    first.close();
    await assert.rejects(first.ended, /could not be written/);
    proxy.cut(null);
    await server.query("UPDATE grvt_hedge.pairs SET held_until = now() WHERE name = 'tail'", [], database);
    const second = await openPair(address, of);
    assert.match(reasonTexts(second.notices), /1 entries of before had not reached the database/);
    await second.durable(2);
    assert.equal((await rows('tail')).length, 2);
    await closed(second);
  });

  it('what another engine wrote meanwhile wins over what had not reached the database', async () => {
    const of = { pairName: 'fork', directory: temporaryDirectory() };
    const first = await openPair(proxied(), { ...of, closeMaxMs: 50 });
    await write(first, 'there');
    proxy.cut('refused');
    first.append([note('mine', 'never there')]);
    first.close();
    await assert.rejects(first.ended);
    proxy.cut(null);
    await server.query("UPDATE grvt_hedge.pairs SET held_until = now() WHERE name = 'fork'", [], database);
    const other = await openPair(address, { pairName: 'fork' });
    await write(other, 'theirs');
    await closed(other);
    const again = await openPair(address, of);
    assert.deepEqual(
      [...again.scan()].map(({ key }) => key),
      ['there', 'theirs'],
    );
    await closed(again);
  });

  it('a copy of the database that is older, or another timeline, is reported, and what was reset is written first', async () => {
    const of = { pairName: 'behind', directory: temporaryDirectory() };
    const before = await openPair(address, of);
    await write(before, 'one');
    await closed(before);
    const changes = [
      "DELETE FROM grvt_hedge.entries WHERE pair = (SELECT id FROM grvt_hedge.pairs WHERE name = 'behind')",
      "UPDATE grvt_hedge.pairs SET timeline = 7 WHERE name = 'behind'",
    ];
    for (const [index, change] of changes.entries()) {
      await server.query(change, [], database);
      const journal = await openPair(address, { ...of, reset: (one) => void one.append([note('reset', index)]) });
      assert.equal(journal.isBehind, true, change);
      assert.equal(journal.latest('note', 'reset')?.body, index);
      await closed(journal);
      const next = await openPair(address, of);
      assert.equal(next.isBehind, false, 'once reconciled it is not behind');
      await closed(next);
    }
  });

  it('a pooler, a server that may lose what it committed, and a user that may only read are refused', async () => {
    const name = (what: string) => `ALTER DATABASE ${database} ${what}`;
    const cases = [
      ['synchronous_commit', 'off', /synchronous_commit is off/],
      ['synchronous_commit', 'local', /synchronous_commit is local/],
      ['default_transaction_read_only', 'on', /may only read/],
    ] as const;
    for (const [setting, value, words] of cases) {
      await server.query(name(`SET ${setting} = ${value}`));
      await assert.rejects(openPair(address, NO_WAIT), words);
      await server.query(name(`RESET ${setting}`));
    }
    for (const setting of ['fsync', 'full_page_writes']) {
      await server.query(`ALTER SYSTEM SET ${setting} = off`);
      await server.query('SELECT pg_reload_conf()');
      await assert.rejects(openPair(address, NO_WAIT), new RegExp(`${setting} is off`));
      await server.query(`ALTER SYSTEM RESET ${setting}`);
      await server.query('SELECT pg_reload_conf()');
    }
    // `BackendKeyData`: the letter, its length, the process id, the key. A pooler tells a process id of its own.
    const keyData = Buffer.from([0x4b, 0, 0, 0, 12]);
    const answer = (data: Buffer) => {
      const at = data.indexOf(keyData);
      if (at >= 0) data.writeInt32BE(1, at + keyData.length);
    };
    const pooler = await startWire(server.port, { answer });
    await assert.rejects(openPair(server.url(database, pooler.port), NO_WAIT), /goes through a pooler/);
    pooler.close();
  });

  it('a wrong password is refused without showing it', async () => {
    const wrong = address.replace(/:[^:@]+@/, ':not-the-password@');
    await assert.rejects(openPair(wrong), (error: Error) => {
      assert.match(error.message, /password authentication failed/);
      assert.ok(!error.message.includes('not-the-password'));
      return true;
    });
  });

  it('two engines that start at once on an empty database both find the schema', async () => {
    const empty = await server.fresh();
    const both = await Promise.all(['one', 'two'].map((pairName) => openPair(empty, { pairName })));
    for (const journal of both) await closed(journal);
  });
});

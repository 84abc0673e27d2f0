import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type PaperServer, paperEnvironment, startPaper } from '../../src/paper/index.ts';
import { startProxy } from '../journal/postgres/proxy.ts';
import { symbolRow } from '../support/engine-stage.ts';
import { ownAccounts } from '../support/own-accounts.ts';
import { needsPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { BNB, ourOrders } from './venue.ts';

/** Engines as processes that share a journal in a database: killed, frozen, cut off, taken over (strategy 18). */

const ENTRY = join(import.meta.dirname, '../../bin/grvt-hedge.mjs');
/** From the holder's silence until the standby trades (strategy 18.2). */
const TAKE_OVER_MS = 15_000;
const START_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), 'grvt-hedge-lease-'));
let server: TestPostgres;

interface Run {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  screen(): string;
  until(what: string, condition: () => boolean | Promise<boolean>, boundMs?: number): Promise<number>;
}

/** Two engines on one exchange and one database, each with directories of its own. */
interface Pair {
  readonly paper: PaperServer;
  readonly url: string;
  start(name: string, args?: readonly string[], env?: Readonly<Record<string, string>>): Run;
  /** What a command prints, of the engine of that name or of none. */
  command(name: string, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }>;
}

async function withPair(play: (pair: Pair) => Promise<void>): Promise<void> {
  const paper = await startPaper({ seed: 3, accounts: ownAccounts(), rateLimits: false });
  const url = await server.fresh();
  const directory = mkdtempSync(join(folder, 'pair-'));
  const symbols = join(directory, 'symbols.json');
  writeFileSync(symbols, JSON.stringify([symbolRow(BNB)]), { mode: 0o600 });
  const runs: Run[] = [];
  const spawned = (name: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const home = join(directory, name);
    mkdirSync(home, { recursive: true });
    const bare = Object.entries(process.env).filter(
      ([key]) => !/^(GRVT_|CHAT_ID$|API_KEY$|TELEGRAM_|NODE_TEST)/.test(key),
    );
    return spawn(process.execPath, ['--disable-sigusr1', ENTRY, ...args], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...Object.fromEntries(bare),
        ...Object.fromEntries(paperEnvironment(paper).map((line) => line.split(/=(.*)/s).slice(0, 2))),
        CHAT_ID: '-1009876543210',
        API_KEY: 'telegram-secret-of-the-gateway',
        TELEGRAM_GATEWAY_URL: 'http://127.0.0.1:9/none',
        GRVT_HEDGE_SYMBOLS_FILE: symbols,
        GRVT_HEDGE_LOOP_INTERVAL_SEC: '0.3',
        GRVT_HEDGE_DATA_DIR: join(home, 'data'),
        GRVT_HEDGE_LOG_DIR: join(home, 'logs'),
        GRVT_HEDGE_HTTP_PORT: '0',
        GRVT_HEDGE_JOURNAL_URL: url,
        ...more,
      },
    });
  };
  const start: Pair['start'] = (name, args = [], env = {}) => {
    const child = spawned(name, ['run', ...args], env);
    let screen = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (screen += String(data)));
    const exit = new Promise<number | null>((done) => child.once('close', done));
    const run: Run = {
      child,
      exit,
      screen: () => screen,
      async until(what, condition, boundMs = START_MS) {
        const began = performance.now();
        while (!(await condition())) {
          const isOver = child.exitCode !== null || performance.now() - began > boundMs;
          if (isOver) assert.fail(`${name}, not within ${boundMs} ms: ${what}\n${screen.slice(-3_000)}`);
          await pause(25);
        }
        return performance.now() - began;
      },
    };
    runs.push(run);
    return run;
  };
  const command = async (name: string, ...args: readonly string[]) => {
    const child = spawned(name, args);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (text += String(data)));
    const code = await new Promise<number | null>((done) => child.once('close', done));
    return { code, text };
  };
  try {
    await play({ paper, url, start, command });
  } finally {
    for (const { child, exit } of runs) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await exit;
      }
    }
    await paper.close();
  }
}

const trades = (run: Run) => run.until('it quotes', () => /Placed [AB] (buy|sell)/.test(run.screen()));
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
  after(() => {
    server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('18.2 a standby trades within 15 s of a kill, on the same orders; commands read the database from anywhere', () =>
    withPair(async ({ paper, url, start, command }) => {
      const empty = await command('two', 'check');
      assert.match(empty.text, /PostgreSQL \d+.*, synchronous_commit on\nJournal: nothing of dev-\d+-\d+ yet/);
      assert.equal(empty.code, 0, empty.text);
      const one = start('one');
      await trades(one);
      const two = start('two', ['--standby']);
      await two.until('it stands by', () => /Standby: engine .* trades this pair/.test(two.screen()));
      const password = decodeURIComponent(new URL(url).password);
      for (const run of [one, two]) assert.ok(!run.screen().includes(password) && !run.screen().includes('p%40ss'));
      assert.match((await command('elsewhere', 'check')).text, /epoch 1; engine .* holds its lease for \d/);
      assert.match((await command('elsewhere', 'orders')).text, /BNB_USDT_Perp/);
      const resting = ourOrders(paper);
      one.child.kill('SIGKILL');
      const tookMs = await two.until('it trades', () => /Started on dev/.test(two.screen()), TAKE_OVER_MS);
      assert.ok(tookMs <= TAKE_OVER_MS, `${tookMs}`);
      await two.until('it decides', () => /restored from the journal/.test(two.screen()));
      for (const id of ourOrders(paper))
        assert.ok(resting.includes(id) || !two.screen().includes(`non-strategy order ${id}`));
      await trades(two);
      two.child.kill('SIGINT');
      assert.equal(await two.exit, 0, two.screen());
      assert.deepEqual(ourOrders(paper), []);
      await assertNoIdTwice(url);
      // Let go of at the stop: the next one need not wait for it to run out.
      const three = start('three');
      const startMs = await three.until('it trades', () => /Started on dev/.test(three.screen()));
      assert.match(three.screen(), /epoch 3/);
      assert.ok(startMs < START_MS);
    }));

  it('18.2 a holder that was frozen ends at once when it thaws, and cancels nothing', () =>
    withPair(async ({ paper, url, start }) => {
      const one = start('one');
      await trades(one);
      const two = start('two', ['--standby']);
      await two.until('it stands by', () => /Standby: engine/.test(two.screen()));
      one.child.kill('SIGSTOP');
      await two.until('it trades', () => /Started on dev/.test(two.screen()), TAKE_OVER_MS);
      await two.until('it quotes', () => ourOrders(paper).length > 0);
      one.child.kill('SIGCONT');
      assert.equal(await one.exit, 69, one.screen());
      assert.match(one.screen(), /epoch 1 is over: another engine holds the lease/);
      assert.doesNotMatch(one.screen(), /Stop cleanup/);
      const [epochs] = await server.query('SELECT epoch FROM grvt_hedge.pairs', [], database(url));
      assert.equal(Number(epochs?.epoch), 2);
      await assertNoIdTwice(url);
      two.child.kill('SIGINT');
      assert.equal(await two.exit, 0, two.screen());
    }));

  it('18.1 a database that is away stops creates, is alerted, and trading goes on when it is back', () =>
    withPair(async ({ paper, url, start }) => {
      paper.exchange.control.market({ instrument: BNB, frozen: true });
      const proxy = await startProxy(server.port);
      const through = url.replace(`:${server.port}/`, `:${proxy.port}/`);
      try {
        const one = start('one', [], { GRVT_HEDGE_JOURNAL_URL: through });
        await one.until('both quotes rest', () => one.screen().split('Placed').length === 3);
        proxy.refuse(true);
        await one.until('it is alerted', () => /ALERT Journal out of reach/.test(one.screen()), 10_000);
        const before = one.screen().length;
        await one.until('its openings are cancelled', () => ourOrders(paper).length === 0, 15_000);
        // Longer than a lease: nobody else took it, so that it is renewed.
        await pause(5_000);
        assert.doesNotMatch(one.screen().slice(before), /Placed/);
        proxy.refuse(false);
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

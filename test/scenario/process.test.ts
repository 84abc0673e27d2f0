import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { type PaperServer, paperEnvironment, startPaper } from '../../src/paper/index.ts';
import { compiledFor } from '../support/compiled.ts';
import { symbolRow } from '../support/engine-stage.ts';
import { ownAccounts } from '../support/own-accounts.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { BNB, ourOrders, stateOf } from './venue.ts';

/** The program as it is started by people and supervisors: a process of its own, its exit code, its log, its signals. */

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** Resident memory of a run of an hour's symbols, MB; the libraries alone take 128. */
const MEMORY_MB = 250;

interface Run {
  readonly child: ChildProcess;
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Everything on the screen so far. */
  screen(): string;
  /** Everything in the log file so far. */
  log(): string;
  /** Resident memory, MB; null where the system does not tell. */
  memoryMb(): number | null;
  until(what: string, condition: () => boolean): Promise<void>;
}

/** Runs the program in a directory of its own, with nothing of this process's environment that concerns it. */
async function withRun(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  play: (run: Run) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-process-'));
  const logs = join(directory, 'logs');
  const bare = Object.entries(process.env).filter(
    ([name]) => !/^(GRVT_|CHAT_ID$|API_KEY$|TELEGRAM_|NODE_TEST)/.test(name),
  );
  const child = spawn(process.execPath, ['--disable-sigusr1', join(ROOT, 'bin', 'grvt-hedge.mjs'), ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(bare),
      ...compiledFor(args),
      GRVT_HEDGE_DATA_DIR: join(directory, 'data'),
      GRVT_HEDGE_LOG_DIR: logs,
      GRVT_HEDGE_HTTP_PORT: '0',
      ...env,
    },
  });
  let screen = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (screen += String(data)));
  let ended = false;
  const exit = new Promise<{ code: number | null; signal: string | null }>((done) =>
    child.once('close', (code, signal) => {
      ended = true;
      done({ code, signal });
    }),
  );
  const file = join(logs, 'grvt_dual_maker_hedge.log');
  const log = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  try {
    await play({
      child,
      exit,
      screen: () => screen,
      log,
      memoryMb: () => {
        const status = `/proc/${child.pid}/status`;
        const found = existsSync(status) ? /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, 'utf8')) : null;
        return found === null ? null : Math.round(Number(found[1]) / 1_024);
      },
      async until(what, condition) {
        const endMs = performance.now() + PATIENCE_MS;
        while (!condition()) {
          if (ended || performance.now() > endMs)
            assert.fail(`not within ${PATIENCE_MS} ms: ${what}\n${screen.slice(-3_000)}`);
          await pause(25);
        }
      },
    });
  } finally {
    if (!ended) child.kill('SIGKILL');
    await exit;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** An exchange of this process, gone again whatever happens. */
async function withPaper(play: (paper: PaperServer) => Promise<void>): Promise<void> {
  const paper = await startPaper({ seed: 3, accounts: ownAccounts() });
  try {
    await play(paper);
  } finally {
    await paper.close();
  }
}

/** What points the program at an exchange of this process. */
function environmentOf(
  paper: PaperServer,
  symbols: readonly unknown[],
): { env: Record<string, string>; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-symbols-'));
  const file = join(directory, 'symbols.json');
  writeFileSync(file, JSON.stringify(symbols));
  const lines = paperEnvironment(paper).map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]);
  return {
    directory,
    env: {
      ...Object.fromEntries(lines),
      CHAT_ID: '-1009876543210',
      API_KEY: 'telegram-secret-of-the-gateway',
      TELEGRAM_GATEWAY_URL: 'http://127.0.0.1:9/none',
      GRVT_HEDGE_SYMBOLS_FILE: file,
      GRVT_HEDGE_LOOP_INTERVAL_SEC: '0.2',
    },
  };
}

describe('13.2 exit codes of the process', { concurrency: 2 }, () => {
  it('78: settings that cannot be used, all reported at once', () =>
    withRun(['run'], { GRVT_HEDGE_ORDERBOOK_DEPTH: '7', GRVT_HEDGE_LOOP_INTERVAL_SEC: 'soon' }, async (run) => {
      assert.equal((await run.exit).code, 78);
      assert.match(run.screen(), /GRVT_HEDGE_ORDERBOOK_DEPTH/);
      assert.match(run.screen(), /GRVT_HEDGE_LOOP_INTERVAL_SEC/);
    }));

  it('69: nobody listens where the exchange should be', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as { port: number };
    await new Promise<void>((closed) => server.close(() => closed()));
    const paper = await startPaper({ seed: 3, accounts: ownAccounts() });
    const { env, directory } = environmentOf({ ...paper, url: `http://127.0.0.1:${port}` }, [symbolRow(BNB)]);
    await paper.close();
    await withRun(['run'], env, async (run) => {
      assert.equal((await run.exit).code, 69);
      assert.match(run.screen(), /ECONNREFUSED/);
    });
    rmSync(directory, { recursive: true });
  });

  it('`check --send` sends one message: 0 where the gateway takes it, 1 where it does not', () =>
    withPaper(async (paper) => {
      const { env, directory } = environmentOf(paper, [symbolRow(BNB)]);
      const bodies: string[] = [];
      let status = 200;
      const gateway = createHttpServer(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += chunk;
        bodies.push(body);
        response.writeHead(status).end();
      });
      await new Promise<void>((listening) => gateway.listen(0, '127.0.0.1', listening));
      const { port } = gateway.address() as { port: number };
      const given = { ...env, TELEGRAM_GATEWAY_URL: `http://127.0.0.1:${port}/send-message` };
      try {
        for (const [answer, code, args] of [
          [200, 0, ['check']],
          [200, 0, ['check', '--send']],
          [401, 1, ['check', '--send']],
        ] as const) {
          status = answer;
          await withRun(args, given, async (run) => {
            assert.equal((await run.exit).code, code, run.screen());
            assert.match(run.screen(), /Nothing was changed/);
            if (code === 1) assert.match(run.screen(), /did not accept the message: status 401/);
          });
        }
      } finally {
        gateway.close();
        rmSync(directory, { recursive: true });
      }
      assert.equal(bodies.length, 2);
      assert.match(bodies[0] ?? '', /"chatId":"-1009876543210"/);
    }));

  it('0 after SIGINT: nothing rests any more', () =>
    withPaper(async (paper) => {
      const { env, directory } = environmentOf(paper, [symbolRow(BNB)]);
      await withRun(['run'], env, async (run) => {
        await run.until('it quotes', () => ourOrders(paper).length > 0);
        run.child.kill('SIGINT');
        assert.equal((await run.exit).code, 0);
        assert.match(run.log(), /Stop cleanup finished/);
        assert.deepEqual(ourOrders(paper), []);
      });
      rmSync(directory, { recursive: true });
    }));

  it('13.3 a second signal stops at once, and leaves what rests to expire', () =>
    withPaper(async (paper) => {
      const { env, directory } = environmentOf(paper, [symbolRow(BNB)]);
      // What rests is neither filled nor replaced meanwhile.
      paper.exchange.control.market({ instrument: BNB, frozen: true });
      await withRun(['run'], env, async (run) => {
        await run.until('both quotes rest', () => ourOrders(paper).length === 2);
        paper.exchange.control.faults({
          rules: [{ kind: 'server-error', rate: 1, route: 'cancel_order' }],
          add: false,
        });
        run.child.kill('SIGTERM');
        await run.until('it drains', () => /SIGTERM/.test(run.screen()));
        run.child.kill('SIGTERM');
        assert.equal((await run.exit).code, 1);
        assert.equal(ourOrders(paper).length, 2, 'what rests expires by itself');
        paper.exchange.control.faults({ rules: [], add: false });
      });
      rmSync(directory, { recursive: true });
    }));
});

describe('the log', { concurrency: 2 }, () => {
  it('14 says the phrases operators search for, and no secret, on the screen nor in the file', () =>
    withPaper(async (paper) => {
      const { control } = paper.exchange;
      for (const { instrument } of stateOf(paper).instruments) control.market({ instrument, frozen: true });
      const ETH = 'ETH_USDT_Perp';
      // Not hedged, by a lot nobody buys at; one order too many; one of somebody else's; refused as post-only.
      control.position({ account: 'A', instrument: ETH, size: '1', entry_price: '3900' });
      const left = (number: number, price: string) =>
        control.order({
          ...{ account: 'A', instrument: BNB, side: 'buy', size: '0.8', price, post_only: true },
          client_order_id: clientOrderIdOf('A', 'buy', BigInt(number)),
          expires_in_ms: 3_600_000,
        });
      left(1, '618.0');
      left(2, '619.0');
      control.order({
        ...{ account: 'B', instrument: BNB, side: 'sell', size: '0.1', price: '700.0', post_only: false },
        expires_in_ms: 3_600_000,
      });
      control.faults({ rules: [{ kind: 'post-only-refusal', rate: 1, account: 'B', count: 1 }], add: false });
      const SOL = 'SOL_USDT_Perp';
      const { env, directory } = environmentOf(paper, [
        symbolRow(BNB),
        symbolRow(ETH),
        symbolRow(SOL),
        symbolRow('BTC_USDT_Perp', { a_side_when_equal: 'sell' }),
      ]);
      const more = {
        GRVT_HEDGE_MMR_ALERT_THRESHOLD: '0.0001',
        GRVT_HEDGE_STUCK_HOURS: '0.001',
        GRVT_HEDGE_POST_ONLY_MAX_RETRY: '1',
        GRVT_HEDGE_POST_ONLY_COOLDOWN_SEC: '2',
        GRVT_HEDGE_SDK_LOG_LEVEL: 'DEBUG',
      };
      await withRun(['run'], { ...env, ...more }, async (run) => {
        const phrases = [
          'Placed A buy',
          'Placed B sell',
          'Placed A sell',
          'Placed B buy',
          'per_account_cap_when_diff<20=>1',
          'Cancelled extra strategy order due to low diff account cap',
          'MMR ALERT',
          'unhedged>0.001h',
          'cooldown',
          'non-strategy order detected',
        ];
        const missing = () => phrases.filter((phrase) => !run.log().includes(phrase));
        await run
          .until('every phrase', () => missing().length === 0)
          .catch(() => assert.deepEqual(missing(), [], run.screen().slice(-2_000)));
        run.child.kill('SIGTERM');
        assert.equal((await run.exit).code, 0);
        assert.match(run.log(), /Stop cleanup finished: cancelled=\d+ candidates=\d+ kept=\d+/);
        const secrets = [
          ...paper.accounts.flatMap((account) => [account.apiKey, account.privateKey, account.privateKey.slice(2)]),
          'gravity=',
          'telegram-secret-of-the-gateway',
        ];
        for (const secret of secrets) {
          assert.ok(!run.log().includes(secret), 'a secret in the log file');
          assert.ok(!run.screen().includes(secret), 'a secret on the screen');
        }
        for (const line of run.log().trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line);
      });
      rmSync(directory, { recursive: true });
    }));

  it('`npm start`, left alone: twenty orders, five hedges, a clean end, in little memory', () =>
    withRun(['run'], {}, async (run) => {
      let memoryMb: number | null = null;
      const count = (words: RegExp) => run.log().match(words)?.length ?? 0;
      await run.until('twenty orders and five hedges', () => {
        memoryMb = run.memoryMb() ?? memoryMb;
        return count(/Placed [AB] (buy|sell)/g) >= 20 && count(/, hedged [\d.]+ of/g) >= 5;
      });
      run.child.kill('SIGTERM');
      assert.equal((await run.exit).code, 0, run.screen().slice(-2_000));
      assert.match(run.log(), /Stop cleanup finished/);
      assert.ok(!/gain -\d/.test(run.log()), 'a pair was sold below what it was bought for');
      assert.ok(memoryMb === null || memoryMb < MEMORY_MB, `${memoryMb} MB`);
    }));
});

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type PaperServer, paperEnvironment, startPaper } from '../../src/paper/index.ts';
import { compiledFor } from './compiled.ts';
import { symbolRow } from './engine-stage.ts';
import { ownAccounts } from './own-accounts.ts';
import { PATIENCE_MS } from './patience.ts';
import type { TestPostgres } from './postgres.ts';

/** Engines as processes that share a journal in a database (strategy 18). */

/** Interval of looking at a condition. */
const LOOK_MS = 25;
const ENTRY = join(import.meta.dirname, '../../bin/grvt-hedge.mjs');

export interface Run {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  screen(): string;
  /** How long it took, ms. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<number>;
}

/** Engines on one exchange and one database, each with directories of its own. */
export interface Pair {
  readonly paper: PaperServer;
  readonly url: string;
  start(name: string, args?: readonly string[], env?: Readonly<Record<string, string>>, hook?: string): Run;
  /** What a command prints, of the engine of that name or of none. */
  command(name: string, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }>;
}

export async function withPair(
  server: TestPostgres,
  play: (pair: Pair) => Promise<void>,
  instruments: readonly string[] = ['BNB_USDT_Perp'],
): Promise<void> {
  const paper = await startPaper({ seed: 3, accounts: ownAccounts(), rateLimits: false, equityUsdt: '100000000' });
  const url = await server.fresh();
  const directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-lease-'));
  const symbols = join(directory, 'symbols.json');
  writeFileSync(
    symbols,
    JSON.stringify(instruments.map((name) => symbolRow(name, { max_total_position_usdt: 100_000_000 }))),
    { mode: 0o600 },
  );
  const runs: Run[] = [];
  /** @param hook loaded before the engine, and sent messages */
  const spawned = (
    name: string,
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
    hook: string | null = null,
  ) => {
    const home = join(directory, name);
    mkdirSync(home, { recursive: true });
    const bare = Object.entries(process.env).filter(
      ([key]) => !/^(GRVT_|CHAT_ID$|API_KEY$|TELEGRAM_|NODE_TEST)/.test(key),
    );
    return spawn(
      process.execPath,
      ['--disable-sigusr1', ...(hook === null ? [] : ['--import', hook]), ENTRY, ...args],
      {
        cwd: home,
        stdio: ['ignore', 'pipe', 'pipe', ...(hook === null ? [] : ['ipc' as const])],
        env: {
          ...Object.fromEntries(bare),
          ...compiledFor(args),
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
      },
    );
  };
  const start: Pair['start'] = (name, args = [], env = {}, hook) => {
    const child = spawned(name, ['run', ...args], env, hook);
    let screen = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (screen += String(data)));
    // Not its exit: what it printed last may arrive after that.
    let isClosed = false;
    const exit = new Promise<number | null>((done) =>
      child.once('close', (code) => {
        isClosed = true;
        done(code);
      }),
    );
    const run: Run = {
      child,
      exit,
      screen: () => screen,
      async until(what, condition) {
        for (const began = performance.now(); ; await pause(LOOK_MS)) {
          const isOver = isClosed || performance.now() - began > PATIENCE_MS;
          if (await condition()) return performance.now() - began;
          if (isOver) assert.fail(`${name}, not within ${PATIENCE_MS} ms: ${what}\n${screen.slice(-3_000)}`);
        }
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
    rmSync(directory, { recursive: true, force: true });
  }
}

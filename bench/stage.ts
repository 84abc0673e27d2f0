import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PaperServer, type PaperServerOptions, startPaper } from '../src/paper/index.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** One row of a symbols file. */
export interface BenchSymbol {
  readonly instrument: string;
  readonly order_notional_usdt: number;
  readonly imbalance_limit_usdt: number;
  readonly max_total_position_usdt: number;
  readonly min_total_position_usdt: number;
  readonly a_side_when_equal: 'buy' | 'sell';
  readonly position_mode: 'increase' | 'decrease';
}

export function benchSymbol(instrument: string, maxTotalUsdt = 1_000_000): BenchSymbol {
  return {
    instrument,
    order_notional_usdt: 500,
    imbalance_limit_usdt: 500,
    max_total_position_usdt: maxTotalUsdt,
    min_total_position_usdt: 0,
    a_side_when_equal: 'buy',
    position_mode: 'increase',
  };
}

/** An embedded exchange in this process, and an engine in another that takes it for a real one. */
export interface Stage {
  readonly paper: PaperServer;
  readonly engine: ChildProcess;
  close(): Promise<void>;
}

export async function openStage(options: {
  readonly symbols: readonly BenchSymbol[];
  readonly paper?: PaperServerOptions;
  /** What is done to the exchange before the engine starts. */
  readonly prepare?: (paper: PaperServer) => void;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<Stage> {
  const paper = await startPaper({ seed: 1, ...options.paper });
  options.prepare?.(paper);
  // Takes every message: an engine that cannot deliver its last ones waits for that before it ends.
  const gateway = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end('{"success":true}'));
  });
  await new Promise<void>((done) => gateway.listen(0, '127.0.0.1', done));
  const directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-bench-'));
  const symbolsFile = join(directory, 'symbols.json');
  writeFileSync(symbolsFile, JSON.stringify(options.symbols));
  const engine = spawn(process.execPath, ['--disable-sigusr1', join(ROOT, 'bin', 'grvt-hedge.mjs'), 'run'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      ...environmentOf(paper),
      CHAT_ID: 'bench',
      API_KEY: 'bench-key',
      TELEGRAM_GATEWAY_URL: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/send-message`,
      GRVT_HEDGE_SYMBOLS_FILE: symbolsFile,
      GRVT_HEDGE_DATA_DIR: join(directory, 'data'),
      GRVT_HEDGE_LOG_DIR: join(directory, 'logs'),
      GRVT_HEDGE_HTTP_PORT: '0',
      ...options.env,
    },
  });
  const ended = new Promise<void>((done) => engine.once('exit', () => done()));
  return {
    paper,
    engine,
    close: async () => {
      engine.kill('SIGTERM');
      await ended;
      await paper.close();
      gateway.closeAllConnections();
      gateway.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What an engine needs to know of an embedded exchange. */
export function environmentOf(paper: PaperServer): Record<string, string> {
  const [a, b] = paper.accounts;
  if (!a || !b) throw new Error('the embedded exchange has no two accounts');
  return {
    GRVT_ENV: 'dev',
    GRVT_EDGE_URL: paper.url,
    GRVT_TRADES_URL: paper.url,
    GRVT_MARKET_DATA_URL: paper.url,
    GRVT_CHAIN_ID: String(paper.chainId),
    GRVT_TRADING_API_KEY_1: a.apiKey,
    GRVT_TRADING_PRIVATE_KEY_1: a.privateKey,
    GRVT_TRADING_ACCOUNT_ID_1: a.subAccountId,
    GRVT_TRADING_API_KEY_2: b.apiKey,
    GRVT_TRADING_PRIVATE_KEY_2: b.privateKey,
    GRVT_TRADING_ACCOUNT_ID_2: b.subAccountId,
  };
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The value at that share of the sorted list; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Each way of a round trip is half of it. */
export function delays(roundTripMs: number) {
  if (roundTripMs === 0) return [];
  const delayMs = roundTripMs / 2;
  return [
    { kind: 'late', rate: 1, delayMs },
    { kind: 'slow', rate: 1, delayMs },
  ] as const;
}

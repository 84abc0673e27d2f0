import { PaperExchange, type PaperOptions } from './exchange.ts';
import { serveHttp } from './server.ts';
import type { PaperCredentials } from './sessions.ts';

/**
 * The embedded exchange: what GRVT does on the calls an engine uses, on loopback, from a seed. `createPaper` has no
 * transport, for virtual time; `startPaper` serves it.
 */
export type { PaperAnswer, PaperRequest } from './api.ts';
export { PaperExchange, type PaperOptions } from './exchange.ts';
export { FAULT_KINDS, type FaultKind, type FaultRule } from './faults.ts';
export {
  defaultInstruments,
  type InstrumentSpec,
  instrumentsFromJson,
  knownInstruments,
  syntheticInstruments,
} from './instruments.ts';
export { type Level, type MarketProfile, PROFILES, type ProfileName, STEP_MS } from './market.ts';
export {
  type Feed,
  FILL_RULES,
  type FillRule,
  feedFrom,
  type InventedBook,
  type RecordedTrade,
  type ReplayEvent,
  ReplayMarket,
  type ReplayOptions,
} from './replay.ts';
export type { PaperCredentials } from './sessions.ts';

/** The embedded exchange without transport. */
export function createPaper(options: PaperOptions): PaperExchange {
  return new PaperExchange(options);
}

export interface PaperServer {
  /** `http://127.0.0.1:PORT`: edge, trading and market data in one. */
  readonly url: string;
  readonly port: number;
  readonly chainId: number;
  /** Credentials of A and B. */
  readonly accounts: readonly PaperCredentials[];
  readonly exchange: PaperExchange;
  close(): Promise<void>;
}

/** Defaults: `startMs` now, `port` 0 (any), `nowMs` the wall clock. */
export type PaperServerOptions = Omit<PaperOptions, 'startMs'> & {
  readonly startMs?: number;
  readonly port?: number;
  readonly nowMs?: () => number;
};

/** @throws if the port is taken. */
export async function startPaper(options: PaperServerOptions = {}): Promise<PaperServer> {
  const nowMs = options.nowMs ?? (() => Date.now());
  const exchange = new PaperExchange({ ...options, startMs: options.startMs ?? nowMs() });
  const http = await serveHttp({ exchange, nowMs }, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${http.port}`,
    port: http.port,
    chainId: exchange.chainId,
    accounts: exchange.accounts,
    exchange,
    close: http.close,
  };
}

/**
 * The environment name and chain id of a stand-alone exchange (API 1): a client that derives the chain id from the
 * name, as GRVT's Python SDK does, signs for this one.
 */
export const NAMED_ENVIRONMENT = { name: 'dev', chainId: 327 } as const;

/**
 * The `NAME=value` lines an env file needs for this exchange (strategy 2.1). The keys come from a seed and are valid
 * only here.
 */
export function paperEnvironment(paper: Pick<PaperServer, 'url' | 'chainId' | 'accounts'>): readonly string[] {
  const lines = [
    `GRVT_ENV=${NAMED_ENVIRONMENT.name}`,
    `GRVT_EDGE_URL=${paper.url}`,
    `GRVT_TRADES_URL=${paper.url}`,
    `GRVT_MARKET_DATA_URL=${paper.url}`,
    `GRVT_CHAIN_ID=${paper.chainId}`,
  ];
  paper.accounts.slice(0, 2).forEach((account, index) => {
    lines.push(
      `GRVT_TRADING_API_KEY_${index + 1}=${account.apiKey}`,
      `GRVT_TRADING_PRIVATE_KEY_${index + 1}=${account.privateKey}`,
      `GRVT_TRADING_ACCOUNT_ID_${index + 1}=${account.subAccountId}`,
    );
  });
  return lines;
}

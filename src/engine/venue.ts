import { Decimal, decimal, floorTo } from '../core/decimal.ts';
import { ACCOUNTS, type AccountName, type SymbolConfig } from '../core/model.ts';
import { openAgents } from '../grvt/http.ts';
import type { GrvtHosts, GrvtKeys } from '../grvt/options.ts';
import { printE9 } from '../paper/fixed.ts';
import { type PaperServer, startPaper } from '../paper/index.ts';
import { type Settings, secretsIn } from '../settings/index.ts';

/**
 * Where the engine trades and as whom: the embedded exchange on loopback, or a real one. The engine does not
 * distinguish them.
 */
export interface Venue {
  readonly hosts: GrvtHosts;
  readonly chainId: number;
  readonly keys: Readonly<Record<AccountName, GrvtKeys>>;
  /** The embedded exchange; null: a real one. */
  readonly paper: PaperServer | null;
  close(): Promise<void>;
}

/**
 * Starts the embedded exchange, or gives the addresses of the real one. Keys are revealed only here.
 * @throws Error if hosts or keys are missing, which validated settings exclude.
 */
export async function openVenue(settings: Settings, live: LiveOrigin | null = null): Promise<Venue> {
  if (settings.mode !== 'paper') return realVenue(settings);
  if (live !== null) return dryVenue(settings, live);
  const paper = await startPaper({ seed: settings.paperSeed });
  const [a, b] = paper.accounts;
  if (!a || !b) throw new Error('the embedded exchange has no two accounts');
  endow(paper, settings.symbols);
  const hosts = { edge: paper.url, trades: paper.url, marketData: paper.url };
  return { hosts, chainId: paper.chainId, keys: { A: a, B: b }, paper, close: () => paper.close() };
}

/** Whose public streams the embedded exchange follows (strategy 19.5). */
export interface LiveOrigin {
  readonly origin: string;
  /** With user and password; null: direct. */
  readonly proxy: string | null;
  readonly say: (text: string) => void;
}

/**
 * The embedded exchange on live public streams, without keys: a dry run. @throws MarketError if a symbol is not listed
 * there
 */
async function dryVenue(settings: Settings, { origin, proxy, say }: LiveOrigin): Promise<Venue> {
  // Loaded only here.
  const [{ listedNow, openLiveMarket }, { openPublicApi }] = await Promise.all([
    import('../market/live.ts'),
    import('../market/public-api.ts'),
  ]);
  const names = settings.symbols.filter(({ enabled }) => enabled).map(({ instrument }) => instrument);
  const api = openPublicApi(origin, proxy);
  const instruments = await listedNow(api, names).finally(() => api.close());
  const agents = openAgents(proxy, { timeoutMs: HANDSHAKE_TIMEOUT_MS, keepAlive: false });
  const market = openLiveMarket({
    ...{ origin, instruments, nowMs: Date.now, say },
    agent: origin.startsWith('https:') ? agents.httpsAgent : agents.httpAgent,
  });
  const paper = await startPaper({
    ...{ seed: settings.paperSeed, instruments, createLatencyMs: ORDER_LATENCY_MS, cancelLatencyMs: ORDER_LATENCY_MS },
    replay: { feedOf: market.feedOf, fill: 'conservative', invented: null },
  });
  const [a, b] = paper.accounts;
  if (!a || !b) throw new Error('the embedded exchange has no two accounts');
  endow(paper, settings.symbols);
  market.follow(() => paper.exchange.advance(Date.now()));
  const hosts = { edge: paper.url, trades: paper.url, marketData: paper.url };
  const close = async (): Promise<void> => {
    market.close();
    await paper.close();
  };
  return { hosts, chainId: paper.chainId, keys: { A: a, B: b }, paper, close };
}

const HANDSHAKE_TIMEOUT_MS = 5_000;
/** From a create's arrival to the matching, as in a backtest (strategy 19.2). */
const ORDER_LATENCY_MS = 50;

/** Starting position of a `decrease` symbol on the embedded exchange, as a share of `max_total_position_usdt`. */
const ENDOWMENT_SHARE = new Decimal('0.8');

/** Gives `decrease` symbols a position on the embedded exchange, without which they would do nothing. */
function endow(paper: PaperServer, symbols: readonly SymbolConfig[]): void {
  for (const symbol of symbols) {
    if (symbol.positionMode !== 'decrease' || !symbol.enabled) continue;
    const listed = [...paper.exchange.venue.books()].map(({ spec }) => spec);
    const spec = listed.find((one) => one.name.toLowerCase() === symbol.instrument.toLowerCase());
    if (!spec) continue;
    const [startPrice, step] = [decimal(printE9(spec.startPrice)), decimal(printE9(spec.minSize))];
    const each = floorTo(symbol.maxTotalPositionUsdt.mul(ENDOWMENT_SHARE).div(2).div(startPrice), step);
    const long = symbol.aSideWhenEqual === 'buy' ? 'A' : 'B';
    for (const account of ACCOUNTS) {
      const size = account === long ? each : each.neg();
      paper.exchange.control.position({ account, instrument: spec.name, size: size.toFixed() });
    }
  }
}

function realVenue(settings: Settings): Venue {
  const { hosts, chainId } = settings;
  if (hosts === null) throw new Error(`GRVT_ENV=${settings.mode} needs hosts`);
  return {
    hosts: { edge: hosts.edgeUrl, trades: hosts.tradesUrl, marketData: hosts.marketDataUrl },
    chainId,
    keys: { A: keysOf(settings, 'A'), B: keysOf(settings, 'B') },
    paper: null,
    close: async () => {},
  };
}

/** An account's configured keys. @throws Error if there are none, which validated settings exclude. */
export function keysOf({ accounts, mode }: Settings, account: AccountName): GrvtKeys {
  if (accounts === null) throw new Error(`GRVT_ENV=${mode} needs trading keys`);
  const { apiKey, privateKey, accountId } = accounts[account];
  return { apiKey: apiKey.reveal(), privateKey: privateKey.reveal(), subAccountId: accountId };
}

/** Every secret text of the settings and the venue. */
export function secretsOf(settings: Settings, venue: Venue | null): string[] {
  const keys = venue === null ? [] : [venue.keys.A, venue.keys.B];
  return [
    ...secretsIn(settings),
    ...keys.flatMap((account) => [account.apiKey, account.privateKey]),
    ...(settings.telegram === null ? [] : [settings.telegram.chatId]),
  ];
}

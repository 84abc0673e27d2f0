import { Decimal, decimal, floorTo } from '../core/decimal.ts';
import { ACCOUNTS, type AccountName, type SymbolConfig } from '../core/model.ts';
import type { GrvtHosts, GrvtKeys } from '../grvt/exchange.ts';
import { printE9 } from '../paper/fixed.ts';
import { knownInstruments, type PaperServer, startPaper } from '../paper/index.ts';
import { type Settings, secretsIn } from '../settings/index.ts';

/** Where the engine trades and as whom: the embedded exchange on loopback, or a real one. To the engine they are the same. */
export interface Venue {
  readonly hosts: GrvtHosts;
  readonly chainId: number;
  readonly keys: Readonly<Record<AccountName, GrvtKeys>>;
  /** The embedded exchange; null: a real one. */
  readonly paper: PaperServer | null;
  close(): Promise<void>;
}

/**
 * Starts the embedded exchange, or says where the real one is. Keys are revealed here and nowhere else.
 *
 * @throws Error when a real exchange was asked for and hosts or keys are missing; settings see to it that they are not.
 */
export async function openVenue(settings: Settings): Promise<Venue> {
  if (settings.mode !== 'paper') return realVenue(settings);
  const paper = await startPaper({ seed: settings.paperSeed });
  const [a, b] = paper.accounts;
  if (!a || !b) throw new Error('the embedded exchange has no two accounts');
  endow(paper, settings.symbols);
  const hosts = { edge: paper.url, trades: paper.url, marketData: paper.url };
  return { hosts, chainId: paper.chainId, keys: { A: a, B: b }, paper, close: () => paper.close() };
}

/** Share of `max_total_position_usdt` that a symbol to be decreased holds when the embedded exchange begins. */
const ENDOWMENT_SHARE = new Decimal('0.8');

/** A `decrease` symbol without positions would have nothing to show: the embedded exchange begins with some. */
function endow(paper: PaperServer, symbols: readonly SymbolConfig[]): void {
  for (const symbol of symbols) {
    if (symbol.positionMode !== 'decrease' || !symbol.enabled) continue;
    const spec = knownInstruments().find((one) => one.name.toLowerCase() === symbol.instrument.toLowerCase());
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

/** The keys of an account as the settings give them. @throws Error when there are none; settings see to it that there are. */
export function keysOf({ accounts, mode }: Settings, account: AccountName): GrvtKeys {
  if (accounts === null) throw new Error(`GRVT_ENV=${mode} needs trading keys`);
  const { apiKey, privateKey, accountId } = accounts[account];
  return { apiKey: apiKey.reveal(), privateKey: privateKey.reveal(), subAccountId: accountId };
}

/** Every text of the settings and the venue that must never be printed. */
export function secretsOf(settings: Settings, venue: Venue | null): string[] {
  const keys = venue === null ? [] : [venue.keys.A, venue.keys.B];
  return [
    ...secretsIn(settings),
    ...keys.flatMap((account) => [account.apiKey, account.privateKey]),
    ...(settings.telegram === null ? [] : [settings.telegram.chatId]),
  ];
}

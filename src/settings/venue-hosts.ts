import { type Reason, reason } from '../core/reasons.ts';
import { isAllowed, isLoopback } from './network.ts';
import { legal, TRADING_KEYS } from './trading-keys.ts';
import { MODES, type Mode, VARIABLES, type Values, type VariableName } from './variables.ts';
import { wrongAt } from './wording.ts';

/** Which exchange is intended, its hosts, and further allowed hosts (strategy 2.1, API 1). */

/** Origins, without a trailing slash. */
export interface ExchangeHosts {
  readonly edgeUrl: string;
  readonly tradesUrl: string;
  readonly marketDataUrl: string;
}

/** Hosts and chain ids of API 1; staging signs for 327 (API 12.1). */
export const EXCHANGES: Readonly<Record<Mode, { readonly chainId: number; readonly hosts: ExchangeHosts | null }>> = {
  paper: { chainId: 326, hosts: null },
  testnet: { chainId: 326, hosts: officialHosts('testnet.grvt.io') },
  prod: { chainId: 325, hosts: officialHosts('grvt.io') },
  // Its login host follows another pattern (API 1).
  staging: {
    chainId: 327,
    hosts: { ...officialHosts('staging.gravitymarkets.io'), edgeUrl: 'https://edge.stg.gravitymarkets.io' },
  },
  dev: { chainId: 327, hosts: officialHosts('dev.gravitymarkets.io') },
};

function officialHosts(domain: string): ExchangeHosts {
  return {
    edgeUrl: `https://edge.${domain}`,
    tradesUrl: `https://trades.${domain}`,
    marketDataUrl: `https://market-data.${domain}`,
  };
}

const HOST_VARIABLES = {
  edgeUrl: 'GRVT_EDGE_URL',
  tradesUrl: 'GRVT_TRADES_URL',
  marketDataUrl: 'GRVT_MARKET_DATA_URL',
} as const satisfies Record<keyof ExchangeHosts, VariableName>;
const HOST_KEYS = Object.keys(HOST_VARIABLES) as readonly (keyof ExchangeHosts)[];

export interface JudgedMode {
  /** null: GRVT_ENV has an unknown value. */
  readonly name: Mode | null;
  /** Whether a real exchange is intended, so that keys are needed. */
  readonly trades: boolean;
}

/** `GRVT_ENV` is required once trading keys are given, so that nobody trades on the wrong exchange by omission. */
export function judgeMode(
  texts: ReadonlyMap<string, string>,
  unreadable: ReadonlySet<VariableName>,
  values: Values,
  errors: Reason[],
  warnings: Reason[],
): JudgedMode {
  const said = texts.get('GRVT_ENV');
  const keys = TRADING_KEYS.filter((name) => texts.has(name) || unreadable.has(name));
  const overrides = [...Object.values(HOST_VARIABLES), 'GRVT_CHAIN_ID' as const].filter((name) => texts.has(name));
  if (said === undefined) {
    const cause = keys[0] ?? overrides[0];
    if (cause === undefined) return { name: 'paper', trades: false };
    errors.push(reason('exchange-not-said', '2.1', { cause, expected: VARIABLES.GRVT_ENV.expected }));
    return { name: null, trades: keys.length > 0 };
  }
  if (!legal('GRVT_ENV', said)) return { name: null, trades: keys.length > 0 };
  const name = values.GRVT_ENV ?? 'paper';
  if (name === 'paper') {
    if (keys.length > 0) warnings.push(reason('paper-keys-unused', '2.1'));
    const hosts = overrides.filter((override) => override !== 'GRVT_CHAIN_ID');
    if (hosts.length > 0) warnings.push(reason('paper-hosts-unused', '2.1', { names: hosts }));
  }
  return { name, trades: name !== 'paper' };
}

/** Hosts and chain id belong together: the exchange refuses signatures for another chain (API 3, 2002). */
export function judgeExchange(
  texts: ReadonlyMap<string, string>,
  values: Values,
  mode: JudgedMode,
  errors: Reason[],
  warnings: Reason[],
): ExchangeHosts | null {
  if (mode.name === null) return null;
  const exchange = EXCHANGES[mode.name];
  const chainId = values.GRVT_CHAIN_ID ?? exchange.chainId;
  const misfit = { chainId, mode: mode.name, own: exchange.chainId };
  const refuseChainId = () => errors.push(wrongAt('GRVT_CHAIN_ID', reason('chain-id-misfit', '2.1', misfit)));
  if (exchange.hosts === null) {
    if (chainId !== exchange.chainId) refuseChainId();
    return null;
  }
  const hosts = {
    edgeUrl: values.GRVT_EDGE_URL ?? exchange.hosts.edgeUrl,
    tradesUrl: values.GRVT_TRADES_URL ?? exchange.hosts.tradesUrl,
    marketDataUrl: values.GRVT_MARKET_DATA_URL ?? exchange.hosts.marketDataUrl,
  };
  const foreign = HOST_KEYS.flatMap((key) => {
    const owner = MODES.find((name) => EXCHANGES[name].hosts?.[key] === hosts[key]);
    return owner === undefined || EXCHANGES[owner].chainId === chainId ? [] : [{ key, owner }];
  });
  // Names an explicitly given host as the error, else the chain id.
  const named = foreign.filter(({ key }) => texts.has(HOST_VARIABLES[key]));
  for (const { key, owner } of named) {
    const found = { url: hosts[key], owner, ownerChainId: EXCHANGES[owner].chainId, chainId };
    errors.push(wrongAt(HOST_VARIABLES[key], reason('host-of-other', '2.1', found)));
  }
  if (named.length === 0 && foreign.length > 0) refuseChainId();
  const taken = new Set(foreign.map(({ key }) => key));
  for (const key of HOST_KEYS) {
    if (!taken.has(key)) judgeHost(key, hosts[key], { mode: mode.name, values }, errors, warnings);
  }
  return hosts;
}

/** With valuable keys: encrypted, and only to the exchange itself or explicitly allowed hosts. */
const GUARDED: readonly Mode[] = ['prod', 'testnet'];

function judgeHost(
  key: keyof ExchangeHosts,
  url: string,
  { mode, values }: { readonly mode: Mode; readonly values: Values },
  errors: Reason[],
  warnings: Reason[],
): void {
  const name = HOST_VARIABLES[key];
  const own = EXCHANGES[mode].hosts?.[key];
  if (url === own) return;
  const guarded = GUARDED.includes(mode);
  if (isLoopback(url)) {
    if (guarded) warnings.push(reason('host-stands-in', '2.1', { name, url, own: own ?? '', mode }));
    return;
  }
  if (new URL(url).protocol === 'http:') {
    if (guarded) errors.push(wrongAt(name, reason('host-not-encrypted', '2.1', { url, mode })));
    else warnings.push(reason('not-encrypted', '2.1', { name, url, what: 'keys-and-orders' }));
    return;
  }
  const { hostname } = new URL(url);
  if (guarded && !isAllowed(url, values.GRVT_HEDGE_ALLOW_HOSTS ?? [])) {
    errors.push(wrongAt(name, reason('host-not-own', '2.1', { url, mode, own: own ?? '', hostname })));
  }
}

/** The switch disables certificate checks for every connection of the process. */
export function judgeEncryption(
  texts: ReadonlyMap<string, string>,
  mode: JudgedMode,
  errors: Reason[],
  warnings: Reason[],
): void {
  if (texts.get('NODE_TLS_REJECT_UNAUTHORIZED') !== '0') return;
  if (mode.name === null || GUARDED.includes(mode.name)) {
    errors.push(wrongAt('NODE_TLS_REJECT_UNAUTHORIZED', reason('any-certificate-refused', '2.1')));
  } else {
    warnings.push(reason('any-certificate', '2.1'));
  }
}

import { BlockList, isIP } from 'node:net';
import { Secret } from './secret.ts';

/** The proxies of the environment (strategy 2.1). */
export interface ProxySettings {
  /** `HTTPS_PROXY`, for addresses that begin with https; null: none. A secret, since it may carry a user and password. */
  readonly https: Secret | null;
  /** `HTTP_PROXY`, for addresses that begin with http. */
  readonly http: Secret | null;
  /** `NO_PROXY`: hosts that are reached directly. */
  readonly direct: readonly string[];
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Whether an address names this machine literally: `localhost` or a loopback address in any spelling. A name that only
 * resolves to one is none, because whoever answers for the name decides where it leads.
 *
 * @param url an address that `URL` can read
 */
export function isLoopback(url: string): boolean {
  const host = hostOf(url);
  if (host === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

/** The host of an address without the brackets of IPv6; `URL` has already brought it into its one spelling. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
}

/** A host of `GRVT_HEDGE_ALLOW_HOSTS` in its one spelling, `host` or `host:port`; null: the text names no host. */
export function hostEntry(text: string): string | null {
  if (!/^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(text)) return null;
  // Without the scheme's own port, which a `URL` leaves out.
  const address = `https://${text}`;
  return URL.canParse(address) ? new URL(address).host : null;
}

/** Whether the hosts allowed name the host of an address, with its port or without any. */
export function isAllowed(url: string, allowed: readonly string[]): boolean {
  const { host, hostname } = new URL(url);
  return allowed.includes(host) || allowed.includes(hostname);
}

/**
 * The proxy that an address is reached through (strategy 2.1); null: directly. Loopback never goes through one. An entry of
 * `NO_PROXY` is `*`, a host with all below it (`.host` and `*.host` mean the same), or a range `10.0.0.0/8`; a host may
 * name a port.
 */
export function proxyOf(url: string, proxy: ProxySettings): Secret | null {
  const found = new URL(url).protocol === 'http:' ? proxy.http : proxy.https;
  if (found === null || isLoopback(url) || proxy.direct.some((entry) => isDirect(url, entry.toLowerCase())))
    return null;
  return found;
}

function isDirect(url: string, entry: string): boolean {
  if (entry === '*') return true;
  const host = hostOf(url);
  const [, range, bits] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (range !== undefined) return isWithin(host, range, Number(bits));
  const [, name = '', port] = /^(?:\*?\.)?\[?(.*?)\]?(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  const { protocol, port: given } = new URL(url);
  const actual = given === '' ? (protocol === 'http:' ? '80' : '443') : given;
  if (name === '' || (port !== undefined && port !== actual)) return false;
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}

function isWithin(host: string, range: string, bits: number): boolean {
  const [version, rangeVersion] = [isIP(host), isIP(range)];
  if (version === 0 || version !== rangeVersion || bits > (version === 4 ? 32 : 128)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(range, bits, family);
  return list.check(host, family);
}

/** A proxy's address as `HTTPS_PROXY` gives it, `http://` where the scheme is left out; null: it cannot be used. */
export function proxyAddress(text: string): Secret | null {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!/^https?:\/\/[^\s\\]+$/i.test(address) || !URL.canParse(address)) return null;
  const { hostname, pathname, search, hash, port, username, password } = new URL(address);
  if (hostname === '' || pathname !== '/' || search !== '' || hash !== '' || port === '0') return null;
  return decodable(username) && decodable(password) ? new Secret(address) : null;
}

/** A per cent sign in a password that is not written as %25 would fail at the first request only. */
function decodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A proxy as people may see it: without user and password. */
export function shownProxy(proxy: Secret): string {
  return new URL(proxy.reveal()).origin;
}

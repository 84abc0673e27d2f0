import { BlockList, isIP } from 'node:net';
import { Secret } from './secret.ts';

/** The proxies of the environment (strategy 2.1). */
export interface ProxySettings {
  /** `HTTPS_PROXY`, for https addresses; null: none. A secret, since it may contain user and password. */
  readonly https: Secret | null;
  /** `HTTP_PROXY`, for http addresses. */
  readonly http: Secret | null;
  /** `NO_PROXY`: hosts that are connected directly. */
  readonly direct: readonly string[];
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Whether an address literally names this machine: `localhost` or a loopback address in any spelling. A name that
 * resolves to one does not count, since whoever controls the name decides where it leads.
 * @param url a valid address
 */
export function isLoopback(url: string): boolean {
  const host = hostOf(url);
  if (host === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

/** The host of an address without the brackets of IPv6, as normalised by `URL`. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
}

/** A host of `GRVT_HEDGE_ALLOW_HOSTS`, normalised, `host` or `host:port`; null: not a host. */
export function hostEntry(text: string): string | null {
  if (!/^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(text)) return null;
  // `URL` omits the scheme's default port.
  const address = `https://${text}`;
  return URL.canParse(address) ? new URL(address).host : null;
}

/** Whether the host of an address is allowed, with its port or for any port. */
export function isAllowed(url: string, allowed: readonly string[]): boolean {
  const { host, hostname } = new URL(url);
  return allowed.includes(host) || allowed.includes(hostname);
}

/**
 * The proxy for an address (strategy 2.1); null: direct. Never for loopback. An entry of `NO_PROXY` is `*`, a host with
 * its subdomains (`.host` and `*.host` mean the same), or a range `10.0.0.0/8`; a host may have a port.
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

/** A proxy's address from `HTTPS_PROXY`, with `http://` as default scheme; null: unusable. */
export function proxyAddress(text: string): Secret | null {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!/^https?:\/\/[^\s\\]+$/i.test(address) || !URL.canParse(address)) return null;
  const { hostname, pathname, search, hash, port, username, password } = new URL(address);
  if (hostname === '' || pathname !== '/' || search !== '' || hash !== '' || port === '0') return null;
  return decodable(username) && decodable(password) ? new Secret(address) : null;
}

/** A per cent sign in a password that is not written as %25 would fail only at the first request. */
function decodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A proxy without user and password, for display. */
export function shownProxy(proxy: Secret): string {
  return new URL(proxy.reveal()).origin;
}

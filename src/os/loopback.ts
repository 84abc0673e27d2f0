/** Host names of a loopback server: under any other name the request comes from another site's page. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** The part of a request that decides whether it is answered. */
export interface Asked {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`: the browser's statement about the requesting page. */
  readonly site: string | undefined;
}

/** Values for our own page and for an address opened by a person; other clients send none. */
const OWN_SITES: readonly (string | undefined)[] = [undefined, 'same-origin', 'none'];

/** The headers that decide whether a request is answered. */
export function askedBy(request: {
  readonly method?: string | undefined;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
}): Asked {
  const { host, origin, 'sec-fetch-site': site } = request.headers;
  return { method: request.method ?? '', host: oneText(host), origin: oneText(origin), site: oneText(site) };
}

function oneText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

/** Further names of a server. */
export interface OtherNames {
  /** An SSH tunnel may end on any port of the user's machine. */
  readonly anyPort?: boolean;
  /** The origin under which a reverse proxy publishes it; null: none. */
  readonly publicOrigin?: string | null;
}

/**
 * Why a request is foreign: its `Host` is no loopback name (a page on the internet could use a name that resolves to
 * this machine), its `Origin` is another one, or a page of another site or port sent it. Images and frames send no
 * `Origin`, but the browser says `Sec-Fetch-Site: cross-site`, or `same-site` for another port.
 * @returns HTTP status and reason of the refusal; null: it is not foreign.
 */
export function foreign(
  asked: Asked,
  port: number,
  others: OtherNames = {},
): { readonly status: number; readonly why: string } | null {
  const { anyPort = false, publicOrigin = null } = others;
  const isPublic = publicOrigin !== null && asked.host?.toLowerCase() === new URL(publicOrigin).host;
  if (!isPublic && !isOurs(asked.host, anyPort ? null : port)) return { status: 421, why: 'not a name of this server' };
  if (!OWN_SITES.includes(asked.site)) return { status: 403, why: 'asked by a page of another site' };
  if (asked.origin === undefined || asked.origin === ownOrigin(asked, publicOrigin)) return null;
  const origin = /^http:\/\/(.+)$/.exec(asked.origin)?.[1];
  if (asked.origin === publicOrigin || (!isPublic && isOurs(asked.host, port) && isOurs(origin, port))) return null;
  return { status: 403, why: 'another origin' };
}

/** The origin of our page under the name used in the request. */
export function ownOrigin({ host = '' }: Asked, publicOrigin: string | null): string {
  const isPublic = publicOrigin !== null && host.toLowerCase() === new URL(publicOrigin).host;
  return isPublic ? publicOrigin : `http://${host.toLowerCase()}`;
}

/** @param port null: any */
function isOurs(host: string | undefined, port: number | null): boolean {
  const found = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host ?? '');
  if (found === null) return false;
  const [, name = '', given = '80'] = found;
  return LOOPBACK_NAMES.has(name.toLowerCase()) && (port === null || Number(given) === port);
}

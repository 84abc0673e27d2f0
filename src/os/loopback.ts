/** Names under which a loopback server may be asked: anything else is another site's page reaching for it. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** What of a request decides whether it is answered. */
export interface Asked {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`: the browser's own word on which page asks. */
  readonly site: string | undefined;
}

/** What a browser says of our own page, and of an address that a person opened; others say nothing. */
const OWN_SITES: readonly (string | undefined)[] = [undefined, 'same-origin', 'none'];

/** What of a request's headers decides whether it is answered. */
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

/** The names that a server has besides the loopback's own. */
export interface OtherNames {
  /** A tunnel of SSH ends on any port of a person's own machine. */
  readonly anyPort?: boolean;
  /** The origin under which a reverse proxy publishes it; null: none does. */
  readonly publicOrigin?: string | null;
}

/**
 * Why a request comes from outside: its `Host` is no name of the loopback (else a page on the internet could reach this
 * server by a name that points here), its `Origin` is not our own, or a page of another site or port asks. An image or a frame
 * there sends no `Origin`, but its browser says `Sec-Fetch-Site: cross-site`, or `same-site` for another port of this machine.
 *
 * @returns the HTTP status and reason of the refusal; null: it does not.
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

/** The origin of a page that was fetched by the name a request came by. */
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

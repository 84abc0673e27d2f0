import { STATUS_CODES } from 'node:http';

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

/**
 * Whether a request is answered: read-only methods, a loopback `Host` (else a page on the internet could reach this server
 * by a name that points here), no `Origin` but our own, and no page of another site or port. An image or a frame there sends
 * no `Origin`, but its browser says `Sec-Fetch-Site: cross-site`, or `same-site` for another port of this machine.
 *
 * @returns the HTTP status and reason of the refusal; null: it is answered.
 */
export function refusal(asked: Asked, port: number): { readonly status: number; readonly why: string } | null {
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return { status: 405, why: 'this server only shows' };
  return foreign(asked, port);
}

/** The same for a server that takes every method: its own `Host` and `Origin`, and no page of another site. */
export function foreign(asked: Asked, port: number): { readonly status: number; readonly why: string } | null {
  if (!isOurs(asked.host, port)) return { status: 421, why: 'not a name of this server' };
  if (!OWN_SITES.includes(asked.site)) return { status: 403, why: 'asked by a page of another site' };
  if (asked.origin === undefined) return null;
  const origin = /^http:\/\/(.+)$/.exec(asked.origin)?.[1];
  return isOurs(origin, port) ? null : { status: 403, why: 'another origin' };
}

function isOurs(host: string | undefined, port: number): boolean {
  const found = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host ?? '');
  if (found === null) return false;
  const [, name = '', given = '80'] = found;
  return LOOPBACK_NAMES.has(name.toLowerCase()) && Number(given) === port;
}

/** Sent with every answer: nothing from outside, nothing framed, nothing kept. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/**
 * A whole answer for what the HTTP parser could not read or waited for in vain: no request came of it, so none of our code
 * saw it.
 */
export function parserAnswer(error: { readonly code?: string | undefined }): string {
  const status = PARSER_STATUS.get(error.code ?? '') ?? 400;
  const why = `${STATUS_CODES[status]}\n`;
  const headers = {
    ...SECURITY_HEADERS,
    'Cache-Control': 'no-store',
    'Content-Type': 'text/plain',
    'Content-Length': String(why.length),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${why}`;
}

const PARSER_STATUS: ReadonlyMap<string, number> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['HPE_HEADER_OVERFLOW', 431],
]);

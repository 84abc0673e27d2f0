/** Names under which a loopback server may be asked: anything else is another site's page reaching for it. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** What of a request decides whether it is answered. */
export interface Asked {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

/**
 * Whether a request is answered: read-only methods, a loopback `Host` (else a page on the internet could reach this server
 * by a name that points here), and no `Origin` but our own.
 *
 * @returns the HTTP status and reason of the refusal; null: it is answered.
 */
export function refusal(asked: Asked, port: number): { readonly status: number; readonly why: string } | null {
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return { status: 405, why: 'this server only shows' };
  if (!isOurs(asked.host, port)) return { status: 421, why: 'not a name of this server' };
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

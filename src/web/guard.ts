import { STATUS_CODES } from 'node:http';
import { type Asked, foreign, ownOrigin } from '../os/loopback.ts';

/** The server's host names, and where it accepts data. */
export interface Names {
  readonly port: number;
  /** Origin under which a reverse proxy publishes it; null: none. */
  readonly publicOrigin: string | null;
  /** Path prefix that accepts data; null: none, read-only. */
  readonly actsUnder: string | null;
}

interface Refusal {
  readonly status: number;
  readonly why: string;
}

/**
 * Whether a request is answered: none from other sites, and only read-only methods except for commands. A command must
 * come from a page of exactly the name it is sent to, as stated by the browser (strategy 16.6); other programs use the
 * command line.
 * @param path of the address, without its query @returns HTTP status and reason of the refusal; null: answered.
 */
export function refusal(asked: Asked, path: string, { port, publicOrigin, actsUnder }: Names): Refusal | null {
  const isRead = asked.method === 'GET' || asked.method === 'HEAD';
  const mayAct = asked.method === 'POST' && actsUnder !== null && path.startsWith(actsUnder);
  if (!isRead && !mayAct) return { status: 405, why: actsUnder === null ? 'this server only shows' : 'not done here' };
  const outside = foreign(asked, port, { anyPort: true, publicOrigin });
  if (outside !== null || isRead) return outside;
  const own = [ownOrigin(asked, publicOrigin), ...(publicOrigin === null ? [] : [publicOrigin])];
  if (asked.origin === undefined || !own.includes(asked.origin)) return { status: 403, why: 'another origin' };
  return asked.site === undefined || asked.site === 'same-origin'
    ? null
    : { status: 403, why: 'asked by a page of another site' };
}

/** Sent with every answer: nothing foreign, no frames, no caching. */
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
 * A complete answer to input that the HTTP parser could not read or that never arrived, which our code does not see.
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

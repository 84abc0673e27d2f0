import { STATUS_CODES } from 'node:http';
import { type Asked, foreign } from '../os/loopback.ts';

/**
 * Whether a request is answered: read-only methods, and nothing from outside this server's own pages.
 *
 * @returns the HTTP status and reason of the refusal; null: it is answered.
 */
export function refusal(asked: Asked, port: number): { readonly status: number; readonly why: string } | null {
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return { status: 405, why: 'this server only shows' };
  return foreign(asked, port);
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

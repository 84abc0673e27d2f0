import { VenueError } from './errors.ts';
import type { Faults } from './faults.ts';
import type { InstrumentSpec } from './instruments.ts';
import type { PaperAccount } from './model.ts';
import type { RateLimits } from './rate-limits.ts';
import type { Session, Sessions } from './sessions.ts';
import type { AccountTerms } from './terms.ts';
import type { Venue } from './venue.ts';
import type { Json } from './views.ts';

/** A call of the HTTP interface, and readers of its request's fields (API 5). */

export const PAGE_DEFAULT = 500;
const PAGE_MAX = 1_000;

export interface ApiParts {
  readonly venue: Venue;
  readonly sessions: Sessions;
  readonly faults: Faults;
  readonly rateLimits: RateLimits | null;
  readonly terms: AccountTerms;
  /** Chains a signature may be made for. */
  readonly chainIds: readonly number[];
}

export interface Context {
  readonly body: Json;
  readonly session: Session | null;
  /** Only if the route needs one. */
  readonly account: PaperAccount;
}

export interface Route {
  /** Structure of the request; null: none. */
  readonly request: string | null;
  readonly response: string;
  readonly access: 'public' | 'session' | 'account';
  /** Units of the rate limit (API 7). */
  readonly weight: number;
  readonly serve: (context: Context) => Json;
}

/** `structures`: their common name before `Request` and `Response`, or both names. */
export function route(
  structures: string | readonly [request: string | null, response: string],
  access: Route['access'],
  weight: number,
  serve: Route['serve'],
): Route {
  const [request, response] =
    typeof structures === 'string' ? [`${structures}Request`, `${structures}Response`] : structures;
  return { request, response, access, weight, serve };
}

export function strings(value: unknown): readonly string[] | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) throw new VenueError(1003);
  return value.length === 0 ? null : value.map(String);
}

/** Filters `kind`, `base`, `quote`; absent or empty: all (API 5.5). */
export function filter(body: Json): (spec: InstrumentSpec) => boolean {
  const [kinds, bases, quotes] = [strings(body.kind), strings(body.base), strings(body.quote)];
  return (spec) =>
    (kinds === null || kinds.includes(spec.kind)) &&
    (bases === null || bases.includes(spec.base)) &&
    (quotes === null || quotes.includes(spec.quote));
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new VenueError(1003);
  return value;
}

function time(value: unknown): bigint | null {
  if (value === undefined || value === null || value === '' || value === '0') return null;
  if (!/^\d{1,20}$/.test(String(value))) throw new VenueError(1003);
  return BigInt(String(value));
}

export function limit(value: unknown): number {
  if (value === undefined || value === null || value === 0) return PAGE_DEFAULT;
  const count = Number(value);
  if (!Number.isInteger(count) || count < 0) throw new VenueError(1003);
  return Math.min(count, PAGE_MAX);
}

/** Rows of a paged call: their unique times, which of them the request asks for, and how they are shown. */
interface Rows<T> {
  readonly stamp: (row: T) => bigint;
  readonly passes?: (row: T) => boolean;
  readonly view: (row: T) => Json;
}

export function byTime(row: { readonly timeNs: bigint }): bigint {
  return row.timeNs;
}

/**
 * The answer of one page, newest first. The cursor names the previous page's last row by its time, so a page is right
 * even if rows were added in between.
 */
export function page<T>(rows: readonly T[], { stamp, passes = () => true, view }: Rows<T>, body: Json): Json {
  const [from, to] = [time(body.start_time), time(body.end_time)];
  const cursor =
    typeof body.cursor === 'string' && body.cursor !== ''
      ? time(Buffer.from(body.cursor, 'base64url').toString())
      : null;
  const count = limit(body.limit);
  const found: T[] = [];
  for (let index = rows.length - 1; index >= 0; index--) {
    const row = rows[index]!;
    const at = stamp(row);
    if ((cursor !== null && at >= cursor) || (to !== null && at > to) || !passes(row)) continue;
    if (from !== null && at < from) continue;
    if (found.length === count) {
      const next = Buffer.from(stamp(found[count - 1]!).toString()).toString('base64url');
      return { result: found.map(view), next };
    }
    found.push(row);
  }
  return { result: found.map(view), next: '' };
}

import { VenueError } from './errors.ts';
import { STEP_MS } from './market.ts';
import type { PaperAccount } from './model.ts';
import { readUint64 } from './order-request.ts';
import type { Session } from './sessions.ts';
import type { Venue } from './venue.ts';
import type { Json } from './views.ts';

/** The available streams, and the parameters of a subscription (API 8). */

type Kind = 'private' | 'book' | 'delta-book' | 'quote' | 'delta-quote' | 'trade';
interface Stream {
  readonly kind: Kind;
  /** Structure of its frames. */
  readonly frame: string;
  /** Legal rates, or limits for trades. */
  readonly rates: readonly number[];
}

const SNAPSHOT_RATES = [200, 500, 1000, 5000];
const DELTA_RATES = [0, 50, 100, 200, 500, 1000, 5000];
export const STREAMS: Readonly<Record<string, Stream>> = {
  'v1.order': { kind: 'private', frame: 'WSOrderFeedDataV1', rates: [] },
  'v1.state': { kind: 'private', frame: 'WSOrderStateFeedDataV1', rates: [] },
  'v1.position': { kind: 'private', frame: 'WSPositionsFeedDataV1', rates: [] },
  'v1.fill': { kind: 'private', frame: 'WSFillFeedDataV1', rates: [] },
  'v1.cancel': { kind: 'private', frame: 'WSCancelFeedDataV1', rates: [] },
  'v1.book.s': { kind: 'book', frame: 'WSOrderbookLevelsFeedDataV1', rates: [500, 1000] },
  'v1.book.d': { kind: 'delta-book', frame: 'WSOrderbookLevelsFeedDataV1', rates: [50, 100, 500, 1000] },
  'v1.mini.s': { kind: 'quote', frame: 'WSMiniTickerFeedDataV1', rates: SNAPSHOT_RATES },
  'v1.mini.d': { kind: 'delta-quote', frame: 'WSMiniTickerFeedDataV1', rates: DELTA_RATES },
  'v1.ticker.s': { kind: 'quote', frame: 'ApiTickerFeed', rates: SNAPSHOT_RATES },
  'v1.ticker.d': { kind: 'delta-quote', frame: 'ApiTickerFeed', rates: DELTA_RATES },
  'v1.trade': { kind: 'trade', frame: 'ApiTradeFeed', rates: [50, 200, 500, 1000] },
};
const BOOK_DEPTHS = [10, 50, 100, 500];

export interface Subscription {
  readonly stream: string;
  readonly spec: Stream;
  /** As subscribed; echoed in every frame. */
  readonly selector: string;
  /** Instrument, or sub account and perhaps instrument. */
  readonly primary: string;
  readonly account: PaperAccount | null;
  readonly instrument: string | null;
  readonly everySteps: number;
  readonly depth: number;
  /** What was sent last, for streams of changes. */
  bids: Map<bigint, bigint>;
  asks: Map<bigint, bigint>;
  fields: Json;
  /** Last number of a stream of changes, counted from this subscription's own snapshot. */
  sequence: number;
}

/** @throws VenueError */
export function readSubscription(
  venue: Venue,
  session: Session | null,
  stream: string,
  selector: string,
): Subscription {
  const spec = Object.hasOwn(STREAMS, stream) ? STREAMS[stream]! : null;
  if (spec === null) throw new VenueError(1003);
  const [primary = '', secondary, ...more] = selector.split('@');
  if (more.length > 0) throw new VenueError(1101);
  const base = {
    stream,
    spec,
    selector,
    primary,
    depth: 0,
    everySteps: 0,
    bids: new Map(),
    asks: new Map(),
    fields: {},
    // Never below an earlier subscription's: no stream sends more than one change per step.
    sequence: venue.steps,
  };
  if (spec.kind === 'private') {
    if (secondary !== undefined) throw new VenueError(1103);
    const dash = primary.indexOf('-');
    const id = dash < 0 ? primary : primary.slice(0, dash);
    const instrument = dash < 0 ? null : primary.slice(dash + 1);
    if (session === null) throw new VenueError(1000);
    if (readUint64(id) === null) throw new VenueError(3020);
    if (instrument !== null) venue.book(instrument, 3000);
    if (session.credentials.subAccountId !== id) throw new VenueError(1001);
    return { ...base, account: venue.account(id), instrument };
  }
  venue.book(primary, 3000);
  if (secondary === undefined) throw new VenueError(1101);
  const [rateText = '', depthText, ...rest] = secondary.split('-');
  if (rest.length > 0 || (spec.kind === 'book') !== (depthText !== undefined)) throw new VenueError(1103);
  const rate = /^\d+$/.test(rateText) ? Number(rateText) : Number.NaN;
  if (!spec.rates.includes(rate)) throw new VenueError(spec.kind === 'trade' ? 3031 : 3030);
  const depth = spec.kind === 'book' ? Number(depthText) : 0;
  if (spec.kind === 'book' && !BOOK_DEPTHS.includes(depth)) throw new VenueError(3031);
  const everySteps = spec.kind === 'trade' ? 0 : Math.max(1, Math.round(rate / STEP_MS));
  return { ...base, account: null, instrument: primary, depth: spec.kind === 'trade' ? rate : depth, everySteps };
}

import { type Decimal, ZERO } from './decimal.ts';
import type {
  AccountName,
  ExchangeOrder,
  ListedOrder,
  OrderLookup,
  Position,
  Rows,
  StreamOrderState,
} from './model.ts';
import type { Reason } from './reasons.ts';

/**
 * The view of one account (strategy 10.1, 10.6): positions and own orders, merged from full reads, look-ups and stream
 * frames. Pure: (view, message) → (view, changed instruments, contradictions). All `…AtMs` are our clock. An instrument
 * follows the streams once a read requested while they were intact has confirmed it; until then its frames are kept for
 * that read; while the streams are not intact frames are dropped and only REST counts.
 */

/** How old a read's position may be (strategy 10.6): later frames outrank it. */
export const READING_LAG_MS = 5_000;
/** How long a fill, or the state of an unknown order, waits for the order's frame before a look-up (10.1). */
export const COVER_MS = 1_000;
/** How long frames of an instrument are ignored after stream and REST disagreed (strategy 10.6); */
export const IGNORE_MS = 60_000;
/** frames of the whole account if so many instruments disagree within that time. */
export const DISAGREEING_MAX = 3;

/** A parsed frame of an account's stream. `from`: its wire id. */
export type AccountFrame = { readonly from: number; readonly receivedAtMs: number } & (
  | { readonly kind: 'order'; readonly order: ExchangeOrder }
  | { readonly kind: 'state'; readonly clientOrderId: string; readonly state: StreamOrderState }
  | {
      readonly kind: 'fill';
      readonly instrument: string;
      readonly clientOrderId: string;
      readonly eventTimeNs: bigint;
    }
  /** Size 0: flat. */
  | { readonly kind: 'position'; readonly position: Position }
);

/** One full read (strategy 10.1): positions and open orders, with look-ups of missing own orders. */
export interface WholeReading {
  /** When the first of its requests was sent. */
  readonly requestedAtMs: number;
  readonly receivedAtMs: number;
  /** Era of our clock at its request (strategy 10.3). */
  readonly era: number;
  readonly exchangeNowMs: number;
  readonly positions: Rows<Position>;
  /** Own and foreign orders. */
  readonly openOrders: Rows<ListedOrder>;
  readonly lookups: readonly OrderLookup[];
  /** Instruments with a failed look-up: this read does not cover them (strategy 10.3). */
  readonly without: readonly string[];
}

export interface OrderRow {
  readonly order: ExchangeOrder;
  /** When the message that last changed it arrived. */
  readonly changedAtMs: number;
  readonly lastFrameAtMs: number | null;
  /** Among the open orders of the last read. */
  readonly listed: boolean;
}

/** One instrument. */
export interface Part {
  readonly position: Position | null;
  readonly positionFrom: number | undefined;
  readonly orders: readonly OrderRow[];
  /** By client id, with the data needed to drop it in time. */
  readonly ended: ReadonlyMap<string, { readonly endedAtMs: number; readonly expirationMs: number }>;
  /** When its last read was requested; null: none yet. */
  readonly provenAtMs: number | null;
  /** The position in that read. */
  readonly readSize: Decimal;
  readonly era: number;
  /** A read requested from then on makes it follow the streams; Infinity: they are not intact. */
  readonly trustFromMs: number;
  readonly held: readonly AccountFrame[];
  /** Any frame that names the instrument. */
  readonly lastFrameAtMs: number | null;
  /** The position by the stream; null: none since it is followed, and reads replace the row. */
  readonly streamedSize: Decimal | null;
  /** Exchange time of the last position frame: without sequence numbers an older one is out of order. */
  readonly streamedNs: bigint;
  /** The last read's differing position, requested long enough after the last frame; null: none. */
  readonly againstSize: Decimal | null;
}

export interface Probe {
  readonly instrument: string;
  readonly clientOrderId: string;
  readonly tradedSize: Decimal;
  readonly over: boolean;
  readonly sinceMs: number;
}

/** An order's progress as far as it was shown. */
export type Shown = Pick<Probe, 'tradedSize' | 'over'>;

export interface Uncovered {
  readonly clientOrderId: string;
  readonly state: { readonly state: StreamOrderState; readonly from: number; readonly receivedAtMs: number } | null;
  /** Exchange time of its last fill; null: only its state was seen. */
  readonly fillNs: bigint | null;
  readonly sinceMs: number;
}

export interface AccountView {
  readonly account: AccountName;
  readonly parts: Readonly<Record<string, Part>>;
  /** Since when its streams are intact; null: they are not. */
  readonly intactSinceMs: number | null;
  readonly probes: readonly Probe[];
  /** By client id: unanswered probes, and orders a read lacked. The same state by REST again is no probe. */
  readonly shown: ReadonlyMap<string, Shown>;
  readonly uncovered: readonly Uncovered[];
  /** Instruments on which stream and REST disagreed within `IGNORE_MS`. */
  readonly disagreed: readonly { readonly instrument: string; readonly atMs: number }[];
}

/** A disagreement of stream and REST (10.6); instrument null: the account's streams are ignored, or not intact. */
export interface Contradiction {
  readonly instrument: string | null;
  readonly why: Reason;
}

export interface Folded {
  readonly view: AccountView;
  /** Instruments with a new slice. */
  readonly changed: readonly string[];
  /** Changed rows of own orders. */
  readonly seen: readonly ExchangeOrder[];
  readonly contradictions: readonly Contradiction[];
}

export const FOLLOWS_NONE = { streamedSize: null, streamedNs: 0n, againstSize: null };

export function emptyView(account: AccountName, instruments: readonly string[]): AccountView {
  const part: Part = {
    position: null,
    positionFrom: undefined,
    orders: [],
    ended: new Map(),
    provenAtMs: null,
    readSize: ZERO,
    era: 0,
    trustFromMs: Number.POSITIVE_INFINITY,
    held: [],
    lastFrameAtMs: null,
    ...FOLLOWS_NONE,
  };
  const parts = Object.fromEntries(instruments.map((instrument) => [instrument, part]));
  return { account, parts, intactSinceMs: null, probes: [], shown: new Map(), uncovered: [], disagreed: [] };
}

/** Sets the followed instruments; known ones keep their state. */
export function withInstruments(view: AccountView, instruments: readonly string[]): AccountView {
  const { parts, intactSinceMs } = view;
  const fresh = emptyView(view.account, instruments).parts;
  const next = Object.fromEntries(
    Object.entries(fresh).map(([instrument, part]) => [
      instrument,
      parts[instrument] ?? { ...part, trustFromMs: intactSinceMs ?? part.trustFromMs },
    ]),
  );
  return { ...view, parts: next };
}

/** Whether its streams report an instrument: intact, and confirmed since (strategy 10.6). */
export function isIntact(view: AccountView, instrument: string): boolean {
  const part = view.parts[instrument];
  return part !== undefined && isTrusted(part);
}

export function isTrusted(part: Part): boolean {
  return part.provenAtMs !== null && part.provenAtMs >= part.trustFromMs;
}

export function unchanged(view: AccountView): Folded {
  return { view, changed: [], seen: [], contradictions: [] };
}

export function mapParts(view: AccountView, change: (part: Part, instrument: string) => Part): Record<string, Part> {
  return Object.fromEntries(
    Object.entries(view.parts).map(([instrument, part]) => [instrument, change(part, instrument)]),
  );
}

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
 * The view of one account (strategy 10.1, 10.6): what its positions and own orders are, folded from whole readings, look-ups
 * and frames of its streams. Values only: (view, message) → (view, which instruments changed, what contradicts).
 *
 * All `…AtMs` are our clock. A part follows the streams once a reading requested while they were intact has proven it;
 * before that, frames are held for that reading; while the streams are not intact, they are dropped and REST alone counts.
 */

/** A reading may show a position as it was this long before (strategy 10.6): later frames outrank it. */
export const READING_LAG_MS = 5_000;
/** A fill, or the state of an order nobody has named, waits this long for an order's frame; then it is looked up (10.1). */
export const COVER_MS = 1_000;
/** Frames about an instrument on which stream and REST disagree are ignored this long (strategy 10.6) … */
export const IGNORE_MS = 60_000;
/** … and those of the whole account where so many instruments disagree within that time. */
export const DISAGREEING_MAX = 3;

/** A frame of an account's stream, read. `from`: its wire id. */
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

/** One whole reading (strategy 10.1): positions and open orders, with look-ups of the own orders that are missing there. */
export interface WholeReading {
  /** When the first of its requests was sent. */
  readonly requestedAtMs: number;
  readonly receivedAtMs: number;
  /** Of our clock at its request (strategy 10.3). */
  readonly era: number;
  readonly exchangeNowMs: number;
  readonly positions: Rows<Position>;
  /** Own and foreign orders. */
  readonly openOrders: Rows<ListedOrder>;
  readonly lookups: readonly OrderLookup[];
  /** Instruments with a missing order that could not be looked up: this reading says nothing of them (strategy 10.3). */
  readonly without: readonly string[];
}

export interface OrderRow {
  readonly order: ExchangeOrder;
  /** When the message came that changed it last. */
  readonly changedAtMs: number;
  readonly lastFrameAtMs: number | null;
  /** Among the open orders of the last reading. */
  readonly listed: boolean;
}

/** One instrument. */
export interface Part {
  readonly position: Position | null;
  readonly positionFrom: number | undefined;
  readonly orders: readonly OrderRow[];
  /** By client id, what is needed to forget it in time. */
  readonly ended: ReadonlyMap<string, { readonly endedAtMs: number; readonly expirationMs: number }>;
  /** When the last reading of it was requested; null: none yet. */
  readonly provenAtMs: number | null;
  /** The position it said. */
  readonly readSize: Decimal;
  readonly era: number;
  /** A reading requested from then on makes it follow the streams; Infinity: they are not intact. */
  readonly trustFromMs: number;
  readonly held: readonly AccountFrame[];
  /** Any frame that names the instrument. */
  readonly lastFrameAtMs: number | null;
  /** The position by the stream; null: it has told none since it is followed, and readings replace the row. */
  readonly streamedSize: Decimal | null;
  /** Exchange's time of the last position frame: where frames carry no numbers, an older one comes out of order. */
  readonly streamedNs: bigint;
  /** What the last reading said against that, requested long enough after the last frame; null: nothing. */
  readonly againstSize: Decimal | null;
}

export interface Probe {
  readonly instrument: string;
  readonly clientOrderId: string;
  readonly tradedSize: Decimal;
  readonly over: boolean;
  readonly sinceMs: number;
}

/** How far an order has come, as far as it has been shown. */
export type Shown = Pick<Probe, 'tradedSize' | 'over'>;

export interface Uncovered {
  readonly clientOrderId: string;
  /** null: only its state has been seen. */
  readonly instrument: string | null;
  readonly state: { readonly state: StreamOrderState; readonly from: number; readonly receivedAtMs: number } | null;
  /** Exchange's time of its last fill. */
  readonly fillNs: bigint | null;
  readonly sinceMs: number;
}

export interface AccountView {
  readonly account: AccountName;
  readonly parts: Readonly<Record<string, Part>>;
  /** Since when its streams are intact; null: they are not. */
  readonly intactSinceMs: number | null;
  readonly probes: readonly Probe[];
  /** By client id: probes that no frame answered, and orders a reading lacked. REST showing that much again is no probe. */
  readonly shown: ReadonlyMap<string, Shown>;
  readonly uncovered: readonly Uncovered[];
  /** Instruments on which stream and REST disagreed within `IGNORE_MS`. */
  readonly disagreed: readonly { readonly instrument: string; readonly atMs: number }[];
}

/** What stream and REST disagree on (strategy 10.6); instrument null: the account's streams are ignored, or not intact. */
export interface Contradiction {
  readonly instrument: string | null;
  readonly why: Reason;
}

export interface Folded {
  readonly view: AccountView;
  /** Instruments whose slice is another one. */
  readonly changed: readonly string[];
  /** Rows of own orders that changed. */
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

/** The instruments that are followed from now on; what is known of those that were stays. */
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

/** Whether its streams tell what becomes of an instrument: intact, and proven since (strategy 10.6). */
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

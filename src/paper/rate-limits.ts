/** Of a login (API 7), */
export const LOGIN_WEIGHT = 100;
/** and of an address that nobody knows: as much as most market data. */
export const OTHER_WEIGHT = 12;
const UNIT_MS = 10;
/** Units that can be spent at once after a pause: two seconds' worth, enough for a start but not for a burst. */
const BURST_UNITS = 200;
/** Three buckets per account and one for market data. */
const BUCKETS_KEPT = 1_000;

/** Creates, cancels and reads of an account have separate buckets, and so has market data (API 5.5, 7). */
export type Bucket = 'create' | 'cancel' | 'read';

export interface BulkSize {
  readonly creates: number;
  readonly cancels: number;
}

/** What one request costs. */
export type Charge = Readonly<Partial<Record<Bucket, number>>>;

/**
 * A request's price (API 7) by the weight of its route: one unit returns every 10 ms. `bulk`: how many creates and cancels a
 * `bulk_orders` request holds; its weight is that of one create, or of all its cancels together (API 5.5).
 */
export function chargeOf(route: string, weight: number, bulk: BulkSize): Charge {
  if (route === 'bulk_orders') return { create: bulk.creates * weight, cancel: bulk.cancels > 0 ? weight : 0 };
  if (route === 'create_order') return { create: weight };
  return route === 'cancel_order' || route === 'cancel_all_orders' ? { cancel: weight } : { read: weight };
}

/** Token buckets that decide which request is over the limit. */
export class RateLimits {
  readonly #buckets = new Map<string, { units: number; atMs: number }>();
  #refused = 0;

  /** Requests over the limit so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether the request may pass now; if so it is charged. */
  admit(charge: Charge, who: string, nowMs: number): boolean {
    const due = Object.entries(charge).filter(([, weight]) => weight > 0);
    const buckets = due.map(([kind, weight]) => ({ bucket: this.#bucket(`${who} ${kind}`, nowMs), weight }));
    if (buckets.some(({ bucket, weight }) => bucket.units < weight)) {
      this.#refused += 1;
      return false;
    }
    for (const { bucket, weight } of buckets) bucket.units -= weight;
    return true;
  }

  #bucket(key: string, nowMs: number): { units: number; atMs: number } {
    const bucket = this.#buckets.get(key) ?? { units: BURST_UNITS, atMs: nowMs };
    bucket.units = Math.min(BURST_UNITS, bucket.units + (nowMs - bucket.atMs) / UNIT_MS);
    bucket.atMs = nowMs;
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > BUCKETS_KEPT) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket;
  }
}

/** Weights of requests by API 7: one unit returns every 10 ms. */
const WEIGHTS: Readonly<Record<string, number>> = {
  create_order: 5,
  cancel_order: 5,
  order: 20,
  open_orders: 20,
  order_history: 20,
  fill_history: 20,
  funding_payment_history: 20,
  transfer_history: 20,
  deposit_history: 20,
  positions: 20,
  account_summary: 40,
  aggregated_account_summary: 40,
  cancel_all_orders: 50,
  cancel_on_disconnect: 100,
  'auth/api_key/login': 100,
  'auth/wallet/login': 100,
  instrument: 4,
  mini: 4,
  ticker: 4,
};
/** One create of a bulk request, or all its cancels together (API 5.5). */
const BULK_WEIGHT = 5;
/** Book and all other market data. */
const OTHER_WEIGHT = 12;
const UNIT_MS = 10;
/** Units that can be spent at once after a pause: two seconds' worth, enough for a start but not for a burst. */
const BURST_UNITS = 200;
/** Three buckets per account and one for market data. */
const BUCKETS_KEPT = 1_000;

/** Creates, cancels and reads of an account have separate buckets, and so has market data (API 5.5, 7). */
export type Bucket = 'create' | 'cancel' | 'read';

/** What one request costs. */
export type Charge = Readonly<Partial<Record<Bucket, number>>>;

/** A request's price (API 7). `bulk`: how many creates and cancels a `bulk_orders` request holds. */
export function chargeOf(route: string, bulk: { readonly creates: number; readonly cancels: number }): Charge {
  if (route === 'bulk_orders') {
    return { create: bulk.creates * BULK_WEIGHT, cancel: bulk.cancels > 0 ? BULK_WEIGHT : 0 };
  }
  const weight = (Object.hasOwn(WEIGHTS, route) ? WEIGHTS[route] : undefined) ?? OTHER_WEIGHT;
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

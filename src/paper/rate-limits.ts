/** Requests by weight, as API 7 gives them: a unit comes back every 10 ms. */
const WEIGHTS: Readonly<Record<string, number>> = {
  create_order: 5,
  cancel_order: 5,
  bulk_orders: 5,
  order: 20,
  open_orders: 20,
  order_history: 20,
  fill_history: 20,
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
/** Book and everything else about the market. */
const OTHER_WEIGHT = 12;
const UNIT_MS = 10;
/** What can be spent at once after a pause: two seconds' worth, so that a start is possible and a burst is not. */
const BURST_UNITS = 200;
/** Buckets at once: two per account and one for market data. */
const BUCKETS_KEPT = 1_000;

/** Token buckets: creates, cancels and reads of an account each have their own (API 5.5, 7). */
export class RateLimits {
  readonly #buckets = new Map<string, { units: number; atMs: number }>();

  /** Whether the call may pass now; if so it is paid for. */
  admit(route: string, who: string, nowMs: number): boolean {
    const kind =
      route === 'create_order' || route === 'bulk_orders' ? 'create' : route === 'cancel_order' ? 'cancel' : 'read';
    const key = `${who} ${kind}`;
    const bucket = this.#buckets.get(key) ?? { units: BURST_UNITS, atMs: nowMs };
    bucket.units = Math.min(BURST_UNITS, bucket.units + (nowMs - bucket.atMs) / UNIT_MS);
    bucket.atMs = nowMs;
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > BUCKETS_KEPT) this.#buckets.delete(this.#buckets.keys().next().value!);
    const weight = WEIGHTS[route] ?? OTHER_WEIGHT;
    if (bucket.units < weight) return false;
    bucket.units -= weight;
    return true;
  }
}

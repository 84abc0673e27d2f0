import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Fact } from '../core/facts.ts';
import type { LotMatch } from '../core/model.ts';
import type { WireEvent } from '../core/wire-event.ts';
import type { Reporter } from '../ports.ts';
import type { StatusSource } from '../status/model.ts';
import { createGauges } from './gauges.ts';

/** From the loopback to a bad day on the internet. */
const REQUEST_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** A submission takes a book, a create and a look-up or two; attempts may follow. */
const SUBMIT_BUCKETS_S = [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30];
/** Gain per hedge relative to its price, in basis points: a tick is a fraction of one, a trend tens. */
const SPREAD_BUCKETS_BPS = [0, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];
const HEDGE_TIME_BUCKETS_S = [2, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400];
/** Sampling interval of the event loop's delay, which includes it. */
const LAG_RESOLUTION_MS = 20;
/** Requests in flight whose start is remembered: far more than the budget allows within their time-out. */
const REQUESTS_REMEMBERED = 1_000;

/** Metrics for Prometheus: counters from facts and traffic, gauges from the status at the time of the scrape. */
export interface Metrics {
  readonly reporter: Reporter;
  onWire(event: WireEvent): void;
  /** The exposition text. */
  scrape(): Promise<string>;
  readonly contentType: string;
  /** Names of all metrics, for the test of `ops/`. */
  names(): Promise<readonly string[]>;
  close(): void;
}

export function createMetrics(source: StatusSource): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `grvt_hedge_${name}`, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(name: string, help: string, buckets: number[], labelNames: readonly L[] = []) =>
    new Histogram({ name: `grvt_hedge_${name}`, help, buckets, labelNames: [...labelNames], registers });

  const both = ['instrument', 'account'] as const;
  const orders = counter('orders_total', 'Orders by outcome of their submission.', [...both, 'outcome']);
  const postOnly = counter('post_only_refusals_total', 'Attempts refused as post-only.', both);
  const fills = counter('fills_total', 'Fills booked.', both);
  const fillVolume = counter('fill_volume_usdt_total', 'Value of the fills booked.', both);
  const matches = counter('matches_total', 'Lots hedged or unwound.', ['instrument', 'kind']);
  const spread = histogram('spread_bps', 'Gain of a hedge relative to its price, basis points.', SPREAD_BUCKETS_BPS);
  const timeToHedge = histogram('time_to_hedge_seconds', 'From a lot to its hedge.', HEDGE_TIME_BUCKETS_S);
  const requests = counter('requests_total', 'Requests sent.', ['call', 'account']);
  const requestErrors = counter('request_errors_total', 'Requests that failed, by reason.', [
    'call',
    'account',
    'reason',
  ]);
  const requestTime = histogram('request_seconds', 'Time of a request.', REQUEST_BUCKETS_S, ['call']);
  const submit = histogram('submit_seconds', 'From the create to its confirmation.', SUBMIT_BUCKETS_S);
  const loop = histogram('loop_seconds', 'Time of one poll of one account.', REQUEST_BUCKETS_S, ['account']);
  const alerts = counter('alerts_total', 'Alerts raised.', ['kind']);
  const deliveries = counter('alert_deliveries_total', 'Messages to the alert gateway.', ['result']);
  const invariants = counter('invariants_broken_total', 'Invariants of strategy 15 that broke.', ['invariant']);
  const failures = counter(
    'failures_total',
    'What failed within the engine, by what: journal, lock, task, alerts, cleanup.',
    ['what'],
  );
  const actors = counter('actor_failures_total', 'Parts of the engine that failed and were started again.', ['actor']);
  const transitions = counter('state_changes_total', 'State changes of a symbol.', ['instrument', 'to']);
  // A counter that never counted would be absent, and an alert rule on it would miss the first time.
  for (const result of ['delivered', 'failed']) deliveries.inc({ result }, 0);

  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delay.enable();

  const takeMatches = (instrument: string, found: readonly LotMatch[], atMs: number) => {
    for (const match of found) {
      if (match.kind === 'netting') continue;
      matches.inc({ instrument, kind: match.kind });
      if (match.kind !== 'hedge') continue;
      const value = match.fillPrice.mul(match.size);
      if (value.gt(0)) spread.observe(match.gainUsdt.div(value).mul(10_000).toNumber());
      timeToHedge.observe(Math.max(0, atMs - match.lotBookedAtMs) / 1000);
    }
  };

  const report = (fact: Fact) => {
    switch (fact.type) {
      case 'state.changed':
        transitions.inc({ instrument: fact.instrument, to: fact.to });
        break;
      case 'order.placed':
        orders.inc({ instrument: fact.instrument, account: fact.account, outcome: 'placed' });
        submit.observe(fact.elapsedMs / 1000);
        break;
      case 'order.refused':
      case 'order.unknown':
      case 'intent.exhausted':
      case 'intent.denied':
        orders.inc({
          instrument: fact.instrument,
          account: fact.account,
          outcome: fact.type.split('.')[1] ?? fact.type,
        });
        break;
      case 'order.post-only-refused':
        postOnly.inc({ instrument: fact.instrument, account: fact.account });
        break;
      case 'order.over':
        if (fact.status === 'CANCELLED' || fact.status === 'FILLED')
          orders.inc({ instrument: fact.instrument, account: fact.account, outcome: fact.status.toLowerCase() });
        break;
      case 'fill.booked':
        fills.inc({ instrument: fact.instrument, account: fact.account });
        fillVolume.inc(
          { instrument: fact.instrument, account: fact.account },
          fact.fillSize.mul(fact.fillPrice).toNumber(),
        );
        takeMatches(fact.instrument, fact.matches, fact.atMs);
        break;
      case 'drift.adopted':
        takeMatches(fact.instrument, fact.matches, fact.atMs);
        break;
      case 'account.polled':
        loop.observe({ account: fact.account }, fact.elapsedMs / 1000);
        break;
      case 'alert.raised':
        alerts.inc({ kind: fact.alert.kind });
        break;
      case 'alerts.sent':
        deliveries.inc({ result: 'delivered' });
        break;
      case 'alerts.unsent':
        deliveries.inc({ result: 'failed' });
        break;
      case 'invariant.broken':
        invariants.inc({ invariant: fact.invariant });
        break;
      case 'journal.failed':
      case 'lock.lost':
      case 'task.failed':
      case 'alerts.failed':
      case 'cleanup.failed':
        failures.inc({ what: fact.type.split('.')[0] ?? fact.type });
        break;
      case 'actor.failed':
        // `submission:BNB…#12` is one child of thousands: only its kind may be a label.
        actors.inc({ actor: fact.actor.split(/[:#]/)[0] ?? fact.actor });
        break;
    }
  };

  const begun = new Map<number, { readonly call: string; readonly atMs: number }>();
  const onWire = (event: WireEvent) => {
    if (event.kind === 'frame') return;
    const call = event.route;
    const account = event.account ?? 'market';
    if (event.kind === 'sent') {
      requests.inc({ call, account });
      begun.set(event.id, { call, atMs: event.atMs });
      const stale = begun.size > REQUESTS_REMEMBERED ? begun.keys().next().value : undefined;
      if (stale !== undefined) begun.delete(stale);
      return;
    }
    const start = begun.get(event.id);
    begun.delete(event.id);
    if (start !== undefined) requestTime.observe({ call }, Math.max(0, event.atMs - start.atMs) / 1000);
    if (event.kind === 'failed') requestErrors.inc({ call, account, reason: 'network' });
    else if (event.status < 200 || event.status > 299) {
      requestErrors.inc({ call, account, reason: errorCode(event.body) ?? `http-${event.status}` });
    }
  };

  const lag = new Gauge({
    ...{ name: 'grvt_hedge_event_loop_lag_seconds', help: 'Event loop delay since the last scrape.', registers },
    labelNames: ['quantile'],
  });
  const setGauges = createGauges(registry);
  const measure = () => {
    const status = source.status();
    // On every metric: one Prometheus may scrape several engines.
    registry.setDefaultLabels({ name: status.name });
    setGauges(status);
    lag.set({ quantile: '0.5' }, lagSeconds(delay.percentile(50)));
    lag.set({ quantile: '0.99' }, lagSeconds(delay.percentile(99)));
    delay.reset();
  };

  return {
    reporter: { report },
    onWire,
    scrape: () => {
      measure();
      return registry.metrics();
    },
    contentType: registry.contentType,
    names: async () => (await registry.getMetricsAsJSON()).map((metric) => metric.name),
    close: () => delay.disable(),
  };
}

/** The sampler measures whole intervals, of which the first `LAG_RESOLUTION_MS` are no delay. */
function lagSeconds(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - LAG_RESOLUTION_MS / 1e3) || 0;
}

/** The exchange's own error code, which says more than the HTTP status. */
function errorCode(body: unknown): string | null {
  if (body === null || typeof body !== 'object' || !('code' in body)) return null;
  return typeof body.code === 'number' ? String(body.code) : null;
}

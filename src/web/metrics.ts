import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Decimal } from '../core/decimal.ts';
import type { Fact, SymbolPhase } from '../core/facts.ts';
import type { LotMatch } from '../core/model.ts';
import type { WireEvent } from '../core/wire-event.ts';
import type { Reporter } from '../ports.ts';
import type { MoneyLine, MoneySpans, StatusSource } from '../status/model.ts';

/** Every phase of a symbol, each a series of its own, so that its time can be summed. */
const PHASES: readonly SymbolPhase[] = [
  'equal',
  'imbalanced',
  'partial-wait',
  'capped',
  'cooldown',
  'waiting',
  'draining',
  'stopped',
];

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
  const gauges: { reset(): void }[] = [];
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) => {
    const made = new Gauge({ name: `grvt_hedge_${name}`, help, labelNames: [...labelNames], registers });
    gauges.push(made);
    return made;
  };
  const histogram = <L extends string>(name: string, help: string, buckets: number[], labelNames: readonly L[] = []) =>
    new Histogram({ name: `grvt_hedge_${name}`, help, buckets, labelNames: [...labelNames], registers });

  const symbol = ['instrument'] as const;
  const perAccount = ['account'] as const;
  const both = ['instrument', 'account'] as const;
  const perBucket = ['account', 'bucket'] as const;

  const info = gauge('info', 'Always 1; the mode is a label.', ['mode']);
  const engineState = gauge('engine_state', '1 for the state the engine is in.', ['state']);
  const state = gauge('symbol_state', '1 for the state the symbol is in, 0 for the others.', ['instrument', 'state']);
  const halted = gauge('symbol_halted', '1 after an invariant broke there: no new orders.', symbol);
  const unlisted = gauge('symbol_unlisted', '1 while the exchange does not list it: no new orders.', symbol);
  const position = gauge('position_size', 'Position, base units, signed.', both);
  const notional = gauge('position_notional_usdt', 'Position at the mark, USDT, signed.', both);
  const net = gauge('net_usdt', 'Settled A + B at the mark, USDT, signed.', symbol);
  const gap = gauge('gap_usdt', 'What the live orders against the net leave uncovered, USDT (strategy 6.4).', symbol);
  const mark = gauge('mark_price', 'Mark price both accounts are valued at.', symbol);
  const lots = gauge('open_lots', 'Lots waiting for their hedge.', symbol);
  const oldest = gauge('oldest_lot_age_seconds', 'Age of the oldest open lot; 0 when there is none.', symbol);
  const unhedged = gauge('unhedged_seconds', 'How long the symbol has been unhedged; 0 while hedged.', symbol);
  const gained = gauge('gained_usdt', 'Gained by hedges and unwinds since the journal began, USDT.', symbol);
  const ofSpan = ['span', 'part'] as const;
  const ofSymbol = ['instrument', ...ofSpan] as const;
  const earned = gauge(
    'earned_usdt',
    'Earned today and in 7 days, by part; paid is below zero. total: all of it.',
    ofSpan,
  );
  const symbolEarned = gauge('symbol_earned_usdt', 'The same of one symbol.', ofSymbol);
  const volume = gauge('volume_usdt', 'Value of the fills of today and of 7 days.', ['span']);
  const symbolVolume = gauge('symbol_volume_usdt', 'The same of one symbol.', ['instrument', 'span']);
  const openingsStopped = gauge('openings_stopped', '1 while openings are stopped (strategy 8.6).');
  const freeMargin = gauge('free_margin_usdt', 'Equity less initial margin, live orders included.', perAccount);
  const liquidation = gauge(
    'liquidation_distance',
    'Of the nearest liquidation price from the mark, as a share.',
    perAccount,
  );
  const live = gauge('live_orders', 'Live strategy orders.', both);
  const dataAge = gauge('data_age_seconds', 'Age of the data the symbol decides on.', both);

  const equity = gauge('equity_usdt', 'Total equity.', perAccount);
  const ratio = gauge('margin_ratio', 'Maintenance margin / equity.', perAccount);
  const ratioLimit = gauge('margin_ratio_threshold', 'The ratio at which an alert is raised.');
  const pollAge = gauge('poll_age_seconds', 'Since the newest complete reading was asked for.', perAccount);
  const sessionLeft = gauge('session_seconds_left', 'Until the session must be renewed.', perAccount);
  const budget = gauge('request_budget_left', 'Units of the budget that can be spent now.', perBucket);
  const budgetWaiting = gauge('requests_waiting', 'Requests waiting for the budget.', perBucket);
  const streamUp = gauge('stream_up', '1 while the stream is up.', perAccount);
  const queued = gauge('gateway_queued', 'Intents waiting in the gateway.', perAccount);
  const alertsOpen = gauge('alerts_open', 'Alerts that hold.', ['kind']);
  const outbox = gauge('outbox_depth', 'Alerts waiting to be delivered.');
  const lag = gauge('event_loop_lag_seconds', 'Event loop delay since the last scrape.', ['quantile']);
  const memory = gauge('resident_memory_bytes', 'Resident memory of the process.');

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
  const loop = histogram('loop_seconds', 'Time of one poll of one account.', REQUEST_BUCKETS_S, perAccount);
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

  const measure = () => {
    const status = source.status();
    const seconds = (ms: number | null) => (ms === null ? null : Math.max(0, status.atMs - ms) / 1000);
    // On every metric: one Prometheus may scrape several engines.
    registry.setDefaultLabels({ name: status.name });
    // Removes series of symbols and alerts that no longer exist.
    for (const one of gauges) one.reset();
    info.set({ mode: status.mode }, 1);
    engineState.set({ state: status.engine }, 1);
    for (const one of status.symbols) {
      const { instrument } = one;
      for (const phase of PHASES) state.set({ instrument, state: phase }, phase === one.phase ? 1 : 0);
      halted.set({ instrument }, one.halted ? 1 : 0);
      unlisted.set({ instrument }, one.unlisted ? 1 : 0);
      set(net, { instrument }, one.netUsdt);
      set(gap, { instrument }, one.gapUsdt);
      set(mark, { instrument }, one.mark);
      lots.set({ instrument }, one.lots.length);
      const first = Math.min(...one.lots.map((lot) => lot.bookedAtMs));
      oldest.set({ instrument }, one.lots.length === 0 ? 0 : (seconds(first) ?? 0));
      unhedged.set({ instrument }, one.unhedged === null ? 0 : (seconds(one.unhedged.fromMs) ?? 0));
      set(gained, { instrument }, one.gainedUsdt);
      for (const account of ['A', 'B'] as const) {
        set(position, { instrument, account }, one.positions[account].size);
        set(notional, { instrument, account }, one.positions[account].notionalUsdt);
        live.set({ instrument, account }, one.orders.filter((order) => order.account === account).length);
        const age = seconds(one.dataAtMs[account]);
        if (age !== null) dataAge.set({ instrument, account }, age);
      }
    }
    for (const one of status.accounts) {
      const { account } = one;
      set(equity, { account }, one.equityUsdt);
      set(ratio, { account }, one.marginRatio);
      set(freeMargin, { account }, one.freeMarginUsdt);
      set(liquidation, { account }, one.liquidation?.distance ?? null);
      const age = seconds(one.polledAtMs);
      if (age !== null) pollAge.set({ account }, age);
      if (one.sessionUntilMs !== null) sessionLeft.set({ account }, (one.sessionUntilMs - status.atMs) / 1000);
      if (one.stream !== null) streamUp.set({ account }, one.stream === 'up' ? 1 : 0);
      if (status.gateway !== null) queued.set({ account }, status.gateway.queued[account]);
    }
    for (const { account, bucket, left, waiting } of status.budget) {
      budget.set({ account: account ?? '-', bucket }, left);
      budgetWaiting.set({ account: account ?? '-', bucket }, waiting);
    }
    for (const [span, line] of spansOf(status.money)) {
      set(volume, { span }, line.volume);
      for (const [part, amount] of partsOf(line)) set(earned, { span, part }, amount);
    }
    for (const { instrument, money } of status.symbols)
      for (const [span, line] of spansOf(money)) {
        set(symbolVolume, { instrument, span }, line.volume);
        for (const [part, amount] of partsOf(line)) set(symbolEarned, { instrument, span, part }, amount);
      }
    openingsStopped.set(status.openingsStop === null ? 0 : 1);
    ratioLimit.set(Number(status.settings.mmrAlertThreshold));
    for (const alert of status.alerts) if (!alert.over) alertsOpen.inc({ kind: alert.kind });
    outbox.set(status.outboxWaiting);
    lag.set({ quantile: '0.5' }, lagSeconds(delay.percentile(50)));
    lag.set({ quantile: '0.99' }, lagSeconds(delay.percentile(99)));
    delay.reset();
    memory.set(process.memoryUsage.rss());
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

function spansOf(spans: MoneySpans | null): readonly (readonly ['today' | 'week', MoneyLine])[] {
  if (spans === null) return [];
  return [
    ['today', spans.today],
    ['week', spans.week],
  ];
}

/** A total and its parts, positive when received; other currencies are not included. */
function partsOf({ spread, unwinds, fees, funding, unrealised, differences, total }: MoneyLine) {
  const received = (amounts: MoneyLine['fees']) => new Decimal(amounts.USDT ?? 0).neg().toFixed();
  return Object.entries({
    ...{ spread, unwinds, fees: received(fees), funding: received(funding), unrealised, differences, total },
  });
}

/** The sampler measures whole intervals, of which the first `LAG_RESOLUTION_MS` are no delay. */
function lagSeconds(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - LAG_RESOLUTION_MS / 1e3) || 0;
}

/** The only conversion of decimals to floats: metrics are for display, never for decisions. */
function set<L extends string>(gauge: Gauge<L>, labels: Partial<Record<L, string>>, value: string | null): void {
  if (value !== null) gauge.set(labels, new Decimal(value).toNumber());
}

/** The exchange's own error code, which says more than the HTTP status. */
function errorCode(body: unknown): string | null {
  if (body === null || typeof body !== 'object' || !('code' in body)) return null;
  return typeof body.code === 'number' ? String(body.code) : null;
}

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decimal } from '../../src/core/decimal.ts';
import { whyOf } from '../../src/core/error-text.ts';
import type { OrderWords } from '../../src/core/model.ts';
import { reason } from '../../src/core/reasons.ts';
import { createMetrics, type Metrics } from '../../src/web/metrics.ts';
import { NOON_MS, status, symbolStatus } from './fixtures.ts';

const OPS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'ops');
const ORDER: OrderWords = {
  instrument: 'BNB_USDT_Perp',
  account: 'A',
  clientOrderId: '16546779472449568768',
  side: 'buy',
  size: decimal('0.48'),
  price: decimal('620'),
  purpose: 'opening',
  guardPrice: null,
};
const open: Metrics[] = [];
after(() => {
  for (const metrics of open) metrics.close();
});

function metricsOf(change: Parameters<typeof status>[0] = {}): Metrics {
  const metrics = createMetrics({ status: () => status(change) });
  open.push(metrics);
  return metrics;
}

/** The value of one series in the exposition. */
async function value(metrics: Metrics, series: string): Promise<number | null> {
  // Every metric has the name of its engine besides.
  const text = (await metrics.scrape()).replaceAll(/name="one",|,?name="one"/g, '').replaceAll('{}', '');
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

test('the state of a symbol is one series of 1 among zeros', async () => {
  const metrics = metricsOf({ symbols: [symbolStatus({ phase: 'partial-wait' })] });
  const text = await metrics.scrape();
  const states = [
    ...text.matchAll(/grvt_hedge_symbol_state\{instrument="BNB_USDT_Perp",state="([^"]+)",name="one"\} ([01])/g),
  ];
  assert.deepEqual(
    states.filter(([, , one]) => one === '1').map(([, state]) => state),
    ['partial-wait'],
  );
  assert.equal(states.length, 8);
});

test('a symbol that has left, and a value that is not known any more, leave no series behind', async () => {
  let now = status({ symbols: [symbolStatus(), symbolStatus({ instrument: 'ETH_USDT_Perp', mark: '3000' })] });
  const metrics = createMetrics({ status: () => now });
  open.push(metrics);
  assert.match(await metrics.scrape(), /mark_price\{[^}]*ETH_USDT_Perp/);
  now = status({ symbols: [symbolStatus({ mark: null })] });
  const text = await metrics.scrape();
  assert.doesNotMatch(text, /ETH_USDT_Perp|mark_price\{/);
  assert.match(text, /open_lots\{[^}]*BNB/);
});

test('positions, net and gap are those of the status', async () => {
  const metrics = metricsOf({ symbols: [symbolStatus({ netUsdt: '-297.60', gapUsdt: '148.80' })] });
  assert.equal(await value(metrics, 'grvt_hedge_net_usdt{instrument="BNB_USDT_Perp"}'), -297.6);
  assert.equal(await value(metrics, 'grvt_hedge_gap_usdt{instrument="BNB_USDT_Perp"}'), 148.8);
  assert.equal(await value(metrics, 'grvt_hedge_position_size{instrument="BNB_USDT_Perp",account="B"}'), -0.48);
});

const LINE = {
  ...{
    fills: 4,
    volume: '2400',
    spread: '1.5',
    unwinds: '0',
    fees: { USDT: '-0.2', BTC: '0.1' },
    funding: { USDT: '0.3' },
  },
  ...{ unrealised: null, differences: '0', total: '1.4' },
};

test('money is that of the status: what was paid is below zero, what is not known has no series', async () => {
  const spans = { today: LINE, week: { ...LINE, total: '9.75' } };
  const metrics = metricsOf({ money: { ...spans, atMs: NOON_MS }, symbols: [symbolStatus({ money: spans })] });
  const of = (part: string) => value(metrics, `grvt_hedge_earned_usdt{span="today",part="${part}"}`);
  assert.equal(await of('total'), 1.4);
  assert.equal(await of('fees'), 0.2);
  assert.equal(await of('funding'), -0.3);
  assert.equal(await of('unrealised'), null);
  const week = 'grvt_hedge_symbol_earned_usdt{instrument="BNB_USDT_Perp",span="week",part="total"}';
  assert.equal(await value(metrics, week), 9.75);
  assert.equal(await value(metrics, 'grvt_hedge_volume_usdt{span="week"}'), 2400);
  assert.equal(await value(metricsOf(), 'grvt_hedge_volume_usdt{span="week"}'), null);
});

test('margins and a stop for openings are those of the status', async () => {
  const why = { rule: '8.6', en: 'stopped', zh: '停止' };
  assert.equal(await value(metricsOf({ openingsStop: why }), 'grvt_hedge_openings_stopped'), 1);
  assert.equal(await value(metricsOf(), 'grvt_hedge_openings_stopped'), 0);
  assert.equal(await value(metricsOf(), 'grvt_hedge_free_margin_usdt{account="A"}'), 49000.25);
});

test('an alert that is over no longer counts as open', async () => {
  const alert = {
    key: 'mmr:A',
    kind: 'mmr',
    account: 'A' as const,
    instrument: null,
    sinceMs: NOON_MS,
    critical: true,
    information: false,
    over: false,
    ackedBy: null,
    silencedUntilMs: null,
    details: {},
    text: { en: '', zh: '' },
  };
  assert.equal(await value(metricsOf({ alerts: [alert] }), 'grvt_hedge_alerts_open{kind="mmr"}'), 1);
  assert.equal(
    await value(metricsOf({ alerts: [{ ...alert, over: true }] }), 'grvt_hedge_alerts_open{kind="mmr"}'),
    null,
  );
});

test('orders count by the outcome of their submission', async () => {
  const metrics = metricsOf();
  metrics.reporter.report({ type: 'order.placed', atMs: NOON_MS, attempt: 1, elapsedMs: 120, ...ORDER });
  metrics.reporter.report({
    type: 'order.refused',
    atMs: NOON_MS,
    code: 2032,
    reason: reason('network', '9.6', { code: '', words: 'x' }),
    ...ORDER,
  });
  metrics.reporter.report({ type: 'order.post-only-refused', atMs: NOON_MS, attempt: 1, attemptsLeft: 4, ...ORDER });
  const series = (outcome: string) =>
    `grvt_hedge_orders_total{instrument="BNB_USDT_Perp",account="A",outcome="${outcome}"}`;
  assert.equal(await value(metrics, series('placed')), 1);
  assert.equal(await value(metrics, series('refused')), 1);
  assert.equal(await value(metrics, 'grvt_hedge_post_only_refusals_total{instrument="BNB_USDT_Perp",account="A"}'), 1);
  assert.equal(await value(metrics, 'grvt_hedge_submit_seconds_sum'), 0.12);
});

test('a hedge counts its spread in basis points of its price', async () => {
  const metrics = metricsOf();
  metrics.reporter.report({
    type: 'fill.booked',
    atMs: NOON_MS,
    ...ORDER,
    side: 'sell',
    fillSize: decimal('1'),
    fillPrice: decimal('1000'),
    openedLotSize: decimal('0'),
    netAfter: decimal('0'),
    matches: [
      {
        kind: 'hedge',
        lotId: 1,
        lotAccount: 'B',
        lotPrice: decimal('999.8'),
        lotBookedAtMs: NOON_MS - 7_000,
        fillAccount: 'A',
        fillSide: 'sell',
        fillPrice: decimal('1000'),
        size: decimal('1'),
        gainUsdt: decimal('0.2'),
      },
    ],
  });
  assert.equal(await value(metrics, 'grvt_hedge_spread_bps_sum'), 2);
  assert.equal(await value(metrics, 'grvt_hedge_time_to_hedge_seconds_sum'), 7);
  assert.equal(await value(metrics, 'grvt_hedge_fill_volume_usdt_total{instrument="BNB_USDT_Perp",account="A"}'), 1000);
});

test('requests count by call, with their time and the code they failed with', async () => {
  const metrics = metricsOf();
  const about = { account: 'A' as const, route: 'create_order' };
  metrics.onWire({ kind: 'sent', id: 1, atMs: NOON_MS, ...about, request: {} });
  metrics.onWire({ kind: 'answered', id: 1, atMs: NOON_MS + 250, ...about, status: 400, body: { code: 2032 } });
  metrics.onWire({ kind: 'sent', id: 2, atMs: NOON_MS, ...about, request: {} });
  metrics.onWire({ kind: 'failed', id: 2, atMs: NOON_MS + 5_000, ...about, reason: 'time-out' });
  assert.equal(await value(metrics, 'grvt_hedge_requests_total{call="create_order",account="A"}'), 2);
  const failed = (reason: string) =>
    value(metrics, `grvt_hedge_request_errors_total{call="create_order",account="A",reason="${reason}"}`);
  assert.equal(await failed('2032'), 1);
  assert.equal(await failed('network'), 1);
  assert.equal(await value(metrics, 'grvt_hedge_request_seconds_sum{call="create_order"}'), 5.25);
});

test('a failure that restarts no actor counts by what failed', async () => {
  const metrics = metricsOf();
  metrics.reporter.report({ type: 'journal.failed', atMs: NOON_MS, message: whyOf('x') });
  metrics.reporter.report({ type: 'task.failed', atMs: NOON_MS, task: 'submission-9', message: 'x' });
  assert.equal(await value(metrics, 'grvt_hedge_failures_total{what="journal"}'), 1);
  assert.equal(await value(metrics, 'grvt_hedge_failures_total{what="task"}'), 1);
});

test('a failed actor counts by its kind: a series per order would have no end', async () => {
  const metrics = metricsOf();
  for (const actor of ['symbol:BNB_USDT_Perp', 'symbol:ETH_USDT_Perp']) {
    metrics.reporter.report({ type: 'actor.failed', atMs: NOON_MS, actor, message: 'x' });
  }
  assert.equal(await value(metrics, 'grvt_hedge_actor_failures_total{actor="symbol"}'), 2);
});

/** What a query may say after a histogram's name. */
const SUFFIX = /_(bucket|sum|count)$/;

function named(text: string): Set<string> {
  return new Set([...text.matchAll(/grvt_hedge_[a-z_]+/g)].map(([name]) => name));
}

test('every metric that ops/ names is exported', async () => {
  const metrics = metricsOf();
  const exported = new Set(await metrics.names());
  for (const file of ['grafana-dashboard.json', 'prometheus-alerts.yml']) {
    for (const name of named(readFileSync(join(OPS, file), 'utf8'))) {
      assert.ok(exported.has(name) || exported.has(name.replace(SUFFIX, '')), `${file}: ${name}`);
    }
  }
});

test('every metric that is exported is on the Grafana dashboard or in an alert rule', async () => {
  const metrics = metricsOf();
  const texts = ['grafana-dashboard.json', 'prometheus-alerts.yml'].map((file) =>
    readFileSync(join(OPS, file), 'utf8'),
  );
  const shown = new Set([...named(texts.join('\n'))].map((name) => name.replace(SUFFIX, '')));
  assert.deepEqual(
    (await metrics.names()).filter((name) => !shown.has(name) && name !== 'grvt_hedge_info'),
    [],
  );
});

test('every label that ops/ selects by is one the metric has', async () => {
  const metrics = metricsOf();
  const about = { account: 'A' as const, route: 'order' };
  metrics.onWire({ kind: 'sent', id: 1, atMs: NOON_MS, ...about, request: {} });
  metrics.onWire({ kind: 'answered', id: 1, atMs: NOON_MS, ...about, status: 404, body: { code: 1004 } });
  metrics.reporter.report({ type: 'order.placed', atMs: NOON_MS, attempt: 1, elapsedMs: 120, ...ORDER });
  metrics.reporter.report({ type: 'order.post-only-refused', atMs: NOON_MS, attempt: 1, attemptsLeft: 4, ...ORDER });
  const text = await metrics.scrape();
  const labels = new Map<string, Set<string>>();
  for (const [, name = '', inner = ''] of text.matchAll(/^(grvt_hedge_[a-z_]+)\{([^}]*)\}/gm)) {
    labels.set(name, new Set([...inner.matchAll(/(\w+)=/g)].map((match) => match[1]!)));
  }
  const dashboard = JSON.parse(readFileSync(join(OPS, 'grafana-dashboard.json'), 'utf8')) as {
    panels: { targets?: { expr: string }[] }[];
  };
  const queries = dashboard.panels.flatMap((panel) => panel.targets ?? []).map((target) => target.expr);
  const rules = readFileSync(join(OPS, 'prometheus-alerts.yml'), 'utf8');
  for (const query of [...queries, rules]) {
    for (const [, name = '', inner = ''] of query.matchAll(/(grvt_hedge_[a-z_]+)\{([^}]*)\}/g)) {
      const known = labels.get(name);
      if (known === undefined) continue;
      for (const [, label = ''] of inner.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
        assert.ok(known.has(label), `${name}{${label}}`);
    }
  }
});

test('the alert rules speak of one of two engines', (context) => {
  const promtool = spawnSync('promtool', ['test', 'rules', join(OPS, 'prometheus-alerts.test.yml')], {
    encoding: 'utf8',
  });
  if (promtool.error !== undefined) {
    context.skip('no promtool on this machine (Debian: prometheus)');
    return;
  }
  assert.equal(promtool.status, 0, `${promtool.stdout}${promtool.stderr}`);
});

test('every metric carries the name of its engine', async () => {
  const metrics = metricsOf();
  const series = (await metrics.scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(series.length > 20);
  assert.deepEqual(
    series.filter((line) => !line.includes('name="one"')),
    [],
  );
});

test('every query of ops/ closes what it opens', () => {
  const dashboard = JSON.parse(readFileSync(join(OPS, 'grafana-dashboard.json'), 'utf8')) as {
    panels: { id: number; title: string; targets?: { expr: string }[] }[];
  };
  const queries = dashboard.panels.flatMap((panel) => panel.targets ?? []).map((target) => target.expr);
  for (const query of queries) {
    for (const [open, close] of ['()', '{}', '[]'] as const) {
      assert.equal(query.split(open!).length, query.split(close!).length, query);
    }
  }
  const ids = dashboard.panels.map((panel) => panel.id);
  assert.equal(new Set(ids).size, ids.length);
});

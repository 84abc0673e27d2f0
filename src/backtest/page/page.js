/**
 * The page of a backtest's result: the file contains everything it needs. `uPlot` and the `h` of the engine's page are loaded
 * before it.
 */
/* global uPlot, h */
const answer = JSON.parse(document.getElementById('answer').textContent);
const words = JSON.parse(document.getElementById('words').textContent);

/** A text of the page's language (`src/texts/backtest.ts`); a bracketed part that lacks its value is left out. */
function t(name, values = {}) {
  const fill = (text) => text.replace(/\{(\w+)\}/g, (_whole, key) => values[key] ?? '');
  const without = words[name].replace(/\[[^\]]*?\{(\w+)\}[^\]]*\]/g, (part, key) =>
    values[key] ? part.slice(1, -1) : '',
  );
  return fill(without);
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const sum = (figures, name) => figures.reduce((total, one) => total + Number(one[name]), 0);
const share = (figures, name) => sum(figures, name) / Math.max(1, sum(figures, 'observedMs'));
const usdt = (value) => value.toFixed(2);
const percent = (value) => `${(value * 100).toFixed(1)} %`;
const labelOf = (values) =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ') || t('asTheyAre');

function lasting(ms) {
  if (ms === null) return '–';
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

const MONEY = ['spread', 'unwinds', 'openLots', 'differences', 'fees', 'funding', 'total'];
const money = answer.isMoneyKnown ? MONEY : [];
const isChosen = (point) => answer.chosen !== null && labelOf(point.values) === labelOf(answer.chosen.values);

function slowest(figures, name) {
  return figures.reduce((worst, { timeToHedge }) => Math.max(worst, timeToHedge[name] ?? 0), 0);
}

function head() {
  const stored = answer.market.map(({ symbol, counts }) => {
    const held = ['trade', 'book', 'candle'].filter((kind) => counts[kind] > 0);
    return `${symbol} (${held.map((kind) => t(kind, { count: counts[kind] })).join(', ')})`;
  });
  const { latencyMs, feesPercent, fundingPercent } = answer;
  const assumed = t('assumed', {
    ...{ equity: answer.equityUsdt, orders: latencyMs.orders, data: latencyMs.data },
    ...{ maker: feesPercent.maker, taker: feesPercent.taker, seed: answer.seed },
    funding: fundingPercent === null ? t('asRecorded') : t('whereNone', { percent: fundingPercent }),
    audit: t(answer.isAudited ? 'audited' : 'notAudited'),
    fixed: Object.keys(answer.fixed).length === 0 ? '' : labelOf(answer.fixed),
  });
  return [
    h('h1', t('title')),
    h('p', stored.join('; ')),
    h('p', t('range', answer.range)),
    h('p.dim', assumed),
    answer.invented === null
      ? null
      : h(
          'p',
          { class: 'warn', id: 'invented' },
          t('invented', { spread: answer.invented.spread, depth: answer.invented.depthUsdt }),
        ),
  ];
}

function results() {
  const names = ['settings', 'fills', 'volume', ...money, 'hedges', 'toHedgeHalf'].map((name) => t(name));
  names.push('p90', t('unhedged'), t('longest'), t('worstNet'), t('stranded'));
  if (answer.isMoneyKnown) names.push(t('costAtTouch'), t('worstCost'));
  names.push(t('leastMargin'));
  const rows = answer.points.flatMap((point) =>
    point.runs.map((run) => {
      const { whole } = run;
      const cells = [
        labelOf(point.values),
        run.isWhole ? run.fill : t('cut', { fill: run.fill }),
        usdt(sum(whole, 'volume')),
      ];
      for (const name of money) cells.push(usdt(sum(whole, name)));
      cells.push(sum(whole, 'hedges'), lasting(slowest(whole, 'medianMs')), lasting(slowest(whole, 'p90Ms')));
      cells.push(percent(share(whole, 'unhedgedMs')));
      cells.push(lasting(Math.max(...whole.map((one) => one.longestUnhedgedMs))));
      cells.push(usdt(Math.max(...whole.map((one) => Number(one.worstNet)))));
      cells.push(percent(share(whole, 'strandedMs')));
      if (answer.isMoneyKnown) cells.push(usdt(sum(whole, 'costAtTouch')), usdt(sum(whole, 'worstCostAtTouch')));
      cells.push(run.leastMarginRatio === null ? '–' : `${run.leastMarginRatio.toFixed(1)} ×`);
      return h('tr', isChosen(point) ? { class: 'chosen' } : {}, ...cells.map((cell) => h('td', String(cell))));
    }),
  );
  const header = h('tr', ...names.map((name) => h('th', name)));
  const table = h('table', { id: 'results' }, h('thead', header), h('tbody', ...rows));
  return h('section', h('h2', t('perSetting')), h('div.scroll', table));
}

/** Per setting, the figures before the split, which chose it, and after. */
function perSetting() {
  const parts =
    answer.splitAt === null
      ? [[t('whole'), 'whole']]
      : [
          [t('before'), 'first'],
          [t('after'), 'rest'],
        ];
  const judgedBy = (figures) => (answer.isMoneyKnown ? sum(figures, 'total') : share(figures, 'unhedgedMs'));
  const shown = answer.points.flatMap((point) =>
    point.runs.flatMap((run) =>
      parts.flatMap(([when, part]) => (run[part] === null ? [] : [{ point, run, when, value: judgedBy(run[part]) }])),
    ),
  );
  const widest = Math.max(...shown.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const rows = shown.map(({ point, run, when, value }) => {
    const kind = !answer.isMoneyKnown ? 'bar plain' : value < 0 ? 'bar below' : 'bar';
    const bar = h('span', { class: kind });
    bar.style.width = `${(Math.abs(value) / widest) * 100}%`;
    const cells = [labelOf(point.values), run.fill, when, answer.isMoneyKnown ? usdt(value) : percent(value), bar];
    return h('tr', isChosen(point) ? { class: 'chosen' } : {}, ...cells.map((cell) => h('td', cell)));
  });
  const what = t(answer.isMoneyKnown ? 'gainedPer' : 'unhedgedPer');
  const chosen =
    answer.chosen === null
      ? null
      : h(
          'p',
          { id: 'chosen' },
          t('chosen', {
            ...{ asked: answer.asked, at: answer.splitAt, values: labelOf(answer.chosen.values) },
            best: t(answer.chosenBy === 'total' ? 'byTotal' : 'byUnhedged'),
          }),
          h('br'),
          t('notLookedAt'),
        );
  return h('section', h('h2', what), chosen, h('div.scroll', h('table.bars', ...rows)));
}

/** `08:15`, and at midnight the date. */
function clockTime(sec) {
  const text = new Date(sec * 1e3).toISOString();
  return text.slice(11, 16) === '00:00' ? text.slice(5, 10) : text.slice(11, 16);
}

const CHART_HEIGHT = 170;
let plots = [];

function chart(into, title, atSec, lines) {
  const box = h('div.chart', h('h3', title));
  into.append(box);
  const axis = { stroke: colour('--dim'), grid: { stroke: colour('--line') }, ticks: { stroke: colour('--line') } };
  const options = {
    width: Math.max(280, into.clientWidth),
    height: CHART_HEIGHT,
    cursor: { sync: { key: 'time' } },
    tzDate: (sec) => uPlot.tzDate(new Date(sec * 1e3), 'Etc/UTC'),
    axes: [
      { ...axis, values: (_plot, splits) => splits.map(clockTime) },
      { ...axis, size: 70 },
    ],
    series: [
      { label: 'UTC', value: (_plot, sec) => (sec === null ? '–' : new Date(sec * 1e3).toISOString().slice(0, 16)) },
      ...lines.map(({ label, stroke }) => ({ label, stroke, width: 1.5, points: { show: false } })),
    ],
  };
  plots.push(new uPlot(options, [atSec, ...lines.map(({ values }) => values)], box));
}

function draw(into, point) {
  for (const plot of plots) plot.destroy();
  plots = [];
  into.replaceChildren();
  const runs = point.runs.filter(({ series }) => series !== null);
  if (runs.length === 0) {
    into.append(h('p.dim', t('courseGone')));
    return;
  }
  // All runs of one setting have the same times; an interrupted one is shorter.
  const longest = runs.reduce((one, other) => (other.series.atSec.length > one.series.atSec.length ? other : one));
  const { atSec, marks } = longest.series;
  const strokes = [colour('--one'), colour('--two')];
  const perRun = (name) =>
    runs.map(({ fill, series }, index) => ({ label: fill, stroke: strokes[index], values: series[name] }));
  for (const [symbol, values] of Object.entries(marks))
    chart(into, t('mark', { symbol }), atSec, [{ label: t('markOf'), stroke: colour('--dim'), values }]);
  if (answer.isMoneyKnown) {
    chart(into, t('gained'), atSec, perRun('gained'));
    chart(into, t('booked'), atSec, perRun('spread'));
  }
  chart(into, t('net'), atSec, perRun('net'));
  chart(into, t('unhedgedMin'), atSec, perRun('unhedgedMin'));
  chart(into, t('volumeUsdt'), atSec, perRun('volume'));
  if (answer.isMoneyKnown) chart(into, t('touchCost'), atSec, perRun('costAtTouch'));
}

function courses() {
  const into = h('div', { id: 'charts' });
  const select = h(
    'select',
    { onchange: () => draw(into, answer.points[Number(select.value)]) },
    ...answer.points.map((point, index) => h('option', { value: String(index) }, labelOf(point.values))),
  );
  const at = answer.points.findIndex(isChosen);
  select.value = String(Math.max(0, at));
  const choice = answer.points.length > 1 ? h('label', `${t('choose')} `, select) : null;
  const section = h('section', h('h2', t('course')), choice, into);
  const show = () => {
    const point = answer.points[Number(select.value)];
    if (point !== undefined) draw(into, point);
  };
  window.addEventListener('resize', show);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
  return { section, show };
}

function unknown() {
  const notes = answer.notes.map((note) => h('li', note));
  return h('section', { id: 'unknown' }, h('h2', t('unknown')), h('ul', ...notes));
}

const { section, show } = courses();
document
  .getElementById('page')
  .append(...head().filter((part) => part !== null), results(), perSetting(), section, unknown());
show();

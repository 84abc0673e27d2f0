import { axis, line, ranged, shape } from './curves.js';
import { h } from './dom.js';
import uPlot from './uplot.js';
import { clock, date, t } from './words.js';

/** Available spans, and their texts. */
const SPANS = [
  ['day', 'money.day'],
  ['week', 'money.week7'],
  ['month', 'money.month'],
];
const HEIGHT = 168;
/** Reload interval of an open chart: a sample is written once a minute. */
const AGAIN_MS = 120_000;

/**
 * Curves of a day, a week and 30 days, of all symbols (empty name) or one; from the journal, hence also after restarts.
 */
export function createLongCurves(instrument) {
  const chips = h('div', { class: 'chips' });
  const note = h('p', { class: 'dim' });
  const box = h('div', { class: 'plots' });
  const element = h('section', { class: 'card history' }, h('h2', {}, t('money.history')), chips, note, box);
  let span = 'day';
  let plots = [];
  let closed = false;
  const watcher = new ResizeObserver(() => {
    for (const { plot, frame } of plots)
      if (frame.clientWidth > 0) plot.setSize({ width: frame.clientWidth, height: HEIGHT });
  });
  choose();
  const timer = setInterval(show, AGAIN_MS);

  function choose() {
    chips.replaceChildren(
      ...SPANS.map(([name, words]) =>
        h(
          'button',
          {
            type: 'button',
            class: 'chip',
            'aria-pressed': String(name === span),
            'data-history': name,
            onclick: () => {
              span = name;
              choose();
            },
          },
          t(words),
        ),
      ),
    );
    show();
  }

  async function show() {
    const wanted = span;
    const of = instrument === '' ? '' : `?instrument=${encodeURIComponent(instrument)}`;
    let points = null;
    try {
      const answer = await fetch(`/api/history/${wanted}${of}`);
      if (answer.ok) points = await answer.json();
    } catch {
      // The engine is gone, which the head of the page shows.
    }
    if (closed || wanted !== span) return;
    if (points === null) {
      note.textContent = t('money.failed');
      return;
    }
    note.textContent = points.length < 2 ? t('money.empty') : '';
    element.dataset.points = String(points.length);
    draw(points);
  }

  function draw(points) {
    clear();
    if (points.length < 2) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const [a, b] = [colour('--acc-a'), colour('--acc-b')];
    const frames = [
      ...(instrument === '' ? [['equity', [line('A', a), line('B', b)], [1, 2]]] : []),
      ['exposure', [line('|A|', a), line('|B|', b)], [3, 4]],
      ['net', [line(t('net'), colour('--state-imbalanced'), true)], [5]],
      ['unhedged', [line(t('money.unhedgedShare'), colour('--state-partial-wait'), true)], [6]],
      ['dayTotal', [line(t('money.total'), colour('--good'), true)], [7]],
    ];
    const sync = uPlot.sync(`history-${instrument}`);
    for (const [title, series, columns] of frames) {
      const frame = h('div', { class: 'plot' });
      box.append(h('figure', {}, h('figcaption', {}, t(`money.${title}`)), frame));
      const plot = new uPlot(
        {
          width: Math.max(200, frame.clientWidth),
          height: HEIGHT,
          cursor: { sync: { key: sync.key }, points: { size: 6 } },
          legend: { live: true },
          scales: { x: { time: true }, y: { range: (_u, low, high) => ranged(low, high) } },
          axes: [
            { ...axis(colour), space: 80, size: 28, values: (_u, ticks) => ticks.map(timeOf) },
            { ...axis(colour), size: 64 },
          ],
          hooks: { ready: [(made) => made.setLegend({ idx: points.length - 1 }, false)] },
          series: [{ value: (_u, at) => (at === null ? '' : `${date(at * 1000)} ${clock(at * 1000)}`) }, ...series],
        },
        shape(points, columns),
        frame,
      );
      plots.push({ plot, frame });
      watcher.observe(frame);
    }
  }

  /** Hours within a day, dates beyond it. */
  function timeOf(seconds) {
    const atMs = seconds * 1000;
    return span === 'day' ? clock(atMs).slice(0, 5) : date(atMs).slice(0, 5);
  }

  function clear() {
    watcher.disconnect();
    for (const { plot } of plots) plot.destroy();
    plots = [];
    box.replaceChildren();
  }

  return {
    element,
    close() {
      closed = true;
      clearInterval(timer);
      clear();
    },
  };
}

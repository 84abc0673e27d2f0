import { line, plotIn } from './curves.js';
import { h } from './dom.js';
import uPlot from './uplot.js';
import { clock, date, t } from './words.js';

/** Available spans, and their texts. */
const SPANS = [
  ['day', 'money.day'],
  ['week', 'money.week7'],
  ['month', 'money.month'],
];
/** Reload interval of an open chart: a sample is written once a minute. */
const AGAIN_MS = 120_000;

/**
 * Curves of a day, a week and 30 days, of all symbols (empty name) or one; from the journal, hence also after restarts.
 */
export function createLongCurves(instrument) {
  const chips = h('div.chips');
  const note = h('p.dim');
  const box = h('div.plots');
  const element = h('section.card.history', h('h2', t('money.history')), chips, note, box);
  let span = 'day';
  let plots = [];
  let closed = false;
  choose();
  const timer = setInterval(show, AGAIN_MS);

  function choose() {
    chips.replaceChildren(
      ...SPANS.map(([name, words]) =>
        h(
          'button.chip',
          {
            type: 'button',
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
    const moment = (seconds) => `${date(seconds * 1000)} ${clock(seconds * 1000)}`;
    const hooks = { ready: [(made) => made.setLegend({ idx: points.length - 1 }, false)] };
    plots = frames.map(([title, series, columns]) =>
      plotIn(box, { title: t(`money.${title}`), series, columns }, points, {
        ...{ sync, space: 80, size: 64, tick: timeOf, moment, hooks },
      }),
    );
  }

  /** Hours within a day, dates beyond it. */
  function timeOf(seconds) {
    const atMs = seconds * 1000;
    return span === 'day' ? clock(atMs).slice(0, 5) : date(atMs).slice(0, 5);
  }

  function clear() {
    for (const plot of plots) plot.close();
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

import { h } from './dom.js';
import uPlot from './uplot.js';
import { clock, t } from './words.js';

const HEIGHT = 168;

/** |A| and |B|, net, and gain over time: three plots on one time axis. */
export function createCurves(points, { total }) {
  const element = h('div.plots');
  const data = points.map((point) => [...point]);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const sync = uPlot.sync(`curves-${Math.round(performance.now())}`);
  const frames = [
    { title: t('exposure'), series: [line('|A|', colour('--acc-a')), line('|B|', colour('--acc-b'))], columns: [1, 2] },
    {
      title: total ? `${t('netAll')}, USDT` : t('imbalance'),
      series: [line(t('net'), colour('--state-imbalanced'), true)],
      columns: [3],
    },
    { title: t('gain'), series: [line(t('gained'), colour('--good'), true)], columns: [4] },
  ];
  const plots = frames.map((frame) => ({
    frame,
    ...plotIn(element, frame, data, {
      ...{ sync, space: 70, size: 58, tick: timeOf, moment: (seconds) => clock(seconds * 1000) },
    }),
  }));
  redraw();

  /** Without a pointer the legend shows the newest values. */
  function redraw() {
    for (const { frame, plot } of plots) {
      plot.setData(shape(data, frame.columns));
      if (plot.cursor.idx === null || plot.cursor.idx === undefined) plot.setLegend({ idx: data.length - 1 }, false);
    }
  }

  return {
    element,
    add(point) {
      data.push(point);
      redraw();
    },
    set(all) {
      data.splice(0, data.length, ...all);
      redraw();
    },
    close() {
      for (const plot of plots) plot.close();
    },
  };
}

/**
 * Some columns of points as a plot under its title, as wide as its box. `tick` and `moment`: a time on the axis and in
 * the legend, from seconds.
 */
export function plotIn(element, { title, series, columns }, points, { sync, space, size, tick, moment, hooks = {} }) {
  const box = h('div.plot');
  element.append(h('figure', h('figcaption', title), box));
  const style = getComputedStyle(document.documentElement);
  const axis = {
    stroke: style.getPropertyValue('--dim').trim(),
    grid: { stroke: style.getPropertyValue('--grid').trim(), width: 1 },
    ticks: { show: false },
    font: '11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  };
  const plot = new uPlot(
    {
      width: Math.max(200, box.clientWidth),
      height: HEIGHT,
      cursor: { sync: { key: sync.key }, points: { size: 6 } },
      legend: { live: true },
      scales: { x: { time: true }, y: { range: (_u, low, high) => ranged(low, high) } },
      axes: [
        { ...axis, space, size: 28, values: (_u, ticks) => ticks.map(tick) },
        { ...axis, size },
      ],
      hooks,
      series: [{ value: (_u, at) => (at === null ? '' : moment(at)) }, ...series],
    },
    shape(points, columns),
    box,
  );
  const watcher = new ResizeObserver(() => {
    if (box.clientWidth > 0) plot.setSize({ width: box.clientWidth, height: HEIGHT });
  });
  watcher.observe(box);
  const close = () => {
    watcher.disconnect();
    plot.destroy();
  };
  return { plot, close };
}

export function line(label, stroke, filled = false) {
  return {
    label,
    stroke,
    width: 1.75,
    fill: filled ? `${stroke}22` : undefined,
    points: { show: false },
    value: (_u, value) => (value === null || value === undefined ? '–' : value.toFixed(2)),
  };
}

/** Hours and minutes, and seconds while the curve is short. */
function timeOf(seconds) {
  const text = clock(seconds * 1000);
  return text.endsWith(':00') ? text.slice(0, 5) : text;
}

/** A constant curve still needs height. */
function ranged(low, high) {
  if (low === null || high === null) return [0, 1];
  const pad = Math.max((high - low) * 0.1, Math.abs(high) * 0.002, 0.01);
  return [low - pad, high + pad];
}

function shape(points, columns) {
  return [points.map((point) => point[0] / 1000), ...columns.map((column) => points.map((point) => point[column]))];
}

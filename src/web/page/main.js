import { openDetail } from './detail.js';
import { h } from './dom.js';
import { createOverview } from './view.js';
import { language, lasting, setLanguage, setTimeZone, t } from './words.js';

/** Entries of the feed kept in the page; the engine keeps as many. */
const FEED_MAX = 400;
const POINTS_MAX = 3000;

/** Everything the page knows; the engine is the only one that changes it. */
const model = { status: null, feed: [], total: [], charts: [], version: '', live: false, full: false };
/** Our clock minus the engine's: ages are shown by the engine's. */
let skewMs = 0;

const page = document.getElementById('page');
const top = document.getElementById('top');
let shown = null;

const chosen = { lang: remembered('lang'), theme: remembered('theme') };
setTheme(chosen.theme ?? (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark'));

/** What the views may use. */
const app = {
  model,
  nowMs: () => Date.now() - skewMs,
  symbol: (instrument) => model.status?.symbols.find((one) => one.instrument === instrument) ?? null,
};

listen();
addEventListener('hashchange', show);
setInterval(tick, 500);

function listen() {
  const events = new EventSource('/events');
  events.addEventListener('first', (event) => {
    const first = JSON.parse(event.data);
    Object.assign(model, { live: true, full: false, ...first });
    if (chosen.lang === null) setLanguage(first.lang);
    else setLanguage(chosen.lang);
    setTimeZone(first.status.timeZone);
    skewMs = Date.now() - first.status.atMs;
    show();
  });
  events.addEventListener('status', (event) => {
    const change = JSON.parse(event.data);
    skewMs = Date.now() - change.atMs;
    const changed = new Map(change.symbols.map((symbol) => [symbol.instrument, symbol]));
    const before = model.status.symbols;
    const known = new Set(before.map((symbol) => symbol.instrument));
    model.status = {
      ...change,
      symbols: [
        ...before.map((symbol) => changed.get(symbol.instrument) ?? symbol),
        ...change.symbols.filter((symbol) => !known.has(symbol.instrument)),
      ],
    };
    header();
    shown?.status([...changed.keys()]);
    tick();
  });
  events.addEventListener('facts', (event) => {
    const entries = JSON.parse(event.data);
    model.feed = [...model.feed, ...entries].slice(-FEED_MAX);
    shown?.facts(entries);
  });
  events.addEventListener('points', (event) => {
    const points = JSON.parse(event.data);
    if (points['*']) model.total = [...model.total, points['*']].slice(-POINTS_MAX);
    shown?.points(points);
  });
  events.addEventListener('full', () => {
    model.full = true;
    header();
  });
  events.addEventListener('open', () => {
    model.live = true;
    header();
  });
  events.addEventListener('error', () => {
    model.live = false;
    header();
    // A browser gives up on an answer that is no stream, as while the engine starts again.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}

/** The view the address asks for: `#/BNB_USDT_Perp` or everything. */
function show() {
  if (model.status === null) return;
  header();
  const instrument = decodeURIComponent(location.hash.replace(/^#\/?/, ''));
  const wanted = app.symbol(instrument) === null ? '' : instrument;
  shown?.close();
  page.replaceChildren();
  shown = wanted === '' ? createOverview(app, page) : openDetail(app, page, wanted);
  tick();
}

function header() {
  const { status } = model;
  const mode = status?.mode ?? '';
  const name = status?.name ?? '';
  document.title = name === '' ? 'grvt-hedge' : `${name} · grvt-hedge`;
  top.replaceChildren(
    h(
      'a',
      { class: 'brand', href: '#/' },
      h('img', { src: '/page/icon.svg', alt: '', width: 26, height: 26 }),
      'grvt-hedge',
    ),
    status && h('span', { class: `badge mode-${mode}`, title: t(`mode.${mode}`) }, mode),
    name !== '' && name !== mode ? h('span', { class: 'dim' }, name) : '',
    status?.startedAtMs ? h('span', { class: 'dim wide' }, h('span', { 'data-running': status.startedAtMs })) : '',
    h('span', { class: 'spring' }),
    h(
      'span',
      { class: `link ${model.live ? 'up' : 'down'}`, role: 'status' },
      h('i'),
      model.full ? t('full') : model.live ? t('live') : t('offline'),
    ),
    h(
      'button',
      { type: 'button', class: 'plain', onclick: toggleLanguage, lang: language() === 'en' ? 'zh' : 'en' },
      t('other'),
    ),
    h(
      'button',
      { type: 'button', class: 'plain', onclick: toggleTheme, title: t('theme'), 'aria-label': t('theme') },
      '◐',
    ),
  );
}

function toggleLanguage() {
  chosen.lang = language() === 'en' ? 'zh' : 'en';
  remember('lang', chosen.lang);
  setLanguage(chosen.lang);
  show();
}

function toggleTheme() {
  setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
  remember('theme', document.documentElement.dataset.theme);
  show();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
}

/** Times that run: ages, spans, what is left of a clock. */
function tick() {
  const now = app.nowMs();
  for (const one of document.querySelectorAll('[data-since]')) {
    const text = lasting(now - Number(one.dataset.since));
    one.textContent = one.dataset.text ? t(one.dataset.text, { time: text }) : text;
  }
  for (const one of document.querySelectorAll('[data-until]')) {
    const text = lasting(Number(one.dataset.until) - now);
    one.textContent = one.dataset.text ? t(one.dataset.text, { time: text }) : text;
  }
  for (const one of document.querySelectorAll('[data-running]')) {
    one.textContent = t('running', { time: lasting(now - Number(one.dataset.running)) });
  }
  for (const one of document.querySelectorAll('[data-from][data-to]')) {
    const [from, to] = [Number(one.dataset.from), Number(one.dataset.to)];
    const done = Math.min(1, Math.max(0, (now - from) / Math.max(1, to - from)));
    one.style.setProperty('--done', `${(done * 100).toFixed(1)}%`);
  }
}

function remembered(name) {
  try {
    return localStorage.getItem(`grvt-hedge.${name}`);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(`grvt-hedge.${name}`, value);
  } catch {
    // A browser that keeps nothing shows the engine's choice again.
  }
}

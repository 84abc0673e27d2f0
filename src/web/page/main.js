import { needsAction } from './alerts.js';
import { createControl } from './control.js';
import { openDetail } from './detail.js';
import { h } from './dom.js';
import { goneWords } from './lead.js';
import { createOverview } from './overview.js';
import { createTips } from './tips.js';
import { alertWords, language, lasting, setInstruments, setLanguage, setTimeZone, t } from './words.js';

/** Entries of the feed kept in the page, as in the engine. */
const FEED_MAX = 400;
const POINTS_MAX = 3000;
/** A running engine sends an event a second; after this silence it is frozen, disconnected or gone. */
const SILENT_AFTER_MS = 10_000;

/** The page's state, changed only by the engine. `receivedAtMs`: our clock at its last event. */
const model = {
  status: null,
  feed: [],
  total: [],
  charts: [],
  version: '',
  live: false,
  full: false,
  receivedAtMs: Date.now(),
};
/** Our clock minus the engine's: ages use the engine's. */
let skewMs = 0;

const page = document.getElementById('page');
const top = document.getElementById('top');
const gone = document.getElementById('gone');
const said = document.getElementById('said');
/** Keys of the alerts already announced to screen readers. */
let announced = new Set();
let shown = null;
let shownName = '';
let shownLink = '';
let shownHeader = '';
/** Scroll position of each view; bounded by the symbols. */
const scrolled = new Map();

const chosen = { lang: remembered('lang'), theme: remembered('theme') };
setTheme(chosen.theme ?? (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark'));

/** The interface for the views. */
const app = {
  model,
  /** By the engine's clock; if it is silent, the time of its last event. */
  nowMs: () => (app.link() === 'live' ? Date.now() - skewMs : model.status.atMs),
  /** `stopped` properly, `silent` for 10 s, else `live`. Safe against a clock set back. */
  link() {
    if (model.status?.engine === 'stopped') return 'stopped';
    return Math.abs(Date.now() - model.receivedAtMs) < SILENT_AFTER_MS ? 'live' : 'silent';
  },
  control: createControl(() => header()),
  symbol: (instrument) => model.status?.symbols.find((one) => one.instrument === instrument) ?? null,
};

share();
createTips();
addEventListener('hashchange', show);
setInterval(watch, 500);
// A browser slows the timers of background tabs.
addEventListener('visibilitychange', watch);
watch();

/**
 * Receives the engine's events through one tab for all, because a browser opens only six connections to a server. The
 * tab that holds the lock has the stream and forwards it; when it closes, another one takes over.
 */
function share() {
  if (!navigator.locks || typeof BroadcastChannel !== 'function') {
    listen(received);
    return;
  }
  const channel = new BroadcastChannel('grvt-hedge');
  const me = crypto.randomUUID();
  let isFirst = false;
  channel.addEventListener('message', ({ data: { name, value, from, to } }) => {
    if (isFirst && name === 'hello' && model.status !== null) {
      const { live, full, ...known } = model;
      channel.postMessage({ name: 'first', value: known, to: from });
      if (!live) channel.postMessage({ name: 'lost', to: from });
      if (full) channel.postMessage({ name: 'full', to: from });
    } else if (!isFirst && name !== 'hello' && (to === undefined || to === me)) received(name, value);
  });
  channel.postMessage({ name: 'hello', from: me });
  navigator.locks.request('grvt-hedge', () => {
    isFirst = true;
    listen((name, value) => {
      received(name, value);
      channel.postMessage({ name, value });
    });
    // Held until this tab closes.
    return new Promise(() => {});
  });
}

/** Opens the engine's stream; `tell` receives each event by name. */
function listen(tell) {
  const events = new EventSource('/events');
  for (const name of ['first', 'status', 'facts', 'points', 'full']) {
    events.addEventListener(name, (event) => tell(name, JSON.parse(event.data)));
  }
  events.addEventListener('open', () => tell('open'));
  events.addEventListener('error', () => {
    tell('lost');
    // A browser gives up on an answer that is no stream, e.g. while the engine restarts.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => listen(tell), 2000);
  });
}

/** An event of the engine, or the state of the connection. Before `first` there is nothing to change. */
function received(name, value) {
  if (name !== 'open' && name !== 'lost') model.receivedAtMs = Date.now();
  if (name === 'first') {
    Object.assign(model, { live: true, full: false, ...value });
    setLanguage(chosen.lang ?? value.lang);
    setTimeZone(value.status.timeZone);
    skewMs = model.receivedAtMs - value.status.atMs;
    setInstruments(model.status.symbols.map((symbol) => symbol.instrument));
    app.control.observe(value.acts);
    show();
  } else if (name === 'status' && model.status !== null) {
    changeStatus(value);
  } else if (name === 'facts' && model.status !== null) {
    model.feed = [...model.feed, ...value].slice(-FEED_MAX);
    shown?.facts(value);
  } else if (name === 'points' && model.status !== null) {
    if (value['*']) model.total = [...model.total, value['*']].slice(-POINTS_MAX);
    shown?.points(value);
  } else if (name === 'open' || name === 'lost') {
    model.live = name === 'open';
    header();
  } else if (name === 'full') {
    model.full = true;
    header();
  }
}

function changeStatus(change) {
  skewMs = Date.now() - change.atMs;
  const changed = new Map(change.symbols.map((symbol) => [symbol.instrument, symbol]));
  const before = model.status.symbols;
  const known = new Set(before.map((symbol) => symbol.instrument));
  model.status = {
    ...change,
    symbols: [
      ...before.map((symbol) => ({ ...symbol, ...changed.get(symbol.instrument) })),
      ...change.symbols.filter((symbol) => !known.has(symbol.instrument)),
    ],
  };
  setInstruments(model.status.symbols.map((symbol) => symbol.instrument));
  header();
  announce();
  shown?.status([...changed.keys()]);
  watch();
}

/** New alerts are announced once; the list itself is redrawn with each status. */
function announce() {
  const open = model.status.alerts.filter(needsAction);
  const fresh = open.filter(({ key }) => !announced.has(key));
  announced = new Set(open.map(({ key }) => key));
  if (fresh.length > 0) said.textContent = t('newAlerts', { list: fresh.map(alertWords).join('; ') });
}

/** Checks whether the engine is still connected, and updates times. */
function watch() {
  const link = app.link();
  if (link !== shownLink) {
    shownLink = link;
    document.documentElement.dataset.engine = link;
    header();
    gone.replaceChildren(...goneWords(app));
    shown?.status([]);
    if (link !== 'live') tick();
  }
  if (link === 'live') tick();
}

/** The view of the address: `#/BNB_USDT_Perp` or everything. */
function show() {
  header();
  gone.replaceChildren(...goneWords(app));
  if (model.status === null) return;
  const instrument = named(location.hash.replace(/^#\/?/, ''));
  const wanted = app.symbol(instrument) === null ? '' : instrument;
  if (shown !== null) scrolled.set(shownName, scrollY);
  shown?.close();
  page.replaceChildren();
  shown = wanted === '' ? createOverview(app, page) : openDetail(app, page, wanted);
  shownName = wanted;
  tick();
  // A view that is rebuilt (language, reconnect) keeps its scroll position.
  scrollTo(0, scrolled.get(wanted) ?? 0);
}

/** The name in the address; invalid encoding names nothing. */
function named(hash) {
  try {
    return decodeURIComponent(hash);
  } catch {
    return '';
  }
}

function header() {
  const { status } = model;
  const mode = status?.mode ?? '';
  const name = status?.name ?? '';
  const link = app.link();
  const needing = (status?.alerts ?? []).filter(needsAction).length;
  const mark = link === 'silent' ? '(!) ' : needing > 0 ? `(${needing}) ` : '';
  // Unchanged buttons stay, so that a click does not miss them.
  const drawn = JSON.stringify([
    ...[model.version, mode, name, status?.startedAtMs, model.live, model.full, link, language()],
    ...[document.documentElement.dataset.theme, app.control.state()],
  ]);
  document.title = `${mark}${name === '' ? 'grvt-hedge' : `${name} · grvt-hedge`}`;
  if (drawn === shownHeader) return;
  shownHeader = drawn;
  top.replaceChildren(
    h('a.brand', { href: '#/' }, h('img', { src: '/page/icon.svg', alt: '', width: 26, height: 26 }), 'grvt-hedge'),
    model.version && h('span.dim.wide', model.version),
    status && h('span', { class: `badge mode-${mode}`, title: t(`mode.${mode}`) }, mode),
    name !== '' && name !== mode ? h('span.dim.name-of-engine', { title: name }, name) : '',
    status?.startedAtMs ? h('span.dim.wide', h('span', { 'data-running': status.startedAtMs })) : '',
    h('span.spring'),
    h(
      'span',
      { class: `link ${model.live && link === 'live' ? 'up' : 'down'}`, role: 'status' },
      h('i'),
      link === 'stopped' ? t('stopped') : model.full ? t('full') : !model.live ? t('offline') : t(link),
    ),
    app.control.button(),
    h('button.plain', { type: 'button', onclick: toggleLanguage, lang: language() === 'en' ? 'zh' : 'en' }, t('other')),
    h('button.plain', { type: 'button', onclick: toggleTheme, title: t('theme'), 'aria-label': t('theme') }, '◐'),
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

/** Running times: ages, spans, countdowns. */
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
    // A browser without storage shows the engine's choice again.
  }
}

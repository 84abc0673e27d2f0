import { accountCard } from './account.js';
import { createAlerts } from './alerts.js';
import { createCurves } from './curves.js';
import { h, swap } from './dom.js';
import { createFeed } from './feed.js';
import { createLongCurves } from './history.js';
import { leadWords } from './lead.js';
import { createMoney, levellingWords } from './money.js';
import { createRollout } from './rollout.js';
import { PHASES } from './symbol.js';
import { createTable } from './table.js';
import { symbolTile } from './tile.js';
import { lasting, money, number, stateHelp, t } from './words.js';

/** From so many symbols on, tiles are small. */
const DENSE_FROM = 13;

/** Up to so many, two columns of wide tiles. */
const FEW = 4;

/** The page of all symbols. */
export function createOverview(app, page) {
  let filter = '';
  let search = '';
  const parts = {};
  const tiles = new Map();

  page.className = 'overview';
  parts.lead = h('section.lead');
  parts.accounts = h('section.accounts', { 'aria-label': t('accounts') });
  parts.figures = h('section.figures');
  parts.levelling = h('div.levelling');
  parts.money = createMoney((status) => status.money);
  parts.bar = h('div.bar');
  parts.tiles = h('div.tiles');
  parts.table = app.model.status.symbols.length >= DENSE_FROM ? createTable(app) : null;
  parts.alerts = createAlerts(app);
  parts.rollout = createRollout(app);
  const acts = app.control.bar('all', t('act.commands'));
  parts.feed = createFeed(app, null);
  parts.curves = createCurves(app.model.total, { total: true });
  parts.history = createLongCurves('');
  page.append(
    parts.lead,
    parts.accounts,
    parts.levelling,
    parts.figures,
    parts.money.element,
    h('section.symbols', parts.bar, acts, parts.table?.element ?? '', parts.tiles),
    h('aside.side', parts.alerts.element, parts.rollout.element, parts.feed.element),
    h('section.card.curves', h('h2', t('charts')), parts.curves.element),
    parts.history.element,
  );
  all();

  function all() {
    lead();
    accounts();
    figures();
    bar();
    parts.alerts.update();
    parts.rollout.update();
    const { symbols } = app.model.status;
    parts.tiles.classList.toggle('dense', symbols.length >= DENSE_FROM);
    parts.tiles.classList.toggle('few', symbols.length <= FEW);
    for (const symbol of symbols) tile(symbol);
    arrange();
  }

  function lead() {
    parts.lead.replaceChildren(
      ...leadWords(app, (phase) => {
        filter = filter === phase ? '' : phase;
        bar();
        arrange();
      }),
    );
  }

  function accounts() {
    parts.accounts.replaceChildren(...app.model.status.accounts.map((one) => accountCard(one, app.model.status)));
  }

  function figures() {
    parts.figures.replaceChildren(...figureList(app.model.status));
    parts.levelling.replaceChildren(levellingWords(app.model.status));
    parts.money.update(app.model.status);
  }

  function bar() {
    const { symbols } = app.model.status;
    const kept = parts.bar.querySelector('.chips');
    const input = kept
      ? ''
      : h('input', {
          type: 'search',
          placeholder: t('search'),
          'aria-label': t('search'),
          oninput: (event) => {
            search = event.target.value.trim().toLowerCase();
            arrange();
          },
        });
    const chip = (phase, count) =>
      h(
        'button',
        {
          type: 'button',
          class: `chip ${phase === '' ? '' : `state-${phase}`}`,
          'aria-pressed': filter === phase,
          title: stateHelp(phase),
          onclick: () => {
            filter = filter === phase ? '' : phase;
            bar();
            arrange();
          },
        },
        phase === '' ? t('all') : phase,
        h('b', String(count)),
      );
    const counts = PHASES.map((phase) => [phase, symbols.filter((one) => one.phase === phase).length]);
    const chips = [
      chip('', symbols.length),
      ...counts.filter(([, count]) => count > 0).map(([phase, count]) => chip(phase, count)),
    ];
    const made = h('div.chips', chips);
    // Left in place while it says the same, so that a click never meets a button that was just replaced.
    if (kept?.isEqualNode(made)) return;
    if (kept) swap(kept, made);
    else parts.bar.append(h('h2', t('symbols')), made, symbols.length >= DENSE_FROM ? input : '');
  }

  function tile(symbol) {
    const made = symbolTile(symbol);
    const old = tiles.get(symbol.instrument);
    if (old) swap(old, made);
    else parts.tiles.append(made);
    tiles.set(symbol.instrument, made);
  }

  /** Applies the filter; the symbols file's order is kept, so that nothing jumps. */
  function arrange() {
    const isShown = (symbol) =>
      (filter === '' || symbol.phase === filter) && symbol.instrument.toLowerCase().includes(search);
    for (const symbol of app.model.status.symbols) tiles.get(symbol.instrument).hidden = !isShown(symbol);
    parts.table?.arrange(isShown);
  }

  return {
    status(changed) {
      lead();
      accounts();
      figures();
      bar();
      parts.alerts.update();
      parts.rollout.update();
      for (const instrument of changed) tile(app.symbol(instrument));
      parts.table?.update(changed);
      arrange();
    },
    facts: (entries) => parts.feed.add(entries),
    points: (points) => points['*'] && parts.curves.add(points['*']),
    close() {
      parts.curves.close();
      parts.history.close();
    },
  };
}

function figureList({ figures, symbols }) {
  const sum = (pick) => symbols.reduce((total, one) => total + Math.abs(Number(pick(one) ?? 0)), 0);
  const gained = symbols.reduce((total, one) => total + Number(one.gainedUsdt), 0);
  const [oldest] = symbols.flatMap(({ unhedged }) => unhedged?.fromMs ?? []).sort((a, b) => a - b);
  const percent = (rate) => (rate === null ? '–' : `${(rate * 100).toFixed(1)} %`);
  const cell = (name, value, unit = '', extra = '') =>
    h(
      'div.figure',
      h('span.dim', name),
      h('strong', { class: `num ${extra}` }, value, unit === '' ? '' : h('small', ` ${unit}`)),
    );
  return [
    cell('|A|', money(String(sum((one) => one.positions.A.notionalUsdt).toFixed(2))), 'USDT', 'acc-A'),
    cell('|B|', money(String(sum((one) => one.positions.B.notionalUsdt).toFixed(2))), 'USDT', 'acc-B'),
    cell(t('netAll'), money(sum((one) => one.netUsdt).toFixed(2)), 'USDT'),
    cell(t('gainedSpread'), number(gained.toFixed(4), 4), 'USDT', gained > 0 ? 'good' : ''),
    cell(t('figures.fills'), String(figures.fills)),
    cell(t('figures.hedges'), String(figures.hedges)),
    cell(t('figures.success'), percent(figures.orderSuccessRate)),
    cell(t('figures.postOnly'), percent(figures.postOnlyRefusalRate)),
    cell(
      t('figures.timeToHedge'),
      figures.timeToHedgeMs === null
        ? '–'
        : `${lasting(figures.timeToHedgeMs.median)} · ${lasting(figures.timeToHedgeMs.p90)}`,
    ),
    cell(t('figures.oldest'), oldest === undefined ? '–' : h('span', { 'data-since': oldest })),
  ];
}

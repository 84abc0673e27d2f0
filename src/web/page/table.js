import { h } from './dom.js';
import { earned } from './money.js';
import { PHASES } from './symbol.js';
import { base, money, reason, stateHelp, t } from './words.js';

/** Columns: name, sort key (largest, or alphabetically first, on top), and cell. */
const COLUMNS = [
  ['symbol', (one) => one.instrument, (one) => h('strong', base(one.instrument))],
  [
    'state',
    (one) => -PHASES.indexOf(one.phase),
    (one) => h('span', { class: `phase state-${one.phase}`, title: stateHelp(one.phase) }, h('i'), one.phase),
  ],
  ['mode', (one) => one.symbolMode, (one) => one.symbolMode],
  ['net', (one) => Math.abs(Number(one.netUsdt ?? 0)), (one) => h('span.num', money(one.netUsdt))],
  [
    'unhedged',
    (one) => (one.unhedged === null ? 0 : -one.unhedged.fromMs),
    (one) => (one.unhedged === null ? '' : h('span.num', { 'data-since': one.unhedged.fromMs })),
  ],
  ['orders', (one) => one.orders.length, (one) => h('span.num', String(one.orders.length))],
  ['today', (one) => Number(earned(one, 'today') ?? 0), (one) => h('span.num', money(earned(one, 'today')))],
  ['week', (one) => Number(earned(one, 'week') ?? 0), (one) => h('span.num', money(earned(one, 'week')))],
  ['why', (one) => why(one), (one) => why(one)],
];

/** Why nothing is submitted, else why it is in its state. */
function why({ idle, why: stands, phase }) {
  return reason(idle ?? stands) || stateHelp(phase);
}

/**
 * All symbols in rows of one height, largest unhedged first, or by the chosen heading. Rows move by transforms, so that
 * nothing else on the page moves.
 */
export function createTable(app) {
  let by = 'net';
  let turned = false;
  let shown = () => true;
  const rows = new Map();
  const head = h('div.row.head', { role: 'row' });
  const body = h('div.rows', { role: 'rowgroup' });
  const element = h('section.card.symboltable', { role: 'table', 'aria-label': t('symbols') }, head, body);

  function heading() {
    const hadFocus = head.contains(document.activeElement);
    head.replaceChildren(
      ...COLUMNS.map(([name]) => {
        const order = name === by ? (turned ? 'ascending' : 'descending') : 'none';
        const choose = () => {
          turned = name === by && !turned;
          by = name;
          heading();
          arrange();
        };
        const button = h('button', { type: 'button', onclick: choose }, t(`columns.${name}`));
        return h('span', { role: 'columnheader', 'aria-sort': order, class: `col-${name}` }, button);
      }),
    );
    if (hadFocus) head.querySelector(`.col-${by} button`).focus({ preventScroll: true });
  }

  function update(instruments) {
    for (const instrument of instruments) {
      const symbol = app.symbol(instrument);
      let row = rows.get(instrument);
      if (row === undefined) {
        row = h('a.row', { role: 'row', href: `#/${encodeURIComponent(instrument)}`, 'data-row': instrument });
        rows.set(instrument, row);
        body.append(row);
      }
      row.replaceChildren(
        ...COLUMNS.map(([name, , cell]) => h('span', { role: 'cell', class: `col-${name}` }, cell(symbol))),
      );
    }
    arrange();
  }

  function arrange(filter = shown) {
    shown = filter;
    const [, key] = COLUMNS.find(([name]) => name === by);
    const symbols = app.model.status.symbols.filter(shown).map((one) => [key(one), one.instrument]);
    const compare = ([a], [b]) => (typeof a === 'string' ? a.localeCompare(b) : b - a);
    symbols.sort((a, b) => (turned ? compare(b, a) : compare(a, b)) || a[1].localeCompare(b[1]));
    const places = new Map(symbols.map(([, instrument], at) => [instrument, at]));
    for (const [instrument, row] of rows) {
      const at = places.get(instrument);
      row.hidden = at === undefined;
      if (at !== undefined) row.style.setProperty('--at', String(at));
    }
    body.style.setProperty('--rows', String(symbols.length));
  }

  heading();
  update(app.model.status.symbols.map((one) => one.instrument));
  return { element, update, arrange };
}

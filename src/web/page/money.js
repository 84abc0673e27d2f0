import { h } from './dom.js';
import { base, money, reason, t } from './words.js';

/** Columns of the card, and their values in a line of figures; null: not known. */
const COLUMNS = [
  ['total', (line) => line.total],
  ['spread', (line) => line.spread],
  ['unwinds', (line) => line.unwinds],
  ['fees', (line) => received(line.fees)],
  ['funding', (line) => received(line.funding)],
  ['unrealised', (line) => line.unrealised],
  ['differences', (line) => line.differences],
  ['volume', (line) => line.volume],
];

/** Paid amounts are negative here, so that the columns sum to the total; other currencies are beside it. */
function received(amounts) {
  return turned(amounts.USDT ?? '0');
}

function turned(text) {
  return text.startsWith('-') ? text.slice(1) : /[1-9]/.test(text) ? `-${text}` : text;
}

function others(amounts) {
  return Object.entries(amounts)
    .filter(([currency]) => currency !== 'USDT')
    .map(([currency, amount]) => h('small.dim', ` ${money(turned(amount))} ${currency}`));
}

function cell(name, line, read) {
  const text = read(line);
  const tone = name === 'total' && text !== null ? (Number(text) > 0 ? 'good' : Number(text) < 0 ? 'bad' : '') : '';
  const more = name === 'fees' ? others(line.fees) : name === 'funding' ? others(line.funding) : '';
  return h('td', { class: `num ${tone}`, 'data-money': name }, money(text), more);
}

function line(name, figures) {
  return h(
    'tr',
    { 'data-span': name },
    h('th', { scope: 'row' }, t(`money.${name}`)),
    COLUMNS.map(([column, read]) => cell(column, figures, read)),
  );
}

/** Money of today and the week, of all symbols or one; redrawn with new figures. */
export function createMoney(pick) {
  const note = h('p.dim');
  const body = h('div.moneyrows');
  const stop = h('p.trouble');
  const element = h('section.card.money', h('h2', t('money.title')), stop, body, note);
  let shown = '';

  function update(status) {
    stop.hidden = !status.openingsStop;
    stop.textContent = reason(status.openingsStop);
    const spans = pick(status);
    const key = JSON.stringify([spans, status.money?.atMs]);
    if (key === shown) return;
    shown = key;
    if (!spans) {
      body.replaceChildren();
      note.textContent = t('money.notYet');
      return;
    }
    const heads = COLUMNS.map(([name]) =>
      h('th', { scope: 'col', title: name === 'total' ? t('money.totalHelp') : undefined }, t(`money.${name}`)),
    );
    const head = h('thead', h('tr', h('td'), heads));
    const rows = h('tbody', line('today', spans.today), line('week', spans.week));
    body.replaceChildren(h('table', head, rows));
    note.replaceChildren(h('span', { 'data-since': status.money.atMs, 'data-text': 'money.of' }));
  }

  return { element, update };
}

/** Free margin and the nearest liquidation of an account (strategy 17.5), as rows of its card. */
export function marginRows({ freeMarginUsdt, liquidation }) {
  return [
    [t('money.free'), h('span.num', money(freeMarginUsdt))],
    [
      t('money.liquidation'),
      h(
        'span.num',
        { title: t('money.liquidationHelp') },
        liquidation === null
          ? t('money.none')
          : t('money.liquidationAt', {
              symbol: base(liquidation.instrument),
              percent: money(String(Number(liquidation.distance) * 100)),
            }),
      ),
    ],
  ];
}

/** The transfer that makes both margin ratios equal, or why none is advised. */
export function levellingWords({ levelling }) {
  return levelling ? h('p.dim.levelling', reason(levelling)) : '';
}

/** A symbol's earnings in a span, for a cell of the table. */
export function earned(symbol, span) {
  return symbol.money ? symbol.money[span].total : null;
}

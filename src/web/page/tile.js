import { h } from './dom.js';
import { clocks, ladder, positions, situation, symbolMode } from './symbol.js';
import { base, number, stateHelp, t } from './words.js';

export function symbolTile(symbol) {
  const gained = Number(symbol.gainedUsdt);
  const oldest = symbol.lots.length === 0 ? null : Math.min(...symbol.lots.map((lot) => lot.bookedAtMs));
  return h(
    'a',
    {
      class: `card tile state-${symbol.phase}`,
      href: `#/${encodeURIComponent(symbol.instrument)}`,
      'data-symbol': symbol.instrument,
      'data-phase': symbol.phase,
    },
    h(
      'header',
      {},
      h('strong', {}, base(symbol.instrument)),
      h('span', { class: 'dim mode' }, symbol.mode === 'increase' ? '↗ ' : '↘ ', t(symbol.mode)),
      symbolMode(symbol),
      h('span', { class: 'phase', title: stateHelp(symbol.phase) }, h('i'), symbol.phase),
    ),
    h('div', { class: 'situation' }, situation(symbol, { linked: false })),
    clocks(symbol),
    positions(symbol),
    ladder(symbol),
    h('div', { class: 'quotes' }, symbol.orders.map(orderChip)),
    h(
      'footer',
      {},
      h(
        'span',
        { title: t('glossary.lot') },
        h('span', { class: 'dim' }, `${t('lots')} `),
        h('b', { class: 'num' }, String(symbol.lots.length)),
        oldest === null ? '' : h('span', { class: 'dim num' }, ' · ', h('span', { 'data-since': oldest })),
      ),
      symbol.guard
        ? h(
            'span',
            { title: t('glossary.guard') },
            h('span', { class: 'dim' }, `${t('guard')} `),
            h('b', { class: 'num' }, number(symbol.guard.price)),
          )
        : '',
      h(
        'span',
        { class: gained > 0 ? 'good' : '', title: t('glossary.gained') },
        h('span', { class: 'dim' }, `${t('gained')} `),
        h('b', { class: 'num' }, number(symbol.gainedUsdt, 4)),
      ),
    ),
  );
}

/** One live order as text. */
function orderChip(order) {
  return h(
    'span',
    {
      class: `quote acc-${order.account} ${order.side} ${order.state}`,
      title: `${t(order.purpose)} · ${t(`orderState.${order.state}`)}`,
    },
    h('b', { class: 'who' }, order.account),
    ' ',
    h('span', { class: order.side }, t(order.side)),
    ' ',
    h('span', { class: 'num' }, `${number(order.size)} @ ${number(order.price)}`),
  );
}

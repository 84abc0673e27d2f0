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
      h('strong', base(symbol.instrument)),
      h('span.dim.mode', symbol.mode === 'increase' ? '↗ ' : '↘ ', t(symbol.mode)),
      symbolMode(symbol),
      h('span.phase', { title: stateHelp(symbol.phase) }, h('i'), symbol.phase),
    ),
    h('div.situation', situation(symbol, { linked: false })),
    clocks(symbol),
    positions(symbol),
    ladder(symbol),
    h('div.quotes', symbol.orders.map(orderChip)),
    h(
      'footer',
      h(
        'span',
        { title: t('glossary.lot') },
        h('span.dim', `${t('lots')} `),
        h('b.num', String(symbol.lots.length)),
        oldest === null ? '' : h('span.dim.num', ' · ', h('span', { 'data-since': oldest })),
      ),
      symbol.guard
        ? h(
            'span',
            { title: t('glossary.guard') },
            h('span.dim', `${t('guard')} `),
            h('b.num', number(symbol.guard.price)),
          )
        : '',
      h(
        'span',
        { class: gained > 0 ? 'good' : '', title: t('glossary.gained') },
        h('span.dim', `${t('gained')} `),
        h('b.num', number(symbol.gainedUsdt, 4)),
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
    h('b.who', order.account),
    ' ',
    h('span', { class: order.side }, t(order.side)),
    ' ',
    h('span.num', `${number(order.size)} @ ${number(order.price)}`),
  );
}

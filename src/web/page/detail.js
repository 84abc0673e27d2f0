import { createChart } from './chart.js';
import { createCurves } from './curves.js';
import { h, refill } from './dom.js';
import { createFeed } from './feed.js';
import { createLongCurves } from './history.js';
import { createMoney } from './money.js';
import { createPast } from './past.js';
import { clocks, ladder, pair, positions, situation } from './symbol.js';
import { base, clock, money, number, price, stateHelp, t } from './words.js';

/** One symbol: its activity, statechart, past, orders and lots. */
export function openDetail(app, page, instrument) {
  page.className = 'detail';
  const symbol = () => app.symbol(instrument);
  const parts = {
    head: h('header.symbolhead'),
    now: h('section.card.now'),
    chart: h('section.card.chartcard'),
    help: h('p.dim', t('chartHelp')),
    past: h('section.card.past'),
    money: createMoney((status) => status.symbols.find((one) => one.instrument === instrument)?.money),
    orders: h('section.card.tablecard'),
    lots: h('section.card.tablecard'),
    feed: createFeed(app, instrument),
    curves: createCurves([], { total: false }),
    history: createLongCurves(instrument),
  };
  let chart = null;
  let closed = false;
  let frozen = false;

  page.append(
    parts.head,
    app.control.bar(`symbol:${instrument}`, t('act.commands')),
    h('div.column', parts.now, parts.money.element, parts.orders, parts.lots, parts.feed.element),
    h(
      'div.column.wide2',
      parts.chart,
      parts.past,
      h('section.card.curves', h('h2', t('charts')), parts.curves.element),
      parts.history.element,
    ),
  );
  all();
  const past = createPast(app, instrument, parts.past, {
    freeze(phase, from, atMs) {
      frozen = true;
      chart?.freeze(phase, from);
      parts.help.textContent = t('chartPast', { time: clock(atMs) });
      parts.chart.classList.add('frozen');
    },
    thaw() {
      frozen = false;
      parts.help.textContent = t('chartHelp');
      parts.chart.classList.remove('frozen');
      chart?.thaw();
    },
  });
  drawChart();
  fetch(`/api/series/${encodeURIComponent(instrument)}`).then(async (answer) => {
    if (answer.ok && !closed) parts.curves.set(await answer.json());
  });

  async function drawChart() {
    const made = await createChart('symbol');
    if (closed) return;
    chart = made;
    const moves = app.model.feed
      .filter(({ fact }) => fact.type === 'state.changed' && fact.instrument === instrument)
      .map(({ fact }) => ({ from: fact.from, to: fact.to }));
    chart.remember(moves);
    chart.light(symbol().state);
    parts.chart.append(
      h(
        'h2',
        t('chart'),
        h('span.spring'),
        h('button.plain.small', { type: 'button', onclick: () => !frozen && chart.replay() }, `▶ ${t('replayLast')}`),
      ),
      parts.help,
      chart.element,
    );
  }

  function all() {
    const one = symbol();
    parts.money.update(app.model.status);
    parts.head.replaceChildren(...headWords(one));
    parts.now.className = `card now state-${one.phase}`;
    refill(parts.now, ...nowWords(one));
    refill(parts.orders, h('h2', t('orders')), ordersTable(one));
    refill(parts.lots, h('h2', t('lots')), lotsTable(one));
  }

  return {
    status(changed) {
      if (!changed.includes(instrument) || symbol() === null) return;
      all();
      if (chart !== null && !frozen) chart.light(symbol().state);
    },
    facts(entries) {
      parts.feed.add(entries);
      for (const { fact } of entries) {
        if (fact.type === 'state.changed' && fact.instrument === instrument && chart !== null) {
          if (frozen) chart.remember([{ from: fact.from, to: fact.to }]);
          else chart.moved(fact.from, fact.to);
        }
      }
      past.newer();
    },
    points: (points) => points[instrument] && parts.curves.add(points[instrument]),
    close() {
      closed = true;
      chart?.close();
      past.close();
      parts.curves.close();
      parts.history.close();
    },
  };
}

/** Symbol, mode and state. */
function headWords({ instrument, mode, phase, sinceMs, sinceStart }) {
  const since = sinceMs ? h('small', { 'data-since': sinceMs, 'data-text': sinceStart ? 'sinceStart' : 'since' }) : '';
  return [
    h('a.plain.back', { href: '#/' }, '←', h('span.wide', ` ${t('back')}`)),
    h('h1', base(instrument)),
    h('span.dim.num.wide', instrument),
    h('span.dim', mode === 'increase' ? '↗ ' : '↘ ', t(mode)),
    h('span', { class: `phase big state-${phase}`, 'data-phase': phase }, h('i'), phase, since),
  ];
}

/** What the symbol waits for, its positions and orders by price, and its figures. */
function nowWords(one) {
  const limit = t(one.mode === 'increase' ? 'max' : 'min');
  return [
    h('p.dim', stateHelp(one.phase)),
    h('div.situation', situation(one)),
    h('div.clocks', clocks(one)),
    positions(one),
    ladder(one),
    h(
      'dl.numbers',
      pair(t('mark'), price(one.mark, one.tickSize)),
      pair(t('guard'), one.guard ? `${number(one.guard.price)} (${t(one.guard.side)})` : '–'),
      pair(`${t('total')} / ${limit}`, `${money(one.totalUsdt)} / ${number(one.limitUsdt)}`),
      pair(t('gainedSpread'), `${number(one.gainedUsdt, 6)} USDT`),
      pair(`${t('entry')} A`, price(one.positions.A.entryPrice, one.tickSize)),
      pair(`${t('entry')} B`, price(one.positions.B.entryPrice, one.tickSize)),
    ),
  ];
}

function ordersTable(symbol) {
  if (symbol.orders.length === 0) return h('p.dim', t('noOrders'));
  const tick = Number(symbol.tickSize ?? 0);
  const away = (order) => {
    if (symbol.touch === null || tick === 0) return '';
    const best = Number(order.side === 'buy' ? symbol.touch.bid : symbol.touch.ask);
    const ticks = Math.round(Math.abs(Number(order.price) - best) / tick);
    const inside = order.side === 'buy' ? Number(order.price) >= best : Number(order.price) <= best;
    return ticks === 0 || inside ? t('atTouch') : t('fromTouch', { ticks });
  };
  return scrolled(
    ['account', 'side', 'size', 'price', 'state', 'age'],
    symbol.orders.map((order) =>
      h(
        'tr',
        { class: order.state },
        h('td', { class: `who acc-${order.account}` }, order.account),
        h('td', h('span', { class: order.side }, t(order.side)), h('small', t(order.purpose))),
        h('td.num', number(order.size), partly(order)),
        h('td.num', number(order.price), h('small', away(order))),
        h('td', t(`orderState.${order.state}`)),
        h(
          'td.num',
          h('span', { 'data-since': order.sentAtMs }),
          h('small', `${t('expires')} `, h('span', { 'data-until': order.expiresAtMs })),
        ),
      ),
    ),
  );
}

/** A table that scrolls within the card. */
function scrolled(columns, rows) {
  const head = h(
    'thead',
    h(
      'tr',
      columns.map((name) => h('th', t(name))),
    ),
  );
  return h('div.scroll', h('table', head, h('tbody', rows)));
}

function partly(order) {
  return Number(order.tradedSize) > 0 ? h('small', `${number(order.tradedSize)} ${t('traded')}`) : '';
}

function lotsTable(symbol) {
  if (symbol.lots.length === 0) return h('p.dim', t('noLots'));
  return scrolled(
    ['account', 'side', 'size', 'guard', 'age', 'lot'],
    symbol.lots.map((lot) =>
      h(
        'tr',
        h('td', { class: `who acc-${lot.account}` }, lot.account),
        h('td', { class: lot.side }, t(lot.side)),
        h('td.num', number(lot.size)),
        h('td.num', { title: t('glossary.guard') }, number(lot.price)),
        h('td.num', h('span', { 'data-since': lot.bookedAtMs })),
        h('td.dim', t(`source.${lot.source}`)),
      ),
    ),
  );
}

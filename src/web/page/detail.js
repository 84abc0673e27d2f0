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
    head: h('header', { class: 'symbolhead' }),
    now: h('section', { class: 'card now' }),
    chart: h('section', { class: 'card chartcard' }),
    help: h('p', { class: 'dim' }, t('chartHelp')),
    past: h('section', { class: 'card past' }),
    money: createMoney((status) => status.symbols.find((one) => one.instrument === instrument)?.money),
    orders: h('section', { class: 'card tablecard' }),
    lots: h('section', { class: 'card tablecard' }),
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
    h('div', { class: 'column' }, parts.now, parts.money.element, parts.orders, parts.lots, parts.feed.element),
    h(
      'div',
      { class: 'column wide2' },
      parts.chart,
      parts.past,
      h('section', { class: 'card curves' }, h('h2', {}, t('charts')), parts.curves.element),
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
        {},
        t('chart'),
        h('span', { class: 'spring' }),
        h(
          'button',
          { type: 'button', class: 'plain small', onclick: () => !frozen && chart.replay() },
          `▶ ${t('replayLast')}`,
        ),
      ),
      parts.help,
      chart.element,
    );
  }

  function all() {
    const one = symbol();
    parts.money.update(app.model.status);
    parts.head.replaceChildren(
      h('a', { class: 'plain back', href: '#/' }, '←', h('span', { class: 'wide' }, ` ${t('back')}`)),
      h('h1', {}, base(instrument)),
      h('span', { class: 'dim num wide' }, instrument),
      h('span', { class: 'dim' }, one.mode === 'increase' ? '↗ ' : '↘ ', t(one.mode)),
      h(
        'span',
        { class: `phase big state-${one.phase}`, 'data-phase': one.phase },
        h('i'),
        one.phase,
        one.sinceMs
          ? h('small', { 'data-since': one.sinceMs, 'data-text': one.sinceStart ? 'sinceStart' : 'since' })
          : '',
      ),
    );
    parts.now.className = `card now state-${one.phase}`;
    refill(
      parts.now,

      h('p', { class: 'dim' }, stateHelp(one.phase)),
      h('div', { class: 'situation' }, situation(one)),
      h('div', { class: 'clocks' }, clocks(one)),
      positions(one),
      ladder(one),
      h(
        'dl',
        { class: 'numbers' },
        pair(t('mark'), price(one.mark, one.tickSize)),
        pair(t('guard'), one.guard ? `${number(one.guard.price)} (${t(one.guard.side)})` : '–'),
        pair(
          `${t('total')} / ${t(one.mode === 'increase' ? 'max' : 'min')}`,
          `${money(one.totalUsdt)} / ${number(one.limitUsdt)}`,
        ),
        pair(t('gainedSpread'), `${number(one.gainedUsdt, 6)} USDT`),
        pair(`${t('entry')} A`, price(one.positions.A.entryPrice, one.tickSize)),
        pair(`${t('entry')} B`, price(one.positions.B.entryPrice, one.tickSize)),
      ),
    );
    refill(parts.orders, h('h2', {}, t('orders')), ordersTable(one));
    refill(parts.lots, h('h2', {}, t('lots')), lotsTable(one));
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

function ordersTable(symbol) {
  if (symbol.orders.length === 0) return h('p', { class: 'dim' }, t('noOrders'));
  const tick = Number(symbol.tickSize ?? 0);
  const away = (order) => {
    if (symbol.touch === null || tick === 0) return '';
    const best = Number(order.side === 'buy' ? symbol.touch.bid : symbol.touch.ask);
    const ticks = Math.round(Math.abs(Number(order.price) - best) / tick);
    const inside = order.side === 'buy' ? Number(order.price) >= best : Number(order.price) <= best;
    return ticks === 0 || inside ? t('atTouch') : t('fromTouch', { ticks });
  };
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['account', 'side', 'size', 'price', 'state', 'age'].map((name) => h('th', {}, t(name))),
        ),
      ),
      h(
        'tbody',
        {},
        symbol.orders.map((order) =>
          h(
            'tr',
            { class: order.state },
            h('td', { class: `who acc-${order.account}` }, order.account),
            h('td', {}, h('span', { class: order.side }, t(order.side)), h('small', {}, t(order.purpose))),
            h('td', { class: 'num' }, number(order.size), partly(order)),
            h('td', { class: 'num' }, number(order.price), h('small', {}, away(order))),
            h('td', {}, t(`orderState.${order.state}`)),
            h(
              'td',
              { class: 'num' },
              h('span', { 'data-since': order.sentAtMs }),
              h('small', {}, `${t('expires')} `, h('span', { 'data-until': order.expiresAtMs })),
            ),
          ),
        ),
      ),
    ),
  );
}

function partly(order) {
  return Number(order.tradedSize) > 0 ? h('small', {}, `${number(order.tradedSize)} ${t('traded')}`) : '';
}

function lotsTable(symbol) {
  if (symbol.lots.length === 0) return h('p', { class: 'dim' }, t('noLots'));
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['account', 'side', 'size', 'guard', 'age', 'lot'].map((name) => h('th', {}, t(name))),
        ),
      ),
      h(
        'tbody',
        {},
        symbol.lots.map((lot) =>
          h(
            'tr',
            {},
            h('td', { class: `who acc-${lot.account}` }, lot.account),
            h('td', { class: lot.side }, t(lot.side)),
            h('td', { class: 'num' }, number(lot.size)),
            h('td', { class: 'num', title: t('glossary.guard') }, number(lot.price)),
            h('td', { class: 'num' }, h('span', { 'data-since': lot.bookedAtMs })),
            h('td', { class: 'dim' }, t(`source.${lot.source}`)),
          ),
        ),
      ),
    ),
  );
}

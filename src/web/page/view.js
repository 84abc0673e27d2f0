import { createAlerts, needsAction } from './alerts.js';
import { createCurves } from './curves.js';
import { h, s, swap } from './dom.js';
import { createLongCurves } from './history.js';
import { createMoney, levellingWords, marginRows } from './money.js';
import { createRollout, rolloutWords } from './rollout.js';
import { createTable } from './table.js';
import { base, clock, factWords, lasting, money, number, reason, stateHelp, t, tone } from './words.js';

/** Phases in order of importance. */
export const PHASES = ['imbalanced', 'partial-wait', 'cooldown', 'waiting', 'capped', 'equal', 'draining', 'stopped'];
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
  parts.lead = h('section', { class: 'lead' });
  parts.accounts = h('section', { class: 'accounts', 'aria-label': t('accounts') });
  parts.figures = h('section', { class: 'figures' });
  parts.levelling = h('div', { class: 'levelling' });
  parts.money = createMoney((status) => status.money);
  parts.bar = h('div', { class: 'bar' });
  parts.tiles = h('div', { class: 'tiles' });
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
    h('section', { class: 'symbols' }, parts.bar, acts, parts.table?.element ?? '', parts.tiles),
    h('aside', { class: 'side' }, parts.alerts.element, parts.rollout.element, parts.feed.element),
    h('section', { class: 'card curves' }, h('h2', {}, t('charts')), parts.curves.element),
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
        h('b', {}, String(count)),
      );
    const counts = PHASES.map((phase) => [phase, symbols.filter((one) => one.phase === phase).length]);
    const chips = [
      chip('', symbols.length),
      ...counts.filter(([, count]) => count > 0).map(([phase, count]) => chip(phase, count)),
    ];
    const made = h('div', { class: 'chips' }, chips);
    if (kept) swap(kept, made);
    else parts.bar.append(h('h2', {}, t('symbols')), made, symbols.length >= DENSE_FROM ? input : '');
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

/** The warning that the engine no longer answers; empty while it does. */
export function goneWords(app) {
  const link = app.link();
  if (link === 'live') return [];
  return [h('h2', {}, headline(app)), h('p', {}, link === 'silent' ? t('silentHelp') : leftWords(app.model.status))];
}

function headline(app) {
  const { status } = app.model;
  const link = app.link();
  if (status === null) return t('silentFromTheStart');
  if (link !== 'live') return t(`${link}At`, { time: clock(status.atMs) });
  return t(`engine.${status.engine}`, { count: status.symbols.length });
}

/** The unhedged nets (strategy 13.4): hedge side, value, since when, and the cost of hedging at the best price. */
function leftWords({ symbols }) {
  const open = symbols.filter((symbol) => symbol.open !== null);
  if (open.length === 0) return t('leftNothing');
  const words = open.map(({ instrument, open: net }) =>
    t('leftNet', {
      symbol: base(instrument),
      side: t(net.hedgeSide),
      size: number(net.size),
      usdt: money(net.usdt),
      since: net.sinceMs === null ? '' : t('leftSince', { time: clock(net.sinceMs) }),
      cost: net.costUsdt === null ? '' : t('leftCost', { usdt: money(net.costUsdt) }),
    }),
  );
  return t('leftOpen', { list: words.join('; ') });
}

/** What needs a person: an engine without answer, the nets of a stopped one, the alerts of a running one. */
function needWords(app) {
  const { status } = app.model;
  const link = app.link();
  if (link === 'silent') return ['loud', t('silentHelp')];
  if (link === 'stopped')
    return [status.symbols.some(({ open }) => open !== null) ? 'loud' : 'calm', leftWords(status)];
  const open = status.alerts.filter(needsAction);
  if (open.length === 0) return ['calm', t('needsNothing')];
  return [open.some((alert) => alert.critical) ? 'loud' : 'raised', t('needsYou', { count: open.length })];
}

/** A summary in sentences: what it does, how the symbols stand, whether anybody is needed. */
function leadWords(app, onPhase) {
  const { status } = app.model;
  const { symbols } = status;
  const counts = PHASES.map((phase) => [phase, symbols.filter((one) => one.phase === phase).length]);
  const [need, needs] = needWords(app);
  return [
    h('div', { class: 'headline' }, h('h1', {}, headline(app)), h('span', { class: 'dim' }, t(`mode.${status.mode}`))),
    h(
      'p',
      { class: 'counts' },
      counts
        .filter(([, count]) => count > 0)
        .map(([phase, count]) =>
          h(
            'button',
            {
              type: 'button',
              class: `count state-${phase}`,
              title: stateHelp(phase),
              onclick: () => onPhase(phase),
            },
            h('i'),
            t(`summary.${phase}`, { count }),
          ),
        ),
      h('span', { class: `needs ${need}` }, needs),
    ),
  ];
}

function accountCard(one, { settings, budget, atMs }) {
  const ratio = one.marginRatio === null ? null : Number(one.marginRatio);
  const threshold = Number(settings.mmrAlertThreshold);
  const stale = one.polledAtMs === null || atMs - one.polledAtMs > settings.staleMs;
  const poller = (one.poller ?? '').split('.')[0];
  const share = ratio === null ? 0 : Math.min(1, ratio);
  const own = budget.filter(({ account }) => account === one.account);
  const reads = own.find(({ bucket }) => bucket === 'reads');
  const used = reads === undefined ? 0 : 1 - reads.left / reads.limit;
  return h(
    'article',
    { class: `card account acc-${one.account} ${stale ? 'stale' : ''}` },
    h(
      'header',
      {},
      h('span', { class: `who acc-${one.account}` }, one.account),
      h('strong', { class: 'num' }, money(one.equityUsdt), h('small', {}, ' USDT')),
      h('span', { class: 'dim' }, t('equity')),
      one.idEnds &&
        h('span', { class: 'dim num', 'data-id-ends': one.idEnds, title: t('accountId') }, `…${one.idEnds}`),
      h(
        'span',
        { class: `pill ${poller === 'parked' ? 'bad' : stale ? 'warn' : 'ok'}` },
        poller === '' ? '–' : t(`poller.${poller}`),
      ),
    ),
    h(
      'dl',
      {},
      row(
        t('marginRatio'),
        h(
          'span',
          { class: `num ${ratio !== null && ratio >= threshold ? 'bad' : ''}` },
          ratio === null ? '–' : `${(ratio * 100).toFixed(2)} %`,
        ),
        meter(share, {
          mark: Math.min(1, threshold),
          title: t('threshold', { value: number(String(threshold * 100), 1) }),
          bad: ratio !== null && ratio >= threshold,
        }),
      ),
      ...marginRows(one).map(([name, value]) => row(name, value)),
      row(
        t('budget'),
        h('span', { class: 'num' }, reads === undefined ? '–' : t('budgetLeft', { left: reads.left, of: reads.limit })),
        meter(used, { bad: own.some(({ waiting }) => waiting > 0) }),
      ),
      row(
        t('lastPoll'),
        one.polledAtMs === null
          ? t('never')
          : h('span', { class: 'num', 'data-since': one.polledAtMs, 'data-text': 'ago' }),
      ),
      row(
        t('session'),
        one.sessionUntilMs === null
          ? '–'
          : h('span', { class: 'num', 'data-until': one.sessionUntilMs, 'data-text': 'sessionLeft' }),
      ),
    ),
    one.failuresInARow > 0
      ? h('p', { class: 'trouble' }, t('failures', { count: one.failuresInARow, why: reason(one.failure) }))
      : '',
  );
}

function row(name, value, extra = '') {
  return h('div', {}, h('dt', {}, name), h('dd', {}, value, extra));
}

/** A bar from 0 to 1, with a mark. */
function meter(share, { mark, title, bad } = {}) {
  const bar = h(
    'span',
    { class: `meter ${bad ? 'bad' : ''}`, title },
    h('i', { css: { '--share': `${(share * 100).toFixed(1)}%` } }),
  );
  if (mark !== undefined) bar.append(h('u', { css: { '--at': `${(mark * 100).toFixed(1)}%` } }));
  return bar;
}

function figureList({ figures, symbols }) {
  const sum = (pick) => symbols.reduce((total, one) => total + Math.abs(Number(pick(one) ?? 0)), 0);
  const gained = symbols.reduce((total, one) => total + Number(one.gainedUsdt), 0);
  const [oldest] = symbols.flatMap(({ unhedged }) => unhedged?.fromMs ?? []).sort((a, b) => a - b);
  const percent = (rate) => (rate === null ? '–' : `${(rate * 100).toFixed(1)} %`);
  const cell = (name, value, unit = '', extra = '') =>
    h(
      'div',
      { class: 'figure' },
      h('span', { class: 'dim' }, name),
      h('strong', { class: `num ${extra}` }, value, unit === '' ? '' : h('small', {}, ` ${unit}`)),
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

/** Clocks in progress: a bar that fills, and its text. */
export function clocks(symbol) {
  const made = [];
  const bar = (span, text, kind, attribute) =>
    h(
      'div',
      { class: `clock ${kind}`, 'data-from': span.fromMs, 'data-to': span.untilMs },
      h('i'),
      h('span', { [attribute]: attribute === 'data-until' ? span.untilMs : span.fromMs, 'data-text': text }),
    );
  if (symbol.cooldown) made.push(bar(symbol.cooldown, 'clocks.cooldown', 'state-cooldown', 'data-until'));
  if (symbol.partialFill) made.push(bar(symbol.partialFill, 'clocks.partialFill', 'state-partial-wait', 'data-until'));
  if (symbol.unhedged) made.push(bar(symbol.unhedged, 'clocks.unhedged', 'state-imbalanced', 'data-since'));
  return made;
}

/** What the symbol does, why, and what it waits for. */
export function situation(symbol, how) {
  return [
    h('p', { class: 'why' }, reason(symbol.why) || stateHelp(symbol.phase), rule(symbol.why?.rule, how)),
    symbol.halted ? h('p', { class: 'trouble' }, t('halted')) : '',
    symbol.unlisted ? h('p', { class: 'trouble' }, t('unlisted')) : '',
    symbol.leaving === null ? '' : h('p', { class: 'idle' }, t(`leaving.${symbol.leaving}`), rule('16.3', how)),
    rolloutWords(symbol) === '' ? '' : h('p', { class: 'idle' }, rolloutWords(symbol), rule('16.7', how)),
    symbol.idle && reason(symbol.idle) !== reason(symbol.why)
      ? h('p', { class: 'idle' }, reason(symbol.idle), rule(symbol.idle.rule, how))
      : '',
    h('p', { class: 'waits' }, h('span', {}, t('waitsFor')), ' ', t(`waits.${symbol.waits}`)),
  ];
}

/** The mode beside the state, if it is not `trade` (strategy 16.1), and whether it is being removed. */
export function symbolMode({ symbolMode: mode, leaving }) {
  if (mode === 'trade') return '';
  const text = leaving === null ? mode : `${mode}, ${t('leaving')}`;
  return h('span', { class: 'symbol-mode', title: leaving === null ? '' : t(`leaving.${leaving}`) }, text);
}

/** A rule's number as a link to it (`6.1, 6.2`: to each); inside a link only its name. */
export function rule(number, { linked = true } = {}) {
  if (!number) return '';
  const title = (one) => t('rule', { rule: one });
  if (!linked) return h('span', { class: 'rule', title: title(number) }, `§${number}`);
  return number
    .split(', ')
    .map((one) =>
      h('a', { class: 'rule', title: title(one), href: `/docs/strategy#${anchor(one)}`, target: '_blank' }, `§${one}`),
    );
}

/** Rule 16.3 has the anchor `163`, invariant I12 `i12`. */
function anchor(number) {
  return number.replaceAll('.', '').toLowerCase();
}

function symbolTile(symbol) {
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

/** Both positions as bars to both sides of zero, on one scale. */
export function positions(symbol) {
  const { A, B } = symbol.positions;
  const values = [A, B].map((one) => Number(one.notionalUsdt ?? 0));
  const scale = Math.max(1, ...values.map(Math.abs), Number(symbol.limitUsdt) / 2 || 0);
  const bar = (account, value, one) =>
    h(
      'div',
      { class: `pos acc-${account}` },
      h('span', { class: 'who' }, account),
      h(
        'span',
        { class: 'track' },
        h('i', {
          class: value < 0 ? 'short' : 'long',
          css: { '--share': `${((Math.abs(value) / scale) * 50).toFixed(1)}%` },
        }),
      ),
      h('span', { class: 'num size' }, number(one.size)),
      h('span', { class: 'num dim usd' }, money(one.notionalUsdt)),
    );
  const net = h(
    'div',
    { class: `netline ${symbol.hedged === false ? 'open' : ''}` },
    h(
      'span',
      { title: t('glossary.net') },
      h('span', { class: 'dim' }, `${t('net')} `),
      h('b', { class: 'num' }, number(symbol.net)),
      h('span', { class: 'num dim' }, ` ${money(symbol.netUsdt)}`),
    ),
    h(
      'span',
      { title: t('glossary.gap') },
      h('span', { class: 'dim' }, `${t('gap')} `),
      h('b', { class: 'num' }, number(symbol.gap)),
    ),
  );
  return h('div', { class: 'positions' }, bar('A', values[0], A), bar('B', values[1], B), net);
}

/** Live orders, bid and ask on one price axis. */
export function ladder(symbol) {
  const { touch, orders, guard } = symbol;
  if (touch === null) return h('div', { class: 'ladder empty dim' }, orders.length === 0 ? t('noOrders') : '…');
  const [bid, ask] = [Number(touch.bid), Number(touch.ask)];
  const tick = Number(symbol.tickSize ?? 0) || ask - bid || 1;
  const prices = [bid, ask, ...orders.map((order) => Number(order.price)), ...(guard ? [Number(guard.price)] : [])];
  const low = Math.min(...prices);
  const high = Math.max(...prices);
  const pad = Math.max((high - low) * 0.12, tick * 2);
  const at = (price) => ((price - low + pad) / (high - low + 2 * pad)) * 100;
  const line = (price, kind) => s('line', { x1: `${at(price)}%`, x2: `${at(price)}%`, y1: 8, y2: 34, class: kind });
  const marks = orders.map((order) => {
    const up = order.account === 'A';
    const x = at(Number(order.price));
    const title = `${order.account} ${t(order.side)} ${number(order.size)} @ ${number(order.price)} · ${t(order.purpose)} · ${t(`orderState.${order.state}`)}`;
    return s(
      'svg',
      {
        x: `${x}%`,
        y: up ? 3 : 25,
        width: 1,
        height: 14,
        overflow: 'visible',
        class: `mark acc-${order.account} ${order.side} ${order.state} ${order.purpose}`,
      },
      s('title', {}, title),
      s('path', { d: up ? 'M0 14 L-5.5 4 L5.5 4 Z' : 'M0 0 L-5.5 10 L5.5 10 Z' }),
    );
  });
  return h(
    'div',
    { class: 'ladder', title: `${t('bid')} ${number(touch.bid)} · ${t('ask')} ${number(touch.ask)}` },
    s(
      'svg',
      { height: 42, width: '100%', 'aria-hidden': 'true' },
      s('line', { x1: 0, x2: '100%', y1: 21, y2: 21, class: 'axis' }),
      s('rect', { x: `${at(bid)}%`, width: `${Math.max(0.3, at(ask) - at(bid))}%`, y: 8, height: 26, class: 'spread' }),
      line(bid, 'bid'),
      line(ask, 'ask'),
      guard ? line(Number(guard.price), 'guard') : '',
      marks,
    ),
    h(
      'div',
      { class: 'ends num' },
      h('span', {}, h('span', { class: 'dim' }, `${t('bid')} `), number(touch.bid)),
      h('span', {}, number(touch.ask), h('span', { class: 'dim' }, ` ${t('ask')}`)),
    ),
  );
}

/** The feed of events, newest first, of one symbol or all. */
export function createFeed(app, instrument) {
  const list = h('ol', { class: 'feed' });
  const empty = h('p', { class: 'dim' }, t('noFeed'));
  const element = h('section', { class: 'card feedbox' }, h('h2', {}, t('feed')), empty, list);
  /** Lines on the page. */
  const LINES_MAX = 120;
  const add = (entries) => {
    const mine = entries.filter(
      ({ fact }) => instrument === null || fact.instrument === instrument || fact.alert?.instrument === instrument,
    );
    const silent = mine.filter(
      ({ fact }) => !(fact.type === 'order.over' && (fact.status === 'FILLED' || fact.reason === 'FAIL_POST_ONLY')),
    );
    for (const { id, fact } of silent) list.prepend(feedLine(id, fact, instrument === null));
    while (list.children.length > LINES_MAX) list.lastChild.remove();
    empty.hidden = list.children.length > 0;
  };
  add(app.model.feed);
  return { element, add };
}

export function feedLine(id, fact, named) {
  const { text, rule: cited } = factWords(fact);
  return h(
    'li',
    { class: `tone-${tone(fact)}`, 'data-id': id, 'data-type': fact.type },
    h('time', { class: 'num' }, clock(fact.atMs)),
    h('span', {}, named && fact.instrument ? h('b', {}, `${base(fact.instrument)} `) : '', text, rule(cited)),
  );
}

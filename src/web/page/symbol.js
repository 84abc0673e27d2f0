import { h, s } from './dom.js';
import { rolloutWords } from './rollout.js';
import { money, number, reason, stateHelp, t } from './words.js';

/** Phases in order of importance. */
export const PHASES = ['imbalanced', 'partial-wait', 'cooldown', 'waiting', 'capped', 'equal', 'draining', 'stopped'];

/** The mode beside the state, if it is not `trade` (strategy 16.1), and whether it is being removed. */
export function symbolMode({ symbolMode: mode, leaving }) {
  if (mode === 'trade') return '';
  const text = leaving === null ? mode : `${mode}, ${t('leaving')}`;
  return h('span.symbol-mode', { title: leaving === null ? '' : t(`leaving.${leaving}`) }, text);
}

/** What the symbol does, why, and what it waits for. */
export function situation(symbol, how) {
  return [
    h('p.why', reason(symbol.why) || stateHelp(symbol.phase), rule(symbol.why?.rule, how)),
    symbol.halted ? h('p.trouble', t('halted')) : '',
    symbol.unlisted ? h('p.trouble', t('unlisted')) : '',
    symbol.leaving === null ? '' : h('p.idle', t(`leaving.${symbol.leaving}`), rule('16.3', how)),
    rolloutWords(symbol) === '' ? '' : h('p.idle', rolloutWords(symbol), rule('16.7', how)),
    symbol.idle && reason(symbol.idle) !== reason(symbol.why)
      ? h('p.idle', reason(symbol.idle), rule(symbol.idle.rule, how))
      : '',
    h('p.waits', h('span', t('waitsFor')), ' ', t(`waits.${symbol.waits}`)),
  ];
}

/** A rule's number as a link to it (`6.1, 6.2`: to each); inside a link only its name. */
export function rule(number, { linked = true } = {}) {
  if (!number) return '';
  const title = (one) => t('rule', { rule: one });
  if (!linked) return h('span.rule', { title: title(number) }, `§${number}`);
  return number
    .split(', ')
    .map((one) =>
      h('a.rule', { title: title(one), href: `/docs/strategy#${anchor(one)}`, target: '_blank' }, `§${one}`),
    );
}

/** Rule 16.3 has the anchor `163`, invariant I12 `i12`. */
function anchor(number) {
  return number.replaceAll('.', '').toLowerCase();
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

/** Both positions as bars to both sides of zero, on one scale. */
export function positions(symbol) {
  const { A, B } = symbol.positions;
  const values = [A, B].map((one) => Number(one.notionalUsdt ?? 0));
  const scale = Math.max(1, ...values.map(Math.abs), Number(symbol.limitUsdt) / 2 || 0);
  const bar = (account, value, one) =>
    h(
      'div',
      { class: `pos acc-${account}` },
      h('span.who', account),
      h(
        'span.track',
        h('i', {
          class: value < 0 ? 'short' : 'long',
          css: { '--share': `${((Math.abs(value) / scale) * 50).toFixed(1)}%` },
        }),
      ),
      h('span.num.size', number(one.size)),
      h('span.num.dim.usd', money(one.notionalUsdt)),
    );
  const net = h(
    'div',
    { class: `netline ${symbol.hedged === false ? 'open' : ''}` },
    h(
      'span',
      { title: t('glossary.net') },
      h('span.dim', `${t('net')} `),
      h('b.num', number(symbol.net)),
      h('span.num.dim', ` ${money(symbol.netUsdt)}`),
    ),
    h('span', { title: t('glossary.gap') }, h('span.dim', `${t('gap')} `), h('b.num', number(symbol.gap))),
  );
  return h('div.positions', bar('A', values[0], A), bar('B', values[1], B), net);
}

/** Live orders, bid and ask on one price axis. */
export function ladder(symbol) {
  const { touch, orders, guard } = symbol;
  if (touch === null) return h('div.ladder.empty.dim', orders.length === 0 ? t('noOrders') : '…');
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
      s('title', title),
      s('path', { d: up ? 'M0 14 L-5.5 4 L5.5 4 Z' : 'M0 0 L-5.5 10 L5.5 10 Z' }),
    );
  });
  return h(
    'div.ladder',
    { title: `${t('bid')} ${number(touch.bid)} · ${t('ask')} ${number(touch.ask)}` },
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
      'div.ends.num',
      h('span', h('span.dim', `${t('bid')} `), number(touch.bid)),
      h('span', number(touch.ask), h('span.dim', ` ${t('ask')}`)),
    ),
  );
}

/** A value with its name. */
export function pair(name, value) {
  return h('div', h('dt', name), h('dd.num', value));
}

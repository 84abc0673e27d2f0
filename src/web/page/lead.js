import { needsAction } from './alerts.js';
import { h } from './dom.js';
import { PHASES } from './symbol.js';
import { base, clock, money, number, stateHelp, t } from './words.js';

/** A summary in sentences: what it does, how the symbols stand, whether anybody is needed. */
export function leadWords(app, onPhase) {
  const { status } = app.model;
  const { symbols } = status;
  const counts = PHASES.map((phase) => [phase, symbols.filter((one) => one.phase === phase).length]);
  const [need, needs] = needWords(app);
  return [
    h('div.headline', h('h1', headline(app)), h('span.dim', t(`mode.${status.mode}`))),
    h(
      'p.counts',
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

/** The warning that the engine no longer answers; empty while it does. */
export function goneWords(app) {
  const link = app.link();
  if (link === 'live') return [];
  return [h('h2', headline(app)), h('p', link === 'silent' ? t('silentHelp') : leftWords(app.model.status))];
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

import { h } from './dom.js';
import { base, lasting, t } from './words.js';

/** The gray rollout (strategy 16.7): how many symbols trade in full, and the progress of those on trial. */

/** Progress of a symbol on trial; empty if it is not. */
export function rolloutWords({ rollout }) {
  if (!rollout || rollout.stage === 'full') return '';
  if (rollout.stage === 'waiting') return t('rollout.waiting');
  const { hedges, hedgesWanted, ranMs, ranWantedMs, placed, failed, passedOn, held } = rollout;
  return [
    t('rollout.trial', {
      ...{ hedges, hedgesWanted, ran: lasting(ranMs), ranWanted: lasting(ranWantedMs) },
      ...{ placed, orders: placed + failed },
    }),
    passedOn === null ? '' : t('rollout.passedOn'),
    held === null
      ? ''
      : t('rollout.held', { figure: t(`rollout.figures.${held.figure}`), value: held.value, limit: held.limit }),
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** Rows stay the same elements while their symbols are on trial, so that a click does not miss them. */
export function createRollout(app) {
  const done = h('p');
  const bar = h('i');
  const list = h('ul');
  const element = h(
    'section.card.rollout',
    { 'aria-label': t('rollout.title') },
    h('h2', t('rollout.title')),
    done,
    h('span.meter', bar),
    list,
  );
  const rows = new Map();

  function make(instrument) {
    const words = h('span');
    const link = h('a', { href: `#/${encodeURIComponent(instrument)}` }, h('strong', base(instrument)));
    const acts = app.control.bar(`rollout:${instrument}`, base(instrument));
    return { words, element: h('li', { 'data-rollout': instrument }, link, ' ', words, acts) };
  }

  function update() {
    const symbols = app.model.status.symbols.filter(({ rollout }) => rollout);
    const full = symbols.filter(({ rollout }) => rollout.stage === 'full').length;
    element.hidden = symbols.length === full;
    done.textContent = t('rollout.done', { full, all: symbols.length });
    bar.style.setProperty('--share', `${((full / Math.max(1, symbols.length)) * 100).toFixed(1)}%`);
    const trials = symbols.filter(({ rollout }) => rollout.stage === 'trial');
    // The next one is named; of the others the number is enough.
    const next = symbols.find(({ rollout }) => rollout.stage === 'waiting');
    const shown = [...trials, ...(next ? [next] : [])];
    for (const [instrument, row] of rows) {
      if (shown.some((one) => one.instrument === instrument)) continue;
      row.element.remove();
      rows.delete(instrument);
    }
    for (const [at, symbol] of shown.entries()) {
      const row = rows.get(symbol.instrument) ?? make(symbol.instrument);
      rows.set(symbol.instrument, row);
      const { held } = symbol.rollout;
      row.element.className = held ? 'held' : '';
      row.words.textContent = rolloutWords(symbol);
      if (list.children[at] !== row.element) list.insertBefore(row.element, list.children[at] ?? null);
    }
  }

  return { element, update };
}

import { h } from './dom.js';
import { rule } from './symbol.js';
import { base, clock, factWords, t, tone } from './words.js';

/** The feed of events, newest first, of one symbol or all. */
export function createFeed(app, instrument) {
  const list = h('ol.feed');
  const empty = h('p.dim', t('noFeed'));
  const element = h('section.card.feedbox', h('h2', t('feed')), empty, list);
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
    h('time.num', clock(fact.atMs)),
    h('span', named && fact.instrument ? h('b', `${base(fact.instrument)} `) : '', text, rule(cited)),
  );
}

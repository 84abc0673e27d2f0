import { h } from './dom.js';
import { marginRows } from './money.js';
import { money, number, reason, t } from './words.js';

export function accountCard(one, { settings, budget, atMs }) {
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
      h('span', { class: `who acc-${one.account}` }, one.account),
      h('strong.num', money(one.equityUsdt), h('small', ' USDT')),
      h('span.dim', t('equity')),
      one.idEnds && h('span.dim.num', { 'data-id-ends': one.idEnds, title: t('accountId') }, `…${one.idEnds}`),
      h(
        'span',
        { class: `pill ${poller === 'parked' ? 'bad' : stale ? 'warn' : 'ok'}` },
        poller === '' ? '–' : t(`poller.${poller}`),
      ),
    ),
    h(
      'dl',
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
        h('span.num', reads === undefined ? '–' : t('budgetLeft', { left: reads.left, of: reads.limit })),
        meter(used, { bad: own.some(({ waiting }) => waiting > 0) }),
      ),
      row(
        t('lastPoll'),
        one.polledAtMs === null ? t('never') : h('span.num', { 'data-since': one.polledAtMs, 'data-text': 'ago' }),
      ),
      row(
        t('session'),
        one.sessionUntilMs === null
          ? '–'
          : h('span.num', { 'data-until': one.sessionUntilMs, 'data-text': 'sessionLeft' }),
      ),
    ),
    one.failuresInARow > 0
      ? h('p.trouble', t('failures', { count: one.failuresInARow, why: reason(one.failure) }))
      : '',
  );
}

function row(name, value, extra = '') {
  return h('div', h('dt', name), h('dd', value, extra));
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

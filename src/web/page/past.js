import { h } from './dom.js';
import { pair, rule } from './symbol.js';
import { clock, date, factWords, lasting, money, number, reason, stateHelp, t, tone } from './words.js';

/** Spans of the slider, hours. */
const SPANS = [1, 6, 24];
/** How far back the slider's end may be set, hours: as long as the journal keeps settled history. */
const BACK_HOURS = 30 * 24;
/** Delay before a moment is read after the slider moved. */
const READ_AFTER_MS = 60;
/** Retry after this time while other pages read the journal. */
const BUSY_AGAIN_MS = 5000;

/** The past from the journal: a slider over its moments, and their details. */
export function createPast(app, instrument, box, chart) {
  let list = [];
  let hours = SPANS[0];
  /** End of the listed time, hours before now. */
  let back = 0;
  let at = null;
  let reading = null;
  let isClosed = false;
  const range = { type: 'range', max: 0, value: 0, step: 1 };
  const slider = h('input.slider', {
    ...{ ...range, min: 0, 'aria-label': t('past') },
    oninput: () => moveTo(Number(slider.value)),
  });
  const ending = h('span.num');
  const coarse = h('input.back-slider', {
    ...{ ...range, min: -BACK_HOURS, 'aria-label': t('pastUntil') },
    oninput: () => {
      back = -Number(coarse.value);
      sayEnding();
    },
    onchange: () => load(false),
  });
  const ticks = h('div.ticks', { 'aria-hidden': 'true' });
  const when = h('strong.num.when');
  const moment = h('div.moment');
  const note = h('p.dim', t('pastHelp'));
  const spans = h(
    'div.chips',
    SPANS.map((span) =>
      h(
        'button.chip',
        {
          type: 'button',
          'aria-pressed': span === hours,
          onclick: (event) => {
            hours = span;
            for (const one of spans.children) one.setAttribute('aria-pressed', one === event.currentTarget);
            load(false);
          },
        },
        t('hours', { hours: span }),
      ),
    ),
  );
  const present = h('button.plain.small', { type: 'button', onclick: toPresent }, `${t('now')} ⇥`);
  box.append(
    h('h2', t('past'), h('span.spring'), spans, present),
    note,
    h('label.dim.back-row', h('span', t('pastUntil'), ' ', ending), coarse),
    h('div.slide', ticks, slider),
    when,
    moment,
  );
  sayEnding();
  load(false);

  function sayEnding() {
    const atMs = app.nowMs() - back * 3_600_000;
    ending.textContent = back === 0 ? t('now') : `${date(atMs)} ${clock(atMs)}`;
  }

  /** Reads the list of moments; `keep`: keeps the selected one. */
  async function load(keep) {
    const shown = keep && at !== null ? list[at]?.seq : null;
    const until = back === 0 ? '' : `&until=${Math.round(app.nowMs() - back * 3_600_000)}`;
    const answer = await fetch(`/api/past/${encodeURIComponent(instrument)}?hours=${hours}${until}`);
    if (isClosed) return;
    if (!answer.ok) {
      const isBusy = answer.status === 503 || answer.status === 429;
      // The shown list is still right; newer moments come with the next try.
      if (!isBusy || list.length === 0) note.textContent = t(isBusy ? 'pastBusy' : 'noPast');
      if (isBusy) reading = setTimeout(() => load(keep), BUSY_AGAIN_MS);
      return;
    }
    const found = await answer.json();
    list = found.moments;
    note.textContent =
      list.length === 0 ? t('pastEmpty') : found.cut ? `${t('pastHelp')} ${t('pastCut')}` : t('pastHelp');
    slider.max = String(list.length);
    ticks.replaceChildren(...tickMarks(list, app.nowMs() - back * 3_600_000));
    const index = shown === null ? -1 : list.findIndex((one) => one.seq === shown);
    if (index === -1) toNow();
    else {
      at = index;
      slider.value = String(index);
    }
  }

  /** Also if the listed time was set back. */
  function toPresent() {
    if (back === 0) {
      toNow();
      return;
    }
    back = 0;
    coarse.value = '0';
    sayEnding();
    load(false);
  }

  function toNow() {
    const wasBack = at !== null;
    at = null;
    slider.value = slider.max;
    when.textContent = back === 0 ? t('now') : '';
    moment.replaceChildren();
    // Reloading the list at the present must not interrupt the chart.
    if (wasBack) chart.thaw();
  }

  function moveTo(index) {
    if (index >= list.length) {
      toNow();
      return;
    }
    at = index;
    const one = list[index];
    const before = list.slice(0, index).findLast((other) => other.phase !== one.phase);
    when.replaceChildren(
      `${date(one.atMs)} ${clock(one.atMs)}`,
      h('span.dim', ` · ${t('ago', { time: lasting(app.nowMs() - one.atMs) })} · ${index + 1}/${list.length}`),
    );
    chart.freeze(one.phase, one.kind === 'fact' ? null : (before?.phase ?? null), one.atMs);
    clearTimeout(reading);
    reading = setTimeout(() => read(one), READ_AFTER_MS);
  }

  async function read(one) {
    const answer = await fetch(`/api/past/${encodeURIComponent(instrument)}/${one.seq}`);
    if (isClosed || at === null || list[at]?.seq !== one.seq) return;
    if (!answer.ok) return;
    moment.replaceChildren(...momentWords(one, await answer.json()));
  }

  return {
    /** New entries were written: reload if the reader is at the present. */
    newer() {
      if (at === null && back === 0 && !isClosed) {
        clearTimeout(reading);
        reading = setTimeout(() => load(false), 1500);
      }
    },
    close() {
      isClosed = true;
      clearTimeout(reading);
    },
  };
}

/** Marks under the slider, about one per pixel column: the prevailing state. */
function tickMarks(moments, untilMs) {
  const fromMs = moments[0]?.atMs ?? 0;
  const width = 240;
  const cells = new Map();
  for (const { atMs, phase } of moments)
    cells.set(Math.floor(((atMs - fromMs) / Math.max(1, untilMs - fromMs)) * width), phase);
  let phase = moments[0]?.phase ?? 'waiting';
  const marks = [];
  for (let column = 0; column <= width; column++) {
    phase = cells.get(column) ?? phase;
    const last = marks.at(-1);
    if (last?.phase === phase) last.count += 1;
    else marks.push({ phase, count: 1 });
  }
  return marks.map((mark) =>
    h('i', { class: `state-${mark.phase}`, title: mark.phase, css: { 'flex-grow': String(mark.count) } }),
  );
}

/** One moment: state, event, data and decision. */
function momentWords(one, detail) {
  const { decision } = detail;
  const happened = one.fact ? factWords(one.fact) : null;
  return [
    h(
      'p.momentstate',
      h('span', { class: `phase state-${one.phase}`, 'data-moment-phase': one.phase }, h('i'), one.phase),
      h('span.dim', stateHelp(one.phase)),
    ),
    happened
      ? h(
          'div.block',
          h('h3', t('happened')),
          h('p', { class: `tone-${tone(one.fact)}` }, happened.text, rule(happened.rule)),
        )
      : '',
    h(
      'div.blocks',
      h(
        'div.block',
        h(
          'h3',
          t('snapshot'),
          decision
            ? h(
                'small',
                decision.atMs === one.atMs
                  ? t('decidedNow')
                  : t('decidedAt', { time: lasting(one.atMs - decision.atMs) }),
              )
            : '',
        ),
        decision ? seen(decision) : h('p.dim', t('noDecision')),
      ),
      h('div.block', h('h3', t('wanted')), decision ? wanted(decision) : h('p.dim', '–')),
      h('div.block', h('h3', t('journal')), memory(detail.state)),
    ),
  ];
}

function seen({ snapshots, valuation }) {
  return h(
    'dl.numbers',
    ['A', 'B'].map((account) => {
      const snapshot = snapshots[account];
      const { position } = snapshot ?? {};
      return pair(
        `${t('position')} ${account}`,
        position ? `${number(position.size)} @ ${number(position.entryPrice)}` : t('noPosition'),
      );
    }),
    pair(t('net'), `${number(valuation.net)} (${money(valuation.diffUsdt)} USDT)`),
    pair(t('mark'), number(valuation.mark)),
    ['A', 'B'].map((account) =>
      pair(
        `${t('orders')} ${account}`,
        (snapshots[account]?.orders ?? [])
          .map((order) => `${t(order.side)} ${number(order.size)} @ ${number(order.limitPrice)}`)
          .join(', ') || '–',
      ),
    ),
  );
}

function wanted({ plan, why }) {
  const lines = [
    ...plan.trims.map(({ order, why: because }) =>
      h(
        'li',
        `${t('cancel')} ${order.account} ${t(order.side)} ${number(order.size)} @ ${number(order.price)}: ${reason(because)}`,
        rule(because.rule),
      ),
    ),
    ...plan.creates.map((intent) =>
      h(
        'li',
        `${t('submit')} ${intent.account} ${t(intent.side)} ${number(intent.size)} ${t(intent.purpose)}`,
        intent.guardPrice ? `, ${t('guard')} ${number(intent.guardPrice)}` : '',
        rule(intent.rules.join(', ')),
      ),
    ),
  ];
  return h('div', h('p.dim', reason(why)), h('ul.wanted', lines.length === 0 ? h('li', t('wantedNothing')) : lines));
}

function memory(state) {
  if (!state) return h('p.dim', '–');
  return h(
    'dl.numbers',
    pair(
      t('lots'),
      state.lots.map((lot) => `${lot.account} ${t(lot.side)} ${number(lot.size)} @ ${number(lot.price)}`).join(', ') ||
        '0',
    ),
    pair(
      t('orders'),
      state.orders
        .map((order) => `${order.account} ${t(order.side)} ${number(order.size)} @ ${number(order.price)}`)
        .join(', ') || '0',
    ),
    pair(t('gained'), number(String(Number(state.realised.hedgeGainUsdt) + Number(state.realised.unwindGainUsdt)), 4)),
  );
}

import { h } from './dom.js';
import { base, language, money, t } from './words.js';

/** The dialog before a command (strategy 16.6): its consequences in numbers, and a confirmation. */

const HOUR = 3_600_000;
/** Durations of a command; null: until it is ended. The first is preselected. */
const SPANS = {
  pause: [null, HOUR, 4 * HOUR, 24 * HOUR],
  'hedge-only': [null, HOUR, 4 * HOUR, 24 * HOUR],
  flatten: [null, HOUR, 2 * HOUR, 6 * HOUR, 24 * HOUR],
  silence: [HOUR, 2 * HOUR, 8 * HOUR, 24 * HOUR, 7 * 24 * HOUR],
};
/** Keys of a row in the symbols file, with the choices of some. */
const ROW = {
  order_notional_usdt: null,
  imbalance_limit_usdt: null,
  max_total_position_usdt: null,
  min_total_position_usdt: null,
  a_side_when_equal: ['buy', 'sell'],
  position_mode: ['increase', 'decrease'],
};
const MORE = {
  enabled: ['true', 'false'],
  mode: ['trade', 'hedge-only', 'pause'],
  decrease_repair: ['larger', 'smaller'],
};
/** Lines of an answer shown at once; the others are folded. */
const LINES_MAX = 6;

/** Asks for the token. */
export function openUnlock(control) {
  const input = h('input', {
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    'aria-label': t('act.token'),
    placeholder: t('act.token'),
  });
  const said = h('p.bad', { role: 'alert' });
  const go = h('button', { type: 'submit', class: 'plain go' }, t('act.unlock'));
  const dialog = open(t('act.unlockTitle'), async () => {
    go.disabled = true;
    said.textContent = '';
    const why = await control.unlock(input.value);
    go.disabled = false;
    if (why === null) dialog.close();
    else said.textContent = t(`act.${why}`);
  });
  dialog.body.append(h('p.dim', t('act.unlockHelp')), input, said);
  dialog.foot.append(go);
  input.focus();
}

/**
 * Shows what a command would do, and gives it on confirmation.
 * @param kind `symbol`, `alert` or `all`; `name`: which
 */
export function openCommand(control, verb, kind, name) {
  const spans = SPANS[verb];
  let forMs = spans === undefined ? null : spans[0];
  /** The command whose preview is shown; null: none that may be given. */
  let ready = null;
  let asked = 0;

  const title = `${t(`act.verbs.${verb}`)}${kind === 'symbol' ? ` · ${base(name)}` : kind === 'alert' ? ` · ${name}` : verb in FOR_SYMBOLS ? ` · ${t('act.everySymbol')}` : ''}`;
  const form = formOf(verb);
  const why = h('input', { type: 'text', maxlength: 200, placeholder: t('act.why'), 'aria-label': t('act.why') });
  const said = h('div.said', { role: 'status' });
  const go = h('button', { type: 'submit', class: 'plain go', disabled: true }, t(`act.verbs.${verb}`));
  const dialog = open(title, give);
  const chosen =
    spans === undefined
      ? ''
      : h(
          'select',
          {
            'aria-label': t('act.howLong'),
            onchange: (event) => {
              forMs = spans[event.target.selectedIndex];
              look();
            },
          },
          spans.map((ms) => h('option', spanWords(verb, ms))),
        );
  dialog.body.append(h('p.dim', t(`act.help.${verb}`)), form.element, chosen, said, why);
  form.onchange(look);
  dialog.foot.append(go);
  look();

  function command(more = {}) {
    const reason = why.value.trim();
    const shared = { verb, why: reason === '' ? null : reason, ...more };
    const symbols = [kind === 'symbol' ? name : 'all'];
    if (kind === 'alert') return { ...shared, key: name, ...(verb === 'silence' ? { forMs } : {}) };
    if (verb === 'set') return { ...shared, symbol: name, values: form.values() };
    if (verb === 'add') return { ...shared, symbol: form.symbol(), values: form.values() };
    if (verb === 'remove') return { ...shared, symbol: name };
    if (verb in FOR_SYMBOLS)
      return { ...shared, symbols, ...(spans === undefined ? {} : { forMs }), ...FOR_SYMBOLS[verb], ...more };
    return shared;
  }

  /**
   * Requests the preview. A command that would leave a net unmanaged shows its numbers and needs an explicit
   * confirmation.
   */
  async function look() {
    asked += 1;
    const mine = asked;
    ready = null;
    go.disabled = true;
    if (form.isEmpty()) {
      said.replaceChildren();
      return;
    }
    let more = {};
    let answer = await control.ask('preview', command());
    const codes = (answer.body?.says ?? []).map(({ code }) => code);
    if (codes.includes('needs-with-net')) more = { withNet: true };
    if (codes.includes('needs-position-stays')) more = { positionStays: true };
    if (Object.keys(more).length > 0) answer = await control.ask('preview', command(more));
    if (mine !== asked) return;
    said.replaceChildren(...answerWords(answer));
    const isLeft = Object.keys(more).length > 0;
    said.classList.toggle('loud', isLeft || answer.body?.ok !== true);
    go.textContent = isLeft ? t('act.anyway') : t('act.confirm', { verb: t(`act.verbs.${verb}`) });
    if (answer.body?.ok !== true) return;
    ready = more;
    go.disabled = false;
  }

  async function give() {
    if (ready === null) return;
    const more = ready;
    ready = null;
    go.disabled = true;
    asked += 1;
    const answer = await control.ask('command', command(more));
    said.classList.toggle('loud', answer.body?.ok !== true);
    said.replaceChildren(...answerWords(answer));
    for (const one of [chosen, why, form.element]) one.remove?.();
    dialog.done();
    go.remove();
  }
}

/** Commands that name symbols, and their texts. */
const FOR_SYMBOLS = {
  ...{ pause: {}, 'hedge-only': {}, resume: {}, flatten: {}, skip: {} },
  ...{ cancel: { withNet: false }, forget: { positionStays: false } },
};

function spanWords(verb, ms) {
  if (ms === null) return t(verb === 'flatten' ? 'act.noDeadline' : 'act.untilResumed');
  const hours = ms / HOUR;
  const words = hours >= 24 ? t('act.days', { count: hours / 24 }) : t('act.hours', { count: hours });
  return t(verb === 'flatten' ? 'act.within' : 'act.for', { span: words });
}

/** The lines of an answer, and the totals over several symbols. */
function answerWords({ code, body }) {
  if (code === 401) return [h('p', t('act.locked'))];
  if (code === 503) return [h('p', t('act.notYet'))];
  if (body?.says === undefined) return [h('p', t('act.no-answer'))];
  const says = body.says.filter((one) => one.code !== 'dry-run');
  const stands = says.filter((one) => one.code === 'as-it-is');
  const lines = says.map((one) =>
    h('li', { 'data-code': one.code }, one.symbol === null ? '' : h('b', `${base(one.symbol)} `), one[language()]),
  );
  const sum = (name) => stands.reduce((total, { params }) => total + Number(params[name] ?? 0), 0);
  const open = stands.filter(({ params }) => params.size !== undefined);
  const total =
    stands.length < 2
      ? ''
      : h(
          'p.total',
          t('act.total', {
            ...{ symbols: stands.length, orders: sum('orders'), open: open.length },
            ...{ usdt: money(sum('usdt').toFixed(2)), cost: money(sum('cost').toFixed(2)) },
          }),
        );
  const rest = lines.slice(LINES_MAX);
  return [
    total,
    h('ul', lines.slice(0, LINES_MAX)),
    rest.length === 0 ? '' : h('details', h('summary', t('act.more', { count: rest.length })), h('ul', rest)),
  ];
}

/** The inputs of a command. */
function formOf(verb) {
  if (verb === 'set') return setForm();
  if (verb === 'add') return addForm();
  return { element: '', isEmpty: () => false, onchange: () => {}, values: () => ({}), symbol: () => '' };
}

function setForm() {
  const keys = { ...ROW, ...MORE };
  const field = h('div.field');
  const choice = h(
    'select',
    { 'aria-label': t('act.key') },
    Object.keys(keys).map((key) => h('option', { value: key }, key)),
  );
  let value = null;
  let changed = () => {};
  const ask = () => {
    value = fieldOf(choice.value, keys[choice.value], () => changed());
    field.replaceChildren(value);
    changed();
  };
  choice.addEventListener('change', ask);
  ask();
  return {
    element: h('div.row-form', choice, field),
    isEmpty: () => value.value === '',
    onchange: (tell) => {
      changed = tell;
    },
    values: () => ({ [choice.value]: value.value.trim() }),
    symbol: () => '',
  };
}

function addForm() {
  let changed = () => {};
  const symbol = fieldOf('instrument', null, () => changed());
  const fields = Object.entries(ROW).map(([key, words]) => [key, fieldOf(key, words, () => changed())]);
  const label = (name, input) => h('label', h('span.dim', name), input);
  return {
    element: h(
      'div.row-form.all',
      label('instrument', symbol),
      fields.map(([key, one]) => label(key, one)),
    ),
    isEmpty: () => symbol.value === '' || fields.some(([, one]) => one.value === ''),
    onchange: (tell) => {
      changed = tell;
    },
    values: () => Object.fromEntries(fields.map(([key, one]) => [key, one.value.trim()])),
    symbol: () => symbol.value.trim(),
  };
}

function fieldOf(name, words, onchange) {
  if (words === null)
    return h('input', { type: 'text', maxlength: 64, 'aria-label': name, placeholder: name, onchange });
  return h(
    'select',
    { 'aria-label': name, onchange },
    words.map((word) => h('option', { value: word }, word)),
  );
}

/** A modal dialog, removed when it is closed. */
function open(title, submit) {
  const body = h('div.body');
  const close = h('button.plain', { type: 'button', onclick: () => element.close() }, t('act.back'));
  const foot = h('footer', close);
  const onsubmit = (event) => {
    event.preventDefault();
    submit();
  };
  const element = h(
    'dialog.card.ask',
    { 'aria-label': title, onclose: () => element.remove() },
    h('form', { method: 'dialog', onsubmit }, h('h2', title), body, foot),
  );
  document.body.append(element);
  element.showModal();
  return {
    body,
    foot,
    close: () => element.close(),
    /** Removes the inputs. */
    done() {
      close.textContent = t('act.close');
      close.focus();
    },
  };
}

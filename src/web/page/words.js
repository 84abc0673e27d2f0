import { TEXTS } from './texts.js';

/** The displayed language: the reader's choice, else the engine's. */
let lang = 'en';

export function setLanguage(name) {
  lang = Object.hasOwn(TEXTS, name) ? name : 'en';
  document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
}

export function language() {
  return lang;
}

/** The text at a path of the table (`clocks.cooldown`), with `{name}` filled in. */
export function t(path, values = {}) {
  let found = TEXTS[lang];
  for (const part of path.split('.')) found = found?.[part];
  return typeof found === 'string' ? fill(found, values) : path;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? '');
}

/** State names are never translated: they are the same in statechart, log and metrics. */
export function stateHelp(state) {
  return TEXTS[lang].states[state] ?? '';
}

/** A reason in the reader's language; older journals contain the sentence itself. */
export function reason(why) {
  return typeof why === 'string' ? why : (why?.[lang] ?? '');
}

/** Bases shared by two instruments (`BNB_USDT_Perp`, `BNB_USDC_Perp`): those are shown in full. */
let repeated = new Set();

/** Sets the instruments. */
export function setInstruments(instruments) {
  const seen = new Set();
  const bases = instruments.map((instrument) => instrument.split('_')[0]);
  repeated = new Set(bases.filter((one) => seen.has(one) || !seen.add(one)));
}

/** `BNB_USDT_Perp` is shown as `BNB`, if no other instrument has that base. */
export function base(instrument) {
  const [short] = instrument.split('_');
  return repeated.has(short) ? instrument : short;
}

/** Decimals beyond the tick for a computed price (a mark, an entry). */
const DIGITS_BEYOND_TICK = 2;
const PRICE_DIGITS_LEAST = 4;

/** A price with the decimals of its instrument's tick: PEPE at 0.000012345 loses none. */
export function price(text, tickSize) {
  if (!tickSize) return number(text);
  const ticks = tickSize.split('.')[1]?.replace(/0+$/, '').length ?? 0;
  return number(text, Math.max(PRICE_DIGITS_LEAST, ticks + DIGITS_BEYOND_TICK));
}

/** A duration in its two largest units. */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const unit = (name) => (lang === 'zh' ? t(name) : ` ${t(name)}`);
  if (seconds < 120) return `${seconds}${unit('second')}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}${unit('minute')}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}${unit('hour')}${minutes % 60 ? ` ${minutes % 60}${unit('minute')}` : ''}`;
  return `${Math.floor(hours / 24)}${unit('day')}${hours % 24 ? ` ${hours % 24}${unit('hour')}` : ''}`;
}

/** More than any tick or lot of the exchange has (nine), so that nothing is cut. */
const MOST_DIGITS = 12;

/** A decimal with at most so many decimals and thousands separators. For display only. */
export function number(text, digits = MOST_DIGITS) {
  if (text === null || text === undefined) return '–';
  const [whole = '0', fraction = ''] = String(text).split('.');
  const kept = fraction.slice(0, digits).replace(/0+$/, '');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
  const shown = kept === '' ? grouped : `${grouped}.${kept}`;
  return shown === '-0' ? '0' : shown.replace('-', '−');
}

/** Money, always with two decimals. */
export function money(text) {
  if (text === null || text === undefined) return '–';
  const negative = String(text).startsWith('-');
  const [whole = '0', fraction = ''] = String(text).replace('-', '').split('.');
  const cents = `${fraction}00`.slice(0, 2);
  const zero = /^0*$/.test(whole) && cents === '00';
  return `${negative && !zero ? '−' : ''}${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ' ')}.${cents}`;
}

/** The engine's zone (GRVT_HEDGE_TIME_ZONE), wherever the reader is; undefined until it is known: the reader's. */
let timeZone;

export function setTimeZone(zone) {
  timeZone = zone;
}

export function clock(ms) {
  return new Date(ms).toLocaleTimeString(locale(), { hour12: false, timeZone });
}

export function date(ms) {
  return new Date(ms).toLocaleDateString(locale(), { timeZone });
}

function locale() {
  return lang === 'zh' ? 'zh-CN' : 'en-GB';
}

/** A fact as text, and its rule. */
export function factWords(fact) {
  const template = TEXTS[lang].facts[fact.type];
  if (template === undefined) return { text: fact.type, rule: '' };
  const order = () => `${fact.account} ${t(fact.side)} ${number(fact.size)} @ ${number(fact.price)}`;
  const values = {
    ...fact,
    why: fact.type === 'rollout.changed' ? '' : reason(fact.why),
    reason: reason(fact.reason),
    message: reason(fact.message),
    side: (fact.side ?? fact.hedgeSide) ? t(fact.side ?? fact.hedgeSide) : '',
    order: 'clientOrderId' in fact && 'side' in fact ? order() : '',
    purpose: fact.purpose ? t(fact.purpose) : '',
    guarded: guarded(fact),
    intent: fact.intent ? intentWords(fact.intent) : '',
    failure: fact.failure ? `${fact.failure.call}: ${reason(fact.failure.why)}` : '',
    alert: fact.alert ? alertWords(fact.alert) : '',
    handled: fact.untilMs ? t('silenced', { time: clock(fact.untilMs) }) : t('ackedNow'),
    lasted: fact.lastedMs === undefined ? '' : lasting(fact.lastedMs),
    instruments: Array.isArray(fact.instruments) ? fact.instruments.map(base).join(', ') : '',
    matched: fact.matches ? matched(fact) : '',
    fillSize: number(fact.fillSize),
    fillPrice: number(fact.fillPrice),
    netAfter: number(fact.netAfter),
    net: number(fact.net),
    size: number(fact.size),
    price: number(fact.price),
    difference: number(fact.difference),
    outside: t(fact.byHand ? 'changedByHand' : 'changedOutside'),
    account: fact.account ?? '',
    leaving: fact.leaving ? t(`leaving.${fact.leaving}`) : '',
    verb: fact.verb ?? '',
    by: fact.by ?? '',
    symbols: fact.symbols ? fact.symbols.map(base).join(', ') : '',
    because: fact.type === 'command.given' && fact.why ? `: ${fact.why}` : '',
    how: fact.how ? t(`command.${fact.how}`) : '',
    rollout:
      fact.type === 'rollout.changed'
        ? t('rollout.changed', { stage: t(`rollout.stages.${fact.stage}`), why: t(`rollout.whys.${fact.why}`) })
        : '',
    sizeA: number(fact.sizes?.A),
    sizeB: number(fact.sizes?.B),
    status: TEXTS[lang].over[fact.status] ?? fact.status ?? '',
    does: fact.type === 'decision.made' ? does(fact) : '',
    rules:
      fact.type === 'instrument.changed'
        ? fact.changes.map(({ rule, from, to }) => `${rule} ${from} → ${to}`).join(', ')
        : '',
  };
  return { text: fill(template, values), rule: ruleOf(fact) };
}

const RULES = {
  'fill.waiting': '4.3',
  'fill.booked': '4.4',
  'order.unknown': '9.6',
  'order.resolved': '9.6',
  'intent.exhausted': '9.5',
  'order.post-only-refused': '9.5',
  'order.refused': '9.5',
  'drift.seen': '10.5',
  'drift.adopted': '10.5',
  'order.foreign': '11.4',
  'row.skipped': '10.4',
  'symbol.leaving': '16.3',
  'symbol.left': '16.3',
  'command.given': '16.2',
  'command.ended': '16.2',
  'rollout.changed': '16.7',
  'flatten.overdue': '16.2',
  'order.stray': '16.3',
  'order.adopted': '11.4',
  'instrument.changed': '11.8',
  'lots.restored': '11.2',
  'read.failed': '10.3',
  'book.failed': '7.4',
  'listing.failed': '11.8',
  'lock.lost': '11.1',
  'task.failed': '9.6',
  'cleanup.failed': '13.1',
  'stream.contradicted': '10.6',
  'account.parked': '9.8',
  'account.unparked': '9.8',
  'engine.draining': '13.1',
  'cleanup.finished': '13.1',
  'net.left': '13.4',
  'invariant.broken': '15',
  'alert.raised': '12',
  'alert.resolved': '12',
  'alert.handled': '12.4',
  'alerts.unsent': '12.1',
  'alerts.refused': '12.1',
};

function ruleOf(fact) {
  if (fact.why?.rule ?? fact.rule) return fact.why?.rule ?? fact.rule;
  if (fact.type === 'order.placed') return fact.purpose === 'repair' ? '6.3' : '6.1, 6.2';
  if (fact.type === 'decision.made') {
    const rules = [...fact.creates.flatMap((one) => one.rules), ...fact.trims.map((one) => one.why.rule ?? one.rule)];
    return [...new Set(rules)].join(', ');
  }
  return RULES[fact.type] ?? '';
}

function guarded(fact) {
  if (!fact.guardPrice) return '';
  return t('guarded', { worse: t(fact.side === 'sell' ? 'below' : 'above'), guardPrice: number(fact.guardPrice) });
}

function intentWords(intent) {
  const price = intent.price === undefined ? '' : ` @ ${number(intent.price)}`;
  return `${intent.account} ${t(intent.side)} ${number(intent.size)}${price}`;
}

function does(fact) {
  const parts = [
    ...fact.trims.map((one) => t('doesTrim', { intent: `${intentWords(one)} (${reason(one.why)})` })),
    ...fact.creates.map((one) => t('doesCreate', { intent: `${intentWords(one)} ${t(one.purpose)}${guarded(one)}` })),
  ];
  return parts.length === 0 ? '' : ` → ${parts.join('; ')}`;
}

function matched(fact) {
  const parts = fact.matches.map((match) => {
    const values = {
      size: number(match.size),
      account: match.lotAccount,
      side: t(match.fillSide === 'sell' ? 'buy' : 'sell'),
      price: number(match.lotPrice),
      time: lasting(fact.atMs - match.lotBookedAtMs),
      gain: number(match.gainUsdt, 4),
    };
    return match.kind === 'unwind' ? t('unwound', values) : t('hedged', values);
  });
  const opened = fact.openedLotSize && !/^0(\.0*)?$/.test(fact.openedLotSize);
  return parts.join('') + (opened ? t('opened', { size: number(fact.openedLotSize) }) : '');
}

/** An alert as text: the engine sends both languages; a very recent one has only its details. */
export function alertWords(alert) {
  if (alert.text) return alert.text[lang] ?? alert.text.en;
  const where = [alert.instrument ? base(alert.instrument) : '', alert.account ?? ''].filter(Boolean).join(' ');
  const details = Object.entries(alert.details ?? {}).map(([name, value]) => `${name} ${reason(value)}`);
  return [alert.kind, where, details.join(', ')].filter(Boolean).join(': ');
}

/** The importance of a fact, for its colour. */
export function tone(fact) {
  switch (fact.type) {
    case 'fill.booked':
      return fact.matches.some((match) => match.kind !== 'netting') ? 'good' : 'fill';
    case 'fill.waiting':
      return 'fill';
    case 'state.changed':
      return `state-${fact.to}`;
    case 'order.placed':
      return 'order';
    case 'alert.raised':
    case 'invariant.broken':
    case 'journal.failed':
    case 'actor.failed':
    case 'task.failed':
    case 'lock.lost':
    case 'alerts.failed':
    case 'cleanup.failed':
    case 'account.parked':
      return 'bad';
    case 'cancel.failed':
    case 'symbol.warned':
    case 'order.refused':
    case 'order.unknown':
    case 'instrument.changed':
    case 'intent.exhausted':
    case 'read.failed':
    case 'book.failed':
    case 'listing.failed':
    case 'login.failed':
    case 'stream.contradicted':
    case 'drift.seen':
    case 'drift.adopted':
    case 'order.foreign':
    case 'row.skipped':
    case 'symbol.leaving':
    case 'command.given':
    case 'flatten.overdue':
    case 'order.stray':
    case 'alerts.unsent':
    case 'alerts.refused':
      return 'warn';
    default:
      return 'quiet';
  }
}

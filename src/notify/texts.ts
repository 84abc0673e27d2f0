import {
  ALERT_POLICIES,
  type Alert,
  type AlertDetails,
  type AlertKind,
  hedgeDistance,
  type StuckSymbol,
} from '../core/alerts.ts';
import { netLeftAlert } from '../core/conditions.ts';
import { type Decimal, sum as total, usdtText } from '../core/decimal.ts';
import type { DailyReport, Doing, FoldedTally, News, Notice, NoticePhase, Statement } from '../core/outbox.ts';
import { type AlertTexts, clip, type NoticeGroup } from '../core/outbox-message.ts';
import { printable } from '../core/printable.ts';
import { ALERT_TEXTS } from '../texts/alerts.ts';
import { lasting } from '../texts/duration.ts';
import type { Language } from '../texts/language.ts';
import { reasonText } from '../texts/reasons.ts';

/**
 * All texts of the alert manager's messages, English and Chinese (strategy 12). Each message names the zone of its
 * times. No markup: a gateway that interprets markup must not fail on a symbol's name.
 */
interface Words {
  readonly language: Language;
  readonly details: Readonly<Record<string, string>>;
  readonly engine: string;
  readonly you: string;
  readonly resolved: string;
  readonly passed: string;
  readonly account: (name: string) => string;
  readonly exchange: string;
  readonly colon: string;
  readonly comma: string;
  readonly since: (at: string, duration: string) => string;
  readonly lasted: (duration: string, from: string, to: string) => string;
  readonly times: (count: number) => string;
  readonly count: (count: number) => string;
  readonly andNamed: (count: number, names: string) => string;
  readonly late: (at: string, duration: string) => string;
  /** States the zone of all times in a message. */
  readonly timesAre: (zone: string) => string;
  readonly folded: string;
  readonly foldedLine: (title: string, phase: string, alerts: number, times: number, since: string) => string;
  readonly phase: Readonly<Record<NoticePhase, string>>;
  readonly daily: (date: string, count: number, hours: string, leaving: number) => string;
  readonly dailyLine: (line: DailyWords) => string;
  readonly dailyHints: string;
  readonly dailyUnknown: (names: string) => string;
  readonly started: (after: 'stop' | 'crash' | 'unknown' | 'none', symbols: number) => string;
  readonly stopped: (why: string) => string;
  readonly mode: (mode: { symbols: string; mode: string; by: string; until: string | null; why: string }) => string;
  readonly statement: (statement: Statement) => string;
  readonly allHedged: string;
  readonly unhedged: (count: number, usdt: string | null, costUsdt: string | null) => string;
  readonly newsUnknown: (names: string) => string;
  readonly test: (at: string) => string;
}

interface DailyWords {
  readonly instrument: string;
  readonly side: 'buy' | 'sell';
  readonly size: string;
  readonly since: string;
  readonly duration: string;
  readonly guard: string | null;
  readonly touch: string | null;
  readonly missing: { readonly usdt: string; readonly percent: string; readonly lossUsdt: string } | null;
}

const EN: Words = {
  language: 'en',
  details: {
    file: 'symbols file',
    command: 'command',
    rollout: 'rollout',
    leaving: 'being removed',
    removed: 'its row was removed',
    disabled: 'its row is disabled',
    unconfigured: 'the symbols file does not name it',
  },
  engine: 'Engine: ',
  you: 'You: ',
  resolved: 'resolved: ',
  passed: 'resolved before it could be sent: ',
  account: (name) => `account ${name}`,
  exchange: 'exchange',
  colon: ': ',
  comma: ', ',
  since: (at, duration) => `since ${at}${duration === '' ? '' : ` (${duration})`}`,
  lasted: (duration, from, to) => `lasted ${duration}, ${from} to ${to}`,
  times: (count) => `occurred ${count} times`,
  count: (count) => ` (${count})`,
  andNamed: (count, names) => `and ${count} more: ${names}`,
  late: (at, duration) => `Late: could not be delivered since ${at} (${duration}).`,
  timesAre: (zone) => `times ${zone}`,
  folded: 'Folded, too many to list:',
  foldedLine: (title, phase, alerts, times, since) =>
    `- ${title}${phase}: ${alerts} alert${alerts === 1 ? '' : 's'}, ${times} time${times === 1 ? '' : 's'}, since ${since}`,
  phase: { raised: '', resolved: ' (resolved)', passed: ' (resolved)' },
  daily: (date, count, hours, leaving) =>
    `Daily report ${date}: ${count} symbol${count === 1 ? '' : 's'} unhedged>${hours}h` +
    (leaving === 0 ? '' : `, ${leaving} being removed and not hedged`),
  dailyLine: ({ instrument, side, size, since, duration, guard, touch, missing }) =>
    [
      `- ${instrument}: to hedge, ${side} ${size}, since ${since} (${duration})`,
      `; guard price ${guard === null ? 'not known' : `${guard} USDT`}`,
      `, best ${side === 'sell' ? 'ask' : 'bid'} ${touch === null ? 'not known' : `${touch} USDT`}`,
      missing === null
        ? ''
        : missing.usdt === '0'
          ? ': no distance, the next taker can hedge it'
          : `: the price has to ${side === 'sell' ? 'rise' : 'fall'} by ${missing.usdt} USDT (${missing.percent} %); hedged now it would lose ${missing.lossUsdt} USDT`,
    ].join(''),
  dailyHints:
    'Engine: keeps its orders at the guard price or better and never hedges at a loss.\nYou: wait, or hedge by hand and take the loss.',
  dailyUnknown: (names) => `not known: ${names}`,
  started: (after, symbols) =>
    `${{ stop: 'Started', crash: 'Started after a run that ended without a stop', unknown: 'Started, continuing the journal of an older version', none: 'Started for the first time' }[after]}: ${symbols} ${symbols === 1 ? 'symbol' : 'symbols'}`,
  stopped: (why) => (why === '' ? 'Stopped' : `Stopped: ${why}`),
  mode: ({ symbols, mode, by, until, why }) =>
    `${symbols}: mode ${mode}${by === '' ? '' : ` (${by})`}${until === null ? '' : `, until ${until}`}${why === '' ? '' : `, ${why}`}`,
  statement: (one) =>
    `Statement of ${one.day}${one.isFinal ? '' : ' (not final yet)'}: ${one.total} USDT earned\n` +
    `spread ${one.spread}, unwinds ${one.unwinds}, fees ${one.fees}, funding ${one.funding}, unrealised ` +
    `${one.unrealised ?? 'not known'}, differences ${one.differences ?? 'not known'}; volume ${one.volume}\n7 days: ${one.weekTotal} USDT`,
  allHedged: 'Nothing is unhedged.',
  unhedged: (count, usdt, costUsdt) =>
    `Unhedged: ${count}${usdt === null ? '' : `, worth ${usdt} USDT`}${costUsdt === null ? ', cost at the touch not known' : `, cost at the touch ${costUsdt} USDT`}`,
  newsUnknown: (names) => `Not known yet: ${names}`,
  test: (at) => `Test message of ${at}: alerts arrive here.`,
};

const ZH: Words = {
  language: 'zh',
  details: {
    file: '配置文件',
    command: '命令',
    rollout: '灰度',
    leaving: '退出中',
    removed: '配置行已移除',
    disabled: '配置行已停用',
    unconfigured: '配置文件中没有该标的',
    buy: '买入',
    sell: '卖出',
  },
  engine: '引擎：',
  you: '您可以：',
  resolved: '已恢复 (resolved)：',
  passed: '送达前已恢复 (resolved)：',
  account: (name) => `账户 ${name}`,
  exchange: '交易所',
  colon: '：',
  comma: '，',
  since: (at, duration) => `始于 ${at}${duration === '' ? '' : `（${duration}）`}`,
  lasted: (duration, from, to) => `持续 ${duration}，${from} 至 ${to}`,
  times: (count) => `共 ${count} 次`,
  count: (count) => `（${count}）`,
  andNamed: (count, names) => `另有 ${count} 个：${names}`,
  late: (at, duration) => `延迟：自 ${at} 起无法送达（${duration}）。`,
  timesAre: (zone) => `时间 ${zone}`,
  folded: '合并（数量过多）：',
  foldedLine: (title, phase, alerts, times, since) =>
    `- ${title}${phase}：${alerts} 个告警，${times} 次，始于 ${since}`,
  phase: { raised: '', resolved: '（已恢复）', passed: '（已恢复）' },
  daily: (date, count, hours, leaving) =>
    `日报 (Daily report) ${date}：${count} 个标的 unhedged>${hours}h${leaving === 0 ? '' : `，${leaving} 个退出中未对冲`}`,
  dailyLine: ({ instrument, side, size, since, duration, guard, touch, missing }) =>
    [
      `- ${instrument}：待对冲 ${side === 'sell' ? '卖出' : '买入'} ${size}，始于 ${since}（${duration}）`,
      `；保护价 ${guard === null ? '未知' : `${guard} USDT`}`,
      `，${side === 'sell' ? '卖一' : '买一'} ${touch === null ? '未知' : `${touch} USDT`}`,
      missing === null
        ? ''
        : missing.usdt === '0'
          ? '：已到位，下一个 taker 即可对冲'
          : `：价格需${side === 'sell' ? '上涨' : '下跌'} ${missing.usdt} USDT（${missing.percent} %）；现在对冲亏损 ${missing.lossUsdt} USDT`,
    ].join(''),
  dailyHints: '引擎：挂单不劣于保护价，绝不亏损对冲。\n您可以：等待，或手动对冲并承担亏损。',
  dailyUnknown: (names) => `状态未知：${names}`,
  started: (after, symbols) =>
    `${{ stop: '已启动', crash: '已启动，接管上次未正常停止的运行', unknown: '已启动，沿用旧版本的日志库', none: '首次启动' }[after]}：${symbols} 个标的`,
  stopped: (why) => (why === '' ? '已停止' : `已停止：${why}`),
  mode: ({ symbols, mode, by, until, why }) =>
    `${symbols}：模式 ${mode}${by === '' ? '' : `（${by}）`}${until === null ? '' : `，至 ${until}`}${why === '' ? '' : `，${why}`}`,
  statement: (one) =>
    `${one.day} 结算${one.isFinal ? '' : '（尚未最终）'}：收益 ${one.total} USDT\n` +
    `价差 ${one.spread}，平仓 ${one.unwinds}，手续费 ${one.fees}，资金费 ${one.funding}，未实现 ` +
    `${one.unrealised ?? '未知'}，差额 ${one.differences ?? '未知'}；成交额 ${one.volume}\n7 天：${one.weekTotal} USDT`,
  allHedged: '没有未对冲的净额。',
  unhedged: (count, usdt, costUsdt) =>
    `未对冲 ${count} 个${usdt === null ? '' : `，价值 ${usdt} USDT`}${costUsdt === null ? '，按盘口对冲的成本未知' : `，按盘口对冲的成本 ${costUsdt} USDT`}`,
  newsUnknown: (names) => `状态未知：${names}`,
  test: (at) => `${at} 测试消息：告警可以送达。`,
};

const LANGUAGES: Readonly<Record<Language, Words>> = { en: EN, zh: ZH };

/** Details may come from anywhere, e.g. an HTML error page: one line, no longer than a phone shows. */
const DETAIL_LIMIT = 140;

/** The texts of a language, and times in a zone: `2026-11-20 09:40`. */
type Told = Words & { readonly local: (atMs: number) => string };

/** Zone of the daily report, and of messages without another zone. */
const BEIJING = 'Asia/Shanghai';

function localTime(timeZone: string): (atMs: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return (atMs) => (Number.isNaN(new Date(atMs).getTime()) ? '????-??-?? ??:??' : format.format(atMs));
}

/** Longest line of one alert: symbol, numbers, since when. */
const LINE_LIMIT = 300;

/** Longest list of alerts mentioned by name only. */
const NAMES_LIMIT = 400;

/** The texts of one language. `label` names the engine, e.g. `grvt-hedge prod`; `zone` is the IANA zone of times. */
export function alertTexts(
  language: Language,
  label: string,
  zone = BEIJING,
): AlertTexts & { test(nowMs: number): string } {
  const words: Told = { ...LANGUAGES[language], local: localTime(zone) };
  const heading = (lateSinceMs: number | null, nowMs: number): string => {
    const first = `[${label}] ${words.timesAre(zone)}`;
    if (lateSinceMs === null) return first;
    return `${first}\n${words.late(clock(lateSinceMs, nowMs, words), lasting(nowMs - lateSinceMs, words.language))}`;
  };
  return {
    heading,
    group: (group, nowMs) => groupText(group, nowMs, words),
    folded: (tallies, nowMs) => [words.folded, ...tallies.map((tally) => foldedLine(tally, nowMs, words))].join('\n'),
    daily: (report, limit, nowMs) => dailyText(report, limit, nowMs, words),
    news: (news, limit, nowMs) => newsText(news, limit, nowMs, words),
    test: (nowMs) => `${heading(null, nowMs)}\n${words.test(words.local(nowMs))}`,
  };
}

/** One line for log and command line: title, subject, numbers. */
export function alertLine(
  alert: Pick<Alert, 'kind' | 'account' | 'instrument' | 'details'>,
  language: Language = 'en',
): string {
  const words = LANGUAGES[language];
  const body = [subject(alert, words), lineOf(alert, words)].filter((part) => part !== '').join(words.colon);
  return `${titleOf(alert.kind, alert.details, words)}${body === '' ? '' : words.colon}${body}`;
}

function groupText(group: NoticeGroup, nowMs: number, words: Told): string {
  const { kind, phase } = group;
  const first = group.shown[0] ?? group.named[0];
  const count = group.shown.length + group.named.length;
  const before = phase === 'raised' ? '' : phase === 'resolved' ? words.resolved : words.passed;
  const title = `${before}${titleOf(kind, first?.details ?? {}, words)}${count > 1 ? words.count(count) : ''}`;
  const lines = group.shown.map((notice) => `- ${noticeLine(notice, nowMs, words)}`);
  if (group.named.length > 0) {
    const names = group.named.map((notice) => shortName(notice, words)).join(words.comma);
    lines.push(words.andNamed(group.named.length, clip(names, NAMES_LIMIT)));
  }
  const advice =
    phase === 'raised'
      ? [words.engine + ALERT_TEXTS[kind][words.language].engine, words.you + ALERT_TEXTS[kind][words.language].you]
      : [];
  const mark = phase === 'raised' && ALERT_POLICIES[kind].critical ? '!! ' : '';
  return [`${mark}${title}`, ...lines, ...advice].join('\n');
}

function noticeLine(notice: Notice, nowMs: number, words: Told): string {
  const about = subject(notice, words);
  const line = notice.overAtMs === null ? lineOf(notice, words) : shortCall(notice);
  const ageMs = Math.max(0, nowMs - notice.sinceMs);
  const when =
    notice.overAtMs === null
      ? words.since(clock(notice.sinceMs, nowMs, words), ageMs < 5000 ? '' : lasting(ageMs, words.language))
      : words.lasted(
          lasting(Math.max(0, notice.overAtMs - notice.sinceMs), words.language),
          clock(notice.sinceMs, nowMs, words),
          clock(notice.overAtMs, nowMs, words),
        );
  const times = notice.times > 1 ? words.times(notice.times) : '';
  const body = clip([about, line].filter((part) => part !== '').join(words.colon), LINE_LIMIT);
  return [body, when, times].filter((part) => part !== '').join(words.comma);
}

/** Distinguishes two alerts of one kind, beyond symbol and account. */
function shortCall(notice: Notice): string {
  const { call, orderId, actor, invariant } = notice.details;
  return oneLine(reasonText(call ?? orderId ?? actor ?? invariant ?? ''));
}

function shortName(notice: Notice, words: Words): string {
  return [subject(notice, words), shortCall(notice)].filter((part) => part !== '').join(' ');
}

function subject(alert: Pick<Alert, 'kind' | 'account' | 'instrument'>, words: Words): string {
  const account = alert.account === null ? '' : words.account(alert.account);
  const parts = [alert.instrument === null ? '' : oneLine(alert.instrument), account].filter((part) => part !== '');
  if (parts.length === 0) return alert.kind === 'api-failure' ? words.exchange : '';
  return parts.join(words.comma);
}

function titleOf(kind: AlertKind, details: AlertDetails, words: Words): string {
  return ALERT_TEXTS[kind][words.language].title.replaceAll('{hours}', String(details.hours ?? '?'));
}

function lineOf(alert: Pick<Alert, 'kind' | 'instrument' | 'details'>, words: Words): string {
  const details: Record<string, string> = { base: alert.instrument?.split('_')[0] ?? '' };
  for (const [name, value] of Object.entries(alert.details)) {
    const text = reasonText(value, words.language);
    details[name] = words.details[text] ?? oneLine(text);
  }
  if (details.size === undefined && details.net !== undefined) details.size = details.net.replace(/^-/, '');
  const used = new Set(['base', 'hours', 'net']);
  const fill = (text: string): string | null => {
    let complete = true;
    const filled = text.replace(/\{(\w+)\}/g, (_all, name: string) => {
      used.add(name);
      if (details[name] === undefined) complete = false;
      return details[name] ?? '?';
    });
    return complete ? filled : null;
  };
  const line = ALERT_TEXTS[alert.kind][words.language].line
    .split(/(\[[^\]]*\])/)
    .map((part) =>
      part.startsWith('[') ? (fill(part.slice(1, -1)) ?? '') : (fill(part) ?? fillLoosely(part, details)),
    )
    .join('');
  const rest = Object.entries(details).filter(([name, value]) => !used.has(name) && value !== '');
  const text = [line, ...rest.map(([name, value]) => `${name} ${value}`)].filter((part) => part.trim() !== '');
  return text
    .join(words.comma)
    .replace(/^[,:，：\s]+/, '')
    .trim();
}

function fillLoosely(text: string, details: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_all, name: string) => details[name] ?? '?');
}

function foldedLine(tally: FoldedTally, nowMs: number, words: Told): string {
  const { kind, phase, alerts, times, sinceMs } = tally;
  const title = ALERT_TEXTS[kind][words.language].title.replaceAll('{hours}', '');
  return words.foldedLine(title, words.phase[phase], alerts, times, clock(sinceMs, nowMs, words));
}

function dailyText(report: DailyReport, limit: number, nowMs: number, words: Told): string {
  const leaving = report.stuck.filter(({ leaves }) => leaves).length;
  const count = report.stuck.length - leaving;
  const title = words.daily(isoDate(report.day), count, hoursText(report.stuckMs), leaving);
  const { unknown = [] } = report;
  const names = (list: readonly string[]) => clip(list.join(words.comma), NAMES_LIMIT);
  const last = [
    ...(unknown.length > 0 ? [words.dailyUnknown(names(unknown))] : []),
    ...(report.stuck.length > 0 ? [words.dailyHints] : []),
  ].join('\n');
  const lines: string[] = [];
  let room = limit - title.length - last.length - NAMES_LIMIT - 50;
  for (const symbol of report.stuck) {
    const line = clip(dailyLine(symbol, nowMs, words), LINE_LIMIT + 100);
    if (line.length + 1 > room) break;
    lines.push(line);
    room -= line.length + 1;
  }
  const left = report.stuck.slice(lines.length).map((symbol) => symbol.instrument);
  return [title, ...lines, ...(left.length > 0 ? [words.andNamed(left.length, names(left))] : []), last].join('\n');
}

/** What was done and what is unhedged: the sums, then as many nets as fit (strategy 12.3). */
function newsText({ doing, unhedged, unknown }: News, limit: number, nowMs: number, words: Told): string {
  const sum = (amounts: readonly (Decimal | null)[]) =>
    amounts.some((amount) => amount === null) ? null : usdtText(total(amounts as readonly Decimal[]));
  const head = [
    doingText(doing, nowMs, words),
    unhedged.length > 0
      ? words.unhedged(unhedged.length, sum(unhedged.map(({ usdt }) => usdt)), sum(unhedged.map((net) => net.costUsdt)))
      : unknown.length === 0
        ? words.allHedged
        : '',
    unknown.length > 0 ? words.newsUnknown(clip(unknown.join(words.comma), NAMES_LIMIT)) : '',
  ].filter((line) => line !== '');
  // At a stop each net has an alert of its own.
  const nets = doing.what === 'stopped' ? [] : unhedged;
  const lines = nets.map((net) => {
    const { kind, instrument, details } = netLeftAlert(net, nowMs);
    const since = net.sinceMs === null ? '' : words.comma + words.since(clock(net.sinceMs, nowMs, words), '');
    return `- ${clip(`${oneLine(instrument ?? '')}${words.colon}${lineOf({ kind, instrument, details }, words)}${since}`, LINE_LIMIT)}`;
  });
  let room = limit - head.join('\n').length - NAMES_LIMIT;
  const shown = lines.filter((line) => {
    room -= line.length + 1;
    return room > 0;
  });
  const left = nets.slice(shown.length).map(({ instrument }) => instrument);
  const more = left.length > 0 ? [words.andNamed(left.length, clip(left.join(words.comma), NAMES_LIMIT - 50))] : [];
  return clip([...head, ...shown, ...more].join('\n'), limit);
}

/** Rounded to cents towards zero, to fit into a message. */
function inCents(statement: Statement): Statement {
  const cents = (text: string) => text.replace(/(\.\d{2})\d+$/, '$1').replace(/^-(?=0(\.0+)?$)/, '');
  const { day, isFinal, unrealised, differences, ...amounts } = statement;
  const shown = Object.fromEntries(Object.entries(amounts).map(([name, text]) => [name, cents(text)]));
  const known = (text: string | null) => (text === null ? null : cents(text));
  return {
    ...(shown as typeof amounts),
    ...{ day, isFinal, unrealised: known(unrealised), differences: known(differences) },
  };
}

function doingText(doing: Doing, nowMs: number, words: Told): string {
  switch (doing.what) {
    case 'started':
      return words.started(doing.after, doing.symbols);
    case 'stopped':
      return words.stopped(oneLine(reasonText(doing.why, words.language)));
    case 'statement':
      return words.statement(inCents(doing.statement));
    case 'mode-changed': {
      const { symbols, mode, by, untilMs, why } = doing;
      const until = untilMs === null ? null : clock(untilMs, nowMs, words);
      const sources = by.map((one) => words.details[one] ?? one).join(words.comma);
      return words.mode({
        symbols: clip(symbols.join(words.comma), NAMES_LIMIT),
        mode,
        by: sources,
        until,
        why: oneLine(why),
      });
    }
  }
}

function dailyLine(symbol: StuckSymbol, nowMs: number, words: Told): string {
  const distance = hedgeDistance(symbol);
  return words.dailyLine({
    instrument: symbol.instrument,
    side: symbol.hedgeSide,
    size: `${symbol.size.toFixed()} ${symbol.instrument.split('_')[0]}`,
    since: clock(symbol.unhedgedSinceMs, nowMs, words),
    duration: lasting(nowMs - symbol.unhedgedSinceMs, words.language),
    guard: symbol.guardPrice?.toFixed() ?? null,
    touch: symbol.touch?.toFixed() ?? null,
    missing:
      distance === null
        ? null
        : {
            usdt: short(distance.missing),
            percent: distance.missingPercent.toFixed(2),
            lossUsdt: distance.lossNowUsdt.toFixed(2),
          },
  });
}

function short(value: Decimal): string {
  return value.toDecimalPlaces(8).toFixed();
}

function oneLine(text: string): string {
  return clip(printable(text.replace(/[\s\p{Cc}]+/gu, ' ')).trim(), DETAIL_LIMIT);
}

function hoursText(ms: number): string {
  return String(Math.round((ms / 3_600_000) * 1000) / 1000);
}

/** The minute; with the date if it is not today's. */
function clock(atMs: number, nowMs: number, { local }: Told): string {
  const text = local(atMs);
  return text.slice(0, 10) === local(nowMs).slice(0, 10) ? text.slice(11) : text.slice(5);
}

function isoDate(day: number): string {
  const date = new Date(day * 86_400_000);
  return Number.isNaN(date.getTime()) ? '????-??-??' : date.toISOString().slice(0, 10);
}

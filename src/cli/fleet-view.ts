import { decimal, usdtText } from '../core/decimal.ts';
import { type FleetPair, fleetTotals } from '../engine/fleet.ts';
import { clockTime, columns } from '../explain/words.ts';
import { lasting } from '../texts/duration.ts';
import { FLEET_COLUMNS, fleetColumn, fleetText } from '../texts/fleet.ts';
import type { Language } from '../texts/language.ts';

/** All pairs as a table of the terminal, and as a page (strategy 18.3). */

/** The table, worst first, with what needs attention below. */
export function fleetLines(pairs: readonly FleetPair[], nowMs: number, lang: Language): string[] {
  if (pairs.length === 0) return [fleetText(lang, 'none')];
  const head = (['pair', 'engine', 'unhedged', 'since', 'equity', 'today', 'alerts', 'lastEntry', 'page'] as const).map(
    (name) => fleetColumn(lang, name),
  );
  const rows = pairs.map((pair) => {
    const { label, engine, unhedged, since, equity, today, lastEntry } = cellsOf(pair, nowMs, lang);
    return [label, engine, unhedged, since, equity, today, String(pair.alerts.length), lastEntry, pair.page ?? '-'];
  });
  return [
    totalsText(pairs, lang),
    '',
    ...columns([head, ...rows]),
    ...pairs.flatMap((pair) => troublesOf(pair, lang).map((text) => `${pair.label}: ${text}`)),
  ];
}

function totalsText(pairs: readonly FleetPair[], lang: Language): string {
  const { traded, unhedgedUsdt, equityUsdt, todayUsdt, critical } = fleetTotals(pairs);
  return fleetText(lang, 'totals', {
    ...{ pairs: String(pairs.length), traded: String(traded), critical: String(critical) },
    ...{ unhedged: usdtText(unhedgedUsdt), equity: usdtText(equityUsdt), today: usdtText(todayUsdt) },
  });
}

function cellsOf(pair: FleetPair, nowMs: number, lang: Language) {
  const amount = (text: string | null) => (text === null ? '-' : usdtText(decimal(text)));
  return {
    label: pair.label,
    engine: pair.holder ?? fleetText(lang, 'noEngine'),
    unhedged: amount(pair.unhedgedUsdt),
    since: pair.unhedgedSinceMs === null ? '-' : lasting(nowMs - pair.unhedgedSinceMs, lang),
    equity: amount(pair.equityUsdt),
    today: amount(pair.todayUsdt),
    lastEntry: pair.lastEntryAtMs === null ? '-' : clockTime(pair.lastEntryAtMs),
  };
}

function troublesOf({ failure, holder, unhedgedUsdt, alerts }: FleetPair, lang: Language): string[] {
  const alone = holder === null && decimal(unhedgedUsdt).gt(0) ? [fleetText(lang, 'alone')] : [];
  const said = alerts
    .filter(({ information }) => !information)
    .map(({ critical, text }) => `${critical ? '!! ' : ''}${text[lang]}`);
  return [...(failure === null ? [] : [failure]), ...alone, ...said];
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ESCAPED[sign] ?? sign);

const STYLE = `body{font:14px/1.4 system-ui,sans-serif;margin:1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d0d7de;white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#a40e26;font-weight:600}td.t{white-space:normal;min-width:9rem}td.w{white-space:normal;min-width:20rem}
.wide{overflow-x:auto}a{color:#0550ae}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}.bad{color:#ff9492}a{color:#79b8ff}}`;

/** The content of the page. */
export interface FleetReading {
  readonly pairs: readonly FleetPair[];
  /** When they were read; null: not yet. */
  readonly atMs: number | null;
  /** Why the last attempt to read them failed; null: it did not. */
  readonly failure: string | null;
}

const COLUMNS = (Object.keys(FLEET_COLUMNS) as (keyof typeof FLEET_COLUMNS)[]).filter((name) => name !== 'alerts');
const NUMBERS: ReadonlySet<string> = new Set(['unhedged', 'since', 'equity', 'today']);

/**
 * A page without script, reloaded by the browser every five seconds in the language it was asked for. Names come from
 * journals: everything is escaped.
 */
export function fleetPage({ pairs, atMs, failure }: FleetReading, nowMs: number, lang: Language): string {
  const { critical } = fleetTotals(pairs);
  const cell = (text: string, kind = '') => `<td${kind === '' ? '' : ` class="${kind}"`}>${text}</td>`;
  const rows = pairs.map((pair) => {
    const { label, engine, unhedged, since, equity, today, lastEntry } = cellsOf(pair, nowMs, lang);
    const isLink = pair.page !== null && /^https?:\/\//.test(pair.page);
    const nets = pair.symbols.filter(({ open }) => open !== null).map(({ instrument, net }) => `${instrument} ${net}`);
    const listed = (texts: readonly string[]) => texts.map(escaped).join('<br>');
    const cells = [
      cell(escaped(label)),
      cell(escaped(engine), pair.holder === null ? 'bad' : ''),
      cell(escaped(unhedged), 'n'),
      cell(escaped(since), 'n'),
      cell(listed(nets), 't'),
      cell(escaped(equity), 'n'),
      cell(escaped(today), 'n'),
      cell(listed(troublesOf(pair, lang)), 'w'),
      cell(escaped(lastEntry)),
      cell(isLink ? `<a href="${escaped(pair.page ?? '')}">${fleetColumn(lang, 'page')}</a>` : ''),
    ];
    return `<tr>${cells.join('')}</tr>`;
  });
  const head = COLUMNS.map(
    (name) => `<th${NUMBERS.has(name) ? ' class="n"' : ''}>${name === 'page' ? '' : fleetColumn(lang, name)}</th>`,
  );
  const age =
    atMs === null
      ? fleetText(lang, 'notRead')
      : fleetText(lang, 'read', { time: lasting(Math.max(0, nowMs - atMs), lang) });
  const [title, other] = [fleetText(lang, 'title'), lang === 'zh' ? 'en' : 'zh'];
  return `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><meta name="viewport" content="width=device-width"><title>${critical > 0 ? `(${critical}) ` : ''}grvt-hedge ${title}</title><style>${STYLE}</style></head><body>
<h1>${title}</h1><p>${escaped(`${totalsText(pairs, lang)} · ${age}`)} · <a href="/?lang=${other}" lang="${other}">${fleetText(lang, 'otherLanguage')}</a></p>${failure === null ? '' : `<p class="bad" role="alert">${escaped(failure)}</p>`}
<div class="wide"><table><thead><tr>${head.join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></body></html>
`;
}

import { symbolNamed } from '../core/symbol-name.ts';
import { makeReport, type ReportGroup, reportTable } from '../explain/report.ts';
import { reportCsv } from '../explain/report-csv.ts';
import { symbolsOf } from '../explain/symbol.ts';
import { plainJson } from '../explain/words.ts';
import { nearest } from '../settings/index.ts';
import { listWords } from '../texts/listings.ts';
import { type JournalCommandParts, type JournalOptions, withJournal } from './explain.ts';

export interface ReportOptions extends JournalOptions {
  readonly days: number;
  readonly by?: ReportGroup;
  readonly csv?: boolean;
  readonly utc?: boolean;
}

/**
 * `report` (strategy 17.4).
 * @param symbol its name, or an unambiguous base, case-insensitive; null: all @returns 0; 1: unknown symbol; 78: no
 * journal
 */
export function reportCommand(parts: JournalCommandParts, symbol: string | null, options: ReportOptions): number {
  const { days } = options;
  const by = options.by ?? (symbol === null ? 'day' : 'symbol');
  const text = listWords(parts.settings.lang);
  return withJournal(parts, options, (journal) => {
    const known = symbolsOf(journal);
    const instrument = symbol === null ? null : symbolNamed(known, symbol);
    if (instrument === undefined) {
      const near = nearest(symbol ?? '', known);
      const names = near ?? (known.join(', ') || text('noneYet'));
      parts.complain(text('noMoneyOf', { symbol: JSON.stringify(symbol), names }));
      return 1;
    }
    const nowMs = parts.clock.nowMs();
    const utc = options.utc === true;
    const report = makeReport(journal, { days, by, nowMs, keptMs: parts.settings.journalMs, utc, instrument });
    if (options.csv) {
      for (const line of reportCsv(report)) parts.print(line);
      if (report.beforeRows.length > 0) parts.complain(text('notInCsv', { day: report.beforeRows.at(-1) }));
    } else if (options.json) parts.print(JSON.stringify(plainJson(report), null, 2));
    else for (const line of reportTable(report, by, parts.settings.lang)) parts.print(line);
    return 0;
  });
}

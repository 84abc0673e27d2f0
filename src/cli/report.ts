import { makeReport, type ReportGroup, reportTable } from '../explain/report.ts';
import { reportCsv } from '../explain/report-csv.ts';
import { plainJson } from '../explain/words.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { dayOf } from '../journal/money.ts';
import { nearest } from '../settings/index.ts';
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
  return withJournal(parts, options, (journal) => {
    const known = symbolsOf(journal);
    const instrument = symbol === null ? null : named(known, symbol);
    if (instrument === undefined) {
      const near = nearest(symbol ?? '', known);
      const names = near ?? (known.join(', ') || 'none yet');
      parts.complain(`The journal has no money rows of ${JSON.stringify(symbol)}; expected one of: ${names}`);
      return 1;
    }
    const nowMs = parts.clock.nowMs();
    const utc = options.utc === true;
    const report = makeReport(journal, { days, by, nowMs, keptMs: parts.settings.journalMs, utc, instrument });
    if (options.csv) {
      for (const line of reportCsv(report)) parts.print(line);
      if (report.beforeRows.length > 0)
        parts.complain(
          `${report.beforeRows.at(-1)} and before: rows are not kept that long, so they are not in the CSV`,
        );
    } else if (options.json) parts.print(JSON.stringify(plainJson(report), null, 2));
    else for (const line of reportTable(report, by)) parts.print(line);
    return 0;
  });
}

/** Every symbol that has a ledger or ever had a fill. */
function symbolsOf(journal: EngineJournal): string[] {
  const booked = journal.latestOfEach('money.day').map(({ key }) => dayOf(key).instrument);
  const kept = journal.latestOfEach('symbol.state').map(({ key }) => key);
  return [...new Set([...booked, ...kept])].filter((name) => name !== '').sort();
}

function named(known: readonly string[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  const ofBase = known.filter((instrument) => instrument.split('_', 1)[0]?.toLowerCase() === wanted);
  return (
    known.find((instrument) => instrument.toLowerCase() === wanted) ?? (ofBase.length === 1 ? ofBase[0] : undefined)
  );
}

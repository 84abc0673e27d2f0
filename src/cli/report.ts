import { makeReport, type ReportGroup, reportCsv, reportTable } from '../explain/report.ts';
import { plainJson } from '../explain/words.ts';
import { type LookOptions, type LookParts, withJournal } from './explain.ts';

export interface ReportOptions extends LookOptions {
  readonly days: number;
  readonly by: ReportGroup;
  readonly csv?: boolean;
}

/** `report` (strategy 17.4). @returns 0; 78: no journal */
export function reportCommand(parts: LookParts, options: ReportOptions): number {
  const { days, by } = options;
  return withJournal(parts, options, (journal) => {
    const nowMs = parts.clock.nowMs();
    const report = makeReport(journal, { days, by, nowMs, keptMs: parts.settings.journalMs });
    if (options.csv) {
      for (const line of reportCsv(report)) parts.print(line);
      if (report.beforeRows.length > 0)
        parts.complain(`${report.beforeRows.at(-1)} and before: rows are not kept that long, so the CSV lacks them`);
    } else if (options.json) parts.print(JSON.stringify(plainJson(report), null, 2));
    else for (const line of reportTable(report, by)) parts.print(line);
    return 0;
  });
}

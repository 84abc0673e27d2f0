import { get } from 'node:http';
import { EXIT_CONFIGURATION } from '../core/exit-codes.ts';
import { readEngineAddress } from '../engine/address.ts';
import { NoJournalError, openChosenJournal } from '../engine/journal-choice.ts';
import { databaseLines } from '../engine/journal-database.ts';
import { staleMs } from '../engine/tuning.ts';
import { latestMargins } from '../explain/levelling.ts';
import { clockTime } from '../explain/words.ts';
import { JournalError } from '../journal/errors.ts';
import { isHeld } from '../journal/lock.ts';
import type { Clock } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import { journalStatus } from '../status/offline.ts';
import { lasting } from '../texts/duration.ts';
import { type Language, SIDES } from '../texts/language.ts';
import { thrownText } from '../texts/reason-error.ts';
import { STATUS_COLUMNS, type StatusText, statusText } from '../texts/status.ts';
import type { AccountStatus, MoneyLine, Status, SymbolStatus } from '../web/index.ts';

/** A running engine on this machine answers at once. */
const ASK_TIMEOUT_MS = 1_500;
/** Largest answer read: a hundred symbols are some 300 kB. */
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;

export interface StatusCommandParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

/**
 * Prints the status of a running engine, else of its journal.
 * @returns 0; 78: no engine answers and there is no readable journal
 */
export async function statusCommand(
  parts: StatusCommandParts,
  options: { readonly json?: boolean; readonly journal?: string },
): Promise<number> {
  const { print, complain } = parts;
  let status: Status | null = null;
  try {
    status =
      (options.journal === undefined ? await askEngine(parts.settings) : null) ?? readJournal(parts, options.journal);
  } catch (thrown) {
    if (!(thrown instanceof NoJournalError || thrown instanceof JournalError)) throw thrown;
    complain(thrownText(thrown, parts.settings.lang));
    return EXIT_CONFIGURATION;
  }
  if (options.json) print(JSON.stringify(status, null, 2));
  else {
    // Who holds the pair's lease, which a standby's own status does not tell (strategy 18.2).
    if (options.journal === undefined) for (const line of await leaseLines(parts)) print(line);
    for (const line of statusLines(status, parts.settings.lang)) print(line);
    // A running engine reports them; older ones do not, and the journal has those of the last hour.
    if (!status.levelling) for (const line of marginLines(parts, options.journal)) print(line);
  }
  return 0;
}

/** The journal's database and the holder of its lease; nothing if the journal is a file. */
async function leaseLines({ settings, complain }: StatusCommandParts): Promise<string[]> {
  try {
    return await databaseLines(settings);
  } catch (thrown) {
    if (!(thrown instanceof JournalError)) throw thrown;
    complain(thrownText(thrown, settings.lang));
    return [];
  }
}

/** Free margin, distance to liquidation and levelling (17.5) from the journal, even while an engine writes it. */
function marginLines({ settings, clock, complain }: StatusCommandParts, file: string | undefined): string[] {
  try {
    const journal = openChosenJournal(settings, file ?? null);
    try {
      const lines = latestMargins(journal, clock.nowMs(), settings.lang);
      return lines.length === 0 ? [] : ['', ...lines];
    } finally {
      journal.close();
    }
  } catch (thrown) {
    if (!(thrown instanceof NoJournalError || thrown instanceof JournalError)) throw thrown;
    // The engine has answered: only the margins are unknown.
    complain(`Margins: ${thrownText(thrown, settings.lang)}`);
    return [];
  }
}

/** The answer of this data directory's engine, else of one at the settings' port; null: none answers. */
async function askEngine(settings: Settings): Promise<Status | null> {
  const { dataDir, httpPort } = settings;
  for (const port of new Set([readEngineAddress(dataDir), httpPort])) {
    const status = port === null ? null : await askAt(port, settings);
    if (status !== null) return status;
  }
  return null;
}

async function askAt(port: number, settings: Settings): Promise<Status | null> {
  const text = await new Promise<string | null>((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/status', timeout: ASK_TIMEOUT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > ANSWER_MAX_BYTES) request.destroy();
      });
      response.on('end', () => resolve(response.statusCode === 200 ? body : null));
      response.on('error', () => resolve(null));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(null));
  });
  if (text === null) return null;
  try {
    const status = JSON.parse(text) as Status;
    return status.source === 'engine' && status.mode === settings.mode ? status : null;
  } catch {
    return null;
  }
}

/** @throws NoJournalError, JournalError */
function readJournal({ settings, clock }: StatusCommandParts, file: string | undefined): Status {
  const journal = openChosenJournal(settings, file ?? null);
  try {
    // Which engine writes an explicitly named journal is unknown.
    const runs = file === undefined ? isHeld(settings.dataDir) : null;
    return journalStatus(journal, settings, staleMs(settings.loopIntervalMs), clock.nowMs(), runs);
  } finally {
    journal.close();
  }
}

/** The status as lines in the language of the settings. */
export function statusLines(status: Status, language: Language = 'en'): string[] {
  const { atMs } = status;
  const words: Words = (name, values) => statusText(language, name, values);
  const lines = [...headlines(status, words, language), ''];
  if (status.source === 'engine') {
    for (const one of status.accounts) lines.push(accountLine(one, atMs, words, language));
    const { levelling } = status;
    if (levelling) lines.push(words('levelling', { words: levelling[language], rule: levelling.rule }));
    for (const { account, bucket, waiting } of status.budget) {
      if (waiting > 0) lines.push(words('budget', { account: account ?? '-', waiting, bucket }));
    }
    lines.push('');
  }
  lines.push(...rolloutLines(status.symbols, words, language));
  const cells = status.symbols.map((symbol) => symbolCells(symbol, atMs, words, language));
  lines.push(...table([STATUS_COLUMNS[language], ...cells]), '');
  if (status.alerts.length === 0) lines.push(words('noAlert'));
  for (const alert of status.alerts) {
    const { ackedBy: by, silencedUntilMs } = alert;
    const until = silencedUntilMs ? clockTime(silencedUntilMs) : null;
    const time = lasting(atMs - alert.sinceMs, language);
    lines.push(`${alert.critical ? '!! ' : ''}${words('alert', { words: alert.text[language], time, by, until })}`);
  }
  return lines;
}

/** A text in the language of the output. */
type Words = (name: StatusText, values?: Parameters<typeof statusText>[2]) => string;

function headlines(status: Status, words: Words, language: Language): string[] {
  const { mode, name, atMs, lastEntryAtMs, stopped, symbols } = status;
  const named = { name, mode, lastEntry: lastEntryAtMs === null ? null : clockTime(lastEntryAtMs) };
  const left = symbols.flatMap((symbol) => leftLine(symbol, words, language));
  switch (status.engine) {
    case 'silent':
      return [words('silent', named), words('silentThen')];
    case 'killed':
      return [words('killed', named), words('killedThen')];
    case 'none':
      return [words('none', named)];
    case 'stopped': {
      const how = stopped === null ? {} : { at: clockTime(stopped.atMs), code: stopped.exitCode ?? '-' };
      return [words('stopped', { ...named, ...how }), ...(left.length === 0 ? [words('nothingLeft')] : left)];
    }
    default: {
      const since = status.startedAtMs === null ? null : lasting(atMs - status.startedAtMs, language);
      const line = words('running', { ...named, engine: status.engine, since });
      return [line, ...left, ...moneyLines(status, words, language)];
    }
  }
}

/** Equity, margins and reads of an account; older engines do not report free margin and liquidation (strategy 17.5). */
function accountLine(one: AccountStatus, atMs: number, words: Words, language: Language): string {
  const { account, marginRatio, polledAtMs, failuresInARow, failure, freeMarginUsdt, liquidation, poller } = one;
  return words('account', {
    ...{ account, equity: money(one.equityUsdt), poller: poller ?? ' ' },
    ratio: marginRatio === null ? words('noRatio') : words('ratio', { value: percent(marginRatio) }),
    read: polledAtMs === null ? words('notRead') : words('read', { time: lasting(atMs - polledAtMs, language) }),
    free: freeMarginUsdt ? money(freeMarginUsdt) : null,
    ...(liquidation ? { distance: percent(liquidation.distance), liquidated: liquidation.instrument } : {}),
    ...(failuresInARow > 0 ? { failures: failuresInARow, failure: failure?.[language] ?? ' ' } : {}),
  });
}

/** Totals of today and seven days, and whether openings are stopped (8.6, 17.4); older engines do not report it. */
function moneyLines({ money: counted, openingsStop }: Status, words: Words, language: Language): string[] {
  const of = (span: string, { total, spread, unwinds, volume, fees, funding }: MoneyLine) =>
    words('money', {
      ...{ span, total: money(total), spread: money(spread), unwinds: money(unwinds), volume: money(volume) },
      ...{ fees: money(fees.USDT ?? '0'), funding: money(funding.USDT ?? '0') },
    });
  return [
    ...(counted ? [of(words('today'), counted.today), of(words('week'), counted.week)] : []),
    ...(openingsStop ? [words('openingsStop', { why: openingsStop[language] })] : []),
  ];
}

/** Progress of the gray rollout (strategy 16.7); empty once all symbols trade in full. */
function rolloutLines(symbols: readonly SymbolStatus[], words: Words, language: Language): string[] {
  // Older engines do not report it.
  const taking = symbols.flatMap(({ instrument, rollout }) => (rollout ? [{ instrument, ...rollout }] : []));
  const full = taking.filter(({ stage }) => stage === 'full').length;
  if (full === taking.length) return [];
  const waiting = taking.filter(({ stage }) => stage === 'waiting').length;
  const trials = taking.filter(({ stage }) => stage === 'trial');
  return [
    words('rollout', { full, all: taking.length, waiting }),
    ...trials.map((one) => {
      const { instrument: symbol, hedges, hedgesWanted, placed, failed, cooldowns, passedOn, held } = one;
      const [ran, ranWanted] = [lasting(one.ranMs, language), lasting(one.ranWantedMs, language)];
      const figures = { symbol, hedges, hedgesWanted, ran, ranWanted, placed, orders: placed + failed };
      return [
        words('trial', { ...figures, cooldowns: cooldowns === 0 ? null : cooldowns }),
        passedOn === null ? '' : words('passedOn'),
        held === null ? '' : words('held', { ...held }),
      ].join('');
    }),
    '',
  ];
}

/** The unhedged net (strategy 12.3, 13.4). */
function leftLine({ instrument: symbol, open }: SymbolStatus, words: Words, language: Language): string[] {
  // Older engines do not report it.
  if (!open) return [];
  const { size, sinceMs, costUsdt: cost } = open;
  const since = sinceMs === null ? null : clockTime(sinceMs);
  return [words('left', { symbol, side: SIDES[language][open.hedgeSide], size, usdt: money(open.usdt), since, cost })];
}

function symbolCells(symbol: SymbolStatus, atMs: number, words: Words, language: Language): string[] {
  const { sinceMs, sinceStart } = symbol;
  const age = sinceMs === null ? '' : ` ${lasting(atMs - sinceMs, language)}${sinceStart ? words('sinceStart') : ''}`;
  return [
    symbol.instrument,
    `${symbol.phase}${age}${modeWords(symbol, words)}`,
    symbol.positions.A.size,
    symbol.positions.B.size,
    symbol.net,
    symbol.netUsdt ?? '-',
    String(symbol.orders.length),
    String(symbol.lots.length),
    symbol.gainedUsdt,
    (symbol.idle ?? symbol.why)?.[language] ?? '',
  ];
}

/** The mode beside the state, if it is not `trade` (strategy 16.1). */
function modeWords({ symbolMode, modeSources, leaving, rollout }: SymbolStatus, words: Words): string {
  const sources = [
    ...(modeSources.file === 'trade' ? [] : [words('symbolsFile')]),
    ...modeSources.commands.map(({ verb, untilMs }) =>
      untilMs === null ? verb : words('until', { verb, time: localTime(untilMs) }),
    ),
    ...(leaving === null ? [] : [words('leaving', { why: leaving })]),
    ...(rollout?.stage === 'waiting' ? [words('inRollout')] : []),
  ];
  return sources.length === 0 ? '' : `, ${symbolMode} (${sources.join(', ')})`;
}

/** In the zone of the settings, which is this process's (strategy 2.1). */
function localTime(ms: number): string {
  return new Date(ms).toLocaleString('sv-SE');
}

/** Columns as wide as their widest cell; numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column]!))));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const space = ' '.repeat(widths[column]! - widthOf(cell));
        return column >= 2 && column <= 8 ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Width in a terminal: a Chinese character takes two columns. */
function widthOf(text: string): number {
  return [...text].reduce(
    (sum, one) =>
      sum +
      (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/.test(one)
        ? 2
        : 1),
    0,
  );
}

function percent(ratio: string): string {
  return `${(Number(ratio) * 100).toFixed(2)} %`;
}

function money(text: string | null): string {
  return text === null ? '-' : text.replace(/(\.\d{2})\d*$/, '$1').replace(/^-(?=0\.00$)/, '');
}

import { get } from 'node:http';
import { readEngineAddress } from '../engine/address.ts';
import { EXIT_CONFIGURATION, staleMs } from '../engine/engine.ts';
import { NoJournalError, openChosenJournal } from '../engine/journal-choice.ts';
import { latestMargins } from '../explain/levelling.ts';
import { clockTime } from '../explain/words.ts';
import { JournalError } from '../journal/errors.ts';
import { isHeld } from '../journal/lock.ts';
import type { Clock } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import { journalStatus } from '../status/offline.ts';
import { lasting } from '../texts/duration.ts';
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
 * Prints how things stand: what a running engine says, else what its journal remembers.
 *
 * @returns 0; 78: no engine answers and there is no journal that can be read
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
    complain(thrown.message);
    return EXIT_CONFIGURATION;
  }
  if (options.json) print(JSON.stringify(status, null, 2));
  else {
    for (const line of statusLines(status)) print(line);
    // A running engine says what they are now; older ones do not, and a journal has those of an hour.
    if (!status.levelling) for (const line of marginLines(parts, options.journal)) print(line);
  }
  return 0;
}

/** Free margin, distance to liquidation and levelling (strategy 17.5), from the journal, also while an engine writes it. */
function marginLines({ settings, clock, complain }: StatusCommandParts, file: string | undefined): string[] {
  try {
    const journal = openChosenJournal(settings, file ?? null);
    try {
      const lines = latestMargins(journal, clock.nowMs());
      return lines.length === 0 ? [] : ['', ...lines];
    } finally {
      journal.close();
    }
  } catch (thrown) {
    if (!(thrown instanceof NoJournalError || thrown instanceof JournalError)) throw thrown;
    // The engine has answered: how things stand is known, only the margins are not.
    complain(`Margins: ${thrown.message}`);
    return [];
  }
}

/** What the engine of this data directory says, else one at the settings' port; null: nobody answers, or something else does. */
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
    // Of a journal that was named nobody knows which engine writes it.
    const runs = file === undefined ? isHeld(settings.dataDir) : null;
    return journalStatus(journal, settings, staleMs(settings.loopIntervalMs), clock.nowMs(), runs);
  } finally {
    journal.close();
  }
}

/** The status as people read it in a terminal. */
export function statusLines(status: Status): string[] {
  const { atMs } = status;
  const lines = [...headlines(status), ''];
  if (status.source === 'engine') {
    for (const one of status.accounts) {
      const ratio = one.marginRatio === null ? 'margin ratio not known' : `margin ratio ${percent(one.marginRatio)}`;
      const read = one.polledAtMs === null ? 'not read yet' : `read ${lasting(atMs - one.polledAtMs)} ago`;
      const trouble =
        one.failuresInARow > 0 ? `, ${one.failuresInARow} failures in a row: ${one.failure?.en ?? ''}` : '';
      lines.push(
        `${one.account}  equity ${money(one.equityUsdt)} USDT, ${ratio}${marginWords(one)}, ${read}, ${one.poller ?? ''}${trouble}`,
      );
    }
    if (status.levelling) lines.push(`Levelling: ${status.levelling.en} (strategy ${status.levelling.rule})`);
    for (const { account, bucket, waiting } of status.budget) {
      if (waiting > 0) lines.push(`${account ?? '-'}  ${waiting} requests wait for the budget (${bucket})`);
    }
    lines.push('');
  }
  lines.push(...rolloutLines(status.symbols));
  const head = ['symbol', 'state', 'A', 'B', 'net', 'net USDT', 'orders', 'lots', 'gained', 'why'];
  lines.push(...table([head, ...status.symbols.map((symbol) => symbolCells(symbol, atMs))]), '');
  if (status.alerts.length === 0) lines.push('No alert holds.');
  for (const alert of status.alerts) {
    const handled = [
      ...(alert.ackedBy ? [`, acknowledged by ${alert.ackedBy}`] : []),
      ...(alert.silencedUntilMs ? [`, silenced until ${clockTime(alert.silencedUntilMs)}`] : []),
    ].join('');
    lines.push(`${alert.critical ? '!! ' : ''}${alert.text.en} (for ${lasting(atMs - alert.sinceMs)}${handled})`);
  }
  return lines;
}

function headlines(status: Status): string[] {
  const { mode, name, atMs, heardAtMs, stopped, symbols } = status;
  const heard = heardAtMs === null ? '' : `; its journal's last entry is of ${clockTime(heardAtMs)}`;
  const left = symbols.flatMap(leftLine);
  const open = left.length === 0 ? ['Nothing is left unhedged.'] : left;
  switch (status.engine) {
    case 'silent':
      return [
        `${name} on ${mode}: an engine runs and does not answer: frozen, overloaded, or without a dashboard${heard}.`,
        'Its orders may rest and fill. Its journal remembers:',
      ];
    case 'killed':
      return [
        `${name} on ${mode}: the engine ended without a stop (killed, power cut)${heard}.`,
        'Its orders rest until they expire or the next start takes them over. Its journal remembers:',
      ];
    case 'none':
      return [`No engine answers (${mode}); its journal remembers:`];
    case 'stopped': {
      const at = stopped === null ? '' : ` at ${clockTime(stopped.atMs)}, exit code ${stopped.exitCode ?? '-'}`;
      return [`${name} on ${mode}: stopped in order${at}.`, ...open];
    }
    default: {
      const since = status.startedAtMs === null ? '' : ` for ${lasting(atMs - status.startedAtMs)}`;
      return [`${name}: ${status.engine} on ${mode}${since}`, ...left, ...moneyLines(status)];
    }
  }
}

/** Free margin and the nearest liquidation (strategy 17.5); an older engine does not say them. */
function marginWords({ freeMarginUsdt, liquidation }: AccountStatus): string {
  const free = freeMarginUsdt ? `, ${money(freeMarginUsdt)} USDT free` : '';
  if (!liquidation) return free;
  return `${free}, nearest liquidation ${percent(liquidation.distance)} from the mark (${liquidation.instrument})`;
}

/** What today and seven days came to, and whether openings are stopped (strategy 8.6, 17.4); an older engine does not say it. */
function moneyLines({ money: counted, openingsStop }: Status): string[] {
  const of = (name: string, line: MoneyLine) =>
    `${name}: ${money(line.total)} USDT earned (spread ${money(line.spread)}, unwinds ${money(line.unwinds)}, fees ` +
    `${money(line.fees.USDT ?? '0')}, funding ${money(line.funding.USDT ?? '0')}), volume ${money(line.volume)}`;
  return [
    ...(counted ? [of('Today', counted.today), of('7 days', counted.week)] : []),
    ...(openingsStop ? [`${openingsStop.en}; repairs go on`] : []),
  ];
}

/** The gray rollout as progress with its figures (strategy 16.7); nothing once all trade in full. */
function rolloutLines(symbols: readonly SymbolStatus[]): string[] {
  // An older engine does not say it.
  const taking = symbols.flatMap(({ instrument, rollout }) => (rollout ? [{ instrument, ...rollout }] : []));
  const full = taking.filter(({ stage }) => stage === 'full').length;
  if (full === taking.length) return [];
  const waiting = taking.filter(({ stage }) => stage === 'waiting');
  return [
    `Rollout: ${full} of ${taking.length} symbols in full, ${waiting.length} waiting`,
    ...taking.flatMap((one) => {
      if (one.stage !== 'trial') return [];
      const { held } = one;
      const ran = `${lasting(one.ranMs)} of ${lasting(one.ranWantedMs)}`;
      const orders = `${one.placed} of ${one.placed + one.failed} orders placed`;
      const cooldowns = one.cooldowns === 0 ? '' : `, ${one.cooldowns} cooldowns in a row`;
      const passed = one.passedOn === null ? '' : '; the next one has started meanwhile';
      const holds = held === null ? '' : `; HELD by ${held.figure}: ${held.value}, limit ${held.limit}`;
      return [
        `  ${one.instrument} on trial: ${one.hedges} of ${one.hedgesWanted} hedges, ${ran}, ${orders}${cooldowns}${passed}${holds}`,
      ];
    }),
    '',
  ];
}

/** What is not hedged (strategy 12.3, 13.4). */
function leftLine({ instrument, open }: SymbolStatus): string[] {
  // An older engine does not say it.
  if (!open) return [];
  const since = open.sinceMs === null ? '' : `, since ${clockTime(open.sinceMs)}`;
  const cost = open.costUsdt === null ? '' : `, at the touch that costs ${open.costUsdt} USDT`;
  return [
    `${instrument} unhedged: ${open.hedgeSide} ${open.size} would hedge it, ${money(open.usdt)} USDT${since}${cost}`,
  ];
}

function symbolCells(symbol: SymbolStatus, atMs: number): string[] {
  const age =
    symbol.sinceMs === null ? '' : ` ${lasting(atMs - symbol.sinceMs)}${symbol.sinceStart ? ' (since the start)' : ''}`;
  return [
    symbol.instrument,
    `${symbol.phase}${age}${modeWords(symbol)}`,
    symbol.positions.A.size,
    symbol.positions.B.size,
    symbol.net,
    symbol.netUsdt ?? '-',
    String(symbol.orders.length),
    String(symbol.lots.length),
    symbol.gainedUsdt,
    (symbol.idle ?? symbol.why)?.en ?? '',
  ];
}

/** The mode next to the state, where it is not `trade` (strategy 16.1). */
function modeWords({ symbolMode, modeSources, leaving, rollout }: SymbolStatus): string {
  const sources = [
    ...(modeSources.file === 'trade' ? [] : ['symbols file']),
    ...modeSources.commands.map(
      ({ verb, untilMs }) => `${verb}${untilMs === null ? '' : ` until ${localTime(untilMs)}`}`,
    ),
    ...(leaving === null ? [] : [`leaving: ${leaving}`]),
    ...(rollout?.stage === 'waiting' ? ['rollout'] : []),
  ];
  return sources.length === 0 ? '' : `, ${symbolMode} (${sources.join(', ')})`;
}

/** In the zone of the settings, which is this process's (strategy 2.1). */
function localTime(ms: number): string {
  return new Date(ms).toLocaleString('sv-SE');
}

/** Columns as wide as their widest cell; numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column >= 2 && column <= 8 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}

function percent(ratio: string): string {
  return `${(Number(ratio) * 100).toFixed(2)} %`;
}

function money(text: string | null): string {
  return text === null ? '-' : text.replace(/(\.\d{2})\d*$/, '$1');
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, answerOf } from '../backtest/answer.ts';
import { answerHtml } from '../backtest/html.ts';
import { Kept } from '../backtest/kept.ts';
import { ownTradingOf } from '../backtest/own-trading.ts';
import { type Asked, latencyOf, planOf, STRATEGY_VARIABLES, sweepOf } from '../backtest/plan.ts';
import { type Played, play } from '../backtest/play.ts';
import type { Row } from '../backtest/question.ts';
import { selfCheck } from '../backtest/self-check.ts';
import { answerText } from '../backtest/text.ts';
import { whyOf } from '../core/error-text.ts';
import { EXIT_DEFECT, EXIT_GOOD, EXIT_INCOMPLETE } from '../core/exit-codes.ts';
import { NoJournalError, openChosenJournal } from '../engine/journal-choice.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { JournalError } from '../journal/errors.ts';
import { sumsOf } from '../market/checksums.ts';
import { MarketError } from '../market/errors.ts';
import { ALWAYS, type Range } from '../market/store.ts';
import { knownInstruments } from '../paper/index.ts';
import { unpack } from '../runs/pack.ts';
import { runInProcesses } from '../runs/pool.ts';
import type { RunsOptions } from '../runs/task.ts';
import type { Settings } from '../settings/index.ts';
import { lasting } from '../simulate/report-text.ts';
import { MARKETS } from '../simulate/setup.ts';
import { backtestText } from '../texts/backtest.ts';
import { OptionError, OptionUnusable, wholeFrom } from '../texts/option-error.ts';
import { ReasonError } from '../texts/reason-error.ts';
import type { GivenBacktest as Given } from './backtest.ts';
import { clearProgress, interruptedBySignals, progress, realNow, reportingErrors, say } from './long-run.ts';
import { overQueue, queueAddress, workersText } from './queue.ts';

/** Implementation of `backtest` (strategy 19.2 to 19.4). */

const REFUSALS = [ReasonError, MarketError];

/** The settings a backtest uses. */
export interface Parts {
  readonly settings: Settings;
  /** As written in `.env` or the process environment. */
  readonly texts: ReadonlyMap<string, string>;
}

/** @returns the exit code; prints one line if something cannot be done */
export async function backtestReportingErrors(given: Given, parts: Parts): Promise<number> {
  return reportingErrors(REFUSALS, async () => {
    if (given.queue !== undefined && (given.workers !== undefined || given.selfCheck !== undefined))
      throw new OptionError('--queue', null, {
        en: 'it without --workers, which its workers have themselves, and --self-check',
        zh: '不与 --workers（工作进程自有）和 --self-check 同用',
      });
    if (given.selfCheck !== undefined) return checkItself(given.selfCheck, given.seed);
    return backtest(given, parts, await queueAddress(given.queue, async () => parts.settings.journalUrl));
  });
}

/** Plays what the options ask for and prints the result. @returns the exit code @throws OptionError, MarketError */
async function backtest(given: Given, parts: Parts, queue: string | null): Promise<number> {
  const plan = planOf(askedOf(given, parts));
  // An unwritable file is reported before the work is done.
  if (given.html !== undefined) writePage(given.html, '');
  const beganMs = realNow();
  using interruption = interruptedBySignals(EXIT_INCOMPLETE);
  const kept = new Kept(plan);
  const total = kept.count * (plan.range.toMs - plan.range.fromMs);
  let ended = 0;
  const standing = (simulatedMs: number, workers: number | null): void => {
    const forMs = realNow() - beganMs;
    const left = simulatedMs === 0 ? null : ((total - simulatedMs) / simulatedMs) * forMs;
    progress(
      `${ended} of ${kept.count} runs, ${((100 * simulatedMs) / total).toFixed(1)} %, ` +
        `${Math.round(simulatedMs / Math.max(1, forMs))} times real time, about ${lasting(left)} left${workersText(workers)}`,
    );
  };
  if (kept.count === 1 && queue === null) {
    const played = await play(kept.questionOf(0), {
      interrupted: () => interruption.signal.aborted,
      onProgress: (simulatedMs) => standing(simulatedMs, null),
    });
    kept.played(0, played);
    ended = 1;
  } else {
    const runs: RunsOptions = {
      ...{ count: kept.count, signal: interruption.signal },
      taskOf: (run) => ({ kind: 'backtest', question: kept.questionOf(run) }),
      onStanding: ({ running, workers }) =>
        standing(
          running.reduce((total, one) => total + one.simulatedMs, kept.playedMs),
          workers,
        ),
      onResult: (run, text) => {
        ended += 1;
        kept.played(run, unpack<Played>(text));
      },
      onFailed: (run, error) => {
        ended += 1;
        kept.failed += 1;
        say(`run ${run + 1} of ${kept.count} has no result: ${error}`);
      },
    };
    if (queue === null) await runInProcesses({ ...runs, workers: plan.asked.workers });
    else {
      const { market } = plan.asked;
      const symbols = plan.summaries.map(({ symbol }) => symbol);
      const files = sumsOf(market, symbols, plan.range);
      await overQueue(queue, { kind: 'backtest', market: { symbols, range: plan.range, files } }, runs);
    }
  }
  const tookMs = realNow() - beganMs;
  clearProgress();
  const { lang } = parts.settings;
  const answer = answerOf(plan, kept.runs, lang);
  process.stdout.write(
    `${given.json ? JSON.stringify(answerOf(plan, kept.runs), null, 2) : answerText(answer, lang)}\n`,
  );
  if (given.html !== undefined) {
    writePage(given.html, answerHtml(answer, lang));
    say(backtestText(lang, 'shows', { file: given.html }));
  }
  const [hours, seconds] = [(kept.playedMs / 3_600_000).toFixed(1), (tookMs / 1_000).toFixed(1)];
  say(backtestText(lang, 'speed', { hours, seconds, times: Math.round(kept.playedMs / tookMs) }));
  if (kept.failed > 0 || isBroken(answer)) return EXIT_DEFECT;
  return ended < kept.count || interruption.signal.aborted ? EXIT_INCOMPLETE : EXIT_GOOD;
}

/** Strategy 19.4. @returns 70 if a difference has no known kind @throws OptionError */
async function checkItself(hours: string, seed: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'self-check-'));
  try {
    const { windows, sameCreates, sameFills } = await selfCheck({
      ...{ directory, spec: knownInstruments()[0]!, profile: MARKETS.meanReverting, fromMs: Date.UTC(2026, 0, 5) },
      ...{ seed: wholeOf('seed', seed, 0, MAX_SEED), hours: wholeOf('self-check', hours, 1, MOST_CHECKED_HOURS) },
      onWindow: (done, of) => progress(`${done} of ${of} windows`),
    });
    clearProgress();
    const kinds = Map.groupBy(windows, ({ difference }) => difference?.kind ?? 'none');
    for (const { fromMs, difference } of windows) {
      const told =
        difference === null
          ? 'nothing differs'
          : `${difference.kind}: ${difference.live}; replay: ${difference.replay}`;
      console.log(`${new Date(fromMs).toISOString().slice(11, 16)}  ${told}`);
    }
    const counts = [...kinds].map(([kind, all]) => `${kind} ${all.length}`).join(', ');
    console.log(
      `${sameCreates} creates and ${sameFills} fills were the same before something differed. First differences: ${counts}.`,
    );
    return kinds.has('other') ? EXIT_DEFECT : EXIT_GOOD;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @throws OptionError */
function writePage(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (thrown) {
    throw new OptionUnusable('--html', file, [whyOf(thrown)]);
  }
}

function isBroken({ points }: Answer): boolean {
  return points
    .flatMap(({ runs }) => runs)
    .some(({ failure, breaches }) => failure !== null || Object.keys(breaches ?? {}).length > 0);
}

/** @throws OptionError */
function askedOf(given: Given, { settings, texts }: Parts): Asked {
  const variables = Object.fromEntries([...texts].filter(([name]) => STRATEGY_VARIABLES.includes(name)));
  const fromMs = given.from === undefined ? null : timeOf('from', given.from);
  const toMs = given.to === undefined ? null : timeOf('to', given.to);
  const range = { fromMs: fromMs ?? ALWAYS.fromMs, toMs: toMs ?? ALWAYS.toMs };
  const sweep =
    given.sweep === undefined ? { symbols: null, sets: [] } : sweepOf(given.sweep, readJson('sweep', given.sweep));
  return {
    market: given.market,
    symbols: given.symbols === undefined ? sweep.symbols : given.symbols.split(',').map((name) => name.trim()),
    rows: rowsOf(given.symbolsFile ?? (texts.has('GRVT_HEDGE_SYMBOLS_FILE') ? settings.symbolsFile : null)),
    variables,
    sets: [...sweep.sets, ...given.set],
    own: ownTrading(given.without ?? null, settings, range),
    isOwnTakenOut: given.without !== undefined,
    ...{ fromMs, toMs },
    equityUsdt: decimalOf('equity', given.equity),
    fill: given.fill,
    spread: given.spread ?? null,
    depthUsdt: given.depth ?? null,
    makerFeePercent: decimalOf('maker-fee', given.makerFee),
    takerFeePercent: decimalOf('taker-fee', given.takerFee),
    fundingPercent: given.funding === undefined ? null : decimalOf('funding', given.funding),
    latency: latencyOf(given.latency),
    seed: wholeOf('seed', given.seed, 0, MAX_SEED),
    audit: given.audit,
    workers: given.workers === undefined ? availableParallelism() : wholeOf('workers', given.workers, 1, MAX_WORKERS),
    yes: given.yes === true,
  };
}

/**
 * Trades and orders of engines in these markets, by their journals. If none is named the settings' journal is used for
 * a warning; a dry run or paper run affected no market. @throws OptionError, NoJournalError, JournalError
 */
function ownTrading(given: NonNullable<Given['without']> | null, settings: Settings, range: Range): Asked['own'] {
  if (given === null && settings.mode === 'paper') return new Map();
  const journals: EngineJournal[] = [];
  try {
    for (const name of Array.isArray(given) ? given : [null]) journals.push(openChosenJournal(settings, name));
    return ownTradingOf(journals, range);
  } catch (thrown) {
    if (given !== null || !(thrown instanceof NoJournalError || thrown instanceof JournalError)) throw thrown;
    // Not requested explicitly.
    if (thrown instanceof JournalError)
      say(`It is unknown whether the recording contains own trades: ${thrown.message}`);
    return new Map();
  } finally {
    for (const journal of journals) journal.close();
  }
}

/** @throws OptionError if the file is unreadable or not JSON */
function readJson(option: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    throw new OptionUnusable(`--${option}`, file, [whyOf(thrown)]);
  }
}

/** @throws OptionError if the file is unreadable or no list of rows; rows are validated with the settings */
function rowsOf(file: string | null): readonly Row[] {
  if (file === null) return [];
  const rows = readJson('symbols-file', file);
  if (!Array.isArray(rows) || rows.some((row) => row === null || typeof row !== 'object'))
    throw new OptionError('--symbols-file', file, {
      en: 'a list of rows, as in config/hedge_symbols.example.json',
      zh: '行的列表，如 config/hedge_symbols.example.json',
    });
  return rows as readonly Row[];
}

function timeOf(option: string, text: string): number {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z?$/.test(text);
  const atMs = isDay || isTime ? Date.parse(isDay || text.endsWith('Z') ? text : `${text}Z`) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new OptionError(`--${option}`, text, {
      en: '2026-01-05 or 2026-01-05T08:00, UTC',
      zh: '2026-01-05 或 2026-01-05T08:00（UTC）',
    });
  return atMs;
}

function decimalOf(option: string, text: string): string {
  if (!/^-?\d{1,12}(\.\d{1,9})?$/.test(text))
    throw new OptionError(`--${option}`, text, { en: 'a number', zh: '数字' });
  return text;
}

/** More takes almost an hour. */
const MOST_CHECKED_HOURS = 24;
const MAX_WORKERS = 1_024;
const MAX_SEED = 4_294_967_295;

function wholeOf(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new OptionError(`--${option}`, text, wholeFrom(least, most));
  return value;
}

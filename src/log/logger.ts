import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { Decimal } from '../core/decimal.ts';
import { errorText } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import type { Redact, Reporter } from '../ports.ts';
import { ruleOf } from '../texts/reasons.ts';
import type { Figures } from './figures.ts';
import { DEFAULT_LINE_CONTEXT, type Level, type LineContext, line } from './lines.ts';
import type { LogFile } from './log-file.ts';

/** How often the rollout figures are printed (runbook). */
export const FIGURES_EVERY_MS = 600_000;

/** Exit codes of a start that came to nothing: exchange out of reach, configuration (strategy 13.2). */
const FAILED_STARTS: readonly number[] = [69, 78];

/** The same alert is told again after this at the earliest: the shortest repeat there is (strategy 12). */
const ALERT_AGAIN_MS = 120_000;

/** The same denial of the same account is told again after this at the earliest (strategy 7.3: not once per loop). */
const DENIAL_AGAIN_MS = 600_000;

/** Alerts and denials remembered as told; beyond it the oldest are forgotten and at worst told twice. */
const REMEMBERED = 2000;

/** The log of a run: hears facts, says lines. */
export interface EngineLog extends Reporter {
  /** A line that is no fact: start-up errors, warnings, what the REST client logs. */
  say(level: Level, text: string, atMs: number): void;
  /** Prints the figures now, as at the end of a run. */
  sayFigures(atMs: number): void;
  close(): void;
}

export interface EngineLogOptions {
  /** Every line passes it. */
  readonly redact: Redact;
  /** The screen; null: none. `colour` for a terminal. */
  readonly screen: { write(text: string): unknown; readonly colour: boolean } | null;
  /** JSON lines; null: none. */
  readonly file: LogFile | null;
  readonly context?: LineContext;
  readonly figures?: Figures;
  /** Least level shown on the screen; the file takes everything that has a line. */
  readonly screenLevel?: Level;
}

const LEVEL_NUMBER: Readonly<Record<Level, number>> = { debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };

/**
 * Makes the log (strategy 14): one readable line per fact that matters on the screen, the same with the fact's fields as
 * JSON in the file, no secret in either. Times are the facts' own, so that a replayed run writes the same bytes.
 * Never throws: what cannot be written is said on the other side, once.
 */
export function createEngineLog(options: EngineLogOptions): EngineLog {
  const { redact, screen, file, figures, context = DEFAULT_LINE_CONTEXT } = options;
  const leastOnScreen = LEVEL_NUMBER[options.screenLevel ?? 'info'];
  const pretty = prettyFactory({
    colorize: screen?.colour ?? false,
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    ignore: 'pid,hostname',
  });
  // The line being written: its time and level.
  let nowMs = 0;
  let nowLevel: Level = 'info';
  let fileBroken = false;
  let screenBroken = false;

  const onScreen = (text: string) => {
    if (screen === null || screenBroken) return;
    try {
      screen.write(text);
    } catch (thrown) {
      screenBroken = true;
      toFile(record('warn', `The screen cannot be written: ${errorText(thrown)}; the log file goes on`));
    }
  };
  const toFile = (json: string) => {
    if (file === null) return;
    try {
      file.write(json, nowMs);
      if (fileBroken) onScreen(`${redact('The log file can be written again')}\n`);
      fileBroken = false;
    } catch (thrown) {
      if (!fileBroken) onScreen(`The log file cannot be written: ${redact(errorText(thrown))}; the screen goes on\n`);
      fileBroken = true;
    }
  };
  const record = (level: Level, msg: string) => `${JSON.stringify({ level, time: nowMs, msg: redact(msg) })}\n`;

  const log = pino(
    {
      level: 'debug',
      base: null,
      timestamp: () => `,"time":${nowMs}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(json: string) {
        const safe = (redact.json ?? redact)(json);
        toFile(safe);
        if (LEVEL_NUMBER[nowLevel] >= leastOnScreen) onScreen(pretty(safe));
      },
    },
  );

  const told = new Map<string, number>();
  /** Whether that was told less than a while ago; if not, it counts as told now. */
  const toldLately = (key: string, atMs: number, againMs: number): boolean => {
    const last = told.get(key);
    if (last !== undefined && atMs >= last && atMs - last < againMs) return true;
    told.delete(key);
    told.set(key, atMs);
    const oldest = told.size > REMEMBERED ? told.keys().next().value : undefined;
    if (oldest !== undefined) told.delete(oldest);
    return false;
  };
  const repeats = (fact: Fact): boolean => {
    if (fact.type === 'alert.resolved') told.delete(`alert ${fact.key}`);
    if (fact.type === 'alert.raised') return toldLately(`alert ${fact.alert.key}`, fact.atMs, ALERT_AGAIN_MS);
    if (fact.type !== 'intent.denied') return false;
    const { instrument, account, why, intent } = fact;
    return toldLately(`denied ${instrument} ${account} ${intent.side} ${ruleOf(why)}`, fact.atMs, DENIAL_AGAIN_MS);
  };

  const say = (level: Level, text: string, atMs: number, fields: object = {}) => {
    nowMs = atMs;
    nowLevel = level;
    // A line that others' words begin must not look like one of ours.
    log[level](fields, text.replaceAll(/\n/g, '\n    '));
  };
  const sayFigures = (atMs: number) => {
    for (const text of figures?.lines() ?? []) say('info', text, atMs);
  };

  let figuresAtMs: number | null = null;
  const figuresDue = (fact: Fact): boolean => {
    // A clock set back starts the count anew.
    if (figuresAtMs === null || fact.atMs < figuresAtMs) figuresAtMs = fact.atMs;
    // A start that came to nothing has no figures, and they would push what it failed at off the screen.
    if (fact.type === 'engine.stopped' && FAILED_STARTS.includes(fact.exitCode)) return false;
    if (fact.type !== 'engine.stopped' && fact.atMs - figuresAtMs < FIGURES_EVERY_MS) return false;
    figuresAtMs = fact.atMs;
    return true;
  };

  return {
    report(fact) {
      figures?.report(fact);
      // Facts carry the time, so no timer is needed: something is polled, or fails to be, every few seconds.
      if (figures !== undefined && figuresDue(fact)) sayFigures(fact.atMs);
      const words = line(fact, context);
      if (words === null || repeats(fact)) return;
      const { atMs, ...fields } = fact;
      say(words.level, words.text, atMs, { fact: plain(fields) });
    },
    say: (level, text, atMs) => say(level, text, atMs),
    sayFigures,
    close() {
      file?.close();
    },
  };
}

/** Decimals as plain text, so that no reader of the file goes through floats. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (Decimal.isDecimal(value)) return value.toFixed();
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

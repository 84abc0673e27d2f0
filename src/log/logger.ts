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

/** Interval of printing the rollout figures (runbook). */
export const FIGURES_EVERY_MS = 600_000;

/** Exit codes of a failed start: exchange unreachable, configuration (strategy 13.2). */
const FAILED_STARTS: readonly number[] = [69, 78];

/** Shortest time until the same alert is logged again: the shortest repeat period (strategy 12). */
const ALERT_AGAIN_MS = 120_000;

/** Shortest time until the same denial of the same account is logged again (strategy 7.3: not once per loop). */
const DENIAL_AGAIN_MS = 600_000;

/** Alerts and denials remembered as logged; beyond it the oldest are forgotten and may be logged twice. */
const REMEMBERED = 2000;

/** The log of a run: writes facts as lines. */
export interface EngineLog extends Reporter {
  /** A line that is no fact: start-up errors, warnings, the REST client's log. */
  say(level: Level, text: string, atMs: number): void;
  /** Prints the figures now, e.g. at the end of a run. */
  sayFigures(atMs: number): void;
  close(): void;
}

export interface EngineLogOptions {
  /** Applied to every line. */
  readonly redact: Redact;
  /** The screen; null: none. `colour` for a terminal. */
  readonly screen: { write(text: string): unknown; readonly colour: boolean } | null;
  /** JSON lines; null: none. */
  readonly file: LogFile | null;
  readonly context?: LineContext;
  readonly figures?: Figures;
}

/**
 * The log (strategy 14): one line per relevant fact on the screen, the same with the fact's fields as JSON in the file,
 * without secrets. Times are the facts' own, so that a replay writes the same bytes. Never throws: if one output fails,
 * the other one reports it once.
 */
export function createEngineLog(options: EngineLogOptions): EngineLog {
  const { redact, screen, file, figures, context = DEFAULT_LINE_CONTEXT } = options;
  const pretty = prettyFactory({
    colorize: screen?.colour ?? false,
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    ignore: 'pid,hostname',
  });
  // Time and level of the present line.
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
        if (nowLevel !== 'debug') onScreen(pretty(safe));
      },
    },
  );

  const logged = new Map<string, number>();
  /** Whether it was logged recently; if not, it counts as logged now. */
  const wasLoggedRecently = (key: string, atMs: number, againMs: number): boolean => {
    const last = logged.get(key);
    if (last !== undefined && atMs >= last && atMs - last < againMs) return true;
    logged.delete(key);
    logged.set(key, atMs);
    const oldest = logged.size > REMEMBERED ? logged.keys().next().value : undefined;
    if (oldest !== undefined) logged.delete(oldest);
    return false;
  };
  const repeats = (fact: Fact): boolean => {
    if (fact.type === 'alert.resolved') logged.delete(`alert ${fact.key}`);
    if (fact.type === 'alert.raised') return wasLoggedRecently(`alert ${fact.alert.key}`, fact.atMs, ALERT_AGAIN_MS);
    if (fact.type !== 'intent.denied') return false;
    const { instrument, account, why, intent } = fact;
    return wasLoggedRecently(
      `denied ${instrument} ${account} ${intent.side} ${ruleOf(why)}`,
      fact.atMs,
      DENIAL_AGAIN_MS,
    );
  };

  const say = (level: Level, text: string, atMs: number, fields: object = {}) => {
    nowMs = atMs;
    nowLevel = level;
    // Continuation lines are indented, so that foreign text cannot imitate a line of ours.
    log[level](fields, text.replaceAll(/\n/g, '\n    '));
  };
  const sayFigures = (atMs: number) => {
    for (const text of figures?.lines() ?? []) say('info', text, atMs);
  };

  let figuresAtMs: number | null = null;
  const figuresDue = (fact: Fact): boolean => {
    // A clock set back restarts the interval.
    if (figuresAtMs === null || fact.atMs < figuresAtMs) figuresAtMs = fact.atMs;
    // A failed start has no figures, and they would push its error off the screen.
    if (fact.type === 'engine.stopped' && FAILED_STARTS.includes(fact.exitCode)) return false;
    if (fact.type !== 'engine.stopped' && fact.atMs - figuresAtMs < FIGURES_EVERY_MS) return false;
    figuresAtMs = fact.atMs;
    return true;
  };

  return {
    report(fact) {
      figures?.report(fact);
      // No timer is needed: polls report a fact every few seconds.
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

/** Decimals as text, so that readers of the file need no floats. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (Decimal.isDecimal(value)) return value.toFixed();
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

import { INVARIANTS, type Invariant } from '../core/audit/index.ts';
import type { BothTexts } from '../core/reasons.ts';
import { numberFrom, OptionError, oneOfThese, wholeFrom } from '../texts/option-error.ts';
import { START_MS } from './campaign.ts';
import type { CampaignOptions } from './campaign-result.ts';
import { ALL_FAULTS, type AnyFault, everyFault, type FaultPlan, STREAM_FAULTS } from './fault-plan.ts';
import { type ModeChoice, POSITION_MODES, PROFILE_NAMES, type ProfileChoice } from './setup.ts';

/** The command line as text. */
export interface GivenOptions {
  readonly days: string;
  readonly seed?: string;
  readonly seeds?: string;
  readonly symbols: string;
  readonly faults: string;
  readonly fault?: readonly string[];
  readonly profile: string;
  readonly mode: string;
  readonly leg: string;
  readonly loop: string;
  readonly latency: string;
  readonly until?: string;
  readonly only?: string;
  readonly streams?: boolean;
  readonly keepGoing?: boolean;
  readonly workers?: string;
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly log?: string;
  /** Address of a database; true: that of the settings. */
  readonly queue?: string | boolean;
}

export const DEFAULTS = {
  days: '1',
  seed: '1',
  symbols: '1',
  faults: '0',
  profile: 'mixed',
  mode: 'mixed',
  leg: '24',
  loop: '2',
  latency: '5-80',
} as const;

/** A campaign's options without those that only work inside one process. */
export type PlainOptions = Omit<CampaignOptions, 'onLogLine' | 'onProgress' | 'interrupted'>;

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least || value > most) {
    throw new OptionError(`--${name}`, text, numberFrom(least, most));
  }
  return value;
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = number(name, text, least, most);
  if (!Number.isInteger(value)) throw new OptionError(`--${name}`, text, wholeFrom(least, most));
  return value;
}

/** With more symbols a simulated day takes almost an hour. */
const MAX_SYMBOLS = 100;
const MAX_WORKERS = 1_024;
const MAX_SEEDS = 100_000;
/** 32 bits. */
const MAX_SEED = 4_294_967_295;
const MAX_DAYS = 3_650;
const DAY_MS = 86_400_000;

/** `7`, `1..200` or `1,5,9`. @throws OptionError */
export function seedsOf(text: string): number[] {
  const range = /^(\d+)\.\.(\d+)$/.exec(text);
  if (range !== null) {
    const [from, to] = [Number(range[1]), Number(range[2])];
    if (to < from || to - from >= MAX_SEEDS)
      throw new OptionError('--seeds', text, {
        en: `FROM..TO, at most ${MAX_SEEDS}`,
        zh: `起..止，最多 ${MAX_SEEDS} 个`,
      });
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  }
  const seeds = text.split(',').map((one) => whole('seeds', one, 0, MAX_SEED));
  const twice = seeds.find((seed, index) => seeds.indexOf(seed) !== index);
  if (twice !== undefined)
    throw new OptionError('--seeds', String(twice), { en: 'each seed once', zh: '每个种子只出现一次' });
  return seeds;
}

/** One seed, or many. */
function seedsGiven({ seed, seeds }: GivenOptions): readonly number[] {
  if (seeds === undefined) return [whole('seed', seed ?? DEFAULTS.seed, 0, MAX_SEED)];
  if (seed !== undefined) throw new OptionError('--seed', seed, { en: 'it without --seeds', zh: '不与 --seeds 同用' });
  return seedsOf(seeds);
}

/** ms since the start, positive: `90s`, `15m`, `3h`, `2d`, or `2026-01-05T01:02:03Z`. */
function momentOf(text: string): number {
  const span = /^(\d+(?:\.\d+)?)(s|m|h|d)$/.exec(text);
  const ms =
    span === null
      ? Date.parse(text) - START_MS
      : Number(span[1]) * { s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS }[span[2] as 's'];
  if (Number.isNaN(ms))
    throw new OptionError('--until', text, {
      en: '90s, 15m, 3h, 2d or a time as the report prints it',
      zh: '90s、15m、3h、2d 或报告中打印的时间',
    });
  if (ms <= 0) {
    const start = new Date(START_MS).toISOString();
    throw new OptionError('--until', text, {
      en: `a time after ${start}, the beginning`,
      zh: `晚于开始时间 ${start} 的时间`,
    });
  }
  return ms;
}

/** The requested rates: one for all, and single kinds as `kind=rate`. */
function planOf(given: GivenOptions): FaultPlan {
  const rate = number('faults', given.faults, 0, 1);
  const plan: Partial<Record<AnyFault, number>> = { ...everyFault(rate) };
  if (given.streams === false) for (const kind of STREAM_FAULTS) delete plan[kind];
  for (const one of given.fault ?? []) {
    const [kind = '', text, ...more] = one.split('=');
    if (!(ALL_FAULTS as readonly string[]).includes(kind)) {
      throw new OptionError('--fault', one, oneOfThese(ALL_FAULTS));
    }
    if (text === undefined || more.length > 0) {
      throw new OptionError('--fault', one, {
        en: `KIND=RATE, such as ${kind}=0.1`,
        zh: `种类=比例，例如 ${kind}=0.1`,
      });
    }
    const own = number('fault', text, 0, 1);
    if (own > 0 && given.streams === false && STREAM_FAULTS.includes(kind as AnyFault)) {
      throw new OptionError('--fault', one, {
        en: 'no fault of streams beside --no-streams',
        zh: '与 --no-streams 同用时不含推送流故障',
      });
    }
    if (own === 0) delete plan[kind as AnyFault];
    else plan[kind as AnyFault] = own;
  }
  return plan;
}

/** Quoted for a shell. */
function quoted(text: string): string {
  return /^[\w.,:=-]+$/.test(text) ? text : `'${text}'`;
}

/**
 * The command that repeats one seed up to the second after `atMs` (null: the whole) with its log: the given options,
 * except those without influence on the course.
 */
function commandOf(given: GivenOptions, seed: number, atMs: number | null): string {
  const { streams, only, keepGoing, fault = [], until } = given;
  const words: string[] = [];
  const say = (name: string, value: string): void => void words.push(`--${name} ${quoted(value)}`);
  for (const name of ['days', 'symbols', 'faults', 'profile', 'mode', 'leg', 'loop', 'latency'] as const) {
    if (given[name] !== DEFAULTS[name]) say(name, given[name]);
  }
  for (const one of fault) say('fault', one);
  if (streams !== undefined) words.push(streams ? '--streams' : '--no-streams');
  if (only !== undefined) say('only', only);
  if (keepGoing) words.push('--keep-going');
  say('seed', String(seed));
  const seconds = atMs === null ? null : Math.floor(atMs / 1_000) + 1;
  if (seconds === null && until !== undefined) say('until', until);
  if (seconds !== null && seconds * 1_000 < Number(given.days) * DAY_MS) say('until', `${seconds}s`);
  return `npm run simulate -- ${words.join(' ')} --verbose`;
}

/** Reads the options, one campaign per seed. @throws OptionError */
export function optionsOf(given: GivenOptions): {
  readonly seeds: readonly number[];
  /** Simultaneous processes; null: the number of cores. */
  readonly workers: number | null;
  /** Given options without effect, as text. */
  readonly notes: readonly BothTexts[];
  /** The command that repeats one seed up to a moment (true time since the start). */
  readonly again: (seed: number, atMs: number | null) => string;
  readonly of: (seed: number) => PlainOptions;
} {
  const days = number('days', given.days, 0.01, MAX_DAYS);
  const symbols = whole('symbols', given.symbols, 1, MAX_SYMBOLS);
  const profile = given.profile as ProfileChoice;
  if (profile !== 'mixed' && !(PROFILE_NAMES as readonly string[]).includes(profile)) {
    throw new OptionError('--profile', profile, oneOfThese(['mixed', ...PROFILE_NAMES]));
  }
  const modes = given.mode as ModeChoice;
  if (!POSITION_MODES.includes(modes)) throw new OptionError('--mode', modes, oneOfThese(POSITION_MODES));
  const only = given.only === undefined ? null : given.only.split(',');
  const unknown = only?.find((name) => !(INVARIANTS as readonly string[]).includes(name) && name !== 'truth');
  if (unknown !== undefined) throw new OptionError('--only', unknown, oneOfThese([...INVARIANTS, 'truth']));
  const latency = given.latency.split('-').map((one) => number('latency', one, 0, 4_000));
  if (latency.length !== 2 || latency[0]! > latency[1]!)
    throw new OptionError('--latency', given.latency, {
      en: 'two round trips in ms, the smaller one first, such as 5-80',
      zh: '两个往返时间（毫秒），小的在前，例如 5-80',
    });
  const plan = planOf(given);
  const streams = given.streams ?? STREAM_FAULTS.some((kind) => plan[kind] !== undefined);
  const seeds = seedsGiven(given);
  if (given.log !== undefined && seeds.length > 1) {
    throw new OptionError('--log', given.log, {
      en: `one seed; --seeds names ${seeds.length}`,
      zh: `只有一个种子；--seeds 有 ${seeds.length} 个`,
    });
  }
  if (given.queue !== undefined && (given.log !== undefined || given.workers !== undefined)) {
    throw new OptionError('--queue', null, {
      en: 'it without --log and --workers, which its workers do not have from here',
      zh: '不与 --log、--workers 同用：工作进程不从这里取得它们',
    });
  }
  const legHours = number('leg', given.leg, 1, 24 * MAX_DAYS);
  const loopIntervalMs = Math.round(number('loop', given.loop, 0.1, 3_600) * 1_000);
  const untilGivenMs = given.until === undefined ? null : momentOf(given.until);
  const untilMs = untilGivenMs === null || untilGivenMs >= days * DAY_MS ? null : untilGivenMs;
  const workers = given.workers === undefined ? null : whole('workers', given.workers, 1, MAX_WORKERS);
  const notes: BothTexts[] = [];
  if (untilGivenMs !== untilMs) {
    notes.push({
      en: `--until: ${given.until}: not before the end of --days ${given.days}, which it does not change`,
      zh: `--until：${given.until}：不早于 --days ${given.days} 的结束，因此没有作用`,
    });
  }
  if (given.verbose && seeds.length > 1) {
    notes.push({
      en: `--verbose: the log is shown of one seed only; --seeds names ${seeds.length}`,
      zh: `--verbose：只显示一个种子的日志；--seeds 有 ${seeds.length} 个`,
    });
  }
  return {
    seeds,
    workers,
    notes,
    again: (seed, atMs) => commandOf(given, seed, atMs),
    of: (seed) => ({
      seed,
      days,
      symbols,
      plan,
      profile,
      modes,
      legHours,
      loopIntervalMs,
      latencyMs: [latency[0]!, latency[1]!],
      only: only as readonly Invariant[] | null,
      untilMs,
      keepGoing: given.keepGoing ?? false,
      streams,
      settings: {},
    }),
  };
}

import { type Decimal, sum } from '../core/decimal.ts';
import { ATTEMPT_LEAST_MS, type GoalAttempt } from './attempts.ts';
import type { CampaignResult } from './campaign-result.ts';
import { createDurations, type DurationFigures, type SymbolFigures } from './figures.ts';
import type { Finding } from './findings.ts';
import { type MarketKind, marketKind } from './setup.ts';
import type { Carried } from './surroundings.ts';

/** Durations of all seeds. Percentiles are of buckets 2 % wide, within 1 % of the exact value. */
export type Times = Omit<DurationFigures, 'buckets'>;

/** How many reached their goal, of those that began at least ATTEMPT_LEAST_MS before the end. */
export interface Goal {
  readonly attempts: number;
  readonly reached: number;
  /** Of those that reached it: exact. */
  readonly tookMs: { readonly median: number | null; readonly p90: number | null; readonly longest: number | null };
  /** Began too late to count. */
  readonly tooLate: number;
}

export type Goals = Readonly<Record<string, Goal>>;

/** Results over some seeds: all, or those of one market. Money in USDT, times in ms. */
export interface Figures {
  readonly simulatedDays: number;
  readonly symbolDays: number;
  readonly orders: number;
  readonly fills: number;
  readonly hedges: number;
  readonly unwinds: number;
  /** Pairs booked at a loss; any is a defect (strategy 4.4). */
  readonly pairsAtALoss: number;
  readonly spreadGainedUsdt: string;
  readonly worstImbalanceUsdt: string;
  readonly worstImbalanceLastedMs: number;
  readonly longestUnhedgedMs: number;
  /** From a lot's booking to its hedge or unwind, one per pair. */
  readonly timeToHedge: Times;
  /** From becoming unhedged to being hedged again. Cut at the end of a leg. */
  readonly unhedged: Times;
  /** The part of `unhedged` that was cut by a leg's end, without percentiles. */
  readonly unhedgedAtLegEnd: { readonly count: number; readonly longestMs: number };
  /** Share of the time by state (strategy 5); `waiting`: for usable data. */
  readonly statesShare: Readonly<Record<string, number>>;
  /** Share of the same time in `capped` with positions at the exchange that did not cancel out. */
  readonly cappedUnhedgedShare: number;
  readonly goals: Goals;
}

/** Result of one or many campaigns as JSON: everything but `wall` is equal from run to run. */
export interface Report extends Figures {
  readonly what: Readonly<Record<string, unknown>>;
  /** Of the code; `-dirty` if files differ from it. null: not known. */
  readonly commit: string | null;
  /** The seeds of the figures, including interrupted ones. */
  readonly seeds: readonly number[];
  /** By market, and by kind of market. */
  readonly profiles: Readonly<Record<string, Figures>>;
  readonly markets: Readonly<Partial<Record<MarketKind, Goals>>>;
  readonly alerts: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Requested but never happened in any seed; ignored for an interrupted campaign. */
  readonly missingFaults: readonly string[];
  /** How often each was checked; `truth`: against the exchange's own books, the journal and the process. */
  readonly checks: Readonly<Record<string, number>>;
  readonly broken: Readonly<Record<string, number>>;
  /** Violated, but ignored because `--only` names others. */
  readonly notActedOn: readonly string[];
  readonly findings: readonly (Finding & { readonly seed: number } & Again)[];
  readonly crashes: readonly (Crash & Again)[];
  /** null: every seed was completed. */
  readonly interrupted: Interruption | null;
  readonly requests: number;
  /** Requests that met a fault of network or exchange, and the trading calls among them. */
  readonly carried: { readonly requests: FaultyShare; readonly orderCalls: FaultyShare };
  readonly wireEvents: number;
  readonly journalEntries: number;
  readonly telegrams: number;
  /** Per seed: digests of log and journal. */
  readonly digests: Readonly<Record<string, { readonly log: string; readonly journal: string }>>;
  readonly wall: {
    readonly seconds: number;
    readonly daysPerSecond: number;
    readonly symbolDaysPerSecond: number;
    readonly workers: number;
  };
}

export interface FaultyShare extends Carried {
  /** 0 to 1. */
  readonly share: number;
}

/** The command that repeats it. */
export interface Again {
  readonly again: string;
}

/** What repeats a campaign. */
export interface Origin {
  readonly commit: string | null;
  /** `atMs`: true time since the start up to which to repeat it; null: the whole. */
  readonly again: (seed: number, atMs: number | null) => string;
}

/** The engine or the simulation failed in that seed. */
export interface Crash {
  readonly seed: number;
  /** Virtual time, formatted as in findings; null: unknown. */
  readonly at: string | null;
  readonly error: string;
}

export interface Interruption {
  /** Ended early; their partial results are in the figures. */
  readonly cut: readonly number[];
  /** Not started, or ended without a result: not in the figures. */
  readonly without: readonly number[];
}

const DAY_MS = 86_400_000;
/** The states of strategy 5, and waiting for usable data. */
const JUDGED = ['equal', 'imbalanced', 'partial-wait', 'capped', 'cooldown', 'waiting'] as const;

function added(each: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total = new Map<string, number>();
  for (const counts of each) {
    for (const [name, count] of Object.entries(counts)) total.set(name, (total.get(name) ?? 0) + count);
  }
  return Object.fromEntries([...total].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function faultyShareOf(each: readonly Carried[]): FaultyShare {
  const count = each.reduce((all, one) => all + one.count, 0);
  const faulty = each.reduce((all, one) => all + one.faulty, 0);
  return { count, faulty, share: count === 0 ? 0 : faulty / count };
}

function timesOf(each: readonly DurationFigures[]): Times {
  const all = createDurations();
  for (const figures of each) all.addAll(figures);
  const { buckets: _buckets, ...times } = all.figures();
  return times;
}

/** The exact percentile of sorted values; null: no values. */
function ranked(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function goalsOf(attempts: readonly GoalAttempt[]): Goals {
  const modes = [...new Set(attempts.map((attempt) => attempt.mode))].sort();
  return Object.fromEntries(
    modes.map((mode) => {
      const all = attempts.filter((attempt) => attempt.mode === mode);
      const counted = all.filter((attempt) => attempt.availableMs >= ATTEMPT_LEAST_MS);
      const took = counted.flatMap(({ tookMs }) => (tookMs === null ? [] : [tookMs])).sort((one, two) => one - two);
      const tookMs = { median: ranked(took, 0.5), p90: ranked(took, 0.9), longest: took.at(-1) ?? null };
      const goal: Goal = {
        attempts: counted.length,
        reached: took.length,
        tookMs,
        tooLate: all.length - counted.length,
      };
      return [mode, goal];
    }),
  );
}

function greatest(legs: readonly SymbolFigures[]): SymbolFigures | null {
  let worst: SymbolFigures | null = null;
  for (const leg of legs) {
    if (worst === null || dec(leg.worstImbalanceUsdt).gt(dec(worst.worstImbalanceUsdt))) worst = leg;
  }
  return worst;
}

/** Decimals that passed through a pipe are text. */
function dec(value: Decimal | string): Decimal {
  return typeof value === 'string' ? sum([]).plus(value) : value;
}

/** Sums up the strategy's results. */
function figuresOf(results: readonly CampaignResult[]): Figures {
  const legs = results.flatMap((result) => result.legs);
  const total = (of: (result: CampaignResult) => number): number => results.reduce((all, one) => all + of(one), 0);
  const count = (of: (leg: SymbolFigures) => number): number => legs.reduce((all, leg) => all + of(leg), 0);
  const states = added(results.map((result) => result.statesMs));
  const judgedMs = JUDGED.reduce((all, state) => all + (states[state] ?? 0), 0);
  const share = (ms: number): number => (judgedMs === 0 ? 0 : ms / judgedMs);
  const worst = greatest(legs);
  const cut = legs.filter((leg) => leg.unhedgedNow).map((leg) => leg.unhedgedNowMs);
  return {
    simulatedDays: total((result) => result.simulatedMs) / DAY_MS,
    symbolDays: total((result) => result.simulatedMs * result.symbols) / DAY_MS,
    orders: total((result) => result.exchange.orders),
    fills: total((result) => result.exchange.fills),
    hedges: count((leg) => leg.hedges),
    unwinds: count((leg) => leg.unwinds),
    pairsAtALoss: total((result) => result.pairsAtALoss),
    spreadGainedUsdt: sum(legs.map((leg) => dec(leg.gainUsdt))).toFixed(2),
    worstImbalanceUsdt: worst === null ? '0' : dec(worst.worstImbalanceUsdt).toFixed(2),
    worstImbalanceLastedMs: worst?.worstImbalanceEpisodeMs ?? 0,
    longestUnhedgedMs: legs.reduce((most, leg) => Math.max(most, leg.longestUnhedgedMs), 0),
    timeToHedge: timesOf(legs.map((leg) => leg.timeToHedge)),
    unhedged: timesOf(legs.map((leg) => leg.unhedged)),
    unhedgedAtLegEnd: { count: cut.length, longestMs: cut.reduce((most, ms) => Math.max(most, ms), 0) },
    statesShare: Object.fromEntries(JUDGED.map((state) => [state, share(states[state] ?? 0)])),
    cappedUnhedgedShare: share(total((result) => result.cappedUnhedgedMs)),
    goals: goalsOf(results.flatMap((result) => result.attempts)),
  };
}

/** Seeds without a result: their process failed, or they were not started. */
export interface Without {
  readonly crashes: readonly Crash[];
  readonly seeds: readonly number[];
}

/** Sums up campaigns. */
export function reportOf(
  results: readonly CampaignResult[],
  what: Readonly<Record<string, unknown>>,
  wall: { readonly seconds: number; readonly workers: number },
  without: Without = { crashes: [], seeds: [] },
  { commit, again }: Origin = { commit: null, again: (seed) => `npm run simulate -- --seed ${seed}` },
): Report {
  const by = <Name extends string, Value>(
    nameOf: (result: CampaignResult) => Name,
    of: (some: readonly CampaignResult[]) => Value,
  ): Record<Name, Value> => {
    const names = [...new Set(results.map(nameOf))].sort();
    const pairs = names.map((name) => [name, of(results.filter((result) => nameOf(result) === name))]);
    return Object.fromEntries(pairs) as Record<Name, Value>;
  };
  const total = (of: (result: CampaignResult) => number): number => results.reduce((all, one) => all + of(one), 0);
  const faults = added(results.map((result) => result.faults));
  const cut = results.filter((result) => result.interrupted).map((result) => result.seed);
  const interrupted = cut.length === 0 && without.seeds.length === 0 ? null : { cut, without: without.seeds };
  // A requested fault must happen in at least one of the seeds.
  const missing = [...new Set(results.flatMap((result) => result.missing))].filter((kind) => !(kind in faults)).sort();
  const broken = added(results.map((result) => result.breachCounts));
  const only = (what.only ?? null) as readonly string[] | null;
  const figures = figuresOf(results);
  return {
    what,
    commit,
    seeds: results.map((result) => result.seed),
    ...figures,
    profiles: by((result) => result.profile, figuresOf),
    markets: by(
      (result) => marketKind(result.profile),
      (some) => goalsOf(some.flatMap((result) => result.attempts)),
    ),
    alerts: added(results.map((result) => result.alerts)),
    faults,
    missingFaults: interrupted === null ? missing : [],
    checks: added(results.map((result) => result.checks)),
    broken,
    notActedOn: Object.keys(broken).filter((name) => only !== null && !only.includes(name)),
    findings: results.flatMap(({ seed, findings }) =>
      findings.map((finding) => ({ ...finding, seed, again: again(seed, finding.atMs) })),
    ),
    crashes: [
      ...results.flatMap(({ seed, crash, endedAt }) => (crash === null ? [] : [{ seed, at: endedAt, error: crash }])),
      ...without.crashes,
    ].map((crash) => ({ ...crash, again: again(crash.seed, null) })),
    interrupted,
    requests: total((result) => Object.values(result.requests).reduce((all, one) => all + one, 0)),
    carried: {
      requests: faultyShareOf(results.map((result) => result.carried.requests)),
      orderCalls: faultyShareOf(results.map((result) => result.carried.orderCalls)),
    },
    wireEvents: total((result) => result.wireEvents),
    journalEntries: total((result) => result.journalEntries),
    telegrams: total((result) => result.exchange.telegrams),
    digests: Object.fromEntries(
      results.map((result) => [String(result.seed), { log: result.logDigest, journal: result.journalDigest }]),
    ),
    wall: {
      seconds: wall.seconds,
      daysPerSecond: figures.simulatedDays / wall.seconds,
      symbolDaysPerSecond: figures.symbolDays / wall.seconds,
      workers: wall.workers,
    },
  };
}

/** Why a campaign proves less than intended, or that the engine is wrong, as text. Empty: passed. */
export function failuresOf(report: Report): readonly string[] {
  const { broken, notActedOn, crashes, missingFaults, interrupted } = report;
  const actedOn = Object.entries(broken).filter(([name]) => !notActedOn.includes(name));
  const failures = [
    actedOn.map(([name, count]) => `${name} broken ${count === 1 ? 'once' : `${count} times`}`).join(', '),
    crashes.map(({ seed }) => `seed ${seed} failed`).join(', '),
    missingFaults.length === 0 ? '' : `asked for and never happened: ${missingFaults.join(', ')}`,
    interrupted === null ? '' : 'interrupted',
  ];
  return failures.filter((failure) => failure !== '');
}

import { type Decimal, sum } from '../core/decimal.ts';
import type { CampaignResult, Finding, LegFigures } from './campaign.ts';

/** What one or many campaigns came to, as JSON: everything but `wall` is equal from run to run. */
export interface Report {
  readonly what: Readonly<Record<string, unknown>>;
  readonly seeds: readonly number[];
  readonly simulatedDays: number;
  readonly symbolDays: number;
  readonly orders: number;
  readonly fills: number;
  readonly hedges: number;
  readonly unwinds: number;
  readonly spreadGainedUsdt: string;
  readonly worstImbalanceUsdt: string;
  readonly worstImbalanceLastedMs: number;
  readonly longestUnhedgedMs: number;
  readonly timeToHedgeMs: { readonly median: number | null; readonly p90: number | null; readonly p99: number | null };
  readonly goals: Readonly<Record<string, { readonly legs: number; readonly reached: number }>>;
  readonly statesShare: Readonly<Record<string, number>>;
  readonly alerts: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly missingFaults: readonly string[];
  readonly checks: Readonly<Record<string, number>>;
  readonly broken: Readonly<Record<string, number>>;
  readonly findings: readonly (Finding & { readonly seed: number })[];
  readonly crashes: readonly { readonly seed: number; readonly error: string }[];
  readonly requests: number;
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

const DAY_MS = 86_400_000;

function added(each: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total = new Map<string, number>();
  for (const counts of each) {
    for (const [name, count] of Object.entries(counts)) total.set(name, (total.get(name) ?? 0) + count);
  }
  return Object.fromEntries([...total].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The percentile of percentiles, weighed by what each stands for: near enough where legs are alike. */
function middle(
  legs: readonly LegFigures[],
  of: (figures: LegFigures['report']['timeToHedge']) => number | null,
  share: number,
): number | null {
  const weighed = legs
    .map((leg) => ({ value: of(leg.report.timeToHedge), count: leg.report.timeToHedge.count }))
    .filter((one): one is { value: number; count: number } => one.value !== null && one.count > 0)
    .sort((one, other) => one.value - other.value);
  const all = weighed.reduce((total, one) => total + one.count, 0);
  let seen = 0;
  for (const one of weighed) {
    seen += one.count;
    if (seen >= share * all) return one.value;
  }
  return null;
}

function greatest(legs: readonly LegFigures[]): LegFigures | null {
  let worst: LegFigures | null = null;
  for (const leg of legs) {
    if (worst === null || dec(leg.report.worstImbalanceUsdt).gt(dec(worst.report.worstImbalanceUsdt))) worst = leg;
  }
  return worst;
}

/** Figures that came through a pipe are text where they were decimals. */
function dec(value: Decimal | string): Decimal {
  return typeof value === 'string' ? sum([]).plus(value) : value;
}

/** Adds up campaigns. */
export function reportOf(
  results: readonly CampaignResult[],
  what: Readonly<Record<string, unknown>>,
  wall: { readonly seconds: number; readonly workers: number },
  symbols: number,
): Report {
  const legs = results.flatMap((result) => result.legs);
  const days = results.reduce((total, result) => total + result.simulatedMs, 0) / DAY_MS;
  const states = added(results.map((result) => result.statesMs));
  const five = ['equal', 'imbalanced', 'partial-wait', 'capped', 'cooldown', 'waiting'];
  const inStates = five.reduce((total, state) => total + (states[state] ?? 0), 0);
  const goals = new Map<string, { legs: number; reached: number }>();
  for (const leg of legs) {
    const goal = goals.get(leg.mode) ?? { legs: 0, reached: 0 };
    goal.legs += 1;
    if (leg.goalReached) goal.reached += 1;
    goals.set(leg.mode, goal);
  }
  const worst = greatest(legs);
  const count = (of: (leg: LegFigures) => number): number => legs.reduce((total, leg) => total + of(leg), 0);
  const faults = added(results.map((result) => result.faults));
  // A fault that was asked for has to happen somewhere in the campaign, which is all of its seeds.
  const missing = [...new Set(results.flatMap((result) => result.missing))].filter((kind) => !(kind in faults)).sort();
  return {
    what,
    seeds: results.map((result) => result.seed),
    simulatedDays: days,
    symbolDays: days * symbols,
    orders: results.reduce((total, result) => total + result.exchange.orders, 0),
    fills: results.reduce((total, result) => total + result.exchange.fills, 0),
    hedges: count((leg) => leg.report.hedges),
    unwinds: count((leg) => leg.report.unwinds),
    spreadGainedUsdt: sum(legs.map((leg) => dec(leg.report.gainUsdt))).toFixed(2),
    worstImbalanceUsdt: worst === null ? '0' : dec(worst.report.worstImbalanceUsdt).toFixed(2),
    worstImbalanceLastedMs: worst?.report.worstImbalanceEpisodeMs ?? 0,
    longestUnhedgedMs: legs.reduce((most, leg) => Math.max(most, leg.report.longestUnhedgedMs), 0),
    timeToHedgeMs: {
      median: middle(legs, (figures) => figures.medianMs, 0.5),
      p90: middle(legs, (figures) => figures.p90Ms, 0.5),
      p99: middle(legs, (figures) => figures.p99Ms, 0.5),
    },
    goals: Object.fromEntries([...goals].sort()),
    statesShare: Object.fromEntries(five.map((state) => [state, inStates === 0 ? 0 : (states[state] ?? 0) / inStates])),
    alerts: added(results.map((result) => result.alerts)),
    faults,
    missingFaults: missing,
    checks: added(results.map((result) => result.checks)),
    broken: added(results.map((result) => result.breachCounts)),
    findings: results.flatMap((result) => result.findings.map((finding) => ({ ...finding, seed: result.seed }))),
    crashes: results.flatMap((result) => (result.crash === null ? [] : [{ seed: result.seed, error: result.crash }])),
    requests: results.reduce(
      (total, result) => total + Object.values(result.requests).reduce((all, one) => all + one, 0),
      0,
    ),
    wireEvents: results.reduce((total, result) => total + result.wireEvents, 0),
    journalEntries: results.reduce((total, result) => total + result.journalEntries, 0),
    telegrams: results.reduce((total, result) => total + result.exchange.telegrams, 0),
    digests: Object.fromEntries(
      results.map((result) => [String(result.seed), { log: result.logDigest, journal: result.journalDigest }]),
    ),
    wall: {
      seconds: wall.seconds,
      daysPerSecond: days / wall.seconds,
      symbolDaysPerSecond: (days * symbols) / wall.seconds,
      workers: wall.workers,
    },
  };
}

/** `1 h 02 min`, `13 min 05 s`, `4.2 s`. */
export function lasting(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (minutes < 60) return `${minutes} min ${two(Math.floor((ms % 60_000) / 1_000))} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

function table(counts: Readonly<Record<string, number>>): string[] {
  const rows = Object.entries(counts);
  if (rows.length === 0) return ['  none'];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, count]) => `  ${name.padEnd(width)}  ${count}`);
}

/** The report for people. */
export function reportText(report: Report, around: number): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const goals = Object.entries(report.goals).map(
    ([mode, goal]) => `${mode} ${goal.reached} of ${goal.legs} (${percent(goal.reached / goal.legs)})`,
  );
  const lines = [
    `Simulated ${report.simulatedDays.toFixed(2)} days (${report.symbolDays.toFixed(2)} symbol-days), seeds ${seedsText(report.seeds)}, ` +
      `in ${report.wall.seconds.toFixed(1)} s: ${report.wall.symbolDaysPerSecond.toFixed(4)} symbol-days a second, ` +
      `${Math.round(report.wall.symbolDaysPerSecond * 86_400)} times real time, ${report.wall.workers} at a time`,
    '',
    `orders            ${report.orders}`,
    `fills             ${report.fills}`,
    `hedges            ${report.hedges}, unwinds ${report.unwinds}`,
    `spread gained     ${report.spreadGainedUsdt} USDT`,
    `worst imbalance   ${report.worstImbalanceUsdt} USDT, in an episode of ${lasting(report.worstImbalanceLastedMs)}; longest unhedged ${lasting(report.longestUnhedgedMs)}`,
    `time to hedge     ${lasting(report.timeToHedgeMs.median)} (median), ${lasting(report.timeToHedgeMs.p90)} (p90), ${lasting(report.timeToHedgeMs.p99)} (p99)`,
    `got there         ${goals.join(', ') || '–'}`,
    `states            ${Object.entries(report.statesShare)
      .map(([state, share]) => `${state} ${percent(share)}`)
      .join(', ')}`,
    `requests          ${report.requests}, journal entries ${report.journalEntries}, telegrams ${report.telegrams}`,
    '',
    'alerts by kind',
    ...table(report.alerts),
    '',
    'faults injected by kind',
    ...table(report.faults),
    ...(report.missingFaults.length === 0
      ? []
      : ['', `asked for and never happened: ${report.missingFaults.join(', ')}`]),
    '',
    'invariants checked',
    ...table(report.checks),
    '',
    'invariants broken',
    ...table(report.broken),
  ];
  for (const crash of report.crashes) lines.push('', `seed ${crash.seed} failed: ${crash.error}`);
  for (const finding of report.findings.slice(0, 5)) lines.push('', ...findingText(finding, around));
  if (report.findings.length > 5) lines.push('', `… and ${report.findings.length - 5} more`);
  return lines.join('\n');
}

function findingText(finding: Finding & { readonly seed: number }, around: number): string[] {
  const { invariant, rule, what, detail, account, instrument, clientOrderId, seed, at } = finding;
  const numbers = Object.entries(detail).map(([name, value]) => `${name}=${value}`);
  const whose = [account, instrument, clientOrderId].filter((part) => part !== null).join(' ');
  const cut = finding.around.indexOf('— after —');
  const before = cut < 0 ? finding.around : finding.around.slice(0, cut);
  const after = cut < 0 ? [] : finding.around.slice(cut);
  return [
    `${invariant} broken (strategy ${rule}): ${what}`,
    `  seed ${seed}, ${at} (--until ${Math.ceil(finding.atMs / 1_000)}s), ${whose}`,
    ...numbers.map((number) => `  ${number}`),
    ...(around === 0 ? [] : [...before.slice(-around), ...after.slice(0, around / 2)].map((line) => `  | ${line}`)),
  ];
}

function seedsText(seeds: readonly number[]): string {
  if (seeds.length < 4) return seeds.join(', ');
  return `${seeds[0]}..${seeds[seeds.length - 1]} (${seeds.length})`;
}

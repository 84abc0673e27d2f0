import { columns } from '../explain/words.ts';
import { ATTEMPT_LEAST_MS } from './attempts.ts';
import { ORDER_ROUTES } from './fault-plan.ts';
import { AFTER } from './findings.ts';
import { type FaultyShare, failuresOf, type Goals, type Report, type Times } from './report.ts';

/** Breaches shown with surrounding events; of the others seed, time and invariant. */
const SHOWN_IN_FULL = 5;
/** Most lines of the others; the JSON has them all. */
const SHOWN_AT_MOST = 50;

/** `1 h 02 min`, `13 min 05 s`, `4.2 s`. */
export function lasting(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (minutes < 60) return `${minutes} min ${two(Math.floor((ms % 60_000) / 1_000))} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

const indented = (line: string): string => `  ${line}`;

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function table(counts: Readonly<Record<string, number>>, mark: (name: string) => string = () => ''): string[] {
  const rows = Object.entries(counts);
  if (rows.length === 0) return ['  none'];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, count]) => `  ${name.padEnd(width)}  ${count}${mark(name)}`);
}

function faultyText({ carried }: Report): string {
  const of = ({ count, faulty, share }: FaultyShare, what: string): string =>
    `${faulty} of ${count} ${what} (${percent(share)})`;
  return `${of(carried.requests, 'requests')}, ${of(carried.orderCalls, 'order calls')}: ${ORDER_ROUTES.join(', ')}`;
}

function timesText({ medianMs, p90Ms, p99Ms, longestMs, count }: Times): string {
  return (
    `${lasting(medianMs)} (median), ${lasting(p90Ms)} (p90), ${lasting(p99Ms)} (p99), ` +
    `${lasting(count === 0 ? null : longestMs)} (longest) of ${count}`
  );
}

/** `5 of 7`, as strategy 14 counts. */
function goalText(goals: Goals, mode: string): string {
  const goal = goals[mode];
  return goal === undefined || goal.attempts === 0 ? '–' : `${goal.reached} of ${goal.attempts}`;
}

function goalLines(goals: Goals): string[] {
  const hours = ATTEMPT_LEAST_MS / 3_600_000;
  return Object.entries(goals).map(([mode, { attempts, reached, tookMs, tooLate }]) => {
    const where = mode === 'increase' ? 'to its cap' : 'to its minimum';
    const took =
      reached === 0
        ? ''
        : `, in ${lasting(tookMs.median)} (median), ${lasting(tookMs.p90)} (p90), ${lasting(tookMs.longest)} (longest)`;
    const late = tooLate === 0 ? '' : `; ${tooLate} had less than ${hours} h and do not count`;
    return `${mode} ${where}: ${reached} of ${attempts}${took}${late}`;
  });
}

function profileLines(report: Report): string[] {
  const rows = Object.entries(report.profiles).map(([name, figures]) => [
    name,
    figures.symbolDays.toFixed(1),
    lasting(figures.timeToHedge.medianMs),
    lasting(figures.timeToHedge.p90Ms),
    lasting(figures.timeToHedge.p99Ms),
    lasting(figures.unhedged.medianMs),
    lasting(figures.unhedged.p90Ms),
    lasting(figures.unhedged.p99Ms),
    percent(figures.statesShare.imbalanced ?? 0),
    percent(figures.cappedUnhedgedShare),
    goalText(figures.goals, 'increase'),
    goalText(figures.goals, 'decrease'),
  ]);
  const heads = ['market', 'days', 'to hedge', 'p90', 'p99', 'unhedged', 'p90', 'p99', 'imbalanced', 'capped unhedged'];
  return columns([[...heads, 'increase', 'decrease'], ...rows]).map(indented);
}

function marketLines(report: Report): string[] {
  return columns(
    Object.entries(report.markets).map(([kind, goals]) => [
      kind,
      ...['increase', 'decrease'].map((mode) => {
        const goal = goals[mode];
        return `${mode} ${goalText(goals, mode)}${goal?.reached ? ` in ${lasting(goal.tookMs.median)}` : ''}`;
      }),
    ]),
  ).map(indented);
}

/** The report as text. `around`: lines shown before each of the first breaches. */
export function reportText(report: Report, around: number): string {
  const [firstGoal = '–', ...otherGoals] = goalLines(report.goals);
  const { unhedgedAtLegEnd: cut, interrupted } = report;
  const lines = [
    `Simulated ${report.simulatedDays.toFixed(2)} days (${report.symbolDays.toFixed(2)} symbol-days), seeds ${seedsText(report.seeds)}, ` +
      `in ${report.wall.seconds.toFixed(1)} s: ${report.wall.symbolDaysPerSecond.toFixed(4)} symbol-days a second, ` +
      `${Math.round(report.wall.symbolDaysPerSecond * 86_400)} times real time, ${report.wall.workers} at a time`,
    ...(interrupted === null
      ? []
      : [
          `interrupted: cut short ${seedsText(interrupted.cut) || 'none'}, without figures ${seedsText(interrupted.without) || 'none'}`,
        ]),
    '',
    `orders            ${report.orders}`,
    `fills             ${report.fills}`,
    `hedges            ${report.hedges}, unwinds ${report.unwinds}, at a loss ${report.pairsAtALoss}`,
    `spread gained     ${report.spreadGainedUsdt} USDT`,
    `worst imbalance   ${report.worstImbalanceUsdt} USDT, in an episode of ${lasting(report.worstImbalanceLastedMs)}; longest unhedged ${lasting(report.longestUnhedgedMs)}`,
    `time to hedge     ${timesText(report.timeToHedge)}, to within 1 %`,
    `unhedged          ${timesText(report.unhedged)}; cut by the end of a leg: ${cut.count}, longest ${lasting(cut.longestMs)}`,
    `got there         ${firstGoal}`,
    ...otherGoals.map((goal) => `                  ${goal}`),
    `states            ${Object.entries(report.statesShare)
      .map(([state, share]) => `${state} ${percent(share)}`)
      .join(', ')}; capped while unhedged ${percent(report.cappedUnhedgedShare)}`,
    `requests          ${report.requests}, journal entries ${report.journalEntries}, telegrams ${report.telegrams}`,
    ...(Object.keys(report.faults).length === 0 ? [] : [`faulty            ${faultyText(report)}`]),
    ...(Object.keys(report.profiles).length < 2 ? [] : ['', 'by market', ...profileLines(report)]),
    ...(Object.keys(report.markets).length < 2 ? [] : ['', 'got there, by what a market does', ...marketLines(report)]),
    '',
    'alerts by kind',
    ...table(report.alerts),
    '',
    'faults injected by kind',
    ...table(report.faults),
    ...(report.missingFaults.length === 0
      ? []
      : [
          '',
          `asked for and never happened: ${report.missingFaults.join(', ')}`,
          '  too short for this, or too low a rate: more --days, more --seeds or more of --faults or --fault would show it',
        ]),
    '',
    'invariants checked',
    ...table(report.checks),
    '',
    'invariants broken',
    ...table(report.broken, (name) => (report.notActedOn.includes(name) ? '  (not acted on: --only)' : '')),
  ];
  const again = (command: string): string[] => [
    `  again${report.commit === null ? '' : `, at commit ${report.commit}`}:`,
    `  ${command}`,
  ];
  for (const crash of report.crashes) {
    const { seed, at, error } = crash;
    lines.push('', `seed ${seed} failed${at === null ? '' : ` at ${at}`}: ${error}`, ...again(crash.again));
  }
  for (const finding of report.findings.slice(0, SHOWN_IN_FULL)) {
    lines.push('', ...findingText(finding, again(finding.again), around));
  }
  const rest = report.findings.slice(SHOWN_IN_FULL);
  if (rest.length > 0) lines.push('');
  for (const { invariant, seed, at, what } of rest.slice(0, SHOWN_AT_MOST)) {
    lines.push(`${invariant} broken in seed ${seed} at ${at}: ${what}`);
  }
  if (rest.length > SHOWN_AT_MOST) lines.push(`… and ${rest.length - SHOWN_AT_MOST} more`);
  lines.push('', verdictText(report));
  return lines.join('\n');
}

/** The last line. */
function verdictText(report: Report): string {
  const failures = failuresOf(report);
  const aside = report.notActedOn.length === 0 ? '' : ` (not acted on: ${report.notActedOn.join(', ')})`;
  return `${failures.length === 0 ? 'PASSED' : `FAILED: ${failures.join('; ')}`}${aside}`;
}

function findingText(finding: Report['findings'][number], again: readonly string[], around: number): string[] {
  const { invariant, rule, what, detail, account, instrument, clientOrderId, seed, at } = finding;
  const numbers = Object.entries(detail).map(([name, value]) => `${name}=${value}`);
  const whose = [account, instrument, clientOrderId].filter((part) => part !== null).join(' ');
  const cut = finding.around.indexOf(AFTER);
  const before = cut < 0 ? finding.around : finding.around.slice(0, cut);
  const after = cut < 0 ? [] : finding.around.slice(cut);
  return [
    `${invariant} broken (strategy ${rule}): ${what}`,
    `  seed ${seed}, ${at}${whose === '' ? '' : `, ${whose}`}`,
    ...again,
    ...numbers.map((number) => `  ${number}`),
    ...(around === 0 ? [] : [...before.slice(-around), ...after.slice(0, around / 2)].map((line) => `  | ${line}`)),
  ];
}

function seedsText(seeds: readonly number[]): string {
  const inARow = seeds.every((seed, index) => index === 0 || seed === seeds[index - 1]! + 1);
  if (seeds.length < 4 || !inARow) return seeds.join(', ');
  return `${seeds[0]}..${seeds[seeds.length - 1]} (${seeds.length})`;
}

import { Decimal, type Decimal as DecimalValue, ZERO } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import { ACCOUNTS, type AccountName, type LotMatch } from '../core/model.ts';
import type { Reporter } from '../ports.ts';
import { lasting } from '../texts/duration.ts';

/** The present rollout figures of the runbook. Rates are 0 to 1; null: no data yet. */
export interface FiguresSnapshot {
  /** Orders that the exchange confirmed as resting or filled at once. */
  readonly ordersPlaced: number;
  /** Submissions that ended without an order: refused by code, or post-only attempts used up. */
  readonly ordersFailed: number;
  /** Placed / (placed + failed), per submission whatever the number of attempts. */
  readonly orderSuccessRate: number | null;
  readonly postOnlyRefusals: number;
  /** Post-only refusals / attempts the exchange decided on (placed, post-only refused, refused by code). */
  readonly postOnlyRefusalRate: number | null;
  /** Submissions whose outcome was unknown at first (strategy 9.6). */
  readonly unknownOutcomes: number;
  readonly fills: number;
  /** Fills that hedged lots of the other account. */
  readonly hedges: number;
  readonly unwinds: number;
  /** Gain of hedges and unwinds before fees and funding, USDT. */
  readonly gainUsdt: DecimalValue;
  /** From the booking of a lot to its hedge, over the last 1,000 hedged lots. */
  readonly timeToHedgeMs: { readonly median: number; readonly p90: number; readonly samples: number } | null;
  readonly accounts: Readonly<Record<AccountName, AccountFigures | null>>;
}

export interface AccountFigures {
  readonly totalEquityUsdt: DecimalValue;
  readonly maintenanceMarginUsdt: DecimalValue;
  /** Maintenance margin / equity; null: no positive equity. */
  readonly marginRatio: DecimalValue | null;
}

/** Hedges remembered: enough for a p90. */
const HEDGE_SAMPLES = 1000;

/** Accumulates the rollout figures from facts alone, in bounded memory. */
export interface Figures extends Reporter {
  snapshot(): FiguresSnapshot;
  /** The same for the screen, one line per figure. */
  lines(): readonly string[];
}

export function createFigures(): Figures {
  const counts: Partial<Record<Fact['type'], number>> = {};
  const countOf = (type: Fact['type']): number => counts[type] ?? 0;
  let hedges = 0;
  let unwinds = 0;
  let gainUsdt = ZERO;
  const durations: number[] = [];
  let nextDuration = 0;
  const accounts: Record<AccountName, AccountFigures | null> = { A: null, B: null };

  const take = (matches: readonly LotMatch[], atMs: number) => {
    if (matches.some((match) => match.kind === 'hedge')) hedges += 1;
    if (matches.some((match) => match.kind === 'unwind')) unwinds += 1;
    for (const match of matches) {
      // Netting at start matches positions that were found; it is no result (strategy 11.3).
      if (match.kind === 'netting') continue;
      gainUsdt = gainUsdt.plus(match.gainUsdt);
      if (match.kind !== 'hedge') continue;
      durations[nextDuration] = Math.max(0, atMs - match.lotBookedAtMs);
      nextDuration = (nextDuration + 1) % HEDGE_SAMPLES;
    }
  };

  const report = (fact: Fact) => {
    counts[fact.type] = countOf(fact.type) + 1;
    if (fact.type === 'fill.booked' || fact.type === 'drift.adopted') take(fact.matches, fact.atMs);
    if (fact.type !== 'account.polled') return;
    const { account, totalEquityUsdt, maintenanceMarginUsdt } = fact;
    const marginRatio = totalEquityUsdt.gt(0) ? maintenanceMarginUsdt.div(totalEquityUsdt) : null;
    accounts[account] = { totalEquityUsdt, maintenanceMarginUsdt, marginRatio };
  };

  const snapshot = (): FiguresSnapshot => {
    const [placed, refused] = [countOf('order.placed'), countOf('order.refused')];
    const ordersFailed = refused + countOf('intent.exhausted');
    const postOnlyRefusals = countOf('order.post-only-refused');
    return {
      ordersPlaced: placed,
      ordersFailed,
      orderSuccessRate: rate(placed, placed + ordersFailed),
      postOnlyRefusals,
      postOnlyRefusalRate: rate(postOnlyRefusals, placed + postOnlyRefusals + refused),
      unknownOutcomes: countOf('order.unknown'),
      fills: countOf('fill.booked'),
      ...{ hedges, unwinds, gainUsdt },
      timeToHedgeMs:
        durations.length === 0
          ? null
          : { median: percentile(durations, 0.5), p90: percentile(durations, 0.9), samples: durations.length },
      accounts: { ...accounts },
    };
  };

  return { report, snapshot, lines: () => linesOf(snapshot()) };
}

function linesOf(figures: FiguresSnapshot): readonly string[] {
  const time = figures.timeToHedgeMs;
  return [
    `Figures: order success rate ${percent(figures.orderSuccessRate)} (${figures.ordersPlaced} placed, ${figures.ordersFailed} failed)`,
    `Figures: post-only refusal rate ${percent(figures.postOnlyRefusalRate)} (${figures.postOnlyRefusals} refused and priced again)`,
    `Figures: time to hedge ${time === null ? 'none yet' : `median ${lasting(time.median)}, p90 ${lasting(time.p90)}`}`,
    `Figures: ${figures.fills} fills, ${figures.hedges} hedges completed, ${figures.unwinds} unwinds, ` +
      `gain ${figures.gainUsdt.toDecimalPlaces(4).toFixed()} USDT before fees and funding`,
    `Figures: margin ratio ${ACCOUNTS.map((account) => `${account} ${marginText(figures.accounts[account])}`).join(', ')}`,
  ];
}

function marginText(account: AccountFigures | null): string {
  if (account === null) return 'not polled yet';
  if (account.marginRatio === null) return `no equity (${account.totalEquityUsdt.toFixed()} USDT)`;
  return `${account.marginRatio.mul(100).toDecimalPlaces(2).toFixed()} % of ${account.totalEquityUsdt.toDecimalPlaces(2).toFixed()} USDT`;
}

function percent(value: number | null): string {
  return value === null ? 'none yet' : `${new Decimal(value).mul(100).toDecimalPlaces(1).toFixed()} %`;
}

function rate(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** Nearest-rank percentile of a non-empty list. */
function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

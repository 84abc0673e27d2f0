import { Decimal, max, min, ZERO } from './decimal.ts';
import type { Fact } from './facts.ts';
import type { Instrument, RolloutStage, RolloutWhy, SymbolConfig } from './model.ts';
import { smallestTradableSize } from './valuing.ts';

/**
 * Gray rollout (strategy 16.7): symbols start one after another, each first with a part of its amount. Pure: facts are
 * counted, and a periodic step decides who starts, who gets the full amount, and what holds the rollout.
 */

/** What a symbol must show before it trades in full. */
export interface RolloutLimits {
  readonly ranMs: number;
  readonly hedges: number;
  /** After this time without those hedges the next one starts anyway. */
  readonly nextAfterMs: number;
}

export const ROLLOUT_LIMITS: RolloutLimits = { ranMs: 30 * 60_000, hedges: 10, nextAfterMs: 4 * 3_600_000 };

/** Required share of placed orders among those submitted, not counting post-only refusals. */
const SUCCESS_LEAST = new Decimal('0.95');
/** With fewer orders one failure is not significant: the symbol waits for more, without an alert. */
const SUCCESS_JUDGED_FROM = 20;
/** So many consecutive cooldowns without a fill hold the rollout. */
const COOLDOWNS_MAX = 3;
/** Share of `MMR_ALERT_THRESHOLD` (strategy 12) from which a margin ratio holds the rollout. */
const MARGIN_SHARE = new Decimal('0.5');
/** Share of its amount that a trial trades with. */
const TRIAL_SHARE = new Decimal('0.2');
/** Smallest trial amount in tradable sizes: a repair of a partial fill must be tradable too. */
const TRIAL_LEAST_SIZES = new Decimal('2.5');
/** Most time counted between two steps: beyond it the engine was down or asleep. */
const STEP_MAX_MS = 60_000;

/** A symbol's progress. Journalled; survives restarts. */
export interface RolloutProgress {
  readonly stage: RolloutStage;
  /** The order amount that this progress is for; a larger one starts again. */
  readonly amountUsdt: Decimal;
  /** Time on trial while the engine ran. */
  readonly ranMs: number;
  readonly hedges: number;
  readonly placed: number;
  /** Refused by the exchange, not counting post-only. */
  readonly failed: number;
  /** Consecutive; a fill resets the count. */
  readonly cooldowns: number;
  /** Its limits leave nothing to trade at present. */
  readonly capped: boolean;
  /** Why the next one started before this one passed; null: it did not. */
  readonly passedOn: Extract<RolloutWhy, 'time' | 'capped' | 'mode'> | null;
}

/** A symbol of the rollout, in the order of the file. */
export interface RolloutRow {
  readonly instrument: string;
  readonly amountUsdt: Decimal;
  /** Row and commands let it trade: only then does its time count. */
  readonly mayTrade: boolean;
  /** Its row does not let it trade, so the rollout does not wait for it. A command is waited out. */
  readonly isHeldByRow: boolean;
}

/** A figure that misses its limit. */
export interface FailingFigure {
  readonly figure: 'success' | 'cooldowns' | 'margin';
  readonly value: string;
  readonly limit: string;
}

/** A symbol's change of stage. */
export interface RolloutChange {
  readonly instrument: string;
  readonly stage: RolloutStage;
  readonly why: RolloutWhy;
}

export interface RolloutReading {
  /** Since the last step, by the monotonic clock. */
  readonly elapsedMs: number;
  /** The larger margin ratio of both accounts; null: not known. */
  readonly marginRatio: Decimal | null;
  readonly mmrAlertThreshold: Decimal;
}

export interface RolloutNow {
  readonly progress: ReadonlyMap<string, RolloutProgress>;
  readonly changes: readonly RolloutChange[];
  /** The symbol and figure that hold the rollout; null: none. */
  readonly held: (FailingFigure & { readonly instrument: string }) | null;
}

export function rolloutBegin(amountUsdt: Decimal, stage: RolloutStage = 'waiting'): RolloutProgress {
  const none = { ranMs: 0, hedges: 0, placed: 0, failed: 0, cooldowns: 0 };
  return { stage, amountUsdt, ...none, capped: false, passedOn: null };
}

/** Progress after a fact about the symbol; the same object if nothing changes. */
export function counted(progress: RolloutProgress, fact: Fact): RolloutProgress {
  if (fact.type === 'state.changed') {
    const capped = fact.to === 'capped';
    const cooldowns = progress.cooldowns + (fact.to === 'cooldown' && progress.stage === 'trial' ? 1 : 0);
    const isSame = capped === progress.capped && cooldowns === progress.cooldowns;
    return isSame ? progress : { ...progress, capped, cooldowns };
  }
  if (progress.stage !== 'trial') return progress;
  switch (fact.type) {
    case 'order.placed':
      return { ...progress, placed: progress.placed + 1 };
    case 'order.refused':
      return { ...progress, failed: progress.failed + 1 };
    case 'fill.booked': {
      const isHedge = fact.matches.some(({ kind }) => kind === 'hedge');
      return { ...progress, hedges: progress.hedges + (isHedge ? 1 : 0), cooldowns: 0 };
    }
    default:
      return progress;
  }
}

/** The figure of a symbol on trial that holds the rollout; null: none does. */
export function failing(
  { placed, failed, cooldowns }: RolloutProgress,
  { marginRatio, mmrAlertThreshold }: Pick<RolloutReading, 'marginRatio' | 'mmrAlertThreshold'>,
): FailingFigure | null {
  const orders = placed + failed;
  if (!succeeds(placed, failed) && (orders >= SUCCESS_JUDGED_FROM || failed > 1)) {
    return { figure: 'success', value: `${placed}/${orders}`, limit: SUCCESS_LEAST.toFixed() };
  }
  if (cooldowns >= COOLDOWNS_MAX)
    return { figure: 'cooldowns', value: String(cooldowns), limit: String(COOLDOWNS_MAX) };
  const most = mmrAlertThreshold.mul(MARGIN_SHARE);
  if (marginRatio === null || marginRatio.lt(most)) return null;
  return { figure: 'margin', value: marginRatio.toDecimalPlaces(4).toFixed(), limit: most.toFixed() };
}

function succeeds(placed: number, failed: number): boolean {
  return new Decimal(placed).gte(SUCCESS_LEAST.mul(placed + failed));
}

/** One step over all symbols: who starts, who gets the full amount, what holds the rollout (strategy 16.7). */
export function rolloutStep(
  rows: readonly RolloutRow[],
  before: ReadonlyMap<string, RolloutProgress>,
  reading: RolloutReading,
  limits: RolloutLimits = ROLLOUT_LIMITS,
): RolloutNow {
  const progress = new Map<string, RolloutProgress>();
  const changes: RolloutChange[] = [];
  for (const row of rows) {
    const { after, why } = stepOne(row, before.get(row.instrument) ?? rolloutBegin(row.amountUsdt), reading, limits);
    progress.set(row.instrument, after);
    if (why !== null) changes.push({ instrument: row.instrument, stage: after.stage, why });
  }
  const onTrial = rows.flatMap(({ instrument }) => {
    const one = progress.get(instrument);
    return one?.stage === 'trial' ? [{ instrument, one }] : [];
  });
  const [held = null] = onTrial.flatMap(({ instrument, one }) => {
    const figure = failing(one, reading);
    return figure === null ? [] : [{ instrument, ...figure }];
  });
  const isFree = held === null && failing(rolloutBegin(ZERO), reading) === null;
  const next = rows.find(({ instrument }) => progress.get(instrument)?.stage === 'waiting');
  if (next !== undefined && isFree && onTrial.every(({ one }) => one.passedOn !== null)) {
    progress.set(next.instrument, rolloutBegin(next.amountUsdt, 'trial'));
    changes.push({ instrument: next.instrument, stage: 'trial', why: 'turn' });
  }
  return { progress, changes, held };
}

function stepOne(
  { amountUsdt, mayTrade, isHeldByRow }: RolloutRow,
  before: RolloutProgress,
  reading: RolloutReading,
  limits: RolloutLimits,
): { readonly after: RolloutProgress; readonly why: RolloutChange['why'] | null } {
  if (before.stage === 'waiting')
    return { after: before.amountUsdt.eq(amountUsdt) ? before : { ...before, amountUsdt }, why: null };
  if (amountUsdt.gt(before.amountUsdt)) return { after: rolloutBegin(amountUsdt, 'trial'), why: 'raised' };
  if (before.stage === 'full')
    return { after: before.amountUsdt.eq(amountUsdt) ? before : { ...before, amountUsdt }, why: null };
  const ranMs = before.ranMs + (mayTrade ? Math.min(STEP_MAX_MS, Math.max(0, reading.elapsedMs)) : 0);
  const now: RolloutProgress = { ...before, amountUsdt, ranMs };
  if (failing(now, reading) !== null) return { after: now, why: null };
  if (ranMs >= limits.ranMs && now.hedges >= limits.hedges && succeeds(now.placed, now.failed)) {
    return { after: { ...now, stage: 'full', passedOn: null }, why: 'passed' };
  }
  if (now.passedOn !== null) return { after: now, why: null };
  const passedOn = now.capped ? 'capped' : ranMs >= limits.nextAfterMs ? 'time' : isHeldByRow ? 'mode' : null;
  return passedOn === null ? { after: now, why: null } : { after: { ...now, passedOn }, why: passedOn };
}

/** The row of a symbol on trial: a part of its amount, at least so many tradable sizes, at most all of it. */
export function trialRow(row: SymbolConfig, instrument: Instrument, mark: Decimal | null): SymbolConfig {
  const part = row.orderNotionalUsdt.mul(TRIAL_SHARE);
  const least = mark === null ? ZERO : smallestTradableSize(instrument, mark, []).mul(mark).mul(TRIAL_LEAST_SIZES);
  return { ...row, orderNotionalUsdt: min(row.orderNotionalUsdt, max(part, least)) };
}

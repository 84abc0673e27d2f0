import type { Decimal } from './decimal.ts';
import { ACCOUNTS, type AccountName, type AccountSummary } from './model.ts';
import { type Reason, reason } from './reasons.ts';

/** Stops growth of positions (strategy 8.6) for a margin ratio or the loss of a day; repairs and reductions go on. */

/**
 * A margin stop ends below this share of its limit, so that a ratio hovering at it does not place and cancel orders.
 */
const MARGIN_ENDS_AT = '0.95';

export interface MarginStop {
  /** Maintenance margin / equity at its beginning, as text; `∞`: no equity. */
  readonly ratio: string;
  readonly limit: Decimal;
}

export interface LossStop {
  /** USDT, positive. */
  readonly loss: Decimal;
  readonly limit: Decimal;
  /** Wall clock: end of the day. */
  readonly untilMs: number;
}

/** All stops in force. Journalled. */
export interface OpeningsStops {
  readonly margin: Readonly<Record<AccountName, MarginStop | null>>;
  readonly loss: LossStop | null;
}

export const NO_STOPS: OpeningsStops = { margin: { A: null, B: null }, loss: null };

/** Name of their note in the journal. */
export const OPENINGS_STOPS_NOTE = 'openings.stops';

/** Limits from the settings; null: off. */
export interface OpeningsLimits {
  readonly marginRatio: Decimal | null;
  readonly lossUsdt: Decimal | null;
}

export const NO_LIMITS: OpeningsLimits = { marginRatio: null, lossUsdt: null };

/** A day's total by the statement (strategy 17.3). */
export interface DayMoney {
  /** USDT; negative: a loss. */
  readonly total: Decimal;
  /** Wall clock: end of the day. */
  readonly endsMs: number;
}

/** An account's stop by its last summary. Returns the same object while it continues. */
export function judgeMarginStop(
  { totalEquity, maintenanceMargin }: AccountSummary,
  limit: Decimal | null,
  previous: MarginStop | null,
): MarginStop | null {
  if (limit === null) return null;
  const reaches = (ratio: Decimal) =>
    totalEquity.gt(0) ? maintenanceMargin.gte(ratio.mul(totalEquity)) : maintenanceMargin.gt(0);
  if (previous?.limit.eq(limit) && reaches(limit.mul(MARGIN_ENDS_AT))) return previous;
  if (!reaches(limit)) return null;
  return { ratio: totalEquity.gt(0) ? maintenanceMargin.div(totalEquity).toFixed(4) : '∞', limit };
}

/**
 * The stop for the loss of a day. It lasts until the day ends, since unrealised results move with the mark. Returns the
 * same object while it continues.
 * @param day null: nothing new is known
 */
export function judgeLossStop(
  day: DayMoney | null,
  limit: Decimal | null,
  previous: LossStop | null,
  nowMs: number,
): LossStop | null {
  if (limit === null) return null;
  if (previous !== null && nowMs < previous.untilMs && previous.loss.gte(limit))
    return previous.limit.eq(limit) ? previous : { ...previous, limit };
  if (day === null || nowMs >= day.endsMs || day.total.neg().lt(limit)) return null;
  return { loss: day.total.neg(), limit, untilMs: day.endsMs };
}

/** The remembered stops that still apply under these limits. */
export function remainingStops(known: OpeningsStops, limits: OpeningsLimits, nowMs: number): OpeningsStops {
  const { marginRatio } = limits;
  const kept = (stop: MarginStop | null) => (marginRatio !== null && stop?.limit.eq(marginRatio) ? stop : null);
  return {
    margin: { A: kept(known.margin.A), B: kept(known.margin.B) },
    loss: judgeLossStop(null, limits.lossUsdt, known.loss, nowMs),
  };
}

/** Why openings are stopped; null: they are not. The first of several reasons. */
export function stopReason({ margin, loss }: OpeningsStops): Reason | null {
  for (const account of ACCOUNTS) {
    const stop = margin[account];
    if (stop !== null) return reason('margin-stop', '8.6', { account, ratio: stop.ratio, limit: stop.limit.toFixed() });
  }
  return loss === null ? null : reason('loss-stop', '8.6', { loss: loss.loss.toFixed(2), limit: loss.limit.toFixed() });
}

/** New data for the stops: an account's summary or a day's total. Neither: time has passed. */
export interface StopInputs {
  readonly margin?: { readonly account: AccountName; readonly summary: AccountSummary };
  readonly day?: DayMoney;
}

/** The stops after new data. Returns the same object if nothing changes. */
export function stopsAfter(
  known: OpeningsStops,
  limits: OpeningsLimits,
  news: StopInputs,
  nowMs: number,
): OpeningsStops {
  const remaining = remainingStops(known, limits, nowMs);
  const stopOf = (account: AccountName) =>
    news.margin?.account === account
      ? judgeMarginStop(news.margin.summary, limits.marginRatio, remaining.margin[account])
      : remaining.margin[account];
  const margin = { A: stopOf('A'), B: stopOf('B') };
  const loss = judgeLossStop(news.day ?? null, limits.lossUsdt, remaining.loss, nowMs);
  const isSame = loss === known.loss && ACCOUNTS.every((account) => margin[account] === known.margin[account]);
  return isSame ? known : { margin, loss };
}

/** Each possible stop with its subject; null: not in force. */
export function eachStop(
  stops: OpeningsStops,
): readonly { readonly of: AccountName | 'loss'; readonly why: Reason | null }[] {
  const { margin, loss } = stops;
  return [
    ...ACCOUNTS.map((of) => ({
      of,
      why: stopReason({ ...NO_STOPS, margin: { ...NO_STOPS.margin, [of]: margin[of] } }),
    })),
    { of: 'loss', why: stopReason({ ...NO_STOPS, loss }) },
  ];
}

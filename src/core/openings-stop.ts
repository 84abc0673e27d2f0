import type { Decimal } from './decimal.ts';
import { ACCOUNTS, type AccountName, type AccountSummary } from './model.ts';
import { type Reason, reason } from './reasons.ts';

/**
 * Whether openings are stopped (strategy 8.6): for a margin ratio, or for the loss of a day. Only what grows positions is; repairs,
 * and what `decrease` closes, go on.
 */

/** A margin stop ends below this share of its limit, so that a ratio that moves about the limit places and cancels nothing. */
const MARGIN_ENDS_AT = '0.95';

/** An account's margin ratio has reached the limit. */
export interface MarginStop {
  /** Maintenance margin / equity when it began, as text; `∞`: no equity. */
  readonly ratio: string;
  readonly limit: Decimal;
}

/** The loss of a day has reached the limit. */
export interface LossStop {
  /** USDT, above zero. */
  readonly loss: Decimal;
  readonly limit: Decimal;
  /** Wall-clock: when the day ends. */
  readonly untilMs: number;
}

/** Everything that stops openings now. Journalled. */
export interface OpeningsStops {
  readonly margin: Readonly<Record<AccountName, MarginStop | null>>;
  readonly loss: LossStop | null;
}

export const NO_STOPS: OpeningsStops = { margin: { A: null, B: null }, loss: null };

/** Name of the journal's note that remembers them. */
export const OPENINGS_STOPS_NOTE = 'openings.stops';

/** Limits of the settings; null: off. */
export interface OpeningsLimits {
  readonly marginRatio: Decimal | null;
  readonly lossUsdt: Decimal | null;
}

export const NO_LIMITS: OpeningsLimits = { marginRatio: null, lossUsdt: null };

/** What a day has come to by the statement (strategy 17.3). */
export interface DayMoney {
  /** USDT; below zero: lost. */
  readonly total: Decimal;
  /** Wall-clock: when the day ends. */
  readonly endsMs: number;
}

/** The stop of an account by its last summary. The very same one while it goes on. */
export function judgeMarginStop(
  { totalEquity, maintenanceMargin }: AccountSummary,
  limit: Decimal | null,
  former: MarginStop | null,
): MarginStop | null {
  if (limit === null) return null;
  const reaches = (ratio: Decimal) =>
    totalEquity.gt(0) ? maintenanceMargin.gte(ratio.mul(totalEquity)) : maintenanceMargin.gt(0);
  if (former?.limit.eq(limit) && reaches(limit.mul(MARGIN_ENDS_AT))) return former;
  if (!reaches(limit)) return null;
  return { ratio: totalEquity.gt(0) ? maintenanceMargin.div(totalEquity).toFixed(4) : '∞', limit };
}

/**
 * The stop for the loss of the day: until the day ends, for what is unrealised comes and goes with the mark. The very same one while
 * it goes on.
 *
 * @param day null: nothing new is known of it
 */
export function judgeLossStop(
  day: DayMoney | null,
  limit: Decimal | null,
  former: LossStop | null,
  nowMs: number,
): LossStop | null {
  if (limit === null) return null;
  if (former !== null && nowMs < former.untilMs && former.loss.gte(limit))
    return former.limit.eq(limit) ? former : { ...former, limit };
  if (day === null || nowMs >= day.endsMs || day.total.neg().lt(limit)) return null;
  return { loss: day.total.neg(), limit, untilMs: day.endsMs };
}

/** What remains of remembered stops under these limits. */
export function remainingStops(known: OpeningsStops, limits: OpeningsLimits, nowMs: number): OpeningsStops {
  const { marginRatio } = limits;
  const kept = (stop: MarginStop | null) => (marginRatio !== null && stop?.limit.eq(marginRatio) ? stop : null);
  return {
    margin: { A: kept(known.margin.A), B: kept(known.margin.B) },
    loss: judgeLossStop(null, limits.lossUsdt, known.loss, nowMs),
  };
}

/** Why openings are stopped; null: they are not. The first of several. */
export function stopReason({ margin, loss }: OpeningsStops): Reason | null {
  for (const account of ACCOUNTS) {
    const stop = margin[account];
    if (stop !== null) return reason('margin-stop', '8.6', { account, ratio: stop.ratio, limit: stop.limit.toFixed() });
  }
  return loss === null ? null : reason('loss-stop', '8.6', { loss: loss.loss.toFixed(2), limit: loss.limit.toFixed() });
}

/** What may change whether openings are stopped: an account's summary, or what the day has come to. Neither: time has passed. */
export interface StopNews {
  readonly margin?: { readonly account: AccountName; readonly summary: AccountSummary };
  readonly day?: DayMoney;
}

/** The stops from now on. The very same value where nothing changes. */
export function stopsAfter(known: OpeningsStops, limits: OpeningsLimits, news: StopNews, nowMs: number): OpeningsStops {
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

/** Each of them by itself, and what it is of; null: it does not hold. */
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

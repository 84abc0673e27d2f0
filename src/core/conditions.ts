import { type Alert, type AlertKind, alertKey, isStuck } from './alerts.ts';
import type { Decimal } from './decimal.ts';
import { guardPrice } from './ledger.ts';
import { ACCOUNTS, type AccountName } from './model.ts';
import { openingSides } from './openings.ts';
import type { Plan } from './plan.ts';
import type { PlanInput } from './plan-input.ts';
import { repairWays } from './repairs.ts';
import type { SymbolState } from './symbol-state.ts';
import { ORDERS_PER_ACCOUNT } from './trims.ts';
import { sideAgainst } from './valuing.ts';

/** The alerts of strategy 12 that hold for a symbol as long as a decision finds them so; no longer found, they are over. */
export const SYMBOL_CONDITIONS: readonly AlertKind[] = [
  'same-direction',
  'side-contradicts-config',
  'limit-reached',
  'order-count',
  'unhedged',
  'instrument-unlisted',
];

/** The exchange does not list a symbol that this engine has traded, and holds this much of it (strategy 11.6). */
export function unlistedAlert(
  instrument: string,
  sizes: Readonly<Record<AccountName, Decimal>>,
  { lots }: Pick<SymbolState, 'lots'>,
  atMs: number,
): Alert {
  return {
    kind: 'instrument-unlisted',
    key: alertKey('instrument-unlisted', instrument),
    account: null,
    instrument,
    atMs,
    sinceMs: null,
    details: { a: sizes.A.toFixed(), b: sizes.B.toFixed(), lots: String(lots.length) },
  };
}

/** Which of `SYMBOL_CONDITIONS` hold now. */
export function conditionsOf(input: PlanInput, plan: Plan): Alert[] {
  const { valuation, config, state, nowMs, strategy } = input;
  const alerts: Alert[] = [];
  const raise = (kind: AlertKind, details: Record<string, string>, sinceMs: number | null = null) =>
    alerts.push({
      kind,
      key: alertKey(kind, config.instrument),
      account: null,
      instrument: config.instrument,
      atMs: nowMs,
      sinceMs,
      details,
    });
  if (input.unlisted) alerts.push(unlistedAlert(config.instrument, valuation.actual, state, nowMs));

  const sizes = () => ({ a: valuation.actual.A.toFixed(), b: valuation.actual.B.toFixed() });

  if (valuation.sameDirection && !valuation.hedged) raise('same-direction', sizes());

  const opening = openingSides(input);
  if (plan.tradingState === 'equal' && opening?.contradictsConfig) {
    raise('side-contradicts-config', { ...sizes(), configured: config.aSideWhenEqual, held: opening.sides.A });
  }
  // Flat in `decrease` is where it was to get to, not a limit that stands in the way.
  const done = config.positionMode === 'decrease' && valuation.flat;
  if (plan.tradingState === 'capped' && !done) {
    raise('limit-reached', {
      mode: config.positionMode,
      total: valuation.totalUsdt.toFixed(2),
      limit: (config.positionMode === 'increase' ? config.maxTotalPositionUsdt : config.minTotalPositionUsdt).toFixed(),
      why: plan.why,
    });
  }
  for (const account of ACCOUNTS) {
    const count = state.orders.filter((order) => order.account === account).length;
    if (count > ORDERS_PER_ACCOUNT) {
      raise('order-count', { account, count: String(count), cap: String(ORDERS_PER_ACCOUNT) });
    }
  }
  if (state.unhedgedSinceMs !== null && isStuck(state.unhedgedSinceMs, nowMs, strategy.stuckMs)) {
    const side = sideAgainst(valuation.net);
    const account = valuation[repairWays(input)[0]];
    const guard = guardPrice(state.lots, { account, side, size: valuation.net.abs() }, valuation.net.mul(0));
    raise(
      'unhedged',
      {
        net: valuation.net.toFixed(),
        diff: valuation.diffUsdt.toFixed(2),
        side,
        guard: guard?.toFixed() ?? '-',
        mark: valuation.mark.toFixed(),
        hours: String(strategy.stuckMs / 3_600_000),
      },
      state.unhedgedSinceMs,
    );
  }
  return alerts;
}

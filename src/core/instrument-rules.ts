import type { Decimal } from './decimal.ts';
import type { Instrument } from './model.ts';

/** A changed rule of an instrument, for the log (strategy 11.8). Values as the exchange states them. */
export interface RuleChange {
  readonly rule: 'tick_size' | 'min_size' | 'min_notional' | 'base_decimals' | 'instrument_hash';
  readonly from: string;
  readonly to: string;
}

/** The rules that differ between two reads of the exchange's list (strategy 11.8). */
export function ruleChanges(previous: Instrument, now: Instrument): readonly RuleChange[] {
  const text = (value: Decimal | number | string) => (typeof value === 'object' ? value.toFixed() : String(value));
  const rows = [
    ['tick_size', previous.tickSize, now.tickSize],
    ['min_size', previous.minSize, now.minSize],
    ['min_notional', previous.minNotional, now.minNotional],
    ['base_decimals', previous.baseDecimals, now.baseDecimals],
    ['instrument_hash', previous.hash, now.hash],
  ] as const;
  return rows.flatMap(([rule, before, after]) => {
    const [from, to] = [text(before), text(after)];
    return from === to ? [] : [{ rule, from, to }];
  });
}

export function sameRules(one: Instrument, other: Instrument): boolean {
  return ruleChanges(one, other).length === 0;
}

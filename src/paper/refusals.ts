import type { NewOrder, PaperAccount } from './model.ts';

/** Refusals on demand: orders of an account or an instrument that the exchange refuses for its own reasons. */

export interface RefusalRule {
  /** null: any. */
  readonly account: PaperAccount | null;
  readonly instrument: string | null;
  /** The create answers this code, */
  readonly code: number | null;
  /** or the matching engine rejects the order with this reason, */
  readonly reject: string | null;
  /** or ends it with this reason as soon as it rests. */
  readonly end: string | null;
  /** Orders with `reduce_only` pass. */
  readonly reduceOnlyPasses: boolean;
  /** Remaining uses; null: until it is removed. */
  left: number | null;
}

/** A test has a handful. */
const MAX_RULES = 100;

/** The rules in force, the oldest first. */
export class Refusals {
  #rules: RefusalRule[] = [];

  /** @throws RangeError if there are too many. */
  add(rule: RefusalRule): void {
    if (this.#rules.length >= MAX_RULES) throw new RangeError(`more than ${MAX_RULES} refusals`);
    this.#rules.push(rule);
  }

  clear(): void {
    this.#rules = [];
  }

  /** The answer of the first rule for the order at that moment; null: none. */
  strike<W extends 'code' | 'reject' | 'end'>(what: W, account: PaperAccount, order: NewOrder): RefusalRule[W] | null {
    const rule = this.#rules.find(
      (one) =>
        one[what] !== null &&
        one.left !== 0 &&
        (one.account === null || one.account === account) &&
        (one.instrument === null || one.instrument === order.instrument) &&
        !(one.reduceOnlyPasses && order.reduceOnly),
    );
    if (rule === undefined) return null;
    if (rule.left !== null) rule.left -= 1;
    return rule[what];
  }
}

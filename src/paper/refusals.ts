import type { NewOrder, PaperAccount } from './model.ts';

/** Refusals by hand: what the exchange does to orders of an account or an instrument for reasons of its own. */

export interface RefusalRule {
  /** null: any. */
  readonly account: PaperAccount | null;
  readonly instrument: string | null;
  /** The create answers this code … */
  readonly code: number | null;
  /** … or the matching engine rejects the order with this reason … */
  readonly reject: string | null;
  /** … or ends it with this reason as soon as it rests. */
  readonly end: string | null;
  /** Orders with `reduce_only` pass. */
  readonly reduceOnlyPasses: boolean;
  /** Strikes so often; null: until it is taken away. */
  left: number | null;
}

/** Rules at once: a test has a handful. */
const MAX_RULES = 100;

/** The rules in force, the oldest first. */
export class Refusals {
  #rules: RefusalRule[] = [];

  /** @throws RangeError when there are too many. */
  add(rule: RefusalRule): void {
    if (this.#rules.length >= MAX_RULES) throw new RangeError(`more than ${MAX_RULES} refusals`);
    this.#rules.push(rule);
  }

  clear(): void {
    this.#rules = [];
  }

  /** What the first rule that concerns the order says at that moment; null: none does. */
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

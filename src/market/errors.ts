import { type BothTexts, type Reason, reason } from '../core/reasons.ts';
import { ReasonError } from '../texts/reason-error.ts';

/** An unusable input or stored file: one line that names the thing, the value and what was expected. */
export class MarketError extends ReasonError {
  /** @param what a text: the words of the exchange, of a library, or about what only a developer sees */
  constructor(what: Reason | string) {
    super(typeof what === 'string' ? reason('others-words', '19.1', { words: what }) : what);
  }
}

/** @param at a file or directory @param found null: nothing to name */
export function unusable(at: string, found: string | null, expected: BothTexts): MarketError {
  return new MarketError(reason('market-unusable', '19.1', { at, found, expected }));
}

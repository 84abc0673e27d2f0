import { whyOf } from '../core/error-text.ts';
import type { Reason } from '../core/reasons.ts';
import type { Language } from './language.ts';
import { reasonText } from './reasons.ts';

/** An error for a person: its reason as a value; the message is its English text. Defects are plain errors, in English. */
export class ReasonError extends Error {
  readonly why: Reason;

  constructor(why: Reason, cause?: unknown) {
    super(reasonText(why), cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.why = why;
  }
}

/** What was thrown, as text in that language. */
export function thrownText(thrown: unknown, language: Language): string {
  return reasonText(whyOf(thrown), language);
}

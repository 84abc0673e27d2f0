import { type BothTexts, type Reason, reason } from '../core/reasons.ts';
import { ReasonError } from './reason-error.ts';

/** An option or argument of a command that cannot be used: a line with it, its value and what was expected; exit code 78. */
export class OptionError extends ReasonError {
  /** @param option as it is typed @param value null: none, or one that may hold a secret */
  constructor(option: string, value: string | null, expected: BothTexts) {
    super(reason('option-wrong', '13.2', { option, value, expected }));
  }
}

/** An option whose value could not be used for other reasons, such as a file that cannot be read. */
export class OptionUnusable extends ReasonError {
  constructor(option: string, value: string, problems: readonly Reason[]) {
    super(reason('option-unusable', '13.2', { option, value, problems }));
  }
}

// ------------------------------------------------------------------------------- what several options expect

export const ABOVE_ZERO: BothTexts = { en: 'a number above 0', zh: '大于 0 的数' };

export function numberFrom(least: number, most: number): BothTexts {
  return { en: `a number from ${least} to ${most}`, zh: `${least} 至 ${most} 的数` };
}

export function wholeFrom(least: number, most: number): BothTexts {
  return { en: `a whole number from ${least} to ${most}`, zh: `${least} 至 ${most} 的整数` };
}

/** @param near what may be meant */
export function oneOfThese(names: readonly string[], near: string | null = null): BothTexts {
  return {
    en: `one of ${names.join(', ') || 'none: there is nothing'}${near === null ? '' : `; did you mean ${near}?`}`,
    zh: `其中之一：${names.join('、') || '目前为空'}${near === null ? '' : `；是否想写 ${near}？`}`,
  };
}

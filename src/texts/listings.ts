import { wordsOf } from './language.ts';

/** Texts of the commands that list and report: `{name}` stands for a value, `[…]` is left out if one of its values is missing. */
const LIST_WORDS = {
  note: ['Note: {note}', '注意：{note}'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

export const listText = wordsOf(LIST_WORDS);

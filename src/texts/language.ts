import type { Side } from '../core/model.ts';

export type Language = 'en' | 'zh';

/** A text in every language: for the page, whose reader chooses. */
export type Texts = Readonly<Record<Language, string>>;

export const SIDES: Readonly<Record<Language, Readonly<Record<Side, string>>>> = {
  en: { buy: 'buy', sell: 'sell' },
  zh: { buy: '买入', sell: '卖出' },
};

/**
 * Texts by name: `{name}` stands for a value, `[…]` is left out if one of its values is missing; null and '' are missing.
 */
export function wordsOf<N extends string>(table: Readonly<Record<N, readonly [en: string, zh: string]>>) {
  return (
    language: Language,
    name: N,
    values: Readonly<Record<string, string | number | null | undefined>> = {},
  ): string => {
    const given = Object.entries(values).flatMap(([key, value]) =>
      value === null || value === undefined || value === '' ? [] : [[key, String(value)]],
    );
    return filled(table[name][language === 'zh' ? 1 : 0], Object.fromEntries(given));
  };
}

/** Fills in the parameters of a text; a bracketed part that lacks a parameter is left out. */
export function filled(text: string, params: Readonly<Record<string, string>>): string {
  const hasAll = (part: string) => [...part.matchAll(/\{(\w+)\}/g)].every(([, name = '']) => name in params);
  return text
    .replace(/\[([^\]]*)\]/g, (_whole, part: string) => (hasAll(part) ? part : ''))
    .replace(/\{(\w+)\}/g, (_whole, name: string) => params[name] ?? '');
}

import type { Side } from '../core/model.ts';

export type Language = 'en' | 'zh';

/** A text in every language: for the page, whose reader chooses. */
export type Texts = Readonly<Record<Language, string>>;

export const SIDES: Readonly<Record<Language, Readonly<Record<Side, string>>>> = {
  en: { buy: 'buy', sell: 'sell' },
  zh: { buy: '买入', sell: '卖出' },
};

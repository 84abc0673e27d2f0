import { InvalidArgumentError } from 'commander';
import type { BothTexts } from '../core/reasons.ts';
import type { Language } from '../texts/language.ts';
import { type MARKET_WORDS, marketText } from '../texts/market.ts';

/** The language of what a command says before, or without, its settings: one per process, known from its first moment. */

let spoken: Language = 'en';

export function speak(language: Language): void {
  spoken = language;
}

export function spokenLanguage(): Language {
  return spoken;
}

/** What was expected of an option's value, before which commander puts both. @param part of the value that is wrong */
export function illegal({ en, zh }: BothTexts, part: string | null = null): InvalidArgumentError {
  const expected = spoken === 'en' ? `expected ${en}` : `应为${zh}`;
  return new InvalidArgumentError(part === null ? expected : `${part}${spoken === 'en' ? ': ' : '：'}${expected}`);
}

/** What `market` and `record` say, which read no settings. */
export function marketSaid(name: keyof typeof MARKET_WORDS, values?: Parameters<typeof marketText>[2]): string {
  return marketText(spoken, name, values);
}

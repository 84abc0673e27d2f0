import type { AccountName } from '../core/model.ts';
import type { Journal } from '../ports.ts';
import type { Language } from '../texts/language.ts';
import { remember } from './instruments.ts';

/** The pair of accounts of a journal, recorded inside it so that copies have it too. */
export interface Pair {
  /** As in messages: `grvt-hedge prod 4782-0114`. */
  readonly label: string;
  /** Trading account ids. */
  readonly accounts: Readonly<Record<AccountName, string>>;
}

const KEY = 'pair';

/** Notes the pair of this journal if it has another one or none. */
export function rememberPair(journal: Journal, body: Pair, atMs: number): void {
  remember(journal, [{ key: KEY, body }], atMs);
}

/** null: a journal from before pairs were noted. */
export function rememberedPair(journal: Journal): Pair | null {
  return (journal.latest('note', KEY)?.body as Pair | undefined) ?? null;
}

/** `grvt-hedge prod 4782-0114 (accounts 1234, 5678)`; null: unknown. */
export function pairWords(journal: Journal, language: Language): string | null {
  const pair = rememberedPair(journal);
  if (pair === null) return null;
  const { A, B } = pair.accounts;
  return `${pair.label}${language === 'en' ? ` (accounts ${A}, ${B})` : `（账户 ${A}、${B}）`}`;
}

import type { Fact } from '../core/facts.ts';
import type { Reason } from '../core/reasons.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { dayOf } from '../journal/money.ts';
import { TRADING_STATE_NAMES } from '../texts/check.ts';
import { lasting } from '../texts/duration.ts';
import { type WhyWords, whyText } from '../texts/explain.ts';
import type { Language } from '../texts/language.ts';
import { reasonText, ruleOf } from '../texts/reasons.ts';
import { clockTime, zoneName } from './words.ts';

/** Every symbol that has a ledger or ever had a fill. */
export function symbolsOf(journal: EngineJournal): string[] {
  const booked = journal.latestOfEach('money.day').map(({ key }) => dayOf(key).instrument);
  const kept = journal.latestOfEach('symbol.state').map(({ key }) => key);
  return [...new Set([...booked, ...kept])].filter((name) => name !== '').sort();
}

/** A period in which state and idle reason of a symbol did not change; null: not idle, or not reported. */
interface Stretch {
  readonly atMs: number;
  readonly phase: string;
  readonly why: Reason;
  readonly rule: string;
  readonly isIdle: boolean;
}

type Told = Extract<Fact, { type: 'state.changed' | 'symbol.idle' }>;

/**
 * Why a symbol did nothing: its states and idle reasons, oldest first, with their durations.
 * @returns null: the journal has nothing about it in that time
 */
export function explainSymbol(
  journal: EngineJournal,
  symbol: string,
  sinceMs: number,
  nowMs: number,
  language: Language,
): { readonly lines: readonly string[]; readonly json: unknown } | null {
  const words: WhyWords = (name, values) => whyText(language, name, values);
  const found: Stretch[] = [];
  let phase = '';
  for (const entry of journal.scan({ kind: 'fact', sinceMs })) {
    const fact = entry.body as Fact;
    if (fact.type !== 'state.changed' && fact.type !== 'symbol.idle') continue;
    if (fact.instrument !== symbol) continue;
    phase = fact.type === 'state.changed' ? fact.to : phase;
    found.push(stretchOf(fact, phase));
  }
  if (found.length === 0) return null;
  const untilMs = (at: number) => found[at + 1]?.atMs ?? nowMs;
  const lines = [
    words('symbol', { symbol, time: clockTime(sinceMs), zone: zoneName() }),
    ...found.map(({ atMs, phase: state, why, rule, isIdle }, at) => {
      const names: Readonly<Record<string, string>> = TRADING_STATE_NAMES[language];
      return words('stretch', {
        ...{ time: clockTime(atMs), state: (names[state] ?? state).padEnd(12), why: reasonText(why, language), rule },
        what: isIdle ? words('idle') : '',
        lasted: lasting(untilMs(at) - atMs, language),
        now: at === found.length - 1 ? words('untilNow') : '',
      });
    }),
  ];
  return { lines, json: found.map((one, at) => ({ ...one, why: reasonText(one.why), untilMs: untilMs(at) })) };
}

function stretchOf(fact: Told, phase: string): Stretch {
  const { atMs, why } = fact;
  return { atMs, phase, why, rule: ruleOf(why), isIdle: fact.type === 'symbol.idle' };
}

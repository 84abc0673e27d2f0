import type { Reason } from '../core/reasons.ts';
import { loadSettings, type Settings } from '../settings/index.ts';
import type { Question } from './question.ts';

/** Settings as an operator would have written them, read by the product's own reader; or all their errors. */
export function settingsOf(
  question: Pick<Question, 'variables' | 'rows'>,
): { readonly ok: true; readonly settings: Settings } | { readonly ok: false; readonly errors: readonly Reason[] } {
  const reading = loadSettings({
    env: { ...question.variables, GRVT_ENV: 'paper', GRVT_HEDGE_SYMBOLS_FILE: 'symbols.json' },
    root: '/backtest',
    readFile: (path) => {
      if (path.endsWith('symbols.json')) return Buffer.from(JSON.stringify(question.rows));
      throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
    },
  });
  return reading.ok ? { ok: true, settings: reading.settings } : { ok: false, errors: reading.errors };
}

import { restoreSymbol } from '../../machines/restore.ts';
import type { EngineSymbol } from '../core/daemon/memory.ts';
import type { PreparedOrder } from '../core/journal-entry.ts';
import { isOpen, leavingRow, rowWithoutOne } from '../core/leaving.ts';
import type { Instrument, SymbolConfig } from '../core/model.ts';
import { rememberedInstrument, rememberedRow } from '../journal/instruments.ts';
import type { Journal } from '../ports.ts';

/**
 * Symbols that run without an enabled row (strategy 16.3): those with positions or orders in the journal, and those on
 * which an own order is found.
 */

export interface LeavingParts {
  /** null: none, as before the first run. */
  readonly journal: Journal | null;
  /** The rows of the symbols file, enabled or not. */
  readonly rows: readonly SymbolConfig[];
  /** The instruments the exchange lists. */
  readonly listed: readonly Instrument[];
  /** Prepared orders of unknown end, of any instrument (strategy 9.6). */
  readonly unsettled: readonly PreparedOrder[];
}

/** The symbols to start beside the traded ones, by name, except those whose rules are unknown. */
export function leavingSymbols(parts: LeavingParts): readonly EngineSymbol[] {
  const { journal, rows, unsettled } = parts;
  if (journal === null) return [];
  const names = new Set([
    ...journal.latestOfEach('symbol.state').map(({ key }) => key),
    ...unsettled.map(({ intent }) => intent.instrument),
  ]);
  return [...names]
    .filter((name) => !rows.some((row) => row.enabled && isSame(row.instrument, name)))
    .filter((name) => isOpen(restoreSymbol(journal, name, unsettled)))
    .sort()
    .flatMap((name) => leavingSymbol(parts, name) ?? []);
}

/**
 * The symbol of an instrument without an enabled row: by its disabled row, else its last one, else none.
 * @param name in the exchange's spelling @returns null: neither the exchange nor the journal knows its rules
 */
export function leavingSymbol({ journal, rows, listed }: LeavingParts, name: string): EngineSymbol | null {
  const now = listed.find((one) => one.name === name);
  const instrument = now ?? (journal === null ? null : rememberedInstrument(journal, name));
  if (instrument === null) return null;
  const disabled = rows.find((row) => isSame(row.instrument, name));
  const last = disabled ?? (journal === null ? null : rememberedRow(journal, name));
  const config = Object.freeze({ ...(last === null ? rowWithoutOne(name) : leavingRow(last)), instrument: name });
  const leaving = disabled !== undefined ? 'disabled' : last === null ? 'unconfigured' : 'removed';
  return { config, instrument, leaving, ...(now === undefined ? { unlisted: true } : {}) };
}

/** The file may use another case (strategy 2.2). */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

import type { EngineSymbol } from '../../machines/daemon-actors.ts';
import { restoreSymbol } from '../../machines/restore.ts';
import type { PreparedOrder } from '../core/journal-entry.ts';
import { isOpen, leavingRow, rowWithoutOne } from '../core/leaving.ts';
import type { Instrument, SymbolConfig } from '../core/model.ts';
import { rememberedInstrument, rememberedRow } from '../journal/instruments.ts';
import type { Journal } from '../ports.ts';

/**
 * Which symbols run although no enabled row names them (strategy 16.3): those of which the journal holds something open, and,
 * one by one, those on which an order of ours is seen.
 */

/** What tells it. */
export interface LeavingParts {
  /** null: there is none, as before the first run. */
  readonly journal: Journal | null;
  /** The rows of the symbols file, enabled or not. */
  readonly rows: readonly SymbolConfig[];
  /** What the exchange lists. */
  readonly listed: readonly Instrument[];
  /** Prepared orders whose end the journal does not know, of any instrument (strategy 9.6). */
  readonly unsettled: readonly PreparedOrder[];
}

/** The symbols to start beside those that trade, by name. What nobody knows the rules of is not among them. */
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
 * The symbol of an instrument without an enabled row: by its disabled row, else by its last one, else without any.
 *
 * @param name in the exchange's own spelling
 * @returns null: neither the exchange's list nor the journal knows its rules
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

/** The file may spell an instrument in another case (strategy 2.2). */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

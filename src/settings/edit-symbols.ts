import { type Reason, reason } from '../core/reasons.ts';
import { symbolNamed } from '../core/symbol-name.ts';
import { readSymbols } from './symbols-file.ts';
import { nearest, wrongAt } from './wording.ts';

/** A change of one row of the symbols file (strategy 16.2). */
export type SymbolsEdit =
  | { readonly verb: 'set' | 'add'; readonly symbol: string; readonly values: Readonly<Record<string, string>> }
  | { readonly verb: 'remove'; readonly symbol: string };

export type SymbolsEdited =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly errors: readonly Reason[] };

/** Keeps a number as it is written: JSON's own parsing would use binary floating point. */
const asWritten = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/**
 * The symbols file with one row changed, added or removed, validated as a whole (strategy 2.2, 16.2). Numbers stay as
 * they were written; the layout is that of `JSON.stringify`.
 * @param file its name in messages
 */
export function editSymbols(bytes: Uint8Array, edit: SymbolsEdit, file: string): SymbolsEdited {
  const before = readSymbols(bytes, file);
  if (!before.ok) return before;
  const keepWritten = (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? asWritten(context?.source ?? String(value)) : value;
  const rows = JSON.parse(new TextDecoder().decode(bytes), keepWritten) as Record<string, unknown>[];
  const at = rowOf(
    rows.map((row) => String(row.instrument)),
    edit.symbol,
    edit.verb !== 'add',
  );
  const refuse = (error: Reason): SymbolsEdited => ({ ok: false, errors: [error] });
  if (edit.verb === 'add') {
    if (at >= 0) return refuse(reason('row-exists', '16.2', { file, symbol: edit.symbol }));
    rows.push({ instrument: edit.symbol, ...valuesOf(edit.values) });
  } else {
    if (at < 0) {
      const near = nearest(
        edit.symbol,
        rows.map((row) => String(row.instrument)),
      );
      return refuse(reason('no-row', '16.2', { file, symbol: edit.symbol, near }));
    }
    if (edit.verb === 'remove') rows.splice(at, 1);
    else if ('instrument' in edit.values) return refuse(wrongAt('instrument', reason('names-the-row', '16.2')));
    else rows[at] = { ...rows[at], ...valuesOf(edit.values) };
  }
  const edited = new TextEncoder().encode(`${JSON.stringify(rows, null, 2)}\n`);
  const after = readSymbols(edited, file);
  return after.ok ? { ok: true, bytes: edited } : after;
}

/** Index of the symbol's row; by its base (`BNB`) if only one row has it. -1: none. */
function rowOf(names: readonly string[], symbol: string, byBase: boolean): number {
  const named = symbolNamed(names, symbol);
  const isWhole = named?.toLowerCase() === symbol.toLowerCase();
  return named === undefined || !(isWhole || byBase) ? -1 : names.indexOf(named);
}

/** Typed values as JSON: plain numbers, `true` and `false` as such, everything else as text. */
function valuesOf(values: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, text]) => {
      if (/^(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text)) return [key, asWritten(text)];
      return [key, text === 'true' ? true : text === 'false' ? false : text];
    }),
  );
}

import { encode } from '../core/codec.ts';
import type { Instrument, SymbolConfig } from '../core/model.ts';
import type { Journal } from '../ports.ts';

/**
 * The last known rules of traded instruments, kept for instruments that the exchange deactivates (strategy 11.6): its
 * list no longer names them, but their positions and lots remain.
 */

const KEY = 'instrument:';
const ROW_KEY = 'row:';

/** Notes the rules of these instruments if the journal has others or none. */
export function rememberInstruments(journal: Journal, instruments: readonly Instrument[], atMs: number): void {
  const notes = instruments.map((body) => ({ key: KEY + body.name, body }));
  remember(journal, notes, atMs);
}

/** Notes the rows of symbols if the journal has others or none: a removed symbol continues with its last row (16.3). */
export function rememberRows(journal: Journal, rows: readonly SymbolConfig[], atMs: number): void {
  const notes = rows.map((body) => ({ key: ROW_KEY + body.instrument, body }));
  remember(journal, notes, atMs);
}

/** Writes those notes that differ from the journal's last ones. */
export function remember(
  journal: Journal,
  notes: readonly { readonly key: string; readonly body: unknown }[],
  atMs: number,
): void {
  const news = notes.filter(({ key, body }) => {
    const known = journal.latest('note', key);
    return known === null || encode(known.body) !== encode(body);
  });
  if (news.length === 0) return;
  journal.append(news.map((note) => ({ kind: 'note', ...note, atMs })));
}

/** The last row a symbol traded with; null: it never did. Older journals have it in the instrument's last decision. */
export function rememberedRow(journal: Journal, name: string): SymbolConfig | null {
  const note = journal.latest('note', ROW_KEY + name)?.body as SymbolConfig | undefined;
  const decision = journal.latest('decision', name)?.body as
    | { readonly input: { readonly config: SymbolConfig } }
    | undefined;
  return note ?? decision?.input.config ?? null;
}

/**
 * The last known rules of an instrument by its name, case-insensitive; null: never traded here, or ambiguous. Older
 * journals have them in the instrument's last decision.
 */
export function rememberedInstrument(journal: Journal, name: string): Instrument | null {
  const noted = journal.latestOfEach('note').flatMap(({ key }) => (key.startsWith(KEY) ? [key.slice(KEY.length)] : []));
  const traded = journal.latestOfEach('symbol.state').map(({ key }) => key);
  const names = [...new Set([...noted, ...traded])];
  const alike = names.filter((one) => one.toLowerCase() === name.toLowerCase());
  const found = names.includes(name) ? name : alike.length === 1 ? alike[0] : undefined;
  if (found === undefined) return null;
  const note = journal.latest('note', KEY + found)?.body as Instrument | undefined;
  const decision = journal.latest('decision', found)?.body as { readonly input: { readonly instrument: Instrument } };
  return note ?? decision?.input.instrument ?? null;
}

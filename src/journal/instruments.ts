import { encode } from '../core/codec.ts';
import type { Instrument, SymbolConfig } from '../core/model.ts';
import type { Journal } from '../ports.ts';

/**
 * The rules of the instruments a start has found listed, kept so that one the exchange has deactivated since is known for
 * what it is (strategy 11.6): the exchange's list does not name it any more, and its positions and lots are still there.
 */

const KEY = 'instrument:';
const ROW_KEY = 'row:';

/** Writes down the rules of these instruments, where the journal has others or none. */
export function rememberInstruments(journal: Journal, instruments: readonly Instrument[], atMs: number): void {
  const notes = instruments.map((body) => ({ key: KEY + body.name, body }));
  remember(journal, notes, atMs);
}

/** Writes down the rows that symbols trade by, where the journal has others or none: a removed one goes on by its last row (16.3). */
export function rememberRows(journal: Journal, rows: readonly SymbolConfig[], atMs: number): void {
  const notes = rows.map((body) => ({ key: ROW_KEY + body.instrument, body }));
  remember(journal, notes, atMs);
}

/** Writes down those notes of which the journal has another last one, or none. */
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

/**
 * The row a symbol last traded by; null: it never did. A journal that began before rows were written down has it in the
 * instrument's last decision.
 */
export function rememberedRow(journal: Journal, name: string): SymbolConfig | null {
  const note = journal.latest('note', ROW_KEY + name)?.body as SymbolConfig | undefined;
  const decision = journal.latest('decision', name)?.body as
    | { readonly input: { readonly config: SymbolConfig } }
    | undefined;
  return note ?? decision?.input.config ?? null;
}

/**
 * The rules an instrument had when it was last listed, by its name, case aside; null: this journal never traded it, or two
 * that differ in case only. A journal that began before rules were written down has them in the instrument's last decision.
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

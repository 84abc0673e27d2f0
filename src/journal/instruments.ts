import { encode } from '../core/codec.ts';
import type { Instrument } from '../core/model.ts';
import type { Journal } from '../ports.ts';

/**
 * The rules of the instruments a start has found listed, kept so that one the exchange has deactivated since is known for
 * what it is (strategy 11.6): the exchange's list does not name it any more, and its positions and lots are still there.
 */

const KEY = 'instrument:';

/** Writes down the rules of these instruments, where the journal has others or none. */
export function rememberInstruments(journal: Journal, instruments: readonly Instrument[], atMs: number): void {
  const news = instruments.filter((instrument) => {
    const known = journal.latest('note', KEY + instrument.name);
    return known === null || encode(known.body) !== encode(instrument);
  });
  if (news.length === 0) return;
  journal.append(news.map((body) => ({ kind: 'note', key: KEY + body.name, atMs, body })));
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

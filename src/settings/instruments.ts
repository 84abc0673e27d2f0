import type { Instrument, SymbolConfig } from '../core/model.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { nearest } from './wording.ts';

/** A symbol of the file with its instrument; `config.instrument` has the exchange's spelling. */
export interface ResolvedSymbol {
  readonly config: SymbolConfig;
  /** Of an unlisted one: its last known rules. */
  readonly instrument: Instrument;
  /** No longer listed by the exchange: kept without new orders (strategy 11.6). Absent: listed. */
  readonly unlisted?: boolean;
}

export type Resolution =
  | { readonly ok: true; readonly symbols: readonly ResolvedSymbol[]; readonly warnings: readonly Reason[] }
  | { readonly ok: false; readonly errors: readonly Reason[] };

/**
 * Finds each symbol in the exchange's list, case-insensitive (strategy 2.2: `BNB_USDT_PERP` → `BNB_USDT_Perp`). Errors:
 * an unknown name, with the nearest as nearest, and two rows for one instrument. An unlisted symbol is left out with
 * a warning if its row is disabled, and kept as unlisted with a warning if it was traded before (strategy 11.6): a
 * delisting must not prevent a start.
 * @param remembered last known rules of an instrument by its name, case-insensitive; null: none.
 */
export function resolveInstruments(
  configs: readonly SymbolConfig[],
  instruments: readonly Instrument[],
  remembered: (name: string) => Instrument | null = () => null,
): Resolution {
  const errors: Reason[] = [];
  const warnings: Reason[] = [];
  const symbols: ResolvedSymbol[] = [];
  const taken = new Map<string, number>();
  for (const [index, config] of configs.entries()) {
    const at = `symbols [${index}] ${config.instrument} instrument`;
    const refuse = (problem: Reason) => {
      const row = { file: 'symbols', row: index, name: config.instrument, key: 'instrument' };
      errors.push(reason('row-wrong', '2.2', { ...row, problem }));
    };
    const listed = named(config.instrument, instruments);
    const former = listed.length === 0 && config.enabled ? remembered(config.instrument) : null;
    const found = former === null ? listed : [former];
    if (found.length === 0) {
      const near = suggested(config.instrument, instruments);
      if (config.enabled) refuse(reason('not-listed', '2.2', { near }));
      else warnings.push(reason('row-unlisted', '2.2', { at, near }));
      continue;
    }
    const instrument = found[0];
    if (instrument === undefined || found.length > 1) {
      refuse(reason('spelling-open', '2.2', { names: found.map(({ name }) => name) }));
      continue;
    }
    const earlier = taken.get(instrument.name);
    if (earlier !== undefined) {
      refuse(reason('row-repeats', '2.2', { earlier, instrument: instrument.name }));
      continue;
    }
    taken.set(instrument.name, index);
    const symbol = { config: Object.freeze({ ...config, instrument: instrument.name }), instrument };
    symbols.push(former === null ? symbol : { ...symbol, unlisted: true });
    if (former !== null) {
      warnings.push(reason('row-unlisted-any-more', '11.6', { at }));
    }
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, symbols, warnings };
}

/** The exact name if it is listed, else all that differ only in case. */
function named(name: string, instruments: readonly Instrument[]): readonly Instrument[] {
  const exact = instruments.find((instrument) => instrument.name === name);
  if (exact !== undefined) return [exact];
  return instruments.filter((instrument) => instrument.name.toLowerCase() === name.toLowerCase());
}

/** `; did you mean BTC_USDT_Perp?` for the notation of other exchanges or a likely typing error; or empty. */
function suggested(name: string, instruments: readonly Instrument[]): string | null {
  const wanted = bareName(name);
  const meant = (fits: (instrument: Instrument) => boolean) => instruments.find(fits)?.name;
  const found =
    meant((one) => bareName(one.name) === wanted) ??
    meant((one) => one.base.toUpperCase() === wanted && one.quote.toUpperCase() === USDT) ??
    meant((one) => one.base.toUpperCase() === wanted);
  return (
    found ??
    nearest(
      name,
      instruments.map((one) => one.name),
    )
  );
}

const USDT = 'USDT';

/** `BTCUSDT` of `BTC_USDT_Perp`, `btc-usdt`, `BTC/USDT:USDT`, `BTC-USDT-SWAP`, `BTCUSDT.P`; `BTC` of `BTC-PERP`. */
function bareName(name: string): string {
  const parts = name
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter((part) => part !== '');
  const pair = parts.filter((part, index) => index === 0 || (!CONTRACTS.includes(part) && part !== parts[index - 1]));
  return pair.join('').replace(/(USDT)(?:PERP|SWAP)$/, '$1');
}

/** Suffixes of other exchanges. */
const CONTRACTS: readonly string[] = ['PERP', 'PERPETUAL', 'SWAP', 'P', 'UMCBL'];

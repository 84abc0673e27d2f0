import type { AccountName, SymbolConfig } from '../core/model.ts';
import {
  type InstrumentSpec,
  knownInstruments,
  type MarketProfile,
  type PaperExchange,
  PROFILES,
  type ProfileName,
  syntheticInstruments,
} from '../paper/index.ts';
import { loadSettings, type Settings } from '../settings/index.ts';
import { reasonTexts } from '../texts/reasons.ts';
import { chance } from './chance.ts';

/** Goals of the symbols: all the same, or alternating. */
export const POSITION_MODES = ['mixed', 'increase', 'decrease'] as const;
export type ModeChoice = (typeof POSITION_MODES)[number];

/**
 * Markets of a campaign: the embedded exchange's own, with takers as rare and quotes as steady as in a real market, so
 * that a hedge takes half a minute instead of a second. `lively` stays as it is.
 */
export const MARKETS: Readonly<Record<ProfileName, MarketProfile>> = {
  lively: PROFILES.lively,
  calm: { ...PROFILES.calm, noiseTicks: 0.15, takerChance: 0.03 },
  meanReverting: { ...PROFILES.meanReverting, noiseTicks: 0.4, takerChance: 0.04 },
  choppy: { ...PROFILES.choppy, noiseTicks: 0.8, takerChance: 0.05 },
  walk: { ...PROFILES.walk, noiseTicks: 0.25, takerChance: 0.04 },
  trending: { ...PROFILES.trending, noiseTicks: 0.3, takerChance: 0.04 },
};
export const PROFILE_NAMES = Object.keys(PROFILES) as readonly ProfileName[];
/** `mixed`: another one of the five slow ones for each seed. */
export type ProfileChoice = ProfileName | 'mixed';

/** Whether a market returns to its start, trends, or neither. */
export type MarketKind = 'comes back' | 'wanders' | 'trends';

/** The kind of a market, by which strategy 14 and the goals of `increase` and `decrease` are judged. */
export function marketKind(profile: ProfileName): MarketKind {
  const { driftBps, homeHours } = MARKETS[profile];
  if (driftBps > 0) return 'trends';
  return homeHours > 0 ? 'comes back' : 'wanders';
}

/** Preferred: steps and prices of four orders of magnitude, and a minimum notional of a fifth of an order. */
const FIRST = ['BNB', 'BTC', 'SOL', 'ETH'];

/** The market of a campaign. */
export function profileOf(choice: ProfileChoice, seed: number): ProfileName {
  if (choice !== 'mixed') return choice;
  const slow = PROFILE_NAMES.filter((name) => name !== 'lively');
  return slow[seed % slow.length]!;
}

/** So many instruments: known ones first, then invented ones. */
export function instrumentsOf(count: number): readonly InstrumentSpec[] {
  const known = knownInstruments();
  const liked = FIRST.flatMap((base) => known.filter((spec) => spec.base === base));
  const others = known.filter((spec) => !FIRST.includes(spec.base));
  return [...liked, ...others, ...syntheticInstruments(Math.max(0, count - known.length))].slice(0, count);
}

/** Symbol settings drawn from the seed, in the symbols file's form. */
function symbolsJson(specs: readonly InstrumentSpec[], seed: number, modes: ModeChoice): string {
  const rows = specs.map((spec, index) => {
    const draw = chance(seed, `settings ${spec.name}`);
    // With coarse steps an order has at least eight, so that half an order is still a size.
    const stepUsdt = (Number(spec.minSize) * Number(spec.startPrice)) / 1e18;
    const order = Math.max(draw.integer(24, 40), Math.ceil((8 * stepUsdt) / 10)) * 10;
    const max = order * draw.integer(40, 100);
    const decrease = modes === 'decrease' || (modes === 'mixed' && (index + seed) % 2 === 1);
    return {
      instrument: spec.name,
      order_notional_usdt: order,
      imbalance_limit_usdt: order * draw.pick([1, 1, 1.5, 2]),
      max_total_position_usdt: max,
      min_total_position_usdt: draw.pick([0, 0, order * 4]),
      a_side_when_equal: draw.pick(['buy', 'sell']),
      position_mode: decrease ? 'decrease' : 'increase',
      decrease_repair: draw.pick(['larger', 'larger', 'smaller']),
    };
  });
  return JSON.stringify(rows);
}

/**
 * The settings as an operator would have written them, read by the product's own reader. @throws Error if it rejects
 * them
 */
export function settingsOf(options: {
  readonly specs: readonly InstrumentSpec[];
  readonly seed: number;
  readonly modes: ModeChoice;
  readonly loopIntervalMs: number;
  readonly extra: Readonly<Record<string, string>>;
}): Settings {
  const reading = loadSettings({
    env: {
      GRVT_ENV: 'paper',
      GRVT_HEDGE_SYMBOLS_FILE: 'symbols.json',
      GRVT_HEDGE_LOOP_INTERVAL_SEC: String(options.loopIntervalMs / 1_000),
      ...options.extra,
    },
    root: '/simulated',
    readFile: (path) => {
      if (path.endsWith('symbols.json')) return Buffer.from(symbolsJson(options.specs, options.seed, options.modes));
      throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
    },
  });
  if (!reading.ok) throw new Error(`the campaign’s settings are not usable: ${reasonTexts(reading.errors)}`);
  return reading.settings;
}

/** Starting positions of a `decrease` symbol: hedged, at nine tenths of its maximum. */
export function openingPositions(exchange: PaperExchange, symbol: SymbolConfig, spec: InstrumentSpec): void {
  if (symbol.positionMode !== 'decrease') return;
  const half = symbol.maxTotalPositionUsdt.mul('0.45');
  const price = Number(spec.startPrice) / 1e9;
  const step = Number(spec.minSize) / 1e9;
  const size = (Math.floor(half.toNumber() / price / step) * step).toFixed(9).replace(/0+$/, '');
  const sideOf = (account: AccountName): string => ((symbol.aSideWhenEqual === 'buy') === (account === 'A') ? '' : '-');
  for (const account of ['A', 'B'] as const) {
    exchange.control.position({ account, instrument: spec.name, size: `${sideOf(account)}${size}0` });
  }
}

/** The settings of the next leg: symbols that reached their goal turn round. */
export function withSidesSwapped(settings: Settings, turn: ReadonlySet<string>): Settings {
  const symbols = settings.symbols.map((symbol) =>
    turn.has(symbol.instrument)
      ? { ...symbol, positionMode: symbol.positionMode === 'increase' ? ('decrease' as const) : ('increase' as const) }
      : symbol,
  );
  return { ...settings, symbols };
}

import { type AnswerLine, type Holding, say } from '../core/answers.ts';
import { encode } from '../core/codec.ts';
import type { EngineSymbol } from '../core/daemon/memory.ts';
import { leavingRow } from '../core/leaving.ts';
import type { LeavingWhy, SymbolConfig } from '../core/model.ts';
import type { ResolvedSymbol } from '../settings/index.ts';

/** The changes of symbols by a reload (strategy 16.4), and their description. */
export interface SymbolChanges {
  /** Changed and new symbols. */
  readonly symbols: readonly EngineSymbol[];
  readonly says: readonly AnswerLine[];
}

/** Row keys (strategy 2.2) by the names of their fields. */
const ROW_KEYS: readonly (readonly [keyof SymbolConfig, string])[] = [
  ['orderNotionalUsdt', 'order_notional_usdt'],
  ['imbalanceLimitUsdt', 'imbalance_limit_usdt'],
  ['maxTotalPositionUsdt', 'max_total_position_usdt'],
  ['minTotalPositionUsdt', 'min_total_position_usdt'],
  ['aSideWhenEqual', 'a_side_when_equal'],
  ['positionMode', 'position_mode'],
  ['decreaseRepair', 'decrease_repair'],
  ['mode', 'mode'],
];

/**
 * The running symbols compared with the new rows: changed, new, or to be removed (strategy 16.3, 16.4).
 * @param rows of the symbols file, enabled or not, resolved @param holds a symbol's positions and orders, for those to
 * be removed
 */
export function symbolChanges(
  running: readonly EngineSymbol[],
  rows: readonly ResolvedSymbol[],
  holds: (instrument: string) => Partial<Holding> = () => ({}),
): SymbolChanges {
  const symbols: EngineSymbol[] = [];
  const says: AnswerLine[] = [];
  const byName = new Map(rows.map((row) => [row.config.instrument, row]));
  for (const symbol of running) {
    const { instrument } = symbol.config;
    const row = byName.get(instrument);
    const now = afterReload(symbol, row);
    if (now === symbol) continue;
    symbols.push(now);
    if (now.leaving !== undefined && now.leaving !== symbol.leaving) {
      says.push(say('symbol-leaves', instrument, { leaving: now.leaving, ...holds(instrument) }));
    } else if (now.leaving === undefined && symbol.leaving !== undefined) {
      says.push(say('symbol-returns', instrument));
    }
    for (const change of rowDifferences(symbol.config, now.config)) says.push(say('changed', instrument, change));
  }
  for (const row of rows) {
    if (!row.config.enabled || running.some(({ config }) => config.instrument === row.config.instrument)) continue;
    symbols.push(row);
    says.push(say('symbol-added', row.config.instrument));
  }
  return { symbols, says };
}

/** A running symbol with its new row; the same object if nothing changes. */
function afterReload(symbol: EngineSymbol, row: ResolvedSymbol | undefined): EngineSymbol {
  if (row === undefined) return symbol.leaving === undefined ? leaving(symbol, symbol.config, 'removed') : symbol;
  if (!row.config.enabled) {
    const config = leavingRow(row.config);
    return symbol.leaving === 'disabled' && same(config, symbol.config) ? symbol : leaving(symbol, config, 'disabled');
  }
  if (symbol.leaving === undefined && same(row.config, symbol.config)) return symbol;
  const { leaving: _over, ...rest } = symbol;
  return { ...rest, config: row.config };
}

function leaving(symbol: EngineSymbol, config: SymbolConfig, why: LeavingWhy): EngineSymbol {
  return { ...symbol, config: Object.freeze(config), leaving: why };
}

function same(one: SymbolConfig, other: SymbolConfig): boolean {
  return rowDifferences(one, other).length === 0;
}

/** A key of a row that differs. */
export interface RowDifference {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

export function rowDifferences(before: SymbolConfig, now: SymbolConfig): RowDifference[] {
  return ROW_KEYS.flatMap(([field, key]) => {
    const [from, to] = [before[field], now[field]];
    return encode(from ?? 'trade') === encode(to ?? 'trade') ? [] : [{ name: key, from: shown(from), to: shown(to) }];
  });
}

function shown(value: SymbolConfig[keyof SymbolConfig]): string {
  return typeof value === 'object' ? value.toFixed() : String(value ?? 'trade');
}

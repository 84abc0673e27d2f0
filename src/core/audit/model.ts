import type { Decimal } from '../decimal.ts';
import type { AccountName, Side, SymbolConfig } from '../model.ts';
import type { DeclaredLot } from './declared.ts';

/** The invariants of strategy 15. */
export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I11', 'I12'] as const;
export type Invariant = (typeof INVARIANTS)[number];

/** A violated rule, with the numbers that show it. */
export interface Fault {
  readonly invariant: Invariant;
  /** The rule of the strategy, e.g. `8.3`. */
  readonly rule: string;
  /** One sentence for people. */
  readonly what: string;
  readonly detail: Readonly<Record<string, string>>;
}

/** The subject of a breach. `atMs`: our wall clock by the event that showed it. */
export interface Breach extends Fault {
  readonly instrument: string | null;
  readonly account: AccountName | null;
  readonly clientOrderId: string | null;
  readonly atMs: number;
}

/** The subject of a breach, as far as it has one. */
export type Where = Partial<Pick<Breach, 'instrument' | 'account' | 'clientOrderId'>>;

export function fault(invariant: Invariant, rule: string, what: string, detail: Record<string, unknown> = {}): Fault {
  return {
    invariant,
    rule,
    what,
    detail: Object.fromEntries(Object.entries(detail).map(([name, value]) => [name, String(value)])),
  };
}

export type AuditSymbol = SymbolConfig;

/** A command in force, from the journal (strategy 16.2). */
export interface StandingCommand {
  readonly verb: string;
  readonly untilMs: number | null;
}

/** Settings that the invariants depend on (strategy 2.1). */
export interface AuditSettings {
  readonly singleOrderDiffThresholdUsdt: Decimal;
  readonly partialFillTimeoutMs: number;
  /** REST data of this age allow no new orders (strategy 10.3). */
  readonly staleMs: number;
  readonly cancelOnStop: boolean;
  readonly stopKeepStrategyOrders: number;
}

export interface StartLot extends DeclaredLot {
  readonly id: number;
}

/** An order in the journal, with what was received and booked of it (strategy 4.3). */
export interface StartOrder {
  readonly account: AccountName;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  /** Cumulative. */
  readonly tradedSize: Decimal;
  readonly avgFillPrice: Decimal;
  readonly bookedSize: Decimal;
  readonly bookedValueUsdt: Decimal;
  readonly firstPartialAtMs: number | null;
  readonly sentAtMs: number;
  readonly expirationMs: number;
}

/** The journal's knowledge of an instrument when the auditor starts (strategy 11.2). */
export interface StartSymbol {
  readonly instrument: string;
  readonly lots: readonly StartLot[];
  /** Signed positions by the booked fills. */
  readonly booked: Readonly<Record<AccountName, Decimal>>;
  readonly orders: readonly StartOrder[];
  /** Accounts with repairs suspended after earlier refusals: the other way of 6.3 is allowed. Absent: none. */
  readonly givingWay?: readonly AccountName[];
  /** Accounts for which the exchange demanded `reduce_only` (strategy 9.13). Absent: none. */
  readonly mayOnlyReduce?: readonly AccountName[];
  /** false: its lots follow from the positions, only the orders are known (strategy 18.1). */
  readonly begun?: boolean;
}

/** The engine's clocks: wall clock, monotonic clock, and how often the wall clock was set back (strategy 10.3). */
export interface AuditTime {
  readonly wallMs: number;
  readonly steadyMs: number;
  readonly era: number;
}

export interface AuditorOptions {
  readonly time: () => AuditTime;
  readonly symbols: readonly AuditSymbol[];
  /** Trading (sub) account ids, decimal. */
  readonly accounts: Readonly<Record<AccountName, string>>;
  readonly settings: AuditSettings;
  readonly knownAtStart?: readonly StartSymbol[];
  /** Commands in force from the journal, by instrument (strategy 16.2). Absent: none. */
  readonly commands?: ReadonlyMap<string, readonly StandingCommand[]>;
}

/** An instrument's rules for prices and sizes (strategy 7.1, 7.3) by an instruments answer. */
export interface InstrumentRules {
  readonly tickSize: Decimal;
  /** `min_size`, rounded up to a multiple of 10^−`base_decimals`. */
  readonly minSize: Decimal;
  /** USDT; zero if none is stated. */
  readonly minNotional: Decimal;
}

import type { AlertDetails } from '../core/alerts.ts';
import type { SymbolPhase } from '../core/facts.ts';
import type { AccountName, LeavingWhy, RolloutStage, Side, SymbolMode } from '../core/model.ts';
import type { Standing } from '../core/modes.ts';
import type { FailingFigure, RolloutProgress } from '../core/rollout.ts';
import type { Texts } from '../texts/language.ts';
import type { ReasonWords } from '../texts/reasons.ts';

/** Totals of some days (17.4), USDT unless a currency is given; fees and funding: positive paid, negative received. */
export interface MoneyLine {
  readonly fills: number;
  readonly volume: string;
  readonly spread: string;
  readonly unwinds: string;
  readonly fees: Readonly<Record<string, string>>;
  readonly funding: Readonly<Record<string, string>>;
  /** null: a mark is unknown. */
  readonly unrealised: string | null;
  readonly differences: string | null;
  readonly total: string;
}

/** Totals of today and of the last seven days, updated once a minute. */
export interface MoneySpans {
  readonly today: MoneyLine;
  readonly week: MoneyLine;
}

/**
 * The engine's state for display: plain values, decimals as text, times as wall-clock ms. Contains no secret; the web
 * part knows no actor.
 */
export interface Status {
  readonly atMs: number;
  /** `engine`: from a running one; `journal`: none runs, from the journal. */
  readonly source: 'engine' | 'journal';
  readonly mode: string;
  /** Name of the pair of accounts (strategy 2.1, `GRVT_HEDGE_NAME`). */
  readonly name: string;
  /** IANA zone of displayed times. */
  readonly timeZone: string;
  /**
   * State of the daemon's statechart. From the journal: `silent`: one runs but does not answer; `stopped`: the last one
   * was stopped properly; `killed`: it ended without a stop; `none`: unknown.
   */
  readonly engine:
    | 'starting'
    | 'trading'
    | 'draining'
    | 'cleaning'
    | 'sending'
    | 'stopped'
    | 'silent'
    | 'killed'
    | 'none';
  /** The newest known time: now if an engine runs, else the journal's last entry; null: it is empty. */
  readonly lastEntryAtMs: number | null;
  /** When it was stopped properly, and how (strategy 13.2). */
  readonly stopped: { readonly atMs: number; readonly exitCode: number | null } | null;
  readonly startedAtMs: number | null;
  readonly settings: StatusSettings;
  readonly accounts: readonly AccountStatus[];
  /** The transfer that makes both margin ratios equal, or why none is advised (strategy 17.5); null: not known yet. */
  readonly levelling: ReasonWords | null;
  /** Empty if no engine runs. */
  readonly budget: readonly BudgetStatus[];
  readonly symbols: readonly SymbolStatus[];
  /** Open alerts, most urgent first (strategy 12.3). */
  readonly alerts: readonly AlertStatus[];
  /** Alerts waiting for delivery (strategy 12.1). */
  readonly outboxWaiting: number;
  readonly gateway: GatewayStatus | null;
  /** null: not computed yet, or no engine runs. */
  readonly money: (MoneySpans & { readonly atMs: number }) | null;
  /** Why openings are stopped (strategy 8.6); null: they are not. */
  readonly openingsStop: ReasonWords | null;
  readonly figures: FiguresStatus;
}

export interface StatusSettings {
  readonly loopIntervalMs: number;
  /** Older data allow no new orders (strategy 10.3). */
  readonly staleMs: number;
  readonly stuckMs: number;
  readonly mmrAlertThreshold: string;
}

/** One part of the request budget (strategy 9.1). */
export interface BudgetStatus {
  /** null: market data. */
  readonly account: AccountName | null;
  readonly bucket: string;
  /** Units of the exchange's weights free now, and per second when idle. */
  readonly left: number;
  readonly limit: number;
  /** Requests waiting for it. */
  readonly waiting: number;
}

export interface AccountStatus {
  readonly account: AccountName;
  /** The last digits of its id, never the whole; null: not in the settings, as in `paper`. */
  readonly idEnds: string | null;
  /** State of the account's poller: `polling`, `waiting`, `backing-off`, `parked`, …; null: none runs. */
  readonly poller: string | null;
  /** When the newest complete read was requested; null: none yet. */
  readonly polledAtMs: number | null;
  readonly pollTookMs: number | null;
  readonly failuresInARow: number;
  readonly failure: Texts | null;
  readonly equityUsdt: string | null;
  readonly maintenanceMarginUsdt: string | null;
  /** Maintenance margin / equity, may exceed 1; null: not known, or no equity. */
  readonly marginRatio: string | null;
  /** Equity less initial margin, including live orders, USDT; null: not known. */
  readonly freeMarginUsdt: string | null;
  /**
   * The smallest distance between a position's mark and its estimated liquidation price, as a share of the mark; null:
   * none, or not known.
   */
  readonly liquidation: { readonly instrument: string; readonly distance: string } | null;
  readonly openOrders: number | null;
  readonly sessionUntilMs: number | null;
  readonly stream: 'up' | 'down' | 'off' | null;
}

export interface GatewayStatus {
  readonly state: string;
  readonly queued: Readonly<Record<AccountName, number>>;
  /** Submissions, cancels and look-ups in progress. */
  readonly jobs: number;
}

/** What a symbol waits for; the page has the texts. */
export type Waits =
  | 'data'
  | 'answers'
  | 'fills-to-open'
  | 'fill-to-hedge'
  | 'rest-of-fill'
  | 'rest-over'
  | 'room'
  | 'price'
  | 'operator'
  | 'listing'
  | 'stop'
  | 'next-poll';

export interface PositionStatus {
  /** Signed, base units. */
  readonly size: string;
  /** Size × mark, signed, USDT; null: no mark. */
  readonly notionalUsdt: string | null;
  readonly entryPrice: string | null;
}

export interface OrderStatusRow {
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly side: Side;
  readonly price: string;
  readonly size: string;
  readonly tradedSize: string;
  readonly purpose: 'opening' | 'repair';
  /** `sent`: not confirmed yet; `unknown`: strategy 9.6. */
  readonly state: 'sent' | 'resting' | 'partly-filled' | 'cancelling' | 'unknown';
  readonly sentAtMs: number;
  readonly expiresAtMs: number;
}

export interface LotStatus {
  readonly id: number;
  readonly account: AccountName;
  readonly side: Side;
  readonly size: string;
  readonly price: string;
  readonly bookedAtMs: number;
  readonly source: 'fill' | 'start' | 'drift';
}

export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** An unhedged net (strategy 12.3, 13.4). */
export interface OpenStatus {
  /** Side of the hedge. */
  readonly hedgeSide: Side;
  /** |net|, base units, including fills that are not booked yet. */
  readonly size: string;
  /** At the mark; null: no mark. */
  readonly usdt: string | null;
  /** null: only unbooked fills. */
  readonly sinceMs: number | null;
  /** Loss of hedging it as taker at the best price, against its lots, USDT; negative: a gain. null: not known. */
  readonly costUsdt: string | null;
}

export interface SymbolStatus {
  readonly instrument: string;
  readonly mode: 'increase' | 'decrease';
  readonly phase: SymbolPhase;
  /** State of the symbol's statechart; null: it does not run, for no engine does or its actor has failed. */
  readonly state: string | null;
  readonly sinceMs: number | null;
  /** The first phase of this run after `waiting`: it may have begun before the start. */
  readonly sinceStart: boolean;
  readonly why: ReasonWords | null;
  /** Why nothing is submitted; null: something is, or is being settled. */
  readonly idle: ReasonWords | null;
  readonly waits: Waits;
  readonly halted: boolean;
  /** The exchange does not list it: no new orders (strategy 11.6). */
  readonly unlisted: boolean;
  /** Its effective mode (strategy 16.1); `mode` is the row's `position_mode`. */
  readonly symbolMode: SymbolMode;
  /** The sources of the mode besides `leaving`: its row and commands in force (strategy 16.1). */
  readonly modeSources: {
    readonly file: SymbolMode;
    readonly commands: readonly Standing[];
  };
  /** Why it is being removed (strategy 16.3); null: it is not. */
  readonly leaving: LeavingWhy | null;
  /** Progress in the gray rollout (strategy 16.7); null: not part of one. */
  readonly rollout: RolloutStatus | null;
  readonly mark: string | null;
  /** Best bid and ask as last received. */
  readonly touch: { readonly bid: string; readonly ask: string; readonly atMs: number } | null;
  readonly tickSize: string | null;
  readonly positions: Readonly<Record<AccountName, PositionStatus>>;
  /** Settled A + settled B, signed, base units (strategy 3.4). */
  readonly net: string;
  readonly netUsdt: string | null;
  /** |net| − half of what the live orders against it may still fill, base units (strategy 6.4). */
  readonly gap: string;
  readonly gapUsdt: string | null;
  readonly hedged: boolean | null;
  readonly smallestTradable: string | null;
  readonly totalUsdt: string | null;
  /** The limit that `mode` leads to, USDT. */
  readonly limitUsdt: string | null;
  readonly orders: readonly OrderStatusRow[];
  readonly lots: readonly LotStatus[];
  /** Guard price and side of a hedge of the whole net (strategy 7.2). */
  readonly guard: { readonly side: Side; readonly price: string } | null;
  /** When the snapshots it uses were requested. */
  readonly dataAtMs: Readonly<Record<AccountName, number | null>>;
  /** The clock of strategy 4.3. */
  readonly partialFill: Span | null;
  /** The rest after a refusal (strategy 9.5). */
  readonly cooldown: (Span & { readonly reason: ReasonWords }) | null;
  /** null: hedged, or not known yet. */
  readonly open: OpenStatus | null;
  /** Since when it is unhedged, and when that counts as stuck (strategy 12). */
  readonly unhedged: Span | null;
  readonly hedges: number;
  readonly unwinds: number;
  /** Gain of hedges and unwinds since the journal began, USDT (strategy 4.6). */
  readonly gainedUsdt: string;
  /** null: as {@link Status.money}. */
  readonly money: MoneySpans | null;
}

/** A symbol's figures in the gray rollout (strategy 16.7). */
export interface RolloutStatus {
  readonly stage: RolloutStage;
  readonly hedges: number;
  readonly hedgesWanted: number;
  /** Time on trial, in whole tens of seconds. */
  readonly ranMs: number;
  readonly ranWantedMs: number;
  readonly placed: number;
  readonly failed: number;
  /** Consecutive. */
  readonly cooldowns: number;
  /** Why the next symbol started before this one passed; null: it did not. */
  readonly passedOn: RolloutProgress['passedOn'];
  /** The figure that holds the rollout; null: none. */
  readonly held: FailingFigure | null;
}

export interface AlertStatus {
  readonly key: string;
  readonly kind: string;
  readonly account: AccountName | null;
  readonly instrument: string | null;
  readonly sinceMs: number;
  readonly critical: boolean;
  /** It requires no action (strategy 12.3). */
  readonly information: boolean;
  /** Who acknowledged it (strategy 12.4); null: nobody. */
  readonly ackedBy: string | null;
  /** null: not silenced. */
  readonly silencedUntilMs: number | null;
  /** Over, but `resolved` is not sent yet. */
  readonly over: boolean;
  readonly details: AlertDetails;
  /** One line in both languages. */
  readonly text: { readonly en: string; readonly zh: string };
}

export interface FiguresStatus {
  readonly ordersPlaced: number;
  readonly ordersFailed: number;
  readonly orderSuccessRate: number | null;
  readonly postOnlyRefusals: number;
  readonly postOnlyRefusalRate: number | null;
  readonly unknownOutcomes: number;
  readonly fills: number;
  readonly hedges: number;
  readonly gainedUsdt: string;
  readonly timeToHedgeMs: { readonly median: number; readonly p90: number } | null;
}

/** Called often: must be cheap and must not throw. */
export interface StatusSource {
  status(): Status;
}

import type { AlertDetails } from '../core/alerts.ts';
import type { SymbolPhase } from '../core/facts.ts';
import type { AccountName, LeavingWhy, RolloutStage, Side, SymbolMode } from '../core/model.ts';
import type { Standing } from '../core/modes.ts';
import type { FailingFigure, RolloutProgress } from '../core/rollout.ts';
import type { Texts } from '../texts/language.ts';
import type { ReasonWords } from '../texts/reasons.ts';

/** What a span of days comes to (strategy 17.4), USDT where no currency is said; fees and funding: paid, below zero received. */
export interface MoneyLine {
  readonly fills: number;
  readonly volume: string;
  readonly spread: string;
  readonly unwinds: string;
  readonly fees: Readonly<Record<string, string>>;
  readonly funding: Readonly<Record<string, string>>;
  /** null: a mark is not known. */
  readonly unrealised: string | null;
  readonly differences: string | null;
  readonly total: string;
}

/** What today and the last seven days come to; counted once a minute. */
export interface MoneySpans {
  readonly today: MoneyLine;
  readonly week: MoneyLine;
}

/**
 * What the engine looks like from outside: plain values, decimals as text, times as wall-clock milliseconds. Whoever puts
 * the engine together builds it (the web part knows no actor); nothing in it is a secret.
 */
export interface Status {
  readonly atMs: number;
  /** `engine`: a running one tells; `journal`: none runs, this is what the journal remembers. */
  readonly source: 'engine' | 'journal';
  readonly mode: string;
  /** Names the pair of accounts (strategy 2.1, `GRVT_HEDGE_NAME`). */
  readonly name: string;
  /** IANA name of the zone in which people are told times. */
  readonly timeZone: string;
  /**
   * State of the daemon's statechart. Where none answers: `silent`: one runs and does not answer; `stopped`: the last one
   * stopped in order; `killed`: it ended without a stop; `none`: nobody knows.
   */
  readonly engine:
    | 'starting'
    | 'trading'
    | 'draining'
    | 'cleaning'
    | 'telling'
    | 'stopped'
    | 'silent'
    | 'killed'
    | 'none';
  /** The newest that is known: of an engine now, of a journal its last entry; null: it is empty. */
  readonly heardAtMs: number | null;
  /** When it stopped in order, and how (strategy 13.2). */
  readonly stopped: { readonly atMs: number; readonly exitCode: number | null } | null;
  readonly startedAtMs: number | null;
  readonly settings: StatusSettings;
  readonly accounts: readonly AccountStatus[];
  /** The transfer that makes both margin ratios equal, or why none is advised (strategy 17.5); null: not known yet. */
  readonly levelling: ReasonWords | null;
  /** Empty where no engine runs. */
  readonly budget: readonly BudgetStatus[];
  readonly symbols: readonly SymbolStatus[];
  /** Open ones, most urgent first (strategy 12.3). */
  readonly alerts: readonly AlertStatus[];
  /** Alerts that wait to be delivered (strategy 12.1). */
  readonly outboxWaiting: number;
  readonly gateway: GatewayStatus | null;
  /** null: not counted yet, or no engine runs. */
  readonly money: (MoneySpans & { readonly atMs: number }) | null;
  /** Why openings are stopped (strategy 8.6); null: they are not. */
  readonly openingsStop: ReasonWords | null;
  readonly figures: FiguresStatus;
}

export interface StatusSettings {
  readonly loopIntervalMs: number;
  /** Data older than this stop new orders (strategy 10.3). */
  readonly staleMs: number;
  readonly stuckMs: number;
  readonly mmrAlertThreshold: string;
}

/** One part of the request budget (strategy 9.1). */
export interface BudgetStatus {
  /** null: market data. */
  readonly account: AccountName | null;
  readonly bucket: string;
  /** Units of the exchange's weights that can be spent now, and within a second from rest. */
  readonly left: number;
  readonly limit: number;
  /** Requests that wait for it. */
  readonly waiting: number;
}

export interface AccountStatus {
  readonly account: AccountName;
  /** The last digits of its id at the exchange, never the whole; null: not in the settings, as in `paper`. */
  readonly idEnds: string | null;
  /** State of the account's poller: `polling`, `waiting`, `backing-off`, `parked`, …; null: none runs. */
  readonly poller: string | null;
  /** When the newest complete reading was asked for; null: none yet. */
  readonly polledAtMs: number | null;
  /** How long that reading took. */
  readonly pollTookMs: number | null;
  readonly failuresInARow: number;
  readonly failure: Texts | null;
  readonly equityUsdt: string | null;
  readonly maintenanceMarginUsdt: string | null;
  /** Maintenance margin / equity, 0 to 1 and beyond; null: not known, or no equity to divide by. */
  readonly marginRatio: string | null;
  /** Equity less initial margin, live orders included, USDT; null: not known. */
  readonly freeMarginUsdt: string | null;
  /** The position whose estimated liquidation price is nearest to its mark, as a share of the mark; null: none, or not known. */
  readonly liquidation: { readonly instrument: string; readonly distance: string } | null;
  readonly openOrders: number | null;
  readonly sessionUntilMs: number | null;
  readonly stream: 'up' | 'down' | 'off' | null;
}

export interface GatewayStatus {
  readonly state: string;
  readonly queued: Readonly<Record<AccountName, number>>;
  /** Submissions, cancels and look-ups under way. */
  readonly jobs: number;
}

/** What a symbol waits for; the page has the words. */
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

/** A stretch of time with an end. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A net that is not hedged (strategy 12.3, 13.4). */
export interface OpenStatus {
  /** The side that would hedge it. */
  readonly hedgeSide: Side;
  /** |net|, base units; with what traded and is not booked yet. */
  readonly size: string;
  /** Its worth at the mark; null: no mark. */
  readonly usdt: string | null;
  /** null: only what is not booked yet made it so. */
  readonly sinceMs: number | null;
  /** What hedging it at the touch as taker loses against its lots, USDT; below zero: gains. null: not known. */
  readonly costUsdt: string | null;
}

export interface SymbolStatus {
  readonly instrument: string;
  readonly mode: 'increase' | 'decrease';
  readonly phase: SymbolPhase;
  /** State of the symbol's statechart; null where no engine runs. */
  readonly state: string | null;
  readonly sinceMs: number | null;
  /** It is the first phase of this run after `waiting`: before the start it may have been the same. */
  readonly sinceStart: boolean;
  /** Why it is in that phase. */
  readonly why: ReasonWords | null;
  /** Why nothing is submitted; null: something is, or it is settling. */
  readonly idle: ReasonWords | null;
  readonly waits: Waits;
  readonly halted: boolean;
  /** The exchange does not list it: no new orders (strategy 11.6). */
  readonly unlisted: boolean;
  /** What it may do (strategy 16.1); `mode` is the row's `position_mode`. */
  readonly symbolMode: SymbolMode;
  /** Who says so, besides `leaving`: its row, and the commands in force (strategy 16.1). */
  readonly modeSources: {
    readonly file: SymbolMode;
    readonly commands: readonly Standing[];
  };
  /** Why it leaves (strategy 16.3); null: it does not. */
  readonly leaving: LeavingWhy | null;
  /** How far the gray rollout has come with it (strategy 16.7); null: none concerns it. */
  readonly rollout: RolloutStatus | null;
  readonly mark: string | null;
  /** Best bid and ask as last heard. */
  readonly touch: { readonly bid: string; readonly ask: string; readonly atMs: number } | null;
  readonly tickSize: string | null;
  readonly positions: Readonly<Record<AccountName, PositionStatus>>;
  /** Settled A + settled B, signed, base units (strategy 3.4). */
  readonly net: string;
  readonly netUsdt: string | null;
  /** |net| − half of what the live orders against it would still fill, base units (strategy 6.4). */
  readonly gap: string;
  readonly gapUsdt: string | null;
  readonly hedged: boolean | null;
  readonly smallestTradable: string | null;
  readonly totalUsdt: string | null;
  /** The limit that `mode` runs towards, USDT. */
  readonly limitUsdt: string | null;
  readonly orders: readonly OrderStatusRow[];
  readonly lots: readonly LotStatus[];
  /** The price a hedge of the whole net must not be worse than, and its side (strategy 7.2). */
  readonly guard: { readonly side: Side; readonly price: string } | null;
  /** Requested times of the snapshots it knows. */
  readonly dataAtMs: Readonly<Record<AccountName, number | null>>;
  /** The clock of strategy 4.3. */
  readonly partialFill: Span | null;
  /** The rest of strategy 9.5. */
  readonly cooldown: (Span & { readonly reason: ReasonWords }) | null;
  /** null: it is hedged, or nothing is known of it yet. */
  readonly open: OpenStatus | null;
  /** Unhedged since, and when that is called stuck (strategy 12). */
  readonly unhedged: Span | null;
  readonly hedges: number;
  readonly unwinds: number;
  /** Gained by hedges and unwinds since the journal began, USDT (strategy 4.6). */
  readonly gainedUsdt: string;
  /** null: as {@link Status.money}. */
  readonly money: MoneySpans | null;
}

/** A symbol in the gray rollout, with what it has to show (strategy 16.7). */
export interface RolloutStatus {
  readonly stage: RolloutStage;
  readonly hedges: number;
  readonly hedgesWanted: number;
  /** On trial, in whole tens of seconds. */
  readonly ranMs: number;
  readonly ranWantedMs: number;
  readonly placed: number;
  readonly failed: number;
  /** In a row. */
  readonly cooldowns: number;
  /** Why the next one started all the same; null: it did not. */
  readonly passedOn: RolloutProgress['passedOn'];
  /** The figure by which it holds the rollout; null: it does not. */
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
  /** Who has it in hand (strategy 12.4); null: nobody said. */
  readonly ackedBy: string | null;
  /** null: it is not silenced. */
  readonly silencedUntilMs: number | null;
  /** It is over and calming down. */
  readonly over: boolean;
  readonly details: AlertDetails;
  /** In one line, in both languages. */
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

/** Where the web part learns how things stand. Called often; must be cheap and must not throw. */
export interface StatusSource {
  status(): Status;
}

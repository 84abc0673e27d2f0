import { intentAsOrder } from './managed-orders.ts';
import { type JudgedMark, judgeMark, readMark, type Touch } from './mark.ts';
import {
  ACCOUNTS,
  type AccountName,
  type Instrument,
  type Intent,
  type LeavingWhy,
  otherAccount,
  type SymbolConfig,
  type SymbolMode,
  type SymbolSnapshot,
} from './model.ts';
import { withPause } from './modes.ts';
import { AWAITS_BOOK, makePlan, type Plan } from './plan.ts';
import type { PlanInput, StrategySettings } from './plan-input.ts';
import { type Reason, reason } from './reasons.ts';
import { lagsBehindFills } from './reconcile.ts';
import { clockedDemands } from './reduce-only.ts';
import { clockedRests } from './rests.ts';
import type { SymbolState } from './symbol-state.ts';
import { valuePair, waitingOf } from './valuing.ts';

/** Our clock: the time, and how often the clock was set back before. */
export interface Now {
  readonly nowMs: number;
  readonly era: number;
}

/** The facts a symbol decides on. */
export interface Knowledge {
  readonly config: SymbolConfig;
  readonly instrument: Instrument;
  readonly strategy: StrategySettings;
  readonly state: SymbolState;
  readonly snapshots: Readonly<Record<AccountName, SymbolSnapshot | null>>;
  readonly touch: Touch | null;
  /** Older data allow no new orders (strategy 10.3). */
  readonly staleMs: number;
  readonly loopIntervalMs: number;
  readonly nowMs: number;
  readonly era: number;
  readonly halted: boolean;
  /** The exchange does not list the instrument (strategy 11.6). */
  readonly unlisted: boolean;
  /** Its mode (strategy 16.1); absent: `trade`. */
  readonly mode?: SymbolMode;
  /** Why the symbol is being removed (strategy 16.3); absent: it is not. */
  readonly leaving?: LeavingWhy | undefined;
  /** Why openings are stopped (strategy 8.6). Absent: they are not. */
  readonly openingsStop?: Reason | undefined;
  /** Why accounts cannot open, beyond their rests (strategy 5.7, 9.8). Absent: they can. */
  readonly unable?: PlanInput['unable'];
  readonly denied: readonly string[];
  /** Pending intents without a journalled attempt: each counts as a live order (strategy 9.10). */
  readonly intents?: readonly Intent[];
  /** Accounts with a pending intent, or with an ended one that their view does not include yet (9.10). */
  readonly busy?: readonly AccountName[];
  /** When the symbol's last submission ended (9.10). */
  readonly lastEndMs?: number;
}

export type Assessment =
  /** No decision on these data (strategy 10.3, 10.4, 10.5). */
  | { readonly kind: 'unusable'; readonly why: Reason }
  /** Both accounts are flat, so the mark is the mid of the book, and there is no fresh one (strategy 3.1). */
  | { readonly kind: 'touch-wanted' }
  | {
      readonly kind: 'usable';
      readonly input: PlanInput;
      readonly plan: Plan;
      /** The state with its clocks updated. In `input` intents count as orders as well (strategy 9.10). */
      readonly state: SymbolState;
      /** A newer book would allow more: the mark is in doubt (3.1), or an opening needs a book to be sized (6.2). */
      readonly bookWanted: boolean;
    };

/** Whether data are unusable (strategy 10.3): too old, or of unknown age because our clock was set back since. */
export function isStale(read: { readonly atMs: number; readonly era: number }, now: Now, staleMs: number): boolean {
  return read.era !== now.era || now.nowMs - read.atMs > staleMs;
}

/** How long a full REST read remains usable while the streams are intact (strategy 10.3). */
export const INTACT_STALE_MS = 30_000;

/** How long a view is usable after its full REST read was requested. */
export function usableForMs({ intact }: SymbolSnapshot, staleMs: number): number {
  return intact ? Math.max(staleMs, INTACT_STALE_MS) : staleMs;
}

/** {@link isStale} for an account's view, whose age counts from the request of its last full read. */
export function isStaleReading(snapshot: SymbolSnapshot, now: Now, staleMs: number): boolean {
  const { requestedAtMs, era } = snapshot;
  return isStale({ atMs: requestedAtMs, era }, now, usableForMs(snapshot, staleMs));
}

/** Whether a decision is possible now, and which (strategy 5: once per usable pair of snapshots). */
export function assess(knowledge: Knowledge): Assessment {
  const { snapshots, state, staleMs, nowMs } = knowledge;
  const { A, B } = snapshots;
  if (A === null || B === null) {
    const accounts = ACCOUNTS.filter((account) => snapshots[account] === null);
    return unusable(reason('no-data', '10.1', { accounts }));
  }
  for (const snapshot of [A, B]) {
    if (!isStaleReading(snapshot, knowledge, staleMs)) continue;
    const { account, requestedAtMs, era } = snapshot;
    if (era !== knowledge.era) return unusable(reason('data-before-clock-step', '10.3', { account }));
    const seconds = Math.round((nowMs - requestedAtMs) / 1000);
    return unusable(reason('data-old', '10.3', { account, seconds }));
  }
  if (!state.begun) {
    return unusable(reason('reading-twice', '11.3'));
  }
  for (const account of ACCOUNTS) {
    const contradiction = state.contradiction[account];
    if (contradiction !== null && !lagsBehindFills(state, account, nowMs)) {
      // While both are flat, positions must not be adopted at a mark other than the book's (strategy 3.1, 10.5).
      if (touchNeeded(knowledge, A, B)) return { kind: 'touch-wanted' };
      return unusable(
        state.split === undefined
          ? reason('position-differs', '10.5', { account, difference: contradiction.difference.toFixed() })
          : reason('split-found', '10.5', { ratio: String(state.split.ratio.toSignificantDigits(6)) }),
      );
    }
  }
  const positions = [A.position, B.position];
  // An unlisted instrument without positions has no mark and needs none.
  if (knowledge.unlisted && positions.every((position) => position === null)) {
    return unusable(reason('unlisted-and-flat', '11.6'));
  }
  const { touch } = knowledge;
  const isFlat = positions.every((position) => position === null);
  // A stale book may value a flat pair, which places nothing, but never an order.
  const fresh = touch === null || isStale(touch, knowledge, staleMs) ? null : touch;
  const reading = readMark({ A, B }, isFlat ? touch : null);
  if (reading === null) {
    return positions.every((position) => position === null)
      ? { kind: 'touch-wanted' }
      : unusable(reason('mark-not-positive', '3.1'));
  }
  const judged = judgeMark(state, reading, fresh, knowledge);
  const { input, state: judgedState } = planInputOf(knowledge, { A, B }, judged);
  const plan = makePlan(input);
  if (plan.idle === AWAITS_BOOK && touchNeeded(knowledge, A, B)) return { kind: 'touch-wanted' };
  return {
    kind: 'usable',
    input,
    plan,
    state: judgedState,
    bookWanted: !knowledge.unlisted && (judged.bookWanted || plan.idle === AWAITS_BOOK),
  };
}

function unusable(why: Reason): Assessment {
  return { kind: 'unusable', why };
}

/** Both flat, and no fresh book for the mark. An unlisted instrument has no book. */
function touchNeeded(knowledge: Knowledge, A: SymbolSnapshot, B: SymbolSnapshot): boolean {
  const { touch, unlisted, staleMs } = knowledge;
  if (A.position !== null || B.position !== null || unlisted) return false;
  return touch === null || isStale(touch, knowledge, staleMs);
}

function planInputOf(
  knowledge: Knowledge,
  snapshots: Readonly<Record<AccountName, SymbolSnapshot>>,
  { judgement, valued, memory }: JudgedMark,
): { readonly input: PlanInput; readonly state: SymbolState } {
  const { config, instrument, strategy, nowMs, halted, unlisted, mode = 'trade', leaving, unable, denied } = knowledge;
  const { busy = [], openingsStop } = knowledge;
  // Positions by the ledger; those of the exchange agree, or lag behind the last fills (strategy 9.10).
  const held = (account: AccountName) =>
    knowledge.state.booked[account].plus(waitingOf(knowledge.state.orders, account));
  const valuation = valuePair(knowledge.state, instrument, { A: held('A'), B: held('B') }, valued);
  const known = remembering(clocked(knowledge.state, valuation.hedged, strategy, nowMs), memory);
  const state = withPause(known, mode, valuation.hedged && busy.length === 0);
  const intents = (knowledge.intents ?? []).map((intent) => intentAsOrder(intent, valued, nowMs));
  const unproven = ACCOUNTS.filter((account) => !isProven(knowledge, snapshots, account));
  const input: PlanInput = {
    config,
    instrument,
    strategy,
    state: intents.length === 0 ? state : { ...state, orders: [...state.orders, ...intents] },
    valuation,
    marks: judgement,
    nowMs,
    halted,
    ...(unlisted ? { unlisted } : {}),
    ...(mode === 'trade' ? {} : { mode }),
    ...(leaving === undefined ? {} : { leaving }),
    ...(openingsStop === undefined ? {} : { openingsStop }),
    ...(unable !== undefined && ACCOUNTS.some((account) => unable[account] !== null) ? { unable } : {}),
    denied,
    ...(busy.length === 0 ? {} : { busy }),
    ...(unproven.length === 0 ? {} : { unproven }),
  };
  return { input, state };
}

/**
 * Whether the account's state is proven enough for an opening or an order beyond the net (strategy 9.10): positions and
 * ledger agree, and the other account has intact streams or was read since the last submission ended.
 */
function isProven(
  { state, lastEndMs = 0 }: Knowledge,
  snapshots: Readonly<Record<AccountName, SymbolSnapshot>>,
  account: AccountName,
): boolean {
  const other = snapshots[otherAccount(account)];
  const agree = ACCOUNTS.every((one) => state.contradiction[one] === null);
  return agree && ((other.intact ?? false) || other.requestedAtMs > lastEndMs);
}

/**
 * Starts the `unhedged>6h` clock (strategy 12) when the symbol becomes unhedged, ends it when hedged, and expires
 * suspensions (9.5). Times in the future (our clock was set back) are limited to now.
 */
function clocked(
  state: SymbolState,
  hedged: boolean,
  { postOnlyCooldownMs }: StrategySettings,
  nowMs: number,
): SymbolState {
  const unhedgedSinceMs = hedged ? null : Math.min(state.unhedgedSinceMs ?? nowMs, nowMs);
  const rests = clockedRests(state, nowMs, postOnlyCooldownMs);
  const reduceOnly = clockedDemands(state, nowMs);
  const same =
    unhedgedSinceMs === state.unhedgedSinceMs && rests === (state.rests ?? rests) && reduceOnly === state.reduceOnly;
  if (same) return state;
  return { ...state, unhedgedSinceMs, rests, ...(reduceOnly === undefined ? {} : { reduceOnly }) };
}

/** Returns the same object if the mark adds nothing worth journalling. */
function remembering(state: SymbolState, memory: JudgedMark['memory']): SymbolState {
  const same = memory.acceptedMark === state.acceptedMark && memory.markDoubt === state.markDoubt;
  return same ? state : { ...state, ...memory };
}

import type { Alert } from '../alerts.ts';
import type { Now } from '../assess.ts';
import { heldAlert, heldDriftAlert, leavingAlert, splitAlert, unhedgedAlert, unlistedAlert } from '../conditions.ts';
import type { Fact } from '../facts.ts';
import { lotsNet } from '../ledger.ts';
import type { TouchFailed, TouchReceived } from '../messages.ts';
import { ACCOUNTS } from '../model.ts';
import { conductOf } from '../modes.ts';
import { raise } from '../raise.ts';
import { type Reason, reason, reasonKey } from '../reasons.ts';
import { kept } from '../same-list.ts';
import { trimsWithoutView } from '../trims.ts';
import { cancels, requestTouch } from './commands.ts';
import { leftNow } from './leave.ts';
import { inabilities, modeNow, type SymbolMemory } from './memory.ts';
import { finish, phaseFacts, remember, type Step } from './step.ts';

/** An account whose view was unusable for so long cannot open (strategy 5.7). */
const BLIND_MS = 30_000;
/** Waiting is reported after so many decisions: a snapshot between two answers is over at once. */
const UNUSABLE_BEFORE_REPORTED = 2;

/** No decision is possible: reports why if that lasts, raises what holds anyway, cancels what must not rest. */
export function waiting(memory: SymbolMemory, now: Now): Step {
  const left = leftNow(memory, now);
  if (left !== null) return left;
  const alerts = conditionsWhileWaiting(memory, now);
  const keys = new Set([...memory.holding, ...alerts.map(({ key }) => key)]);
  const report = waitingReport(memory, now);
  const cancelled = cancelsWhileWaiting(memory, now);
  const change = { holding: kept(memory.holding, [...keys]), ...report.change, ...cancelled?.change };
  return finish(memory, now, change, {
    history: report.history,
    facts: cancelled?.facts ?? [],
    commands: [...alerts.map(raise), ...(cancelled?.commands ?? [])],
  });
}

function waitingReport(
  memory: SymbolMemory,
  now: Now,
): { readonly change: Partial<SymbolMemory>; readonly history: readonly Fact[] } {
  const why = whyWaiting(memory);
  if (why === null || !lasts(memory)) return { change: {}, history: [] };
  const history = phaseFacts(memory, now, 'waiting', why);
  // A symbol starts as `waiting` without a report: the lack of a mark is reported then too (3.1).
  const reportedIdle = memory.assessment?.kind === 'touch-wanted' ? reasonKey(why) : '';
  const isNew = history.length === 0 && reportedIdle !== '' && reportedIdle !== memory.reportedIdle;
  const { instrument } = memory.config;
  const idle: Fact[] = isNew ? [{ type: 'symbol.idle', atMs: now.nowMs, instrument, why }] : [];
  return { change: { reportedPhase: 'waiting', reportedIdle }, history: [...history, ...idle] };
}

/** Why no decision is possible; null: it is possible, or the best prices could not be read only once so far. */
export function whyWaiting({ assessment, touchFailed }: SymbolMemory): Reason | null {
  if (assessment?.kind === 'unusable') return assessment.why;
  if (assessment?.kind !== 'touch-wanted' || touchFailed === null) return null;
  return touchFailed.inARow < UNUSABLE_BEFORE_REPORTED ? null : reason('no-mark', '3.1', { book: touchFailed.why });
}

function lasts({ assessment, unusableInARow }: SymbolMemory): boolean {
  return assessment?.kind === 'touch-wanted' || unusableInARow >= UNUSABLE_BEFORE_REPORTED;
}

/** Alert conditions that need no decision (strategy 10.5, 11.6, 12); the next decision clears those that ended. */
function conditionsWhileWaiting(memory: SymbolMemory, now: Now): Alert[] {
  const { config, instrument, unlisted, leaving, state, strategy } = memory;
  const { nowMs } = now;
  const net = lotsNet(state.lots);
  const mode = modeNow(memory, now);
  // Without a mark neither the tradable size nor the account to repair is known; only `min_size` is.
  const isUnhedged = lasts(memory) && net.abs().gte(instrument.minSize);
  const isHeld = conductOf({ mode, state }) === 'nothing';
  return [
    unlisted ? unlistedAlert(config.instrument, state.booked, state, nowMs) : null,
    isUnhedged && isHeld ? heldAlert(config.instrument, mode, net, null, nowMs) : null,
    leaving === undefined ? null : leavingAlert(config.instrument, leaving, state.booked, state, nowMs),
    isUnhedged ? unhedgedAlert({ config, state, strategy, nowMs }, net, 'A', null) : null,
    ...(state.split === undefined
      ? ACCOUNTS.map((one) => heldDriftAlert(config.instrument, one, state.contradiction[one], nowMs))
      : [splitAlert(config.instrument, state, nowMs)]),
  ].filter((alert) => alert !== null);
}

/** Cancels without a decision: openings without partner (5.7) or listing (11.6), all orders after a split (10.5). */
function cancelsWhileWaiting(memory: SymbolMemory, now: Now): ReturnType<typeof cancels> | null {
  const { config, instrument, state, snapshots, assessment, unlisted = false } = memory;
  if (assessment?.kind !== 'unusable' || !state.begun) return null;
  const { nowMs, era } = now;
  const blind = ACCOUNTS.filter((account) => {
    const snapshot = snapshots[account];
    return snapshot !== null && snapshot.era === era && nowMs - snapshot.requestedAtMs >= BLIND_MS;
  });
  const stop = memory.openingsStop === null ? {} : { openingsStop: memory.openingsStop };
  const [unable, mode] = [inabilities(memory, now), modeNow(memory, now)];
  const trims = trimsWithoutView({ config, state, nowMs, unable, unlisted, mode, ...stop }, instrument, blind);
  return trims.length === 0 ? null : cancels(memory, state, trims, nowMs);
}

/** Both accounts are flat and no book is fresh: requests one, unless that is pending (strategy 3.1). */
export function touchWanted(memory: SymbolMemory, now: Now): Step {
  if (memory.touchAsked) return finish(memory, now, {});
  return finish(memory, now, { touchAsked: true }, { commands: [requestTouch(memory)] });
}

export function touchReceived(_: SymbolMemory, { era }: Now, { bid, ask, atMs }: TouchReceived): Step {
  return remember({ touch: { bid, ask, atMs, era }, touchAsked: false, touchFailed: null });
}

/** The reason omits what differs between failed calls; the call's own alert has it (strategy 12). */
export function touchFailed(memory: SymbolMemory, _: Now, { why }: TouchFailed): Step {
  return remember({ touchAsked: false, touchFailed: { why, inARow: (memory.touchFailed?.inARow ?? 0) + 1 } });
}

import type { Now } from '../assess.ts';
import { lotsNet } from '../ledger.ts';
import { markAllCancelSent } from '../managed-orders.ts';
import type {
  AccountParked,
  AccountUnparked,
  InstrumentListed,
  JournalReach,
  OpeningsStopped,
  PollerStarted,
  ReduceOnlyChanged,
  StrategyChanged,
  SymbolSteered,
} from '../messages.ts';
import { ACCOUNTS, type Side } from '../model.ts';
import { reason } from '../reasons.ts';
import { withAccountDemand } from '../reduce-only.ts';
import { restsAfterNewRules } from '../rests.ts';
import { cancellable } from '../trims.ts';
import { sideAgainst } from '../valuing.ts';
import { cancels, resolve, watch, withdrawIntents } from './commands.ts';
import type { SymbolMemory } from './memory.ts';
import { finish, phaseFacts, remember, type Step } from './step.ts';

/** Changes to a symbol by commands, settings and other actors; the next decision uses them. */

/** A restored symbol sends its watch lists and has orders of unknown outcome looked up (strategy 9.6, 10.2). */
export function starting(memory: SymbolMemory): Step {
  const { config, state } = memory;
  const lost = state.orders.filter((order) => order.unknown);
  const watches = ACCOUNTS.map((account) => watch(config.instrument, state, account));
  // Differences to the journal are reported once both accounts are read (strategy 11.2).
  return { ...remember({}), commands: [...watches, ...lost.map((order) => resolve(memory, order))] };
}

/** The exchange lists it again or changed its rules (11.6, 11.8): ends intents and rests of the previous rules. */
export function instrumentListed(memory: SymbolMemory, now: Now, { instrument }: InstrumentListed): Step {
  const state = restsAfterNewRules(memory.state);
  const change = { instrument, state, unlisted: false, denied: [], reportedIdle: '' };
  return finish(memory, now, change, { commands: withdrawIntents(memory) });
}

/** The exchange no longer lists it (strategy 11.6): intents are withdrawn and nothing new is submitted. */
export function instrumentUnlisted(memory: SymbolMemory, now: Now): Step {
  return finish(memory, now, { unlisted: true, reportedIdle: '' }, { commands: withdrawIntents(memory) });
}

/** Its row, commands or removal changed (strategy 16): intents decided before are withdrawn. */
export function steered(memory: SymbolMemory, now: Now, event: SymbolSteered): Step {
  const { config, standing, leaving, rollout } = event;
  const sources = { config, standing, leaving: leaving ?? undefined, rollout: rollout ?? undefined };
  const change = { ...sources, denied: [], warned: false, reportedIdle: '' };
  const withdrawn = withdrawIntents(memory);
  if (memory.rollout !== 'trial' || rollout === 'trial') return finish(memory, now, change, { commands: withdrawn });
  // An opening has its partner's size (6.2): a small one would lead to small ones for ever.
  const net = lotsNet(memory.state.lots);
  const repairs = (side: Side) => !net.isZero() && side === sideAgainst(net);
  const small = memory.state.orders
    .filter(
      (order) => order.purpose === 'opening' && order.tradedSize.isZero() && cancellable(order) && !repairs(order.side),
    )
    .map((order) => ({ order, why: reason('trial-over', '16.7') }));
  const { change: cancelling, commands, facts } = cancels(memory, memory.state, small, now.nowMs);
  return finish(memory, now, { ...change, ...cancelling }, { commands: [...withdrawn, ...commands], facts });
}

/** Settings were reloaded (strategy 16.4). */
export function strategyChanged(_: SymbolMemory, __: Now, event: StrategyChanged): Step {
  const { strategy, staleMs, loopIntervalMs } = event;
  return remember({ strategy, staleMs, loopIntervalMs });
}

/** An invariant is violated here (strategy 15). */
export function halted(): Step {
  return remember({ halted: true });
}

/** A parked account submits nothing, and neither account opens (strategy 9.8). */
export function accountParked(memory: SymbolMemory, now: Now, { account }: AccountParked): Step {
  const sinceMs = memory.parkedSinceMs[account] ?? now.nowMs;
  return finish(memory, now, { parkedSinceMs: { ...memory.parkedSinceMs, [account]: sinceMs } });
}

/** The journal's database stopped answering or answers again: nothing is created meanwhile (strategy 18.1). */
export function journalReached(memory: SymbolMemory, now: Now, { sinceMs }: JournalReach): Step {
  return finish(memory, now, { journalSinceMs: sinceMs });
}

/** Openings are stopped or resumed (strategy 8.6): intents decided before are withdrawn. */
export function openingsStopped(memory: SymbolMemory, now: Now, { why }: OpeningsStopped): Step {
  return finish(memory, now, { openingsStop: why, reportedIdle: '' }, { commands: withdrawIntents(memory) });
}

export function accountUnparked(memory: SymbolMemory, now: Now, { account }: AccountUnparked): Step {
  return finish(memory, now, { parkedSinceMs: { ...memory.parkedSinceMs, [account]: null } });
}

/** Another symbol learned that an account may only reduce, or may grow again (strategy 9.13). */
export function reduceOnlyChanged(memory: SymbolMemory, now: Now, { account, demand }: ReduceOnlyChanged): Step {
  return finish(memory, now, { state: withAccountDemand(memory.state, account, demand) });
}

/** A poller that replaces a failed one has no watch list yet. */
export function pollerStarted(memory: SymbolMemory, now: Now, { account }: PollerStarted): Step {
  return finish(memory, now, {}, { commands: [watch(memory.config.instrument, memory.state, account)] });
}

/** The engine stops: it may cancel every order without this symbol's knowledge (strategy 13.1). */
export function draining(memory: SymbolMemory, now: Now): Step {
  const history = phaseFacts(memory, now, 'draining', reason('draining', '13.1'));
  return finish(memory, now, { reportedPhase: 'draining', state: markAllCancelSent(memory.state) }, { history });
}

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

/** What commands, settings and other actors change for a symbol; the next decision goes by it. */

/** A restored symbol tells the pollers what to look for, and has orders of unknown outcome found out (strategy 9.6, 10.2). */
export function starting(memory: SymbolMemory): Step {
  const { config, state } = memory;
  const lost = state.orders.filter((order) => order.unknown);
  const watches = ACCOUNTS.map((account) => watch(config.instrument, state, account));
  // What the journal had is reported together with what the exchange says, once both accounts are read (strategy 11.2).
  return { ...remember({}), commands: [...watches, ...lost.map((order) => resolve(memory, order))] };
}

/**
 * The exchange lists it again, or by other rules (strategy 11.6, 11.8): intents decided by the previous ones are withdrawn, and a
 * rest that began with a refusal by the previous ones is over.
 */
export function instrumentListed(memory: SymbolMemory, now: Now, { instrument }: InstrumentListed): Step {
  const state = restsAfterNewRules(memory.state);
  const change = { instrument, state, unlisted: false, denied: [], reportedIdle: '' };
  return finish(memory, now, change, { commands: withdrawIntents(memory) });
}

/** The exchange does not list it any more (strategy 11.6): intents are withdrawn, and nothing new is submitted. */
export function instrumentUnlisted(memory: SymbolMemory, now: Now): Step {
  return finish(memory, now, { unlisted: true, reportedIdle: '' }, { commands: withdrawIntents(memory) });
}

/** Another row, other commands, or it leaves or stays (strategy 16): intents decided by the previous ones are withdrawn. */
export function steered(memory: SymbolMemory, now: Now, event: SymbolSteered): Step {
  const { config, standing, leaving, rollout } = event;
  const sources = { config, standing, leaving: leaving ?? undefined, rollout: rollout ?? undefined };
  const change = { ...sources, denied: [], warned: false, reportedIdle: '' };
  const withdrawn = withdrawIntents(memory);
  if (memory.rollout !== 'trial' || rollout === 'trial') return finish(memory, now, change, { commands: withdrawn });
  // An opening is of its partner's size (6.2): small ones would bring forth small ones for ever.
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

/** Settings were read again (strategy 16.4). */
export function strategyChanged(_: SymbolMemory, __: Now, event: StrategyChanged): Step {
  const { strategy, staleMs, loopIntervalMs } = event;
  return remember({ strategy, staleMs, loopIntervalMs });
}

/** An invariant broke here (strategy 15). */
export function halted(): Step {
  return remember({ halted: true });
}

/** A parked account submits nothing, and no account opens (strategy 9.8). */
export function accountParked(memory: SymbolMemory, now: Now, { account }: AccountParked): Step {
  const sinceMs = memory.parkedSinceMs[account] ?? now.nowMs;
  return finish(memory, now, { parkedSinceMs: { ...memory.parkedSinceMs, [account]: sinceMs } });
}

/** The journal's database does not answer, or does again: nothing is created meanwhile (strategy 18.1). */
export function journalReached(memory: SymbolMemory, now: Now, { sinceMs }: JournalReach): Step {
  return finish(memory, now, { journalSinceMs: sinceMs });
}

/** Openings are stopped, or no more (strategy 8.6): intents decided before are withdrawn. */
export function openingsStopped(memory: SymbolMemory, now: Now, { why }: OpeningsStopped): Step {
  return finish(memory, now, { openingsStop: why, reportedIdle: '' }, { commands: withdrawIntents(memory) });
}

export function accountUnparked(memory: SymbolMemory, now: Now, { account }: AccountUnparked): Step {
  return finish(memory, now, { parkedSinceMs: { ...memory.parkedSinceMs, [account]: null } });
}

/** An account may only reduce, or may grow again, as another symbol has learnt (strategy 9.13). */
export function reduceOnlyChanged(memory: SymbolMemory, now: Now, { account, demand }: ReduceOnlyChanged): Step {
  return finish(memory, now, { state: withAccountDemand(memory.state, account, demand) });
}

/** A poller that replaces a failed one has no watch list yet. */
export function pollerStarted(memory: SymbolMemory, now: Now, { account }: PollerStarted): Step {
  return finish(memory, now, {}, { commands: [watch(memory.config.instrument, memory.state, account)] });
}

/** The engine stops: it may ask for the end of every order, without this symbol knowing (strategy 13.1). */
export function draining(memory: SymbolMemory, now: Now): Step {
  const history = phaseFacts(memory, now, 'draining', reason('draining', '13.1'));
  return finish(memory, now, { reportedPhase: 'draining', state: markAllCancelSent(memory.state) }, { history });
}

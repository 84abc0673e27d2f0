import type { Now } from '../assess.ts';
import { leftAlert } from '../conditions.ts';
import { ZERO } from '../decimal.ts';
import type { Fact } from '../facts.ts';
import { lotsNet } from '../ledger.ts';
import type { AccountName, LeavingWhy } from '../model.ts';
import { clear, raise } from '../raise.ts';
import type { SymbolMemory } from './memory.ts';
import { finish, type Step } from './step.ts';

/**
 * Ends the removal of a symbol (strategy 16.3) once it is hedged and no order is live, unknown or pending. An unlisted
 * symbol cannot be hedged, so it waits for its orders only. null: not yet.
 */
export function leftNow(memory: SymbolMemory, now: Now): Step | null {
  const { leaving, unlisted, assessment, state, snapshots, underWay, awaited, lastEndMs } = memory;
  if (leaving === undefined || !state.begun || state.orders.length > 0 || underWay.length > 0) return null;
  const { A, B } = snapshots;
  if (A === null || B === null || awaited.length > 0) return null;
  if ([A, B].some((one) => !one.intact && one.requestedAtMs <= lastEndMs)) return null;
  const hedged = assessment?.kind === 'usable' && assessment.plan.situation.hedged;
  return hedged || unlisted ? leave(memory, now, leaving) : null;
}

/** A person forgets a symbol during its removal (strategy 16.3): it ends at once, whatever its positions. */
export function forgotten(memory: SymbolMemory, now: Now): Step {
  const { leaving, state, underWay } = memory;
  if (leaving === undefined || state.orders.length > 0 || underWay.length > 0) return finish(memory, now, {});
  return leave(memory, now, leaving);
}

function leave(memory: SymbolMemory, now: Now, leaving: LeavingWhy): Step {
  const { state, snapshots, config, holding } = memory;
  const { instrument } = config;
  const atMs = now.nowMs;
  const held = (account: AccountName) => snapshots[account]?.position?.size ?? ZERO;
  const sizes = { A: held('A'), B: held('B') };
  const fact: Fact = { type: 'symbol.left', atMs, instrument, leaving, sizes, net: lotsNet(state.lots) };
  return finish(
    memory,
    now,
    { state: { ...state, left: true }, holding: [] },
    {
      history: [fact],
      commands: [
        ...holding.map((key) => clear(key, now)),
        raise(leftAlert(instrument, sizes, state, atMs)),
        { to: 'daemon', message: { type: 'symbol.left', instrument } },
      ],
    },
  );
}

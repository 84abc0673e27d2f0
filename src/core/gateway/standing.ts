import type { PreparedOrder } from '../journal-entry.ts';
import type { AccountParked, InstrumentListed, ParkingFound, SubmissionsTuned } from '../messages.ts';
import { ACCOUNTS, type AccountName } from '../model.ts';
import { reason } from '../reasons.ts';
import { trackedFromPrepared } from '../submission/tracked.ts';
import { DRAINING, type GatewayMemory, isParkedFor, parkedResult } from './memory.ts';
import { startResolving, submissionsHalted } from './queue.ts';
import { type GatewayCommand, type GatewayStep, remembered, toSymbol } from './step.ts';

/** What the gateway takes over at its start, and what stops creates: parked accounts and draining. */

/** Takes over orders of unknown outcome from a crash or a previous gateway (strategy 11.2); they count as live. */
export function ordersTakenUp(memory: GatewayMemory, unsettled: readonly PreparedOrder[]): GatewayStep {
  return unsettled.reduce<GatewayStep>(
    (step, prepared) => startResolving(step, trackedFromPrepared(prepared), reason('no-outcome-in-journal', '9.6'), 0),
    remembered(memory),
  );
}

/** Tells each symbol which orders this gateway has taken over, and that it knows no others. */
export function symbolsInformed(memory: GatewayMemory, atMs: number, unsettled: readonly PreparedOrder[]): GatewayStep {
  const orders = unsettled.map(({ intent, clientOrderId }) => ({ account: intent.account, clientOrderId }));
  const message = { type: 'gateway.started', unsettled: orders, atMs } as const;
  return { memory, commands: [...memory.instruments.keys()].map((name) => toSymbol(name, message)) };
}

/** Reloaded settings apply from the next submission on (strategy 16.4). */
export function settingsTaken(memory: GatewayMemory, _nowMs: number, { settings }: SubmissionsTuned): GatewayStep {
  return remembered({ ...memory, settings });
}

/** The rules of an instrument as it is listed now (strategy 11.8), for the submissions to come. */
export function rulesTaken(memory: GatewayMemory, _nowMs: number, { instrument }: InstrumentListed): GatewayStep {
  return remembered({ ...memory, instruments: new Map(memory.instruments).set(instrument.name, instrument) });
}

/** Parks an account (strategy 9.8): it creates nothing, the other one no openings. */
export function accountParked(
  memory: GatewayMemory,
  nowMs: number,
  { account }: { readonly account: AccountName },
): GatewayStep {
  if (memory.parked.includes(account)) return remembered(memory);
  const parked = ACCOUNTS.filter((name) => name === account || memory.parked.includes(name));
  const known = { ...memory, parked, register: { ...memory.register, parked } };
  return submissionsHalted(known, nowMs, parkedResult(parked), (order) => isParkedFor(parked, order));
}

/** As {@link accountParked}, found by one of our calls: informs the daemon and the account's poller. */
export function parkingFound(memory: GatewayMemory, nowMs: number, found: ParkingFound): GatewayStep {
  const { account, failure } = found;
  if (memory.parked.includes(account)) return remembered(memory);
  const step = accountParked(memory, nowMs, found);
  const message: AccountParked = { type: 'account.parked', account, failure };
  const tells = ['daemon', `poller:${account}`].map((to): GatewayCommand => ({ do: 'send', to, message }));
  return { ...step, commands: [...step.commands, ...tells] };
}

/** A parked account answers again (strategy 9.8). */
export function accountUnparked(
  memory: GatewayMemory,
  _nowMs: number,
  { account }: { readonly account: AccountName },
): GatewayStep {
  const parked = memory.parked.filter((name) => name !== account);
  return remembered({ ...memory, parked, register: { ...memory.register, parked } });
}

export function draining(memory: GatewayMemory, nowMs: number): GatewayStep {
  return submissionsHalted(memory, nowMs, DRAINING);
}

/** Reports to the daemon that nothing is in flight, and which outcomes are still unknown. */
export function idleReported(memory: GatewayMemory): GatewayStep {
  const unknown = Object.values(memory.jobs).flatMap((job) =>
    job.kind === 'submission' && job.inDoubt !== null
      ? [{ account: job.account, clientOrderId: job.inDoubt.clientOrderId }]
      : [],
  );
  return { memory, commands: [{ do: 'send', to: 'daemon', message: { type: 'gateway.idle', unknown } }] };
}

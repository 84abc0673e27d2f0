import type { AnyActorRef } from 'xstate';
import type { NetLeft, StuckNow, StuckSymbol } from '../src/core/alerts.ts';
import { openNet } from '../src/core/conditions.ts';
import type { DaemonMemory, EngineSymbol, LiveOrder } from '../src/core/daemon/memory.ts';
import type { DaemonView } from '../src/core/daemon/step.ts';
import { type Decimal, ZERO } from '../src/core/decimal.ts';
import { ACCOUNTS } from '../src/core/model.ts';
import type { News } from '../src/core/outbox.ts';
import type { PlanInput } from '../src/core/plan-input.ts';
import { netLeftOf, reportOf } from '../src/core/symbol/report.ts';
import type { SymbolState } from '../src/core/symbol-state.ts';
import { readSizeOf } from './account-poller.ts';
import type { DaemonContext, DaemonDeps } from './daemon-context.ts';
import { restoreSymbol } from './restore.ts';
import { memoryOf } from './symbol.ts';

/** Reads for the daemon from running symbols and the journal. */

type JournalDeps = Pick<DaemonDeps, 'journal' | 'unsettled'>;

export function viewOf(context: DaemonContext, self: AnyActorRef): DaemonView {
  const { deps } = context;
  const { journal } = deps;
  return {
    open: (symbols) => openNow(context, self, symbols),
    sizes: (instrument) => symbolMemory(self, instrument)?.state.booked ?? { A: ZERO, B: ZERO },
    netRead: (instrument) => netRead(self, instrument),
    note: (name) => journal.latest('note', name)?.body ?? null,
    hasPrepared: (clientOrderId) => journal.latest('order.prepared', clientOrderId) !== null,
    hasTraded: () => journal.latestOfEach('symbol.state').length > 0,
    inDoubt: () => ordersInDoubt(deps),
    journalledOrders: (instrument) => journalledOrders(deps, instrument),
    journalledNets: () => journalledNets(deps),
  };
}

function symbolMemory(self: AnyActorRef, instrument: string) {
  return memoryOf(self.system.get(`symbol:${instrument}`));
}

function netRead(self: AnyActorRef, instrument: string): Decimal | null {
  const sizes = ACCOUNTS.map((account) => readSizeOf(self.system.get(`poller:${account}`), instrument));
  return sizes.reduce((net, size) => (net === null || size === null ? null : net.add(size)), ZERO as Decimal | null);
}

/** The symbols' live orders, which the clean-up must settle (strategy 13.1). */
export function liveOrders({ memory }: DaemonContext, self: AnyActorRef): LiveOrder[] {
  return memory.symbols.flatMap(({ config }) => {
    const known = symbolMemory(self, config.instrument);
    return known === undefined ? [] : ordersOf(known.state);
  });
}

/** What stays unhedged if the engine stops now (strategy 13.4). */
export function netsLeft({ deps, memory }: DaemonContext, self: AnyActorRef, symbols = memory.symbols): NetLeft[] {
  const { clock, exchange } = deps;
  return symbols.flatMap(({ config: { instrument } }) => {
    const known = symbolMemory(self, instrument);
    return known === undefined ? [] : (netLeftOf(known, clock.nowMs(), exchange.lastTouch(instrument)) ?? []);
  });
}

/** What is unhedged now, and the symbols of unknown state (strategy 12.3). */
export function openNow(
  context: DaemonContext,
  self: AnyActorRef,
  symbols: readonly EngineSymbol[],
): Pick<News, 'unhedged' | 'unknown'> {
  const unknown = symbols.flatMap(({ config, unlisted }) => {
    const known = symbolMemory(self, config.instrument);
    return unlisted || (known?.state.begun && known.assessment !== null) ? [] : [config.instrument];
  });
  return { unhedged: netsLeft(context, self, symbols), unknown };
}

/** For the daily report (strategy 12.2): what is unhedged now, and the symbols whose state is not fully known. */
export function stuckSymbols({ deps, memory }: DaemonContext, self: AnyActorRef): StuckNow {
  const stuck: StuckSymbol[] = [];
  const awaited: string[] = [];
  const nowMs = deps.clock.nowMs();
  for (const { config } of memory.symbols) {
    const known = symbolMemory(self, config.instrument);
    let report = known === undefined ? null : reportOf(known, nowMs);
    if (report === null) {
      awaited.push(config.instrument);
      // The report without the best price it waits for.
      report = known === undefined ? null : reportOf({ ...known, touchAsked: false }, nowMs);
    }
    if (report !== null && report.stuck !== null) stuck.push(report.stuck);
  }
  return { stuck, awaited };
}

/** Prepared orders that were neither seen to rest nor to end (strategy 9.6). */
export function preparedInDoubt({ journal, unsettled }: JournalDeps) {
  return unsettled().filter(
    ({ clientOrderId }) => journal.latest('order.outcome', clientOrderId)?.body.outcome !== 'resting',
  );
}

export function ordersInDoubt(deps: JournalDeps): DaemonMemory['unknown'] {
  return preparedInDoubt(deps).map(({ intent, clientOrderId }) => ({ account: intent.account, clientOrderId }));
}

/** The journal's unhedged nets of every instrument, for a stop before any symbol has started. */
function journalledNets({ journal, unsettled }: JournalDeps): NetLeft[] {
  const prepared = unsettled();
  return journal.latestOfEach('symbol.state').flatMap(({ key }) => {
    const state = restoreSymbol(journal, key, prepared);
    const decision = journal.latest('decision', key)?.body as { readonly input: PlanInput } | undefined;
    return (state.left ? null : openNet(state, decision?.input.instrument ?? null, state.acceptedMark, null)) ?? [];
  });
}

/** The journal's live orders of one instrument, or of every one, where symbols do not run. */
export function journalledOrders({ journal, unsettled }: JournalDeps, instrument?: string): LiveOrder[] {
  const prepared = unsettled();
  const names = instrument === undefined ? journal.latestOfEach('symbol.state').map(({ key }) => key) : [instrument];
  return names.flatMap((name) => ordersOf(restoreSymbol(journal, name, prepared)));
}

function ordersOf({ instrument, orders }: SymbolState): LiveOrder[] {
  return orders.map(({ account, clientOrderId, purpose, sentAtMs }) => {
    return { account, instrument, clientOrderId, purpose, sentAtMs };
  });
}

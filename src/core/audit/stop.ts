import { ACCOUNTS } from '../model.ts';
import type { AuditOrder } from './model.ts';
import { isUnproven, mayRest } from './model.ts';
import { isNewer, NEVER_WAS } from './orders.ts';
import type { Audit } from './state.ts';
import { fault } from './state.ts';
import { ASKED_LATELY_MS } from './windows.ts';

/** The stop (strategy 13.1): what may be cancelled, and what may be left (I11). */

/** Strategy 13.1: the clean-up may give up after this. */
const CLEANUP_MS = 30_000;

/** I11, of a cancel while draining: what was to be kept is kept. */
export function judgeCleanup(audit: Audit, order: AuditOrder, atDrain: ReadonlySet<AuditOrder>): void {
  audit.checked('I11');
  // A fence ends an unknown outcome, it is no clean-up.
  if (isUnproven(order)) return;
  const keptCount = audit.settings.cancelOnStop ? audit.settings.stopKeepStrategyOrders : Number.POSITIVE_INFINITY;
  const newer = [...atDrain].filter(
    (one) =>
      one !== order &&
      one.account === order.account &&
      one.instrument === order.instrument &&
      !NEVER_WAS.has(one.phase) &&
      isNewer(one, order),
  ).length;
  if (newer >= keptCount) return;
  audit.breach(
    fault('I11', '13.1', 'the stop cancels an order that was to be kept', { newer, keep: keptCount }),
    order,
  );
}

/** Orders that may rest, of both accounts. */
function liveOrders(audit: Audit): AuditOrder[] {
  return ACCOUNTS.flatMap((account) => [...audit.accounts[account].orders.values()].filter(mayRest));
}

/** The stop begins: what rests now is what it may keep. */
export function drainBegan(audit: Audit): void {
  audit.draining = { sinceMs: audit.nowMs, live: new Set(liveOrders(audit)) };
}

/** I11, of an engine that ended by itself: what it left. */
export function judgeLeft(audit: Audit): void {
  const { draining, settings } = audit;
  if (!draining) return;
  audit.checked('I11');
  if (!settings.cancelOnStop) return;
  const left = new Map<string, AuditOrder[]>();
  for (const order of liveOrders(audit)) {
    const key = `${order.account} ${order.instrument}`;
    left.set(key, [...(left.get(key) ?? []), order]);
  }
  for (const orders of left.values()) {
    orders.sort((one, two) => (isNewer(one, two) ? -1 : 1));
    for (const order of orders.slice(settings.stopKeepStrategyOrders)) {
      // Fenced, and since then neither its id nor the open orders know it: it does not rest, whatever became of it.
      if (order.lookedUpAbsent && order.openOrdersLack) continue;
      // On an instrument the engine does not run an order that no list shows is looked up by nobody: it may have filled.
      if (order.unseen && !audit.instruments.has(order.instrument)) continue;
      // After 30 s of asking it may give up, and says so by its exit code: for its cancel, or for open orders it never got.
      const { openOrders, openOrdersAskedMs } = audit.accounts[order.account];
      const unread =
        audit.nowMs - openOrdersAskedMs < ASKED_LATELY_MS && audit.nowMs - (openOrders?.atMs ?? 0) >= CLEANUP_MS;
      if ((order.cancelAskedAtMs !== null || unread) && audit.nowMs - draining.sinceMs >= CLEANUP_MS) continue;
      const detail = { left: orders.length, keep: settings.stopKeepStrategyOrders, phase: order.phase };
      audit.breach(fault('I11', '13.1', 'left behind at the stop', detail), order);
    }
  }
}

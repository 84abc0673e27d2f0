import type { AccountName } from '../model.ts';
import type { AuditOrder } from './model.ts';
import { isLive } from './model.ts';
import { remember, setOver } from './orders.ts';
import type { Audit, RequestInFlight } from './state.ts';
import { CLOCK_SKEW_MS } from './windows.ts';

/**
 * Proof that an order never came to be (strategy 9.6): a look-up, open orders and history that all lack it.
 *
 * What is judged strictly takes it for absent as soon as all three were heard, whenever each was asked for: by the rule that
 * is proof. An engine may ask for all three anew where one of them failed, and until such a round is whole it counts the
 * order as live: both are views.
 */

/** The two lists of one round are asked for side by side; further apart they are of two. */
const SIDE_BY_SIDE_MS = 100;

/** Orders that may be proven absent by what was asked at that time: fenced, or expired (9.6). */
export function* provable(audit: Audit, account: AccountName, askedAtMs: number): Iterable<AuditOrder> {
  for (const order of audit.accounts[account].orders.values()) {
    if (!isLive(order) && !isPerhapsHeldLive(order, audit.seq)) continue;
    const fenced = order.fenceEndMs !== null && askedAtMs >= order.fenceEndMs;
    const expired =
      order.expirationMs !== null &&
      (audit.exchangeMs > order.expirationMs ||
        audit.rawMs - (audit.nowMs - askedAtMs) >= order.expirationMs - CLOCK_SKEW_MS);
    if (fenced || expired) yield order;
  }
}

/** An answer lacks an order that may be proven absent; ends its unknown outcome once all of the proof is there (9.6). */
export function lacks(
  audit: Audit,
  order: AuditOrder,
  part: 'lookedUpAbsent' | 'openOrdersLack' | 'historyLacks',
  { sentAtMs, sentSeq, forProof }: RequestInFlight,
): void {
  order[part] = true;
  if (part === 'lookedUpAbsent')
    order.proof = { lookedUpSeq: audit.seq, openOrdersAskedMs: null, historyAskedMs: null, wholeSeq: null };
  const { proof } = order;
  // A poll's lists are no part of a round, and a round asked for another order proves nothing of this one to an engine.
  if (proof && forProof && sentSeq > proof.lookedUpSeq && !isAnotherSought(audit, order)) {
    proof[part === 'openOrdersLack' ? 'openOrdersAskedMs' : 'historyAskedMs'] = sentAtMs;
    const { openOrdersAskedMs, historyAskedMs } = proof;
    if (openOrdersAskedMs !== null && historyAskedMs !== null)
      if (Math.abs(openOrdersAskedMs - historyAskedMs) <= SIDE_BY_SIDE_MS) proof.wholeSeq = audit.seq;
  }
  if (!isLive(order) || !order.lookedUpAbsent || !order.openOrdersLack || !order.historyLacks) return;
  setOver(audit, order, 'absent');
  remember(audit, order);
}

/** Are the lists that are asked for a proof now perhaps asked for another order of that account. */
function isAnotherSought(audit: Audit, order: AuditOrder): boolean {
  for (const one of audit.accounts[order.account].orders.values())
    if (one !== order && one.notFound && (isLive(one) || isPerhapsHeldLive(one, audit.seq))) return true;
  return false;
}

/**
 * Is it proven absent, or said to be rejected, though an engine that trades on what was known at `atSeq` may count it as live
 * still: what it had sent by then was live until it heard otherwise.
 */
export function isPerhapsHeldLive(order: AuditOrder, atSeq: number): boolean {
  if (order.phase === 'absent') return (order.proof?.wholeSeq ?? Number.POSITIVE_INFINITY) > atSeq;
  if (order.phase !== 'rejected' || order.sentSeq > atSeq) return false;
  return order.moments.some((moment) => moment.over && moment.seq > atSeq);
}

/**
 * Does this list, which is asked for now, prove an order absent (9.6), and is none that a poll waits for. A poll asks for
 * positions first, and for open orders once; the clean-up of a stop asks for them alone too, but no create rests on that.
 */
export function isForProof(audit: Audit, account: AccountName, route: string): boolean {
  const state = audit.accounts[account];
  if (route === 'order_history') return audit.nowMs - state.proofAskedMs <= SIDE_BY_SIDE_MS;
  if (route !== 'open_orders' || state.openOrdersDue || audit.draining) return false;
  for (const order of state.orders.values()) {
    if (!order.notFound || !(isLive(order) || isPerhapsHeldLive(order, audit.seq))) continue;
    state.proofAskedMs = audit.nowMs;
    return true;
  }
  return false;
}

/**
 * Does a list that was asked for because of an order tell an engine of this one: of another order it takes nothing from that
 * list, and knows it as its polls and its own look-ups told (10.2). What is over stays over but for news of it.
 */
export function isSoughtInLists(order: AuditOrder): boolean {
  return order.notFound || !isLive(order);
}

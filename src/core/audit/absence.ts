import type { AccountName } from '../model.ts';
import type { AuditOrder } from './model.ts';
import { isLive } from './model.ts';
import { remember, setOver } from './orders.ts';
import type { Audit } from './state.ts';
import { CLOCK_SKEW_MS } from './windows.ts';

/** Proof that an order never came to be (strategy 9.6): a look-up, open orders and history that all lack it. */

/** Orders that may be proven absent by what was asked at that time: fenced, or expired (9.6). */
export function* provable(audit: Audit, account: AccountName, askedAtMs: number): Iterable<AuditOrder> {
  for (const order of audit.accounts[account].orders.values()) {
    if (!isLive(order)) continue;
    const fenced = order.fenceEndMs !== null && askedAtMs >= order.fenceEndMs;
    const expired =
      order.expirationMs !== null &&
      (audit.exchangeMs > order.expirationMs ||
        audit.rawMs - (audit.nowMs - askedAtMs) >= order.expirationMs - CLOCK_SKEW_MS);
    if (fenced || expired) yield order;
  }
}

/** Ends an unknown outcome by the proof of strategy 9.6, once all of it is there. */
export function prove(audit: Audit, order: AuditOrder): void {
  if (!order.lookedUpAbsent || !order.openOrdersLack || !order.historyLacks) return;
  setOver(audit, order, 'absent');
  remember(audit, order);
}

import type { AccountName } from '../model.ts';
import { asObject, asText, strategyId } from './bodies.ts';
import { createSent } from './creates.ts';
import { askedAbout } from './former-orders.ts';
import type { AuditOrder } from './model.ts';
import { mayRest } from './model.ts';
import { pollBegins } from './polls.ts';
import type { Audit } from './state.ts';
import { fault } from './state.ts';
import { judgeCleanup } from './stop.ts';

/** What the engine sent, by route: creates are judged in `creates.ts`, cancels here (I8). */

/** A request left, of any route; returns the order a create asks for. */
export function sent(audit: Audit, account: AccountName | null, route: string, request: unknown): AuditOrder | null {
  if (route === 'create_order') return createSent(audit, account, request);
  const where = { instrument: null, account, clientOrderId: null };
  if (route === 'cancel_order') cancelSent(audit, account, request);
  else if (route === 'positions') {
    if (!account) return null;
    pollBegins(audit, account);
    audit.accounts[account].askedSeq.positions = audit.seq;
    audit.accounts[account].openOrdersDue = true;
  } else if (route === 'open_orders') {
    if (!account) return null;
    audit.accounts[account].openOrdersAskedMs = audit.nowMs;
    audit.accounts[account].openOrdersDue = false;
    audit.accounts[account].askedSeq.openOrders = audit.seq;
  } else if (route === 'account_summary') {
    if (account) audit.accounts[account].askedSeq.summary = audit.seq;
  } else if (route === 'order') {
    const id = asText(asObject(request)?.client_order_id);
    if (account && id !== null) askedAbout(audit, account, id);
  } else if (route === 'cancel_all_orders' || route === 'cancel_on_disconnect') {
    audit.checked('I8');
    audit.breach(fault('I8', '9.7', `${route} would end orders that are not ours`), where);
  } else if (/^(bulk_orders|create_bulk_orders|replace_orders)$/.test(route))
    audit.breach(fault('I1', '1', `${route} is no way this engine trades`), where);
  return null;
}

/** I8, and I11 while draining. */
function cancelSent(audit: Audit, account: AccountName | null, request: unknown): void {
  audit.checked('I8');
  const body = asObject(request);
  const id = asText(body?.client_order_id);
  const orderId = asText(body?.order_id);
  const where = { instrument: null, account, clientOrderId: id };
  if (!account || asText(body?.sub_account_id) !== audit.subAccounts[account])
    audit.breach(fault('I8', '9.7', 'a cancel in the name of another account', { sub: body?.sub_account_id }), where);
  if (id === null || !strategyId(id)) {
    audit.breach(fault('I8', '9.7', 'a cancel that names no strategy order', { clientOrderId: id, orderId }), where);
    return;
  }
  const order = account && audit.accounts[account].orders.get(id);
  if (!order) return;
  order.cancelAskedAtMs ??= audit.nowMs;
  if (audit.draining && mayRest(order)) judgeCleanup(audit, order, audit.draining.live);
}

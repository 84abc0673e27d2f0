import { ZERO } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import { isSoughtInLists, lacks, provable } from './absence.ts';
import type { OrderBody } from './bodies.ts';
import { asDecimal, asInteger, asObject, asText, readOrder, readOwnOrders, readTouch, stepOf } from './bodies.ts';
import { lookedUp } from './drift.ts';
import { learn } from './fills.ts';
import { sawOrder } from './former-orders.ts';
import type { AuditOrder, InstrumentRules } from './model.ts';
import { isLive, isUnproven } from './model.ts';
import { knewMore } from './moments.ts';
import { givesWay, outcomeUnknown, remember, setOver } from './orders.ts';
import { isOnePoll, openOrdersRead, positionsRead, summaryRead } from './polls.ts';
import type { Audit, AuditAccount, RequestInFlight } from './state.ts';
import { ASKED_LATELY_MS, CLOCK_SKEW_MS, OTHER_WAY_MS } from './windows.ts';

/** What an answer means, by route; those of a poll stand in `polls.ts`. */

/** Of one instrument. */
const MAX_BOOKS = 32;

/** An answer of any status, by the route of its request. */
export function answered(audit: Audit, request: RequestInFlight, status: number, body: unknown): void {
  const { account, route, sentAtMs } = request;
  const json = asObject(body);
  const good = status >= 200 && status < 300 && json !== null && !('code' in json);
  const result = json?.result;
  // 403 and 401/1008 park the account (strategy 9.8).
  if (account && (status === 403 || (status === 401 && asInteger(json?.code) === 1008n)))
    audit.accounts[account].shutOutUntilMs = audit.nowMs + OTHER_WAY_MS;
  if (route === 'create_order') {
    if (request.order) createAnswered(audit, request.order, status, json, good);
    return;
  }
  if (route === 'book') {
    const touch = good ? readTouch(result) : null;
    const instrument = touch && audit.instruments.get(touch.instrument);
    if (!touch || !instrument) return;
    instrument.books.push({ seq: audit.seq, atMs: audit.nowMs, sentAtMs, bid: touch.bid, ask: touch.ask });
    if (instrument.books.length > MAX_BOOKS) instrument.books.shift();
    return;
  }
  if (route === 'instruments' || route === 'all_instruments' || route === 'instrument') {
    if (good) {
      sawInstruments(audit, result);
      if (route !== 'instrument') audit.listed = result;
    }
    return;
  }
  if (!account) return;
  if (route === 'positions') {
    if (good) positionsRead(audit, account, request, result);
  } else if (route === 'open_orders') {
    // Asked for once more with a new session (9.8), by the same poll.
    if (status === 401 && !request.forProof) audit.accounts[account].openOrdersDue = true;
    if (good) openOrdersRead(audit, account, request, result);
  } else if (route === 'account_summary') {
    if (good) summaryRead(audit, account, request, result);
  } else if (route === 'order') orderAnswered(audit, account, request, status, json, good);
  else if (route === 'order_history') historyAnswered(audit, account, request, json, good);
  else if (route === 'cancel_order' && good) cancelAnswered(audit, account, request);
}

/** Tick, step and least notional; the former ones still excuse a create for a while. */
export function sawInstruments(audit: Audit, result: unknown): void {
  const rows = Array.isArray(result) ? (result as unknown[]) : [result];
  for (const item of rows) {
    const row = asObject(item);
    const instrument = audit.instruments.get(asText(row?.instrument) ?? '');
    const tickSize = asDecimal(row?.tick_size);
    const minSize = asDecimal(row?.min_size);
    const baseDecimals = asDecimal(row?.base_decimals)?.toNumber();
    if (!instrument || !row || !tickSize?.gt(0) || !minSize?.gt(0) || !Number.isInteger(baseDecimals)) continue;
    const rules: InstrumentRules = {
      tickSize,
      minSize: stepOf(minSize, baseDecimals!),
      minNotional: asDecimal(row.min_notional) ?? ZERO,
    };
    const old = instrument.rules;
    if (old && !(old.tickSize.eq(tickSize) && old.minSize.eq(minSize) && old.minNotional.eq(rules.minNotional)))
      instrument.formerRules = { rules: old, untilMs: audit.nowMs + audit.settings.staleMs + ASKED_LATELY_MS };
    instrument.rules = rules;
  }
}

/** 2090/429: refused for the number of open orders, not for the number of requests. */
const TOO_MANY_ORDERS = 2090n;

/** Created, refused, or nobody knows (9.4, 9.6). */
function createAnswered(
  audit: Audit,
  order: AuditOrder,
  status: number,
  json: Readonly<Record<string, unknown>> | null,
  good: boolean,
): void {
  const body = good ? readOrder(json?.result) : null;
  if (body && body.clientOrderId === order.clientOrderId) {
    learn(audit, order, body);
    if (order.phase === 'sent') order.phase = 'acknowledged';
    return;
  }
  if (!isUnproven(order)) return;
  const code = asInteger(json?.code);
  // 2012 says that an order of this id is active: nobody knows which (API 3).
  const refusal =
    status >= 400 && status < 500 && code !== 2012n && (code !== null || [401, 403, 429].includes(status));
  if (refusal) {
    order.turnedAway = (status === 401 || status === 429) && code !== TOO_MANY_ORDERS;
    if (!order.turnedAway) givesWay(audit, order);
    setOver(audit, order, 'refused');
    remember(audit, order);
  } else outcomeUnknown(audit, order);
}

/** A look-up by id: what became of the order, or that it is not known (9.6, 10.2). */
function orderAnswered(
  audit: Audit,
  account: AccountName,
  request: RequestInFlight,
  status: number,
  json: Readonly<Record<string, unknown>> | null,
  good: boolean,
): void {
  const body = good ? readOrder(json?.result) : null;
  if (body) {
    const known = audit.accounts[account].orders.get(body.clientOrderId);
    if (known && isAskedAhead(audit, known, body)) {
      known.ahead = body;
      return;
    }
    // Known to be over, and asked for all the same: it is missing from a poll that began before that was known.
    const awaited = known !== undefined && (known.unseen || !isLive(known));
    sawOrder(audit, account, body);
    knewMore(audit, account);
    if (awaited) lookedUp(audit, account);
    return;
  }
  if (status !== 404 && asInteger(json?.code) !== 1004n) {
    lookUpFailed(audit, account, request);
    return;
  }
  // Not the end of that look-up: the history is asked next (10.2).
  audit.accounts[account].mayBeWhole = null;
  const id = asText(asObject(request.request)?.client_order_id);
  const unfound = audit.accounts[account].orders.get(id ?? '');
  if (unfound) unfound.notFound = true;
  for (const order of provable(audit, account, request.sentAtMs))
    if (order.clientOrderId === id) lacks(audit, order, 'lookedUpAbsent', request);
}

/**
 * A look-up, by id or in the history, was not answered, or with what tells nothing. The poll that waited for it is a snapshot
 * now all the same, of every instrument but that order's (10.2, 10.3), and a drift may be adopted on it.
 */
export function lookUpFailed(audit: Audit, account: AccountName, request: RequestInFlight): void {
  const state = audit.accounts[account];
  if (request.route === 'order') state.mayBeWhole = null;
  if (!mayEndPoll(state, request)) return;
  const order = state.orders.get(asText(asObject(request.request)?.client_order_id) ?? '');
  if (request.route === 'order' && (!order || (isLive(order) && !order.unseen))) return;
  lookedUp(audit, account, order?.instrument ?? null);
}

/**
 * Can the last poll have waited for this look-up: it was asked for when all three reads had come, an order is missing from
 * them, and no poll has begun since.
 */
function mayEndPoll(state: AuditAccount, { route, sentAtMs, forProof }: RequestInFlight): boolean {
  if (forProof || !state.complete || sentAtMs < state.complete.receivedAtMs || !isOnePoll(state)) return false;
  return route === 'order' || [...state.orders.values()].some((one) => isLive(one) && one.unseen);
}

/**
 * Whether nothing an engine knows its orders by can rest on this look-up yet (strategy 10.2): it names as over an order that
 * was plainly open, that the newest open orders do not lack, and that no cancel was sent for.
 *
 * An engine that listens to streams asks ahead (10.6): it looks an order up because a stream says that it is over, and takes
 * that answer only where a poll lacks the order (10.2). Until then it knows nothing of it, so the answer is kept until such a
 * poll is whole; of that poll, with and without the answer are both views until the one after it. What is judged strictly
 * takes the order for over at once.
 */
function isAskedAhead(audit: Audit, order: AuditOrder, body: OrderBody): boolean {
  if (!audit.asksAhead || (body.status !== 'FILLED' && body.status !== 'CANCELLED')) return false;
  const instrument = audit.instruments.get(order.instrument);
  if (!instrument || instrument.beginning || order.cancelAskedAtMs !== null) return false;
  return isLive(order) && order.phase === 'open' && !order.lacked;
}

/** A page of the order history: the orders in it, and which it lacks though it reaches back to them (9.6). */
function historyAnswered(
  audit: Audit,
  account: AccountName,
  request: RequestInFlight,
  json: Readonly<Record<string, unknown>> | null,
  good: boolean,
): void {
  const orders = good && Array.isArray(json?.result) ? readOwnOrders(json.result as unknown[]) : null;
  if (orders === null) {
    lookUpFailed(audit, account, request);
    return;
  }
  const awaited = mayEndPoll(audit.accounts[account], request);
  const ids = new Set<string>();
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const order of orders) {
    ids.add(order.clientOrderId);
    if (order.createTimeNs !== null) oldestMs = Math.min(oldestMs, Number(order.createTimeNs / 1_000_000n));
    const known = audit.accounts[account].orders.get(order.clientOrderId);
    if (known && known.ahead === null && isSoughtInLists(known)) sawOrder(audit, account, order);
  }
  knewMore(audit, account);
  if (awaited) lookedUp(audit, account);
  const start = asInteger(asObject(request.request)?.start_time);
  const startMs = start === null ? 0 : Number(start / 1_000_000n);
  const lastPage = !json?.next;
  for (const order of provable(audit, account, request.sentAtMs)) {
    const sentMs = audit.rawMs - (audit.nowMs - order.sentAtMs);
    const reachesBack = (lastPage && startMs <= sentMs + CLOCK_SKEW_MS) || oldestMs < sentMs - CLOCK_SKEW_MS;
    if (ids.has(order.clientOrderId) || !reachesBack) continue;
    lacks(audit, order, 'historyLacks', request);
  }
}

/** An acknowledged cancel fences an order (9.6). */
function cancelAnswered(audit: Audit, account: AccountName, request: RequestInFlight): void {
  const body = asObject(request.request);
  const order = audit.accounts[account].orders.get(asText(body?.client_order_id) ?? '');
  const livesMs = asInteger(body?.time_to_live_ms);
  // An order that was once seen open cannot arrive late: any acknowledged cancel fences it.
  if (!order || (livesMs === null && isUnproven(order))) return;
  order.fenceEndMs ??= Math.max(audit.nowMs, request.sentAtMs + Number(livesMs ?? 0n));
}

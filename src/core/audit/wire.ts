import type { AccountName } from '../model.ts';
import { ACCOUNTS, otherAccount } from '../model.ts';
import type { WireEvent } from '../wire-event.ts';
import type { CreateBody, Json, OrderBody } from './bodies.ts';
import { asInteger, asObject, asText, readCreate, readOrder, readOwnOrders, strategyId } from './bodies.ts';
import { judgeDecision } from './decision.ts';
import { fault, type Where } from './model.ts';
import type { OrderTerms, WireOrder } from './orders.ts';
import { lacks, learn, newOrder } from './orders.ts';
import { orderOfFrame, type StateFields } from './received.ts';
import type { Audit, InFlight } from './state.ts';

/**
 * The first check (strategy 15.1), by requests, answers and frames alone: I1, I3, I7, I8, I10, the order count of I4,
 * I11, no create after the stop began, and that a create's bytes were journalled before it was sent (9.3).
 */

/** Most live orders of an account and instrument at any moment (strategy 8.1). */
const MAX_LIVE = 2;
/** Client ids kept to detect reuse: a month of one symbol. */
const MAX_IDS = 200_000;
/** Tolerated difference of the two clocks for expiries and starts of histories. */
const CLOCK_SKEW_MS = 60_000;
/** The connection was never made, or the request was rejected on the way: nothing arrived. */
const NEVER_ARRIVED =
  /^HTTP (401|429):|\bconnect E[A-Z]+|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_FAIL|CERT_|_CERT|UNABLE_TO_(VERIFY|GET)|ERR_INVALID_URL/;

/** A request was sent. Returns the order that a create asks for, after checking it by itself. */
export function judgeRequest(audit: Audit, account: AccountName | null, route: string, request: unknown) {
  switch (route) {
    case 'create_order':
      return judgeCreate(audit, account, request);
    case 'cancel_order':
      judgeCancel(audit, account, request, [asText(asObject(request)?.client_order_id)]);
      return null;
    case 'bulk_orders': {
      const body = asObject(request);
      const creates = Array.isArray(body?.orders) ? body.orders.length : 0;
      const ids = Array.isArray(body?.client_order_i_ds) ? (body.client_order_i_ds as unknown[]) : [];
      const byOrderId = Array.isArray(body?.order_i_ds) ? body.order_i_ds.length : 0;
      if (creates > 0) audit.breach({ account }, 'I1', '1', 'a bulk call that creates orders', { creates });
      judgeCancel(audit, account, request, [...ids.map(asText), ...Array<null>(byOrderId).fill(null)]);
      return null;
    }
    case 'cancel_all_orders':
      audit.breach({ account }, 'I8', '9.7', `${route} would end orders that are not ours`);
      return null;
    case 'create_bulk_orders':
    case 'replace_orders':
      audit.breach({ account }, 'I1', '1', `${route} is no way this engine trades`);
      return null;
    default:
      return null;
  }
}

function judgeCreate(audit: Audit, account: AccountName | null, request: unknown): WireOrder | null {
  audit.checked('I1', 'I3', 'I7', 'I10', 'I12');
  const create = readCreate(request);
  const id = create?.clientOrderId ?? null;
  const where = { account, clientOrderId: id, instrument: create?.instrument ?? null };
  if (!create || !account || id === null || !create.size || !create.price || create.instrument === null) {
    audit.breach(where, 'I1', '1', 'a create that cannot be read as a limit order');
    return null;
  }
  judgeForm(audit, create, account, id);
  if (audit.draining) audit.breach(where, 'I12', '13.1', 'a create after the stop began');
  judgeJournalled(audit, id, request, where);
  const known = audit.orders.get(account, id);
  if (audit.usedIds.has(id)) {
    // In flight: one request delivered twice. Turned away: the one repeat after a new login or a back-off (9.8, 9.9).
    const harmless = known?.turnedAway === true || (known !== undefined && audit.isInFlight(known));
    if (!harmless) audit.breach(where, 'I7', '9.2', 'a client order id was sent again', { end: known?.end });
    if (known?.turnedAway) Object.assign(known, { turnedAway: false, end: null, sentAtMs: audit.nowMs });
    return known ?? null;
  }
  audit.usedIds.add(id);
  if (audit.usedIds.size > MAX_IDS) audit.usedIds.delete(audit.usedIds.values().next().value as string);

  const { instrument, side, size, price } = create;
  const expirationMs = create.expirationNs === null ? null : Number(create.expirationNs / 1_000_000n);
  const sentAtMs = audit.nowMs;
  const { reduceOnly } = create;
  const terms = { account, clientOrderId: id, instrument, side, size, price, reduceOnly, sentAtMs, expirationMs };
  const order = newOrder(terms);
  if (!audit.symbols.get(instrument)?.enabled)
    audit.breach(where, 'I6', '2.2', 'a create for an instrument that is not to be traded');
  judgeRules(audit, order);
  judgeOthers(audit, order);
  judgeDecision(audit, order);
  return audit.orders.add(order);
}

/** I1, and the form of ids and sub accounts (strategy 9.2). */
function judgeForm(audit: Audit, create: CreateBody, account: AccountName, id: string): void {
  const where = { account, clientOrderId: id, instrument: create.instrument };
  const wrong: string[] = [];
  if (create.isMarket) wrong.push('market');
  if (!create.postOnly) wrong.push('not post-only');
  if (create.timeInForce !== 'GOOD_TILL_TIME') wrong.push(`time in force ${create.timeInForce}`);
  if (create.legs !== 1) wrong.push(`${create.legs} legs`);
  if (!create.price?.gt(0)) wrong.push(`limit price ${create.price}`);
  if (!create.size?.gt(0)) wrong.push(`size ${create.size}`);
  if (wrong.length > 0) audit.breach(where, 'I1', '1', `not a maker order: ${wrong.join(', ')}`);
  const bits = strategyId(id);
  if (bits?.account !== account || bits.side !== create.side)
    audit.breach(where, 'I7', '9.2', 'a client order id without our prefix, account or side', { side: create.side });
  if (create.subAccountId !== audit.subAccounts[account])
    audit.breach(where, 'I7', '9.2', 'a create in the name of another account', { sub: create.subAccountId });
}

/** The exact bytes are durable in the journal (strategy 9.3), and no other live order has the same intent (I7). */
function judgeJournalled(audit: Audit, id: string, request: unknown, where: Where): void {
  const prepared = audit.prepared.get(id);
  if (prepared === undefined) {
    audit.breach(where, 'I7', '9.3', 'a create that is not in the journal');
    return;
  }
  if (prepared.place > audit.durablePlace)
    audit.breach(where, 'I7', '9.3', 'a create whose bytes are not safe in the journal yet', { place: prepared.place });
  if (JSON.stringify(asObject(prepared.payload)) !== JSON.stringify(asObject(request)))
    audit.breach(where, 'I7', '9.3', 'a create that differs from the bytes in the journal');
  for (const order of audit.orders.live()) {
    if (order.clientOrderId === id || audit.prepared.get(order.clientOrderId)?.intentId !== prepared.intentId) continue;
    const other = { other: order.clientOrderId, intent: prepared.intentId };
    audit.breach(where, 'I7', '9.6', 'an intent with two live orders', other);
  }
}

/** I3: whole steps, on tick, tradable at its price. */
function judgeRules(audit: Audit, order: WireOrder): void {
  const { price, size, instrument } = order;
  const previous = audit.received.previousRules.get(instrument);
  const rules = [
    audit.received.rules.get(instrument),
    previous && previous.untilMs >= audit.nowMs ? previous.rules : null,
  ];
  const faultsBy = rules.flatMap((one) => {
    if (!one) return [];
    const faults = [];
    if (!price.mod(one.tickSize).isZero())
      faults.push(fault('I3', '7.1', 'price not on tick', { price, tick: one.tickSize }));
    if (!size.mod(one.minSize).isZero())
      faults.push(fault('I3', '7.3', 'size not in whole steps', { size, step: one.minSize }));
    if (size.lt(one.minSize) || size.mul(price).lt(one.minNotional))
      faults.push(fault('I3', '7.3', 'not tradable by its own price', { size, price, minNotional: one.minNotional }));
    return [faults];
  });
  if (faultsBy.length > 0 && faultsBy.every((faults) => faults.length > 0))
    for (const one of faultsBy[0] ?? []) audit.record(one, order);
}

/** I10 against own live orders of the other account, and I4's order count. */
function judgeOthers(audit: Audit, order: WireOrder): void {
  let live = 1;
  for (const one of audit.orders.live(order.instrument)) {
    if (one.account === order.account) live += 1;
    if (one.account !== otherAccount(order.account) || one.side === order.side) continue;
    if (order.side === 'sell' ? one.price.lt(order.price) : one.price.gt(order.price)) continue;
    const detail = { price: order.price, otherPrice: one.price, otherClientOrderId: one.clientOrderId };
    audit.breach(order, 'I10', '6.6', 'could match an order of the other account', detail);
  }
  audit.checked('I4');
  if (live > MAX_LIVE) audit.breach(order, 'I4', '8.1', 'more live orders than ever allowed', { live });
}

/** I8, and I11 while draining. */
function judgeCancel(
  audit: Audit,
  account: AccountName | null,
  request: unknown,
  ids: readonly (string | null)[],
): void {
  audit.checked('I8');
  const sub = asText(asObject(request)?.sub_account_id);
  if (!account || sub !== audit.subAccounts[account])
    audit.breach({ account }, 'I8', '9.7', 'a cancel in the name of another account', { sub });
  for (const id of ids) {
    if (id === null || !strategyId(id)) {
      audit.breach({ account, clientOrderId: id }, 'I8', '9.7', 'a cancel that names no strategy order', { id });
      continue;
    }
    const order = account === null ? undefined : audit.orders.get(account, id);
    if (order === undefined) continue;
    order.cancelAsked = true;
    // A fence resolves an unknown outcome; it is no clean-up.
    if (audit.draining && order.end === null && order.confirmed) judgeKept(audit, order, audit.draining.live);
  }
}

/** I11: the stop does not cancel the newest orders of an account and instrument, as many as are to be kept. */
function judgeKept(audit: Audit, order: WireOrder, atDrain: ReadonlySet<WireOrder>): void {
  audit.checked('I11');
  const { cancelOnStop, stopKeepStrategyOrders } = audit.settings;
  const keep = cancelOnStop ? stopKeepStrategyOrders : Number.POSITIVE_INFINITY;
  const newer = [...atDrain].filter(
    (one) =>
      one !== order &&
      one.account === order.account &&
      one.instrument === order.instrument &&
      !['refused', 'rejected', 'absent'].includes(one.end ?? '') &&
      (one.sentAtMs ?? 0) >= (order.sentAtMs ?? 0),
  ).length;
  if (newer < keep) audit.breach(order, 'I11', '13.1', 'the stop cancels an order to be kept', { newer, keep });
}

export function requestEnded(
  audit: Audit,
  request: InFlight,
  event: WireEvent & { kind: 'answered' | 'failed' },
): void {
  if (event.kind === 'failed') {
    if (request.order && (event.neverLeft || NEVER_ARRIVED.test(event.reason)))
      turnAway(request.order, /^HTTP (401|429):/.test(event.reason));
    if (request.route === 'fill_history') fillsAnswered(audit, request, null);
    return;
  }
  const { status } = event;
  const json = asObject(event.body);
  const good = status >= 200 && status < 300 && json !== null && !('code' in json);
  const { account, route, askedAtMs, era } = request;
  // 403, 1008 and a 401 after a new login park the account (strategy 9.8).
  if (account !== null && (status === 403 || status === 401)) audit.givesWay(account, null);
  const when = { id: event.id, askedAtMs, atMs: audit.nowMs, era };
  if (route === 'create_order') createAnswered(audit, request, status, json, good);
  else if (route === 'book' && good) audit.received.sawBook(json.result, audit.nowMs);
  else if (/^(all_)?instruments?$/.test(route) && good)
    audit.received.sawInstruments(json.result, audit.nowMs + audit.settings.staleMs + CLOCK_SKEW_MS);
  else if (account === null) return;
  else if (route === 'positions' && good) audit.sawPositions(account, json.result, when);
  else if (route === 'open_orders' && good) listAnswered(audit, request, json.result, 'openOrders', () => true);
  else if (route === 'fill_history') fillsAnswered(audit, request, good ? json.result : null);
  else if (route === 'order') lookedUp(audit, request, status, json, good);
  else if (route === 'order_history' && good)
    listAnswered(audit, request, json.result, 'history', (order) => !json.next && reachesBack(audit, request, order));
  else if (/^(cancel_order|bulk_orders)$/.test(route) && good) fenced(audit, request);
}

/** Fills, or the failure to read them, determine the price of a drift (strategy 10.5). */
function fillsAnswered(audit: Audit, { account, request }: InFlight, result: unknown): void {
  // Requests with an end are for the statement (strategy 17.1), not for differences.
  const isForStatement = asObject(request)?.end_time !== undefined;
  if (account !== null && !isForStatement) audit.received.sawFills(account, request, result, audit.nowMs);
}

function turnAway(order: WireOrder, mayRepeat: boolean): void {
  if (order.confirmed) return;
  order.turnedAway = mayRepeat;
  order.end = 'refused';
}

/** Created, refused, or of unknown outcome (strategy 9.4, 9.6). */
function createAnswered(audit: Audit, { order }: InFlight, status: number, json: Json | null, good: boolean): void {
  if (!order) return;
  const body = good ? readOrder(json?.result) : null;
  if (body?.clientOrderId === order.clientOrderId) {
    take(audit, order, body);
    return;
  }
  const code = asInteger(json?.code);
  // 2012: an order of this id is active, but not which one (API 3).
  const refusal =
    status >= 400 && status < 500 && code !== 2012n && (code !== null || [401, 403, 429].includes(status));
  // 2090 has status 429 but is no rate limit (strategy 9.9).
  if (!refusal) return;
  const mayRepeat = status === 401 || (status === 429 && code !== 2090n);
  turnAway(order, mayRepeat);
  if (mayRepeat) return;
  audit.givesWay(order.account, order.instrument);
  // The account may only reduce (2091), or the instrument may only be reduced (7304), strategy 9.13.
  if (code === 2091n) audit.mayOnlyReduce(order.account, null);
  else if (code === 7304n) for (const account of ACCOUNTS) audit.mayOnlyReduce(account, order.instrument);
}

/** A look-up by id: the order's state, or that it is unknown. */
function lookedUp(audit: Audit, request: InFlight, status: number, json: Json | null, good: boolean): void {
  const { account } = request;
  if (account === null) return;
  const body = good ? readOrder(json?.result) : null;
  if (body) {
    sawOrder(audit, account, body);
    return;
  }
  if (status !== 404 && asInteger(json?.code) !== 1004n) return;
  const id = asText(asObject(request.request)?.client_order_id) ?? '';
  const order = audit.orders.get(account, id);
  if (order && mayBeProven(audit, order, request.askedAtMs)) lacks(order, 'lookUp');
}

/** A list of orders: those it names, and those it should name but lacks. */
function listAnswered(
  audit: Audit,
  { account, askedAtMs }: InFlight,
  result: unknown,
  part: 'openOrders' | 'history',
  wouldName: (order: WireOrder) => boolean,
): void {
  if (account === null || !Array.isArray(result)) return;
  const orders = readOwnOrders(result as unknown[]);
  if (orders === null) return;
  for (const order of orders) sawOrder(audit, account, order);
  const named = new Set(orders.map(({ clientOrderId }) => clientOrderId));
  for (const order of audit.orders.of(account)) {
    if (order.end !== null || named.has(order.clientOrderId)) continue;
    if (part === 'openOrders' && askedAtMs > (order.sentAtMs ?? 0)) order.unlisted = true;
    if (mayBeProven(audit, order, askedAtMs) && wouldName(order)) lacks(order, part);
  }
}

/** Whether this history reaches back to before the order was sent. */
function reachesBack(audit: Audit, { request }: InFlight, { sentAtMs }: WireOrder): boolean {
  const start = asInteger(asObject(request)?.start_time);
  if (start === null || sentAtMs === null) return true;
  return Number(start / 1_000_000n) <= audit.wallOf(sentAtMs) + CLOCK_SKEW_MS;
}

/** Fenced, or expired by the exchange's clock, at the time of the request (strategy 9.6). */
function mayBeProven(audit: Audit, order: WireOrder, askedAtMs: number): boolean {
  if (order.fenceEndMs !== null && askedAtMs >= order.fenceEndMs) return true;
  if (order.expirationMs === null) return false;
  return audit.exchangeMs > order.expirationMs || audit.wallOf(askedAtMs) - CLOCK_SKEW_MS >= order.expirationMs;
}

/** An acknowledged cancel fences an order; for one never seen open only a cancel with a time to live does. */
function fenced(audit: Audit, { account, request, askedAtMs }: InFlight): void {
  const body = asObject(request);
  const ids = [
    body?.client_order_id,
    ...(Array.isArray(body?.client_order_i_ds) ? (body.client_order_i_ds as unknown[]) : []),
  ];
  const livesMs = asInteger(body?.time_to_live_ms);
  for (const id of ids) {
    const order = account === null ? undefined : audit.orders.get(account, asText(id) ?? '');
    if (!order || (livesMs === null && !order.confirmed)) continue;
    order.fenceEndMs ??= Math.max(audit.nowMs, askedAtMs + Number(livesMs ?? 0n));
  }
}

/** A message states an own order: known, or found (strategy 11.4). */
function sawOrder(audit: Audit, account: AccountName, body: OrderBody): void {
  if (!strategyId(body.clientOrderId)) return;
  audit.sawExchangeTime(body.updateTimeNs);
  let order = audit.orders.get(account, body.clientOrderId);
  if (order === undefined) {
    if (body.status !== 'OPEN' && body.status !== 'PENDING') return;
    const { clientOrderId, instrument, side, size, price, expirationNs } = body;
    const expirationMs = expirationNs === null ? null : Number(expirationNs / 1_000_000n);
    const terms: OrderTerms = { account, clientOrderId, instrument, side, size, price, sentAtMs: null, expirationMs };
    order = audit.orders.add(newOrder(terms));
  }
  take(audit, order, body);
}

/** Reasons of a requested cancel, of an expiry, or none: the end may be our doing. */
const OUR_ENDS = /^(CLIENT_\w+|EXPIRED|UNSPECIFIED|)$/;

/** Applies a message; if the exchange ended the order by itself, the other way goes first (strategy 6.3, 9.5). */
function take(audit: Audit, order: WireOrder, state: Pick<OrderBody, StateFields>): void {
  const wasLive = order.end === null;
  learn(order, state, audit.now);
  if (order.confirmed && !order.reduceOnly && order.end !== 'rejected') audit.takesGrowth(order);
  if (!wasLive || order.end === null || order.end === 'filled') return;
  const expired = order.expirationMs !== null && audit.wallMs >= order.expirationMs - CLOCK_SKEW_MS;
  // An end for a reason of the exchange's own is its doing, whatever else was in flight.
  const isOurs = (order.cancelAsked || expired) && OUR_ENDS.test(state.rejectReason);
  if (order.end === 'rejected' || !isOurs) audit.givesWay(order.account, order.instrument);
}

/** A frame of an account's stream, or of a book. */
export function frameReceived(audit: Audit, event: WireEvent & { readonly kind: 'frame' }): void {
  const { account, stream, feed, id } = event;
  if (stream.startsWith('v1.book')) audit.received.sawBook(feed, audit.nowMs);
  if (account === null) return;
  const when = { id, askedAtMs: audit.nowMs, atMs: audit.nowMs, era: audit.era };
  if (stream === 'v1.position') audit.received.sawPositionFrame(account, feed, when);
  if (stream !== 'v1.order' && stream !== 'v1.state') return;
  const state: Pick<OrderBody, StateFields> | null = orderOfFrame(stream, feed);
  if (state === null || !strategyId(state.clientOrderId)) return;
  const known = audit.orders.get(account, state.clientOrderId);
  if (known) take(audit, known, state);
  else if (stream === 'v1.order') sawOrder(audit, account, state as OrderBody);
}

/** I11 for an engine that ended by itself: what it left. */
export function judgeLeft(audit: Audit): void {
  const { draining, settings } = audit;
  if (!draining) return;
  audit.checked('I11');
  if (!settings.cancelOnStop) return;
  const left = new Map<string, WireOrder[]>();
  for (const order of audit.orders.live()) {
    const key = `${order.account} ${order.instrument}`;
    left.set(key, [...(left.get(key) ?? []), order]);
  }
  for (const orders of left.values()) {
    orders.sort((one, two) => (two.sentAtMs ?? 0) - (one.sentAtMs ?? 0));
    for (const order of orders.slice(settings.stopKeepStrategyOrders)) {
      // Fenced, and absent from its look-up and the open orders since: it does not rest.
      if (order.lacking.lookUp && order.lacking.openOrders) continue;
      // An order that no list names, on an instrument that does not run, is not looked up: it may have filled.
      if (order.unlisted && !audit.symbols.has(order.instrument)) continue;
      // After 30 s the clean-up may give up, which the exit code states.
      if (audit.nowMs - draining.sinceMs >= CLEANUP_MS) continue;
      const detail = { left: orders.length, keep: settings.stopKeepStrategyOrders, end: order.end };
      audit.breach(order, 'I11', '13.1', 'left behind at the stop', detail);
    }
  }
}

/** The clean-up may give up after this time (strategy 13.1). */
const CLEANUP_MS = 30_000;

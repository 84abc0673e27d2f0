import { ZERO } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import { isSoughtInLists, lacks, provable } from './absence.ts';
import { readWhole, start, startAnew, watchSteady } from './beginning.ts';
import { isSummary, readOwnOrders, readPositions } from './bodies.ts';
import { judgeDrift } from './drift.ts';
import { bookOrder, learn, waited } from './fills.ts';
import { forgetVanished, sawOrder } from './former-orders.ts';
import { CERTAIN_POLLS, isLive } from './model.ts';
import { knewMore } from './moments.ts';
import { remember } from './orders.ts';
import { contradiction, isDust, observe, trim } from './positions.ts';
import type { Audit, AuditAccount, AuditInstrument, RequestInFlight } from './state.ts';

/** The three reads of a poll (strategy 10.1), and what a whole one brings: orders asked ahead, waits, drift, figures. */

/** A positions answer. */
export function positionsRead(audit: Audit, account: AccountName, request: RequestInFlight, result: unknown): void {
  const rows = readPositions(result, (name) => audit.instruments.has(name));
  if (!rows) return;
  const { sentAtMs } = request;
  for (const [name, instrument] of audit.instruments) {
    const row = rows.get(name);
    if (row) audit.exchangeMs = Math.max(audit.exchangeMs, Number(row.eventTimeNs / 1_000_000n));
    const holding = instrument.holding[account];
    const flat = !row || row.size.isZero();
    holding.positions.push({
      seq: audit.seq,
      atMs: audit.nowMs,
      sentAtMs,
      size: row?.size ?? ZERO,
      entryPrice: row?.entryPrice ?? ZERO,
      markPrice: flat ? null : row.markPrice,
    });
    trim(holding.positions, audit.nowMs, audit.windows.historyMs);
    if (holding.expected.length === 0) holding.expected.push({ seq: audit.seq, size: row?.size ?? ZERO });
    if (!instrument.started) start(audit, instrument);
    else if (instrument.beginning) {
      // Not by the poll that showed it: an engine that has begun asks about that order first (10.2).
      const movedAtMs = instrument.movedAtMs[account];
      if (movedAtMs !== null && sentAtMs > movedAtMs) startAnew(audit, instrument);
    }
  }
  polled(audit, account, 'positions', request);
}

/** Another moved a position while an engine may be waiting for all to stand still, as it does where orders of ours rest (11.3). */
function movedMeanwhile(audit: Audit, instrument: AuditInstrument, account: AccountName): boolean {
  const difference = contradiction(instrument, account, audit.seq);
  if (difference === null || isDust(instrument, difference) || instrument.movedAtMs[account] !== null) return false;
  return instrument.orders.some((order) => !order.heard) && !instrument.orders.some((order) => order.unseen);
}

/** An answer of open orders: a poll's, or one for a proof, which tells only of the orders it was asked for (9.6). */
export function openOrdersRead(audit: Audit, account: AccountName, request: RequestInFlight, result: unknown): void {
  if (!Array.isArray(result)) return;
  const { sentAtMs, forProof } = request;
  const state = audit.accounts[account];
  const orders = state.openRead?.result === result ? state.openRead.orders : readOwnOrders(result as unknown[]);
  if (orders === null) return;
  const ids = new Set<string>();
  for (const order of orders) {
    ids.add(order.clientOrderId);
    const known = state.orders.get(order.clientOrderId);
    if (!forProof || (known && isSoughtInLists(known))) sawOrder(audit, account, order);
  }
  for (const order of state.orders.values()) {
    if (forProof || !isLive(order) || order.sentAtMs >= sentAtMs) continue;
    order.lacked = !ids.has(order.clientOrderId);
    order.unseen = order.lacked;
  }
  for (const order of provable(audit, account, sentAtMs))
    if (!ids.has(order.clientOrderId)) lacks(audit, order, 'openOrdersLack', request);
  if (forProof) return;
  state.openRead = { result, orders };
  polled(audit, account, 'openOrders', request);
}

/** An account summary: its numbers are nothing to the auditor, that it came is. */
export function summaryRead(audit: Audit, account: AccountName, request: RequestInFlight, result: unknown): void {
  if (isSummary(result)) polled(audit, account, 'summary', request);
}

/** One of the three reads has come; the last of them makes a whole poll, and that may be a snapshot (strategy 10.1). */
function polled(
  audit: Audit,
  account: AccountName,
  route: 'positions' | 'openOrders' | 'summary',
  { sentAtMs, sentRawMs, sentSeq }: RequestInFlight,
): void {
  const state = audit.accounts[account];
  if (!state[route] || state[route].sentAtMs <= sentAtMs)
    state[route] = { sentAtMs, sentRawMs, sentSeq, atMs: audit.nowMs };
  const { positions, openOrders, summary } = state;
  if (!positions || !openOrders || !summary) return;
  const requestedAtMs = Math.min(positions.sentAtMs, openOrders.sentAtMs, summary.sentAtMs);
  if (state.complete && requestedAtMs <= state.complete.requestedAtMs) return;
  state.complete = { requestedAtMs, receivedAtMs: audit.nowMs };
  const whole = isOnePoll(state);
  state.mayBeWhole = whole ? audit.seq : null;
  if (whole) {
    forgetVanished(audit, account);
    readWhole(audit, account, requestedAtMs);
    for (const instrument of audit.instruments.values())
      if (instrument.beginning && movedMeanwhile(audit, instrument, account)) startAnew(audit, instrument);
  }
  knewMore(audit, account);
  takeAhead(audit, account);
  takeWaits(audit, account);
  for (const instrument of audit.instruments.values()) {
    judgeDrift(audit, instrument, account, requestedAtMs);
    if (whole && instrument.beginning) watchSteady(audit, instrument, account);
    observe(audit, instrument);
  }
}

/**
 * Are the last three reads of one poll. An engine asks for all three anew in each, and takes none of a poll in which one
 * failed (10.3): where one of them was asked for again since, it is of an earlier poll, and there is no snapshot of these.
 */
export function isOnePoll({ positions, openOrders, summary, askedSeq }: AuditAccount): boolean {
  return (
    positions?.sentSeq === askedSeq.positions &&
    openOrders?.sentSeq === askedSeq.openOrders &&
    summary?.sentSeq === askedSeq.summary
  );
}

/** The next poll begins: the one before was whole if no look-up of it failed, and none is missing (strategy 10.2). */
export function pollBegins(audit: Audit, account: AccountName): void {
  const state = audit.accounts[account];
  if (state.mayBeWhole === null) return;
  for (const order of state.orders.values()) if (isLive(order) && order.unseen) return;
  state.wholePolls.push(state.mayBeWhole);
  if (state.wholePolls.length > CERTAIN_POLLS) state.wholePolls.shift();
  state.mayBeWhole = null;
}

/** The partial fills that wait have waited one poll more (4.3). */
function takeWaits(audit: Audit, account: AccountName): void {
  // The wait of a partial fill is judged by the engine's clock at its own snapshots: the moment before the booking stays a
  // view of its own, and the booking is a later one.
  // An engine that begins later counts from there (11.3).
  const begun = [...audit.instruments.values()].filter((instrument) => !instrument.beginning);
  const waiting = begun.flatMap((instrument) =>
    instrument.orders
      .filter((order) => order.account === account && isLive(order) && !order.unseen)
      .flatMap((order) => (order.wait && !order.wait.isOver ? [{ instrument, order, wait: order.wait }] : [])),
  );
  if (waiting.length > 0) audit.seq += 1;
  let news = false;
  for (const { instrument, order, wait } of waiting) {
    waited(audit, wait);
    news ||= wait.perhapsSeq === audit.seq || wait.isOver;
    if (!wait.isOver) continue;
    bookOrder(audit, instrument, order);
    remember(audit, order);
  }
  if (news) knewMore(audit, account);
}

/**
 * A whole poll lacks orders that a look-up asked ahead said to be over: an engine that used those answers knows it from here
 * on. One that found them too old looks the orders up itself first, and until the next poll its former snapshot stands.
 */
function takeAhead(audit: Audit, account: AccountName): void {
  const taken = [...audit.accounts[account].orders.values()].filter((one) => one.ahead !== null && one.lacked);
  if (taken.length === 0) return;
  audit.seq += 1;
  for (const order of taken) if (order.ahead) learn(audit, order, order.ahead);
  knewMore(
    audit,
    account,
    taken.map((one) => one.instrument),
  );
}

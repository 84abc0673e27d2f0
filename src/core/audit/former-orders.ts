import { ZERO } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import type { OrderBody } from './bodies.ts';
import { strategyId } from './bodies.ts';
import { learn, waitFrom } from './fills.ts';
import type { AuditOrder, StartOrder } from './model.ts';
import { keep, orderOf, remember } from './orders.ts';
import type { Audit, AuditInstrument } from './state.ts';
import { MAX_ORDERS } from './windows.ts';

/** Orders this auditor did not hear leaving: those of the engine's journal, and those of a former engine. */

/** Takes an order the exchange spoke of; foreign ones are not ours to know. */
export function sawOrder(audit: Audit, account: AccountName, body: OrderBody): void {
  if (body.updateTimeNs !== null) audit.exchangeMs = Math.max(audit.exchangeMs, Number(body.updateTimeNs / 1_000_000n));
  const known = audit.accounts[account].orders.get(body.clientOrderId);
  if (known) {
    learn(audit, known, body);
    return;
  }
  if (body.status !== 'OPEN' && body.status !== 'PENDING') return;
  if (!strategyId(body.clientOrderId)) return;
  learn(audit, vanishedAndBack(audit, account, body) ?? adopt(audit, account, body), body);
}

/** An order the engine knows from its journal. */
export function recall(audit: Audit, instrument: string, from: StartOrder): void {
  const { account, clientOrderId, side, size, price, sentAtMs, expirationMs, firstPartialAtMs, confirmedAtMs } = from;
  const wait = firstPartialAtMs === null ? null : waitFrom(firstPartialAtMs, firstPartialAtMs);
  const order = orderOf(
    { clientOrderId, account, instrument, side, size, price, heard: true, sentSeq: 0, sentAtMs, expirationMs },
    {
      phase: confirmedAtMs === null || from.unknown ? 'unknown' : 'open',
      endedAtMs: confirmedAtMs ?? sentAtMs,
      traded: from.tradedSize,
      avgPrice: from.avgFillPrice,
      booked: from.bookedSize,
      bookedValue: from.bookedValueUsdt,
      wait,
    },
  );
  remember(audit, order);
  keep(audit, order);
}

/** An order of a former engine, seen for the first time. */
function adopt(audit: Audit, account: AccountName, body: OrderBody): AuditOrder {
  const instrument = audit.instruments.get(body.instrument);
  // Before the first complete poll what it had traded is part of the position (strategy 11.3).
  // A journal knows its positions, and not this order: what it traded, it traded since.
  const atStart =
    !audit.knownAtStart.has(body.instrument) && (audit.accounts[account].complete === null || !instrument?.started);
  const base = atStart ? body.traded : ZERO;
  const createdMs = body.createTimeNs === null ? audit.nowMs : Number(body.createTimeNs / 1_000_000n);
  const order = orderOf(
    {
      clientOrderId: body.clientOrderId,
      account,
      instrument: body.instrument,
      side: body.side,
      size: body.size,
      price: body.price,
      heard: false,
      sentSeq: 0,
      sentAtMs: createdMs,
      expirationMs: body.expirationNs === null ? null : Number(body.expirationNs / 1_000_000n),
    },
    {
      phase: 'open',
      endedAtMs: audit.nowMs,
      traded: base,
      avgPrice: body.avgPrice,
      booked: base,
      bookedValue: base.mul(body.avgPrice),
      chainStartMs: audit.nowMs,
    },
  );
  remember(audit, order);
  keep(audit, order);
  return order;
}

/** An order of a former engine that one answer lacked and another shows again is the same order, and never was gone. */
function vanishedAndBack(audit: Audit, account: AccountName, body: OrderBody): AuditOrder | null {
  const instrument = audit.instruments.get(body.instrument);
  const back = instrument?.vanished.find((one) => one.account === account && one.clientOrderId === body.clientOrderId);
  if (!instrument || !back) return null;
  instrument.vanished = instrument.vanished.filter((one) => one !== back);
  keep(audit, back);
  // Nothing moved the positions then, unless another did: the next poll is nothing to begin from anew.
  const another = (one: AuditOrder) => one.account === account && !one.heard;
  const moved = instrument.vanished.some(another) || instrument.orders.some((one) => another(one) && one.traded.gt(0));
  if (!moved) instrument.movedAtMs[account] = null;
  return back;
}

/**
 * A whole poll: an order of a former engine that vanishes before this one began is one that it never knew, and nobody asks about
 * it. Of a poll in which a read failed an engine takes nothing (10.3), and it may begin with that order from a whole one of
 * before: the order is live until a whole poll lacks it; an engine that has begun asks about it then (10.2).
 */
export function forgetVanished(audit: Audit, account: AccountName): void {
  const beginning = [...audit.instruments.values()].filter((one) => one.beginning);
  const { openRead, orders } = audit.accounts[account];
  if (beginning.length === 0 || !openRead) return;
  const open = new Set(openRead.orders.map((order) => order.clientOrderId));
  for (const instrument of beginning) {
    const stays = (one: AuditOrder) => one.account !== account || one.heard || open.has(one.clientOrderId);
    const gone = instrument.orders.filter((one) => !stays(one));
    if (gone.length === 0) continue;
    for (const one of gone) orders.delete(one.clientOrderId);
    instrument.orders = instrument.orders.filter(stays);
    instrument.vanished = [...instrument.vanished, ...gone].slice(-MAX_ORDERS);
    instrument.movedAtMs[account] = audit.nowMs;
  }
}

/** An order is asked about by its id: one that had vanished before this engine began was known to it, so it had begun. */
export function askedAbout(audit: Audit, account: AccountName, clientOrderId: string): void {
  for (const instrument of audit.instruments.values()) {
    const known = instrument.vanished.find((one) => one.account === account && one.clientOrderId === clientOrderId);
    if (known) hasBegun(audit, instrument);
  }
}

/** Orders of a former engine that vanished since are live for this one, until it is told what became of them (10.2). */
function hasBegun(audit: Audit, instrument: AuditInstrument): void {
  instrument.beginning = false;
  for (const order of instrument.vanished) {
    order.unseen = true;
    instrument.orders.push(order);
    audit.accounts[order.account].orders.set(order.clientOrderId, order);
  }
  instrument.vanished = [];
}

import type { Decimal } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import type { AuditFill } from './lots.ts';
import type { AuditOrder } from './model.ts';
import { isLive, isUnproven } from './model.ts';
import { knewMore } from './moments.ts';
import { signed } from './orders.ts';
import { agrees, contradiction, isDust, markOf, move, refutesDrift } from './positions.ts';
import type { Audit, AuditInstrument, Holding } from './state.ts';
import { wholePollsOf } from './state.ts';
import { DRIFT_WITHDRAWN_WITHIN_MS } from './windows.ts';

/** Positions that contradict the fills for long: when an engine may adopt the difference as drift (strategy 10.5). */

/** Strategy 10.5: so many snapshots, for so long. */
const DRIFT_SNAPSHOTS = 3;
const DRIFT_MS = 10_000;
/**
 * Differences of one account counted beside each other, the newest kept: between a poll and its look-ups a fill that only
 * one of them tells of comes on top, and what was alike before is alike again after.
 */
const MAX_DIFFERENCES = 8;

/** Strategy 10.5, at the earliest moment an engine may adopt; a drift that positions refute for as long is withdrawn. */
export function judgeDrift(
  audit: Audit,
  instrument: AuditInstrument,
  account: AccountName,
  requestedAtMs: number,
): void {
  const holding = instrument.holding[account];
  const difference = contradiction(instrument, account, audit.seq);
  if (!difference || isDust(instrument, difference)) {
    holding.contradicting.length = 0;
    return;
  }
  readDifference(audit, instrument, account, requestedAtMs);
  // A wait judged on the same snapshot made a later moment of the booking: what is adopted there is known from then on.
  const isNewer = (audit.accounts[account].moments.at(-1)?.seq ?? audit.seq) < audit.seq;
  if (isNewer && agrees(audit, instrument, account, audit.seq)) knewMore(audit, account);
}

/**
 * A look-up that the last poll waited for is over: that poll is a snapshot only now (10.2), of every instrument that was in
 * it but `failed`, whose look-up failed, and drift is judged on it.
 */
export function lookedUp(audit: Audit, account: AccountName, failed: string | null = null): void {
  const { complete } = audit.accounts[account];
  for (const [name, instrument] of audit.instruments) {
    if (name === failed) continue;
    if (!contradiction(instrument, account, audit.seq) || agrees(audit, instrument, account, audit.seq)) continue;
    if (complete) readDifference(audit, instrument, account, complete.requestedAtMs);
    knewMore(audit, account, failed === null ? [] : [failed]);
  }
}

/** What positions and fills differ by in one poll: counted, and taken over where its time is up. */
function readDifference(audit: Audit, instrument: AuditInstrument, account: AccountName, requestedAtMs: number): void {
  const difference = differenceTold(audit, instrument, account, requestedAtMs);
  if (difference === null || isDust(instrument, difference)) return;
  count(instrument.holding[account], difference, requestedAtMs);
  takeOver(audit, instrument, account, difference, false);
}

/**
 * What a poll asked for at that time tells an engine that its positions differ by. It learns of fills from its polls alone
 * (strategy 10.1): of an order that left after a poll was asked for, that poll and its look-ups tell it none, whatever an
 * answer to its submission said.
 */
function differenceTold(
  audit: Audit,
  instrument: AuditInstrument,
  account: AccountName,
  requestedAtMs: number,
): Decimal | null {
  let difference = contradiction(instrument, account, audit.seq);
  for (const order of instrument.orders)
    if (order.account === account && order.heard && order.sentAtMs > requestedAtMs)
      difference = difference?.plus(signed(order.side, order.traded)) ?? null;
  return difference;
}

/** One poll more that this very difference was read in: an engine counts, and times, what is alike (strategy 10.5). */
function count(holding: Holding, difference: Decimal, requestedAtMs: number): void {
  const { contradicting } = holding;
  const known = contradicting.findIndex((one) => one.difference.eq(difference));
  const alike =
    known === -1
      ? { difference, count: 0, sinceMs: requestedAtMs, requestedAtMs: Number.NEGATIVE_INFINITY }
      : contradicting.splice(known, 1)[0]!;
  if (alike.requestedAtMs < requestedAtMs) alike.count += 1;
  alike.requestedAtMs = requestedAtMs;
  contradicting.push(alike);
  if (contradicting.length > MAX_DIFFERENCES) contradicting.shift();
}

/**
 * The engine may adopt this difference now: if it was held long enough, or `atOnce`, as a restart does (strategy 11.2).
 */
export function takeOver(
  audit: Audit,
  instrument: AuditInstrument,
  account: AccountName,
  difference: Decimal,
  atOnce: boolean,
): void {
  const holding = instrument.holding[account];
  const position = holding.positions.at(-1)!;
  const fill: AuditFill = {
    account,
    side: difference.gt(0) ? 'buy' : 'sell',
    size: difference.abs(),
    price: position.size.isZero() ? (markOf(audit, instrument)[0] ?? position.entryPrice) : position.entryPrice,
    seq: audit.seq,
    atMs: audit.nowMs,
    // Entry prices move on with later fills, and which one an engine saw when it adopted is not on the wire.
    loose: true,
    clientOrderId: null,
  };
  const { drift } = holding;
  const alike = holding.contradicting.find((one) => one.difference.eq(difference));
  const held = alike !== undefined && alike.count >= DRIFT_SNAPSHOTS && audit.nowMs - alike.sinceMs >= DRIFT_MS;
  if (!held && !atOnce) return;
  // The difference may be the fill of an order that is nowhere to be seen: adopted now, it would count twice.
  const hidden = instrument.orders.some(
    (one) => one.account === account && isLive(one) && (one.unseen || isUnproven(one)),
  );
  if (hidden && !atOnce) return;
  if (drift && refutesDrift(audit, instrument, account, difference)) {
    instrument.lots.withdraw(drift.seq, { ...fill, loose: true });
    holding.drift = null;
  } else {
    if (fill.price.lte(0)) return;
    instrument.lots.bookPerhaps(fill, wholePollsOf(audit));
    holding.drift = { seq: audit.seq, atMs: audit.nowMs, size: difference };
    instrument.figures.drifted();
  }
  instrument.drifts += 1;
  holding.contradicting.length = 0;
  move(audit, instrument, account, difference);
}

/** A difference adopted as drift was the fill of an order that could not be looked up: now that it is known, it counts once. */
export function takeBack(audit: Audit, instrument: AuditInstrument, order: AuditOrder, filled: Decimal): void {
  const holding = instrument.holding[order.account];
  const { drift } = holding;
  if (!drift || !filled.eq(drift.size) || order.sentSeq >= drift.seq) return;
  if (audit.nowMs - drift.atMs > DRIFT_WITHDRAWN_WITHIN_MS) return;
  const position = holding.positions.at(-1);
  instrument.lots.withdraw(drift.seq, {
    account: order.account,
    side: drift.size.gt(0) ? 'sell' : 'buy',
    size: drift.size.abs(),
    price: position?.entryPrice.gt(0) ? position.entryPrice : order.price,
    seq: audit.seq,
    atMs: audit.nowMs,
    loose: true,
    clientOrderId: null,
  });
  holding.drift = null;
  instrument.drifts += 1;
  holding.contradicting.length = 0;
  move(audit, instrument, order.account, filled.neg());
}

import { Decimal, sum } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import { ACCOUNTS } from '../model.ts';
import { isHedged, smallestTradable } from './judge.ts';
import { isLive, knownAt } from './model.ts';
import { signed } from './orders.ts';
import type { Audit, AuditInstrument } from './state.ts';
import { DRIFT_WITHDRAWN_WITHIN_MS, MAX_HISTORY } from './windows.ts';

/** Positions against what start, fills and adopted drift come to; the marks that value them; how hedged they are. */

const ONE = new Decimal(1);

/** Drops what is too old to matter, but for the last two. */
export function trim<T extends { readonly atMs: number }>(entries: T[], nowMs: number, historyMs: number): void {
  while (entries.length > 2 && (entries.length > MAX_HISTORY || nowMs - entries[1]!.atMs > historyMs)) entries.shift();
}

/** The position `account` has to show changed by `size`. */
export function move(audit: Audit, instrument: AuditInstrument, account: AccountName, size: Decimal): void {
  const { expected } = instrument.holding[account];
  const last = expected.at(-1);
  if (!last) return;
  expected.push({ seq: audit.seq, size: last.size.plus(size) });
  if (expected.length > MAX_HISTORY) expected.shift();
}

/** Position less what fills come to, as known at `atSeq`, base units; null: one of them is not known. */
export function contradiction(instrument: AuditInstrument, account: AccountName, atSeq: number): Decimal | null {
  const holding = instrument.holding[account];
  const position = knownAt(holding.positions, atSeq);
  const expected = knownAt(holding.expected, atSeq);
  return position && expected ? position.size.minus(expected.size) : null;
}

/** Dust aside, do positions and fills known at `atSeq` agree (strategy 4.5), or would without the drift adopted here last. */
export function agrees(audit: Audit, instrument: AuditInstrument, account: AccountName, atSeq: number): boolean {
  const difference = contradiction(instrument, account, atSeq);
  if (!difference) return false;
  // How many snapshots an engine got of a difference is not on the wire: it may not have adopted what is adopted here.
  return refutesDrift(audit, instrument, account, difference) || isDust(instrument, difference);
}

/** Too little to be a difference: positions and fills agree. */
export function isDust(instrument: AuditInstrument, difference: Decimal): boolean {
  return difference.isZero() || (instrument.rules !== null && difference.abs().lt(instrument.rules.minSize));
}

/** The positions show that the drift adopted here last never was, or is no more. */
export function refutesDrift(
  audit: Audit,
  instrument: AuditInstrument,
  account: AccountName,
  difference: Decimal,
): boolean {
  const { drift } = instrument.holding[account];
  return drift !== null && audit.nowMs - drift.atMs <= DRIFT_WITHDRAWN_WITHIN_MS && difference.eq(drift.size.neg());
}

/** How far marks and books lie apart before a mark may be doubtful (strategy 3.1), as a share of the mark. */
const DOUBTFUL_SHARE = new Decimal('0.05');
/** Former marks looked at while one is doubtful: an engine goes by the last it accepted. */
const FORMER_MARKS = 8;

/**
 * Marks a decision may have used (strategy 3.1): of either position, else the books' mids, newest first. Where former marks or
 * the books say otherwise, these too: an engine may doubt the mark, and goes by what it accepted last.
 */
export function markOf(
  audit: Audit,
  instrument: AuditInstrument,
  atSeq: Readonly<Record<AccountName, number>> = { A: audit.seq, B: audit.seq },
): Decimal[] {
  const marks: Decimal[] = [];
  for (const account of ACCOUNTS) {
    const mark = knownAt(instrument.holding[account].positions, atSeq[account])?.markPrice;
    if (mark?.gt(0) && !marks.some((one) => one.eq(mark))) marks.push(mark);
  }
  const mids = instrument.books.slice(-4).map((book) => book.bid.plus(book.ask).div(2));
  if (marks.length === 0) return mids.reverse();
  const former = ACCOUNTS.flatMap((account) =>
    instrument.holding[account].positions.slice(-FORMER_MARKS).flatMap(({ markPrice }) => markPrice ?? []),
  );
  const isFar = (one: Decimal) => marks.every((mark) => one.minus(mark).abs().gt(mark.mul(DOUBTFUL_SHARE)));
  const [other] = [...mids, ...former].reverse().filter((one) => one.gt(0) && isFar(one));
  return other === undefined ? marks : [...marks, other];
}

/** One look at how hedged an instrument is, for its figures. */
export function observe(audit: Audit, instrument: AuditInstrument): void {
  if (!instrument.started) return;
  const a = instrument.holding.A.positions.at(-1);
  const b = instrument.holding.B.positions.at(-1);
  if (!a || !b) return;
  // Flat on both and no book read yet: there is nothing to value.
  const mark = markOf(audit, instrument)[0] ?? (a.size.isZero() && b.size.isZero() ? ONE : null);
  if (!mark) return;
  const waiting = sum(
    instrument.orders.filter(isLive).map((order) => signed(order.side, order.traded.minus(order.booked))),
  );
  const net = a.size.plus(b.size).minus(waiting);
  const { symbol } = instrument;
  const totalUsdt = a.size.abs().plus(b.size.abs()).mul(mark);
  const goal =
    symbol.positionMode === 'increase' ? totalUsdt.gte(instrument.goalUsdt) : totalUsdt.lte(instrument.goalUsdt);
  instrument.figures.observed(audit.nowMs, {
    // Nothing is less than any size worth an order: which that is, need not be known.
    hedged: net.isZero() || isHedged(net, smallestTradable(instrument.rules, mark, instrument.lots.current[0]!)),
    netUsdt: net.abs().mul(mark),
    totalUsdt,
    goal,
  });
}

import { min, ZERO } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';
import { ACCOUNTS } from '../model.ts';
import { waitFrom } from './fills.ts';
import { recall } from './former-orders.ts';
import type { AuditLot } from './lots.ts';
import type { StartLot, StartSymbol } from './model.ts';
import { CERTAIN_POLLS, isLive, knownAt } from './model.ts';
import { outcomeUnknown, remember } from './orders.ts';
import type { Audit, AuditInstrument, PositionSeen } from './state.ts';

/** How an instrument begins (strategy 11.2, 11.3), with or without a journal, and how the engine begins again. */

/** From reading an answer to the journal: a look-up of another order, and a slow disk. A kill may undo what was read within. */
const UNWRITTEN_MS = 10_000;

/** Both positions are known for the first time, or anew, by `read` of an account's own: the lots of strategy 11.3. */
export function start(
  audit: Audit,
  instrument: AuditInstrument,
  read: (positions: readonly PositionSeen[], account: AccountName) => PositionSeen | null | undefined = (all) => all[0],
): void {
  const [a, b] = ACCOUNTS.map((account) => read(instrument.holding[account].positions, account));
  if (!a || !b) return;
  instrument.started = true;
  if (Array.isArray(audit.existingAtStart)) {
    resetLots(audit, instrument, audit.existingAtStart as readonly StartLot[]);
    return;
  }
  const loose = audit.existingAtStart === 'unjudged';
  const netted = a.size.mul(b.size).lt(0) ? min(a.size.abs(), b.size.abs()) : ZERO;
  const lots: AuditLot[] = [];
  for (const [account, seen] of [['A', a] as const, ['B', b] as const]) {
    const size = seen.size.abs().minus(netted);
    if (size.isZero()) continue;
    const side: Side = seen.size.gt(0) ? 'buy' : 'sell';
    lots.push({ account, side, size, price: seen.entryPrice, seq: 0, atMs: audit.nowMs, loose });
  }
  instrument.lots.reset(lots);
  if (lots.length === 0) instrument.guardsJudged = true;
}

/** Positions moved by orders nobody can ask about any more: an engine that begins now begins from these. */
export function startAnew(audit: Audit, instrument: AuditInstrument): void {
  if (ACCOUNTS.some((account) => instrument.holding[account].positions.length === 0)) return;
  for (const account of ACCOUNTS) rebase(audit, instrument, account);
  start(audit, instrument, (all) => all.at(-1));
  // An engine that began earlier has the difference as drift, at another entry price: sizes are judged, prices are not.
  for (const lots of instrument.lots.current) instrument.lots.reset(lots.map((lot) => ({ ...lot, loose: true })));
}

/** The newest position of an account is what an engine begins from, and what its orders have traded is part of it (11.3). */
function rebase(audit: Audit, instrument: AuditInstrument, account: AccountName): void {
  const holding = instrument.holding[account];
  const newest = holding.positions.at(-1);
  if (!newest) return;
  holding.expected.push({ seq: audit.seq, size: newest.size });
  holding.contradicting.length = 0;
  for (const order of instrument.orders) {
    if (order.account !== account) continue;
    order.booked = order.traded;
    order.bookedValue = order.traded.mul(order.avgPrice);
    if (order.wait) order.wait = waitFrom(audit.rawMs, null);
    remember(audit, order);
  }
}

/**
 * Has an engine that runs had a whole poll of both accounts, neither too old when the other came: before that none can have
 * begun (10.1, 10.3, 11.3).
 */
function mayHaveBegun(audit: Audit): boolean {
  return ACCOUNTS.every((account) => audit.accounts[account].begins !== null);
}

/**
 * An account was read whole. While the other was not, or too long ago, no engine has begun: what moved an account between two such polls,
 * whoever moved it, is no difference to anything, and the last of them is what it begins from when the other has come.
 */
export function readWhole(audit: Audit, account: AccountName, requestedAtMs: number): void {
  if (mayHaveBegun(audit)) return;
  for (const other of Object.values(audit.accounts))
    if (other.begins && audit.nowMs - other.begins.requestedAtMs > audit.settings.staleMs) other.begins = null;
  audit.accounts[account].begins = { seq: audit.seq, requestedAtMs };
  for (const instrument of audit.instruments.values()) {
    if (!instrument.beginning) continue;
    rebase(audit, instrument, account);
    instrument.holding[account].drift = null;
    if (mayHaveBegun(audit))
      start(audit, instrument, (all, one) => knownAt(all, audit.accounts[one].begins?.seq ?? audit.seq) ?? all[0]);
  }
}

/** The lots of a journal. */
function resetLots(audit: Audit, instrument: AuditInstrument, from: readonly StartLot[]): void {
  const own = from.filter((lot) => lot.instrument === instrument.symbol.instrument);
  const lots = own.map(({ account, side, size, price, bookedAtMs }) => {
    return { account, side, size, price, seq: 0, atMs: bookedAtMs ?? audit.nowMs, loose: false };
  });
  instrument.lots.reset(lots);
}

/**
 * While it begins: where both accounts read alike for long and in several whole polls, any engine has begun (11.3). One poll
 * may have failed for the engine: a look-up of it.
 */
export function watchSteady(audit: Audit, instrument: AuditInstrument, account: AccountName): void {
  const orders = instrument.orders.filter((one) => one.account === account && isLive(one));
  const words = orders.map((one) => `${one.clientOrderId} ${one.traded.toString()}`).sort();
  const reading = `${instrument.holding[account].positions.at(-1)?.size.toString()} ${words.join(',')}`;
  const former = instrument.steady[account];
  if (former?.reading === reading) former.polls += 1;
  else instrument.steady[account] = { reading, sinceMs: audit.nowMs, polls: 1 };
  const { A, B } = instrument.steady;
  if (!A || !B || Math.min(A.polls, B.polls) < CERTAIN_POLLS) return;
  if (audit.nowMs - Math.max(A.sinceMs, B.sinceMs) < audit.windows.begunAfterMs) return;
  instrument.beginning = false;
  instrument.vanished = [];
}

/** The engine's journal knows these instruments: their lots, orders and positions. */
export function takeJournal(audit: Audit): void {
  for (const known of audit.knownAtStart.values()) {
    const instrument = audit.instruments.get(known.instrument);
    if (instrument) takeJournalOf(audit, instrument, known);
  }
}

/** What the engine's journal knows of one instrument. */
export function takeJournalOf(
  audit: Audit,
  instrument: AuditInstrument,
  { instrument: name, lots, positions, orders }: StartSymbol,
): void {
  // At once: the first answers can already book what waited.
  instrument.started = true;
  resetLots(audit, instrument, lots);
  for (const account of ACCOUNTS)
    instrument.holding[account].expected.push({ seq: audit.seq, size: positions[account] });
  for (const order of orders) recall(audit, name, order);
}

/** The engine starts again; `journalLost`: with no more than the exchange tells (strategy 11.3). */
export function startAgain(audit: Audit, journalLost: boolean): void {
  audit.draining = null;
  if (journalLost) {
    audit.existingAtStart = 'synthetic';
    audit.knownAtStart.clear();
  }
  for (const request of audit.requests.values()) if (request.order) outcomeUnknown(audit, request.order);
  audit.requests.clear();
  // What an engine had read dies with it; where it had begun, its journal says so.
  const anew = journalLost || !mayHaveBegun(audit);
  for (const account of ACCOUNTS) {
    if (anew) audit.accounts[account].begins = null;
    for (const order of audit.accounts[account].orders.values()) {
      // What was asked ahead died with whoever asked; the next engine asks itself.
      order.ahead = null;
      const { wait } = order;
      if (!wait) continue;
      // What was read but not written down is read anew.
      if (wait.certainMs === null || audit.lastHeardMs - wait.certainMs < UNWRITTEN_MS) wait.certainMs = null;
      wait.polls = 0;
      wait.overduePolls = 0;
    }
    const state = audit.accounts[account];
    Object.assign(state, { positions: null, openOrders: null, summary: null, complete: null, moments: [] });
    state.mayBeWhole = null;
    if (journalLost) state.orders.clear();
  }
  for (const instrument of audit.instruments.values()) {
    instrument.books.length = 0;
    instrument.vanished = [];
    Object.assign(instrument.steady, { A: null, B: null });
    if (journalLost) {
      instrument.orders = [];
      instrument.started = false;
      instrument.beginning = true;
      Object.assign(instrument.movedAtMs, { A: null, B: null });
      instrument.guardsJudged = true;
      instrument.lots.reset([]);
    }
    for (const account of ACCOUNTS) {
      const holding = instrument.holding[account];
      holding.last = null;
      holding.contradicting.length = 0;
      holding.winsUntilMs = audit.nowMs + audit.windows.restartMs;
      if (!journalLost) continue;
      holding.positions.length = 0;
      holding.expected.length = 0;
      holding.drift = null;
    }
  }
}

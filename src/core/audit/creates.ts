import { Decimal, min } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import { ACCOUNTS, otherAccount } from '../model.ts';
import type { CreateBody } from './bodies.ts';
import { readCreate, strategyId } from './bodies.ts';
import { judgeSent } from './decisions.ts';
import type { Fault } from './judge.ts';
import type { AuditOrder } from './model.ts';
import { mayRest } from './model.ts';
import { keep, orderOf, remember } from './orders.ts';
import type { Audit, AuditInstrument, BookSeen } from './state.ts';
import { fault } from './state.ts';

/** Creates, and what of them is judged strictly, whatever the engine knew: form, id, price, size, what could match. */

/** Of `order_notional_usdt`, the most an order may be worth (strategy 6.2). */
const MOST_SHARE = new Decimal('1.25');

/** Ids remembered so that none is used twice: a month of one symbol. */
const MAX_IDS = 200_000;

/** 53 bits that tell one request from another: whole requests of a month would not fit in memory. */
function digest(text: string): string {
  let one = 0xdeadbeef;
  let two = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    one = Math.imul(one ^ code, 2654435761);
    two = Math.imul(two ^ code, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return `${text.length}:${(two >>> 0).toString(36)}${(one >>> 0).toString(36)}`;
}

/** A create left: what it says of itself is judged here, what it rests on in `decisions.ts`. Null: no order of ours. */
export function createSent(audit: Audit, account: AccountName | null, request: unknown): AuditOrder | null {
  audit.checked('I1', 'I3', 'I5', 'I7', 'I10', 'I12');
  const create = readCreate(request);
  const id = create?.clientOrderId ?? null;
  const where = { instrument: create?.instrument ?? null, account, clientOrderId: id };
  if (!create || !account || id === null || !create.size || !create.price || create.instrument === null) {
    audit.breach(fault('I1', '1', 'a create that cannot be read as a limit order'), where);
    return null;
  }
  const { size, price } = create;
  const requestText = digest(typeof request === 'string' ? request : JSON.stringify(request));
  judgeForm(audit, create, account, id);
  if (audit.draining) audit.breach(fault('I12', '13.1', 'a create after the stop began'), where);

  const again = audit.usedIds.get(id);
  if (again !== undefined) return sentAgain(audit, account, id, again === requestText, where);
  audit.usedIds.set(id, requestText);
  if (audit.usedIds.size > MAX_IDS) audit.usedIds.delete(audit.usedIds.keys().next().value!);

  const instrument = audit.instruments.get(create.instrument);
  const holding = instrument?.holding[account];
  const last = holding?.last ?? null;
  const retries =
    last !== null &&
    (last.postOnlyRefused || last.turnedAway) &&
    last.side === create.side &&
    last.size.eq(size) &&
    last.attempt < audit.settings.postOnlyMaxRetry &&
    audit.nowMs - (last.endedAtMs ?? audit.nowMs) <= audit.windows.retryWithinMs;
  // Read again since: it may as well be the first attempt of another submission, so attempts are counted at their fewest.
  const anew = ACCOUNTS.every((one) => {
    const requestedAtMs = audit.accounts[one].moments.at(-1)?.requestedAtMs;
    return requestedAtMs !== undefined && requestedAtMs >= (last?.endedAtMs ?? 0);
  });
  const order = orderOf(
    {
      clientOrderId: id,
      account,
      instrument: create.instrument,
      side: create.side,
      size,
      price,
      heard: true,
      sentSeq: audit.seq,
      sentAtMs: audit.nowMs,
      expirationMs: create.expirationNs === null ? null : Number(create.expirationNs / 1_000_000n),
    },
    {
      attempt: retries && !anew ? last.attempt + 1 : 1,
      chainStartMs: retries ? last.chainStartMs : audit.nowMs,
      minRequestedMs: retries ? last.minRequestedMs : (last?.endedAtMs ?? 0),
      sideBookingsAtSend: instrument?.bookings[create.side] ?? 0,
      driftsAtSend: instrument?.drifts ?? 0,
    },
  );
  if (!instrument?.symbol.enabled) {
    audit.breach(fault('I6', '2.2', 'a create for an instrument that is not to be traded'), where);
  } else {
    instrument.figures.created();
    instrument.beginning = false;
    instrument.vanished = [];
    judgeRules(audit, instrument, order);
    judgeCross(audit, instrument, order);
    judgeSent(audit, instrument, order);
  }
  remember(audit, order);
  keep(audit, order);
  if (holding) holding.last = order;
  const state = audit.accounts[account];
  if (state.lastCreate && state.lastCreate.instrument !== order.instrument) state.lastOtherCreate = state.lastCreate;
  state.lastCreate = { instrument: order.instrument, atMs: audit.nowMs };
  return order;
}

/** I7: an id that left before. One delivery made twice, and the one repeat of what was turned away, are no fault. */
function sentAgain(
  audit: Audit,
  account: AccountName,
  id: string,
  isSameRequest: boolean,
  where: Parameters<Audit['breach']>[1],
): AuditOrder | null {
  const known = audit.accounts[account].orders.get(id);
  // In flight still: one delivery made twice. Turned away: the one repeat after a new login or a back-off (9.8, 9.9).
  const harmless = known !== undefined && (known.phase === 'sent' || known.turnedAway);
  if (!isSameRequest) audit.breach(fault('I7', '9.2', 'a client order id used for a second order'), where);
  else if (!harmless)
    audit.breach(
      fault('I7', known?.phase === 'unknown' ? '9.6' : '9.2', 'sent again, not turned away', {
        phase: known?.phase,
      }),
      where,
    );
  if (known?.turnedAway) {
    known.overAtMs = null;
    known.phase = 'sent';
    known.turnedAway = false;
    remember(audit, known);
  }
  return known ?? null;
}

/** I1, and what an id and a sub account have to be (strategy 9.2). */
function judgeForm(audit: Audit, create: CreateBody, account: AccountName, id: string): void {
  const where = { instrument: create.instrument, account, clientOrderId: id };
  const wrong: string[] = [];
  if (create.isMarket) wrong.push('market');
  if (!create.postOnly) wrong.push('not post-only');
  if (create.timeInForce !== 'GOOD_TILL_TIME') wrong.push(`time in force ${create.timeInForce}`);
  if (create.legs !== 1) wrong.push(`${create.legs} legs`);
  if (!create.price?.gt(0)) wrong.push(`limit price ${create.price}`);
  if (!create.size?.gt(0)) wrong.push(`size ${create.size}`);
  if (wrong.length > 0) audit.breach(fault('I1', '1', `not a maker order: ${wrong.join(', ')}`), where);
  const bits = strategyId(id);
  if (!bits || bits.account !== account || bits.side !== create.side)
    audit.breach(
      fault('I7', '9.2', 'a client order id without the prefix, account or side it stands for', {
        account: bits?.account ?? 'none',
        side: bits?.side ?? 'none',
        orderSide: create.side,
      }),
      where,
    );
  if (create.subAccountId !== audit.subAccounts[account])
    audit.breach(fault('I7', '9.2', 'a create in the name of another account', { sub: create.subAccountId }), where);
}

/** I3: whole steps, on tick, on the passive side of a book read for this attempt. */
function judgeRules(audit: Audit, instrument: AuditInstrument, order: AuditOrder): void {
  const { price, size, side } = order;
  const current = instrument.rules;
  const former = instrument.formerRules;
  if (former && former.untilMs < audit.nowMs) instrument.formerRules = null;
  const readings = [current, instrument.formerRules?.rules ?? null].filter((one) => one !== null);
  const faultsBy = readings.map((rules) => {
    const faults: Fault[] = [];
    if (!price.mod(rules.tickSize).isZero())
      faults.push(fault('I3', '7.1', 'price not on tick', { price, tick: rules.tickSize }));
    if (!size.mod(rules.minSize).isZero())
      faults.push(fault('I3', '7.3', 'size not in whole steps', { size, step: rules.minSize }));
    if (size.lt(rules.minSize) || size.mul(price).lt(rules.minNotional))
      faults.push(
        fault('I3', '7.3', 'not tradable by its own price', {
          size,
          notional: size.mul(price),
          minSize: rules.minSize,
          minNotional: rules.minNotional,
        }),
      );
    return faults;
  });
  if (faultsBy.length > 0 && faultsBy.every((faults) => faults.length > 0))
    for (const one of faultsBy[0]!) audit.breach(one, order);

  const lastSentMs = instrument.holding[order.account].last?.sentAtMs ?? 0;
  const books = instrument.books.filter(
    (book) => audit.nowMs - book.atMs <= audit.settings.staleMs && book.sentAtMs >= lastSentMs,
  );
  judgeWorth(audit, instrument, order, books);
  const newest = books.at(-1);
  if (!newest) audit.breach(fault('I3', '7.4', 'priced without reading the book afresh'), order);
  else if (!books.some((book) => (side === 'sell' ? price.gte(book.ask) : price.lte(book.bid))))
    audit.breach(
      fault('I3', '7.1', 'priced through the touch', { side, price, bid: newest.bid, ask: newest.ask }),
      order,
    );
}

/** I5: whatever mark it was sized at, no order is worth more than 1.25 × `order_notional_usdt` where the books stand (6.2). */
function judgeWorth(audit: Audit, instrument: AuditInstrument, order: AuditOrder, books: readonly BookSeen[]): void {
  const { orderNotionalUsdt } = instrument.symbol;
  const [first, ...rest] = books;
  // A symbol without a row has no amount (16.3).
  if (first === undefined || orderNotionalUsdt.isZero()) return;
  const worth = order.size.mul(min(first.bid, ...rest.map((book) => book.bid)));
  const most = orderNotionalUsdt.mul(MOST_SHARE);
  if (worth.lte(most)) return;
  audit.breach(fault('I5', '6.2', 'worth more than 1.25 times the amount of an order', { worth, most }), order);
}

/** I10: no order of one account may be able to match a live or in-flight one of the other. */
function judgeCross(audit: Audit, instrument: AuditInstrument, order: AuditOrder): void {
  const other = otherAccount(order.account);
  for (const one of instrument.orders) {
    if (one.account !== other || one.side === order.side || !mayRest(one)) continue;
    const matches = order.side === 'sell' ? one.price.gte(order.price) : one.price.lte(order.price);
    if (!matches) continue;
    const detail = { price: order.price, otherPrice: one.price, otherClientOrderId: one.clientOrderId };
    audit.breach(fault('I10', '6.6', 'could match an order of the other account', detail), order);
    return;
  }
}

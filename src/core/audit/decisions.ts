import { sum, ZERO } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import { ACCOUNTS } from '../model.ts';
import { takeOver } from './drift.ts';
import type { Judgement, View } from './judge.ts';
import { judge } from './judge.ts';
import type { AuditOrder } from './model.ts';
import { isLive, isUnproven, mayRest } from './model.ts';
import { knewMore, tellsMore } from './moments.ts';
import { settleLots } from './nets.ts';
import { agrees, contradiction } from './positions.ts';
import type { Audit, AuditInstrument, BookSeen } from './state.ts';
import { fault } from './state.ts';
import { viewsAt } from './views.ts';
import { ASKED_LATELY_MS } from './windows.ts';

/**
 * What a create is judged by. A create is judged when it leaves, by what the engine can have known then: answers that had
 * arrived, never later ones. But an engine decides a little earlier than it sends, reads two accounts at two moments, and
 * may retry a submission under the guard it began with. So the auditor looks at every *view* a correct engine could have
 * decided on: for each account, the knowledge at the end of each of its recent polls (and look-ups), both accounts
 * combined freely, under each of their marks, and under each order in which fills that arrived together can have been
 * booked. A view counts when
 *   - it was the newest there was at some moment when the decision can have been made: up to 3 s before the first attempt
 *     of that submission asked for its book, and as long before it left as data may be decided on (strategy 10.3) when the
 *     account was busy with another symbol's order or in trouble (time-outs, 401, 429, 5xx),
 *   - its positions were asked for no longer ago, by our wall clock, than data may be decided on: a create has to have left by
 *     then, however long it waited,
 *   - the positions of each account were asked for after its former submission had ended (strategy 9.10),
 *   - its positions agree with the fills known at that moment (strategy 4.5, 10.5).
 * The create is legal if it breaks no rule under at least one view, all rules taken together. Otherwise what it breaks
 * under the kindest view (the newest of equals) is reported. When no view counts, the data was stale or contradictory,
 * and that is the breach.
 * What does not depend on views is judged strictly: what an order says of itself (I1, I3), ids (I7), which orders are live
 * (an order of ours is live from the moment its create left until an answer, or proof by 9.6, said otherwise), prices of
 * the other account's live orders (I10), foreign orders (I8), drain and stop (I11, I12).
 */

/** Behind nothing, a decision waits for its own book and for its turn in the request budget. */
const CALM_DECISION_TO_SEND_MS = 3_000;
/** An engine looks at its clock when a create leaves, and the wire tells of it a little later. */
const LEAVING_MS = 1_000;
/** Views tried before a create is called wrong, those that tell more of its instrument than the one before. */
const MAX_VIEWS_PER_ACCOUNT = 24;
/** All pairs of them, each under two marks, and some more for partial fills and for lots that change what is tradable. */
const MAX_JUDGEMENTS = 1_500;

/** By account, the moments a decision can have rested on: numbers of what was known, newest first. */
type ViewMoments = Readonly<Record<AccountName, readonly number[]>>;

/** I2, I4, I5, I6, I7, I9, I12: whether any view a correct engine could have had allows this create. */
export function judgeSent(audit: Audit, instrument: AuditInstrument, order: AuditOrder): void {
  audit.checked('I9');
  const book = instrument.books.at(-1);
  if (isStale(audit, order, book)) return;

  const fromMs = order.chainStartMs - decisionToSendMs(audit, order, book?.sentAtMs ?? audit.nowMs);
  const views = {
    A: momentsOf(audit, instrument, order, 'A', fromMs),
    B: momentsOf(audit, instrument, order, 'B', fromMs),
  };
  if (ACCOUNTS.some((account) => views[account].length === 0)) {
    judgeContradiction(audit, instrument, order, views);
    return;
  }
  judgeViews(audit, instrument, order, views);
}

/** I12: was an account's last whole poll too long ago when the decision was made (strategy 10.3). */
function isStale(audit: Audit, order: AuditOrder, book: BookSeen | undefined): boolean {
  const { nowMs, settings } = audit;
  // The decision came before the book was asked for (7.4), so its age is reckoned there.
  const decidedByMs = book && nowMs - book.sentAtMs <= ASKED_LATELY_MS ? book.sentAtMs : nowMs;
  let stale = false;
  for (const account of ACCOUNTS) {
    const { complete } = audit.accounts[account];
    const ageMs = complete ? decidedByMs - complete.receivedAtMs : null;
    if (ageMs !== null && ageMs <= settings.staleMs) continue;
    stale = true;
    audit.breach(
      fault('I12', '10.3', `a create on stale data of account ${account}`, {
        ageMs: ageMs ?? 'never read',
        limitMs: settings.staleMs,
      }),
      order,
    );
  }
  return stale;
}

/** I12: the moments of an account that the decision can have rested on, newest first; none is a breach. */
function momentsOf(
  audit: Audit,
  instrument: AuditInstrument,
  order: AuditOrder,
  account: AccountName,
  fromMs: number,
): readonly number[] {
  const { moments } = audit.accounts[account];
  // What was known until later than that: a decision rests on the newest there is.
  const recent = moments.filter((_, index) => {
    const next = moments.find((one, at) => at > index && !one.lacking.includes(order.instrument));
    return (next?.atMs ?? audit.nowMs) >= fromMs;
  });
  const later = recent.filter((one) => one.requestedAtMs >= order.minRequestedMs);
  if (later.length === 0) {
    audit.breach(
      fault('I12', '9.10', `account ${account} was not read again since the former submission ended`, {
        endedAtMs: order.minRequestedMs,
        readAtMs: recent.at(-1)?.requestedAtMs ?? 'never',
      }),
      order,
    );
    return [];
  }
  const fresh = later.filter((one) => audit.rawMs - one.requestedRawMs <= audit.settings.staleMs + LEAVING_MS);
  if (fresh.length === 0) {
    audit.breach(
      fault('I12', '10.3', `what was known of account ${account} was too old when the create left`, {
        ageMs: audit.rawMs - later.at(-1)!.requestedRawMs,
        limitMs: audit.settings.staleMs,
      }),
      order,
    );
    return [];
  }
  const holding = instrument.holding[account];
  const off = contradiction(instrument, account, audit.seq);
  if (off && audit.nowMs < holding.winsUntilMs && !agrees(audit, instrument, account, audit.seq)) {
    takeOver(audit, instrument, account, off, true);
    knewMore(audit, account);
    fresh.push(moments.at(-1)!);
  }
  const telling = fresh
    .filter((one) => agrees(audit, instrument, account, one.seq))
    .map((one) => one.seq)
    .reverse()
    .filter((at, index, all) => index === 0 || tellsMore(instrument, account, at, all[index - 1]!))
    .slice(0, MAX_VIEWS_PER_ACCOUNT);
  if (telling.length === 0)
    audit.breach(
      fault('I12', '10.5', `a create while positions of account ${account} contradict its fills`, {
        position: holding.positions.at(-1)?.size ?? 'none',
        byFills: holding.expected.at(-1)?.size ?? 'none',
      }),
      order,
    );
  return telling;
}

/** I9, where an account has no moment to rest on. */
function judgeContradiction(audit: Audit, instrument: AuditInstrument, order: AuditOrder, views: ViewMoments): void {
  const off = sum(ACCOUNTS.map((account) => contradiction(instrument, account, audit.seq) ?? ZERO));
  const dust = instrument.rules?.minSize ?? ZERO;
  const contradicts = ACCOUNTS.some(
    (account) => views[account].length === 0 && !agrees(audit, instrument, account, audit.seq),
  );
  if (contradicts && off.abs().gt(dust))
    audit.breach(
      fault('I9', '4.5', 'lots and net do not agree on what this create rests on', { difference: off }),
      order,
    );
}

/** Tries the views, newest first, until one allows the create; else what it breaks under the kindest is a breach. */
function judgeViews(audit: Audit, instrument: AuditInstrument, order: AuditOrder, views: ViewMoments): void {
  const live = instrument.orders.filter((one) => one.account === order.account && mayRest(one)).length;
  let best: Judgement | null = null;
  let tried = 0;
  search: for (let depth = 0; depth <= views.A.length + views.B.length - 2; depth += 1) {
    for (let index = Math.max(0, depth - views.B.length + 1); index < Math.min(views.A.length, depth + 1); index += 1) {
      const at = { A: views.A[index]!, B: views.B[depth - index]! };
      for (const view of viewsAt(audit, instrument, order, at)) {
        const judgement = judgeView(audit, instrument, order, view, live);
        if (!best || judgement.faults.length < best.faults.length) {
          best = judgement;
          order.repairSeq = judgement.purpose === 'repair' ? at : null;
        }
        tried += 1;
        if (best.faults.length === 0 || tried >= MAX_JUDGEMENTS) break search;
      }
    }
  }
  if (!best) return;
  if (best.faults.length === 0) settleLots(audit, instrument, views);
  audit.checked(...best.invariants);
  for (const one of best.faults) audit.breach(one, order);
}

/** How long before the first attempt left its decision may have been made. */
function decisionToSendMs(audit: Audit, order: AuditOrder, bookSentAtMs: number): number {
  const { lastCreate, lastOtherCreate, lastTroubleMs } = audit.accounts[order.account];
  const longest = audit.windows.decisionToSendMs;
  const other = lastCreate?.instrument === order.instrument ? lastOtherCreate : lastCreate;
  const waited = (other !== null && audit.nowMs - other.atMs <= longest) || audit.nowMs - lastTroubleMs <= longest;
  if (waited) return longest;
  return Math.min(longest, CALM_DECISION_TO_SEND_MS + Math.max(0, audit.nowMs - bookSentAtMs));
}

/** One view's judgement, less guards that cannot be judged, and with a twin whose outcome is unknown (9.6). */
function judgeView(audit: Audit, instrument: AuditInstrument, order: AuditOrder, view: View, live: number): Judgement {
  const givingWay = ACCOUNTS.filter(
    (account) =>
      audit.nowMs < instrument.holding[account].refusedUntilMs || audit.nowMs < audit.accounts[account].shutOutUntilMs,
  );
  const create = { ...order, liveBefore: live, givingWay };
  // Decided by the rules of before, where they have just changed (11.8): either reading allows it.
  const judgements = [instrument.rules, ...(instrument.formerRules ? [instrument.formerRules.rules] : [])].map(
    (rules) => judge(create, view, instrument.symbol, audit.settings, rules),
  );
  const judgement = judgements.reduce((best, one) => (one.faults.length < best.faults.length ? one : best));
  const guardsJudged = instrument.guardsJudged && !instrument.lots.crowded;
  const faults = judgement.faults.filter((one) => one.invariant !== 'I2' || guardsJudged);
  const twin = unprovenTwin(instrument, order);
  if (twin) {
    // Beside an unknown one, a repair of what that one leaves uncovered is an intent of its own (6.4).
    const second = judgement.purpose === 'repair' && faults.length === 0;
    if (!second)
      faults.push(
        fault('I7', '9.6', 'the same order again while the outcome of the former is unproven', {
          former: twin.clientOrderId,
          formerPhase: twin.phase,
          size: order.size,
        }),
      );
  }
  return { ...judgement, faults };
}

/** A former attempt of the same account, side and size that may live. */
function unprovenTwin(instrument: AuditInstrument, order: AuditOrder): AuditOrder | null {
  for (const one of instrument.orders)
    if (
      one.account === order.account &&
      one.side === order.side &&
      one.size.eq(order.size) &&
      isLive(one) &&
      isUnproven(one)
    )
      return one;
  return null;
}

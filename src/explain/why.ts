import type { Decimal } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import type { OrderOutcome, PreparedOrder, StoredEntry } from '../core/journal-entry.ts';
import { ACCOUNTS, type AccountName, type Intent, type LotMatch, type SymbolSnapshot } from '../core/model.ts';
import { parseClientOrderId } from '../core/order-id.ts';
import type { Plan } from '../core/plan.ts';
import type { PlanInput } from '../core/plan-input.ts';
import { waitingSize } from '../core/symbol-state.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { pairWords } from '../journal/pair.ts';
import { type OrderHistory, orderHistory } from '../journal/read.ts';
import { line } from '../log/lines.ts';
import { lasting } from '../texts/duration.ts';
import { reasonText, ruleOf } from '../texts/reasons.ts';
import type { RecordedDecision } from './replay.ts';
import { clockTime, RULE_WORDS, zoneName } from './words.ts';

/**
 * Why an order was placed and what became of it, from the journal alone: snapshot, state, the rules for side, size,
 * guard and price, the exchange's answers, the fills, and the lots they matched.
 */

type FillFact = Extract<Fact, { type: 'fill.booked' }>;

export interface Explanation {
  /** False: the journal does not know the order; the lines show the parts of its id. */
  readonly known: boolean;
  readonly lines: readonly string[];
}

/** Everything known about one order, as lines. */
export function explainOrder(journal: EngineJournal, clientOrderId: string): Explanation {
  const history = orderHistory(journal, clientOrderId);
  const { prepared, outcomes, facts, decisions } = history;
  const known = prepared !== null || outcomes.length > 0 || facts.length > 0 || decisions.length > 0;
  if (!known) return { known, lines: unknownOrder(clientOrderId) };
  const decision = prepared === null ? null : decisionOf(history, prepared.body.intent);
  const pair = pairWords(journal);
  const lines = [
    headline(history),
    ...(pair === null ? [] : [`Pair: ${pair}`]),
    ...(prepared === null ? adoptedWords(history) : decisionWords(decision, prepared)),
    '',
    'What the exchange answered',
    ...indented(answers(history)),
    '',
    'Fills',
    ...indented(fills(journal, history)),
    ...later(history, decision),
  ];
  return { known, lines };
}

/** The decision behind the intent: the last one before the order was journalled. */
function decisionOf(history: OrderHistory, intent: Intent): StoredEntry<'decision'> | null {
  const before = history.prepared?.seq ?? 0;
  const found = history.decisions.filter((entry) => {
    const { plan } = entry.body as RecordedDecision;
    return entry.seq < before && plan.creates.some((one) => one.intentId === intent.intentId);
  });
  return found.at(-1) ?? null;
}

function unknownOrder(clientOrderId: string): string[] {
  const parts = parseClientOrderId(clientOrderId);
  if (parts === null) {
    return [
      `The journal does not know ${clientOrderId}, and it is no client id of a strategy order: it was placed by somebody else.`,
    ];
  }
  return [
    `The journal does not know ${clientOrderId}.`,
    `By its id it is a strategy order: account ${parts.account}, ${parts.side} (strategy 9.2). It belongs to another journal ` +
      '(--journal FILE), or is older than what this one keeps (GRVT_HEDGE_JOURNAL_DAYS).',
  ];
}

function headline({ clientOrderId, prepared, facts }: OrderHistory): string {
  if (prepared !== null) {
    const { intent, price, attempt } = prepared.body;
    const again = attempt > 1 ? `, attempt ${attempt}` : '';
    const { instrument, account, side, size, purpose } = intent;
    return `Order ${clientOrderId}: ${instrument}, account ${account}, ${side} ${size.toFixed()} @ ${price.toFixed()}, ${purpose}${again}`;
  }
  const worded = facts.map((entry) => entry.body).find((fact) => 'side' in fact && 'price' in fact);
  if (worded === undefined || !('side' in worded)) return `Order ${clientOrderId}`;
  const { instrument, account, side, size, price, purpose } = worded;
  return `Order ${clientOrderId}: ${instrument}, account ${account}, ${side} ${size.toFixed()} @ ${price.toFixed()}, taken as ${purpose}`;
}

function adoptedWords({ facts }: OrderHistory): string[] {
  const adopted = facts.find((entry) => entry.body.type === 'order.adopted');
  return [
    '',
    'Why it was placed is not in this journal: the engine found it at the exchange and took it over (strategy 11.4).',
    ...(adopted === undefined ? [] : indented([`${clockTime(adopted.atMs)} ${line(adopted.body)?.text ?? ''}`])),
  ];
}

function decisionWords(entry: StoredEntry<'decision'> | null, prepared: StoredEntry<'order.prepared'>): string[] {
  const { intent } = prepared.body;
  const placing = ['', 'What gave the order', ...indented(orderWords(prepared.body, entry))];
  if (entry === null) {
    return [
      '',
      `The decision that asked for ${intent.intentId} is older than what this journal keeps (GRVT_HEDGE_JOURNAL_DAYS).`,
      ...placing,
    ];
  }
  const { input, plan, snapshots } = entry.body as RecordedDecision;
  return [
    '',
    `What was known at ${clockTime(input.nowMs)} (all times ${zoneName()})`,
    ...indented(ACCOUNTS.flatMap((account) => snapshotWords(account, snapshots[account], input))),
    ...indented(situationWords(input)),
    '',
    'State',
    ...indented([`${plan.tradingState}: ${reasonText(plan.why)} (strategy 5)`, ...otherOrders(plan, intent)]),
    ...placing,
  ];
}

function snapshotWords(account: AccountName, snapshot: SymbolSnapshot | null, input: PlanInput): string[] {
  if (snapshot === null) return [`${account}: not read`];
  const { position, orders, requestedAtMs } = snapshot;
  const held =
    position === null
      ? 'flat'
      : `position ${position.size.toFixed()} @ ${position.entryPrice.toFixed()}, mark ${position.markPrice.toFixed()}`;
  const seen = orders.map(
    (order) =>
      `${order.side} ${order.size.toFixed()} @ ${order.limitPrice.toFixed()} ${order.status}` +
      `${order.tradedSize.isZero() ? '' : `, ${order.tradedSize.toFixed()} traded`} (${order.clientOrderId})`,
  );
  return [
    `${account}: ${held}; read ${((input.nowMs - requestedAtMs) / 1000).toFixed(1)} s before`,
    ...seen.map((text) => `   order ${text}`),
  ];
}

function situationWords({ valuation, state }: PlanInput): string[] {
  const { net, diffUsdt, mark, smallestTradable, hedged } = valuation;
  const orders = state.orders.map((order) => {
    const waits = waitingSize(order).gt(0) ? `, ${waitingSize(order).toFixed()} filled and waiting` : '';
    const doubt = order.unknown ? ', outcome unknown' : '';
    return `live: ${order.account} ${order.side} ${order.size.toFixed()} @ ${order.price.toFixed()}${waits}${doubt} (${order.clientOrderId})`;
  });
  const lots = state.lots.map(
    (lot) => `open lot #${lot.id}: ${lot.account} ${lot.side} ${lot.size.toFixed()} @ ${lot.price.toFixed()}`,
  );
  return [
    `valued at ${mark.toFixed()}: net ${net.toFixed()} (${diffUsdt.toFixed(2)} USDT), ${hedged ? 'hedged' : 'not hedged'}; ` +
      `smallest tradable size ${smallestTradable.toFixed()} (strategy 3)`,
    ...orders,
    ...lots,
  ];
}

/** The other orders of the same decision. */
function otherOrders(plan: Plan, intent: Intent): string[] {
  return [
    ...plan.creates
      .filter((one) => one.intentId !== intent.intentId)
      .map((one) => `with it: ${one.account} ${one.side} ${one.size.toFixed()}, ${one.purpose}`),
    ...plan.trims.map(
      ({ order, why }) =>
        `with it: cancel ${order.account} ${order.side} ${order.size.toFixed()} @ ${order.price.toFixed()}: ${reasonText(why)} (strategy ${ruleOf(why)})`,
    ),
  ];
}

function orderWords(prepared: PreparedOrder, entry: StoredEntry<'decision'> | null): string[] {
  const { intent, price, attempt, sentAtMs, expirationMs } = prepared;
  const { guardPrice, nearerThanPrice, side } = intent;
  const config = (entry?.body as RecordedDecision | undefined)?.input.config;
  const opening = intent.purpose === 'opening';
  const sideRule = intent.rules.find((rule) => ['6.1', '6.2', '6.3'].includes(rule)) ?? '6';
  const sizeRule = intent.rules.find((rule) => ['6.4', '6.5'].includes(rule)) ?? '6';
  const limit = config === undefined ? '' : `, order_notional_usdt ${config.orderNotionalUsdt.toFixed()}`;
  const lines = [
    `side   ${intent.account} ${side}: strategy ${sideRule}, ${RULE_WORDS[sideRule] ?? ''}`,
    `size   ${intent.size.toFixed()}: strategy ${sizeRule}, ${RULE_WORDS[sizeRule] ?? ''}${limit}`,
    opening
      ? 'guard  none: openings have none (strategy 7.2)'
      : `guard  ${guardPrice?.toFixed() ?? 'none'}: strategy 7.2, ${RULE_WORDS['7.2']}; never ${side === 'sell' ? 'below' : 'above'} it`,
    `price  ${price.toFixed()}: ${priceWords(prepared)}`,
  ];
  if (nearerThanPrice !== null) {
    lines.push(`       past the net only if nearer to the market than ${nearerThanPrice.toFixed()} (strategy 6.4)`);
  }
  lines.push(
    `rules  ${intent.rules.join(', ')} (docs/strategy.md)`,
    `sent   ${clockTime(sentAtMs)}, attempt ${attempt}, expires ${clockTime(expirationMs)} by the exchange's clock; its signed bytes are in the journal (strategy 9.3)`,
  );
  return lines;
}

/** Which of best price, guard and the other account's orders determined the price (strategy 7.1, 6.6). */
function priceWords({ intent, price, pricedFrom }: PreparedOrder): string {
  const rule = `strategy 7.1, ${RULE_WORDS['7.1']}`;
  if (pricedFrom === undefined) return rule;
  const { bid, ask, beyondPrices } = pricedFrom;
  const { side, guardPrice } = intent;
  const book = `the book read for this attempt had bid ${bid.toFixed()}, ask ${ask.toFixed()}`;
  const touch = side === 'sell' ? ask : bid;
  const hardest = (one: Decimal, other: Decimal) => (side === 'sell' ? other.gt(one) : other.lt(one));
  const guarded = guardPrice !== null && hardest(touch, guardPrice);
  const own = guarded && guardPrice !== null ? guardPrice : touch;
  // Apart from the guard's rounding to a tick, only another order of ours moves the price away from the best price.
  const moved = beyondPrices.some((other) => (side === 'sell' ? other.gte(own) : other.lte(own)));
  if (moved && !price.eq(own)) {
    return `${book}; strategy 6.6, ${RULE_WORDS['6.6']}: the other account's are at ${beyondPrices.map((one) => one.toFixed()).join(', ')}`;
  }
  if (guarded) return `${book}; the guard is more passive and counts (strategy 7.1, 7.2)`;
  return `${book}; ${rule}`;
}

/** The exchange's answers, oldest first. */
function answers({ outcomes, facts }: OrderHistory): string[] {
  if (outcomes.length === 0) return ['nothing yet that the journal has'];
  const over = facts.map((entry) => entry.body).findLast((fact) => fact.type === 'order.over');
  return outcomes.map(({ body }) => {
    const words = reasonText(body.detail);
    const detail = words === '' || words === 'UNSPECIFIED' ? '' : `: ${words}`;
    const traded =
      over?.type === 'order.over' && over.atMs === body.atMs ? `, ${over.tradedSize.toFixed()} traded in all` : '';
    return `${clockTime(body.atMs)} ${OUTCOME_WORDS[body.outcome]}${detail}${traded}`;
  });
}

const OUTCOME_WORDS: Readonly<Record<OrderOutcome['outcome'], string>> = {
  resting: 'rests in the book',
  filled: 'filled',
  cancelled: 'cancelled',
  rejected: 'rejected by the matching engine',
  refused: 'refused, it was never an order',
  unsent: 'did not leave',
  absent: 'proven never to have existed (strategy 9.6)',
  unknown: 'no clear answer; it counts as live until there is proof (strategy 9.6)',
};

function fills(journal: EngineJournal, history: OrderHistory): string[] {
  const own = history.facts
    .map((entry) => entry as StoredEntry<'fact'>)
    .filter((entry) => entry.key === history.clientOrderId);
  const lines = own.flatMap((entry) => {
    const fact = entry.body;
    if (fact.type === 'fill.waiting') return [`${clockTime(fact.atMs)} ${line(fact)?.text ?? ''}`];
    if (fact.type !== 'fill.booked') return [];
    const booked = `${clockTime(fact.atMs)} ${fact.fillSize.toFixed()} @ ${fact.fillPrice.toFixed()}, net then ${fact.netAfter.toFixed()}`;
    return [booked, ...fact.matches.map((match) => `   ${consumed(match)}`), ...left(journal, entry.seq, fact)];
  });
  return lines.length === 0 ? ['none booked'] : lines;
}

function consumed(match: LotMatch): string {
  const verb = { hedge: 'hedges', unwind: 'unwinds', netting: 'nets' }[match.kind];
  const side = match.fillSide === 'sell' ? 'buy' : 'sell';
  return (
    `${verb} ${match.size.toFixed()} of lot #${match.lotId} (${match.lotAccount} ${side} @ ${match.lotPrice.toFixed()}, ` +
    `${clockTime(match.lotBookedAtMs)}), gain ${match.gainUsdt.toFixed()} USDT (strategy 4.4)`
  );
}

/** The lot a fill left, and its hedges since. */
function left(journal: EngineJournal, seq: number, fact: FillFact): string[] {
  if (fact.openedLotSize.isZero()) return [];
  let open = fact.openedLotSize;
  const hedges: string[] = [];
  for (const entry of journal.scan({ kind: 'fact', afterSeq: seq })) {
    const later = entry.body as Fact;
    if (later.type !== 'fill.booked' && later.type !== 'drift.adopted') continue;
    if (later.instrument !== fact.instrument) continue;
    for (const match of later.matches) {
      const same =
        match.lotAccount === fact.account && match.lotBookedAtMs === fact.atMs && match.lotPrice.eq(fact.fillPrice);
      if (!same || open.isZero()) continue;
      open = open.minus(match.size);
      const outside = later.type === 'drift.adopted' && later.byHand ? 'by hand' : 'by a change from outside';
      const by = later.type === 'fill.booked' ? `by order ${later.clientOrderId}` : outside;
      hedges.push(
        `   hedged later, ${clockTime(later.atMs)}: ${match.size.toFixed()} @ ${match.fillPrice.toFixed()} ${by}, ` +
          `gain ${match.gainUsdt.toFixed()} USDT, after ${lasting(later.atMs - fact.atMs)}`,
      );
    }
  }
  const state = open.gt(0) ? `${open.toFixed()} of it is still open` : 'all of it is hedged';
  return [`   leaves a lot of ${fact.openedLotSize.toFixed()} @ ${fact.fillPrice.toFixed()}; ${state}`, ...hedges];
}

/** Later decisions about the order: its cancels. */
function later(history: OrderHistory, first: StoredEntry<'decision'> | null): string[] {
  const lines = history.decisions.flatMap((entry) => {
    if (entry.seq === first?.seq) return [];
    const { plan } = entry.body as RecordedDecision;
    return plan.trims
      .filter((trim) => trim.order.clientOrderId === history.clientOrderId)
      .map((trim) => `${clockTime(entry.atMs)} cancel decided: ${reasonText(trim.why)} (strategy ${ruleOf(trim.why)})`);
  });
  return lines.length === 0 ? [] : ['', 'Cancels', ...indented(lines)];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((text) => `  ${text}`);
}

import type { Decimal } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import type { PreparedOrder, StoredEntry } from '../core/journal-entry.ts';
import {
  ACCOUNTS,
  type AccountName,
  type Intent,
  type LotMatch,
  type Side,
  type SymbolSnapshot,
} from '../core/model.ts';
import { parseClientOrderId } from '../core/order-id.ts';
import type { Plan } from '../core/plan.ts';
import type { PlanInput } from '../core/plan-input.ts';
import { waitingSize } from '../core/symbol-state.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { pairWords } from '../journal/pair.ts';
import { type OrderHistory, orderHistory } from '../journal/read.ts';
import { TRADING_STATE_NAMES } from '../texts/check.ts';
import { lasting } from '../texts/duration.ts';
import { MATCHES, OUTCOMES, PURPOSES, RULE_WORDS, type WhyWords, whyText } from '../texts/explain.ts';
import { type Language, SIDES } from '../texts/language.ts';
import { reasonText, ruleOf } from '../texts/reasons.ts';
import type { RecordedDecision } from './replay.ts';
import { clockTime, zoneName } from './words.ts';

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
export function explainOrder(journal: EngineJournal, clientOrderId: string, language: Language = 'en'): Explanation {
  const words: WhyWords = (name, values) => whyText(language, name, values);
  const history = orderHistory(journal, clientOrderId);
  const { prepared, outcomes, facts, decisions } = history;
  const known = prepared !== null || outcomes.length > 0 || facts.length > 0 || decisions.length > 0;
  if (!known) return { known, lines: unknownOrder(clientOrderId, words, language) };
  const decision = prepared === null ? null : decisionOf(history, prepared.body.intent);
  const pair = pairWords(journal, language);
  const lines = [
    headline(history, words, language),
    ...(pair === null ? [] : [words('pair', { pair })]),
    ...(prepared === null ? adoptedWords(history, words) : decisionWords(decision, prepared, words, language)),
    '',
    words('answered'),
    ...indented(answers(history, words, language)),
    '',
    words('fills'),
    ...indented(fills(journal, history, words, language)),
    ...later(history, decision, words, language),
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

function unknownOrder(id: string, words: WhyWords, language: Language): string[] {
  const parts = parseClientOrderId(id);
  if (parts === null) return [words('unknownForeign', { id })];
  const { account, side } = parts;
  return [words('unknown', { id }), words('unknownOurs', { account, side: SIDES[language][side] })];
}

/** Side, size and price of an order or a lot, as values of a text. */
function sized(
  { side, size, price }: { readonly side: Side; readonly size: Decimal; readonly price: Decimal },
  language: Language,
) {
  return { side: SIDES[language][side], size: size.toFixed(), price: price.toFixed() };
}

function headline({ clientOrderId: id, prepared, facts }: OrderHistory, words: WhyWords, language: Language): string {
  if (prepared !== null) {
    const { intent, price, attempt } = prepared.body;
    const { instrument, account, purpose } = intent;
    return words('order', {
      ...{ id, instrument, account, ...sized({ ...intent, price }, language) },
      ...{ purpose: PURPOSES[language][purpose], attempt: attempt > 1 ? attempt : null },
    });
  }
  const worded = facts.map((entry) => entry.body).find((fact) => 'side' in fact && 'price' in fact);
  if (worded === undefined || !('side' in worded)) return words('order', { id });
  const { instrument, account, purpose } = worded;
  return words('order', {
    ...{ id, instrument, account, ...sized(worded, language) },
    purpose: words('takenAs', { purpose: PURPOSES[language][purpose] }),
  });
}

function adoptedWords({ facts }: OrderHistory, words: WhyWords): string[] {
  const lines = facts.flatMap(({ body }) => {
    if (body.type !== 'order.adopted') return [];
    const traded = body.tradedSize.isZero() ? null : body.tradedSize.toFixed();
    return [words('adopted', { time: clockTime(body.atMs), traded })];
  });
  return ['', words('notHere'), ...indented(lines.slice(0, 1))];
}

function decisionWords(
  entry: StoredEntry<'decision'> | null,
  prepared: StoredEntry<'order.prepared'>,
  words: WhyWords,
  language: Language,
): string[] {
  const { intent } = prepared.body;
  const placing = ['', words('placing'), ...indented(orderWords(prepared.body, entry, words, language))];
  if (entry === null) return ['', words('decisionGone', { intent: intent.intentId }), ...placing];
  const { input, plan, snapshots } = entry.body as RecordedDecision;
  const state = TRADING_STATE_NAMES[language][plan.tradingState];
  return [
    '',
    words('known', { time: clockTime(input.nowMs), zone: zoneName() }),
    ...indented(ACCOUNTS.flatMap((account) => snapshotWords(account, snapshots[account], input, words, language))),
    ...indented(situationWords(input, words, language)),
    '',
    words('state'),
    ...indented([
      words('stateIs', { state, why: reasonText(plan.why, language) }),
      ...otherOrders(plan, intent, words, language),
    ]),
    ...placing,
  ];
}

function snapshotWords(
  account: AccountName,
  snapshot: SymbolSnapshot | null,
  input: PlanInput,
  words: WhyWords,
  language: Language,
): string[] {
  if (snapshot === null) return [words('notRead', { account })];
  const { position, orders, requestedAtMs } = snapshot;
  const held =
    position === null
      ? words('flat')
      : words('position', {
          ...{ size: position.size.toFixed(), price: position.entryPrice.toFixed() },
          mark: position.markPrice.toFixed(),
        });
  const seen = orders.map((order) =>
    words('seen', {
      ...sized({ ...order, price: order.limitPrice }, language),
      ...{ status: order.status, id: order.clientOrderId },
      traded: order.tradedSize.isZero() ? null : order.tradedSize.toFixed(),
    }),
  );
  return [words('snapshot', { account, held, seconds: ((input.nowMs - requestedAtMs) / 1000).toFixed(1) }), ...seen];
}

function situationWords({ valuation, state }: PlanInput, words: WhyWords, language: Language): string[] {
  const { net, diffUsdt, mark, smallestTradable, hedged } = valuation;
  const orders = state.orders.map((order) =>
    words('live', {
      ...{ account: order.account, ...sized(order, language), id: order.clientOrderId },
      waiting: waitingSize(order).gt(0) ? waitingSize(order).toFixed() : null,
      doubt: order.unknown ? words('doubt') : null,
    }),
  );
  const lots = state.lots.map((lot) => words('lot', { id: lot.id, account: lot.account, ...sized(lot, language) }));
  return [
    words('valued', {
      ...{ mark: mark.toFixed(), net: net.toFixed(), usdt: diffUsdt.toFixed(2) },
      ...{ hedged: words(hedged ? 'hedged' : 'notHedged'), smallest: smallestTradable.toFixed() },
    }),
    ...orders,
    ...lots,
  ];
}

/** The other orders of the same decision. */
function otherOrders(plan: Plan, intent: Intent, words: WhyWords, language: Language): string[] {
  return [
    ...plan.creates
      .filter((one) => one.intentId !== intent.intentId)
      .map(({ account, side, size, purpose }) =>
        words('withCreate', {
          ...{ account, side: SIDES[language][side], size: size.toFixed(), purpose: PURPOSES[language][purpose] },
        }),
      ),
    ...plan.trims.map(({ order, why }) =>
      words('withCancel', {
        ...{ account: order.account, ...sized(order, language), why: reasonText(why, language), rule: ruleOf(why) },
      }),
    ),
  ];
}

function orderWords(
  prepared: PreparedOrder,
  entry: StoredEntry<'decision'> | null,
  words: WhyWords,
  language: Language,
): string[] {
  const { intent, price, attempt, sentAtMs, expirationMs } = prepared;
  const { guardPrice, nearerThanPrice, side } = intent;
  const config = (entry?.body as RecordedDecision | undefined)?.input.config;
  const rules = RULE_WORDS[language];
  const sideRule = intent.rules.find((rule) => ['6.1', '6.2', '6.3'].includes(rule)) ?? '6';
  const sizeRule = intent.rules.find((rule) => ['6.4', '6.5'].includes(rule)) ?? '6';
  const guard = { price: guardPrice?.toFixed() ?? words('none'), words: rules['7.2'] };
  return [
    words('side', {
      ...{ account: intent.account, side: SIDES[language][side], rule: sideRule, words: rules[sideRule] },
    }),
    words('size', {
      ...{ size: intent.size.toFixed(), rule: sizeRule, words: rules[sizeRule] },
      limit: config?.orderNotionalUsdt.toFixed(),
    }),
    intent.purpose === 'opening' ? words('noGuard') : words(side === 'sell' ? 'guardBelow' : 'guardAbove', guard),
    words('price', { price: price.toFixed(), words: priceWords(prepared, words, language) }),
    ...(nearerThanPrice === null ? [] : [words('nearer', { price: nearerThanPrice.toFixed() })]),
    words('rules', { rules: intent.rules.join(', ') }),
    words('sent', { time: clockTime(sentAtMs), attempt, expires: clockTime(expirationMs) }),
  ];
}

/** Which of best price, guard and the other account's orders determined the price (strategy 7.1, 6.6). */
function priceWords({ intent, price, pricedFrom }: PreparedOrder, words: WhyWords, language: Language): string {
  const rules = RULE_WORDS[language];
  const rule = words('priceRule', { words: rules['7.1'] });
  if (pricedFrom === undefined) return rule;
  const { bid, ask, beyondPrices } = pricedFrom;
  const { side, guardPrice } = intent;
  const by = (what: string) => words('priceBook', { bid: bid.toFixed(), ask: ask.toFixed(), rule: what });
  const touch = side === 'sell' ? ask : bid;
  const hardest = (one: Decimal, other: Decimal) => (side === 'sell' ? other.gt(one) : other.lt(one));
  const guarded = guardPrice !== null && hardest(touch, guardPrice);
  const own = guarded && guardPrice !== null ? guardPrice : touch;
  // Apart from the guard's rounding to a tick, only another order of ours moves the price away from the best price.
  const moved = beyondPrices.some((other) => (side === 'sell' ? other.gte(own) : other.lte(own)));
  if (moved && !price.eq(own)) {
    const others = beyondPrices.map((one) => one.toFixed()).join(', ');
    return by(words('priceMoved', { words: rules['6.6'], others }));
  }
  return by(guarded ? words('priceGuarded') : rule);
}

/** The exchange's answers, oldest first. */
function answers({ outcomes, facts }: OrderHistory, words: WhyWords, language: Language): string[] {
  if (outcomes.length === 0) return [words('noAnswer')];
  const over = facts.map((entry) => entry.body).findLast((fact) => fact.type === 'order.over');
  return outcomes.map(({ body }) => {
    const detail = reasonText(body.detail, language);
    return words('answer', {
      ...{ time: clockTime(body.atMs), outcome: OUTCOMES[language][body.outcome] },
      detail: detail === 'UNSPECIFIED' ? '' : detail,
      traded: over?.type === 'order.over' && over.atMs === body.atMs ? over.tradedSize.toFixed() : null,
    });
  });
}

function fills(journal: EngineJournal, history: OrderHistory, words: WhyWords, language: Language): string[] {
  const own = history.facts
    .map((entry) => entry as StoredEntry<'fact'>)
    .filter((entry) => entry.key === history.clientOrderId);
  const lines = own.flatMap((entry) => {
    const fact = entry.body;
    if (fact.type !== 'fill.waiting' && fact.type !== 'fill.booked') return [];
    const [time, filled, price] = [clockTime(fact.atMs), fact.fillSize.toFixed(), fact.fillPrice.toFixed()];
    if (fact.type === 'fill.waiting') {
      const rest = lasting(fact.untilMs - fact.atMs, language);
      return [words('waiting', { time, filled, size: fact.size.toFixed(), price, rest })];
    }
    return [
      words('booked', { time, size: filled, price, net: fact.netAfter.toFixed() }),
      ...fact.matches.map((match) => matched(match, words, language)),
      ...left(journal, entry.seq, fact, words, language),
    ];
  });
  return lines.length === 0 ? [words('noFill')] : lines;
}

function matched(match: LotMatch, words: WhyWords, language: Language): string {
  return words('matched', {
    ...{ verb: MATCHES[language][match.kind], size: match.size.toFixed(), id: match.lotId },
    ...{ account: match.lotAccount, side: SIDES[language][match.fillSide === 'sell' ? 'buy' : 'sell'] },
    ...{ price: match.lotPrice.toFixed(), time: clockTime(match.lotBookedAtMs), gain: match.gainUsdt.toFixed() },
  });
}

/** The lot a fill left, and its hedges since. */
function left(journal: EngineJournal, seq: number, fact: FillFact, words: WhyWords, language: Language): string[] {
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
      hedges.push(
        words('hedgedLater', {
          ...{ time: clockTime(later.atMs), size: match.size.toFixed(), price: match.fillPrice.toFixed() },
          by:
            later.type === 'fill.booked'
              ? words('byOrder', { id: later.clientOrderId })
              : words(later.byHand ? 'byHand' : 'byOutside'),
          ...{ gain: match.gainUsdt.toFixed(), age: lasting(later.atMs - fact.atMs, language) },
        }),
      );
    }
  }
  const rest = open.gt(0) ? words('stillOpen', { size: open.toFixed() }) : words('allHedged');
  return [words('leaves', { size: fact.openedLotSize.toFixed(), price: fact.fillPrice.toFixed(), rest }), ...hedges];
}

/** Later decisions about the order: its cancels. */
function later(
  history: OrderHistory,
  first: StoredEntry<'decision'> | null,
  words: WhyWords,
  language: Language,
): string[] {
  const lines = history.decisions.flatMap((entry) => {
    if (entry.seq === first?.seq) return [];
    const { plan } = entry.body as RecordedDecision;
    return plan.trims
      .filter((trim) => trim.order.clientOrderId === history.clientOrderId)
      .map(({ why }) =>
        words('cancel', { time: clockTime(entry.atMs), why: reasonText(why, language), rule: ruleOf(why) }),
      );
  });
  return lines.length === 0 ? [] : ['', words('cancels'), ...indented(lines)];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((text) => `  ${text}`);
}

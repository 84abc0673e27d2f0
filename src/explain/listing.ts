import { type AlertState, listAlerts, readAlertState } from '../core/alert-episodes.ts';
import { ZERO } from '../core/decimal.ts';
import { guardPrice, lotsNet } from '../core/ledger.ts';
import { type AccountName, type ManagedOrder, otherAccount } from '../core/model.ts';
import { restoreOutbox } from '../core/outbox.ts';
import { remainingSize, type SymbolState, waitingSize } from '../core/symbol-state.ts';
import { sideAgainst } from '../core/valuing.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { alertLine } from '../notify/texts.ts';
import { lasting } from '../texts/duration.ts';
import { PURPOSES } from '../texts/explain.ts';
import { type Language, SIDES } from '../texts/language.ts';
import { LOT_HEADS, listText, listWords, ORDER_HEADS } from '../texts/listings.ts';
import { clockTime, columns, plainJson } from './words.ts';

/** Open lots, live orders and alerts by the journal, each as lines in a language, or as JSON with decimals as text. */

/** Alerts that ended longer ago are not listed. */
export const RECENT_ALERTS_MS = 24 * 3_600_000;

interface Listing {
  readonly lines: readonly string[];
  readonly json: unknown;
}

function statesOf(journal: EngineJournal): SymbolState[] {
  return journal
    .latestOfEach('symbol.state')
    .map((entry) => entry.body as SymbolState)
    .filter((state) => state.begun)
    .sort((a, b) => (a.instrument < b.instrument ? -1 : 1));
}

/** Open lots by symbol, with the net and the guard price of its hedge (strategy 4.4, 7.2). */
export function listLots(journal: EngineJournal, nowMs: number, language: Language): Listing {
  const text = listWords(language);
  const symbols = statesOf(journal).map((state) => ({ state, hedge: hedgeOf(state) }));
  const open = symbols.filter(({ state }) => state.lots.length > 0);
  const lines = open.flatMap(({ state, hedge }) => {
    const time = state.unhedgedSinceMs === null ? null : lasting(nowMs - state.unhedgedSinceMs, language);
    const { side = 'buy', size = ZERO, guardPrice = null } = hedge ?? {};
    const wanted = { side: SIDES[language][side], size: size.toFixed(), price: guardPrice?.toFixed() ?? '-' };
    return [
      text('lotsOf', {
        ...{ symbol: state.instrument, net: lotsNet(state.lots).toFixed(), time },
        hedge: hedge === null ? text('noHedge') : text('hedge', wanted),
      }),
      ...columns([
        LOT_HEADS[language],
        ...state.lots.map((lot) => [
          `#${lot.id}`,
          lot.account,
          SIDES[language][lot.side],
          lot.size.toFixed(),
          lot.price.toFixed(),
          lasting(nowMs - lot.bookedAtMs, language),
          text(SOURCES[lot.source], { id: lot.clientOrderId }),
        ]),
      ]).map((row) => `  ${row}`),
    ];
  });
  const names = symbols.filter(({ state }) => state.lots.length === 0).map(({ state }) => state.instrument);
  if (names.length > 0) lines.push(text('noLots', { symbols: names.join(', ') }));
  return {
    lines: lines.length === 0 ? [text('noSymbol')] : lines,
    json: plainJson(
      symbols.map(({ state, hedge }) => ({
        instrument: state.instrument,
        net: lotsNet(state.lots),
        unhedgedSinceMs: state.unhedgedSinceMs,
        hedge,
        lots: state.lots,
      })),
    ),
  };
}

const SOURCES = { fill: 'ofOrder', start: 'ofStart', drift: 'ofDrift' } as const;

function hedgeOf(state: SymbolState) {
  const net = lotsNet(state.lots);
  if (net.isZero()) return null;
  const side = sideAgainst(net);
  const size = net.abs();
  // The lots to be matched are mostly of one account; the other one hedges them.
  const held: AccountName = state.lots.find((lot) => lot.side !== side)?.account ?? 'A';
  return { side, size, guardPrice: guardPrice(state.lots, { account: otherAccount(held), side, size }, ZERO) };
}

/** Live managed orders (strategy 1). */
export function listOrders(journal: EngineJournal, nowMs: number, language: Language): Listing {
  const text = listWords(language);
  const states = statesOf(journal);
  const orders = states.flatMap((state) => state.orders.map((order) => ({ instrument: state.instrument, ...order })));
  const rows = orders.map((order) => [
    order.instrument,
    order.account,
    SIDES[language][order.side],
    order.size.toFixed(),
    order.price.toFixed(),
    order.tradedSize.toFixed(),
    waitingSize(order).gt(0) ? text('waits', { size: waitingSize(order).toFixed() }) : '',
    PURPOSES[language][order.purpose],
    text(statusOf(order)),
    lasting(nowMs - order.sentAtMs, language),
    order.expirationMs > nowMs
      ? text('expiresIn', { time: lasting(order.expirationMs - nowMs, language) })
      : text('expired'),
    order.clientOrderId,
  ]);
  return {
    lines: rows.length === 0 ? [text('noOrder')] : columns([ORDER_HEADS[language], ...rows]),
    json: plainJson(
      orders.map((order) => ({
        ...order,
        status: listText('en', statusOf(order)),
        remainingSize: remainingSize(order),
      })),
    ),
  };
}

function statusOf(order: ManagedOrder): 'unknown' | 'sent' | 'resting' | 'cancelling' {
  if (order.unknown) return 'unknown';
  if (order.confirmedAtMs === null) return 'sent';
  return order.cancelRequestedAtMs === null ? 'resting' : 'cancelling';
}

/** Open alerts, those that ended within a day, and the number of undelivered messages (strategy 12). */
export function listOpenAlerts(journal: EngineJournal, nowMs: number, language: Language): Listing {
  const text = listWords(language);
  const states = journal.latestOfEach('alert.state').flatMap((entry) => readAlertState(entry.body) ?? []);
  const { open, recent } = listAlerts(states, nowMs - RECENT_ALERTS_MS);
  const waiting = restoreOutbox(journal.latestOfEach('outbox').map((entry) => entry.body)).pending.size;
  const told = (state: AlertState) =>
    state.timesSent === 0 ? text('notTold') : text('told', { times: state.timesSent });
  const wordsOf = (state: AlertState, untilMs: number) => ({
    ...{ alert: alertLine(state, language), since: clockTime(state.sinceMs), told: told(state) },
    lasted: lasting(untilMs - state.sinceMs, language),
  });
  const lines = [
    open.length === 0 ? text('noAlert') : text('openAlerts', { count: open.length }),
    ...open.map((state) => {
      const over = state.overAtMs === null ? null : lasting(nowMs - state.overAtMs, language);
      return text('openAlert', { ...wordsOf(state, nowMs), over });
    }),
    ...(recent.length === 0 ? [] : [text('endedAlerts', { count: recent.length })]),
    ...recent.map((state) => text('endedAlert', wordsOf(state, state.overAtMs ?? state.closedAtMs ?? nowMs))),
    ...(waiting === 0 ? [] : [text('waiting', { count: waiting })]),
  ];
  return { lines, json: plainJson({ open, recent, waiting }) };
}

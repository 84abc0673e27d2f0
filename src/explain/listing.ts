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
import type { Language } from '../texts/language.ts';
import { clockTime, columns, plainJson } from './words.ts';

/** Open lots, live orders and alerts by the journal, each as lines, or as JSON with decimals as text. */

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
export function listLots(journal: EngineJournal, nowMs: number): Listing {
  const symbols = statesOf(journal).map((state) => ({ state, hedge: hedgeOf(state) }));
  const open = symbols.filter(({ state }) => state.lots.length > 0);
  const lines = open.flatMap(({ state, hedge }) => {
    const since = state.unhedgedSinceMs === null ? '' : `, unhedged for ${lasting(nowMs - state.unhedgedSinceMs)}`;
    const wanted =
      hedge === null
        ? 'nothing is to be hedged'
        : `to be hedged by a ${hedge.side} of ${hedge.size.toFixed()} at ${hedge.guardPrice?.toFixed() ?? '-'} or better`;
    return [
      `${state.instrument}: net ${lotsNet(state.lots).toFixed()}${since}; ${wanted}`,
      ...columns([
        ['lot', 'account', 'side', 'size', 'price', 'age', 'from'],
        ...state.lots.map((lot) => [
          `#${lot.id}`,
          lot.account,
          lot.side,
          lot.size.toFixed(),
          lot.price.toFixed(),
          lasting(nowMs - lot.bookedAtMs),
          lot.source === 'fill' ? `order ${lot.clientOrderId}` : SOURCES[lot.source],
        ]),
      ]).map((row) => `  ${row}`),
    ];
  });
  const names = symbols.filter(({ state }) => state.lots.length === 0).map(({ state }) => state.instrument);
  if (names.length > 0) lines.push(`No open lots: ${names.join(', ')}`);
  return {
    lines: lines.length === 0 ? ['No symbol is known yet.'] : lines,
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

const SOURCES = { start: 'a position found at the start', drift: 'a change from outside' } as const;

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
export function listOrders(journal: EngineJournal, nowMs: number): Listing {
  const states = statesOf(journal);
  const orders = states.flatMap((state) =>
    state.orders.map((order) => ({ instrument: state.instrument, status: statusOf(order), ...order })),
  );
  const rows = orders.map((order) => [
    order.instrument,
    order.account,
    order.side,
    order.size.toFixed(),
    order.price.toFixed(),
    order.tradedSize.toFixed(),
    waitingSize(order).gt(0) ? `${waitingSize(order).toFixed()} waits` : '',
    order.purpose,
    order.status,
    lasting(nowMs - order.sentAtMs),
    order.expirationMs > nowMs ? `in ${lasting(order.expirationMs - nowMs)}` : 'expired',
    order.clientOrderId,
  ]);
  const head = [
    'instrument',
    'account',
    'side',
    'size',
    'price',
    'traded',
    'booking',
    'purpose',
    'status',
    'age',
    'expires',
    'client order id',
  ];
  return {
    lines: rows.length === 0 ? ['No live order is known.'] : columns([head, ...rows]),
    json: plainJson(orders.map((order) => ({ ...order, remainingSize: remainingSize(order) }))),
  };
}

function statusOf(order: ManagedOrder): string {
  if (order.unknown) return 'unknown, being found out';
  if (order.confirmedAtMs === null) return 'on its way';
  return order.cancelRequestedAtMs === null ? 'resting' : 'being cancelled';
}

/** Open alerts, those that ended within a day, and the number of undelivered messages (strategy 12). */
export function listOpenAlerts(journal: EngineJournal, nowMs: number, language: Language): Listing {
  const states = journal.latestOfEach('alert.state').flatMap((entry) => readAlertState(entry.body) ?? []);
  const { open, recent } = listAlerts(states, nowMs - RECENT_ALERTS_MS);
  const waiting = restoreOutbox(journal.latestOfEach('outbox').map((entry) => entry.body)).pending.size;
  const sent = (state: AlertState) => (state.timesSent === 0 ? 'not sent' : `sent ${state.timesSent} ×`);
  const lines = [
    open.length === 0 ? 'No alert is open.' : `Open (${open.length}):`,
    ...open.map((state) => {
      const over = state.overAtMs === null ? '' : `, over for ${lasting(nowMs - state.overAtMs)}`;
      return `  ${alertLine(state, language)} · since ${clockTime(state.sinceMs)}, ${lasting(nowMs - state.sinceMs)}${over} · ${sent(state)}`;
    }),
    ...(recent.length === 0 ? [] : [`Ended within a day (${recent.length}):`]),
    ...recent.map((state) => {
      const end = state.overAtMs ?? state.closedAtMs ?? nowMs;
      return `  ${alertLine(state, language)} · ${clockTime(state.sinceMs)}, lasted ${lasting(end - state.sinceMs)} · ${sent(state)}`;
    }),
    ...(waiting === 0 ? [] : [`Waiting to be delivered: ${waiting}`]),
  ];
  return { lines, json: plainJson({ open, recent, waiting }) };
}

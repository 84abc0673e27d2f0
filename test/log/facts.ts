import { Decimal } from '../../src/core/decimal.ts';
import type { Fact, OrderWords } from '../../src/core/facts.ts';
import type { Intent, LotMatch } from '../../src/core/model.ts';
import { reason } from '../../src/core/reasons.ts';

export const AT = Date.UTC(2026, 9, 17, 9, 0, 0);

export function d(text: string): Decimal {
  return new Decimal(text);
}

export const A_BUY: OrderWords = {
  instrument: 'BNB_USDT_Perp',
  account: 'A',
  clientOrderId: '16140901064495857665',
  side: 'buy',
  size: d('0.52'),
  price: d('612.3'),
  purpose: 'opening',
  guardPrice: null,
};

export const B_SELL: OrderWords = {
  ...A_BUY,
  account: 'B',
  side: 'sell',
  purpose: 'repair',
  price: d('612.5'),
  guardPrice: d('612.3'),
};

export function match(change: Partial<LotMatch> = {}): LotMatch {
  return {
    kind: 'hedge',
    lotId: 1,
    lotAccount: 'A',
    lotPrice: d('612.3'),
    lotBookedAtMs: AT - 34_000,
    fillAccount: 'B',
    fillSide: 'sell',
    fillPrice: d('612.5'),
    size: d('0.52'),
    gainUsdt: d('0.104'),
    ...change,
  };
}

const intent: Intent = {
  intentId: 'i1',
  instrument: 'BNB_USDT_Perp',
  account: 'B',
  side: 'sell',
  size: d('0.52'),
  purpose: 'repair',
  guardPrice: d('612.3'),
  nearerThanPrice: null,
  beyondPrice: null,
  rules: ['6.3'],
};

const failure = {
  kind: 'unavailable',
  call: 'positions',
  account: 'A',
  code: null,
  message: 'no answer within 5 s',
} as const;

/** One fact of every type; a type without one does not compile. */
export const FACTS: { readonly [T in Fact['type']]: Extract<Fact, { type: T }> } = {
  'state.changed': {
    type: 'state.changed',
    atMs: AT,
    instrument: 'BNB_USDT_Perp',
    from: 'equal',
    to: 'imbalanced',
    why: reason('imbalanced', '5', { net: '0.52', usdt: '318.40' }),
  },
  'alerts.refused': { type: 'alerts.refused', atMs: AT, reason: 'status 400', setAside: 2, waiting: 3 },
  'symbol.leaving': { type: 'symbol.leaving', atMs: AT, instrument: 'BNB_USDT_Perp', leaving: 'removed' },
  'symbol.left': {
    type: 'symbol.left',
    atMs: AT,
    instrument: 'BNB_USDT_Perp',
    leaving: 'removed',
    sizes: { A: new Decimal('5'), B: d('-4.99') },
    net: new Decimal('0.01'),
  },
  'order.stray': { type: 'order.stray', atMs: AT, account: 'A', instrument: 'OLD_USDT_Perp', clientOrderId: '7' },
  'symbol.warned': {
    type: 'symbol.warned',
    atMs: AT,
    instrument: 'BNB_USDT_Perp',
    text: 'BNB_USDT_Perp order_notional_usdt: 5 buys nothing',
  },
  'symbol.idle': {
    type: 'symbol.idle',
    atMs: AT,
    instrument: 'BNB_USDT_Perp',
    why: reason('quoting', '8.2', { orders: [{ account: 'A', side: 'buy', size: '0.52', price: '612.3' }] }),
  },
  'order.sent': { type: 'order.sent', atMs: AT, attempt: 1, ...A_BUY },
  'order.placed': { type: 'order.placed', atMs: AT, attempt: 1, elapsedMs: 12, ...A_BUY },
  'order.post-only-refused': { type: 'order.post-only-refused', atMs: AT, attempt: 1, attemptsLeft: 4, ...A_BUY },
  'order.refused': {
    type: 'order.refused',
    atMs: AT,
    code: 2062,
    reason: reason('call-failed', '9.6', { message: 'size below min_size' }),
    ...A_BUY,
  },
  'order.unknown': {
    type: 'order.unknown',
    atMs: AT,
    reason: reason('call-failed', '9.6', { message: 'no answer within 5 s' }),
    ...A_BUY,
  },
  'order.resolved': { type: 'order.resolved', atMs: AT, outcome: 'absent', proof: 'expired and in no list', ...A_BUY },
  'intent.denied': {
    type: 'intent.denied',
    atMs: AT,
    instrument: 'BNB_USDT_Perp',
    account: 'B',
    intent,
    why: reason('notional-below-minimum', '7.3', { notional: '4.9', minimum: '5' }),
  },
  'intent.exhausted': { type: 'intent.exhausted', atMs: AT, instrument: 'BNB_USDT_Perp', account: 'B', attempts: 5 },
  'order.cancel-requested': {
    type: 'order.cancel-requested',
    atMs: AT,
    why: reason('over-low-diff-cap', '8.2'),
    ...A_BUY,
  },
  'order.over': {
    type: 'order.over',
    atMs: AT,
    status: 'CANCELLED',
    reason: 'USER_CANCEL',
    tradedSize: d('0'),
    ...A_BUY,
  },
  'order.adopted': { type: 'order.adopted', atMs: AT, tradedSize: d('0.1'), ...A_BUY },
  'fill.waiting': {
    type: 'fill.waiting',
    atMs: AT,
    fillSize: d('0.2'),
    fillPrice: d('612.3'),
    untilMs: AT + 1_800_000,
    ...A_BUY,
  },
  'fill.booked': {
    type: 'fill.booked',
    atMs: AT,
    fillSize: d('0.52'),
    fillPrice: d('612.5'),
    matches: [match()],
    openedLotSize: d('0'),
    netAfter: d('0'),
    ...B_SELL,
  },
  'drift.seen': {
    type: 'drift.seen',
    atMs: AT,
    instrument: 'BNB_USDT_Perp',
    account: 'A',
    difference: d('0.1'),
    snapshots: 1,
  },
  'drift.adopted': {
    type: 'drift.adopted',
    atMs: AT,
    instrument: 'BNB_USDT_Perp',
    account: 'A',
    difference: d('0.1'),
    price: d('612'),
    matches: [],
  },
  'order.foreign': {
    type: 'order.foreign',
    atMs: AT,
    account: 'A',
    instrument: 'BNB_USDT_Perp',
    orderId: '0x0101',
    clientOrderId: '42',
  },
  'instrument.changed': {
    type: 'instrument.changed',
    atMs: AT,
    instrument: 'BNB_USDT_Perp',
    changes: [{ rule: 'tick_size', from: '0.01', to: '0.1' }],
  },
  'row.skipped': {
    type: 'row.skipped',
    atMs: AT,
    account: 'A',
    call: 'positions',
    name: 'DOT_USDT_Perp',
    why: 'mark_price: is zero',
    isLast: false,
  },
  'lots.restored': {
    type: 'lots.restored',
    atMs: AT,
    instrument: 'BNB_USDT_Perp',
    source: 'journal',
    lots: 1,
    net: d('0.52'),
    difference: '',
  },
  'account.polled': {
    type: 'account.polled',
    atMs: AT,
    account: 'A',
    elapsedMs: 20,
    totalEquityUsdt: d('10000'),
    maintenanceMarginUsdt: d('312.5'),
    openOrders: 2,
  },
  'read.failed': { type: 'read.failed', atMs: AT, account: 'A', failure, inARow: 1 },
  'account.parked': {
    type: 'account.parked',
    atMs: AT,
    account: 'A',
    failure: { ...failure, kind: 'parked', code: 1008, message: 'IP not whitelisted' },
  },
  'account.unparked': { type: 'account.unparked', atMs: AT, account: 'A' },
  'budget.share': { type: 'budget.share', atMs: AT, account: 'A', bucket: 'reads', share: 0.8 },
  'budget.late': { type: 'budget.late', atMs: AT, account: null, bucket: 'market data', waiting: 1 },
  'stream.contradicted': {
    type: 'stream.contradicted',
    atMs: AT,
    account: 'A',
    instrument: 'BNB_USDT_Perp',
    why: 'two readings differ',
  },
  'stream.changed': { type: 'stream.changed', atMs: AT, account: 'A', status: 'down', why: 'silent for 10 s' },
  'session.renewed': { type: 'session.renewed', atMs: AT, account: 'A', untilMs: AT + 86_400_000 },
  'alert.raised': {
    type: 'alert.raised',
    atMs: AT,
    alert: {
      kind: 'mmr',
      key: 'mmr:A',
      account: 'A',
      instrument: null,
      atMs: AT,
      sinceMs: null,
      details: { ratio: '0.74', threshold: '0.70' },
    },
  },
  'alert.resolved': { type: 'alert.resolved', atMs: AT, key: 'mmr:A', lastedMs: 720_000 },
  'alerts.sent': { type: 'alerts.sent', atMs: AT, alerts: 2, waiting: 0 },
  'alerts.unsent': {
    type: 'alerts.unsent',
    atMs: AT,
    reason: 'gateway says 502',
    inARow: 1,
    waiting: 3,
    pauseMs: 30_000,
  },
  'heartbeat.missed': { type: 'heartbeat.missed', atMs: AT, reason: 'no answer' },
  'actor.failed': { type: 'actor.failed', atMs: AT, actor: 'symbol:BNB_USDT_Perp', message: 'size is not whole' },
  'engine.started': {
    type: 'engine.started',
    atMs: AT,
    mode: 'paper',
    instruments: ['BTC_USDT_Perp', 'BNB_USDT_Perp'],
  },
  'engine.draining': { type: 'engine.draining', atMs: AT, why: 'SIGINT' },
  'cleanup.finished': { type: 'cleanup.finished', atMs: AT, cancelled: 2, candidates: 3, kept: 1, left: [] },
  'net.left': {
    type: 'net.left',
    atMs: AT,
    instrument: 'BNB_USDT_Perp',
    hedgeSide: 'sell',
    size: d('0.5'),
    usdt: d('310'),
    sinceMs: AT - 10_800_000,
    costUsdt: d('1.25'),
  },
  'engine.stopped': { type: 'engine.stopped', atMs: AT, exitCode: 0 },
  'invariant.broken': {
    type: 'invariant.broken',
    atMs: AT,
    invariant: 'I3',
    instrument: 'BNB_USDT_Perp',
    detail: 'price 612.35 is off tick',
  },
};

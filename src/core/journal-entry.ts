import type { Decimal } from './decimal.ts';
import type { Fact } from './facts.ts';
import type { Intent } from './model.ts';
import type { Standing } from './modes.ts';
import type { MoneyRow, Totals } from './money.ts';
import type { Reason } from './reasons.ts';
import type { Sample } from './sample.ts';

/** Bodies of the journal entries by kind; core/codec.ts encodes them. */
export interface JournalBodies {
  /** Before a create is sent: the intent and the exact signed bytes (strategy 9.3). Key: client order id. */
  'order.prepared': PreparedOrder;
  /** How a prepared order ended, or that it rests. Key: client order id; the last one counts. */
  'order.outcome': OrderOutcome;
  /** The state a symbol must not forget (core/symbol-state.ts). Key: instrument; the last one counts. */
  'symbol.state': unknown;
  /** Inputs and result of a decision (core/declare.ts). Key: instrument. */
  decision: unknown;
  /** A fact for people: fills booked, lots matched, refusals. Key: client order id or instrument. */
  fact: Fact;
  /** Repeats and episode of an alert. Key: alert key; the last one counts. */
  'alert.state': unknown;
  /** A message to deliver, or delivered. Key: message id; the last one counts. */
  outbox: unknown;
  /** Commands in force for a symbol (strategy 16.2). Key: instrument; the last one counts. */
  command: { readonly standing: readonly Standing[]; readonly settled?: true };
  /** A fill with its fee, a funding payment, a transfer, a balance (strategy 17). Key: `rowKey`; written once each. */
  money: MoneyRow;
  /** Totals of one UTC day, account and symbol (strategy 17.4). Key: `dayKey`; the last one counts. */
  'money.day': Totals;
  /** Marks at the end of a day, by instrument (strategy 17.3). Key: `all`. */
  'money.marks': Readonly<Record<string, Decimal>>;
  /** Figures for charts (strategy 17.6). Key: `minute` or `hour`. */
  sample: Sample;
  /** Single values, e.g. the last daily report. Key: its name; the last one counts. */
  note: unknown;
}
export type JournalKind = keyof JournalBodies;

export interface PreparedOrder {
  readonly intent: Intent;
  readonly attempt: number;
  readonly clientOrderId: string;
  /** Low 58 bits of the id (strategy 9.2). */
  readonly sequence: bigint;
  readonly price: Decimal;
  readonly payload: string;
  readonly sentAtMs: number;
  readonly expirationMs: number;
  /** The data the price was derived from, for `why`; absent in older versions. */
  readonly pricedFrom?: PricedFrom;
}

/** The book of an attempt and the prices it had to avoid (strategy 7.1, 7.4, 6.6). */
export interface PricedFrom {
  readonly bid: Decimal;
  readonly ask: Decimal;
  readonly beyondPrices: readonly Decimal[];
}

export interface OrderOutcome {
  readonly clientOrderId: string;
  /**
   * `resting`, `filled`, `cancelled`, `rejected`: the exchange's states. `refused`: its error answer. `unsent`: never
   * sent. `absent`: proven never to have existed (9.6). `unknown`: not known yet.
   */
  readonly outcome: 'resting' | 'filled' | 'cancelled' | 'rejected' | 'refused' | 'unsent' | 'absent' | 'unknown';
  /** Empty: no detail. */
  readonly detail: Reason | string;
  readonly atMs: number;
}

export interface JournalEntry<K extends JournalKind = JournalKind> {
  readonly kind: K;
  readonly key: string;
  readonly atMs: number;
  readonly body: JournalBodies[K];
}

export interface StoredEntry<K extends JournalKind = JournalKind> extends JournalEntry<K> {
  /** Strictly increasing; never reused. */
  readonly seq: number;
}

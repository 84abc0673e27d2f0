import { errorText } from '../core/error-text.ts';
import { ACCOUNTS, type AccountName } from '../core/model.ts';
import {
  type FillRow,
  type Interval,
  intervalsOf,
  isNearFunding,
  isUnexplained,
  type MoneyRow,
  type PaymentRow,
  rowTimeMs,
} from '../core/money.ts';
import { madeAtMs } from '../core/order-id.ts';
import { ExchangeError } from '../grvt/errors.ts';
import type { GrvtExchange } from '../grvt/exchange.ts';
import type { PaymentList } from '../grvt/payments.ts';
import { bookMatches, bookRows, noteReadUpTo, type ReadUpTo, readUpTo } from '../journal/money.ts';
import type { Clock, Journal } from '../ports.ts';

/**
 * Books what the accounts earn and pay (strategy 17.1, 17.2): every fill, funding payment, transfer and deposit, from
 * the exchange's lists and from frames, and an hourly balance for comparison. Nothing waits for it or depends on it.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Delay of the first read after the start, which has reads of its own. */
export const MONEY_FIRST_MS = 5_000;
/** Interval of reading the fills. */
export const MONEY_EVERY_MS = 10 * MINUTE_MS;
/** Pause after a failed read. */
export const MONEY_RETRY_MS = MINUTE_MS;
/** Overlap of reads: a fill may be listed later than a newer one. */
const OVERLAP_MS = HOUR_MS;
/** Hourly overlap of a day, for what an outage of the exchange lists late. */
const OVERLAP_HOURLY_MS = 25 * HOUR_MS;
/** How far back intervals are checked: as far as the lists are read again, so that a late row still explains one. */
const JUDGED_MS = OVERLAP_HOURLY_MS;
/** How far back while nothing is unexplained: enough balances to know the positions before the first fill. */
const JUDGED_CALM_MS = 4 * HOUR_MS;
/** Delay of writing fills from frames together, apart from any order's entries. */
const FRAMES_PAUSE_MS = 1_000;
/** Most fills from frames waiting to be written; the rest is in the next list. */
const FRAMES_MAX = 1_000;

const LISTS: readonly PaymentList[] = ['funding_payment_history', 'transfer_history', 'deposit_history'];

export interface MoneyReaderParts {
  readonly exchange: Pick<GrvtExchange, 'payments' | 'balance' | 'exchangeNowMs'>;
  readonly journal: Journal;
  readonly clock: Clock;
  /** How long the journal keeps rows (GRVT_HEDGE_JOURNAL_DAYS), ms: older ones are never read again. */
  readonly keptMs: number;
  /** A read fails, or works again. */
  readonly say: (level: 'info' | 'warn', text: string) => void;
  /** The largest gap of each account in a day's intervals (17.3); null: everything is explained. Called hourly. */
  readonly onJudged?: (gaps: Readonly<Record<AccountName, Interval | null>>) => void;
  /** The rows just booked. */
  readonly onBooked?: (rows: readonly MoneyRow[]) => void;
}

export interface MoneyReader {
  /** A fill from a stream. */
  takeFill(fill: FillRow): void;
  /** Writes what frames brought and stops reading. */
  close(): void;
}

/** Clocks that differ by 2 s raise an alert (strategy 12); beyond this difference dates mean nothing. */
const CLOCKS_APART_MS = 60_000;

/** Order id of an order the matching engine has not accepted yet, and of a fill without order (API 5.1). */
const NO_ORDER_ID = '0x00';

/** Reads until it is closed; a failed read is repeated after a minute. */
export function startMoneyReader(parts: MoneyReaderParts): MoneyReader {
  const { exchange, journal, clock } = parts;
  const nowMs = () => clock.nowMs();
  let closed = false;
  let failing = false;
  /** The hour, since the epoch, of the last balance. */
  let hour: number | null = null;
  /** Checked from then on: from the oldest gap, or, after a start, from a day before. */
  let judgedFromMs = nowMs() - JUDGED_MS;
  let frames: FillRow[] = [];
  let writing: NodeJS.Timeout | null = null;
  let next = setTimeout(read, MONEY_FIRST_MS);

  function read(): void {
    readAll().then(
      (why) => follow(why),
      (thrown: unknown) => follow(errorText(thrown)),
    );
  }

  function follow(why: string | null): void {
    if (closed) return;
    if (why !== null && !failing)
      parts.say('warn', `Money: lists could not be read completely, retried every minute: ${why}`);
    if (why === null && failing) parts.say('info', 'Money: lists are read completely again');
    failing = why !== null;
    next = setTimeout(read, why === null ? MONEY_EVERY_MS : MONEY_RETRY_MS);
  }

  /** @returns why something was not read; null: everything was */
  async function readAll(): Promise<string | null> {
    const failures: string[] = [];
    const thisHour = Math.floor(exchange.exchangeNowMs() / HOUR_MS);
    const isHourly = hour !== thisHour && !isNearFunding(BigInt(exchange.exchangeNowMs()) * 1_000_000n);
    for (const account of ACCOUNTS) failures.push(...(await readAccount(account, isHourly)));
    if (closed) return null;
    bookMatches(journal, nowMs());
    if (isHourly && failures.length === 0) {
      hour = thisHour;
      judge();
    }
    return failures[0] ?? null;
  }

  /** Compares each account's balances with its rows, except the newest, whose rows may be listed a moment later. */
  function judge(): void {
    if (parts.onJudged === undefined) return;
    const fromMs = Math.max(judgedFromMs, nowMs() - JUDGED_MS);
    const rows = [...journal.scan({ kind: 'money', sinceMs: fromMs })].map((entry) => entry.body as MoneyRow);
    const gapsOf = (account: AccountName) => intervalsOf(rows, account).slice(0, -1).filter(isUnexplained);
    const widest = (account: AccountName) =>
      gapsOf(account).reduce<Interval | null>(
        (most, one) => (most === null || one.unexplained.abs().gt(most.unexplained.abs()) ? one : most),
        null,
      );
    const gaps = { A: widest('A'), B: widest('B') };
    const hasGap = ACCOUNTS.some((account) => gaps[account] !== null);
    judgedFromMs = hasGap ? fromMs : nowMs() - JUDGED_CALM_MS;
    parts.onJudged(gaps);
  }

  /** @returns what failed */
  async function readAccount(account: AccountName, isHourly: boolean): Promise<string[]> {
    const failures: string[] = [];
    const attempt = async <T>(reading: Promise<T>): Promise<T | null> => {
      try {
        return await reading;
      } catch (thrown) {
        if (!(thrown instanceof ExchangeError)) throw thrown;
        failures.push(thrown.message);
        return null;
      }
    };
    // The balance first: what it includes is in the lists by then.
    const balance = isHourly ? await attempt(exchange.balance(account)) : null;
    const toMs = exchange.exchangeNowMs();
    const known = readUpTo(journal) ?? nothingRead(toMs);
    const from = (upToMs: number): number => {
      // Rows that the journal may have removed would be booked twice.
      const youngMs = toMs - parts.keptMs / 2;
      const overlapMs = isHourly ? OVERLAP_HOURLY_MS : OVERLAP_MS;
      return Math.min(upToMs, Math.max(upToMs - overlapMs, youngMs, known.sinceMs));
    };
    const fillsFromMs = from(known.fills[account]);
    const ranges = {
      // The journal began by our clock; fills are dated by the exchange's.
      fills: { fromMs: fillsFromMs === known.sinceMs ? fillsFromMs - CLOCKS_APART_MS : fillsFromMs, toMs },
      payments: { fromMs: from(known.payments[account]), toMs },
    };
    const fills = await attempt(exchange.payments('fill_history', account, ranges.fills));
    const lists: (readonly MoneyRow[] | null)[] = [];
    if (isHourly)
      for (const list of LISTS) lists.push(await attempt(exchange.payments(list, account, ranges.payments)));
    if (closed) return failures;
    const rows: MoneyRow[] = [...(fills ?? []).filter(isSince(known.sinceMs)), ...lists.flatMap((list) => list ?? [])];
    if (balance !== null && failures.length === 0) rows.push(balance);
    book(rows);
    const paid = isHourly && lists.every((list) => list !== null);
    const after: ReadUpTo = {
      sinceMs: known.sinceMs,
      fills: fills === null ? known.fills : { ...known.fills, [account]: toMs },
      payments: paid ? { ...known.payments, [account]: toMs } : known.payments,
    };
    noteReadUpTo(journal, after, nowMs());
    return failures;
  }

  /** A fill dated before the journal began counts if its order was made since, by our clock. */
  function isSince(sinceMs: number): (row: PaymentRow) => boolean {
    return (row) =>
      rowTimeMs(row) >= sinceMs || (row.type === 'fill' && (madeAtMs(row.clientOrderId) ?? Number.NaN) >= sinceMs);
  }

  /** Nothing from before the journal began is booked, nor what it would remove soon. */
  function nothingRead(toMs: number): ReadUpTo {
    let beganMs = toMs;
    for (const entry of journal.scan()) {
      beganMs = Math.min(toMs, entry.atMs);
      break;
    }
    const fromMs = Math.max(beganMs, toMs - parts.keptMs / 2);
    return { sinceMs: fromMs, fills: { A: fromMs, B: fromMs }, payments: { A: fromMs, B: fromMs } };
  }

  function book(rows: readonly MoneyRow[]): void {
    const booked = bookRows(journal, rows, nowMs());
    if (booked.length > 0) parts.onBooked?.(booked);
  }

  function writeFrames(): void {
    writing = null;
    const rows = frames;
    frames = [];
    try {
      book(rows);
    } catch (thrown) {
      // The next list has them; an unwritable journal stops whatever matters by itself.
      parts.say('warn', `Money: ${errorText(thrown)}`);
    }
  }

  return {
    takeFill(fill) {
      if (closed || frames.length >= FRAMES_MAX || rowTimeMs(fill) < nowMs() - parts.keptMs / 2) return;
      // The list has it under the order's real id: booked now it would be booked twice.
      if (fill.orderId === NO_ORDER_ID) return;
      frames.push(fill);
      writing ??= setTimeout(writeFrames, FRAMES_PAUSE_MS);
    },
    close() {
      closed = true;
      clearTimeout(next);
      if (writing === null) return;
      clearTimeout(writing);
      writeFrames();
    },
  };
}

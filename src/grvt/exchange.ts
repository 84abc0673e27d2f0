import {
  ACCOUNTS,
  type AccountName,
  type AccountSummary,
  type Book,
  type ExchangeOrder,
  type Instrument,
  type ListedOrder,
  type Position,
  type Rows,
} from '../core/model.ts';
import type { BalanceRow, PaymentRow } from '../core/money.ts';
import type { Admission, Exchange } from '../ports.ts';
import { createBooks } from './books.ts';
import { type Asked, type BucketName, OVERDUE_MS, type Permit } from './budget.ts';
import { createCaller } from './caller.ts';
import { READ_UNITS } from './calls.ts';
import { createCancels } from './cancels.ts';
import { openChannels } from './channels.ts';
import { createExchangeClock } from './exchange-clock.ts';
import type { GrvtKeys, GrvtOptions, WireObserver } from './options.ts';
import { countdownCall, createCall, signDraft } from './orders.ts';
import { readAs } from './parse.ts';
import {
  type FundingTerms,
  fundingSpec,
  type InstrumentTerms,
  leverageSpec,
  parseFundingTerms,
  parseInstrumentTerms,
} from './parse-account.ts';
import {
  bookSpec,
  instrumentsSpec,
  type MarginRules,
  marginRulesSpec,
  miniSpec,
  parseBook,
  parseIndexPrice,
  parseInstruments,
  parseMarginRules,
} from './parse-market.ts';
import { parseOrder } from './parse-orders.ts';
import { balanceSpec, type PaymentList, type PaymentTime, parseBalance } from './payments.ts';
import { readFills, readHistory, readPayments } from './reads.ts';
import type { Session } from './session.ts';
import { createOrderSigner, type SignableInstrument } from './sign.ts';
import { ackAnswer } from './wire.ts';

export interface GrvtExchange extends Exchange {
  /** A new login, proven by a private read (strategy 9.8). @throws ExchangeError */
  login(account: AccountName): Promise<void>;
  /** Leverage and margin type of every instrument (strategy 11.7); no rule needs it. @throws ExchangeError */
  instrumentTerms(account: AccountName): Promise<readonly InstrumentTerms[]>;
  /** Largest position and risk brackets of an instrument (strategy 11.7); no rule needs them. @throws ExchangeError */
  marginRules(instrument: string): Promise<MarginRules>;
  /** Funding account and fee tier (strategy 11.7); no rule needs them. @throws ExchangeError */
  fundingTerms(account: AccountName): Promise<FundingTerms>;
  /**
   * Every row of a list in that time (strategy 17), page by page; unreadable rows are skipped. No rule needs them.
   * @throws ExchangeError, also if there are too many pages
   */
  payments(list: PaymentList, account: AccountName, time: PaymentTime): Promise<readonly PaymentRow[]>;
  /** Equity, cash and margins (strategy 17.3); no rule needs them. @throws ExchangeError */
  balance(account: AccountName): Promise<BalanceRow>;
  /** The account's session, for the streams' handshakes. */
  session(account: AccountName): Session;
  /**
   * Other keys of the account: used once they are logged in and proven; until then the previous ones stay. @throws
   * ExchangeError, SignatureError
   */
  rekey(account: AccountName, keys: Pick<GrvtKeys, 'apiKey' | 'privateKey'>): Promise<void>;
  /** The instrument is traded from now on (strategy 16.3): its rows are needed, and unreadable ones are not skipped. */
  takeUp(instrument: string): void;
  /** A stream reports that a cancel of that id was dropped as a duplicate (strategy 9.12). */
  voidFence(clientOrderId: string): void;
  /** A book from its stream (strategy 7.4). */
  takeBook(book: Book): void;
  /** Numbers all traffic: shared with the streams, so that every message has its own id. */
  readonly wire: WireObserver;
  /** State of each part of the budget (strategy 9.1). */
  budget(): readonly BudgetState[];
  /** Closes idle connections and rejects whatever waits. */
  close(): void;
}

export interface BudgetState {
  /** null: market data. */
  readonly account: AccountName | null;
  readonly bucket: BucketName;
  /** Requests that wait for it. */
  readonly waiting: number;
  /** Units free now, and per second when idle. */
  readonly left: number;
  readonly limit: number;
}

/** Budget of a create and a cancel; the caller adds turn and priority. */
const CREATE = { call: 'createOrder', bucket: 'creates', asked: { need: 'repair', units: 5 } } as const;
/** The dead-man timer, in the bucket of reads. With lower priority it could wait for ever behind them. */
const COUNTDOWN = { asked: { need: 'overdue-reading', units: 100 } } as const;
/** An unused permission for a create expires after this time; a book and a journal entry take less. */
const ADMISSION_MS = 30_000;

/**
 * GRVT over REST (strategy 9.1, 9.8, 9.9, 10.4): the `Exchange` port through `@grvt/client`, with one client, session
 * and budget per account, and one client and budget for market data.
 * @throws SignatureError if a private key is invalid.
 */
export function createGrvtExchange(options: GrvtOptions): GrvtExchange {
  const { clock } = options;
  const exchangeClock = createExchangeClock(clock);
  /** What signatures need, by instrument name: the last `instruments()` answer. */
  let signable: Record<string, SignableInstrument> = {};
  const traded =
    options.instruments === undefined ? null : new Set(options.instruments.map((name) => name.toLowerCase()));
  const isTraded = (instrument: string) => traded === null || traded.has(instrument.toLowerCase());
  const caller = createCaller({ ...options, exchangeClock, isTraded });
  const channels = openChannels(options, caller, exchangeClock);
  const cancels = createCancels(caller, options.whyNotCancel);
  const books = createBooks({ clock, read: readBook, isTraded });
  /** Permissions given for creates that were not sent yet. */
  const permits = new WeakMap<Admission, () => Permit>();
  const idOf = (account: AccountName) => channels[account].keys.subAccountId;

  /** Priority and budget of a full read: more urgent once the last one is 6 s old (strategy 9.1). */
  function readingAsked(account: AccountName): Asked {
    const { value } = channels[account].readAtMs;
    // If our clock was set back since, its age is unknown.
    const ageMs = value === null ? OVERDUE_MS : Math.max(0, clock.nowMs() - value);
    const asked = { need: 'reading', units: READ_UNITS } as const;
    return ageMs >= OVERDUE_MS ? { ...asked, need: 'overdue-reading' } : { ...asked, overdueInMs: OVERDUE_MS - ageMs };
  }

  async function readPositions(account: AccountName): Promise<Rows<Position>> {
    const channel = channels[account];
    const askedAtMs = clock.nowMs();
    const rows = await caller.readRows(channel, channel.polls.positions, readingAsked(account));
    channel.readAtMs.value = askedAtMs;
    return rows;
  }

  function readBook(instrument: string): Promise<Book> {
    const spec = bookSpec(instrument, options.bookDepth);
    return caller.readPublic(channels.marketData, spec, (answer) => parseBook(answer, instrument));
  }

  return {
    wire: caller.wire,
    takeUp: (instrument) => void traded?.add(instrument.toLowerCase()),
    exchangeNowMs: () => exchangeClock.nowMs(),
    clockSkewMs: () => exchangeClock.skewMs(),

    async instruments(): Promise<readonly Instrument[]> {
      const spec = instrumentsSpec();
      const read = (answer: unknown) => parseInstruments(answer, caller.scopeOf(spec.call, null));
      const found = await caller.readPublic(channels.marketData, spec, read);
      signable = Object.fromEntries(
        found.map(({ name, hash, baseDecimals }) => [name, { instrument_hash: hash, base_decimals: baseDecimals }]),
      );
      return found;
    },

    book: (instrument, { receivedAfterMs } = {}) => books.newest(instrument, receivedAfterMs),
    takeBook: books.take,
    lastTouch: books.lastTouch,

    async indexPrice(instrument) {
      const spec = miniSpec(instrument);
      return caller.readPublic(channels.marketData, spec, (answer) => parseIndexPrice(answer, instrument));
    },

    positions: readPositions,
    openOrders: (account, need): Promise<Rows<ListedOrder>> =>
      caller.readRows(
        channels[account],
        channels[account].polls.openOrders,
        need === undefined ? readingAsked(account) : { need, units: READ_UNITS },
      ),
    accountSummary: (account): Promise<AccountSummary> => {
      const { spec, parse } = channels[account].polls.summary;
      return caller.readPrivate(channels[account], spec, parse);
    },

    order: async (account, clientOrderId, sentAtMs) => channels[account].lookUps.ask(clientOrderId, sentAtMs),

    orderHistory: (account, sinceMs, wanted) => readHistory(caller, channels[account], sinceMs, wanted),

    fillHistory: (account, sinceMs) => readFills(caller, channels[account], sinceMs),
    payments: (list, account, time) => readPayments(caller, channels[account], list, time),
    balance: (account) => {
      const { keys } = channels[account];
      const owner = { account, subAccountId: keys.subAccountId };
      return caller.readPrivate(channels[account], balanceSpec(keys), (answer) => parseBalance(answer, owner));
    },

    sign: (draft) => signDraft(draft, signable[draft.instrument], channels[draft.account], options.chainId),

    async admitCreate(account, instrument, purpose): Promise<Admission> {
      const need = purpose === 'repair' ? 'repair' : 'opening';
      await caller.sessionFor(CREATE, () => channels[account].session.ready());
      const asked = { ...CREATE.asked, need, turn: instrument } as const;
      const permit = await caller.admit(channels[account], account, { ...CREATE, asked });
      const admission = {
        unused: () => {
          permits.delete(admission);
          clearTimeout(expiry);
          permit.unused();
        },
      };
      const expiry = setTimeout(admission.unused, ADMISSION_MS).unref();
      permits.set(admission, () => {
        permits.delete(admission);
        clearTimeout(expiry);
        return permit;
      });
      return admission;
    },

    async createOrder(signed, whyNot, admission): Promise<ExchangeOrder> {
      const { account, clientOrderId } = signed.draft;
      const read = (answer: unknown) => parseOrder(answer, idOf(account), clientOrderId);
      const permit = (admission && permits.get(admission)?.()) ?? null;
      return caller.readPrivate(channels[account], { ...CREATE, ...createCall(signed.payload) }, read, {
        whyNot,
        permit,
      });
    },

    cancelOrder: (account, clientOrderId, timeToLiveMs, instrument) =>
      cancels.cancel(channels[account], clientOrderId, timeToLiveMs, instrument),

    async cancelOnDisconnect(account, countdownMs): Promise<void> {
      const spec = { ...COUNTDOWN, ...countdownCall(idOf(account), countdownMs) };
      await caller.readPrivate(channels[account], spec, (answer) => readAs(ackAnswer, answer));
    },

    instrumentTerms: (account) =>
      caller.readPrivate(channels[account], leverageSpec(channels[account].keys), parseInstrumentTerms),
    marginRules: async (instrument) => {
      const spec = marginRulesSpec(instrument);
      return caller.readPublic(channels.marketData, spec, parseMarginRules);
    },
    fundingTerms: (account) => caller.readPrivate(channels[account], fundingSpec(), parseFundingTerms),
    isFenceVoid: cancels.isFenceVoid,
    voidFence: cancels.voidFence,
    spendAll() {
      for (const bucket of channels.buckets()) bucket.hurry();
    },

    async login(account): Promise<void> {
      await channels[account].session.login();
    },
    session: (account) => channels[account].session,
    rekey: async (account, { apiKey, privateKey }) => {
      const signer = createOrderSigner({ privateKey, chainId: options.chainId, subAccountId: idOf(account) });
      await channels[account].session.rekey(apiKey);
      channels[account].signer = signer;
    },
    budget: () =>
      [null, ...ACCOUNTS].flatMap((account) =>
        Object.entries(account === null ? channels.marketData.buckets : channels[account].buckets).map(
          ([bucket, { waiting, left, limit }]) => ({ account, bucket: bucket as BucketName, waiting, left, limit }),
        ),
      ),
    close() {
      caller.end();
      channels.close();
    },
  };
}

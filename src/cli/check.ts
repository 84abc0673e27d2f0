import { ControlError, giveCommand, NoEngineError } from '../control/client.ts';
import { CLOCK_SKEW_LIMIT_MS } from '../core/alerts.ts';
import { type Assessment, assess } from '../core/assess.ts';
import type { EngineSymbol } from '../core/daemon/memory.ts';
import { type Decimal, ZERO } from '../core/decimal.ts';
import { EXIT_CONFIGURATION, EXIT_UNREACHABLE } from '../core/exit-codes.ts';
import type { Touch } from '../core/mark.ts';
import {
  ACCOUNTS,
  type AccountName,
  type AccountSummary,
  type Book,
  type ExchangeOrder,
  type Instrument,
  type Intent,
  type ListedOrder,
  type Position,
  type SymbolSnapshot,
} from '../core/model.ts';
import { isOwnOrder } from '../core/order-id.ts';
import type { Plan } from '../core/plan.ts';
import { priceFor } from '../core/pricing.ts';
import type { Reason } from '../core/reasons.ts';
import { begin } from '../core/reconcile.ts';
import { emptySymbolState } from '../core/symbol-state.ts';
import { symbolWarnings } from '../core/symbol-warnings.ts';
import { smallestTradableSize } from '../core/valuing.ts';
import { NoJournalError, openChosenJournal } from '../engine/journal-choice.ts';
import { databaseLines, prepareReading } from '../engine/journal-database.ts';
import { leavingSymbol, leavingSymbols } from '../engine/leaving-symbols.ts';
import { rowDifferences } from '../engine/reload.ts';
import { hostLines, proxyFor } from '../engine/routes.ts';
import { outlasting429, type ReadyToTrade, readyToTrade, StartError, startErrorOf } from '../engine/start.ts';
import { marginWarnings, readTerms, type Terms, termLines } from '../engine/terms.ts';
import { staleMs } from '../engine/tuning.ts';
import { openVenue, secretsOf } from '../engine/venue.ts';
import { levellingLines } from '../explain/levelling.ts';
import { ExchangeError } from '../grvt/errors.ts';
import { createGrvtExchange, type GrvtExchange } from '../grvt/exchange.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { JournalError } from '../journal/errors.ts';
import { rememberedInstrument, rememberedRow } from '../journal/instruments.ts';
import { unsettledOrders } from '../journal/read.ts';
import { line } from '../log/lines.ts';
import type { Clock } from '../ports.ts';
import { createRedactor, EXCHANGES, type Settings } from '../settings/index.ts';
import { answerLine } from '../texts/answers.ts';
import { type CheckText, checkText, TRADING_STATE_NAMES, WHY_LEAVING } from '../texts/check.ts';
import { SIDES } from '../texts/language.ts';
import { reasonText } from '../texts/reasons.ts';

/** One read of an account, as a poller would make it. */
interface Reading {
  readonly positions: readonly Position[];
  readonly orders: readonly ListedOrder[];
  readonly summary: AccountSummary;
  readonly atMs: number;
}

type Readings = Readonly<Record<AccountName, Reading>>;

/** A text in the language of the settings. */
type Words = (name: CheckText, values?: Parameters<typeof checkText>[2]) => string;

/**
 * Checks everything that a start would check, and prints the findings and the engine's first decisions; changes
 * nothing. @returns 0, 78 (configuration) or 69 (exchange unreachable) (strategy 13.2)
 */
export async function check(
  settings: Settings,
  warnings: readonly Reason[],
  clock: Clock,
  show: (line: string) => void,
): Promise<number> {
  const venue = await openVenue(settings);
  const redact = createRedactor(secretsOf(settings, venue));
  const print = (line: string): void => show(redact(line));
  const words: Words = (name, values) => checkText(settings.lang, name, values);
  const warn = (what: string): void => print(words('warning', { what }));
  const warnOf = (why: Reason): void => warn(reasonText(why, settings.lang));
  const exchange = createGrvtExchange({
    hosts: venue.hosts,
    chainId: venue.chainId,
    accounts: venue.keys,
    bookDepth: settings.orderbookDepth,
    rateScale: settings.rateScale,
    clock,
    proxyFor: proxyFor(settings),
    redact,
    instruments: settings.symbols.map(({ instrument }) => instrument),
    report: (fact) => {
      if (fact.type === 'row.skipped') warn(line(fact)?.text ?? '');
    },
  });
  let journal: EngineJournal | null = null;
  try {
    print(words('settings', { mode: settings.mode, chainId: venue.chainId, host: venue.hosts.trades }));
    for (const line of hostLines(settings, venue, settings.lang)) print(line);
    if (settings.mode !== 'paper' && venue.hosts.trades !== EXCHANGES[settings.mode].hosts?.tradesUrl) {
      print(words('ownHosts', { chainId: venue.chainId }));
    }
    for (const warning of warnings) warnOf(warning);
    for (const line of await databaseLines(settings)) print(line);
    await prepareReading(settings, clock);
    journal = journalOf(settings);
    const ready = await readyToTrade(exchange, settings.symbols, warnOf, (name) =>
      journal === null ? null : rememberedInstrument(journal, name),
    );
    for (const account of ACCOUNTS) print(words('loggedIn', { account, id: venue.keys[account].subAccountId }));
    print(clocks(exchange, words));
    for (const line of await reloadLines(settings, journal, words)) print(line);
    const readings = await readAccounts(exchange, clock);
    const symbols = [...ready.symbols, ...leavingOf(journal, settings, ready, readings, words, print)];
    const terms = await readTerms(exchange);
    for (const line of termLines(
      terms,
      symbols.map((symbol) => symbol.instrument.name),
      settings.lang,
    ))
      print(line);
    const opening = ready.symbols.filter((symbol) => !symbol.unlisted).map((symbol) => symbol.config);
    for (const warning of await marginWarnings(exchange, terms, opening, settings.lang)) warn(warning);
    for (const line of await levellingOf(exchange, terms, settings.lang)) print(line);
    for (const account of ACCOUNTS) printAccount(account, readings[account], symbols, settings.lang, print);
    for (const symbol of symbols) await printSymbol(symbol, readings, settings, exchange, clock, print);
    print(words('unchanged'));
    return 0;
  } catch (thrown) {
    const error =
      thrown instanceof ExchangeError
        ? startErrorOf(thrown)
        : thrown instanceof JournalError
          ? new StartError(thrown.problem === 'unreachable' ? EXIT_UNREACHABLE : EXIT_CONFIGURATION, thrown.why)
          : thrown;
    if (!(error instanceof StartError)) throw thrown;
    print(words('notReady', { why: reasonText(error.why, settings.lang) }));
    return error.exitCode;
  } finally {
    journal?.close();
    exchange.close();
    await venue.close();
  }
}

/** What a reload would change in the running engine, or a start compared with the last run (strategy 16.4). */
async function reloadLines(
  { dataDir, symbols, lang }: Settings,
  journal: EngineJournal | null,
  words: Words,
): Promise<string[]> {
  try {
    const { ok, says } = await giveCommand(dataDir, { verb: 'reload', dryRun: true, by: 'check', why: null });
    const lines = says.filter(({ code }) => code !== 'dry-run').map((one) => answerLine(one, lang));
    return lines.map((what) => words(ok ? 'reloadSays' : 'reloadRefused', { what }));
  } catch (thrown) {
    if (thrown instanceof ControlError)
      return [words('warning', { what: words('noAnswer', { why: reasonText(thrown.why, lang) }) })];
    if (!(thrown instanceof NoEngineError)) throw thrown;
  }
  if (journal === null) return [];
  return symbols.flatMap((row) => {
    const last = rememberedRow(journal, row.instrument);
    if (last === null) return row.enabled ? [words('isNew', { symbol: row.instrument })] : [];
    return rowDifferences(last, row).map(({ name, from, to }) =>
      words('changed', { symbol: row.instrument, what: `${name} ${from} → ${to}` }),
    );
  });
}

/** Free margin, liquidation and the levelling transfer (strategy 17.5), or why they are unknown. */
async function levellingOf(exchange: GrvtExchange, { A, B }: Terms, lang: Settings['lang']): Promise<string[]> {
  const owners = [A.funding, B.funding].map((one) => ('unknown' in one ? null : one.mainAccountId));
  const [a, b] = owners;
  try {
    const [ofA, ofB] = [await exchange.balance('A'), await exchange.balance('B')];
    return levellingLines({ A: ofA, B: ofB }, a && b ? a === b : null, lang);
  } catch (thrown) {
    if (!(thrown instanceof ExchangeError)) throw thrown;
    return [
      checkText(lang, 'levellingUnknown', { why: lang === 'zh' ? reasonText(thrown.why, lang) : thrown.message }),
    ];
  }
}

/**
 * The journal that a run with these settings would continue; null: none yet. In `paper` each run starts from scratch.
 */
function journalOf(settings: Settings): EngineJournal | null {
  if (settings.mode === 'paper') return null;
  try {
    return openChosenJournal(settings, null);
  } catch (thrown) {
    if (thrown instanceof NoJournalError) return null;
    throw thrown;
  }
}

/**
 * Symbols that a start would run as `hedge-only` (strategy 16.3): those with positions or orders in the journal, and
 * those on which an own order rests.
 */
function leavingOf(
  journal: EngineJournal | null,
  settings: Settings,
  ready: ReadyToTrade,
  readings: Readings,
  words: Words,
  print: (line: string) => void,
): readonly EngineSymbol[] {
  const unsettled = journal === null ? [] : unsettledOrders(journal);
  const parts = { journal, rows: settings.symbols, listed: ready.listed, unsettled };
  const leaving = [...leavingSymbols(parts)];
  const run = () => new Set([...ready.symbols, ...leaving].map((symbol) => symbol.config.instrument));
  for (const account of ACCOUNTS) {
    for (const { instrument, clientOrderId } of readings[account].orders.filter(isOwnOrder)) {
      if (run().has(instrument)) continue;
      const symbol = leavingSymbol(parts, instrument);
      if (symbol !== null) leaving.push(symbol);
      else print(words('strayOrder', { symbol: instrument, id: clientOrderId, account }));
    }
  }
  for (const { config, leaving: reason } of leaving) {
    const why = WHY_LEAVING[settings.lang][reason ?? 'removed'];
    print(words('leaves', { symbol: config.instrument, why }));
  }
  return leaving;
}

function clocks(exchange: GrvtExchange, words: Words): string {
  const skewMs = exchange.clockSkewMs();
  if (skewMs === null) return words('noDate');
  const apart = (Math.abs(skewMs) / 1000).toFixed(1);
  const isGood = Math.abs(skewMs) <= CLOCK_SKEW_LIMIT_MS;
  return words(isGood ? 'clocksGood' : 'clocksBad', { apart, way: words(skewMs < 0 ? 'behind' : 'ahead') });
}

async function readAccounts(exchange: GrvtExchange, clock: Clock): Promise<Readings> {
  const read = async (account: AccountName): Promise<Reading> => {
    const atMs = clock.nowMs();
    const [positions, orders, summary] = await Promise.all([
      outlasting429(() => exchange.positions(account)),
      outlasting429(() => exchange.openOrders(account)),
      outlasting429(() => exchange.accountSummary(account)),
    ]);
    return { positions, orders, summary, atMs };
  };
  const [A, B] = await Promise.all([read('A'), read('B')]);
  return { A, B };
}

function printAccount(
  account: AccountName,
  reading: Reading,
  symbols: readonly EngineSymbol[],
  lang: Settings['lang'],
  print: (line: string) => void,
): void {
  const words: Words = (name, values) => checkText(lang, name, values);
  const { totalEquity, maintenanceMargin } = reading.summary;
  const [equity, margin] = [totalEquity.toFixed(2), maintenanceMargin.toFixed(2)];
  print(words('account', { account, equity, margin }));
  const run = new Map(symbols.map((symbol) => [symbol.instrument.name, symbol]));
  for (const position of reading.positions) {
    const symbol = run.get(position.instrument);
    const note = symbol === undefined ? words('leftAlone') : symbol.leaving ? words('hedgeOnly') : '';
    const [size, price] = [position.size.toFixed(), position.entryPrice.toFixed()];
    print(words('position', { symbol: position.instrument, size, price, note }));
  }
  const ours = reading.orders.filter(isOwnOrder);
  for (const order of ours) print(words('ourOrder', { order: describe(order, lang) }));
  const foreign = reading.orders.length - ours.length;
  if (foreign > 0) print(words('foreign', { count: foreign }));
}

function describe(order: ExchangeOrder, lang: Settings['lang']): string {
  const { instrument, side, size, limitPrice, tradedSize, clientOrderId } = order;
  const traded = tradedSize.gt(0) ? checkText(lang, 'traded', { size: tradedSize.toFixed() }) : '';
  return `${instrument} ${SIDES[lang][side]} ${size.toFixed()} @ ${limitPrice.toFixed()}${traded} (${clientOrderId})`;
}

/** Smallest size, warnings and first decision of a symbol, by the trading core itself. */
async function printSymbol(
  symbol: EngineSymbol,
  readings: Readings,
  settings: Settings,
  exchange: GrvtExchange,
  clock: Clock,
  print: (line: string) => void,
): Promise<void> {
  const { config, instrument } = symbol;
  const { lang } = settings;
  const words: Words = (name, values) => checkText(lang, name, values);
  const named = { symbol: instrument.name };
  if (symbol.unlisted) {
    print(words('unlisted', named));
    return;
  }
  const book = await outlasting429(() => exchange.book(instrument.name));
  const [bid, ask] = [book.bids[0]?.price, book.asks[0]?.price];
  if (!bid || !ask) {
    print(words('emptyBook', named));
    return;
  }
  const mark = bid.plus(ask).div(2);
  const smallest = smallestTradableSize(instrument, mark, []);
  print(
    words('symbol', {
      ...{ ...named, bid: bid.toFixed(), ask: ask.toFixed(), tick: instrument.tickSize.toFixed() },
      ...{ size: smallest.toFixed(), usdt: smallest.mul(mark).toFixed(2) },
    }),
  );
  if (!symbol.leaving) {
    for (const warning of symbolWarnings(config, instrument, mark)) {
      print(`  ${words('warning', { what: reasonText(warning, lang) })}`);
    }
  }
  const assessment = firstAssessment(symbol, readings, settings, { bid, ask, atMs: clock.nowMs(), era: 0 });
  if (assessment.kind !== 'usable') {
    const why = assessment.kind === 'unusable' ? reasonText(assessment.why, lang) : words('forMark');
    print(words('wouldWait', { why }));
    return;
  }
  printPlan(assessment.plan, { book, instrument, lang, words, print });
}

/** What the engine would make of these readings at its start. */
function firstAssessment(symbol: EngineSymbol, readings: Readings, settings: Settings, touch: Touch): Assessment {
  const { config, instrument, leaving } = symbol;
  const { singleOrderDiffThresholdUsdt, partialFillTimeoutMs, postOnlyCooldownMs, stuckMs, loopIntervalMs } = settings;
  const nowMs = touch.atMs;
  const snapshots = { A: slice('A', readings.A, instrument.name), B: slice('B', readings.B, instrument.name) };
  const { state } = begin(emptySymbolState(instrument.name), snapshots, nowMs);
  return assess({
    ...{ config, instrument, leaving, state, snapshots, touch, loopIntervalMs, nowMs },
    strategy: { singleOrderDiffThresholdUsdt, partialFillTimeoutMs, postOnlyCooldownMs, stuckMs },
    staleMs: staleMs(loopIntervalMs),
    ...{ era: 0, halted: false, unlisted: false, denied: [] },
  });
}

/** State, cancels and orders of a plan, with the prices they would have by this book. */
function printPlan(
  plan: Plan,
  {
    book,
    instrument,
    lang,
    words,
    print,
  }: {
    readonly book: Book;
    readonly instrument: Instrument;
    readonly lang: Settings['lang'];
    readonly words: Words;
    readonly print: (line: string) => void;
  },
): void {
  print(words('state', { state: TRADING_STATE_NAMES[lang][plan.tradingState], why: reasonText(plan.why, lang) }));
  for (const { order, why: because } of plan.trims) {
    const [size, why] = [order.size.toFixed(), reasonText(because, lang)];
    print(words('wouldCancel', { account: order.account, side: SIDES[lang][order.side], size, why }));
  }
  for (const intent of plan.creates) {
    const { side, guardPrice, beyondPrice } = intent;
    const beyondPrices = beyondPrice === null ? [] : [beyondPrice];
    const priced = priceFor({ side, book, guardPrice, beyondPrices, instrument });
    const order = wording(intent, priced.ok ? priced.price : null, lang);
    print(words('wouldPlace', { order, rules: intent.rules.join(', ') }));
  }
  if (plan.idle !== null) print(words('wouldNothing', { why: reasonText(plan.idle, lang), rule: plan.idle.rule }));
}

function wording(intent: Intent, price: Decimal | null, lang: Settings['lang']): string {
  const at = price === null ? '' : ` @ ${price.toFixed()}`;
  return `${intent.account} ${SIDES[lang][intent.side]} ${intent.size.toFixed()}${at}`;
}

function slice(account: AccountName, reading: Reading, instrument: string): SymbolSnapshot {
  const position = reading.positions.find((one) => one.instrument === instrument && !one.size.eq(ZERO)) ?? null;
  return {
    account,
    requestedAtMs: reading.atMs,
    era: 0,
    receivedAtMs: reading.atMs,
    position,
    orders: reading.orders.filter(isOwnOrder).filter((order) => order.instrument === instrument),
    absent: [],
  };
}

import type { EngineSymbol } from '../../machines/daemon-actors.ts';
import { ControlError, giveCommand, NoEngineError } from '../control/client.ts';
import { CLOCK_SKEW_LIMIT_MS } from '../core/alerts.ts';
import { assess } from '../core/assess.ts';
import { type Decimal, ZERO } from '../core/decimal.ts';
import {
  ACCOUNTS,
  type AccountName,
  type AccountSummary,
  type ExchangeOrder,
  type Intent,
  type LeavingWhy,
  type ListedOrder,
  type Position,
  type SymbolSnapshot,
} from '../core/model.ts';
import { isOwnOrder } from '../core/order-id.ts';
import { priceFor } from '../core/pricing.ts';
import { begin } from '../core/reconcile.ts';
import { emptySymbolState } from '../core/symbol-state.ts';
import { symbolWarnings } from '../core/symbol-warnings.ts';
import { smallestTradableSize } from '../core/valuing.ts';
import {
  EXIT_CONFIGURATION,
  EXIT_UNREACHABLE,
  outlasting429,
  type ReadyToTrade,
  readyToTrade,
  StartError,
  staleMs,
  startErrorOf,
} from '../engine/engine.ts';
import { NoJournalError, openChosenJournal } from '../engine/journal-choice.ts';
import { databaseLines, prepareReading } from '../engine/journal-database.ts';
import { leavingSymbol, leavingSymbols } from '../engine/leaving-symbols.ts';
import { rowDifferences } from '../engine/reload.ts';
import { hostLines, proxyFor } from '../engine/routes.ts';
import { marginWarnings, readTerms, type Terms, termLines } from '../engine/terms.ts';
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
import { reasonText } from '../texts/reasons.ts';

/** One reading of an account: what a poller would read. */
interface Reading {
  readonly positions: readonly Position[];
  readonly orders: readonly ListedOrder[];
  readonly summary: AccountSummary;
  readonly atMs: number;
}

type Readings = Readonly<Record<AccountName, Reading>>;

/**
 * Looks at everything a start would look at, says what it finds and what the engine would do first; changes nothing.
 *
 * @returns 0, 78 (configuration) or 69 (exchange out of reach) (strategy 13.2)
 */
export async function check(
  settings: Settings,
  warnings: readonly string[],
  clock: Clock,
  show: (line: string) => void,
): Promise<number> {
  const venue = await openVenue(settings);
  const redact = createRedactor(secretsOf(settings, venue));
  const print = (line: string): void => show(redact(line));
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
      if (fact.type === 'row.skipped') print(`Warning: ${line(fact)?.text}`);
    },
  });
  let journal: EngineJournal | null = null;
  try {
    print(`Settings: ${settings.mode}, chain id ${venue.chainId}, trading at ${venue.hosts.trades}`);
    for (const line of hostLines(settings, venue)) print(line);
    if (settings.mode !== 'paper' && venue.hosts.trades !== EXCHANGES[settings.mode].hosts?.tradesUrl) {
      print(`Hosts of your own: whether chain id ${venue.chainId} is theirs, only the first order tells`);
    }
    for (const warning of warnings) print(`Warning: ${warning}`);
    for (const line of await databaseLines(settings)) print(line);
    await prepareReading(settings, clock);
    journal = journalOf(settings);
    const ready = await readyToTrade(
      exchange,
      settings.symbols,
      (text) => print(`Warning: ${text}`),
      (name) => (journal === null ? null : rememberedInstrument(journal, name)),
    );
    for (const account of ACCOUNTS) print(`Account ${account}: logged in as ${venue.keys[account].subAccountId}`);
    print(clocks(exchange));
    for (const line of await reloadLines(settings, journal)) print(line);
    const readings = await readAccounts(exchange, clock);
    const symbols = [...ready.symbols, ...leavingOf(journal, settings, ready, readings, print)];
    const terms = await readTerms(exchange);
    for (const line of termLines(
      terms,
      symbols.map((symbol) => symbol.instrument.name),
    ))
      print(line);
    const opening = ready.symbols.filter((symbol) => !symbol.unlisted).map((symbol) => symbol.config);
    for (const warning of await marginWarnings(exchange, terms, opening)) print(`Warning: ${warning}`);
    for (const line of await levellingOf(exchange, terms)) print(line);
    for (const account of ACCOUNTS) printAccount(account, readings[account], symbols, print);
    for (const symbol of symbols) await printSymbol(symbol, readings, settings, exchange, clock, print);
    print('Nothing was changed.');
    return 0;
  } catch (thrown) {
    const error =
      thrown instanceof ExchangeError
        ? startErrorOf(thrown)
        : thrown instanceof JournalError
          ? new StartError(thrown.problem === 'unreachable' ? EXIT_UNREACHABLE : EXIT_CONFIGURATION, thrown.message)
          : thrown;
    if (!(error instanceof StartError)) throw thrown;
    print(`Not ready: ${error.message}`);
    return error.exitCode;
  } finally {
    journal?.close();
    exchange.close();
    await venue.close();
  }
}

/** What a reload would change of the engine that runs here, or a start of what the last run had (strategy 16.4). */
async function reloadLines({ dataDir, symbols }: Settings, journal: EngineJournal | null): Promise<string[]> {
  try {
    const { ok, says } = await giveCommand(dataDir, { verb: 'reload', dryRun: true, by: 'check', why: null });
    const words = says.flatMap(({ code, text }) => (code === 'dry-run' ? [] : [text]));
    return words.map((text) => `An engine runs here; a reload ${ok ? 'would say' : 'would be refused'}: ${text}`);
  } catch (thrown) {
    if (thrown instanceof ControlError)
      return [`Warning: the engine that runs here does not answer: ${thrown.message}`];
    if (!(thrown instanceof NoEngineError)) throw thrown;
  }
  if (journal === null) return [];
  return symbols.flatMap((row) => {
    const last = rememberedRow(journal, row.instrument);
    if (last === null) return row.enabled ? [`${row.instrument}: is new`] : [];
    return rowDifferences(last, row).map((what) => `${row.instrument}: ${what} since the last run`);
  });
}

/** Free margin, liquidation and the transfer that levels the accounts (strategy 17.5), or why they are not known. */
async function levellingOf(exchange: GrvtExchange, { A, B }: Terms): Promise<string[]> {
  const owners = [A.funding, B.funding].map((one) => ('unknown' in one ? null : one.mainAccountId));
  const [a, b] = owners;
  try {
    const [ofA, ofB] = [await exchange.balance('A'), await exchange.balance('B')];
    return levellingLines({ A: ofA, B: ofB }, a && b ? a === b : null);
  } catch (thrown) {
    if (!(thrown instanceof ExchangeError)) throw thrown;
    return [`Levelling: not known (${thrown.message})`];
  }
}

/** The journal that a run with these settings would go on from; null: there is none yet. In `paper` each run begins anew. */
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
 * The symbols that a start would run as `hedge-only` (strategy 16.3): those the journal holds something open of, and those
 * on which an order of ours rests.
 */
function leavingOf(
  journal: EngineJournal | null,
  settings: Settings,
  ready: ReadyToTrade,
  readings: Readings,
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
      else print(`${instrument}: our order ${clientOrderId} of account ${account} would be cancelled (strategy 16.3)`);
    }
  }
  for (const { config, leaving: why } of leaving) {
    print(
      `${config.instrument}: ${WHY_LEAVING[why ?? 'removed']}: hedge-only until it is hedged, then it leaves (strategy 16.3)`,
    );
  }
  return leaving;
}

const WHY_LEAVING: Readonly<Record<LeavingWhy, string>> = {
  removed: 'removed from the symbols file while something of it is open',
  disabled: 'disabled while something of it is open',
  unconfigured: 'orders of ours rest on it, and the symbols file does not name it',
};

function clocks(exchange: GrvtExchange): string {
  const skewMs = exchange.clockSkewMs();
  if (skewMs === null) return "Clocks: the exchange's answers carry no date";
  const verdict = Math.abs(skewMs) > CLOCK_SKEW_LIMIT_MS ? 'TOO FAR APART: set this clock' : 'good';
  const apart = `${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs < 0 ? 'behind' : 'ahead of'} ours`;
  return `Clocks: the exchange's is ${apart}, ${verdict}`;
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
  print: (line: string) => void,
): void {
  const { totalEquity, maintenanceMargin } = reading.summary;
  print(
    `Account ${account}: equity ${totalEquity.toFixed(2)} USDT, maintenance margin ${maintenanceMargin.toFixed(2)} USDT`,
  );
  const run = new Map(symbols.map((symbol) => [symbol.instrument.name, symbol]));
  for (const position of reading.positions) {
    const symbol = run.get(position.instrument);
    const note = symbol === undefined ? ' (no enabled row: left alone)' : symbol.leaving ? ' (hedge-only)' : '';
    print(`  position ${position.instrument} ${position.size.toFixed()} @ ${position.entryPrice.toFixed()}${note}`);
  }
  const ours = reading.orders.filter(isOwnOrder);
  for (const order of ours) print(`  our order ${describe(order)}`);
  const foreign = reading.orders.length - ours.length;
  if (foreign > 0) print(`  ${foreign} non-strategy orders: left alone, and alerted once each`);
}

function describe(order: ExchangeOrder): string {
  const { instrument, side, size, limitPrice, tradedSize, clientOrderId } = order;
  const traded = tradedSize.gt(0) ? `, ${tradedSize.toFixed()} traded` : '';
  return `${instrument} ${side} ${size.toFixed()} @ ${limitPrice.toFixed()}${traded} (${clientOrderId})`;
}

/** Smallest size, warnings and the first decision of a symbol, made by the same core that trades. */
async function printSymbol(
  symbol: EngineSymbol,
  readings: Readings,
  settings: Settings,
  exchange: GrvtExchange,
  clock: Clock,
  print: (line: string) => void,
): Promise<void> {
  const { config, instrument } = symbol;
  if (symbol.unlisted) {
    print(`${instrument.name}: not listed any more; nothing would be submitted (strategy 11.6)`);
    return;
  }
  const book = await outlasting429(() => exchange.book(instrument.name));
  const [bid, ask] = [book.bids[0]?.price, book.asks[0]?.price];
  if (!bid || !ask) {
    print(`${instrument.name}: the book is empty on a side; nothing would be submitted (strategy 7.4)`);
    return;
  }
  const mark = bid.plus(ask).div(2);
  const smallest = smallestTradableSize(instrument, mark, []);
  print(
    `${instrument.name}: bid ${bid.toFixed()}, ask ${ask.toFixed()}, tick ${instrument.tickSize.toFixed()}, ` +
      `smallest tradable size ${smallest.toFixed()} (${smallest.mul(mark).toFixed(2)} USDT)`,
  );
  if (!symbol.leaving) for (const warning of symbolWarnings(config, instrument, mark)) print(`  Warning: ${warning}`);

  const snapshots = { A: slice('A', readings.A, instrument.name), B: slice('B', readings.B, instrument.name) };
  const nowMs = clock.nowMs();
  const begun = begin(emptySymbolState(instrument.name), snapshots, nowMs);
  const assessment = assess({
    config,
    instrument,
    strategy: {
      singleOrderDiffThresholdUsdt: settings.singleOrderDiffThresholdUsdt,
      partialFillTimeoutMs: settings.partialFillTimeoutMs,
      postOnlyCooldownMs: settings.postOnlyCooldownMs,
      stuckMs: settings.stuckMs,
    },
    state: begun.state,
    snapshots,
    touch: { bid, ask, atMs: nowMs, era: 0 },
    staleMs: staleMs(settings.loopIntervalMs),
    loopIntervalMs: settings.loopIntervalMs,
    nowMs,
    era: 0,
    halted: false,
    unlisted: false,
    leaving: symbol.leaving,
    denied: [],
  });
  if (assessment.kind !== 'usable') {
    print(`  would wait: ${assessment.kind === 'unusable' ? reasonText(assessment.why) : 'for a mark price'}`);
    return;
  }
  const { plan } = assessment;
  print(`  state ${plan.tradingState}: ${reasonText(plan.why)}`);
  for (const { order, why } of plan.trims)
    print(`  would cancel ${order.account} ${order.side} ${order.size.toFixed()}: ${reasonText(why)}`);
  for (const intent of plan.creates)
    print(`  would place ${wording(intent, priceOf(intent))} (strategy ${intent.rules.join(', ')})`);
  if (plan.idle !== null) print(`  would submit nothing: ${reasonText(plan.idle)} (strategy ${plan.idle.rule})`);

  function priceOf(intent: Intent): Decimal | null {
    const { side, guardPrice, beyondPrice } = intent;
    const beyondPrices = beyondPrice === null ? [] : [beyondPrice];
    const priced = priceFor({ side, book, guardPrice, beyondPrices, instrument });
    return priced.ok ? priced.price : null;
  }
}

function wording(intent: Intent, price: Decimal | null): string {
  const at = price === null ? '' : ` @ ${price.toFixed()}`;
  return `${intent.account} ${intent.side} ${intent.size.toFixed()}${at}`;
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

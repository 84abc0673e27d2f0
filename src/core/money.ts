import { Decimal, max, sum, ZERO } from './decimal.ts';
import type { Fact } from './facts.ts';
import { ACCOUNTS, type AccountMargin, type AccountName, type Side } from './model.ts';
import { isStrategyOrder } from './order-id.ts';

/**
 * What the accounts earn and pay (strategy 17). Signs are the exchange's: fees and funding are positive when paid; a
 * transfer is positive when received. Nothing is rounded here.
 */

/** The origin of a fill: an order of ours, another order, a liquidation, or auto-deleveraging. */
export type FillOrigin = 'own' | 'foreign' | 'liquidation' | 'adl';

export type OtherOrigin = Exclude<FillOrigin, 'own'>;
export const OTHER_ORIGINS: readonly OtherOrigin[] = ['foreign', 'liquidation', 'adl'];

export interface FillRow {
  readonly type: 'fill';
  readonly account: AccountName;
  readonly tradeId: string;
  readonly orderId: string;
  readonly clientOrderId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  readonly fee: Decimal;
  readonly feeCurrency: string;
  /** As the exchange writes it; null: not stated. */
  readonly feeRate: string | null;
  readonly isTaker: boolean;
  readonly origin: FillOrigin;
  /** Before fees; null: not stated. */
  readonly realizedPnl: Decimal | null;
  readonly timeNs: bigint;
  /** Listed after its day had been read completely (strategy 17.3). */
  readonly late?: true;
}

export interface FundingRow {
  readonly type: 'funding';
  readonly account: AccountName;
  readonly txId: string;
  readonly instrument: string;
  readonly currency: string;
  readonly amount: Decimal;
  readonly timeNs: bigint;
  readonly late?: true;
}

/** A transfer or deposit into the account; negative: out of it. */
export interface TransferRow {
  readonly type: 'transfer' | 'deposit';
  readonly account: AccountName;
  readonly txId: string;
  readonly currency: string;
  readonly amount: Decimal;
  readonly timeNs: bigint;
  readonly late?: true;
}

/** The part of an `account_summary` answer that the statement needs (strategy 17.3). */
export interface BalanceRow {
  readonly type: 'balance';
  readonly account: AccountName;
  readonly timeNs: bigint;
  readonly equity: Decimal;
  /** Equity less the notional of all positions and the value of other currencies: independent of marks. */
  readonly cash: Decimal;
  /** Signed positions by instrument. */
  readonly sizes: Readonly<Record<string, Decimal>>;
  /** For levelling (strategy 17.5). */
  readonly margin: AccountMargin;
}

export type PaymentRow = FillRow | FundingRow | TransferRow;
export type MoneyRow = PaymentRow | BalanceRow;

/** Identity of a row, however often it is served (strategy 17.1). */
export function rowKey(row: MoneyRow): string {
  switch (row.type) {
    case 'fill':
      return `fill ${row.account} ${row.tradeId} ${row.orderId}`;
    case 'funding':
      // One transaction may settle the funding of several instruments.
      return `funding ${row.account} ${row.txId} ${row.instrument} ${row.timeNs}`;
    case 'balance':
      return `balance ${row.account} ${row.timeNs}`;
    default:
      return `${row.type} ${row.account} ${row.txId}`;
  }
}

export function rowTimeMs(row: { readonly timeNs: bigint }): number {
  return Number(row.timeNs / 1_000_000n);
}

export function signedSize({ side, size }: Pick<FillRow, 'side' | 'size'>): Decimal {
  return side === 'buy' ? size : size.neg();
}

/** The origin of a fill (strategy 17.1). Only a fill without order that is no liquidation can be auto-deleveraging. */
export function originOf(fill: {
  readonly clientOrderId: string;
  readonly orderId: string;
  readonly isLiquidation: boolean;
}): FillOrigin {
  if (fill.isLiquidation) return 'liquidation';
  if (isStrategyOrder(fill.clientOrderId)) return 'own';
  const hasOrder = /[1-9a-f]/i.test(fill.orderId);
  return !hasOrder && fill.clientOrderId === '0' ? 'adl' : 'foreign';
}

export type Amounts = Readonly<Record<string, Decimal>>;

/** Totals of a day, symbol or account. */
export interface Totals {
  readonly fills: number;
  /** Own fills that were taker fills. */
  readonly ownTakers: number;
  /** Σ size × price, USDT. */
  readonly volume: Decimal;
  /** Fills not made by orders of the engine, and their volume, by origin; absent: none, or an older journal. */
  readonly others?: Readonly<Partial<Record<OtherOrigin, { readonly fills: number; readonly volume: Decimal }>>>;
  readonly hedges: number;
  /** Gain of hedges, USDT (strategy 4.6). */
  readonly spread: Decimal;
  readonly unwinds: number;
  readonly unwindGain: Decimal;
  readonly fees: Amounts;
  readonly funding: Amounts;
  readonly transfers: Amounts;
}

export const NO_TOTALS: Totals = {
  ...{ fills: 0, ownTakers: 0, volume: ZERO, hedges: 0, spread: ZERO, unwinds: 0, unwindGain: ZERO },
  ...{ fees: {}, funding: {}, transfers: {} },
};

/** A row's contribution to one day and symbol of an account; `pair`: hedges and unwinds, which concern both. */
export interface Share {
  readonly account: AccountName | 'pair';
  /** Empty: no symbol, e.g. transfers. */
  readonly instrument: string;
  readonly timeMs: number;
  readonly totals: Totals;
}

/** A row's contribution. A balance has none. */
export function shareOf(row: PaymentRow): Share {
  const of = { account: row.account, timeMs: rowTimeMs(row) };
  if (row.type === 'fill') {
    const volume = row.size.mul(row.price);
    const ownTakers = row.origin === 'own' && row.isTaker ? 1 : 0;
    const others = row.origin === 'own' ? {} : { others: { [row.origin]: { fills: 1, volume } } };
    const totals = { ...NO_TOTALS, fills: 1, ownTakers, volume, ...others, fees: { [row.feeCurrency]: row.fee } };
    return { ...of, instrument: row.instrument, totals };
  }
  const amounts = { [row.currency]: row.amount };
  if (row.type === 'funding') return { ...of, instrument: row.instrument, totals: { ...NO_TOTALS, funding: amounts } };
  return { ...of, instrument: '', totals: { ...NO_TOTALS, transfers: amounts } };
}

/** The contribution of a booked fill's matches (strategy 4.4, 4.6); null: it matched nothing. */
export function matchShare(fact: Fact): Share | null {
  if ((fact.type !== 'fill.booked' && fact.type !== 'drift.adopted') || fact.matches.length === 0) return null;
  const hedges = fact.matches.filter((one) => one.kind === 'hedge');
  const unwinds = fact.matches.filter((one) => one.kind === 'unwind');
  const totals = {
    ...NO_TOTALS,
    hedges: hedges.length,
    spread: sum(hedges.map((one) => one.gainUsdt)),
    unwinds: unwinds.length,
    unwindGain: sum(unwinds.map((one) => one.gainUsdt)),
  };
  return { account: 'pair', instrument: fact.instrument, timeMs: fact.atMs, totals };
}

function addAmounts(one: Amounts, other: Amounts): Amounts {
  const added: Record<string, Decimal> = { ...one };
  for (const [currency, amount] of Object.entries(other)) added[currency] = (added[currency] ?? ZERO).plus(amount);
  return added;
}

function addOthers({ others: one }: Totals, { others: other }: Totals): Pick<Totals, 'others'> {
  if (one === undefined || other === undefined)
    return one === undefined && other === undefined ? {} : { others: one ?? other! };
  const added: { -readonly [K in keyof typeof one]: (typeof one)[K] } = { ...one };
  for (const origin of OTHER_ORIGINS) {
    const [before, more] = [one[origin], other[origin]];
    if (more === undefined) continue;
    added[origin] =
      before === undefined ? more : { fills: before.fills + more.fills, volume: before.volume.plus(more.volume) };
  }
  return { others: added };
}

export function addTotals(one: Totals, other: Totals): Totals {
  return {
    ...addOthers(one, other),
    fills: one.fills + other.fills,
    ownTakers: one.ownTakers + other.ownTakers,
    volume: one.volume.plus(other.volume),
    hedges: one.hedges + other.hedges,
    spread: one.spread.plus(other.spread),
    unwinds: one.unwinds + other.unwinds,
    unwindGain: one.unwindGain.plus(other.unwindGain),
    fees: addAmounts(one.fees, other.fees),
    funding: addAmounts(one.funding, other.funding),
    transfers: addAmounts(one.transfers, other.transfers),
  };
}

/** Earned in USDT: spread and unwinds less fees and funding; other currencies are not included. */
export function earnedUsdt({ spread, unwindGain, fees, funding }: Totals): Decimal {
  return spread
    .plus(unwindGain)
    .minus(fees.USDT ?? ZERO)
    .minus(funding.USDT ?? ZERO);
}

/** Between two balances of one account: the change of its cash, and the part that the rows explain (strategy 17.3). */
export interface Interval {
  readonly account: AccountName;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly change: Decimal;
  /** Change less −Σ signed size × price, fees, funding, and transfers, USDT. */
  readonly unexplained: Decimal;
  readonly rows: number;
}

/** Funding is paid at full hours; a balance read near one may or may not include it. */
const NEAR_FUNDING_NS = 60_000_000_000n;
const HOUR_NS = 3_600_000_000_000n;

export function isNearFunding(timeNs: bigint): boolean {
  const past = timeNs % HOUR_NS;
  return past < NEAR_FUNDING_NS || past > HOUR_NS - NEAR_FUNDING_NS;
}

function isWithinMinute(one: bigint, other: bigint): boolean {
  return one - other < NEAR_FUNDING_NS && other - one < NEAR_FUNDING_NS;
}

/** The largest amount that may stay unexplained, USDT: printed figures are truncated (strategy 17.3). */
export function unexplainedLimit(rows: number): Decimal {
  return max(new Decimal('0.01'), new Decimal('0.000001').mul(rows));
}

export function isUnexplained({ unexplained, rows }: Interval): boolean {
  return unexplained.abs().gt(unexplainedLimit(rows));
}

/** The intervals between an account's balances, oldest first (strategy 17.3). */
export function intervalsOf(rows: readonly MoneyRow[], account: AccountName): Interval[] {
  const own = rows.filter((row) => row.account === account).sort(byTime);
  const paidAtNs = own.flatMap((row) => (row.type === 'funding' ? [row.timeNs] : []));
  const isUsed = (row: MoneyRow): row is BalanceRow =>
    row.type === 'balance' &&
    !isNearFunding(row.timeNs) &&
    !paidAtNs.some((timeNs) => isWithinMinute(timeNs, row.timeNs));
  const balances = own.filter(isUsed);
  const fills = own.filter((row) => row.type === 'fill');
  const others = own.filter((row) => row.type !== 'fill' && row.type !== 'balance');
  const places = containedFills(balances, fills);
  return balances.slice(1).map((to, index) => {
    const from = balances[index]!;
    const paid = others.filter((row) => row.timeNs > from.timeNs && row.timeNs <= to.timeNs);
    const [had, has] = [places[index]!, places[index + 1]!];
    const added = fills.filter((row) => has.has(row) && !had.has(row));
    const gone = fills.filter((row) => had.has(row) && !has.has(row));
    const explained = sum([...paid, ...added].map(cashOf)).minus(sum(gone.map(cashOf)));
    const change = to.cash.minus(from.cash);
    return {
      account,
      fromNs: from.timeNs,
      toNs: to.timeNs,
      change,
      unexplained: change.minus(explained),
      rows: paid.length + added.length + gone.length,
    };
  });
}

/** A row's effect on its account's cash, USDT; zero for other currencies. */
function cashOf(row: PaymentRow): Decimal {
  if (row.type === 'fill') {
    const value = row.size.mul(row.price);
    const traded = row.side === 'buy' ? value.neg() : value;
    return row.feeCurrency === 'USDT' ? traded.minus(row.fee) : traded;
  }
  if (row.currency !== 'USDT') return ZERO;
  return row.type === 'funding' ? row.amount.neg() : row.amount;
}

function byTime(one: { readonly timeNs: bigint }, other: { readonly timeNs: bigint }): number {
  return Number(one.timeNs - other.timeNs);
}

/**
 * The fills that each balance includes: by time, corrected by its own positions (strategy 17.3), which may be some
 * fills behind or ahead. If no number of fills gives its positions, time alone decides.
 */
function containedFills(balances: readonly BalanceRow[], fills: readonly FillRow[]): ReadonlySet<FillRow>[] {
  const contained = balances.map(() => new Set<FillRow>());
  for (const instrument of new Set(fills.map((fill) => fill.instrument))) {
    const those = fills.filter((fill) => fill.instrument === instrument);
    const sums = [ZERO];
    for (const fill of those) sums.push(sums.at(-1)!.plus(signedSize(fill)));
    const byTimeOnly = balances.map(({ timeNs }) => {
      const after = those.findIndex((fill) => fill.timeNs > timeNs);
      return after === -1 ? those.length : after;
    });
    const sizes = balances.map((balance) => balance.sizes[instrument] ?? ZERO);
    const held = mostOften(sizes.map((size, index) => size.minus(sums[byTimeOnly[index]!]!)));
    for (const [index, size] of sizes.entries()) {
      const wanted = size.minus(held);
      const nearest = nearestIndex(sums, wanted, byTimeOnly[index]!);
      for (const fill of those.slice(0, nearest)) contained[index]!.add(fill);
    }
  }
  return contained;
}

/**
 * Both accounts' position in a symbol before its first fill, signed; null: an account has no balance.
 * @param fills of that symbol alone
 */
export function heldBefore(balances: readonly BalanceRow[], fills: readonly FillRow[]): Decimal | null {
  const instrument = fills[0]?.instrument;
  let held: Decimal | null = ZERO;
  for (const account of ACCOUNTS) {
    const own = fills.filter((fill) => fill.account === account).sort(byTime);
    const mine = balances.filter((balance) => balance.account === account).sort(byTime);
    let [next, traded] = [0, ZERO];
    const before = mine.map(({ timeNs, sizes }) => {
      for (; next < own.length && own[next]!.timeNs <= timeNs; next += 1) traded = traded.plus(signedSize(own[next]!));
      return (instrument === undefined ? ZERO : (sizes[instrument] ?? ZERO)).minus(traded);
    });
    held = before.length === 0 || held === null ? null : held.plus(mostOften(before));
  }
  return held;
}

/** The position that most balances agree on. */
function mostOften(values: readonly Decimal[]): Decimal {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value.toFixed(), (counts.get(value.toFixed()) ?? 0) + 1);
  const [most] = [...counts].sort(([, one], [, other]) => other - one);
  return new Decimal(most?.[0] ?? 0);
}

function nearestIndex(sums: readonly Decimal[], wanted: Decimal, start: number): number {
  for (let away = 0; away < sums.length; away += 1) {
    if (sums[start - away]?.eq(wanted)) return start - away;
    if (sums[start + away]?.eq(wanted)) return start + away;
  }
  return start;
}

import { abs, E9, least, most } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import { type Holding, keepLast, type PaperAccount, type PaperFill, type PaperOrder } from './model.ts';

/**
 * An account's positions and results, equity and margins (API 6), and its history of orders and fills. The life of an
 * order is in orders.ts.
 */

/** Entries of order_history and fill_history per account: a day of one engine. */
const CLOSED_KEPT = 5_000;
const FILLS_KEPT = 5_000;
/** Digests kept per account: more than can be sent within their lifetime under the rate limit. */
const DIGESTS_KEPT = 20_000;

/** Equity in 1e-18. */
export interface AccountStart {
  readonly name: string;
  readonly subAccountId: string;
  readonly owner: string;
  readonly equity: bigint;
}

/** The mark price of an instrument, 1e-9. */
export type MarkOf = (instrument: string) => bigint;

export function openAccount({ name, subAccountId, owner, equity }: AccountStart): PaperAccount {
  return {
    name,
    subAccountId,
    owner,
    balance: equity,
    holdings: new Map(),
    active: new Map(),
    closed: [],
    fills: [],
    fees: {},
    byOrderId: new Map(),
    byClientId: new Map(),
    digests: new Map(),
    fences: new Map(),
    countdownDueMs: Number.POSITIVE_INFINITY,
    countdownMs: 0,
    frozen: null,
  };
}

/** Of a new position: nothing was closed of it yet. */
const UNCLOSED = { exitSize: 0n, exitValue: 0n, realized: 0n, fees: 0n, funding: 0n };

/** The account's position in an instrument; an empty one, stamped now, if it never had any. */
export function holdingOf(account: PaperAccount, spec: InstrumentSpec, stampNs: () => bigint): Holding {
  let holding = account.holdings.get(spec.name);
  if (holding === undefined) {
    holding = { spec, size: 0n, cost: 0n, ...UNCLOSED, updatedNs: stampNs(), openBuys: 0n, openSells: 0n };
    account.holdings.set(spec.name, holding);
  }
  return holding;
}

function startPosition(holding: Holding): void {
  Object.assign(holding, UNCLOSED);
}

/** Sets a position directly: no fill, no fee. */
export function placePosition(holding: Holding, size: bigint, entryPrice: bigint, atNs: bigint): void {
  holding.size = size;
  holding.cost = size * entryPrice;
  startPosition(holding);
  holding.updatedNs = atNs;
}

/** Adds remaining size of a live order, or removes it if negative. */
export function reserve(holding: Holding, buy: boolean, size: bigint): void {
  if (buy) holding.openBuys += size;
  else holding.openSells += size;
}

/** One execution as an account sees it. */
export interface Execution {
  readonly buy: boolean;
  readonly price: bigint;
  readonly size: bigint;
  /** Share of notional, 1e-9; negative: rebate. */
  readonly feeRate: bigint;
  readonly atNs: bigint;
}

/**
 * Books one execution of a live order: position, result, fee, balance (API 6). Returns result before fees, and fee,
 * 1e-18.
 */
export function bookExecution(
  account: PaperAccount,
  holding: Holding,
  { buy, price, size, feeRate, atNs }: Execution,
): { readonly realized: bigint; readonly fee: bigint } {
  const signed = buy ? size : -size;
  reserve(holding, buy, -size);
  const opening = holding.size === 0n || holding.size > 0n === buy;
  let realized = 0n;
  if (opening) {
    if (holding.size === 0n) startPosition(holding);
    holding.size += signed;
    holding.cost += signed * price;
  } else {
    const closing = least(size, abs(holding.size));
    // The closed share of the entry value leaves with it; truncated digits stay in the rest, so none is lost.
    const share = closing === abs(holding.size) ? holding.cost : (holding.cost * closing) / abs(holding.size);
    const closedSigned = holding.size > 0n ? closing : -closing;
    realized = closedSigned * price - share;
    holding.size -= closedSigned;
    holding.cost -= share;
    holding.exitSize += closing;
    holding.exitValue += closing * price;
    holding.realized += realized;
    const over = size - closing;
    if (over > 0n) {
      holding.size = buy ? over : -over;
      holding.cost = holding.size * price;
      startPosition(holding);
    }
  }
  // Truncated at the quote's six decimals, as observed fees are (API 4).
  const fee = ((price * size * feeRate) / E9 / 10n ** 12n) * 10n ** 12n;
  holding.fees += fee;
  holding.updatedNs = atNs;
  account.balance += realized - fee;
  return { realized, fee };
}

/** Unrealised result of the positions, 1e-18. */
export function unrealizedOf(holdings: Iterable<Holding>, markOf: MarkOf): bigint {
  let total = 0n;
  for (const holding of holdings) {
    if (holding.size !== 0n) total += holding.size * markOf(holding.spec.name) - holding.cost;
  }
  return total;
}

/** Equity and margins, 1e-18. */
export interface Margins {
  readonly equity: bigint;
  readonly unrealized: bigint;
  readonly initial: bigint;
  readonly maintenance: bigint;
}

/**
 * Equity and margins (API 6): the initial margin of an instrument is the larger of its long and short side, orders
 * included, at the mark, over the leverage; the maintenance margin is half of that of the position alone.
 */
export function marginsOf(account: PaperAccount, markOf: MarkOf): Margins {
  const unrealized = unrealizedOf(account.holdings.values(), markOf);
  let initial = 0n;
  let maintenance = 0n;
  for (const holding of account.holdings.values()) {
    const { size, openBuys, openSells } = holding;
    if (size === 0n && openBuys === 0n && openSells === 0n) continue;
    const mark = markOf(holding.spec.name);
    const exposure = most(most(size, 0n) + openBuys, most(-size, 0n) + openSells);
    initial += (exposure * mark) / holding.spec.leverage;
    maintenance += (abs(size) * mark) / (holding.spec.leverage * 2n);
  }
  return { equity: account.balance + unrealized, unrealized, initial, maintenance };
}

/** Freezes this account's positions and summary as read until then. */
export function freezeReads(account: PaperAccount, untilMs: number, nowMs: number): void {
  if (account.frozen !== null && account.frozen.untilMs > nowMs) return;
  const holdings = new Map([...account.holdings].map(([name, holding]) => [name, { ...holding }]));
  account.frozen = { untilMs, holdings, balance: account.balance };
}

/** Positions and balance as reads show them. */
export function visibleOf(
  account: PaperAccount,
  nowMs: number,
): { holdings: ReadonlyMap<string, Holding>; balance: bigint } {
  if (account.frozen !== null && account.frozen.untilMs <= nowMs) account.frozen = null;
  return account.frozen ?? account;
}

/** Remembers what was signed, to recognise duplicates (API 5.1). */
export function rememberDigest(account: PaperAccount, order: PaperOrder): void {
  account.digests.set(order.digest, order);
  if (account.digests.size > DIGESTS_KEPT) account.digests.delete(account.digests.keys().next().value!);
}

/** Records a fill, dropping the oldest. */
export function rememberFill(account: PaperAccount, fill: PaperFill): void {
  keepLast(account.fills, fill, FILLS_KEPT);
}

/** Records an ended order, dropping the oldest with all their ids. */
export function rememberClosed(order: PaperOrder): void {
  const { account } = order;
  for (const old of keepLast(account.closed, order, CLOSED_KEPT)) {
    account.byOrderId.delete(old.orderId);
    if (account.byClientId.get(old.clientOrderId) === old) account.byClientId.delete(old.clientOrderId);
  }
}

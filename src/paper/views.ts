import type { VenueBook } from './book.ts';
import type { Candle } from './candles.ts';
import { abs, E9, most, printE9, printQuote, printRatio } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import type { Level } from './market.ts';
import type { Holding, PaperAccount, PaperFill, PaperOrder, PublicTrade } from './model.ts';
import type { PaidRate, PaperFunding, PaperTransfer } from './payments.ts';
import type { Venue } from './venue.ts';

/** The venue's data under full names: every required field, numbers as it prints them. */
export type Json = Record<string, unknown>;

const TRIGGER = {
  trigger_type: 'UNSPECIFIED',
  tpsl: { trigger_by: 'UNSPECIFIED', trigger_price: '0.0', close_position: false, is_split_position: false },
};
/** Price of one USDT in dollars. */
export const USDT_INDEX = '1.000289735';

/** The only currency; the amounts as printed. */
function usdtBalance(balance: string, available_to_transfer: string): Json {
  const results = { entry_price: '1.0', realized_pnl: '0.0', unrealized_pnl: '0.0' };
  return { currency: 'USDT', balance, index_price: USDT_INDEX, ...results, available_to_transfer };
}

/** The changing part of an order. */
export function stateView(order: PaperOrder): Json {
  const closed = order.status !== 'OPEN' && order.status !== 'PENDING';
  return {
    status: order.status,
    reject_reason: order.reason,
    book_size: [closed ? '0.0' : printE9(order.size - order.traded)],
    traded_size: [printE9(order.traded)],
    update_time: order.updatedNs.toString(),
    // Nine truncated digits: average times size gives the traded value to the last digit that the venue keeps.
    avg_fill_price: [order.traded === 0n ? '0.0' : printE9(order.tradedValue / order.traded)],
  };
}

export function orderView(order: PaperOrder): Json {
  const { instrument, size, price, buy } = order;
  const { signer, r, s, v, nonce } = order.signature;
  return {
    order_id: order.orderId,
    sub_account_id: order.account.subAccountId,
    is_market: order.isMarket,
    time_in_force: order.timeInForce,
    post_only: order.postOnly,
    reduce_only: order.reduceOnly,
    legs: [{ instrument, size: printE9(size), limit_price: printE9(price), is_buying_asset: buy }],
    signature: { signer, r, s, v, expiration: order.expirationNs.toString(), nonce, chain_id: '0' },
    metadata: {
      client_order_id: order.clientOrderId,
      create_time: order.createdNs.toString(),
      trigger: TRIGGER,
      broker: 'UNSPECIFIED',
      is_position_transfer: false,
      allow_crossing: false,
    },
    state: stateView(order),
    builder: order.builder ?? '0x00',
    builder_fee: order.builderFee ?? '0.0',
  };
}

/** The acknowledgement of a create: nothing is decided yet (API 5.1). */
export function acknowledgement(order: PaperOrder): Json {
  return {
    ...orderView(order),
    order_id: '0x00',
    state: {
      status: 'PENDING',
      reject_reason: 'UNSPECIFIED',
      book_size: [printE9(order.size)],
      traded_size: ['0.0'],
      update_time: order.createdNs.toString(),
      avg_fill_price: ['0.0'],
    },
  };
}

export function fillView(fill: PaperFill): Json {
  const { order } = fill;
  return {
    event_time: fill.timeNs.toString(),
    sub_account_id: order.account.subAccountId,
    instrument: order.instrument,
    is_buyer: order.buy,
    is_taker: fill.taker,
    size: printE9(fill.size),
    price: printE9(fill.price),
    mark_price: printE9(fill.mark),
    index_price: printE9(fill.index),
    interest_rate: '0.0',
    forward_price: '0.0',
    realized_pnl: printQuote(fill.realized),
    fee: printQuote(fill.fee),
    fee_rate: fill.feeRate,
    trade_id: fill.tradeId,
    order_id: order.orderId,
    venue: 'ORDERBOOK',
    is_liquidation: fill.liquidation,
    client_order_id: order.clientOrderId,
    signer: order.signature.signer,
    broker: 'UNSPECIFIED',
    is_rpi: false,
    builder: '0x00',
    builder_fee_rate: '0.0',
    builder_fee: '0.0',
    fee_currency: 'USDT',
  };
}

/** A funding payment; positive: paid (API 12.20). */
export function fundingView({ timeNs, account, instrument, amount, txId }: PaperFunding): Json {
  return {
    event_time: timeNs.toString(),
    sub_account_id: account.subAccountId,
    instrument,
    currency: 'USDT',
    amount: printQuote(amount),
    tx_id: txId,
  };
}

/** A rate as it was paid, in percent (API 4). */
export function paidRateView({ instrument, rate, intervalMs, timeNs, mark }: PaidRate): Json {
  return {
    instrument,
    funding_rate: printE9(rate * 100n),
    funding_time: timeNs.toString(),
    mark_price: printE9(mark),
    funding_rate_8_h_avg: printE9(inEightHours(rate, intervalMs)),
    funding_interval_hours: intervalMs / 3_600_000,
  };
}

/** Percent. */
function inEightHours(rate: bigint, intervalMs: number): bigint {
  return (rate * 28_800_000n * 100n) / BigInt(intervalMs);
}

/** A transfer; sub account 0 is the funding account itself. */
export function transferView({ timeNs, from, to, amount, txId }: PaperTransfer): Json {
  return {
    tx_id: txId,
    from_account_id: (from ?? to)!.owner,
    from_sub_account_id: from?.subAccountId ?? '0',
    to_account_id: (to ?? from)!.owner,
    to_sub_account_id: to?.subAccountId ?? '0',
    currency: 'USDT',
    num_tokens: printQuote(amount),
    signature: { signer: (from ?? to)!.owner, r: '0x00', s: '0x00', v: 27, expiration: '0', nonce: 0, chain_id: '0' },
    event_time: timeNs.toString(),
    transfer_type: 'STANDARD',
    transfer_metadata: '',
  };
}

export function depositView({ timeNs, to, amount, txId }: PaperTransfer): Json {
  return {
    l_1_hash: txId,
    l_2_hash: txId,
    to_account_id: to!.subAccountId,
    currency: 'USDT',
    num_tokens: printQuote(amount),
    initiated_time: timeNs.toString(),
    confirmed_time: timeNs.toString(),
    from_address: to!.owner,
  };
}

export function tradeView(trade: PublicTrade): Json {
  return {
    event_time: trade.timeNs.toString(),
    instrument: trade.instrument,
    is_taker_buyer: trade.takerBuys,
    size: printE9(trade.size),
    price: printE9(trade.price),
    mark_price: printE9(trade.mark),
    index_price: printE9(trade.index),
    interest_rate: '0.0',
    forward_price: '0.0',
    trade_id: trade.tradeId,
    venue: 'ORDERBOOK',
    is_rpi: false,
  };
}

export function candleView(instrument: string, candle: Candle, minutes: number): Json {
  const { openMs, open, high, low, close, volume, value, trades } = candle;
  return {
    open_time: String(BigInt(openMs) * 1_000_000n),
    close_time: String(BigInt(openMs + minutes * 60_000) * 1_000_000n),
    open: printE9(open),
    close: printE9(close),
    high: printE9(high),
    low: printE9(low),
    volume_b: printE9(volume),
    volume_q: printE9(value / E9),
    trades,
    instrument,
  };
}

/** `timeNs`: when it was read; `margins` of its account, if the caller has them. */
export function positionView(
  venue: Venue,
  account: PaperAccount,
  holding: Holding,
  timeNs: bigint,
  margins = venue.margins(account),
): Json {
  const { size, cost } = holding;
  const { name } = holding.spec;
  const mark = venue.shownMarks.of(name, account, venue.clockMs) ?? venue.mark(name);
  const unrealized = size * mark - cost;
  const magnitude = abs(size);
  const { equity, maintenance } = margins;
  // Cross margin: the price at which the account's equity is exhausted.
  const distance = magnitude === 0n ? 0n : (equity - maintenance) / magnitude;
  return {
    event_time: timeNs.toString(),
    sub_account_id: account.subAccountId,
    instrument: holding.spec.name,
    size: printE9(size),
    notional: printQuote(size * mark),
    entry_price: size === 0n ? '0.0' : printE9(cost / size),
    exit_price: holding.exitSize === 0n ? '0.0' : printE9(holding.exitValue / holding.exitSize),
    mark_price: printE9(mark),
    unrealized_pnl: printQuote(unrealized),
    realized_pnl: printQuote(holding.realized),
    total_pnl: printQuote(unrealized + holding.realized),
    roi: printRatio((unrealized + holding.realized) * 100n, abs(cost), 4),
    quote_index_price: USDT_INDEX,
    est_liquidation_price: printE9(most(0n, size >= 0n ? mark - distance : mark + distance)),
    leverage: `${holding.spec.leverage}.0`,
    cumulative_fee: printQuote(holding.fees),
    cumulative_realized_funding_payment: printQuote(holding.funding),
    margin_type: 'CROSS',
  };
}

/** Positions as reads show them; flat instruments are absent (API 6). */
export function positionsView(
  venue: Venue,
  account: PaperAccount,
  passes: (spec: InstrumentSpec) => boolean,
  margins = venue.margins(account),
): Json[] {
  const timeNs = venue.stampNs();
  const views: Json[] = [];
  for (const holding of venue.visible(account).holdings.values()) {
    if (holding.size !== 0n && passes(holding.spec)) views.push(positionView(venue, account, holding, timeNs, margins));
  }
  return views;
}

/** `account_summary` (API 6). */
export function summaryView(venue: Venue, account: PaperAccount): Json {
  const visible = venue.visible(account);
  const margins = venue.margins(account);
  const { initial, maintenance } = margins;
  const unrealized = venue.unrealized(visible.holdings.values());
  const equity = visible.balance + unrealized;
  const available = equity - initial - (unrealized < 0n ? unrealized : 0n);
  return {
    event_time: venue.stampNs().toString(),
    sub_account_id: account.subAccountId,
    margin_type: 'SIMPLE_CROSS_MARGIN',
    settle_currency: 'USDT',
    unrealized_pnl: printQuote(unrealized),
    total_equity: printQuote(equity),
    initial_margin: printQuote(initial),
    maintenance_margin: printQuote(maintenance),
    available_balance: printQuote(available),
    spot_balances: [usdtBalance(printQuote(visible.balance), printQuote(most(0n, available)))],
    positions: positionsView(venue, account, () => true, margins),
    settle_index_price: USDT_INDEX,
    is_vault: false,
    vault_im_additions: '0.0',
    derisk_margin: printQuote(maintenance),
    derisk_to_maintenance_margin_ratio: '1.0',
    total_cross_equity: printQuote(equity),
    cross_unrealized_pnl: printQuote(unrealized),
    sub_account_mode: 'CROSS_ASSET',
    margin_balance: printQuote(equity),
  };
}

/** `aggregated_account_summary`: the whole main account (API 6), without margins on purpose. */
export function aggregateView(venue: Venue, owner: string): Json {
  let equity = 0n;
  let available = 0n;
  for (const account of venue.accounts) {
    if (account.owner !== owner) continue;
    const margins = venue.margins(account);
    equity += margins.equity;
    available += margins.equity - margins.initial - (margins.unrealized < 0n ? margins.unrealized : 0n);
  }
  return {
    main_account_id: owner,
    total_equity: printQuote(equity),
    spot_balances: [usdtBalance('0.0', '0.0')],
    vault_investments: [],
    total_sub_account_balance: printQuote(equity),
    total_sub_account_equity: printQuote(equity),
    total_vault_investments_balance: '0.0',
    total_sub_account_available_balance: printQuote(available),
    total_usd_notional_invested: '0.0',
  };
}

export function instrumentView(spec: InstrumentSpec): Json {
  return {
    instrument: spec.name,
    instrument_hash: spec.hash,
    base: spec.base,
    quote: spec.quote,
    kind: spec.kind,
    venues: spec.venues,
    settlement_period: spec.settlementPeriod,
    base_decimals: spec.baseDecimals,
    quote_decimals: spec.quoteDecimals,
    tick_size: printE9(spec.tick),
    min_size: printE9(spec.minSize),
    create_time: spec.createTimeNs,
    max_position_size: printE9(spec.maxPosition),
    funding_interval_hours: spec.fundingIntervalHours,
    adjusted_funding_rate_cap: spec.fundingCap,
    adjusted_funding_rate_floor: spec.fundingFloor,
    min_notional: printE9(spec.minNotional),
  };
}

export function levelView(level: Level): Json {
  return { price: printE9(level.price), size: printE9(level.size), num_orders: level.orders };
}

/** The order book, best first. */
export function bookView(venue: Venue, instrument: string, depth: number): Json {
  return {
    event_time: venue.stampNs().toString(),
    instrument,
    bids: venue.levels(instrument, false, depth).map(levelView),
    asks: venue.levels(instrument, true, depth).map(levelView),
  };
}

/** An empty side has zeros. */
export function miniView(venue: Venue, book: VenueBook): Json {
  const name = book.spec.name;
  const bid = venue.best(name, false);
  const ask = venue.best(name, true);
  const mid = bid !== null && ask !== null ? (bid.price + ask.price) / 2n : 0n;
  return {
    event_time: venue.stampNs().toString(),
    instrument: name,
    mark_price: printE9(venue.shownMarks.of(name, null, venue.clockMs) ?? book.market.mark()),
    index_price: printE9(book.market.index()),
    last_price: printE9(book.lastPrice),
    last_size: printE9(book.lastSize),
    mid_price: printE9(mid),
    best_bid_price: printE9(bid?.price ?? 0n),
    best_bid_size: printE9(bid?.size ?? 0n),
    best_ask_price: printE9(ask?.price ?? 0n),
    best_ask_size: printE9(ask?.size ?? 0n),
  };
}

export function tickerView(venue: Venue, book: VenueBook): Json {
  const { rate, intervalMs, dueMs } = venue.payments.rate(book.spec.name);
  const eightHours = inEightHours(rate, intervalMs);
  let openInterest = 0n;
  for (const account of venue.accounts) openInterest += abs(account.holdings.get(book.spec.name)?.size ?? 0n);
  return {
    ...miniView(venue, book),
    funding_rate_8h_curr: printE9(eightHours),
    funding_rate_8h_avg: printE9(eightHours),
    interest_rate: '0.0',
    forward_price: '0.0',
    buy_volume_24h_b: printE9(book.buyVolume),
    sell_volume_24h_b: printE9(book.sellVolume),
    buy_volume_24h_q: printE9(book.buyValue / E9),
    sell_volume_24h_q: printE9(book.sellValue / E9),
    high_price: printE9(book.high),
    low_price: printE9(book.low),
    open_price: printE9(book.open),
    open_interest: printE9(openInterest),
    long_short_ratio: '1.0',
    funding_rate: printE9(rate * 100n),
    next_funding_time: (BigInt(dueMs) * 1_000_000n).toString(),
  };
}

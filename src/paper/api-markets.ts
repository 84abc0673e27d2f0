import { type ApiParts, byTime, filter, limit, PAGE_DEFAULT, page, type Route, route, text } from './api-route.ts';
import { CANDLE_MINUTES, type Candle, candlesOf } from './candles.ts';
import { VenueError } from './errors.ts';
import { NS } from './model.ts';
import type { PaidRate } from './payments.ts';
import { bookView, candleView, instrumentView, miniView, paidRateView, tickerView, tradeView } from './views.ts';

const DEPTHS = [10, 50, 100, 500];
const TRADE_LIMITS = [50, 200, 500, 1000];

/** Calls on instruments, books, trades and candles. */
export function marketRoutes(parts: ApiParts): Readonly<Record<string, Route>> {
  const { venue } = parts;
  return {
    instrument: route('ApiGetInstrument', 'public', 4, ({ body }) => ({
      result: instrumentView(venue.book(text(body.instrument)).spec),
    })),
    all_instruments: route('ApiGetAllInstruments', 'public', 12, ({ body }) => ({
      result: [...venue.books()]
        .filter((book) => book.spec.active || body.is_active !== true)
        .map((book) => instrumentView(book.spec)),
    })),
    instruments: route('ApiGetFilteredInstruments', 'public', 12, ({ body }) => {
      const passes = filter(body);
      const specs = [...venue.books()].map((book) => book.spec);
      return {
        result: specs
          .filter((spec) => passes(spec) && (spec.active || body.is_active !== true))
          .slice(0, limit(body.limit))
          .map(instrumentView),
      };
    }),
    book: route('ApiOrderbookLevels', 'public', 12, ({ body }) => {
      const instrument = text(body.instrument);
      venue.book(instrument, 3000);
      if (!DEPTHS.includes(body.depth as number)) throw new VenueError(3031);
      return { result: bookView(venue, instrument, body.depth as number) };
    }),
    mini: route('ApiMiniTicker', 'public', 4, ({ body }) => ({
      result: miniView(venue, venue.book(text(body.instrument))),
    })),
    ticker: route('ApiTicker', 'public', 4, ({ body }) => ({
      result: tickerView(venue, venue.book(text(body.instrument))),
    })),
    trade: route('ApiTrade', 'public', 12, ({ body }) => {
      const { trades } = venue.book(text(body.instrument));
      const count = body.limit === undefined ? PAGE_DEFAULT : Number(body.limit);
      if (!(count > 0 && count <= TRADE_LIMITS.at(-1)!)) throw new VenueError(1003);
      return { result: trades.slice(-count).reverse().map(tradeView) };
    }),
    trade_history: route('ApiTradeHistory', 'public', 12, ({ body }) => {
      const { trades } = venue.book(text(body.instrument));
      return page(trades, { stamp: byTime, view: tradeView }, body);
    }),
    funding: route('ApiFundingRate', 'public', 12, ({ body }) => {
      const { name } = venue.book(text(body.instrument)).spec;
      const passes = ({ instrument }: PaidRate) => instrument === name;
      return page(venue.payments.paidRates, { stamp: byTime, passes, view: paidRateView }, body);
    }),
    kline: route('ApiCandlestick', 'public', 12, ({ body }) => {
      const { candles } = venue.book(text(body.instrument));
      const interval = text(body.interval);
      const minutes = Object.hasOwn(CANDLE_MINUTES, interval) ? CANDLE_MINUTES[interval]! : null;
      // Only of trades: marks and indices are not kept.
      if (minutes === null || (body.type ?? 'TRADE') !== 'TRADE') throw new VenueError(1003);
      const stamp = ({ openMs }: Candle) => BigInt(openMs) * NS;
      const view = (candle: Candle) => candleView(text(body.instrument), candle, minutes);
      return page(candlesOf(candles, minutes), { stamp, view }, body);
    }),
    currency: route([null, 'ApiGetCurrencyResponse'], 'public', 12, () => ({
      result: [
        { id: 3, symbol: 'USDT', balance_decimals: 6, quantity_multiplier: '1000000' },
        ...[...venue.books()].map(({ spec }) => ({
          id: Number.parseInt(spec.hash.slice(4, -2), 16),
          symbol: spec.base,
          balance_decimals: spec.baseDecimals,
          quantity_multiplier: (10n ** BigInt(Math.max(0, spec.baseDecimals))).toString(),
        })),
      ],
    })),
  };
}

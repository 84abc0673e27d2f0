import type { EngineSymbol } from '../core/daemon/memory.ts';
import { createGrvtExchange, type GrvtExchange } from '../grvt/exchange.ts';
import type { GrvtOptions } from '../grvt/options.ts';
import { createStreams, type StreamOptions, type Streams } from '../grvt/stream.ts';
import type { EngineClock, Redact } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import type { Engine } from './engine.ts';
import { proxyFor } from './routes.ts';
import type { Say } from './run-log.ts';
import type { Venue } from './venue.ts';

/** What both connections to the exchange need. */
export interface ConnectionParts {
  readonly settings: Settings;
  readonly venue: Venue;
  readonly clock: EngineClock;
  readonly redact: Redact;
}

/** The REST client's log levels and their names in ours. */
const SDK_LEVEL: Readonly<Record<Settings['sdkLogLevel'], string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
  silent: 'OFF',
};

const LOG_LEVEL = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;

/** The exchange's REST API as configured. */
export function openExchange(
  { settings, venue, clock, redact }: ConnectionParts,
  say: Say,
  { onWire, report, whyNotCancel }: Required<Pick<GrvtOptions, 'onWire' | 'report' | 'whyNotCancel'>>,
): GrvtExchange {
  return createGrvtExchange({
    hosts: venue.hosts,
    chainId: venue.chainId,
    accounts: venue.keys,
    bookDepth: settings.orderbookDepth,
    rateScale: settings.rateScale,
    clock,
    instruments: settings.symbols.map(({ instrument }) => instrument),
    sdkLogLevel: SDK_LEVEL[settings.sdkLogLevel],
    log: (level, message) => say(LOG_LEVEL[level], `REST client: ${message}`),
    proxyFor: proxyFor(settings),
    onWire,
    report,
    redact,
    whyNotCancel,
  });
}

/** The exchange's streams (strategy 10.6). */
export function openStreams(
  { settings, venue, clock, redact }: ConnectionParts,
  engine: Engine,
  symbols: readonly EngineSymbol[],
  { onTouch, report }: Required<Pick<StreamOptions, 'onTouch' | 'report'>>,
): Streams {
  return engine.listen((ears) =>
    createStreams({
      ...ears,
      hosts: venue.hosts,
      sessions: { A: engine.exchange.session('A'), B: engine.exchange.session('B') },
      subAccountIds: { A: venue.keys.A.subAccountId, B: venue.keys.B.subAccountId },
      // Unlisted instruments have no book (strategy 11.6).
      instruments: symbols.filter((symbol) => !symbol.unlisted).map((symbol) => symbol.instrument.name),
      bookDepth: settings.orderbookDepth,
      clock,
      proxyFor: proxyFor(settings),
      redact,
      onTouch,
      report,
    }),
  );
}

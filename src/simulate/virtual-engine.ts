import { createEngineClock } from '../engine/clock.ts';
import { type Engine, type EngineParts, startEngine } from '../engine/engine.ts';
import { createGrvtExchange, type GrvtExchange } from '../grvt/exchange.ts';
import type { GrvtOptions } from '../grvt/options.ts';
import { createStreams, type StreamOptions, type Streams } from '../grvt/stream.ts';
import type { PaperExchange } from '../paper/index.ts';
import type { EngineClock } from '../ports.ts';
import type { VirtualTime } from './virtual-time.ts';

const ORIGIN = 'http://127.0.0.1:8080';

interface VirtualEngineParts
  extends Pick<EngineParts, 'settings' | 'journal' | 'auditedBy' | 'notifier' | 'warn'>,
    Required<Pick<GrvtOptions, 'post' | 'fetch'>> {
  readonly clock: EngineClock;
  readonly exchange: PaperExchange;
  readonly report: StreamOptions['report'];
  /** Hears the wire in place of the engine's own auditor. */
  readonly onWire?: Required<GrvtOptions>['onWire'];
  /** The streams' connections; null: it polls only. */
  readonly sockets: (() => Required<StreamOptions>['WebSocket']) | null;
  /** It trades. False: nothing more is begun. */
  readonly onTrading?: (engine: Engine) => boolean;
  readonly onStreams: (streams: Streams) => void;
}

/** The unmodified engine in virtual time, on the embedded exchange: for campaigns and backtests. */
export function startVirtualEngine(parts: VirtualEngineParts): Engine {
  const { settings, clock, exchange, report, sockets } = parts;
  const accounts = accountsOf(exchange);
  const subAccountIds = subAccountIdsOf(exchange);
  const openExchange: EngineParts['openExchange'] = (onWire, reportOwn): GrvtExchange =>
    createGrvtExchange({
      ...{ accounts, clock, chainId: exchange.chainId, post: parts.post, fetch: parts.fetch },
      hosts: { edge: ORIGIN, trades: ORIGIN, marketData: ORIGIN },
      bookDepth: settings.orderbookDepth,
      rateScale: settings.rateScale,
      instruments: settings.symbols.map(({ instrument }) => instrument),
      sdkLogLevel: 'OFF',
      onWire: parts.onWire ?? onWire,
      report: reportOwn,
    });
  return startEngine({
    ...{ settings, subAccountIds, openExchange, clock, heartbeat: null, reporter: { report } },
    ...{ journal: parts.journal, notifier: parts.notifier, warn: parts.warn },
    ...(parts.auditedBy ? { auditedBy: parts.auditedBy } : {}),
    onTrading: (trading, symbols) => {
      if (parts.onTrading?.(trading) === false || sockets === null) return;
      const streams = trading.listen((ears) =>
        createStreams({
          ...ears,
          hosts: { trades: ORIGIN, marketData: ORIGIN },
          sessions: { A: trading.exchange.session('A'), B: trading.exchange.session('B') },
          ...{ subAccountIds, clock, report, bookDepth: settings.orderbookDepth },
          instruments: symbols.filter((symbol) => !symbol.unlisted).map((symbol) => symbol.instrument.name),
          WebSocket: sockets(),
        }),
      );
      parts.onStreams(streams);
    },
  });
}

/** The clocks of a process in virtual time. */
export function virtualClock(time: VirtualTime): EngineClock {
  return createEngineClock(
    () => time.wallMs,
    () => time.nowMs,
  );
}

function accountsOf(exchange: PaperExchange): GrvtOptions['accounts'] {
  const [A, B] = exchange.accounts;
  return { A: A!, B: B! };
}

/** The numbers of both accounts. */
export function subAccountIdsOf(exchange: PaperExchange): { A: string; B: string } {
  const { A, B } = accountsOf(exchange);
  return { A: A.subAccountId, B: B.subAccountId };
}

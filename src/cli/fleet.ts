import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gauge, Registry } from 'prom-client';
import { errorText } from '../core/error-text.ts';
import { EXIT_CONFIGURATION, EXIT_UNREACHABLE } from '../core/exit-codes.ts';
import { type FleetPair, readFleet } from '../engine/fleet.ts';
import { JournalError } from '../journal/errors.ts';
import { askedBy, foreign } from '../os/loopback.ts';
import { thrownText } from '../texts/reason-error.ts';
import type { JournalCommandParts } from './explain.ts';
import { type FleetReading, fleetLines, fleetPage } from './fleet-view.ts';

/** `fleet`: all pairs of a database as a table, or as a page with metrics (strategy 18.3). Read-only. */

/** Refresh interval of the page; each refresh is one connection. */
const READ_EVERY_MS = 5_000;

export interface FleetOptions {
  readonly json?: boolean;
  readonly port?: number;
}

/** @returns 0; 69: the database does not answer; 78: no database, or the port is taken */
export async function fleetCommand(parts: JournalCommandParts, options: FleetOptions): Promise<number> {
  const { settings, clock, print, complain } = parts;
  if (settings.journalUrl === null) {
    complain('`fleet` shows the pairs of a database: GRVT_HEDGE_JOURNAL_URL names it.');
    return EXIT_CONFIGURATION;
  }
  if (options.port !== undefined) return serve(parts, options.port);
  try {
    const pairs = await readFleet(settings, clock);
    if (options.json) print(JSON.stringify(pairs, null, 2));
    else for (const line of fleetLines(pairs, clock.nowMs(), settings.lang)) print(line);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof JournalError)) throw thrown;
    complain(thrownText(thrown, settings.lang));
    return thrown.problem === 'unreachable' ? EXIT_UNREACHABLE : EXIT_CONFIGURATION;
  }
}

async function serve({ settings, clock, print, complain }: JournalCommandParts, port: number): Promise<number> {
  let reading: FleetReading = { pairs: [], atMs: null, failure: null };
  let over = false;
  const read = async (): Promise<void> => {
    try {
      reading = { pairs: await readFleet(settings, clock), atMs: clock.nowMs(), failure: null };
    } catch (thrown) {
      if (!(thrown instanceof JournalError)) throw thrown;
      // The last data are shown with their age.
      reading = { ...reading, failure: thrown.message };
    }
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const listening = (server.address() as AddressInfo | null)?.port ?? port;
    const refused = foreign(askedBy(request), listening, { anyPort: true, publicOrigin: settings.publicUrl });
    const send = (status: number, type: string, body: string) => {
      response.writeHead(status, {
        'content-type': `${type}; charset=utf-8`,
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
      response.end(request.method === 'HEAD' ? '' : body);
    };
    if (refused !== null) return send(refused.status, 'text/plain', `${refused.why}\n`);
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'text/plain', 'it only shows\n');
    const url = new URL(request.url ?? '/', 'http://fleet');
    const asked = url.searchParams.get('lang');
    const lang = asked === 'zh' || asked === 'en' ? asked : settings.lang;
    switch (url.pathname) {
      case '/':
        return send(200, 'text/html', fleetPage(reading, clock.nowMs(), lang));
      case '/metrics':
        return send(200, 'text/plain; version=0.0.4', await fleetMetrics(reading.pairs, reading.failure === null));
      case '/status':
        return send(200, 'application/json', JSON.stringify(reading));
      case '/healthz':
        return send(200, 'text/plain', 'alive\n');
      default:
        return send(404, 'text/plain', 'there is /, /metrics, /status and /healthz\n');
    }
  };
  const server = createServer({ requestTimeout: READ_EVERY_MS }, (request, response) => {
    answer(request, response).catch((thrown: unknown) =>
      response.destroy(thrown instanceof Error ? thrown : undefined),
    );
  });
  server.maxConnections = 64;
  try {
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(port, '127.0.0.1', listening);
    });
  } catch (thrown) {
    complain(`Port ${port} cannot be listened on: ${errorText(thrown)}`);
    return EXIT_CONFIGURATION;
  }
  print(`Fleet: http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await new Promise<void>((ended, failed) => {
    const stop = () => {
      over = true;
      clearTimeout(next);
      server.close(() => ended());
      server.closeAllConnections();
    };
    let next: NodeJS.Timeout;
    const round = (): void => {
      read().then(() => {
        if (!over) next = setTimeout(round, READ_EVERY_MS);
      }, failed);
    };
    round();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  });
  return 0;
}

/** All pairs for Prometheus; each pair's engine has more. */
export async function fleetMetrics(pairs: readonly FleetPair[], isFresh: boolean): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: 'grvt_fleet_read', help: '1: the database was read, 0: it does not answer.', registers }).set(
    isFresh ? 1 : 0,
  );
  const gauge = (name: string, help: string, of: (pair: FleetPair) => number | null) => {
    const one = new Gauge({ name: `grvt_fleet_${name}`, help, labelNames: ['pair', 'name'], registers });
    for (const pair of pairs) {
      const value = of(pair);
      if (value !== null) one.set({ pair: pair.pair, name: pair.label }, value);
    }
  };
  const amount = (text: string | null) => (text === null ? null : Number(text));
  gauge('readable', '1: its journal can be read.', ({ failure }) => (failure === null ? 1 : 0));
  gauge('traded', '1: an engine holds the lease.', ({ holder }) => (holder === null ? 0 : 1));
  gauge('unhedged_usdt', 'Worth of all nets that are not hedged.', ({ unhedgedUsdt }) => amount(unhedgedUsdt));
  gauge('equity_usdt', 'Equity of both accounts, as last read.', ({ equityUsdt }) => amount(equityUsdt));
  gauge('today_usdt', 'Earned today.', ({ todayUsdt }) => amount(todayUsdt));
  gauge(
    'alerts_critical',
    'Critical alerts that are open.',
    ({ alerts }) => alerts.filter(({ critical }) => critical).length,
  );
  gauge('last_entry_seconds', 'Time of the newest entry of its journal, Unix seconds.', ({ lastEntryAtMs }) =>
    lastEntryAtMs === null ? null : lastEntryAtMs / 1_000,
  );
  return registry.metrics();
}

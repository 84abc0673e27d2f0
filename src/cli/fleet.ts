import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gauge, Registry } from 'prom-client';
import { decimal, usdtText } from '../core/decimal.ts';
import { errorText } from '../core/error-text.ts';
import { type FleetPair, fleetTotals, readFleet } from '../engine/fleet.ts';
import { EXIT_CONFIGURATION, EXIT_UNREACHABLE } from '../engine/start.ts';
import { clockTime, columns } from '../explain/words.ts';
import { JournalError } from '../journal/errors.ts';

import { askedBy, foreign } from '../os/loopback.ts';
import { lasting } from '../texts/duration.ts';
import type { LookParts } from './explain.ts';

/** `fleet`: all pairs of a database as a table, or as a page with metrics (strategy 18.3). Read-only. */

/** Refresh interval of the page: each refresh opens a connection per pair. */
const READ_EVERY_MS = 5_000;

export interface FleetOptions {
  readonly json?: boolean;
  readonly port?: number;
}

/** @returns 0; 69: the database does not answer; 78: no database, or the port is taken */
export async function fleetCommand(parts: LookParts, options: FleetOptions): Promise<number> {
  const { settings, clock, print, complain } = parts;
  if (settings.journalUrl === null) {
    complain('`fleet` shows the pairs of a database: GRVT_HEDGE_JOURNAL_URL names it.');
    return EXIT_CONFIGURATION;
  }
  if (options.port !== undefined) return serve(parts, options.port);
  try {
    const pairs = await readFleet(settings, clock);
    if (options.json) print(JSON.stringify(pairs, null, 2));
    else for (const line of fleetLines(pairs, clock.nowMs())) print(line);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof JournalError)) throw thrown;
    complain(thrown.message);
    return thrown.problem === 'unreachable' ? EXIT_UNREACHABLE : EXIT_CONFIGURATION;
  }
}

const HEAD = [
  'pair',
  'engine',
  'unhedged USDT',
  'for',
  'equity USDT',
  'today USDT',
  'alerts',
  'heard',
  'page',
] as const;

/** The table, worst first, with what needs attention below it. */
export function fleetLines(pairs: readonly FleetPair[], nowMs: number): string[] {
  if (pairs.length === 0) return ['No engine has written to this database yet.'];
  const { traded, unhedgedUsdt, equityUsdt, todayUsdt, critical } = fleetTotals(pairs);
  return [
    `${pairs.length} pairs, ${traded} traded; unhedged ${usdtText(unhedgedUsdt)} USDT, equity ${usdtText(equityUsdt)} USDT, ` +
      `today ${usdtText(todayUsdt)} USDT, ${critical} critical alerts`,
    '',
    ...columns([HEAD, ...pairs.map((pair) => cells(pair, nowMs))]),
    ...pairs.flatMap((pair) => troubles(pair).map((text) => `${pair.label}: ${text}`)),
  ];
}

function cells(pair: FleetPair, nowMs: number): string[] {
  const amount = (text: string | null) => (text === null ? '-' : usdtText(decimal(text)));
  return [
    pair.label,
    pair.holder ?? 'NONE',
    amount(pair.unhedgedUsdt),
    pair.unhedgedSinceMs === null ? '-' : lasting(nowMs - pair.unhedgedSinceMs),
    amount(pair.equityUsdt),
    amount(pair.todayUsdt),
    String(pair.alerts.length),
    pair.heardAtMs === null ? '-' : clockTime(pair.heardAtMs),
    pair.page ?? '-',
  ];
}

function troubles({ failure, holder, unhedgedUsdt, alerts }: FleetPair): string[] {
  const alone =
    holder === null && decimal(unhedgedUsdt).gt(0) ? ['no engine trades it, and something is unhedged'] : [];
  const said = alerts
    .filter(({ information }) => !information)
    .map(({ critical, text }) => `${critical ? '!! ' : ''}${text.en}`);
  return [...(failure === null ? [] : [failure]), ...alone, ...said];
}

async function serve({ settings, clock, print, complain }: LookParts, port: number): Promise<number> {
  let shown: { readonly pairs: readonly FleetPair[]; readonly atMs: number } | null = null;
  let failure: string | null = null;
  let over = false;
  const read = async (): Promise<void> => {
    try {
      shown = { pairs: await readFleet(settings, clock), atMs: clock.nowMs() };
      failure = null;
    } catch (thrown) {
      if (!(thrown instanceof JournalError)) throw thrown;
      // The last data are shown with their age.
      failure = thrown.message;
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
    switch (request.url) {
      case '/':
        return send(200, 'text/html', fleetPage(shown?.pairs ?? [], shown?.atMs ?? null, failure, clock.nowMs()));
      case '/metrics':
        return send(200, 'text/plain; version=0.0.4', await fleetMetrics(shown?.pairs ?? [], failure === null));
      case '/status':
        return send(
          200,
          'application/json',
          JSON.stringify({ atMs: shown?.atMs ?? null, failure, pairs: shown?.pairs ?? [] }),
        );
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

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ESCAPED[sign] ?? sign);

const STYLE = `body{font:14px/1.4 system-ui,sans-serif;margin:1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d0d7de;white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#a40e26;font-weight:600}td.t{white-space:normal;min-width:9rem}td.w{white-space:normal;min-width:20rem}
.wide{overflow-x:auto}a{color:#0550ae}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}.bad{color:#ff9492}a{color:#79b8ff}}`;

/**
 * A page without script, reloaded by the browser every five seconds. Names come from journals: everything is escaped.
 */
export function fleetPage(
  pairs: readonly FleetPair[],
  atMs: number | null,
  failure: string | null,
  nowMs: number,
): string {
  const { traded, unhedgedUsdt, equityUsdt, todayUsdt, critical } = fleetTotals(pairs);
  const cell = (text: string, kind = '') => `<td${kind === '' ? '' : ` class="${kind}"`}>${text}</td>`;
  const rows = pairs.map((pair) => {
    const [label = '', engine = '', unhedged = '', since = '', equity = '', today = '', , heard = ''] = cells(
      pair,
      nowMs,
    ).map(escaped);
    const page = pair.page !== null && /^https?:\/\//.test(pair.page) ? `<a href="${escaped(pair.page)}">page</a>` : '';
    const symbols = pair.symbols
      .filter(({ open }) => open !== null)
      .map(({ instrument, net }) => escaped(`${instrument} ${net}`))
      .join('<br>');
    return `<tr>${cell(label)}${cell(engine, pair.holder === null ? 'bad' : '')}${cell(unhedged, 'n')}${cell(since, 'n')}${cell(symbols, 't')}${cell(equity, 'n')}${cell(today, 'n')}${cell(troubles(pair).map(escaped).join('<br>'), 'w')}${cell(heard)}${cell(page)}</tr>`;
  });
  const old = atMs === null ? 'not read yet' : `read ${lasting(Math.max(0, nowMs - atMs))} ago`;
  const head = `${pairs.length} pairs, ${traded} traded · unhedged ${usdtText(unhedgedUsdt)} USDT · equity ${usdtText(equityUsdt)} USDT · today ${usdtText(todayUsdt)} USDT · ${critical} critical alerts · ${old}`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><meta name="viewport" content="width=device-width"><title>${critical > 0 ? `(${critical}) ` : ''}grvt-hedge fleet</title><style>${STYLE}</style></head><body>
<h1>Fleet</h1><p>${escaped(head)}</p>${failure === null ? '' : `<p class="bad" role="alert">${escaped(failure)}</p>`}
<div class="wide"><table><thead><tr><th>pair</th><th>engine</th><th class="n">unhedged USDT</th><th class="n">for</th><th>nets</th><th class="n">equity USDT</th><th class="n">today USDT</th><th>needs somebody</th><th>heard</th><th></th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></body></html>
`;
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
  gauge('traded', '1: an engine holds the lease.', ({ holder }) => (holder === null ? 0 : 1));
  gauge('unhedged_usdt', 'Worth of all nets that are not hedged.', ({ unhedgedUsdt }) => amount(unhedgedUsdt));
  gauge('equity_usdt', 'Equity of both accounts, as last read.', ({ equityUsdt }) => amount(equityUsdt));
  gauge('today_usdt', 'Earned today.', ({ todayUsdt }) => amount(todayUsdt));
  gauge(
    'alerts_critical',
    'Critical alerts that are open.',
    ({ alerts }) => alerts.filter(({ critical }) => critical).length,
  );
  gauge('heard_seconds', 'Time of the newest entry of its journal, Unix seconds.', ({ heardAtMs }) =>
    heardAtMs === null ? null : heardAtMs / 1_000,
  );
  return registry.metrics();
}

import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { WireEvent } from '../core/wire-event.ts';
import { askedBy } from '../os/loopback.ts';
import type { Clock, Reporter } from '../ports.ts';
import type { Status, StatusSource } from '../status/model.ts';
import { CONTROL_PATH, type Controls, serveControls } from './controls.ts';
import { docPage } from './docs.ts';
import { type Names, parserAnswer, refusal, SECURITY_HEADERS } from './guard.ts';
import { createHistory } from './history.ts';
import { createInspector, INSPECT_PATH, type Inspected } from './inspector.ts';
import { createLive } from './live.ts';
import { createMetrics } from './metrics.ts';
import { createPast, type PastJournal } from './past.ts';
import { createSamples } from './samples.ts';

/** Interval of sampling the engine for the curves, whether or not a page is open. */
const SAMPLE_EVERY_MS = 1_000;
/** Only this machine is answered (strategy 2.1). */
const LOOPBACK = '127.0.0.1';
/** Longest request line and headers. */
const MAX_HEADER_BYTES = 16 * 1024;
/** Limit for a complete request. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Idle time of a connection. */
const KEEP_ALIVE_MS = 5_000;
/** Interval of enforcing both. */
const CHECK_CONNECTIONS_MS = 2_000;
/**
 * Most connections: twice what sixteen pages use. Further ones are closed at once, so that they cannot take the file
 * descriptors of the exchange's connections.
 */
export const CONNECTIONS_MAX = 64;

/** A statechart for display and download. */
export interface ChartFile {
  readonly svg: string;
  readonly mermaid: string;
  readonly json: string;
}

export interface WebOptions {
  /** Loopback port; 0: any free one (0 in the settings means no server, which the caller handles). */
  readonly port: number;
  readonly lang: () => 'en' | 'zh';
  readonly version: string;
  readonly source: StatusSource;
  /** For the slider; null: no past. */
  readonly journal: PastJournal | null;
  /** By name: `symbol`, `gateway`, … */
  readonly charts: Readonly<Record<string, ChartFile>>;
  readonly clock: Clock;
  /** Hides secrets in everything sent. */
  readonly redact: (text: string) => string;
  /** Relay XState's inspection events to Stately's inspector (`run --inspect`). */
  readonly inspect?: boolean;
  /** Why the engine does not work; empty: it does. */
  readonly problems: () => readonly string[];
  /** The page's commands (strategy 16.6). */
  readonly controls: () => Controls;
  /** Origin under which a reverse proxy publishes the page; null: none. */
  readonly publicUrl: () => string | null;
}

export interface Web {
  readonly reporter: Reporter;
  onWire(event: WireEvent): void;
  /** For XState's `inspect`; null: off. */
  readonly inspect: ((event: Inspected) => void) | null;
  readonly url: string;
  /** Names of all metrics. */
  metricNames(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const PAGE = join(dirname(fileURLToPath(import.meta.url)), 'page');
const UPLOT = join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist');

interface ServedFile {
  readonly path: string;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Every served file, by address. */
const FILES: Readonly<Record<string, ServedFile>> = {
  '/': { path: join(PAGE, 'index.html'), type: 'text/html; charset=utf-8' },
  ...Object.fromEntries(
    ['base', 'overview', 'symbols', 'side', 'curves', 'detail', 'chart', 'money', 'act', 'docs'].map((name) => [
      `/page/${name}.css`,
      { path: join(PAGE, `${name}.css`), type: 'text/css; charset=utf-8' },
    ]),
  ),
  '/page/icon.svg': { path: join(PAGE, 'icon.svg'), type: 'image/svg+xml' },
  ...Object.fromEntries(
    [
      ...['main', 'words', 'texts', 'texts-act', 'texts-money', 'texts-facts', 'texts-glossary', 'dom', 'tips'],
      ...['control', 'act'],
      ...['overview', 'lead', 'account', 'alerts', 'rollout', 'feed', 'tile', 'table', 'money', 'curves', 'history'],
      ...['detail', 'symbol', 'chart', 'past'],
    ].map((name) => [`/page/${name}.js`, { path: join(PAGE, `${name}.js`), type: 'text/javascript; charset=utf-8' }]),
  ),
  '/page/uplot.js': { path: join(UPLOT, 'uPlot.esm.js'), type: 'text/javascript; charset=utf-8' },
  '/page/uplot.css': { path: join(UPLOT, 'uPlot.min.css'), type: 'text/css; charset=utf-8' },
};

/** With `--inspect` only: a page with Stately's inspector in a frame. */
const INSPECT_FILES: Readonly<Record<string, ServedFile>> = {
  [INSPECT_PATH]: {
    path: join(PAGE, 'inspect.html'),
    type: 'text/html; charset=utf-8',
    headers: {
      'Content-Security-Policy': `${SECURITY_HEADERS['Content-Security-Policy']}; frame-src https://stately.ai`,
      'Cross-Origin-Opener-Policy': 'unsafe-none',
    },
  },
  '/page/inspect.js': { path: join(PAGE, 'inspect.js'), type: 'text/javascript; charset=utf-8' },
  '/page/inspect.css': { path: join(PAGE, 'inspect.css'), type: 'text/css; charset=utf-8' },
};

/**
 * Starts dashboard, metrics, health and status on loopback: no secrets, nothing external, read-only except for the
 * commands of an unlocked page. Nothing here throws into the engine.
 * @throws the listening socket's error, e.g. that the port is taken.
 */
export async function startWeb(options: WebOptions): Promise<Web> {
  const { source, clock, redact } = options;
  const history = createHistory();
  const metrics = createMetrics(source);
  const live = createLive({
    status: () => source.status(),
    history,
    redact,
    hello: () => ({
      lang: options.lang(),
      version: options.version,
      charts: Object.keys(options.charts),
      acts: options.controls().token() !== null,
    }),
  });
  let port = options.port;
  const names = (): Names => ({
    port,
    publicOrigin: options.publicUrl(),
    actsUnder: options.controls().token() === null ? null : CONTROL_PATH,
  });
  const server = openServer(names);
  const inspector = options.inspect ? createInspector({ redact, clock }) : null;

  serveControls(server, options.controls, { clock, redact });

  serveFiles(server, FILES);
  if (inspector !== null) {
    serveFiles(server, INSPECT_FILES);
    server.server.on('upgrade', (request, socket, head) => inspector.upgrade(request, socket, head, port));
  }
  serveHealth(server, source, options.problems);
  server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.scrape()));
  server.get('/status', (_request, reply) => json(reply, redact, source.status()));
  server.get<{ Params: { name: string } }>('/api/series/:name', (request, reply) =>
    json(reply, redact, history.series(request.params.name)),
  );
  server.get<{ Params: { name: string } }>('/docs/:name', async (request, reply) => {
    const page = await docPage(request.params.name);
    return page === null ? plain(reply, 404, 'nothing here') : reply.type('text/html; charset=utf-8').send(page);
  });
  server.get<{ Params: { file: string } }>('/charts/:file', (request, reply) =>
    sendChart(reply, options.charts, request.params.file),
  );
  servePast(server, options.journal, clock, redact);
  // The answer to HEAD would have no end and occupy a place for ever.
  server.head('/events', (_request, reply) => reply.code(405).header('Allow', 'GET').send());
  server.get('/events', { exposeHeadRoute: false }, (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    if (!live.join(reply.raw)) reply.raw.end('event: full\ndata: {}\n\n');
  });

  await server.listen({ host: LOOPBACK, port });
  const address = server.server.address();
  if (address !== null && typeof address === 'object') port = address.port;

  const sampling = setInterval(() => {
    try {
      if (!history.due(clock.nowMs())) return;
      const points = history.sample(source.status());
      if (points !== null) live.drawn(points);
    } catch {
      // A curve misses a point.
    }
  }, SAMPLE_EVERY_MS);
  sampling.unref();

  return {
    reporter: {
      report(fact) {
        metrics.reporter.report(fact);
        const entry = history.take(fact);
        if (entry !== null) live.tell(entry);
      },
    },
    onWire: (event) => metrics.onWire(event),
    inspect: inspector === null ? null : (event) => inspector.inspect(event),
    url: `http://${LOOPBACK}:${port}`,
    metricNames: () => metrics.names(),
    async close() {
      clearInterval(sampling);
      inspector?.close();
      live.close();
      metrics.close();
      await server.close();
    },
  };
}

/** A server for this machine only, without routes; anything unknown or failing is answered in a line. */
function openServer(names: () => Names): FastifyInstance {
  const server = Fastify({
    logger: false,
    serverFactory: (handle) => guardedServer(handle, names),
    clientErrorHandler: (error, socket) => {
      if (socket.writable) socket.end(parserAnswer(error), () => socket.destroy());
      else socket.destroy();
    },
    frameworkErrors: (_error, _request, reply) => {
      plain(reply as FastifyReply, 404, 'nothing here');
    },
    forceCloseConnections: true,
  });
  server.setNotFoundHandler((_request, reply) => plain(reply, 404, 'nothing here'));
  server.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number };
    const [code, why] = statusCode < 500 ? [statusCode, 'not a request of this server'] : [500, 'this answer failed'];
    return plain(reply, code, why);
  });
  // A form could send a non-JSON body without the browser's preflight.
  server.removeContentTypeParser('text/plain');
  return server;
}

/** The slider's moments, and the curves of days and weeks, by the journal. */
function servePast(
  server: FastifyInstance,
  journal: PastJournal | null,
  clock: Clock,
  redact: WebOptions['redact'],
): void {
  const past = journal === null ? null : createPast(journal, clock);
  const samples = journal === null ? null : createSamples(journal, clock);
  /** What was read for the page; null: nothing. */
  const found = (reply: FastifyReply, value: object | 'busy' | 'too-often' | null, missing = 'nothing here') => {
    if (value === 'busy') return plain(reply, 503, 'busy');
    if (value === 'too-often') return plain(reply.header('Retry-After', '5'), 429, 'asked too often');
    return value === null ? plain(reply, 404, missing) : json(reply, redact, value);
  };
  server.get<{ Params: { name: string }; Querystring: { hours?: string; until?: string } }>(
    '/api/past/:name',
    async (request, reply) => {
      const { name } = request.params;
      if (past === null) return json(reply, redact, { instrument: name, moments: [], cut: false });
      const { hours = 1, until } = request.query;
      return found(reply, await past.moments(name, Number(hours), until === undefined ? null : Number(until)));
    },
  );
  server.get<{ Params: { span: string }; Querystring: { instrument?: string } }>(
    '/api/history/:span',
    async (request, reply) => {
      const { instrument } = request.query;
      if (samples === null) return json(reply, redact, []);
      const curve = await samples.curve(request.params.span, typeof instrument === 'string' ? instrument : '');
      return found(reply, curve, 'no such span');
    },
  );
  server.get<{ Params: { name: string; seq: string } }>('/api/past/:name/:seq', (request, reply) => {
    const { name, seq } = request.params;
    return found(reply, past?.at(name, Number(seq)) ?? null, 'no such moment');
  });
}

/**
 * A server of which every answer has the security headers, and every request passes the guard first, including
 * undecodable addresses and what Node would answer by itself (no `Host`, an `Expect`).
 */
function guardedServer(handle: RequestListener, names: () => Names): Server {
  const guarded: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    response.setHeader('Cache-Control', 'no-store');
    const refused =
      request.headers.expect === undefined
        ? refusal(askedBy(request), (request.url ?? '').split('?', 1)[0] ?? '', names())
        : { status: 417, why: 'nothing can be expected of this server' };
    if (refused === null) return handle(request, response);
    // Closed: the rest of a refused request is not read.
    const allow = refused.status === 405 ? { Allow: 'GET, HEAD' } : {};
    response.writeHead(refused.status, { 'Content-Type': 'text/plain', Connection: 'close', ...allow });
    response.end(`${refused.why}\n`);
  };
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
      requireHostHeader: false,
    },
    guarded,
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.on('checkContinue', guarded);
  server.on('checkExpectation', guarded);
  return server;
}

function plain(reply: FastifyReply, code: number, text: string): FastifyReply {
  return reply.code(code).type('text/plain').send(`${text}\n`);
}

function json(reply: FastifyReply, redact: (text: string) => string, value: unknown): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(redact(JSON.stringify(value)));
}

function serveFiles(server: FastifyInstance, files: Readonly<Record<string, ServedFile>>): void {
  const read = new Map<string, Promise<Buffer>>();
  for (const [address, { path, type, headers = {} }] of Object.entries(files)) {
    server.get(address, async (_request, reply) => {
      const body = read.get(address) ?? readFile(path);
      read.set(address, body);
      return reply
        .type(type)
        .headers(headers)
        .send(await body);
    });
  }
}

/**
 * `/healthz`: the engine works, whatever the exchange does. `/readyz`: it trades, each symbol's actor works, and both
 * accounts' data are fresh (strategy 10.3).
 */
function serveHealth(server: FastifyInstance, source: StatusSource, problems: () => readonly string[]): void {
  const answer = (reply: FastifyReply, missing: readonly string[], good: string) =>
    missing.length === 0 ? plain(reply, 200, good) : plain(reply, 503, missing.join('\n'));
  server.get('/healthz', (_request, reply) => answer(reply, problems(), 'alive'));
  server.get('/readyz', (_request, reply) => answer(reply, unready(source.status()), 'ready'));
}

/** Why the engine is not ready; empty: it is. */
export function unready(status: Status): readonly string[] {
  const reasons = status.engine === 'trading' ? [] : [`the engine is ${status.engine}`];
  for (const { account, polledAtMs, poller } of status.accounts) {
    if (poller === 'parked') reasons.push(`account ${account} is parked`);
    else if (polledAtMs === null) reasons.push(`account ${account} has not been read yet`);
    else if (status.atMs - polledAtMs > status.settings.staleMs)
      reasons.push(`account ${account} was last read too long ago`);
  }
  for (const { instrument, state } of status.symbols)
    if (status.engine === 'trading' && state === null) reasons.push(`${instrument}: its part of the engine has failed`);
  return reasons;
}

const CHART_TYPES = { svg: 'image/svg+xml', mermaid: 'text/plain; charset=utf-8', json: 'application/json' } as const;

function sendChart(reply: FastifyReply, charts: WebOptions['charts'], file: string): FastifyReply {
  const dot = file.lastIndexOf('.');
  const [name, kind] = [file.slice(0, dot), file.slice(dot + 1)];
  const chart = Object.hasOwn(charts, name) ? charts[name] : undefined;
  if (chart === undefined || !Object.hasOwn(CHART_TYPES, kind)) return plain(reply, 404, 'no such chart');
  const format = kind as keyof typeof CHART_TYPES;
  return reply.type(CHART_TYPES[format]).send(chart[format]);
}

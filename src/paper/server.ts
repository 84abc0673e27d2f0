import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { askedBy, foreign } from '../os/loopback.ts';
import type { PaperAnswer, PaperRequest } from './api.ts';
import { createCatchUp } from './catch-up.ts';
import { boundConnections, CONNECTIONS_MAX, STREAMS_MAX } from './connections.ts';
import type { PaperExchange } from './exchange.ts';

/** Largest request body; a bulk of 100 orders is a tenth of it. */
const MAX_BODY_BYTES = 1_048_576;
/** Idle time of a connection; longer than any poll interval in use. */
const KEEP_ALIVE_MS = 65_000;
/** Limit for a complete request, and for the first request of a connection. */
const REQUEST_TIMEOUT_MS = 15_000;
/** Interval of enforcing that. */
const CHECK_CONNECTIONS_MS = 5_000;

export interface ServerParts {
  readonly exchange: PaperExchange;
  /** The time for the exchange, ms. */
  readonly nowMs: () => number;
}

export interface HttpServer {
  readonly port: number;
  readonly server: ReturnType<typeof createServer>;
  close(): Promise<void>;
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Not destroyed: an answer still follows.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Serves the exchange over HTTP on 127.0.0.1 and moves its market by a timer for the next event. Port 0 takes any free
 * port. @throws if the port is taken.
 */
export async function serveHttp(parts: ServerParts, port: number): Promise<HttpServer> {
  const served = serve(parts);
  const limits = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
  };
  const server = createServer(limits, (incoming, response) => {
    readBody(incoming)
      .then((body) => answerTo(served, incoming, response, body))
      .catch((error: unknown) => {
        // A client that disconnects while sending is no error; a defect of this program is.
        if (incoming.destroyed && !incoming.complete) return;
        process.emitWarning(error instanceof Error ? error : new Error(String(error)));
        response.destroy();
      });
  });
  boundConnections(server, CONNECTIONS_MAX);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES });
  server.on('upgrade', (incoming, socket, head) => openStream(served, sockets, incoming, socket, head));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  served.wake();
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: async () => {
      served.close();
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
    },
  };
}

type Served = ReturnType<typeof serve>;

/** The exchange with its time: a timer for its next event. */
function serve({ exchange, nowMs: clock }: ServerParts) {
  let isClosed = false;
  let timer: NodeJS.Timeout | null = null;
  let timerAtMs = Number.POSITIVE_INFINITY;
  const catchUp = createCatchUp(exchange, clock, () => wake());
  const nowMs = () => catchUp.nowMs();
  /** After anything that may have changed when something happens next. */
  const wake = (): void => {
    if (isClosed) return;
    const nextMs = exchange.nextEventMs();
    if (timer !== null && timerAtMs <= nextMs) return;
    if (timer !== null) clearTimeout(timer);
    timerAtMs = nextMs;
    const due = (): void => {
      timer = null;
      exchange.advance(nowMs());
      wake();
    };
    timer = setTimeout(due, Math.max(1, nextMs - nowMs()));
    // Does not keep the process alive.
    timer.unref();
  };
  const close = (): void => {
    isClosed = true;
    catchUp.close();
    if (timer !== null) clearTimeout(timer);
  };
  return { exchange, catchUp, nowMs, wake, close };
}

function send(response: ServerResponse, answer: PaperAnswer): void {
  if (answer.broken !== null) {
    response.socket?.destroy();
    return;
  }
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

/** @param body null: too long */
function answerTo(served: Served, incoming: IncomingMessage, response: ServerResponse, body: string | null): void {
  const { exchange, nowMs, wake } = served;
  if (body === null) {
    response.writeHead(413, { connection: 'close' }).end();
    return;
  }
  const { url: path = '/', method = 'GET' } = incoming;
  if (path.startsWith('/paper/')) {
    control(served, incoming, response, body);
    return;
  }
  const request: PaperRequest = { method, path, headers: incoming.headers as PaperRequest['headers'], body };
  const arrive = (): void => {
    const answer = exchange.handle(request, nowMs());
    wake();
    if (answer.delayMs > 0) setTimeout(() => send(response, answer), answer.delayMs);
    else send(response, answer);
  };
  const lateMs = exchange.api.arrivalDelayMs(request);
  if (lateMs > 0) setTimeout(arrive, lateMs);
  else arrive();
}

/** The control path hands out keys and moves the market: not for pages of other sites or under other names. */
function control(served: Served, incoming: IncomingMessage, response: ServerResponse, body: string): void {
  const { exchange, catchUp, nowMs, wake } = served;
  const refused = foreign(askedBy(incoming), incoming.socket.localPort ?? 0);
  if (refused !== null) {
    response.writeHead(refused.status, { 'content-type': 'text/plain' }).end(`${refused.why}\n`);
    return;
  }
  exchange.advance(nowMs());
  let isLong = false;
  const answer = exchange.control.handle(incoming.method ?? 'GET', incoming.url ?? '/', body, (ms) => {
    catchUp.skip(ms);
    isLong = true;
  });
  if (isLong) catchUp.whenDone(() => send(response, answer));
  else send(response, answer);
  wake();
}

function openStream(
  { exchange, nowMs, wake }: Served,
  sockets: WebSocketServer,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  // Without a listener a reset during the handshake would end the process.
  socket.on('error', () => socket.destroy());
  exchange.advance(nowMs());
  const refuse = (status: number): void => {
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
    socket.end(head, () => socket.destroy());
  };
  if (sockets.clients.size >= STREAMS_MAX) {
    refuse(503);
    return;
  }
  // Decided before the handshake, so that a dead session is answered by a status.
  const early: string[] = [];
  let write = (text: string): void => {
    early.push(text);
  };
  let end = (_code: number, _reason: string): void => {
    socket.destroy();
  };
  const connection = exchange.connect(incoming.url ?? '/', incoming.headers as Record<string, string | undefined>, {
    send: (text) => write(text),
    close: (code, reason) => end(code, reason),
  });
  if (typeof connection === 'number') {
    refuse(connection);
    return;
  }
  socket.on('close', () => connection.end());
  sockets.handleUpgrade(incoming, socket, head, (client) => {
    write = (text) => client.send(text);
    end = (code, reason) => client.close(code, reason);
    for (const text of early) client.send(text);
    client.on('message', (data) => {
      connection.receive(String(data), nowMs());
      wake();
    });
    // An error is followed by close, which handles it.
    client.on('error', () => connection.end());
  });
}

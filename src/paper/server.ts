import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { PaperAnswer, PaperRequest } from './api.ts';
import type { PaperExchange } from './exchange.ts';

/** Largest request body taken; a bulk of 100 orders is a tenth of it. */
const MAX_BODY_BYTES = 1_048_576;
/** Connections kept open for the next request; longer than any poll interval in use. */
const KEEP_ALIVE_MS = 65_000;

/** What is served, and by which clock. */
export interface ServerParts {
  readonly exchange: PaperExchange;
  /** The time handed to the exchange, ms. */
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
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Serves the exchange over HTTP on 127.0.0.1, and keeps its market moving: one timer, set for whatever happens next.
 * Port 0 takes any free port.
 *
 * @throws when the port is taken.
 */
export async function serveHttp(parts: ServerParts, port: number): Promise<HttpServer> {
  const { exchange, nowMs } = parts;
  let timer: NodeJS.Timeout | null = null;
  let timerAtMs = Number.POSITIVE_INFINITY;
  const wake = (): void => {
    const nextMs = exchange.nextEventMs();
    if (timer !== null && timerAtMs <= nextMs) return;
    if (timer !== null) clearTimeout(timer);
    timerAtMs = nextMs;
    timer = setTimeout(
      () => {
        timer = null;
        exchange.advance(nowMs());
        wake();
      },
      Math.max(1, nextMs - nowMs()),
    );
    // A test or a tool that forgets to close must still be able to end.
    timer.unref();
  };

  const send = (response: ServerResponse, answer: PaperAnswer): void => {
    if (answer.broken !== null) {
      response.socket?.destroy();
      return;
    }
    response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
    response.end(answer.body);
  };

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, response) => {
    void readBody(incoming)
      .then((body) => {
        if (body === null) {
          response.writeHead(413).end();
          return;
        }
        const path = incoming.url ?? '/';
        const method = incoming.method ?? 'GET';
        if (path.startsWith('/paper/')) {
          exchange.advance(nowMs());
          send(response, exchange.control.handle(method, path, body));
          wake();
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
      })
      .catch((error: unknown) => {
        // A client that went away while sending is its own affair; a mistake of this program is not.
        if (incoming.destroyed && !incoming.complete) return;
        process.emitWarning(error instanceof Error ? error : new Error(String(error)));
        response.destroy();
      });
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES });
  server.on('upgrade', (incoming, socket, head) => {
    exchange.advance(nowMs());
    const refuse = (status: number): void => {
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    };
    // Decided before the handshake answers, so that a dead session is told by its status.
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
      // An error is followed by close; there is nothing else to do about a client's broken line.
      client.on('error', () => connection.end());
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  wake();
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: async () => {
      if (timer !== null) clearTimeout(timer);
      timerAtMs = Number.NEGATIVE_INFINITY;
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
    },
  };
}

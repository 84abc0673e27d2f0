import { EventEmitter } from 'node:events';
import type WebSocket from 'ws';
import type { ClientOptions } from 'ws';
import type { Chance } from './chance.ts';
import type { NetworkParts } from './network.ts';
import { type Life, latency, pathOf } from './network.ts';

/** As in `ws`. */
const OPEN = 1;
const CLOSED = 3;

/**
 * A WebSocket with the interface of `ws` but no socket: messages arrive at the embedded exchange, and back, after a
 * latency and in order, as over TCP. It ends with its engine.
 * @param parts `fallsSilent` is called for each message: true silences that socket for good
 */
export function virtualSockets(
  parts: Pick<NetworkParts, 'time' | 'exchange' | 'reachable'> & { readonly fallsSilent: () => boolean },
  life: Life,
  random: Chance,
  latencyMs: readonly [number, number],
): new (
  url: string,
  options: ClientOptions,
) => WebSocket {
  const { time, exchange } = parts;

  class VirtualSocket extends EventEmitter {
    readyState = 0;
    #connection: { receive(text: string, nowMs: number): void; end(): void } | null = null;
    /** Keeps messages in order. */
    #arrivesMs = 0;
    #answersMs = 0;
    #silent = false;

    constructor(url: string, options: ClientOptions) {
      super();
      const headers = Object.fromEntries(
        Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
      );
      this.#up(() => {
        if (!parts.reachable()) {
          this.#down(() => this.#fail(new Error('connect ECONNREFUSED 127.0.0.1')));
          return;
        }
        exchange.advance(time.nowMs);
        const connection = exchange.connect(pathOf(url), headers, {
          send: (text) => {
            // A killed process has no sockets: the exchange notices when it writes.
            if (!life.alive) {
              this.#connection?.end();
              this.#connection = null;
              return;
            }
            this.#silent ||= parts.fallsSilent();
            this.#down(() => this.emit('message', Buffer.from(text)));
          },
          close: (code) => this.#down(() => this.#close(code)),
        });
        if (typeof connection === 'number') {
          const refusal = { statusCode: connection, resume: () => {} };
          this.#down(() => this.emit('unexpected-response', null, refusal));
          return;
        }
        this.#connection = connection;
        this.#down(() => {
          this.readyState = OPEN;
          this.emit('open');
        });
      });
    }

    send(text: string): void {
      this.#up(() => {
        exchange.advance(time.nowMs);
        this.#connection?.receive(text, time.nowMs);
      });
    }

    ping(): void {
      this.#up(() => {
        if (this.#connection !== null && parts.reachable()) this.#down(() => this.emit('pong'));
      });
    }

    terminate(): void {
      this.readyState = CLOSED;
      this.removeAllListeners();
      this.#up(() => {
        this.#connection?.end();
        this.#connection = null;
      });
    }

    #close(code: number): void {
      this.readyState = CLOSED;
      this.#connection = null;
      this.emit('close', code);
    }

    #fail(error: Error): void {
      this.readyState = CLOSED;
      this.emit('error', error);
    }

    #up(run: () => void): void {
      this.#arrivesMs = Math.max(this.#arrivesMs, time.nowMs + latency(random, ...latencyMs).upMs);
      time.at(this.#arrivesMs, run, true);
    }

    #down(run: () => void): void {
      if (this.#silent) return;
      this.#answersMs = Math.max(this.#answersMs, time.nowMs + latency(random, ...latencyMs).downMs);
      time.at(this.#answersMs, () => {
        if (life.alive && this.readyState !== CLOSED) run();
      });
    }
  }
  return VirtualSocket as unknown as new (
    url: string,
    options: ClientOptions,
  ) => WebSocket;
}

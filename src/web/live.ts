import type { ServerResponse } from 'node:http';
import type { Status, SymbolStatus } from '../status/model.ts';
import type { FeedEntry, History, Point } from './history.ts';

/** Simultaneous pages; more come from a script that leaks connections. */
export const CLIENTS_MAX = 16;
/** Unsent bytes after which a page that stopped reading is disconnected; it will reconnect. */
export const BACKLOG_MAX_BYTES = 2 * 1024 * 1024;
/** Interval of reading the status while a page is open. */
export const UPDATE_EVERY_MS = 1_000;
/** After a fact the status is read this soon, so that event and effect arrive together. */
export const UPDATE_SOON_MS = 120;
/** Average bytes per second for a page: sixty lively symbols on a phone. Changes in between are merged. */
export const BYTES_PER_SECOND = 30_000;
/** After 10 s of silence a page considers the engine frozen. */
const UPDATE_AT_LATEST_MS = 5_000;
/** Facts waiting to be sent together; beyond it the oldest are dropped and remain in the feed. */
const PENDING_MAX = 200;

/** The status as sent: of the symbols only what changed. */
export type StatusChange = Omit<Status, 'symbols'> & { readonly symbols: readonly SymbolChange[] };

/** The changed fields of a symbol. */
export type SymbolChange = Pick<SymbolStatus, 'instrument'> & Partial<SymbolStatus>;

export interface LiveOptions {
  readonly status: () => Status;
  readonly history: History;
  /** Hides secrets in a text that is sent. */
  readonly redact: (text: string) => string;
  /** Sent once: language, names of charts. */
  readonly hello: () => Record<string, unknown>;
}

/** The connected pages, by server-sent events. */
export interface Live {
  /** @returns false: too many pages. */
  join(response: ServerResponse): boolean;
  tell(entry: FeedEntry): void;
  drawn(points: Readonly<Record<string, Point>>): void;
  readonly clients: number;
  close(): void;
}

export function createLive(options: LiveOptions): Live {
  const { history, redact } = options;
  const clients = new Set<ServerResponse>();
  /** The last sent value of each field of each symbol. */
  const sent = new Map<string, Map<string, string>>();
  let pending: FeedEntry[] = [];
  let timer: NodeJS.Timeout | null = null;
  let dueMs = 0;
  let closed = false;
  let sentBytes = 0;
  /** Earlier updates would exceed the byte rate. */
  let freeAtMs = 0;

  const leave = (client: ServerResponse) => {
    clients.delete(client);
    client.destroy();
  };
  const write = (client: ServerResponse, event: string, json: string) => {
    client.write(`event: ${event}\ndata: ${json}\n\n`);
    if (client.writableLength > BACKLOG_MAX_BYTES) leave(client);
  };
  const broadcast = (event: string, value: unknown) => {
    if (clients.size === 0) return;
    const json = redact(JSON.stringify(value));
    sentBytes += json.length;
    for (const client of clients) write(client, event, json);
  };

  const update = () => {
    timer = null;
    if (closed || clients.size === 0) return;
    sentBytes = 0;
    try {
      if (pending.length > 0) broadcast('facts', pending);
      pending = [];
      broadcast('status', changed(options.status()));
    } catch {
      // What the page misses comes with the next update; the engine goes on.
    }
    const pauseMs = Math.min(UPDATE_AT_LATEST_MS, (sentBytes * 1000) / BYTES_PER_SECOND);
    freeAtMs = performance.now() + pauseMs;
    updateIn(UPDATE_EVERY_MS);
  };
  const updateIn = (wantedMs: number) => {
    const now = performance.now();
    const at = Math.max(now + wantedMs, freeAtMs);
    const ms = at - now;
    if (timer !== null && at >= dueMs) return;
    if (timer !== null) clearTimeout(timer);
    dueMs = at;
    timer = setTimeout(update, ms);
    timer.unref();
  };
  const changed = (status: Status): StatusChange => ({
    ...status,
    symbols: status.symbols.flatMap((symbol) => {
      const fields = sent.get(symbol.instrument) ?? new Map<string, string>();
      sent.set(symbol.instrument, fields);
      const news = Object.entries(symbol).filter(([name, value]) => {
        const json = JSON.stringify(value);
        if (fields.get(name) === json) return false;
        fields.set(name, json);
        return true;
      });
      return news.length === 0 ? [] : [{ ...Object.fromEntries(news), instrument: symbol.instrument }];
    }),
  });

  return {
    join(response) {
      if (closed || clients.size >= CLIENTS_MAX) return false;
      response.on('close', () => clients.delete(response));
      response.on('error', () => clients.delete(response));
      const status = options.status();
      if (clients.size === 0) changed(status);
      const first = { ...options.hello(), status, feed: history.feed(), total: history.series('*') };
      clients.add(response);
      response.write('retry: 1000\n\n');
      write(response, 'first', redact(JSON.stringify(first)));
      updateIn(UPDATE_EVERY_MS);
      return true;
    },
    tell(entry) {
      if (clients.size === 0) return;
      pending.push(entry);
      if (pending.length > PENDING_MAX) pending.shift();
      updateIn(UPDATE_SOON_MS);
    },
    drawn: (points) => broadcast('points', points),
    get clients() {
      return clients.size;
    },
    close() {
      // The last status of a stopped engine; without it the page would take the silence for a failure.
      update();
      closed = true;
      if (timer !== null) clearTimeout(timer);
      for (const client of clients) client.end();
      clients.clear();
    },
  };
}

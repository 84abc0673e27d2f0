import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import { type WebSocket, WebSocketServer } from 'ws';
import { Decimal } from '../core/decimal.ts';
import { askedBy, foreign } from '../os/loopback.ts';
import type { Clock } from '../ports.ts';

/** Where inspectors connect: `ws://127.0.0.1:<port>/inspect`. */
export const INSPECT_PATH = '/inspect';
/** Simultaneous inspectors. */
const CLIENTS_MAX = 4;
/** Unsent bytes after which an inspector is disconnected. */
const BACKLOG_MAX_BYTES = 8 * 1024 * 1024;
/** Actors remembered for inspectors that connect later: a hundred symbols and their children. */
const ACTORS_MAX = 2_000;
/** Events relayed per second; the engine's own work comes first. */
const EVENTS_PER_SEC_MAX = 2_000;
/** Depth of a context, and items of a list, that are shown. */
const DEPTH_MAX = 7;
const ITEMS_MAX = 50;
/** Parts in a context that are no state. */
const NO_STATE: ReadonlySet<string> = new Set([
  'deps',
  'shared',
  'exchange',
  'journal',
  'notifier',
  'heartbeat',
  'clock',
  'reporter',
  'texts',
  'records',
  'prepare',
  'unsettled',
  'lastSequence',
  'instruments',
]);
/** Never shown: signed bytes and session data. */
const HIDDEN = /^(payload|signature|signed|cookie|headers|apiKey|privateKey)$/i;
/** Other pages that may connect: Stately's inspector, and its editor extension. */
const INSPECTORS = /^(https:\/\/stately\.ai|vscode-webview:\/\/.*)$/;
const PROTOCOL_VERSION = '0.7.2';

/** The part of an inspection event that is read. */
export interface Inspected {
  readonly type: string;
  readonly rootId?: string | undefined;
  readonly actorRef?: InspectedActor;
  readonly sourceRef?: { readonly sessionId: string } | undefined;
  readonly event?: unknown;
  readonly snapshot?: unknown;
}

interface InspectedActor {
  readonly id: string;
  readonly sessionId: string;
  getSnapshot(): unknown;
}

/** Relays inspection events to Stately's inspector in its own protocol. */
export interface Inspector {
  /** For XState's `inspect`; never throws, and is almost free while nobody is connected. */
  inspect(event: Inspected): void;
  /** Accepts or refuses a connection. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, port: number): void;
  close(): void;
}

export function createInspector(options: { redact: (text: string) => string; clock: Clock }): Inspector {
  const { redact, clock } = options;
  const server = new WebSocketServer({ noServer: true, maxPayload: 1024 });
  const actors = new Map<string, { readonly actor: InspectedActor; readonly rootId: string | undefined }>();
  let windowMs = 0;
  let inWindow = 0;

  const send = (client: WebSocket, event: unknown) => {
    client.send(redact(JSON.stringify(event)));
    if (client.bufferedAmount > BACKLOG_MAX_BYTES) client.terminate();
  };
  const relay = (event: StatelyInspectionEvent) => {
    for (const client of server.clients) if (client.readyState === client.OPEN) send(client, event);
  };
  const base = (type: string, actor: InspectedActor, rootId: string | undefined) => ({
    type,
    sessionId: actor.sessionId,
    rootId,
    createdAt: String(clock.nowMs()),
    _version: PROTOCOL_VERSION,
    id: null,
  });
  const introduce = (actor: InspectedActor, rootId: string | undefined): unknown => {
    const inner = actor as unknown as Record<string, Record<string, unknown> | undefined>;
    const config = inner.logic?.config as { id?: unknown } | undefined;
    return {
      ...base('@xstate.actor', actor, rootId),
      name: actor.id === actor.sessionId && typeof config?.id === 'string' ? config.id : actor.id,
      parentId: inner._parent?.sessionId,
      definition: JSON.stringify(config ?? { id: actor.id }, namesOnly),
      snapshot: snapshotOf(actor.getSnapshot()),
    };
  };
  const allowed = (): boolean => {
    const nowMs = clock.nowMs();
    if (nowMs - windowMs >= 1_000 || nowMs < windowMs) {
      windowMs = nowMs;
      inWindow = 0;
    }
    return ++inWindow <= EVENTS_PER_SEC_MAX;
  };

  const take = (inspected: Inspected) => {
    const { type, actorRef, rootId } = inspected;
    if (actorRef === undefined) return;
    if (type === '@xstate.actor') {
      actors.set(actorRef.sessionId, { actor: actorRef, rootId });
      const oldest = actors.size > ACTORS_MAX ? actors.keys().next().value : undefined;
      if (oldest !== undefined) actors.delete(oldest);
      if (server.clients.size > 0) relay(introduce(actorRef, rootId) as StatelyInspectionEvent);
      return;
    }
    if (type === '@xstate.snapshot' && isOver(inspected.snapshot)) actors.delete(actorRef.sessionId);
    if (server.clients.size === 0 || !allowed()) return;
    if (type === '@xstate.event') {
      const event = shown(inspected.event, 0);
      relay({
        ...base(type, actorRef, rootId),
        sourceId: inspected.sourceRef?.sessionId,
        event,
      } as unknown as StatelyInspectionEvent);
    } else if (type === '@xstate.snapshot') {
      const event = shown(inspected.event, 0);
      const snapshot = snapshotOf(inspected.snapshot);
      relay({ ...base(type, actorRef, rootId), event, snapshot } as unknown as StatelyInspectionEvent);
    }
  };

  server.on('connection', (client) => {
    client.on('error', () => client.terminate());
    try {
      for (const { actor, rootId } of actors.values()) send(client, introduce(actor, rootId));
    } catch {
      client.terminate();
    }
  });

  return {
    inspect(event) {
      try {
        take(event);
      } catch {
        // A throwing inspector would stop the observed actor.
      }
    },
    upgrade(request, socket, head, port) {
      socket.on('error', () => socket.destroy());
      const asked = askedBy(request);
      const isInspector = INSPECTORS.test(asked.origin ?? '');
      const known = isInspector ? { ...asked, origin: undefined, site: undefined } : asked;
      const welcome = foreign(known, port) === null && known.method === 'GET';
      if (!welcome || request.url?.split('?')[0] !== INSPECT_PATH || server.clients.size >= CLIENTS_MAX) {
        socket.destroy();
        return;
      }
      server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request));
    },
    close() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

function isOver(snapshot: unknown): boolean {
  const status = (snapshot as { status?: unknown } | null | undefined)?.status;
  return status !== undefined && status !== 'active';
}

/** Status, state and context of an actor; only the status if it is no machine. */
function snapshotOf(snapshot: unknown): unknown {
  const { status, value, context, output } = (snapshot ?? {}) as Record<string, unknown>;
  return { status, value: shown(value, 0), context: shown(context, 0), output: shown(output, 0) };
}

/** The state in a value: plain data without parts or secrets, bounded in depth and length. */
function shown(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (value === null || typeof value !== 'object') return value;
  if (Decimal.isDecimal(value)) return value.toFixed();
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (depth >= DEPTH_MAX) return '…';
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => shown(item, depth + 1));
  if (value instanceof Map) return shown(Object.fromEntries([...value].slice(0, ITEMS_MAX)), depth);
  if (value instanceof Set) return shown([...value], depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor?.name ?? 'object'}]`;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !NO_STATE.has(key))
      .map(([key, inner]) => [key, HIDDEN.test(key) ? '[hidden]' : shown(inner, depth + 1)]),
  );
}

/** Replaces functions of a machine's configuration by their names, as Stately's own inspector does. */
function namesOnly(_key: string, value: unknown): unknown {
  return typeof value === 'function' ? value.name || 'inline' : value;
}

import type { PaperAccount, VenueEvent } from './model.ts';
import {
  Client,
  type Connection,
  type Notice,
  type Sink,
  type StreamGap,
  type StreamParts,
  type Variant,
} from './stream-client.ts';
import { fillView, type Json, orderView, positionView, stateView, tradeView } from './views.ts';

/**
 * The exchange's streams without sockets (API 8): text in, text out. Messages are created inside the calls that move
 * the exchange, in order of events.
 */

/** All connections of one exchange. */
export class StreamHub {
  readonly #parts: StreamParts;
  readonly #clients = new Set<Client>();
  /** Last sequence number by stream and selector, shared by all subscribers. */
  readonly #sequences = new Map<string, number>();

  constructor(parts: StreamParts) {
    this.#parts = parts;
    parts.venue.onEvent((event) => {
      if (this.#clients.size > 0) this.#observe(event);
    });
  }

  get connections(): number {
    return this.#clients.size;
  }

  /**
   * Opens a connection: `/ws/full` and `/ws/lite` use JSON-RPC, `/ws` the older framing. Without session headers only
   * public streams are available. A number is the HTTP status of a refused handshake.
   */
  connect(path: string, headers: Readonly<Record<string, string | undefined>>, sink: Sink): Connection | number {
    const plain = path.split('?')[0]!.replace(/\/+$/, '');
    const variant: Variant | null =
      plain === '/ws/full' ? 'full' : plain === '/ws/lite' ? 'lite' : plain === '/ws' ? 'legacy' : null;
    if (variant === null) return 404;
    const { sessions, venue } = this.#parts;
    const session = sessions.authenticate(headers, venue.clockMs);
    if (session === null && headers.cookie !== undefined && /gravity=/.test(headers.cookie)) return 401;
    const close = (code: number, reason: string): void => {
      this.#clients.delete(client);
      sink.close(code, reason);
    };
    const own: Sink = { send: (text) => sink.send(text), close };
    const client: Client = new Client({ ...this.#parts, hub: this, variant, headers, session, sink: own });
    this.#clients.add(client);
    return {
      receive: (text, nowMs) => {
        if (this.#clients.has(client)) client.receive(text, nowMs);
      },
      end: () => this.#clients.delete(client),
    };
  }

  /** Ends every connection, as a restart does. */
  disconnectAll(): void {
    for (const client of [...this.#clients]) client.close(1012, 'service restart');
  }

  /** Ends the connections that an API key opened. */
  disconnectKey(apiKey: string): void {
    for (const client of [...this.#clients]) if (client.apiKey === apiKey) client.close(1008, 'API key revoked');
  }

  /** Streams of that account on open connections whose numbers show a missing message. */
  gaps(account: PaperAccount): readonly StreamGap[] {
    return [...this.#clients].flatMap((client) => client.gaps(account));
  }

  /** The last number used on that stream and selector. */
  lastSequence(key: string): number {
    return this.#sequences.get(key) ?? 0;
  }

  #observe(event: VenueEvent): void {
    if (event.type === 'step') {
      for (const client of [...this.#clients]) client.step(event.step);
      return;
    }
    const notices = this.#notices(event);
    const numbered = new Map<string, number>();
    for (const client of [...this.#clients]) {
      for (const notice of notices) {
        for (const subscription of client.listening(notice)) {
          const key = `${subscription.stream} ${subscription.primary}`;
          let sequence = numbered.get(key);
          if (sequence === undefined) {
            sequence = this.lastSequence(key) + 1;
            this.#sequences.set(key, sequence);
            numbered.set(key, sequence);
          }
          client.frame(subscription, notice.feed(), sequence);
        }
      }
    }
  }

  #notices(event: Exclude<VenueEvent, { type: 'step' }>): Notice[] {
    const { venue } = this.#parts;
    switch (event.type) {
      case 'order': {
        const { order } = event;
        const about = { account: order.account, instrument: order.instrument };
        const ids = { order_id: order.orderId, client_order_id: order.clientOrderId };
        return [
          { ...about, stream: 'v1.order', feed: () => orderView(order) },
          { ...about, stream: 'v1.state', feed: () => ({ ...ids, order_state: stateView(order) }) },
        ];
      }
      case 'fill': {
        const { fill } = event;
        const { account, instrument } = fill.order;
        return [{ account, instrument, stream: 'v1.fill', feed: () => fillView(fill) }];
      }
      case 'position': {
        const { account, holding } = event;
        const feed = (): Json => positionView(venue, account, holding, holding.updatedNs);
        return [{ account, instrument: holding.spec.name, stream: 'v1.position', feed }];
      }
      case 'gap':
        return [];
      case 'cancel': {
        const { account } = event;
        const feed = (): Json => ({
          sub_account_id: account.subAccountId,
          client_order_id: event.clientOrderId,
          order_id: event.orderId,
          reason: 'CLIENT_CANCEL',
          update_time: event.timeNs.toString(),
          cancel_status: event.status,
        });
        return [{ account, instrument: null, stream: 'v1.cancel', feed }];
      }
      case 'trade': {
        const { trade } = event;
        return [{ account: null, instrument: trade.instrument, stream: 'v1.trade', feed: () => tradeView(trade) }];
      }
    }
  }
}

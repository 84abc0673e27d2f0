import { z } from 'zod';
import { Decimal, ZERO } from '../core/decimal.ts';
import { isStrategyOrder } from '../core/order-id.ts';
import { reason } from '../core/reasons.ts';
import type { AccountFrame } from '../core/view.ts';
import { readAs, UnusableAnswer } from './parse.ts';
import { positionOf } from './parse-account.ts';
import { parseOrder } from './parse-orders.ts';
import { hexText, nanosText, orderState, uint64Text } from './wire.ts';

/** The account streams we use (API 8). */
export const ACCOUNT_STREAMS = ['v1.order', 'v1.state', 'v1.fill', 'v1.position'] as const;

/** Reports cancels that were dropped; optional. */
export const CANCEL_STREAM = 'v1.cancel';

/** Own orders are recognised by their client id alone; other fields of foreign rows are not read (10.4). */
const orderId = z.object({ metadata: z.object({ client_order_id: uint64Text }) });
const stateId = z.object({ client_order_id: uint64Text });
const stateFeed = z.object({ client_order_id: uint64Text, order_id: hexText.nullish(), order_state: orderState });
const named = z.object({ instrument: z.string() });
const fillFeed = z.object({ client_order_id: uint64Text, instrument: z.string(), event_time: nanosText });

/**
 * The content of an account's frame; null: nothing that a rule uses, e.g. foreign orders or unused streams.
 * @param isTraded instruments whose positions count; others are skipped unread (strategy 10.4) @throws UnusableAnswer
 * naming the field: an unreadable frame about an own order or a traded instrument.
 */
export function parseFrame(
  stream: string,
  feed: unknown,
  subAccountId: string,
  isTraded: (instrument: string) => boolean,
): DistributiveOmit<AccountFrame, 'from' | 'receivedAtMs'> | null {
  switch (stream) {
    case 'v1.order': {
      const id = ownId(orderId.safeParse(feed).data?.metadata.client_order_id);
      return id === null ? null : { kind: 'order', order: parseOrder({ result: feed }, subAccountId, id) };
    }
    case 'v1.state': {
      const id = ownId(stateId.safeParse(feed).data?.client_order_id);
      return id === null ? null : { kind: 'state', clientOrderId: id, state: stateOf(feed) };
    }
    case 'v1.fill': {
      const read = fillFeed.safeParse(feed).data;
      const id = ownId(read?.client_order_id);
      if (read === undefined || id === null) return null;
      return { kind: 'fill', clientOrderId: id, instrument: read.instrument, eventTimeNs: BigInt(read.event_time) };
    }
    case 'v1.position': {
      const instrument = named.safeParse(feed).data?.instrument;
      if (instrument === undefined || !isTraded(instrument)) return null;
      return { kind: 'position', position: positionOf(feed, subAccountId) };
    }
    default:
      return null;
  }
}

const cancelFeed = z.object({ client_order_id: uint64Text, cancel_status: z.string() });

/** The own id whose cancel was dropped because another one was in force (strategy 9.12); null: another message. */
export function droppedCancel(feed: unknown): string | null {
  const read = cancelFeed.safeParse(feed).data;
  return read?.cancel_status === 'DROPPED_DUPLICATE' ? ownId(read.client_order_id) : null;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function ownId(text: string | undefined): string | null {
  if (text === undefined) return null;
  const id = BigInt(text).toString();
  return isStrategyOrder(id) ? id : null;
}

function stateOf(feed: unknown) {
  const { order_id, order_state: state } = readAs(stateFeed, feed);
  const tradedSize = new Decimal(state.traded_size[0] ?? '0');
  const average = new Decimal(state.avg_fill_price?.[0] ?? '0');
  if (!tradedSize.isZero() && average.isZero()) {
    throw new UnusableAnswer('order_state.avg_fill_price[0]', reason('traded-without-price', '10.4'));
  }
  if (tradedSize.isZero() && state.status === 'FILLED') {
    throw new UnusableAnswer('order_state.traded_size[0]', reason('filled-without-trade', '10.4'));
  }
  return {
    ...(typeof order_id === 'string' ? { orderId: order_id } : {}),
    status: state.status,
    rejectReason: state.reject_reason,
    tradedSize,
    avgFillPrice: tradedSize.isZero() ? ZERO : average,
    updateTimeNs: BigInt(state.update_time),
  };
}

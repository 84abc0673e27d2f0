import type { OrderDraft, SignedOrder } from '../ports.ts';
import type { CallEffect } from './errors.ts';
import type { GrvtKeys } from './options.ts';
import { type OrderSigner, type SignableInstrument, SignatureError } from './sign.ts';

/** A create, a cancel or the dead-man timer as it is sent (strategy 9.11, 9.12): our own bytes under full names. */
export interface OrderCall {
  readonly call: 'createOrder' | 'cancelOrder' | 'cancelOnDisconnect';
  readonly route: string;
  readonly effect: CallEffect;
  readonly bucket: 'creates' | 'cancels' | 'reads';
  readonly path: string;
  readonly body: string;
}

/** @param payload what was signed and journalled */
export function createCall(payload: string): OrderCall {
  return order('create_order', 'v1', 'create', payload);
}

/**
 * Cancels by client id: a single one, or several of one instrument in one bulk call (API 5.4, 5.5).
 * @param timeToLiveMs for how long it also cancels a create that arrives later
 */
export function cancelCall(subAccountId: string, ids: readonly string[], timeToLiveMs: number | undefined): OrderCall {
  const [first] = ids;
  const life = timeToLiveMs === undefined ? {} : { time_to_live_ms: String(timeToLiveMs) };
  const account = { sub_account_id: subAccountId };
  return first !== undefined && ids.length === 1
    ? order('cancel_order', 'v1', 'cancel', JSON.stringify({ ...account, client_order_id: first, ...life }))
    : order('bulk_orders', 'v2', 'cancel', JSON.stringify({ ...account, orders: [], client_order_i_ds: ids, ...life }));
}

/** Sets the dead-man timer of an account; 0 switches it off (API 5.5). */
export function countdownCall(subAccountId: string, countdownMs: number): OrderCall {
  const route = 'cancel_on_disconnect';
  const body = JSON.stringify({ sub_account_id: subAccountId, countdown_time: String(countdownMs) });
  return { call: 'cancelOnDisconnect', route, effect: 'cancel', bucket: 'reads', path: `/full/v1/${route}`, body };
}

function order(route: string, version: string, effect: 'create' | 'cancel', body: string): OrderCall {
  const path = `/full/${version}/${route}`;
  return effect === 'create'
    ? { call: 'createOrder', route, effect, bucket: 'creates', path, body }
    : { call: 'cancelOrder', route, effect, bucket: 'cancels', path, body };
}

/** The bytes of a create, signed (strategy 9.2, 9.11). @throws SignatureError */
export function signDraft(
  draft: OrderDraft,
  instrument: SignableInstrument | undefined,
  { keys, signer }: { readonly keys: Pick<GrvtKeys, 'subAccountId'>; readonly signer: OrderSigner },
  chainId: number,
): SignedOrder {
  if (instrument === undefined) throw new SignatureError(`the instrument is not known: ${draft.instrument}`);
  const [size, limitPrice] = [draft.size.toFixed(), draft.price.toFixed()];
  const expiration = BigInt(draft.expirationMs) * 1_000_000n;
  const { nonce, reduceOnly = false } = draft;
  const isBuying = draft.side === 'buy';
  const signed = { instrument, postOnly: true, reduceOnly, isBuying, size, limitPrice, nonce, expiration };
  const { r, s, v, signer: address } = signer.sign(signed);
  const order = {
    sub_account_id: keys.subAccountId,
    is_market: false,
    time_in_force: 'GOOD_TILL_TIME',
    post_only: true,
    reduce_only: reduceOnly,
    legs: [{ instrument: draft.instrument, size, limit_price: limitPrice, is_buying_asset: isBuying }],
    signature: {
      ...{ signer: address, r, s, v, expiration: String(expiration), nonce },
      chain_id: String(chainId),
    },
    metadata: { client_order_id: draft.clientOrderId },
  };
  return { draft, payload: JSON.stringify({ order }) };
}

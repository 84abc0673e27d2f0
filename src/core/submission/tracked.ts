import type { PreparedOrder } from '../journal-entry.ts';
import type { OrderResolve } from '../messages.ts';
import type { Intent, TrackedOrder } from '../model.ts';
import type { Reason } from '../reasons.ts';

/** The task of a submission: submit an intent, or look up the outcome of an order. */
export type SubmissionTask =
  | { readonly kind: 'submit'; readonly intent: Intent }
  /** Its outcome is unknown: found in the journal after a crash, or no longer seen by its symbol. */
  | {
      readonly kind: 'resolve';
      readonly order: TrackedOrder;
      readonly why: Reason;
      /** Pauses already made: a child that replaces a failed one starts with a pause. */
      readonly rounds: number;
    };

/** An attempt from the journal. */
export function trackedFromPrepared(prepared: PreparedOrder): TrackedOrder {
  const { intent, clientOrderId, price, attempt, sentAtMs, expirationMs } = prepared;
  const { instrument, account, side, size, purpose, guardPrice } = intent;
  const words = { instrument, account, clientOrderId, side, size, price, purpose, guardPrice };
  return { ...words, attempt, sentAtMs, expirationMs };
}

/** An order that its symbol no longer sees; missing fields come from its journal record, if any. */
export function trackedFromRequest(request: OrderResolve, prepared: PreparedOrder | null): TrackedOrder {
  const { instrument, account, clientOrderId, side, size, price, sentAtMs, expirationMs } = request;
  return {
    ...{ instrument, account, clientOrderId, side, size, price, sentAtMs, expirationMs },
    purpose: request.purpose ?? prepared?.intent.purpose ?? 'repair',
    guardPrice: prepared?.intent.guardPrice ?? null,
    attempt: prepared?.attempt ?? 1,
  };
}

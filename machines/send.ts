import type { AnyActorRef } from 'xstate';
import type { Message } from '../src/core/messages.ts';

/** The action arguments that sending needs. */
export interface Sending {
  readonly enqueue: { sendTo(actor: AnyActorRef, message: Message): void };
  readonly system: { get(systemId: string): AnyActorRef | undefined };
}

/**
 * Sends a message to the actor of that system id; no-op if it is not running. By `sendTo`, so that the inspector knows the
 * sender.
 */
export function send({ enqueue, system }: Sending, systemId: string, message: Message): void {
  const actor = system.get(systemId);
  if (actor !== undefined) enqueue.sendTo(actor, message);
}

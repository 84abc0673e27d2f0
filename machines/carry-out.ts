import type { AnyActorLogic, AnyActorRef, DoneActorEvent, ErrorActorEvent, OutputFrom } from 'xstate';
import type { Fact } from '../src/core/facts.ts';
import type { Message } from '../src/core/messages.ts';
import type { Reporter } from '../src/ports.ts';

/** What all machines share: from an event to the step for it, and from the result of a step to its effects. */

/** The events by which a machine's calls end. Each is invoked under its own name, so that its result has a type. */
export type CallEnded<Calls extends Readonly<Record<string, AnyActorLogic>>> =
  | { [Name in keyof Calls & string]: DoneActorEvent<OutputFrom<Calls[Name]>, Name> }[keyof Calls & string]
  | ErrorActorEvent;

interface Typed {
  readonly type: string;
}
type EventOf<E, T> = Extract<E, { readonly type: T }>;

/** @throws if the chart leads an event of another type to an action for this one */
export function eventOf<E extends Typed, T extends E['type']>(event: E, type: T): EventOf<E, T> {
  if (!isOf(event, type)) throw new Error(`an action for ${type} was reached by ${event.type}`);
  return event;
}

function isOf<E extends Typed, T extends E['type']>(event: E, type: T): event is EventOf<E, T> {
  return event.type === type;
}

/** What a call has thrown. @throws if the chart leads another event to an action for failures */
export function thrownOf(event: Typed): unknown {
  if (!('error' in event)) throw new Error(`an action for a failure was reached by ${event.type}`);
  return event.error;
}

/** A machine’s `perform`: makes an action of a step. */
type Perform<Memory, Now, E, More extends unknown[], Step, Action> = (
  stepOf: (memory: Memory, now: Now, event: E, ...more: More) => Step,
) => Action;

/** A machine’s `on`: its `perform` for steps that take one type of event. */
export function forEvents<Memory, Now, E extends Typed, More extends unknown[], Step, Action>(
  perform: Perform<Memory, Now, E, More, Step, Action>,
) {
  return <T extends E['type']>(
    type: T,
    stepOf: (memory: Memory, now: Now, event: EventOf<E, T>, ...more: More) => Step,
  ): Action => perform((memory, now, event, ...more) => stepOf(memory, now, eventOf(event, type), ...more));
}

/** A machine’s `onFailure`: its `perform` for steps that take what a call has thrown. */
export function forFailures<Memory, Now, E extends Typed, More extends unknown[], Step, Action>(
  perform: Perform<Memory, Now, E, More, Step, Action>,
) {
  return (stepOf: (memory: Memory, now: Now, thrown: unknown, ...more: More) => Step): Action =>
    perform((memory, now, event, ...more) => stepOf(memory, now, thrownOf(event), ...more));
}

/** The effects that steps of most machines have. */
interface Effects<Memory> {
  readonly change?: Partial<Memory>;
  readonly facts?: readonly Fact[];
  readonly messages?: readonly { readonly to: string; readonly message: Message }[];
}

/** The arguments of an action that sending needs. */
interface Sending {
  readonly enqueue: { sendTo(actor: AnyActorRef, message: Message): void };
  readonly system: { get(systemId: string): AnyActorRef | undefined };
}

/** The arguments of an action that {@link carryOut} needs. */
interface Acting<Memory> extends Sending {
  readonly context: { readonly memory: Memory; readonly deps: { readonly reporter: Reporter } };
  readonly enqueue: Sending['enqueue'] & { (act: () => void): void; assign(change: { memory: NoInfer<Memory> }): void };
}

/** Carries out effects: memory, reporter, messages to running actors, in this order. */
export function carryOut<Memory>(args: Acting<Memory>, { change, facts = [], messages = [] }: Effects<Memory>): void {
  const { context, enqueue } = args;
  const { memory, deps } = context;
  // Most events change little, and each assignment creates a new snapshot of the machine.
  if (change !== undefined) enqueue.assign({ memory: { ...memory, ...change } });
  for (const fact of facts) enqueue(() => deps.reporter.report(fact));
  for (const { to, message } of messages) send(args, to, message);
}

/**
 * Sends a message to the actor of that system id; no-op if it is not running. By `sendTo`, so that the inspector knows the
 * sender.
 */
export function send({ enqueue, system }: Sending, systemId: string, message: Message): void {
  const actor = system.get(systemId);
  if (actor !== undefined) enqueue.sendTo(actor, message);
}

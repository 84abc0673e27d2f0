import type { Fact } from '../facts.ts';
import type {
  GatewayToSymbol,
  Message,
  OrderCancel,
  OrderSeen,
  StreamsChanged,
  SubmissionEnded,
  SubmissionHalt,
} from '../messages.ts';
import type { Intent } from '../model.ts';
import type { SubmissionTask } from '../submission/tracked.ts';
import type { GatewayMemory, Submitter } from './memory.ts';

/** The answer to a symbol that asked for a touch. */
export type TouchAnswer = Extract<GatewayToSymbol, { type: 'touch.received' | 'touch.failed' }>;

/** Something to be done about an event; the chart carries it out, in this order. */
export type GatewayCommand =
  /** To the actor of that system id, if it runs. */
  | { readonly do: 'send'; readonly to: string; readonly message: Message }
  /** Starts a submission: its number, what its creates are for, whether the streams of its account are intact, and its task. */
  | {
      readonly do: 'submit';
      readonly childId: string;
      readonly number: number;
      readonly order: Submitter;
      readonly intact: boolean;
      readonly task: SubmissionTask;
    }
  | { readonly do: 'cancel'; readonly childId: string; readonly request: OrderCancel; readonly intact: boolean }
  | { readonly do: 'read-touch'; readonly childId: string; readonly instrument: string }
  | {
      readonly do: 'send-child';
      readonly childId: string;
      readonly message: SubmissionHalt | OrderSeen | StreamsChanged;
    }
  | { readonly do: 'stop'; readonly childId: string };

/** What an event leads to. The chart does it in this order: memory, reporter, commands. */
export interface GatewayStep {
  readonly memory: GatewayMemory;
  readonly facts?: readonly Fact[];
  readonly commands: readonly GatewayCommand[];
}

/** Nothing is to be done beside a change of memory. */
export function remembered(memory: GatewayMemory): GatewayStep {
  return { memory, commands: [] };
}

/** Tells a symbol how the submission of its intent ended. */
export function endedMessage(
  { intentId, account, instrument }: Intent,
  result: SubmissionEnded['result'],
  atMs: number,
): GatewayCommand {
  return toSymbol(instrument, { type: 'submission.ended', intentId, account, atMs, result });
}

/** A message to a symbol. */
export function toSymbol(instrument: string, message: Message): GatewayCommand {
  return { do: 'send', to: `symbol:${instrument}`, message };
}

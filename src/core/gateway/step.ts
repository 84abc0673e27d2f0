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

/** The answer to a request for best prices. */
export type TouchAnswer = Extract<GatewayToSymbol, { type: 'touch.received' | 'touch.failed' }>;

/** A command that the chart carries out. */
export type GatewayCommand =
  /** To the actor of that system id, if it runs. */
  | { readonly do: 'send'; readonly to: string; readonly message: Message }
  /**
   * Starts a submission: its number, the purpose of its creates, its task, and whether the account's streams are
   * intact.
   */
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

/** The result of an event. The chart applies memory, reporter, commands in this order. */
export interface GatewayStep {
  readonly memory: GatewayMemory;
  readonly facts?: readonly Fact[];
  readonly commands: readonly GatewayCommand[];
}

/** A change of memory alone. */
export function remembered(memory: GatewayMemory): GatewayStep {
  return { memory, commands: [] };
}

export function endedMessage(
  { intentId, account, instrument }: Intent,
  result: SubmissionEnded['result'],
  atMs: number,
): GatewayCommand {
  return toSymbol(instrument, { type: 'submission.ended', intentId, account, atMs, result });
}

export function toSymbol(instrument: string, message: Message): GatewayCommand {
  return { do: 'send', to: `symbol:${instrument}`, message };
}

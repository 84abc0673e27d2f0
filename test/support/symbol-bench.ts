import type { AnyActorRef } from 'xstate';
import { memoryOf, symbolMachine } from '../../machines/symbol.ts';
import type { Alert } from '../../src/core/alerts.ts';
import type { SubmissionEnded, ToSymbol } from '../../src/core/messages.ts';
import type {
  AccountFill,
  AccountName,
  ExchangeOrder,
  Intent,
  LeavingWhy,
  ManagedOrder,
  Position,
  SymbolConfig,
  SymbolSnapshot,
} from '../../src/core/model.ts';
import type { StrategySettings } from '../../src/core/plan-input.ts';
import type { SymbolMemory } from '../../src/core/symbol/memory.ts';
import { emptySymbolState, type SymbolState } from '../../src/core/symbol-state.ts';
import { config, d, instrument, position, strategy } from './core.ts';
import { Bench } from './machine-bench.ts';
import type { TransitionCoverage } from './transition-coverage.ts';

export interface SymbolBenchOptions {
  readonly state?: Partial<SymbolState>;
  readonly config?: Partial<SymbolConfig>;
  readonly strategy?: Partial<StrategySettings>;
  readonly coverage?: TransitionCoverage;
  /** The exchange does not list it (strategy 11.6). */
  readonly unlisted?: boolean;
  /** It leaves (strategy 16.3). */
  readonly leaving?: LeavingWhy;
  /** Whether books that confirm a mark or size an opening (strategy 3.1, 6.2) are answered at once, at 99.9 and 100. Default: yes. */
  readonly answersBooks?: boolean;
}

/** One symbol among listeners under the system ids of those it talks to, and words for what it tells them. */
export class SymbolBench extends Bench {
  /** What the fill history has, where it is asked for. */
  readonly fills: Record<AccountName, readonly AccountFill[]> = { A: [], B: [] };
  readonly #child: () => { send(event: ToSymbol): void; getSnapshot(): unknown };
  readonly #answersBooks: boolean;
  #receivedBefore = 0;
  /** Requests for a book that were answered unasked, by their place in `received`. */
  readonly #answered = new Set<number>();

  constructor(options: SymbolBenchOptions = {}) {
    super();
    this.#answersBooks = options.answersBooks ?? true;
    // Time zero is the machine's barrier: readings are requested later than that.
    this.time.increment(1000);
    const { child } = this.startAmong(symbolMachine, {
      systemId: 'symbol:BNB_USDT_Perp',
      listeners: ['gateway', 'poller:A', 'poller:B', 'alert-manager', 'daemon'],
      ...(options.coverage === undefined ? {} : { inspect: options.coverage.inspect }),
      input: {
        config: config(options.config),
        instrument: instrument(),
        ...(options.unlisted ? { unlisted: true } : {}),
        ...(options.leaving === undefined ? {} : { leaving: options.leaving }),
        strategy: strategy(options.strategy),
        staleMs: 10_000,
        loopIntervalMs: 2_000,
        state: { ...emptySymbolState('BNB_USDT_Perp'), ...options.state },
        clock: this.clock,
        journal: this.journal,
        reporter: this.reporter,
      },
    });
    this.#child = child as () => { send(event: ToSymbol): void; getSnapshot(): unknown };
  }

  get nowMs(): number {
    return this.clock.nowMs();
  }

  /** The name of the state it is in. */
  get phase(): string {
    return String((this.#child().getSnapshot() as { value: unknown }).value);
  }

  get context(): SymbolMemory {
    return memoryOf(this.#child() as AnyActorRef)!;
  }

  get orders(): readonly ManagedOrder[] {
    return this.context.state.orders;
  }

  send(event: ToSymbol): void {
    const before = this.received.length;
    this.#child().send(event);
    const asked = this.received.findIndex(({ event }, at) => at >= before && event.type === 'touch.request');
    const { assessment } = this.context;
    if (!this.#answersBooks || asked < 0 || assessment?.kind !== 'usable' || !assessment.bookWanted) return;
    this.#answered.add(asked);
    this.#child().send({ type: 'touch.received', bid: d('99.9'), ask: d(100), atMs: this.nowMs });
  }

  wait(ms: number): void {
    this.time.increment(ms);
  }

  /** One reading of an account, requested and answered now; its watched orders rest unless said otherwise. */
  read(
    account: AccountName,
    size: string | number | Position | null,
    orders: readonly ExchangeOrder[] = [],
    over: Partial<SymbolSnapshot> = {},
  ): void {
    this.wait(10);
    this.send({ type: 'snapshot.received', snapshot: this.reading(account, size, orders, over) });
  }

  reading(
    account: AccountName,
    size: string | number | Position | null,
    orders: readonly ExchangeOrder[] = [],
    over: Partial<SymbolSnapshot> = {},
  ): SymbolSnapshot {
    const held = size === null || typeof size === 'object' ? size : d(size).isZero() ? null : position(size);
    const isAsked = this.context.state.contradiction[account]?.history !== undefined;
    return {
      ...(isAsked ? { fills: this.fills[account] } : {}),
      account,
      requestedAtMs: this.nowMs - 5,
      era: this.clock.era(),
      receivedAtMs: this.nowMs,
      position: held,
      orders,
      absent: [],
      ...over,
    };
  }

  /** Intents asked for so far and not ended by `end`. */
  get asked(): readonly Intent[] {
    return this.received
      .filter(({ by, event }) => by === 'gateway' && event.type === 'order.submit')
      .map(({ event }) => event.intent as Intent)
      .filter((intent) => this.context.underWay.includes(intent.intentId));
  }

  /** The gateway says that an attempt at this intent leaves now. */
  sent(intent: Intent, clientOrderId: string, price: string | number): void {
    this.wait(1);
    const { intentId, account, side, size, purpose } = intent;
    this.send({
      type: 'order.sent',
      intentId,
      attempt: 1,
      clientOrderId,
      account,
      side,
      size,
      price: d(price),
      purpose,
      sentAtMs: this.nowMs,
      expirationMs: this.nowMs + 3_600_000,
    });
  }

  /** The gateway says how the submission of this intent ended. */
  ended(intent: Intent, result: SubmissionEnded['result']): void {
    this.wait(1);
    const { intentId, account } = intent;
    this.send({ type: 'submission.ended', intentId, account, atMs: this.nowMs, result });
  }

  /** Every intent asked for is sent and confirmed at that price; ids `<account>1`, or `prefix` before them. */
  confirmAll(price: string | number = 100, prefix = ''): void {
    for (const intent of this.asked) {
      const id = `${prefix}${intent.account}1`;
      this.sent(intent, id, price);
      this.ended(intent, { kind: 'confirmed', clientOrderId: id });
    }
  }

  /** What it sent to others since the last call, one line each. */
  words(): string[] {
    const from = this.#receivedBefore;
    this.#receivedBefore = this.received.length;
    return this.received.flatMap(({ by, event }, at) => (at < from || this.#answered.has(at) ? [] : [line(by, event)]));
  }

  /** The same without what it says to the alert manager. */
  orderWords(): string[] {
    return this.words().filter((text) => !text.startsWith('alert-manager'));
  }

  alerts(): string[] {
    return this.words().filter((text) => text.startsWith('alert-manager raised'));
  }
}

function line(by: string, event: { readonly type: string } & Record<string, unknown>): string {
  switch (event.type) {
    case 'order.submit': {
      const { account, side, size } = event.intent as Intent;
      return `${by} submit ${account} ${side} ${size.toFixed()}`;
    }
    case 'order.cancel':
      return `${by} cancel ${event.account as string} ${event.clientOrderId as string}`;
    case 'order.resolve':
      return `${by} resolve ${event.account as string} ${event.clientOrderId as string}`;
    case 'touch.request':
      return `${by} touch`;
    case 'orders.watched':
      return `${by} watch [${(event.clientOrderIds as string[]).join(' ')}]`;
    case 'alert.raised':
      return `${by} raised ${(event.alert as Alert).kind}`;
    case 'alert.cleared':
      return `${by} cleared ${(event.key as string).split(':')[0]}`;
    default:
      return `${by} ${event.type}`;
  }
}

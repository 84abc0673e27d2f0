import { setImmediate as turn } from 'node:timers/promises';
import {
  type Actor,
  type AnyActorRef,
  type AnyStateMachine,
  createActor,
  enqueueActions,
  type InspectionEvent,
  SimulatedClock,
  setup,
} from 'xstate';
import type { Fact } from '../../src/core/facts.ts';
import type { JournalEntry, JournalKind, StoredEntry } from '../../src/core/journal-entry.ts';
import { createEngineClock } from '../../src/engine/clock.ts';
import type { Journal } from '../../src/ports.ts';
import { FakeExchange } from './fake-exchange.ts';

/** Where a test's time begins: an ordinary day. */
export const BENCH_START_MS = Date.UTC(2026, 0, 15, 12);

/** A journal in an array, that refuses on demand. */
export class StubJournal implements Journal {
  readonly entries: StoredEntry[] = [];
  /** Entries for which it throws, as a full disk would. */
  refuses: (entry: JournalEntry) => boolean = () => false;
  refusesToRead = false;

  /** Until that is settled it is unknown whether what was appended is safe. */
  safe: Promise<void> = Promise.resolve();

  append(entries: readonly JournalEntry[]): number {
    if (entries.some((entry) => this.refuses(entry))) throw new Error('the journal cannot be written: disk full');
    for (const entry of entries) this.entries.push({ ...entry, seq: this.entries.length + 1 } as StoredEntry);
    return this.entries.length;
  }

  durable(): Promise<void> {
    return this.safe;
  }

  latest<K extends JournalKind>(kind: K, key: string): StoredEntry<K> | null {
    if (this.refusesToRead) throw new Error('the journal cannot be read');
    const found = this.entries.findLast((entry) => entry.kind === kind && entry.key === key);
    return (found as StoredEntry<K> | undefined) ?? null;
  }

  latestOfEach<K extends JournalKind>(kind: K): readonly StoredEntry<K>[] {
    if (this.refusesToRead) throw new Error('the journal cannot be read');
    const last = new Map(this.entries.filter((entry) => entry.kind === kind).map((entry) => [entry.key, entry]));
    return [...last.values()] as StoredEntry<K>[];
  }

  *scan(filter: NonNullable<Parameters<Journal['scan']>[0]> = {}): Iterable<StoredEntry> {
    if (this.refusesToRead) throw new Error('the journal cannot be read');
    for (const entry of this.entries) {
      const { kind = entry.kind, key = entry.key, sinceMs = entry.atMs, afterSeq = 0 } = filter;
      if (entry.kind === kind && entry.key === key && entry.atMs >= sinceMs && entry.seq > afterSeq) yield entry;
    }
  }

  close(): void {}

  /** Outcomes written so far, `id outcome`, oldest first. */
  outcomes(): string[] {
    return this.entries.flatMap((entry) =>
      entry.kind === 'order.outcome' ? [(entry as StoredEntry<'order.outcome'>).body.outcome] : [],
    );
  }
}

/** A message that an actor received, for tests of who sends what to whom. */
export interface ReceivedEvent {
  readonly by: string;
  readonly event: { readonly type: string } & Record<string, unknown>;
  readonly atMs: number;
}

/** Simulated time that knows when its next timer is due. */
export class BenchClock extends SimulatedClock {
  readonly #dueAtMs = new Map<number, number>();

  override setTimeout(fn: (...args: unknown[]) => void, timeoutMs: number): number {
    const id = super.setTimeout(() => {
      this.#dueAtMs.delete(id);
      fn();
    }, timeoutMs);
    this.#dueAtMs.set(id, this.now() + timeoutMs);
    return id;
  }

  override clearTimeout(id: number): void {
    this.#dueAtMs.delete(id);
    super.clearTimeout(id);
  }

  /** Until the next timer is due, ms; infinite: there is none. */
  get idleMs(): number {
    return Math.min(...this.#dueAtMs.values()) - this.now();
  }

  /**
   * Lets time pass in steps, as timers may start timers (and calls may answer) in between; steps in which no timer is due
   * pass at once.
   */
  async pass(ms: number, stepMs: number, settle: () => Promise<void>): Promise<void> {
    for (let leftMs = ms; leftMs > 0; ) {
      const steps = Math.max(1, Math.ceil(this.idleMs / stepMs));
      const passedMs = Math.min(steps * stepMs, leftMs);
      this.increment(passedMs);
      leftMs -= passedMs;
      await settle();
    }
  }
}

/** Simulated time, an exchange, a journal, and actors that only receive. */
export class Bench {
  readonly time = new BenchClock();
  readonly exchange: FakeExchange;
  readonly journal = new StubJournal();
  readonly facts: Fact[] = [];
  readonly received: ReceivedEvent[] = [];
  readonly clock = createEngineClock(
    () => BENCH_START_MS + this.time.now() - this.#setBackMs,
    () => this.time.now(),
  );
  #setBackMs = 0;
  readonly reporter = {
    report: (fact: Fact): void => {
      this.facts.push(fact);
    },
  };

  constructor() {
    this.exchange = new FakeExchange(() => this.clock.nowMs());
  }

  /** Our wall clock is set back; timers keep their pace. */
  setClockBack(ms: number): void {
    this.#setBackMs += ms;
  }

  /** Lets every promise that can settle now do so. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 4; turns += 1) await turn();
  }

  /** Lets time pass in small steps. */
  async pass(ms: number, stepMs = 10): Promise<void> {
    await this.settle();
    await this.time.pass(ms, stepMs, () => this.settle());
  }

  /** Types of the messages that actor received, oldest first. */
  typesReceived(by: string): string[] {
    return this.received.filter((message) => message.by === by).map(({ event }) => event.type);
  }

  /** The last such message that actor received. */
  last(by: string, type: string): ReceivedEvent['event'] | undefined {
    return this.received.findLast((message) => message.by === by && message.event.type === type)?.event;
  }

  /** Facts of that type. */
  reported<T extends Fact['type']>(type: T): Extract<Fact, { type: T }>[] {
    return this.facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type);
  }

  /**
   * Starts `machine` among actors that only receive: `listeners` are their system ids. `parent` receives what the
   * machine sends to its parent, its failure included, which does not end the test.
   */
  startAmong<M extends AnyStateMachine>(
    machine: M,
    options: {
      readonly input: unknown;
      readonly listeners?: readonly string[];
      readonly systemId?: string;
      readonly inspect?: (event: InspectionEvent) => void;
    },
  ): { readonly root: Actor<AnyStateMachine>; readonly child: () => AnyActorRef } {
    const receive = (by: string, event: unknown): void => {
      this.received.push({ by, event: event as ReceivedEvent['event'], atMs: this.clock.nowMs() });
    };
    const listener = setup({
      types: { input: {} as { name: string }, context: {} as { name: string } },
      actions: { observe: ({ context, event }) => receive(context.name, event) },
    }).createMachine({
      context: ({ input }) => input,
      on: { '*': { actions: 'observe' } },
    });
    const parent = setup({
      types: { context: {} as Record<string, never> },
      actors: { listener, subject: machine as AnyStateMachine },
      actions: {
        observe: ({ event }) => receive('parent', event),
        startAll: enqueueActions(({ enqueue }) => {
          for (const name of options.listeners ?? [])
            enqueue.spawnChild('listener', { id: name, systemId: name, input: { name } });
          const systemId = options.systemId ?? 'subject';
          enqueue.spawnChild('subject', { id: 'subject', systemId, input: options.input });
        }),
      },
    }).createMachine({
      id: 'parent',
      context: {},
      entry: 'startAll',
      on: { '*': { actions: 'observe' }, 'xstate.error.actor.*': { actions: 'observe' } },
    });
    const root = createActor(parent, {
      clock: this.time,
      ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
    }) as unknown as Actor<AnyStateMachine>;
    root.start();
    return { root, child: () => root.getSnapshot().children.subject as AnyActorRef };
  }
}

/** A promise to settle by hand. */
export function deferred<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
} {
  return Promise.withResolvers<T>();
}

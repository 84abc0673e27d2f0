/**
 * Virtual time for a whole process: timers, `Date` and `Math.random` of everything in it, libraries included. The clock
 * jumps from one event to the next; between two events every ready promise continues. Two times: *true* time never
 * jumps and drives timers and the exchange; *our wall clock* is what the engine reads, true time plus an offset.
 */

/** Node's own bounds of a timer's delay: outside of them it is 1 ms. */
const LEAST_DELAY_MS = 1;
const LONGEST_DELAY_MS = 2_147_483_647;
/**
 * Turns of the event loop requested at once. Every promise continues between two of them as between single ones, which
 * would cost a system call each.
 */
const TURNS_AT_ONCE = 64;

/** The result of `setTimeout`: as much of Node's object as libraries use. */
class VirtualTimer {
  readonly atMs: number;
  readonly seq: number;
  readonly run: () => void;
  /** Whether it ends with the engine. */
  readonly engine: boolean;
  /** No engine code runs in it, so no promise needs a turn afterwards. */
  readonly quiet: boolean;
  /** For repeating timers; the one in the heap is then another object. */
  next: VirtualTimer | null = null;
  cancelled = false;

  constructor(atMs: number, seq: number, run: () => void, engine: boolean, quiet: boolean) {
    this.atMs = atMs;
    this.seq = seq;
    this.run = run;
    this.engine = engine;
    this.quiet = quiet;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  cancel(): void {
    this.cancelled = true;
    this.next?.cancel();
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}

function before(one: VirtualTimer, other: VirtualTimer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.seq < other.seq);
}

interface Originals {
  readonly setTimeout: typeof setTimeout;
  readonly clearTimeout: typeof clearTimeout;
  readonly setInterval: typeof setInterval;
  readonly clearInterval: typeof clearInterval;
  readonly setImmediate: typeof setImmediate;
  readonly clearImmediate: typeof clearImmediate;
  readonly Date: DateConstructor;
  readonly random: () => number;
  readonly performanceNow: () => number;
}

/** One per process. */
export class VirtualTime {
  #nowMs: number;
  #offMs = 0;
  #seq = 0;
  #heap: VirtualTimer[] = [];
  #originals: Originals | null = null;
  #stopped = false;
  #turnsLeft = 0;
  #settled: (() => void) | null = null;
  readonly #random: () => number;
  /** Events fired so far. */
  fired = 0;

  /** @param random replaces `Math.random`: [0, 1) */
  constructor(startMs: number, random: () => number) {
    this.#nowMs = startMs;
    this.#random = random;
  }

  /** True time, ms since the epoch. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** The reading of our wall clock. */
  get wallMs(): number {
    return this.#nowMs + this.#offMs;
  }

  /**
   * Installs virtual timers, `Date`, `Math.random` and `performance.now`. @throws Error if they are installed already
   */
  install(): void {
    if (this.#originals !== null) throw new Error('virtual time is installed already');
    const real = globalThis;
    this.#originals = {
      setTimeout: real.setTimeout,
      clearTimeout: real.clearTimeout,
      setInterval: real.setInterval,
      clearInterval: real.clearInterval,
      setImmediate: real.setImmediate,
      clearImmediate: real.clearImmediate,
      Date: real.Date,
      random: Math.random,
      performanceNow: performance.now,
    };
    const wall = () => this.wallMs;
    const RealDate = real.Date;
    class VirtualDate extends RealDate {
      constructor(...args: unknown[]) {
        if (args.length === 0) super(wall());
        else super(...(args as [number]));
      }
      static override now(): number {
        return wall();
      }
    }
    const add = (run: (...args: unknown[]) => void, delayMs: unknown, args: unknown[]) => {
      const delay = Number(delayMs);
      const inMs = delay >= LEAST_DELAY_MS && delay <= LONGEST_DELAY_MS ? Math.trunc(delay) : LEAST_DELAY_MS;
      return this.#add(this.#nowMs + inMs, args.length === 0 ? run : () => run(...args), true, false);
    };
    const repeat = (run: (...args: unknown[]) => void, delayMs: unknown, args: unknown[]) => {
      let handle: VirtualTimer | null = null;
      const turn = () => {
        run(...args);
        if (handle !== null && !handle.cancelled) handle.next = add(turn, delayMs, []);
      };
      handle = add(turn, delayMs, []);
      return handle;
    };
    const clear = (timer: unknown) => {
      if (timer instanceof VirtualTimer) timer.cancel();
      else if (timer !== undefined && timer !== null)
        throw new TypeError('only timers of virtual time can be cleared in it');
    };
    Object.assign(real, {
      setTimeout: (run: () => void, delayMs?: number, ...args: unknown[]) => add(run, delayMs, args),
      clearTimeout: clear,
      setInterval: (run: () => void, delayMs?: number, ...args: unknown[]) => repeat(run, delayMs, args),
      clearInterval: clear,
      setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) =>
        this.#add(this.#nowMs, () => run(...args), true, false),
      clearImmediate: clear,
      Date: VirtualDate,
    });
    Math.random = this.#random;
    performance.now = () => this.#nowMs;
  }

  /** Restores the real ones. */
  uninstall(): void {
    if (this.#originals === null) return;
    const { random, performanceNow, ...globals } = this.#originals;
    Object.assign(globalThis, globals);
    Math.random = random;
    performance.now = performanceNow;
    this.#originals = null;
  }

  /** Schedules a world event, which outlives the engine. `quiet`: no engine code runs in it. */
  at(atMs: number, run: () => void, quiet = false): { cancel(): void } {
    return this.#add(atMs, run, false, quiet);
  }

  /** Our wall clock jumps; nothing else happens. */
  jumpWall(byMs: number): void {
    this.#offMs += byMs;
  }

  /** The engine's process stalls: time passes and its timers are late. */
  block(forMs: number): void {
    this.#nowMs += forMs;
  }

  /** The engine is dead, with its timers. */
  dropEngineTimers(): void {
    for (const timer of this.#heap) if (timer.engine) timer.cancelled = true;
  }

  /** Ends `run` after the present event. */
  stop(): void {
    this.#stopped = true;
  }

  /** Lets every ready promise continue. */
  settle(): Promise<void> {
    if (this.#turnsLeft === 0) {
      const later = this.#originals?.setImmediate ?? setImmediate;
      for (; this.#turnsLeft < TURNS_AT_ONCE; this.#turnsLeft += 1) later(() => this.#turn());
    }
    return new Promise((resolve) => {
      this.#settled = resolve;
    });
  }

  #turn(): void {
    this.#turnsLeft -= 1;
    const settled = this.#settled;
    this.#settled = null;
    settled?.();
  }

  /** Runs events in order up to that moment (true time), or until stopped. Rejects with what an event throws. */
  async run(untilMs: number): Promise<void> {
    this.#stopped = false;
    await this.settle();
    while (!this.#stopped) {
      const timer = this.#heap[0];
      if (timer === undefined || timer.atMs > untilMs) {
        if (untilMs > this.#nowMs) this.#nowMs = untilMs;
        return;
      }
      this.#pop();
      if (timer.cancelled) continue;
      if (timer.atMs > this.#nowMs) this.#nowMs = timer.atMs;
      this.fired += 1;
      timer.run();
      if (!timer.quiet) await this.settle();
    }
  }

  #add(atMs: number, run: () => void, engine: boolean, quiet: boolean): VirtualTimer {
    const timer = new VirtualTimer(Math.max(atMs, this.#nowMs), ++this.#seq, run, engine, quiet);
    const heap = this.#heap;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = timer;
    return timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && before(heap[right]!, heap[left]!) ? right : left;
      if (!before(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

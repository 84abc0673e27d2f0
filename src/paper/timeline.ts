import { NS } from './model.ts';

interface Action {
  readonly dueMs: number;
  readonly run: () => void;
}

/** The venue's time: the given time, its own clock, and pending actions. It never moves by itself. */
export class Timeline {
  /** Sorted by time; then in order of insertion. */
  readonly #actions: Action[] = [];
  #nowMs: number;
  #shiftMs = 0;
  #lastNs = 0n;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  /** The last given time. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Offset of the clock from the given time. */
  get shiftMs(): number {
    return this.#shiftMs;
  }

  /** The clock, ms: the given time plus the offset. */
  get clockMs(): number {
    return this.#nowMs + this.#shiftMs;
  }

  /** A unique time stamp of now, ns. */
  stampNs(): bigint {
    const ns = BigInt(Math.floor(this.clockMs)) * NS;
    this.#lastNs = ns > this.#lastNs ? ns : this.#lastNs + 1n;
    return this.#lastNs;
  }

  /** The clock jumps; the given time does not. */
  shift(byMs: number): void {
    this.#shiftMs += byMs;
    this.#lastNs = 0n;
  }

  /** Advances to that moment; never back. */
  passTo(ms: number): void {
    if (ms > this.#nowMs) this.#nowMs = ms;
  }

  /** Runs it so many milliseconds from now. */
  later(delayMs: number, run: () => void): void {
    const dueMs = this.#nowMs + delayMs;
    let index = this.#actions.length;
    while (index > 0 && this.#actions[index - 1]!.dueMs > dueMs) index -= 1;
    this.#actions.splice(index, 0, { dueMs, run });
  }

  /** Time of the next action; infinite: none. */
  get nextActionMs(): number {
    return this.#actions[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  runNextAction(): void {
    this.#actions.shift()?.run();
  }
}

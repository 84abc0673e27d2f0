import { NS } from './model.ts';

interface Action {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * The venue's time: the moment handed in, its clock as it shows it, and what is to happen later. It never moves by itself.
 */
export class Timeline {
  /** Sorted by time; what was put first runs first. */
  readonly #actions: Action[] = [];
  #nowMs: number;
  #shiftMs = 0;
  #lastNs = 0n;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  /** The time handed in last. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How far the clock is put off from the time handed in. */
  get shiftMs(): number {
    return this.#shiftMs;
  }

  /** The clock, ms: the time handed in, plus what `shift` has put it off by. */
  get clockMs(): number {
    return this.#nowMs + this.#shiftMs;
  }

  /** A time stamp of now, ns; no two are equal. */
  stampNs(): bigint {
    const ns = BigInt(Math.floor(this.clockMs)) * NS;
    this.#lastNs = ns > this.#lastNs ? ns : this.#lastNs + 1n;
    return this.#lastNs;
  }

  /** The clock jumps; the time handed in does not. */
  shift(byMs: number): void {
    this.#shiftMs += byMs;
    this.#lastNs = 0n;
  }

  /** Goes on to that moment; never back. */
  passTo(ms: number): void {
    if (ms > this.#nowMs) this.#nowMs = ms;
  }

  /** Has something run so many milliseconds from now. */
  later(delayMs: number, run: () => void): void {
    const dueMs = this.#nowMs + delayMs;
    let index = this.#actions.length;
    while (index > 0 && this.#actions[index - 1]!.dueMs > dueMs) index -= 1;
    this.#actions.splice(index, 0, { dueMs, run });
  }

  /** When the next of them is due; infinite: there is none. */
  get nextActionMs(): number {
    return this.#actions[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Runs the next of them. */
  runNextAction(): void {
    this.#actions.shift()?.run();
  }
}

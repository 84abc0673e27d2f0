import { performance } from 'node:perf_hooks';
import { MAX_ADVANCE_MS } from './control.ts';
import type { PaperExchange } from './exchange.ts';

/** A clock that is further ahead than this has jumped (a machine that slept): its market is caught up with in parts. */
const JUMP_MS = 60_000;
/** Of a market's time, ms: passed at once between two looks at how long it took. */
const PART_MS = 1_000;
/** A turn of the event loop may take so long for it; requests and streams come between. */
const TURN_MS = 8;

/** Lets long times pass without holding up anybody: a day of four markets is a second of work. */
export interface CatchUp {
  /** The time to hand to the exchange: the clock without its jumps, which are passed in parts. */
  nowMs(): number;
  /**
   * Lets that much time pass, in parts.
   *
   * @throws RangeError when more than a month would be under way.
   */
  skip(ms: number): void;
  /** Runs once all of it has passed; at once where nothing is under way. */
  whenDone(run: () => void): void;
  close(): void;
}

/** @param onMoved called after each part: what happens next is another thing than before. */
export function createCatchUp(exchange: PaperExchange, clock: () => number, onMoved: () => void): CatchUp {
  let lastMs = clock();
  /** By how much the clock has jumped: the exchange was let pass it by itself. */
  let jumpedMs = 0;
  let owedMs = 0;
  let turn: NodeJS.Immediate | null = null;
  let waiting: (() => void)[] = [];

  const work = () => {
    const endMs = performance.now() + TURN_MS;
    while (owedMs > 0 && performance.now() < endMs) {
      const partMs = Math.min(PART_MS, owedMs);
      owedMs -= partMs;
      exchange.skip(partMs);
    }
    turn = owedMs > 0 ? setImmediate(work) : null;
    onMoved();
    if (owedMs > 0) return;
    const done = waiting;
    waiting = [];
    for (const run of done) run();
  };
  const owe = (ms: number) => {
    owedMs += ms;
    if (owedMs > 0) turn ??= setImmediate(work);
  };

  return {
    nowMs() {
      const nowMs = clock();
      const aheadMs = nowMs - lastMs;
      lastMs = nowMs;
      if (aheadMs > JUMP_MS) {
        jumpedMs += aheadMs;
        owe(aheadMs);
      }
      return nowMs - jumpedMs;
    },
    skip(ms) {
      if (owedMs + ms > MAX_ADVANCE_MS)
        throw new RangeError(`${owedMs} ms are still to pass: expected a month at most`);
      owe(ms);
    },
    whenDone(run) {
      if (owedMs > 0) waiting.push(run);
      else run();
    },
    close() {
      if (turn !== null) clearImmediate(turn);
      owedMs = 0;
    },
  };
}

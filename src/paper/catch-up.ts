import { performance } from 'node:perf_hooks';
import { MAX_ADVANCE_MS } from './control.ts';
import type { PaperExchange } from './exchange.ts';

/** A clock that advances further at once has jumped (the machine slept): its market catches up in parts. */
const JUMP_MS = 60_000;
/** Market time processed at once, ms. */
const PART_MS = 1_000;
/** Longest turn of the event loop for it; requests and streams run in between. */
const TURN_MS = 8;

/** Processes long times without blocking: a day of four markets is a second of work. */
export interface CatchUp {
  /** The time for the exchange: the clock without its jumps, which pass in parts. */
  nowMs(): number;
  /** Lets that much time pass, in parts. @throws RangeError if more than a month would be pending. */
  skip(ms: number): void;
  /** Runs once all of it has passed; at once if nothing is pending. */
  whenDone(run: () => void): void;
  close(): void;
}

/** @param onMoved called after each part, since the next event has changed. */
export function createCatchUp(exchange: PaperExchange, clock: () => number, onMoved: () => void): CatchUp {
  let lastMs = clock();
  /** The part of clock jumps that the exchange has processed separately. */
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

import { startRecorder } from '../market/recorder.ts';
import { createPaper, type InstrumentSpec, type MarketProfile } from '../paper/index.ts';
import { chance } from '../simulate/chance.ts';
import { virtualSockets } from '../simulate/socket.ts';
import { VirtualTime } from '../simulate/virtual-time.ts';

/**
 * A market for trying things out: the embedded exchange's seeded one, recorded by the recorder of `record` in virtual
 * time without own trading (strategy 19.1).
 */
export interface MakeOptions {
  readonly directory: string;
  readonly instruments: readonly InstrumentSpec[];
  readonly seed: number;
  readonly profile: MarketProfile;
  readonly fromMs: number;
  readonly toMs: number;
  /** Percent that longs pay at each funding time. */
  readonly fundingPercent?: string;
  readonly say: (text: string) => void;
  readonly onProgress?: (simulatedMs: number) => void;
  /** Called every five simulated minutes. */
  readonly interrupted?: () => boolean;
}

/**
 * Installs virtual time in this process, so only one at a time. @returns number of records by kind @throws MarketError
 */
export async function makeMarket(options: MakeOptions): Promise<{ books: number; trades: number; marks: number }> {
  const { directory, instruments, seed, profile, fromMs, toMs, say } = options;
  const time = new VirtualTime(fromMs, chance(seed, 'Math.random').unit);
  time.install();
  try {
    const exchange = createPaper({ seed, startMs: fromMs, instruments, profile });
    for (const { name } of instruments)
      exchange.control.funding({ instrument: name, rate: options.fundingPercent ?? '0.0000125' });
    const parts = { time, exchange, reachable: () => true, fallsSilent: () => false };
    const recorder = startRecorder({
      ...{ origin: 'http://127.0.0.1:8080', directory, instruments, say },
      nowMs: () => time.nowMs,
      // Without latency: what was received when it happened can be replayed with any latency.
      WebSocket: virtualSockets(parts, { alive: true }, chance(seed, 'network'), [0, 0]),
    });
    const keepMoving = (): void => {
      exchange.advance(time.nowMs);
      time.at(Math.max(exchange.nextEventMs(), time.nowMs + 1), keepMoving, true);
    };
    keepMoving();
    while (time.nowMs < toMs && !options.interrupted?.()) {
      await time.run(Math.min(toMs, time.nowMs + PART_MS));
      options.onProgress?.(time.nowMs - fromMs);
    }
    recorder.close();
    const { books, trades, marks } = recorder.counts;
    return { books, trades, marks };
  } finally {
    time.uninstall();
  }
}

const PART_MS = 300_000;

import type { ClientOptions } from 'ws';
import { z } from 'zod';
import { unsignedText } from '../grvt/wire.ts';
import { e9 } from '../paper/fixed.ts';
import type { Feed, InstrumentSpec, ReplayEvent } from '../paper/index.ts';
import { MarketError } from './errors.ts';
import { instrumentOf, type PublicApi } from './public-api.ts';
import { type Recorder, type RecordSink, startRecorder } from './recorder.ts';

/**
 * An exchange's public streams as the embedded exchange's market (strategy 19.5): played as they arrive, and not
 * stored. While disconnected the books are empty.
 */
export interface LiveMarket {
  readonly feedOf: (instrument: string) => Feed;
  /** Called for each event that waits to be played. */
  follow(played: () => void): void;
  close(): void;
}

/** Waiting events of one instrument: they are played at once, so more is a defect. */
const WAITING_MAX = 10_000;

/** Events that arrived and were not played yet. */
class LiveFeed implements Feed {
  readonly #events: ReplayEvent[] = [];

  push(event: ReplayEvent): void {
    if (this.#events.length >= WAITING_MAX) throw new Error(`${WAITING_MAX} events of a live market wait to be played`);
    this.#events.push(event);
  }

  peek(): ReplayEvent | null {
    return this.#events[0] ?? null;
  }

  take(): void {
    this.#events.shift();
  }
}

export function openLiveMarket(options: {
  readonly origin: string;
  readonly instruments: readonly InstrumentSpec[];
  readonly nowMs: () => number;
  readonly say: (text: string) => void;
  readonly agent?: ClientOptions['agent'];
}): LiveMarket {
  const { instruments, nowMs } = options;
  const feeds = new Map(instruments.map(({ name }) => [name, new LiveFeed()]));
  let played = (): void => {};
  const recorder: Recorder = startRecorder({
    ...options,
    sinkOf: (spec) => liveSink(feeds.get(spec.name)!, () => played()),
    onLost: (why) => {
      for (const feed of feeds.values()) feed.push({ kind: 'gap', atMs: nowMs(), toMs: nowMs(), why });
      played();
    },
  });
  return {
    feedOf: (instrument) => feeds.get(instrument) ?? new LiveFeed(),
    follow: (run) => {
      played = run;
    },
    close: () => recorder.close(),
  };
}

function liveSink(feed: LiveFeed, played: () => void): RecordSink {
  const sink = {
    lastMs: null as number | null,
    instrument: null as InstrumentSpec | null,
    cut: null,
    append(record: Parameters<RecordSink['append']>[0]): void {
      if (record.kind === 'candle') return;
      sink.lastMs = record.kind === 'gap' ? record.toMs : record.atMs;
      if (record.kind === 'instrument') sink.instrument = record.spec;
      feed.push(record);
      played();
    },
    flush: () => {},
    close: () => {},
  };
  return sink;
}

const miniAnswer = z.object({ result: z.object({ mark_price: unsignedText }) });

/** Instruments as listed now, each at its present mark. @throws MarketError */
export async function listedNow(api: Pick<PublicApi, 'ask'>, names: readonly string[]): Promise<InstrumentSpec[]> {
  const specs: InstrumentSpec[] = [];
  for (const name of names) {
    const spec = await instrumentOf(api, name);
    const mini = miniAnswer.safeParse(await api.ask('mini', { instrument: name })).data;
    if (mini === undefined) throw new MarketError(`${name}: its mark cannot be read`);
    const mark = e9(mini.result.mark_price);
    specs.push({ ...spec, startPrice: (mark / spec.tick) * spec.tick });
  }
  return specs;
}

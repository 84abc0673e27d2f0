import type { Fact } from '../core/facts.ts';
import type { Status } from '../status/model.ts';
import { plain } from './plain.ts';

/** Facts kept for a page that is opened later: a few screens of feed. */
export const FEED_MAX = 400;
/** Points per series: wider than any screen. When they are used up every second one goes and the step doubles. */
export const POINTS_MAX = 1_440;
/** The first step between points. */
export const FIRST_STEP_MS = 5_000;

/** Facts that happen all the time and say nothing to a reader: figures and metrics hear them. */
const NOT_IN_FEED: ReadonlySet<Fact['type']> = new Set([
  'account.polled',
  'order.sent',
  'session.renewed',
  'alerts.sent',
]);

/** One fact as the page gets it: the fact's fields in plain text, and a number to know it by. */
export interface FeedEntry {
  readonly id: number;
  readonly fact: Record<string, unknown>;
}

/** |A|, |B|, net and gain of one symbol (or of all) at one time; null: no mark to value it at. For drawing only. */
export type Point = readonly [atMs: number, a: number | null, b: number | null, net: number | null, gained: number];

/** The name of the series that adds up all symbols. */
export const TOTAL = '*';

/** What a page shows of the time before it was opened; bounded. */
export interface History {
  /** @returns the entry, or null when the fact is none for readers. */
  take(fact: Fact): FeedEntry | null;
  /** Whether the step since the last points is over. */
  due(nowMs: number): boolean;
  /** Adds a point to each series when the step is over. @returns the points added, by instrument; null: not yet. */
  sample(status: Status): Readonly<Record<string, Point>> | null;
  feed(): readonly FeedEntry[];
  series(instrument: string): readonly Point[];
}

export function createHistory(): History {
  const entries: FeedEntry[] = [];
  const series = new Map<string, Point[]>();
  let nextId = 1;
  let stepMs = FIRST_STEP_MS;
  let lastMs: number | null = null;

  // A clock that was set back must not stop the drawing until it has caught up.
  const due = (nowMs: number) => lastMs === null || nowMs < lastMs || nowMs - lastMs >= stepMs;

  return {
    due,
    take(fact) {
      if (NOT_IN_FEED.has(fact.type)) return null;
      const entry: FeedEntry = { id: nextId++, fact: plain(fact) as Record<string, unknown> };
      entries.push(entry);
      if (entries.length > FEED_MAX) entries.shift();
      return entry;
    },
    sample(status) {
      const { atMs } = status;
      if (!due(atMs)) return null;
      lastMs = atMs;
      const added: Record<string, Point> = {};
      for (const one of status.symbols) {
        const { A, B } = one.positions;
        added[one.instrument] = [
          atMs,
          absolute(A.notionalUsdt),
          absolute(B.notionalUsdt),
          number(one.netUsdt),
          Number(one.gainedUsdt),
        ];
      }
      added[TOTAL] = total(atMs, Object.values(added));
      for (const [name, point] of Object.entries(added)) {
        const points = series.get(name) ?? [];
        points.push(point);
        series.set(name, points);
      }
      if ((series.get(TOTAL)?.length ?? 0) >= POINTS_MAX) {
        for (const [name, points] of series) series.set(name, thinned(points));
        stepMs *= 2;
      }
      return added;
    },
    feed: () => entries,
    series: (instrument) => series.get(instrument) ?? [],
  };
}

function thinned(points: readonly Point[]): Point[] {
  return points.filter((_, index) => index % 2 === 1);
}

function number(text: string | null): number | null {
  return text === null ? null : Number(text);
}

function absolute(text: string | null): number | null {
  return text === null ? null : Math.abs(Number(text));
}

/** |A|, |B| and gains add up; nets are added as sizes of imbalance, for a long and a short one do not cancel. */
function total(atMs: number, points: readonly Point[]): Point {
  const add = (index: 1 | 2 | 3) => points.reduce((sum, point) => sum + Math.abs(point[index] ?? 0), 0);
  return [atMs, add(1), add(2), add(3), points.reduce((sum, point) => sum + point[4], 0)];
}

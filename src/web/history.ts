import type { Fact } from '../core/facts.ts';
import type { Status } from '../status/model.ts';
import { plain } from './plain.ts';

/** Facts kept for a page that is opened later: a few screens. */
export const FEED_MAX = 400;
/** Points per series: wider than any screen. When it is full every second point is dropped and the interval doubles. */
export const POINTS_MAX = 1_440;
/** The first interval between points. */
export const FIRST_STEP_MS = 5_000;

/** Frequent facts without interest to a reader; figures and metrics use them. */
const NOT_IN_FEED: ReadonlySet<Fact['type']> = new Set([
  'account.polled',
  'order.sent',
  'session.renewed',
  'alerts.sent',
]);

/** One fact for the page: its fields as text, and a number that identifies it. */
export interface FeedEntry {
  readonly id: number;
  readonly fact: Record<string, unknown>;
}

/** |A|, |B|, net and gain of one symbol (or of all) at one time; null: no mark. For drawing only. */
export type Point = readonly [atMs: number, a: number | null, b: number | null, net: number | null, gained: number];

/** Name of the series of all symbols together. */
export const TOTAL = '*';

/** The past that a newly opened page shows; bounded. */
export interface History {
  /** @returns the entry, or null if the fact is not shown. */
  take(fact: Fact): FeedEntry | null;
  /** Whether the next point is due. */
  due(nowMs: number): boolean;
  /** Adds a point to each series if it is due. @returns the points added, by instrument; null: not due. */
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

  // A clock set back must not stop the drawing.
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

/** A figure for drawing. */
export function number(text: string | null): number | null {
  return text === null ? null : Number(text);
}

function absolute(text: string | null): number | null {
  return text === null ? null : Math.abs(Number(text));
}

/** |A|, |B| and gains are added; nets by absolute value, since a long and a short one do not cancel out. */
function total(atMs: number, points: readonly Point[]): Point {
  const add = (index: 1 | 2 | 3) => points.reduce((sum, point) => sum + Math.abs(point[index] ?? 0), 0);
  return [atMs, add(1), add(2), add(3), points.reduce((sum, point) => sum + point[4], 0)];
}

import type { FillRule } from '../paper/index.ts';
import { isBetter } from './answer.ts';
import { isMoneyKnown, type Plan, questionOf } from './plan.ts';
import type { Played } from './play.ts';
import type { Question } from './question.ts';

/** Beyond this number only the best run keeps its time series, so that memory grows only with the figures. */
const COURSES_KEPT = 40;

/** The runs of a plan so far: all fill rules of a point, then those of the next. */
export class Kept {
  readonly #plan: Plan;
  /** By point and fill rule; null: not played. */
  readonly runs: (Played | null)[][];
  readonly count: number;
  #best: { readonly point: number; readonly by: Played } | null = null;
  failed = 0;
  /** Market time played, ms. */
  playedMs = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.runs = plan.points.map(() => plan.fills.map(() => null));
    this.count = plan.points.length * plan.fills.length;
  }

  #placeOf(run: number): { readonly point: number; readonly at: number; readonly fill: FillRule } {
    const { fills } = this.#plan;
    const at = run % fills.length;
    return { point: Math.floor(run / fills.length), at, fill: fills[at]! };
  }

  questionOf(run: number): Question {
    const { point, fill } = this.#placeOf(run);
    return questionOf(this.#plan, this.#plan.points[point]!, fill);
  }

  played(run: number, played: Played): void {
    const { point, at } = this.#placeOf(run);
    this.runs[point]![at] = played;
    this.playedMs += played.playedMs;
    if (this.count <= COURSES_KEPT) return;
    const before = this.#best;
    // The stricter fill rule decides, as at the end; of equal ones the first.
    if (at === 0 && (before === null || this.#wins(point, played, before))) {
      this.#best = { point, by: played };
      if (before !== null) this.#forget(before.point, 0);
    } else this.#forget(point, at);
  }

  #wins(point: number, played: Played, best: { readonly point: number; readonly by: Played }): boolean {
    const moneyKnown = isMoneyKnown(this.#plan);
    if (isBetter(played, best.by, moneyKnown)) return true;
    return point < best.point && !isBetter(best.by, played, moneyKnown);
  }

  #forget(point: number, at: number): void {
    const played = this.runs[point]![at] ?? null;
    if (played !== null) this.runs[point]![at] = { ...played, series: null };
  }
}

import type { Fact, SymbolPhase } from '../core/facts.ts';

/** Counts by name, in the order first seen, printed sorted. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  sorted(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}

/** What the engine said of itself: states, alerts, failures. Times by true time, so that no jump of a clock counts. */
export interface Tally {
  hear(fact: Fact, trueMs: number): void;
  /** The engine is gone, or starts anew: nobody is in any state. */
  interrupted(trueMs: number): void;
  readonly alerts: Counts;
  readonly facts: Counts;
  statesMs(): Record<string, number>;
}

export function createTally(): Tally {
  const alerts = new Counts();
  const facts = new Counts();
  const states = new Counts();
  const inState = new Map<string, { state: SymbolPhase; sinceMs: number }>();
  const leave = (instrument: string, trueMs: number): void => {
    const was = inState.get(instrument);
    if (was !== undefined) states.add(was.state, trueMs - was.sinceMs);
    inState.delete(instrument);
  };
  return {
    alerts,
    facts,
    hear(fact, trueMs) {
      facts.add(fact.type);
      if (fact.type === 'state.changed') {
        leave(fact.instrument, trueMs);
        inState.set(fact.instrument, { state: fact.to, sinceMs: trueMs });
      } else if (fact.type === 'alert.raised') {
        alerts.add(fact.alert.kind);
      }
    },
    interrupted(trueMs) {
      for (const instrument of [...inState.keys()]) leave(instrument, trueMs);
    },
    statesMs: () => states.sorted(),
  };
}

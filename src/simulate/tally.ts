import type { Fact, SymbolPhase } from '../core/facts.ts';

/** Counts by name, in order of first occurrence, printed sorted. */
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

/** States, alerts and failures by the engine's own facts, in true time. */
export interface Tally {
  observe(fact: Fact, trueMs: number): void;
  /** The engine ended or restarts: no symbol is in any state. */
  interrupted(trueMs: number): void;
  readonly alerts: Counts;
  readonly facts: Counts;
  statesMs(): Record<string, number>;
  /** Of the time in `capped`, how long the positions at the exchange did not cancel out; sampled at every poll. */
  cappedUnhedgedMs(): number;
  /** Pairs that the engine booked at a loss (strategy 4.4, I2), except the netting of 11.3. */
  pairsAtALoss(): number;
}

/** @param unhedged whether the positions at the exchange do not cancel out now */
export function createTally(unhedged: (instrument: string) => boolean): Tally {
  const alerts = new Counts();
  const facts = new Counts();
  const states = new Counts();
  const inState = new Map<string, { state: SymbolPhase; sinceMs: number }>();
  const capped = new Map<string, { unhedged: boolean; sinceMs: number }>();
  let cappedUnhedgedMs = 0;
  let pairsAtALoss = 0;
  const leaveCap = (instrument: string, trueMs: number): void => {
    const was = capped.get(instrument);
    if (was?.unhedged) cappedUnhedgedMs += trueMs - was.sinceMs;
    capped.delete(instrument);
  };
  const leave = (instrument: string, trueMs: number): void => {
    const was = inState.get(instrument);
    if (was !== undefined) states.add(was.state, trueMs - was.sinceMs);
    inState.delete(instrument);
    leaveCap(instrument, trueMs);
  };
  const checkCapped = (instrument: string, trueMs: number): void => {
    leaveCap(instrument, trueMs);
    capped.set(instrument, { unhedged: unhedged(instrument), sinceMs: trueMs });
  };
  return {
    alerts,
    facts,
    observe(fact, trueMs) {
      facts.add(fact.type);
      if (fact.type === 'state.changed') {
        leave(fact.instrument, trueMs);
        inState.set(fact.instrument, { state: fact.to, sinceMs: trueMs });
        if (fact.to === 'capped') checkCapped(fact.instrument, trueMs);
      } else if (fact.type === 'account.polled') {
        for (const instrument of [...capped.keys()]) checkCapped(instrument, trueMs);
      } else if (fact.type === 'fill.booked' || fact.type === 'drift.adopted') {
        pairsAtALoss += fact.matches.filter((match) => match.kind !== 'netting' && match.gainUsdt.lt(0)).length;
      } else if (fact.type === 'alert.raised') {
        alerts.add(fact.alert.kind);
      }
    },
    interrupted(trueMs) {
      for (const instrument of [...inState.keys()]) leave(instrument, trueMs);
    },
    statesMs: () => states.sorted(),
    cappedUnhedgedMs: () => cappedUnhedgedMs,
    pairsAtALoss: () => pairsAtALoss,
  };
}

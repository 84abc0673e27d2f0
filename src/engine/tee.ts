import type { Reporter } from '../ports.ts';

/**
 * One reporter made of several. Each hears every fact; one that throws, against its contract, is not asked again for that
 * fact, and the others never notice: whatever people are told must not stop what is done.
 */
export function tee(reporters: readonly Reporter[]): Reporter {
  return {
    report(fact) {
      for (const reporter of reporters) {
        try {
          reporter.report(fact);
        } catch {
          // There is nobody left to tell: the log is one of these.
        }
      }
    },
  };
}

import type { Reporter } from '../ports.ts';

/**
 * Combines several reporters. Each receives every fact; one that throws, against its contract, does not affect the
 * others.
 */
export function tee(reporters: readonly Reporter[]): Reporter {
  return {
    report(fact) {
      for (const reporter of reporters) {
        try {
          reporter.report(fact);
        } catch {
          // Nobody is left to report to: the log is one of these.
        }
      }
    },
  };
}

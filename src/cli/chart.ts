import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CONFIGURATION } from '../core/exit-codes.ts';
import { type ChartFormat, chartText, MACHINES, statechartsPage } from '../engine/statecharts.ts';

export interface ChartOptions {
  readonly format: ChartFormat;
  readonly docs?: boolean;
}

/** Prints one statechart, or the page of all of them. @returns the exit code */
export function chartCommand(machine: string, options: ChartOptions, root: string): number {
  if (options.docs) {
    writeFileSync(join(root, 'docs', 'statecharts.md'), statechartsPage());
    return 0;
  }
  const text = chartText(machine, options.format);
  if (text === null) {
    console.error(`There is no statechart "${machine}": expected one of ${Object.keys(MACHINES).join(', ')}`);
    return EXIT_CONFIGURATION;
  }
  process.stdout.write(text);
  return 0;
}

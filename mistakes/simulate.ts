import { simulateCommand } from '../src/cli/simulate.ts';

/** The simulate command by itself, so that a mistake is planted before anything of the product is loaded. */
await simulateCommand().parseAsync(process.argv.slice(2), { from: 'user' });

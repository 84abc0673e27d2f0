import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LONG_PATIENCE_MS } from '../support/patience.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY =
  "import('./src/cli/simulate.ts').then((m) => m.simulateCommand().parseAsync(process.argv.slice(1), { from: 'user' }))";

/** What the simulate command did in a process of its own. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly complaint: string;
}

/** Runs the simulate command in another process: virtual time is the whole process' time. */
export function simulateApart(...args: readonly string[]): Promise<Ended> {
  return apart({}, ['-e', ENTRY, '--', ...args]).ended;
}

/** The same as a user has it, by way of the product's own command line. */
export function cliApart(...args: readonly string[]): Promise<Ended> {
  return apart({}, ['./bin/grvt-hedge.mjs', 'simulate', ...args]).ended;
}

/** The same by way of a script, so that other modules are loaded before it and in its workers. */
export function scriptApart(
  env: Readonly<Record<string, string>>,
  nodeArgs: readonly string[],
  args: readonly string[],
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  return apart(env, [...nodeArgs, './mistakes/simulate.ts', ...args]);
}

function apart(
  env: Readonly<Record<string, string>>,
  args: readonly string[],
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--disable-sigusr1', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONG_PATIENCE_MS,
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    let out = '';
    let complaint = '';
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      complaint += data;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, complaint }));
  });
  return { child, ended };
}

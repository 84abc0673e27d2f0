import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY =
  "import('./src/simulate/command.ts').then((m) => m.simulateCommand().parseAsync(process.argv.slice(1), { from: 'user' }))";

/** What the simulate command did in a process of its own. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly complaint: string;
}

/** Runs the simulate command in another process: virtual time is the whole process' time. */
export function simulateApart(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', ENTRY, '--', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 300_000,
    });
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
}

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compiledFor } from '../support/compiled.ts';
import { LONG_PATIENCE_MS } from '../support/patience.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A command of the product in a process of its own. */
export interface Command {
  readonly child: ChildProcess;
  /** What it has said beside its report. */
  said(): string;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string }>;
}

/** @param url of the database, with its password: by the environment */
export function command(
  url: string,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Command {
  const child = spawn(process.execPath, ['--disable-sigusr1', ...nodeArgs, './bin/grvt-hedge.mjs', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...compiledFor(args), GRVT_HEDGE_JOURNAL_URL: url, GRVT_HEDGE_LANG: 'en', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONG_PATIENCE_MS,
  });
  let [out, said] = ['', ''];
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    said += data;
  });
  const ended = new Promise<{ code: number | null; out: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out }));
  });
  return { child, said: () => said, ended };
}

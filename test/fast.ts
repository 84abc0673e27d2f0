import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { compiledFor } from './support/compiled.ts';

/**
 * The tests for while you work: rules, machines and texts; no browser, no processes of the engine. Two processes share the files, since
 * a process for each would load the same modules seventy times.
 */

const ROOT = join(import.meta.dirname, '..');
const SHARES = [
  ['test/core/**/*.test.ts', 'test/texts/*.test.ts', 'test/machines/[b-z]*.test.ts'],
  // The dearest of them, as much as all others.
  ['test/machines/a*.test.ts'],
] as const;
/** Of a share's report, characters: failures come last, and are what it is read for. */
const REPORT_MAX = 64 * 1024 * 1024;

const [asked] = process.argv.slice(2);
if (asked === undefined) await Promise.all(SHARES.map((_, share) => apart(share)));
else test(asked === '--watch' ? SHARES.flat() : (SHARES[Number(asked)] ?? []), asked === '--watch');

function test(patterns: readonly string[], watch: boolean): void {
  const files = globSync([...patterns], { cwd: ROOT }).map((file) => join(ROOT, file));
  run(watch ? { files, concurrency: 2, watch } : { files, isolation: 'none' })
    .on('test:fail', () => {
      process.exitCode = 1;
    })
    .compose(spec)
    .pipe(process.stdout);
}

/** Runs one share in a process of its own, and prints its report when it is whole. */
function apart(share: number): Promise<void> {
  const args = ['--disable-sigusr1', import.meta.filename, String(share)];
  const options = { maxBuffer: REPORT_MAX, env: { ...process.env, ...compiledFor([]) } };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (failure, out, complaint) => {
      process.stdout.write(out);
      process.stderr.write(complaint);
      if (failure !== null) process.exitCode = 1;
      resolve();
    });
  });
}

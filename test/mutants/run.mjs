import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { Stryker } from '@stryker-mutator/core';

/**
 * Mutation testing, by hand: changes one place of a file at a time, runs the tests that import the file, and lists the changes that no
 * test noticed.
 *
 *     npm ci --prefix test/mutants
 *     npm run mutants                                   # what money depends on: an hour or so
 *     npm run mutants -- src/core/ledger.ts             # these
 */

const MONEY = ['ledger', 'pricing', 'limits', 'repairs', 'trims', 'openings', 'money', 'pair-statement', 'levelling'];
/** Files of the core whose rules are also tested through another one. */
const THROUGH = { trims: 'plan', openings: 'plan' };
/** Whole engines, seconds each: they notice much, and say little of the file. */
const SLOW = /closed-loop/;

const root = resolve(import.meta.dirname, '../..');
process.chdir(root);
const asked = process.argv.slice(2);
const files = asked.length > 0 ? asked : MONEY.map((name) => `src/core/${name}.ts`);
for (const file of files) {
  if (existsSync(file)) continue;
  console.error(`${file}: no such file; expected files from ${root}`);
  process.exit(78);
}
for (const file of files) {
  const through = THROUGH[basename(file, '.ts')];
  const imported = [relative('src', file), ...(through === undefined ? [] : [`core/${through}.ts`])];
  const tests = globSync('test/core/**/*.test.ts').filter((test) => {
    const text = readFileSync(test, 'utf8');
    return !SLOW.test(test) && imported.some((name) => text.includes(`/${name}'`));
  });
  if (tests.length === 0) {
    console.error(`${file}: no test of test/core imports it`);
    process.exitCode = 1;
    continue;
  }
  const results = await new Stryker({
    mutate: [file],
    testRunner: 'command',
    commandRunner: { command: `node --disable-sigusr1 --test --test-isolation=none ${tests.join(' ')}` },
    plugins: [],
    reporters: ['clear-text', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
    tempDirName: 'test/mutants/.tmp',
    ignorePatterns: ['docs/**', 'market/**', 'data/**', 'test/clients/**', 'test/mutants/**'],
    concurrency: 2,
    // Only references of a tsconfig would be rewritten, with a compiler API that TypeScript 7 does not have.
    tsconfigFile: 'none',
    logLevel: 'warn',
  }).runMutationTest();
  const counted = results.filter(({ status }) => status !== 'Ignored' && status !== 'CompileError');
  const noticed = counted.filter(({ status }) => status === 'Killed' || status === 'Timeout');
  console.log(
    `${basename(file, '.ts')}: ${noticed.length} of ${counted.length} mutants noticed, by ${tests.join(' ')}`,
  );
}

import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';

/**
 * Mutation testing, by hand: changes one place of a file at a time, runs the tests that reach it in the test files that import the
 * file, and lists the changes that no test noticed.
 *
 *     npm ci --prefix test/mutants
 *     npm run mutants                                   # what money depends on: some minutes each
 *     npm run mutants -- src/core/ledger.ts             # these
 *     npm run mutants -- src/core/ledger.ts:40-80 --concurrency 1
 */

const MONEY = [
  ...['ledger', 'pricing', 'limits', 'repairs', 'trims', 'openings', 'levelling', 'money', 'pair-statement'],
  ...['view', 'view-rows', 'view-readings', 'view-slice', 'view-streams', 'view-frames'],
];
/** Files of the core whose rules are also tested through another one. */
const THROUGH = {
  ...{ trims: 'plan', openings: 'plan', repairs: 'plan', 'view-rows': 'view', 'view-readings': 'view' },
  ...{ 'view-slice': 'view', 'view-streams': 'view', 'view-frames': 'view' },
};
/** Whole engines, seconds each: they notice much, and say little of the file. */
const SLOW = /closed-loop/;

const root = resolve(import.meta.dirname, '../..');
process.chdir(root);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { concurrency: { type: 'string', default: '2' } },
});
const asked = positionals.length > 0 ? positionals : MONEY.map((name) => `src/core/${name}.ts`);
/** The file of `file` or `file:from-to`. */
const fileOf = (range) => range.replace(/:[\d:-]+$/, '');
for (const file of asked.map(fileOf)) {
  if (existsSync(file)) continue;
  console.error(`${file}: no such file; expected files from ${root}`);
  process.exit(78);
}
for (const range of asked) {
  const file = fileOf(range);
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
    mutate: [range],
    testRunner: 'node-test',
    plugins: [resolve(import.meta.dirname, 'runner.mjs')],
    // Modules that remember between calls are loaded anew for each mutant.
    nodeTest: { files: tests, fresh: /^(let|const .* = new (Weak)?Map)\b/m.test(readFileSync(file, 'utf8')) },
    warnings: { unknownOptions: false },
    reporters: ['clear-text', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
    tempDirName: 'test/mutants/.tmp',
    ignorePatterns: ['docs/**', 'market/**', 'data/**', 'test/clients/**', 'test/mutants/**'],
    concurrency: Number(values.concurrency),
    // Endless loops are ended by the number of their steps; this is for the rest, on a busy machine.
    timeoutMS: 60_000,
    maxTestRunnerReuse: 200,
    // Only references of a tsconfig would be rewritten, with a compiler API that TypeScript 7 does not have.
    tsconfigFile: 'none',
    logLevel: 'warn',
  }).runMutationTest();
  const counted = results.filter(({ status }) => status !== 'Ignored' && status !== 'CompileError');
  const noticed = counted.filter(({ status }) => status === 'Killed' || status === 'Timeout');
  console.log(`${range}: ${noticed.length} of ${counted.length} mutants noticed, by ${tests.join(' ')}`);
}

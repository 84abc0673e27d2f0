import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import './support/compiled.ts';

/** The tests for while you work: rules, machines and texts; no browser, no processes of the engine. */

const root = join(import.meta.dirname, '..');
const files = globSync(['test/core/**/*.test.ts', 'test/machines/*.test.ts', 'test/texts/*.test.ts'], { cwd: root });

run({ files: files.map((file) => join(root, file)), concurrency: 2, watch: process.argv.includes('--watch') })
  .on('test:fail', () => {
    process.exitCode = 1;
  })
  .compose(spec)
  .pipe(process.stdout);

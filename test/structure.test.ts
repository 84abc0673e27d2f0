import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Holds the house together: who may import whom, who may look at the clock, and that nothing points outside (docs/architecture.md). */

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

interface Import {
  readonly from: string;
  /** A path from the root for our own files, else the package's name. */
  readonly to: string;
  readonly typeOnly: boolean;
}

function filesBelow(folder: string, ending = '.ts'): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .map((name) => join(folder, name).split(sep).join('/'))
    .sort();
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?from\s+)?'([^']+)';/gms);
  return [...statements].map(([, type, specifier = '']) => ({
    from: file,
    to: specifier.startsWith('.')
      ? relative(ROOT, resolve(ROOT, dirname(file), specifier))
          .split(sep)
          .join('/')
      : specifier,
    typeOnly: type !== undefined,
  }));
}

const PRODUCT = [...filesBelow('src'), ...filesBelow('machines')];
/** What browsers run. */
const PAGES = filesBelow('src', '.js');
const IMPORTS = PRODUCT.flatMap(importsOf);

/** What the files of a place may import: prefixes of own paths, or packages. Types of `src/ports.ts` are free where `ports` is said. */
const TABLE: readonly { readonly place: string; readonly may: readonly string[] }[] = [
  { place: 'src/core/', may: ['src/core/', 'decimal.js'] },
  { place: 'machines/', may: ['machines/', 'src/core/', 'ports', 'xstate'] },
  { place: 'src/ports.ts', may: ['src/core/'] },
  {
    place: 'src/grvt/',
    may: [
      'src/grvt/',
      'src/core/',
      'src/texts/',
      'ports',
      '@grvt/client',
      '@noble/',
      'node-fetch',
      'node:',
      'p-queue',
      'secp256k1',
      'undici',
      'ws',
      'zod',
    ],
  },
  {
    place: 'src/journal/',
    may: ['src/journal/', 'src/core/', 'src/texts/', 'src/os/', 'ports', 'pg', 'node:'],
  },
  { place: 'src/texts/', may: ['src/texts/', 'src/core/'] },
  { place: 'src/notify/', may: ['src/notify/', 'src/core/', 'src/texts/', 'ports', 'node-fetch', 'node:'] },
  {
    place: 'src/log/',
    may: ['src/log/', 'src/core/', 'src/texts/', 'src/os/private-files.ts', 'ports', 'pino', 'node:'],
  },
  { place: 'src/settings/', may: ['src/settings/', 'src/core/', 'fastest-levenshtein', 'node:', 'zod'] },
  {
    place: 'src/web/',
    may: [
      'src/web/',
      'src/core/',
      'src/os/loopback.ts',
      'src/status/model.ts',
      'src/texts/',
      'ports',
      '@statelyai/inspect',
      'fastify',
      '@fastify/',
      'node:',
      'marked',
      'prom-client',
      'ws',
    ],
  },
  { place: 'src/os/', may: ['src/os/', 'src/core/', 'src/texts/', 'node:'] },
  {
    place: 'src/control/',
    may: ['src/control/', 'src/core/', 'src/texts/', 'src/os/private-files.ts', 'node:', 'zod'],
  },
  {
    place: 'src/runs/',
    may: ['src/runs/', 'src/core/', 'src/market/', 'src/simulate/', 'src/backtest/', 'node:', 'pg', 'pg-boss'],
  },
  { place: 'src/status/model.ts', may: ['src/core/', 'src/texts/'] },
  { place: 'src/charts/', may: ['src/charts/', '@dagrejs/dagre', 'xstate'] },
  {
    place: 'src/market/',
    may: [
      'src/market/',
      'src/core/',
      'src/texts/',
      'src/paper/',
      'src/os/',
      'src/grvt/wire.ts',
      'src/grvt/http.ts',
      'node:',
      'undici',
      'ws',
      'zod',
    ],
  },
  // An exchange that shared the strategy's arithmetic would agree with its mistakes.
  {
    place: 'src/paper/',
    may: [
      'src/paper/',
      'src/core/decimal.ts',
      'src/grvt/wire.ts',
      'src/os/loopback.ts',
      '@noble/',
      'node:',
      'ws',
      'zod',
    ],
  },
];

test('every folder imports only what the table allows', () => {
  const wrong = IMPORTS.filter((one) => {
    const row = TABLE.find((entry) => one.from.startsWith(entry.place));
    if (row === undefined) return false;
    if (one.to === 'src/ports.ts') return !(row.may.includes('ports') && one.typeOnly);
    return !row.may.some((allowed) => one.to === allowed || one.to.startsWith(allowed));
  });
  assert.deepEqual(
    wrong.map((one) => `${one.from} → ${one.to}`),
    [],
  );
});

test('ports.ts is the only file at the root of src', () => {
  const files = PRODUCT.filter((file) => /^src\/[^/]+$/.test(file));
  assert.deepEqual(files, ['src/ports.ts']);
});

test('nobody imports a command, and only commands, campaigns and backtests import what puts an engine together', () => {
  const wrong = IMPORTS.filter(
    ({ from, to }) =>
      (to.startsWith('src/cli/') && !from.startsWith('src/cli/')) ||
      (to.startsWith('src/engine/') && !/^src\/(backtest|cli|engine|simulate)\//.test(from)),
  );
  assert.deepEqual(
    wrong.map((one) => `${one.from} → ${one.to}`),
    [],
  );
});

test('the auditor shares no code with what it judges', () => {
  const allowed = ['src/core/audit/', 'src/core/decimal.ts', 'src/core/model.ts', 'src/core/wire-event.ts'];
  const wrong = IMPORTS.filter(
    (one) => one.from.startsWith('src/core/audit') && !allowed.some((path) => one.to.startsWith(path)),
  );
  assert.deepEqual(
    wrong.map((one) => `${one.from} → ${one.to}`),
    [],
  );
});

test('imports never go in a circle', () => {
  const files = [...PRODUCT, ...PAGES];
  const targets = new Map(files.map((file) => [file, importsOf(file).map((one) => one.to)]));
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `a circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
    if (done.has(file)) return;
    for (const next of targets.get(file) ?? []) if (targets.has(next)) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  assert.equal(done.size, files.length);
});

test('core and machines take time and chance from outside', () => {
  const forbidden = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\b/;
  const wrong = PRODUCT.filter((file) => file.startsWith('src/core/') || file.startsWith('machines/')).flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (forbidden.test(line) && !/^\s*(\*|\/\/)/.test(line) ? [`${file}:${index + 1}`] : [])),
  );
  assert.deepEqual(wrong, []);
});

test('file names are kebab-case', () => {
  const wrong = [...PRODUCT, ...filesBelow('test')].filter(
    (file) => !/^[a-z0-9-]+(\.test|\.d)?\.ts$/.test(file.split('/').at(-1) ?? ''),
  );
  assert.deepEqual(wrong, []);
});

test('nothing imports from outside the project', () => {
  const wrong = [...PRODUCT, ...filesBelow('test')].flatMap(importsOf).filter((one) => one.to.startsWith('..'));
  assert.deepEqual(wrong, []);
});

/** Who reads a text of somebody else: the schema library's, commander's, the exchange's on the wire (the auditor). */
const READS_OTHERS: readonly string[] = ['src/grvt/parse.ts', 'src/cli/help.ts', 'src/core/audit/wire.ts'];

test('nothing reads our own sentences back: a branch asks for a code, a translation has the value', () => {
  const files = [...PRODUCT, ...PAGES].filter((file) => !READS_OTHERS.includes(file));
  const patterns = [
    // A branch, or a change, of a sentence.
    /\b(?:why|reason|message|detail|sentence)\??\.(?:startsWith|endsWith|includes|match|search|replace|replaceAll|split)\(/,
    /\.(?:test|exec)\((?:\w+\??\.)*(?:why|reason|message|detail|sentence)\)/,
    // A comparison with a sentence.
    /(?:[=!]==|\bcase) (['"`])[A-Za-z]+(?: [A-Za-z]+){2,}[^'"`]*\1/,
    // A table that turns sentences into others.
    /\[\s*\/\^?[a-z][^\n]*\/[a-z]*,\s*['"`]/,
  ];
  const found = files.flatMap((file) => {
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
    return lines.flatMap((line, index) =>
      patterns.some((pattern) => pattern.test(line)) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
    );
  });
  assert.deepEqual(found, []);
});

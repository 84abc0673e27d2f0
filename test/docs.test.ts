import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BODIES } from '../src/paper/control.ts';

/** Holds the documents to the code: what is cited exists, what is linked is there, what is promised can be called. */

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Commands that docs/running.md describes and that are not built yet. Strike each one off as it comes; empty at a release. */
const NOT_BUILT: readonly string[] = [];

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function filesBelow(folder: string, ending: RegExp): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name) && !name.includes('node_modules'))
    .map((name) => join(folder, name).split(sep).join('/'))
    .sort();
}

const SOURCES = ['bin', 'src', 'machines', 'test', 'bench'].flatMap((folder) => filesBelow(folder, /\.(ts|mjs|js)$/));
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...filesBelow('docs', /\.md$/),
  ...filesBelow('ops', /\.md$/),
];

/** Text as a reader sees it: without comments and blocks of code. */
function prose(document: string): string {
  return read(document)
    .replaceAll(/<!--.*?-->/gs, '')
    .replaceAll(/^```.*?^```/gms, '');
}

/** The numbers a document defines: chapters, bold rules, invariants. */
function numbersOf(document: string): ReadonlySet<string> {
  const text = read(document);
  const chapters = [...text.matchAll(/^## <a id="\d+"><\/a>(\d+)\. /gm)];
  const rules = [...text.matchAll(/<a id="[a-z]*\d+"><\/a>\*\*(\d+\.\d+|I\d+)\b/g)];
  return new Set([...chapters, ...rules].map(([, number = '']) => number));
}

/** Every `strategy 6.4, 7.1 and 8.2` or `API 5.4` of a text, number by number; ranges by their ends. */
function cited(text: string, name: 'strategy' | 'API'): string[] {
  // A citation may go on in the next line of a comment.
  const joined = text.replaceAll(/\n\s*(?:\*|\/\/)?\s*/g, ' ');
  const list = new RegExp(`\\b${name} (\\d+(?:\\.\\d+)?(?:(?:, | and | to |–)\\d+(?:\\.\\d+)?)*)(?![\\d.]*\\d)`, 'g');
  // `API 3, 2006`: an error code of that chapter, no chapter itself.
  const isChapter = (number: string): boolean => Number.parseInt(number, 10) < 1000;
  return [...joined.matchAll(list)].flatMap(([, numbers = '']) =>
    (numbers.match(/\d+(?:\.\d+)?/g) ?? []).filter(isChapter),
  );
}

describe('rules and facts that are cited', () => {
  for (const [name, document] of [
    ['strategy', 'docs/strategy.md'],
    ['API', 'docs/grvt.md'],
  ] as const) {
    it(`every "${name} N.M" in code, tests and documents is a number of ${document}`, () => {
      const known = numbersOf(document);
      const places = [...SOURCES.filter((file) => file !== 'test/docs.test.ts'), ...DOCUMENTS];
      const all = places.flatMap((file) => cited(read(file), name).map((number) => ({ file, number })));
      assert.ok(all.length > 20, `only ${all.length} citations found: the search is broken`);
      const missing = all.filter(({ number }) => !known.has(number));
      assert.deepEqual(
        missing.map(({ file, number }) => `${file}: ${name} ${number}`),
        [],
      );
    });
  }

  it('every rule that core gives for a decision is a number of docs/strategy.md', () => {
    const known = numbersOf('docs/strategy.md');
    const given = SOURCES.filter((file) => /^(src|machines)\//.test(file)).flatMap((file) =>
      [...read(file).matchAll(/\b(?:rules?: |reason\([^,()]*, )(\[[^\]]*\]|'[^']*')/g)].flatMap(([, rules = '']) =>
        [...rules.matchAll(/'(\d+(?:\.\d+)?)'/g)].map(([, number = '']) => ({ file, number })),
      ),
    );
    assert.ok(given.length > 20, `only ${given.length} rules found: the search is broken`);
    const missing = given.filter(({ number }) => !known.has(number));
    assert.deepEqual(missing, []);
  });

  it('the strategy has every chapter, rule and invariant once, in order', () => {
    const text = read('docs/strategy.md');
    const ids = [...text.matchAll(/<a id="([a-z]?\d+)"><\/a>(?:\*\*)?(I?\d+(?:\.\d+)?)/g)];
    for (const [, id, number = ''] of ids)
      assert.equal(id, number.replace('.', '').toLowerCase(), `anchor of ${number}`);
    const numbers = ids.map(([, , number = '']) => number);
    assert.deepEqual(numbers, [...new Set(numbers)]);
    const rules = numbers.filter((number) => !number.startsWith('I'));
    // A number that another rule refers to may come later than a higher one; none is used twice, none is out of place.
    const place = (number: string) =>
      number.split('.').reduce((sum, part, index) => sum + Number(part) / 1_000 ** index, 0);
    assert.deepEqual(
      rules,
      rules.toSorted((one, other) => place(one) - place(other)),
    );
    const chapters = rules.filter((number) => !number.includes('.'));
    assert.deepEqual(
      chapters.slice(0, 15),
      Array.from({ length: 15 }, (_, index) => String(index + 1)),
    );
    assert.deepEqual(
      numbers.filter((number) => number.startsWith('I')),
      Array.from({ length: 12 }, (_, index) => `I${index + 1}`),
    );
  });

  it('the strategy names every setting and every key of the symbols file', async () => {
    const { VARIABLE_NAMES } = await import('../src/settings/index.ts');
    const { ROW_KEYS } = await import('../src/settings/symbols-file.ts');
    const text = read('docs/strategy.md').replaceAll(/`(\w+)_1`\/`_2`/g, '`$1_1`, `$1_2`');
    const missing = [...VARIABLE_NAMES, ...ROW_KEYS].filter((name) => !text.includes(`\`${name}\``));
    assert.deepEqual(missing, []);
  });
});

describe('links', () => {
  /** Headings as GitHub makes them anchors, and explicit ones. */
  function anchorsOf(document: string): ReadonlySet<string> {
    const text = read(document);
    const explicit = [...text.matchAll(/<a id="([^"]+)"><\/a>/g)].map(([, id = '']) => id);
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .replaceAll(/<[^>]*>/g, '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
    return new Set([...explicit, ...headings]);
  }

  it('every relative link leads to a file that is there, and to an anchor in it', () => {
    const broken = DOCUMENTS.flatMap((document) =>
      [...prose(document).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
        if (/^[a-z]+:/.test(target)) return [];
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? document : join(dirname(document), path).split(sep).join('/');
        if (file.startsWith('..') || !existsSync(join(ROOT, file))) return [`${document}: ${target}`];
        const found = anchor === undefined || anchorsOf(file).has(anchor);
        return found ? [] : [`${document}: ${target} (no such anchor)`];
      }),
    );
    assert.deepEqual(broken, []);
  });

  it('every path of ours named in a document is there', () => {
    const missing = DOCUMENTS.filter((document) => document !== 'CHANGELOG.md').flatMap((document) =>
      [...prose(document).matchAll(/`((?:src|machines|test|bin|config|bench|ops|docs)\/[\w./-]*)`/g)]
        .map(([, path = '']) => path)
        .filter((path) => !existsSync(join(ROOT, path)) && path !== 'config/hedge_symbols.json')
        .map((path) => `${document}: ${path}`),
    );
    assert.deepEqual(missing, []);
  });

  it('every machine and every folder of src stands in the tree of docs/architecture.md, and nothing else', () => {
    const tree = read('docs/architecture.md').match(/## 2\. The tree\s+```\n(.*?)```/s)?.[1] ?? '';
    const machines = tree.slice(tree.indexOf('machines/'), tree.indexOf('\nsrc/'));
    assert.deepEqual(
      [...new Set(machines.match(/[\w-]+\.ts/g))].sort(),
      filesBelow('machines', /\.ts$/).map((file) => file.replace('machines/', '')),
    );
    const source = tree.slice(tree.indexOf('\nsrc/'), tree.indexOf('\nconfig/'));
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of folders)
      assert.match(source, new RegExp(`^  ${name}/`, 'm'), `src/${name} is not in the tree`);
    const core = source.slice(source.indexOf('core/'), source.indexOf('\n  grvt/'));
    const modules = readdirSync(join(ROOT, 'src/core')).map((name) => name.replace('.ts', ''));
    for (const name of modules)
      assert.match(core, new RegExp(`(^|\\s)${name}[\\s/]`), `src/core/${name} is not in the tree`);
  });

  it('every test the README names is there under that name', () => {
    const named = [...read('README.md').matchAll(/\]\((test\/[^)]+)\) "([^"]+)"/g)];
    assert.ok(named.length > 5);
    for (const [, file = '', name = ''] of named) assert.ok(read(file).includes(name), `${file}: ${name}`);
  });
});

describe('commands', () => {
  function help(...command: string[]): string {
    const entry = join(ROOT, 'bin/grvt-hedge.mjs');
    return execFileSync(process.execPath, ['--disable-sigusr1', entry, ...command, '--help'], {
      encoding: 'utf8',
      cwd: ROOT,
    });
  }

  function commandsIn(text: string): string[] {
    const list = text.split(/^Commands:$/m)[1] ?? '';
    return [...list.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
  }

  /** Commands as documents call them, `alerts test` being one of `alerts`. */
  function called(document: string): string[] {
    const calls = [...read(document).matchAll(/npm run (?:hedge -- |(?=simulate))([a-z][a-z-]*)(?: (test)\b)?/g)];
    return calls.map(([, command = '', sub]) => (sub === undefined ? command : `${command} ${sub}`));
  }

  const top = commandsIn(help());
  const built = (command: string): boolean => {
    const [first = '', second] = command.split(' ');
    return top.includes(first) && (second === undefined || commandsIn(help(first)).includes(second));
  };

  it('every command a document names exists', () => {
    const names = [...new Set(DOCUMENTS.flatMap(called))];
    assert.ok(names.includes('check'), 'the search is broken');
    assert.deepEqual(
      names.filter((name) => !built(name) && !NOT_BUILT.includes(name)),
      [],
    );
  });

  it('every command that exists stands in docs/running.md', () => {
    const described = called('docs/running.md');
    assert.deepEqual(
      top.filter((name) => !described.includes(name)),
      [],
    );
  });

  it('a command that was built is struck off the list of those that are not', () => {
    assert.deepEqual(NOT_BUILT.filter(built), []);
  });

  it('every npm script a document names exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = DOCUMENTS.flatMap((document) => [
      ...read(document).matchAll(/\bnpm (?:run ([a-z]+)|(start|test)\b)/g),
    ]);
    const missing = named.map(([, script, builtIn]) => script ?? builtIn ?? '').filter((name) => !(name in scripts));
    assert.deepEqual(missing, []);
  });
});

describe('the version', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };

  it('is the same in package.json, the lock file and for `--version`', () => {
    const lock = JSON.parse(read('package-lock.json')) as { version: string; packages: { '': { version: string } } };
    assert.deepEqual([lock.version, lock.packages[''].version], [version, version]);
    const printed = execFileSync(process.execPath, ['bin/grvt-hedge.mjs', '--version'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.equal(printed.trim(), version);
  });

  it('is the newest one of the changelog, with a date, and SECURITY.md says that it gets fixes', () => {
    const newest = /^## \[(\d+\.\d+\.\d+)\](.*)$/m.exec(read('CHANGELOG.md'));
    assert.equal(newest?.[1], version);
    assert.match(newest?.[2] ?? '', /^ – \d{4}-\d\d-\d\d$/);
    const [major, minor] = version.split('.');
    assert.match(read('SECURITY.md'), new RegExp(`^\\| ${major}\\.${minor} \\| yes \\|$`, 'm'));
  });
});

describe('docs/grvt.md', () => {
  it('lists every path of the embedded exchange that is driven by hand, with every key of its body', () => {
    const rows = read('docs/grvt.md')
      .split('\n')
      .filter((line) => line.startsWith('| `/paper/'));
    const named = new Map(rows.map((row) => [/^\| `\/paper\/(\w+)`/.exec(row)?.[1] ?? '', row]));
    assert.deepEqual([...named.keys()].sort(), Object.keys(BODIES).sort());
    for (const [path, body] of Object.entries(BODIES))
      for (const key of 'shape' in body ? Object.keys(body.shape) : [])
        assert.match(named.get(path) ?? '', new RegExp(`[\\W]${key}\\W`), `${path} takes ${key}`);
  });
});

describe('docs/reliability.md', () => {
  /** A row of a file without quotes: the options are the only field with spaces. */
  const [head = '', ...lines] = read('docs/campaigns.csv').trimEnd().split('\n');
  const campaigns = lines.map((line) =>
    Object.fromEntries(head.split(',').map((name, at) => [name, line.split(',')[at]])),
  );
  const numberOf = (text: string | undefined) => Number((text ?? '').replaceAll(',', ''));

  it('its first table is what its campaigns add up to', () => {
    const rows = [...prose('docs/reliability.md').matchAll(/^\| (\d+) % \|([^\n]*)\|$/gm)].map(
      ([, rate, cells = '']) => ({
        rate: Number(rate) / 100,
        figures: cells.split('|').slice(0, 5).map(numberOf),
      }),
    );
    assert.equal(rows.length, 4);
    for (const { rate, figures } of rows) {
      const own = campaigns.filter(({ options = '' }) => options.includes(`--faults ${rate} `));
      const sum = (name: string) => own.reduce((total, one) => total + numberOf(one[name]), 0);
      const names = ['symbol_days', 'orders', 'fills', 'faults_injected', 'pairs_at_a_loss'];
      assert.deepEqual(
        figures,
        names.map((name) => Math.round(sum(name))),
        `at ${rate * 100} %`,
      );
    }
  });
});

describe('documents stand alone', () => {
  it('none names a path of somebody’s machine', () => {
    const path = /(?<![\w.:/])\/(?:home|root|Users|mnt|work|tmp)\//;
    const found = DOCUMENTS.filter((document) => path.test(read(document)));
    assert.deepEqual(found, []);
  });

  for (const [english, chinese] of [
    ['README.md', 'docs/zh/README.md'],
    ['docs/running.md', 'docs/zh/running.md'],
    ['docs/glossary.md', 'docs/zh/glossary.md'],
    ['docs/money.md', 'docs/zh/money.md'],
    ['docs/backtest.md', 'docs/zh/backtest.md'],
  ] as const) {
    it(`${chinese} has each chapter, block of code and row of a table of ${english}`, () => {
      const shape = (document: string) => {
        const lines = read(document).split('\n');
        const chapters = lines.flatMap((line) => line.match(/^#+ (?:\d+\. )?/) ?? []);
        // The example of the log is English in both; the translation leaves it out.
        const blocks = lines.flatMap((line) => line.match(/^```\w+/) ?? []);
        return { chapters, blocks, rows: lines.filter((line) => line.startsWith('|')).length };
      };
      assert.deepEqual(shape(chinese), shape(english));
    });
  }
});

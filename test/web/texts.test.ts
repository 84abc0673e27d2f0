import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FACT_TYPES } from '../../src/log/lines.ts';

const PAGE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'web', 'page');

type Table = { readonly [name: string]: string | Table };
const { TEXTS } = (await import(pathToFileURL(join(PAGE, 'texts.js')).href)) as { TEXTS: Record<'en' | 'zh', Table> };

/** Facts that are used by figures and metrics only (src/web/history.ts). */
const SILENT = ['account.polled', 'order.sent', 'session.renewed', 'alerts.sent'];

function leaves(table: Table, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(table)) {
    const at = path === '' ? name : `${path}.${name}`;
    if (typeof value === 'string') found.set(at, value);
    else for (const [key, text] of leaves(value, at)) found.set(key, text);
  }
  return found;
}

const EN = leaves(TEXTS.en);
const ZH = leaves(TEXTS.zh);

test('both languages say the same things', () => {
  assert.deepEqual([...ZH.keys()], [...EN.keys()]);
});

test('both languages fill in the same values', () => {
  const values = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
  for (const [path, text] of EN) assert.deepEqual(values(ZH.get(path)!), values(text), path);
});

test('every fact for readers has its words', () => {
  const known = Object.keys(TEXTS.en.facts as Table).filter((type) => type !== 'decision.made');
  assert.deepEqual(known.sort(), FACT_TYPES.filter((type) => !SILENT.includes(type)).sort());
});

test('every text the page asks for is there', () => {
  for (const file of readdirSync(PAGE).filter((name) => name.endsWith('.js'))) {
    const code = readFileSync(join(PAGE, file), 'utf8');
    for (const [, path = ''] of code.matchAll(/\bt\('([\w.-]+)'/g)) assert.ok(EN.has(path), `${file}: ${path}`);
    for (const [, path = ''] of code.matchAll(/'data-text': '([\w.]+)'/g)) assert.ok(EN.has(path), `${file}: ${path}`);
  }
});

test('docs/glossary.md says what the tooltips say', () => {
  const [en, zh] = [TEXTS.en.glossary, TEXTS.zh.glossary] as [Record<string, string>, Record<string, string>];
  const rows = Object.keys(en).map(
    (word) => `| ${word === 'marginRatio' ? 'margin ratio' : word} | ${en[word]} | ${zh[word]} |`,
  );
  const glossary = readFileSync(join(PAGE, '..', '..', '..', 'docs', 'glossary.md'), 'utf8');
  assert.deepEqual(
    glossary
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(1),
    rows,
  );
});

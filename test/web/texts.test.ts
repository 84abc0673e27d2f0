import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FACT_TYPES } from '../../src/log/lines.ts';

const PAGE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'web', 'page');

type Table = { readonly [name: string]: string | Table | readonly (readonly [RegExp, string])[] };
const { TEXTS } = (await import(pathToFileURL(join(PAGE, 'texts.js')).href)) as { TEXTS: Record<'en' | 'zh', Table> };

/** Facts that are heard by figures and metrics only (src/web/history.ts). */
const SILENT = ['account.polled', 'order.sent', 'session.renewed', 'alerts.sent'];

function leaves(table: Table, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(table)) {
    const at = path === '' ? name : `${path}.${name}`;
    if (typeof value === 'string') found.set(at, value);
    else if (!Array.isArray(value)) for (const [key, text] of leaves(value as Table, at)) found.set(key, text);
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
  for (const file of ['main', 'view', 'detail', 'curves', 'chart', 'words']) {
    const code = readFileSync(join(PAGE, `${file}.js`), 'utf8');
    for (const [, path = ''] of code.matchAll(/\bt\('([\w.-]+)'/g)) assert.ok(EN.has(path), `${file}.js: ${path}`);
    for (const [, path = ''] of code.matchAll(/'data-text': '([\w.]+)'/g))
      assert.ok(EN.has(path), `${file}.js: ${path}`);
  }
});

/** Reasons as the core writes them, with figures; each must be said in Chinese. */
const REASONS = [
  'no data of A and B yet',
  'data of B are 12 s old',
  'reading twice what is there: orders rest on this symbol',
  'position of A differs from the ledger by -0.48',
  'the mark price is not above zero',
  'no mark: the book has no bids',
  'no mark: the book is crossed: bid 620.1, ask 619.9',
  'no mark: the book cannot be read',
  'an invariant broke: no new orders for this symbol until a restart',
  'the exchange does not list it: no new orders until it does',
  'the exchange does not list it: no new orders until it does; both accounts are flat',
  'waiting for a price that the rules allow',
  'flat: nothing left to close',
  'waiting for a book to size an opening by',
  'the mark is doubtful',
  'the mark is doubtful: 6, the last accepted one is 600, the book is 599.9 / 600.1',
  'the mark is not confirmed yet: 6',
  'it is worth 100000.00 USDT, more than 1250',
  'the limits leave 0.5 of its 1.66',
  'flat',
  'quoting: A buy 0.48 @ 619.9, B sell 0.48 @ 620.1',
  "waiting for B's order to go",
  '5 post-only attempts used up, 299 s left',
  'the exchange refused an order (margin), 9 s left',
  'B buy is filled in part: 0.1 of 0.48',
  'net -0.48, and the limits block both ways to repair it',
  'the limits allow no opening',
  'hedged: A 0.48, B -0.48',
  'net -0.006 (569.99 USDT)',
  'live orders of 0.96 cover the net of 0.48',
  'a repair of 0.001 is below the smallest tradable size 0.01',
  'A already has 2 of 2 orders',
  'max_total_position_usdt 1700 leaves 64.00 USDT an order, less than half of 400',
  'price 619.9 is not nearer to the market than 619.9',
  'a buy would grow the net',
  'it would move the total towards its limit',
  'Cancelled extra strategy order due to low diff account cap',
  'the engine stops',
];

for (const reason of REASONS) {
  test(`in Chinese: ${reason}`, () => {
    const rules = TEXTS.zh.reasons as readonly (readonly [RegExp, string])[];
    const rule = rules.find(([pattern]) => pattern.test(reason));
    assert.ok(rule, 'no rule matches');
    assert.match(reason.replace(rule[0], rule[1]), /[\u4e00-\u9fff]/);
    assert.doesNotMatch(reason.replace(rule[0], rule[1]), /\$\d/);
  });
}

import { readFileSync } from 'node:fs';

/**
 * Sums a report's CSV from standard input, with nothing of the product: whole numbers of 1e-40. Prints one JSON object of sums by type
 * and currency, for a test to hold the report against (strategy 17.4).
 */

const DIGITS = 40;

function scaled(text) {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (fraction.length > DIGITS) throw new Error(`more digits than are summed: ${text}`);
  const value = BigInt(whole + fraction.padEnd(DIGITS, '0'));
  return sign === '-' ? -value : value;
}

function plain(value) {
  const digits = (value < 0n ? -value : value).toString().padStart(DIGITS + 1, '0');
  const text = `${digits.slice(0, -DIGITS)}.${digits.slice(-DIGITS)}`.replace(/\.?0+$/, '');
  return value < 0n ? `-${text}` : text;
}

/** Cells of one line; a quoted one may hold commas and doubled quotes. */
function cells(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) =>
    quoted === undefined ? bare : quoted.replaceAll('""', '"'),
  );
}

const [head, ...lines] = readFileSync(0, 'utf8').trimEnd().split('\n');
const columns = cells(head);
const sums = {};
for (const line of lines) {
  const row = Object.fromEntries(cells(line).map((cell, at) => [columns[at], cell]));
  const add = (name, text) => {
    sums[name] = (sums[name] ?? 0n) + scaled(text);
  };
  if (row.volume !== '') add('volume', row.volume);
  if (row.amount !== '') add(`${row.type.replace(' by hand', '')} ${row.currency}`, row.amount);
}
console.log(JSON.stringify(Object.fromEntries(Object.entries(sums).map(([name, value]) => [name, plain(value)]))));

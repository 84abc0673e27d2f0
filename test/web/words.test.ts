import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const WORDS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'web', 'page', 'words.js');
const { base, number, price, setInstruments } = (await import(pathToFileURL(WORDS).href)) as {
  base(instrument: string): string;
  number(text: string | null): string;
  price(text: string | null, tickSize: string | null): string;
  setInstruments(instruments: readonly string[]): void;
};

const PRICES: readonly [string | null, string | null, string][] = [
  ['0.00001234', '0.00000001', '0.00001234'],
  ['0.000012345', '0.000000001', '0.000012345'],
  ['0.0000123456789', '0.000000001', '0.00001234567'],
  ['619.93333333', '0.1', '619.9333'],
  ['95000.123456', '10', '95 000.1234'],
  ['0.000012345', null, '0.000012345'],
  [null, '0.1', '–'],
];
for (const [text, tick, shown] of PRICES) {
  test(`a price of ${text} at a tick of ${tick} is shown as ${shown}`, () => assert.equal(price(text, tick), shown));
}

test('nothing of a price or size with nine digits is cut', () => assert.equal(number('0.000012345'), '0.000012345'));

test('a base that two instruments share is no name', () => {
  setInstruments(['BNB_USDT_Perp', 'BNB_USDC_Perp', 'ETH_USDT_Perp']);
  assert.deepEqual(['BNB_USDT_Perp', 'ETH_USDT_Perp'].map(base), ['BNB_USDT_Perp', 'ETH']);
  setInstruments(['BNB_USDT_Perp']);
  assert.equal(base('BNB_USDT_Perp'), 'BNB');
});

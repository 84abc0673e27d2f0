import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from '../../src/core/codec.ts';
import { rememberedInstrument, rememberInstruments } from '../../src/journal/instruments.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { d, input, instrument } from '../support/core.ts';
import { NOW_MS } from './support.ts';

const BNB = instrument({ name: 'BNB_USDT_Perp' });

describe('11.6 the rules of instruments that were listed', () => {
  it('come back by name, regardless of case, and are nobody else’s', () => {
    const journal = createMemoryJournal();
    rememberInstruments(journal, [BNB, instrument({ name: 'SOL_USDT_Perp' })], NOW_MS);
    for (const name of ['BNB_USDT_Perp', 'bnb_usdt_perp']) {
      assert.equal(encode(rememberedInstrument(journal, name)), encode(BNB));
    }
    for (const name of ['BNB_USDT_Prep', 'instrument:BNB_USDT_Perp', '']) {
      assert.equal(rememberedInstrument(journal, name), null, name);
    }
  });

  it('are written once, and again when they are others', () => {
    const journal = createMemoryJournal();
    rememberInstruments(journal, [BNB], NOW_MS);
    rememberInstruments(journal, [BNB], NOW_MS + 1);
    assert.equal([...journal.scan()].length, 1);
    rememberInstruments(journal, [{ ...BNB, minSize: d('0.5') }], NOW_MS + 2);
    assert.equal(rememberedInstrument(journal, 'BNB_USDT_Perp')?.minSize.toFixed(), '0.5');
  });

  it('of two names that differ in case only, only the exact one counts', () => {
    const journal = createMemoryJournal();
    rememberInstruments(journal, [BNB, { ...BNB, name: 'bnb_USDT_Perp' }], NOW_MS);
    assert.equal(rememberedInstrument(journal, 'bnb_USDT_Perp')?.name, 'bnb_USDT_Perp');
    assert.equal(rememberedInstrument(journal, 'BNB_USDT_PERP'), null);
  });

  it('are found in the last decision of a journal that began before they were written down', () => {
    const journal = createMemoryJournal();
    const key = 'BNB_USDT_Perp';
    journal.append([{ kind: 'symbol.state', key, atMs: NOW_MS, body: {} }]);
    assert.equal(rememberedInstrument(journal, key), null, 'traded, and its rules are not known');
    journal.append([{ kind: 'decision', key, atMs: NOW_MS, body: { input: input() } }]);
    assert.equal(encode(rememberedInstrument(journal, 'bnb_usdt_perp')), encode(instrument()));
  });
});

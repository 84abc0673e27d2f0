import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { fleetPage } from '../../src/cli/fleet-view.ts';
import { type FleetPair, worstFirst } from '../../src/engine/fleet.ts';
import { NO_BROWSER, openBrowser, stickingOut } from './browser.ts';

const NOW_MS = 1_900_000_000_000;

/** Twenty pairs, in the order of their names; what each has wrong gets worse with its number. */
const PAIRS = Array.from({ length: 20 }, (_, index): FleetPair => {
  const open = { hedgeSide: 'sell', size: '0.5', usdt: '300', sinceMs: NOW_MS - 90_000, costUsdt: null } as const;
  const text = { en: 'Margin ratio of account A is 80 %', zh: '账户 A 的保证金率为 80 %' };
  return {
    ...{ pair: `prod-${index}`, label: `grvt-hedge prod ${String(index).padStart(4, '0')}`, leaseLeftMs: 7_000 },
    ...{ holder: index === 19 ? null : `engine-host-${index}.internal:1234:ab12cd34`, heardAtMs: NOW_MS },
    page: `https://hedge-${index}.example`,
    symbols: [{ instrument: 'BNB_USDT_Perp', phase: 'imbalanced', net: '0.5', netUsdt: '300', open }],
    ...{ unhedgedUsdt: String(300 * index), unhedgedSinceMs: NOW_MS - 90_000, equityUsdt: '20000', todayUsdt: '1.25' },
    alerts:
      index === 18 ? [{ critical: true, information: false, text } as unknown as FleetPair['alerts'][number]] : [],
    failure: null,
  };
});

describe('18.3 the page of a fleet of twenty pairs', { skip: NO_BROWSER }, () => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser?.close());

  for (const [lang, trouble, alert] of [
    ['en', 'no engine trades it, and something is unhedged', '!! Margin ratio of account A is 80 %'],
    ['zh', '没有程序交易它，且有未对冲的净额', '!! 账户 A 的保证金率为 80 %'],
  ] as const) {
    it(`${lang}: worst first, with what needs somebody; nothing sticks out, on a phone either`, async () => {
      const reading = { pairs: [...PAIRS].sort(worstFirst), atMs: NOW_MS, failure: null };
      for (const width of [1_280, 390]) {
        const page = await browser.newPage({ viewport: { width, height: 800 } });
        await page.setContent(fleetPage(reading, NOW_MS + 3_000, lang));
        const cells = await page.evaluate<string[][]>(
          `[...document.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))`,
        );
        assert.equal(cells.length, 20);
        assert.deepEqual(
          cells.map(([label]) => Number(label!.slice(-4))),
          Array.from({ length: 20 }, (_, index) => 19 - index),
        );
        assert.deepEqual([cells[0]![7], cells[1]![7], cells[2]![7]], [trouble, alert, '']);
        assert.deepEqual(await stickingOut(page), []);
        await page.close();
      }
    });
  }
});

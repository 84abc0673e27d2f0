import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { startWeb, type Web } from '../../src/web/index.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { NO_BROWSER, openBrowser, openPage, stickingOut } from './browser.ts';
import { manySymbols, status, webOptions } from './fixtures.ts';

/** What everybody can reach: rules, explanations, small marks. */

const SMALL_CONTRAST = 4.5;

/** Text whose contrast with what is behind it is below 4.5 : 1, as `class: text (ratio)`; what is faded out is left out. */
function faint(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
    const light = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((one) => one / 255).map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ratio = (one, other) => {
      const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
      return (bright + 0.05) / (dark + 0.05);
    };
    const behind = (element) => {
      const layers = [];
      for (let at = element; at !== null; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
      return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255, 1]);
    };
    const opacity = (element) => {
      let all = 1;
      for (let at = element; at !== null; at = at.parentElement) all *= Number(getComputedStyle(at).opacity);
      return all;
    };
    const found = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      const element = walker.currentNode.parentElement;
      if (text === '' || element.closest('noscript, .unseen, [hidden], svg') || element.getClientRects().length === 0) continue;
      const ground = behind(element);
      const [r, g, b, a] = rgba(getComputedStyle(element).color);
      const shown = over([r, g, b, a * opacity(element)], ground);
      const value = ratio(shown, ground);
      if (value < ${SMALL_CONTRAST}) found.add(element.tagName + '.' + element.className + ': ' + text.slice(0, 30) + ' (' + value.toFixed(2) + ')');
    }
    for (const mark of document.querySelectorAll('.phase i, .count i, .chip, .link i')) {
      if (mark.getClientRects().length === 0 || mark.matches('.chip')) continue;
      const ground = behind(mark.parentElement);
      const value = ratio(over(rgba(getComputedStyle(mark).backgroundColor), ground), ground);
      if (value < 3) found.add('mark of ' + mark.parentElement.className + ' (' + value.toFixed(2) + ')');
    }
    return [...found];
  })()`);
}

describe('within everybody’s reach', { skip: NO_BROWSER }, () => {
  let browser: Browser;
  let web: Web;
  before(async () => {
    browser = await openBrowser();
    web = await startWeb(webOptions({ source: { status: () => status({ symbols: manySymbols(60) }) } }));
  });
  after(async () => {
    await browser.close();
    await web.close();
  });

  for (const theme of ['dark', 'light']) {
    for (const hash of ['', '#/ETH_USDT_Perp', '#/LINK_USDT_Perp']) {
      test(`small text has a contrast of 4.5 : 1 at least (${theme}, ${hash || 'all symbols'})`, async () => {
        const { page } = await openPage(browser, `${web.url}/${hash}`);
        if (theme === 'light') await page.locator('#top button').last().click();
        assert.deepEqual(await faint(page), []);
        await page.context().close();
      });
    }
  }

  test('a rule’s number leads to the rule', async () => {
    const { page } = await openPage(browser, `${web.url}/#/LINK_USDT_Perp`);
    const link = page.locator('.now a.rule').first();
    const number = (await link.innerText()).slice(1);
    const [opened] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
    await opened.waitForLoadState();
    assert.equal(new URL(opened.url()).hash, `#${number.replace('.', '')}`);
    assert.equal(await opened.locator(':target').count(), 1);
    assert.match(
      await opened.locator('li:has(:target), h2:has(:target)').first().innerText(),
      new RegExp(`^${number}`),
    );
    assert.deepEqual(await stickingOut(opened), []);
    await page.context().close();
  });

  test('an explanation is reached by touch, and goes with the next', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    await page.goto(`${web.url}/#/ETH_USDT_Perp`);
    const net = page.locator('.now .netline [title]').first();
    await net.tap();
    const words = await page.locator('.tip').innerText();
    assert.equal(words, await net.getAttribute('title'));
    assert.ok(words.length > 20);
    assert.deepEqual(await stickingOut(page), []);
    await page.locator('h1').tap();
    assert.equal(await page.locator('.tip').count(), 0);
    await context.close();
  });
});

test('the documents are served, their links stay among them, and nothing else is', async () => {
  const web = await startWeb(webOptions());
  try {
    const page = await (await fetch(`${web.url}/docs/strategy`)).text();
    for (const anchor of ['163', '167', 'i12']) assert.ok(page.includes(`id="${anchor}"`), anchor);
    assert.match(page, /href="\/docs\/grvt#/);
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href);
    for (const href of links) assert.match(href, /^(#|\/docs\/[a-z]+(#|$)|\/page\/|\/$|https:\/\/)/, href);
    for (const name of ['nothing', '..%2fpackage', 'strategy.md', '__proto__', 'zh']) {
      assert.equal((await fetch(`${web.url}/docs/${name}`)).status, 404, name);
    }
  } finally {
    await web.close();
  }
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { answerOf } from '../../src/backtest/answer.ts';
import { answerHtml } from '../../src/backtest/html.ts';
import { type Asked, planOf, questionOf } from '../../src/backtest/plan.ts';
import { type Played, play } from '../../src/backtest/play.ts';
import type { Language } from '../../src/texts/language.ts';
import { assertChinese } from '../support/chinese.ts';
import { NO_BROWSER, openBrowser } from '../web/browser.ts';
import { asked, candleMarket, quietMarket, temporaryDirectory } from './markets.ts';

let browser: Browser;
before(async () => {
  if (NO_BROWSER === false) browser = await openBrowser();
});
after(async () => {
  if (NO_BROWSER === false) await browser.close();
});

async function pageOf(question: Asked, language: Language = 'en'): Promise<string> {
  const plan = planOf(question);
  const runs: Played[][] = [];
  for (const point of plan.points) {
    const ofPoint = [];
    for (const fill of plan.fills) ofPoint.push(await play(questionOf(plan, point, fill)));
    runs.push(ofPoint);
  }
  return answerHtml(answerOf(plan, runs, language), language);
}

/** Opens the file as a person does, without a network. */
async function opened(directory: string, html: string) {
  const file = join(directory, 'backtest.html');
  writeFileSync(file, html);
  const page = await browser.newPage();
  const wrong: string[] = [];
  const fetched: string[] = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(message.text());
  });
  page.on('request', (request) => fetched.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return { page, wrong, fetched };
}

test('the page shows results, gains per setting, charts and what cannot be known, and fetches nothing', {
  skip: NO_BROWSER,
}, async (t) => {
  const market = temporaryDirectory(t);
  quietMarket(market, { minutes: 4 });
  const html = await pageOf(asked(market, { sets: ['order_notional_usdt=200,400'] }));
  const { page, wrong, fetched } = await opened(temporaryDirectory(t), html);
  assert.deepEqual(wrong, []);
  assert.equal(fetched.length, 1, fetched.join(', '));
  assert.equal(await page.locator('#results tbody tr').count(), 4, 'two settings, two rules of fills');
  assert.equal(await page.locator('.bars tr').count(), 8, 'each before and after the split');
  const titles = await page.locator('.chart h3').allTextContents();
  assert.deepEqual(titles, [
    'BNB_USDT_Perp, mark',
    'Equity of both accounts, gained, USDT',
    'Spread and unwinds, booked, USDT',
    'Net that does not cancel, largest, USDT',
    'Unhedged, minutes of each interval',
    'Volume, USDT',
    'What hedging the open lots at the touch would lose, USDT',
  ]);
  assert.equal(await page.locator('.chart canvas').count(), titles.length);
  assert.match((await page.locator('#chosen').textContent()) ?? '', /Of 2 combinations/);
  assert.match((await page.locator('#unknown').textContent()) ?? '', /Other people do not see these orders/);
  await page.selectOption('select', '0');
  assert.equal(await page.locator('.chart canvas').count(), titles.length);
  await page.close();
});

test('where the spread is assumed the page shows no gains', { skip: NO_BROWSER }, async (t) => {
  const market = temporaryDirectory(t);
  candleMarket(
    market,
    Array.from({ length: 3 }, () => ['620', '620.6', '619.4', '620', '400'] as const),
  );
  const html = await pageOf(asked(market, { spread: '2', depthUsdt: '5000', fill: 'conservative' }));
  const { page, wrong } = await opened(temporaryDirectory(t), html);
  assert.deepEqual(wrong, []);
  assert.match((await page.locator('#invented').textContent()) ?? '', /depends on the invented spread/);
  const heads = await page.locator('#results th').allTextContents();
  for (const money of ['total', 'spread', 'cost at touch']) assert.ok(!heads.includes(money), money);
  assert.doesNotMatch((await page.locator('#charts').textContent()) ?? '', /Equity|Spread|lose/);
  await page.close();
});

test('the page is in Chinese where the settings are', { skip: NO_BROWSER }, async (t) => {
  const market = temporaryDirectory(t);
  quietMarket(market, { minutes: 4 });
  const html = await pageOf(asked(market, { sets: ['order_notional_usdt=200,400'] }), 'zh');
  const { page, wrong } = await opened(temporaryDirectory(t), html);
  assert.deepEqual(wrong, []);
  const texts = async (of: string) => (await page.locator(of).allTextContents()).join('\n');
  assertChinese(await texts('h1, h2, h3, p, #unknown li'));
  assert.match(
    await texts('#results th'),
    /^设置\n成交规则\n成交额\n价差\n平仓\n未对冲批次\n差额\n手续费\n资金费\n合计\n/,
  );
  await page.close();
});

test('text of a file cannot end the script element that contains it', (t) => {
  const market = temporaryDirectory(t);
  quietMarket(market, { minutes: 3 });
  const plan = planOf(asked(market));
  const evil = { ...plan.points[0]!, rows: [{ note: '</script><script>alert(1)</script>' }] };
  const html = answerHtml({ ...answerOf({ ...plan, points: [evil] }, [[]]), notes: ['<!--<script>'] });
  const data = /id="answer">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
  assert.doesNotMatch(data, /</);
  assert.deepEqual(JSON.parse(data).notes, ['<!--<script>']);
});

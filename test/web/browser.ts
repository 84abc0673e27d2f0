import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { PATIENCE_MS } from '../support/patience.ts';

/** Where Debian puts it. */
const CHROMIUM = '/usr/bin/chromium';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why there are no browser tests; false: there are. A build server must have a browser. */
export const NO_BROWSER: string | false =
  existsSync(CHROMIUM) || process.env.CI === 'true' ? false : `no Chromium at ${CHROMIUM} (apt-get install chromium)`;

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: PATIENCE_MS });
}

/** A page that remembers what it fetched and what went wrong. */
export interface Watched {
  readonly page: Page;
  readonly fetched: string[];
  readonly wrong: string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: { width?: number; height?: number; clock?: boolean } = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 900 },
    colorScheme: 'dark',
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  // From now on the page's time can be set forward.
  if (options.clock) await page.clock.install();
  const fetched: string[] = [];
  const wrong: string[] = [];
  page.on('request', (request) => fetched.push(request.url()));
  page.on('requestfailed', (request) => {
    // Leaving a page ends its stream.
    if (!request.url().endsWith('/events')) wrong.push(`failed: ${request.url()}`);
  });
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(`console: ${message.text()}`);
  });
  await page.goto(url);
  await page.waitForSelector('#page > *');
  return { page, fetched, wrong };
}

/** What sticks out of the screen on the right, outside of what scrolls by itself. */
export function stickingOut(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const scrolls = (one) => {
      for (let at = one; at !== null; at = at.parentElement) {
        const root = at === document.documentElement || at === document.body;
        if (!root && getComputedStyle(at).overflowX !== 'visible') return true;
      }
      return false;
    };
    const width = document.documentElement.clientWidth;
    const found = [...document.body.querySelectorAll('*')].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1 && !scrolls(one) && one.closest('svg') === null;
    });
    const whole = document.documentElement.scrollWidth;
    const wide = whole > width ? ['the page: ' + whole] : [];
    return [...wide, ...found.map((one) => one.tagName + '.' + one.className + ': ' + one.textContent.slice(0, 40))];
  })()`);
}

/** An attribute of every element that a selector finds, in order. */
export function attributes(page: Page, selector: string, name: string): Promise<string[]> {
  const [found, attribute] = [JSON.stringify(selector), JSON.stringify(name)];
  return page.evaluate<string[]>(
    `[...document.querySelectorAll(${found})].map((one) => one.getAttribute(${attribute}) ?? '')`,
  );
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BACKTEST_WORDS, backtestText } from '../texts/backtest.ts';
import type { Language } from '../texts/language.ts';
import type { Answer } from './answer.ts';

/** A backtest's result as one HTML file without network access: styles, charts and figures are included. */

const PAGE = fileURLToPath(new URL('./page/', import.meta.url));
/** Makes elements, as on the engine's page. */
const DOM = fileURLToPath(new URL('../web/page/dom.js', import.meta.url));
const UPLOT = join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist');

export function answerHtml(answer: Answer, language: Language = 'en'): string {
  const style = [join(UPLOT, 'uPlot.min.css'), join(PAGE, 'style.css')].map(read).join('\n');
  const dom = read(DOM).replaceAll(/^export /gm, '');
  const scripts = [read(join(UPLOT, 'uPlot.iife.min.js')), dom, read(join(PAGE, 'page.js'))];
  const words = Object.fromEntries(
    Object.entries(BACKTEST_WORDS).map(([name, [en, zh]]) => [name, { en, zh }[language]]),
  );
  const title = answer.market.map(({ symbol }) => symbol).join(', ');
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${backtestText(language, 'title')} ${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main id="page"></main>
<script type="application/json" id="answer">${inScript(JSON.stringify(answer))}</script>
<script type="application/json" id="words">${inScript(JSON.stringify(words))}</script>
${scripts.map((script) => `<script>${script}</script>`).join('\n')}
</body>
</html>
`;
}

function read(path: string): string {
  return readFileSync(path, 'utf8');
}

/** Escapes what would end the script or begin a comment. */
function inScript(json: string): string {
  return json.replaceAll('<', '\\u003c');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

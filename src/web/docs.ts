import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Marked } from 'marked';

/** The documents as pages of this server, for the page's links: rule 16.3 is `/docs/strategy#163`. */

const DOCS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs');

/** The served documents, by name. */
const NAMES = [
  'strategy',
  'running',
  'money',
  'glossary',
  'grvt',
  'reliability',
  'architecture',
  'statecharts',
] as const;

/** Links between these documents are kept; other parts of the project are only named. */
function addressOf(href: string): string | null {
  const [, name, anchor = ''] = /^([a-z-]+)?(?:\.md)?(#[\w-]+)?$/.exec(href) ?? [];
  if (name === undefined) return anchor === '' ? null : anchor;
  return NAMES.some((one) => one === name) ? `/docs/${name}${anchor}` : null;
}

/** Loaded with the first request. */
async function renderer(): Promise<Marked> {
  const { Marked } = await import('marked');
  return new Marked({
    renderer: {
      link({ href, tokens }) {
        const words = this.parser.parseInline(tokens);
        const address = /^https:\/\//.test(href) ? href : addressOf(href);
        return address === null ? words : `<a href="${address.replaceAll('"', '&quot;')}">${words}</a>`;
      },
      image: ({ text }) => text,
    },
  });
}

/** Cache; bounded by the names. */
const made = new Map<string, Promise<string>>();

/** A document as a whole page; null: no such document. */
export function docPage(name: string): Promise<string> | null {
  if (!NAMES.some((one) => one === name)) return null;
  const page = made.get(name) ?? render(name);
  made.set(name, page);
  return page;
}

async function render(name: string): Promise<string> {
  const marked = await renderer();
  const body = await marked.parse(await readFile(join(DOCS, `${name}.md`), 'utf8'));
  return `<!doctype html>
<html lang="en" data-theme="dark">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>${name} · grvt-hedge</title>
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/base.css">
<link rel="stylesheet" href="/page/docs.css">
</head>
<body class="doc">
<p><a class="plain" href="/">← grvt-hedge</a></p>
${body}
</body>
</html>
`;
}

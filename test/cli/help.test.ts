import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { helpLanguage } from '../../src/cli/help.ts';
import { main } from '../../src/cli/main.ts';
import { HELP_ZH } from '../../src/texts/help.ts';

/** What a command's help says, in this process: one of its own takes seconds. */
async function help(args: readonly string[], lang: string): Promise<string> {
  const before = process.env.GRVT_HEDGE_LANG;
  let text = '';
  const write = mock.method(process.stdout, 'write', (chunk: string) => {
    text += chunk;
    return true;
  });
  process.env.GRVT_HEDGE_LANG = lang;
  try {
    assert.equal(await main([...args, '--help']), 0);
  } finally {
    write.mock.restore();
    if (before === undefined) delete process.env.GRVT_HEDGE_LANG;
    else process.env.GRVT_HEDGE_LANG = before;
  }
  return text;
}

/** Names of the commands that a help lists. */
function commandsOf(text: string): string[] {
  const [, list = ''] = text.split(/^(?:Commands:|命令：)$/m);
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
}

test('the help of every command is there in Chinese, with the same options and defaults', async () => {
  const pending: string[][] = [[]];
  let seen = 0;
  for (let args = pending.pop(); args !== undefined; args = pending.pop()) {
    const [en, zh] = [await help(args, 'en'), await help(args, 'zh')];
    seen += 1;
    const flags = (text: string) => [...text.matchAll(/^ {2}(-[^ ]+(?:, --[\w-]+)?)/gm)].map(([, flag]) => flag);
    assert.deepEqual(flags(zh), flags(en), args.join(' '));
    for (const line of zh.split('\n')) {
      const [, words = ''] = /^ {2}\S.*? {2,}(.+)$/.exec(line) ?? [];
      if (words !== '') assert.match(words, /[\u4e00-\u9fff]/, `${args.join(' ')}: ${line}`);
    }
    const count = (text: string, what: RegExp) => [...text.matchAll(what)].length;
    assert.equal(count(zh, /默认：/g) >= count(en, /\(default: /g), true, args.join(' '));
    for (const name of commandsOf(en)) if (!args.includes(name)) pending.push([...args, name]);
  }
  assert.ok(seen > 25, String(seen));
});

test('the language is the environment’s, else that of .env or of the file that is named instead', () => {
  const root = mkdtempSync(join(tmpdir(), 'grvt-help-'));
  try {
    const [zh, none] = [join(root, 'zh.env'), join(root, 'none.env')];
    writeFileSync(zh, 'GRVT_HEDGE_LANG=ZH\n');
    const of = (args: string[], env: NodeJS.ProcessEnv, file: string) => helpLanguage(args, env, file);
    assert.equal(of([], {}, zh), 'zh');
    assert.equal(of([], { GRVT_HEDGE_LANG: 'en' }, zh), 'en');
    assert.equal(of([], {}, none), 'en');
    assert.equal(of(['--env-file', zh, 'status'], {}, none), 'zh');
    assert.equal(of([`--env-file=${zh}`], {}, none), 'zh');
    assert.equal(of([], { GRVT_HEDGE_LANG: 'de' }, zh), 'en');
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('no text of the help is empty', () => {
  for (const [en, zh] of Object.entries(HELP_ZH)) assert.ok(en !== '' && zh !== '');
});

test('a wrong command line is answered in one line that names it, then where the usage is, in both languages', async () => {
  for (const [lang, wrong, hint] of [
    ['en', 'error: missing required argument', '(add --help for the usage)'],
    ['zh', '错误：缺少参数', '（加 --help 查看用法）'],
  ] as const) {
    const before = process.env.GRVT_HEDGE_LANG;
    let text = '';
    const write = mock.method(process.stderr, 'write', (chunk: string) => {
      text += chunk;
      return true;
    });
    process.env.GRVT_HEDGE_LANG = lang;
    try {
      assert.equal(await main(['why']), 78);
    } finally {
      write.mock.restore();
      if (before === undefined) delete process.env.GRVT_HEDGE_LANG;
      else process.env.GRVT_HEDGE_LANG = before;
    }
    assert.deepEqual(text.trim().split('\n'), [`${wrong} 'client order id or symbol'`, hint]);
  }
});

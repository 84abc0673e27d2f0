import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import { AFTER_ERROR } from '../../src/cli/help.ts';
import { main } from '../../src/cli/main.ts';
import { HELP_ZH } from '../../src/texts/help.ts';
import { assertChinese } from '../support/chinese.ts';

/** A wrong option is named with its value and what was expected, in the language of the settings; exit code 78. */

const folder = mkdtempSync(join(tmpdir(), 'grvt-options-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const market = ['--market', folder];
const csv = join(folder, 'x.csv');
writeFileSync(csv, 'a\n');
writeFileSync(join(folder, 'sweep.json'), '{"set":1}');
const importing = ['market', 'import', csv, '--kind', 'trades', ...market];
const columns = ['--columns', 'time=a'];

async function refused(args: readonly string[], lang: string): Promise<string> {
  const before = process.env.GRVT_HEDGE_LANG;
  let text = '';
  const write = mock.method(process.stderr, 'write', (chunk: string) => {
    text += chunk;
    return true;
  });
  const error = mock.method(console, 'error', (line: string) => {
    text += `${line}\n`;
  });
  process.env.GRVT_HEDGE_LANG = lang;
  try {
    assert.equal(await main(args), 78, `${args.join(' ')}: ${text}`);
  } finally {
    write.mock.restore();
    error.mock.restore();
    if (before === undefined) delete process.env.GRVT_HEDGE_LANG;
    else process.env.GRVT_HEDGE_LANG = before;
  }
  const hints = [AFTER_ERROR, HELP_ZH[AFTER_ERROR] ?? ''];
  return hints.reduce((said, hint) => said.replace(hint, ''), text).trim();
}

const CASES: readonly (readonly [args: readonly string[], en: RegExp, zh: RegExp])[] = [
  [['nonsense'], /unknown command 'nonsense'$/, /^错误：没有命令 'nonsense'$/],
  [['simulate', '--nonsense'], /unknown option '--nonsense'$/, /^错误：没有选项 '--nonsense'$/],
  [['simulate', '--day', '1'], /Did you mean --days\?/, /没有选项 '--day'\n（是否想写 --days？）/],
  [['simulate', 'stray'], /too many arguments/, /^错误：参数过多：应为 0 个，给出 1 个$/],
  [['simulate', '--seed'], /argument missing/, /^错误：选项 '--seed <seed>' 缺少值$/],
  [['why'], /missing required argument/, /^错误：缺少参数 'client order id or symbol'$/],
  [['report', '--csv', '--json'], /cannot be used with/, /^错误：选项 '--csv' 不能与 '--json' 同用$/],
  [['market', 'import', csv], /required option .* not specified/, /^错误：必须给出选项 '--/],
  [
    ['backtest', '--fill', 'all'],
    /Allowed choices are/,
    /^错误：选项 '--fill <rule>' 的值 'all' 不合法：应为其中之一：/,
  ],
  [['report', '--days', '0'], /'0' is invalid\. expected 1 to 36500 days$/, /'0' 不合法：应为1 至 36500 天$/],
  [['why', 'X', '--last', '1y'], /expected a duration above 0/, /'1y' 不合法：应为大于 0 的时长，如 90s/],
  [['paper', '--port', '70000'], /expected a port from 0 to 65535$/, /应为0 至 65535 的端口$/],
  [['paper', '--seed', 'x'], /expected a whole number$/, /应为整数$/],
  [['pause', 'X', '--why', 'x'.repeat(201)], /expected at most 200 characters$/, /应为最多 200 个字符$/],
  [['set', 'X', 'mode'], /"mode": expected key=value$/, /^错误："mode"：应为键=值$/],
  [['set', 'X', 'a=1', 'a=2'], /a: expected each key once$/, /^错误：a：应为每个键只出现一次$/],

  [
    ['market', 'fetch', 'X', '--from', '2026-02-30'],
    /expected 2026-11-01 or/,
    /应为2026-11-01 或 2026-11-01T08:00（UTC）$/,
  ],
  [['market', 'make', '--hours', '0'], /expected hours, at most 8784$/, /应为小时数，最多 8784$/],
  [['market', 'make', 'XX', ...market], /^symbol: XX: expected one of /, /^symbol：XX：应为其中之一：/],
  [['market', 'verify', 'XX', ...market], /^symbol: XX: expected one of none/, /^symbol：XX：应为其中之一：目前为空$/],
  [
    [...importing, '--symbol', 'XX', ...columns],
    /^--symbol: XX: expected a built-in one/,
    /^--symbol：XX：应为内置合约/,
  ],
  [
    [...importing, '--symbol', 'BNB_USDT_Perp', ...columns],
    /^--columns: time: expected at least time, price, size$/,
    /^--columns：time：应为至少有 time、price、size$/,
  ],
  [
    [...importing, '--symbol', 'BNB_USDT_Perp', '--columns', 'a'],
    /a: expected OURS=THEIRS/,
    /a：应为我们的列=文件的列/,
  ],
  [
    [...importing, '--symbol', 'XX', ...columns, '--tick', '0', '--step', '1'],
    /^--tick: 0: expected a number above 0$/,
    /^--tick：0：应为大于 0 的数$/,
  ],
  [[...importing, '--skip', 'x'], /expected a number of lines/, /应为行数，0 至 9999$/],
  [[...importing, '--delimiter', 'x'], /expected , ; tab or \|$/, /应为 , ; tab 或 \|$/],
  [['record', 'X', '--url', 'x'], /^--url: x: expected an address such as/, /^--url：x：应为地址，例如 http/],

  [['simulate', '--days', 'x'], /^--days: x: expected a number from/, /^--days：x：应为0.01 至 3650 的数$/],
  [['simulate', 'worker', '--workers', '0'], /^--workers: 0: expected a whole/, /^--workers：0：应为1 至 1024 的整数$/],
  [['simulate', 'worker', '--days', '2'], /^--days: expected only --queue,/, /^--days：应为worker 只有 --queue、/],
  [
    ['simulate', '--queue', 'postgres://me:hush@host/name'],
    /^--queue: postgres:\/\/me@host\/name: expected no password,/,
    /^--queue：postgres:\/\/me@host\/name：应为不带密码的地址：/,
  ],
  [['simulate', '--queue', 'hush'], /^--queue: expected postgres:/, /^--queue：应为 postgres:/],
  [['simulate', '--log', join(folder, 'no', 'x')], /not usable: ENOENT/, /：不可用：ENOENT/],

  [['backtest', ...market], /^--market: .*: expected stored markets/, /^--market：.*：应为已存的行情/],
  [['backtest', '--latency', '5'], /^--latency: 5: expected ORDERS,DATA/, /^--latency：5：应为订单,数据（毫秒）/],
  [['backtest', '--from', 'x'], /^--from: x: expected 2026-01-05 or/, /^--from：x：应为2026-01-05 或/],
  [['backtest', '--equity', 'x'], /^--equity: x: expected a number$/, /^--equity：x：应为数字$/],
  [['backtest', '--self-check', '0'], /^--self-check: 0: expected a whole/, /^--self-check：0：应为1 至 24 的整数$/],
  [['backtest', '--queue', '--workers', '1'], /^--queue: expected it without/, /^--queue：应为不与 --workers/],
  [['backtest', '--sweep', csv], /^--sweep: .*: not usable: /, /^--sweep：.*：不可用：/],
  [
    ['backtest', '--sweep', join(folder, 'sweep.json')],
    /^--sweep: .*: expected "set": .* found "set: /,
    /^--sweep：.*：应为"set": .*；发现 "set: /,
  ],
];

for (const [args, en, zh] of CASES) {
  test(args.join(' ').replace(folder, '').slice(0, 70), async () => {
    assert.match(await refused(args, 'en'), en);
    const chinese = await refused(args, 'zh');
    assert.match(chinese, zh);
    // In quotation marks: what was typed. The system's and the libraries' words stay.
    if (!/不可用：/.test(chinese)) assertChinese(chinese.replaceAll(/'[^']*'/g, ''));
    assert.doesNotMatch(chinese, /hush/);
  });
}

test('what is stored, made and verified is said in Chinese', async () => {
  const stored = join(folder, 'stored');
  mkdirSync(stored);
  const said: string[] = [];
  const log = mock.method(console, 'log', (line: string) => said.push(line));
  const error = mock.method(console, 'error', (line: string) => said.push(line));
  const before = process.env.GRVT_HEDGE_LANG;
  process.env.GRVT_HEDGE_LANG = 'zh';
  try {
    const csv = join(folder, 'trades.csv');
    writeFileSync(csv, 'time,price,size\n1767614400000,600.001,1\n1767624400000,601,1\n');
    const given = ['--kind', 'trades', '--columns', 'time=time,price=price,size=size', '--market', stored];
    assert.equal(await main(['market', 'ls', '--market', stored]), 0);
    assert.equal(await main(['market', 'import', csv, '--symbol', 'BNB_USDT_Perp', ...given]), 0, said.join('\n'));
    for (const verb of ['ls', 'verify']) assert.equal(await main(['market', verb, '--market', stored]), 0);
  } finally {
    log.mock.restore();
    error.mock.restore();
    if (before === undefined) delete process.env.GRVT_HEDGE_LANG;
    else process.env.GRVT_HEDGE_LANG = before;
  }
  const text = said.join('\n');
  for (const words of [
    /此处没有保存行情/,
    /^BNB_USDT_Perp 的 2 条成交（2026-01-05T12:00.* 至 .*）已写入 /m,
    /^分隔符为 ,，时间单位为 ms。$/m,
    /^价格按 tick 0\.1 取整：1 个；数量按步长 .*：0 个。$/m,
    /^缺口：1 处，共 166\.7 分钟。$/m,
    /^没有列给出 taker 方向/m,
    /^标的 +自 +至 +天数 +大小 MB +缺少的日期$/m,
    /^ {2}日期 +成交 +盘口 .* 规则变更$/m,
    /^全部完好。$/m,
  ])
    assert.match(text, words);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { check } from '../../src/cli/check.ts';
import { paperEnvironment, startPaper } from '../../src/paper/index.ts';
import { loadSettings } from '../../src/settings/index.ts';
import { symbolRow } from '../support/engine-stage.ts';
import { ownAccounts } from '../support/own-accounts.ts';

/** `check` in the language of the settings, on an exchange where every part of it has something to say. */

const [BNB, BTC, ETH] = ['BNB_USDT_Perp', 'BTC_USDT_Perp', 'ETH_USDT_Perp'];
const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');

async function checked(context: TestContext, lang: 'en' | 'zh'): Promise<string[]> {
  const paper = await startPaper({ seed: 3, accounts: ownAccounts() });
  const directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-check-'));
  context.after(async () => {
    await paper.close();
    rmSync(directory, { recursive: true });
  });
  const { control } = paper.exchange;
  control.terms({ account: 'A', instrument: BNB, leverage: '10', margin_type: 'ISOLATED' });
  control.terms({ instrument: BNB, max_position_size: '0.01' });
  const brackets = [{ notional_floor: '0', notional_cap: '1000000', max_leverage: 5 }];
  control.terms({ instrument: BTC, risk_brackets: brackets });
  control.position({ account: 'A', instrument: BTC, size: '0.01' });
  control.position({ account: 'B', instrument: ETH, size: '0.5' });
  const file = join(directory, 'symbols.json');
  const rows = [
    symbolRow(BNB, { imbalance_limit_usdt: 400 }),
    symbolRow(BTC, { order_notional_usdt: 20, max_total_position_usdt: 2_000 }),
  ];
  writeFileSync(file, JSON.stringify(rows));
  const reading = loadSettings({
    env: {
      ...Object.fromEntries(paperEnvironment(paper).map((line) => line.split(/=(.*)/s).slice(0, 2))),
      CHAT_ID: '-1009876543210',
      API_KEY: 'telegram-secret-of-the-gateway',
      TELEGRAM_GATEWAY_URL: 'http://127.0.0.1:9/none',
      GRVT_HEDGE_SYMBOLS_FILE: file,
      GRVT_HEDGE_DATA_DIR: join(directory, 'data'),
      GRVT_HEDGE_LOG_DIR: join(directory, 'logs'),
      GRVT_HEDGE_LANG: lang,
    },
    root: ROOT,
  });
  assert.ok(reading.ok, JSON.stringify(reading));
  const lines: string[] = [];
  assert.equal(
    await check(reading.settings, [], { nowMs: () => Date.now() }, (line) => lines.push(line)),
    0,
    lines.join('\n'),
  );
  return lines;
}

/** Names that no language translates: of instruments, settings, hosts and the exchange. */
const NAMES =
  /https?:\/\/\S+|\w+_USDT_Perp|[A-Z]{2,}(?:_[A-Z]+)*|(?:order_notional|imbalance_limit)_usdt|localhost|testnet|staging|prod/g;
const english = (line: string) => line.replace(NAMES, '').match(/[A-Za-z]{4,}/g) ?? [];

it('check says nothing in English where the settings ask for Chinese', async (context) => {
  const lines = await checked(context, 'zh');
  for (const line of lines) assert.deepEqual(english(line), [], line);
  for (const what of [
    /登录主机：http/,
    /账户 A：BNB_USDT_Perp 杠杆 10（1 至 50），ISOLATED：账户的保证金率不反映它/,
    /账户 B：费率等级 1/,
    /自成交防护/,
    /警告：BTC_USDT_Perp：账户 A 的杠杆为 20/,
    /警告：BNB_USDT_Perp：该标的的最大仓位/,
    /警告：BNB_USDT_Perp order_notional_usdt: 500 高于 imbalance_limit_usdt 400/,
    /警告：BTC_USDT_Perp order_notional_usdt: 20 按 /,
    /账户 A：保证金率 /,
    /均衡：/,
  ]) {
    assert.ok(
      lines.some((line) => what.test(line)),
      `${what}\n${lines.join('\n')}`,
    );
  }
});

it('and the same lines in English otherwise', async (context) => {
  const lines = await checked(context, 'en');
  assert.equal(lines.filter((line) => /[\u4e00-\u9fff]/.test(line)).length, 0);
  for (const what of [
    `Account A: ${BNB} leverage 10 (1 to 50), ISOLATED: the account's margin ratio says nothing about it`,
    'Self-trade prevention: both accounts are under one funding account, so it applies between them',
    `  Warning: ${BNB} order_notional_usdt: 500 is above imbalance_limit_usdt 400: one fill alone passes the limit`,
  ]) {
    assert.ok(lines.includes(what), `${what}\n${lines.join('\n')}`);
  }
});

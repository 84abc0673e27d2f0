import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { marginWarnings, readTerms, termAlerts, termLines } from '../../src/engine/terms.ts';
import { createGrvtExchange } from '../../src/grvt/exchange.ts';
import { startPaper } from '../../src/paper/index.ts';
import { config, d } from '../support/core.ts';

const BNB = 'BNB_USDT_Perp';
const ETH = 'ETH_USDT_Perp';

async function stage(context: TestContext) {
  const paper = await startPaper({ seed: 3 });
  const [A, B] = paper.accounts;
  assert.ok(A && B);
  const said: string[] = [];
  const exchange = createGrvtExchange({
    hosts: { edge: paper.url, trades: paper.url, marketData: paper.url },
    chainId: paper.chainId,
    accounts: { A, B },
    bookDepth: 10,
    rateScale: 10,
    clock: { nowMs: () => Date.now() },
    log: (level, message) => said.push(`${level} ${message}`),
  });
  context.after(async () => {
    exchange.close();
    await paper.close();
  });
  return { control: paper.exchange.control, exchange, said };
}

describe('11.7 what the accounts trade under', () => {
  it('leverage, margin type, fee tier and funding accounts are reported', async (context) => {
    const { control, exchange } = await stage(context);
    control.terms({ account: 'A', instrument: BNB, leverage: '10', margin_type: 'ISOLATED' });
    control.terms({ account: 'B', tier: 4, futures_maker_fee: -30 });
    const terms = await readTerms(exchange);
    assert.deepEqual(termLines(terms, [BNB, 'OLD_USDT_Perp']), [
      `Account A: ${BNB} leverage 10 (1 to 50), ISOLATED: the account's margin ratio says nothing about it`,
      'Account A: OLD_USDT_Perp leverage and margin type unknown (not in the answer)',
      "Account A: fee tier 1, maker fee -100, taker fee 450 (the exchange's integers)",
      `Account B: ${BNB} leverage 20 (1 to 50), CROSS`,
      'Account B: OLD_USDT_Perp leverage and margin type unknown (not in the answer)',
      "Account B: fee tier 4, maker fee -30, taker fee 450 (the exchange's integers)",
      'Self-trade prevention: both accounts are under one funding account, so it applies between them',
    ]);
  });

  it('an isolated margin of a traded instrument is an alert, and its end ends it', async (context) => {
    const { control, exchange } = await stage(context);
    control.terms({ account: 'A', instrument: BNB, margin_type: 'ISOLATED' });
    control.terms({ account: 'B', instrument: ETH, margin_type: 'ISOLATED' });
    const { raised, cleared } = termAlerts(await readTerms(exchange), [BNB], 7);
    assert.deepEqual(raised, [
      {
        kind: 'isolated-margin',
        key: `isolated-margin:A:${BNB}`,
        account: 'A',
        instrument: BNB,
        atMs: 7,
        sinceMs: null,
        details: { leverage: '20' },
      },
    ]);
    assert.deepEqual(cleared, [`isolated-margin:B:${BNB}`]);
    control.terms({ account: 'A', instrument: BNB, margin_type: 'CROSS' });
    const after = termAlerts(await readTerms(exchange), [BNB], 8);
    assert.deepEqual([after.raised, after.cleared.length], [[], 2]);
  });

  it('two funding accounts are reported', async (context) => {
    const { control, exchange } = await stage(context);
    control.terms({ account: 'B', main_account_id: '0xother' });
    assert.match(termLines(await readTerms(exchange), []).at(-1) ?? '', /two funding accounts, so it does not apply/);
  });

  const MARGIN_CASES: readonly {
    readonly what: string;
    readonly rules: Omit<Parameters<Awaited<ReturnType<typeof stage>>['control']['terms']>[0], 'account'>;
    readonly symbol?: Parameters<typeof config>[0];
    readonly expected: readonly RegExp[];
  }[] = [
    { what: 'within both', rules: {}, expected: [] },
    {
      what: 'leverage above that of the bracket of half the maximum',
      rules: {
        risk_brackets: [
          { notional_floor: '0', notional_cap: '3000', max_leverage: 50 },
          { notional_floor: '3000', notional_cap: '9000', max_leverage: 15 },
          { notional_floor: '9000', max_leverage: 5 },
        ],
      },
      expected: [/account A has leverage 20, .*\(3000 USDT an account\) the exchange allows 15/, /account B has/],
    },
    {
      what: 'the last bracket has no end',
      rules: { risk_brackets: [{ notional_floor: '10', max_leverage: 19 }] },
      expected: [/account A .* allows 19:/, /account B/],
    },
    {
      what: 'a bracket below the maximum',
      rules: { risk_brackets: [{ notional_floor: '0', notional_cap: '3000', max_leverage: 1 }] },
      expected: [],
    },
    { what: 'no brackets, no largest position', rules: { risk_brackets: [], max_position_size: '0' }, expected: [] },
    {
      what: 'more than the largest position',
      rules: { max_position_size: '4.5' },
      expected: [/the symbol's maximum position \(3000 USDT an account\) is 5 at 600, and the exchange allows 4\.5/],
    },
    { what: 'the largest position', rules: { max_position_size: '5' }, expected: [] },
    {
      what: 'nothing grows in decrease',
      rules: { max_position_size: '1' },
      symbol: { positionMode: 'decrease' },
      expected: [],
    },
  ];
  for (const { what, rules, symbol, expected } of MARGIN_CASES) {
    it(`margin rules: ${what}`, async (context) => {
      const { control, exchange } = await stage(context);
      control.terms({ instrument: BNB, ...rules });
      const at600 = { marginRules: exchange.marginRules, indexPrice: async () => d(600) };
      const configs = [config({ instrument: BNB, maxTotalPositionUsdt: d(6000), ...symbol })];
      const warnings = await marginWarnings(at600, await readTerms(exchange), configs);
      assert.equal(warnings.length, expected.length, warnings.join('\n'));
      for (const [index, one] of expected.entries()) assert.match(warnings[index] ?? '', one);
    });
  }

  it('margin rules that an older server does not have are unknown', async (context) => {
    const { control, exchange, said } = await stage(context);
    control.faults({ rules: [{ kind: 'html', route: 'margin_rules', rate: 1 }], add: false });
    const warnings = await marginWarnings(exchange, await readTerms(exchange), [config({ instrument: BNB })]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^BNB_USDT_Perp: margin rules unknown \(/);
    assert.deepEqual(said, []);
  });

  for (const kind of ['html', 'server-error', 'empty', 'null', 'garbage', 'reset-before'] as const) {
    it(`where the calls fail (${kind}) it is unknown: no alert starts or ends, and no error is logged`, async (context) => {
      const { control, exchange, said } = await stage(context);
      control.terms({ account: 'A', instrument: BNB, margin_type: 'ISOLATED' });
      const rules = ['get_all_initial_leverage', 'funding_account_summary'].map((route) => ({ kind, route, rate: 1 }));
      control.faults({ rules, add: false });
      const terms = await readTerms(exchange);
      const lines = termLines(terms, [BNB]);
      assert.equal(lines.filter((line) => line.includes('unknown')).length, 5, lines.join('\n'));
      assert.deepEqual(termAlerts(terms, [BNB], 1), { raised: [], cleared: [] });
      assert.deepEqual(said, []);
      assert.ok((await exchange.positions('A')).length >= 0, 'the account goes on');
    });
  }
});

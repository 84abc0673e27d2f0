import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cliApart, scriptApart, simulateApart } from './support.ts';

describe('a campaign', () => {
  it('with every fault at 5 % breaks no invariant, and every fault that was asked for happens', async () => {
    const { code, out, complaint } = await simulateApart(
      '--days',
      '0.1',
      '--symbols',
      '2',
      '--faults',
      '0.05',
      '--json',
    );
    const report = JSON.parse(out);
    assert.deepEqual(report.broken, {}, complaint);
    assert.deepEqual(report.crashes, []);
    assert.deepEqual(report.missingFaults, []);
    const { requests, orderCalls } = report.carried;
    assert.ok(requests.share > 0.05 && requests.share < 0.2, `${requests.share} of the requests are faulty`);
    assert.ok(orderCalls.share > 0.3 && orderCalls.share < 0.6, `${orderCalls.share} of the order calls are faulty`);
    assert.ok(report.fills > 10 && report.checks.I2 > 0 && report.checks.I11 > 0);
    assert.equal(code, 0);
  });

  it('without faults gains and never loses', async () => {
    const { code, out } = await simulateApart('--days', '0.1', '--seed', '2', '--json');
    const report = JSON.parse(out);
    assert.deepEqual(report.broken, {});
    assert.ok(Number(report.spreadGainedUsdt) >= 0);
    // Each order as it comes to the exchange and as it is written, and the books after the calm.
    assert.ok(report.checks.truth > 2 * report.orders, `checked against the exchange’s books: ${report.checks.truth}`);
    // Balances an hour apart, explained to the cent by fills, fees and funding (strategy 17.3).
    assert.ok(report.checks.money >= 2, `intervals between balances: ${report.checks.money}`);
    assert.deepEqual(report.faults, {});
    assert.equal(code, 0);
  });

  it('explains every interval to the cent and the ledger’s gains, with transfers, deposits and a liquidation', async () => {
    const asked = ['--fault', 'moved-money=0.9', '--fault', 'liquidation=0.9'];
    const { out } = await simulateApart('--days', '0.06', '--seed', '2', ...asked, '--json');
    const report = JSON.parse(out);
    assert.deepEqual(report.broken, {});
    assert.ok(report.faults['moved-money'] > 0 && report.faults.liquidation > 0, JSON.stringify(report.faults));
    assert.ok(report.checks.money > 20, `rows, intervals and ledgers: ${report.checks.money}`);
  });

  it('ends where it is told to and is the same until then', async () => {
    const log = async (...more: string[]) =>
      (
        await simulateApart('--days', '0.03', '--seed', '4', '--faults', '0.05', '--verbose', '--no-streams', ...more)
      ).out
        .split('\n')
        .filter((line) => line.startsWith('{"'));
    const [whole, cut] = await Promise.all([log(), log('--until', '20m')]);
    assert.ok(cut.length > 50 && cut.length < whole.length);
    assert.deepEqual(cut, whole.slice(0, cut.length));
  });

  it('fails when a fault that was asked for never happened', async () => {
    const asked = ['--days', '0.01', '--fault', 'fill-during-cancel=0.000001'];
    const { code, out } = await simulateApart(...asked);
    assert.match(out, /asked for and never happened: fill-during-cancel/);
    assert.equal(code, 1);
  });

  it('ends with 70 and shows seed, time and what happened around a breach', async () => {
    const planted = { PLANTED_MISTAKE: 'taker-order' };
    const asked = ['--days', '0.02', '--seed', '5'];
    const { code, out } = await scriptApart(planted, ['--import', './mistakes/plant.ts'], asked).ended;
    assert.equal(code, 70);
    assert.match(out, /I1 broken \(strategy 1\): not a maker order: not post-only/);
    assert.match(out, /seed 5, 2026-01-05T00:00:0/);
    assert.match(out, /\| .*"route":"create_order"/);
    assert.match(out, /\nFAILED: I1 broken .*\n$/);
    const [, again = ''] = /^ {2}npm run simulate -- (.*)$/m.exec(out) ?? [];
    assert.match(again, /^--days 0.02 --seed 5 --until \d+s --verbose$/);
    const repeated = await scriptApart(planted, ['--import', './mistakes/plant.ts'], again.split(' ')).ended;
    assert.match(repeated.out, /I1 broken \(strategy 1\): not a maker order: not post-only/);
  });

  it('a process that dies is one seed’s failure: the others go on', async () => {
    const asked = ['--days', '0.01', '--seeds', '1..3', '--workers', '1', '--json'];
    const { code, out, complaint } = await scriptApart({}, ['--import', './test/simulate/worker-dies.ts'], asked).ended;
    const report = JSON.parse(out);
    assert.deepEqual(report.seeds, [1, 3]);
    const again = 'npm run simulate -- --days 0.01 --seed 2 --verbose';
    assert.deepEqual(report.crashes, [
      { seed: 2, at: '2026-01-05T00:00:00.000Z', error: 'its process ended with code 3', again },
    ]);
    assert.match(complaint, /seed 2 failed at 2026-01-05T00:00:00\.000Z/);
    assert.equal(report.interrupted, null);
    assert.equal(code, 70);
  });

  it('Ctrl-C ends a campaign of one seed with what there is, and with 1', async () => {
    const { child, ended } = scriptApart({}, [], ['--days', '900', '--verbose']);
    child.stdout?.once('data', () => child.kill('SIGINT'));
    const { code, out } = await ended;
    assert.match(out, /interrupted: cut short 1, without figures none/);
    assert.match(out, /invariants checked/);
    assert.equal(code, 1);
  });

  it('Ctrl-C ends a campaign of many seeds with those that ended; a breach among them is still a breach', async () => {
    const planted = { PLANTED_MISTAKE: 'taker-order' };
    const asked = ['--days', '0.02', '--seeds', '1..5000', '--workers', '1', '--json'];
    const { child, ended } = scriptApart(planted, ['--import', './mistakes/plant.ts'], asked);
    child.stderr?.once('data', () => child.kill('SIGINT'));
    const { code, out } = await ended;
    const report = JSON.parse(out);
    assert.ok(report.seeds.length > 0 && report.seeds.length < 5000);
    assert.equal(report.findings[0].seed, 1);
    assert.equal(report.interrupted.without.length, 5000 - report.seeds.length);
    assert.equal(code, 70);
  });

  const wrong: readonly [readonly string[], RegExp][] = [
    [['--days', 'some'], /--days: some: expected a number/],
    [
      ['--log', '/nonexistent/x'],
      /^--log: \/nonexistent\/x: not usable: ENOENT: no such file or directory, open '\/nonexistent\/x'\n$/,
    ],
    [['--nonsense'], /unknown option '--nonsense'/],
    [['--seed'], /option '--seed <seed>' argument missing/],
    [['stray'], /too many arguments/],
  ];
  for (const [given, words] of wrong) {
    it(`${given.join(' ')}: reported in words, and 78 (strategy 13.2)`, async () => {
      for (const run of [simulateApart, cliApart]) {
        const { code, out, complaint } = await run(...given);
        assert.match(complaint, words);
        assert.doesNotMatch(complaint, /^ {4}at /m);
        assert.equal(out, '');
        assert.equal(code, 78);
      }
    });
  }
});

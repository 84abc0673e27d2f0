import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { fleetCommand, fleetMetrics } from '../../src/cli/fleet.ts';
import { fleetLines, fleetPage } from '../../src/cli/fleet-view.ts';
import { type FleetPair, worstFirst } from '../../src/engine/fleet.ts';
import { rememberPair } from '../../src/journal/pair.ts';
import { loadSettings, type Settings } from '../../src/settings/index.ts';
import { reasonTexts } from '../../src/texts/reasons.ts';
import { openPair } from '../journal/postgres/support.ts';
import { CLOCK, note, temporaryDirectory } from '../journal/support.ts';
import { needsPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { startWire } from '../support/wire.ts';

const NOW_MS = 1_900_000_000_000;

function pair(label: string, changes: Partial<FleetPair> = {}): FleetPair {
  return {
    pair: `dev-${label}`,
    label,
    holder: 'machine:1:ab',
    leaseLeftMs: 7_000,
    lastEntryAtMs: NOW_MS,
    page: 'http://127.0.0.1:8787',
    symbols: [],
    unhedgedUsdt: '0',
    unhedgedSinceMs: null,
    equityUsdt: '100',
    todayUsdt: '1.5',
    alerts: [],
    failure: null,
    ...changes,
  };
}

const alert = (critical: boolean, en: string) =>
  ({ critical, information: false, text: { en, zh: en } }) as FleetPair['alerts'][number];

describe('18.3 the fleet', () => {
  const worst = [
    pair('unreadable', { failure: 'journal x: damaged' }),
    pair('alone', { holder: null, unhedgedUsdt: '10' }),
    pair('critical', { alerts: [alert(true, 'MMR')] }),
    pair('open', { unhedgedUsdt: '900', unhedgedSinceMs: NOW_MS - 60_000 }),
    pair('less open', { unhedgedUsdt: '20' }),
    pair('a'),
    pair('b'),
  ];

  it('is shown worst first, whatever the order it is read in', () => {
    for (const order of [worst, [...worst].reverse(), [...worst].sort((a, b) => (a.label < b.label ? -1 : 1))])
      assert.deepEqual([...order].sort(worstFirst), worst);
  });

  it('the table has totals, and below it the pairs that need attention', () => {
    const lines = fleetLines(worst, NOW_MS, 'en');
    assert.match(
      lines[0] ?? '',
      /^7 pairs, 6 traded; unhedged 930\.00 USDT, equity 700\.00 USDT, today 10\.50 USDT, 1 critical/,
    );
    assert.ok(lines.includes('alone: no engine trades it, and something is unhedged'));
    assert.ok(lines.includes('critical: !! MMR'));
    assert.ok(lines.includes('unreadable: journal x: damaged'));
  });

  it('nothing that a journal says can become markup or a script of the page', () => {
    const evil = '<script>alert(1)</script>"\'&';
    const one = pair(evil, { holder: evil, page: 'javascript:alert(1)', alerts: [alert(true, evil)], failure: evil });
    const page = fleetPage({ pairs: [one], atMs: NOW_MS, failure: evil }, NOW_MS, 'en');
    assert.doesNotMatch(page, /<script|javascript:/);
    assert.match(page, /&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&#39;&amp;/);
    const good = fleetPage({ pairs: [pair('a')], atMs: NOW_MS, failure: null }, NOW_MS + 9_000, 'en');
    assert.match(good, /<a href="http:\/\/127\.0\.0\.1:8787">page<\/a>/);
    assert.match(good, /read 9 s ago/);
  });

  it('speaks Chinese as well, and leads to the other language', () => {
    const lines = fleetLines(worst, NOW_MS, 'zh');
    assert.match(lines[0] ?? '', /^7 对账户，6 对有引擎交易；未对冲 930\.00 USDT/);
    assert.ok(lines.includes('alone: 没有引擎交易它，且有未对冲的净额'));
    const zh = fleetPage({ pairs: worst, atMs: NOW_MS, failure: null }, NOW_MS, 'zh');
    assert.match(zh, /<html lang="zh">/);
    assert.match(zh, /<th>需要处理<\/th>/);
    assert.match(zh, /<a href="\/\?lang=en" lang="en">English<\/a>/);
    assert.doesNotMatch(zh, /\b(unhedged|needs somebody|NONE|ago|critical alerts)\b/);
    const en = fleetPage({ pairs: worst, atMs: NOW_MS, failure: null }, NOW_MS, 'en');
    assert.match(en, /<a href="\/\?lang=zh" lang="zh">中文<\/a>/);
    const cells = (page: string) => [/<th>|<th /g, /<td/g].map((tag) => [...page.matchAll(tag)].length);
    assert.deepEqual(cells(en), [10, 70]);
    assert.deepEqual(cells(zh), cells(en));
  });

  it('every metric of it is on the dashboard or in a rule, and those name no other', async () => {
    const names = (text: string) => new Set(text.match(/grvt_fleet_[a-z_]+/g));
    const ops = ['grafana-dashboard.json', 'prometheus-alerts.yml'].map((file) =>
      readFileSync(join(import.meta.dirname, '../../ops', file), 'utf8'),
    );
    assert.deepEqual([...names(ops.join())].sort(), [...names(await fleetMetrics(worst, true))].sort());
  });

  it('metrics name each pair, and say when the database does not answer', async () => {
    const text = await fleetMetrics([pair('a', { unhedgedUsdt: '12.5', holder: null })], false);
    assert.match(text, /^grvt_fleet_read 0$/m);
    assert.match(text, /^grvt_fleet_traded\{pair="dev-a",name="a"\} 0$/m);
    assert.match(text, /^grvt_fleet_unhedged_usdt\{pair="dev-a",name="a"\} 12\.5$/m);
  });
});

describe('18.3 the fleet of a database', needsPostgres(), () => {
  let server: TestPostgres;
  let address: string;
  before(async () => {
    server = await startPostgres();
    address = await server.fresh();
  });
  after(() => server?.stop());

  function settings(url: string): Settings {
    const env = { GRVT_HEDGE_DATA_DIR: temporaryDirectory(), ...(url === '' ? {} : { GRVT_HEDGE_JOURNAL_URL: url }) };
    const reading = loadSettings({
      root: join(import.meta.dirname, '../..'),
      envFile: '/dev/null',
      env,
      purpose: 'look',
    });
    return reading.ok ? reading.settings : assert.fail(reasonTexts(reading.errors));
  }

  const shown = async (url: string) => {
    const [printed, complained]: [string[], string[]] = [[], []];
    const print = (line: string) => void printed.push(line);
    const complain = (line: string) => void complained.push(line);
    const code = await fleetCommand({ settings: settings(url), clock: CLOCK, print, complain }, {});
    return { code, text: [...printed, ...complained].join('\n') };
  };

  it('lists each pair with who trades it and where its page is, read from another machine', async () => {
    assert.match((await shown(address)).text, /No engine has written to this database yet/);
    const one = await openPair(address, { pairName: 'dev-1-2', pageUrl: 'http://127.0.0.1:8801' });
    rememberPair(one, { label: 'grvt-hedge dev 1-2', accounts: { A: '1', B: '2' } }, CLOCK.nowMs());
    await one.durable(one.append([note('any', 1)]));
    const two = await openPair(address, { pairName: 'dev-3-4' });
    two.close();
    await two.ended;
    const { code, text } = await shown(address);
    assert.equal(code, 0);
    assert.match(text, /^2 pairs, 1 traded/);
    assert.match(text, /grvt-hedge dev 1-2 .*:\d+:[0-9a-f]+ .*http:\/\/127\.0\.0\.1:8801/);
    assert.match(text, /dev-3-4 +NONE/);
    one.close();
    await one.ended;
  });

  it('reads all pairs over one connection; one that ends meanwhile is 69, not a list of unreadable pairs', async (t) => {
    const proxy = await startWire(server.port);
    t.after(() => proxy.close());
    const url = server.url(new URL(address).pathname.slice(1), proxy.port);
    const connected = t.mock.method(pg.Client.prototype, 'connect');
    const { code, text } = await shown(url);
    assert.deepEqual([code, connected.mock.callCount()], [0, 1], text);
    assert.match(text, /^2 pairs/);
    proxy.cutAt('dev-3-4', 'before');
    const cut = await shown(url);
    assert.equal(cut.code, 69, cut.text);
    assert.match(cut.text, /reading it failed/);
  });

  it('69 where the database does not answer, 78 where there is none', async () => {
    const away = await shown(server.url('postgres', 9));
    assert.equal(away.code, 69, away.text);
    assert.doesNotMatch(away.text, /p@ss|p%40ss/);
    assert.equal((await shown('')).code, 78);
  });
});

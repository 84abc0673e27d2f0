import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  alertsCommand,
  alertsTestCommand,
  type JournalCommandParts,
  lotsCommand,
  ordersCommand,
  replayCommand,
  whyCommand,
  whySymbolCommand,
} from '../../src/cli/explain.ts';
import { backupCommand, restoreCommand, verifyCommand } from '../../src/cli/journal.ts';
import { judgeRaise, storedAlertState } from '../../src/core/alert-episodes.ts';
import type { Alert } from '../../src/core/alerts.ts';
import type { Fact } from '../../src/core/facts.ts';
import type { JournalEntry, PreparedOrder, StoredEntry } from '../../src/core/journal-entry.ts';
import type { SymbolState } from '../../src/core/symbol-state.ts';
import { type RecordedDecision, replay } from '../../src/explain/replay.ts';
import { explainOrder } from '../../src/explain/why.ts';
import { journalFileName, PAPER_JOURNAL } from '../../src/journal/files.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { openJournal } from '../../src/journal/sqlite.ts';
import { loadSettings, type Settings } from '../../src/settings/index.ts';
import { reasonText, reasonTexts } from '../../src/texts/reasons.ts';
import { BNB, SYMBOLS } from '../crash/scenario.ts';
import { runScenario } from '../crash/virtual.ts';
import { assertChinese } from '../support/chinese.ts';

/** The commands that explain a run from its journal: here the journal of the crash scenario, where much happens. */

const { journal } = await runScenario();
const entries = [...journal.scan()];
const NOW_MS = entries.at(-1)!.atMs + 1_000;

const folder = mkdtempSync(join(tmpdir(), 'grvt-hedge-explain-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function settings(env: Readonly<Record<string, string>> = {}): Settings {
  const reading = loadSettings({
    env: { GRVT_ENV: 'paper', GRVT_HEDGE_DATA_DIR: folder, ...env },
    root: folder,
    readFile: (path) => {
      if (path.endsWith('hedge_symbols.example.json')) return Buffer.from(JSON.stringify(SYMBOLS));
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
    purpose: 'look',
  });
  assert.ok(reading.ok, reading.ok ? '' : reasonTexts(reading.errors));
  return reading.settings;
}

function parts(of: Settings = settings()) {
  const printed: string[] = [];
  const complained: string[] = [];
  const look: JournalCommandParts = {
    settings: of,
    clock: { nowMs: () => NOW_MS },
    print: (line) => printed.push(line),
    complain: (line) => complained.push(line),
  };
  return { look, printed, complained, text: () => printed.join('\n') };
}

/** The scenario's journal as a file, which an engine still holds open. */
function writeFile(fileName: string, of: readonly JournalEntry[] = entries) {
  const written = openJournal({ directory: folder, fileName, days: 30, clock: { nowMs: () => NOW_MS } });
  written.append(of);
  return written;
}
const open = writeFile(PAPER_JOURNAL);
after(() => open.close());

function preparedWhere(condition: (prepared: PreparedOrder) => boolean): PreparedOrder {
  const found = entries.find((entry) => entry.kind === 'order.prepared' && condition(entry.body as PreparedOrder));
  assert.ok(found);
  return found.body as PreparedOrder;
}

test('replay: every decision and every ledger of the scenario comes out as recorded', () => {
  const { decisions, ledgers, fills, difference } = replay(journal);
  assert.equal(difference, null);
  assert.equal(decisions, entries.filter((entry) => entry.kind === 'decision').length);
  assert.ok(decisions >= 8 && ledgers >= 30 && fills >= 8, `${decisions} ${ledgers} ${fills}`);
});

test('a copied journal says which pair it is of, whatever the settings are', () => {
  const { look, text } = parts(settings({ GRVT_HEDGE_NAME: 'another-pair' }));
  assert.equal(replayCommand(look, {}), 0);
  assert.equal(whyCommand(look, preparedWhere(() => true).clientOrderId, {}), 0);
  assert.match(text(), /^Replayed .* \(grvt-hedge paper \(accounts \d+, \d+\), /);
  assert.match(text(), /\nPair: grvt-hedge paper \(accounts \d+, \d+\)\n/);
  assert.doesNotMatch(text(), /another-pair/);
});

/** The scenario's entries with one changed. */
function changed(which: (entry: StoredEntry) => boolean, change: (body: never) => unknown) {
  const other = createMemoryJournal();
  let done = false;
  for (const { kind, key, atMs, body, ...rest } of entries) {
    const hit: boolean = !done && which({ kind, key, atMs, body, ...rest });
    done ||= hit;
    other.append([{ kind, key, atMs, body: hit ? change(body as never) : body } as JournalEntry]);
  }
  assert.ok(done, 'nothing was changed');
  return replay(other).difference;
}

const bodyOf = <T>(entry: StoredEntry) => entry.body as T;
const booked = (entry: StoredEntry) => entry.kind === 'fact' && (entry.body as Fact).type === 'fill.booked';

test('replay names the first decision that differs, and where', () => {
  const which = (entry: StoredEntry) =>
    entry.kind === 'decision' && bodyOf<RecordedDecision>(entry).plan.creates.length === 2;
  const difference = changed(which, (body: RecordedDecision) => {
    const [first, ...rest] = body.plan.creates;
    assert.ok(first);
    return { ...body, plan: { ...body.plan, creates: [{ ...first, size: first.size.mul(2) }, ...rest] } };
  });
  assert.equal(`${difference?.what} ${difference?.where}`, 'decision creates.0.size');
  assert.equal(Number(difference?.recorded), 2 * Number(difference?.now));
  assert.ok(Number(difference?.now) > 0);
});

test('replay names a decision whose holdings differ from those it was valued by', () => {
  const which = (entry: StoredEntry) =>
    entry.kind === 'decision' && bodyOf<RecordedDecision>(entry).declared !== undefined;
  const difference = changed(which, (body: RecordedDecision) => {
    const { declared } = body;
    assert.ok(declared);
    const A = { ...declared.accounts.A, held: declared.accounts.A.held.plus(1) };
    return { ...body, declared: { ...declared, accounts: { ...declared.accounts, A } } };
  });
  assert.equal(`${difference?.what} ${difference?.where}`, 'valuation actual.A');
});

test('replay names a ledger that does not follow from the fills booked', () => {
  const lost = changed(booked, (body: Extract<Fact, { type: 'fill.booked' }>) => ({
    ...body,
    fillSize: body.fillSize.div(2),
  }));
  assert.equal(lost?.what, 'ledger');
  const shifted = changed(
    (entry) => entry.kind === 'symbol.state' && bodyOf<SymbolState>(entry).lots.length > 0,
    (body: SymbolState) => ({ ...body, lots: body.lots.map((lot) => ({ ...lot, price: lot.price.plus(1) })) }),
  );
  assert.equal(`${shifted?.what} ${shifted?.where}`, 'ledger lots.0.price');
});

test('replay names lots that do not come to their net (4.5)', () => {
  const difference = changed(
    (entry) => entry.kind === 'symbol.state' && bodyOf<SymbolState>(entry).lots.length > 0,
    (body: SymbolState) => ({ ...body, lots: [] }),
  );
  assert.equal(`${difference?.what} ${difference?.where}`, 'ledger net');
});

test('why explains an opening: snapshots, state, rules, price, answers, fills, lots and who hedged them', () => {
  const { clientOrderId } = preparedWhere(({ intent }) => intent.instrument === BNB && intent.account === 'A');
  const { known, lines } = explainOrder(journal, clientOrderId);
  const text = lines.join('\n');
  assert.ok(known);
  for (const words of [
    `Order ${clientOrderId}: BNB_USDT_Perp, account A, buy 0.48 @ 620, opening`,
    'What was known at 2026-01-05 00:00:0',
    'A: flat; read ',
    'valued at 620.05: net 0 (0.00 USDT), hedged',
    'equal: flat (strategy 5)',
    'with it: B sell 0.48, opening',
    'side   A buy: strategy 6.1',
    'size   0.48: strategy 6.5',
    'guard  none: openings have none (strategy 7.2)',
    'price  620: the book read for this attempt had bid 620, ask 620.1; strategy 7.1',
    'rules  6.1, 6.5',
    'rests in the book',
    'filled, 0.48 traded in all',
    'partly filled, 0.2 of 0.48 @ 620: waiting for the rest, at most ',
    '0.48 @ 620, net then 0.48',
    'leaves a lot of 0.48 @ 620; all of it is hedged',
    'hedged later',
  ]) {
    assert.ok(text.includes(words), `${words}\n—\n${text}`);
  }
});

test('why explains a repair: its guard, that the guard gave the price, and the lots it hedged', () => {
  const { clientOrderId } = preparedWhere(({ intent, price }) => intent.purpose === 'repair' && price.eq('620.1'));
  const text = explainOrder(journal, clientOrderId).lines.join('\n');
  for (const words of [
    ', repair',
    'imbalanced: net -0.48',
    'open lot #',
    'side   A buy: strategy 6.3',
    'guard  620.1: strategy 7.2',
    'never above it',
    'the guard is more passive and counts (strategy 7.1, 7.2)',
    'past the net only if nearer to the market than 620 (strategy 6.4)',
    'hedges 0.48 of lot #',
  ]) {
    assert.ok(text.includes(words), `${words}\n—\n${text}`);
  }
});

test('why explains a post-only refusal, and a cancel with its reason', () => {
  const refused = entries.find(
    (entry) =>
      entry.kind === 'order.outcome' &&
      reasonText((entry as StoredEntry<'order.outcome'>).body.detail) === 'FAIL_POST_ONLY',
  );
  assert.match(explainOrder(journal, refused!.key).lines.join('\n'), /rejected by the matching engine: FAIL_POST_ONLY/);
  const trimmed = entries
    .filter((entry) => entry.kind === 'decision')
    .flatMap((entry) => bodyOf<RecordedDecision>(entry).plan.trims)[0];
  assert.ok(trimmed);
  assert.match(explainOrder(journal, trimmed.order.clientOrderId).lines.join('\n'), /Cancels\n.*cancel decided: /);
});

test('why says something of every order there was', () => {
  for (const entry of entries.filter(({ kind }) => kind === 'order.prepared')) {
    const { known, lines } = explainOrder(journal, entry.key);
    assert.ok(known);
    assert.ok(!lines.join('\n').match(/undefined|NaN|\[object|\$d/), lines.join('\n'));
    // The names of pair and rule book stay.
    const chinese = explainOrder(journal, entry.key, 'zh').lines.filter((one) => !/^账户对：|^$/.test(one));
    for (const one of chinese) assertChinese(one.replace(/[（(]docs.*/, ''));
  }
});

test('why of an adopted order says what is known', () => {
  const fact = entries.find(booked)?.body as Extract<Fact, { type: 'fill.booked' }>;
  const clientOrderId = '16140901064495857700';
  const adopted = createMemoryJournal();
  const { instrument, account, side, size, price, purpose } = fact;
  const words = { instrument, account, side, size, price, purpose, clientOrderId, guardPrice: null };
  const body: Fact = { type: 'order.adopted', atMs: NOW_MS, tradedSize: size.mul(0), ...words };
  adopted.append([
    { kind: 'fact', key: clientOrderId, atMs: NOW_MS, body },
    { kind: 'fact', key: clientOrderId, atMs: NOW_MS, body: { ...fact, clientOrderId } },
  ]);
  const text = explainOrder(adopted, clientOrderId).lines.join('\n');
  assert.match(text, /is not in this journal: the engine found it at the exchange and took it over \(strategy 11\.4\)/);
  assert.match(text, /2\.01 @ 150, net then 2\.01/);
});

test('why of an unknown id says whose it would be', () => {
  const { look, text } = parts();
  assert.equal(whyCommand(look, '16140901064495857700', {}), 1);
  assert.match(text(), /does not know 16140901064495857700\.\nBy its id it is a strategy order: account A, buy/);
  const foreign = parts();
  assert.equal(whyCommand(foreign.look, '77', {}), 1);
  assert.match(foreign.text(), /placed by somebody else/);
});

test('why of a symbol: its states and why it submitted nothing, each with its time, as text and as JSON', () => {
  const { look, text } = parts();
  const name = 'bnb';
  assert.equal(whySymbolCommand(look, name, 10 * 86_400_000, {}), 0);
  const lines = text().split('\n');
  assert.match(lines[0]!, /^BNB_USDT_Perp since 20\d\d-/);
  assert.ok(
    lines.some((one) => / {2}imbalanced {4}net .* \(strategy 5\), for /.test(one)),
    text(),
  );
  assert.ok(
    lines.some((one) => / {2}equal +nothing to submit: /.test(one)),
    text(),
  );
  assert.match(lines.at(-1)!, /until now$/);
  const json = parts();
  assert.equal(whySymbolCommand(json.look, name, 10 * 86_400_000, { json: true }), 0);
  const stretches = JSON.parse(json.text()) as { atMs: number; untilMs: number; isIdle: boolean }[];
  assert.equal(stretches.length, lines.length - 1);
  for (const [at, one] of stretches.entries()) assert.ok(at === 0 || stretches[at - 1]!.untilMs === one.atMs);
  assert.ok(stretches.some(({ isIdle }) => isIdle));
  const none = parts();
  assert.equal(whySymbolCommand(none.look, 'SOL', 1, {}), 1);
  const chinese = parts(settings({ GRVT_HEDGE_LANG: 'zh' }));
  assert.equal(whySymbolCommand(chinese.look, name, 10 * 86_400_000, {}), 0);
  assertChinese(chinese.text());
  assert.equal(whySymbolCommand(chinese.look, 'XYZ', 1, {}), 1);
  assert.equal(whyCommand(chinese.look, '77', {}), 1);
  assert.equal(whyCommand(chinese.look, '16140901064495857700', {}), 1);
  assertChinese([...chinese.complained, ...chinese.printed].join('\n'));
});

test('lots and orders read the file while it is written; as text and as JSON with decimals as text', () => {
  const lots = parts();
  assert.equal(lotsCommand(lots.look, {}), 0);
  assert.match(lots.text(), /BNB_USDT_Perp: net 0\.1, .*to be hedged by a sell of 0\.1 at 620 or better/);
  assert.match(lots.text(), /#\d+ +A +buy +0\.1 +620 +\d+ s +order \d+/);
  const json = parts();
  assert.equal(lotsCommand(json.look, { json: true }), 0);
  const [bnb] = JSON.parse(json.text());
  assert.equal(`${bnb.instrument} ${bnb.net} ${bnb.lots[0].size} ${bnb.hedge.guardPrice}`, 'BNB_USDT_Perp 0.1 0.1 620');
  const orders = parts();
  assert.equal(ordersCommand(orders.look, {}), 0);
  assert.match(orders.text(), /BNB_USDT_Perp +B +sell +0\.48 .*resting/);
  const ordersJson = parts();
  ordersCommand(ordersJson.look, { json: true });
  assert.match(JSON.parse(ordersJson.text())[0].size, /^\d+(\.\d+)?$/);
});

test('alerts: open, and those that ended within a day', () => {
  const alert = (key: string): Alert => ({
    kind: 'drift',
    key,
    account: 'A',
    instrument: BNB,
    atMs: NOW_MS - 60_000,
    sinceMs: null,
    details: { difference: '0.9', price: '620.1' },
  });
  const raised = (key: string) => judgeRaise(null, alert(key), false, NOW_MS - 60_000, { repeat: 900_000 }).state;
  // Over after all that happened in the scene, so that it is the newest end whatever the scene comes to.
  const over = { ...raised('drift:2'), overAtMs: NOW_MS - 500, closedAtMs: NOW_MS - 100, closing: 'resolved' as const };
  open.append([
    { kind: 'alert.state', key: 'drift:1', atMs: NOW_MS, body: storedAlertState(raised('drift:1')) },
    { kind: 'alert.state', key: 'drift:2', atMs: NOW_MS, body: storedAlertState(over) },
  ]);
  const { look, text } = parts();
  assert.equal(alertsCommand(look, {}), 0);
  assert.match(
    text(),
    /Open \(2\):\n.*BNB.*0\.9.*sent 1 ×\n.*non-strategy order detected.*\nEnded within a day \(2\):\n.*BNB.*lasted 60 s.*\n.*MARKET_CANCEL.*lasted 8 s/,
  );
});

test('alerts test sends one message, and says what became of it', async () => {
  const sent: string[] = [];
  const good = parts();
  assert.equal(await alertsTestCommand(good.look, { send: async (text) => void sent.push(text) }), 0);
  assert.equal(sent.length, 1);
  assert.match(sent[0] ?? '', /Test message/);
  const bad = parts();
  const failing = { send: () => Promise.reject(new Error('the gateway says 401')) };
  assert.equal(await alertsTestCommand(bad.look, failing), 1);
  assert.deepEqual(bad.complained, ['the gateway says 401']);
  const configured = parts(
    settings({ CHAT_ID: '1', API_KEY: 'key', TELEGRAM_GATEWAY_URL: 'http://gw.example/bot-secret' }),
  );
  assert.equal(await alertsTestCommand(configured.look, failing), 1);
  assert.match(
    configured.complained.join('\n'),
    /^TELEGRAM_GATEWAY_URL http:\/\/gw\.example: the gateway says 401\n.*API_KEY/,
  );
  assert.doesNotMatch(configured.complained.join('\n'), /bot-secret/);
  const none = parts();
  assert.equal(await alertsTestCommand(none.look, null), 78);
  assert.match(none.complained[0] ?? '', /No Telegram gateway is configured/);
});

test('the journal is the one the settings name; another by --journal; none is reported in one line', () => {
  const byPath = parts();
  assert.equal(replayCommand(byPath.look, { journal: join(folder, PAPER_JOURNAL) }), 0);
  assert.match(
    byPath.text(),
    /^Replayed \d+ decisions, \d+ ledger steps with \d+ booked fills .*: all results as recorded\.$/,
  );
  const byName = parts();
  assert.equal(replayCommand(byName.look, { journal: PAPER_JOURNAL }), 0);

  const missing = parts();
  assert.equal(replayCommand(missing.look, { journal: 'nowhere.db' }), 78);
  assert.match(
    missing.complained.join('\n'),
    /There is no journal .*nowhere\.db\. There are, for --journal: journal-paper\.db/,
  );

  const dev = parts(settings({ GRVT_ENV: 'testnet' }));
  assert.equal(lotsCommand(dev.look, {}), 78);
  assert.match(dev.complained.join('\n'), /No run on testnet has left a journal/);
  for (const id of ['1', '2']) writeFile(journalFileName({ env: 'testnet', subAccountIds: [id, '9'] }), []).close();
  const two = parts(settings({ GRVT_ENV: 'testnet' }));
  assert.equal(lotsCommand(two.look, {}), 78);
  assert.match(
    two.complained.join('\n'),
    /More than one pair of accounts.*journal-testnet-1-9\.db, journal-testnet-2-9\.db/,
  );

  writeFileSync(join(folder, 'journal-else.db'), 'something else');
  const not = parts();
  assert.equal(lotsCommand(not.look, { journal: 'journal-else.db' }), 78);
  assert.match(not.complained.join('\n'), /^journal .*journal-else\.db/);
});

test('in Chinese: what the commands list, and what becomes of journals; JSON stays as it is', async () => {
  const { look, printed, complained } = parts(settings({ GRVT_HEDGE_LANG: 'zh' }));
  for (const list of [lotsCommand, ordersCommand]) {
    assert.equal(list(look, {}), 0);
    const [zh, en] = [parts(settings({ GRVT_HEDGE_LANG: 'zh' })), parts()];
    list(zh.look, { json: true });
    list(en.look, { json: true });
    assert.equal(zh.text(), en.text());
  }
  const before = printed.length;
  assert.equal(alertsCommand(look, {}), 0);
  // Phrases of the guides stay in the alerts, which have tests of their own.
  const alerts = printed.splice(before);
  assert.match(
    alerts.join('\n'),
    /^未结束（\d+）：\n {2}.* · 始于 .*，已 .* · 已发送 1 次\n[\s\S]*\n一天内结束（\d+）：\n.*，历时 /,
  );
  assert.equal(replayCommand(look, {}), 0);
  const body = entries.find(({ kind }) => kind === 'decision')?.body as RecordedDecision;
  const wrong = { ...body, plan: { ...body.plan, creates: [] as never[], idle: null } };
  const fileName = 'journal-paper.wrong.db';
  writeFile(fileName, [{ kind: 'decision', key: BNB, atMs: NOW_MS, body: wrong }]).close();
  assert.equal(replayCommand(look, { journal: fileName }), 1);
  // What differs is shown as it is stored.
  printed.splice(-2);
  assert.equal(await alertsTestCommand(look, { send: async () => {} }), 0);
  printed.pop();
  assert.equal(await alertsTestCommand(look, null), 78);
  complained.pop();
  const copy = join(folder, 'copy.db');
  assert.equal(await backupCommand(look, copy, {}), 0);
  assert.equal(await backupCommand(look, copy, {}), 78);
  assert.equal(await verifyCommand(look, copy, {}), 0);
  rmSync(`${copy}.mark`, { force: true });
  assert.equal(await verifyCommand(look, join(folder, fileName), {}), 0);
  const elsewhere = parts(settings({ GRVT_HEDGE_LANG: 'zh', GRVT_HEDGE_DATA_DIR: join(folder, 'restored') }));
  for (const _time of [1, 2]) assert.equal(await restoreCommand(elsewhere.look, copy, {}), 0);
  // The pair's name is a name.
  assertChinese([...printed, ...complained, ...elsewhere.printed].join('\n').replaceAll('grvt-hedge paper', 'x'));
});

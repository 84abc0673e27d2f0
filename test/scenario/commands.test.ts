import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../src/core/answers.ts';
import type { Command } from '../../src/core/commands.ts';
import type { AccountName } from '../../src/core/model.ts';
import type { SettingsOnDisk } from '../../src/engine/settings-on-disk.ts';
import { createSteering } from '../../src/engine/steering.ts';
import { makeReport, reportTable } from '../../src/explain/report.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { type AccountCredentials, Secret, type Settings } from '../../src/settings/index.ts';
import { readSymbols } from '../../src/settings/symbols-file.ts';
import { answerLine } from '../../src/texts/answers.ts';
import { assertChinese } from '../support/chinese.ts';
import { type EngineStage, symbolRow } from '../support/engine-stage.ts';
import { BNB, ourOrders, positionOf, type Scene, stateOf, withScene } from './venue.ts';

/** 16: commands to an engine that trades on the embedded exchange. */

const SOL = 'SOL_USDT_Perp';
const TOGETHER = { concurrency: 4 };
const WHO = { by: 'ann', why: null } as const;

/** The symbols file of a stage: what it holds, and what was read of it last. */
class Files implements SettingsOnDisk {
  bytes: Buffer;
  /** What is in place of the settings' keys. */
  accounts: Settings['accounts'];
  #read: Buffer;
  #settings: Settings;

  constructor(stage: EngineStage, rows: readonly Record<string, unknown>[]) {
    this.#settings = stage.settings;
    this.accounts = stage.settings.accounts;
    this.bytes = Buffer.from(JSON.stringify(rows));
    this.#read = this.bytes;
  }

  current = () => this.#settings;
  fixed = () => [];
  read(symbols?: Uint8Array) {
    const symbolsBytes = Buffer.from(symbols ?? this.bytes);
    const reading = readSymbols(symbolsBytes, 'symbols.json');
    if (!reading.ok) return { ...reading, lang: 'en' as const };
    const settings = { ...this.#settings, symbols: reading.symbols, accounts: this.accounts };
    return { ok: true as const, settings, warnings: reading.warnings, symbolsBytes };
  }
  symbolsFile = () => ({ path: 'symbols.json', bytes: this.bytes, isAsRead: this.bytes.equals(this.#read) });
  stage(symbols: Uint8Array) {
    return () => {
      this.bytes = Buffer.from(symbols);
    };
  }
  accept(settings: Settings) {
    this.#settings = settings;
    this.#read = this.bytes;
  }
}

function steered(stage: EngineStage, rows: readonly Record<string, unknown>[] = [symbolRow(BNB)]) {
  const files = new Files(stage, rows);
  const clock = { nowMs: () => Date.now(), steadyMs: () => Date.now(), era: () => 0 };
  const report = (fact: EngineStage['facts'][number]) => void stage.facts.push(fact);
  const { engine } = stage;
  const give = createSteering({ engine, journal: engine.journal, clock, disk: files, hide: () => {}, report });
  const said = async (command: Command): Promise<Answer> => give(command);
  return { files, give: said };
}

const english = ({ says }: Answer, at = 0) => (says[at] ? answerLine(says[at], 'en') : '');
const codes = ({ says }: Answer) => says.map(({ code }) => code);

/** An engine that quotes BNB. */
async function quoting(scene: Scene, options: Parameters<Scene['start']>[0] = {}): Promise<EngineStage> {
  const stage = scene.start(options);
  await stage.until('it quotes', () => ourOrders(scene.paper).length === 2);
  return stage;
}

/** Fills A's quote: A holds what B has not hedged yet. */
async function fillA({ paper }: Scene, stage: EngineStage): Promise<void> {
  const rests = () => stage.symbol(BNB).state.orders.find((one) => one.account === 'A' && one.confirmedAtMs !== null);
  await stage.until('A rests', () => rests() !== undefined);
  const id = rests()?.clientOrderId;
  paper.exchange.control.fill({ account: 'A', client_order_id: id });
}

describe('16.2 commands on a running engine', TOGETHER, () => {
  it('16.2 pause empties the book, is in force after kill -9, and resume quotes again', () =>
    withScene(async (scene) => {
      const first = await quoting(scene);
      const { give } = steered(first);
      const answer = await give({ verb: 'pause', symbols: ['all'], forMs: 3_600_000, ...WHO });
      assert.deepEqual(codes(answer), ['will-pause']);
      first.kill();
      const second = scene.start({ journal: first.journal });
      await second.until('no order is left', () => ourOrders(scene.paper).length === 0);
      await second.until('the pause is reached', () => second.symbol(BNB).state.pauseReached === true);
      const again = steered(second);
      assert.deepEqual(codes(await again.give({ verb: 'resume', symbols: [BNB], ...WHO })), ['will-trade']);
      await second.until('it quotes', () => ourOrders(scene.paper).length === 2);
      assert.equal(await second.stop(), 0);
    }));

  it('16.2 cancel with a net needs --with-net; traded by hand and resumed, it is adopted at the price paid', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const { give } = steered(stage);
      await give({ verb: 'hedge-only', symbols: [BNB], forMs: null, ...WHO });
      await stage.until('no order is left', () => ourOrders(scene.paper).length === 0);
      await give({ verb: 'resume', symbols: [BNB], ...WHO });
      await stage.until('it quotes', () => ourOrders(scene.paper).length === 2);
      await fillA(scene, stage);
      await stage.until('A has a lot', () => stage.symbol(BNB).state.lots.length === 1);
      const refused = await give({ verb: 'cancel', symbols: [BNB], withNet: false, ...WHO });
      assert.deepEqual([refused.ok, codes(refused)], [false, ['needs-with-net']]);
      assert.match(english(refused, 0), /USDT\).*to hedge at the touch/);
      assert.deepEqual(codes(await give({ verb: 'cancel', symbols: [BNB], withNet: true, ...WHO })), [
        'will-hold-with-net',
      ]);
      await stage.until('no order is left', () => ourOrders(scene.paper).length === 0);
      await stage.until('it is alerted', () =>
        stage.reported('alert.raised').some(({ alert }) => alert.kind === 'held-with-net'),
      );
      const size = positionOf(scene.paper, 'A');
      scene.paper.exchange.control.order({
        account: 'B',
        instrument: BNB,
        side: 'sell',
        size,
        price: '1',
        post_only: false,
        expires_in_ms: 1_000,
      });
      assert.equal(positionOf(scene.paper, 'B'), `-${size}`);
      await give({ verb: 'resume', symbols: [BNB], ...WHO });
      await stage.until('it is adopted', () => stage.reported('drift.adopted').length === 1);
      const [adopted] = stage.reported('drift.adopted');
      assert.deepEqual([adopted?.pricedBy, adopted?.byHand], ['fills', true]);
      await stage.until('it is hedged', () => stage.symbol(BNB).state.lots.length === 0);
      const report = makeReport(stage.journal, { days: 1, by: 'symbol', nowMs: Date.now(), keptMs: 90 * 86_400_000 });
      assert.match(
        reportTable(report, 'symbol').join('\n'),
        /By hand: -?[\d.]+ USDT of spread and unwinds, 1 lots closed/,
      );
      assert.equal(await stage.stop(), 0);
    }));

  it('16.2 a journal that cannot be written: pause is in effect and not remembered, hedge-only is not given', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const { engine } = stage;
      const refusing = { ...stage.journal, append: () => assert.fail('the disk is full') } as EngineJournal;
      const give = createSteering({
        engine,
        journal: refusing,
        clock: { nowMs: () => Date.now(), steadyMs: () => Date.now(), era: () => 0 },
        disk: new Files(stage, [symbolRow(BNB)]),
        hide: () => {},
        report: () => {},
      });
      assert.deepEqual(codes(await give({ verb: 'hedge-only', symbols: [BNB], forMs: null, ...WHO })), [
        'not-journalled',
      ]);
      assert.equal(stage.symbol(BNB).standing, undefined);
      const answer = await give({ verb: 'pause', symbols: [BNB], forMs: null, ...WHO });
      assert.deepEqual([answer.ok, codes(answer)], [true, ['will-pause', 'not-remembered']]);
      await stage.until('no order is left', () => ourOrders(scene.paper).length === 0);
      assert.equal(stage.journal.latest('command', BNB), null);
      assert.equal(await stage.stop(), 0);
    }));

  it('16.2 a disk that is full for the whole engine: pause cancels what rests all the same', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const { give } = steered(stage);
      const { append } = stage.journal;
      stage.journal.append = () => assert.fail('the disk is full');
      const answer = await give({ verb: 'pause', symbols: [BNB], forMs: null, ...WHO });
      assert.deepEqual([answer.ok, codes(answer)], [true, ['will-pause', 'not-remembered']]);
      await stage.until('no order is left', () => ourOrders(scene.paper).length === 0);
      stage.journal.append = append;
      await stage.stop();
    }));

  it('16.2 flatten closes what is held and pauses then', () =>
    withScene(async (scene) => {
      for (const [account, size] of [
        ['A', '1'],
        ['B', '-1'],
      ] as const)
        scene.paper.exchange.control.position({ account, instrument: BNB, size });
      const stage = scene.start();
      await stage.until('it begins', () => stage.engine.daemon.getSnapshot().value === 'trading');
      const { give } = steered(stage);
      assert.deepEqual(codes(await give({ verb: 'flatten', symbols: [BNB], forMs: 60_000, ...WHO })), ['will-flatten']);
      await stage.until('it is done', () => {
        for (const { account, open_orders: orders } of stateOf(scene.paper).accounts)
          for (const { metadata, state } of orders)
            if (state.status === 'OPEN')
              scene.paper.exchange.control.fill({ account, client_order_id: metadata.client_order_id });
        return stage.reported('command.ended').length === 1;
      });
      assert.deepEqual(
        stage.journal.latest('command', BNB)?.body.standing.map(({ verb }) => verb),
        ['pause'],
      );
      assert.equal(Number(positionOf(scene.paper, 'A')), 0);
      assert.equal(await stage.stop(), 0);
    }));
});

describe('16.4 rows that change while it runs', TOGETHER, () => {
  const amount = { max_total_position_usdt: '1' };

  it('16.4 set, add and remove apply at once, to their symbol alone, and nothing is abandoned', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const { give, files } = steered(stage);
      assert.match(
        english(await give({ verb: 'set', symbol: BNB, values: amount, ...WHO })),
        /max_total_position_usdt 20000 → 1/,
      );
      await stage.until('it is capped', () => ourOrders(scene.paper).length === 0);
      const { instrument: _name, ...row } = symbolRow(SOL);
      const values = Object.fromEntries(Object.entries(row).map(([key, value]) => [key, String(value)]));
      assert.deepEqual(codes(await give({ verb: 'add', symbol: SOL, values, ...WHO })), ['symbol-added']);
      await stage.until('SOL quotes', () => ourOrders(scene.paper).length === 2);
      assert.deepEqual(codes(await give({ verb: 'remove', symbol: SOL, ...WHO })), ['symbol-leaves']);
      await stage.until('SOL has left', () => stage.reported('symbol.left').length === 1);
      assert.deepEqual(ourOrders(scene.paper), []);
      assert.equal(files.bytes.toString().includes(SOL), false);
      assert.equal(await stage.stop(), 0);
    }));

  it('16.4 a reload that would remove every row is refused; all of them disabled leave', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const { give, files } = steered(stage);
      files.bytes = Buffer.from('[]');
      const refused = await give({ verb: 'reload', ...WHO });
      assert.match(english(refused, 0), /an empty list/);
      files.bytes = Buffer.from('[{"instrument": "BNB_US');
      assert.equal((await give({ verb: 'reload', ...WHO })).ok, false);
      assert.equal(ourOrders(scene.paper).length, 2, 'nothing has changed');
      files.bytes = Buffer.from(JSON.stringify([symbolRow(BNB, { enabled: false })]));
      const dry = await give({ verb: 'reload', dryRun: true, ...WHO });
      assert.deepEqual([dry.ok, codes(dry)], [true, ['dry-run', 'symbol-leaves', 'warning']]);
      assert.match(english(dry, 1), /now 2 live orders, A 0, B 0$/);
      for (const one of [...refused.says, ...dry.says]) assertChinese(answerLine(one, 'zh'));
      assert.equal(stage.reported('symbol.leaving').length, 0, 'nothing has changed');
      assert.equal((await give({ verb: 'reload', ...WHO })).ok, true);
      await stage.until('BNB has left', () => stage.reported('symbol.left').length === 1);
      assert.deepEqual(ourOrders(scene.paper), []);
      assert.deepEqual(codes(await give({ verb: 'pause', symbols: ['all'], forMs: null, ...WHO })), ['no-symbol']);
      assert.equal(await stage.stop(), 0);
    }));

  it('16.4 keys are rotated by a reload: the previous ones are revoked then, no order ends and both accounts trade on', () =>
    withScene(async (scene) => {
      const { control } = scene.paper.exchange;
      const stage = await quoting(scene);
      const { give, files } = steered(stage);
      const issued = (account: AccountName): AccountCredentials => {
        const key = control.keys({ account });
        assert.ok(key);
        return {
          apiKey: new Secret(key.apiKey),
          privateKey: new Secret(key.privateKey),
          accountId: key.subAccountId,
        };
      };
      const former = stage.settings.accounts;
      assert.ok(former);
      const [A, B] = [issued('A'), issued('B')];
      const quotes = ourOrders(scene.paper);
      files.accounts = { A, B: { ...B, apiKey: new Secret('no-key-of-this-exchange') } };
      const refused = await give({ verb: 'reload', ...WHO });
      assert.deepEqual([refused.ok, codes(refused)], [false, ['refused']]);
      assert.doesNotMatch(JSON.stringify(refused), /no-key-of-this-exchange/);
      files.accounts = { A, B };
      const answer = await give({ verb: 'reload', ...WHO });
      assert.deepEqual(
        answer.says.map((said) => answerLine(said, 'en')),
        ['account A has new keys', 'account B has new keys'],
      );
      for (const account of ['A', 'B'] as const) control.keys({ revoke: former[account].apiKey.reveal() });
      assert.deepEqual(ourOrders(scene.paper), quotes, 'no order has ended');
      for (const { account, open_orders: orders } of stateOf(scene.paper).accounts)
        for (const { metadata } of orders) control.fill({ account, client_order_id: metadata.client_order_id });
      const anew = (account: 'A' | 'B') => ourOrders(scene.paper, account).filter((id) => !quotes.includes(id)).length;
      await stage.until('both quote by their new keys', () => anew('A') === 1 && anew('B') === 1);
      assert.deepEqual(stage.reported('account.parked'), []);
      assert.equal(await stage.stop(), 0);
    }));

  it('16.2 a file changed by hand since it was read is not written over', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const { give, files } = steered(stage);
      files.bytes = Buffer.from(JSON.stringify([symbolRow(BNB, { order_notional_usdt: 400 })]));
      assert.deepEqual(codes(await give({ verb: 'set', symbol: BNB, values: amount, ...WHO })), ['file-changed']);
      assert.deepEqual(codes(await give({ verb: 'reload', ...WHO })), ['changed']);
      assert.deepEqual(codes(await give({ verb: 'reload', ...WHO })), ['unchanged']);
      assert.equal(await stage.stop(), 0);
    }));

  it('16.4 commands at once and in the middle of a reload wait for their turn, each sees what the one before it did', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      const { give } = steered(stage);
      const [reloaded, set, paused, resumed] = await Promise.all([
        give({ verb: 'reload', ...WHO }),
        give({ verb: 'set', symbol: BNB, values: amount, ...WHO }),
        give({ verb: 'pause', symbols: [BNB], forMs: null, ...WHO }),
        give({ verb: 'resume', symbols: [BNB], ...WHO }),
      ]);
      assert.deepEqual([reloaded, set, paused, resumed].map(codes), [
        ['unchanged'],
        ['changed'],
        ['will-pause'],
        ['will-trade'],
      ]);
      const many = await Promise.all(Array.from({ length: 12 }, () => give({ verb: 'reload', ...WHO })));
      assert.deepEqual(many.map((answer) => codes(answer)[0]).filter((code) => code === 'busy').length, 3);
      assert.equal(await stage.stop(), 0);
    }));
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { defectReactor, describeDefect } from '../../src/engine/defects.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { BNB, ourOrders, withScene } from '../scenario/venue.ts';
import { PATIENCE_MS } from '../support/patience.ts';

function inNode(args: readonly string[]) {
  return spawnSync(process.execPath, ['--disable-sigusr1', ...args], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
}

describe('13.5 defects', () => {
  it('13.5 a description is one line, bounded, with the first place', () => {
    assert.match(describeDefect(new TypeError('a\nb')), /^TypeError: a b \(at .*defects\.test\.ts.*\)$/);
    for (const thrown of ['text', null, undefined, 7, { a: 1 }, new Error('x'.repeat(9_999))]) {
      const text = describeDefect(thrown);
      assert.ok(text.length < 1_000 && !text.includes('\n'), text);
    }
  });

  it('13.5 the first is fatal and stops, further ones are logged, a bounded number of them', () => {
    const lines: string[] = [];
    const stops: string[] = [];
    const react = defectReactor({
      log: (level, text) => lines.push(`${level} ${text}`),
      stop: (why) => stops.push(why),
    });
    for (let count = 0; count < 100; count += 1) react(new Error(`number ${count}`));
    assert.equal(stops.length, 1);
    assert.equal(lines.filter((line) => line.startsWith('fatal ')).length, 1);
    assert.match(lines[0] ?? '', /^fatal .*number 0/);
    assert.equal(lines.length, 21);
  });

  it('13.5 of several watches the innermost receives a defect, and the outer one again when that has ended', () => {
    const script = `
      const { watchDefects } = await import(${JSON.stringify(new URL('../../src/engine/defects.ts', import.meta.url).href)});
      const end = watchDefects((thrown) => console.log('outer', thrown.message));
      const endInner = watchDefects((thrown) => { console.log('inner', thrown.message); endInner(); });
      setTimeout(() => { throw new Error('1'); });
      setTimeout(() => { Promise.reject(new Error('2')); }, 5);
      setTimeout(() => { end(); throw new Error('3'); }, 10);`;
    const { stdout, status } = inNode(['--input-type=module', '-e', script]);
    assert.equal(stdout, 'inner 1\nouter 2\n');
    assert.equal(status, 1, 'nobody watches any more: Node ends it');
  });

  it('13.5 a command that a defect ends says it in one redacted line, without the source that Node would show', () => {
    const key = `0x${'ab'.repeat(32)}`;
    // Thrown once the command is there: before that nothing of ours runs.
    const thrower = `const timer = setInterval(() => {
      if (process.listenerCount('uncaughtException') === 0) return;
      clearInterval(timer);
      throw new Error('key ${key} X-API-Key: hush' + '-hush');
    });`;
    const preload = ['--import', `data:text/javascript,${encodeURIComponent(thrower)}`];
    const { stderr, status } = inNode([...preload, 'bin/grvt-hedge.mjs', 'paper', '--port', '0']);
    assert.equal(status, 70);
    assert.match(stderr, /A defect: Error: key \[secret\] X-API-Key: \[secret\]/);
    assert.ok(!stderr.includes(key) && !stderr.includes('hush-hush'), stderr);
  });

  it('13.5 the daemon itself fails: its orders are cancelled all the same, it is reported, exit code 70', () =>
    withScene(async (scene) => {
      const journal = createMemoryJournal();
      const stage = scene.start({ journal });
      await stage.until('it quotes', () => ourOrders(scene.paper).length === 2);
      await stage.until('it knows', () => stage.symbol(BNB).state.orders.length === 2);
      const [id = ''] = ourOrders(scene.paper, 'A');
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: id });
      await stage.until('it books the fill', () => stage.symbol(BNB).state.lots.length === 1);
      await stage.until('its repair is there', () => ourOrders(scene.paper, 'B').length > 0);
      // An event that no machine can take: the action reads what is not there.
      stage.engine.daemon.send({ type: 'account.polled' } as never);
      const { exitCode } = await stage.engine.stopped;
      assert.equal(exitCode, 70);
      assert.match(String(stage.defects[0]), /TypeError/);
      assert.deepEqual(ourOrders(scene.paper), []);
      assert.match(stage.messages.join(), /A defect stops the engine.*\n.*Not hedged while the engine is stopped: BNB/);
      assert.deepEqual(
        stage.facts.slice(-2).map((fact) => fact.type),
        ['net.left', 'engine.stopped'],
      );
    }));
});

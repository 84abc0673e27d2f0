import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import '../support/fixed-seed.ts';
import { ALERT_KINDS, ALERT_POLICIES, type AlertKind } from '../../src/core/alerts.ts';
import {
  DAILY_LIMIT,
  type DailyReport,
  delivered,
  EMPTY_OUTBOX,
  enqueue,
  isCritical,
  type Notice,
  OUTBOX_LIMIT,
  type Outbox,
  phaseOf,
  restoreOutbox,
  undelivered,
  withdraw,
} from '../../src/core/outbox.ts';
import { isDue, MESSAGE_LIMIT, rejected, takeKeys, takeMessage } from '../../src/core/outbox-message.ts';
import { alertTexts } from '../../src/notify/texts.ts';

const texts = alertTexts('en', 'grvt-hedge');

function notice(kind: AlertKind, key: string, more: Partial<Notice> = {}): Notice {
  return {
    type: 'notice',
    key,
    kind,
    account: null,
    instrument: `${key}_USDT_Perp`,
    details: {},
    sinceMs: 0,
    times: 1,
    overAtMs: null,
    order: 0,
    queuedAtMs: 0,
    ...more,
  };
}

function daily(day: number): DailyReport {
  return { type: 'daily', day, stuckMs: 1, stuck: [], order: 0, queuedAtMs: 0 };
}

function filled(...items: Parameters<typeof enqueue>[1][]): Outbox {
  return items.reduce((outbox, item) => enqueue(outbox, item).outbox, EMPTY_OUTBOX);
}

describe('strategy 12.1: the outbox', () => {
  test('waiting notices of one alert are joined and counted', () => {
    const outbox = filled(
      notice('drift', 'X', { sinceMs: 5 }),
      notice('drift', 'X', { sinceMs: 9 }),
      notice('drift', 'X', { sinceMs: 9, times: 0, overAtMs: 20 }),
    );
    const [item] = outbox.pending.values();
    assert.equal(outbox.pending.size, 1);
    assert.ok(item?.type === 'notice');
    assert.deepEqual([item.times, item.sinceMs, item.overAtMs, phaseOf(item)], [2, 5, 20, 'passed']);
  });

  test('twenty symbols with the same failure make one message, in words of one alert', () => {
    const outbox = filled(...Array.from({ length: 20 }, (_, i) => notice('drift', `S${i}`)));
    const taken = takeMessage(outbox, texts, 0);
    assert.equal(taken?.outbox.pending.size, 0);
    assert.equal(taken?.text.match(/drift/g)?.length, 1);
    for (let i = 0; i < 20; i += 1) assert.ok(taken?.text.includes(`S${i}_USDT_Perp`));
  });

  test('what does not fit is counted, with its time; critical ones wait for the next message instead', () => {
    const long = { details: { detail: 'x'.repeat(120), invariant: 'I1' } };
    const criticals = Array.from({ length: 40 }, (_, i) => notice('invariant-broken', `C${i}`, long));
    const others = ALERT_KINDS.filter((kind) => !ALERT_POLICIES[kind].critical).flatMap((kind) =>
      Array.from({ length: 30 }, (_, i) => notice(kind, `${kind}${i}`)),
    );
    let outbox = filled(...criticals, ...others);
    const messages: string[] = [];
    for (let taken = takeMessage(outbox, texts, 0); taken !== null; taken = takeMessage(outbox, texts, 0)) {
      messages.push(taken.text);
      outbox = delivered(taken.outbox).outbox;
      assert.ok(taken.text.length <= MESSAGE_LIMIT, `${taken.text.length}`);
    }
    for (const { instrument } of criticals) {
      assert.equal(messages.filter((text) => text.includes(`${instrument}:`)).length, 1, instrument ?? '');
    }
    assert.match(messages[0] ?? '', /Folded/);
    assert.match(messages[0] ?? '', /30 alerts, 30 times, since/);
    assert.ok(messages.length < 10, `${messages.length} messages`);
  });

  test('a full outbox counts what it cannot keep and keeps what is critical', () => {
    let outbox = EMPTY_OUTBOX;
    for (let i = 0; i < OUTBOX_LIMIT + 100; i += 1) outbox = enqueue(outbox, notice('foreign-order', `F${i}`)).outbox;
    for (let i = 0; i < 50; i += 1) outbox = enqueue(outbox, notice('unhedged', `U${i}`)).outbox;
    assert.equal(outbox.pending.size, OUTBOX_LIMIT + 1 + 50);
    const folded = outbox.pending.get('folded');
    assert.ok(folded?.type === 'folded');
    assert.deepEqual([folded.tallies[0]?.alerts, folded.tallies[0]?.times], [100, 100]);
  });

  test('daily reports are messages of their own, in their turn; the oldest of too many goes', () => {
    const outbox = filled(notice('drift', 'X'), daily(1), notice('drift', 'Y'));
    const first = takeMessage(outbox, texts, 0);
    assert.deepEqual([...(first?.outbox.inFlight.keys() ?? [])], ['X']);
    const second = takeMessage(delivered(first?.outbox ?? outbox).outbox, texts, 0);
    assert.match(second?.text ?? '', /Daily report/);
    assert.deepEqual([...(second?.outbox.inFlight.keys() ?? [])], ['daily:1']);
    const many = filled(...Array.from({ length: DAILY_LIMIT + 3 }, (_, i) => daily(i)));
    assert.equal(many.pending.size, DAILY_LIMIT);
    assert.ok(!many.pending.has('daily:2'));
  });

  test('what comes up while its message is on its way is reported after it, and survives a crash with it', () => {
    const flying = takeMessage(filled(notice('drift', 'X')), texts, 0)?.outbox ?? EMPTY_OUTBOX;
    const { outbox, changes } = enqueue(flying, notice('drift', 'X', { sinceMs: 50 }));
    const written = changes[0]?.item;
    assert.ok(written?.type === 'notice' && written.times === 2 && written.sinceMs === 0);
    const taken = delivered(outbox);
    const left = taken.changes[0]?.item;
    assert.ok(left?.type === 'notice' && left.times === 1 && left.sinceMs === 50);
    const failed = undelivered(outbox).pending.get('X');
    assert.ok(failed?.type === 'notice' && failed.times === 2 && failed.order === 1);
  });

  test('refused once it waits as it is; twice it is set aside: alone, then plain, with growing pauses, and never before others', () => {
    let outbox = filled(notice('drift', 'poison:<b>'), notice('drift', 'Y'));
    const tell = (nowMs: number): string => {
      const taken = takeMessage(outbox, texts, nowMs) ?? assert.fail('nothing is due');
      outbox = taken.outbox;
      return taken.text;
    };
    const refuse = (nowMs: number): number => {
      const step = rejected(outbox, nowMs);
      outbox = step.outbox;
      for (const { key, item } of step.changes) assert.deepEqual(item, outbox.pending.get(key), 'the journal agrees');
      return step.aside;
    };
    tell(0);
    assert.equal(refuse(0), 0);
    assert.match(tell(1), /Y_USDT_Perp/, 'both again');
    assert.equal(refuse(1), 2);
    outbox = enqueue(outbox, notice('order-refused', 'Z')).outbox;
    assert.match(tell(2), /Z_USDT_Perp/);
    assert.ok(!outbox.inFlight.has('poison:<b>') && !outbox.inFlight.has('Y'), 'the new one goes alone');
    outbox = delivered(outbox).outbox;
    assert.match(tell(3), /poison:<b>_USDT_Perp/, 'split: the first alone, in its own words');
    refuse(3);
    assert.match(tell(3), /poison: b \b|poison:/, 'plain');
    assert.doesNotMatch([...outbox.inFlight.keys()].length === 1 ? '' : 'two', /two/);
    refuse(4);
    assert.match(tell(4), /\bY_USDT_Perp/);
    outbox = delivered(outbox).outbox;
    assert.equal(isDue(outbox, 4), false, 'it waits');
    assert.equal(takeMessage(outbox, texts, 4), null);
    // The pauses grow to five minutes; it is never given up.
    let atMs = 4;
    let longestMs = 0;
    for (let tries = 0; tries < 12; tries += 1) {
      const from = atMs;
      while (!isDue(outbox, atMs)) atMs += 500;
      longestMs = Math.max(longestMs, atMs - from);
      assert.match(tell(atMs), /^poison: b $/);
      refuse(atMs);
    }
    assert.ok(longestMs > 200_000 && longestMs <= 300_500, `${longestMs} ms`);
    assert.equal(restoreOutbox(outbox.pending.values()).pending.get('poison:<b>')?.refused, 16);
  });

  test('12.3 critical alerts come first, information last', () => {
    const outbox = filled(notice('limit-reached', 'I'), daily(1), notice('drift', 'D'), notice('mmr', 'M'));
    const taken = takeMessage(outbox, texts, 0);
    assert.ok(taken?.outbox.inFlight.has('M'), 'before the daily report that was there first');
    const { text } = takeMessage(
      filled(notice('limit-reached', 'I'), notice('drift', 'D'), notice('mmr', 'M')),
      texts,
      0,
    )!;
    const place = (name: string) => text.indexOf(`${name}_USDT_Perp`);
    assert.ok(place('M') < place('D') && place('D') < place('I'), text);
  });

  test('a withdrawn item is reported by the wider alert alone', () => {
    const { outbox, change } = withdraw(filled(notice('drift', 'X')), 'X');
    assert.equal(outbox.pending.size, 0);
    assert.deepEqual(change, { key: 'X', item: null });
  });

  test('texts that fail leave the keys', () => {
    const taken = takeKeys(filled(notice('drift', 'drift:X'), notice('drift', 'Y', { times: 0, overAtMs: 1 })), 0);
    assert.equal(taken?.text, 'drift:X\nY resolved');
  });

  test('any mix of queueing, delivery and failure: nothing critical is lost, order and count are kept, the journal agrees', () => {
    const kinds = fc.constantFrom<AlertKind>('unhedged', 'mmr', 'drift', 'foreign-order', 'api-failure');
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ what: fc.constant('queue' as const), kind: kinds, name: fc.nat(30) }) },
      { weight: 1, arbitrary: fc.constant({ what: 'deliver' as const }) },
      { weight: 1, arbitrary: fc.constant({ what: 'fail' as const }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let outbox = EMPTY_OUTBOX;
        const journal = new Map<string, unknown>();
        let queued = 0;
        let reported = 0;
        const count = (items: ReadonlyMap<string, unknown>) =>
          [...items.values()].reduce<number>((total, item) => total + ((item as Notice).times ?? 0), 0);
        for (const now of steps) {
          if (now.what === 'queue') {
            const result = enqueue(outbox, notice(now.kind, `${now.kind}:${now.name}`));
            outbox = result.outbox;
            queued += 1;
            for (const { key, item } of result.changes) journal.set(key, item);
          } else {
            const taken = takeMessage(outbox, texts, 0);
            if (taken === null) continue;
            assert.ok([...taken.outbox.inFlight.values()].length > 0, 'a message tells something');
            if (now.what === 'deliver') {
              reported += count(taken.outbox.inFlight);
              const result = delivered(taken.outbox);
              outbox = result.outbox;
              for (const { key, item } of result.changes) journal.set(key, item);
            } else outbox = undelivered(taken.outbox);
          }
          assert.equal(queued, reported + count(outbox.pending));
          assert.deepEqual(
            [...restoreOutbox(journal.values()).pending.values()],
            [...outbox.pending.values()].sort((a, b) => a.order - b.order),
          );
          for (const item of outbox.pending.values()) if (isCritical(item)) assert.equal(item.type, 'notice');
        }
      }),
      { numRuns: 200 },
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import '../support/fixed-seed.ts';
import { encode } from '../../src/core/codec.ts';
import { Decimal } from '../../src/core/decimal.ts';
import type { JournalEntry, JournalKind, OrderOutcome, StoredEntry } from '../../src/core/journal-entry.ts';
import type { EngineJournal, RetentionOptions } from '../../src/journal/engine-journal.ts';
import { lastSequence, orderHistory, unsettledOrders } from '../../src/journal/read.ts';
import { COMPACT_CHUNK, DAY_MS, isFinal } from '../../src/journal/retention.ts';
import { NOW_MS, note, outcome, prepared } from './support.ts';

const OLD = NOW_MS - 31 * DAY_MS;
const LATEST_WINS: readonly JournalKind[] = ['symbol.state', 'alert.state', 'outbox', 'note'];

/**
 * What every journal does, whatever it is made of.
 *
 * @param runs share of the generated cases, for a journal that is slow to make
 * @param settle of a journal that does not know for a while what is safe: lets it know
 */
export function journalContract<J extends EngineJournal>(
  name: string,
  make: (retention?: RetentionOptions) => J | Promise<J>,
  settle?: (journal: J, failure: Error | null) => void,
  { skip = false, runs = 1 }: { readonly skip?: string | false; readonly runs?: number } = {},
): void {
  const days30 = () => make({ days: 30 });

  describe(`${name}: what is written`, { skip }, () => {
    it('comes back as it was given, decimals and big integers too', async () => {
      const journal = await make();
      const body = { size: new Decimal('0.1'), sequence: 2n ** 57n, list: [null, 'ü\u0000"'], deep: { a: 1 } };
      journal.append([note('n', body)]);
      const back = journal.latest('note', 'n');
      assert.ok(back !== null);
      assert.equal(encode(back.body), encode(body));
      assert.ok(Decimal.isDecimal((back.body as typeof body).size));
      journal.close();
    });

    it('is a copy: changing what was given, or what was read, changes nothing', async () => {
      const journal = await make();
      const body = { list: [1] };
      journal.append([note('n', body)]);
      body.list.push(2);
      const back = journal.latest('note', 'n');
      assert.ok(back !== null);
      (back.body as typeof body).list.push(3);
      assert.deepEqual(journal.latest('note', 'n')?.body, { list: [1] });
      journal.close();
    });

    it('gets a seq that grows by one, across batches', async () => {
      const journal = await make();
      journal.append([note('a', 1), note('b', 2)]);
      journal.append([]);
      journal.append([note('a', 3)]);
      assert.deepEqual(
        [...journal.scan()].map(({ seq, key, body }) => [seq, key, body]),
        [
          [1, 'a', 1],
          [2, 'b', 2],
          [3, 'a', 3],
        ],
      );
      journal.close();
    });

    it('is written whole or not at all', async () => {
      const journal = await make();
      journal.append([note('a', 1)]);
      const bad = [
        { kind: 'nonsense' as JournalKind, key: 'x', atMs: NOW_MS, body: 1 },
        note('x', undefined),
        note('x', 1, Number.NaN),
        { ...outcome('x', 'filled'), body: null as unknown as OrderOutcome },
      ];
      for (const entry of bad) assert.throws(() => journal.append([note('b', 2), entry as JournalEntry]), TypeError);
      assert.equal([...journal.scan()].length, 1);
      journal.append([note('c', 3)]);
      assert.equal(journal.latest('note', 'c')?.seq, 2);
      journal.close();
    });

    it('is refused once the journal is closed', async () => {
      const journal = await make();
      journal.close();
      journal.close();
      assert.throws(() => journal.append([note('a', 1)]));
      assert.throws(() => journal.latest('note', 'a'));
    });
  });

  describe(`${name}: what is safe (strategy 9.3)`, { skip }, () => {
    it('append gives the place of its last entry at once, and durable resolves in order of place', async () => {
      const journal = await make();
      assert.equal(journal.append([]), 0);
      await journal.durable(0);
      assert.equal(journal.append([note('a', 1), note('b', 2)]), 2);
      assert.equal(journal.append([prepared('1', 1n)]), 3);
      assert.equal(journal.latest('note', 'b')?.seq, 2, 'it can be read before it is safe');
      assert.equal(journal.append([]), 3);
      const safe: number[] = [];
      const waiting = [3, 1, 2].map((place) => journal.durable(place).then(() => safe.push(place)));
      await new Promise(setImmediate);
      if (settle !== undefined) assert.deepEqual(safe, [], 'unknown stays unknown');
      settle?.(journal, null);
      await Promise.all(waiting);
      assert.equal(journal.append([note('c', 3)]), 4);
      const last = journal.durable(4);
      settle?.(journal, null);
      await last;
      journal.close();
    });

    it('waiting for a place that was never given out is refused', async () => {
      const journal = await make();
      journal.append([note('a', 1)]);
      await assert.rejects(journal.durable(2), /entry 2 was never written; the last one is 1/);
      journal.close();
    });

    it('entries that are waited for at the close are durable', async () => {
      const journal = await make();
      const place = journal.append([note('a', 1)]);
      const waiting = journal.durable(place);
      settle?.(journal, null);
      journal.close();
      await waiting;
    });

    if (settle !== undefined) {
      it('a write that turns out not to be durable fails all who wait for it, and all later ones', async () => {
        const journal = await make();
        const waiting = [note('a', 1), note('b', 2)].map((entry) => journal.durable(journal.append([entry])));
        settle(journal, new Error('the connection is lost'));
        for (const one of waiting) await assert.rejects(one, /the connection is lost/);
        await assert.rejects(journal.durable(1), /the connection is lost/);
        journal.close();
      });
    }
  });

  describe(`${name}: what is read`, { skip }, () => {
    it('agrees with a plain list, for any entries and any filter', async () => {
      const key = fc.oneof(fc.constantFrom('a', 'b', 'BNB_USDT_Perp'), fc.string({ unit: 'binary', maxLength: 3 }));
      const entry = fc.record({
        kind: fc.constantFrom<JournalKind>('decision', 'note', 'symbol.state', 'outbox'),
        key,
        atMs: fc.integer({ min: 0, max: 20 }).map((ms) => NOW_MS + ms),
        body: fc.jsonValue(),
      }) as fc.Arbitrary<JournalEntry>;
      const filter = fc.record(
        {
          kind: fc.constantFrom<JournalKind>('decision', 'note', 'fact'),
          key,
          sinceMs: fc.integer({ min: 0, max: 25 }).map((ms) => NOW_MS + ms),
          afterSeq: fc.nat(30),
        },
        { requiredKeys: [] },
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(entry, { maxLength: 4 }), { maxLength: 8 }),
          fc.array(filter),
          async (batches, filters) => {
            const journal = await make();
            for (const batch of batches) journal.append(batch);
            const all = batches.flat().map((given, index) => ({ ...given, seq: index + 1 }));
            const same = (got: Iterable<StoredEntry>, wanted: readonly object[]) =>
              assert.deepEqual([...got].map(encodeSorted), wanted.map(encodeSorted));
            same(journal.scan(), all);
            for (const { kind, key: wanted, sinceMs, afterSeq } of filters) {
              const chosen = all.filter(
                (one) =>
                  (kind === undefined || one.kind === kind) &&
                  (wanted === undefined || one.key === wanted) &&
                  one.atMs >= (sinceMs ?? 0) &&
                  one.seq > (afterSeq ?? 0),
              );
              same(
                journal.scan({
                  ...(kind === undefined ? {} : { kind }),
                  ...(wanted === undefined ? {} : { key: wanted }),
                  ...(sinceMs === undefined ? {} : { sinceMs }),
                  ...(afterSeq === undefined ? {} : { afterSeq }),
                }),
                chosen,
              );
            }
            for (const kind of ['note', 'decision', 'fact'] as const) {
              const ofKind = all.filter((one) => one.kind === kind);
              const last = ofKind.filter(
                (one) => !ofKind.some((other) => other.key === one.key && other.seq > one.seq),
              );
              same(journal.latestOfEach(kind), last);
              for (const one of last) assert.equal(journal.latest(kind, one.key)?.seq, one.seq);
              assert.equal(journal.newest(kind)?.seq, ofKind.at(-1)?.seq);
            }
            assert.equal(journal.latest('note', 'never written'), null);
            journal.close();
          },
        ),
        { numRuns: Math.ceil(60 * runs) },
      );
    });

    it('a scan in progress does not see what is appended meanwhile, and survives it', async () => {
      const journal = await make();
      journal.append(Array.from({ length: 1200 }, (_, index) => note('n', index)));
      let seen = 0;
      for (const entry of journal.scan({ kind: 'note' })) {
        assert.equal(entry.body, seen);
        seen += 1;
        if (seen % 400 === 0) journal.append([note('n', 'late'), note('m', 'late')]);
      }
      assert.equal(seen, 1200);
      journal.close();
    });
  });

  describe(`${name}: orders`, { skip }, () => {
    it('an order is unsettled until its last word is a final outcome', async () => {
      const cases: readonly (readonly [string, readonly OrderOutcome['outcome'][], boolean])[] = [
        ['only prepared', [], true],
        ['resting', ['resting'], true],
        ['unknown', ['unknown'], true],
        ['filled', ['resting', 'filled'], false],
        ['cancelled', ['cancelled'], false],
        ['rejected', ['rejected'], false],
        ['refused', ['refused'], false],
        ['unsent', ['unsent'], false],
        ['absent', ['unknown', 'absent'], false],
        ['absent, then seen after all', ['absent', 'resting'], true],
      ];
      const journal = await make();
      assert.equal(lastSequence(journal), null);
      for (const [index, [id, words]] of cases.entries()) {
        journal.append([prepared(id, BigInt(index + 1))]);
        for (const word of words) journal.append([outcome(id, word)]);
      }
      assert.deepEqual(
        unsettledOrders(journal).map((order) => order.clientOrderId),
        cases.filter(([, , unsettled]) => unsettled).map(([id]) => id),
      );
      assert.equal(lastSequence(journal), BigInt(cases.length));
      journal.close();
    });

    it('an order taken over without its preparation is open, but there is nothing prepared to hand back', async () => {
      const journal = await make();
      journal.append([outcome('adopted', 'resting')]);
      assert.deepEqual(journal.unsettledKeys(), ['adopted']);
      assert.deepEqual(unsettledOrders(journal), []);
      journal.close();
    });

    it('the history of an order is its preparation, outcomes, and the facts and decisions that name it or its intent', async () => {
      const journal = await make();
      const words = { instrument: 'BNB_USDT_Perp', account: 'A', clientOrderId: '77' };
      const fact = (key: string, body: object): JournalEntry =>
        ({ kind: 'fact', key, atMs: NOW_MS, body: { atMs: NOW_MS, ...body } }) as JournalEntry;
      journal.append([
        { kind: 'decision', key: 'BNB_USDT_Perp', atMs: NOW_MS, body: { submit: ['intent-77'] } },
        prepared('77', 1n),
        prepared('770', 2n),
        outcome('77', 'resting'),
        fact('77', { type: 'order.sent', ...words }),
        fact('BNB_USDT_Perp', { type: 'fill.booked', ...words }),
        fact('770', { type: 'order.sent', ...words, clientOrderId: '770' }),
        { kind: 'decision', key: 'BNB_USDT_Perp', atMs: NOW_MS, body: { live: ['770'] } },
        { kind: 'decision', key: 'BNB_USDT_Perp', atMs: NOW_MS, body: { live: ['77'] } },
        { kind: 'decision', key: 'ETH_USDT_Perp', atMs: NOW_MS, body: { live: ['77'] } },
        outcome('77', 'filled'),
      ]);
      const history = orderHistory(journal, '77');
      const seqs = (entries: readonly StoredEntry[]) => entries.map((entry) => entry.seq);
      assert.equal(history.prepared?.seq, 2);
      assert.deepEqual(seqs(history.outcomes), [4, 11]);
      assert.deepEqual(seqs(history.facts), [5, 6]);
      assert.deepEqual(seqs(history.decisions), [1, 9]);
      assert.equal(orderHistory(journal, 'nobody').prepared, null);
      journal.close();
    });
  });

  describe(`${name}: compaction`, { skip }, () => {
    it('old decisions and facts go, young ones stay', async () => {
      const journal = await days30();
      journal.append([
        { kind: 'decision', key: 'x', atMs: OLD, body: 1 },
        { kind: 'decision', key: 'x', atMs: NOW_MS - 29 * DAY_MS, body: 2 },
      ]);
      assert.deepEqual(journal.compact(NOW_MS), { removed: 1, more: false });
      assert.deepEqual(
        [...journal.scan()].map((entry) => entry.body),
        [2],
      );
      journal.close();
    });

    it('of what the last one counts, the last one stays however old, unless it says that it is settled', async () => {
      const journal = await days30();
      for (const kind of LATEST_WINS) {
        for (const body of [1, 2]) journal.append([{ kind, key: 'open', atMs: OLD, body }]);
        for (const body of [1, { settled: true }]) journal.append([{ kind, key: 'over', atMs: OLD, body }]);
        for (const body of [1, null]) journal.append([{ kind, key: 'gone', atMs: OLD, body }]);
      }
      journal.compact(NOW_MS);
      assert.deepEqual(
        [...journal.scan()].map(({ kind, key, body }) => [kind, key, body]),
        LATEST_WINS.map((kind) => [kind, 'open', 2]),
      );
      journal.close();
    });

    it('whoever opens the journal may define what is settled', async () => {
      const journal = await make({
        days: 30,
        settled: (entry) => entry.kind === 'outbox' && entry.body === 'delivered',
      });
      journal.append([
        { kind: 'outbox', key: '1', atMs: OLD, body: 'delivered' },
        { kind: 'outbox', key: '2', atMs: OLD, body: 'waiting' },
      ]);
      journal.compact(NOW_MS);
      assert.deepEqual(
        [...journal.scan()].map((entry) => entry.key),
        ['2'],
      );
      journal.close();
    });

    it('an order goes whole once it is settled and old; unsettled ones and the newest prepared one never', async () => {
      const journal = await days30();
      journal.append([
        prepared('settled', 1n, OLD),
        outcome('settled', 'resting', OLD),
        outcome('settled', 'filled', OLD),
      ]);
      journal.append([prepared('young end', 2n, OLD), outcome('young end', 'filled', NOW_MS)]);
      journal.append([prepared('unknown', 3n, OLD), outcome('unknown', 'unknown', OLD)]);
      journal.append([prepared('silent', 4n, OLD)]);
      journal.append([prepared('newest', 5n, OLD), outcome('newest', 'filled', OLD)]);
      assert.equal(journal.compact(NOW_MS).removed, 3);
      assert.deepEqual(
        [...journal.scan({ kind: 'order.prepared' })].map((entry) => entry.key),
        ['young end', 'unknown', 'silent', 'newest'],
      );
      assert.equal(lastSequence(journal), 5n);
      journal.close();
    });

    it('goes on in steps of a bounded size until nothing is left to do, and seq goes on where it was', async () => {
      const journal = await days30();
      const count = 2 * COMPACT_CHUNK + 7;
      journal.append(
        Array.from({ length: count }, (): JournalEntry => ({ kind: 'decision', key: 'x', atMs: OLD, body: 0 })),
      );
      const steps: number[] = [];
      for (let more = true; more; ) {
        const step = journal.compact(NOW_MS);
        steps.push(step.removed);
        more = step.more;
      }
      assert.deepEqual(steps, [COMPACT_CHUNK, COMPACT_CHUNK, 7]);
      journal.append([note('n', 1)]);
      assert.equal(journal.latest('note', 'n')?.seq, count + 1);
      journal.close();
    });

    it('never changes what is open, for any history', async () => {
      const ids = fc.constantFrom('1', '2', '3', '4');
      const at = fc.integer({ min: 0, max: 60 }).map((day) => NOW_MS - day * DAY_MS);
      const words = fc.constantFrom<OrderOutcome['outcome']>('resting', 'filled', 'cancelled', 'unknown', 'absent');
      const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
        fc.tuple(ids, fc.bigInt({ min: 1n, max: 99n }), at).map(([id, sequence, atMs]) => prepared(id, sequence, atMs)),
        fc.tuple(ids, words, at).map(([id, word, atMs]) => outcome(id, word, atMs)),
        fc
          .tuple(fc.constantFrom(...LATEST_WINS), ids, at, fc.constantFrom<unknown>(1, 2, null, { settled: true }))
          .map(([kind, key, atMs, body]) => ({ kind, key, atMs, body }) as JournalEntry),
        fc
          .tuple(fc.constantFrom<JournalKind>('decision', 'fact'), ids, at)
          .map(([kind, key, atMs]) => ({ kind, key, atMs, body: 1 }) as unknown as JournalEntry),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(entry, { maxLength: 40 }), async (entries) => {
          const journal = await days30();
          journal.append(entries);
          const open = () => ({
            orders: encode(unsettledOrders(journal)),
            keys: journal.unsettledKeys(),
            sequence: lastSequence(journal),
            states: LATEST_WINS.map((kind) =>
              journal.latestOfEach(kind).filter(({ body }) => typeof body === 'number'),
            ),
            outcomes: journal.latestOfEach('order.outcome').filter(({ body }) => !isFinal(body.outcome)),
            young: [...journal.scan({ sinceMs: NOW_MS - 30 * DAY_MS })].filter(
              ({ kind }) => kind === 'decision' || kind === 'fact',
            ),
          });
          const before = open();
          while (journal.compact(NOW_MS).more);
          assert.deepEqual(open(), before);
          // The list of unsettled orders follows from what is left.
          const left = [...journal.scan()];
          const lastWords = new Map(
            left.filter(({ kind }) => kind.startsWith('order.')).map((one) => [one.key, one] as const),
          );
          const derived = [...lastWords.values()].filter(
            (one) => one.kind === 'order.prepared' || !isFinal((one.body as OrderOutcome).outcome),
          );
          assert.deepEqual([...journal.unsettledKeys()].sort(), derived.map((one) => one.key).sort());
          journal.close();
        }),
        { numRuns: Math.ceil(150 * runs) },
      );
    });
  });
}

function encodeSorted(entry: object): string {
  return encode(Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1))));
}

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { reasonTexts } from '../../src/texts/reasons.ts';
import '../support/fixed-seed.ts';
import { encode } from '../../src/core/codec.ts';
import type { StoredEntry } from '../../src/core/journal-entry.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { JournalError } from '../../src/journal/errors.ts';
import { note, open, outcome, prepared, temporaryDirectory } from './support.ts';

/**
 * The last page of the file and the last frame of the log are cut at every byte. Of the rest of the log: every byte with
 * GRVT_HEDGE_TEST_FULL=1, otherwise a sample and each frame boundary with its neighbours.
 */
const FULL = process.env.GRVT_HEDGE_TEST_FULL === '1';
const FRAME = 4096 + 24;
const WAL_HEADER = 32;
const PARTS = ['', '-wal', '.mark'];

/** What a journal holds, and where its whole batches end. */
interface Sample {
  readonly directory: string;
  /** As text, entry by entry. */
  readonly entries: readonly string[];
  readonly batchEnds: readonly number[];
}

let checkpointed: Sample;
let inLog: Sample;
let writer: EngineJournal;

/** Writes batches of different sizes and copies the files: closed (all in the file), or with the last ones in the log. */
function makeSample(closeFirst: boolean): Sample {
  const directory = temporaryDirectory();
  const from = temporaryDirectory();
  writer = open(from);
  const batchEnds = [0];
  const append = (batch: number) => {
    const id = String(1000 + batch);
    const fill = 'y'.repeat((batch * 137) % 900);
    writer.append([prepared(id, BigInt(batch)), note('state', { batch, fill }), note(id, { batch })]);
    batchEnds.push(batchEnds.at(-1)! + 3);
    if (batch % 2 === 0) {
      writer.append([outcome(id, 'filled')]);
      batchEnds.push(batchEnds.at(-1)! + 1);
    }
  };
  for (let batch = 1; batch <= 12; batch++) append(batch);
  if (closeFirst) {
    writer.close();
  } else {
    // Close and open once, so that part of it is in the file and part in the log.
    writer.close();
    writer = open(from);
    for (let batch = 13; batch <= 16; batch++) append(batch);
  }
  for (const part of PARTS) {
    if (existsSync(join(from, `journal.db${part}`))) {
      copyFileSync(join(from, `journal.db${part}`), join(directory, `journal.db${part}`));
    }
  }
  writer.close();
  const reread = open(from);
  const entries = [...reread.scan()].map((entry) => encode(entry));
  reread.close();
  return { directory, entries, batchEnds };
}

before(() => {
  checkpointed = makeSample(true);
  inLog = makeSample(false);
});

/** Opens a copy: what it holds, or why it was refused. Anything but a JournalError is a defect. */
function openCopy(directory: string): readonly string[] | JournalError {
  let journal: EngineJournal;
  try {
    journal = open(directory);
  } catch (error) {
    assert.ok(error instanceof JournalError, `not a clear refusal: ${String(error)}`);
    assert.match(error.message, /^journal .*journal\.db: .+\. (Put|Run|Move|Make|Check|Free) /);
    return error;
  }
  try {
    const entries = [...journal.scan()];
    assertIndexed(journal, entries);
    return entries.map((entry) => encode(entry));
  } finally {
    journal.close();
  }
}

/** What is found by key and by kind is what a walk over everything finds. */
function assertIndexed(journal: EngineJournal, entries: readonly StoredEntry[]): void {
  for (const kind of ['order.prepared', 'order.outcome', 'note'] as const) {
    const last = new Map(entries.filter((entry) => entry.kind === kind).map((entry) => [entry.key, entry.seq]));
    for (const [key, seq] of last) assert.equal(journal.latest(kind, key)?.seq, seq, `latest ${kind} ${key}`);
    const seqs = [...last.values()].sort((a, b) => a - b);
    assert.deepEqual(
      journal.latestOfEach(kind).map((entry) => entry.seq),
      seqs,
      `latest of each ${kind}`,
    );
    assert.equal(journal.newest(kind)?.seq, seqs.at(-1), `newest ${kind}`);
  }
}

function copyOf(sample: Sample, without: readonly string[] = []): string {
  for (const part of [...PARTS, '-shm']) rmSync(join(work, `journal.db${part}`), { force: true });
  for (const part of PARTS) {
    const source = join(sample.directory, `journal.db${part}`);
    if (existsSync(source) && !without.includes(part)) copyFileSync(source, join(work, `journal.db${part}`));
  }
  return work;
}
let work: string;
before(() => {
  work = temporaryDirectory();
});

function isPrefixOfWholeBatches(sample: Sample, found: readonly string[]): boolean {
  return sample.batchEnds.includes(found.length) && found.every((entry, index) => entry === sample.entries[index]);
}

describe('a cut journal', () => {
  it('the samples themselves open whole', () => {
    assert.ok(statSync(join(inLog.directory, 'journal.db-wal')).size > 4 * FRAME);
    assert.ok(!existsSync(join(checkpointed.directory, 'journal.db-wal')));
    for (const sample of [checkpointed, inLog]) assert.deepEqual(openCopy(copyOf(sample)), sample.entries);
  });

  it('a file whose last page is cut, at any byte, is refused and left as it was found', (t) => {
    copyOf(checkpointed);
    const file = join(work, 'journal.db');
    const size = statSync(file).size;
    for (let cut = size - 1; cut >= size - 4096; cut--) {
      truncateSync(file, cut);
      const found = openCopy(work);
      assert.ok(found instanceof JournalError && found.problem === 'damaged', `cut at ${cut}: not refused`);
    }
    assert.equal(statSync(file).size, size - 4096);
    t.diagnostic(`${4096} cuts`);
  });

  it('a file cut anywhere, to nothing too, is refused', () => {
    const size = statSync(join(checkpointed.directory, 'journal.db')).size;
    for (const cut of [0, 1, 15, 16, 99, 100, 101, 4095, 4096, 4097, 8192, size >> 1, size - 4096]) {
      copyOf(checkpointed);
      truncateSync(join(work, 'journal.db'), cut);
      assert.ok(openCopy(work) instanceof JournalError, `cut at ${cut}`);
    }
  });

  it('a log cut at any byte is refused as soon as one entry that was durable is gone', (t) => {
    copyOf(inLog);
    const wal = join(work, 'journal.db-wal');
    const size = statSync(wal).size;
    let refused = 0;
    for (const cut of cuts(size, 211, FRAME)) {
      truncateSync(wal, cut);
      const found = openCopy(work);
      // Refused without being touched, so the same copy serves for the next, shorter cut.
      assert.ok(found instanceof JournalError && /are gone/.test(found.message), `cut at ${cut}: not refused`);
      assert.equal(statSync(wal).size, cut);
      refused += 1;
    }
    t.diagnostic(`${refused} cuts`);
  });

  it('a log that is gone is refused', () => {
    const found = openCopy(copyOf(inLog, ['-wal']));
    assert.ok(found instanceof JournalError && /its last \d+ entries are gone/.test(found.message));
  });

  it('even without its witness a cut log yields whole batches only, a prefix of what was written', (t) => {
    const size = statSync(join(inLog.directory, 'journal.db-wal')).size;
    const lengths = new Set<number>();
    for (const cut of cuts(size, 1499, 9)) {
      copyOf(inLog, ['.mark']);
      truncateSync(join(work, 'journal.db-wal'), cut);
      const found = openCopy(work);
      assert.ok(!(found instanceof JournalError), String(found));
      assert.ok(isPrefixOfWholeBatches(inLog, found), `cut at ${cut}: ${found.length} entries`);
      lengths.add(found.length);
    }
    t.diagnostic(`${lengths.size} different lengths`);
    assert.ok(lengths.size >= 5);
  });

  it('the older copy of a file under the witness of a newer one is refused, and taken once the witness is removed', () => {
    copyOf(checkpointed);
    copyFileSync(join(inLog.directory, 'journal.db.mark'), join(work, 'journal.db.mark'));
    const found = openCopy(work);
    assert.ok(
      found instanceof JournalError && /replaced by an older copy.*delete .*journal\.db\.mark/.test(found.message),
    );
    rmSync(join(work, 'journal.db.mark'));
    const journal = open(work);
    assert.match(reasonTexts(journal.notices), /journal\.db\.mark was missing/);
    journal.close();
    const again = open(work);
    assert.deepEqual(again.notices, []);
    again.close();
  });

  it('a witness that cannot be read is reported and written again', () => {
    for (const text of ['', 'nonsense', '0000000000000009 00000000\n', 'x'.repeat(100)]) {
      copyOf(checkpointed);
      writeFileSync(join(work, 'journal.db.mark'), text);
      const journal = open(work);
      assert.match(reasonTexts(journal.notices), /journal\.db\.mark was unreadable/);
      journal.close();
      const again = open(work);
      assert.deepEqual(again.notices, []);
      again.close();
    }
  });
});

/** Longest first; never shorter than the log's own header, below which it counts as none. */
function cuts(size: number, step: number, tail: number): number[] {
  const all = Array.from({ length: size - WAL_HEADER }, (_, index) => size - 1 - index);
  if (FULL) return all;
  return all.filter(
    (cut) => cut % step === 0 || Math.abs(((cut - WAL_HEADER + 1) % FRAME) - 1) <= 1 || cut >= size - tail,
  );
}

describe('a flipped bit', () => {
  const flips = (name: string, sample: () => Sample, part: string, runs: number) =>
    it(`in ${name} is found, or changes nothing that is read`, (t) => {
      let found = 0;
      const size = statSync(join(sample().directory, `journal.db${part}`)).size;
      fc.assert(
        fc.property(fc.nat(size - 1), fc.nat(7), (offset, bit) => {
          copyOf(sample());
          const path = join(work, `journal.db${part}`);
          const bytes = readFileSync(path);
          bytes[offset]! ^= 1 << bit;
          writeFileSync(path, bytes);
          const entries = openCopy(work);
          if (entries instanceof JournalError) found += 1;
          else assert.deepEqual(entries, sample().entries, `byte ${offset}, bit ${bit}`);
        }),
        { numRuns: FULL ? 20 * runs : runs },
      );
      t.diagnostic(`${found} found, the rest harmless`);
      assert.ok(found > 0 || part === '.mark');
    });

  flips('the file', () => checkpointed, '', 200);
  flips('the log', () => inLog, '-wal', 60);
  flips('the file under a log', () => inLog, '', 80);
  flips('the witness', () => checkpointed, '.mark', 30);

  it('in each byte of the first page’s header is found, or changes nothing that is read', () => {
    for (let offset = 0; offset < 100; offset++) {
      for (const bit of FULL ? [0, 1, 2, 3, 4, 5, 6, 7] : [offset % 8]) {
        copyOf(checkpointed);
        const path = join(work, 'journal.db');
        const bytes = readFileSync(path);
        bytes[offset]! ^= 1 << bit;
        writeFileSync(path, bytes);
        const entries = openCopy(work);
        if (!(entries instanceof JournalError))
          assert.deepEqual(entries, checkpointed.entries, `byte ${offset}, bit ${bit}`);
      }
    }
  });
});

after(() => writer.close());

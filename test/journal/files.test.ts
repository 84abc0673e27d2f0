import assert from 'node:assert/strict';
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { JournalError } from '../../src/journal/errors.ts';
import { journalFileName, listPaperJournals, PAPER_JOURNAL, rotatePaperJournals } from '../../src/journal/files.ts';
import { openJournalForReading } from '../../src/journal/sqlite.ts';
import { note, open, temporaryDirectory } from './support.ts';

describe('the name of a journal', () => {
  it('tells environments and pairs of accounts apart, A first', () => {
    const name = (env: string, ...subAccountIds: string[]) => journalFileName({ env, subAccountIds });
    assert.equal(name('prod', '123', '456'), 'journal-prod-123-456.db');
    const names = [
      name('prod', '123', '456'),
      name('prod', '456', '123'),
      name('testnet', '123', '456'),
      name('prod', '../../etc', '456'),
      name('prod', 'a/b', '456'),
      name('PROD', '123', '456'),
    ];
    assert.equal(new Set(names).size, names.length);
    for (const one of names) assert.match(one, /^[a-z0-9.-]+$/);
  });

  it('is always the same in paper', () => {
    assert.equal(journalFileName({ env: 'paper', subAccountIds: ['1', '2'] }), PAPER_JOURNAL);
  });
});

describe('paper journals', () => {
  const run = (directory: string, body: unknown, kill = false) => {
    const journal = open(directory, { fileName: PAPER_JOURNAL });
    assert.deepEqual([...journal.scan()], [], 'each run starts with an empty one');
    journal.append([note('run', body)]);
    if (!kill) journal.close();
    return journal;
  };

  it('start again with each run, the last five kept aside and readable', () => {
    const directory = temporaryDirectory();
    for (let number = 1; number <= 8; number++) {
      rotatePaperJournals(directory);
      run(directory, number);
      // The runs of a test end within one millisecond; those of people do not.
      const at = 1_800_000_000 + number;
      utimesSync(join(directory, PAPER_JOURNAL), at, at);
    }
    const kept = listPaperJournals(directory);
    assert.equal(kept.length, 5);
    assert.equal(kept[0], 'journal-paper.20270115T080007000Z.db');
    const bodies = kept.map((fileName) => {
      const journal = openJournalForReading({ directory, fileName });
      const body = journal.latest('note', 'run')?.body;
      journal.close();
      return body;
    });
    assert.deepEqual(bodies, [7, 6, 5, 4, 3]);
    assert.ok(existsSync(join(directory, PAPER_JOURNAL)));
  });

  it('of a run that was killed keep what was still in the log', () => {
    const directory = temporaryDirectory();
    const killed = run(directory, 'killed', true);
    const aside = rotatePaperJournals(directory);
    assert.ok(aside !== null);
    const journal = openJournalForReading({ directory, fileName: aside });
    assert.equal(journal.latest('note', 'run')?.body, 'killed');
    assert.deepEqual(journal.notices, []);
    journal.close();
    killed.close();
    run(directory, 'next');
  });

  it('that ended at the same moment do not replace each other', () => {
    const directory = temporaryDirectory();
    for (let number = 1; number <= 3; number++) {
      run(directory, number);
      utimesSync(join(directory, PAPER_JOURNAL), 1_800_000_000, 1_800_000_000);
      rotatePaperJournals(directory);
    }
    assert.deepEqual(listPaperJournals(directory), [
      'journal-paper.20270115T080000000Z.3.db',
      'journal-paper.20270115T080000000Z.2.db',
      'journal-paper.20270115T080000000Z.db',
    ]);
  });

  it('leave other files alone, and nothing of the removed ones behind', () => {
    const directory = temporaryDirectory();
    open(directory, { fileName: 'journal-prod-1-2.db' }).close();
    writeFileSync(join(directory, 'journal-paper.notes.db'), 'mine');
    for (let number = 1; number <= 3; number++) {
      run(directory, number);
      rotatePaperJournals(directory, 1);
    }
    assert.deepEqual(
      readdirSync(directory)
        .filter((name) => !name.startsWith('journal-paper.2'))
        .sort(),
      ['journal-paper.notes.db', 'journal-prod-1-2.db', 'journal-prod-1-2.db.mark'],
    );
    assert.equal(listPaperJournals(directory).length, 1);
    assert.equal(readdirSync(directory).length, 5);
  });

  it('none yet is fine; a directory that cannot be read is refused with a clear message', () => {
    assert.equal(rotatePaperJournals(join(temporaryDirectory(), 'not there')), null);
    const file = join(temporaryDirectory(), 'data');
    writeFileSync(file, '');
    assert.throws(() => rotatePaperJournals(file), JournalError);
  });
});

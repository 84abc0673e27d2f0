import { writeSync } from 'node:fs';
import type { JournalEntry } from '../../../src/core/journal-entry.ts';
import { openJournal } from '../../../src/journal/sqlite.ts';

/** Appends batches of three until it is killed; says the number of each batch once its append has returned. */
const journal = openJournal({ directory: process.argv[2]!, days: 30, clock: { nowMs: () => 1_800_000_000_000 } });
const first = Number(process.argv[3]);
for (let batch = first; batch < first + 100_000; batch++) {
  const entries = ['a', 'b', 'c'].map(
    (part): JournalEntry => ({
      kind: 'note',
      key: part,
      atMs: 1_800_000_000_000,
      body: { batch, part, fill: 'x'.repeat(batch % 3000) },
    }),
  );
  journal.append(entries);
  writeSync(1, `${batch}\n`);
}

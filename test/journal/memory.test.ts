import { createMemoryJournal } from '../../src/journal/memory.ts';
import { journalContract } from './contract.ts';
import { createUnsureJournal } from './unsure.ts';

journalContract('memory journal', (retention) => createMemoryJournal(retention));

journalContract('journal whose outcome stays unknown', createUnsureJournal, (journal, failure) =>
  journal.settle(failure),
);

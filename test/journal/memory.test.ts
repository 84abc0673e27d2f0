import { createMemoryJournal } from '../../src/journal/memory.ts';
import { journalContract } from './contract.ts';

journalContract('memory journal', (retention) => createMemoryJournal(retention));

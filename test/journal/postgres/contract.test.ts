import { after, afterEach, before } from 'node:test';
import { needsPostgres, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { journalContract } from '../contract.ts';
import { closePairs, openPair } from './support.ts';

const { skip } = needsPostgres();
let server: TestPostgres | null = null;
let address = '';
before(async () => {
  if (skip) return;
  server = await startPostgres();
  address = await server.fresh();
});
afterEach(closePairs);
after(() => server?.stop());

journalContract('journal on PostgreSQL', (retention) => openPair(address, { ...retention }), undefined, {
  skip,
  runs: 0.1,
});

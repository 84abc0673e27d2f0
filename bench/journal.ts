import pg from 'pg';
import { openTarget } from './latency.ts';
import { quantile } from './stage.ts';

/** Rounds of one journal before it is the other one's turn: what else the machine does falls on both alike. */
const TURN = 10;
/** About what an append of a create holds. */
const ROW_BYTES = 2_000;

/**
 * From a fill to the hedge's create arriving, streams on, with the journal in a file and in a database, by turns; beside it what a
 * synchronous commit takes there.
 *
 * @param address of an empty database
 */
export async function journals(rounds: number, address: string): Promise<void> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS bench_commits (body text)');
  const commits: number[] = [];
  const times = { file: [] as number[], database: [] as number[] };
  const file = await openTarget({ GRVT_HEDGE_JOURNAL_URL: '' });
  const database = await openTarget({ GRVT_HEDGE_JOURNAL_URL: address }, 0, 2);
  try {
    for (let round = 0; round < rounds; round += TURN) {
      times.file.push(...(await file.fillAndWait(TURN)));
      times.database.push(...(await database.fillAndWait(TURN)));
      for (let turn = 0; turn < TURN; turn += 1) commits.push(await commit(client));
    }
  } finally {
    await Promise.all([file.close(), database.close(), client.end()]);
  }
  const p50 = (values: readonly number[]) => `${quantile(values, 0.5).toFixed(1)} ms`;
  const row = (name: string, values: readonly number[]) =>
    console.log(`${name.padEnd(24)} median ${p50(values).padStart(10)}   p90 ${quantile(values, 0.9).toFixed(1)} ms`);
  row('journal in a file', times.file);
  row('journal in a database', times.database);
  row('a commit there', commits);
  const more = quantile(times.database, 0.5) - quantile(times.file, 0.5) - quantile(commits, 0.5);
  console.log(`the database takes ${more.toFixed(1)} ms more than a commit above the file`);
}

async function commit(client: pg.Client): Promise<number> {
  const began = performance.now();
  await client.query('INSERT INTO bench_commits VALUES ($1)', ['x'.repeat(ROW_BYTES)]);
  return performance.now() - began;
}

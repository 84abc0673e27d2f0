import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { open, temporaryDirectory } from './support.ts';

const APPENDER = fileURLToPath(new URL('children/appender.ts', import.meta.url));

/** Starts the appender, kills it -9 once it has said that `count` appends returned; resolves with the last one it said. */
async function appendUntilKilled(directory: string, first: number, count: number): Promise<number> {
  const child = spawn(process.execPath, ['--disable-sigusr1', APPENDER, directory, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > count) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL');
  return Number(said.split('\n').at(-2));
}

describe('kill -9 in the middle of appends', () => {
  it('never loses an append that returned and never leaves half a batch', async (t) => {
    const directory = temporaryDirectory();
    let first = 0;
    for (const count of [1, 2, 5, 30, 100, 7, 400, 3]) {
      const returned = await appendUntilKilled(directory, first, count);
      const journal = open(directory);
      assert.deepEqual(journal.notices, []);
      const found = [...journal.scan()].map(({ body }) => body as { batch: number; part: string });
      journal.close();
      assert.equal(found.length % 3, 0, 'whole batches only');
      const batches = found.length / 3;
      assert.deepEqual(
        found.map(({ batch, part }) => `${batch}${part}`),
        Array.from({ length: batches }, (_, batch) => ['a', 'b', 'c'].map((part) => `${batch}${part}`)).flat(),
      );
      // One append may have been durable without having said so.
      assert.ok(
        batches === returned + 1 || batches === returned + 2,
        `${batches} batches, ${returned} was the last said`,
      );
      first = batches;
    }
    t.diagnostic(`${first} batches over 8 kills`);
  });
});

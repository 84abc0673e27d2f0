import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { StatementSync } from 'node:sqlite';

/**
 * Loaded before the engine (`node --import`), which knows nothing of it: counts each journal write, before and after it is
 * durable, and each request, before it leaves and when its answer comes, and kills the process, as `kill -9` does, at the
 * one with that number.
 *
 * `CRASH_AT`: the number; 0: never. `CRASH_COUNT_FILE`: where a process that ends by itself writes how many there were.
 */

const crashAt = Number(process.env.CRASH_AT ?? 0);
const countFile = process.env.CRASH_COUNT_FILE;
let count = 0;

function point(): void {
  count += 1;
  if (count === crashAt) process.kill(process.pid, 'SIGKILL');
}

const run = StatementSync.prototype.run;
StatementSync.prototype.run = function (this: StatementSync, ...values: Parameters<typeof run>) {
  if (this.sourceSQL !== 'COMMIT') return run.apply(this, values);
  point();
  const changes = run.apply(this, values);
  point();
  return changes;
} as typeof run;

const request = http.request;
http.request = ((...input: Parameters<typeof request>) => {
  point();
  const made = request(...input);
  made.prependListener('response', point);
  return made;
}) as typeof request;
syncBuiltinESMExports();

if (countFile !== undefined) process.on('exit', () => writeFileSync(countFile, String(count)));

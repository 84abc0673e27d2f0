import fs, { writeFileSync } from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { StatementSync } from 'node:sqlite';
import { Agent } from 'undici';

/**
 * Loaded before the engine (`node --import`), which knows nothing of it: counts each journal write and each sync of the
 * journal, before and after, and each request, before it leaves and when its answer comes, and kills the process, as `kill -9` does, at the
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

// What waits until its entry is durable goes on after this call.
const fdatasync = fs.fdatasync;
fs.fdatasync = ((fd, done) => {
  point();
  fdatasync(fd, (error) => {
    point();
    done(error);
  });
}) as typeof fdatasync;

// Reads and orders go through undici, logins through Node's own client.
const dispatch = Agent.prototype.dispatch;
Agent.prototype.dispatch = function (this: Agent, ...[options, handler]: Parameters<typeof dispatch>) {
  return dispatch.call(this, options, {
    ...handler,
    onRequestStart(...given) {
      point();
      handler.onRequestStart?.(...given);
    },
    onResponseStart(...given) {
      point();
      handler.onResponseStart?.(...given);
    },
  });
} as typeof dispatch;

const request = http.request;
http.request = ((...input: Parameters<typeof request>) => {
  point();
  const made = request(...input);
  made.prependListener('response', point);
  return made;
}) as typeof request;
syncBuiltinESMExports();

if (countFile !== undefined) process.on('exit', () => writeFileSync(countFile, String(count)));

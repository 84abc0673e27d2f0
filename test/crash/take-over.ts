import { parseArgs } from 'node:util';
import { campaign, EVENTS } from './takeover/campaign.ts';

/**
 * Two engines that take over from each other, their wires and their database, by hand: every some seconds something befalls them. Judged
 * at the exchange and in the database (strategy 18.2). It needs PostgreSQL and faketime of Debian.
 *
 *   npx node test/crash/take-over.ts --minutes 60 --every 20 --seed 1
 *   npx node test/crash/take-over.ts --only 'kill,stale copy promoted'
 */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    every: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const names = values.only?.split(/,(?! (?:wire|thawed|late))/).map((name) => name.trim());
const unknown = names?.filter((name) => EVENTS[name] === undefined) ?? [];
if (unknown.length > 0)
  throw new Error(`no such event: ${unknown.join(', ')}; there are ${Object.keys(EVENTS).join(' | ')}`);

const report = await campaign({
  seed: Number(values.seed),
  everyMs: 1_000 * Number(values.every),
  untilMs: Date.now() + 60_000 * Number(values.minutes),
  ...(names === undefined ? {} : { names }),
  say: (line) => console.log(`${new Date().toISOString()} ${line}`),
});
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.problems.length === 0 ? 0 : 1;

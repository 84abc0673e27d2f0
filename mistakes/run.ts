import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { closest } from '../src/settings/wording.ts';
import { MISTAKES, type Mistake } from './list.ts';

/**
 * Plants each mistake and shows the seed, the invariant and the virtual time that caught it: `node mistakes/run.ts [name ...]`.
 * Ends with 1 when one survives.
 */

const USAGE = `Usage: npm run mistakes [-- name ...]

Plants mistakes in the engine, one at a time, and shows what a campaign finds of each. Without names: all of them.
Ends with 0 when each is caught, 1 when one survives, 78 when a name is not known.

`;
/** Strategy 13.2: what was asked for cannot be done. */
const UNUSABLE = 78;

/** Tried one after the other until one catches it. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
/** Enough that most are caught on the first seed, in seconds. */
const USUAL = ['--days', '0.12', '--symbols', '2', '--faults', '0.05', '--no-streams', '--json'];
/** A mistake may also hang the engine: longer than any campaign of that size takes. */
const LIMIT_MS = 1_200_000;

/** How one was caught. */
export interface Caught {
  readonly seed: number;
  readonly by: string;
  readonly at: string;
  /** Simulated milliseconds since the start; null: the engine failed. */
  readonly atMs: number | null;
  readonly what: string;
}

interface Finding {
  readonly atMs: number;
  readonly invariant: string;
  readonly rule: string;
  readonly at: string;
  readonly what: string;
}

/** The options of a campaign with that mistake. */
function optionsOf(mistake: Pick<Mistake, 'options'>, seed: number): readonly string[] {
  return ['--seed', String(seed), ...USUAL, ...(mistake.options ?? [])];
}

/** What a person types to see it happen, at length. */
export function commandFor(mistake: Mistake, caught: Caught): string {
  const options = optionsOf(mistake, caught.seed).filter((option) => option !== '--json');
  return `PLANTED_MISTAKE=${mistake.name} node --import ./mistakes/plant.ts mistakes/simulate.ts ${options.join(' ')} --verbose`;
}

/** The names that are none, in words; null: all are known. */
export function unknownNames(names: readonly string[]): string | null {
  const known = MISTAKES.map((mistake) => mistake.name);
  const wrong = names.filter((name) => !known.includes(name));
  if (wrong.length === 0) return null;
  return wrong.map((name) => `${name}: no such mistake; the nearest is ${closest(name, known)}`).join('\n');
}

/** Runs one campaign with the mistake planted. Null: nothing noticed. */
export function tryMistake(
  mistake: Pick<Mistake, 'name' | 'options'>,
  seed: number,
  more: readonly string[] = [],
): Promise<Caught | null> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const given = [...optionsOf(mistake, seed), ...more];
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--disable-sigusr1', '--import', './mistakes/plant.ts', './mistakes/simulate.ts', ...given],
      {
        cwd: root,
        env: { ...process.env, PLANTED_MISTAKE: mistake.name },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: LIMIT_MS,
      },
    );
    let out = '';
    let complaint = '';
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      complaint += data;
    });
    child.on('error', reject);
    child.on('close', () => {
      let report: { findings: readonly Finding[]; crashes: readonly { error: string }[] };
      try {
        report = JSON.parse(out);
      } catch {
        reject(new Error(`${mistake.name}: the campaign gave no report: ${complaint.slice(0, 500)}`));
        return;
      }
      const [finding] = report.findings;
      const [crash] = report.crashes;
      if (finding !== undefined) {
        resolve({
          seed,
          by: `${finding.invariant} (${finding.rule})`,
          at: finding.at,
          atMs: finding.atMs,
          what: finding.what,
        });
      } else if (crash !== undefined) {
        resolve({ seed, by: 'the engine failed', at: '', atMs: null, what: crash.error.split('\n')[0] ?? '' });
      } else resolve(null);
    });
  });
}

/**
 * Tries the seeds in turn. What counts is what the same campaign does not find in the engine as it is: it is run once more
 * without the mistake, up to the moment of the breach.
 */
export async function catchMistake(mistake: Mistake, seeds: readonly number[] = SEEDS): Promise<Caught | null> {
  for (const seed of seeds) {
    const caught = await tryMistake(mistake, seed);
    if (caught === null) continue;
    const { options } = mistake;
    const until = caught.atMs === null ? [] : ['--until', `${Math.ceil(caught.atMs / 1_000) + 10}s`];
    const falseAlarm = await tryMistake({ name: '', ...(options ? { options } : {}) }, seed, until);
    if (falseAlarm === null) return caught;
    console.log(`without any mistake: seed ${seed}  ${falseAlarm.by}  ${falseAlarm.what}`);
  }
  return null;
}

/** Tries them one after the other, and says of each what became of it. Returns the exit code. */
async function main(names: readonly string[]): Promise<number> {
  if (names.some((name) => name === '--help' || name === '-h')) {
    process.stdout.write(`${USAGE}${MISTAKES.map(({ name, what }) => `  ${name.padEnd(30)} ${what}\n`).join('')}`);
    return 0;
  }
  const unknown = unknownNames(names);
  if (unknown !== null) {
    console.error(unknown);
    return UNUSABLE;
  }
  const chosen = names.length === 0 ? MISTAKES : MISTAKES.filter((mistake) => names.includes(mistake.name));
  let survivors = 0;
  for (const mistake of chosen) {
    const caught = await catchMistake(mistake);
    if (caught === null) {
      survivors += 1;
      console.log(`${mistake.name.padEnd(30)} SURVIVES`);
      continue;
    }
    const { seed, by, at, what } = caught;
    console.log(`${mistake.name.padEnd(30)} seed ${seed}  ${at === '' ? '' : `${at}  `}${by}  ${what}`);
    console.log(`  ${commandFor(mistake, caught)}`);
  }
  console.log(`\n${chosen.length - survivors} of ${chosen.length} caught`);
  return survivors === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

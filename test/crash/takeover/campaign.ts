import { setTimeout as pause } from 'node:timers/promises';
import { type Pair, withPair } from '../../support/lease-pair.ts';
import { startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { POINTS, type Point } from './freeze-hook.ts';
import { Judge } from './judge.ts';
import { type Arrival, Member, untilTrades } from './stage.ts';

/** Events that befall two engines and their database, one after the other, and what came of them. */

const INSTRUMENTS = ['BNB_USDT_Perp', 'SOL_USDT_Perp'];
/** From the holder's silence until the other one has the lease and has read both accounts (strategy 18.2). */
export const TAKE_OVER_MS = 15_000;
/** The same on a machine with much else to do: longer is given up. */
const GIVE_UP_MS = 60_000;
/** A thaw before the lease runs out. */
const SHORT_MS = 4_000;
/** After the other one has taken over, and what a request of before may take to come. */
const LATER_MS = 3_000;
/** A create comes within some seconds, mostly. */
const CREATE_MS = 20_000;
/** The same after a fill, where requests are not read: it comes at once, or waits for an answer. */
const UNREAD_MS = 1_500;
const UNREAD_ATTEMPTS = 8;
const HOUR_MS = 3_600_000;
/** An order of 500 USDT, past zero by the limit of 500 (strategy 6.4), and what rounding and the mark do. */
const NET_MAX_USDT = 1_100;

export interface Outcome {
  readonly event: string;
  /** Until another engine held the lease and had read both accounts; null: none had to, or it did not come to that. */
  readonly tookMs: number | null;
}

export interface Report {
  readonly events: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly takeOvers: number;
  /** More than 15 s. */
  readonly slow: readonly Outcome[];
  readonly arrived: number;
  readonly late: number;
  readonly lateAndLost: number;
  readonly undecided: number;
  readonly netMaxUsdt: number;
  readonly problems: readonly string[];
}

interface World {
  readonly members: readonly Member[];
  readonly judge: Judge;
  readonly random: () => number;
  server: TestPostgres;
  replica: TestPostgres;
}

/** @returns milliseconds until another one had taken over; null: nobody had to */
type Play = (world: World, holder: Member) => Promise<number | null | 'not reached'>;

/** Milliseconds until an engine trades by a lease that it took since then. */
async function taken({ members }: World, sinceMs: number): Promise<number> {
  const found = await untilTrades(members, GIVE_UP_MS, (one) => one.leasedAtMs > sinceMs);
  return Math.max(found.leasedAtMs, found.readAtMs ?? 0) - sinceMs;
}

const kill: Play = async (world, holder) => {
  const began = Date.now();
  await holder.kill();
  const tookMs = await taken(world, began);
  holder.restart();
  return tookMs;
};

const freezeShort: Play = async (_world, holder) => {
  holder.freeze();
  await pause(SHORT_MS);
  holder.thaw();
  return null;
};

const freezeLong: Play = async (world, holder) => {
  const began = Date.now();
  holder.freeze();
  const tookMs = await taken(world, began);
  await pause(LATER_MS);
  holder.thaw();
  return tookMs;
};

/** A holder is cut off from the database: refused, or nothing passes and nothing ends. */
const cutDatabase =
  (how: 'refused' | 'silent'): Play =>
  async (world, holder) => {
    const began = Date.now();
    holder.database.cut(how);
    const tookMs = await taken(world, began);
    await pause(LATER_MS);
    holder.database.cut(null);
    return tookMs;
  };

const cutAll: Play = async (world, holder) => {
  const began = Date.now();
  holder.database.cut('silent');
  holder.exchange.cut('silent');
  const tookMs = await taken(world, began);
  await pause(LATER_MS);
  holder.exchange.cut(null);
  holder.database.cut(null);
  return tookMs;
};

/** It keeps its lease, and cannot trade. */
const cutExchange: Play = async (_world, holder) => {
  holder.exchange.cut('silent');
  await pause(2 * SHORT_MS);
  holder.exchange.cut(null);
  return null;
};

/** Frozen at a point of a create, with an exchange that reads nothing or with one that does, and thawed before or after the take-over. */
const aimed =
  (point: Point, thawed: 'before' | 'after', isCut: boolean): Play =>
  async (world, holder) => {
    const isFrozen = isCut ? await frozenUnread(world, holder, point) : await frozen(world, holder, point);
    try {
      if (!isFrozen) return 'not reached';
      const began = Date.now();
      if (thawed === 'before') {
        await pause(SHORT_MS);
        holder.thaw();
        return null;
      }
      const tookMs = await taken(world, began);
      await pause(LATER_MS);
      holder.thaw();
      return tookMs;
    } finally {
      // What had left comes now.
      holder.exchange.cut(null);
    }
  };

const frozen = ({ judge }: World, holder: Member, point: Point): Promise<boolean> =>
  holder.frozenAt(point, CREATE_MS, () => judge.fillOne());

/** An engine whose requests are unread soon stops creating: they are from the moment of the fill on, and are read between two attempts. */
async function frozenUnread({ judge }: World, holder: Member, point: Point): Promise<boolean> {
  for (let attempt = 0; attempt < UNREAD_ATTEMPTS; attempt += 1) {
    const isFrozen = await holder.frozenAt(point, UNREAD_MS, () => {
      judge.fillOne();
      holder.exchange.cut('deaf');
    });
    if (isFrozen) return true;
    holder.exchange.cut(null);
    await pause(UNREAD_MS);
  }
  return false;
}

const CLOCKS = [null, '+1h', '-1h'] as const;
const clockOf = (random: () => number) => CLOCKS[Math.floor(random() * CLOCKS.length)] ?? null;

const crash: Play = async ({ server, random }) => {
  await server.crash(clockOf(random));
  return null;
};

const restart: Play = async ({ server, random }) => {
  await server.restart(clockOf(random));
  return null;
};

const hang: Play = async ({ server }) => {
  server.signal('SIGSTOP');
  await pause(SHORT_MS);
  server.signal('SIGCONT');
  return null;
};

/** The database is lost, and a copy that had fallen behind takes its place. @returns when that one answers */
async function failOver(world: World, behindMs: number): Promise<number> {
  const { server, replica, members, judge, random } = world;
  await replica.fallBehind();
  await pause(behindMs);
  judge.entriesLost(true);
  await server.end();
  for (const { database } of members) {
    database.lead(replica.port);
    database.cut('refused');
  }
  await replica.promote();
  const clock = clockOf(random);
  if (clock !== null) await replica.restart(clock);
  for (const { database } of members) database.cut(null);
  const answersAtMs = Date.now();
  world.server = replica;
  world.replica = await replica.replica();
  return answersAtMs;
}

const staleCopy: Play = async (world) => {
  return taken(world, await failOver(world, SHORT_MS));
};

/** A create that the promoted copy knows nothing of comes when another engine trades. */
const staleCopyLate: Play = async (world, holder) => {
  await world.replica.fallBehind();
  const isFrozen = await frozen(world, holder, 'between check and bytes');
  const tookMs = await taken(world, await failOver(world, 0));
  if (isFrozen) holder.thaw();
  await pause(LATER_MS);
  return tookMs;
};

/** Somebody sets an engine's clock. */
const setClock: Play = async ({ members, random }) => {
  const one = members[Math.floor(random() * members.length)];
  one?.tell({ clockOffMs: (Math.floor(random() * 3) - 1) * HOUR_MS });
  return null;
};

export const EVENTS: Readonly<Record<string, Play>> = {
  kill,
  'freeze of 4 s': freezeShort,
  'freeze until after the take-over': freezeLong,
  'database cut off': cutDatabase('refused'),
  'database silent': cutDatabase('silent'),
  'all wires silent': cutAll,
  'exchange silent for 8 s': cutExchange,
  ...Object.fromEntries(
    POINTS.flatMap((point) =>
      (['before', 'after'] as const).flatMap((thawed) =>
        (point === 'full send buffer' ? [true] : [false, true]).map((isCut) => [
          `${point}${isCut ? ', wire silent' : ''}, thawed ${thawed}`,
          aimed(point, thawed, isCut),
        ]),
      ),
    ),
  ),
  'database crash': crash,
  'database restart': restart,
  'database hangs for 4 s': hang,
  'stale copy promoted': staleCopy,
  'stale copy promoted, late create': staleCopyLate,
  'clock set': setClock,
};

/** @param names the events, in this order; absent: by the seed until the time is over */
export async function campaign(options: {
  readonly seed: number;
  readonly everyMs: number;
  readonly untilMs?: number;
  readonly names?: readonly string[];
  readonly say: (line: string) => void;
}): Promise<Report> {
  const random = generator(options.seed);
  const server = await startPostgres(['wal_keep_size=256MB']);
  const counts = new Map<string, number>();
  const outcomes: Outcome[] = [];
  let report: Report | null = null;
  try {
    await withPair(
      server,
      async (pair) => {
        const replica = await server.replica();
        const world = await open(pair, { server, replica, random });
        const { members, judge } = world;
        try {
          await untilTrades(members, GIVE_UP_MS);
          for (const event of eventsOf(options, random)) {
            const began = Date.now();
            const holder = await untilTrades(members, GIVE_UP_MS);
            counts.set(event, (counts.get(event) ?? 0) + 1);
            const came = (await EVENTS[event]?.(world, holder)) ?? null;
            const tookMs = came === 'not reached' ? null : came;
            if (came === 'not reached') counts.set(came, (counts.get(came) ?? 0) + 1);
            outcomes.push({ event, tookMs });
            for (const one of members) supervise(one, judge);
            await untilTrades(members, GIVE_UP_MS);
            const known = judge.problems.length;
            await judge.agrees(event);
            judge.entriesLost(false);
            const found = judge.problems.slice(known);
            const how =
              came === 'not reached' ? ', not reached' : tookMs === null ? '' : `, taken over after ${tookMs} ms`;
            options.say(`${event}${how}${found.length > 0 ? `: ${found.join('; ')}` : ''}`);
            await pause(Math.max(0, options.everyMs - (Date.now() - began)));
          }
          await endInOrder(members, judge);
        } finally {
          for (const one of members) {
            one.exchange.close();
            one.database.close();
          }
        }
        const took = outcomes.flatMap((one) => (one.tookMs === null ? [] : [{ ...one, tookMs: one.tookMs }]));
        report = {
          events: Object.fromEntries(counts),
          slowestMs: Math.max(0, ...took.map((one) => one.tookMs)),
          takeOvers: took.length,
          slow: took.filter((one) => one.tookMs > TAKE_OVER_MS),
          ...{ arrived: judge.arrived, late: judge.late, lateAndLost: judge.lateAndLost, undecided: judge.undecided },
          netMaxUsdt: Math.round(judge.netMax),
          problems: [
            ...judge.problems,
            ...members.flatMap((one) => one.problems.map((line) => `${one.name}: ${line}`)),
          ],
        };
        await world.replica.end();
        await world.server.end();
      },
      INSTRUMENTS,
    );
  } finally {
    server.stop();
  }
  if (report === null) throw new Error('no report');
  return report;
}

async function open(
  pair: Pair,
  { server, replica, random }: { server: TestPostgres; replica: TestPostgres; random: () => number },
): Promise<World> {
  const world: { value: World | null } = { value: null };
  const name = new URL(pair.url).pathname.slice(1);
  const judge = new Judge(pair, INSTRUMENTS, NET_MAX_USDT, () => (world.value?.server ?? server).url(name));
  const onCreate = (one: Arrival) => void judge.arrives(one);
  const members = await Promise.all(['one', 'two'].map((each) => Member.begin(pair, each, server, onCreate)));
  world.value = { members, judge, random, server, replica };
  return world.value;
}

/** A process that ended is started again; what it ended with is a problem, unless it was killed. */
function supervise(one: Member, judge: Judge): void {
  if (one.lives) return;
  judge.problems.push(`${one.name} ended with ${one.run.child.exitCode}\n${one.run.screen().slice(-2_000)}`);
  one.restart();
}

async function endInOrder(members: readonly Member[], judge: Judge): Promise<void> {
  const last = await untilTrades(members, GIVE_UP_MS);
  for (const one of members) if (one !== last) await one.kill();
  last.run.child.kill('SIGINT');
  const code = await last.run.exit;
  if (code !== 0) judge.problems.push(`the last one stopped with ${code}\n${last.run.screen().slice(-3_000)}`);
  await judge.atTheEnd();
}

function* eventsOf(
  { untilMs, names }: { readonly untilMs?: number; readonly names?: readonly string[] },
  random: () => number,
): Generator<string> {
  if (names !== undefined) return yield* names;
  const all = Object.keys(EVENTS);
  // All of them in an order of the seed's, again and again: none is left out.
  for (let round: string[] = []; Date.now() < (untilMs ?? 0); ) {
    if (round.length === 0)
      round = all
        .map((name) => [random(), name] as const)
        .sort(([one], [other]) => one - other)
        .map(([, name]) => name);
    yield round.pop() as string;
  }
}

/** A small generator with a seed: what happens is the same again, as far as processes allow. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { codeName } from './code.ts';
import { pack } from './pack.ts';
import {
  BATCH_AT_MOST_S,
  BATCHES,
  type Batch,
  coordinatorOf,
  HEARTBEAT_S,
  LOST_AT_MOST,
  openQueue,
  QueueError,
  RUN_AT_MOST_S,
  type RunQueue,
  runsOf,
  type Said,
  saidOf,
  workerOf,
} from './queue.ts';
import type { Progress, RunsOptions } from './task.ts';

/** Runs queued at a time. */
const PUT_AT_ONCE = 500;
/** Results fetched at a time. */
const TAKEN_AT_ONCE = 20;
const CHECK_EVERY_MS = 500;
/** A result whose delivery failed is read again after this time. */
const READ_AGAIN_S = 60;
/** A batch whose coordinator has been silent this long is deleted by the next one. */
const FORSAKEN_MS = 3_600_000;

/**
 * Makes runs over a queue (strategy 18.4). When `signal` is aborted, waiting runs are removed and workers give up
 * theirs.
 * @returns false if the database stopped answering: results so far were delivered @throws QueueError if it cannot begin
 */
export async function runInQueue(
  address: string,
  { kind, market }: Pick<Batch, 'kind' | 'market'>,
  options: RunsOptions & { readonly say: (text: string) => void },
): Promise<boolean> {
  const { count, taskOf, signal, say } = options;
  const id = randomBytes(6).toString('hex');
  const batch: Batch = { id, kind, host: hostname(), code: codeName(), market };
  const queue = await openQueue(address, coordinatorOf(id), true, say);
  const { boss, ask } = queue;
  const [runs, said] = [runsOf(id), saidOf(id)];
  const ended = new Set<number>();
  const running = new Map<number, Progress>();
  try {
    await ask(() => deleteForsaken(queue));
    const kept = { retentionSeconds: BATCH_AT_MOST_S };
    await ask(() => boss.createQueue(said, { ...kept, expireInSeconds: READ_AGAIN_S, retryLimit: 1_000 }));
    await ask(() =>
      boss.createQueue(runs, {
        ...kept,
        ...{
          heartbeatSeconds: HEARTBEAT_S,
          expireInSeconds: RUN_AT_MOST_S,
          retryLimit: LOST_AT_MOST,
          deadLetter: said,
        },
      }),
    );
    for (let from = 0; from < count && !signal.aborted; from += PUT_AT_ONCE) {
      const jobs = Array.from({ length: Math.min(PUT_AT_ONCE, count - from) }, (_, index) => ({
        id: randomUUID(),
        data: { run: from + index, task: pack(taskOf(from + index)) },
      }));
      await ask(() => boss.insert(runs, jobs));
    }
    const about = randomUUID();
    await ask(() => boss.send(BATCHES, batch, { id: about }));
    say(`Batch ${id} waits in ${queue.shown} for workers of ${batch.code}; Ctrl+C takes it out.`);
    const reported = new Set<string>();
    while (ended.size < count) {
      const jobs = await ask(() => boss.fetch<Said>(said, { batchSize: TAKEN_AT_ONCE }));
      for (const { data } of jobs) {
        if ('refused' in data) say(data.refused);
        else if (ended.has(data.run)) continue;
        else if ('progress' in data) running.set(data.run, data.progress);
        else {
          ended.add(data.run);
          running.delete(data.run);
          take(data);
        }
      }
      if (jobs.length > 0)
        await ask(() =>
          boss.deleteJob(
            said,
            jobs.map((job) => job.id),
          ),
        );
      options.onStanding({
        running: [...running.values()],
        workers: await ask(() => liveWorkers(queue, batch.code, reported, say)),
      });
      if (jobs.length > 0) continue;
      if (signal.aborted) break;
      // Rejects early when the signal is aborted, which the next turn sees.
      await setTimeout(CHECK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
    return true;
  } catch (thrown) {
    if (!(thrown instanceof QueueError) || ended.size === 0) throw thrown;
    say(`${thrown.message}: the partial result follows`);
    return false;
  } finally {
    await takeOut(queue, id);
  }

  function take(data: Exclude<Said, { readonly refused: string } | { readonly progress: Progress }>): void {
    if ('result' in data) options.onResult(data.run, data.result);
    else if ('failure' in data) options.onFailed(data.run, data.failure, data.atMs);
    else options.onFailed(data.run, `its worker was lost ${LOST_AT_MOST + 1} times`, null);
  }
}

/** The number of live workers; those of another version are named once each. */
async function liveWorkers(
  { boss }: RunQueue,
  code: string,
  reported: Set<string>,
  say: (text: string) => void,
): Promise<number> {
  const workers = (await boss.getInstances()).filter(({ live, name }) => live && name?.startsWith(workerOf('')));
  const [fit, unfit] = [
    workers.filter(({ name }) => name === workerOf(code)),
    workers.filter(({ name }) => name !== workerOf(code)),
  ];
  for (const { id, host, name } of unfit) {
    if (reported.has(id)) continue;
    reported.add(id);
    say(
      `The worker on ${host} is of ${name?.slice(workerOf('').length)}, and this is ${code}: it gets none of these runs.`,
    );
  }
  return fit.length;
}

async function deleteBatch({ boss }: RunQueue, id: string): Promise<void> {
  const jobs = await boss.findJobs<Batch>(BATCHES, { data: { id } });
  if (jobs.length > 0)
    await boss.deleteJob(
      BATCHES,
      jobs.map((job) => job.id),
    );
  await boss.deleteQueue(runsOf(id));
  await boss.deleteQueue(saidOf(id));
}

/** What a killed coordinator left. Workers take none of it, since they check whether it is alive. */
async function deleteForsaken(queue: RunQueue): Promise<void> {
  const instances = await queue.boss.getInstances();
  for (const { data, createdOn } of await queue.boss.findJobs<Batch>(BATCHES)) {
    const lastBeatAt = instances.find(({ name }) => name === coordinatorOf(data.id))?.heartbeatOn ?? createdOn;
    if (Date.now() - lastBeatAt.getTime() > FORSAKEN_MS) await deleteBatch(queue, data.id);
  }
}

/** What cannot be deleted now is deleted by the next coordinator. */
async function takeOut(queue: RunQueue, id: string): Promise<void> {
  await deleteBatch(queue, id).catch(() => {});
  await queue.close();
}

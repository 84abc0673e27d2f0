import { hostname } from 'node:os';
import type { JobWithMetadata } from 'pg-boss';
import { differencesOf } from '../market/checksums.ts';
import { codeName } from './code.ts';
import { pack, unpack } from './pack.ts';
import { RunProcess } from './process.ts';
import {
  BATCHES,
  type Batch,
  BEAT_EVERY_MS,
  coordinatorOf,
  isGone,
  openQueue,
  QueueError,
  type RunQueue,
  runsOf,
  type Said,
  saidOf,
  type Waiting,
  workerOf,
} from './queue.ts';
import type { Progress, Task } from './task.ts';

/** Interval of polling for a run, ms. */
const POLL_EVERY_MS = 1_000;
/** Files named of a differing market. */
const NAMED_AT_MOST = 3;
/** Its coordinator removed it, or another worker has it after this one was silent. */
const NOT_WANTED = 'is not wanted any more.';

export interface WorkerOptions {
  /** Simultaneous runs. */
  readonly slots: number;
  /** This machine's copy of stored markets. */
  readonly market: string;
  /** Aborted: takes no new runs and finishes the present ones. */
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Takes runs from a queue until it is stopped (strategy 18.4). @throws QueueError */
export async function workForQueue(address: string, options: WorkerOptions): Promise<void> {
  const code = codeName();
  const queue = await openQueue(address, workerOf(code), false, options.say);
  options.say(
    `Worker of ${code}: ${options.slots} runs at a time from ${queue.shown}; Ctrl+C ends it after those it is at.`,
  );
  try {
    await new Worker(queue, code, options).work();
  } finally {
    await queue.close();
  }
}

class Worker {
  readonly #queue: RunQueue;
  readonly #code: string;
  readonly #options: WorkerOptions;
  /** Idle processes. */
  readonly #idle: RunProcess[] = [];
  readonly #at = new Set<Promise<void>>();
  /** Batches already checked, and whether they may be worked for. */
  readonly #known = new Map<string, boolean>();
  #failed: unknown = null;
  /** Ends the present pause. */
  #wake: () => void = () => {};

  constructor(queue: RunQueue, code: string, options: WorkerOptions) {
    this.#queue = queue;
    this.#code = code;
    this.#options = options;
  }

  async work(): Promise<void> {
    const { slots, signal } = this.#options;
    while (!signal.aborted && this.#failed === null) {
      try {
        if (this.#at.size < slots && (await this.#take())) continue;
        await this.#pause();
      } catch (thrown) {
        this.#failed = thrown;
      }
    }
    await Promise.all(this.#at);
    for (const process of this.#idle) process.close();
    if (this.#failed !== null) throw this.#failed;
  }

  /** Starts the first waiting run. @returns whether there was one */
  async #take(): Promise<boolean> {
    const { boss, ask } = this.#queue;
    const batches = await ask(() => boss.findJobs<Batch>(BATCHES));
    if (batches.length === 0) return false;
    const alive = new Set((await ask(() => boss.getInstances())).flatMap(({ live, name }) => (live ? [name] : [])));
    for (const { data: batch } of batches) {
      try {
        if (alive.has(coordinatorOf(batch.id)) && (await this.#takeOf(batch))) return true;
      } catch (thrown) {
        if (!isGone(thrown)) throw thrown;
      }
    }
    return false;
  }

  async #takeOf(batch: Batch): Promise<boolean> {
    const { boss, ask } = this.#queue;
    if (!(await this.#mayWorkFor(batch))) return false;
    const [job] = await ask(() => boss.fetch<Waiting>(runsOf(batch.id), { includeMetadata: true }));
    if (job === undefined) return false;
    if (codeName() !== this.#code) {
      await ask(() => boss.fail(runsOf(batch.id), job));
      throw new QueueError('The files of the program changed since this worker began: start it again');
    }
    const run: Promise<void> = this.#run(batch, job)
      .catch((thrown: unknown) => {
        this.#failed ??= thrown;
      })
      .finally(() => {
        this.#at.delete(run);
        this.#wake();
      });
    this.#at.add(run);
    return true;
  }

  /** Checked once. Obstacles are reported here and to the coordinator. */
  async #mayWorkFor(batch: Batch): Promise<boolean> {
    const known = this.#known.get(batch.id);
    if (known !== undefined) return known;
    const { boss, ask } = this.#queue;
    const why = this.#against(batch);
    this.#known.set(batch.id, why === null);
    if (why !== null) {
      this.#options.say(`Batch ${batch.id} of ${batch.host}: ${why}. It gets none of its runs.`);
      const refused: Said = { refused: `The worker on ${hostname()}: ${why}. It gets none of these runs.` };
      if (batch.code === this.#code) await ask(() => boss.send(saidOf(batch.id), refused));
    }
    return why === null;
  }

  /** Why its results would differ; null: they would not. */
  #against({ code, market }: Batch): string | null {
    if (code !== this.#code) return `it is of ${code}, and this worker of ${this.#code}`;
    if (market === null) return null;
    const wrong = differencesOf(this.#options.market, market.symbols, market.range, market.files);
    if (wrong.length === 0) return null;
    const more = wrong.length > NAMED_AT_MOST ? `, and ${wrong.length - NAMED_AT_MOST} more` : '';
    return `${wrong.slice(0, NAMED_AT_MOST).join(', ')}${more}: expected the files that the coordinator has`;
  }

  async #run(batch: Batch, job: JobWithMetadata<Waiting>): Promise<void> {
    const { boss, ask } = this.#queue;
    const [runs, attempt] = [runsOf(batch.id), { id: job.id, retryCount: job.retryCount }];
    const began = performance.now();
    const name = `Run ${job.data.run + 1} of batch ${batch.id}`;
    const process = this.#idle.pop() ?? new RunProcess();
    const { run } = job.data;
    let progress: Progress | null = null;
    // Not answered: the next one may be.
    const orLater = () => {};
    const beat = setInterval(() => {
      boss.touch(runs, attempt).then((answer) => {
        if ((answer as { readonly affected?: number }).affected === 0) process.kill();
      }, orLater);
      if (progress !== null) boss.send(saidOf(batch.id), { run, progress } satisfies Said).catch(orLater);
      progress = null;
    }, BEAT_EVERY_MS);
    try {
      const ended = await process.run(this.#placed(job.data.task), (now) => {
        progress = now;
      });
      if ('killed' in ended) return this.#options.say(`${name} ${NOT_WANTED}`);
      const said: Said =
        'result' in ended ? { run, result: ended.result } : { run, failure: ended.failure, atMs: ended.atMs };
      // Inserting the same id twice has no effect: a worker may die between these two.
      await ask(() => boss.insert(saidOf(batch.id), [{ id: job.id, data: said }]));
      await ask(() => boss.complete(runs, attempt));
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      this.#options.say('result' in ended ? `${name}: ${seconds} s.` : `${name} failed: ${ended.failure}`);
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      this.#options.say(`${name} ${NOT_WANTED}`);
    } finally {
      clearInterval(beat);
      this.#idle.push(process);
    }
  }

  /** With the stored market's place on this machine. */
  #placed(text: string): string {
    const task = unpack<Task>(text);
    if (task.kind === 'campaign') return text;
    return pack({ ...task, question: { ...task.question, directory: this.#options.market } });
  }

  /** Until the next poll, the end of a run, or the end of the worker. */
  #pause(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const over = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', over);
        resolve();
      };
      const timer = setTimeout(over, POLL_EVERY_MS);
      signal.addEventListener('abort', over);
      this.#wake = over;
    });
  }
}

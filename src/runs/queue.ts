import { hostname } from 'node:os';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { shownDatabase } from '../core/database-address.ts';
import { errorText } from '../core/error-text.ts';
import type { FileSum } from '../market/checksums.ts';
import type { Range } from '../market/store.ts';
import type { Progress } from './task.ts';

/**
 * The queue that distributes campaigns and backtests (strategy 18.4), kept by pg-boss in its own schema. A batch is one
 * coordinator's request: a row in {@link BATCHES} describes it, its runs wait in one queue, their results in another.
 */

const SCHEMA = 'grvt_hedge_queue';
/** Batches in progress: read by everybody, taken by nobody. */
export const BATCHES = 'batches';

/** A worker silent for this long has lost its run. */
export const HEARTBEAT_S = 15;
/** How often a worker reports that its run continues, and how far it is. */
export const BEAT_EVERY_MS = 5_000;
/** How often the coordinator looks for lost runs: they wait again {@link HEARTBEAT_S} and up to twice this after the last beat. */
export const LOST_CHECK_EVERY_S = 3;
/** A run whose worker was lost so often is given up: it may be the cause. */
export const LOST_AT_MOST = 3;
/** pg-boss's limit for one run. */
export const RUN_AT_MOST_S = 86_400;
/** Limit for a batch; its rest is deleted then. */
export const BATCH_AT_MOST_S = 365 * 86_400;
/** How often coordinators and workers report; after three missed reports they count as gone. */
const ALIVE_EVERY_S = 5;
/** How long an unresponsive database is retried. */
const PATIENCE_MS = 300_000;
const RETRY_MS = 1_000;
/** No statement takes longer. */
const STATEMENT_MS = 15_000;
const CONNECT_MS = 5_000;

/** The database or a request is unusable: one line. */
export class QueueError extends Error {}

/** The connection failed, not the statement. */
class Unreachable extends Error {}

/** A batch, for workers. */
export interface Batch {
  readonly id: string;
  readonly kind: 'campaign' | 'backtest';
  /** Host of its coordinator. */
  readonly host: string;
  /** Of the coordinator; see `codeName`. */
  readonly code: string;
  /** The stored market to play; null: none. */
  readonly market: {
    readonly symbols: readonly string[];
    readonly range: Range;
    readonly files: readonly FileSum[];
  } | null;
}

/** A waiting run: `task` packed. */
export interface Waiting {
  readonly run: number;
  readonly task: string;
}

/** A worker's message to a coordinator. A run without a result was lost with its workers. */
export type Said =
  | { readonly run: number; readonly result: string }
  | { readonly run: number; readonly failure: string; readonly atMs: number }
  | { readonly run: number; readonly progress: Progress }
  | { readonly refused: string }
  | Waiting;

export const runsOf = (batch: string): string => `runs/${batch}`;
export const saidOf = (batch: string): string => `said/${batch}`;
/** Names of coordinators and workers. */
export const coordinatorOf = (batch: string): string => `coordinator ${batch}`;
export const workerOf = (code: string): string => `worker ${code}`;

export interface RunQueue {
  readonly boss: PgBoss;
  /** The database without its password. */
  readonly shown: string;
  /** Executes a request, retried for some minutes while the database does not answer. @throws QueueError */
  ask<T>(what: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** @param supervise looks for lost runs @throws QueueError if the database is unusable */
export async function openQueue(
  address: string,
  name: string,
  supervise: boolean,
  say: (text: string) => void,
): Promise<RunQueue> {
  const shown = shownDatabase(address);
  const pool = new pg.Pool({
    ...{ connectionString: address, application_name: `grvt-hedge queue ${hostname()}`, max: 4, keepAlive: true },
    ...{ connectionTimeoutMillis: CONNECT_MS, statement_timeout: STATEMENT_MS, query_timeout: STATEMENT_MS + 500 },
  });
  // An idle connection that ends is replaced by the next statement.
  pool.on('error', () => {});
  const executeSql = async (text: string, values?: unknown[]): Promise<{ rows: unknown[] }> => {
    try {
      return await pool.query(text, values);
    } catch (thrown) {
      throw isOfTheConnection(thrown) ? new Unreachable(errorOf(thrown)) : thrown;
    }
  };
  const boss = new PgBoss({
    ...{ db: { executeSql }, schema: SCHEMA, schedule: false, supervise, reindex: false, monitorVacuum: false },
    ...{ superviseIntervalSeconds: LOST_CHECK_EVERY_S, monitorIntervalSeconds: LOST_CHECK_EVERY_S },
    ...{ instanceName: name, instanceHeartbeatSeconds: ALIVE_EVERY_S, openTelemetry: { enabled: false } },
  });
  // Its own work is retried; requests report their own failures.
  boss.on('error', () => {});
  const close = async (): Promise<void> => {
    await boss.stop({ graceful: false }).catch(() => {});
    await pool.end();
  };
  const refused = (thrown: unknown): QueueError =>
    new QueueError(`The queue in ${shown}: ${errorOf(thrown)}`, { cause: thrown });
  try {
    await boss.start();
    await boss.createQueue(BATCHES, { retentionSeconds: BATCH_AT_MOST_S });
  } catch (thrown) {
    await close();
    throw refused(thrown);
  }
  const ask = async <T>(what: () => Promise<T>): Promise<T> => {
    let since: number | null = null;
    for (;;) {
      try {
        return await what();
      } catch (thrown) {
        if (!(thrown instanceof Unreachable)) throw refused(thrown);
        since ??= performance.now();
        if (performance.now() - since > PATIENCE_MS) throw refused(thrown);
        if (performance.now() - since < RETRY_MS) say(`${refused(thrown).message}; it is asked again`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  };
  return { boss, shown, ask, close };
}

/** Whether a batch was removed meanwhile. */
export function isGone(thrown: unknown): boolean {
  const { cause } = thrown as { readonly cause?: { readonly code?: unknown } };
  return thrown instanceof QueueError && cause?.code === 'PGBOSS_QUEUE_NOT_FOUND';
}

/** Server classes 08, 53, 57: no connection, no room, shutting down; or the driver's own words. */
function isOfTheConnection(thrown: unknown): boolean {
  return !(thrown instanceof pg.DatabaseError) || /^(08|53|57)/.test(thrown.code ?? '');
}

function errorOf(thrown: unknown): string {
  // All addresses of a host failed: each has its own error.
  return errorText(thrown instanceof AggregateError ? thrown.errors[0] : thrown);
}

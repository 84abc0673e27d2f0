import pg from 'pg';
import { shownDatabase } from '../../core/database-address.ts';
import { errorText } from '../../core/error-text.ts';
import type { JournalWork } from '../../core/journal-reasons.ts';
import { type Reason, reason } from '../../core/reasons.ts';
import { JournalError, workFailed } from '../errors.ts';
import { clientConfig } from './address.ts';

/** Which server, and how often a standby of it was promoted, which reveals a copy that was behind (strategy 18.1). */
export interface ServerIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
}

/** A direct connection to a server that keeps what it committed. */
export interface Connection {
  readonly client: pg.Client;
  readonly identity: ServerIdentity;
}

const INT8 = 20;

/** Results of the checks; text if the server may add values. */
interface ServerState {
  readonly pid: number;
  readonly is_standby: boolean;
  readonly is_read_only: boolean;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly version: number;
  readonly encoding: string;
  readonly system_identifier: string;
  readonly timeline: number | null;
}

const STATE = `
  SELECT pg_backend_pid() AS pid,
         pg_is_in_recovery() AS is_standby,
         current_setting('transaction_read_only') = 'on' AS is_read_only,
         current_setting('fsync') AS fsync,
         current_setting('full_page_writes') AS full_page_writes,
         current_setting('synchronous_commit') AS synchronous_commit,
         current_setting('server_version_num')::int AS version,
         current_setting('server_encoding') AS encoding,
         (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
         CASE WHEN pg_is_in_recovery() THEN NULL
              ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline`;

/** The oldest supported release. */
const OLDEST_VERSION = 15;

/**
 * Connects and, for writers, checks that the server keeps what it commits; repeated at every reconnect (strategy 18.1).
 * @param address of isDatabaseUrl @param application shown in the server's list of sessions @throws JournalError which
 * names the server, never the password
 */
export async function connectDatabase(
  address: string,
  application: string,
  use: 'writing' | 'reading',
): Promise<Connection> {
  const name = shownDatabase(address);
  const client = new pg.Client({ ...clientConfig(address, application), types: typesOf() });
  // The next statement notices a lost connection; without a listener the event would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<ServerState>(STATE);
    const state = rows[0];
    if (state === undefined) throw new JournalError('unreachable', name, reason('database-silent', '18.1'));
    refuseUnsafe(state, processIdOf(client), name, use);
    const identity = { systemIdentifier: state.system_identifier, timeline: state.timeline ?? 0 };
    return { client, identity };
  } catch (thrown) {
    giveUp(client);
    throw databaseError(thrown, name, 'connecting');
  }
}

/** Closes a connection at once, whatever it waits for; its statements fail. */
export function giveUp(client: pg.Client): void {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: { destroy(): void } } })
    .connection;
  stream.destroy();
}

/** Converts what the driver threw into a JournalError; `path` is the other file. */
export function databaseError(thrown: unknown, name: string, work: JournalWork, path?: string): JournalError {
  if (thrown instanceof JournalError) return thrown;
  // All addresses of a host failed, each with its own error.
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  return new JournalError('unreachable', name, workFailed(work, errorText(first), path), thrown);
}

/** The server's five-character SQLSTATE; null: none. */
export function sqlStateOf(thrown: unknown): string | null {
  return thrown instanceof pg.DatabaseError ? (thrown.code ?? null) : null;
}

/** Places and numbers stay below 2^53. */
function typesOf(): pg.CustomTypesConfig {
  const getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'];
  return { getTypeParser };
}

/** The server process that answers, as stated at connection time. */
function processIdOf(client: pg.Client): number | null {
  return (client as unknown as { readonly processID: number | null }).processID;
}

function refuseUnsafe(state: ServerState, processId: number | null, name: string, use: 'writing' | 'reading'): void {
  const refuse = (what: Reason): never => {
    throw new JournalError('unsafe-server', name, what);
  };
  const version = Math.floor(state.version / 10_000);
  if (version < OLDEST_VERSION) {
    refuse(reason('database-too-old', '18.1', { version, oldest: OLDEST_VERSION }));
  }
  if (state.encoding !== 'UTF8') refuse(reason('database-encoding', '18.1', { encoding: state.encoding }));
  if (use === 'reading') return;
  // A pooler has a process of its own and may use another session for each transaction.
  if (state.pid !== processId) refuse(reason('database-pooled', '18.1'));
  // It may be promoted any moment, so that a standby engine keeps asking.
  if (state.is_standby) throw new JournalError('unreachable', name, reason('database-standby', '18.1'));
  if (state.is_read_only) refuse(reason('database-read-only', '18.1'));
  const unsafe = (name: 'fsync' | 'full_page_writes' | 'synchronous_commit', risk: 'lost' | 'damaged') =>
    refuse(reason('database-setting-unsafe', '18.1', { name, value: state[name], risk }));
  if (state.fsync !== 'on') unsafe('fsync', 'lost');
  if (state.full_page_writes !== 'on') unsafe('full_page_writes', 'damaged');
  if (['off', 'local'].includes(state.synchronous_commit)) unsafe('synchronous_commit', 'lost');
}

import type { Client } from 'pg';
import { shownDatabase } from '../../core/database-address.ts';
import { reason } from '../../core/reasons.ts';
import { JournalError } from '../errors.ts';
import type { OpenJournalOptions } from '../sqlite.ts';
import { connectDatabase, databaseError, type ServerIdentity } from './connection.ts';
import { catchUp, journalOfMirror, type MirrorOptions, openMirrorFile, removeMirror } from './mirror.ts';
import { requireSchema } from './schema.ts';

/** Reads a journal in a database for commands, beside or without the engine that writes it (strategy 18.1). */

/** One pair; times by the database's clock. */
export interface PairState {
  readonly id: number;
  readonly name: string;
  readonly epoch: number;
  /** Machine and process; null: nobody holds the lease. */
  readonly holder: string | null;
  readonly leaseLeftMs: number;
  readonly lastSeq: number;
  readonly isBehind: boolean;
  /** Address of its engine's page; null: none. */
  readonly page: string | null;
}

export interface DatabaseState {
  /** The address without its password. */
  readonly name: string;
  readonly version: string;
  readonly synchronousCommit: string;
  /** null: this pair has no journal in it yet. */
  readonly pair: PairState | null;
}

const APPLICATION = 'grvt-hedge read';

const PAIRS = `
  SELECT id, name, epoch, is_behind, page_url,
         CASE WHEN held_until > clock_timestamp() THEN holder END AS holder,
         greatest(0, (1000 * extract(epoch FROM held_until - clock_timestamp()))::double precision) AS left_ms,
         greatest(removed_seq, (SELECT coalesce(max(seq), 0) FROM grvt_hedge.entries WHERE pair = pairs.id)) AS last_seq
  FROM grvt_hedge.pairs`;

/** A connection that only reads. */
export interface Reader {
  readonly client: Client;
  readonly identity: ServerIdentity;
  /** The address without its password. */
  readonly name: string;
  readonly address: string;
}

/** Reads over one connection. @throws JournalError; also if the connection ended meanwhile, whatever `work` made of it */
export async function withReader<T>(address: string, work: (reader: Reader) => Promise<T>): Promise<T> {
  const name = shownDatabase(address);
  const { client, identity } = await connectDatabase(address, APPLICATION, 'reading');
  let ended: Error | null = null;
  client.on('error', (error) => {
    ended = error;
  });
  try {
    const found = await work({ client, identity, name, address });
    if (ended !== null) throw ended;
    return found;
  } catch (thrown) {
    throw ended === null ? thrown : databaseError(ended, name, 'reading');
  } finally {
    await client.end().catch(() => {});
  }
}

/** Every pair of a database, by name. @throws JournalError */
export async function listPairs({ client, name }: Reader): Promise<PairState[]> {
  try {
    if (!(await isOurs(client))) return [];
    await requireSchema(client, name);
    return (await client.query(`${PAIRS} ORDER BY name`)).rows.map(pairOf);
  } catch (thrown) {
    throw databaseError(thrown, name, 'reading');
  }
}

/** Whether our tables exist there. */
async function isOurs(client: Client): Promise<boolean> {
  const { rows } = await client.query("SELECT to_regclass('grvt_hedge.pairs') IS NOT NULL AS is_ours");
  return rows[0]?.is_ours === true;
}

/** One pair; null: it has no journal there. The schema must exist. */
export async function findPair(client: Client, pairName: string): Promise<PairState | null> {
  const { rows } = await client.query(`${PAIRS} WHERE name = $1`, [pairName]);
  return rows[0] === undefined ? null : pairOf(rows[0]);
}

function pairOf(row: Record<string, unknown>): PairState {
  return {
    id: Number(row.id),
    name: String(row.name),
    epoch: Number(row.epoch),
    holder: row.holder === null ? null : String(row.holder),
    leaseLeftMs: Number(row.left_ms ?? 0),
    lastSeq: Number(row.last_seq),
    isBehind: row.is_behind === true,
    page: row.page_url === null ? null : String(row.page_url),
  };
}

/** The server's identity. @throws JournalError */
export async function serverOf(address: string): Promise<ServerIdentity> {
  return withReader(address, async ({ identity }) => identity);
}

/** Checks a database as a start would, without changing anything. @throws JournalError */
export async function inspectDatabase(address: string, pairName: string): Promise<DatabaseState> {
  const name = shownDatabase(address);
  const { client } = await connectDatabase(address, APPLICATION, 'writing');
  try {
    const { rows } = await client.query(
      "SELECT current_setting('server_version') AS version, current_setting('synchronous_commit') AS synchronous_commit",
    );
    const { version, synchronous_commit: synchronousCommit } = rows[0] ?? {};
    const hasSchema = await isOurs(client);
    if (hasSchema) await requireSchema(client, name);
    const pair = hasSchema ? await findPair(client, pairName) : null;
    return { name, version: String(version), synchronousCommit: String(synchronousCommit), pair };
  } catch (thrown) {
    throw databaseError(thrown, name, 'reading');
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Updates the local copy of a pair's journal, for commands while no engine keeps one.
 * @param options the copy's directory and name @returns false: the database has no journal of that pair @throws
 * JournalError
 */
export async function refreshCopy(
  { client, identity, name, address }: Reader,
  pairName: string,
  options: OpenJournalOptions & { readonly fileName: string },
): Promise<boolean> {
  try {
    const pair = (await isOurs(client)) ? await findPair(client, pairName) : null;
    if (pair === null) return false;
    await requireSchema(client, name);
    const mirrored: MirrorOptions = {
      ...options,
      of: `${identity.systemIdentifier} ${new URL(address).pathname} ${pair.id}`,
    };
    let mirror = openMirrorFile(mirrored);
    for (const isLastTry of [false, true]) {
      const journal = journalOfMirror(mirror, mirrored, () => null);
      try {
        // The database was replaced by an older copy.
        const isBeyond = journal.lastSeq > pair.lastSeq;
        const agreed = isBeyond ? null : await catchUp(journal, client, pair.id, mirror.durableSeq);
        if (agreed !== null) {
          mirror.mark.write(journal.lastSeq, true);
          return true;
        }
        if (isLastTry) throw new JournalError('damaged', mirror.file, reason('database-differs', '18.1'));
      } finally {
        journal.close();
      }
      // It holds entries the database never had, or no longer has.
      removeMirror(mirror.file);
      mirror = openMirrorFile(mirrored);
    }
    return false;
  } catch (thrown) {
    throw databaseError(thrown, name, 'reading');
  }
}

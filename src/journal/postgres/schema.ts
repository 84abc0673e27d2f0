import type { Client } from 'pg';
import { reason } from '../../core/reasons.ts';
import { JournalError } from '../errors.ts';

/** Number of the advisory lock held by one migration at a time: `GRVH` in ASCII. */
const MIGRATION_LOCK = 0x47_52_56_48;

/** SQLSTATE of our functions if the epoch is over: another engine holds the lease (strategy 18.2). */
export const EPOCH_OVER = 'GH001';

/**
 * Migrations from an empty database to today's schema. A released step is never changed: add one.
 * Every entry carries (epoch, number), unique within its pair, by which an append whose answer was lost is looked up.
 * The row of a pair is also its lease: an append locks it FOR SHARE, a renewal or take-over updates it, so that they
 * wait for each other. Keys compare as bytes, as in SQLite.
 */
export const DATABASE_MIGRATIONS: readonly string[] = [
  `CREATE TABLE grvt_hedge.pairs (
     id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     name text COLLATE "C" NOT NULL UNIQUE,
     epoch bigint NOT NULL DEFAULT 0,
     holder text,
     held_until timestamptz,
     held_since timestamptz,
     removed_seq bigint NOT NULL DEFAULT 0,
     system_identifier text,
     timeline bigint,
     is_behind boolean NOT NULL DEFAULT false,
     page_url text
   );
   CREATE TABLE grvt_hedge.entries (
     pair integer NOT NULL REFERENCES grvt_hedge.pairs,
     seq bigint NOT NULL,
     epoch bigint NOT NULL,
     number bigint NOT NULL,
     kind text COLLATE "C" NOT NULL,
     key text COLLATE "C" NOT NULL,
     at_ms double precision NOT NULL,
     body text NOT NULL,
     checksum bigint NOT NULL,
     PRIMARY KEY (pair, seq),
     UNIQUE (pair, epoch, number)
   );
   CREATE INDEX entries_by_key ON grvt_hedge.entries (pair, kind, key, seq);
   CREATE INDEX entries_by_time ON grvt_hedge.entries (pair, at_ms, seq);

   CREATE FUNCTION grvt_hedge.same_epoch(of_pair integer, of_epoch bigint) RETURNS void LANGUAGE plpgsql AS $$
   DECLARE now_epoch bigint;
   BEGIN
     SELECT epoch INTO now_epoch FROM grvt_hedge.pairs WHERE id = of_pair FOR SHARE;
     IF now_epoch IS DISTINCT FROM of_epoch THEN
       RAISE EXCEPTION 'epoch % is over: it is %', of_epoch, now_epoch USING ERRCODE = '${EPOCH_OVER}';
     END IF;
   END $$;

   CREATE FUNCTION grvt_hedge.take(of_name text, by_holder text, for_ms integer, on_system text, on_timeline bigint)
   RETURNS TABLE (is_taken boolean, pair integer, epoch bigint, last_seq bigint, is_behind boolean, holder text, left_ms double precision)
   LANGUAGE plpgsql AS $$
   #variable_conflict use_column
   DECLARE found grvt_hedge.pairs;
   BEGIN
     INSERT INTO grvt_hedge.pairs (name) VALUES (of_name) ON CONFLICT (name) DO NOTHING;
     SELECT * INTO found FROM grvt_hedge.pairs WHERE name = of_name FOR UPDATE;
     IF found.held_until > clock_timestamp() AND found.holder IS DISTINCT FROM by_holder THEN
       RETURN QUERY SELECT false, found.id, found.epoch, 0::bigint, found.is_behind, found.holder,
         (1000 * extract(epoch FROM found.held_until - clock_timestamp()))::double precision;
       RETURN;
     END IF;
     RETURN QUERY
       UPDATE grvt_hedge.pairs AS p SET
         epoch = p.epoch + 1, holder = by_holder, held_since = clock_timestamp(),
         held_until = clock_timestamp() + for_ms * interval '1 millisecond',
         is_behind = p.is_behind OR (p.system_identifier, p.timeline) IS DISTINCT FROM (on_system, on_timeline) AND p.epoch > 0,
         system_identifier = on_system, timeline = on_timeline
       WHERE p.id = found.id
       RETURNING true, p.id, p.epoch,
         greatest(p.removed_seq, (SELECT coalesce(max(e.seq), 0) FROM grvt_hedge.entries AS e WHERE e.pair = found.id)),
         p.is_behind, p.holder, for_ms::double precision;
   END $$;

   CREATE FUNCTION grvt_hedge.append(
     of_pair integer, of_epoch bigint, first_number bigint, first_seq bigint,
     kinds text[], keys text[], times double precision[], bodies text[], checksums bigint[]
   ) RETURNS void LANGUAGE plpgsql AS $$
   BEGIN
     PERFORM grvt_hedge.same_epoch(of_pair, of_epoch);
     INSERT INTO grvt_hedge.entries (pair, seq, epoch, number, kind, key, at_ms, body, checksum)
     SELECT of_pair, first_seq + n - 1, of_epoch, first_number + n - 1, kind, key, at_ms, body, checksum
     FROM unnest(kinds, keys, times, bodies, checksums) WITH ORDINALITY AS row (kind, key, at_ms, body, checksum, n);
   END $$;

   CREATE FUNCTION grvt_hedge.remove(of_pair integer, of_epoch bigint, seqs bigint[]) RETURNS void LANGUAGE plpgsql AS $$
   BEGIN
     PERFORM grvt_hedge.same_epoch(of_pair, of_epoch);
     UPDATE grvt_hedge.pairs SET removed_seq = greatest(removed_seq, (SELECT max(seq) FROM unnest(seqs) AS seq)) WHERE id = of_pair;
     DELETE FROM grvt_hedge.entries WHERE pair = of_pair AND seq = ANY (seqs);
   END $$;`,
  // No lease has longer to run than it is given for: where the server's clock was set back, it would for as long (strategy 18.2).
  `CREATE OR REPLACE FUNCTION grvt_hedge.take(of_name text, by_holder text, for_ms integer, on_system text, on_timeline bigint)
  RETURNS TABLE (is_taken boolean, pair integer, epoch bigint, last_seq bigint, is_behind boolean, holder text, left_ms double precision)
  LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE found grvt_hedge.pairs;
  BEGIN
    INSERT INTO grvt_hedge.pairs (name) VALUES (of_name) ON CONFLICT (name) DO NOTHING;
    SELECT * INTO found FROM grvt_hedge.pairs WHERE name = of_name FOR UPDATE;
    IF found.held_until > clock_timestamp() + for_ms * interval '1 millisecond' THEN
      UPDATE grvt_hedge.pairs SET held_until = clock_timestamp() + for_ms * interval '1 millisecond' WHERE id = found.id
      RETURNING * INTO found;
    END IF;
    IF found.held_until > clock_timestamp() AND found.holder IS DISTINCT FROM by_holder THEN
      RETURN QUERY SELECT false, found.id, found.epoch, 0::bigint, found.is_behind, found.holder,
        (1000 * extract(epoch FROM found.held_until - clock_timestamp()))::double precision;
      RETURN;
    END IF;
    RETURN QUERY
      UPDATE grvt_hedge.pairs AS p SET
        epoch = p.epoch + 1, holder = by_holder, held_since = clock_timestamp(),
        held_until = clock_timestamp() + for_ms * interval '1 millisecond',
        is_behind = p.is_behind OR (p.system_identifier, p.timeline) IS DISTINCT FROM (on_system, on_timeline) AND p.epoch > 0,
        system_identifier = on_system, timeline = on_timeline
      WHERE p.id = found.id
      RETURNING true, p.id, p.epoch,
        greatest(p.removed_seq, (SELECT coalesce(max(e.seq), 0) FROM grvt_hedge.entries AS e WHERE e.pair = found.id)),
        p.is_behind, p.holder, for_ms::double precision;
  END $$;`,
];

/**
 * Migrates a database to today's schema, one program at a time and each step completely.
 * @throws JournalError for a newer schema; or the server's error, e.g. if this user may not create a schema
 */
export async function migrateDatabase(
  client: Client,
  name: string,
  migrations: readonly string[] = DATABASE_MIGRATIONS,
): Promise<void> {
  if ((await versionOf(client)) === migrations.length) return;
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const version = await versionOf(client);
    refuseNewer(version, name, migrations);
    if (version === 0) {
      await client.query('CREATE SCHEMA IF NOT EXISTS grvt_hedge');
      await client.query('CREATE TABLE grvt_hedge.schema (version integer NOT NULL)');
      await client.query('INSERT INTO grvt_hedge.schema VALUES (0)');
    }
    for (const step of migrations.slice(version)) await client.query(step);
    await client.query('UPDATE grvt_hedge.schema SET version = $1', [migrations.length]);
    await client.query('COMMIT');
  } catch (thrown) {
    // A lost connection has been rolled back by the server.
    await client.query('ROLLBACK').catch(() => {});
    throw thrown;
  }
}

/** For readers. @throws JournalError if it is not today's schema */
export async function requireSchema(client: Client, name: string): Promise<void> {
  const version = await versionOf(client);
  refuseNewer(version, name, DATABASE_MIGRATIONS);
  if (version === DATABASE_MIGRATIONS.length) return;
  const what = version === 0 ? reason('database-unused', '18.1') : reason('database-schema-older', '18.1', { version });
  throw new JournalError('unreachable', name, what);
}

function refuseNewer(version: number, name: string, migrations: readonly string[]): void {
  if (version <= migrations.length) return;
  throw new JournalError(
    'newer-schema',
    name,
    reason('journal-schema-newer', '18.1', { version, known: migrations.length }),
  );
}

async function versionOf(client: Client): Promise<number> {
  // By the catalogue, not by this session's cache of names: another program may just have created it.
  const tables = "SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'grvt_hedge' AND tablename = 'schema'";
  if ((await client.query(tables)).rowCount === 0) return 0;
  const { rows } = await client.query<{ version: number }>('SELECT version FROM grvt_hedge.schema');
  return rows[0]?.version ?? 0;
}

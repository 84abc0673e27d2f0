import type { Client } from 'pg';
import { reason } from '../../core/reasons.ts';
import { JournalError } from '../errors.ts';
import type { ServerIdentity } from './connection.ts';

/** One engine at a time writes the journal of a pair: the holder of its row, by the database's clock alone (18.2). */

/** How long a lease lasts after a renewal. */
export const LEASE_MS = 8_000;
/** Interval of renewals: three may fail. */
export const RENEW_MS = 2_000;

export interface HeldLease {
  readonly pair: number;
  /** Increases with each holder; writes of an earlier epoch are refused. */
  readonly epoch: number;
  /** Place of the newest entry ever written; 0: none. */
  readonly lastSeq: number;
  /** Another server or an older copy than when the journal was written, not reconciled since (18.1). */
  readonly isBehind: boolean;
}

export interface LeaseOfOther {
  /** Its own name: machine and process. */
  readonly holder: string;
  readonly leftMs: number;
}

/** Takes the lease of a pair if nobody else holds it. */
export async function takeLease(
  client: Client,
  of: { readonly pairName: string; readonly holder: string; readonly identity: ServerIdentity },
): Promise<HeldLease | LeaseOfOther> {
  const { systemIdentifier, timeline } = of.identity;
  const { rows } = await client.query<{
    is_taken: boolean;
    pair: number;
    epoch: number;
    last_seq: number;
    is_behind: boolean;
    holder: string;
    left_ms: number;
  }>('SELECT * FROM grvt_hedge.take($1, $2, $3, $4, $5)', [
    of.pairName,
    of.holder,
    LEASE_MS,
    systemIdentifier,
    timeline,
  ]);
  const row = rows[0];
  if (row === undefined) throw new Error('the lease was neither given nor refused');
  if (!row.is_taken) return { holder: row.holder, leftMs: row.left_ms };
  return { pair: row.pair, epoch: row.epoch, lastSeq: row.last_seq, isBehind: row.is_behind };
}

/** @throws JournalError `lease-over` if another engine has it */
export async function renewLease(client: Client, { pair, epoch }: HeldLease, name: string): Promise<void> {
  const { rowCount } = await client.query(
    `UPDATE grvt_hedge.pairs SET held_until = clock_timestamp() + $3 * interval '1 millisecond' WHERE id = $1 AND epoch = $2`,
    [pair, epoch, LEASE_MS],
  );
  if (rowCount === 0) throw epochOver(epoch, name);
}

export function epochOver(epoch: number, name: string): JournalError {
  return new JournalError('lease-over', name, reason('lease-epoch-over', '18.2', { epoch }));
}

/** Publishes the address of the holder's page. */
export async function namePage(client: Client, { pair, epoch }: HeldLease, url: string | null): Promise<void> {
  await client.query('UPDATE grvt_hedge.pairs SET page_url = $3 WHERE id = $1 AND epoch = $2', [pair, epoch, url]);
}

/** Releases it at once for the next holder. */
export async function releaseLease(client: Client, { pair, epoch }: HeldLease): Promise<void> {
  await client.query(
    'UPDATE grvt_hedge.pairs SET held_until = clock_timestamp(), holder = NULL WHERE id = $1 AND epoch = $2',
    [pair, epoch],
  );
}

/** A journal that was behind has been reconciled with the exchange. */
export async function settleBehind(client: Client, { pair, epoch }: HeldLease): Promise<void> {
  await client.query('UPDATE grvt_hedge.pairs SET is_behind = false WHERE id = $1 AND epoch = $2', [pair, epoch]);
}

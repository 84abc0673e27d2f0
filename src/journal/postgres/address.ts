import type { ClientConfig } from 'pg';

/** Milliseconds: no statement, lock or transaction of ours takes longer, and no connection to be made either. */
export const DATABASE_TIMEOUT_MS = 2_000;
/**
 * An answer that the network lost: the server has given up its statement after {@link DATABASE_TIMEOUT_MS}, so that what it
 * did is settled when the connection is given up and the fate of the append is asked for.
 */
export const ANSWER_TIMEOUT_MS = DATABASE_TIMEOUT_MS + 500;

/** How a connection is made: its time-outs are the session's, so that a statement that hangs is ended by the server. */
export function clientConfig(address: string, application: string): ClientConfig {
  return {
    connectionString: address,
    application_name: application,
    connectionTimeoutMillis: DATABASE_TIMEOUT_MS,
    statement_timeout: DATABASE_TIMEOUT_MS,
    lock_timeout: DATABASE_TIMEOUT_MS,
    idle_in_transaction_session_timeout: DATABASE_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
  };
}

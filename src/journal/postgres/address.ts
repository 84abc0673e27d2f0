import type { ClientConfig } from 'pg';

/** Longest statement, lock wait, transaction and connection attempt, ms. */
export const DATABASE_TIMEOUT_MS = 2_000;
/**
 * After this time an answer is lost: the server has ended the statement after {@link DATABASE_TIMEOUT_MS}, so its
 * outcome is settled when the connection is closed and the append is looked up.
 */
export const ANSWER_TIMEOUT_MS = DATABASE_TIMEOUT_MS + 500;

/** Connection options: the time-outs belong to the session, so that the server ends a hanging statement. */
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

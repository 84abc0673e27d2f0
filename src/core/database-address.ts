/** Address of a journal's database: `postgres://user:password@host:5432/database` (strategy 18.1). */

/** Query parameters that are supported; any other is an error. */
const PARAMETERS: ReadonlySet<string> = new Set(['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host']);
/** The other modes encrypt without authenticating the server, or differ between versions of the client. */
const SSL_MODES: ReadonlySet<string> = new Set(['disable', 'verify-full']);

/** Whether a text is a PostgreSQL address with user and database name. */
export function isDatabaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') return false;
  if (url.username === '' || url.hash !== '' || !/^\/[^/]+$/.test(url.pathname)) return false;
  if (url.hostname === '' && !url.searchParams.get('host')?.startsWith('/')) return false;
  const mode = url.searchParams.get('sslmode');
  return [...url.searchParams.keys()].every((name) => PARAMETERS.has(name)) && (mode === null || SSL_MODES.has(mode));
}

/** The address without password and parameters, for messages. */
export function shownDatabase(address: string): string {
  const url = new URL(address);
  const host = url.hostname === '' ? (url.searchParams.get('host') ?? '') : url.host;
  return `postgres://${url.username}@${host}${url.pathname}`;
}

/** The password, encoded and decoded: neither may be shown. Empty: the address has none. */
export function passwordsIn(address: string): string[] {
  const { password } = new URL(address);
  if (password === '') return [];
  let decoded = password;
  try {
    decoded = decodeURIComponent(password);
  } catch {
    // Not percent-encoded: used as it is.
  }
  return [...new Set([password, decoded])];
}

/** Whether somebody on the network path could read or change the traffic to the database. */
export function isUnprotected(address: string): boolean {
  const url = new URL(address);
  const isLocal = url.hostname === '' || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return !isLocal && url.searchParams.get('sslmode') !== 'verify-full';
}

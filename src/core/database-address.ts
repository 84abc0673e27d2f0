/** Where a journal's database is: `postgres://user:password@host:5432/database` (strategy 18.1). */

/** Query parameters that mean something here; any other one is a mistake. */
const PARAMETERS: ReadonlySet<string> = new Set(['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host']);
/** Others encrypt without knowing to whom, or are read differently by different versions of the client. */
const SSL_MODES: ReadonlySet<string> = new Set(['disable', 'verify-full']);

/** Whether a text is the address of a PostgreSQL database, with a user and a database's name. */
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

/** The password, as given and decoded: neither may be shown. Empty: none is in the address. */
export function passwordsIn(address: string): string[] {
  const { password } = new URL(address);
  if (password === '') return [];
  let decoded = password;
  try {
    decoded = decodeURIComponent(password);
  } catch {
    // Not percent-encoded: it is what it looks like.
  }
  return [...new Set([password, decoded])];
}

/** Whether others on the way could read or change what is sent to the database. */
export function isUnprotected(address: string): boolean {
  const url = new URL(address);
  const isLocal = url.hostname === '' || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return !isLocal && url.searchParams.get('sslmode') !== 'verify-full';
}

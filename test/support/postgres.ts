import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { PATIENCE_MS } from './patience.ts';
import { reservedPort } from './ports.ts';

/**
 * A PostgreSQL server of one test file, on a port of its own. A developer's machine may lack it: then its tests are skipped.
 * CI sets TEST_POSTGRES=required, and there a missing server is a failure.
 */

const PASSWORD = 'p@ss/word of test';
/** Of Debian's package faketime. */
export const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

/** Where Debian keeps the programs; null: there are none. */
export function postgresPrograms(): string | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(root, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  return found ?? null;
}

/** What tests that need the server are given: `{ skip }` where it is missing and may be. @throws where it may not */
export function needsPostgres(): { readonly skip: string | false } {
  if (postgresPrograms() !== null) return { skip: false };
  if (process.env.TEST_POSTGRES === 'required') throw new Error('PostgreSQL is required here and is missing');
  return { skip: 'PostgreSQL is not installed' };
}

export interface TestPostgres {
  readonly port: number;
  readonly directory: string;
  /** Address of a database, with the password. */
  url(database?: string, port?: number): string;
  /** A new, empty database; its address. */
  fresh(): Promise<string>;
  /** Runs statements as the superuser. */
  query(sql: string, values?: unknown[], database?: string): Promise<Record<string, unknown>[]>;
  /** Ends it like a crash of the machine's power, and starts it again. */
  crash(clock?: string | null): Promise<void>;
  restart(clock?: string | null): Promise<void>;
  /** Ends it like a crash, for good; its files stay. */
  end(): Promise<void>;
  /** A hot standby on a port of its own, which follows this server asynchronously. */
  replica(clock?: string | null): Promise<TestPostgres>;
  /** Of a hot standby: follows no longer, and still answers. */
  fallBehind(): Promise<void>;
  /** Of a hot standby: it is the primary from now on, on a timeline of its own. */
  promote(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  stop(): void;
}

/** Starts a server. @param configuration lines of postgresql.conf */
export async function startPostgres(configuration: readonly string[] = []): Promise<TestPostgres> {
  const bin = programs();
  const owner = ownerOfServer();
  const directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-pg-'));
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, `${PASSWORD}\n`);
  for (const path of [directory, passwordFile]) if (owner.uid !== undefined) chownSync(path, owner.uid, owner.gid ?? 0);
  const initdb = ['-D', data, '-U', 'grvt', '--pwfile', passwordFile, '-A', 'scram-sha-256', '-E', 'UTF8', '--no-sync'];
  execFileSync(join(bin, 'initdb'), initdb, quietly({}));
  const port = await reservedPort();
  // What CI measures is the journal: its fsync stays on.
  const small = ['shared_buffers=16MB', 'max_connections=40', 'autovacuum=off', 'log_min_messages=fatal'];
  configure(data, [...placeOf(port, directory), ...small, ...configuration]);
  return serve({ directory, data, port }, null);
}

interface Place {
  readonly directory: string;
  readonly data: string;
  readonly port: number;
}

/** @param clock its clock as faketime reads it (`+1h`); null: the machine's */
async function serve({ directory, data, port }: Place, clock: string | null): Promise<TestPostgres> {
  const bin = programs();
  let server = start(clock);
  let databases = 0;
  let copies = 0;

  function start(now: string | null): ChildProcess {
    const faked = now === null ? {} : { LD_PRELOAD: FAKETIME, FAKETIME: now, DONT_FAKE_MONOTONIC: '1' };
    const child = spawn(join(bin, 'postgres'), ['-D', data], quietly(faked));
    child.unref();
    // A test that is killed must not leave it behind.
    process.once('exit', () => quit(child));
    return child;
  }
  const url = (database = 'postgres', at = port): string =>
    `postgres://grvt:${encodeURIComponent(PASSWORD)}@127.0.0.1:${at}/${database}`;
  async function query(sql: string, values: unknown[] = [], database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url(database) });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(sql, values)).rows;
    } finally {
      await client.end();
    }
  }
  async function ready(): Promise<void> {
    for (const began = performance.now(); ; ) {
      try {
        await query('SELECT 1');
        return;
      } catch (thrown) {
        const { exitCode, signalCode } = server;
        if (exitCode !== null || signalCode !== null)
          throw new Error(`PostgreSQL ended with ${exitCode ?? signalCode}`, { cause: thrown });
        if (performance.now() - began > PATIENCE_MS) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    server.ref();
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await gone;
  }
  async function again(signal: NodeJS.Signals, now: string | null = clock): Promise<void> {
    await end(signal);
    server = start(now);
    await ready();
  }
  await ready();
  return {
    port,
    directory,
    url,
    query,
    fresh: async () => {
      databases += 1;
      await query(`CREATE DATABASE journal_${databases}`);
      return url(`journal_${databases}`);
    },
    crash: (now) => again('SIGQUIT', now),
    restart: (now) => again('SIGINT', now),
    end: () => end('SIGQUIT'),
    replica: async (now = null) => {
      copies += 1;
      const to = { directory, data: `${data}-${copies}`, port: await reservedPort() };
      const from = [
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-U',
        'grvt',
        '-D',
        to.data,
        '-R',
        '-X',
        'stream',
        '-c',
        'fast',
      ];
      const env = { PGPASSWORD: PASSWORD };
      const child = spawn(join(bin, 'pg_basebackup'), [...from, '--no-sync'], quietly(env));
      const code = await new Promise((resolve) => child.once('exit', resolve));
      if (code !== 0) throw new Error(`pg_basebackup ended with ${code}`);
      configure(to.data, placeOf(to.port, directory));
      return serve(to, now);
    },
    fallBehind: async () => {
      await query("ALTER SYSTEM SET primary_conninfo = ''");
      await query('SELECT pg_reload_conf()');
      while ((await query('SELECT FROM pg_stat_wal_receiver')).length > 0)
        await new Promise((ok) => setTimeout(ok, 20));
    },
    promote: async () => {
      await query('SELECT pg_promote()');
    },
    signal: (signal) => void server.kill(signal),
    stop: () => {
      quit(server);
      // It may still be writing its last files.
      rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

/** Also one that is frozen. */
function quit(server: ChildProcess): void {
  for (const signal of ['SIGQUIT', 'SIGCONT'] as const) server.kill(signal);
}

function programs(): string {
  const bin = postgresPrograms();
  if (bin === null) throw new Error('PostgreSQL is not installed');
  return bin;
}

function quietly(env: Readonly<Record<string, string>>) {
  return { ...ownerOfServer(), stdio: 'ignore', env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', ...env } } as const;
}

const placeOf = (port: number, directory: string): string[] => [
  `port=${port}`,
  'listen_addresses=127.0.0.1',
  `unix_socket_directories=${directory}`,
];

/** What comes last counts. */
function configure(data: string, lines: readonly string[]): void {
  appendFileSync(join(data, 'postgresql.auto.conf'), `${lines.map(quoted).join('\n')}\n`);
}

function quoted(setting: string): string {
  const [name = '', value = ''] = setting.split('=');
  return `${name} = '${value}'`;
}

/** The server refuses to run as root; Debian's package brings a user for it. */
function ownerOfServer(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (what: string) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

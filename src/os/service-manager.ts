import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reports to systemd by the protocol of `sd_notify`. Node cannot open the Unix datagram socket it needs, so
 * `systemd-notify` sends each message from one shell that lives as long as the engine; the unit allows it by
 * `NotifyAccess=all`.
 */
export interface ServiceManager {
  /** Trading: `systemctl start` returns. Also after a reload, whatever its result. */
  ready(): void;
  /** Settings are being reloaded; `ready` ends it. */
  reloading(): void;
  stopping(): void;
  /** The line in `systemctl status`. */
  status(text: string): void;
  /** Stops feeding the watchdog and sends nothing more. */
  close(): void;
}

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called before each sign of life; any problem suppresses it. */
  readonly problems: () => readonly string[];
  /** Called once if systemd cannot be notified, or a sign of life is suppressed. */
  readonly warn: (text: string) => void;
  /** CLOCK_MONOTONIC in microseconds, which systemd requires for a reload. Default: the system's. */
  readonly monotonicUsec?: () => bigint;
}

/** Signs of life per watchdog period: one may be late and one lost. */
const SIGNS_PER_PERIOD = 3;
/** Bytes waiting for a shell that does not read; more are dropped. A message has some 20. */
const WAITING_MAX_BYTES = 4_096;
const STATUS_MAX_CHARS = 200;

/** Sends each line as one message (a status is one field); what cannot be sent goes to standard output. */
const SHELL = `while IFS= read -r line; do
  case $line in STATUS=*) set -- "$line" ;; *) set -f; set -- $line ;; esac
  systemd-notify "$@" 2>&1 || echo "not sent: $line"
done`;

/** @returns null: not started by systemd */
export function openServiceManager(options: ServiceManagerOptions): ServiceManager | null {
  const { env, problems, warn, monotonicUsec = () => process.hrtime.bigint() / 1_000n } = options;
  if (!env.NOTIFY_SOCKET) return null;
  const watchdogMs = Number(env.WATCHDOG_USEC ?? 0) / 1_000;
  const shell = spawn('/bin/sh', ['-c', SHELL], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: env.PATH ?? '/usr/bin:/bin', NOTIFY_SOCKET: env.NOTIFY_SOCKET },
  });
  const say = once(warn);
  shell.on('error', (error) => say(`systemd is not notified: ${error.message}`));
  shell.stdout.on('data', (text: Buffer) => say(`systemd is not notified: ${text.toString().trim()}`));
  // Its end shows as unsent messages; without a listener the broken pipe would be a defect.
  shell.stdin.on('error', (error) => say(`systemd is not notified: ${error.message}`));
  letProcessEnd(shell);
  let isStopping = false;
  const send = (message: string) => {
    if (shell.stdin.writableLength <= WAITING_MAX_BYTES) shell.stdin.write(`${message}\n`);
  };
  const sayWithheld = once(warn);
  const feed = () => {
    const found = problems();
    if (found.length === 0) send('WATCHDOG=1');
    else sayWithheld(`The watchdog gets no sign of life any more: ${found.join('; ')}`);
  };
  const feeding = watchdogMs > 0 ? setInterval(feed, watchdogMs / SIGNS_PER_PERIOD) : null;
  feeding?.unref();
  return {
    // A reload may end after the stop has begun.
    ready: () => {
      if (!isStopping) send('READY=1');
    },
    // Both in one message: systemd takes the READY=1 of a later time for the end of this reload.
    reloading: () => {
      if (!isStopping) send(`RELOADING=1 MONOTONIC_USEC=${monotonicUsec()}`);
    },
    stopping: () => {
      isStopping = true;
      send('STOPPING=1');
    },
    status: (text) => send(`STATUS=${text.replaceAll(/\s+/g, ' ').slice(0, STATUS_MAX_CHARS)}`),
    close: () => {
      if (feeding !== null) clearInterval(feeding);
      shell.stdin.end();
    },
  };
}

function once(warn: (text: string) => void): (text: string) => void {
  let isSaid = false;
  return (text) => {
    if (!isSaid) warn(text);
    isSaid = true;
  };
}

/** The shell does not keep the process alive; it ends with its input. */
function letProcessEnd(shell: ChildProcess): void {
  shell.unref();
  for (const pipe of [shell.stdin, shell.stdout]) (pipe as unknown as { unref?: () => void } | null)?.unref?.();
}

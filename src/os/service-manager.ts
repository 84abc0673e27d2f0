import { type ChildProcess, spawn } from 'node:child_process';

/**
 * What systemd is told of this process by the protocol of `sd_notify`. Node cannot open the Unix datagram socket that it
 * needs, so `systemd-notify` sends each message, from one shell that lives as long as the engine; the unit allows it by
 * `NotifyAccess=all`.
 */
export interface ServiceManager {
  /** Trading: `systemctl start` returns. Also after a reload, whatever came of it. */
  ready(): void;
  /** Settings are being read again; `ready` ends it. */
  reloading(): void;
  stopping(): void;
  /** The line that `systemctl status` shows. */
  status(text: string): void;
  /** No watchdog is fed any more, and nothing is sent. */
  close(): void;
}

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asked before each sign of life; anything but an empty list withholds it. */
  readonly problems: () => readonly string[];
  /** Says once why systemd is not told, or that the sign of life is withheld. */
  readonly warn: (text: string) => void;
  /** CLOCK_MONOTONIC, microseconds, of which systemd wants to know when a reload began. Default: the system's. */
  readonly monotonicUsec?: () => bigint;
}

/** Three signs of life within the watchdog's time: one may be late, one may be lost. */
const SIGNS_PER_PERIOD = 3;
/** Messages that wait for a shell that does not read them; more are dropped. They are some 20 bytes each. */
const WAITING_MAX_BYTES = 4_096;
const STATUS_MAX_CHARS = 200;

/** Sends each line, its words as the fields of one message (a status is one field); what cannot be sent goes to standard output. */
const SHELL = `while IFS= read -r line; do
  case $line in STATUS=*) set -- "$line" ;; *) set -f; set -- $line ;; esac
  systemd-notify "$@" 2>&1 || echo "not sent: $line"
done`;

/** @returns null: no systemd has started this process */
export function openServiceManager(options: ServiceManagerOptions): ServiceManager | null {
  const { env, problems, warn, monotonicUsec = () => process.hrtime.bigint() / 1_000n } = options;
  if (!env.NOTIFY_SOCKET) return null;
  const watchdogMs = Number(env.WATCHDOG_USEC ?? 0) / 1_000;
  const shell = spawn('/bin/sh', ['-c', SHELL], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: env.PATH ?? '/usr/bin:/bin', NOTIFY_SOCKET: env.NOTIFY_SOCKET },
  });
  const say = once(warn);
  shell.on('error', (error) => say(`systemd is not told anything: ${error.message}`));
  shell.stdout.on('data', (text: Buffer) => say(`systemd is not told anything: ${text.toString().trim()}`));
  // Its end is seen by what it leaves unsent; without a listener the broken pipe would be a defect.
  shell.stdin.on('error', (error) => say(`systemd is not told anything: ${error.message}`));
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

/** The shell does not keep the engine's process alive; it ends with its input. */
function letProcessEnd(shell: ChildProcess): void {
  shell.unref();
  for (const pipe of [shell.stdin, shell.stdout]) (pipe as unknown as { unref?: () => void } | null)?.unref?.();
}

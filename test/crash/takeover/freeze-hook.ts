import net from 'node:net';
import pg from 'pg';

/**
 * Loaded before an engine (`node --import`), which knows nothing of it: stops its process (SIGSTOP) at a point of the next create, and
 * sets its clock. The parent says which by a message.
 */

export const POINTS = [
  'before append',
  'between append and check',
  'between check and bytes',
  'full send buffer',
] as const;
export type Point = (typeof POINTS)[number];
export interface Order {
  /** null: none any more. */
  readonly freezeAt?: Point | null;
  /** Milliseconds between this process's clock and the machine's. */
  readonly clockOffMs?: number;
}

/** More than the kernel takes for a connection whose other end does not read. A parser skips empty lines before a request. */
const FILL = Buffer.from('\r\n'.repeat(8 * 1_048_576));

let point: Point | null = null;
let offMs = 0;

function reached(at: Point): boolean {
  if (point !== at) return false;
  point = null;
  return true;
}

const stop = () => process.kill(process.pid, 'SIGSTOP');

process.on('message', ({ freezeAt, clockOffMs }: Order) => {
  if (freezeAt !== undefined) point = freezeAt;
  if (clockOffMs !== undefined) offMs = clockOffMs;
});
process.channel?.unref();

const query = pg.Client.prototype.query as (this: pg.Client, ...given: unknown[]) => Promise<unknown>;
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  const [first] = given as [{ name?: string; values?: unknown[] }];
  const kinds = first.name === 'append' ? first.values?.[4] : null;
  if (!Array.isArray(kinds) || !kinds.includes('order.prepared')) return query.apply(this, given);
  if (reached('before append')) stop();
  return query.apply(this, given).then((answer) => {
    if (reached('between append and check')) stop();
    return answer;
  });
} as typeof pg.Client.prototype.query;

const write = net.Socket.prototype.write as (this: net.Socket, ...given: unknown[]) => boolean;
net.Socket.prototype.write = function (this: net.Socket, ...given: unknown[]) {
  if (typeof given[0] === 'string' && /^POST \S+\/create_order /.test(given[0])) {
    if (reached('between check and bytes')) stop();
    // What is behind it waits in this process until the other end reads again.
    if (reached('full send buffer')) {
      write.call(this, FILL);
      setImmediate(stop);
    }
  }
  return write.apply(this, given);
} as typeof net.Socket.prototype.write;

const machineNow = Date.now;
const OffDate = class extends Date {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [machineNow() + offMs] : given) as [number]));
  }

  static override now(): number {
    return machineNow() + offMs;
  }
};
globalThis.Date = OffDate as DateConstructor;

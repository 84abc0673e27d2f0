import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, describe, it, type TestContext } from 'node:test';
import { openServiceManager } from '../../src/os/service-manager.ts';

/** A stand-in for systemd: Node cannot open the datagram socket, Python can. It prints each message on a line. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    data, anc, *_ = s.recvmsg(4096, 4096)
    for _, _, fds in anc:
        # The barrier of systemd-notify: it waits until this end is closed.
        for i in range(0, len(fds), 4):
            __import__('os').close(int.from_bytes(fds[i:i + 4], 'little'))
    if data != b'BARRIER=1':
        print(data.decode().strip().replace('\\n', '|'), flush=True)
`;

import { PATIENCE_MS } from '../support/patience.ts';

const found = (command: string) => spawnSync('which', [command]).status === 0;
const canListen = found('systemd-notify') && found('python3');
// The gate has both: there a missing one is a fault of the gate.
const skip = !canListen && process.env.CI !== 'true' ? 'needs systemd-notify and python3' : false;

const folder = mkdtempSync(join(tmpdir(), 'grvt-hedge-notify-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function listener(t: TestContext, name: string) {
  const path = join(folder, name);
  const child: ChildProcessByStdio<null, Readable, null> = spawn('python3', ['-c', LISTENER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'bound');
  return {
    path,
    next: async () => (await lines.next()).value as string,
  };
}

describe('sd_notify', () => {
  it('nothing is started where no systemd is', () => {
    assert.equal(openServiceManager({ env: {}, problems: () => [], warn: assert.fail }), null);
  });

  it('systemd receives ready, status, reloading and stopping, in order', { skip, timeout: PATIENCE_MS }, async (t) => {
    const systemd = await listener(t, 'order');
    const received: string[] = [];
    const service = openServiceManager({
      env: { ...process.env, NOTIFY_SOCKET: systemd.path },
      problems: () => [],
      // The last message's barrier may find the listener gone: the test is over then.
      warn: (text) => assert.ok(received.length === 6, text),
      monotonicUsec: () => 1_234_567n,
    });
    service!.status('trading\nBTC *');
    service!.ready();
    service!.reloading();
    service!.ready();
    service!.stopping();
    // A reload that ends during the stop.
    service!.ready();
    service!.reloading();
    service!.status('over');
    for (let index = 0; index < 6; index += 1) received.push(await systemd.next());
    assert.deepEqual(received, [
      'STATUS=trading BTC *',
      'READY=1',
      'RELOADING=1|MONOTONIC_USEC=1234567',
      'READY=1',
      'STOPPING=1',
      'STATUS=over',
    ]);
    service!.close();
  });

  it('the watchdog is fed while there is no problem, and the reason why not is reported once', {
    skip,
    timeout: PATIENCE_MS,
  }, async (t) => {
    const systemd = await listener(t, 'watchdog');
    let problems: readonly string[] = [];
    const warnings: string[] = [];
    const withheld = Promise.withResolvers<void>();
    const service = openServiceManager({
      env: { ...process.env, NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '60000' },
      problems: () => problems,
      warn: (text) => {
        warnings.push(text);
        withheld.resolve();
      },
    });
    const stayAlive = setInterval(() => {}, 1_000);
    assert.equal(await systemd.next(), 'WATCHDOG=1');
    problems = ['account A: no attempt to read it for 121 s'];
    await withheld.promise;
    service!.close();
    clearInterval(stayAlive);
    assert.deepEqual(warnings, [
      'The watchdog gets no sign of life any more: account A: no attempt to read it for 121 s',
    ]);
  });

  it('a socket that nobody reads is reported once, and holds up nothing', { skip, timeout: PATIENCE_MS }, async () => {
    const said = Promise.withResolvers<string>();
    const service = openServiceManager({
      env: { ...process.env, NOTIFY_SOCKET: join(folder, 'nobody') },
      problems: () => [],
      warn: said.resolve,
    });
    service!.ready();
    const stayAlive = setInterval(() => {}, 1_000);
    assert.match(await said.promise, /^systemd is not notified: .+/);
    clearInterval(stayAlive);
    service!.close();
  });
});

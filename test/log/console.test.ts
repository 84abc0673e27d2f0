import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { PATIENCE_MS } from '../support/patience.ts';

/** 13.6: a console that nobody reads, with a real child behind a pipe, a socket and a terminal. */

const CONSOLE = resolve(import.meta.dirname, '../../src/log/console.ts');
/** More than a pipe or a terminal holds. */
const LINES = 3_000;

/** Writes far more than fits, says on descriptor 3 what became of it, and ends by itself. */
const CHILD = `
import { writeSync } from 'node:fs';
import { openConsole } from ${JSON.stringify(CONSOLE)};
const why = [];
const screen = openConsole(1, { onLost: (text) => why.push(text) });
for (let line = 0; line < ${LINES}; line += 1) screen.write('line ' + line + ' of a console that nobody reads'.padEnd(500, '.') + '\\n');
writeSync(Number(process.env.REPORT_FD), JSON.stringify({ lost: screen.lost(), why }));
screen.close();
`;

describe('13.6 a console that nobody reads', () => {
  const linux = process.platform === 'linux';

  it('13.6 a full pipe loses lines, counted; nothing waits, and the process ends', { skip: !linux }, () => {
    const dir = mkdtempSync(join(tmpdir(), 'grvt-hedge-console-'));
    const [fifo, out] = [join(dir, 'fifo'), join(dir, 'report')];
    assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
    // Both ends are open here, and nothing is ever read while the child runs.
    const held = openSync(fifo, 'r+');
    const report = openSync(out, 'w');
    try {
      const child = spawnSync(process.execPath, ['--disable-sigusr1', '--input-type=module', '-e', CHILD], {
        stdio: ['ignore', held, 'inherit', report],
        env: { ...process.env, REPORT_FD: '3' },
        timeout: PATIENCE_MS,
      });
      assert.equal(child.status, 0, `it ended by itself: ${child.signal}`);
      const reported = JSON.parse(readFileSync(out, 'utf8')) as { lost: number; why: string[] };
      assert.ok(reported.lost > LINES / 2 && reported.lost < LINES, `${reported.lost} lost`);
      assert.deepEqual(reported.why, ['nobody reads it'], 'said once');
      const bytes = Buffer.alloc(600);
      readSync(held, bytes);
      assert.match(bytes.toString(), /^line 0 of a console that nobody reads\.+\n/);
    } finally {
      closeSync(held);
      closeSync(report);
      rmSync(dir, { recursive: true });
    }
  });

  it('13.6 a socket likewise', async () => {
    const child = spawn(process.execPath, ['--disable-sigusr1', '--input-type=module', '-e', CHILD], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
      env: { ...process.env, REPORT_FD: '3' },
      timeout: PATIENCE_MS,
    });
    let reported = '';
    child.stdio[3]?.on('data', (data: Buffer) => (reported += String(data)));
    // What it reported may arrive after its exit, and what nobody reads keeps it from closing.
    const all = new Promise((done) => child.stdio[3]?.once('end', done));
    const code = await new Promise((done) => child.once('exit', (status) => done(status)));
    await all;
    assert.equal(code, 0);
    const { lost } = JSON.parse(reported) as { lost: number };
    assert.ok(lost > LINES / 2 && lost < LINES, `${lost} lost`);
    child.stdout?.destroy();
  });

  it('13.6 a terminal that is stopped likewise', {
    skip: !linux || spawnSync('python3', ['-c', '']).status !== 0,
  }, () => {
    const play = `
import os, pty, subprocess, sys, signal
report_r, report_w = os.pipe()
os.set_inheritable(report_w, True)
pid, master = pty.fork()
if pid == 0:
    os.environ['REPORT_FD'] = str(report_w)
    os.execv(sys.argv[1], [sys.argv[1], '--input-type=module', '-e', sys.argv[2]])
os.close(report_w)
signal.alarm(${PATIENCE_MS / 1_000})
reported = b''
while True:
    part = os.read(report_r, 4096)
    if not part: break
    reported += part
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status), reported.decode())
`;
    const { stdout, stderr } = spawnSync('python3', ['-c', play, process.execPath, CHILD], {
      timeout: PATIENCE_MS,
      encoding: 'utf8',
    });
    const [, code, reported = ''] = /^(-?\d+) (.*)$/m.exec(stdout) ?? assert.fail(stderr);
    assert.equal(code, '0');
    const { lost } = JSON.parse(reported) as { lost: number };
    assert.ok(lost > LINES / 2 && lost < LINES, `${lost} lost`);
  });

  it('13.6 a reader that went away ends it without an error', () => {
    const shell = `"$0" --input-type=module -e "$1" 3>&2 | head -1 >&2`;
    const { stderr, status } = spawnSync('bash', ['-o', 'pipefail', '-c', shell, process.execPath, CHILD], {
      encoding: 'utf8',
      env: { ...process.env, REPORT_FD: '3' },
      timeout: PATIENCE_MS,
    });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /"lost":\d+,"why":\["(EPIPE|nobody reads it)/);
  });
});

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ControlError, giveCommand, NoEngineError } from '../../src/control/client.ts';
import { controlPlace, secretFile } from '../../src/control/place.ts';
import { LINE_MAX_BYTES, newSecret, proofOf, VERSION } from '../../src/control/protocol.ts';
import { CLIENTS_MAX, type Control, openControl } from '../../src/control/server.ts';
import { type Answer, say } from '../../src/core/answers.ts';
import type { Command } from '../../src/core/commands.ts';
import { reason } from '../../src/core/reasons.ts';
import { sentLine } from '../../src/texts/answers.ts';

const STOP: Command = { verb: 'stop', by: 'ann', why: null };
const WARNING = say('warning', null, { why: reason('symbols-none', '2.2') });
const ANSWER: Answer = { ok: true, says: [say('will-stop', null), WARNING] };

describe('16.5 the control channel', () => {
  let dir: string;
  let control: Control | null = null;
  let given: Command[] = [];
  const sockets: Socket[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'grvt-control-'));
    chmodSync(dir, 0o700);
    given = [];
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    control?.close();
    control = null;
    rmSync(dir, { recursive: true });
  });

  async function open(handle?: (command: Command) => Promise<Answer>): Promise<Control> {
    control = await openControl(
      dir,
      handle ??
        (async (command) => {
          given.push(command);
          return ANSWER;
        }),
    );
    return control;
  }

  /** A client that says these lines and hears what comes until the connection ends. */
  function talk(say: (lines: readonly string[], socket: Socket) => void): Promise<string[]> {
    const socket = createConnection(control?.place ?? '');
    sockets.push(socket);
    let text = '';
    return new Promise((resolve) => {
      socket.on('data', (chunk) => {
        text += chunk;
        say(text.split('\n').slice(0, -1), socket);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text.split('\n').slice(0, -1)));
    });
  }

  const secretNow = () => readFileSync(secretFile(dir), 'utf8').trim();

  /** Proves the secret and then says one line. */
  function proven(line: string, secret = secretNow(), v = VERSION): Promise<string[]> {
    const nonce = newSecret();
    return talk((lines, socket) => {
      const theirs = (JSON.parse(lines[0] ?? '{}') as { nonce: string }).nonce;
      if (lines.length === 1)
        socket.write(`${JSON.stringify({ v, nonce, proof: proofOf(secret, 'client', [theirs, nonce]) })}\n`);
      if (lines.length === 2) socket.write(line);
    });
  }

  it('16.5 a command and its answer; socket and secret are closed to others, a new secret at each start', async () => {
    const { place } = await open();
    assert.deepEqual(await giveCommand(dir, STOP), { ok: true, says: ANSWER.says.map(sentLine) });
    assert.deepEqual(given, [STOP]);
    assert.equal(statSync(place).mode & 0o777, 0o600);
    assert.equal(statSync(secretFile(dir)).mode & 0o777, 0o600);
    const first = secretNow();
    assert.match(first, /^[0-9a-f]{64}$/);
    control?.close();
    await open();
    assert.notEqual(secretNow(), first);
  });

  it('16.5 without an engine: none ever ran, one that ended, one that was killed', async () => {
    await assert.rejects(giveCommand(dir, STOP), NoEngineError);
    await open();
    control?.close();
    await assert.rejects(giveCommand(dir, STOP), NoEngineError);
    writeFileSync(secretFile(dir), newSecret(), { mode: 0o600 });
    await assert.rejects(giveCommand(dir, STOP), NoEngineError);
  });

  it('16.5 a socket that a killed engine left behind is replaced', async () => {
    const place = controlPlace(dir) ?? '';
    const other = createServer().listen(place);
    await new Promise((resolve) => other.on('listening', resolve));
    await open();
    assert.deepEqual(await giveCommand(dir, STOP), { ok: true, says: ANSWER.says.map(sentLine) });
    other.close();
  });

  it('16.5 a file or a directory where the socket should be is left alone, and named', async () => {
    const place = controlPlace(dir) ?? '';
    writeFileSync(place, 'mine');
    await assert.rejects(open(), /control\.sock is not a socket: move it away/);
    assert.equal(readFileSync(place, 'utf8'), 'mine');
    rmSync(place);
    mkdirSync(place);
    await assert.rejects(open(), /is not a socket/);
  });

  it('16.5 a path that is too long moves the socket to XDG_RUNTIME_DIR; without one there is no place', () => {
    const long = `/tmp/${'d'.repeat(90)}`;
    const linux = { platform: 'linux', runtimeDir: '/run/user/7' };
    assert.match(controlPlace(long, linux) ?? '', /^\/run\/user\/7\/grvt-hedge-[0-9a-f]{16}\.sock$/);
    assert.equal(controlPlace('/tmp/short', linux), '/tmp/short/control.sock');
    assert.equal(controlPlace(long, { platform: 'linux', runtimeDir: undefined }), null);
    assert.equal(controlPlace(long, { platform: 'linux', runtimeDir: `/run/${'r'.repeat(90)}` }), null);
    assert.match(controlPlace(long, { platform: 'win32', runtimeDir: undefined }) ?? '', /^\\\\\.\\pipe\\grvt-hedge-/);
  });

  it('16.5 another secret, on either side, and no command is read', async () => {
    await open();
    const lines = await proven(`${JSON.stringify({ command: STOP })}\n`, newSecret());
    assert.match(lines[1] ?? '', /the secret is another one/);
    assert.deepEqual(given, []);
    const secret = secretNow();
    writeFileSync(secretFile(dir), newSecret());
    await assert.rejects(giveCommand(dir, STOP), /the secret is another one/);
    await assert.rejects(giveCommand(dir, STOP), ({ why }: ControlError) => {
      assert.deepEqual(why, reason('control-client-secret', '16.5'));
      return true;
    });
    control?.close();
    control = null;
    // Somebody who listens there without the secret: it takes any proof, and cannot give one.
    writeFileSync(secretFile(dir), secret, { mode: 0o600 });
    const received: string[] = [];
    const impostor = createServer((socket) => {
      sockets.push(socket);
      socket.write(`${JSON.stringify({ v: VERSION, nonce: newSecret() })}\n`);
      socket.on('data', (chunk) => {
        received.push(String(chunk));
        socket.write(`${JSON.stringify({ v: VERSION, proof: newSecret() })}\n`);
      });
    }).listen(controlPlace(dir) ?? '');
    await assert.rejects(giveCommand(dir, STOP), /does not have the secret/);
    assert.doesNotMatch(received.join(), /stop/);
    impostor.close();
  });

  it('16.5 another version, on either side', async () => {
    await open();
    const lines = await proven('', secretNow(), VERSION + 1);
    assert.match(lines[1] ?? '', /the engine speaks version 1, this client 2/);
    control?.close();
    control = null;
    writeFileSync(secretFile(dir), newSecret(), { mode: 0o600 });
    const newer = createServer((socket) => {
      sockets.push(socket);
      socket.write(`${JSON.stringify({ v: VERSION + 1, nonce: newSecret() })}\n`);
    }).listen(controlPlace(dir) ?? '');
    await assert.rejects(giveCommand(dir, STOP), /the engine speaks version 2, this command 1/);
    newer.close();
  });

  it('16.5 an invalid proof, an invalid command and a command with other fields are refused', async () => {
    await open();
    for (const first of ['', 'hello', '{"v":1}', '{"v":1,"nonce":"00","proof":"00"}', '[]']) {
      const lines = await talk((said, socket) => said.length === 1 && socket.write(`${first}\n`));
      assert.match(lines[1] ?? '', /no proof was given/);
    }
    const wrong = [
      { verb: 'explode', by: 'ann', why: null },
      { ...STOP, more: 1 },
      { verb: 'stop' },
      { verb: 'pause', symbols: [], forMs: null, by: 'ann', why: null },
      { verb: 'pause', symbols: ['x'.repeat(65)], forMs: null, by: 'ann', why: null },
      { verb: 'pause', symbols: ['BNB'], forMs: '1h', by: 'ann', why: null },
      { ...STOP, why: 'x'.repeat(201) },
      { ...STOP, by: '' },
    ];
    for (const command of wrong) {
      const lines = await proven(`${JSON.stringify({ command })}\n`);
      assert.match(lines[2] ?? '', /not a command of this version/);
    }
    assert.deepEqual(given, []);
  });

  it('16.5 a frame of 10 MB, before the proof and after it', async () => {
    await open();
    const frame = 'x'.repeat(10 * 1024 * 1024);
    const before = await talk((said, socket) => said.length === 1 && socket.write(frame));
    assert.match(before[1] ?? '', new RegExp(`longer than ${LINE_MAX_BYTES} bytes`));
    assert.match((await proven(frame))[2] ?? '', /longer than/);
    assert.deepEqual(await giveCommand(dir, STOP), { ok: true, says: ANSWER.says.map(sentLine) });
  });

  it('16.5 silent clients are disconnected after 2 s, and clients over the limit are refused', async (t) => {
    await open();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const silent = Array.from({ length: CLIENTS_MAX }, () => talk(() => undefined));
    await new Promise((resolve) => setImmediate(resolve));
    const [sent] = await talk(() => undefined);
    assert.match(sent ?? '', /clients are connected already/);
    t.mock.timers.tick(2_000);
    for (const lines of await Promise.all(silent)) assert.match(lines[1] ?? '', /no command within 2 s/);
    t.mock.timers.reset();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(await giveCommand(dir, STOP), { ok: true, says: ANSWER.says.map(sentLine) });
  });

  it('16.5 a client that never reads is cut off', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let isAnswered = () => {};
    const answered = new Promise<void>((resolve) => {
      isAnswered = resolve;
    });
    await open(async () => {
      setImmediate(isAnswered);
      return { ok: true, says: Array.from({ length: 20_000 }, () => say('will-stop', null)) };
    });
    const nonce = newSecret();
    const socket = createConnection(control?.place ?? '');
    sockets.push(socket);
    const [greeting] = (await new Promise<Buffer>((resolve) => socket.once('data', resolve))).toString().split('\n');
    const theirs = (JSON.parse(greeting ?? '{}') as { nonce: string }).nonce;
    socket.pause();
    const proof = proofOf(secretNow(), 'client', [theirs, nonce]);
    socket.write(`${JSON.stringify({ v: VERSION, nonce, proof })}\n${JSON.stringify({ command: STOP })}\n`);
    await answered;
    const ended = new Promise((resolve) => socket.on('close', resolve));
    t.mock.timers.tick(2_000);
    socket.resume();
    await ended;
  });

  it('16.5 a command that fails is answered, and the next one is taken', async () => {
    let fails = true;
    await open(async () => {
      if (fails) throw new Error('the disk is full');
      return ANSWER;
    });
    await assert.rejects(
      giveCommand(dir, STOP),
      (thrown) => thrown instanceof ControlError && /disk/.test(thrown.message),
    );
    fails = false;
    assert.deepEqual(await giveCommand(dir, STOP), { ok: true, says: ANSWER.says.map(sentLine) });
  });

  it('16.5 an engine that does not answer in time', async () => {
    await open(() => new Promise(() => undefined));
    await assert.rejects(giveCommand(dir, STOP, 20), /no answer within 0\.02 s/);
  });

  it('16.5 socket and secret are removed when the engine ends', async () => {
    const { place } = await open();
    control?.close();
    assert.equal(existsSync(place), false);
    assert.equal(existsSync(secretFile(dir)), false);
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { journalFileName } from '../../src/journal/files.ts';
import { openJournalForReading } from '../../src/journal/sqlite.ts';
import { knownInstruments, type PaperServer, paperEnvironment, startPaper } from '../../src/paper/index.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { compiledFor } from '../support/compiled.ts';
import { ownAccounts } from '../support/own-accounts.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { type Outcome, outcomeOf, Watch } from './outcome.ts';
import { BNB, environmentAt, GIVE_UP_MS, Scenario, SOL, STILL, SYMBOLS } from './scenario.ts';

/** Real engine processes with real journals against an embedded exchange in this process, which they take for a real one. */

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const HOOK = join(ROOT, 'test', 'crash', 'kill-hook.ts');
/** The scenario's waits, shortened: nobody watches. */
const PACE = 0.3;
const LOOK_MS = 25;

/** A folder, an exchange and a message gateway, for engines that come and go. */
export class Stage {
  readonly paper: PaperServer;
  readonly directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-crash-'));
  readonly messages: string[] = [];
  readonly #gateway: Server;
  readonly #children = new Set<ChildProcess>();

  private constructor(paper: PaperServer, gateway: Server) {
    this.paper = paper;
    this.#gateway = gateway;
    gateway.on('request', (incoming, response) => {
      let body = '';
      incoming.on('data', (chunk) => {
        body += String(chunk);
      });
      incoming.on('end', () => {
        this.messages.push(JSON.parse(body).message);
        response.end('{"success":true}');
      });
    });
    writeFileSync(join(this.directory, 'symbols.json'), JSON.stringify(SYMBOLS));
  }

  static async open(): Promise<Stage> {
    const instruments = knownInstruments().filter((spec) => spec.name === BNB || spec.name === SOL);
    const paper = await startPaper({
      seed: 3,
      instruments,
      profile: STILL,
      accounts: ownAccounts(),
      // Killed and started again every second or so: what a start may cost is not what is looked at here.
      rateLimits: false,
    });
    const gateway = createServer();
    await new Promise<void>((done) => gateway.listen(0, '127.0.0.1', done));
    return new Stage(paper, gateway);
  }

  get dataDir(): string {
    return join(this.directory, 'data');
  }

  /** The settings of an engine on this exchange; nothing of this process's own environment but what a program needs. */
  environment(): Record<string, string> {
    const inherited = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot'];
    const base = Object.fromEntries(
      inherited.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
    );
    const trading = Object.fromEntries(paperEnvironment(this.paper).map((line) => line.split(/=(.*)/s).slice(0, 2)));
    return {
      ...base,
      ...compiledFor(['run']),
      ...trading,
      CHAT_ID: 'crash',
      API_KEY: 'crash-key',
      TELEGRAM_GATEWAY_URL: `http://127.0.0.1:${(this.#gateway.address() as AddressInfo).port}/send-message`,
      GRVT_HEDGE_SYMBOLS_FILE: join(this.directory, 'symbols.json'),
      GRVT_HEDGE_DATA_DIR: this.dataDir,
      GRVT_HEDGE_LOG_DIR: join(this.directory, 'logs'),
      GRVT_HEDGE_HTTP_PORT: '0',
      GRVT_HEDGE_STREAMS: '0',
      GRVT_HEDGE_LOOP_INTERVAL_SEC: '0.3',
      GRVT_HEDGE_RATE_SCALE: '20',
      ...environmentAt(PACE),
    };
  }

  /** Starts an engine; what it prints is collected. */
  spawn(options: { readonly env?: Readonly<Record<string, string>>; readonly hook?: boolean } = {}): Child {
    const flags = ['--disable-sigusr1', ...(options.hook ? ['--import', HOOK] : [])];
    const child = spawn(process.execPath, [...flags, join(ROOT, 'bin', 'grvt-hedge.mjs'), 'run'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...this.environment(), ...options.env },
    });
    this.#children.add(child);
    let output = '';
    const add = (chunk: Buffer) => {
      output += String(chunk);
    };
    child.stdout?.on('data', add);
    child.stderr?.on('data', add);
    const ended = new Promise<Ended>((done) =>
      child.once('close', (code, signal) => {
        this.#children.delete(child);
        done({ code, signal, output });
      }),
    );
    return { process: child, ended, output: () => output };
  }

  /** The journal an engine on this stage writes. */
  get journalName(): string {
    return journalFileName({ env: 'dev', subAccountIds: this.paper.accounts.map((account) => account.subAccountId) });
  }

  /** Kills every engine that still runs, and waits until they are gone. */
  async killAll(): Promise<void> {
    const gone = [...this.#children].map((child) => new Promise((done) => child.once('close', done)));
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(gone);
  }

  async close(): Promise<void> {
    await this.killAll();
    await this.paper.close();
    this.#gateway.closeAllConnections();
    await new Promise((done) => this.#gateway.close(done));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

export interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly output: () => string;
}

/** Waits until an engine has printed that; fails when it ends before, or takes too long. */
export async function printed(child: Child, words: string): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  let ended: Ended | null = null;
  void child.ended.then((how) => {
    ended = how;
  });
  while (!child.output().includes(words)) {
    if (ended !== null || performance.now() > giveUpAt) {
      throw new Error(`the engine did not print ${JSON.stringify(words)}: ${child.output()}`);
    }
    await pause(LOOK_MS);
  }
}

export interface RealRun {
  readonly outcome: Outcome;
  readonly wrong: readonly string[];
  /** How often an engine was killed. */
  readonly kills: number;
  /** Points of the last engine, when it ended by itself. */
  readonly points: number;
}

/** It has said that it trades. */
function hasStarted(child: Child | null): boolean {
  return child?.output().includes('Started on ') ?? false;
}

/** The scenario with real processes: the first engine is killed at the first number, the next at the second, … */
export async function runReal(kills: readonly number[]): Promise<RealRun> {
  const stage = await Stage.open();
  try {
    const watch = new Watch(stage.paper.exchange);
    const scenario = new Scenario(stage.paper.exchange, PACE);
    const countFile = join(stage.directory, 'points');
    const wrong: string[] = [];
    const left = [...kills];
    let killed = 0;
    let over = false;
    let child: Child | null = null;
    let trades = false;
    const start = (): void => {
      trades = false;
      const env = { CRASH_AT: String(left.shift() ?? 0), CRASH_COUNT_FILE: countFile };
      child = stage.spawn({ env, hook: true });
      void child.ended.then(({ code, signal, output }) => {
        if (signal === 'SIGKILL') {
          killed += 1;
          if (over) return;
          scenario.restarted();
          start();
        } else if (!over || code !== 0) {
          wrong.push(`the engine ended with ${code ?? signal}: ${output.slice(-1_000)}`);
        }
      });
    };
    start();
    const giveUpAt = performance.now() + GIVE_UP_MS;
    while (!(scenario.over && trades) && wrong.length === 0 && performance.now() < giveUpAt) {
      stage.paper.exchange.advance(Date.now());
      if (!trades && hasStarted(child)) {
        // Its recovery takes its time from here: on a busy machine the start alone can take as long.
        trades = true;
        scenario.restarted();
      }
      scenario.look();
      await pause(LOOK_MS);
    }
    if (!(scenario.over && trades)) wrong.push(`did not get to its end: ${scenario.waitingFor.join('; ')}`);
    over = true;
    const last = child as Child | null;
    last?.process.kill('SIGTERM');
    const given = new AbortController();
    const ended = await Promise.race([last?.ended, pause(PATIENCE_MS, undefined, { signal: given.signal })]);
    given.abort();
    if (ended === undefined) wrong.push('the engine does not stop');
    for (const line of last?.output().split('\n') ?? []) if (/ ERROR: |invariant/.test(line)) wrong.push(line);
    const journal = openJournalForReading({ directory: stage.dataDir, fileName: stage.journalName });
    try {
      wrong.push(...journal.notices.map((why) => reasonText(why)), ...watch.atTheEnd(journal, scenario.foreign));
      const points = existsSync(countFile) ? Number(readFileSync(countFile, 'utf8')) : 0;
      return { outcome: outcomeOf(stage.paper.exchange, journal), wrong, kills: killed, points };
    } finally {
      journal.close();
    }
  } finally {
    await stage.close();
  }
}

import { closeSync, constants, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openPrivate } from '../os/private-files.ts';

/**
 * Where the engine of a data directory listens, so that a command finds it whatever port its own shell is set to. The file is
 * only a hint: one left by an engine that was killed leads to nobody, or to another, which the asker sees by the answer.
 */
const FILE = 'dashboard.json';
/** Larger than what is written here, by far. */
const MAX_CHARS = 1_000;

/** @throws Error of the system when the directory cannot be written, or the file there is not ours */
export function writeEngineAddress(dataDir: string, port: number, pid: number): void {
  const fd = openPrivate(join(dataDir, FILE), constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    writeSync(fd, `${JSON.stringify({ port, pid })}\n`);
  } finally {
    closeSync(fd);
  }
}

/** The port that was written; null: none was, or its engine has ended. */
export function readEngineAddress(dataDir: string): number | null {
  try {
    const text = readFileSync(join(dataDir, FILE), 'utf8').slice(0, MAX_CHARS);
    const { port, pid } = JSON.parse(text) as { port?: unknown; pid?: unknown };
    if (!isWithin(port, 65_535) || !isWithin(pid, Number.MAX_SAFE_INTEGER)) return null;
    return lives(pid) ? port : null;
  } catch {
    // There is none, or not one of ours: the settings' port is asked.
    return null;
  }
}

/** Takes the hint away, as the engine ends. */
export function removeEngineAddress(dataDir: string): void {
  rmSync(join(dataDir, FILE), { force: true });
}

function isWithin(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= most;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // It lives, as another user.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

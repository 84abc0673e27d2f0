import { closeSync, constants, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openPrivate } from '../os/private-files.ts';
import { isAlive } from '../os/processes.ts';

/**
 * Where the engine of a data directory listens, so that a command finds it whatever its own settings say. Only a hint:
 * after a kill it is outdated, which the answer reveals.
 */
const FILE = 'dashboard.json';
/** Far larger than what is written here. */
const MAX_CHARS = 1_000;

/** @throws the system's Error if the directory is not writable, or the file there is not ours */
export function writeEngineAddress(dataDir: string, port: number, pid: number): void {
  const fd = openPrivate(join(dataDir, FILE), constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    writeSync(fd, `${JSON.stringify({ port, pid })}\n`);
  } finally {
    closeSync(fd);
  }
}

/** The noted port; null: none, or its engine has ended. */
export function readEngineAddress(dataDir: string): number | null {
  try {
    const text = readFileSync(join(dataDir, FILE), 'utf8').slice(0, MAX_CHARS);
    const { port, pid } = JSON.parse(text) as { port?: unknown; pid?: unknown };
    if (!isWithin(port, 65_535) || !isWithin(pid, Number.MAX_SAFE_INTEGER)) return null;
    return isAlive(pid) ? port : null;
  } catch {
    // None, or not one of ours: the settings' port is used.
    return null;
  }
}

/** Removes the hint as the engine ends. */
export function removeEngineAddress(dataDir: string): void {
  rmSync(join(dataDir, FILE), { force: true });
}

function isWithin(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= most;
}

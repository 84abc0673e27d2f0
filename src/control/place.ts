import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

/** Longest socket path that every system accepts, in bytes: some allow 104 with the terminator. */
const PATH_MAX_BYTES = 100;

/**
 * Where the engine of a data directory listens for commands (strategy 16.5): a socket in it, or in `XDG_RUNTIME_DIR` if
 * that path would be too long; a named pipe on Windows. null: no usable path.
 */
export function controlPlace(
  dataDir: string,
  system: { readonly platform: string; readonly runtimeDir: string | undefined } = {
    platform: process.platform,
    runtimeDir: process.env.XDG_RUNTIME_DIR,
  },
): string | null {
  const directory = resolve(dataDir);
  const name = `grvt-hedge-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}`;
  if (system.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  const places = [join(directory, 'control.sock')];
  if (system.runtimeDir !== undefined && system.runtimeDir !== '') places.push(join(system.runtimeDir, `${name}.sock`));
  return places.find((place) => Buffer.byteLength(place) <= PATH_MAX_BYTES) ?? null;
}

/** The file with the running engine's secret. */
export function secretFile(dataDir: string): string {
  return join(resolve(dataDir), 'control.secret');
}

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** More than any settings, symbols or key file has. */
export const MAX_FILE_BYTES = 8_000_000;

/** Why a file of the settings was not read, though the system would have given something. */
export class UnfitFile extends Error {
  readonly problem: 'pipe' | 'too-large';

  constructor(path: string, problem: UnfitFile['problem']) {
    super(`${path}: ${problem}`);
    this.problem = problem;
  }
}

/**
 * Reads a whole file of the settings, as `fs.readFileSync` does, up to {@link MAX_FILE_BYTES}. A pipe is refused: these files are read
 * again (help, `reload`), a pipe is then empty, and an empty file means paper.
 * @throws UnfitFile, or what the system says
 */
export function readSettingsFile(path: string): Uint8Array {
  // Opening a pipe waits for its writer.
  const kind = statSync(path);
  if (kind.isFIFO() || kind.isSocket()) throw new UnfitFile(path, 'pipe');
  const file = openSync(path, 'r');
  try {
    const room = fstatSync(file).size + 1;
    if (room > MAX_FILE_BYTES) throw new UnfitFile(path, 'too-large');
    // A device, and what /proc has, say 0 and contain more.
    let bytes = Buffer.alloc(Math.max(room, 65_536));
    let length = 0;
    for (;;) {
      const more = readSync(file, bytes, length, bytes.length - length, null);
      length += more;
      if (more === 0) return bytes.subarray(0, length);
      if (length > MAX_FILE_BYTES) throw new UnfitFile(path, 'too-large');
      if (length === bytes.length) bytes = Buffer.concat([bytes], length * 2);
    }
  } finally {
    closeSync(file);
  }
}

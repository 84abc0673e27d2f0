import { existsSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../os/processes.ts';
import { MarketError } from './errors.ts';

/**
 * One process writes to a symbol at a time, since two would interleave their blocks. The claim is a file with the
 * process id; that of a dead process is ignored. @returns releases it @throws MarketError naming the holder
 */
export function claim(directory: string, symbol: string): () => void {
  mkdirSync(join(directory, symbol), { recursive: true });
  const file = join(directory, symbol, '.writer');
  const holder = existsSync(file) ? Number(readFileSync(file, 'utf8')) : null;
  if (holder !== null) {
    if (Number.isInteger(holder) && holder > 0 && holder !== process.pid && isAlive(holder))
      throw new MarketError(`${directory}/${symbol}: process ${holder} writes to it: expected one writer at a time`);
    unlinkSync(file);
  }
  let fd: number;
  try {
    fd = openSync(file, 'wx');
  } catch {
    throw new MarketError(`${directory}/${symbol}: another process has just begun to write to it`);
  }
  writeSync(fd, String(process.pid));
  return () => {
    if (existsSync(file)) unlinkSync(file);
  };
}

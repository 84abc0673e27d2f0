import { existsSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../os/processes.ts';
import { unusable } from './errors.ts';

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
      throw unusable(`${directory}/${symbol}`, null, {
        en: `one writer at a time: process ${holder} writes to it`,
        zh: `同时只有一个写入者：进程 ${holder} 正在写入`,
      });
    unlinkSync(file);
  }
  let fd: number;
  try {
    fd = openSync(file, 'wx');
  } catch {
    throw unusable(`${directory}/${symbol}`, null, {
      en: 'one writer at a time: another process has just begun to write to it',
      zh: '同时只有一个写入者：另一个进程刚开始写入',
    });
  }
  writeSync(fd, String(process.pid));
  return () => {
    if (existsSync(file)) unlinkSync(file);
  };
}

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DAY_MS, daysOf, fileOf, type Range } from './store.ts';

/** One day's file and its checksum, for comparison with another machine. */
export interface FileSum {
  readonly symbol: string;
  readonly day: string;
  readonly sha256: string;
}

/** The files that a replay of a range reads, in order. @throws Error if one is unreadable */
export function sumsOf(directory: string, symbols: readonly string[], { fromMs, toMs }: Range): FileSum[] {
  return symbols.flatMap((symbol) =>
    daysOf(directory, symbol)
      .filter((day) => Date.parse(day) < toMs && Date.parse(day) + DAY_MS > fromMs)
      .map((day) => ({ symbol, day, sha256: sumOf(fileOf(directory, symbol, day)) })),
  );
}

function sumOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** A directory's differences by file; empty: none. */
export function differencesOf(
  directory: string,
  symbols: readonly string[],
  range: Range,
  wanted: readonly FileSum[],
): string[] {
  const here = sumsOf(directory, symbols, range);
  const find = (all: readonly FileSum[], { symbol, day }: FileSum) =>
    all.find((one) => one.symbol === symbol && one.day === day);
  return [
    ...wanted.flatMap((one) => {
      const found = find(here, one);
      if (found?.sha256 === one.sha256) return [];
      return [`${fileOf(directory, one.symbol, one.day)} ${found === undefined ? 'is missing' : 'is another one'}`];
    }),
    ...here
      .filter((one) => find(wanted, one) === undefined)
      .map(({ symbol, day }) => `${fileOf(directory, symbol, day)} is too many`),
  ];
}

import { illegal } from './spoken.ts';

/** Options that several commands have, and readers of their values, whose errors commander prints as one line. */

export const JOURNAL = ['--journal <file>', 'another journal than the one the settings name'] as const;
export const MARKET_DIRECTORY = ['--market <directory>', 'stored markets: a directory per symbol', 'market'] as const;

/** @throws InvalidArgumentError */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw illegal({ en: 'a whole number', zh: '整数' });
  return Number(text);
}

/** A TCP port; 0: any. @throws InvalidArgumentError */
export function portNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw illegal({ en: 'a port from 0 to 65535', zh: '0 至 65535 的端口' });
  return Number(text);
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1h30m` in ms. @throws InvalidArgumentError */
export function duration(text: string): number {
  const isWhole = /^(\d{1,6}[smhd])+$/.test(text);
  const ms = [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, count = '0', unit = 's']) => sum + Number(count) * (UNITS_MS[unit] ?? 0),
    0,
  );
  if (isWhole && ms > 0) return ms;
  throw illegal({
    en: 'a duration above 0, as 90s, 30m, 1h, 2d or 1h30m',
    zh: '大于 0 的时长，如 90s、30m、1h、2d 或 1h30m',
  });
}

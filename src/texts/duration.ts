import type { Language } from './language.ts';

const UNITS = {
  en: { s: ' s', min: ' min', h: ' h', d: ' d' },
  zh: { s: ' 秒', min: ' 分钟', h: ' 小时', d: ' 天' },
} as const satisfies Readonly<Record<Language, object>>;

/** A duration in its two largest units, rounded down: `45 s`, `12 min`, `6 h 5 min`, `3 d 2 h`. Negative ones are 0 s. */
export function lasting(ms: number, language: Language = 'en'): string {
  const { s, min, h, d } = UNITS[language];
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}${s}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}${min}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}${h}${minutes % 60 === 0 ? '' : ` ${minutes % 60}${min}`}`;
  return `${Math.floor(hours / 24)}${d}${hours % 24 === 0 ? '' : ` ${hours % 24}${h}`}`;
}

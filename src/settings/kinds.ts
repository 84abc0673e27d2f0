import { z } from 'zod';
import { isDatabaseUrl } from '../core/database-address.ts';
import { Decimal, decimal, PLAIN_DECIMAL } from '../core/decimal.ts';
import type { BothTexts } from '../core/reasons.ts';
import { hostEntry, proxyAddress } from './network.ts';
import { Secret } from './secret.ts';

/** Kinds of variables: how their text is parsed, and what was expected. */

/** Levels of the REST client's log, in pino's terms. */
export type SdkLogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface Kind<T> {
  readonly unit: string;
  readonly expected: BothTexts;
  readonly schema: z.ZodType<T, string>;
}

const MS_PER_SEC = 1000;
export const MS_PER_HOUR = 3_600_000;
export const MS_PER_DAY = 86_400_000;

/** A Node timer longer than 2^31 − 1 ms fires at once; durations stay below (24.8 days). */
export const LONGEST_TIMER_SEC = 2_147_483;

/** The exchange refuses orders that live longer than 30 days (API 5.1); one day less, for differing clocks. */
export const LONGEST_ORDER_TTL_SEC = 29 * 86_400;

const UINT64_MAX = 2n ** 64n - 1n;

/** Order of the group of private keys: a key is at least 1 and below it. */
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const plain = z.string().regex(PLAIN_DECIMAL);

export function oneOf<const T extends string>(values: readonly T[]): Kind<T> {
  const schema = z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(values));
  return { unit: 'word', expected: oneOfWords(values), schema };
}

function oneOfWords(words: readonly string[]): BothTexts {
  return { en: `one of ${words.join(', ')}`, zh: `以下之一：${words.join('、')}` };
}

export function factor(from: string, to: string): Kind<number> {
  const schema = plain
    .transform(decimal)
    .refine((value) => value.gte(decimal(from)) && value.lte(decimal(to)))
    .transform((value) => value.toNumber());
  return { unit: 'factor', expected: { en: `a number from ${from} to ${to}`, zh: `数值，${from} 至 ${to}` }, schema };
}

export function integer(from: number, to: number, unit = 'count'): Kind<number> {
  const schema = z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine((value) => value >= from && value <= to);
  return { unit, expected: { en: `a whole number from ${from} to ${to}`, zh: `整数，${from} 至 ${to}` }, schema };
}

const UNITS_ZH = { seconds: '秒', hours: '小时', days: '天' };

/** A duration in larger units, stored as whole milliseconds. */
export function duration(unit: keyof typeof UNITS_ZH, unitMs: number, from: string, to: string): Kind<number> {
  const schema = plain
    .transform(decimal)
    .refine((value) => value.gte(decimal(from)) && value.lte(decimal(to)))
    .transform((value) => value.mul(unitMs).toDecimalPlaces(0).toNumber());
  const expected = { en: `a number of ${unit} from ${from} to ${to}`, zh: `${UNITS_ZH[unit]}数，${from} 至 ${to}` };
  return { unit, expected, schema };
}

export function seconds(from: string, to: number): Kind<number> {
  return duration('seconds', MS_PER_SEC, from, String(to));
}

/**
 * Of the exchange's dead-man timer: a renewal costs a second of the read budget; five minutes is the exchange's
 * maximum.
 */
export const deadMan: Kind<number> = {
  unit: 'seconds',
  expected: { en: '0, or a whole number of seconds from 60 to 300', zh: '零，或整秒数，60 至 300' },
  schema: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((value) => value === 0 || (value >= 60 && value <= 300))
    .transform((value) => value * MS_PER_SEC),
};

/** The same; 0 means never. */
export function secondsOrNever(to: number): Kind<number | null> {
  const schema = plain
    .transform(decimal)
    .refine((value) => !value.isNegative() && value.lte(to))
    .transform((value) => (value.isZero() ? null : Math.max(1, value.mul(MS_PER_SEC).toDecimalPlaces(0).toNumber())));
  const expected = { en: `0 (never) or a number of seconds up to ${to}`, zh: `零（从不），或秒数，至多 ${to}` };
  return { unit: 'seconds', expected, schema };
}

/** Largest amount in USDT: far above any position, far below the precision of the arithmetic. */
const LARGEST_USDT = new Decimal('1e15');

export const usdt: Kind<Decimal> = {
  unit: 'USDT',
  expected: { en: 'a number of USDT, 0 or more', zh: '金额（USDT），不小于 0' },
  schema: z
    .string()
    .max(40, { abort: true })
    .regex(/^\d+(\.\d+)?$/, { abort: true })
    .transform(decimal)
    .refine((value) => value.lte(LARGEST_USDT)),
};

export const usdtAboveZero: Kind<Decimal> = {
  ...usdt,
  expected: { en: 'a number of USDT above 0', zh: '金额（USDT），大于 0' },
  schema: usdt.schema.refine((value) => value.gt(0)),
};

export const ratio: Kind<Decimal> = {
  unit: 'ratio',
  expected: { en: 'a ratio above 0 and at most 1 (0.70 is 70 %)', zh: '比例，大于 0 且不超过 1（0.70 即 70 %）' },
  schema: z
    .string()
    .max(40, { abort: true })
    .regex(/^\d+(\.\d+)?$/, { abort: true })
    .transform(decimal)
    .refine((value) => value.gt(0) && value.lte(1)),
};

const SWITCH: Readonly<Record<string, boolean>> = { '1': true, true: true, '0': false, false: false };

export const onOff: Kind<boolean> = {
  unit: 'switch',
  expected: { en: '1 (on) or 0 (off)', zh: '开关：1（开）或 0（关）' },
  schema: z
    .string()
    .transform((text) => SWITCH[text.toLowerCase()])
    .pipe(z.boolean()),
};

/** An address of a GRVT server, without path. A trailing slash is dropped. */
export const origin: Kind<string> = {
  unit: 'URL',
  expected: {
    en: 'an http:// or https:// address of a host, without path, user or query',
    zh: '主机的 http:// 或 https:// 地址，不含路径、用户名和查询参数',
  },
  schema: url((parsed) => parsed.pathname === '/' && parsed.search === '' && parsed.hash === '').transform(
    (text) => new URL(text).origin,
  ),
};

export const address: Kind<string> = {
  unit: 'URL',
  expected: {
    en: 'an http:// or https:// address, without user or password in it',
    zh: '地址，http:// 或 https://，不含用户名和密码',
  },
  schema: url(() => true),
};

function url(fits: (parsed: URL) => boolean): z.ZodType<string, string> {
  return z.string().refine((text) => {
    if (!/^https?:\/\/\S+$/i.test(text) || !URL.canParse(text)) return false;
    const parsed = new URL(text);
    return parsed.hostname !== '' && parsed.username === '' && parsed.password === '' && fits(parsed);
  });
}

export const timeOfDay: Kind<number> = {
  unit: 'HH:MM',
  expected: { en: 'a time HH:MM from 00:00 to 23:59', zh: '时间 HH:MM，00:00 至 23:59' },
  schema: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
    .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))),
};

export const path: Kind<string> = {
  unit: 'path',
  expected: { en: 'a path', zh: '路径' },
  schema: z.string().refine((text) => !text.includes('\0')),
};

export const apiKey: Kind<Secret> = {
  unit: 'text',
  expected: { en: 'the API key: printable characters without spaces', zh: '该 API key：可打印字符，不含空格' },
  schema: z
    .string()
    .regex(/^[\x21-\x7e]{1,512}$/)
    .transform((text) => new Secret(text)),
};

/** Shorter ones could be guessed. */
const CONTROL_TOKEN_MIN = 24;

export const controlToken: Kind<Secret> = {
  unit: 'text',
  expected: {
    en: `${CONTROL_TOKEN_MIN} to 512 printable characters without spaces`,
    zh: `可打印字符 ${CONTROL_TOKEN_MIN} 至 512 个，不含空格`,
  },
  schema: z
    .string()
    .regex(/^[\x21-\x7e]{1,512}$/, { abort: true })
    .refine((text) => text.length >= CONTROL_TOKEN_MIN)
    .transform((text) => new Secret(text)),
};

const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Where the page is published: never unencrypted over a network (strategy 16.6). */
export const publicOrigin: Kind<string> = {
  unit: 'URL',
  expected: {
    en: 'an https:// address without path, user or query; http:// on loopback only',
    zh: '地址，https://，不含路径、用户名和查询参数；仅本机回环地址可用 http://',
  },
  schema: url(
    (parsed) =>
      parsed.pathname === '/' &&
      parsed.search === '' &&
      parsed.hash === '' &&
      (parsed.protocol === 'https:' || LOOPBACK_HOSTS.includes(parsed.hostname)),
  ).transform((text) => new URL(text).origin),
};

export const privateKey: Kind<Secret> = {
  unit: 'hex',
  expected: { en: 'a private key: 0x and 64 hex digits', zh: '私钥：0x 加 64 位十六进制' },
  schema: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/, { abort: true })
    .refine((text) => BigInt(text) > 0n && BigInt(text) < SECP256K1_ORDER)
    .transform((text) => new Secret(text)),
};

export const accountId: Kind<string> = {
  unit: 'number',
  expected: {
    en: 'the trading account id: a decimal number from 1 to 2^64-1',
    zh: '交易账户 ID：十进制数，1 至 2^64-1',
  },
  schema: z
    .string()
    .regex(/^[1-9]\d{0,19}$/, { abort: true })
    .refine((text) => BigInt(text) <= UINT64_MAX),
};

export const chatId: Kind<string> = {
  unit: 'text',
  expected: { en: 'a chat id without spaces, e.g. -1001234567890', zh: '会话 ID，不含空格，例如 -1001234567890' },
  // A private key pasted here would be sent to the gateway.
  schema: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/)
    .refine((text) => !/[0-9a-f]{64}/i.test(text)),
};

/** More hosts than an exchange has: a longer list is the wrong value. */
const MAX_HOSTS = 20;

export const hosts: Kind<readonly string[]> = {
  unit: 'hosts',
  expected: {
    en: 'host names separated by commas, each with a port or without, no http://, no *',
    zh: '主机名，以逗号分隔，可带端口，不含 http:// 和 *',
  },
  schema: z.string().transform((text, context): readonly string[] => {
    const entries = text.split(',').map((entry) => hostEntry(entry.trim()));
    const known = entries.filter((entry) => entry !== null);
    if (known.length === entries.length && known.length <= MAX_HOSTS) return known;
    context.addIssue({ code: 'custom', message: 'not a list of hosts' });
    return z.NEVER;
  }),
};

/**
 * Validated where it would be used: an unsuitable proxy of the machine must not prevent the embedded exchange from
 * starting.
 */
export const proxy: Kind<Secret> = {
  unit: 'URL',
  expected: {
    en: 'an http:// or https:// address of a proxy, host and port, with user and password if it needs them',
    zh: '代理的 http:// 或 https:// 地址：主机和端口，需要时带用户名和密码',
  },
  schema: z.string().transform((text) => proxyAddress(text) ?? new Secret(text)),
};

export const noProxy: Kind<readonly string[]> = {
  unit: 'hosts',
  expected: { en: 'host names separated by commas, or *', zh: '主机名，以逗号分隔，或 *' },
  schema: z.string().transform((text) => text.split(/[\s,]+/).filter((entry) => entry !== '')),
};

/** Contains the password: never shown. */
export const database: Kind<Secret> = {
  unit: 'URL',
  expected: {
    en: 'postgres://user:password@host:5432/database, with ?sslmode=verify-full where it is not on this machine',
    zh: '地址 postgres://用户:密码@主机:5432/数据库，不在本机时加 ?sslmode=verify-full',
  },
  schema: z
    .string()
    .refine(isDatabaseUrl)
    .transform((text) => new Secret(text)),
};

/** At most 15 digits: beyond that a number is not exact. */
export const chainId: Kind<number> = integer(1, 999_999_999_999_999, 'number');

export const depth: Kind<10 | 50 | 100 | 500> = {
  unit: 'levels',
  expected: oneOfWords(['10', '50', '100', '500']),
  schema: z.enum(['10', '50', '100', '500']).transform((text) => Number(text) as 10 | 50 | 100 | 500) as z.ZodType<
    10 | 50 | 100 | 500,
    string
  >,
};

const SDK_LEVELS: Readonly<Record<string, SdkLogLevel>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  WARN: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
  OFF: 'silent',
};

export const sdkLevel: Kind<SdkLogLevel> = {
  unit: 'word',
  expected: oneOfWords(Object.keys(SDK_LEVELS)),
  schema: z
    .string()
    .transform((text) => SDK_LEVELS[text.toUpperCase()])
    .pipe(z.enum(['debug', 'info', 'warn', 'error', 'fatal', 'silent'])),
};

export const engineName: Kind<string> = {
  unit: 'word',
  expected: {
    en: '1 to 32 letters, digits, dots, hyphens and underscores',
    zh: '名称：字母、数字、点、连字符和下划线，1 至 32 个',
  },
  schema: z.string().regex(/^[\p{L}\p{N}._-]{1,32}$/u),
};

/** A zone of the IANA list, in its own spelling. */
export const timeZone: Kind<string> = {
  unit: 'word',
  expected: {
    en: 'a time zone of the IANA list, e.g. Asia/Shanghai or UTC',
    zh: '时区，取自 IANA 列表，例如 Asia/Shanghai 或 UTC',
  },
  schema: z
    .string()
    .regex(/^[A-Za-z][\w+/-]*$/, { abort: true })
    .transform((text, context): string => {
      try {
        return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
      } catch {
        context.addIssue({ code: 'custom', message: 'no time zone' });
        return z.NEVER;
      }
    }),
};

import { createRequire } from 'node:module';

/** The program's version, as in `package.json`. */
export function versionOf(): string {
  return String((createRequire(import.meta.url)('../../package.json') as { version: unknown }).version);
}

import { statSync } from 'node:fs';
import { type Reason, reason } from '../core/reasons.ts';

const GROUP_OR_OTHERS = 0o077;
const GROUP_OR_OTHERS_WRITE = 0o022;

/**
 * Warnings about files with keys or amounts that others on this machine can read or write, and about a process with all
 * privileges (strategy 2.1). None on Windows, which has no such modes; missing files are reported elsewhere.
 * @param paths `.env`, key files, the symbols file @param uid of this process; undefined: the system has none
 */
export function exposureWarnings(paths: readonly string[], uid: number | undefined): Reason[] {
  if (uid === undefined) return [];
  const warnings = paths.flatMap((path): Reason[] => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & GROUP_OR_OTHERS) === 0) return [];
    const what = (mode & GROUP_OR_OTHERS_WRITE) === 0 ? 'read' : 'write';
    return [reason('file-exposed', '2.1', { path, what, mode: (mode & 0o777).toString(8) })];
  });
  if (uid === 0) warnings.push(reason('runs-as-root', '2.1'));
  return warnings;
}

/** Node options that load foreign code into the process, or open it to a debugger. */
const LOADS_OR_OPENS =
  /^(?:--inspect|--debug|--require$|-r$|--import$|--loader$|--experimental-loader$|--env-file|--snapshot-blob)/;

/**
 * Warnings about `NODE_OPTIONS`, by which others could read the keys.
 * @param options the variable's text
 */
export function nodeOptionWarnings(options: string | undefined): Reason[] {
  const names = (options ?? '').split(/\s+/).map((word) => word.split('=', 1)[0] ?? '');
  const found = [...new Set(names.filter((name) => LOADS_OR_OPENS.test(name)))];
  return found.length === 0 ? [] : [reason('node-options', '2.1', { options: found })];
}

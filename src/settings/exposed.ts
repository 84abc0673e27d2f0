import { statSync } from 'node:fs';

const GROUP_OR_OTHERS = 0o077;
const GROUP_OR_OTHERS_WRITE = 0o022;

/**
 * Warnings about files with keys or amounts that others on this machine can read or write, and about a process with all
 * privileges (strategy 2.1). None on Windows, which has no such modes; missing files are reported elsewhere.
 * @param paths `.env`, key files, the symbols file @param uid of this process; undefined: the system has none
 */
export function exposureWarnings(paths: readonly string[], uid: number | undefined): string[] {
  if (uid === undefined) return [];
  const warnings = paths.flatMap((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & GROUP_OR_OTHERS) === 0) return [];
    const what = (mode & GROUP_OR_OTHERS_WRITE) === 0 ? 'read' : 'write';
    return [`${path}: other users of this machine can ${what} it (mode ${(mode & 0o777).toString(8)}): chmod 600`];
  });
  if (uid === 0) warnings.push('this runs as root: a user of its own is enough, and a mistake can do less harm');
  return warnings;
}

/** Node options that load foreign code into the process, or open it to a debugger. */
const LOADS_OR_OPENS =
  /^(?:--inspect|--debug|--require$|-r$|--import$|--loader$|--experimental-loader$|--env-file|--snapshot-blob)/;

/**
 * Warnings about `NODE_OPTIONS`, by which others could read the keys.
 * @param options the variable's text
 */
export function nodeOptionWarnings(options: string | undefined): string[] {
  const names = (options ?? '').split(/\s+/).map((word) => word.split('=', 1)[0] ?? '');
  const found = [...new Set(names.filter((name) => LOADS_OR_OPENS.test(name)))];
  if (found.length === 0) return [];
  return [
    `NODE_OPTIONS holds ${found.join(', ')}: code of others or a debugger can read the keys of this process; unset it`,
  ];
}

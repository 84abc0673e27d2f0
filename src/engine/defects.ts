/** Unexpected defects of ours (strategy 13.5): uncaught exceptions and rejections. */

/**
 * Longest stop after a defect: draining and clean-up take up to 30 s each, the last messages 10 s. Then the process is
 * ended, since the defect may block the stop; its orders expire by themselves.
 */
export const DEFECT_STOP_MAX_MS = 90_000;

/** Further defects that are logged: one that recurs with every timer must not fill the disk. */
const FURTHER_LOGGED_MAX = 20;

/** Characters of a description: a message may contain a whole answer. */
const DESCRIPTION_MAX = 600;

/** A defect in one line: its message and the first place of its stack. */
export function describeDefect(thrown: unknown): string {
  const [what, at] =
    thrown instanceof Error
      ? [`${thrown.name}: ${thrown.message}`, thrown.stack?.split('\n').find((line) => /^\s*at /.test(line))]
      : [String(thrown), undefined];
  const place = at === undefined ? '' : ` (${at.trim()})`;
  return `${what.replaceAll(/\s+/g, ' ').slice(0, DESCRIPTION_MAX)}${place}`;
}

export interface DefectReactions {
  /** Logs one line, redacted by the log. */
  readonly log: (level: 'fatal' | 'error', text: string) => void;
  /** The first defect: begins the stop (strategy 13.1). */
  readonly stop: (description: string) => void;
}

/** The first defect is fatal and stops the engine; a bounded number of others is logged. */
export function defectReactor({ log, stop }: DefectReactions): (thrown: unknown) => void {
  let seen = 0;
  return (thrown) => {
    const text = describeDefect(thrown);
    seen += 1;
    if (seen === 1) {
      log('fatal', `A defect stops the engine: ${text} (strategy 13.5)`);
      stop(text);
    } else if (seen <= FURTHER_LOGGED_MAX + 1) log('error', `A further defect while stopping: ${text}`);
  };
}

/** Handlers of defects, the innermost last: a running command, otherwise the program. */
const watchers: ((thrown: unknown) => void)[] = [];
const toInnermost = (thrown: unknown): void => watchers.at(-1)?.(thrown);

/**
 * Catches every otherwise uncaught exception and rejection of this process. Of several handlers the newest is called.
 * @returns ends it
 */
export function watchDefects(react: (thrown: unknown) => void): () => void {
  if (watchers.length === 0) {
    process.on('uncaughtException', toInnermost);
    process.on('unhandledRejection', toInnermost);
  }
  watchers.push(react);
  return () => {
    const index = watchers.indexOf(react);
    if (index >= 0) watchers.splice(index, 1);
    if (watchers.length > 0) return;
    process.off('uncaughtException', toInnermost);
    process.off('unhandledRejection', toInnermost);
  };
}

/** Defects of our own that nobody expected (strategy 13.5): an exception or a rejection that no code caught. */

/** Exit code of a run that a defect ended, whoever reports it (strategy 13.2). */
export const EXIT_DEFECT = 70;

/**
 * Longest the stop after a defect may take: draining and clean-up have 30 s each, the last messages 10 s. What was broken may
 * be what would end it, so the process is ended then; its orders expire by themselves.
 */
export const DEFECT_STOP_MAX_MS = 90_000;

/** Further defects that are logged: one that comes with every timer must not fill the disk while the engine stops. */
const FURTHER_LOGGED_MAX = 20;

/** Characters of a description: a message may hold a whole answer. */
const DESCRIPTION_MAX = 600;

/** A defect in one line: what it is, and the first place of its stack. */
export function describeDefect(thrown: unknown): string {
  const [what, at] =
    thrown instanceof Error
      ? [`${thrown.name}: ${thrown.message}`, thrown.stack?.split('\n').find((line) => /^\s*at /.test(line))]
      : [String(thrown), undefined];
  const place = at === undefined ? '' : ` (${at.trim()})`;
  return `${what.replaceAll(/\s+/g, ' ').slice(0, DESCRIPTION_MAX)}${place}`;
}

export interface DefectReactions {
  /** Logs one line; it is redacted by whoever logs. */
  readonly log: (level: 'fatal' | 'error', text: string) => void;
  /** The first one: begins the stop (strategy 13.1). */
  readonly stop: (description: string) => void;
}

/** What to do about each defect: the first is fatal and stops the engine, a bounded number of others is logged. */
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

/** Who reacts to a defect, the innermost last: a command while it runs, otherwise the program. */
const watchers: ((thrown: unknown) => void)[] = [];
const toInnermost = (thrown: unknown): void => watchers.at(-1)?.(thrown);

/**
 * Catches every exception and rejection of this process that nobody else does, until it is told to end. Of several watches the one
 * that began last hears of them.
 *
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

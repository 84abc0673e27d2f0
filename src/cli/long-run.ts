import { EXIT_CONFIGURATION } from '../core/exit-codes.ts';
import { printable } from '../core/printable.ts';
import { thrownText } from '../texts/reason-error.ts';
import { marketSaid, spokenLanguage } from './spoken.ts';

/** Common parts of long commands: a progress line, messages beside it, Ctrl+C with a partial result, errors of the user. */

/** Runs a command; an error of one of these kinds is the user's: one line and exit code 78. */
export async function reportingErrors(
  kinds: readonly (abstract new (...parts: never[]) => Error)[],
  run: () => number | Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (thrown) {
    if (!kinds.some((kind) => thrown instanceof kind)) throw thrown;
    console.error(printable(thrownText(thrown, spokenLanguage())));
    return EXIT_CONFIGURATION;
  }
}

/** Interval of progress: on a terminal, and elsewhere. Real time. */
const PROGRESS_EVERY_MS = 500;
const PROGRESS_LINE_EVERY_MS = 60_000;

/** The real clock, even in virtual time. */
export function realNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

let shown = false;
let shownMs = realNow();

/** On a terminal one changing line; elsewhere, perhaps a file, a line now and then. */
export function progress(text: string): void {
  const terminal = process.stderr.isTTY === true;
  if (realNow() - shownMs < (terminal ? PROGRESS_EVERY_MS : PROGRESS_LINE_EVERY_MS)) return;
  shownMs = realNow();
  process.stderr.write(terminal ? `\r\u001b[2K${text}` : `${text}\n`);
  shown = terminal;
}

export function clearProgress(): void {
  if (shown) process.stderr.write('\r\u001b[2K');
  shown = false;
}

/** A line beside the report. */
export function say(text: string): void {
  clearProgress();
  process.stderr.write(`${text}\n`);
}

/**
 * The first Ctrl-C or SIGTERM ends the work orderly; a second one ends the process at once, with `exitCode`. Until it is
 * disposed of.
 */
export function interruptedBySignals(
  exitCode: number,
  said = marketSaid('interrupted'),
): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(exitCode);
    say(said);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

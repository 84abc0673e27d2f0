import { isReason, type Reason, reason } from './reasons.ts';

/** The message of an error, or the thrown value as text. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a system's or library's error, such as `ENOENT`; empty: it has none. */
export function systemCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

/** Why it was thrown: its reason, else the words of the system or of a library. */
export function whyOf(thrown: unknown): Reason {
  const why = thrown instanceof Error && 'why' in thrown ? thrown.why : thrown;
  return isReason(why) ? why : reason('others-words', '', { words: errorText(thrown) });
}

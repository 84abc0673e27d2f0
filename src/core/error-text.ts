/** What was thrown, in words: the message of an error, else the value itself. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

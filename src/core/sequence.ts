/** What a frame's numbers say of it: it follows the last one, repeats it, or something is missing or out of order. */
export type SequenceVerdict = 'follows' | 'repeats' | 'gap';

/**
 * Judges one frame's numbers against the last ones of its stream and selector (strategy 10.6, API 8). Zero is a snapshot,
 * or a stream that does not count; `previous` names the frame before, and without it the number must be one more.
 *
 * @param last null: no counted frame has come yet
 */
export function judgeSequence(last: bigint | null, sequence: bigint, previous: bigint | null): SequenceVerdict {
  if (sequence === 0n || last === null) return 'follows';
  if (sequence === last) return 'repeats';
  return sequence > last && (previous ?? sequence - 1n) === last ? 'follows' : 'gap';
}

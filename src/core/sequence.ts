/** A frame's sequence number: it follows the last one, repeats it, or frames are missing or out of order. */
export type SequenceVerdict = 'follows' | 'repeats' | 'gap';

/**
 * Compares a frame's numbers with the last ones of its stream and selector (strategy 10.6, API 8). Zero is a snapshot,
 * or a stream without numbers; `previous` is the number of the preceding frame, without which the number must grow by
 * one.
 * @param last null: no numbered frame was received yet
 */
export function judgeSequence(last: bigint | null, sequence: bigint, previous: bigint | null): SequenceVerdict {
  if (sequence === 0n || last === null) return 'follows';
  if (sequence === last) return 'repeats';
  return sequence > last && (previous ?? sequence - 1n) === last ? 'follows' : 'gap';
}

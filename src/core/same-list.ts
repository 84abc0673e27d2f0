export function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** The previous list if the new one is equal, so that it counts as unchanged. */
export function kept(before: readonly string[], after: readonly string[]): readonly string[] {
  return sameList(before, after) ? before : after;
}

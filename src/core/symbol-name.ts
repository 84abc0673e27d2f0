/** `BNB_USDT_Perp` among names, by whole name or by a base that only one of them has, case-insensitive. */
export function symbolNamed(names: readonly string[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  const whole = names.find((one) => one.toLowerCase() === wanted);
  if (whole !== undefined) return whole;
  const ofBase = names.filter((one) => one.split('_', 1)[0]?.toLowerCase() === wanted);
  return ofBase.length === 1 ? ofBase[0] : undefined;
}

/**
 * Time that this process has computed while it did that, ms. Unlike the wall's, it does not grow with what else the
 * machine has to do.
 */
export function cpuTimeMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

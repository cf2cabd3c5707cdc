/**
 * How many times as long four times as much takes: about 4 for what is linear, 16 for what is quadratic. In processor time of this thread, the least of
 * three: how fast the machine is, and what else it does, does not count.
 */
export function growth(size: number, work: (size: number) => void): number {
  const once = (much: number) => {
    const before = process.threadCpuUsage();
    work(much);
    const { user, system } = process.threadCpuUsage(before);
    return user + system;
  };
  const cost = (much: number) => Math.min(once(much), once(much), once(much));
  return cost(size) / cost(size / 4);
}

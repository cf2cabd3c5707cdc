/** Microseconds. The processor's clock goes in ticks of some milliseconds: what takes less may be said to take nothing. */
const measurable = 20_000;

/**
 * How many times as long four times as much takes: about 4 for what is linear, 16 for what is quadratic. In processor time of this thread, the least of
 * three: how fast the machine is, and what else it does, does not count.
 */
export function growth(size: number, work: (size: number) => void): number {
  const once = (much: number, times: number) => {
    const before = process.threadCpuUsage();
    for (let i = 0; i < times; i++) work(much);
    const { user, system } = process.threadCpuUsage(before);
    return user + system;
  };
  const leastOfThree = (much: number, times: number) =>
    Math.min(once(much, times), once(much, times), once(much, times));
  // The first run compiles what the others find compiled: long enough is what is so each time.
  for (let times = 1; ; times *= 2) {
    const little = leastOfThree(size / 4, times);
    if (little >= measurable) return leastOfThree(size, times) / little;
  }
}

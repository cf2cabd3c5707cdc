import assert from "node:assert/strict";

/** Microseconds. The processor's clock goes in ticks of some milliseconds: what takes less may be said to take nothing. */
const measurable = 20_000;
const factor = 16;
/** 1 is linear, 2 quadratic. What is linear may look like more where large texts leave the processor's caches, and leave garbage. */
const limit = 1.6;

/**
 * Fails unless the time that work takes grows with its size, and no faster. In processor time of this thread, the least of three: how fast the machine
 * is, and what else it does, does not count.
 * @param size of the larger work; the other is a sixteenth of it
 */
export function assertLinear(what: string, size: number, work: (size: number) => void): void {
  const power = Math.log(costOf(size, work) / costOf(Math.round(size / factor), work)) / Math.log(factor);
  assert.ok(power < limit, `${what}: the time grows by the power ${power.toFixed(2)} of the size`);
}

/** Microseconds of this thread's processor time that the work takes, the least of three. */
export function costOf(size: number, work: (size: number) => void): number {
  const once = (times: number) => {
    const before = process.threadCpuUsage();
    for (let i = 0; i < times; i++) work(size);
    const { user, system } = process.threadCpuUsage(before);
    return user + system;
  };
  // The first run compiles what the others find compiled: long enough is what is so each time.
  for (let times = 1; ; times *= 2) {
    const least = Math.min(once(times), once(times), once(times));
    if (least >= measurable) return least / times;
  }
}

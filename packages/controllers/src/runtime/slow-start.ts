/** Doing one thing many times, carefully at first: a refusal is met once, not five hundred times. */

/**
 * Calls `action` `count` times in batches of `initial`, twice that, and so on, stopping after the batch in which one failed.
 * Gives how many succeeded and the first failure.
 */
export async function slowStartBatch(
  count: number,
  initial: number,
  action: (index: number) => Promise<void>,
): Promise<{ successes: number; error: unknown }> {
  let successes = 0;
  let done = 0;
  for (let size = Math.min(count, initial); size > 0; size = Math.min(2 * size, count - done)) {
    const from = done;
    const results = await Promise.allSettled(Array.from({ length: size }, (_, at) => action(from + at)));
    done += size;
    const failed = results.find((result) => result.status === "rejected");
    successes += results.filter((result) => result.status === "fulfilled").length;
    if (failed !== undefined) return { successes, error: failed.reason };
  }
  return { successes, error: undefined };
}

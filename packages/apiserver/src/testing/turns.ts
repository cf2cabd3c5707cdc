/** Whether others have their turn while something long is done. */

/** How often the event loop went round while something was done. */
export async function turnsDuring<T>(work: () => Promise<T>): Promise<{ readonly turns: number; readonly result: T }> {
  let turns = 0;
  let timer = setImmediate(function again() {
    turns++;
    timer = setImmediate(again);
  });
  try {
    return { result: await work(), turns };
  } finally {
    clearImmediate(timer);
  }
}

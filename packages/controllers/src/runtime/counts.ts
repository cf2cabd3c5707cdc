/** Counts as upstream writes them: a zero is left out. */
export function nonZero<T extends Record<string, number | undefined>>(counts: T): { [K in keyof T]?: number } {
  const result: { [K in keyof T]?: number } = {};
  for (const key of Object.keys(counts) as (keyof T)[]) {
    const value = counts[key];
    if (value !== undefined && value !== 0) result[key] = value;
  }
  return result;
}

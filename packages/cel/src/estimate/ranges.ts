/** Ranges of sizes and costs. They saturate at uint64's largest. */

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** 2^64: where sums and products stop. */
export const unlimited = 2 ** 64;
export const unknownSize: Range = { min: 0, max: unlimited };

export function fixed(value: number): Range {
  return { min: value, max: value };
}

export function add(...ranges: readonly Range[]): Range {
  let [min, max] = [0, 0];
  for (const range of ranges) {
    min += range.min;
    max += range.max;
  }
  return { min: saturate(min), max: saturate(max) };
}

function saturate(value: number): number {
  return Math.min(value, unlimited);
}

function product(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : saturate(a * b);
}

export function multiply(a: Range, b: Range): Range {
  return { min: product(a.min, b.min), max: product(a.max, b.max) };
}

/** Times a factor, rounded up. */
export function scale({ min, max }: Range, factor: number): Range {
  return { min: saturate(Math.ceil(min * factor)), max: saturate(Math.ceil(max * factor)) };
}

export function union(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

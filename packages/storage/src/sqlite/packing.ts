/**
 * How batches and rows cross between the threads: values end to end in one buffer, which is moved and not copied,
 * and beside it the small columns as arrays.
 */

import type { LogRecord } from "../log.ts";

export interface PackedRecords {
  readonly keys: string[];
  /** Four to a record: revision, createRevision, previousRevision, length of the value (-1 for a deletion). */
  readonly numbers: Float64Array;
  readonly values: Uint8Array<ArrayBuffer>;
}

const columns = 4;

export function packRecords(records: readonly LogRecord[]): PackedRecords {
  const keys: string[] = [];
  const numbers = new Float64Array(records.length * columns);
  let size = 0;
  let at = 0;
  for (const { key, revision, createRevision, previousRevision, value } of records) {
    keys.push(key);
    numbers[at++] = revision;
    numbers[at++] = createRevision;
    numbers[at++] = previousRevision;
    numbers[at++] = value?.length ?? -1;
    size += value?.length ?? 0;
  }
  const values = new Uint8Array(size);
  let offset = 0;
  for (const { value } of records) {
    if (value === undefined) continue;
    values.set(value, offset);
    offset += value.length;
  }
  return { keys, numbers, values };
}

/** The records of a pack; their values are views into its buffer. */
export function* unpackRecords({ keys, numbers, values }: PackedRecords): Generator<LogRecord> {
  let offset = 0;
  for (const [i, key] of keys.entries()) {
    const at = i * columns;
    const length = numbers[at + 3]!;
    const value = length < 0 ? undefined : values.subarray(offset, offset + length);
    offset += Math.max(0, length);
    yield {
      key,
      revision: numbers[at]!,
      createRevision: numbers[at + 1]!,
      previousRevision: numbers[at + 2]!,
      value,
    };
  }
}

/** What a pack's buffers are to be given to `postMessage` as. */
export function transferables({ numbers, values }: PackedRecords): ArrayBuffer[] {
  return [numbers.buffer as ArrayBuffer, values.buffer];
}

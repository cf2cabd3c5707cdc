/** Entries of a {@link WriteLog}'s records: what lies there encrypted is plain in an entry. */

import type { LogRecord } from "./log.ts";
import type { Entry } from "./store.ts";
import { decodeValue, isEncrypted, type ValueTransformer } from "./value-transformer.ts";

type Place = Pick<LogRecord, "key" | "revision" | "createRevision">;

/** What entries are made by of what lies in a log. */
export interface EntryReading {
  readonly transformer: ValueTransformer | undefined;
  /** Up to this revision they are {@link Entry.foreign}; 0 where none is. */
  readonly foreignThrough: number;
}

/** One value must not take the others away: what cannot be read is given as {@link Entry.unreadable}. */
export function storedEntry({ transformer, foreignThrough }: EntryReading, place: Place, stored: Uint8Array): Entry {
  const entry = decoded(transformer, place, stored);
  return place.revision <= foreignThrough ? { ...entry, foreign: true } : entry;
}

function decoded(
  transformer: ValueTransformer | undefined,
  { key, revision, createRevision }: Place,
  stored: Uint8Array,
): Entry {
  const codec = transformer?.codecOf(key);
  if (codec === undefined && !isEncrypted(stored))
    return { key, value: stored, createRevision, modRevision: revision, memo: undefined };
  try {
    const { bytes, seal } = decodeValue(codec, key, stored);
    const entry: Entry = { key, value: bytes, createRevision, modRevision: revision, memo: undefined };
    return seal === undefined ? entry : { ...entry, seal };
  } catch (error) {
    return { key, value: stored, createRevision, modRevision: revision, memo: undefined, unreadable: error as Error };
  }
}

/** What a deletion has to tell of. */
export function deletedEntry(previous: Entry, revision: number): Entry {
  return { ...previous, modRevision: revision, memo: undefined };
}

/** The same of a record, as far as it is known: what was before it may have been compacted away. */
export function deletedOf({ key, revision, createRevision }: Place, previous: Entry | undefined): Entry {
  if (previous !== undefined) return deletedEntry(previous, revision);
  return { key, value: new Uint8Array(), createRevision, modRevision: revision, memo: undefined };
}

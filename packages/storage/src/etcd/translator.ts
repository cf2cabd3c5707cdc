/** From what an etcd says to entries and events, and from what is written to what is stored. */

import type { Logger } from "@kubets/apimachinery";
import type { Entry, MadeValue, StoreEvent } from "../store.ts";
import { deletedEntry } from "../stored-entry.ts";
import { decodeValue, type ValueTransformer } from "../value-transformer.ts";
import type { KeySpace } from "./keys.ts";
import type { ReadValue, StoredForm } from "./stored-form.ts";
import type { EtcdEvent, KeyValue } from "./types.ts";

/** A write on its way: recognised when the watch tells of it. There is one at most for each key. */
export interface PendingWrite {
  /** Undefined for a deletion. */
  readonly stored: Uint8Array | undefined;
  readonly made: MadeValue | undefined;
  readonly expectedRevision: number | undefined;
  /** What came of it. */
  seen: StoreEvent | undefined;
}

export interface TranslatorOptions {
  readonly keys: KeySpace;
  readonly form: StoredForm;
  readonly transformer: ValueTransformer | undefined;
  readonly logger: Logger;
}

export class Translator {
  readonly pending = new Map<string, PendingWrite>();
  readonly #options: TranslatorOptions;

  constructor(options: TranslatorOptions) {
    this.#options = options;
  }

  /** What is stored of a new value. */
  encode(key: string, bytes: Uint8Array): Uint8Array {
    const { form, transformer, keys } = this.#options;
    const stored = form.write(bytes);
    const codec = transformer?.codecOf(key);
    return codec === undefined ? stored : codec.encode(keys.toEtcd(key), stored);
  }

  entry(kv: KeyValue): Entry {
    const key = this.#options.keys.fromEtcd(kv.key.toString());
    return this.#entryOf(key, kv.value, kv.createRevision, kv.modRevision);
  }

  /** The entry of a write that succeeded, when the watch has not told of it yet. */
  written(key: string, pending: PendingWrite, createRevision: number, revision: number): Entry {
    const entry = this.#entryOf(key, pending.stored!, createRevision, revision);
    return { ...entry, memo: memoOf(pending.made, revision, entry.value) };
  }

  /** @param previous what is there before the event */
  event({ type, kv }: EtcdEvent, previous: Entry | undefined): StoreEvent | undefined {
    const key = this.#options.keys.fromEtcd(kv.key.toString());
    const revision = kv.modRevision;
    const pending = this.pending.get(key);
    if (type === "DELETE") {
      if (previous === undefined) return undefined; // Of a key that came and went while nobody looked.
      const event: StoreEvent = { type: "delete", entry: deletedEntry(previous, revision), previous, revision };
      if (pending !== undefined && isOwnDeletion(pending, previous)) pending.seen = event;
      return event;
    }
    const entry = this.entry(kv);
    const event: StoreEvent = { type: "put", entry, previous, revision };
    if (pending?.stored !== undefined && kv.value.equals(pending.stored)) {
      entry.memo = memoOf(pending.made, revision, entry.value);
      pending.seen = event;
    }
    return event;
  }

  /** Tries again what could not be read. */
  reread({ key, value, createRevision, modRevision }: Entry): Entry {
    return this.#entryOf(key, value, createRevision, modRevision);
  }

  #entryOf(key: string, stored: Uint8Array, createRevision: number, modRevision: number): Entry {
    const { transformer, keys, form, logger } = this.#options;
    try {
      const codec = transformer?.codecOf(key);
      const { bytes, seal } = decodeValue(codec, codec === undefined ? key : keys.toEtcd(key), stored);
      const { bytes: value, foreign } = readForm(form, key, bytes, modRevision);
      return {
        ...{ key, value, createRevision, modRevision, memo: undefined },
        ...(seal === undefined ? {} : { seal }),
        ...(foreign ? { foreign } : {}),
      };
    } catch (error) {
      // One value must not take the others away: whoever asks for this one is told.
      logger.error("A value in etcd cannot be read", { key, err: error });
      const value = new Uint8Array(stored);
      return { key, value, createRevision, modRevision, memo: undefined, unreadable: error as Error };
    }
  }
}

function readForm(form: StoredForm, key: string, bytes: Uint8Array, revision: number): ReadValue {
  try {
    return form.read(bytes, revision);
  } catch (cause) {
    throw new Error(`${key} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function memoOf(made: MadeValue | undefined, revision: number, bytes: Uint8Array): unknown {
  return made?.memoAt === undefined ? made?.memo : made.memoAt(revision, bytes);
}

function isOwnDeletion({ stored, expectedRevision }: PendingWrite, previous: Entry): boolean {
  return stored === undefined && (expectedRevision === undefined || expectedRevision === previous.modRevision);
}

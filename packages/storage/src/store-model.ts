/** A store so simple that it is obviously right, and a random walk over it and a real one side by side. */

import assert from "node:assert/strict";
import { seededRandom } from "@kubets/apimachinery";
import { ConflictError, type Store } from "./store.ts";

type Picture = ReadonlyMap<string, { readonly text: string; readonly revision: number }>;

class Model {
  /** Every state there has been, by revision. */
  readonly pictures = new Map<number, Picture>();
  revision: number;

  constructor(revision: number) {
    this.revision = revision;
    this.pictures.set(revision, new Map());
  }

  get present(): Picture {
    return this.pictures.get(this.revision)!;
  }

  /** @returns whether the write is accepted */
  write(key: string, text: string | undefined, expected: number | undefined): boolean {
    const found = this.present.get(key)?.revision ?? 0;
    if (expected !== undefined && expected !== found) return false;
    if (text === undefined && found === 0) return false;
    const next = new Map(this.present);
    this.revision++;
    if (text === undefined) next.delete(key);
    else next.set(key, { text, revision: this.revision });
    this.pictures.set(this.revision, next);
    return true;
  }

  list(prefix: string, revision: number): string[] {
    return [...this.pictures.get(revision)!]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { text, revision: at }]) => `${key}=${text}@${at}`);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const prefixes = ["/", "/a/", "/b/", "/a/1"];

async function listAll(store: Store, prefix: string, revision: number, limit: number): Promise<string[]> {
  const found: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await store.list(prefix, { revision, limit, ...(after === undefined ? {} : { after }) });
    for (const { key, value, modRevision } of page.entries)
      found.push(`${key}=${decoder.decode(value)}@${modRevision}`);
    if (page.remaining === 0) return found;
    after = page.entries.at(-1)!.key;
  }
}

export interface ModelOptions {
  /** Where there is one, the store is closed and opened again now and then. */
  readonly reopen?: () => Promise<Store>;
  /** Writes of different keys are made one after the other, for engines that order them as they please. */
  readonly inTurn?: boolean;
}

export async function runModel(
  first: Store,
  seed: number,
  { reopen, inTurn = false }: ModelOptions = {},
): Promise<void> {
  const { next: random } = seededRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  let store = first;
  const model = new Model(store.revision);
  // What a shared engine held before is no part of the model.
  const start = model.revision;
  const back = (most: number) => Math.max(start, store.compactedRevision, model.revision - below(most));
  let mirror = await watchInto(store, model.revision);

  for (let round = 0; round < 120; round++) {
    const writes: { accepted: boolean; done: Promise<boolean> }[] = [];
    for (let n = 1 + below(12); n > 0; n--) {
      if (inTurn) await writes.at(-1)?.done;
      const key = `/${"ab"[below(2)]}/${below(40)}`;
      const text = random() < 0.3 ? undefined : `${round}-${below(1000)}`;
      const seen = model.present.get(key)?.revision ?? 0;
      const expected = [undefined, seen, 0, seen + 1][below(4)];
      const accepted = model.write(key, text, expected);
      const done = store.commit({
        key,
        value: text === undefined ? undefined : () => ({ bytes: encoder.encode(text) }),
        ...(expected === undefined ? {} : { expectedRevision: expected }),
      });
      writes.push({
        accepted,
        done: done.then(
          () => true,
          (error: unknown) => {
            assert.ok(error instanceof ConflictError);
            return false;
          },
        ),
      });
    }
    for (const { accepted, done } of writes) assert.equal(await done, accepted);
    assert.equal(store.revision, model.revision);
    const revision = back(60);
    const prefix = prefixes[below(prefixes.length)]!;
    assert.deepEqual(await listAll(store, prefix, revision, 1 + below(20)), model.list(prefix, revision));
    assert.equal(await store.count(prefix), model.list(prefix, model.revision).length);
    assert.deepEqual(mirror.state(), model.list("/", model.revision));
    const chance = random();
    if (chance < 0.05) await store.compact(back(30));
    if (chance > 0.9) {
      mirror.stop();
      if (reopen !== undefined && chance > 0.95) store = await reopen();
      mirror = await mirror.resume(store, back(100), model);
    }
  }
  mirror.stop();
}

/** A copy of the store kept by a watch alone. */
async function watchInto(store: Store, afterRevision: number, start: ReadonlyMap<string, string> = new Map()) {
  const copy = new Map(start);
  let last = afterRevision;
  const stop = new AbortController();
  await store.watch("/", {
    afterRevision,
    signal: stop.signal,
    onError: (error) => assert.fail(error),
    onEvents(events) {
      for (const { type, entry, revision } of events) {
        assert.equal(revision, last + 1);
        last = revision;
        if (type === "delete") copy.delete(entry.key);
        else copy.set(entry.key, `${entry.key}=${decoder.decode(entry.value)}@${entry.modRevision}`);
      }
    },
  });
  return {
    state: () => [...copy].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line),
    stop: () => stop.abort(),
    resume(next: Store, from: number, model: Model) {
      const lines = [...model.pictures.get(from)!].map(
        ([key, { text, revision }]) => [key, `${key}=${text}@${revision}`] as const,
      );
      return watchInto(next, from, new Map(lines));
    },
  };
}

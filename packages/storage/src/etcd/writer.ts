/**
 * Compare-and-swap writes to an etcd. The answer to a write may be lost with the member that was asked: then another is asked the same, which cannot do
 * it twice, and what the watch has told decides whose write it was that came first.
 */

import { ConflictError, type Entry, StoreUnavailableError, type Write } from "../store.ts";
import { deletedEntry } from "../stored-entry.ts";
import type { WatchCache } from "../watch-cache.ts";
import type { Attempt, EtcdClient } from "./client.ts";
import { EtcdError, storeError } from "./errors.ts";
import type { Feed } from "./feed.ts";
import type { Freshness } from "./freshness.ts";
import type { KeySpace } from "./keys.ts";
import type { Leases } from "./leases.ts";
import type { PendingWrite, Translator } from "./translator.ts";
import type { Compare, RequestOp, TxnRequest, TxnResponse } from "./types.ts";

export interface WriterOptions {
  readonly client: EtcdClient;
  readonly keys: KeySpace;
  readonly cache: WatchCache;
  readonly translator: Translator;
  readonly freshness: Freshness;
  readonly feed: Feed;
  readonly leases: Leases;
}

/** How long a write that is done waits for the watch to tell of it, so that whoever made it reads it. */
const readOwnWriteMs = 2000;

export class Writer {
  readonly #options: WriterOptions;
  /** The last write of each key that has one on its way. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.allSettled(this.#last.values());
  }

  /** @throws ConflictError, StoreUnavailableError */
  async commit(write: Write): Promise<Entry> {
    const { key, value, expectedRevision } = write;
    const made = value?.(undefined);
    const stored = made === undefined ? undefined : this.#options.translator.encode(key, made.bytes);
    const pending: PendingWrite = { stored, made, expectedRevision, seen: undefined };
    const before = this.#last.get(key);
    const run = () => this.#run(write, pending);
    const writing = before === undefined ? run() : before.then(run, run);
    this.#last.set(key, writing);
    try {
      return await writing;
    } finally {
      if (this.#last.get(key) === writing) this.#last.delete(key);
    }
  }

  async #run(write: Write, pending: PendingWrite): Promise<Entry> {
    const { pending: all } = this.#options.translator;
    all.set(write.key, pending);
    try {
      return await this.#write(write, pending);
    } catch (error) {
      throw storeError(error);
    } finally {
      all.delete(write.key);
    }
  }

  async #write(write: Write, pending: PendingWrite): Promise<Entry> {
    const { client, feed } = this.#options;
    const leapsBefore = feed.leaps;
    let lost = false;
    let response: TxnResponse | Entry;
    try {
      response = await client.retry(async (attempt, tries) => {
        if (tries > 0 && pending.seen !== undefined) return pending.seen.entry;
        try {
          return await this.#attempt(attempt, write, pending);
        } catch (error) {
          lost ||= error instanceof EtcdError && error.isPassing;
          throw error;
        }
      });
    } catch (error) {
      if (pending.seen !== undefined) return pending.seen.entry;
      throw error;
    }
    if ("modRevision" in response) return response;
    if (didIt(response, pending)) return await this.#written(write, pending, response);
    return await this.#refused(write, pending, response, { lost, leapsBefore });
  }

  async #attempt(attempt: Attempt, write: Write, pending: PendingWrite): Promise<TxnResponse> {
    const { keys, leases } = this.#options;
    const { ttlSeconds } = write;
    const key = Buffer.from(keys.toEtcd(write.key));
    if (ttlSeconds === undefined || pending.stored === undefined) return await attempt("KV.Txn", txn(key, pending, 0));
    try {
      return await attempt("KV.Txn", txn(key, pending, await leases.get(ttlSeconds)));
    } catch (error) {
      if (!(error instanceof EtcdError) || error.code !== "NOT_FOUND") throw error;
      leases.forget(ttlSeconds);
      return await attempt("KV.Txn", txn(key, pending, await leases.get(ttlSeconds)));
    }
  }

  async #written({ key, expectedRevision }: Write, pending: PendingWrite, response: TxnResponse): Promise<Entry> {
    const { revision } = response.header;
    const { freshness, cache, translator } = this.#options;
    const before = cache.get(key);
    await freshness.settled(revision, readOwnWriteMs);
    if (pending.seen?.revision === revision) return pending.seen.entry;
    if (pending.stored === undefined) {
      const last = translator.entry(response.responses[0]!.responseDeleteRange!.prevKvs[0]!);
      return deletedEntry(last, revision);
    }
    const previous = response.responses[0]?.responsePut?.prevKv ?? undefined;
    const isNew = expectedRevision === 0 || (expectedRevision === undefined && previous === undefined);
    const created = isNew ? revision : (previous?.createRevision ?? before?.createRevision ?? revision);
    return translator.written(key, pending, created, revision);
  }

  async #refused(
    { key, expectedRevision }: Write,
    pending: PendingWrite,
    response: TxnResponse,
    { lost, leapsBefore }: { lost: boolean; leapsBefore: number },
  ): Promise<Entry> {
    const { freshness, translator, feed } = this.#options;
    const { revision } = response.header;
    // Whoever tries again reads what was in the way.
    const reached = lost ? await freshness.reach(revision) : await freshness.settled(revision, readOwnWriteMs);
    if (lost) {
      // An earlier attempt may be what was in the way.
      if (pending.seen !== undefined) return pending.seen.entry;
      if (!reached || feed.leaps !== leapsBefore) throw unknownOutcome(key);
    }
    const found = response.responses.map(({ responseRange }) => responseRange?.kvs[0]).find((kv) => kv !== undefined);
    throw new ConflictError(key, expectedRevision, found === undefined ? undefined : translator.entry(found));
  }
}

function unknownOutcome(key: string): StoreUnavailableError {
  return new StoreUnavailableError(`etcd: whether ${key} was written is not known; read it again`);
}

function txn(key: Buffer, { stored, expectedRevision }: PendingWrite, lease: number): TxnRequest {
  const compare: Compare[] =
    expectedRevision === undefined ? [] : [{ result: "EQUAL", target: "MOD", key, modRevision: expectedRevision }];
  const change: RequestOp =
    stored === undefined
      ? { requestDeleteRange: { key, prevKv: true } }
      : { requestPut: { key, value: stored, lease, prevKv: expectedRevision === undefined } };
  const look: RequestOp = { requestRange: { key } };
  return { compare, success: [change], failure: [look] };
}

/** A deletion of nothing succeeds, for etcd. */
function didIt({ succeeded, responses }: TxnResponse, { stored }: PendingWrite): boolean {
  return succeeded && (stored !== undefined || (responses[0]?.responseDeleteRange?.deleted ?? 0) > 0);
}

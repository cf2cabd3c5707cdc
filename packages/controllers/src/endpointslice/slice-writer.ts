/** Writes plans of EndpointSlices, one key's after the other, and knows when the cache does not have them yet. */

import { type EndpointSlice, endpointSlices } from "@kubets/api";
import { isNotFound, splitKey } from "@kubets/apimachinery";
import type { Informer } from "@kubets/client";
import type { ControllerContext } from "../runtime/context.ts";
import type { ReconcileResult } from "../runtime/controller.ts";
import { WriteTracker } from "../runtime/write-tracker.ts";
import type { SlicePlan } from "./slice-plan.ts";

/** How long our own writes may take to come back before the cache is believed anyway. */
const staleCacheMs = 10_000;

export class SliceWriter {
  readonly #context: ControllerContext;
  readonly #slices: Informer<EndpointSlice>;
  readonly #index: string;
  readonly #tracker = new WriteTracker();
  readonly #staleSince = new Map<string, number>();

  /** @param index of the informer's: the slices of a key, which is that of a Service */
  constructor(context: ControllerContext, slices: Informer<EndpointSlice>, index: string) {
    this.#context = context;
    this.#slices = slices;
    this.#index = index;
  }

  /**
   * What to answer while the cache is not up to date; undefined when it is. The event that brings it up to date wakes the key again; the time is
   * for one that got lost.
   */
  waitForCache(key: string): ReconcileResult | undefined {
    const now = this.#context.clock.monotonic();
    const since = this.#staleSince.get(key) ?? now;
    if (this.#tracker.isStale(key) && now - since < staleCacheMs) {
      this.#staleSince.set(key, since);
      return { requeueAfterMs: staleCacheMs - (now - since) };
    }
    this.forget(key);
    return undefined;
  }

  async apply(key: string, { create, update, remove }: SlicePlan, signal: AbortSignal): Promise<void> {
    const { namespace = "" } = splitKey(key);
    const client = this.#context.client.resource(endpointSlices).namespace(namespace);
    for (const slice of create) this.#tracker.wrote(key, await client.create(slice, { signal }));
    for (const slice of update) this.#tracker.wrote(key, await client.update(slice, { signal }));
    for (const slice of remove) {
      try {
        await client.delete(slice.metadata?.name ?? "", { signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    // In one process the event may have come before the answer.
    for (const slice of this.#slices.lister.byIndex(this.#index, key)) this.#tracker.observed(key, slice);
  }

  /** Call for every event of a slice of this key. */
  observed(key: string, slice: EndpointSlice): void {
    this.#tracker.observed(key, slice);
  }

  /** A slice of this key was deleted. */
  deleted(key: string, slice: EndpointSlice): void {
    this.#tracker.forget(key, slice);
  }

  /** Nothing is waited for any longer. */
  forget(key: string): void {
    this.#tracker.forget(key);
    this.#staleSince.delete(key);
  }
}

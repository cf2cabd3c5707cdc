/** One watch from its beginning: where it starts, the initial events, then the hub's, until a timeout, an error or the caller ends it. */

import { expired, internalError, type KubeObject, StatusError } from "@kubets/apimachinery";
import { CompactedError } from "@kubets/storage";
import type { Registry } from "../registry/registry.ts";
import type { Selection } from "../registry/selection.ts";
import { type ListOptions, parseResourceVersion } from "../request/list-options.ts";
import type { Delivery } from "./event.ts";
import { bookmarkAt, type WatchHub } from "./hub.ts";

/** Where events go. Both are called synchronously and must not throw. */
export interface WatchSink {
  deliver(delivery: Delivery): void;
  /** No more will come. */
  end(): void;
}

/** Upstream's --min-request-timeout: a watch without a timeout lasts between this and twice this. */
const minTimeoutSeconds = 1800;

export const initialEventsEnd = "k8s.io/initial-events-end";

export class WatchRequest {
  readonly #registry: Registry;
  readonly #hub: WatchHub;
  readonly #namespace: string;
  readonly #selection: Selection;
  readonly #options: ListOptions;

  constructor(registry: Registry, hub: WatchHub, namespace: string, selection: Selection, options: ListOptions) {
    this.#registry = registry;
    this.#hub = hub;
    this.#namespace = namespace;
    this.#selection = selection;
    this.#options = options;
  }

  /** Begins. Failures are delivered as an ERROR event and an end: a watch that was accepted has no other way to say so. */
  start(sink: WatchSink, signal: AbortSignal): void {
    const own = new AbortController();
    const stop = () => own.abort();
    signal.addEventListener("abort", stop, { once: true });
    const timer = this.#registry.clock.setTimeout(() => end(), this.#timeoutMs(), { unref: true });
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      timer.cancel();
      signal.removeEventListener("abort", stop);
      own.abort();
      sink.end();
    };
    own.signal.addEventListener("abort", end, { once: true });
    const deliver = (delivery: Delivery) => {
      if (!ended) sink.deliver(delivery);
    };
    if (signal.aborted) return end();
    this.#run(deliver, end, own.signal).catch((error: unknown) => {
      deliver({ type: "ERROR", object: this.#statusOf(error) });
      end();
    });
  }

  #timeoutMs(): number {
    const { timeoutSeconds } = this.#options;
    const seconds = timeoutSeconds > 0 ? timeoutSeconds : minTimeoutSeconds * (1 + this.#registry.random.next());
    return seconds * 1000;
  }

  async #run(deliver: (delivery: Delivery) => void, end: () => void, signal: AbortSignal): Promise<void> {
    const subscriber = {
      namespace: this.#namespace,
      selection: this.#selection,
      bookmarks: this.#options.allowWatchBookmarks,
      deliver,
      end: (error?: Error) => {
        if (error !== undefined) deliver({ type: "ERROR", object: this.#statusOf(error) });
        end();
      },
    };
    const { resourceVersion, sendInitialEvents, allowWatchBookmarks } = this.#options;
    const asked = parseResourceVersion(resourceVersion);
    const initial = sendInitialEvents === true || (sendInitialEvents === undefined && asked === 0);
    if (!initial) {
      const from = asked === 0 ? this.#registry.store.revision : asked;
      return await this.#hub.subscribe(subscriber, from, signal);
    }
    const revision = await this.#sendInitial(deliver, signal);
    if (sendInitialEvents === true && allowWatchBookmarks) {
      deliver(bookmarkAt(this.#registry, revision, { [initialEventsEnd]: "true" }));
    }
    await this.#hub.subscribe(subscriber, revision, signal);
  }

  /** What there is, as ADDED. */
  async #sendInitial(deliver: (delivery: Delivery) => void, signal: AbortSignal): Promise<number> {
    const page = await this.#registry.list(this.#namespace, this.#selection, {
      ...this.#options,
      resourceVersion: this.#options.resourceVersion,
      resourceVersionMatch: "",
      limit: 0,
      continue: "",
    });
    for (const served of page.items) {
      if (signal.aborted) break;
      deliver({ type: "ADDED", served });
    }
    return Number(page.metadata.resourceVersion);
  }

  #statusOf(error: unknown) {
    if (error instanceof CompactedError) {
      const { resourceVersion } = this.#options;
      return expired(`too old resource version: ${resourceVersion} (${error.compactedRevision})`).status;
    }
    return (error instanceof StatusError ? error : internalError(error)).status;
  }
}

/** The value of an event as its JSON has it. */
export function eventObject(delivery: Delivery): KubeObject | object {
  return "served" in delivery ? delivery.served.object : delivery.object;
}

/** One watch from its beginning: where it starts, the initial events, then the hub's, until a timeout, an error or the caller ends it. */

import { expired, internalError, type KubeObject, StatusError } from "@kubets/apimachinery";
import { CompactedError } from "@kubets/storage";
import { readList } from "../registry/list.ts";
import type { Registry } from "../registry/registry.ts";
import type { Selection } from "../registry/selection.ts";
import type { ServedObject } from "../registry/served-object.ts";
import { type ListOptions, parseResourceVersion } from "../request/list-options.ts";
import type { Delivery } from "./event.ts";
import { bookmarkAt, type WatchHub } from "./hub.ts";

/** Where events go. All are called synchronously and must not throw. */
export interface WatchSink {
  deliver(deliveries: readonly Delivery[]): void;
  /** Undefined when more can be taken at once; otherwise resolves when it can, or when nobody is there any more. */
  drained?(): Promise<void> | undefined;
  /** What there was in the beginning has been delivered. */
  initialized?(): void;
  /** No more will come. */
  end(): void;
}

/** How many initial events go out at a time. */
const initialBatch = 128;
/** They are put together for this watcher alone: of large objects fewer go. */
const initialBatchBytes = 256 * 1024;

const initialEventsEnd = "k8s.io/initial-events-end";

export class WatchRequest {
  readonly #registry: Registry;
  readonly #hub: WatchHub;
  readonly #namespace: string;
  readonly #selection: Selection;
  readonly #options: ListOptions;
  readonly #minTimeoutMs: number;

  /** @param minTimeoutMs a watch without a timeout lasts between this and twice this; without end for 0 */
  constructor(
    registry: Registry,
    hub: WatchHub,
    namespace: string,
    selection: Selection,
    options: ListOptions,
    minTimeoutMs: number,
  ) {
    this.#registry = registry;
    this.#hub = hub;
    this.#namespace = namespace;
    this.#selection = selection;
    this.#options = options;
    this.#minTimeoutMs = minTimeoutMs;
  }

  /** Begins. Failures are delivered as an ERROR event and an end: a watch that was accepted has no other way to say so. */
  start(sink: WatchSink, signal: AbortSignal): void {
    const own = new AbortController();
    const stop = () => own.abort();
    signal.addEventListener("abort", stop, { once: true });
    const timeoutMs = this.#timeoutMs();
    const timer = timeoutMs > 0 ? this.#registry.clock.setTimeout(() => end(), timeoutMs, { unref: true }) : undefined;
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      timer?.cancel();
      signal.removeEventListener("abort", stop);
      own.abort();
      sink.end();
    };
    own.signal.addEventListener("abort", end, { once: true });
    const guarded: WatchSink = {
      deliver: (deliveries) => {
        if (!ended) sink.deliver(deliveries);
      },
      drained: () => sink.drained?.(),
      initialized: () => sink.initialized?.(),
      end,
    };
    if (signal.aborted) return end();
    this.#run(guarded, own.signal).catch((error: unknown) => {
      guarded.deliver([{ type: "ERROR", object: this.#statusOf(error) }]);
      end();
    });
  }

  #timeoutMs(): number {
    const { timeoutSeconds } = this.#options;
    return timeoutSeconds > 0 ? timeoutSeconds * 1000 : this.#minTimeoutMs * (1 + this.#registry.random.next());
  }

  async #run(sink: WatchSink, signal: AbortSignal): Promise<void> {
    const subscriber = {
      namespace: this.#namespace,
      selection: this.#selection,
      bookmarks: this.#options.allowWatchBookmarks,
      deliver: (deliveries: readonly Delivery[]) => sink.deliver(deliveries),
      end: (error?: Error) => {
        if (error !== undefined) sink.deliver([{ type: "ERROR", object: this.#statusOf(error) }]);
        sink.end();
      },
    };
    const { resourceVersion, sendInitialEvents, allowWatchBookmarks } = this.#options;
    const asked = parseResourceVersion(resourceVersion);
    const initial = sendInitialEvents === true || (sendInitialEvents === undefined && asked === 0);
    if (!initial) {
      const from = asked === 0 ? await this.#registry.revisionFor(resourceVersion) : asked;
      return await this.#hub.subscribe(subscriber, from, signal);
    }
    const revision = await this.#sendInitial(sink, signal);
    if (sendInitialEvents === true && allowWatchBookmarks) {
      sink.deliver([bookmarkAt(this.#registry, revision, { [initialEventsEnd]: "true" })]);
    }
    sink.initialized?.();
    await this.#hub.subscribe(subscriber, revision, signal);
  }

  /** What there is, as ADDED, no faster than it is taken: it may be more than would be buffered. */
  async #sendInitial(sink: WatchSink, signal: AbortSignal): Promise<number> {
    const page = await readList(this.#registry, this.#namespace, this.#selection, {
      ...this.#options,
      resourceVersion: this.#options.resourceVersion,
      resourceVersionMatch: "",
      limit: 0,
      continue: "",
    });
    const { items } = page;
    for (let start = 0; start < items.length && !signal.aborted; ) {
      const end = endOfBatch(items, start);
      sink.deliver(items.slice(start, end).map((served) => ({ type: "ADDED", served })));
      start = end;
      await sink.drained?.();
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

function endOfBatch(items: readonly ServedObject[], start: number): number {
  let end = start;
  for (let size = 0; end < items.length && end - start < initialBatch && size < initialBatchBytes; end++)
    size += items[end]!.bytes.length;
  return end;
}

/** The value of an event as its JSON has it. */
export function eventObject(delivery: Delivery): KubeObject | object {
  return "served" in delivery ? delivery.served.object : delivery.object;
}

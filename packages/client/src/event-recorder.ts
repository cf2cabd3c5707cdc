/** Tells users what a component did, as core/v1 Events in the form upstream's components write them. Never blocks and never fails its caller. */

import type { Resource } from "@kubets/api";
import {
  type Clock,
  formatTime,
  isNotFound,
  type KubeObject,
  type Logger,
  type Random,
  realClock,
  realRandom,
  StatusError,
  silentLogger,
} from "@kubets/apimachinery";
import type { Client } from "./client.ts";
import { EventCorrelator, type EventObject } from "./event-correlator.ts";

export type EventType = "Normal" | "Warning";

/** What an event can say beyond its object, reason and message. */
export interface EventDetails {
  /** Part of the object that is meant: `spec.containers{app}`. */
  readonly fieldPath?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Where a component tells what it did. Events that say the same again are counted, and too many are dropped. */
export interface EventRecorder {
  /** `object` needs apiVersion, kind and metadata; `reason` is UpperCamelCase, `message` a sentence for people. */
  event(object: KubeObject, type: EventType, reason: string, message: string, details?: EventDetails): void;
}

export interface EventRecorderOptions {
  readonly client: Client;
  /** `deployment-controller`, `kubelet`. */
  readonly component: string;
  /** The node, where the component runs on one. */
  readonly host?: string;
  /** Recording ends, and what is queued is dropped, when this aborts. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A recorder that a program can wait for before it ends. */
export interface FlushableEventRecorder extends EventRecorder {
  /** Resolves when everything recorded so far has been sent or given up. */
  flush(): Promise<void>;
}

/** Events that wait to be sent; more are dropped. client-go's queue. */
const maxQueued = 1000;
const maxTries = 12;
const retryMs = 10_000;

const events: Resource = { group: "", version: "v1", plural: "events", kind: "Event", namespaced: true };

/** Writes go on behind the caller's back; `flush` waits for them. */
export function createEventRecorder(options: EventRecorderOptions): FlushableEventRecorder {
  return new Recorder(options);
}

class Recorder implements FlushableEventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #correlator: EventCorrelator;
  readonly #queue: EventObject[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? realRandom;
    this.#logger = options.logger ?? silentLogger;
    this.#correlator = new EventCorrelator(this.#clock);
  }

  event(object: KubeObject, type: EventType, reason: string, message: string, details: EventDetails = {}): void {
    if (this.#options.signal?.aborted) return;
    if (this.#queue.length >= maxQueued) {
      this.#logger.warn("event dropped: too many are waiting", { reason });
      return;
    }
    this.#queue.push(this.#make(object, type, reason, message, details));
    this.#sending ??= this.#drain();
  }

  async flush(): Promise<void> {
    await this.#sending;
  }

  #make(object: KubeObject, type: EventType, reason: string, message: string, details: EventDetails): EventObject {
    const { component, host } = this.#options;
    const { name = "", namespace, uid, resourceVersion } = object.metadata ?? {};
    const now = this.#clock.now();
    // Upstream appends the time in nanoseconds; the clock has milliseconds, so the rest is chance, which also keeps names apart.
    const nanos = BigInt(Math.floor(now)) * 1_000_000n + BigInt(Math.floor(this.#random.next() * 1_000_000));
    const timestamp = formatTime(now);
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: `${name}.${nanos.toString(16)}`,
        namespace: namespace || "default",
        ...(details.annotations === undefined ? {} : { annotations: { ...details.annotations } }),
      },
      involvedObject: {
        ...(object.kind === undefined ? {} : { kind: object.kind }),
        ...(namespace === undefined ? {} : { namespace }),
        name,
        ...(uid === undefined ? {} : { uid }),
        ...(object.apiVersion === undefined ? {} : { apiVersion: object.apiVersion }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ...(details.fieldPath === undefined ? {} : { fieldPath: details.fieldPath }),
      },
      reason,
      message,
      source: { component, ...(host === undefined ? {} : { host }) },
      firstTimestamp: timestamp,
      lastTimestamp: timestamp,
      count: 1,
      type,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: host ?? "",
    };
  }

  async #drain(): Promise<void> {
    // Leave the caller's turn first: recording costs it nothing.
    await Promise.resolve();
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      const correlated = this.#correlator.correlate(event);
      if (correlated.action !== "drop") await this.#send(correlated.event, correlated.action);
      if (this.#options.signal?.aborted) this.#queue.length = 0;
    }
    this.#sending = undefined;
  }

  async #send(event: EventObject, action: "create" | "patch"): Promise<void> {
    for (let attempt = 0; attempt < maxTries; attempt++) {
      try {
        return await this.#write(event, action);
      } catch (error) {
        const unanswered = error instanceof StatusError && (error.code === 503 || error.code === 429);
        if (!unanswered || this.#options.signal?.aborted) {
          // A namespace that is being deleted refuses events; so it should be.
          this.#logger.debug("event not recorded", { reason: event.reason, err: error });
          return;
        }
      }
      try {
        await this.#clock.sleep(retryMs * (attempt === 0 ? this.#random.next() : 1), this.#options.signal);
      } catch {
        return; // Aborted: recording has ended.
      }
    }
  }

  async #write(event: EventObject, action: "create" | "patch"): Promise<void> {
    const client = this.#options.client.resource(events).namespace(event.metadata.namespace);
    const signal = this.#options.signal === undefined ? {} : { signal: this.#options.signal };
    if (action === "patch") {
      const { count, lastTimestamp, message } = event;
      try {
        await client.patch(
          event.metadata.name,
          "application/merge-patch+json",
          { count, lastTimestamp, message },
          signal,
        );
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
        this.#correlator.forget(event);
      }
    }
    await client.create(event as unknown as KubeObject, signal);
  }
}

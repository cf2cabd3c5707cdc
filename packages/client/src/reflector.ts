/**
 * A reflector keeps a cache equal to what the server has: list, then watch from the list's resourceVersion, for ever.
 * The protocol is the pure function {@link step}; {@link runReflector} only performs the state it is told. Delays are client-go's.
 */

import type { Resource } from "@kubets/api";
import {
  apiVersionOf,
  type Clock,
  isExpired,
  type KubeObject,
  type Logger,
  type Random,
  realClock,
  realRandom,
  StatusError,
  silentLogger,
} from "@kubets/apimachinery";
import type { Client, ResourceClient } from "./client.ts";
import type { InformerOptions } from "./informer.ts";
import type { WatchEvent } from "./transport.ts";

export type ReflectorState =
  /** Read everything. `resourceVersion` "0" takes any version the server has at hand, "" the newest. */
  | { readonly phase: "list"; readonly resourceVersion: "0" | ""; readonly failures: number }
  | { readonly phase: "watch"; readonly resourceVersion: string; readonly failures: number }
  /** Rest, then do `next`. */
  | { readonly phase: "backOff"; readonly failures: number; readonly next: ReflectorState };

export type ReflectorOutcome =
  | { readonly type: "listed"; readonly resourceVersion: string }
  /** An event, a bookmark included, moved the position. */
  | { readonly type: "advanced"; readonly resourceVersion: string }
  /** The watch ended without an error; `short` when it gave nothing and ended at once. */
  | { readonly type: "ended"; readonly short: boolean }
  | { readonly type: "failed"; readonly error: unknown }
  | { readonly type: "rested" };

export const initialReflectorState: ReflectorState = { phase: "list", resourceVersion: "0", failures: 0 };

/** What to do next, given what happened. Pure. */
export function step(state: ReflectorState, outcome: ReflectorOutcome): ReflectorState {
  switch (outcome.type) {
    case "listed":
      return { phase: "watch", resourceVersion: outcome.resourceVersion, failures: 0 };
    case "advanced":
      return { phase: "watch", resourceVersion: outcome.resourceVersion, failures: 0 };
    case "rested":
      return state.phase === "backOff" ? state.next : state;
    case "ended":
      return outcome.short ? backOff(state) : state;
    case "failed":
      // The position is gone from history: only a list can say what was missed, and not one from the same old past.
      if (isExpired(outcome.error)) {
        const again: ReflectorState = { phase: "list", resourceVersion: "", failures: state.failures };
        return state.phase === "watch" ? again : backOff(again);
      }
      return backOff(
        keepsPosition(outcome.error) ? state : { phase: "list", resourceVersion: "0", failures: state.failures },
      );
  }
}

function backOff(next: ReflectorState): ReflectorState {
  const failures = next.failures + 1;
  return { phase: "backOff", failures, next: next.phase === "backOff" ? next.next : { ...next, failures } };
}

/** Errors that say nothing about the position: no answer, too many requests, a server in trouble. */
function keepsPosition(error: unknown): boolean {
  return error instanceof StatusError && (error.code === 429 || error.code >= 500);
}

/** 0.8 s doubling to 30 s, plus up to as much again by chance. */
export function reflectorDelayMs(failures: number, random: Random): number {
  const base = Math.min(800 * 2 ** (failures - 1), 30_000);
  return base * (1 + random.next());
}

/** What the reflector keeps up to date. Calls are synchronous and in order. */
export interface ReflectorSink<T extends KubeObject> {
  replace(items: readonly T[], resourceVersion: string): void;
  apply(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
  /** The cache is current as of this version. */
  advance(resourceVersion: string): void;
}

export interface ReflectorOptions extends InformerOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** Runs until `signal` aborts; resolves then. Failures are logged and retried for ever. */
export async function runReflector<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  sink: ReflectorSink<T>,
  options: ReflectorOptions,
  signal: AbortSignal,
): Promise<void> {
  const run = new Reflection(client, resource, sink, options, signal);
  let state = initialReflectorState;
  while (!signal.aborted) state = await run.perform(state);
}

class Reflection<T extends KubeObject> {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #resource: Resource<T>;
  readonly #client: ResourceClient<T>;
  readonly #sink: ReflectorSink<T>;
  readonly #signal: AbortSignal;
  readonly #selection: { labelSelector?: string; fieldSelector?: string };

  constructor(
    client: Client,
    resource: Resource<T>,
    sink: ReflectorSink<T>,
    options: ReflectorOptions,
    signal: AbortSignal,
  ) {
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? realRandom;
    this.#logger = (options.logger ?? silentLogger).child({ resource: resource.plural });
    this.#resource = resource;
    this.#client = client.resource(resource).namespace(options.namespace ?? "");
    this.#sink = sink;
    this.#signal = signal;
    this.#selection = {
      ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
      ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
    };
  }

  async perform(state: ReflectorState): Promise<ReflectorState> {
    try {
      switch (state.phase) {
        case "list":
          return step(state, await this.#list(state.resourceVersion));
        case "watch":
          return await this.#watch(state);
        case "backOff":
          await this.#clock.sleep(reflectorDelayMs(state.failures, this.#random), this.#signal);
          return step(state, { type: "rested" });
      }
    } catch (error) {
      if (this.#signal.aborted) return state;
      this.#logger.warn("reflector failed, will retry", { phase: state.phase, err: error });
      return step(state, { type: "failed", error });
    }
  }

  async #list(resourceVersion: string): Promise<ReflectorOutcome> {
    const list = await this.#client.list({ ...this.#selection, resourceVersion, signal: this.#signal });
    const at = list.metadata?.resourceVersion ?? "";
    if (!this.#signal.aborted)
      this.#sink.replace(
        list.items.map((item) => this.#typed(item)),
        at,
      );
    return { type: "listed", resourceVersion: at };
  }

  /** Upstream's lists leave apiVersion and kind out of their items. */
  #typed(item: T): T {
    if (item.kind !== undefined && item.apiVersion !== undefined) return item;
    return Object.freeze({ apiVersion: apiVersionOf(this.#resource), kind: this.#resource.kind, ...item });
  }

  async #watch(from: ReflectorState & { phase: "watch" }): Promise<ReflectorState> {
    let state: ReflectorState = from;
    const began = this.#clock.monotonic();
    const events = this.#client.watch({
      ...this.#selection,
      resourceVersion: from.resourceVersion,
      allowWatchBookmarks: true,
      // Ends even a watch whose server vanished without a word; spread so that not all restart at once.
      timeoutSeconds: Math.floor(300 * (1 + this.#random.next())),
      signal: this.#signal,
    });
    try {
      for await (const event of events) {
        if (this.#signal.aborted) return state;
        state = step(state, this.#handle(event));
        if (state.phase !== "watch") return state;
      }
    } catch (error) {
      if (this.#signal.aborted) return state;
      this.#logger.debug("watch failed, will retry", { err: error });
      return step(state, { type: "failed", error });
    }
    const short = state === from && this.#clock.monotonic() - began < 1000;
    return step(state, { type: "ended", short: short && !this.#signal.aborted });
  }

  #handle(event: WatchEvent<T>): ReflectorOutcome {
    if (event.type === "ERROR") return { type: "failed", error: StatusError.fromStatus(event.object) };
    const resourceVersion = event.object.metadata?.resourceVersion ?? "";
    if (event.type !== "BOOKMARK") this.#sink.apply(event.type, event.object);
    this.#sink.advance(resourceVersion);
    return { type: "advanced", resourceVersion };
  }
}

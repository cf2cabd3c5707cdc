/** The typed client: `client.resource(pods).namespace("x").get("y")`. Interfaces only; `createClient` is in `typed-client.ts`. */

import type { Resource } from "@kubets/api";
import type { KubeList, KubeObject } from "@kubets/apimachinery";
import type { PatchType, Transport, WatchEvent } from "./transport.ts";

/** A list's query: see metav1.ListOptions. */
export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan";
  readonly signal?: AbortSignal;
}

/** A watch's query. Without a `resourceVersion` it begins with what there is, as ADDED. */
export interface WatchOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

/** What all writes take. */
export interface WriteOptions {
  readonly fieldManager?: string;
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/** `force` takes fields over that other managers own. */
export interface PatchOptions extends WriteOptions {
  /** Apply patches only. */
  readonly force?: boolean;
  readonly subresource?: string;
}

/** metav1.DeleteOptions. What is left out is the kind's default. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/** One resource in one namespace (or cluster-wide, or across all namespaces for list and watch). Objects that come back are frozen. */
export interface ResourceClient<T extends KubeObject> {
  namespace(namespace: string): ResourceClient<T>;
  get(name: string, options?: { resourceVersion?: string; signal?: AbortSignal }): Promise<T>;
  list(options?: ListOptions): Promise<KubeList<T>>;
  watch(options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create(object: T, options?: WriteOptions): Promise<T>;
  update(object: T, options?: WriteOptions): Promise<T>;
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
  patch(name: string, type: PatchType, patch: unknown, options?: PatchOptions): Promise<T>;
  /** Server-side apply. */
  apply(object: T, options: PatchOptions & { fieldManager: string }): Promise<T>;
  delete(name: string, options?: DeleteOptions): Promise<unknown>;
  deleteCollection(options?: DeleteOptions & ListOptions): Promise<unknown>;
  /** GET, POST or PUT on a subresource: `binding`, `eviction`, `token`, `scale`. */
  getSubresource<R = unknown>(name: string, subresource: string, options?: { signal?: AbortSignal }): Promise<R>;
  createSubresource<R = unknown>(name: string, subresource: string, body: unknown, options?: WriteOptions): Promise<R>;
  updateSubresource<R = unknown>(name: string, subresource: string, body: unknown, options?: WriteOptions): Promise<R>;
}

/** Requests to one API, as one user: whoever the transport's credentials say. */
export interface Client {
  readonly transport: Transport;
  resource<T extends KubeObject>(resource: Resource<T>): ResourceClient<T>;
}

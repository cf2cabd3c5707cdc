/** What a client needs from below. Two implementations, one suite of tests: HTTPS (any Kubernetes) and in-process (no sockets, no JSON). */

import type { KubeObject, Status } from "@kubets/apimachinery";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Media types of patches. */
export type PatchType =
  | "application/json-patch+json"
  | "application/merge-patch+json"
  | "application/strategic-merge-patch+json"
  | "application/apply-patch+yaml";

/** A request as data: built without I/O, so that tests assert URLs. */
export interface ApiRequest {
  readonly method: Method;
  /** `/api/v1/namespaces/default/pods/web-0`, segments already percent-encoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** A JSON value. Handed over by reference in-process: the caller must not change it afterwards. */
  readonly body?: unknown;
  /** Of `body`; `application/json` when undefined. */
  readonly contentType?: PatchType | "application/json";
  readonly signal?: AbortSignal;
}

/** A change, in the order of commits. ERROR is the last event of a watch; BOOKMARK has nothing but a resourceVersion to go on from. */
export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly object: T }
  | { readonly type: "ERROR"; readonly object: Status };

/** The way to an API server, with credentials that are its own. */
export interface Transport {
  /** The decoded answer, deeply frozen. @throws StatusError for every answer that is not 2xx, and with reason ServiceUnavailable when there was none. */
  request(request: ApiRequest): Promise<unknown>;
  /** The text of an answer that is not JSON (logs, /healthz, /metrics). */
  requestText(request: ApiRequest): Promise<string>;
  /** Events until the server or the signal ends it. Throws StatusError when it could not begin. Ending the iteration closes it. */
  watch(request: ApiRequest): AsyncIterable<WatchEvent>;
}

/** What a URL and method ask for: upstream's RequestInfo. */

/** The verb of authorization and admission: upstream's, from method and path. */
export type RequestVerb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection"
  | "proxy"
  /** Of a method that has none. */
  | ""
  /** Non-resource requests: the lower-case method. */
  | "head"
  | "options"
  | "post"
  | "put";

/** What a request is about: what authorization, admission, audit, metrics and handlers all go by. */
export interface RequestInfo {
  readonly isResourceRequest: boolean;
  /** The URL's path, decoded. */
  readonly path: string;
  readonly verb: RequestVerb;
  /** `api` or `apis`; "" for non-resource requests, as are all that follow. */
  readonly apiPrefix: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  /** "" for cluster-scoped and for all namespaces. */
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** The path's segments from the resource on: `["pods", "web-0", "proxy", "a", "b"]`. */
  readonly parts: readonly string[];
}

/** Building requests without I/O: every function turns a resource, a place and options into an {@link ApiRequest}, so that tests assert URLs. */

import type { Resource } from "@kubets/api";
import type { DeleteOptions, ListOptions, PatchOptions, WatchOptions, WriteOptions } from "./client.ts";
import type { ApiRequest, PatchType } from "./transport.ts";

type Query = Record<string, string>;

/** Where a request goes: `namespace` undefined or "" means cluster-wide or all namespaces. */
export interface Target {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/**
 * `/apis/apps/v1/namespaces/x/deployments/y/status`, segments percent-encoded.
 * @throws TypeError for an empty name, or a name of a namespaced resource without a namespace: both would address something else.
 */
export function resourcePath(resource: Resource, target: Target): string {
  if (target.name === "") throw new TypeError(`resource name may not be empty (${resource.plural})`);
  const segments = resource.group === "" ? ["api", resource.version] : ["apis", resource.group, resource.version];
  if (resource.namespaced && target.namespace) segments.push("namespaces", target.namespace);
  else if (resource.namespaced && target.name !== undefined) {
    throw new TypeError(
      `an empty namespace may not be set when a resource name is provided (${resource.plural} ${target.name})`,
    );
  }
  segments.push(resource.plural);
  if (target.name !== undefined) segments.push(target.name);
  const path = `/${segments.map(encodeURIComponent).join("/")}`;
  // A sub-resource may itself be a path: `proxy/metrics`.
  return target.subresource ? `${path}/${target.subresource.split("/").map(encodeURIComponent).join("/")}` : path;
}

function signalOf(options: { signal?: AbortSignal }): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal };
}

function setAll(query: Query, options: object, names: readonly string[]): Query {
  for (const name of names) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined && value !== "") query[name] = String(value);
  }
  return query;
}

const selectorNames = ["labelSelector", "fieldSelector"];
const listNames = [...selectorNames, "limit", "continue", "resourceVersion", "resourceVersionMatch"];
const watchNames = [...selectorNames, "resourceVersion", "allowWatchBookmarks", "sendInitialEvents", "timeoutSeconds"];

function writeQuery(options: WriteOptions): Query {
  const query = setAll({}, options, ["fieldManager", "fieldValidation"]);
  if (options.dryRun) query.dryRun = "All";
  return query;
}

/** @param options `resourceVersion`: not older than that, or from the cache for 0 */
export function getRequest(
  resource: Resource,
  target: Target,
  options: { resourceVersion?: string; signal?: AbortSignal } = {},
): ApiRequest {
  const query = setAll({}, options, ["resourceVersion"]);
  return { method: "GET", path: resourcePath(resource, target), query, ...signalOf(options) };
}

/** One page; `options.limit` and `options.continue` go through the rest. */
export function listRequest(resource: Resource, target: Target, options: ListOptions = {}): ApiRequest {
  return {
    method: "GET",
    path: resourcePath(resource, target),
    query: setAll({}, options, listNames),
    ...signalOf(options),
  };
}

/** `sendInitialEvents` says by itself that the version is a lower bound, as the server wants it said. */
export function watchRequest(resource: Resource, target: Target, options: WatchOptions = {}): ApiRequest {
  const query = setAll({ watch: "true" }, options, watchNames);
  if (options.sendInitialEvents !== undefined) query.resourceVersionMatch = "NotOlderThan";
  return { method: "GET", path: resourcePath(resource, target), query, ...signalOf(options) };
}

/** @param body the object. For a create below an object `target` names it and the subresource */
export function createRequest(
  resource: Resource,
  target: Target,
  body: unknown,
  options: WriteOptions = {},
): ApiRequest {
  return {
    method: "POST",
    path: resourcePath(resource, target),
    query: writeQuery(options),
    body,
    ...signalOf(options),
  };
}

/** @param body the whole object; its resourceVersion, if it has one, must be the present one */
export function updateRequest(
  resource: Resource,
  target: Target,
  body: unknown,
  options: WriteOptions = {},
): ApiRequest {
  return {
    method: "PUT",
    path: resourcePath(resource, target),
    query: writeQuery(options),
    body,
    ...signalOf(options),
  };
}

/** @param contentType which kind of patch `body` is; an apply wants a field manager */
export function patchRequest(
  resource: Resource,
  target: Target,
  contentType: PatchType,
  body: unknown,
  options: PatchOptions = {},
): ApiRequest {
  const query = writeQuery(options);
  if (options.force !== undefined) query.force = String(options.force);
  const place = options.subresource ? { ...target, subresource: options.subresource } : target;
  return { method: "PATCH", path: resourcePath(resource, place), query, body, contentType, ...signalOf(options) };
}

/** Delete options travel in the body, list options of a deletecollection in the query. */
export function deleteRequest(
  resource: Resource,
  target: Target,
  options: DeleteOptions & ListOptions = {},
): ApiRequest {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = options;
  const body = {
    apiVersion: "v1",
    kind: "DeleteOptions",
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(preconditions === undefined ? {} : { preconditions }),
    ...(dryRun ? { dryRun: ["All"] } : {}),
  };
  const query = setAll({}, options, listNames);
  return { method: "DELETE", path: resourcePath(resource, target), query, body, ...signalOf(options) };
}

/** `?labelSelector=app%3Dweb&limit=5`, or "" for none. Names are sorted so that equal requests have equal URLs. */
export function queryString(query: Readonly<Record<string, string>>): string {
  const names = Object.keys(query).sort();
  if (names.length === 0) return "";
  return `?${names.map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(query[name] ?? "")}`).join("&")}`;
}

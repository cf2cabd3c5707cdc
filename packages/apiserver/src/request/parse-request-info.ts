/** URL and method to {@link RequestInfo}. Source of the rules: apiserver's endpoints/request/requestinfo.go. */

import { badRequest, parseFieldSelector } from "@kubets/apimachinery";
import type { RequestInfo, RequestVerb } from "./request-info.ts";

const verbOfMethod: Readonly<Record<string, RequestVerb>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Namespaces are the one cluster-scoped kind whose URL could be taken for a namespace: these are its subresources. */
const namespaceSubresources = new Set(["status", "finalize"]);

/**
 * @param path as it came, percent-encoded
 * @throws StatusError 400 for a path that cannot be decoded
 */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const segments = decodeSegments(path);
  const decodedPath = `/${segments.join("/")}${path.length > 1 && path.endsWith("/") && segments.length > 0 ? "/" : ""}`;
  const location = locate(segments);
  if (location === undefined) return nonResource(decodedPath, method);
  return resourceRequest(decodedPath, method, location, query);
}

function decodeSegments(path: string): string[] {
  if (!path.includes("%")) return segmentsOf(path);
  try {
    // Whole, as upstream: an encoded slash parts segments too. Whoever the request is passed on to will see it so.
    return segmentsOf(decodeURIComponent(path));
  } catch {
    // decodeURIComponent throws URIError for a stray "%".
    throw badRequest(`invalid URL escape in path ${JSON.stringify(path.slice(0, 200))}`);
  }
}

function segmentsOf(decoded: string): string[] {
  return decoded.split("/").filter((segment) => segment !== "");
}

interface Location {
  readonly apiPrefix: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  /** From the resource, or the special verb, on. */
  readonly rest: readonly string[];
}

function locate(segments: readonly string[]): Location | undefined {
  const [apiPrefix, ...rest] = segments;
  if (segments.length < 3) return undefined;
  if (apiPrefix === "api") return { apiPrefix, apiGroup: "", apiVersion: rest[0]!, rest: rest.slice(1) };
  if (apiPrefix !== "apis" || rest.length < 3) return undefined;
  return { apiPrefix, apiGroup: rest[0]!, apiVersion: rest[1]!, rest: rest.slice(2) };
}

function nonResource(path: string, method: string): RequestInfo {
  return {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase() as RequestVerb,
    apiPrefix: "",
    apiGroup: "",
    apiVersion: "",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    parts: [],
  };
}

function resourceRequest(path: string, method: string, location: Location, query: URLSearchParams): RequestInfo {
  let parts = location.rest;
  // A method that is none of these has no verb: one called LIST or DELETECOLLECTION must not pass for what it is called.
  let verb: RequestVerb = Object.hasOwn(verbOfMethod, method) ? verbOfMethod[method]! : "";
  const special = parts[0];
  if ((special === "proxy" || special === "watch") && parts.length > 1) {
    verb = special;
    parts = parts.slice(1);
  }
  let namespace = "";
  if (parts[0] === "namespaces" && parts.length > 1) {
    namespace = parts[1]!;
    if (parts.length > 2 && !namespaceSubresources.has(parts[2]!)) parts = parts.slice(2);
  }
  const resource = parts[0] ?? "";
  let name = parts[1] ?? "";
  const subresource = verb === "proxy" ? "" : (parts[2] ?? "");
  if (name === "" && verb === "get") {
    verb = isTrue(query.get("watch")) ? "watch" : "list";
    name = nameInFieldSelector(query.get("fieldSelector"));
  }
  if (name === "" && verb === "watch") name = nameInFieldSelector(query.get("fieldSelector"));
  if (name === "" && verb === "delete") verb = "deletecollection";
  const { apiPrefix, apiGroup, apiVersion } = location;
  return {
    isResourceRequest: true,
    path,
    verb,
    apiPrefix,
    apiGroup,
    apiVersion,
    namespace,
    resource,
    subresource,
    name,
    parts,
  };
}

/** A boolean query parameter as upstream's conversion reads it: present and neither "false" nor "0" is true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== "false" && value !== "0";
}

/** `metadata.name=x` makes a list or watch about one object, which RBAC's resourceNames can allow. */
function nameInFieldSelector(selector: string | null): string {
  if (!selector) return "";
  try {
    const name = parseFieldSelector(selector).requiresExactMatch("metadata.name") ?? "";
    return isPathSegment(name) ? name : "";
  } catch {
    return ""; // No selector: the handler refuses it, in its own words.
  }
}

function isPathSegment(name: string): boolean {
  return name !== "." && name !== ".." && !/[/%]/.test(name);
}

/** Reads the official client's API classes: which paths and verbs each resource has, and what kind comes back. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Endpoint {
  readonly path: string;
  /** GET, PUT, POST, DELETE, PATCH and, for proxies and streams, HEAD and OPTIONS. */
  readonly method: string;
  readonly operation: string;
  /** The class of the answer; `string` for streams. */
  readonly returns: string;
  /** The class of the body, "" without one. */
  readonly takes: string;
}

/** `folder` is the client's generated code, `apiClass` for example `AppsV1Api`. */
export function readEndpoints(folder: string, apiClass: string): Endpoint[] {
  const text = readFileSync(join(folder, "apis", `${apiClass}.js`), "utf8");
  const [requests = "", responses = ""] = text.split(/export class \w+ResponseProcessor/);
  const returns = new Map<string, string>();
  for (const part of responses.split(/\n {4}async /).slice(1)) {
    const match =
      /^(\w+)WithHttpInfo\([\s\S]*?isCodeInRange\("20[0-2]"[\s\S]*?deserialize\([\s\S]*?"([^"]+)", ""\)/.exec(part);
    if (match) returns.set(match[1]!, match[2]!);
  }
  const endpoints: Endpoint[] = [];
  for (const part of requests.split(/\n {4}async /).slice(1)) {
    const match = /^(\w+)\([\s\S]*?localVarPath = '([^']+)'[\s\S]*?HttpMethod\.(\w+)\)/.exec(part);
    if (!match) continue;
    const [, operation = "", path = "", method = ""] = match;
    const takes = /serialize\(body, "([^"]+)"/.exec(part)?.[1] ?? "";
    endpoints.push({ path, method, operation, returns: returns.get(operation) ?? "", takes });
  }
  return endpoints;
}

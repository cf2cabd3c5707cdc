/** `--authorization-always-allow-paths`: what anyone may ask for. Source: apiserver's authorization/path. */

import type { Authorizer } from "./authorizer.ts";

/** @param allowed whole paths, or their beginnings with a `*` at the end; a leading `/` is optional. @throws Error for another `*` */
export function alwaysAllowPaths(allowed: readonly string[]): Authorizer {
  const paths = new Set<string>();
  const prefixes: string[] = [];
  for (const given of allowed) {
    const path = given.replace(/^\//, "");
    if (path.slice(0, -1).includes("*")) throw new Error(`only trailing * allowed in ${JSON.stringify(path)}`);
    if (path.endsWith("*")) prefixes.push(path.slice(0, -1));
    else paths.add(path);
  }
  const isAllowed = (path: string) => paths.has(path) || prefixes.some((prefix) => path.startsWith(prefix));
  return {
    authorize: ({ isResourceRequest, path }) =>
      !isResourceRequest && isAllowed(path.replace(/^\//, ""))
        ? { decision: "Allow", reason: "" }
        : { decision: "NoOpinion", reason: "" },
  };
}

/** What a caller may do: asked of the API server as a SubjectAccessReview on the node. Source of attributes: pkg/kubelet/server/auth.go and KEP-2862. */

import { subjectAccessReviews } from "@kubets/api";
import type { Clock } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import type { Caller } from "./authentication.ts";
import { TtlCache } from "./ttl-cache.ts";

export type Authorize = (caller: Caller, method: string, path: string) => Promise<boolean>;

const verbs: Record<string, string> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

export function verbOf(method: string): string {
  return verbs[method] ?? "";
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** The subresources of the node that allow this path, the finest first. */
export function nodeSubresources(path: string): string[] {
  if (isBelow(path, "/stats")) return ["stats"];
  if (isBelow(path, "/metrics")) return ["metrics"];
  if (isBelow(path, "/logs")) return ["log"];
  if (isBelow(path, "/pods") || isBelow(path, "/runningpods")) return ["pods", "proxy"];
  if (isBelow(path, "/healthz")) return ["healthz", "proxy"];
  if (isBelow(path, "/configz")) return ["configz", "proxy"];
  return ["proxy"];
}

const allowedTtlMs = 5 * 60_000;
const deniedTtlMs = 30_000;

export function createAuthorize(client: Client, clock: Clock, nodeName: string): Authorize {
  const cache = new TtlCache<boolean>(clock);
  return async (caller, method, path) => {
    const verb = verbOf(method);
    for (const subresource of nodeSubresources(path)) {
      const key = JSON.stringify([caller, verb, subresource]);
      const ask = () => review(client, caller, verb, subresource, nodeName);
      if (await cache.get(key, (allowed) => (allowed ? allowedTtlMs : deniedTtlMs), ask)) return true;
    }
    return false;
  };
}

async function review(client: Client, caller: Caller, verb: string, subresource: string, nodeName: string) {
  const { status } = await client.resource(subjectAccessReviews).create({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: caller.name,
      groups: [...caller.groups],
      ...(caller.uid === undefined ? {} : { uid: caller.uid }),
      resourceAttributes: { verb, group: "", version: "v1", resource: "nodes", subresource, name: nodeName },
    },
  });
  return status?.allowed === true;
}

/** What the API serves right now, for controllers that deal with kinds they have never heard of. */

import type { Resource } from "@kubets/api";
import { type KubeObject, parseApiVersion } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";

export interface DiscoveredResource extends Resource<KubeObject> {
  readonly verbs: readonly string[];
}

export interface Discovery {
  readonly resources: readonly DiscoveredResource[];
  /** Group versions that could not be read, and why: an aggregated API may be down. */
  readonly failures: ReadonlyMap<string, unknown>;
}

interface ResourceList {
  resources?: { name: string; kind: string; namespaced: boolean; verbs?: string[] }[];
}

interface GroupList {
  groups?: { preferredVersion?: { groupVersion: string }; versions: { groupVersion: string }[] }[];
}

/**
 * The resources of every group, each in one version: the group's preferred one, or the first that has it. Subresources are left out.
 * @throws StatusError when the list of groups itself cannot be read.
 */
export async function discover(client: Client, signal: AbortSignal): Promise<Discovery> {
  const groups = (await get(client, "/apis", signal)) as GroupList;
  const resources = new Map<string, DiscoveredResource>();
  const failures = new Map<string, unknown>();
  await read(client, "v1", resources, failures, signal);
  for (const { preferredVersion, versions } of groups.groups ?? []) {
    const first = preferredVersion?.groupVersion ?? versions[0]?.groupVersion;
    const all = versions.map(({ groupVersion }) => groupVersion);
    for (const groupVersion of new Set(first === undefined ? all : [first, ...all])) {
      await read(client, groupVersion, resources, failures, signal);
    }
  }
  return { resources: [...resources.values()], failures };
}

function get(client: Client, path: string, signal: AbortSignal): Promise<unknown> {
  return client.transport.request({ method: "GET", path, query: {}, signal });
}

async function read(
  client: Client,
  groupVersion: string,
  resources: Map<string, DiscoveredResource>,
  failures: Map<string, unknown>,
  signal: AbortSignal,
): Promise<void> {
  const parsed = parseApiVersion(groupVersion);
  if (parsed === undefined) {
    failures.set(groupVersion, new Error(`unexpected GroupVersion string: ${groupVersion}`));
    return;
  }
  try {
    const path = parsed.group === "" ? `/api/${groupVersion}` : `/apis/${groupVersion}`;
    const list = (await get(client, path, signal)) as ResourceList;
    for (const { name, kind, namespaced, verbs = [] } of list.resources ?? []) {
      const key = `${parsed.group}/${name}`;
      if (name.includes("/") || resources.has(key)) continue;
      resources.set(key, { ...parsed, plural: name, kind, namespaced, verbs });
    }
  } catch (error) {
    if (signal.aborted) throw error;
    failures.set(groupVersion, error);
  }
}

/** The discovery of groups that other servers answer, fetched when an APIService changes and once a minute. Source: kube-aggregator's apiserver/handler_discovery.go. */

import type { RemoteGroups } from "../discovery/handler.ts";
import type { RemoteGroupVersion } from "../discovery/resource-list.ts";
import { type Fetched, type FetchOptions, fetchFrom } from "./fetch.ts";
import type { Backend, Registrations } from "./registrations.ts";

interface Known {
  readonly resources: readonly object[];
  readonly freshness: "Current" | "Stale";
  /** What it was made of: the same text is no change. */
  readonly text: string;
}

const aggregatedV2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export class RemoteDiscovery implements RemoteGroups {
  readonly #registrations: Registrations;
  readonly #options: FetchOptions;
  readonly #known = new Map<string, Known>();
  #fetches = 0;

  constructor(registrations: Registrations, options: FetchOptions) {
    this.#registrations = registrations;
    this.#options = options;
  }

  get generation(): number {
    return this.#registrations.generation + this.#fetches;
  }

  groupVersions(): readonly RemoteGroupVersion[] {
    return [...this.#registrations.backends()].map(({ name, group, version, object }) => {
      const { groupPriorityMinimum = 0, versionPriority = 0 } = object.spec ?? {};
      const { resources, freshness } = this.#known.get(name) ?? { resources: [], freshness: "Stale" as const };
      return {
        group,
        version,
        priority: { group: groupPriorityMinimum, version: versionPriority },
        resources,
        freshness,
      };
    });
  }

  /** Fetches one anew; what is known stays, and is stale, when that fails. @returns whether it worked */
  async refresh(name: string, signal: AbortSignal): Promise<boolean> {
    const object = this.#registrations.get(name);
    const backend = this.#registrations.backend(object?.spec?.group ?? "", object?.spec?.version ?? "");
    if (backend === undefined) {
      this.#known.delete(name);
      return true;
    }
    try {
      const resources = await this.#fetch(backend, signal);
      this.#learn(name, { resources, freshness: "Current", text: JSON.stringify(resources) });
      return true;
    } catch {
      // Seen in the APIService's condition and in this document's freshness; it is tried again.
      const before = this.#known.get(name) ?? { resources: [], text: "[]" };
      this.#learn(name, { ...before, freshness: "Stale" });
      return false;
    }
  }

  #learn(name: string, known: Known): void {
    const before = this.#known.get(name);
    this.#known.set(name, known);
    if (before?.text !== known.text || before.freshness !== known.freshness) this.#fetches++;
  }

  async #fetch(backend: Backend, signal: AbortSignal): Promise<readonly object[]> {
    const { group, version } = backend;
    const whole = await fetchFrom(this.#options, backend, "/apis", `${aggregatedV2},application/json`, signal);
    if (whole.status === 200 && isAggregated(whole))
      return resourcesIn(JSON.parse(whole.body.toString()), group, version);
    const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
    const legacy = await fetchFrom(this.#options, backend, path, "application/json", signal);
    if (legacy.status !== 200) throw new Error(`failed to download legacy discovery for ${path}: ${legacy.status}`);
    return fromLegacy(JSON.parse(legacy.body.toString()));
  }
}

function isAggregated({ headers }: Fetched): boolean {
  const type = headers["content-type"] ?? "";
  return type.includes("as=APIGroupDiscoveryList") && type.includes("v=v2") && type.includes("g=apidiscovery.k8s.io");
}

interface DiscoveryList {
  items?: { metadata?: { name?: string }; versions?: { version?: string; resources?: object[] }[] }[];
}

function resourcesIn({ items = [] }: DiscoveryList, group: string, version: string): readonly object[] {
  const found = items.find(({ metadata }) => (metadata?.name ?? "") === group);
  return found?.versions?.find((each) => each.version === version)?.resources ?? [];
}

interface LegacyResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly verbs?: string[];
  readonly shortNames?: string[];
  readonly categories?: string[];
}

/** An APIResourceList in the form of the aggregated document. */
function fromLegacy({ resources = [] }: { resources?: LegacyResource[] }): readonly object[] {
  const kindOf = ({ group = "", version = "", kind = "" }: LegacyResource) => ({ group, version, kind });
  return resources
    .filter(({ name }) => !name.includes("/"))
    .map((resource) => {
      const { name, singularName = "", namespaced, verbs = [], shortNames, categories } = resource;
      const subresources = resources
        .filter((each) => each.name.startsWith(`${name}/`))
        .map((each) => ({
          subresource: each.name.slice(name.length + 1),
          responseKind: kindOf(each),
          verbs: each.verbs ?? [],
        }));
      return {
        resource: name,
        responseKind: kindOf(resource),
        scope: namespaced ? "Namespaced" : "Cluster",
        singularResource: singularName,
        verbs,
        ...(shortNames === undefined ? {} : { shortNames }),
        ...(categories === undefined ? {} : { categories }),
        ...(subresources.length === 0 ? {} : { subresources }),
      };
    });
}

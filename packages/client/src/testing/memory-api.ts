/**
 * For tests of informers and controllers: the verbs of the Kubernetes API over a map, without kinds, defaults, validation or access control.
 * It keeps what controllers rely on: resourceVersions and conflicts, uids, generations, finalizers, selectors, watches that miss nothing, discovery.
 */

import type { Resource } from "@kubets/api";
import {
  alreadyExists,
  apiVersionOf,
  badRequest,
  type Clock,
  clone,
  conflict,
  deepEqual,
  deepFreeze,
  expired,
  formatTime,
  type KubeObject,
  keyOf,
  notFound,
  parseSelector,
  type ResourceName,
  realClock,
  staleObjectMessage,
} from "@kubets/apimachinery";
import type { ApiRequest, Transport, WatchEvent } from "../transport.ts";

interface Place {
  readonly resource: Resource;
  readonly id: ResourceName;
  readonly prefix: string;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

interface LoggedEvent {
  readonly revision: number;
  readonly prefix: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
}

type Fields = KubeObject & { spec?: unknown; status?: unknown };

export class MemoryApi implements Transport {
  readonly #clock: Clock;
  readonly #resources = new Map<string, Resource>();
  readonly #objects = new Map<string, KubeObject>();
  readonly #log: LoggedEvent[] = [];
  readonly #waiting = new Set<() => void>();
  /** Requests seen, newest last: `POST /api/v1/namespaces/x/pods`. */
  readonly requests: string[] = [];
  /** Throws to make a request fail. */
  intercept: ((request: ApiRequest) => void) | undefined;
  #revision = 1;
  #compacted = 0;
  #epoch = 0;

  constructor(resources: readonly Resource[], clock: Clock = realClock) {
    this.#clock = clock;
    for (const resource of resources) this.#resources.set(`${apiVersionOf(resource)}/${resource.plural}`, resource);
  }

  get revision(): number {
    return this.#revision;
  }

  /** Watches and lists from before now are told they are too late; running watches end. */
  compact(): void {
    this.#compacted = this.#revision;
    this.endWatches();
  }

  /** Ends every running watch, as a server does when it restarts. */
  endWatches(): void {
    this.#epoch++;
    this.#wake();
  }

  async request(request: ApiRequest): Promise<unknown> {
    request.signal?.throwIfAborted();
    this.requests.push(`${request.method} ${request.path}`);
    this.intercept?.(request);
    const discovery = request.method === "GET" ? this.#discover(request.path) : undefined;
    if (discovery !== undefined) return deepFreeze(discovery);
    const place = this.#parse(request.path);
    switch (request.method) {
      case "GET":
        return place.name === undefined ? this.#list(place, request) : this.#get(place);
      case "POST":
        return this.#create(place, request);
      case "PUT":
        return this.#update(place, clone(request.body) as Fields);
      case "PATCH":
        return this.#patch(place, request);
      case "DELETE":
        return this.#delete(place, request);
    }
  }

  async requestText(request: ApiRequest): Promise<string> {
    return JSON.stringify(await this.request(request));
  }

  async *watch(request: ApiRequest): AsyncGenerator<WatchEvent> {
    this.requests.push(`WATCH ${request.path}`);
    this.intercept?.(request);
    const place = this.#parse(request.path);
    const { matches } = selection(request);
    const from = Number(request.query.resourceVersion ?? "0");
    if (from < this.#compacted) throw expired(`too old resource version: ${from} (${this.#compacted})`);
    const epoch = this.#epoch;
    let at = from === 0 ? this.#log.length : this.#log.findIndex((event) => event.revision > from);
    if (at < 0) at = this.#log.length;
    while (!request.signal?.aborted && epoch === this.#epoch) {
      const event = this.#log[at];
      if (event === undefined) {
        await this.#wait(request.signal);
        continue;
      }
      at++;
      if (event.prefix !== place.prefix) continue;
      if (place.namespace && event.object.metadata?.namespace !== place.namespace) continue;
      const was = event.type !== "ADDED" && event.old !== undefined && matches(event.old);
      const is = event.type !== "DELETED" && matches(event.object);
      if (was || is) yield { type: is ? (was ? "MODIFIED" : "ADDED") : "DELETED", object: event.object };
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #parse(path: string): Place {
    const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
    const group = parts[0] === "api" ? "" : (parts[1] ?? "");
    const rest = parts.slice(parts[0] === "api" ? 2 : 3);
    const version = (parts[0] === "api" ? parts[1] : parts[2]) ?? "";
    const scoped =
      rest[0] === "namespaces" &&
      rest.length > 2 &&
      this.#resources.has(`${apiVersionOf({ group, version })}/${rest[2]}`);
    const [plural = "", name, subresource] = scoped ? rest.slice(2) : rest;
    const resource = this.#resources.get(`${apiVersionOf({ group, version })}/${plural}`);
    if (resource === undefined) throw notFound({ group, resource: plural }, name ?? "");
    const id = { group, resource: plural };
    return { resource, id, prefix: `${group}/${plural}`, namespace: scoped ? (rest[1] ?? "") : "", name, subresource };
  }

  #discover(path: string): object | undefined {
    const all = [...this.#resources.values()];
    if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
    if (path === "/apis") {
      const groups = [...new Set(all.map((resource) => resource.group).filter(Boolean))];
      return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map((name) => groupOf(name, all)) };
    }
    const groupVersion = /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))$/.exec(path);
    if (groupVersion === null) return undefined;
    const apiVersion = groupVersion[1] ?? groupVersion[2] ?? "";
    const resources = all
      .filter((resource) => apiVersionOf(resource) === apiVersion)
      .map(({ plural, kind, namespaced }) => ({
        name: plural,
        kind,
        namespaced,
        singularName: kind.toLowerCase(),
        verbs: allVerbs,
      }));
    return { kind: "APIResourceList", apiVersion: "v1", groupVersion: apiVersion, resources };
  }

  #key(place: Place, name: string): string {
    return `${place.prefix}/${place.namespace ? `${place.namespace}/` : ""}${name}`;
  }

  #existing(place: Place): KubeObject {
    const found = this.#objects.get(this.#key(place, place.name ?? ""));
    if (found === undefined) throw notFound(place.id, place.name ?? "");
    return found;
  }

  #get(place: Place): KubeObject {
    return this.#existing(place);
  }

  #list(place: Place, request: ApiRequest): object {
    const { matches } = selection(request);
    const items: KubeObject[] = [];
    for (const [key, object] of this.#objects) {
      if (!key.startsWith(`${place.prefix}/`)) continue;
      if (place.namespace && object.metadata?.namespace !== place.namespace) continue;
      if (matches(object)) items.push(object);
    }
    const { kind } = place.resource;
    return deepFreeze({
      kind: `${kind}List`,
      apiVersion: apiVersionOf(place.resource),
      metadata: { resourceVersion: String(this.#revision) },
      items,
    });
  }

  #create(place: Place, request: ApiRequest): unknown {
    const object = clone(request.body) as Fields;
    if (place.subresource === "eviction" || place.subresource === "binding") return this.#act(place, object);
    if (place.subresource === "token")
      return deepFreeze({ ...object, status: { token: "token", expirationTimestamp: "" } });
    object.metadata ??= {};
    const { metadata } = object;
    if (!metadata.name && metadata.generateName) metadata.name = metadata.generateName + this.#suffix();
    if (!metadata.name) throw badRequest("name or generateName is required");
    if (place.resource.namespaced) metadata.namespace ??= place.namespace;
    const key = this.#key(place, metadata.name);
    if (this.#objects.has(key)) throw alreadyExists(place.id, metadata.name);
    metadata.uid = `uid-${this.#revision + 1}`;
    metadata.creationTimestamp = formatTime(this.#clock.now());
    metadata.generation = 1;
    object.kind ??= place.resource.kind;
    object.apiVersion ??= apiVersionOf(place.resource);
    return this.#commit(place, "ADDED", object, undefined);
  }

  #suffix(): string {
    return (this.#revision + 1).toString(36).padStart(5, "0");
  }

  #act(place: Place, body: KubeObject): unknown {
    const old = this.#existing(place) as Fields;
    if (place.subresource === "eviction") return this.#remove(place, old);
    const target = (body as { target?: { name?: string } }).target?.name;
    return this.#commit(
      place,
      "MODIFIED",
      { ...clone(old), spec: { ...(old.spec as object), nodeName: target } } as Fields,
      old,
    );
  }

  #update(place: Place, object: Fields): KubeObject {
    const old = this.#existing(place) as Fields;
    const version = object.metadata?.resourceVersion;
    if (version && version !== old.metadata?.resourceVersion)
      throw conflict(place.id, place.name ?? "", staleObjectMessage);
    if (object.metadata?.uid && object.metadata.uid !== old.metadata?.uid) {
      const why = `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: ${old.metadata?.uid}`;
      throw conflict(place.id, place.name ?? "", why);
    }
    const next = merged(place, old, object);
    next.metadata = {
      ...next.metadata,
      name: place.name ?? "",
      ...pick(old.metadata, ["namespace", "uid", "creationTimestamp", "deletionTimestamp", "resourceVersion"]),
      generation: (old.metadata?.generation ?? 1) + (deepEqual(next.spec, old.spec) ? 0 : 1),
    };
    const terminating = next.metadata.deletionTimestamp !== undefined && !next.metadata.finalizers?.length;
    const contentDone = !(next.spec as { finalizers?: string[] } | undefined)?.finalizers?.length;
    if (terminating && contentDone) return this.#remove(place, old, next);
    return deepEqual(next, old) ? old : this.#commit(place, "MODIFIED", next, old);
  }

  #patch(place: Place, request: ApiRequest): KubeObject {
    if (request.contentType === "application/json-patch+json")
      throw badRequest("JSON patches are not for this test double");
    const old = this.#objects.get(this.#key(place, place.name ?? ""));
    const patch = clone(request.body) as Fields;
    if (old === undefined && request.contentType === "application/apply-patch+yaml") {
      return this.#create({ ...place, name: undefined }, { ...request, body: patch }) as KubeObject;
    }
    const base = this.#existing(place);
    // Merging the pair of metadata preconditions as data, then checking them as an update does.
    return this.#update(place, mergePatch(clone(base), patch) as Fields);
  }

  #delete(place: Place, request: ApiRequest): unknown {
    if (place.name === undefined) {
      const list = this.#list(place, request) as { items: KubeObject[] };
      for (const item of list.items) {
        const { namespace = "", name } = item.metadata ?? {};
        this.#deleteOne({ ...place, namespace, name }, item, request);
      }
      return { kind: "Status", apiVersion: "v1", status: "Success" };
    }
    return this.#deleteOne(place, this.#existing(place), request);
  }

  #deleteOne(place: Place, old: KubeObject, request: ApiRequest): unknown {
    const options = (request.body ?? {}) as {
      propagationPolicy?: string;
      preconditions?: { uid?: string; resourceVersion?: string };
    };
    const { uid, resourceVersion } = options.preconditions ?? {};
    if ((uid && uid !== old.metadata?.uid) || (resourceVersion && resourceVersion !== old.metadata?.resourceVersion)) {
      throw conflict(place.id, place.name ?? "", "Precondition failed");
    }
    const finalizers = new Set(old.metadata?.finalizers ?? []);
    if (options.propagationPolicy === "Foreground") finalizers.add("foregroundDeletion");
    if (options.propagationPolicy === "Orphan") finalizers.add("orphan");
    const held =
      finalizers.size > 0 ||
      (place.prefix === "/namespaces" && ((old as Fields).spec as { finalizers?: string[] })?.finalizers?.length);
    if (!held) return this.#remove(place, old);
    const next = clone(old);
    next.metadata = {
      ...next.metadata,
      deletionTimestamp: next.metadata?.deletionTimestamp ?? formatTime(this.#clock.now()),
      ...(finalizers.size > 0 ? { finalizers: [...finalizers] } : {}),
    };
    if (place.prefix === "/namespaces") (next as Fields).status = { phase: "Terminating" };
    return deepEqual(next, old) ? old : this.#commit(place, "MODIFIED", next as Fields, old);
  }

  #remove(place: Place, old: KubeObject, last: KubeObject = old): KubeObject {
    return this.#commit(place, "DELETED", clone(last) as Fields, old);
  }

  #commit(place: Place, type: LoggedEvent["type"], object: Fields, old: KubeObject | undefined): KubeObject {
    const revision = ++this.#revision;
    object.metadata = { ...object.metadata, resourceVersion: String(revision) };
    deepFreeze(object);
    const key = `${place.prefix}/${keyOf(object)}`;
    if (type === "DELETED") this.#objects.delete(key);
    else this.#objects.set(key, object);
    this.#log.push({ revision, prefix: place.prefix, type, object, old });
    this.#wake();
    return object;
  }
}

const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

function groupOf(name: string, all: readonly Resource[]): object {
  const versions = [...new Set(all.filter((resource) => resource.group === name).map((resource) => resource.version))];
  const list = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: list, preferredVersion: list[0] };
}

function merged(place: Place, old: Fields, object: Fields): Fields {
  if (place.subresource === "status") {
    // Metadata travels with a status, labels aside, as in most of upstream's strategies.
    const { labels: _, ...metadata } = object.metadata ?? {};
    const labels = old.metadata?.labels;
    return {
      ...clone(old),
      metadata: { ...metadata, ...(labels === undefined ? {} : { labels: clone(labels) }) },
      status: object.status,
    };
  }
  const hasStatus = "status" in old || "status" in object;
  return { ...object, ...(hasStatus && old.status !== undefined ? { status: clone(old.status) } : {}) };
}

function pick<T extends object, K extends keyof T>(value: T | undefined, keys: readonly K[]): Partial<T> {
  const result: Partial<T> = {};
  for (const key of keys) if (value?.[key] !== undefined) result[key] = value[key];
  return result;
}

function mergePatch(base: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result = { ...(typeof base === "object" && !Array.isArray(base) ? base : {}) } as Record<string, unknown>;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

function selection(request: ApiRequest): { matches(object: KubeObject): boolean } {
  const labels = parseSelector(request.query.labelSelector ?? "");
  const fields = (request.query.fieldSelector ?? "").split(",").filter(Boolean);
  const tests = fields.map((field) => /^([^!=]+)(!?=)=?(.*)$/.exec(field));
  return {
    matches(object) {
      if (!labels.matches(object.metadata?.labels)) return false;
      return tests.every((test) => {
        const [, path = "", operator, value] = test ?? [];
        const found = path
          .split(".")
          .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);
        return (String(found ?? "") === value) === (operator === "=");
      });
    },
  };
}

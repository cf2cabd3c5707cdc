/** The typed client over any transport. */

import type { Resource } from "@kubets/api";
import type { KubeList, KubeObject } from "@kubets/apimachinery";
import type {
  Client,
  DeleteOptions,
  ListOptions,
  PatchOptions,
  ResourceClient,
  WatchOptions,
  WriteOptions,
} from "./client.ts";
import * as build from "./request-builder.ts";
import type { PatchType, Transport, WatchEvent } from "./transport.ts";

/** Holds nothing but the transport: to close that is the caller's. */
export function createClient(transport: Transport): Client {
  return {
    transport,
    resource: <T extends KubeObject>(resource: Resource<T>) => new TypedResourceClient<T>(transport, resource, ""),
  };
}

class TypedResourceClient<T extends KubeObject> implements ResourceClient<T> {
  readonly #transport: Transport;
  readonly #resource: Resource<T>;
  readonly #namespace: string;

  constructor(transport: Transport, resource: Resource<T>, namespace: string) {
    this.#transport = transport;
    this.#resource = resource;
    this.#namespace = namespace;
  }

  /** "" is all namespaces. Ignored for cluster-scoped resources, so that generic code need not ask. */
  namespace(namespace: string): ResourceClient<T> {
    return new TypedResourceClient(this.#transport, this.#resource, namespace);
  }

  async get(name: string, options?: { resourceVersion?: string; signal?: AbortSignal }): Promise<T> {
    return (await this.#transport.request(build.getRequest(this.#resource, this.#at(name), options))) as T;
  }

  async list(options?: ListOptions): Promise<KubeList<T>> {
    const request = build.listRequest(this.#resource, this.#at(), options);
    return (await this.#transport.request(request)) as KubeList<T>;
  }

  watch(options?: WatchOptions): AsyncIterable<WatchEvent<T>> {
    const request = build.watchRequest(this.#resource, this.#at(), options);
    return this.#transport.watch(request) as AsyncIterable<WatchEvent<T>>;
  }

  async create(object: T, options?: WriteOptions): Promise<T> {
    const request = build.createRequest(this.#resource, this.#of(object, false), this.#typed(object), options);
    return (await this.#transport.request(request)) as T;
  }

  async update(object: T, options?: WriteOptions): Promise<T> {
    const request = build.updateRequest(this.#resource, this.#of(object), this.#typed(object), options);
    return (await this.#transport.request(request)) as T;
  }

  async updateStatus(object: T, options?: WriteOptions): Promise<T> {
    const target = { ...this.#of(object), subresource: "status" };
    return (await this.#transport.request(
      build.updateRequest(this.#resource, target, this.#typed(object), options),
    )) as T;
  }

  async patch(name: string, type: PatchType, patch: unknown, options?: PatchOptions): Promise<T> {
    const request = build.patchRequest(this.#resource, this.#at(name), type, patch, options);
    return (await this.#transport.request(request)) as T;
  }

  async apply(object: T, options: PatchOptions & { fieldManager: string }): Promise<T> {
    const request = build.patchRequest(
      this.#resource,
      this.#of(object),
      "application/apply-patch+yaml",
      this.#typed(object),
      options,
    );
    return (await this.#transport.request(request)) as T;
  }

  async delete(name: string, options?: DeleteOptions): Promise<unknown> {
    return await this.#transport.request(build.deleteRequest(this.#resource, this.#at(name), options));
  }

  async deleteCollection(options?: DeleteOptions & ListOptions): Promise<unknown> {
    return await this.#transport.request(build.deleteRequest(this.#resource, this.#at(), options));
  }

  async getSubresource<R>(name: string, subresource: string, options?: { signal?: AbortSignal }): Promise<R> {
    const request = build.getRequest(this.#resource, { ...this.#at(name), subresource }, options);
    return (await this.#transport.request(request)) as R;
  }

  async createSubresource<R>(name: string, subresource: string, body: unknown, options?: WriteOptions): Promise<R> {
    const request = build.createRequest(this.#resource, { ...this.#at(name), subresource }, body, options);
    return (await this.#transport.request(request)) as R;
  }

  async updateSubresource<R>(name: string, subresource: string, body: unknown, options?: WriteOptions): Promise<R> {
    const request = build.updateRequest(this.#resource, { ...this.#at(name), subresource }, body, options);
    return (await this.#transport.request(request)) as R;
  }

  #at(name?: string): build.Target {
    return { namespace: this.#namespace, name };
  }

  /** The place of an object: its own namespace when none was chosen. */
  #of(object: T, named = true): build.Target {
    const namespace = this.#namespace || object.metadata?.namespace;
    return { namespace, name: named ? (object.metadata?.name ?? "") : undefined };
  }

  /** Adds apiVersion and kind where the caller left them out; items of lists come without. */
  #typed(object: T): T {
    if (object.apiVersion !== undefined && object.kind !== undefined) return object;
    const { group, version, kind } = this.#resource;
    return { apiVersion: group === "" ? version : `${group}/${version}`, kind, ...object };
  }
}

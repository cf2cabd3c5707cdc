/** OpenAPI of groups that other servers answer: v3 documents are passed on, v2 is merged into one. Source: kube-aggregator's controllers/openapi and openapiv3. */

import type { PublishedDocument } from "@kubets/api/openapi";
import { type Clock, parseJson, pushAll, writeJson } from "@kubets/apimachinery";
import { etagOf, type RemoteDocuments } from "../discovery/openapi.ts";
import type { Answer } from "../request/request.ts";
import type { Call } from "../server/context.ts";
import { type FetchOptions, fetchFrom } from "./fetch.ts";
import type { AggregationProxy } from "./proxy.ts";
import type { Backend, Registrations } from "./registrations.ts";

interface Cached<T> {
  readonly generation: number;
  readonly untilMs: number;
  readonly value: T;
}

type V3Paths = Readonly<Record<string, { readonly serverRelativeURL: string }>>;

interface Swagger {
  paths?: Record<string, unknown>;
  definitions?: Record<string, unknown>;
}

/** As long as upstream waits before it asks again. */
const keepMs = 60_000;

export class RemoteOpenApi implements RemoteDocuments {
  readonly #registrations: Registrations;
  readonly #proxy: AggregationProxy;
  readonly #options: FetchOptions;
  #v3: Cached<V3Paths> | undefined;
  #v2: Cached<PublishedDocument> | undefined;
  #v2Own: PublishedDocument | undefined;
  #making:
    | { readonly own: PublishedDocument; readonly generation: number; readonly made: Promise<PublishedDocument> }
    | undefined;

  constructor(registrations: Registrations, proxy: AggregationProxy, options: FetchOptions) {
    this.#registrations = registrations;
    this.#proxy = proxy;
    this.#options = options;
  }

  get any(): boolean {
    return this.#registrations.hasBackends;
  }

  async v3Paths(): Promise<V3Paths> {
    if (this.#isFresh(this.#v3)) return this.#v3.value;
    const { generation } = this.#registrations;
    const all = await Promise.all(this.#available().map((backend) => this.#pathsOf(backend)));
    this.#v3 = this.#kept(Object.assign({}, ...all), generation);
    return this.#v3.value;
  }

  v3(call: Call, name: string): Promise<Answer> | undefined {
    const [root, group = "", version = ""] = name.split("/");
    const backend = root === "apis" ? this.#registrations.backend(group, version) : undefined;
    return backend === undefined ? undefined : this.#proxy.proxy(call, backend);
  }

  /** Those who ask while it is made wait for the same. */
  async v2(own: PublishedDocument): Promise<PublishedDocument> {
    if (this.#v2Own === own && this.#isFresh(this.#v2)) return this.#v2.value;
    const { generation } = this.#registrations;
    if (this.#making?.own !== own || this.#making.generation !== generation) {
      const made = this.#makeV2(own, generation).finally(() => {
        if (this.#making?.made === made) this.#making = undefined;
      });
      this.#making = { own, generation, made };
    }
    return await this.#making.made;
  }

  async #makeV2(own: PublishedDocument, generation: number): Promise<PublishedDocument> {
    const parts = await Promise.all(this.#available().map((backend) => this.#swaggerOf(backend)));
    const whole = parts.reduce(merged, parseJson(Buffer.from(own.bytes).toString()) as Swagger);
    const bytes = Buffer.from(writeJson(whole));
    this.#v2Own = own;
    this.#v2 = this.#kept({ bytes, etag: etagOf(bytes) }, generation);
    return this.#v2.value;
  }

  #available(): Backend[] {
    return [...this.#registrations.backends()].filter(({ available }) => available);
  }

  #isFresh<T>(cached: Cached<T> | undefined): cached is Cached<T> {
    if (cached === undefined || cached.generation !== this.#registrations.generation) return false;
    return cached.untilMs > this.#clock.monotonic();
  }

  /** @param generation of the registrations that were asked: others may have come meanwhile */
  #kept<T>(value: T, generation: number): Cached<T> {
    return { generation, untilMs: this.#clock.monotonic() + keepMs, value };
  }

  get #clock(): Clock {
    return this.#options.clock;
  }

  async #pathsOf(backend: Backend): Promise<V3Paths> {
    const index = await this.#json<{ paths?: V3Paths }>(backend, "/openapi/v3");
    const name = `apis/${backend.group}/${backend.version}`;
    const found = index?.paths?.[name];
    return found === undefined ? {} : { [name]: found };
  }

  /** The part of a server's document that is about one group and version. */
  async #swaggerOf(backend: Backend): Promise<Swagger> {
    const document = await this.#json<Swagger>(backend, "/openapi/v2");
    const prefix = `/apis/${backend.group}/${backend.version}/`;
    const own = Object.entries(document?.paths ?? {}).filter(([path]) => `${path}/`.startsWith(prefix));
    const definitions = new Map<string, unknown>();
    const all = document?.definitions ?? {};
    const queue = references(own);
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      if (definitions.has(name) || !Object.hasOwn(all, name)) continue;
      definitions.set(name, all[name]);
      pushAll(queue, references(all[name]));
    }
    return { paths: Object.fromEntries(own), definitions: Object.fromEntries(definitions) };
  }

  async #json<T>(backend: Backend, path: string): Promise<T | undefined> {
    try {
      const { status, body } = await fetchFrom(this.#options, backend, path, "application/json");
      return status === 200 ? (parseJson(body.toString()) as T) : undefined;
    } catch {
      // A server that has no such document, or cannot be asked now, takes nothing from the others.
      return undefined;
    }
  }
}

function references(value: unknown): string[] {
  return [...writeJson(value ?? null).matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, name]) => name!);
}

/** A definition of the same name that is another gets a name of its own. */
function merged(whole: Swagger, part: Swagger): Swagger {
  const present = whole.definitions ?? {};
  const renamed = new Map<string, string>();
  for (const [name, definition] of Object.entries(part.definitions ?? {})) {
    if (!Object.hasOwn(present, name) || writeJson(present[name]) === writeJson(definition)) continue;
    let n = 2;
    while (Object.hasOwn(present, `${name}_v${n}`)) n++;
    renamed.set(name, `${name}_v${n}`);
  }
  const text = writeJson(part).replace(/"#\/definitions\/([^"]+)"/g, (reference, name: string) => {
    const other = renamed.get(name);
    return other === undefined ? reference : writeJson(`#/definitions/${other}`);
  });
  const { paths = {}, definitions = {} } = parseJson(text) as Swagger;
  const named = Object.entries(definitions).map(([name, definition]) => [renamed.get(name) ?? name, definition]);
  return {
    ...whole,
    paths: { ...paths, ...whole.paths },
    definitions: { ...Object.fromEntries(named), ...present },
  };
}

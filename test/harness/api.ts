/** Upstream's API tests speak to the server as client-go does: protobuf bodies where a kind has that form, JSON or protobuf accepted, one TLS connection kept. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { encodeProtobuf, hasProtobufForm } from "@kubets/api/protobuf";
import type { ObjectMeta } from "@kubets/apimachinery";
import { loadKubeconfigText } from "./kubeconfig-text.ts";
import { SkippingClock } from "./skipping-clock.ts";

/** An object as the wire has it. */
export interface Thing {
  apiVersion?: string;
  kind?: string;
  metadata: Partial<ObjectMeta> & { continue?: string; remainingItemCount?: number };
  [field: string]: unknown;
}

export interface Reply {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The answer's JSON. */
  readonly body: Thing;
}

export type Query = Readonly<Record<string, string | number | boolean>>;

export interface Sending {
  readonly query?: Query;
  readonly body?: unknown;
  /** Of the body; protobuf or JSON when left out. */
  readonly type?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Event {
  readonly type: string;
  readonly object: Thing;
}

export const jsonPatch = "application/json-patch+json";
export const mergePatch = "application/merge-patch+json";
export const strategicPatch = "application/strategic-merge-patch+json";
export const applyPatch = "application/apply-patch+yaml";

/** The value at a path of field names and indices (`status.conditions.0.type`). */
export function at(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value);
}

/** An answer that is not 2xx. */
export class Refused extends Error {
  readonly reply: Reply;

  constructor(what: string, reply: Reply) {
    super(`${what}: ${reply.code} ${reply.text.slice(0, 1000)}`);
    this.reply = reply;
  }
}

/** @throws AssertionError unless it is refused with this code, reason and (part of) message */
export async function refused(promise: Promise<unknown>, code: number, reason?: string, message?: RegExp) {
  const error = await promise.then(
    (value) => assert.fail(`expected ${code} ${reason ?? ""}, got ${JSON.stringify(value)}`),
    (caught: unknown) => caught,
  );
  if (!(error instanceof Refused)) throw error;
  assert.equal(error.reply.code, code, error.message);
  if (reason !== undefined) assert.equal(error.reply.body["reason"], reason, error.message);
  if (message !== undefined) assert.match(String(error.reply.body["message"]), message);
  return error.reply;
}

export class Api {
  readonly #agent: Agent;
  readonly #server: URL;

  constructor(kubeconfig: string, more: { cert?: string; key?: string } = {}) {
    const { server, ca, cert, key } = loadKubeconfigText(kubeconfig);
    this.#server = new URL(server);
    this.#agent = new Agent({ ca, keepAlive: true, maxSockets: 64, ...(more.cert ? more : { cert, key }) });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Any answer, good or bad. */
  async send(method: string, path: string, sending: Sending = {}): Promise<Reply> {
    const response = await this.#open(method, path, sending);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const isJson = String(response.headers["content-type"] ?? "").includes("json");
    const body = (isJson && text !== "" ? JSON.parse(text) : {}) as Thing;
    return { code: response.statusCode ?? 0, headers: response.headers, text, body };
  }

  /** @throws Refused */
  async ask(method: string, path: string, sending: Sending = {}): Promise<Thing> {
    const reply = await this.send(method, path, sending);
    if (reply.code < 200 || reply.code > 299) throw new Refused(`${method} ${path}`, reply);
    return reply.body;
  }

  /** Has begun when it resolves. @throws Refused */
  async watch(path: string, query: Query = {}, sending: Sending = {}): Promise<Watching> {
    const response = await this.#open("GET", path, { ...sending, query: { ...query, watch: true } });
    if (response.statusCode === 200) return new Watching(response);
    const text = Buffer.concat(await response.toArray()).toString();
    throw new Refused(`watch ${path}`, {
      code: response.statusCode ?? 0,
      headers: response.headers,
      text,
      body: JSON.parse(text) as Thing,
    });
  }

  /** @param resource `v1/pods`, `apps/v1/deployments` */
  resource(resource: string, namespace?: string): Resource {
    return new Resource(this, resource, namespace);
  }

  async #open(method: string, path: string, sending: Sending): Promise<IncomingMessage> {
    const url = new URL(path, this.#server);
    for (const [name, value] of Object.entries(sending.query ?? {})) url.searchParams.append(name, String(value));
    const { bytes, type } = encode(sending);
    const outgoing = request(url, {
      agent: this.#agent,
      method,
      headers: {
        accept: sending.accept ?? "application/vnd.kubernetes.protobuf,application/json",
        ...(bytes === undefined ? {} : { "content-type": type, "content-length": String(bytes.length) }),
        ...sending.headers,
      },
    });
    outgoing.end(bytes);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    return response;
  }
}

function encode({ body, type }: Sending): { bytes?: Uint8Array; type: string } {
  if (body === undefined) return { type: "" };
  if (typeof body === "string") return { bytes: Buffer.from(body), type: type ?? "application/json" };
  const { apiVersion = "", kind = "" } = body as Partial<Thing>;
  if (type === undefined && hasProtobufForm(apiVersion, kind))
    return {
      bytes: encodeProtobuf(body as Parameters<typeof encodeProtobuf>[0]),
      type: "application/vnd.kubernetes.protobuf",
    };
  return { bytes: Buffer.from(JSON.stringify(body)), type: type ?? "application/json" };
}

/** A watch's events, in order. */
export class Watching {
  readonly #response: IncomingMessage;
  readonly #lines: AsyncIterator<string>;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.#lines = createInterface({ input: response })[Symbol.asyncIterator]();
  }

  /** @throws Error when there is none within 30 s, or the watch has ended */
  async next(): Promise<Event> {
    const timer = Promise.withResolvers<never>();
    const timeout = setTimeout(() => timer.reject(new Error("no event within 30 s")), 30_000);
    try {
      const line = await Promise.race([this.#lines.next(), timer.promise]);
      if (line.done) throw new Error("the watch has ended");
      return JSON.parse(line.value) as Event;
    } finally {
      clearTimeout(timeout);
    }
  }

  /** The next event of this type; others before it are skipped. */
  async until(type: string, holds: (object: Thing) => boolean = () => true): Promise<Event> {
    for (;;) {
      const event = await this.next();
      assert.notEqual(event.type, "ERROR", JSON.stringify(event.object));
      if (event.type === type && holds(event.object)) return event;
    }
  }

  stop(): void {
    this.#response.destroy();
  }
}

/** What can be done with one kind, in one namespace or over all. */
export class Resource {
  readonly #api: Api;
  readonly #base: string;
  readonly #plural: string;
  readonly #namespace: string | undefined;

  constructor(api: Api, resource: string, namespace?: string) {
    const parts = resource.split("/");
    this.#api = api;
    this.#plural = parts.pop() ?? "";
    this.#base = parts.length === 1 ? `/api/${parts[0]}` : `/apis/${parts.join("/")}`;
    this.#namespace = namespace;
  }

  path(name?: string, sub?: string): string {
    const namespace = this.#namespace === undefined ? "" : `/namespaces/${this.#namespace}`;
    return [`${this.#base}${namespace}/${this.#plural}`, name, sub].filter((part) => part !== undefined).join("/");
  }

  create(body: object, query: Query = {}): Promise<Thing> {
    return this.#api.ask("POST", this.path(), { body, query });
  }

  get(name: string, sub?: string): Promise<Thing> {
    return this.#api.ask("GET", this.path(name, sub));
  }

  async list(query: Query = {}, everywhere = false): Promise<Thing & { items: Thing[] }> {
    const path = everywhere ? `${this.#base}/${this.#plural}` : this.path();
    return (await this.#api.ask("GET", path, { query })) as Thing & { items: Thing[] };
  }

  watch(query: Query = {}): Promise<Watching> {
    return this.#api.watch(this.path(), query);
  }

  patch(name: string, body: unknown, type = mergePatch, sub?: string, query: Query = {}): Promise<Thing> {
    return this.#api.ask("PATCH", this.path(name, sub), { body: JSON.stringify(body), type, query });
  }

  update(body: Thing, sub?: string, query: Query = {}): Promise<Thing> {
    return this.#api.ask("PUT", this.path(body.metadata.name, sub), { body, query });
  }

  /** Reads, changes and writes until no one else has written in between, as client-go's RetryOnConflict does. */
  async change(name: string, change: (object: Thing) => void, sub?: string, readFrom = sub): Promise<Thing> {
    for (let attempt = 1; ; attempt++) {
      const object = await this.get(name, readFrom || undefined);
      change(object);
      try {
        return await this.update(object, sub);
      } catch (error) {
        if (attempt === 5 || !(error instanceof Refused) || error.reply.code !== 409) throw error;
      }
    }
  }

  delete(name: string, options: object = {}, query: Query = {}): Promise<Thing> {
    return this.#api.ask("DELETE", this.path(name), { body: options, query });
  }

  deleteCollection(query: Query = {}, options: object = {}): Promise<Thing> {
    return this.#api.ask("DELETE", this.path(), { body: options, query });
  }
}

/** A namespace of its own, removed with the cluster. */
export async function freshNamespace(api: Api, labels: Record<string, string> = {}): Promise<string> {
  const { metadata } = await api.resource("v1/namespaces").create({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { generateName: "t-", labels },
  });
  return metadata.name ?? "";
}

/** A cluster in this process that listens, and a caller who may do everything. */
export async function startApi(t: TestContext, options: { simulatedNodes?: number } = {}) {
  const { Cluster } = await import("@kubets/cluster");
  const clock = new SkippingClock();
  const cluster = await Cluster.start({ listen: true, clock, ...options });
  const api = new Api(cluster.kubeconfig);
  t.after(async () => {
    api.close();
    await cluster.stop();
  });
  return { cluster, api, clock };
}

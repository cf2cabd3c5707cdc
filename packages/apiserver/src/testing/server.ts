/** A server in memory that lets everyone do everything, and requests to it, for this package's own tests. */

import { parseJson, writeJson } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import type { ServerRequest } from "../request/request.ts";
import type { ApiServerOptions } from "../server/options.ts";
import type { HttpResponse } from "../server/render.ts";
import { ApiServer } from "../server.ts";
import { definitions, schemaSet } from "./definitions.ts";

export const admin = { name: "admin", groups: ["system:masters"] };

export function testServer(options: Partial<ApiServerOptions> = {}): ApiServer {
  return new ApiServer({
    store: memoryStore(),
    definitions,
    schemas: schemaSet,
    authenticator: { authenticate: async () => admin },
    authorizer: { authorize: () => ({ decision: "Allow", reason: "" }) },
    ...options,
  });
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape.
  readonly json: any;
}

export interface SendOptions {
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** One request through the whole chain. A body that is not text is sent as JSON. */
export async function send(
  server: ApiServer,
  method: string,
  url: string,
  body?: unknown,
  options: SendOptions = {},
): Promise<Reply> {
  const response = await server.handle(requestOf(method, url, body, options));
  response.onSent?.();
  const text = await textOf(response);
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined; // Not every answer is JSON.
  }
}

export function requestOf(method: string, url: string, body?: unknown, options: SendOptions = {}): ServerRequest {
  const [path = "", query = ""] = url.split("?");
  const bytes = body === undefined ? undefined : Buffer.from(typeof body === "string" ? body : writeJson(body));
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: { ...(bytes === undefined ? {} : { "content-type": "application/json" }), ...options.headers },
    body: bytes === undefined ? { type: "none" } : { type: "bytes", read: async () => bytes },
    signal: options.signal ?? new AbortController().signal,
  };
}

/** Watches, and gives the events so far and a wait for as many as are wanted. */
export async function watch(server: ApiServer, url: string, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  const response = await server.handle(requestOf("GET", url, undefined, { headers, signal: abort.signal }));
  // biome-ignore lint/suspicious/noExplicitAny: tests read events of every shape.
  const events: any[] = [];
  let wake = () => {};
  let ended = false;
  if (response.body.type === "push") {
    response.body.start(
      {
        write(bytes) {
          for (const line of Buffer.from(bytes).toString().split("\n")) if (line !== "") events.push(parseJson(line));
          wake();
        },
        end() {
          ended = true;
          wake();
        },
      },
      abort.signal,
    );
  }
  const until = async (count: number) => {
    while (events.length < count && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return events;
  };
  return { response, events, until, stop: () => abort.abort(), ended: () => ended };
}

export function configMap(name: string, data: Record<string, string> = {}, extra: object = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...extra }, data };
}

/** As far as the hand-made definitions look: without containers. */
export function pod(name: string, spec: object = {}, metadata: object = {}) {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, ...metadata }, spec };
}

async function textOf({ body }: HttpResponse): Promise<string> {
  if (body.type === "slices") return Buffer.concat(await Array.fromAsync(body.slices)).toString();
  if (body.type === "list") return Buffer.concat(body.list.chunks).toString();
  return body.type === "bytes" ? Buffer.from(body.bytes).toString() : "";
}

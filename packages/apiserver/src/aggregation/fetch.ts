/** The aggregator's own questions to the servers behind APIServices: discovery and OpenAPI documents. */

import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "@kubets/apimachinery";
import { aggregatorUser } from "./availability.ts";
import type { BackendClient } from "./backend-client.ts";
import { identityHeaders } from "./identity-headers.ts";
import type { Backend } from "./registrations.ts";

export interface Fetched {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface FetchOptions {
  readonly client: BackendClient;
  readonly clock: Clock;
}

const timeoutMs = 5000;
const maxBytes = 64 * 1024 * 1024;

/** @throws Error when it does not answer whole within 5 s */
export async function fetchFrom(
  { client, clock }: FetchOptions,
  backend: Backend,
  path: string,
  accept: string,
  signal?: AbortSignal,
): Promise<Fetched> {
  const address = await client.address(backend);
  const stop = new AbortController();
  const timer = clock.setTimeout(() => stop.abort(new Error("request timed out")), timeoutMs);
  const onAbort = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const headers = { accept, ...identityHeaders(aggregatorUser) };
    const response = await client.send(backend, address, { method: "GET", path, headers, signal: stop.signal });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw new Error(`${path} of ${backend.name} is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks, size) };
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Requests for groups that other servers answer, passed on as they came: bodies and watches as streams, upgrades as connections. */

import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type Answer, type ServerRequest, text } from "../request/request.ts";
import type { Call } from "../server/context.ts";
import { type Address, goErrorText } from "../webhook/index.ts";
import type { BackendClient, BackendRequest, UpgradedBackend } from "./backend-client.ts";
import { type Headers, identityHeaders, isIdentityHeader } from "./identity-headers.ts";
import type { Backend, Registrations } from "./registrations.ts";

/** Of one connection only. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
  "http2-settings",
]);

/** Used up here: from here on the user is who the identity headers say. */
const usedUp = new Set(["authorization", "host", "content-length"]);

/** Texts are upstream's, which answers plain text and not a Status here. */
const unavailable = text(503, "service unavailable\n");

export class AggregationProxy {
  readonly #registrations: Registrations;
  readonly #client: BackendClient;
  readonly #rejectRedirects: boolean;

  /** @param rejectRedirects what would lead the client elsewhere is answered with 502 */
  constructor(registrations: Registrations, client: BackendClient, rejectRedirects = false) {
    this.#registrations = registrations;
    this.#client = client;
    this.#rejectRedirects = rejectRedirects;
  }

  /** Undefined for what this server answers itself. */
  handle(call: Call): Promise<Answer> | undefined {
    if (!this.#registrations.hasBackends) return undefined;
    const backend = this.#backendFor(call);
    return backend === undefined ? undefined : this.proxy(call, backend);
  }

  #backendFor({ info }: Call): Backend | undefined {
    if (info.isResourceRequest) return this.#registrations.backend(info.apiGroup, info.apiVersion);
    const [root, group, version] = info.path.split("/").filter((part) => part !== "");
    if (root === "api" && group !== undefined) return this.#registrations.backend("", "v1");
    if (root !== "apis" || group === undefined || version === undefined) return undefined;
    return this.#registrations.backend(group, version);
  }

  /** Whatever the request's path is. */
  async proxy({ request, user, audit }: Call, backend: Backend): Promise<Answer> {
    if (!backend.available) return unavailable;
    let address: Address;
    try {
      address = await this.#client.address(backend);
    } catch {
      // Upstream logs why, and tells the client no more than this.
      return unavailable;
    }
    const upgrade = request.upgrade !== undefined;
    const auditId = audit?.id ?? request.auditId;
    const outgoing: BackendRequest = {
      method: request.method,
      path: pathOf(request),
      headers: {
        ...passedHeaders(request, upgrade),
        ...identityHeaders(user),
        ...(auditId === undefined ? {} : { "audit-id": auditId }),
      },
      body: upgrade ? undefined : await bodyOf(request),
      signal: request.signal,
    };
    try {
      if (!upgrade) return this.#passedBack(await this.#client.send(backend, address, outgoing));
      const upgraded = await this.#client.upgrade(backend, address, outgoing);
      if (!("socket" in upgraded && "head" in upgraded)) return this.#passedBack(upgraded as IncomingMessage);
      await joinConnections(request, upgraded);
      return { status: 101, content: { type: "hijacked" } };
    } catch (error) {
      return text(503, `error trying to reach service: ${goErrorText(error)}`);
    }
  }

  #passedBack(response: IncomingMessage): Answer {
    const { statusCode = 0, headers } = response;
    if (!this.#rejectRedirects || statusCode < 300 || statusCode > 399 || !headers.location)
      return passedBack(response);
    response.destroy();
    return text(502, "the backend attempted to redirect this request, which is not permitted");
  }
}

function pathOf({ path, query }: ServerRequest): string {
  const asked = query.toString();
  return asked === "" ? path : `${path}?${asked}`;
}

function passedHeaders({ headers }: ServerRequest, upgrade: boolean): Headers {
  const passed: Headers = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(":") || usedUp.has(name) || isIdentityHeader(name)) continue;
    if (name.startsWith("impersonate-") || (hopByHop.has(name) && !upgrade)) continue;
    passed[name] = value;
  }
  return passed;
}

async function bodyOf({ body }: ServerRequest): Promise<AsyncIterable<Uint8Array> | Uint8Array | undefined> {
  if (body.type === "none") return undefined;
  if (body.type === "value") return Buffer.from(JSON.stringify(body.value));
  return body.stream ?? (await body.read(Number.POSITIVE_INFINITY));
}

function passedBack(response: IncomingMessage): Answer {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && !hopByHop.has(name)) headers[name] = value;
  }
  const contentType = response.headers["content-type"] ?? "";
  return { status: response.statusCode ?? 502, headers, content: { type: "stream", contentType, stream: response } };
}

/** The backend's own header first, then bytes both ways until either side is done. */
function joinConnections(
  { upgrade }: ServerRequest,
  { response, socket: backend, head }: UpgradedBackend,
): Promise<void> {
  const client = upgrade!.socket;
  client.write(headOf(response));
  if (head.length > 0) client.write(head);
  if (upgrade!.head.length > 0) backend.write(upgrade!.head);
  return new Promise((resolve) => {
    const end = () => {
      client.destroy();
      backend.destroy();
      resolve();
    };
    const pipe = (from: Duplex, to: Duplex) => from.on("error", end).on("close", end).pipe(to);
    pipe(client, backend);
    pipe(backend, client);
  });
}

function headOf({ statusCode = 101, statusMessage, rawHeaders }: IncomingMessage): string {
  let head = `HTTP/1.1 ${statusCode} ${statusMessage || (STATUS_CODES[statusCode] ?? "")}\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return `${head}\r\n`;
}

/** Requests for groups that other servers answer, passed on as they came: bodies and watches as streams, upgrades as connections. */

import type { IncomingMessage } from "node:http";
import { writeJson } from "@kubets/apimachinery";
import { type Answer, httpError, type ServerRequest, text } from "../request/request.ts";
import type { Call } from "../server/context.ts";
import { endToEnd, isUpgraded, type Upgraded } from "../streaming/forward.ts";
import { headOf, hideBearerProtocol, joined } from "../subresource/pass-through.ts";
import { type Address, goErrorText } from "../webhook/index.ts";
import type { BackendClient, BackendRequest } from "./backend-client.ts";
import { type Headers, type IdentityHeaderNames, identityHeaders, identityHeaderTest } from "./identity-headers.ts";
import type { Backend, Registrations } from "./registrations.ts";

/** Used up here: from here on the user is who the identity headers say. */
const usedUp = new Set(["authorization", "host", "content-length"]);

/** Texts are upstream's, which answers plain text and not a Status here. */
const unavailable = httpError(503, "service unavailable");

export interface AggregationProxyOptions {
  /** What would lead the client elsewhere is answered with 502. */
  readonly rejectRedirects: boolean;
  /** What aggregated servers are told to know users by: not to be said by anyone but this server. */
  readonly identityHeaders: IdentityHeaderNames;
}

export class AggregationProxy {
  readonly #registrations: Registrations;
  readonly #client: BackendClient;
  readonly #rejectRedirects: boolean;
  readonly #isIdentityHeader: (name: string) => boolean;

  constructor(registrations: Registrations, client: BackendClient, options: AggregationProxyOptions) {
    this.#registrations = registrations;
    this.#client = client;
    this.#rejectRedirects = options.rejectRedirects;
    this.#isIdentityHeader = identityHeaderTest(options.identityHeaders);
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
        ...this.#passedHeaders(request, upgrade),
        ...identityHeaders(user),
        ...(auditId === undefined ? {} : { "audit-id": auditId }),
      },
      body: upgrade ? undefined : await bodyOf(request),
      signal: request.signal,
    };
    try {
      if (!upgrade) return this.#passedBack(await this.#client.send(backend, address, outgoing));
      const upgraded = await this.#client.upgrade(backend, address, outgoing);
      if (!isUpgraded(upgraded)) return this.#passedBack(upgraded);
      await joinConnections(request, upgraded);
      return { status: 101, content: { type: "hijacked" } };
    } catch (error) {
      return httpError(503, `error trying to reach service: ${goErrorText(error)}`);
    }
  }

  #passedHeaders({ headers }: ServerRequest, upgrade: boolean): Headers {
    const passed: Headers = {};
    for (const [name, value] of Object.entries(upgrade ? headers : endToEnd(headers))) {
      if (value === undefined || name.startsWith(":") || usedUp.has(name) || this.#isIdentityHeader(name)) continue;
      if (name.startsWith("impersonate-")) continue;
      passed[name] = value;
    }
    hideBearerProtocol(passed);
    return passed;
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

async function bodyOf({ body }: ServerRequest): Promise<AsyncIterable<Uint8Array> | Uint8Array | undefined> {
  if (body.type === "none") return undefined;
  if (body.type === "value") return Buffer.from(writeJson(body.value));
  return body.stream ?? (await body.read(Number.POSITIVE_INFINITY));
}

function passedBack(response: IncomingMessage): Answer {
  const headers = endToEnd<string | readonly string[]>(response.headers);
  const contentType = response.headers["content-type"] ?? "";
  return { status: response.statusCode ?? 502, headers, content: { type: "stream", contentType, stream: response } };
}

/** The backend's own header first, then bytes both ways until either side is done. */
async function joinConnections(
  { upgrade }: ServerRequest,
  { response, socket: backend, head }: Upgraded,
): Promise<void> {
  const client = upgrade!.socket;
  client.write(headOf(response));
  if (head.length > 0) client.write(head);
  if (upgrade!.head.length > 0) backend.write(upgrade!.head);
  await joined(client, backend);
}

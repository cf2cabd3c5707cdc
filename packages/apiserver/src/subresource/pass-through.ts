/** An upgraded connection between the client and whoever serves it: after the header, bytes both ways. */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { isIdentityHeader } from "../aggregation/identity-headers.ts";
import { withoutBearerProtocol } from "../authentication/token.ts";
import { STATUS_CODES } from "../node-http.ts";
import type { ServerRequest } from "../request/request.ts";
import { dial, isUpgraded, type Upgraded } from "../streaming/forward.ts";
import { type ByteRate, slowedOutput } from "../streaming/throttle.ts";
import { type Location, refusalOf, unreachable } from "./kubelet-client.ts";

const webSocketProtocols = "sec-websocket-protocol";

/** Never sent on: the identity is the API server's own from here. */
const withheld = new Set(["authorization", "host", "impersonate-user", "impersonate-group", "impersonate-uid"]);

/**
 * Upgrades towards `location` with the client's own headers and joins the two. Resolves when either side has closed.
 * @throws StatusError when the other side does not upgrade; the client has been sent nothing then
 */
export async function passThrough(
  request: ServerRequest,
  location: Location,
  { headers = passedHeaders(request), rate }: Passing,
): Promise<void> {
  const { socket: client, head } = request.upgrade!;
  const { response, socket: backend, head: backendHead } = await upgrade(request, location, headers);
  client.write(headOf(response));
  if (backendHead.length > 0) client.write(backendHead);
  if (head.length > 0) backend.write(head);
  await joined(client, backend, rate);
}

interface Passing {
  /** What is sent on; what the client said when undefined. */
  readonly headers?: Record<string, string | string[]>;
  /** What each direction is held to. */
  readonly rate: ByteRate | undefined;
}

/** @throws StatusError */
async function upgrade(
  { method, signal }: ServerRequest,
  { scheme, options }: Location,
  headers: Record<string, string | string[]>,
): Promise<Upgraded> {
  const answer = await dial(scheme, { ...options, method, headers, signal }).catch((cause: Error) => {
    throw unreachable(cause);
  });
  if (isUpgraded(answer)) return answer;
  throw await refusalOf(answer);
}

/** What the client said, or of that what is in `headers`, and where it is. */
export function passedHeaders(
  { remoteAddress, headers: said }: ServerRequest,
  headers: ServerRequest["headers"] = said,
): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(":") || withheld.has(name) || isIdentityHeader(name)) continue;
    if (name.startsWith("impersonate-extra-")) continue;
    passed[name] = typeof value === "string" ? value : [...value];
  }
  hideBearerProtocol(passed);
  if (remoteAddress !== undefined)
    passed["x-forwarded-for"] = [passed["x-forwarded-for"] ?? [], remoteAddress].flat().join(", ");
  return passed;
}

/** Takes the client's token from among the WebSocket protocols it offers, where browsers have to put it. */
export function hideBearerProtocol(headers: Record<string, string | readonly string[]>): void {
  const offered = headers[webSocketProtocols];
  if (offered === undefined) return;
  const others = withoutBearerProtocol(offered);
  if (others === undefined) delete headers[webSocketProtocols];
  else headers[webSocketProtocols] = others;
}

/** The header of an answer, as it came. */
export function headOf(response: IncomingMessage): string {
  const { statusCode = 101, rawHeaders } = response;
  let head = `HTTP/1.1 ${statusCode} ${response.statusMessage || (STATUS_CODES[statusCode] ?? "")}\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return `${head}\r\n`;
}

/** Bytes both ways. Resolves when either side is done, and what it had sent has been sent on. */
export function joined(client: Duplex, backend: Duplex, rate?: ByteRate): Promise<void> {
  return new Promise((resolve) => {
    const close = () => {
      client.destroy();
      backend.destroy();
      resolve();
    };
    for (const [from, to] of [
      [client, backend],
      [backend, client],
    ] as const) {
      from.on("error", close);
      from.on("close", () => {
        if (!from.readableEnded || to.writableFinished || to.destroyed) close();
        else to.once("finish", close);
      });
      slowedOutput(from, rate).pipe(to);
    }
  });
}

/** What every answer on the wire says to browsers. Source: apiserver's server/filters (cors.go, hsts.go). */

import { header, type ServerRequest } from "../request/request.ts";
import type { HttpResponse } from "./render.ts";

export interface HttpPolicy {
  /** `--cors-allowed-origins`: regular expressions in RE2's syntax, found anywhere in the Origin header. */
  readonly corsAllowedOrigins?: readonly string[];
  /** `--strict-transport-security-directives` */
  readonly strictTransportSecurity?: readonly string[];
}

type Handle = (request: ServerRequest) => Promise<HttpResponse>;

/** The handler itself when the policy is empty. @throws RE2JSSyntaxException for an expression that is none */
export async function withHttpPolicy(handle: Handle, policy: HttpPolicy): Promise<Handle> {
  const { corsAllowedOrigins = [], strictTransportSecurity = [] } = policy;
  let result = handle;
  if (corsAllowedOrigins.length > 0) result = await withCors(result, corsAllowedOrigins);
  if (strictTransportSecurity.length > 0) {
    const always = { "strict-transport-security": strictTransportSecurity.join("; ") };
    const inner = result;
    result = async (request) => withHeaders(await inner(request), always);
  }
  return result;
}

const corsHeaders = {
  "access-control-allow-methods": "POST, GET, OPTIONS, PUT, DELETE, PATCH",
  "access-control-allow-headers":
    "Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since",
  "access-control-expose-headers": "Date",
  "access-control-allow-credentials": "true",
};

async function withCors(handle: Handle, origins: readonly string[]): Promise<Handle> {
  // Few servers need it: four megabytes.
  const { RE2JS } = await import("re2js");
  const patterns = origins.map((pattern) => RE2JS.compile(pattern));
  return async (request) => {
    const origin = header(request, "origin");
    if (!origin || !patterns.some((pattern) => pattern.matcher(origin).find())) return await handle(request);
    const headers = { "access-control-allow-origin": origin, ...corsHeaders };
    // A preflight asks for nothing but these.
    if (request.method === "OPTIONS") return { status: 204, headers, body: { type: "bytes", bytes: new Uint8Array() } };
    return withHeaders(await handle(request), headers);
  };
}

function withHeaders(response: HttpResponse, headers: HttpResponse["headers"]): HttpResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}

/** `nodes/NAME/proxy`, `pods/NAME/proxy` and `services/NAME/proxy`: requests passed on, connections too. NAME is `[scheme:]name[:port]`. */

import { isIP } from "node:net";
import { type EndpointSlice, type Pod, type Service, serviceNameLabel } from "@kubets/api";
import { badRequest, StatusError } from "@kubets/apimachinery";
import { throughAgent } from "../egress/agents.ts";
import { readList } from "../registry/list.ts";
import { parseSelection } from "../registry/selection.ts";
import { parseListOptions } from "../request/list-options.ts";
import { type Answer, header, type ServerRequest } from "../request/request.ts";
import type { ResourceCall, ServerContext, SubresourceHandler } from "../server/context.ts";
import { type Address, anyBackend } from "../services/backends.ts";
import { endToEnd } from "../streaming/forward.ts";
import { admitConnect } from "./connect.ts";
import { type KubeletClient, type Location, send } from "./kubelet-client.ts";
import { passedHeaders, passThrough } from "./pass-through.ts";
import { linkThrough, type ProxiedPage, rewritePage } from "./proxy-links.ts";
import { confirmProxyable, portOf } from "./proxyable.ts";

type Locate = (call: ResourceCall, target: Target, path: string) => Promise<Location>;

interface Target {
  readonly scheme: "" | "http" | "https";
  readonly name: string;
  readonly port: string;
}

/** Answers about who may read them are the API server's. */
const corsHeaders = ["credentials", "headers", "methods", "origin"].map((each) => `access-control-allow-${each}`);

export function nodeProxy(kubelet: KubeletClient): SubresourceHandler {
  return proxy(({ server }, { scheme, name, port }, path) =>
    kubelet.location(server, name, path, port === "" ? undefined : { scheme: scheme || "http", port: portOf(port) }),
  );
}

export const podProxy = proxy(async ({ resource, info, server }, { scheme, name, port }, path) => {
  const pod = (await resource.registry.get(info.namespace, name)).object as Pod;
  const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "";
  if (host === "") throw badRequest("address not allowed");
  const declared = pod.spec?.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort;
  return locationOf(server, scheme, { host, port: port === "" ? (declared ?? 80) : portOf(port) }, path);
});

export const serviceProxy = proxy(async (call, { scheme, name, port }, path) => {
  const { namespace } = call.info;
  const service = (await call.resource.registry.get(namespace, name)).object as Service;
  const ports = service.spec?.ports ?? [];
  const wanted =
    port === "" && ports.length === 1
      ? ports[0]
      : ports.find((each) => each.name === port || String(each.port) === port);
  if (wanted === undefined) throw noEndpoints(name);
  const backend = await backendOf(call, namespace, name, wanted.name ?? "");
  return locationOf(call.server, scheme, backend, path);
});

function noEndpoints(name: string): StatusError {
  return new StatusError(503, "ServiceUnavailable", `no endpoints available for service ${JSON.stringify(name)}`);
}

/** Any ready endpoint of the Service's port. */
async function backendOf(
  { server }: ResourceCall,
  namespace: string,
  service: string,
  portName: string,
): Promise<Address> {
  const slices = server.resources.find("discovery.k8s.io", "endpointslices");
  if (slices === undefined) throw noEndpoints(service);
  const options = parseListOptions(new URLSearchParams({ labelSelector: `${serviceNameLabel}=${service}` }));
  const { items } = await readList(slices.registry, namespace, parseSelection(slices.definition, options), options);
  const ofService = items.map(({ object }) => object as EndpointSlice);
  const chosen = anyBackend(ofService, portName, server.random);
  if (chosen === undefined) throw noEndpoints(service);
  return chosen;
}

/** @throws StatusError 400 for an address of this machine's */
async function locationOf(
  server: ServerContext,
  given: Target["scheme"],
  { host, port }: Address,
  path: string,
): Promise<Location> {
  await confirmProxyable(host);
  // As upstream: what serves inside the cluster is not verified by name.
  const scheme = given === "https" ? "https" : "http";
  const tls = scheme === "https" ? { rejectUnauthorized: false } : {};
  return { scheme, options: { host, port, path, ...tls, ...throughAgent(scheme, server.egress?.cluster) } };
}

/** @throws StatusError 400 */
function targetOf(name: string, kind: string): Target {
  const parts = name.split(":");
  if (parts.length === 1) return { scheme: "", name, port: "" };
  if (parts.length === 2) return { scheme: "", name: parts[0]!, port: parts[1]! };
  const [scheme, inner, port] = parts;
  if (parts.length === 3 && (scheme === "" || scheme === "http" || scheme === "https")) {
    return { scheme, name: inner!, port: port! };
  }
  throw badRequest(`invalid ${kind} request ${JSON.stringify(name)}`);
}

function proxy(locate: Locate): SubresourceHandler {
  return async (call): Promise<Answer> => {
    const { info, request } = call;
    await admitConnect(call);
    const path = pathBelow(request, info.parts.length - 3);
    // A relative link on a page at `.../proxy` would miss its last segment.
    const query = request.query.toString();
    if (path === "" && request.upgrade === undefined && (request.method === "GET" || request.method === "HEAD")) {
      const location = `${request.path}/${query === "" ? "" : `?${query}`}`;
      return { status: 301, headers: { location }, content: empty };
    }
    const location = await locate(
      call,
      targetOf(info.name, info.resource),
      `${path || "/"}${query === "" ? "" : `?${query}`}`,
    );
    const host = header(request, ":authority") ?? header(request, "host") ?? "";
    const { host: name = "", port } = location.options;
    // The other side is told the host it was asked for, and by TLS its own.
    const tls = location.scheme === "https" ? { servername: isIP(name ?? "") === 0 ? (name ?? "") : "" } : {};
    const there: Location = { ...location, options: { ...location.options, ...tls } };
    const sent = request.upgrade === undefined ? endToEnd(request.headers) : request.headers;
    const headers = { ...passedHeaders(request, sent), ...(host === "" ? {} : { host }) };
    if (request.upgrade !== undefined) {
      await passThrough(request, there, { headers, rate: call.server.streamRate });
      return { status: 101, content: { type: "hijacked" } };
    }
    const prefix = request.path.slice(0, request.path.length - path.length);
    return await passOn(request, there, headers, { prefix, backend: `${name}:${port}`, host });
  };
}

const empty = { type: "bytes", contentType: "text/plain", bytes: new Uint8Array() } as const;

async function passOn(
  request: ServerRequest,
  location: Location,
  headers: Record<string, string | string[]>,
  page: ProxiedPage,
): Promise<Answer> {
  const { body } = request;
  const content = body.type === "bytes" ? (body.stream ?? (await body.read(Number.POSITIVE_INFINITY))) : undefined;
  const passed = { ...headers, "x-forwarded-uri": request.path };
  const response = await send(location, request.method, passed, content, request.signal);
  const answered = endToEnd<string | readonly string[]>(response.headers);
  for (const name of corsHeaders) delete answered[name];
  const contentType = header({ headers: answered }, "content-type") ?? "";
  const { location: redirect } = response.headers;
  if (redirect) answered["location"] = linkThrough(redirect, page);
  const isPage = !redirect && contentType.split(";")[0]?.trim() === "text/html";
  const stream = isPage ? rewritePage(response, response.headers["content-encoding"] ?? "", page) : undefined;
  if (stream !== undefined) delete answered["content-length"];
  return {
    status: response.statusCode ?? 502,
    headers: answered,
    content: { type: "stream", contentType, stream: stream ?? response },
  };
}

/** What follows `/proxy` in the URL, as it was sent; "" when nothing does. `count` is the number of decoded segments there. */
function pathBelow({ path }: ServerRequest, count: number): string {
  const segments = path.split("/").filter((segment) => segment !== "");
  const below: string[] = [];
  // An encoded slash parts segments too, and stays encoded.
  for (let left = count; left > 0 && segments.length > 0; ) {
    below.unshift(segments.pop()!);
    left -= decodeURIComponent(below[0]!)
      .split("/")
      .filter((segment) => segment !== "").length;
  }
  if (below.length === 0) return path.endsWith("/") ? "/" : "";
  return `/${below.join("/")}${path.endsWith("/") ? "/" : ""}`;
}

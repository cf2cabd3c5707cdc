/**
 * exec, attach and port-forward. SPDY/3.1 is passed through to the node byte for byte; WebSocket is translated to it in `streaming/`,
 * because kubelets and runtimes speak SPDY.
 */

import type { RequestOptions } from "node:https";
import type { Pod } from "@kubets/api";
import { badRequest } from "@kubets/apimachinery";
import { type Answer, header } from "../request/request.ts";
import { attributesOf, authorize } from "../server/authorize.ts";
import type { ResourceCall, SubresourceHandler } from "../server/context.ts";
import { acceptWebSocket, isWebSocket } from "../server/web-socket.ts";
import { type ExecProtocol, execProtocols } from "../streaming/channels.ts";
import { admitConnect } from "./connect.ts";
import type { KubeletClient } from "./kubelet-client.ts";
import { passThrough } from "./pass-through.ts";
import { containerOf } from "./pod-container.ts";

const hijacked: Answer = { status: 101, content: { type: "hijacked" } };

export type StreamKind = "exec" | "attach" | "portforward";

/** Runs until both sides are done: the answer is the connection itself. */
export function podStream(kubelet: KubeletClient, kind: StreamKind): SubresourceHandler {
  return async (call): Promise<Answer> => {
    const { resource, info, request, server } = call;
    // A WebSocket comes by GET, and reading must not be enough. Source: AuthorizePodWebsocketUpgradeCreatePermission.
    if (info.verb !== "create")
      await authorize(server.authorizer, { ...attributesOf(call.user, info, request.query), verb: "create" });
    await admitConnect(call);
    const pod = (await resource.registry.get(info.namespace, info.name)).object as Pod;
    const path = pathOf(kind, pod, request.query);
    const { nodeName } = pod.spec ?? {};
    if (!nodeName) throw badRequest(`pod ${info.name} does not have a host assigned`);
    if (request.upgrade === undefined) throw badRequest("Upgrade request required");
    const location = await kubelet.location(server, nodeName, path);
    if (isWebSocket(request) && (await translated(call, kind, location.options))) return hijacked;
    await passThrough(request, location, { rate: server.streamRate });
    return hijacked;
  };
}

/** The kubelet's URL. Source: streamLocation in pkg/registry/core/pod/strategy.go. */
function pathOf(kind: StreamKind, pod: Pod, query: URLSearchParams): string {
  const { namespace, name } = pod.metadata ?? {};
  const wanted = new URLSearchParams();
  if (kind === "portforward") {
    const ports = query.getAll("ports").flatMap((each) => each.split(","));
    if (ports.length > 0) wanted.set("port", ports.join(","));
    return `/portForward/${namespace}/${name}?${wanted}`;
  }
  const container = containerOf(pod, query.get("container") ?? "");
  for (const [from, to] of [
    ["stdin", "input"],
    ["stdout", "output"],
    ["stderr", "error"],
    ["tty", "tty"],
  ] as const) {
    if (asked(query, from)) wanted.set(to, "1");
  }
  if (kind === "exec") {
    const command = query.getAll("command");
    if (command.length === 0) throw badRequest("you must specify at least 1 command for the container");
    for (const word of command) wanted.append("command", word);
  }
  return `/${kind}/${namespace}/${name}/${container}?${wanted}`;
}

function asked(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value === "1" || value?.toLowerCase() === "true";
}

/** Takes the WebSocket and serves it; false when its protocol is one the node must understand itself. */
async function translated(call: ResourceCall, kind: StreamKind, node: RequestOptions): Promise<boolean> {
  const { request, server } = call;
  const offered = (header(request, "sec-websocket-protocol") ?? "").split(",").map((each) => each.trim());
  const { signal } = request;
  const { logger, streamRate: rate } = server;
  if (kind === "portforward") {
    const { dialPortForward, portForwardTunnelProtocol, tunnelPortForward } = await import("../streaming/tunnel.ts");
    if (!offered.includes(portForwardTunnelProtocol)) return false;
    const upgraded = await dialPortForward(node, signal);
    try {
      const client = await acceptWebSocket(request, portForwardTunnelProtocol);
      await tunnelPortForward({ client, upgraded, rate, logger });
    } finally {
      upgraded.socket.destroy();
    }
    return true;
  }
  const protocol = execProtocols.find((known) => offered.includes(known));
  if (protocol === undefined) return false;
  const { translateExec } = await import("../streaming/exec-translator.ts");
  const client = await acceptWebSocket(request, protocol);
  const { query } = request;
  const tty = asked(query, "tty");
  const streams = {
    stdin: asked(query, "stdin"),
    stdout: asked(query, "stdout"),
    stderr: asked(query, "stderr") && !tty,
    tty,
  };
  await translateExec({ client, protocol: protocol as ExecProtocol, streams, node, rate, signal, logger });
  return true;
}

/** CONNECT admission: exec, attach, port-forward and proxy. */

import type { KubeObject } from "@kubets/apimachinery";
import { isTrue } from "../request/parse-request-info.ts";
import type { ResourceCall } from "../server/context.ts";

const kinds: Readonly<Record<string, string>> = {
  exec: "ExecOptions",
  attach: "AttachOptions",
  portforward: "PortForwardOptions",
  proxy: "ProxyOptions",
};

/** `PodExecOptions`, `ServiceProxyOptions` and the like. */
function kindOf(owner: string, subresource: string): string {
  return `${owner}${kinds[subresource] ?? "Options"}`;
}

/** What was asked for in the query, as admission is shown it. */
function optionsObject(owner: string, subresource: string, query: URLSearchParams): KubeObject {
  const options: Record<string, unknown> = { kind: kindOf(owner, subresource), apiVersion: "v1" };
  if (subresource === "proxy") {
    const path = query.get("path");
    if (path !== null) options["path"] = path;
    return options;
  }
  if (subresource === "portforward") {
    const ports = query.getAll("ports").flatMap((each) => each.split(",").map(Number));
    if (ports.length > 0) options["ports"] = ports;
    return options;
  }
  for (const name of ["stdin", "stdout", "stderr", "tty"]) if (isTrue(query.get(name))) options[name] = true;
  const container = query.get("container");
  if (container) options["container"] = container;
  const command = query.getAll("command");
  if (subresource === "exec" && command.length > 0) options["command"] = command;
  return options;
}

/** @throws StatusError of the plugin that refuses */
export async function admitConnect({
  resource,
  info,
  request,
  user,
  server,
  warn,
  annotate,
}: ResourceCall): Promise<void> {
  const attributes = {
    operation: "CONNECT" as const,
    definition: resource.definition,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    kind: { group: "", version: "v1", kind: kindOf(resource.definition.kind, info.subresource) },
    object: optionsObject(resource.definition.kind, info.subresource, request.query),
    oldObject: undefined,
    options: undefined,
    user,
    dryRun: false,
    client: request,
    warn,
    annotate,
  };
  await server.admission.mutate(attributes);
  await server.admission.validate(attributes);
}

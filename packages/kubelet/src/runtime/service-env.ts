/** `WEB_SERVICE_HOST` and its kin: the environment by which containers find services. Source: pkg/kubelet/envvars. */

import type { Service } from "@kubets/api";

function envName(text: string): string {
  return text.toUpperCase().replaceAll("-", "_");
}

function hostInUrl(ip: string): string {
  return ip.includes(":") ? `[${ip}]` : ip;
}

/** The services a pod of `namespace` sees: its own namespace's when links are on, and the API server's always. */
export function serviceEnvironment(
  services: readonly Service[],
  namespace: string,
  enableServiceLinks: boolean,
): Map<string, string> {
  const env = new Map<string, string>();
  const seen = new Map<string, Service>();
  for (const service of services) {
    const { name = "", namespace: home } = service.metadata ?? {};
    const ip = service.spec?.clusterIP ?? "";
    if (ip === "" || ip === "None") continue;
    if (home === "default" && name === "kubernetes") {
      if (!seen.has(name)) seen.set(name, service);
    } else if (home === namespace && enableServiceLinks) seen.set(name, service);
  }
  for (const service of seen.values()) addService(env, service);
  return env;
}

function addService(env: Map<string, string>, service: Service): void {
  const prefix = envName(service.metadata?.name ?? "");
  const ip = service.spec?.clusterIP ?? "";
  const ports = service.spec?.ports ?? [];
  const [first] = ports;
  if (first === undefined) return;
  env.set(`${prefix}_SERVICE_HOST`, ip);
  env.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const port of ports) {
    if (port.name) env.set(`${prefix}_SERVICE_PORT_${envName(port.name)}`, String(port.port));
  }
  for (const [index, port] of ports.entries()) {
    const protocol = port.protocol ?? "TCP";
    const url = `${protocol.toLowerCase()}://${hostInUrl(ip)}:${port.port}`;
    if (index === 0) env.set(`${prefix}_PORT`, url);
    const portPrefix = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
    env.set(portPrefix, url);
    env.set(`${portPrefix}_PROTO`, protocol.toLowerCase());
    env.set(`${portPrefix}_PORT`, String(port.port));
    env.set(`${portPrefix}_ADDR`, ip);
  }
}

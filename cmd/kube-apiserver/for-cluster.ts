/**
 * The API server of a whole cluster takes upstream's flags as well: `kubets up --kube-apiserver-arg FLAG=VALUE`. What the cluster makes itself (its
 * certificates, addresses and store) comes first, as kubeadm would write it down; what the user says is added, or takes its place.
 */

import { isAbsolute, resolve } from "node:path";
import type { ClusterApiServer } from "@kubets/cluster/control-plane";
import { type FlagSpec, parseFlags, UsageError } from "../lib/flags.ts";
import { type ConfigMeans, configOf, type KubeApiServerConfig } from "./config.ts";
import { type KubeApiServerFlags, specs } from "./flags/index.ts";
import { problemsOf } from "./validate.ts";
import { warningsOf } from "./warnings.ts";

const sayItThere = (flag: string) => `kubets up has a flag of its own for that, --${flag}`;
const clustersOwn = "the cluster has its own, and its kubeconfigs and nodes would not work with another";

/** Flags that are not for the user to say, and why. */
const decided: Readonly<Partial<Record<keyof KubeApiServerFlags, string>>> = {
  "bind-address": sayItThere("bind-address"),
  "secure-port": sayItThere("secure-port"),
  "service-cluster-ip-range": sayItThere("service-cidr"),
  "token-auth-file": sayItThere("token-auth-file"),
  "data-dir": sayItThere("data-dir"),
  "etcd-servers": sayItThere("etcd-servers"),
  "etcd-cafile": sayItThere("etcd-cafile"),
  "etcd-certfile": sayItThere("etcd-certfile"),
  "etcd-keyfile": sayItThere("etcd-keyfile"),
  "etcd-prefix": sayItThere("etcd-prefix"),
  "etcd-servers-overrides": "a cluster keeps everything in one store",
  "encryption-provider-config": sayItThere("encryption-provider-config"),
  "encryption-provider-config-automatic-reload": "changes of --encryption-provider-config are always followed",
  "tls-cert-file": `${clustersOwn}; a certificate for other names goes with tls-sni-cert-key`,
  "tls-private-key-file": `${clustersOwn}; a certificate for other names goes with tls-sni-cert-key`,
  "cert-dir": clustersOwn,
  "client-ca-file": clustersOwn,
  "service-account-key-file": clustersOwn,
  "service-account-signing-key-file": clustersOwn,
  "kubelet-client-certificate": clustersOwn,
  "kubelet-client-key": clustersOwn,
  "kubelet-certificate-authority": clustersOwn,
  help: "see bin/kube-apiserver --help",
  version: "see kubets --version",
  v: "the control plane logs what KUBETS_LOG_LEVEL says",
  "logging-format": "the control plane's log is JSON",
  "log-json-split-stream": "the control plane's log is one file",
  "log-text-split-stream": "the control plane's log is one file",
};

/** These are added to what the cluster says; any other takes its place. */
const additive = new Set<string>(["enable-admission-plugins"]);

export interface ClusterArguments {
  /** As they were given, with files by absolute paths. */
  readonly args: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Checks what a user says to a cluster's API server.
 * @param given `FLAG=VALUE` each, with or without dashes; an empty one is left out
 * @throws UsageError in one sentence
 */
export function clusterArguments(given: readonly string[]): ClusterArguments {
  const args = given.filter((each) => each !== "").map(checked);
  const anywhere = {
    certificate: (file: string) => `/${file}`,
    advertiseAddress: "10.0.0.1",
    bindAddress: "127.0.0.1",
  };
  const { flags, given: names, warnings } = parsed(args, { ...anywhere, port: 0, ...anyRange });
  const problems = [...new Set(problemsOf(flags))];
  if (problems.length > 0) throw new UsageError(`--kube-apiserver-arg: ${problems.join(", ")}`);
  return { args, warnings: [...warnings, ...warningsOf(flags, names)] };
}

const anyRange = { serviceCIDR: "10.96.0.0/16", clusterDomain: "cluster.local" };

/** @returns what the server takes beyond what the cluster gives it. @throws Error for a file that cannot be read or used */
export async function clusterApiServer(
  args: readonly string[],
  cluster: ClusterApiServer,
  means: ConfigMeans,
): Promise<KubeApiServerConfig> {
  const { flags, given } = parsed(args, cluster);
  const { listen, ...config } = await configOf(flags, means);
  if (config.egress?.etcd !== undefined)
    means.logger.warn("The egress selection etcd has no effect: a cluster reaches its store directly");
  if (listen === undefined) return config;
  const { drainMs, ...rest } = listen;
  const waits = given.has("request-timeout") && drainMs !== undefined ? { drainMs } : {};
  return { ...config, listen: { ...rest, ...waits, port: cluster.port } };
}

function parsed(args: readonly string[], cluster: ClusterApiServer) {
  const own = parseFlags(
    specs,
    args.map((arg) => `--${arg}`),
  );
  const replaced = new Set<string>([...own.given].filter((name) => !additive.has(name)));
  // Modes and a file of modes are one or the other.
  if (own.given.has("authorization-config")) replaced.add("authorization-mode");
  const base = baseArguments(cluster).filter(([name]) => !replaced.has(name));
  const all = [...base.map(([name, value]) => `--${name}=${value}`), ...args.map((arg) => `--${arg}`)];
  return { ...parseFlags(specs, all), given: own.given, warnings: own.warnings };
}

/** What kubeadm would write into the API server's manifest. */
function baseArguments(cluster: ClusterApiServer): [keyof KubeApiServerFlags, string][] {
  const { certificate: file, clusterDomain } = cluster;
  return [
    ["advertise-address", cluster.advertiseAddress],
    ["bind-address", cluster.bindAddress],
    ["secure-port", String(cluster.port || 6443)],
    ["service-cluster-ip-range", cluster.serviceCIDR],
    // Only for the flags to be complete: the store is open already.
    ["data-dir", "/"],
    ["allow-privileged", "true"],
    ["authorization-mode", "Node,RBAC"],
    ["enable-admission-plugins", "NodeRestriction"],
    ["enable-bootstrap-token-auth", "true"],
    ["client-ca-file", file("ca.crt")],
    ["tls-cert-file", file("apiserver.crt")],
    ["tls-private-key-file", file("apiserver.key")],
    ["kubelet-client-certificate", file("apiserver-kubelet-client.crt")],
    ["kubelet-client-key", file("apiserver-kubelet-client.key")],
    ["kubelet-certificate-authority", file("ca.crt")],
    ["kubelet-preferred-address-types", "InternalIP,ExternalIP,InternalDNS,ExternalDNS,Hostname"],
    ["proxy-client-cert-file", file("front-proxy-client.crt")],
    ["proxy-client-key-file", file("front-proxy-client.key")],
    ["requestheader-client-ca-file", file("front-proxy-ca.crt")],
    ["requestheader-allowed-names", "front-proxy-client"],
    ["requestheader-username-headers", "X-Remote-User"],
    ["requestheader-uid-headers", "X-Remote-Uid"],
    ["requestheader-group-headers", "X-Remote-Group"],
    ["requestheader-extra-headers-prefix", "X-Remote-Extra-"],
    ["service-account-issuer", `https://kubernetes.default.svc.${clusterDomain}`],
    ["service-account-key-file", file("sa.pub")],
    ["service-account-signing-key-file", file("sa.key")],
  ];
}

const namesFiles = new Set(["FILE", "DIR", "SOCKET"]);

/** The control plane runs elsewhere: files are to mean the same from there. */
function checked(arg: string): string {
  const bare = arg.replace(/^--?/, "");
  const mark = bare.indexOf("=");
  let name: keyof KubeApiServerFlags | undefined;
  try {
    [name] = parseFlags(specs, [`--${bare}`]).given;
  } catch (error) {
    throw new UsageError(`--kube-apiserver-arg ${arg}: ${(error as Error).message}`, { cause: error });
  }
  if (name === undefined) throw new UsageError(`--kube-apiserver-arg ${JSON.stringify(arg)}: want FLAG=VALUE`);
  const why = decided[name];
  if (why !== undefined) throw new UsageError(`--kube-apiserver-arg ${name}: ${why}`);
  if (mark < 0) return bare;
  const value = bare.slice(mark + 1);
  const spec: FlagSpec = specs[name];
  if (name === "tls-sni-cert-key") return `${name}=${absoluteNamed(value)}`;
  if (!namesFiles.has(spec.value ?? "") || value === "" || value === "-" || isAbsolute(value)) return bare;
  return `${name}=${resolve(value)}`;
}

/** `CERT,KEY[:NAMES]` */
function absoluteNamed(value: string): string {
  const [files = "", ...names] = value.split(":");
  const absolute = files.split(",").map((file) => resolve(file.trim()));
  return [absolute.join(","), ...names].join(":");
}

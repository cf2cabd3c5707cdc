/** Identities of the cluster's people and programs, as kubeconfig files made from the cluster's CA. Everything that is good already is left alone. */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Clock, realClock } from "@kubets/apimachinery";
import {
  type ClusterCertificates,
  componentCertificate,
  ensureClusterCertificates,
  nodeClientCertificate,
  nodeServingCertificate,
  type Pki,
  superAdminCertificate,
} from "@kubets/apiserver/certificates";
import { formatKubeconfig, type KubeconfigEntry } from "@kubets/client";
import { type ClusterConfig, writeWhole } from "./config.ts";
import { type LocalNode, localNodes, serverUrl, serviceAddress } from "./local-nodes.ts";
import { clusterPaths } from "./paths.ts";

export const clusterDomain = "cluster.local";

/** What kube-proxy and the DNS server of a node go by. */
export const proxyUser = "system:kube-proxy";

/** The certificates that the API server itself needs. */
export function clusterCertificates(config: ClusterConfig, clock: Clock = realClock): Promise<ClusterCertificates> {
  const addresses = ["127.0.0.1", "::1", serviceAddress(config.serviceCIDR, 1)];
  if (!["0.0.0.0", "::"].includes(config.bindAddress)) addresses.push(config.bindAddress);
  const machine = localNodes(config)[0]?.machineAddress;
  if (machine !== undefined) addresses.push(machine);
  const directory = clusterPaths(config.name, config.dataDir).pki;
  return ensureClusterCertificates({
    directory,
    clock,
    dnsNames: ["localhost"],
    ipAddresses: addresses,
    clusterDomain,
  });
}

/** Every certificate that a cluster's start will ask for, at once. */
export async function allCertificates(config: ClusterConfig): Promise<void> {
  const { pki } = await clusterCertificates(config);
  await superAdminCertificate(pki);
  // One by one: nodes share their proxy's identity.
  for (const node of localNodes(config)) await nodeCertificates(pki, node);
}

function nodeCertificates(pki: Pki, node: LocalNode) {
  return Promise.all([
    pki.authority("ca"),
    nodeClientCertificate(pki, node.name),
    componentCertificate(pki, "kube-proxy", proxyUser),
    nodeServingCertificate(pki, node.name, [node.address]),
  ]);
}

interface Certified {
  readonly certificate: string;
  readonly key: string;
}

/** Writes `admin.conf`; returns the same entry for a user's own kubeconfig. */
export async function adminKubeconfig(config: ClusterConfig, pki: Pki): Promise<KubeconfigEntry> {
  const [ca, admin] = [await pki.authority("ca"), await superAdminCertificate(pki)];
  const entry = entryOf(contextName(config.name), serverUrl(config), ca.certificate, admin);
  writeIfNew(clusterPaths(config.name, config.dataDir).adminConf, await formatKubeconfig(entry));
  return entry;
}

/** The context's name in users' kubeconfigs. */
export function contextName(cluster: string): string {
  return cluster === "kubets" ? "kubets" : `kubets-${cluster}`;
}

/** Writes what a node's agent needs to be itself; its serving certificate stays in the pki directory. */
export async function nodeCredentials(config: ClusterConfig, pki: Pki, node: LocalNode): Promise<Certified> {
  const [ca, kubelet, proxy, serving] = await nodeCertificates(pki, node);
  const server = `https://${node.machineAddress}:${config.securePort}`;
  writeIfNew(node.kubeletConf, await formatKubeconfig(entryOf("kubelet", server, ca.certificate, kubelet)));
  writeIfNew(node.proxyConf, await formatKubeconfig(entryOf("kube-proxy", server, ca.certificate, proxy)));
  return serving;
}

function entryOf(name: string, server: string, ca: string, { certificate, key }: Certified): KubeconfigEntry {
  return {
    name,
    cluster: { server, "certificate-authority-data": base64(ca) },
    user: { "client-certificate-data": base64(certificate), "client-key-data": base64(key) },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function writeIfNew(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  mkdirSync(dirname(file), { recursive: true, mode: 0o711 });
  writeWhole(file, text);
}

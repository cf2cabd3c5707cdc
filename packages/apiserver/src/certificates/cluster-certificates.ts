/** Which certificates a cluster has: kubeadm's files, names and groups. */

import type { KeyPair } from "./create.ts";
import { Pki, type PkiOptions } from "./pki.ts";

/** The directory, and the names and addresses the API server's certificate is for. */
export interface ClusterCertificatesOptions extends PkiOptions {
  /** Beyond `kubernetes.default.svc` and its short forms: the machine's name, `localhost`. */
  readonly dnsNames: readonly string[];
  /** Where the API server is reached, the first address of the service range among them. */
  readonly ipAddresses: readonly string[];
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
}

export interface ClusterCertificates {
  readonly pki: Pki;
  readonly ca: KeyPair;
  readonly frontProxyCA: KeyPair;
  /** What the API server presents. */
  readonly apiServer: KeyPair;
  /** What the API server presents to kubelets. */
  readonly kubeletClient: KeyPair;
  /** What the API server presents to aggregated API servers. */
  readonly frontProxyClient: KeyPair;
  /** PEM */
  readonly serviceAccountKey: { readonly privateKey: string; readonly publicKey: string };
}

/** Those that are there are kept as long as they are good; the others are made. @throws Error for files that cannot be read or written */
export async function ensureClusterCertificates(options: ClusterCertificatesOptions): Promise<ClusterCertificates> {
  const { clusterDomain = "cluster.local", dnsNames, ipAddresses } = options;
  const pki = new Pki(options);
  const short = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const [ca, frontProxyCA, apiServer, kubeletClient, frontProxyClient, serviceAccountKey] = await Promise.all([
    pki.authority("ca"),
    pki.authority("front-proxy-ca"),
    pki.certificate("apiserver", {
      commonName: "kube-apiserver",
      usages: ["server"],
      dnsNames: [...new Set([...short, `kubernetes.default.svc.${clusterDomain}`, ...dnsNames])],
      ipAddresses: [...new Set(ipAddresses)],
    }),
    pki.certificate("apiserver-kubelet-client", {
      commonName: "kube-apiserver-kubelet-client",
      organizations: ["kubeadm:cluster-admins"],
      usages: ["client"],
    }),
    pki.certificate("front-proxy-client", { commonName: "front-proxy-client", usages: ["client"] }, "front-proxy-ca"),
    pki.serviceAccountKey(),
  ]);
  return { pki, ca, frontProxyCA, apiServer, kubeletClient, frontProxyClient, serviceAccountKey };
}

/** The one who set the cluster up: allowed everything, RBAC or not. Kept in `super-admin.crt`. */
export function superAdminCertificate(pki: Pki): Promise<KeyPair> {
  return pki.certificate("super-admin", {
    commonName: "kubernetes-super-admin",
    organizations: ["system:masters"],
    usages: ["client"],
  });
}

/** A node's identity towards the API server, in `kubelet-client-NAME.crt`. */
export function nodeClientCertificate(pki: Pki, nodeName: string): Promise<KeyPair> {
  return pki.certificate(`kubelet-client-${nodeName}`, {
    commonName: `system:node:${nodeName}`,
    organizations: ["system:nodes"],
    usages: ["client"],
  });
}

/** What a node's kubelet presents, in `kubelet-NAME.crt`. */
export function nodeServingCertificate(pki: Pki, nodeName: string, ipAddresses: readonly string[]): Promise<KeyPair> {
  return pki.certificate(`kubelet-${nodeName}`, {
    commonName: `system:node:${nodeName}`,
    organizations: ["system:nodes"],
    usages: ["server"],
    dnsNames: [nodeName],
    ipAddresses,
  });
}

/** A component's identity, such as `system:kube-scheduler` in `kube-scheduler.crt`. */
export function componentCertificate(pki: Pki, file: string, user: string): Promise<KeyPair> {
  return pki.certificate(file, { commonName: user, usages: ["client"] });
}

/** What a cluster's API server shows to those who come and to kubelets, and whom it believes: a cluster's own certificates, or what is said instead. */

import type { ApiServerOptions } from "../server/options.ts";
import { followPair } from "../server/serving-tls.ts";
import type { KubeletClientOptions } from "../subresource/kubelet-client.ts";
import type { KubeApiServerOptions } from "./options.ts";

/** Without a certificate it speaks to kubelets as nobody, and believes them, as upstream does. */
export function kubeletClient(options: KubeApiServerOptions, signal: AbortSignal): KubeletClientOptions {
  const { certificates, kubelet, clock, logger } = options;
  if (kubelet !== undefined) {
    const { cert, key, files } = kubelet;
    if (cert === undefined || key === undefined) return kubelet;
    const current = { ...kubelet };
    followPair({ cert, key, files }, (pair) => Object.assign(current, pair), { clock, logger }, signal);
    return current;
  }
  if (certificates === undefined) return {};
  const { kubeletClient: client, ca } = certificates;
  return { cert: client.certificate, key: client.key, ca: ca.certificate };
}

export function listenOptions(options: KubeApiServerOptions): Pick<ApiServerOptions, "listen"> {
  const { listen, certificates } = options;
  if (listen === undefined) return {};
  const own = certificates && { key: certificates.apiServer.key, cert: certificates.apiServer.certificate };
  const tls = listen.tls ?? own;
  if (tls === undefined) throw new Error("there is no certificate to serve with");
  // Clients choose among their certificates by these names; a front proxy is a client too.
  const { clientCA, requestHeaderCA } = authorities(options);
  const { clientCAFile, requestHeader } = options.authentication ?? {};
  const known = [
    { pem: clientCA, file: clientCAFile },
    { pem: requestHeaderCA, file: requestHeader?.caFile },
  ];
  const clientCAs = known.flatMap(({ pem, file }) => (pem === undefined ? [] : [{ pem, file }]));
  return { listen: { ...listen, tls: { ...tls, clientCAs } } };
}

/** PEM: who signs the certificates of clients, and of front proxies. */
export function authorities({ certificates, authentication = {} }: KubeApiServerOptions) {
  return {
    clientCA: authentication.clientCA ?? certificates?.ca.certificate,
    requestHeaderCA: authentication.requestHeader?.ca ?? certificates?.frontProxyCA.certificate,
  };
}

/** A pod's host name and domain. Source: `GeneratePodHostNameAndDomain`. */

import type { Pod } from "@kubets/api";

const maxLabel = 63;
const maxHostname = 64;

export interface PodHostname {
  readonly hostname: string;
  /** `subdomain.namespace.svc.cluster.local`; "" without a subdomain. */
  readonly domain: string;
}

/** @throws Error when `setHostnameAsFQDN` asks for more than the kernel's 64 characters. */
export function podHostname(pod: Pod, clusterDomain: string): PodHostname {
  const spec = pod.spec;
  const override = (spec as { hostnameOverride?: string } | undefined)?.hostnameOverride;
  if (override !== undefined) return { hostname: override, domain: "" };
  const namespace = pod.metadata?.namespace ?? "default";
  const domain = spec?.subdomain ? `${spec.subdomain}.${namespace}.svc.${clusterDomain}` : "";
  const short = spec?.hostname || truncate(pod.metadata?.name ?? "");
  if (spec?.setHostnameAsFQDN !== true || domain === "") return { hostname: short, domain };
  const full = `${short}.${domain}`;
  if (full.length > maxHostname) {
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (64 characters is the max, ${full.length} characters requested)`,
    );
  }
  return { hostname: full, domain };
}

function truncate(name: string): string {
  return name.length <= maxLabel ? name : name.slice(0, maxLabel).replace(/[-.]+$/, "");
}

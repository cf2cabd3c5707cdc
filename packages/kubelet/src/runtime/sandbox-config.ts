/** A pod's sandbox in CRI's terms. Source: pkg/kubelet/kuberuntime/kuberuntime_sandbox.go. */

import type { Pod } from "@kubets/api";
import type * as cri from "@kubets/cri";
import { allContainers, isHostNetwork, podRef } from "../pods/pod-ref.ts";
import type { ResolvConf } from "./dns.ts";
import { sandboxAnnotations, sandboxLabels } from "./labels.ts";
import { cpuPeriodUs, podCgroupResources } from "./resources.ts";
import { sandboxSecurityContext } from "./security-context.ts";

export interface SandboxInput {
  readonly pod: Pod;
  readonly attempt: number;
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dns: ResolvConf;
  /** "" leaves it to the runtime. */
  readonly cgroupParent: string;
}

export function sandboxConfig(input: SandboxInput): cri.PodSandboxConfig {
  const { pod, attempt, dns } = input;
  const { uid, name, namespace } = podRef(pod);
  return {
    metadata: { name, namespace, uid, attempt },
    ...(isHostNetwork(pod) ? {} : { hostname: input.hostname }),
    logDirectory: input.logDirectory,
    dnsConfig: { servers: dns.servers, searches: dns.searches, options: dns.options },
    portMappings: portMappings(pod),
    labels: sandboxLabels(pod),
    annotations: sandboxAnnotations(pod),
    linux: {
      ...(input.cgroupParent === "" ? {} : { cgroupParent: input.cgroupParent }),
      securityContext: sandboxSecurityContext(pod),
      sysctls: sysctls(pod),
      resources: podResources(pod),
    },
  };
}

function portMappings(pod: Pod): cri.PortMapping[] {
  if (isHostNetwork(pod)) return [];
  const mappings: cri.PortMapping[] = [];
  for (const { container } of allContainers(pod)) {
    for (const port of container.ports ?? []) {
      mappings.push({
        protocol: (port.protocol ?? "TCP") as "TCP" | "UDP" | "SCTP",
        containerPort: port.containerPort,
        hostPort: port.hostPort ?? 0,
        hostIp: port.hostIP ?? "",
      });
    }
  }
  return mappings;
}

/** runc wants dots between the parts of a name: `net/ipv4/ip_forward` is written `net.ipv4.ip_forward`. */
function sysctls(pod: Pod): Record<string, string> {
  const list = pod.spec?.securityContext?.sysctls ?? [];
  return Object.fromEntries(list.map(({ name, value }) => [dotted(name), value]));
}

function dotted(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  if (separator !== "/") return name;
  return name.replace(/[./]/g, (c) => (c === "/" ? "." : "/"));
}

function podResources(pod: Pod): cri.LinuxContainerResources {
  const { cpuShares, cpuQuota, memoryLimit } = podCgroupResources(pod);
  return {
    cpuShares,
    ...(cpuQuota === undefined ? {} : { cpuQuota, cpuPeriod: cpuPeriodUs }),
    ...(memoryLimit === undefined ? {} : { memoryLimitInBytes: memoryLimit }),
  };
}

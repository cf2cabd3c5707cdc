/** Collects what a sandbox and its containers are made from, and makes their CRI configurations. */

import type { Container, EphemeralContainer, Pod } from "@kubets/api";
import type * as cri from "@kubets/cri";
import type { KubeletConfiguration } from "../configuration.ts";
import type { KubeletPaths } from "../paths.ts";
import type { PodEvents } from "../pods/pod-events.ts";
import { podRef, uidOf } from "../pods/pod-ref.ts";
import type { Mounter } from "../volumes/mounter.ts";
import { containerConfig } from "./container-config.ts";
import { parseResolvConf, podDns } from "./dns.ts";
import type { EnvironmentSources } from "./environment.ts";
import { makeEnvironment } from "./environment.ts";
import type { HostFiles } from "./host-files.ts";
import { podHostname } from "./hostname.ts";
import { hasMountAt, volumeMounts } from "./mounts.ts";
import { sandboxConfig } from "./sandbox-config.ts";
import type { ImageUser } from "./security-context.ts";
import { verifyRunAsNonRoot } from "./security-context.ts";

export interface ContainerBuilderOptions {
  readonly configuration: KubeletConfiguration;
  readonly paths: KubeletPaths;
  readonly files: HostFiles;
  readonly mounter: Mounter;
  readonly events: PodEvents;
  /** Bytes of memory of the node. */
  readonly memoryCapacity: number;
  readonly sources: Omit<EnvironmentSources, "facts" | "skipped">;
  /** Addresses of the node, and its allocatable resources. */
  nodeFacts(): { readonly hostIPs: readonly string[]; readonly allocatable: Readonly<Record<string, string>> };
  /** The cgroup for a pod; "" leaves it to the runtime. */
  cgroupParent(pod: Pod): string;
}

export interface BuildInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly image: cri.Image;
  readonly restartCount: number;
  readonly podIPs: readonly string[];
  readonly volumes: ReadonlyMap<string, string>;
  /** Of an ephemeral container. */
  readonly targetId?: string;
  readonly signal: AbortSignal;
}

export class ContainerBuilder {
  readonly #options: ContainerBuilderOptions;

  constructor(options: ContainerBuilderOptions) {
    this.#options = options;
  }

  /** @throws Error when the host name is too long. */
  async sandbox(pod: Pod, attempt: number): Promise<cri.PodSandboxConfig> {
    const { configuration, files, paths, events } = this.#options;
    const cluster = { servers: configuration.clusterDNS, domain: configuration.clusterDomain };
    const dns = podDns(pod, cluster, parseResolvConf(await files.resolvConf()));
    if (dns.missingClusterDns) {
      const policy = pod.spec?.dnsPolicy ?? "ClusterFirst";
      const message = `kubelet does not have ClusterDNS IP configured and cannot create Pod using "${policy}" policy. Falling back to "Default" policy.`;
      events.pod(pod, "Warning", "MissingClusterDNS", message);
    }
    const { hostname } = podHostname(pod, configuration.clusterDomain);
    const logDirectory = paths.podLogs(podRef(pod));
    return sandboxConfig({ pod, attempt, hostname, logDirectory, dns, cgroupParent: this.#options.cgroupParent(pod) });
  }

  /** @throws Error whose text is the message of CreateContainerConfigError. */
  async container(input: BuildInput): Promise<cri.ContainerConfig> {
    const { pod, container, image } = input;
    const { configuration, memoryCapacity } = this.#options;
    const imageUser: ImageUser = { uid: image.uid?.value, username: image.username };
    verifyRunAsNonRoot(pod, container, imageUser);
    const environment = await this.#environment(input);
    return containerConfig({
      pod,
      container,
      imageRef: image.id,
      imageUser,
      restartCount: input.restartCount,
      environment,
      mounts: await this.#mounts(input, environment),
      resources: { memoryCapacity, cpuCfsQuota: configuration.cpuCFSQuota },
      seccompRoot: configuration.seccompRoot,
      ...(input.targetId === undefined ? {} : { targetId: input.targetId }),
    });
  }

  #environment({ pod, container, podIPs }: BuildInput): Promise<Map<string, string>> {
    const { sources, events } = this.#options;
    return makeEnvironment(pod, container, {
      ...sources,
      facts: { ...this.#options.nodeFacts(), podIPs },
      skipped: (kind, name, keys) => {
        const message = `Keys [${keys.join(", ")}] from the EnvFrom ${kind} ${name} were skipped since they are considered invalid environment variable names.`;
        events.pod(pod, "Warning", "InvalidEnvironmentVariableNames", message);
      },
    });
  }

  async #mounts(input: BuildInput, environment: ReadonlyMap<string, string>): Promise<cri.Mount[]> {
    const { pod, container, volumes, podIPs, signal } = input;
    const { paths, mounter, files, configuration } = this.#options;
    const mounts = await volumeMounts({ pod, container, volumes, environment, paths, mounter, signal });
    if (!hasMountAt(mounts, "/etc/hosts")) {
      const hostPath = await files.etcHosts(pod, podIPs, podHostname(pod, configuration.clusterDomain));
      if (hostPath !== undefined) mounts.push({ hostPath, containerPath: "/etc/hosts" });
    }
    const messagePath = container.terminationMessagePath;
    if (messagePath) {
      const hostPath = await files.terminationLog(uidOf(pod), container.name);
      if (hostPath !== undefined) mounts.push({ hostPath, containerPath: messagePath });
    }
    return mounts;
  }
}

/** The name of the container whose processes an ephemeral container sees. */
export function targetOf(container: Container | EphemeralContainer): string | undefined {
  return "targetContainerName" in container ? container.targetContainerName || undefined : undefined;
}

/** What a kubelet is made from. */

import type { ConfigMap, Pod, Secret, Service } from "@kubets/api";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import type { Client, EventRecorder } from "@kubets/client";
import type { RuntimeClient } from "@kubets/cri";
import type { CgroupManager } from "./cgroups/cgroup-manager.ts";
import type { KubeletConfiguration } from "./configuration.ts";
import type { Machine } from "./node/machine.ts";
import type { ObjectManager } from "./objects/object-manager.ts";
import type { PodSource } from "./pods/pod-source.ts";
import type { PodVolumes } from "./pods/pod-syncer.ts";
import type { Prober } from "./probes/prober.ts";
import type { HostFiles } from "./runtime/host-files.ts";
import type { ServerTls } from "./server/server.ts";
import type { Mounter } from "./volumes/mounter.ts";

export interface KubeletOptions {
  readonly nodeName: string;
  /** Acts as `system:node:<nodeName>` in group `system:nodes`. */
  readonly client: Client;
  readonly runtime: RuntimeClient;
  /** `/var/lib/kubelet`: pods' volumes and files. Must be on the machine that the runtime sees under the same path. */
  readonly rootDir: string;
  /** `/var/log/pods` */
  readonly podLogsDir: string;
  /** The node's addresses, primary first. */
  readonly nodeIPs: readonly string[];
  /** Default: the node's name. */
  readonly hostname?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** What differs from upstream's defaults. */
  readonly configuration?: Partial<KubeletConfiguration>;
  /** Without it there is no HTTPS server: no logs, no exec. */
  readonly tls?: ServerTls;
  /** `v1.36.0` */
  readonly version?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /** How often everything in the runtime is listed, as a safety net. Default one minute. */
  readonly relistSeconds?: number;
  /** Where cgroups are mounted; default `/sys/fs/cgroup`. */
  readonly cgroupMount?: string;
  /** Parts that differ on nodes without containers. */
  readonly parts?: Partial<KubeletParts>;
}

/** The replaceable parts: what touches the machine, and what many nodes of one process may share. */
export interface KubeletParts {
  readonly machine: Machine;
  readonly mounter: Mounter;
  readonly volumes: PodVolumes;
  readonly files: HostFiles;
  readonly cgroups: CgroupManager;
  readonly pods: PodSource;
  readonly recorder: EventRecorder;
  readonly prober: Prober;
  readonly objects: { readonly configMaps: ObjectManager<ConfigMap>; readonly secrets: ObjectManager<Secret> };
  /** All services, for the environment of containers. */
  services(): readonly Service[];
  removeLogs(pod: Pod): Promise<void>;
}

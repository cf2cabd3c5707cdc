/** Where a kubelet keeps things below its root directory; the layout is upstream's. */

import { join } from "node:path";
import type { PodRef } from "./pods/pod-ref.ts";

export class KubeletPaths {
  readonly root: string;
  readonly #logs: string;

  /** @param root `/var/lib/kubelet` @param logs `/var/log/pods` */
  constructor(root: string, logs: string) {
    this.root = root;
    this.#logs = logs;
  }

  get pods(): string {
    return join(this.root, "pods");
  }

  get logs(): string {
    return this.#logs;
  }

  pod(uid: string): string {
    return join(this.pods, uid);
  }

  volumes(uid: string): string {
    return join(this.pod(uid), "volumes");
  }

  /** @param plugin `kubernetes.io~empty-dir` */
  volume(uid: string, plugin: string, name: string): string {
    return join(this.volumes(uid), plugin, name);
  }

  subPath(uid: string, volume: string, container: string, index: number): string {
    return join(this.pod(uid), "volume-subpaths", volume, container, String(index));
  }

  container(uid: string, name: string): string {
    return join(this.pod(uid), "containers", name);
  }

  etcHosts(uid: string): string {
    return join(this.pod(uid), "etc-hosts");
  }

  podLogs({ namespace, name, uid }: PodRef): string {
    return join(this.#logs, `${namespace}_${name}_${uid}`);
  }
}

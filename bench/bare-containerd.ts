/** What containerd itself takes to start a pod: the yardstick for everything that kubets adds. */

import type { PodSandboxConfig, RuntimeClient } from "@kubets/cri";

export interface BareStart {
  readonly sandboxMs: number;
  readonly createMs: number;
  readonly startMs: number;
  readonly totalMs: number;
}

export interface BareOptions {
  readonly image: string;
  readonly command: readonly string[];
  /** Parent cgroup of the node's pods. */
  readonly cgroupRoot: string;
  readonly logRoot: string;
}

/** Starts one sandbox with one container, the three calls of the runtime interface that no kubelet can do without, and removes both again. */
export async function startBare({ runtime }: RuntimeClient, name: string, options: BareOptions): Promise<BareStart> {
  const sandboxConfig: PodSandboxConfig = {
    metadata: { name, uid: name, namespace: "bench", attempt: 0 },
    hostname: name,
    logDirectory: `${options.logRoot}/${name}`,
    linux: {
      cgroupParent: `${options.cgroupRoot}/bench/${name}`,
      securityContext: { namespaceOptions: { network: "POD", pid: "CONTAINER", ipc: "POD" } },
    },
  };
  const { image, command } = options;
  const config = { metadata: { name: "main", attempt: 0 }, image: { image }, command, logPath: "main.log", linux: {} };
  const startedAt = performance.now();
  const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
  const sandboxAt = performance.now();
  try {
    const { containerId } = await runtime.createContainer({ podSandboxId, sandboxConfig, config });
    const createdAt = performance.now();
    await runtime.startContainer({ containerId });
    const runningAt = performance.now();
    return {
      sandboxMs: sandboxAt - startedAt,
      createMs: createdAt - sandboxAt,
      startMs: runningAt - createdAt,
      totalMs: runningAt - startedAt,
    };
  } finally {
    await runtime.removePodSandbox({ podSandboxId });
  }
}

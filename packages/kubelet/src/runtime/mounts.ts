/** A container's mounts. Source: `makeMounts` in pkg/kubelet/kubelet_pods.go. */

import type { Container, Pod, VolumeMount } from "@kubets/api";
import type { Mount, MountPropagation } from "@kubets/cri";
import type { KubeletPaths } from "../paths.ts";
import { uidOf } from "../pods/pod-ref.ts";
import type { Mounter } from "../volumes/mounter.ts";
import { isPayloadVolume } from "../volumes/payload.ts";
import { bindSubPath, checkSubPath } from "../volumes/sub-path.ts";
import { expand } from "./expansion.ts";

const propagations: Record<string, MountPropagation> = {
  None: "PROPAGATION_PRIVATE",
  HostToContainer: "PROPAGATION_HOST_TO_CONTAINER",
  Bidirectional: "PROPAGATION_BIDIRECTIONAL",
};

export interface MountInput {
  readonly pod: Pod;
  readonly container: Container;
  /** Volume name to its path on the node. */
  readonly volumes: ReadonlyMap<string, string>;
  readonly environment: ReadonlyMap<string, string>;
  readonly paths: KubeletPaths;
  readonly mounter: Mounter;
  readonly signal: AbortSignal;
}

/** @throws Error for a volume that is not there or a sub-path that leads out. */
export async function volumeMounts(input: MountInput): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const [index, mount] of (input.container.volumeMounts ?? []).entries()) {
    mounts.push(await volumeMount(input, mount, index));
  }
  return mounts;
}

async function volumeMount(input: MountInput, mount: VolumeMount, index: number): Promise<Mount> {
  const volume = input.volumes.get(mount.name);
  if (volume === undefined) {
    throw new Error(`cannot find volume "${mount.name}" to mount into container "${input.container.name}"`);
  }
  const subPath = expandedSubPath(mount, input.environment);
  return {
    hostPath: subPath === "" ? volume : await subPathOf(input, mount, index, volume, subPath),
    containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`,
    readonly: mount.readOnly === true || isWrittenByKubelet(input.pod, mount.name),
    propagation: propagations[mount.mountPropagation ?? "None"] ?? "PROPAGATION_PRIVATE",
  };
}

/** Nobody else writes to these, whatever their mount says. */
function isWrittenByKubelet(pod: Pod, name: string): boolean {
  const volume = pod.spec?.volumes?.find((each) => each.name === name);
  return volume !== undefined && isPayloadVolume(volume);
}

function subPathOf(
  { pod, container, paths, mounter, signal }: MountInput,
  mount: VolumeMount,
  index: number,
  volume: string,
  subPath: string,
): Promise<string> {
  checkSubPath(subPath);
  const target = paths.subPath(uidOf(pod), mount.name, container.name, index);
  return bindSubPath(mounter, volume, subPath, target, signal);
}

/** @throws Error when `subPathExpr` names a variable the container does not have. */
function expandedSubPath(mount: VolumeMount, environment: ReadonlyMap<string, string>): string {
  if (!mount.subPathExpr) return mount.subPath ?? "";
  const missing: string[] = [];
  const path = expand(mount.subPathExpr, (name) => {
    const value = environment.get(name);
    if (value === undefined) missing.push(name);
    return value;
  });
  if (missing.length > 0) throw new Error(`missing value for "${missing[0]}"`);
  return path;
}

export function hasMountAt(mounts: readonly Mount[], containerPath: string): boolean {
  return mounts.some((mount) => mount.containerPath === containerPath);
}

/** The volumes of the pods on this node: set up before containers start, kept current, and taken down when the pod has ended. */

import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import type { Pod, Volume } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import { tryParseQuantity } from "@kubets/apimachinery";
import type { KubeletPaths } from "../paths.ts";
import { podRef, uidOf } from "../pods/pod-ref.ts";
import { dataTimestamp, writeAtomically } from "./atomic-writer.ts";
import { setVolumeOwnership } from "./fs-group.ts";
import { checkHostPath } from "./host-path.ts";
import type { Mounter } from "./mounter.ts";
import type { PayloadSources } from "./payload.ts";
import { isPayloadVolume, volumePayload } from "./payload.ts";

export interface VolumeManagerOptions {
  readonly paths: KubeletPaths;
  readonly mounter: Mounter;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A volume that could not be set up: the text of a FailedMount event. */
export class MountError extends Error {
  override readonly name = "MountError";
}

export interface MountedVolumes {
  /** Volume name to its path on the node. */
  readonly paths: ReadonlyMap<string, string>;
  /** Epoch milliseconds at which the pod must be looked at again; undefined for never. */
  readonly refreshAt: number | undefined;
}

export class VolumeManager {
  readonly #options: VolumeManagerOptions;
  /** Empty directories already made in this process, by pod and volume: they need no second look. */
  readonly #made = new Set<string>();

  constructor(options: VolumeManagerOptions) {
    this.#options = options;
  }

  /** Sets up what is missing and rewrites what has changed. Repeating it is cheap. @throws MountError for each volume that failed, joined */
  async mount(pod: Pod, sources: PayloadSources, signal: AbortSignal): Promise<MountedVolumes> {
    const paths = new Map<string, string>();
    const failures: string[] = [];
    let refreshAt: number | undefined;
    await Promise.all(
      (pod.spec?.volumes ?? []).map(async (volume) => {
        try {
          const { path, again } = await this.#setUp(pod, volume, sources, signal);
          paths.set(volume.name, path);
          if (again !== undefined) refreshAt = Math.min(refreshAt ?? again, again);
        } catch (error) {
          if (signal.aborted) throw signal.reason;
          failures.push(`MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`);
        }
      }),
    );
    if (failures.length > 0) throw new MountError(failures.join("\n"));
    return { paths, refreshAt };
  }

  /** Unmounts and removes everything of the pod below the kubelet's root. @throws Error when a mount will not go. */
  async unmount(uid: string): Promise<void> {
    const { paths, mounter } = this.#options;
    const root = paths.pod(uid);
    for (const point of await mounter.mountsUnder(root)) await mounter.unmount(point);
    for (const key of this.#made) if (key.startsWith(`${uid}/`)) this.#made.delete(key);
    // Nothing may be mounted below what is removed: it would be emptied.
    if ((await mounter.mountsUnder(root)).length > 0) throw new Error(`${root} still has mounts`);
    await rm(root, { recursive: true, force: true });
  }

  /** Pods that have a directory. */
  async known(): Promise<string[]> {
    try {
      return await readdir(this.#options.paths.pods);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  async #setUp(
    pod: Pod,
    volume: Volume,
    sources: PayloadSources,
    signal: AbortSignal,
  ): Promise<{ path: string; again?: number | undefined }> {
    if (volume.hostPath !== undefined) {
      await checkHostPath(volume.hostPath.path, volume.hostPath.type);
      return { path: volume.hostPath.path };
    }
    if (volume.emptyDir !== undefined) return { path: await this.#emptyDir(pod, volume, signal) };
    if (isPayloadVolume(volume)) return this.#payload(pod, volume, sources, signal);
    const types = Object.keys(volume).filter((key) => key !== "name");
    throw new Error(`volume type ${types.join(", ") || "(none)"} is not supported by this kubelet`);
  }

  async #emptyDir(pod: Pod, volume: Volume, signal: AbortSignal): Promise<string> {
    const { medium = "", sizeLimit } = volume.emptyDir ?? {};
    const path = this.#options.paths.volume(uidOf(pod), "kubernetes.io~empty-dir", volume.name);
    if (medium !== "" && medium !== "Memory") throw new Error(`unknown storage medium "${medium}"`);
    const size = tryParseQuantity(sizeLimit)?.value();
    await this.#directory(pod, volume, path, 0o777, medium === "Memory" ? { size } : undefined, signal);
    return path;
  }

  /** Makes a volume's directory once. `memory` puts it in a tmpfs. */
  async #directory(
    pod: Pod,
    volume: Volume,
    path: string,
    mode: number,
    memory: { size: number | undefined } | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const key = `${uidOf(pod)}/${volume.name}`;
    if (this.#made.has(key)) return;
    const { mounter } = this.#options;
    await mkdir(path, { recursive: true, mode: 0o750 });
    if (memory !== undefined && !(await mounter.mountsUnder(path)).includes(path)) {
      await mounter.tmpfs(path, memory.size ? { sizeBytes: memory.size } : {}, signal);
    }
    await chmod(path, mode);
    const group = pod.spec?.securityContext?.fsGroup;
    if (group !== undefined && volume.emptyDir !== undefined) {
      const onRootMismatch = pod.spec?.securityContext?.fsGroupChangePolicy === "OnRootMismatch";
      await setVolumeOwnership(path, group, { onRootMismatch });
    }
    this.#made.add(key);
  }

  async #payload(pod: Pod, volume: Volume, sources: PayloadSources, signal: AbortSignal) {
    const path = this.#options.paths.volume(uidOf(pod), payloadPlugin(volume), volume.name);
    // Secrets stay out of the disk; ConfigMaps may be large and are no secret.
    const memory = volume.configMap === undefined ? { size: undefined } : undefined;
    const [{ files, refreshAt }] = await bothSettled(
      volumePayload(pod, volume, sources),
      this.#directory(pod, volume, path, 0o777, memory, signal),
    );
    const group = pod.spec?.securityContext?.fsGroup;
    const timestamp = dataTimestamp(this.#options.clock.now());
    const changed = await writeAtomically(path, files, timestamp, async () => {
      if (group !== undefined) await setVolumeOwnership(path, group, { isReadOnly: true });
    });
    if (changed) this.#options.logger.debug("volume written", { pod: podRef(pod).name, volume: volume.name });
    return { path, again: refreshAt };
  }
}

/** Side by side, but none outlives a failure of the other: what is half mounted must not meet its own removal. */
async function bothSettled<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

function payloadPlugin(volume: Volume): string {
  if (volume.configMap !== undefined) return "kubernetes.io~configmap";
  if (volume.secret !== undefined) return "kubernetes.io~secret";
  if (volume.downwardAPI !== undefined) return "kubernetes.io~downward-api";
  return "kubernetes.io~projected";
}

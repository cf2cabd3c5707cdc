/** Static pods: manifests in a directory of the node. Source of names and annotations: pkg/kubelet/config/common.go. */

import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "@kubets/api";
import { findDefinition } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import { decodeYaml } from "@kubets/apimachinery";
import { configHashAnnotation, configSeenAnnotation, configSourceAnnotation, uidOf } from "./pod-ref.ts";
import type { PodHandler, PodSource } from "./pod-source.ts";

export interface StaticPodOptions {
  readonly directory: string;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Editors write a file in several steps: what they leave is read, not what they do. */
const settleMs = 200;

/** The pod of a manifest, as it runs on this node. @throws Error that says what is wrong with it */
export async function staticPod(text: string, path: string, nodeName: string, seen: string): Promise<Pod> {
  const { value } = await decodeYaml(text);
  const manifest = value as Pod;
  if (manifest?.kind !== "Pod" || manifest.apiVersion !== "v1") throw new Error("a manifest must be a v1 Pod");
  const pod = structuredClone(manifest);
  const hash = createHash("md5").update(JSON.stringify(manifest)).update(nodeName).update(path).digest("hex");
  const name = pod.metadata?.name;
  if (!name) throw new Error("the manifest has no metadata.name");
  pod.metadata = {
    ...pod.metadata,
    name: `${name}-${nodeName.toLowerCase()}`,
    namespace: pod.metadata?.namespace || "default",
    uid: hash,
    annotations: {
      ...pod.metadata?.annotations,
      [configHashAnnotation]: hash,
      [configSeenAnnotation]: seen,
      [configSourceAnnotation]: "file",
    },
  };
  findDefinition("", "v1", "pods")?.strategy.setDefaults?.(pod);
  const spec = pod.spec ?? { containers: [] };
  pod.spec = {
    ...spec,
    nodeName,
    // A static pod stays whatever taints its node gets.
    tolerations: [...(spec.tolerations ?? []), { operator: "Exists", effect: "NoExecute" }],
  };
  pod.status = { phase: "Pending" };
  return pod;
}

export function staticPodSource(options: StaticPodOptions): PodSource {
  return {
    async start(handler, signal) {
      const known = new Map<string, Pod>();
      let scanning = Promise.resolve();
      const scan = () => {
        scanning = scanning.then(() => readAll(options, known, handler));
        return scanning;
      };
      await scan();
      watchDirectory(options, signal, () => void scan());
    },
    stopped: () => Promise.resolve(),
  };
}

function watchDirectory(
  { directory, clock, logger }: StaticPodOptions,
  signal: AbortSignal,
  changed: () => void,
): void {
  try {
    let timer: { cancel(): void } | undefined;
    const watcher = watch(directory, () => {
      timer?.cancel();
      timer = clock.setTimeout(changed, settleMs);
    });
    watcher.on("error", (error) => logger.warn("static pods are not watched any more", { directory, err: error }));
    signal.addEventListener(
      "abort",
      () => {
        timer?.cancel();
        watcher.close();
      },
      { once: true },
    );
  } catch (error) {
    logger.warn("static pods are not watched", { directory, err: error });
  }
}

async function readAll(options: StaticPodOptions, known: Map<string, Pod>, handler: PodHandler): Promise<void> {
  const { directory, nodeName, clock, logger } = options;
  const names = await readdir(directory).catch(() => [] as string[]);
  const found = new Set<string>();
  for (const name of names.filter((n) => !n.startsWith(".")).sort()) {
    const path = join(directory, name);
    try {
      const pod = await staticPod(await readFile(path, "utf8"), path, nodeName, new Date(clock.now()).toISOString());
      const before = known.get(path);
      found.add(path);
      if (before !== undefined && uidOf(before) === uidOf(pod)) continue;
      if (before !== undefined) handler.remove(before);
      known.set(path, pod);
      handler.set(pod);
    } catch (error) {
      // A manifest that cannot be read keeps the pod it made before.
      if (known.has(path)) found.add(path);
      logger.warn("static pod manifest not used", { path, err: error });
    }
  }
  for (const [path, pod] of known) {
    if (found.has(path)) continue;
    known.delete(path);
    handler.remove(pod);
  }
}

/** Files a kubelet makes on the node for a pod's containers. A node without containers has none. */

import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "@kubets/api";
import type { Random } from "@kubets/apimachinery";
import type { KubeletPaths } from "../paths.ts";
import { isHostNetwork, podRef, uidOf } from "../pods/pod-ref.ts";
import type { PodHostname } from "./hostname.ts";
import { hostNetworkHosts, managedHosts } from "./hosts-file.ts";

export interface HostFiles {
  /** The pod's directories, before anything else of it. */
  makeDirectories(pod: Pod): Promise<void>;
  /** Writes the pod's /etc/hosts and returns its path. */
  etcHosts(pod: Pod, ips: readonly string[], hostname: PodHostname): Promise<string | undefined>;
  /** A new empty file for a container's termination message. */
  terminationLog(uid: string, containerName: string): Promise<string | undefined>;
  /** The node's resolv.conf; "" when there is none. */
  resolvConf(): Promise<string>;
}

export class NodeFiles implements HostFiles {
  readonly #paths: KubeletPaths;
  readonly #random: Random;
  readonly #resolvConf: string;

  constructor(paths: KubeletPaths, random: Random, resolvConf: string) {
    this.#paths = paths;
    this.#random = random;
    this.#resolvConf = resolvConf;
  }

  async makeDirectories(pod: Pod): Promise<void> {
    await mkdir(this.#paths.volumes(uidOf(pod)), { recursive: true, mode: 0o750 });
    await mkdir(this.#paths.podLogs(podRef(pod)), { recursive: true, mode: 0o755 });
  }

  async etcHosts(pod: Pod, ips: readonly string[], hostname: PodHostname): Promise<string> {
    const path = this.#paths.etcHosts(uidOf(pod));
    const aliases = pod.spec?.hostAliases ?? [];
    const content = isHostNetwork(pod)
      ? hostNetworkHosts(await readOrEmpty("/etc/hosts"), aliases)
      : managedHosts(ips, hostname, aliases);
    await writeFile(path, content, { mode: 0o644 });
    await chmod(path, 0o644);
    return path;
  }

  async terminationLog(uid: string, containerName: string): Promise<string> {
    const directory = this.#paths.container(uid, containerName);
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const path = join(directory, this.#random.uuid().slice(0, 8));
    await writeFile(path, "", { mode: 0o666 });
    // Whatever user the container runs as has to write it.
    await chmod(path, 0o666);
    return path;
  }

  resolvConf(): Promise<string> {
    return this.#resolvConf === "" ? Promise.resolve("") : readOrEmpty(this.#resolvConf);
  }
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** For simulated nodes: nothing touches the disk. */
export const noFiles: HostFiles = {
  makeDirectories: () => Promise.resolve(),
  etcHosts: () => Promise.resolve(undefined),
  terminationLog: () => Promise.resolve(undefined),
  resolvConf: () => Promise.resolve(""),
};

/** containerd's configuration for one node: nothing shared with any other containerd on the machine. */

import { existsSync, readFileSync, statfsSync } from "node:fs";
import type { CgroupSupport } from "./cgroups.ts";
import type { NodeLayout } from "./layout.ts";

export interface ContainerdSettings {
  readonly layout: NodeLayout;
  readonly sandboxImage: string;
  readonly systemdCgroup: boolean;
  /** Set where the process may not lower a score below its own: without CAP_SYS_RESOURCE every container would fail to start. */
  readonly restrictOomScoreAdj: boolean;
  readonly cniBinDir: string;
  readonly snapshotter: "overlayfs" | "native";
}

/** Finds the settings this machine needs. @throws Error when the CNI plugins are missing */
export function detectSettings(layout: NodeLayout, cgroups: CgroupSupport, sandboxImage: string): ContainerdSettings {
  return {
    layout,
    sandboxImage,
    systemdCgroup: cgroups.driver === "systemd",
    restrictOomScoreAdj: !hasCapability(24),
    cniBinDir: findCniBinDir(),
    snapshotter: isOverlay(layout.nodeDir) ? "native" : "overlayfs",
  };
}

/** Where distributions put the CNI plugins: Debian first, then the projects' own habit. */
const cniBinDirs = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];

/** @throws Error when none of the usual places has the bridge plugin */
export function findCniBinDir(): string {
  const found = cniBinDirs.find((dir) => existsSync(`${dir}/bridge`));
  if (!found) throw new Error(`CNI plugins are missing: no bridge plugin in ${cniBinDirs.join(", ")}`);
  return found;
}

/** The configuration file, version 2: read by containerd 1.5 to 2.x. */
export function containerdConfig({ layout, ...settings }: ContainerdSettings): string {
  const text = JSON.stringify;
  return `# Written by kubets at every start of the node; changes are lost.
version = 2
root = ${text(layout.containerdRoot)}
state = ${text(layout.containerdState)}
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]

[grpc]
  address = ${text(layout.socketPath)}

[debug]
  level = "warn"

[plugins."io.containerd.internal.v1.opt"]
  path = ${text(`${layout.containerdRoot}/opt`)}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(settings.sandboxImage)}
  restrict_oom_score_adj = ${settings.restrictOomScoreAdj}
  tolerate_missing_hugetlb_controller = true
  netns_mounts_under_state_dir = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  max_container_log_line_size = 16384

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = ${text(settings.cniBinDir)}
  conf_dir = ${text(layout.cniConfDir)}
  max_conf_num = 1

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = ${text(settings.snapshotter)}
  default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  Root = ${text(`${layout.runDir}/runc`)}
  SystemdCgroup = ${settings.systemdCgroup}
`;
}

/** Whether this process has the capability with this number (capabilities(7)). */
export function hasCapability(number: number): boolean {
  const match = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"));
  return match !== null && ((BigInt(`0x${match[1]}`) >> BigInt(number)) & 1n) === 1n;
}

const overlayMagic = 0x794c7630;

/** An overlay cannot hold another's upper layer: containerd inside a container needs plain copies. */
function isOverlay(directory: string): boolean {
  return statfsSync(directory).type === overlayMagic;
}

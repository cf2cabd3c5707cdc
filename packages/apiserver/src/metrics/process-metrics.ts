/** process_*, kubernetes_build_info, kubernetes_feature_enabled: what Prometheus' clients and component-base tell of every program. */

import { readdir, readFile } from "node:fs/promises";
import type { Clock } from "@kubets/apimachinery";
import { gitVersion, versionInfo } from "../server/version.ts";
import type { MetricsRegistry } from "./families.ts";

/** What the kernel says is there on Linux alone; elsewhere those lines are missing. */
export function processMetrics(metrics: MetricsRegistry, clock: Clock): void {
  const gauge = (name: string, help: string) => metrics.gauge(`process_${name}`, "ALPHA", help);
  const startedAt = clock.now() / 1000 - process.uptime();
  metrics.collect(async () => {
    const { user, system } = process.cpuUsage();
    metrics.counter("process_cpu_seconds_total", "ALPHA", "Processor time used, in seconds.").with().value =
      (user + system) / 1e6;
    gauge("resident_memory_bytes", "Memory in use, in bytes.").with().value = process.memoryUsage.rss();
    gauge("start_time_seconds", "When the process started, in seconds since the epoch.").with().value = startedAt;
    const [fds, limits, status] = await Promise.all([
      readdir("/proc/self/fd").catch(() => undefined),
      textOf("/proc/self/limits"),
      textOf("/proc/self/status"),
    ]);
    if (fds !== undefined) gauge("open_fds", "Open file descriptors.").with().value = fds.length;
    const maxFds = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN);
    if (!Number.isNaN(maxFds)) gauge("max_fds", "File descriptors that may be open.").with().value = maxFds;
    const virtual = Number(/^VmSize:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN);
    if (!Number.isNaN(virtual))
      gauge("virtual_memory_bytes", "Size of the address space, in bytes.").with().value = virtual * 1024;
    return [];
  });
  buildInfo(metrics);
  featureGates(metrics);
}

/** Hundreds of lines, made when they are first asked for. */
function featureGates(metrics: MetricsRegistry): void {
  let told: Promise<void> | undefined;
  const tell = async () => {
    const { tellGates } = await import("../feature-gates/feature-gates.ts");
    const help = "Whether a feature is on; 1 if it is.";
    tellGates(metrics.gauge("kubernetes_feature_enabled", "BETA", help, ["name", "stage"]));
  };
  metrics.collect(async () => {
    told ??= tell();
    await told;
    return [];
  });
}

/** A file that is not there is no news. */
async function textOf(path: string): Promise<string> {
  return await readFile(path, "utf8").catch(() => "");
}

function buildInfo(metrics: MetricsRegistry): void {
  const info = versionInfo() as Record<string, string>;
  const labels = {
    major: info["major"],
    minor: info["minor"],
    git_version: gitVersion,
    git_commit: info["gitCommit"],
    git_tree_state: info["gitTreeState"],
    build_date: info["buildDate"],
    go_version: info["goVersion"],
    compiler: info["compiler"],
    platform: info["platform"],
  };
  metrics
    .gauge("kubernetes_build_info", "ALPHA", "Always 1; what was built is in the labels.", Object.keys(labels))
    .with(...Object.values(labels).map((value) => value ?? "")).value = 1;
}

/** A node's own containerd: started so that it outlives whoever started it, found again by its command line, restarted when its configuration changed. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Logger, realClock, silentLogger } from "@kubets/apimachinery";
import { connectRuntime } from "@kubets/cri";
import { withLock } from "../lock.ts";
import { type ContainerdSettings, containerdConfig } from "./containerd-config.ts";
import type { NodeLayout } from "./layout.ts";
import { endProcesses, isAlive, listProcesses } from "./processes.ts";

export interface ContainerdOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly signal?: AbortSignal;
  /** How long containerd has until it answers. */
  readonly startTimeoutMs?: number;
}

const maxLogBytes = 10 * 1024 * 1024;

/**
 * Makes sure that the node's containerd runs with these settings and answers; returns its process id. One at a time does so: the node's agent
 * notices as soon as `up` does that there is none, and two would serve one socket.
 * @throws Error with the end of containerd's log when it does not
 */
export async function ensureContainerd(settings: ContainerdSettings, options: ContainerdOptions = {}): Promise<number> {
  const { runDir, cniConfDir } = settings.layout;
  await Promise.all([runDir, cniConfDir].map((dir) => mkdir(dir, { recursive: true, mode: 0o711 })));
  return await withLock(join(runDir, "containerd.lock"), () => ensureRunning(settings, options), options);
}

async function ensureRunning(settings: ContainerdSettings, options: ContainerdOptions): Promise<number> {
  const { layout } = settings;
  const config = containerdConfig(settings);
  const isUnchanged = (await readFile(layout.containerdConfig, "utf8").catch(() => "")) === config;
  const running = await findContainerd(layout);
  if (running !== undefined && isUnchanged && (await answers(layout, running, options, 5000))) return running;
  if (running !== undefined) await stopContainerd(layout, options);
  await writeFile(layout.containerdConfig, config);
  const pid = await launch(layout);
  if (await answers(layout, pid, options, options.startTimeoutMs ?? 20_000)) return pid;
  const log = await readFile(layout.containerdLog, "utf8").catch(() => "");
  throw new Error(
    `containerd does not answer on ${layout.socketPath}; its log ${layout.containerdLog} ends:\n${log.split("\n").slice(-8).join("\n")}`,
  );
}

/** Ends the node's containerd; its containers go on running. Harmless when it does not run. */
export async function stopContainerd(layout: NodeLayout, options: ContainerdOptions = {}): Promise<void> {
  const pid = await findContainerd(layout);
  if (pid !== undefined) await endProcesses([pid], { graceMs: 5000, ...options });
}

/** The process that runs with this node's configuration file. */
export async function findContainerd(layout: NodeLayout): Promise<number | undefined> {
  const found = (await listProcesses()).find(
    ({ argv }) => argv[0]?.endsWith("containerd") && argv[argv.indexOf("--config") + 1] === layout.containerdConfig,
  );
  return found?.pid;
}

/** In the node's network namespace by `nsenter`: `ip netns exec` would mount a new /sys and hide the cgroups from runc. */
async function launch(layout: NodeLayout): Promise<number> {
  await rotateLog(layout.containerdLog);
  const log = await open(layout.containerdLog, "a");
  try {
    const args = [`--net=${layout.netnsPath}`, "containerd", "--config", layout.containerdConfig];
    const child = spawn("nsenter", args, { detached: true, cwd: "/", stdio: ["ignore", log.fd, log.fd] });
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    return child.pid!;
  } finally {
    await log.close();
  }
}

async function rotateLog(file: string): Promise<void> {
  const size = await stat(file).then(
    (info) => info.size,
    () => 0,
  );
  if (size > maxLogBytes) await rename(file, `${file}.1`);
}

/** Waits until the runtime interface works; false when the process ends or the time is over before. */
async function answers(
  layout: NodeLayout,
  pid: number,
  options: ContainerdOptions,
  withinMs: number,
): Promise<boolean> {
  const clock = options.clock ?? realClock;
  const logger = options.logger ?? silentLogger;
  const end = clock.monotonic() + withinMs;
  const timeLeft = () => clock.monotonic() < end;
  const pause = () => clock.sleep(10, options.signal);
  while (!existsSync(layout.socketPath)) {
    if (!timeLeft() || !(await isAlive(pid))) return false;
    await pause();
  }
  while (timeLeft() && (await isAlive(pid))) {
    const client = await connectRuntime(layout.socketPath, { clock });
    try {
      await client.runtime.version({}, { deadlineMs: 2000, signal: options.signal });
      return true;
    } catch (error) {
      options.signal?.throwIfAborted();
      logger.debug("containerd does not answer yet", { socket: layout.socketPath, err: error });
      await pause();
    } finally {
      client.close();
    }
  }
  return false;
}

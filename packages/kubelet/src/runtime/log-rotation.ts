/** Rotates container logs that have grown too large. Source of names and order: pkg/kubelet/logs/container_log_manager.go. */

import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { RuntimeService } from "@kubets/cri";

export interface RotationLimits {
  /** Bytes. */
  readonly maxSize: number;
  /** Including the one that is written. */
  readonly maxFiles: number;
}

/** `20060102-150405`, as rotated logs are named. */
export function rotationSuffix(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
}

/** Rotated logs to remove so that, with the one written and one more, no more than `maxFiles` stay. Oldest first. */
export function logsToRemove(rotated: readonly string[], maxFiles: number): string[] {
  const sorted = [...rotated].sort();
  return sorted.slice(0, Math.max(0, sorted.length - Math.max(0, maxFiles - 2)));
}

/** True when the log was rotated. */
export async function rotateIfLarge(
  runtime: RuntimeService,
  container: { readonly id: string; readonly logPath: string },
  limits: RotationLimits,
  now: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { logPath } = container;
  const info = await stat(logPath).catch(() => undefined);
  if (info === undefined || info.size < limits.maxSize) return false;
  const directory = dirname(logPath);
  const prefix = `${basename(logPath)}.`;
  const rotated = (await readdir(directory)).filter((name) => name.startsWith(prefix));
  for (const name of logsToRemove(rotated, limits.maxFiles)) await rm(join(directory, name), { force: true });
  for (const name of rotated) {
    if (!name.endsWith(".gz") && !name.endsWith(".tmp")) await compress(join(directory, name));
  }
  const target = `${logPath}.${rotationSuffix(now)}`;
  await rename(logPath, target);
  try {
    await runtime.reopenContainerLog({ containerId: container.id }, { signal });
  } catch (error) {
    // The runtime still writes to the renamed file: give it its name back.
    await rename(target, logPath);
    throw error;
  }
  return true;
}

async function compress(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return;
  const temporary = `${path}.tmp`;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(temporary, { mode: 0o640 }));
  await rename(temporary, `${path}.gz`);
  await rm(path, { force: true });
}

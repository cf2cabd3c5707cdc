/** What a container left behind to say why it ended. */

import { open } from "node:fs/promises";
import type { Logger } from "@kubets/apimachinery";
import type * as cri from "@kubets/cri";
import { parseLogLine } from "../server/cri-log.ts";
import type { RememberedContainer } from "./labels.ts";

/** Source: pkg/kubelet/container, `MaxContainerTerminationMessageLength` and its log fallback. */
const maxMessageBytes = 4096;
const maxLogBytes = 2048;
const maxLogLines = 80;

/** The termination-log file, or the end of the log when the policy is FallbackToLogsOnError and the container failed without writing one. */
export async function readTerminationMessage(
  status: cri.ContainerStatus,
  remembered: RememberedContainer,
  logger: Logger,
): Promise<string> {
  const { terminationMessagePath: path, terminationMessagePolicy: policy } = remembered;
  const file = path === "" ? undefined : status.mounts.find((mount) => mount.containerPath === path)?.hostPath;
  let text = "";
  if (file !== undefined && file !== "") {
    try {
      text = (await readEnds(file, maxMessageBytes, "start")).toString("utf8");
    } catch (error) {
      text = `Error on reading termination log ${file}: ${(error as Error).message}`;
    }
  }
  if (text !== "" || policy !== "FallbackToLogsOnError" || status.exitCode === 0) return text;
  try {
    return tailOfLog(await readEnds(status.logPath, maxLogBytes * 4, "end"));
  } catch (error) {
    logger.debug("no log to take the termination message from", { path: status.logPath, err: error });
    return "";
  }
}

async function readEnds(path: string, maxBytes: number, end: "start" | "end"): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, maxBytes);
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, end === "start" ? 0 : size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function tailOfLog(raw: Buffer): string {
  const lines = raw.toString("utf8").split("\n");
  const texts: string[] = [];
  for (const line of lines) {
    const entry = parseLogLine(line);
    if (entry !== undefined) texts.push(entry.partial ? entry.text : `${entry.text}\n`);
  }
  const joined = Buffer.from(texts.slice(-maxLogLines).join(""), "utf8");
  return joined.subarray(Math.max(0, joined.length - maxLogBytes)).toString("utf8");
}

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "../../lib/command.ts";
import { UsageError } from "../../lib/flags.ts";
import { existingCluster, nameFlag, pathsOf } from "./common.ts";

export const command = defineCommand({
  usage: "logs [PROGRAM] [--name NAME] [-f] [--tail N]",
  help: `
Prints what the cluster's own programs log, as JSON lines. Without PROGRAM, the control plane.
For the logs of pods, use kubectl logs.

  kubets logs                 the control plane
  kubets logs node-1 -f       the agent of node-1, as it goes on
  kubets logs containerd-node-1`,
  flags: {
    ...nameFlag,
    follow: { type: "boolean", short: "f", help: "go on printing what is added", default: false },
    tail: { type: "number", help: "how many of the last lines", default: 200 },
  },
  takesArguments: true,
  async run({ name, follow, tail }, [program = "control-plane"], signal) {
    const config = existingCluster(name);
    const paths = pathsOf(config);
    const own = existsSync(paths.logs) ? readdirSync(paths.logs).filter((f) => f.endsWith(".log")) : [];
    const nodes = existsSync(paths.nodes) ? readdirSync(paths.nodes) : [];
    const files = new Map([
      ...own.map((f) => [f.slice(0, -".log".length), join(paths.logs, f)] as const),
      ...nodes.map((node) => [`containerd-${node}`, join(paths.nodes, node, "containerd.log")] as const),
    ]);
    const file = files.get(program);
    if (file === undefined)
      throw new UsageError(`no program ${program}; there are ${[...files.keys()].join(", ") || "none"}`);
    const child = spawn("tail", ["-n", String(tail), ...(follow ? ["-F"] : []), file], {
      stdio: ["ignore", "inherit", "ignore"],
      signal,
    });
    await new Promise<void>((resolve) => {
      child.on("close", () => resolve());
      child.on("error", () => resolve()); // Interrupted by the user.
    });
  },
});

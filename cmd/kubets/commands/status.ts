import { clusterStatus } from "@kubets/cluster/manage";
import { defineCommand } from "../../lib/command.ts";
import { existingCluster, nameFlag, wantJson } from "./common.ts";

export const command = defineCommand({
  usage: "status [--name NAME] [-o json]",
  help: `
Says how the cluster is. Exits with 0 when it is ready, 1 when it runs and is not ready, 3 when it is stopped.`,
  flags: { ...nameFlag, output: { type: "string", short: "o", value: "json", help: "print JSON" } },
  async run({ name, output }, _rest, signal) {
    const status = await clusterStatus(existingCluster(name), signal);
    process.exitCode = status.state === "ready" ? 0 : status.state === "stopped" ? 3 : 1;
    if (wantJson(output)) return void process.stdout.write(`${JSON.stringify(status, undefined, 2)}\n`);
    const width = Math.max(16, ...[...status.programs, ...status.nodes].map(({ name }) => name.length + 2));
    const lines = [
      `cluster ${status.name}: ${status.state}`,
      `server  ${status.server}`,
      `data    ${status.dataDir}`,
      ...status.programs.map(
        (p) => `${p.name.padEnd(width)}${p.pid === undefined ? "not running" : `pid ${p.pid}, ${p.memoryMB} MB`}`,
      ),
      ...status.nodes.map(
        (n) => `${n.name.padEnd(width)}${n.ready ? "Ready" : `NotReady${n.reason ? ` (${n.reason})` : ""}`}`,
      ),
      ...status.problems.map((problem) => `problem: ${problem}`),
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  },
});

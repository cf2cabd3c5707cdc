import { clusterPaths, listClusters, runningProgram } from "@kubets/cluster/manage";
import { defineCommand } from "../../lib/command.ts";
import { wantJson } from "./common.ts";

export const command = defineCommand({
  usage: "list [-o json]",
  help: "Lists the clusters of this user on this machine.",
  flags: { output: { type: "string", short: "o", value: "json", help: "print JSON" } },
  async run({ output }) {
    const rows = listClusters().map((config) => ({
      name: config.name,
      running: runningProgram(clusterPaths(config.name, config.dataDir).controlPlanePid) !== undefined,
      server: `https://${config.bindAddress}:${config.securePort}`,
      nodes: config.nodes,
      simulatedNodes: config.simulatedNodes,
      dataDir: config.dataDir,
    }));
    if (wantJson(output)) return void process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    if (rows.length === 0) return void process.stdout.write("no clusters; kubets up makes one\n");
    const table = rows.map((r) => [
      r.name,
      r.running ? "running" : "stopped",
      r.server,
      String(r.nodes + r.simulatedNodes),
      r.dataDir,
    ]);
    for (const cells of [["NAME", "STATE", "SERVER", "NODES", "DATA"], ...table])
      process.stdout.write(
        `${cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd([16, 10, 30, 8][i] ?? 0))).join("")}\n`,
      );
  },
});

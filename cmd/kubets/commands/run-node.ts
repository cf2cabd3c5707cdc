import { runNode } from "@kubets/cluster/agent";
import { defineCommand } from "../../lib/command.ts";
import { UsageError } from "../../lib/flags.ts";

export const command = defineCommand({
  usage: "run-node DATA-DIR INDEX",
  help: "The agent (kubelet, proxy, DNS) of one node of the cluster in DATA-DIR, as `kubets up` starts it in the background.",
  flags: {},
  takesArguments: true,
  async run(_flags, [dataDir, index], signal) {
    if (dataDir === undefined || !/^\d+$/.test(index ?? ""))
      throw new UsageError("want the cluster's data directory and the node's index");
    await runNode(dataDir, Number(index), signal);
  },
});

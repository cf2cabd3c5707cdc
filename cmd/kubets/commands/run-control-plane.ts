import { runControlPlane } from "@kubets/cluster/control-plane";
import { defineCommand } from "../../lib/command.ts";
import { UsageError } from "../../lib/flags.ts";

export const command = defineCommand({
  usage: "run-control-plane DATA-DIR",
  help: "The control plane of the cluster in DATA-DIR, as `kubets up` starts it in the background.",
  flags: {},
  takesArguments: true,
  async run(_flags, [dataDir], signal) {
    if (dataDir === undefined) throw new UsageError("want the cluster's data directory");
    await runControlPlane(dataDir, signal, async (...given) => {
      const { clusterApiServer } = await import("../../kube-apiserver/for-cluster.ts");
      return await clusterApiServer(...given);
    });
  },
});

import { orphanedCluster, stopCluster } from "@kubets/cluster/manage";
import { defineCommand } from "../../lib/command.ts";
import { Progress } from "../../lib/progress.ts";
import { existingCluster, nameFlag } from "./common.ts";

export const command = defineCommand({
  usage: "down [--name NAME] [--delete]",
  help: `
Stops the cluster: its pods, its nodes, its control plane. Its data stays, and kubets up goes on from there.
With --delete the data goes too, and the context in your kubeconfig: nothing is left.`,
  flags: { ...nameFlag, delete: { type: "boolean", help: "remove the cluster's data as well", default: false } },
  async run({ name, delete: deleteData }) {
    const config = orphanedCluster(name) ?? existingCluster(name);
    const progress = new Progress();
    // Not interruptible: half a cluster is worse than either, and every step can be done again.
    await stopCluster(config, { deleteData, step: (title, work) => progress.step(title, work) });
  },
});

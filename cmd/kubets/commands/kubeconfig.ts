import { readFileSync } from "node:fs";
import { defineCommand } from "../../lib/command.ts";
import { existingCluster, nameFlag, pathsOf } from "./common.ts";

export const command = defineCommand({
  usage: "kubeconfig [--name NAME]",
  help: `
Prints the administrator's kubeconfig, keys included.

  KUBECONFIG=<(kubets kubeconfig) kubectl get nodes
  kubets kubeconfig > ci.conf`,
  flags: nameFlag,
  async run({ name }) {
    process.stdout.write(readFileSync(pathsOf(existingCluster(name)).adminConf));
  },
});

import { existsSync } from "node:fs";
import { messageOf } from "@kubets/apimachinery";
import { loadImage, localNodes } from "@kubets/cluster";
import { defineCommand } from "../../lib/command.ts";
import { UsageError } from "../../lib/flags.ts";
import { Progress } from "../../lib/progress.ts";
import { existingCluster, nameFlag } from "./common.ts";

export const command = defineCommand({
  usage: "image load FILE... [--name NAME]",
  help: `
Loads OCI or Docker image archives into every node, so that pods can use them without a registry.
Use imagePullPolicy IfNotPresent or Never for them (IfNotPresent is the default for tags other than latest).

  docker save my-app:1 > my-app.tar && kubets image load my-app.tar`,
  flags: nameFlag,
  takesArguments: true,
  async run({ name }, [verb, ...files], signal) {
    if (verb !== "load" || files.length === 0) throw new UsageError("want: kubets image load FILE...");
    const config = existingCluster(name);
    for (const file of files) if (!existsSync(file)) throw new UsageError(`${file}: no such file`);
    const nodes = localNodes(config);
    if (nodes.length === 0) throw new UsageError(`cluster ${name} has no nodes that run containers`);
    const progress = new Progress();
    for (const file of files)
      for (const { layout, name: node } of nodes) {
        const names = await progress.step(`${file} into ${node}`, () => load(layout, file, signal));
        for (const image of names) process.stdout.write(`${image}\n`);
      }
  },
});

async function load(
  layout: Parameters<typeof loadImage>[0],
  file: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await loadImage(layout, file, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    const said = messageOf(cause).split(": ").at(-1);
    throw new Error(`${file} is not an OCI or Docker image archive that containerd can load (${said})`, { cause });
  }
}

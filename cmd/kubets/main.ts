/** kubets: a Kubernetes cluster in one program. Parses the command line; the work is in `commands/`. */

import type { Command } from "../lib/command.ts";

interface Entry {
  readonly summary: string;
  readonly hidden?: boolean;
  load(): Promise<{ command: Command }>;
}

const commands: Readonly<Record<string, Entry>> = {
  up: { summary: "start the cluster, or find it running", load: () => import("./commands/up.ts") },
  down: { summary: "stop the cluster; with --delete, remove all of it", load: () => import("./commands/down.ts") },
  status: { summary: "how the cluster is", load: () => import("./commands/status.ts") },
  list: { summary: "the clusters of this machine", load: () => import("./commands/list.ts") },
  image: { summary: "load container images into the nodes", load: () => import("./commands/image.ts") },
  kubeconfig: { summary: "print the administrator's kubeconfig", load: () => import("./commands/kubeconfig.ts") },
  logs: { summary: "what the cluster's own programs log", load: () => import("./commands/logs.ts") },
  "run-control-plane": {
    summary: "the control plane's process",
    hidden: true,
    load: () => import("./commands/run-control-plane.ts"),
  },
  "run-node": { summary: "a node agent's process", hidden: true, load: () => import("./commands/run-node.ts") },
};

function help(): string {
  const shown = Object.entries(commands).filter(([, entry]) => !entry.hidden);
  const rows = shown.map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`).join("\n");
  return `kubets runs Kubernetes: an API server, controllers, a scheduler, and nodes with real containers.

Usage: kubets COMMAND [flags]

Commands:
${rows}

Try it:
  kubets up --demo              a cluster with one node and a web server on it
  kubectl get pods -A           your own kubectl works; up added a context to your kubeconfig
  kubets up --name ci --nodes 0 --simulated-nodes 100
                                a second cluster: no containers, no root needed
  kubets down --delete          leave nothing behind

kubets COMMAND --help explains a command.
`;
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "version") {
    const { default: manifest } = await import("../../package.json", { with: { type: "json" } });
    process.stdout.write(`kubets ${manifest.version} (Kubernetes API v1.36)\n`);
    return 0;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) {
    const { nearest } = await import("../lib/nearest.ts");
    const near = nearest(name, Object.keys(commands));
    process.stderr.write(
      `kubets: no command ${name}${near === undefined ? "" : `; did you mean ${near}?`}\nkubets --help lists them\n`,
    );
    return 2;
  }
  const { command } = await entry.load();
  if (rest.includes("--help") || rest.includes("-h")) {
    const { commandHelp } = await import("../lib/command.ts");
    process.stdout.write(commandHelp("kubets", command));
    return 0;
  }
  return run(name, command, rest);
}

async function run(name: string, command: Command, args: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => stop.abort(new Error(`stopped by ${signal}`));
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    await command.run(args, stop.signal);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const { UsageError } = await import("../lib/flags.ts");
    if (error instanceof UsageError) {
      process.stderr.write(`kubets ${name}: ${error.message}\nkubets ${name} --help explains its flags\n`);
      return 2;
    }
    if (process.env["KUBETS_DEBUG"]) process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.stderr.write(`kubets ${name}: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));

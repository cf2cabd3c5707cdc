/** kube-apiserver, with upstream's flags. Parses them; the work is in `run.ts`. */

import { messageOf } from "@kubets/apimachinery";
import { sectionedHelp } from "../lib/flag-help.ts";
import { parseFlags, UsageError } from "../lib/flags.ts";
import { streamLogger } from "../lib/log.ts";
import { type KubeApiServerFlags, sections, specs } from "./flags/index.ts";

const help = `The Kubernetes API server of kubets. It takes the flags of upstream's kube-apiserver v1.36.

Usage:
  kube-apiserver [flags]

Try it, without etcd (the key: openssl ecparam -name prime256v1 -genkey -noout -out sa.key):
  kube-apiserver --data-dir ./data --cert-dir ./certs --service-cluster-ip-range 10.32.0.0/24 \\
    --service-account-issuer https://localhost:6443 --service-account-key-file sa.key \\
    --service-account-signing-key-file sa.key --token-auth-file tokens.csv --authorization-mode Node,RBAC

`;

async function main(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parseFlags<typeof specs>>;
  try {
    parsed = parseFlags(specs, args);
    const [first] = parsed.rest;
    if (first !== undefined)
      throw new UsageError(`kube-apiserver does not take any arguments, got ${JSON.stringify(first)}`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`Error: ${error.message}\nkube-apiserver --help lists the flags\n`);
    return 1;
  }
  const { flags, given } = parsed;
  if (flags.help) {
    process.stdout.write(`${help}${sectionedHelp(sections, process.stdout.columns)}\n`);
    return 0;
  }
  if (flags.version) {
    const { gitVersion } = await import("@kubets/apiserver");
    process.stdout.write(`Kubernetes ${gitVersion}\n`);
    return 0;
  }
  const { warningsOf } = await import("./warnings.ts");
  for (const warning of [...parsed.warnings, ...warningsOf(flags, given)]) process.stderr.write(`${warning}\n`);
  return await serve(flags);
}

async function serve(flags: KubeApiServerFlags): Promise<number> {
  const format = flags["logging-format"] === "json" ? "json" : "text";
  const split = flags[`log-${format}-split-stream`];
  const logger = streamLogger({ program: "kube-apiserver", format, split, verbosity: flags.v });
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    // As upstream: whoever insists has no more patience.
    if (stop.signal.aborted) process.exit(1);
    logger.info("Received signal, shutting down", { signal });
    stop.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    const { problemsOf } = await import("./validate.ts");
    const problems = [...new Set(problemsOf(flags))];
    if (problems.length > 0) throw new Error(problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`);
    const { run } = await import("./run.ts");
    await run(flags, logger, stop.signal);
    return 0;
  } catch (error) {
    if (process.env["KUBETS_DEBUG"] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    logger.error("command failed", { err: messageOf(error) });
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));

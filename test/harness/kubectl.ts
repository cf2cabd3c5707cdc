/** kubectl, aimed at one cluster: `await kubectl("get", "pods")` is what it prints. */

import { type KubectlBinary, newestKubectl } from "./kubectl-binaries.ts";
import { output, type Result, type Running, type RunOptions, run, start } from "./run.ts";

export interface Kubectl {
  /** What it prints on standard output. @throws Error with what it says when it fails */
  (...args: string[]): Promise<string>;
  readonly binary: KubectlBinary;
  /** With a document on standard input: `kubectl.given(yaml, "apply", "-f", "-")`. */
  given(input: string, ...args: string[]): Promise<string>;
  /** Its end, good or bad. */
  try(
    args: readonly string[],
    options?: Pick<RunOptions, "input" | "timeoutMs"> & { env?: NodeJS.ProcessEnv },
  ): Promise<Result>;
  /** What it says on standard error. @throws Error when it does not fail */
  refused(...args: string[]): Promise<string>;
  /** Goes on beside the test, as `get -w` and `port-forward` do; the caller stops it. */
  start(...args: string[]): Running;
  json<T = Record<string, unknown>>(...args: string[]): Promise<T>;
  /** The same cluster with another kubectl, or as another user. */
  as(change: { binary?: KubectlBinary; kubeconfig?: string }): Kubectl;
}

/** `home` holds kubectl's caches; `env` is what it inherits. */
export async function kubectlFor(kubeconfig: string, home: string, binary?: KubectlBinary): Promise<Kubectl> {
  return make({ kubeconfig, home, binary: binary ?? (await newestKubectl()) });
}

interface Aim {
  readonly kubeconfig: string;
  readonly home: string;
  readonly binary: KubectlBinary;
}

function make(aim: Aim): Kubectl {
  const { binary, kubeconfig, home } = aim;
  const env = {
    PATH: process.env["PATH"],
    HOME: `${home}/kubectl-${binary.version}`,
    KUBECONFIG: kubeconfig,
    LC_ALL: "C",
  };
  const attempt: Kubectl["try"] = (args, options = {}) =>
    run(binary.path, args, { ...options, env: { ...env, ...options.env } });
  const kubectl = (...args: string[]) => output(binary.path, args, { env });
  return Object.assign(kubectl, {
    binary,
    try: attempt,
    given: (input: string, ...args: string[]) => output(binary.path, args, { env, input }),
    async refused(...args: string[]) {
      const { code, stdout, stderr } = await attempt(args);
      if (code === 0) throw new Error(`kubectl ${args.join(" ")} was expected to fail; it said ${stdout}`);
      return stderr;
    },
    start: (...args: string[]) => start(binary.path, args, { env }),
    async json<T>(...args: string[]) {
      return JSON.parse(await kubectl(...args, "-o", "json")) as T;
    },
    as: (change: { binary?: KubectlBinary; kubeconfig?: string }) => make({ ...aim, ...change }),
  });
}

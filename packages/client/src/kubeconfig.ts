/** Reading kubeconfig files: which files, how several are merged, and what a context comes down to. Rules of client-go's clientcmd. */

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { createHttpsTransport, type HttpsTransport, type HttpsTransportOptions } from "./https-transport.ts";
import type { ServerConfig } from "./server-config.ts";

/** A cluster as a kubeconfig has it. Files are relative to the kubeconfig they are named in. */
export interface KubeconfigCluster {
  server?: string;
  "certificate-authority"?: string;
  /** Base64 of PEM; wins over the file. */
  "certificate-authority-data"?: string;
  "insecure-skip-tls-verify"?: boolean;
  "tls-server-name"?: string;
}

/** Credentials as a kubeconfig has them. `-data` is base64 of PEM and wins over the file. */
export interface KubeconfigUser {
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  "as-uid"?: string;
  "as-groups"?: string[];
  "as-user-extra"?: Record<string, string[]>;
  exec?: unknown;
  "auth-provider"?: unknown;
}

/** A cluster and a user by their names, and the namespace that is meant when none is said. */
export interface KubeconfigContext {
  cluster?: string;
  user?: string;
  namespace?: string;
}

/** A kubeconfig file as it is written, as far as it is read here. */
export interface Kubeconfig {
  apiVersion?: string;
  kind?: string;
  "current-context"?: string;
  clusters?: { name: string; cluster: KubeconfigCluster }[] | null;
  users?: { name: string; user: KubeconfigUser }[] | null;
  contexts?: { name: string; context: KubeconfigContext }[] | null;
}

/** A kubeconfig that cannot be used, and why. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
}

/** The files kubectl would read: $KUBECONFIG's list, else ~/.kube/config. */
export function kubeconfigPaths(env: Readonly<Record<string, string | undefined>> = process.env): string[] {
  const listed = (env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  return listed.length > 0 ? [...new Set(listed)] : [join(env.HOME || homedir(), ".kube", "config")];
}

/** Reads one file. Paths within it are resolved against its folder. @throws KubeconfigError when it is not a kubeconfig; the file system's error when it cannot be read. */
export async function readKubeconfig(path: string): Promise<Kubeconfig> {
  return parseKubeconfig(await readFile(path, "utf8"), path);
}

/**
 * @param path for messages only.
 * @throws KubeconfigError for text that is no kubeconfig
 */
export async function parseKubeconfig(text: string, path: string): Promise<Kubeconfig> {
  const { parse } = await import("yaml");
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (error) {
    throw new KubeconfigError(`read kubeconfig ${path}: not YAML`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new KubeconfigError(`read kubeconfig ${path}: found no mapping of clusters, users and contexts`);
  }
  const config = value as Kubeconfig;
  const folder = dirname(resolve(path));
  for (const { cluster } of config.clusters ?? []) resolvePaths(cluster, ["certificate-authority"], folder);
  for (const { user } of config.users ?? [])
    resolvePaths(user, ["client-certificate", "client-key", "tokenFile"], folder);
  return config;
}

function resolvePaths<K extends string>(
  entry: { [key in K]?: string } | null | undefined,
  names: readonly K[],
  folder: string,
): void {
  for (const name of names) {
    const path = entry?.[name];
    if (entry && path) entry[name] = resolve(folder, path);
  }
}

/** Several files as one: the first to name a thing wins, as does the first current-context. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const current = configs.map((config) => config["current-context"]).find((name) => name);
  return {
    apiVersion: "v1",
    kind: "Config",
    ...(current === undefined ? {} : { "current-context": current }),
    clusters: firstOfEachName(configs.flatMap((config) => config.clusters ?? [])),
    users: firstOfEachName(configs.flatMap((config) => config.users ?? [])),
    contexts: firstOfEachName(configs.flatMap((config) => config.contexts ?? [])),
  };
}

function firstOfEachName<T extends { name: string }>(entries: readonly T[]): T[] {
  const byName = new Map<string, T>();
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  return [...byName.values()];
}

/** Reads and merges the files. Missing ones are skipped unless `paths` names a single file. */
export async function loadKubeconfig(paths: readonly string[] = kubeconfigPaths()): Promise<Kubeconfig> {
  const configs: Kubeconfig[] = [];
  for (const path of paths) {
    try {
      configs.push(await readKubeconfig(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || paths.length === 1) throw error;
    }
  }
  return mergeKubeconfigs(configs);
}

/** What a context stands for. `contextName` defaults to the current one. @throws KubeconfigError naming what is missing. */
export async function resolveContext(
  config: Kubeconfig,
  contextName: string = config["current-context"] ?? "",
): Promise<{ server: ServerConfig; namespace: string; contextName: string }> {
  const context = find(config.contexts, contextName, "context").context ?? {};
  const cluster = find(config.clusters, context.cluster ?? "", "cluster").cluster ?? {};
  const user: KubeconfigUser = context.user ? (find(config.users, context.user, "user").user ?? {}) : {};
  if (!cluster.server) throw new KubeconfigError(`cluster ${JSON.stringify(context.cluster)} has no server`);
  if (user.exec || user["auth-provider"]) {
    throw new KubeconfigError(
      `user ${JSON.stringify(context.user)} gets credentials from a plugin, which is not supported`,
    );
  }
  const server = withoutUndefined({
    server: cluster.server,
    ca: await pem(cluster["certificate-authority-data"], cluster["certificate-authority"]),
    serverName: cluster["tls-server-name"],
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"],
    cert: await pem(user["client-certificate-data"], user["client-certificate"]),
    key: await pem(user["client-key-data"], user["client-key"]),
    token: user.token,
    tokenFile: user.tokenFile,
    username: user.username,
    password: user.password,
    impersonate: user.as
      ? withoutUndefined({
          user: user.as,
          uid: user["as-uid"],
          groups: user["as-groups"],
          extra: user["as-user-extra"],
        })
      : undefined,
  });
  return { server: server as unknown as ServerConfig, namespace: context.namespace || "default", contextName };
}

function find<T extends { name: string }>(entries: readonly T[] | null | undefined, name: string, what: string): T {
  const found = entries?.find((entry) => entry.name === name);
  if (found === undefined)
    throw new KubeconfigError(`${what} ${JSON.stringify(name)} does not exist in the kubeconfig`);
  return found;
}

async function pem(data: string | undefined, path: string | undefined): Promise<string | undefined> {
  if (data) return Buffer.from(data, "base64").toString("utf8");
  if (!path) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new KubeconfigError(`read ${path}, which the kubeconfig names`, { cause: error });
  }
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Partial<T>;
}

/** A transport for a context of a kubeconfig; `path` undefined reads what kubectl would. */
export async function transportFromKubeconfig(
  path?: string,
  options: HttpsTransportOptions & { readonly context?: string } = {},
): Promise<HttpsTransport> {
  const config = await loadKubeconfig(path === undefined ? undefined : [path]);
  const { server } = await resolveContext(config, options.context);
  return createHttpsTransport(server, options);
}

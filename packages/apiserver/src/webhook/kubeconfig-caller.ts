/**
 * A server that a kubeconfig file describes: `--authentication-token-webhook-config-file`, `--authorization-webhook-config-file`,
 * `--audit-webhook-config-file`. Its cluster is the webhook, its user is how the API server shows who it is.
 */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Clock, decodeYaml, messageOf } from "@kubets/apimachinery";
import { HttpsCaller, type TlsTrust } from "./https-caller.ts";

interface Cluster {
  server?: string;
  "certificate-authority"?: string;
  "certificate-authority-data"?: string;
  "insecure-skip-tls-verify"?: boolean;
  "tls-server-name"?: string;
}

interface User {
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  exec?: unknown;
  "auth-provider"?: unknown;
}

interface Kubeconfig {
  "current-context"?: string;
  clusters?: { name?: string; cluster?: Cluster }[];
  users?: { name?: string; user?: User }[];
  contexts?: { name?: string; context?: { cluster?: string; user?: string } }[];
}

/**
 * @param path names the file, for messages and for the files it refers to
 * @throws Error that says what is wrong with the file
 */
export async function kubeconfigCaller(text: string, path: string, clock: Clock): Promise<HttpsCaller> {
  const { cluster, user } = currentOf(await parse(text, path), path);
  const { server } = cluster;
  if (!server || !URL.canParse(server)) throw new Error(`${path}: the cluster's server is not a URL: ${server ?? ""}`);
  const folder = dirname(resolve(path));
  const headers = identityOf(user, folder, path);
  return new HttpsCaller({ url: new URL(server), clock, tls: trustOf(cluster, user, folder), headers });
}

async function parse(text: string, path: string): Promise<Kubeconfig> {
  try {
    const { value } = await decodeYaml(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Kubeconfig;
  } catch (cause) {
    throw new Error(`${path} is not a kubeconfig file: ${messageOf(cause)}`, { cause });
  }
  throw new Error(`${path} is not a kubeconfig file: no mapping of clusters, users and contexts`);
}

function currentOf(config: Kubeconfig, path: string): { cluster: Cluster; user: User } {
  const wanted = config["current-context"] ?? "";
  const context = config.contexts?.find(({ name }) => name === wanted)?.context;
  if (context === undefined)
    throw new Error(`${path}: the current context ${JSON.stringify(wanted)} is not among its contexts`);
  const cluster = config.clusters?.find(({ name }) => name === context.cluster)?.cluster;
  if (cluster === undefined) throw new Error(`${path}: there is no cluster ${JSON.stringify(context.cluster ?? "")}`);
  return { cluster, user: config.users?.find(({ name }) => name === context.user)?.user ?? {} };
}

function trustOf(cluster: Cluster, user: User, folder: string): TlsTrust {
  const ca = pem(cluster["certificate-authority-data"], cluster["certificate-authority"], folder);
  const cert = pem(user["client-certificate-data"], user["client-certificate"], folder);
  const key = pem(user["client-key-data"], user["client-key"], folder);
  const serverName = cluster["tls-server-name"];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName ? { serverName } : {}),
    ...(cluster["insecure-skip-tls-verify"] ? { insecure: true } : {}),
  };
}

function pem(data: string | undefined, file: string | undefined, folder: string): string | undefined {
  if (data) return Buffer.from(data, "base64").toString();
  return file ? readFileSync(resolve(folder, file), "utf8") : undefined;
}

function identityOf(user: User, folder: string, path: string): () => Record<string, string> {
  if (user.exec !== undefined || user["auth-provider"] !== undefined) {
    throw new Error(`${path}: users with exec or auth-provider are not supported; use a client certificate or a token`);
  }
  const { token, tokenFile, username, password = "" } = user;
  if (tokenFile) {
    const file = resolve(folder, tokenFile);
    // Read each time: such tokens are renewed in place.
    return () => ({ authorization: `Bearer ${readFileSync(file, "utf8").trim()}` });
  }
  if (token) return () => ({ authorization: `Bearer ${token}` });
  if (!username) return () => ({});
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  return () => ({ authorization: `Basic ${basic}` });
}

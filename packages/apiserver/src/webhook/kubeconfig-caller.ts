/**
 * A server that a kubeconfig file describes: `--authentication-token-webhook-config-file`, `--authorization-webhook-config-file`,
 * `--audit-webhook-config-file`. Its cluster is the webhook, its user is how the API server shows who it is.
 */

import { dirname, resolve } from "node:path";
import { type Clock, decodeYaml, messageOf } from "@kubets/apimachinery";
import type { Dial } from "../egress/egress.ts";
import type { MetricsRegistry } from "../metrics/families.ts";
import { type Following, followTrust } from "./followed-files.ts";
import { HttpsCaller, type TlsTrust } from "./https-caller.ts";
import { callerIdentity, filesNamed, filesOfUser, type KubeconfigUser, pem } from "./kubeconfig-user.ts";

interface Cluster {
  server?: string;
  "certificate-authority"?: string;
  "certificate-authority-data"?: string;
  "insecure-skip-tls-verify"?: boolean;
  "tls-server-name"?: string;
}

export interface CallerMeans extends Omit<Following, "clock"> {
  /** How the server is reached where not directly. */
  readonly dial?: Dial | undefined;
}

export interface Kubeconfig {
  "current-context"?: string;
  clusters?: { name?: string; cluster?: Cluster }[];
  users?: { name?: string; user?: KubeconfigUser }[];
  contexts?: { name?: string; context?: { cluster?: string; user?: string } }[];
}

/**
 * @param path names the file, for messages and for the files it refers to
 * @param means how the files it refers to are looked at again, and the server is reached; they are read once, and it directly, without
 * @param meters where its calls are counted
 * @throws Error that says what is wrong with the file
 */
export async function kubeconfigCaller(
  text: string,
  path: string,
  clock: Clock,
  means?: CallerMeans,
  meters?: MetricsRegistry,
): Promise<HttpsCaller> {
  const { cluster, user } = currentOf(await parseKubeconfig(text, path), path);
  const { server } = cluster;
  if (!server || !URL.canParse(server)) throw new Error(`${path}: the cluster's server is not a URL: ${server ?? ""}`);
  const folder = dirname(resolve(path));
  const identity = callerIdentity(user, folder, path);
  const read = () => ({ ...trustOf(cluster, folder), ...callerIdentity(user, folder, path).tls });
  const { headers } = identity;
  const caller = new HttpsCaller({ url: new URL(server), clock, meters, tls: read(), headers, dial: means?.dial });
  if (means !== undefined) {
    const authority = [cluster["certificate-authority-data"], cluster["certificate-authority"]] as const;
    const files = [...filesOfUser(user, folder), ...filesNamed([authority], folder)];
    followTrust(
      files,
      () => [read()],
      () => caller.useTls(read()),
      { clock, ...means },
    );
  }
  return caller;
}

export async function parseKubeconfig(text: string, path: string): Promise<Kubeconfig> {
  try {
    const { value } = await decodeYaml(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Kubeconfig;
  } catch (cause) {
    throw new Error(`${path} is not a kubeconfig file: ${messageOf(cause)}`, { cause });
  }
  throw new Error(`${path} is not a kubeconfig file: no mapping of clusters, users and contexts`);
}

function currentOf(config: Kubeconfig, path: string): { cluster: Cluster; user: KubeconfigUser } {
  const wanted = config["current-context"] ?? "";
  const context = config.contexts?.find(({ name }) => name === wanted)?.context;
  if (context === undefined)
    throw new Error(`${path}: the current context ${JSON.stringify(wanted)} is not among its contexts`);
  const cluster = config.clusters?.find(({ name }) => name === context.cluster)?.cluster;
  if (cluster === undefined) throw new Error(`${path}: there is no cluster ${JSON.stringify(context.cluster ?? "")}`);
  return { cluster, user: config.users?.find(({ name }) => name === context.user)?.user ?? {} };
}

function trustOf(cluster: Cluster, folder: string): TlsTrust {
  const ca = pem(cluster["certificate-authority-data"], cluster["certificate-authority"], folder);
  const serverName = cluster["tls-server-name"];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(serverName ? { serverName } : {}),
    ...(cluster["insecure-skip-tls-verify"] ? { insecure: true } : {}),
  };
}

/** What a cluster is: chosen at the first `up`, kept in its data directory, and the same ever after but for what may change. */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { dirname, join, resolve } from "node:path";
import { type ClusterSubnets, clusterSubnets, SubnetConflict } from "./node/subnets.ts";
import { clusterPaths, defaultBase } from "./paths.ts";

/** Raised when the layout of the data directory changes. */
export const dataFormat = 1;

export interface ClusterConfig {
  readonly format: number;
  readonly name: string;
  readonly dataDir: string;
  readonly bindAddress: string;
  /** The port the API server listens on; chosen at the first start when 0 was asked for. */
  readonly securePort: number;
  readonly tokenAuthFile?: string;
  /** Commas between them: the etcd that holds the cluster's objects. Without it they are in a file of the data directory. */
  readonly etcdServers?: string;
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly etcdPrefix?: string;
  /** An EncryptionConfiguration: what is encrypted where it is stored. Its changes are followed. */
  readonly encryptionProviderConfig?: string;
  /** Flags of kube-apiserver beyond those: `FLAG=VALUE` each. */
  readonly kubeApiserverArgs?: readonly string[];
  readonly serviceCIDR: string;
  readonly podCIDR: string;
  /** The nodes' own addresses on this machine. */
  readonly nodeCIDR: string;
  readonly nodes: number;
  readonly simulatedNodes: number;
  /** Pods may reach the world beyond the machine. */
  readonly egress: boolean;
  /** The kubeconfig file that has this cluster's context, if not the user's own. */
  readonly kubeconfig?: string;
  /** Every kubeconfig file that `up` wrote the context to, for `down --delete` to clean whatever KUBECONFIG says then. */
  readonly contextFiles?: readonly string[];
}

/** What the user asked for; undefined means "as it was, or the default". */
export type ClusterRequest = {
  readonly [K in Exclude<keyof ClusterConfig, "format" | "name" | "dataDir" | "nodeCIDR" | "contextFiles">]?:
    | ClusterConfig[K]
    | undefined;
};

/** What was asked for cannot be, and what to do instead. */
export class ConfigError extends Error {}

/** Real nodes of one cluster on one machine. */
export const mostLocalNodes = 100;

const namePattern = /^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$/;

/** These are woven into the objects and the network of a running cluster. */
const fixed = ["serviceCIDR", "podCIDR", "etcdPrefix"] as const;

/** Named by paths, which are to mean the same from everywhere. */
const files = [
  ...(["tokenAuthFile", "kubeconfig", "encryptionProviderConfig"] as const),
  ...(["etcdCafile", "etcdCertfile", "etcdKeyfile"] as const),
];

/**
 * The cluster's configuration for this `up`: the saved one with what the request changes, or a new one.
 * @param prepare called before the machine's routes are looked at, which needs what it may first have to install
 * @throws ConfigError with one sentence that says what to do
 */
export async function resolveConfig(
  name: string,
  wantedDir: string | undefined,
  request: ClusterRequest,
  prepare: (config: ClusterConfig) => Promise<void> = async () => {},
): Promise<ClusterConfig> {
  if (!namePattern.test(name))
    throw new ConfigError(
      `--name ${JSON.stringify(name)}: want at most 20 lower-case letters, digits and dashes, beginning and ending with a letter or digit`,
    );
  const dataDir = wantedDir === undefined ? undefined : resolve(wantedDir);
  const known = findCluster(name);
  const place = clusterPaths(name, dataDir ?? known?.dataDir).dataDir;
  if (known !== undefined && dataDir !== undefined && dataDir !== known.dataDir)
    throw new ConfigError(
      `cluster ${name} already exists in ${known.dataDir}; choose another --name, or remove it with: kubets down --delete --name ${name}`,
    );
  const saved = known ?? readConfig(place);
  if (saved !== undefined && saved.name !== name)
    throw new ConfigError(`${place} belongs to cluster ${saved.name}; choose another --data-dir`);
  const given = givenOf(request);
  if (saved === undefined) {
    const config = validate({ ...newConfig(name, place), ...etcdDefaults(given), ...given });
    await prepare(config);
    makeDirectory(place);
    return config.nodes > 0 ? withFreeSubnets(config, given) : config;
  }
  for (const key of fixed)
    if (given[key] !== undefined && given[key] !== saved[key])
      throw new ConfigError(
        `cluster ${name} was made with ${key} ${saved[key]} and cannot change it to ${given[key]}; remove it first with: kubets down --delete --name ${name}`,
      );
  if (given.etcdServers !== undefined && saved.etcdServers === undefined)
    throw new ConfigError(
      `cluster ${name} keeps its objects in ${place} and cannot move them to an etcd; remove it first with: kubets down --delete --name ${name}`,
    );
  // A port of 0 asks for any; the one it has is as good.
  const { securePort, ...rest } = given;
  const config = validate({ ...saved, ...rest, ...(securePort ? { securePort } : {}) });
  await prepare(config);
  if (config.nodes === 0) return config;
  try {
    return await withFreeSubnets(config, config);
  } catch (cause) {
    if (!(cause instanceof SubnetConflict)) throw cause;
    throw new ConfigError(
      `${cause.conflict}, and cluster ${name} cannot change it any more: take away what uses it, or the cluster with: kubets down --delete --name ${name}`,
      { cause },
    );
  }
}

/** What was asked for; files by names that mean the same from everywhere. */
function givenOf(request: ClusterRequest): Partial<ClusterConfig> {
  const given = Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== undefined),
  ) as Partial<ClusterConfig>;
  const absolute = files.map((key) => [key, given[key]] as const).filter(([, file]) => file !== undefined);
  return { ...given, ...Object.fromEntries(absolute.map(([key, file]) => [key, resolve(file!)])) };
}

function newConfig(name: string, dataDir: string): ClusterConfig {
  const isFirst = name === "kubets" && !listClusters().some((c) => c.securePort === 6443);
  return {
    format: dataFormat,
    name,
    dataDir,
    bindAddress: "127.0.0.1",
    securePort: isFirst ? 6443 : 0,
    serviceCIDR: "10.96.0.0/16",
    podCIDR: "10.244.0.0/16",
    nodeCIDR: "10.86.0.0/24",
    nodes: 1,
    simulatedNodes: 0,
    egress: true,
  };
}

/** Nodes with containers share the machine's routes with whatever else is there. */
async function withFreeSubnets(config: ClusterConfig, wanted: Partial<ClusterSubnets>): Promise<ClusterConfig> {
  const { podCIDR, serviceCIDR } = wanted;
  const asked = {
    ...(podCIDR === undefined ? {} : { podCIDR }),
    ...(serviceCIDR === undefined ? {} : { serviceCIDR }),
  };
  const others = listClusters().filter(({ name, nodes }) => name !== config.name && nodes > 0);
  const theirs = others.flatMap((other) => [other.nodeCIDR, other.podCIDR, other.serviceCIDR]);
  return { ...config, ...(await clusterSubnets(config.name, config.dataDir, asked, theirs)) };
}

function validate(config: ClusterConfig): ClusterConfig {
  const { securePort, serviceCIDR, podCIDR, bindAddress } = config;
  if (isIP(bindAddress) === 0)
    throw new ConfigError(`--bind-address ${bindAddress}: want an IP address of this machine, such as 127.0.0.1`);
  if (securePort > 65535) throw new ConfigError(`--secure-port ${securePort}: want 0 to 65535`);
  for (const [flag, cidr, most] of [
    ["--service-cidr", serviceCIDR, 28],
    ["--pod-cidr", podCIDR, 22],
  ] as const) {
    const [, address, bits] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr) ?? [];
    const octets = address?.split(".").map(Number) ?? [];
    if (octets.length !== 4 || octets.some((o) => o > 255) || Number(bits) > most || Number(bits) < 8)
      throw new ConfigError(`${flag} ${cidr}: want an IPv4 range such as 10.96.0.0/16, at most /${most}`);
  }
  validateEtcd(config);
  if (config.nodes > mostLocalNodes)
    throw new ConfigError(
      `--nodes ${config.nodes}: want at most ${mostLocalNodes} real nodes on one machine; --simulated-nodes takes thousands`,
    );
  return config;
}

function etcdDefaults({ etcdServers }: Partial<ClusterConfig>): Partial<ClusterConfig> {
  return etcdServers === undefined ? {} : { etcdPrefix: "/registry" };
}

function validateEtcd({ etcdServers, etcdCafile, etcdCertfile, etcdKeyfile, etcdPrefix }: ClusterConfig): void {
  const rest = Object.entries({ cafile: etcdCafile, certfile: etcdCertfile, keyfile: etcdKeyfile, prefix: etcdPrefix });
  const [flag] = rest.find(([, value]) => value !== undefined) ?? [];
  if (etcdServers === undefined) {
    if (flag !== undefined) throw new ConfigError(`--etcd-${flag} says nothing without --etcd-servers`);
    return;
  }
  for (const server of etcdServersOf(etcdServers))
    if (!/^https?:\/\/(\[[0-9a-fA-F:.]+\]|[^/:\s]+)(:\d+)?\/?$/.test(server))
      throw new ConfigError(
        `--etcd-servers ${server}: want URLs such as https://10.0.0.1:2379, with commas between them`,
      );
  if ((etcdCertfile === undefined) !== (etcdKeyfile === undefined))
    throw new ConfigError("--etcd-certfile and --etcd-keyfile belong together; give both");
  if (etcdPrefix !== undefined && !/^\/./.test(etcdPrefix))
    throw new ConfigError(`--etcd-prefix ${etcdPrefix}: want a path such as /registry`);
}

export function etcdServersOf(list: string): string[] {
  return list.split(",").map((server) => server.trim());
}

/** The configuration in a data directory; undefined when there is none. @throws ConfigError for one that another version wrote, or that is damaged */
export function readConfig(dataDir: string): ClusterConfig | undefined {
  const file = join(dataDir, "cluster.json");
  if (!existsSync(file)) return undefined;
  let config: ClusterConfig;
  try {
    config = JSON.parse(readFileSync(file, "utf8")) as ClusterConfig;
  } catch (cause) {
    throw new ConfigError(`${file} cannot be read as JSON; restore it, or remove the cluster by deleting ${dataDir}`, {
      cause,
    });
  }
  if (config.format !== dataFormat)
    throw new ConfigError(
      `${dataDir} was written by ${config.format > dataFormat ? "a newer" : "an older"} kubets (format ${config.format}, this one reads ${dataFormat}); use that version, or another --data-dir`,
    );
  return config;
}

/** One level after the other: Node's own recursion never ends on /proc. */
function makeDirectory(dir: string): void {
  if (existsSync(dir)) return;
  makeDirectory(dirname(dir));
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "EEXIST") return; // Someone else was faster.
    if (code === "ENOSPC" || code === "EROFS") throw cause;
    throw new ConfigError(`--data-dir: cannot make the directory ${dir} (${code}); choose another`, { cause });
  }
}

/** Written whole or not at all, with a pointer beside the default place when it lives elsewhere. */
export function saveConfig(config: ClusterConfig): void {
  makeDirectory(config.dataDir);
  writeWhole(join(config.dataDir, "cluster.json"), `${JSON.stringify(config, undefined, 2)}\n`);
  const pointer = pointerOf(config.name);
  if (config.dataDir === clusterPaths(config.name).dataDir) return;
  mkdirSync(dirname(pointer), { recursive: true });
  writeWhole(pointer, `${config.dataDir}\n`);
}

export function writeWhole(file: string, text: string, mode = 0o600): void {
  const fresh = `${file}.${process.pid}.new`;
  writeFileSync(fresh, text, { mode, flush: true });
  renameSync(fresh, file);
}

function pointerOf(name: string): string {
  return join(defaultBase, `${name}.elsewhere`);
}

export function forgetCluster(config: ClusterConfig): void {
  rmSync(pointerOf(config.name), { force: true });
}

/** Also one whose data is elsewhere than usual. Undefined when there is none of that name. @throws ConfigError for a file that cannot be read */
export function findCluster(name: string): ClusterConfig | undefined {
  const pointer = pointerOf(name);
  const elsewhere = existsSync(pointer) ? readConfig(readFileSync(pointer, "utf8").trim()) : undefined;
  return elsewhere ?? readConfig(clusterPaths(name).dataDir);
}

/** A cluster whose data directory was deleted under it and that may still run: enough of it to take it down. */
export function orphanedCluster(name: string): ClusterConfig | undefined {
  try {
    const config = JSON.parse(readFileSync(clusterPaths(name).started, "utf8")) as ClusterConfig;
    return existsSync(join(config.dataDir, "cluster.json")) ? undefined : config;
  } catch {
    return undefined; // It was stopped in order, or never was.
  }
}

/** Every cluster of this user, by name. Damaged ones are left out. */
export function listClusters(): ClusterConfig[] {
  if (!existsSync(defaultBase)) return [];
  const names = new Set(readdirSync(defaultBase).map((entry) => entry.replace(/\.elsewhere$/, "")));
  const found: ClusterConfig[] = [];
  for (const name of [...names].sort()) {
    try {
      const config = findCluster(name);
      if (config !== undefined) found.push(config);
    } catch {
      // Damaged or of another version: `up` with its name says so.
    }
  }
  return found;
}

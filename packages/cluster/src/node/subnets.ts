/** Which address ranges a cluster on this machine uses: its own, and nobody else's. */

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../process.ts";
import { type Cidr, formatCidr, overlaps, parseCidr } from "./cidr.ts";
import { interfacePrefix } from "./layout.ts";

export interface ClusterSubnets {
  /** The nodes' own addresses and, first of all, the machine's address towards them. */
  readonly nodeCIDR: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
}

/** In order of preference; the first are upstream's and other tools' habits, the rest make room for more clusters. */
const candidates = {
  nodeCIDR: Array.from({ length: 256 }, (_, i) => `10.86.${i}.0/24`),
  podCIDR: Array.from({ length: 11 }, (_, i) => `10.${244 + i}.0.0/16`),
  serviceCIDR: Array.from({ length: 16 }, (_, i) => `10.${96 + i}.0.0/16`),
} as const satisfies Record<keyof ClusterSubnets, readonly string[]>;

/**
 * The cluster's ranges: as recorded in its data directory, else as `wanted`, else free ones; the answer is recorded.
 * A recorded node range that something else has taken meanwhile is replaced; pod and service ranges never change, the cluster's objects hold them.
 * @param avoided ranges of clusters that may not be running, and could not start any more if they were taken
 * @throws Error when a range wanted or recorded is in use by something else on this machine
 */
export async function clusterSubnets(
  cluster: string,
  dataDir: string,
  wanted: Partial<ClusterSubnets> = {},
  avoided: readonly string[] = [],
): Promise<ClusterSubnets> {
  const file = join(dataDir, "subnets.json");
  const recorded = await readRecord(file);
  const used = await usedRanges(cluster);
  const subnets = chooseSubnets(used, { ...wanted, ...recorded }, recorded?.nodeCIDR !== undefined, avoided);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // Another command may be doing the same.
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${JSON.stringify(subnets)}\n`);
  renameSync(own, file);
  return subnets;
}

export interface UsedRange {
  readonly cidr: string;
  /** What uses it, for messages: `dev docker0`. */
  readonly by: string;
}

/** A range that was asked for belongs to something else. */
export class SubnetConflict extends Error {
  /** Which range is used by whom. */
  readonly conflict: string;

  constructor(conflict: string) {
    super(`${conflict}: choose another`);
    this.conflict = conflict;
  }
}

const flagOf = { nodeCIDR: "the nodes' range", podCIDR: "--pod-cidr", serviceCIDR: "--service-cidr" } as const;

/** The pure part of `clusterSubnets`. @param mayMoveNodes whether a conflicting node range is replaced rather than refused */
export function chooseSubnets(
  used: readonly UsedRange[],
  wanted: Partial<ClusterSubnets>,
  mayMoveNodes = false,
  avoided: readonly string[] = [],
): ClusterSubnets {
  const taken: { readonly range: Cidr; readonly by: string }[] = used.map(({ cidr, by }) => ({
    range: parseCidr(cidr),
    by,
  }));
  const conflict = (range: Cidr) => taken.find((other) => overlaps(range, other.range));
  const isAvoided = (range: Cidr) => avoided.some((other) => overlaps(range, parseCidr(other)));
  const choose = (name: keyof ClusterSubnets): string => {
    const text = wanted[name];
    const range = text === undefined ? undefined : parseCidr(text);
    const user = range && conflict(range);
    const isFine = range && !user;
    if (user && !(name === "nodeCIDR" && mayMoveNodes)) {
      throw new SubnetConflict(
        `${flagOf[name]} ${text} is in use on this machine (${formatCidr(user.range)}, ${user.by})`,
      );
    }
    const free = candidates[name].map(parseCidr).filter((candidate) => !conflict(candidate));
    const chosen = isFine ? range : (free.find((candidate) => !isAvoided(candidate)) ?? free[0]);
    if (!chosen) throw new Error(`no free ${name} is left on this machine: give one`);
    taken.push({ range: chosen, by: `this cluster's ${name}` });
    return formatCidr(chosen);
  };
  // Wanted ranges first, so that a chosen one makes way for them.
  const names = (["podCIDR", "serviceCIDR", "nodeCIDR"] as const).toSorted(
    (a, b) => Number(wanted[b] !== undefined) - Number(wanted[a] !== undefined),
  );
  return Object.fromEntries(names.map((name) => [name, choose(name)])) as unknown as ClusterSubnets;
}

/** A route as `ip -json` prints it; one with several next hops names no device of its own. */
export interface Route {
  readonly dst: string;
  readonly dev?: string;
  readonly type?: string;
  readonly protocol?: string;
  readonly nexthops?: readonly { readonly dev?: string }[];
}

/** Every range the machine has a route to, other than this cluster's own. */
async function usedRanges(cluster: string): Promise<UsedRange[]> {
  const args = ["-json", "-details", "-4", "route", "show", "table", "all"];
  const { stdout } = await run("ip", args);
  return foreignRanges(JSON.parse(stdout || "[]") as Route[], cluster);
}

/** The pure part of `usedRanges`. */
export function foreignRanges(routes: readonly Route[], cluster: string): UsedRange[] {
  const prefix = interfacePrefix(cluster);
  const devices = (route: Route) =>
    [route.dev, ...(route.nexthops ?? []).map(({ dev }) => dev)].filter((dev) => dev !== undefined);
  return routes
    .filter(({ dst, type }) => type !== "broadcast" && /^[0-9.]+(\/\d+)?$/.test(dst) && dst !== "0.0.0.0/0")
    .filter(
      (route) => route.protocol !== routeProtocol(cluster) && !devices(route).some((dev) => dev.startsWith(prefix)),
    )
    .map((route) => ({
      cidr: route.dst,
      by: devices(route).length > 0 ? `dev ${devices(route).join(", ")}` : "a route",
    }));
}

/** Routes that belong to no interface are marked with a protocol number of the cluster's own, from the range left to administrators. */
export function routeProtocol(cluster: string): string {
  return String(100 + (Number.parseInt(interfacePrefix(cluster).slice(1, 8), 16) % 80));
}

async function readRecord(file: string): Promise<ClusterSubnets | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as ClusterSubnets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}

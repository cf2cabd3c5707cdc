/** A node's machinery: its namespace, its containerd, its images. Bringing it up is the same whether anything is there already or not. */

import { mkdir } from "node:fs/promises";
import type { Clock, Logger } from "@kubets/apimachinery";
import { type BuiltImage, buildImage } from "../images/build.ts";
import { pauseImage, pauseImageName } from "../images/catalog.ts";
import { loadImage } from "../images/load.ts";
import { type CgroupSupport, detectCgroups } from "./cgroups.ts";
import { ensureContainerd } from "./containerd.ts";
import { detectSettings } from "./containerd-config.ts";
import { type NodeIdentity, type NodeLayout, nodeLayout } from "./layout.ts";
import { ensureNodeNetwork, type NodeAddresses } from "./node-network.ts";
import type { ClusterSubnets } from "./subnets.ts";

export interface NodeOptions extends NodeIdentity {
  readonly subnets: ClusterSubnets;
  readonly egress: boolean;
  /** Where built images are kept; `<dataDir>/images` when left out. */
  readonly imageCacheDir?: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly signal?: AbortSignal;
}

export interface NodeRuntime {
  readonly layout: NodeLayout;
  readonly cgroups: CgroupSupport;
  readonly containerdPid: number;
}

export interface NodeMachinery extends NodeAddresses, NodeRuntime {}

/**
 * Brings a node's machinery up, or finds it up. Running pods are left alone.
 * The pod network is not yet there: it is when the node's pod CIDR is known and its CNI configuration written to `layout.cniConfDir`.
 * The machine must have passed the preflight, and `ensureClusterNetwork` must have been called. To be called in the machine's own network namespace.
 */
export async function ensureNode(options: NodeOptions): Promise<NodeMachinery> {
  const layout = nodeLayout(options);
  const { signal, egress } = options;
  const image = buildPause(options);
  // Until it is awaited below, its failure must not count as unhandled.
  image.catch(() => undefined);
  const network = { egress, ...(signal && { signal }) };
  const addresses = await ensureNodeNetwork(layout, options.subnets, options.index, network);
  return { ...addresses, ...(await ensureNodeRuntime(options, image)) };
}

export type NodeRuntimeOptions = Omit<NodeOptions, "subnets" | "egress">;

/**
 * The part of `ensureNode` that a node's own agent repeats when containerd died: containerd and the sandbox image.
 * Works in any network namespace.
 */
export async function ensureNodeRuntime(
  options: NodeRuntimeOptions,
  image: Promise<BuiltImage> = buildPause(options),
): Promise<NodeRuntime> {
  const layout = nodeLayout(options);
  const { signal, clock, logger } = options;
  const cgroups = detectCgroups();
  await mkdir(layout.nodeDir, { recursive: true, mode: 0o711 });
  const settings = detectSettings(layout, cgroups, pauseImageName);
  const given = { ...(signal && { signal }), ...(clock && { clock }), ...(logger && { logger }) };
  const containerdPid = await ensureContainerd(settings, given);
  await loadImage(layout, await image, given);
  return { layout, cgroups, containerdPid };
}

function buildPause({ imageCacheDir, dataDir, signal }: NodeRuntimeOptions): Promise<BuiltImage> {
  return buildImage(pauseImage(), imageCacheDir ?? `${dataDir}/images`, signal);
}

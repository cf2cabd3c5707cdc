/** A node's machinery: its namespace, its containerd, its images. Bringing it up is the same whether anything is there already or not. */

import { mkdir } from "node:fs/promises";
import type { Clock, Logger } from "@kubets/apimachinery";
import { buildImage } from "../images/build.ts";
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

export interface NodeMachinery extends NodeAddresses {
  readonly layout: NodeLayout;
  readonly cgroups: CgroupSupport;
  readonly containerdPid: number;
}

/**
 * Brings a node's machinery up, or finds it up. Running pods are left alone.
 * The pod network is not yet there: it is when the node's pod CIDR is known and its CNI configuration written to `layout.cniConfDir`.
 * The machine must have passed the preflight, and `ensureClusterNetwork` must have been called.
 */
export async function ensureNode(options: NodeOptions): Promise<NodeMachinery> {
  const layout = nodeLayout(options);
  const { signal, clock, logger, egress } = options;
  const cgroups = detectCgroups();
  await mkdir(layout.nodeDir, { recursive: true, mode: 0o711 });
  const settings = detectSettings(layout, cgroups, pauseImageName);
  const archive = buildImage(pauseImage(), options.imageCacheDir ?? `${options.dataDir}/images`, signal);
  // Until it is awaited below, its failure must not count as unhandled.
  archive.catch(() => undefined);
  const addresses = await ensureNodeNetwork(layout, options.subnets, options.index, {
    egress,
    ...(signal && { signal }),
  });
  const given = { ...(signal && { signal }), ...(clock && { clock }), ...(logger && { logger }) };
  const containerdPid = await ensureContainerd(settings, given);
  await loadImage(layout, await archive, given);
  return { ...addresses, layout, cgroups, containerdPid };
}

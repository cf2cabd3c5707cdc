import type { Node, Pod } from "@kubets/api";
import type { NodeInfo } from "../framework/node-info.ts";
import { maxNodeScore, type Plugin } from "../framework/plugin.ts";
import { skip } from "../framework/status.ts";

const mb = 1024 * 1024;
const minThreshold = 23 * mb;
const maxContainerThreshold = 1000 * mb;
const stateKey = "ImageLocality";

interface Spread {
  readonly totalNodes: number;
  /** How many of the nodes have the image. */
  readonly nodesWith: ReadonlyMap<string, number>;
}

/** Prefers nodes that have the pod's images, by size, spread over how many nodes have them. Source: imagelocality/image_locality.go. */
export const imageLocality: Plugin = {
  name: "ImageLocality",
  preScore(state, pod, nodes) {
    const wanted = imagesOf(pod);
    const nodesWith = new Map<string, number>();
    for (const node of nodes)
      for (const image of wanted) if (sizeOn(node, image) > 0) nodesWith.set(image, (nodesWith.get(image) ?? 0) + 1);
    if (nodesWith.size === 0) return skip;
    state.set(stateKey, { totalNodes: nodes.length, nodesWith } satisfies Spread);
    return undefined;
  },
  score(state, pod, node) {
    const { totalNodes, nodesWith } = state.get(stateKey) as Spread;
    const images = imagesOf(pod);
    let sum = 0;
    for (const image of images) sum += Math.trunc(sizeOn(node, image) * ((nodesWith.get(image) ?? 0) / totalNodes));
    const most = maxContainerThreshold * images.length;
    const clamped = Math.min(Math.max(sum, minThreshold), most);
    return Math.trunc((maxNodeScore * (clamped - minThreshold)) / (most - minThreshold));
  },
  isHelpfulEvent: () => false,
};

function imagesOf(pod: Pod): string[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].map((c) => normalized(c.image ?? ""));
}

/** `nginx` is `nginx:latest`; a registry's port is not a tag. */
function normalized(image: string): string {
  return image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;
}

const sizes = new WeakMap<Node, Map<string, number>>();

function sizeOn({ node }: NodeInfo, image: string): number {
  if (node === undefined) return 0;
  let known = sizes.get(node);
  if (known === undefined) {
    known = new Map();
    for (const { names, sizeBytes } of node.status?.images ?? [])
      for (const name of names ?? []) known.set(name, Number(sizeBytes ?? 0));
    sizes.set(node, known);
  }
  return known.get(image) ?? 0;
}

/** A cluster with real nodes, and the test images on them. */

import type { TestContext } from "node:test";
import { testImages } from "../images/images.ts";
import { type ClusterOptions, startCluster, type TestCluster } from "./cluster.ts";
import { needs } from "./needs.ts";

/** Undefined when the machine cannot run containers; the test is then skipped, or fails under CI=true. */
export async function startContainerCluster(
  t: TestContext,
  options: ClusterOptions = {},
): Promise<TestCluster | undefined> {
  if (!(await needs(t, "root", "containerd", "kubectl"))) return undefined;
  const [cluster, images] = await Promise.all([startCluster(t, { nodes: 1, ...options }), testImages()]);
  const { code, stderr } = await cluster.kubets(["image", "load", ...images.map((image) => image.archive)]);
  if (code !== 0) throw new Error(`kubets image load: ${stderr}`);
  return cluster;
}

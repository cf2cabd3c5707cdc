/** The same test with every kubectl there is, each on a cluster of its own. */

import { type TestContext, test } from "node:test";
import { type ClusterOptions, startCluster, type TestCluster } from "./cluster.ts";
import { kubectlBinaries } from "./kubectl-binaries.ts";
import { needs } from "./needs.ts";

export function withEachKubectl(
  title: string,
  options: ClusterOptions,
  body: (t: TestContext, cluster: TestCluster) => Promise<void>,
): void {
  test(title, { timeout: 600_000 }, async (t) => {
    if (!(await needs(t, "kubectl"))) return;
    for (const binary of await kubectlBinaries())
      await t.test(`kubectl ${binary.version}`, async (inner) => {
        await body(inner, await startCluster(inner, { ...options, kubectl: binary }));
      });
  });
}

/** What a test needs of the machine. In continuous integration (CI=true) a missing need fails the test; elsewhere it is skipped, and said so. */

import type { TestContext } from "node:test";
import { nodeTestSkip } from "@kubets/cluster/node-testing";
import { kubectlBinaries } from "./kubectl-binaries.ts";

export type Need = "root" | "containerd" | "kubectl";

/** True when all is there. Use as `if (!(await needs(t, "root"))) return;`. @throws Error under CI=true when something is missing */
export async function needs(t: TestContext, ...wanted: readonly Need[]): Promise<boolean> {
  for (const need of wanted) {
    const lack = await lacking(need);
    if (lack === undefined) continue;
    if (process.env["CI"] === "true") throw new Error(`this test needs ${need} and CI=true forbids skipping: ${lack}`);
    t.skip(`needs ${need}: ${lack}`);
    return false;
  }
  return true;
}

async function lacking(need: Need): Promise<string | undefined> {
  switch (need) {
    case "root":
      return process.getuid?.() === 0 ? undefined : "the test does not run as root";
    case "containerd":
      return nodeTestSkip() || undefined;
    case "kubectl":
      return (await kubectlBinaries()).length > 0 ? undefined : "no kubectl in PATH, and Debian's could not be fetched";
  }
}

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { ClusterConfig } from "../config.ts";
import { endMakers, readyCertificates, startMaker } from "./ready-certificates.ts";

const variable = "KUBETS_CERTIFICATE_MAKER";

function configIn(t: TestContext): ClusterConfig {
  const dataDir = mkdtempSync(join(tmpdir(), "kubets-certificates-"));
  t.after(() => rmSync(dataDir, { recursive: true }));
  const ranges = { serviceCIDR: "10.96.0.0/16", podCIDR: "10.244.0.0/16", nodeCIDR: "10.86.0.0/24" };
  const listen = { bindAddress: "127.0.0.1", securePort: 0 };
  const config = { format: 1, name: "x", dataDir, ...ranges, ...listen, nodes: 0, simulatedNodes: 0, egress: false };
  writeFileSync(join(dataDir, "cluster.json"), JSON.stringify(config));
  return config;
}

function isGone(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`;
  return !existsSync(file) || readFileSync(file, "utf8") === "";
}

/** A program that has only just begun has no command line yet. */
async function begun(env: NodeJS.ProcessEnv): Promise<number> {
  const pid = Number(env[variable]?.split(" ")[0]);
  while (existsSync(`/proc/${pid}`) && isGone(pid)) await setImmediate();
  return pid;
}

test("a process that has the number of an earlier maker is not waited for", { timeout: 8_000 }, async (t) => {
  const config = configIn(t);
  for (const maker of [`${process.pid}`, `${process.pid} 1`]) {
    process.env[variable] = maker;
    const { pki } = await readyCertificates(config);
    assert.ok(existsSync(pki.path("ca.crt")));
    assert.equal(process.env[variable], undefined);
  }
});

test("one maker at a time, and none once its cluster is stopped", async (t) => {
  const config = configIn(t);
  const first = await begun(await startMaker(config));
  const second = await begun(await startMaker(config));
  assert.ok(isGone(first) && !isGone(second));
  await endMakers(config);
  assert.ok(isGone(second));
});

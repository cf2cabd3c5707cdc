import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { endMakers, readyCertificates, startMaker } from "./ready-certificates.ts";
import { configIn } from "./testing.ts";

const variable = "KUBETS_CERTIFICATE_MAKER";

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

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { noCgroups } from "../cgroups/cgroup-manager.ts";
import { defaultConfiguration } from "../configuration.ts";
import type { KubeletOptions } from "../kubelet-options.ts";
import { layGround } from "./ground.ts";

test("only root looks into the kubelet's folder: Secrets of pods are below it", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-ground-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const folders = { rootDir: join(directory, "kubelet"), podLogsDir: join(directory, "pods") };
  const parts = { cgroups: noCgroups, recorder: {} };
  const options = { ...folders, nodeName: "n", nodeIPs: [], runtime: {}, parts } as unknown as KubeletOptions;
  const means = { clock: realClock, random: realRandom, logger: silentLogger };
  await layGround({ options, configuration: defaultConfiguration, ...means }, t.signal);
  const modes = Object.values(folders).map((folder) => (statSync(folder).mode & 0o777).toString(8));
  assert.deepEqual(modes, ["750", "755"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeletPaths } from "../paths.ts";
import { testContainer, testPod } from "../testing/pods.ts";
import type { Mounter } from "../volumes/mounter.ts";
import { volumeMounts } from "./mounts.ts";

test("what the kubelet writes is read-only to containers", async () => {
  const mount = (name: string, more = {}) => ({ name, mountPath: `/${name}`, ...more });
  const pod = testPod({
    volumes: [
      { name: "cm", configMap: { name: "cm" } },
      { name: "tmp", emptyDir: {} },
    ],
  });
  const mounts = await volumeMounts({
    pod,
    container: { ...testContainer("c"), volumeMounts: [mount("cm"), mount("tmp"), mount("tmp", { readOnly: true })] },
    volumes: new Map([
      ["cm", "/v/cm"],
      ["tmp", "/v/tmp"],
    ]),
    environment: new Map(),
    paths: new KubeletPaths("/k", "/l"),
    mounter: {} as Mounter,
    signal: new AbortController().signal,
  });
  assert.deepEqual(
    mounts.map((each) => each.readonly),
    [true, false, true],
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { mountsUnder } from "./mounts.ts";

const line = (point: string) => `36 35 98:0 / ${point} rw,noatime - tmpfs tmpfs rw`;

test("mounts at and below, the latest first, names unescaped", () => {
  const mountinfo = ["/data", "/data/a", "/data/a/with\\040blank", "/database", "/", "/data/a"].map(line).join("\n");
  assert.deepEqual(mountsUnder(mountinfo, ["/data"]), ["/data/a", "/data/a/with blank", "/data/a", "/data"]);
});

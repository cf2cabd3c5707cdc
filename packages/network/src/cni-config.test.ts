import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cniConfig, cniConfigFile, writeCniConfig } from "./cni-config.ts";

const options = { name: "kubets-a-n1", podCIDRs: ["10.244.1.0/24", "fd00:1::/64"], dataDir: "/data/cni", mtu: 1400 };

test("a bridge with addresses of every pod range, then host ports", () => {
  assert.deepEqual(cniConfig(options), {
    cniVersion: "1.0.0",
    name: "kubets-a-n1",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        hairpinMode: true,
        ipMasq: false,
        mtu: 1400,
        ipam: {
          type: "host-local",
          dataDir: "/data/cni",
          ranges: [[{ subnet: "10.244.1.0/24" }], [{ subnet: "fd00:1::/64" }]],
          routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  });
});

test("a node without a pod CIDR has no network", () => {
  assert.throws(() => cniConfig({ ...options, podCIDRs: [] }), /needs at least one pod CIDR/);
});

test("writing leaves one whole file, and the second time nothing to do", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "kubets-cni-"));
  t.after(() => rm(dir, { recursive: true }));
  assert.equal(await writeCniConfig(join(dir, "net.d"), options), true);
  assert.equal(await writeCniConfig(join(dir, "net.d"), options), false);
  assert.deepEqual(await readdir(join(dir, "net.d")), [cniConfigFile]);
  assert.deepEqual(JSON.parse(await readFile(join(dir, "net.d", cniConfigFile), "utf8")), cniConfig(options));
});

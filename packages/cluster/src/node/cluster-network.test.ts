import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { clusterRules } from "./cluster-network.ts";
import { interfacePrefix } from "./layout.ts";
import { nodeTestSkip } from "./testing.ts";

const subnets = { nodeCIDR: "10.86.0.0/24", podCIDR: "10.244.0.0/16", serviceCIDR: "10.96.0.0/16" };
const own = `"${interfacePrefix("my.cluster")}*"`;

test("with egress, what leaves the machine is masqueraded", () => {
  assert.equal(
    clusterRules("my.cluster", subnets, true),
    `table ip kubets-my-cluster
delete table ip kubets-my-cluster
table ip kubets-my-cluster {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname ${own} ip daddr 10.96.0.0/16 reject with icmp host-unreachable
    iifname != ${own} oifname ${own} ct state != { established, related } drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr { 10.86.0.0/24, 10.244.0.0/16 } oifname != ${own} masquerade
  }
}
`,
  );
});

test("without egress, nothing leaves the machine", () => {
  const rules = clusterRules("my.cluster", subnets, false);
  assert.match(rules, new RegExp(`iifname ${RegExp.escape(own)} oifname != ${RegExp.escape(own)} reject`));
  assert.doesNotMatch(rules, /masquerade/);
});

test("nft takes both", { skip: nodeTestSkip() }, () => {
  for (const egress of [true, false]) {
    execFileSync("nft", ["--check", "--file", "-"], { input: clusterRules("my.cluster", subnets, egress) });
  }
});

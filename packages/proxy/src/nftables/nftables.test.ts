import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import type { Endpoint, ServicePort } from "../service-ports.ts";
import { NftablesRules } from "./nftables-rules.ts";
import { buildRuleset, type RulesetOptions } from "./ruleset.ts";
import { changeTransaction, fullTransaction } from "./transaction.ts";

const options: RulesetOptions = { family: "ip", podCIDR: "10.244.0.0/16", nodePortIPs: ["192.0.2.10"] };

function endpoint(ip: string, port = 8080, isLocal = false): Endpoint {
  return { ip, port, isLocal };
}

function servicePort(changes: Partial<ServicePort> = {}): ServicePort {
  const endpoints = changes.endpoints ?? [endpoint("10.244.0.2"), endpoint("10.244.1.3")];
  return {
    name: "default/web:http",
    namespace: "default",
    service: "web",
    portName: "http",
    protocol: "tcp",
    clusterIP: "10.96.0.20",
    port: 80,
    nodePort: 0,
    externalIPs: [],
    affinitySeconds: 0,
    externalLocal: false,
    endpoints,
    localEndpoints: endpoints.filter((e) => e.isLocal),
    hasAnyEndpoints: endpoints.length > 0,
    ...changes,
  };
}

test("a Service without endpoints rejects, one whose endpoints are elsewhere drops", () => {
  const none = buildRuleset([servicePort({ endpoints: [] })], options);
  assert.deepEqual(
    [...(none.elements.get("no-endpoint-services") ?? [])],
    [["10.96.0.20 . tcp . 80", "goto reject-chain"]],
  );
  const elsewhere = buildRuleset([servicePort({ nodePort: 30080, externalLocal: true })], options);
  assert.deepEqual([...(elsewhere.elements.get("no-endpoint-nodeports") ?? [])], [["tcp . 30080", "drop"]]);
  // From pods and from the node itself it is led on before that: pkg/proxy/nftables, "short-circuit".
  const verdict = elsewhere.elements.get("service-nodeports")?.get("tcp . 30080") ?? "";
  const chain = elsewhere.chains.get(verdict.replace("goto ", ""))?.join("\n") ?? "";
  assert.match(chain, /^ip saddr 10\.244\.0\.0\/16 goto service-/);
  assert.doesNotMatch(chain, /numgen/);
});

test("a change of endpoints rewrites that Service's chain and nothing else", () => {
  const other = servicePort({ service: "db", name: "default/db", clusterIP: "10.96.0.30", port: 5432 });
  const before = buildRuleset([servicePort(), other], options);
  const after = buildRuleset([servicePort({ endpoints: [endpoint("10.244.0.2")] }), other], options);
  const script = changeTransaction("ip", before, after);
  assert.match(script, /flush chain ip kube-proxy service-\w+-default\/web\/tcp\/http/);
  assert.match(script, /delete chain ip kube-proxy endpoint-\w+-default\/web\/tcp\/http__10\.244\.1\.3\/8080/);
  assert.doesNotMatch(script, /default\/db/);
  assert.doesNotMatch(script, /element/);
  assert.equal(
    changeTransaction(
      "ip",
      after,
      buildRuleset([servicePort({ endpoints: [endpoint("10.244.0.2")] }), other], options),
    ),
    "",
  );
});

test("rules are written whole again after nft refused a change", async () => {
  const scripts: string[] = [];
  const rules = new NftablesRules(options, async (script) => {
    scripts.push(script);
    if (scripts.length === 2) throw new (await import("./nft.ts")).NftError("table is gone");
  });
  await rules.apply([servicePort()]);
  await rules.apply([servicePort({ nodePort: 30080 })]);
  assert.equal(scripts.length, 3);
  assert.match(scripts[2] ?? "", /^add table ip kube-proxy\ndelete table ip kube-proxy\n/);
});

test("nft accepts every kind of Service, and the changes between them", (t) => {
  const usable = spawnSync("unshare", ["-n", "nft", "list", "ruleset"]).status === 0;
  if (!usable) {
    assert.notEqual(process.env["CI"], "true", "this test needs root, unshare and nft");
    return t.skip("needs root, unshare and nft");
  }
  const states = [
    [],
    [servicePort()],
    [servicePort({ affinitySeconds: 10800, nodePort: 30080, externalIPs: ["203.0.113.7"] })],
    [
      servicePort({
        affinitySeconds: 60,
        nodePort: 30080,
        externalLocal: true,
        endpoints: [endpoint("10.244.0.2", 8080, true)],
      }),
    ],
    [
      servicePort({ nodePort: 30080, externalLocal: true }),
      servicePort({ service: "dns", protocol: "udp", clusterIP: "10.96.0.10", port: 53 }),
    ],
    [servicePort({ endpoints: [] })],
    [],
  ].map((ports) => buildRuleset(ports, options));
  const scripts = states.map((state, i) =>
    i === 0 ? fullTransaction("ip", state) : changeTransaction("ip", states[i - 1] as typeof state, state),
  );
  // All in one throw-away network namespace, one transaction after the other; then a fresh table must equal the changed one.
  const list = "nft list table ip kube-proxy";
  const runs = scripts.map((script) => `nft -f - <<'EOF'\n${script}EOF\n`).join("");
  const last = fullTransaction("ip", states[1] as (typeof states)[0]);
  const shell = `set -e\n${runs}${list} > /dev/null\nnft -f - <<'EOF'\n${last}EOF\n${list}`;
  const listing = execFileSync("unshare", ["-n", "sh", "-c", shell], { encoding: "utf8" });
  assert.match(listing, /10\.96\.0\.20 \. tcp \. 80 : goto service-/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Service } from "@kubets/api";
import * as dns from "dns-packet";
import { ClusterZone, type RecordType, type ServiceDirectory } from "./cluster-zone.ts";
import { noForwarder } from "./forwarder.ts";
import { Responder } from "./responder.ts";

const web: Service = {
  metadata: { name: "web", namespace: "default" },
  spec: { clusterIP: "10.96.0.20", clusterIPs: ["10.96.0.20"], ports: [{ name: "http", port: 80, protocol: "TCP" }] },
};
const db: Service = {
  metadata: { name: "db", namespace: "default" },
  spec: { clusterIP: "None", clusterIPs: ["None"], ports: [{ name: "sql", port: 5432, protocol: "TCP" }] },
};
const outside: Service = {
  metadata: { name: "outside", namespace: "default" },
  spec: { type: "ExternalName", externalName: "Example.com." },
};
const inside: Service = {
  metadata: { name: "inside", namespace: "default" },
  spec: { type: "ExternalName", externalName: "web.default.svc.cluster.local" },
};
const slice: EndpointSlice = {
  addressType: "IPv4",
  metadata: { name: "db-x", namespace: "default" },
  ports: [{ name: "sql", port: 5432, protocol: "TCP" }],
  endpoints: [
    { addresses: ["10.244.0.5"], hostname: "db-0", conditions: { ready: true } },
    { addresses: ["10.244.0.6"], conditions: { ready: true } },
    { addresses: ["10.244.0.7"], conditions: { ready: false } },
  ],
};

const directory: ServiceDirectory = {
  namespaceExists: (namespace) => namespace === "default",
  service: (namespace, name) =>
    [web, db, outside, inside].find((s) => namespace === "default" && s.metadata?.name === name),
  slices: (_namespace, service) => (service === "db" ? [slice] : []),
  namesOf: (ip) => (ip === "10.96.0.20" ? ["web.default.svc.cluster.local"] : []),
};
const zone = new ClusterZone("cluster.local", directory);

const cases: [name: string, type: RecordType, rcode: string, data: unknown[]][] = [
  ["web.default.svc.cluster.local", "A", "NOERROR", ["10.96.0.20"]],
  ["web.default.svc.cluster.local", "AAAA", "NOERROR", []],
  ["nothing.default.svc.cluster.local", "A", "NXDOMAIN", []],
  ["web.elsewhere.svc.cluster.local", "A", "NXDOMAIN", []],
  ["default.svc.cluster.local", "A", "NOERROR", []],
  ["cluster.local", "A", "NOERROR", []],
  ["db.default.svc.cluster.local", "A", "NOERROR", ["10.244.0.5", "10.244.0.6"]],
  ["db-0.db.default.svc.cluster.local", "A", "NOERROR", ["10.244.0.5"]],
  ["10-244-0-6.db.default.svc.cluster.local", "A", "NOERROR", ["10.244.0.6"]],
  ["10-244-0-7.db.default.svc.cluster.local", "A", "NXDOMAIN", []],
  [
    "_http._tcp.web.default.svc.cluster.local",
    "SRV",
    "NOERROR",
    [{ priority: 0, weight: 100, port: 80, target: "web.default.svc.cluster.local" }],
  ],
  ["_http._udp.web.default.svc.cluster.local", "SRV", "NXDOMAIN", []],
  [
    "_sql._tcp.db.default.svc.cluster.local",
    "SRV",
    "NOERROR",
    [
      { priority: 0, weight: 100, port: 5432, target: "db-0.db.default.svc.cluster.local" },
      { priority: 0, weight: 100, port: 5432, target: "10-244-0-6.db.default.svc.cluster.local" },
    ],
  ],
  ["outside.default.svc.cluster.local", "A", "NOERROR", ["example.com"]],
  ["10-244-0-9.default.pod.cluster.local", "A", "NOERROR", ["10.244.0.9"]],
  ["web.default.pod.cluster.local", "A", "NXDOMAIN", []],
  ["20.0.96.10.in-addr.arpa", "PTR", "NOERROR", ["web.default.svc.cluster.local"]],
  ["dns-version.cluster.local", "TXT", "NOERROR", ["1.1.0"]],
];

for (const [name, type, rcode, data] of cases)
  test(`${type} ${name}`, () => {
    const answer = zone.lookup(name, type);
    assert.equal(answer.rcode, rcode);
    assert.deepEqual(
      answer.answers.map((r) => r.data),
      data,
    );
  });

const responder = new Responder({ zone, forwarder: noForwarder, serial: () => 1 });
const never = new AbortController().signal;

async function ask(name: string, type: "A" | "SRV", overTcp = false) {
  const query = dns.encode({ type: "query", id: 7, flags: dns.RECURSION_DESIRED, questions: [{ name, type }] });
  const answer = await responder.answer(query, overTcp, never);
  return dns.decode(answer as Buffer) as dns.DecodedPacket & { rcode: string };
}

test("an ExternalName into the cluster is followed to its address", async () => {
  const { answers } = await ask("inside.default.svc.cluster.local", "A");
  assert.deepEqual(
    answers?.map((a) => a.type),
    ["CNAME", "A"],
  );
});

test("a name that is not there is answered with authority and the zone's SOA", async () => {
  const answer = await ask("Nothing.default.svc.cluster.local", "A");
  assert.equal(answer.rcode, "NXDOMAIN");
  assert.ok(answer.flag_aa);
  assert.equal(answer.authorities?.[0]?.type, "SOA");
});

test("other zones fail when there is no way out", async () => {
  assert.equal((await ask("example.com", "A")).rcode, "SERVFAIL");
});

test("an answer too large for a datagram loses first what was not asked for, then answers, and says so", async () => {
  const endpoints = Array.from({ length: 60 }, (_, i) => ({ addresses: [`10.244.1.${i + 1}`], conditions: {} }));
  const many = (count: number) =>
    new Responder({
      zone: new ClusterZone("cluster.local", {
        ...directory,
        slices: () => [{ ...slice, endpoints: endpoints.slice(0, count) }],
      }),
      forwarder: noForwarder,
      serial: () => 1,
    });
  const query = (type: "A" | "SRV") =>
    dns.encode({ type: "query", id: 7, questions: [{ name: "db.default.svc.cluster.local", type }] });
  const decode = async (count: number, type: "A" | "SRV", overTcp: boolean) =>
    dns.decode((await many(count).answer(query(type), overTcp, never)) as Buffer);
  const four = await decode(4, "SRV", false);
  assert.deepEqual([four.flag_tc, four.answers?.length, four.additionals?.length], [false, 4, 0]);
  const sixty = await decode(60, "A", false);
  assert.ok(sixty.flag_tc && (sixty.answers?.length ?? 0) > 5);
  const whole = await decode(60, "A", true);
  assert.deepEqual([whole.flag_tc, whole.answers?.length], [false, 60]);
});

test("garbage is refused or ignored, never thrown", async () => {
  const header = Buffer.from("000701000001000000000000", "hex");
  const bodies = ["", "ff", "c00c0001", "3f61", "00000100010000"].map((hex) => Buffer.from(hex, "hex"));
  for (const body of bodies) {
    const answer = await responder.answer(Buffer.concat([header, body]), false, never);
    assert.ok(answer === undefined || answer.length >= 12);
  }
  assert.equal(await responder.answer(Buffer.from("short"), false, never), undefined);
});
